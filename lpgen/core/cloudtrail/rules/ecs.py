"""ECS: names become ARNs within their cluster, tasks are given roles, and tags on create need ecs:TagResource.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, texts_at
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType, resource_from_arn
from lpgen.core.model import Resource

SOURCE = "ecs.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _TaskDefinitionType:
    """A task definition by ARN, by `family:revision` or by family, whose revision the response may show.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The task definitions at the paths ("" for `taskDefinition`)."""
        return tuple(
            resource_from_arn(self._arn(call, name))
            for path in (paths or "taskDefinition").split("|")
            for name in call.texts(path)
            if "*" not in name and "?" not in name
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all task definitions of the account and Region."""
        return resource_from_arn(call.arn("ecs", "task-definition/*"))

    def _arn(self, call: Call, name: str) -> str:
        if name.startswith("arn:"):
            return name
        if ":" in name:
            return call.arn("ecs", f"task-definition/{name}")
        family = call.arn("ecs", f"task-definition/{name}:")
        return next((arn for arn in _shown_definitions(call) if arn.startswith(family)), f"{family}*")


def _shown_definitions(call: Call) -> Iterator[str]:
    """The task definitions that the response of RunTask or StartTask shows."""
    yield from texts_at(call.response, ("tasks", "taskDefinitionArn"))


@dataclass(frozen=True, slots=True)
class _OwnerType:
    """The service or daemon that a deployment or revision belongs to; its name is part of the ARN of either.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_ecs.html
    """

    kind: str
    paths: tuple[str, ...]

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The owners in the ARNs at the paths."""
        return tuple(owner for path in self.paths for arn in call.texts(path) for owner in self._owner(arn))

    def pattern(self, call: Call) -> Resource:
        """The pattern of all owners of the kind in the account and Region."""
        return resource_from_arn(call.arn("ecs", f"{self.kind}/*"))

    def _owner(self, arn: str) -> Iterator[Resource]:
        place, _, rest = arn.partition(f":{self.kind}-")
        names = rest.split("/")
        if place.startswith("arn:") and len(names) == 4 and not {"*", "?"} & set(arn):
            yield resource_from_arn(f"{place}:{self.kind}/{names[1]}/{names[2]}")


TYPES: dict[str, ResourceType] = {
    "owner": _OwnerType("service", ("serviceDeploymentArn", "serviceDeploymentArns", "serviceRevisionArns")),
    "daemon-owner": _OwnerType("daemon", ("daemonDeploymentArns", "daemonRevisionArns")),
    "task-definition": _TaskDefinitionType(),
}

READERS: ReaderTable = {SOURCE: TYPES}
