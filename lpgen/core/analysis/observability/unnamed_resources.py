"""Resources that calls are checked on though their records don't name them: kept where the old policies grant them.

The record doesn't show whether such a call needed the resource, so it counts neither as use nor as missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.analysis.scopes.scopes import NamedScope
from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.inferences import COPY_SOURCE
from lpgen.core.evidence import Use
from lpgen.core.model import Action, Resource, ResourceKind

_READ: Final = (ResourceKind.ARN, ResourceKind.FOLD)
_START_SESSION: Final = Action("ssm:StartSession")
_CREATE_CHANGE_SET: Final = Action("cloudformation:CreateChangeSet")
_READ_TAGS: Final = {
    "s3:GetObject": Action("s3:GetObjectTagging"),
    "s3:GetObjectVersion": Action("s3:GetObjectVersionTagging"),
}
_WRITE_TAGS: Final = Action("s3:PutObjectTagging")
_SUBMIT_JOB: Final = Action("batch:SubmitJob")
_TAG_JOB: Final = Action("batch:TagResource")
_OF_ANY_REVISION: Final = frozenset({_SUBMIT_JOB, Action("ecs:RunTask"), Action("ecs:StartTask")})
_OF_RUNBOOKS: Final = frozenset(map(Action, ("ssm:StartAutomationExecution", "ssm:StartChangeRequestExecution")))
_WITH_TEMPLATE: Final = frozenset({_CREATE_CHANGE_SET, "cloudformation:CreateStack", "cloudformation:UpdateStack"})


_Unnamed = tuple[Action, Resource, str]
"""An action that a call may need on a resource that its record doesn't name, and why."""


def unnamed_resources(observed: ObservedUse) -> Iterator[MissedUse]:
    """The actions that a principal's uses may have needed on resources that their records don't name."""
    account = observed.grants.principal.account
    counted = [use for use in observed.usage.believed if use.resource.kind in _READ]
    patterns = observed.lines.patterns.by_text
    found = {*_session_documents(account, counted), *_transforms(account, counted), *_copied_tags(counted, patterns)}
    found.update(_other_names(counted))
    for action, resource, why in sorted(found):
        grants = observed.grants_of(action)
        yield MissedUse(action, MissReason.UNNAMED_RESOURCE, why, "", grants, (resource,))


def _session_documents(account: str, uses: Iterable[Use]) -> Iterable[_Unnamed]:
    """The default session document, which a session takes that names none: each record shows a node, and a document
    where the request names one.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-default-session-document.html
    """
    unnamed: Counter[tuple[str, str]] = Counter()
    for use in uses:
        if use.action == _START_SESSION:
            fields = split_arn(use.resource.text)
            is_document = fields.name.startswith("document/")
            unnamed[fields.partition, fields.region] += -use.evidence.records if is_document else use.evidence.records
    why = "a session that names no document is checked on the default one, which its record doesn't show"
    for (partition, region), records in unnamed.items():
        if records > 0:
            document = f"arn:{partition}:ssm:{region}:{account}:document/SSM-SessionManagerRunShell"
            yield _START_SESSION, Resource(ResourceKind.ARN, document), why


def _transforms(account: str, uses: Iterable[Use]) -> Iterable[_Unnamed]:
    """The transforms of a template, AWS's as well as the account's own; each needs permission to create a change set.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html
    """
    why = "a template's transforms need it too, and records don't show which it has"
    for use in uses:
        if use.action in _WITH_TEMPLATE:
            fields = split_arn(use.resource.text)
            for owner in ("aws", account):
                transforms = f"arn:{fields.partition}:cloudformation:{fields.region}:{owner}:transform/*"
                yield _CREATE_CHANGE_SET, Resource(ResourceKind.FOLD, transforms), why


def _other_names(uses: Sequence[Use]) -> Iterable[_Unnamed]:
    """What AWS is seen to check a call on in denials, where its page names something else.

    - A definition that a call names without a revision, on the newest one or on none:
      https://docs.aws.amazon.com/batch/latest/userguide/iam-example-restrict-job-submission.html and
      https://github.com/aws/aws-sdk-js/issues/4280; https://github.com/aws/aws-cdk/issues/30368 and
      https://github.com/widdix/complete-aws-iam-reference/issues/79
    - The tags of a job, on its definition too: https://github.com/wri/gfw-data-api/pull/175
    - A runbook, as a document or as an automation definition:
      https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-identity-based-policies.html and
      https://github.com/aws-solutions/automated-security-response-on-aws/issues/26
    """
    tags_jobs = any(use.action == _TAG_JOB for use in uses)
    for use in uses:
        arn = use.resource.text
        if use.action in _OF_ANY_REVISION and arn.endswith(":*"):
            why = "a call that names no revision may be checked on the name without one"
            yield use.action, Resource(ResourceKind.ARN, arn.removesuffix(":*")), why
        if tags_jobs and use.action == _SUBMIT_JOB and ":job-definition/" in arn:
            yield _TAG_JOB, use.resource, "the tags of a job may be checked on its definition too"
        if use.action in _OF_RUNBOOKS and ":document/" in arn:
            name = arn.replace(":document/", ":automation-definition/", 1)
            why = "a runbook may be checked as an automation definition too"
            yield use.action, Resource(ResourceKind.FOLD, f"{name}:*"), why


def _copied_tags(uses: Sequence[Use], patterns: Mapping[str, NamedScope]) -> Iterable[_Unnamed]:
    """The tags of copied objects. A copy carries them over by default, and no record shows whether an object has any.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    sources = [use for use in uses if use.how == COPY_SOURCE and use.action in _READ_TAGS]
    if not sources:
        return
    why = "a copy carries over the tags of its source, and records don't show whether that has any"
    for use in (*sources, *(use for use in uses if use.action == "s3:PutObject")):
        action = _READ_TAGS.get(use.action, _WRITE_TAGS)
        pattern = patterns.get(use.resource.text)
        yield action, pattern.resource if pattern else use.resource, why
