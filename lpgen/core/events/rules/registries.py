"""ECR, private and public: every call names a repository, which may lie in another account's registry.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import ResourceType, declared_rules, resource_from_arn
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
            call = Call(call.record, call.operation, call.partition, call.region, own)
        return resource_from_arn(call.arn(self.service, f"repository/{name}", region=self.region))


_PRIVATE: dict[str, ResourceType] = {"repository": _RepositoryType("ecr", region=True)}
_PUBLIC: dict[str, ResourceType] = {"repository": _RepositoryType("ecr-public", region=False)}

_PRIVATE_OPERATIONS = """
BatchCheckLayerAvailability BatchDeleteImage BatchGetImage BatchGetRepositoryScanningConfiguration
CompleteLayerUpload DeleteLifecyclePolicy DeleteRepository DeleteRepositoryPolicy
DescribeImageReplicationStatus DescribeImageScanFindings DescribeImageSigningStatus DescribeImages
DescribeRepositories GetDownloadUrlForLayer GetLifecyclePolicy GetLifecyclePolicyPreview GetRepositoryPolicy
InitiateLayerUpload ListImages PutImage PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy
SetRepositoryPolicy StartImageScan StartLifecyclePolicyPreview UpdateImageStorageClass UploadLayerPart
"""
_PUBLIC_OPERATIONS = """
BatchCheckLayerAvailability BatchDeleteImage CompleteLayerUpload DeleteRepository DeleteRepositoryPolicy
DescribeImageTags DescribeImages DescribeRepositories GetRepositoryCatalogData GetRepositoryPolicy
InitiateLayerUpload PutImage PutRepositoryCatalogData SetRepositoryPolicy UploadLayerPart
"""


def _lines(operations: str) -> str:
    plain = "\n".join(f"{operation} repository" for operation in operations.split())
    return f"{plain}\nCreateRepository repository #TagResource"


RULES: RuleTable = {
    **declared_rules("ecr.amazonaws.com", "ecr", _PRIVATE, _lines(_PRIVATE_OPERATIONS)),
    **declared_rules("ecr-public.amazonaws.com", "ecr-public", _PUBLIC, _lines(_PUBLIC_OPERATIONS)),
}
