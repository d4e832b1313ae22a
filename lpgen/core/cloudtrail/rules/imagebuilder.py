"""EC2 Image Builder: ARNs are made from names, in lower case, and what a call builds on it reads for the caller.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_imagebuilder.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable
from lpgen.core.cloudtrail.rules.inferences import RECIPE_PARTS, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import exact, is_arn_of
from lpgen.core.cloudtrail.rules.passing import entity_arn, passed_roles
from lpgen.core.cloudtrail.rules.types import mapped, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

_SOURCE = "imagebuilder.amazonaws.com"
_SERVICE = "imagebuilder"

# Resources that a call names by ARN and reads: the operations table of the page above, the parameters by the API
# reference.
# https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_CreateImagePipeline.html
_COMPONENTS: Final = ("GetComponent", "components.componentArn")
_PARENT: Final = ("GetImage", "parentImage")
_BUILD: Final = (
    ("GetContainerRecipe", "containerRecipeArn"),
    ("GetDistributionConfiguration", "distributionConfigurationArn"),
    ("GetImageRecipe", "imageRecipeArn"),
    ("GetInfrastructureConfiguration", "infrastructureConfigurationArn"),
    ("GetWorkflow", "workflows.workflowArn"),
)


@dataclass(frozen=True, slots=True)
class _Creation:
    """One operation that makes a resource: its ARN's last field with `{name}` and `{version}`, `*` for what AWS
    chooses, and the parts that the call reads."""

    shape: str
    reads: tuple[tuple[str, str], ...] = ()

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        """The action on the new resource, its tags, the parts that are read and the roles that are passed."""
        made = (_new_resource(call, self.shape),)
        tags = (mapped("imagebuilder:TagResource", made, how=TAG_ON_CREATE),) if call.has("tags") else ()
        return (mapped(f"imagebuilder:{call.operation}", made), *tags, *_read_parts(call, self.reads), *_pass(call))


def _new_resource(call: Call, shape: str) -> Resource:
    name, version = _name_in_arn(call.text("name")), call.text("semanticVersion")
    if {"*", "?", "/"} & set(version):
        version = ""
    return resource_from_arn(call.arn(_SERVICE, shape.format(name=name or "*", version=version or "*")))


def _name_in_arn(name: str) -> str:
    """A name in the form it has in ARNs, with only `a-z`, digits, hyphens and underscores; "" where that isn't known.

    https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_UpdateInfrastructureConfiguration.html
    """
    folded = name.lower().replace(" ", "-")
    return folded if folded.isascii() and folded.replace("-", "").replace("_", "").isalnum() else ""


def _read_parts(call: Call, reads: tuple[tuple[str, str], ...]) -> Iterator[MappedAction]:
    for action, path in reads:
        named = _named(call, path)
        if named:
            yield mapped(f"imagebuilder:{action}", named, how=RECIPE_PARTS)


def _named(call: Call, path: str) -> list[Resource]:
    arns = (arn for arn in call.texts(*path.split(".")) if is_arn_of(arn, _SERVICE))
    return [exact(arn) for arn in arns if not has_wildcard(arn)]


def _pass(call: Call) -> tuple[MappedAction, ...]:
    """The role that builds, the instance profile's role, and the role that exports images to S3."""
    builder = [entity_arn(call, "role", text) for text in call.texts("executionRole")]
    profile = [entity_arn(call, "instance-profile", text) for text in call.texts("instanceProfileName")]
    path = ("distributions", "s3ExportConfiguration", "roleName")
    exporter = [entity_arn(call, "role", text) for text in call.texts(*path)]
    shown = (
        (mapped("iam:GetInstanceProfile", map(exact, profile), how=RECIPE_PARTS),)
        if profile and profile[0].startswith("arn:")
        else ()
    )
    return (
        *shown,
        *passed_roles(call, builder, "imagebuilder.amazonaws.com"),
        *passed_roles(call, profile, "ec2.amazonaws.com"),
        *passed_roles(call, exporter, "vmie.amazonaws.com"),
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """One operation on a resource that it names by ARN, with the parts that the call reads."""

    path: str
    reads: tuple[tuple[str, str], ...] = ()
    tags: str = ""

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        """The action on the named resource, the tags of the new one, the parts that are read and the roles passed."""
        named = _named(call, self.path)
        made = (resource_from_arn(call.arn(_SERVICE, self.tags)),) if self.tags else ()
        tagging = (mapped("imagebuilder:TagResource", made, how=TAG_ON_CREATE),) if made and call.has("tags") else ()
        return (mapped(f"imagebuilder:{call.operation}", named), *tagging, *_read_parts(call, self.reads), *_pass(call))


_RULES: dict[str, Rule] = {
    "CreateComponent": _Creation("component/{name}/{version}/*"),
    "ImportComponent": _Creation("component/{name}/{version}/*"),
    "CreateContainerRecipe": _Creation("container-recipe/{name}/{version}", (_COMPONENTS, _PARENT)),
    "CreateDistributionConfiguration": _Creation("distribution-configuration/{name}"),
    "CreateImage": _Creation("image/*/*/*", _BUILD),
    "CreateImagePipeline": _Creation("image-pipeline/{name}", _BUILD),
    "CreateImageRecipe": _Creation("image-recipe/{name}/{version}", (_COMPONENTS, _PARENT)),
    "CreateInfrastructureConfiguration": _Creation("infrastructure-configuration/{name}"),
    "CreateLifecyclePolicy": _Creation("lifecycle-policy/{name}"),
    "CreateWorkflow": _Creation("workflow/*/{name}/{version}/*"),
    "ImportDiskImage": _Creation("image/{name}/{version}", (_BUILD[3],)),
    "ImportVmImage": _Creation("image/{name}/{version}"),
    "DistributeImage": _Change("sourceImage", (_BUILD[1], ("GetImage", "sourceImage")), "image/*/*/*"),
    "StartImagePipelineExecution": _Change("imagePipelineArn", tags="image/*/*/*"),
    "UpdateDistributionConfiguration": _Change("distributionConfigurationArn"),
    "UpdateImagePipeline": _Change("imagePipelineArn", _BUILD),
    "UpdateInfrastructureConfiguration": _Change("infrastructureConfigurationArn"),
    "UpdateLifecyclePolicy": _Change("lifecyclePolicyArn"),
}

RULES: RuleTable = {(_SOURCE, operation): rule for operation, rule in _RULES.items()}
