"""EC2 Auto Scaling, Batch, Elastic Beanstalk and EC2 Image Builder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, Rule, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.ec2_types import pass_profiles
from lpgen.core.cloudtrail.rules.inferences import RECIPE_PARTS
from lpgen.core.cloudtrail.rules.passing import ROLE_UNREAD, entity_arn, passed_roles
from lpgen.core.cloudtrail.rules.resources import exact, is_arn_of, mapped, resource_from_arn, tag_new
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

# ---------------------------------------------------------------- EC2 Auto Scaling

# Groups in the ARNs of scaling policies, and the instance profiles of launch configurations.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html

_AUTO_SCALING = "autoscaling.amazonaws.com"


def _groups_of_policies(call: Call) -> Iterator[Resource]:
    """The groups in the ARNs of scaling policies. `policyName` accepts an ARN.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeletePolicy.html
    """
    for text in call.texts("policyName"):
        _, found, rest = text.partition(":autoScalingGroupName/")
        name = rest.partition(":policyName/")[0]
        if found and text.startswith("arn:") and not has_wildcard(name):
            yield resource_from_arn(call.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}"))


def _complete_launch_configuration(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateLaunchConfiguration passes the role of an instance profile to EC2.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/us-iam-role.html
    """
    return (*actions, *pass_profiles(call, call.request))


# ---------------------------------------------------------------- Batch

# Job definitions, with or without a revision.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html


def _read_submitted(call: Call) -> Iterator[Resource]:
    """The job definition to run. IAM compares an ARN with a revision even if the caller gives none.

    https://docs.aws.amazon.com/batch/latest/userguide/iam-example-restrict-job-submission.html
    """
    for text in call.texts("jobDefinition"):
        start, found, name = text.rpartition("job-definition/")
        if not has_wildcard(text) and bool(found) == text.startswith("arn:"):
            named = name if ":" in name else f"{name}:*"
            yield resource_from_arn(start + found + named if found else call.arn("batch", f"job-definition/{named}"))


# ---------------------------------------------------------------- Elastic Beanstalk

# Two actions that aren't named after an operation authorize tag changes. One operation names two environments. Options
# of environments pass roles.
# https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_UpdateTagsForResource.html

_BEANSTALK = "elasticbeanstalk.amazonaws.com"


def _map_update_tags(call: Call) -> tuple[MappedAction, ...] | None:
    """AddTags and RemoveTags, as the request needs them, instead of an action with the operation's name."""
    arn = call.text("resourceArn")
    resources = (resource_from_arn(arn),) if arn.startswith("arn:") and not has_wildcard(arn) else ()
    asked = (
        ("elasticbeanstalk:AddTags", call.has("tagsToAdd")),
        ("elasticbeanstalk:RemoveTags", call.has("tagsToRemove")),
    )
    return tuple(mapped(action, resources) for action, wanted in asked if wanted) or None


# https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options-general.html
_PROFILE: Final = ("aws:autoscaling:launchconfiguration", "IamInstanceProfile")
_SERVICE_ROLE: Final = ("aws:elasticbeanstalk:environment", "ServiceRole")
_PASSED: Final = {
    _PROFILE: ("instance-profile", "ec2.amazonaws.com"),
    _SERVICE_ROLE: ("role", "elasticbeanstalk.amazonaws.com"),
}


def _complete_options(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The call, and iam:PassRole for the roles in its options.

    The record doesn't show the options of a saved configuration or of the source bundle of a new environment. A new
    environment always needs an instance profile.
    https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options.html
    """
    named = {option: tuple(_passed_by_option(call, option)) for option in _PASSED}
    is_bare = call.operation == "CreateEnvironment" and not named[_PROFILE]
    is_hidden = is_bare or (call.operation.endswith("Environment") and call.has("templateName"))
    return (
        *actions,
        *(action for passed in named.values() for action in passed),
        *((ROLE_UNREAD,) if is_hidden else ()),
    )


def _passed_by_option(call: Call, option: tuple[str, str]) -> Iterator[MappedAction]:
    names, service = _PASSED[option]
    for setting in values_at(call.request, ("optionSettings",)):
        if (*texts_at(setting, ("namespace",)), *texts_at(setting, ("optionName",))) == option:
            values = texts_at(setting, ("value",))
            yield from passed_roles(call, (entity_arn(call, names, value) for value in values), service)


_WITH_OPTIONS: Final = (
    "CreateConfigurationTemplate",
    "CreateEnvironment",
    "UpdateConfigurationTemplate",
    "UpdateEnvironment",
)

# ---------------------------------------------------------------- EC2 Image Builder

# ARNs have names in lower case. A call reads the resources that it builds on with the caller's permissions.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_imagebuilder.html

_IMAGE_BUILDER = "imagebuilder.amazonaws.com"

_SERVICE = "imagebuilder"

# Resources that a call names by ARN and reads: from the operations table of the page above. The parameters are from the
# API reference.
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
class _BuildRule:
    """An operation on the resource that it names by ARN at `path`, or else on the resource that it creates.

    `makes` is the last field of the new resource's ARN with `{name}` and `{version}`, and `*` for what AWS chooses.
    `reads` are the resources that the call reads.
    """

    makes: str = ""
    reads: tuple[tuple[str, str], ...] = ()
    path: str = ""

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        """The action on the resource, the tagging of a new one, the reads, and the passed roles."""
        made = (_new_resource(call, self.makes),) if self.makes else ()
        tags = tag_new(call, "imagebuilder:TagResource", made) if made else ()
        own = mapped(f"imagebuilder:{call.operation}", _named(call, self.path) if self.path else made)
        return (own, *tags, *_read_parts(call, self.reads), *_pass(call))


def _new_resource(call: Call, shape: str) -> Resource:
    name, version = _name_in_arn(call.text("name")), call.text("semanticVersion")
    if {"*", "?", "/"} & set(version):
        version = ""
    return resource_from_arn(call.arn(_SERVICE, shape.format(name=name or "*", version=version or "*")))


def _name_in_arn(name: str) -> str:
    """A name in the form that it has in ARNs, with only `a-z`, digits, hyphens and underscores. "" if the form isn't
    known.

    https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_UpdateInfrastructureConfiguration.html
    """
    folded = name.lower().replace(" ", "-")
    return folded if folded.isascii() and folded.replace("-", "").replace("_", "").isalnum() else ""


def _read_parts(call: Call, reads: tuple[tuple[str, str], ...]) -> Iterator[MappedAction]:
    for action, path in reads:
        if named := _named(call, path):
            yield mapped(f"imagebuilder:{action}", named, how=RECIPE_PARTS)


def _named(call: Call, path: str) -> list[Resource]:
    arns = (arn for arn in call.texts(*path.split(".")) if is_arn_of(arn, _SERVICE))
    return [exact(arn) for arn in arns if not has_wildcard(arn)]


def _pass(call: Call) -> tuple[MappedAction, ...]:
    """The passed roles: the role that builds, the role of the instance profile, and the role that exports images to
    S3."""
    builder = [entity_arn(call, "role", text) for text in call.texts("executionRole")]
    profile = [entity_arn(call, "instance-profile", text) for text in call.texts("instanceProfileName")]
    path = ("distributions", "s3ExportConfiguration", "roleName")
    exporter = [entity_arn(call, "role", text) for text in call.texts(*path)]
    is_known = bool(profile) and profile[0].startswith("arn:")
    return (
        *((mapped("iam:GetInstanceProfile", map(exact, profile), how=RECIPE_PARTS),) if is_known else ()),
        *passed_roles(call, builder, "imagebuilder.amazonaws.com"),
        *passed_roles(call, profile, "ec2.amazonaws.com"),
        *passed_roles(call, exporter, "vmie.amazonaws.com"),
    )


_BUILD_RULES: dict[str, Rule] = {
    "CreateComponent": _BuildRule("component/{name}/{version}/*"),
    "ImportComponent": _BuildRule("component/{name}/{version}/*"),
    "CreateContainerRecipe": _BuildRule("container-recipe/{name}/{version}", (_COMPONENTS, _PARENT)),
    "CreateDistributionConfiguration": _BuildRule("distribution-configuration/{name}"),
    "CreateImage": _BuildRule("image/*/*/*", _BUILD),
    "CreateImagePipeline": _BuildRule("image-pipeline/{name}", _BUILD),
    "CreateImageRecipe": _BuildRule("image-recipe/{name}/{version}", (_COMPONENTS, _PARENT)),
    "CreateInfrastructureConfiguration": _BuildRule("infrastructure-configuration/{name}"),
    "CreateLifecyclePolicy": _BuildRule("lifecycle-policy/{name}"),
    "CreateWorkflow": _BuildRule("workflow/*/{name}/{version}/*"),
    "ImportDiskImage": _BuildRule("image/{name}/{version}", (_BUILD[3],)),
    "ImportVmImage": _BuildRule("image/{name}/{version}"),
    "DistributeImage": _BuildRule("image/*/*/*", (_BUILD[1], ("GetImage", "sourceImage")), "sourceImage"),
    "StartImagePipelineExecution": _BuildRule("image/*/*/*", path="imagePipelineArn"),
    "UpdateDistributionConfiguration": _BuildRule(path="distributionConfigurationArn"),
    "UpdateImagePipeline": _BuildRule(reads=_BUILD, path="imagePipelineArn"),
    "UpdateInfrastructureConfiguration": _BuildRule(path="infrastructureConfigurationArn"),
    "UpdateLifecyclePolicy": _BuildRule(path="lifecyclePolicyArn"),
}


RULES: RuleTable = {
    (_BEANSTALK, "UpdateTagsForResource"): _map_update_tags,
    **{(_IMAGE_BUILDER, operation): rule for operation, rule in _BUILD_RULES.items()},
}

COMPLETIONS: CompletionTable = {
    (_AUTO_SCALING, "CreateLaunchConfiguration"): _complete_launch_configuration,
    **{(_BEANSTALK, operation): _complete_options for operation in _WITH_OPTIONS},
}

READERS: ReaderTable = {
    _AUTO_SCALING: {"policy-group": ReaderType(_groups_of_policies)},
    "batch.amazonaws.com": {
        "definition": NamedType("batch", "job-definition/{}", "jobDefinition|jobDefinitionName"),
        "submitted": ReaderType(_read_submitted),
    },
    # A call can also name an environment by its id, which isn't part of its ARN.
    # https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_SwapEnvironmentCNAMEs.html
    _BEANSTALK: {
        "source": NamedType("elasticbeanstalk", "environment/*/{}", "sourceEnvironmentName"),
        "destination": NamedType("elasticbeanstalk", "environment/*/{}", "destinationEnvironmentName"),
    },
}
