"""ECS and EKS."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, texts_at
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import resource_from_arn
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

# ---------------------------------------------------------------- ECS

# Task definitions by family, and the services and daemons of deployments and revisions.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html


def _read_definitions(call: Call) -> Iterator[Resource]:
    """Task definitions by ARN, by `family:revision` or by family. For a family, the response may show the revision.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    for name in (*call.texts("taskDefinition"), *call.texts("taskDefinitions")):
        if not has_wildcard(name):
            yield resource_from_arn(name if name.startswith("arn:") else _definition_arn(call, name))


def _definition_arn(call: Call, name: str) -> str:
    arn = call.arn("ecs", f"task-definition/{name}")
    if ":" in name:
        return arn
    shown = texts_at(call.response, ("tasks", "taskDefinitionArn"))
    return next((text for text in shown if text.startswith(f"{arn}:")), f"{arn}:*")


def _owner_type(kind: str, *paths: str) -> ReaderType:
    """The service or daemon of a deployment or revision, whose ARN has its name.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_ecs.html
    """

    def read(call: Call) -> Iterator[Resource]:
        for arn in (arn for path in paths for arn in call.texts(path)):
            place, _, rest = arn.partition(f":{kind}-")
            names = rest.split("/")
            if place.startswith("arn:") and len(names) == 4 and not has_wildcard(arn):
                yield resource_from_arn(f"{place}:{kind}/{names[1]}/{names[2]}")

    return ReaderType(read, "ecs", f"{kind}/*")


# ---------------------------------------------------------------- EKS

# Access entries of principals. Their ARN has an id that AWS assigns, so it becomes a pattern. The general rule finds
# the roles that the calls pass.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html

_EKS = "eks.amazonaws.com"


def _read_access_entry(call: Call) -> Iterator[Resource]:
    """The access entry of an IAM principal. Its ARN has the principal's kind, account and name without path."""
    cluster = call.text("clusterName") or call.text("name")
    principal = split_arn(call.text("principalArn"))
    if cluster and principal.service == "iam" and not has_wildcard("".join((cluster, *principal))):
        kind, _, name = principal.name.partition("/")
        entry = f"access-entry/{cluster}/{kind}/{principal.account}/{name.rpartition('/')[2]}/*"
        yield resource_from_arn(call.arn("eks", entry))


def _complete_access_entry(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateAccessEntry. For an entry of EC2 nodes, it also passes their role to EC2."""
    is_of_nodes = call.text("type").upper().startswith("EC2")
    roles = passed_roles(call, call.texts("principalArn"), "ec2.amazonaws.com") if is_of_nodes else ()
    return (*actions, *roles)


COMPLETIONS: CompletionTable = {
    (_EKS, "CreateAccessEntry"): _complete_access_entry,
}

READERS: ReaderTable = {
    "ecs.amazonaws.com": {
        "owner": _owner_type("service", "serviceDeploymentArn", "serviceDeploymentArns", "serviceRevisionArns"),
        "daemon-owner": _owner_type("daemon", "daemonDeploymentArns", "daemonRevisionArns"),
        "task-definition": ReaderType(_read_definitions, "ecs", "task-definition/*"),
    },
    _EKS: {"access-entry": ReaderType(_read_access_entry, "eks", "access-entry/*")},
}
