"""Folding of unbounded names: a glob in place of an ARN, from that ARN only.

Object keys, log streams, the runs, sessions and tasks whose ids AWS makes up, and the revisions that it numbers have no
end, and no policy names them one by one. Each folds to the pattern that its service documents for the type. A name that
a person chose remains exact.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.model import Resource, ResourceKind

_KEPT_DIRECTORIES: Final = 2
"""How many leading directories of an object key are kept."""

# `{}` is a name that is kept, each `*` after it is folded. The shapes are the ARN formats of the service
# authorization reference, https://docs.aws.amazon.com/service-authorization/latest/reference/, one page a service.
FOLDS: Final[dict[str, tuple[str, ...]]] = {
    "amplify": ("apps/{}/branches/{}/jobs/*",),
    "apigateway": ("/restapis/{}/deployments/*", "/apis/{}/deployments/*"),
    "appconfig": ("application/{}/environment/{}/deployment/*",),
    "athena": ("workgroup/{}/session/*",),
    "backup": ("recovery-point:*",),
    "batch": ("job/*", "service-job/*"),
    "bedrock": (
        "async-invoke/*",
        "data-automation-invocation/*",
        "evaluation-job/*",
        "flow/{}/alias/{}/execution/*",
        "model-copy-job/*",
        "model-customization-job/*",
        "model-evaluation-job/*",
        "model-import-job/*",
        "model-invocation-job/*",
        "session/*",
    ),
    "braket": ("job/*", "quantum-task/*"),
    "chime": ("meeting/*",),
    "cloudformation": ("stack/{}/*", "changeSet/{}/*", "stackset/{}:*"),
    "codebuild": ("build/{}:*", "build-batch/{}:*", "report/{}:*", "sandbox/{}:*"),
    "comprehend": (
        "document-classification-job/*",
        "dominant-language-detection-job/*",
        "entities-detection-job/*",
        "events-detection-job/*",
        "key-phrases-detection-job/*",
        "pii-entities-detection-job/*",
        "sentiment-detection-job/*",
        "targeted-sentiment-detection-job/*",
        "topics-detection-job/*",
    ),
    "connect": ("instance/{}/contact/*",),
    "dataexchange": ("jobs/*",),
    "datasync": ("task/{}/execution/*",),
    "deadline": ("farm/{}/queue/{}/job/*",),
    "devicefarm": ("run:*", "session:*", "testgrid-session:*"),
    "dynamodb": ("table/{}/stream/*", "table/{}/backup/*", "table/{}/export/*", "table/{}/import/*"),
    "ec2": ("export-image-task/*", "export-instance-task/*", "import-image-task/*", "import-snapshot-task/*"),
    "ecs": (
        "service-deployment/{}/{}/*",
        "service-revision/{}/{}/*",
        "task-set/{}/{}/*",
        "task/{}/*",
        "task/*",
    ),
    # The name is unique; a load balancer that is made again under it has another id, and so have its listeners.
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    "elasticloadbalancing": (
        "listener-rule/app/{}/*/*/*",
        "listener-rule/net/{}/*/*/*",
        "listener/app/{}/*/*",
        "listener/gwy/{}/*/*",
        "listener/net/{}/*/*",
        "loadbalancer/app/{}/*",
        "loadbalancer/gwy/{}/*",
        "loadbalancer/net/{}/*",
        "targetgroup/{}/*",
        "truststore/{}/*",
    ),
    "elasticmapreduce": ("cluster/{}/session/*", "notebook-execution/*"),
    "elastictranscoder": ("job/*",),
    "emr-containers": ("/virtualclusters/{}/jobruns/*",),
    "emr-serverless": ("/applications/{}/jobruns/*", "/applications/{}/sessions/*"),
    "glue": ("session/*",),
    "iam": ("assumed-role/{}/*",),
    "imagebuilder": ("lifecycle-execution/*", "workflow-execution/*", "workflow-step-execution/*"),
    "inspector2": ("finding/*",),
    "iotdeviceadvisor": ("suiterun/{}/*",),
    "kinesis": ("stream/{}/consumer/{}:*",),
    "lambda": ("function:{}:{}/durable-execution/{}/*",),
    "logs": ("log-group:{}:log-stream:*",),
    "macie2": ("classification-job/*",),
    "mediaconvert": ("jobs/*",),
    "omics": ("run/*", "task/*"),
    "quicksight": ("dataset/{}/ingestion/*",),
    "redshift-serverless": ("recoverypoint/*",),
    "route53": ("change/*",),
    "s3": ("job/*", "accesspoint/{}/object/*"),
    "s3-outposts": ("outpost/{}/bucket/{}/object/*",),
    "sagemaker": ("pipeline/{}/execution/*",),
    "ses": ("export-job/*", "import-job/*"),
    "signer": ("/signing-jobs/*",),
    "ssm": ("automation-execution/*", "command/*", "session/*"),
    "states": ("execution:{}:*", "express:{}:*", "mapRun:{}/{}:*"),
    "sts": ("assumed-role/{}/*", "federated-user/*"),
    "wisdom": ("session/{}/*",),
}

# Formats in which `*` matches only a number: AWS increases it with every change, and a call without a number is
# authorized on the newest. An alias of a function is never a number.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
# https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
NUMBERED: Final[dict[str, tuple[str, ...]]] = {
    "batch": ("job-definition/{}:*",),
    "ecs": ("task-definition/{}:*", "daemon-task-definition/{}:*"),
    "lambda": ("function:{}:*", "layer:{}:*"),
}

_OBJECT: Final = "/object/*"
# IAM reads `*` and `?` as wildcards and `${` as the start of a variable, so an ARN that holds one can't be named
# exactly; `?` matches the one character. U+FFFD replaces text that was not valid Unicode.
_SPECIAL: Final = re.compile("[*?\ufffd]|\\$(?=\\{)")


def fold_resource(resource: Resource) -> Resource:
    """The resource itself, or the fold of an ARN whose last name is unbounded or can't be written in a policy.

    The fold's glob matches the ARN. Folding again changes nothing, and resources of other kinds are never changed.
    """
    return _fold_arn(resource.text) if resource.kind is ResourceKind.ARN else resource


@lru_cache(maxsize=8192)  # by the text only, as hashing an enum member runs Python code
def _fold_arn(arn: str) -> Resource:
    """The ARN itself if all of it is kept and can be written in a policy, else the fold."""
    *place, name = arn.split(":", ARN_FIELDS - 1)
    kept, ends = arn, ""
    if len(place) == ARN_FIELDS - 1:
        folded, ends = _fold_name(place[2], name, is_global=not place[3] and not place[4])
        kept = ":".join((*place, folded)) if ends else arn
    if not ends and not _SPECIAL.search(kept):
        return Resource(ResourceKind.ARN, arn)
    return Resource(ResourceKind.FOLD, _SPECIAL.sub("?", kept) + ends)


def _fold_name(service: str, name: str, *, is_global: bool) -> tuple[str, str]:
    """The part of an ARN's last field to keep, and the wildcards for the rest: `*`, `*/*` or the like, or ""."""
    if service == "s3" and is_global:
        bucket, slash, key = name.partition("/")
        kept, ends = fold_key(key)
        return bucket + slash + kept, ends
    for template in FOLDS.get(service, ()):
        found = _shape_from_template(template).match(name)
        if found and template.endswith(_OBJECT):
            kept, ends = fold_key(name[found.end() :])
            return found.group() + kept, ends
        ends = template[template.index("*") :]
        if found and name.count("/", found.end()) >= ends.count("/"):
            return found.group(), ends
    for template in NUMBERED.get(service, ()):
        found = _shape_from_template(template).match(name)
        if found and name[found.end() :].isdecimal():
            return found.group(), "*"
    return name, ""


def fold_key(key: str) -> tuple[str, str]:
    """The leading directories of an object key, then `*`; a key in no directory is kept whole."""
    end = 0
    for _ in range(_KEPT_DIRECTORIES):
        end = key.find("/", end) + 1 or end
    return (key[:end], "*") if end else (key, "")


@cache
def _shape_from_template(template: str) -> re.Pattern[str]:
    """The expression for the kept head of a name: each `{}` up to the next separator of the template."""
    head, *rest = template.partition("*")[0].split("{}")
    return re.compile(re.escape(head) + "".join(f"[^{_stop(part)}]+{re.escape(part)}" for part in rest))


def _stop(part: str) -> str:
    return ":" if part.startswith(":") else "/:"
