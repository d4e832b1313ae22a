"""ECR, private and public: every call names a repository, which may be in another account's registry.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.model import Resource


@dataclass(frozen=True, slots=True)
class _RepositoryType:
    """A repository by name, in the registry of the account that the call names or was made in."""

    service: str
    region: bool

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The repositories at the paths ("" for the usual parameters)."""
        return tuple(
            self._resource(call, name)
            for path in (paths or "repositoryName|repositoryNames|repositories.repositoryName").split("|")
            for name in call.texts(*path.split("."))
            if "*" not in name and "?" not in name
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all repositories of the registry."""
        return self._resource(call, "*")

    def _resource(self, call: Call, name: str) -> Resource:
        own = call.text("registryId")
        if own and own != call.account:
            call = Call(call.record, call.operation, call.partition, call.region, own, call.catalog)
        return resource_from_arn(call.arn(self.service, f"repository/{name}", region=self.region))


READERS: ReaderTable = {
    "ecr.amazonaws.com": {"repository": _RepositoryType("ecr", region=True)},
    "ecr-public.amazonaws.com": {"repository": _RepositoryType("ecr-public", region=False)},
}
