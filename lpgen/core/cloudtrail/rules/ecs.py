"""ECS: task definitions by family, and the services and daemons that deployments and revisions belong to.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, texts_at
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Resource


def _read_definitions(call: Call) -> Iterator[Resource]:
    """Task definitions by ARN, by `family:revision` or by family, whose revision the response may show.

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
    """The service or daemon that a deployment or revision belongs to; its name is part of the ARN of either.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_ecs.html
    """

    def read(call: Call) -> Iterator[Resource]:
        for arn in (arn for path in paths for arn in call.texts(path)):
            place, _, rest = arn.partition(f":{kind}-")
            names = rest.split("/")
            if place.startswith("arn:") and len(names) == 4 and not has_wildcard(arn):
                yield resource_from_arn(f"{place}:{kind}/{names[1]}/{names[2]}")

    return ReaderType(read, "ecs", f"{kind}/*")


READERS: ReaderTable = {
    "ecs.amazonaws.com": {
        "owner": _owner_type("service", "serviceDeploymentArn", "serviceDeploymentArns", "serviceRevisionArns"),
        "daemon-owner": _owner_type("daemon", "daemonDeploymentArns", "daemonRevisionArns"),
        "task-definition": ReaderType(_read_definitions, "ecs", "task-definition/*"),
    }
}
