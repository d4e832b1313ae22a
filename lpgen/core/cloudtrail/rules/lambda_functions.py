"""Lambda calls: functions by name, partial or full ARN and qualifier; layers; additional actions of deployments.

CloudTrail logs most operations with an API version after the name. It is removed before rules run.
Sources: https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html (actions and resources) and
https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html (names and parameters).
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import CAPACITY_PROVIDER, FUNCTION_CODE, FUNCTION_NETWORK
from lpgen.core.cloudtrail.rules.resources import exact, is_arn_of, is_literal, mapped, read_arns, tag_new
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, MappedAction, Resource

_SOURCE = "lambda.amazonaws.com"


def _read_functions(call: Call) -> Iterator[Resource]:
    """The function that a call names, without its version or alias."""
    arn, _ = _split_function(call)
    if arn:
        yield exact(arn)


def _read_qualified(call: Call) -> Iterator[Resource]:
    """The function, version or alias that a call names. IAM compares the ARN with its qualifier.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
    """
    arn, qualifier = _split_function(call)
    if arn:
        yield exact(f"{arn}:{qualifier}" if qualifier else arn)


def _split_function(call: Call) -> tuple[str, str]:
    """The function's ARN without qualifier, and the qualifier. Both are "" if the call names no function.

    A function is named as `name`, `name:qualifier`, `account:function:name`, or by its full ARN.
    """
    name = call.text("functionName")
    account, region = call.account, call.region
    if name.startswith("arn:"):
        if not is_arn_of(name, "lambda"):
            return "", ""
        _, _, _, region, account, name = name.split(":", 5)
    elif ":function:" in name:
        account = name.partition(":")[0] or account
        name = name.partition(":")[2]
    name, _, qualifier = name.removeprefix("function:").partition(":")
    arn = f"arn:{call.partition}:lambda:{region}:{account}:function:{name}"
    return (arn, call.text("qualifier") or qualifier) if name else ("", "")


def _read_layer_versions(call: Call) -> Iterator[Resource]:
    """The layer version that a call names by its layer and number."""
    layer, number = call.text("layerName"), call.text("versionNumber")
    if is_arn_of(layer, "lambda"):
        yield exact(f"{layer}:{number}" if number else layer)
    elif layer and number:
        yield exact(call.arn("lambda", f"layer:{layer}:{number}"))


# ---------------------------------------------------------------- deploying


def _map_create_function(call: Call) -> tuple[MappedAction, ...]:
    """CreateFunction, with the actions for its tags, code, layers and network."""
    function = tuple(_read_functions(call))
    path = ("capacityProviderConfig", "lambdaManagedInstancesCapacityProviderConfig", "capacityProviderArn")
    providers = read_arns(call, "lambda", *path)
    return (
        mapped("lambda:CreateFunction", function),
        *tag_new(call, "lambda:TagResource", function),
        *((mapped("lambda:PassCapacityProvider", providers, how=CAPACITY_PROVIDER),) if providers else ()),
        *_map_code(call, "code"),
        *_map_configuration(call),
    )


def _map_update_code(call: Call) -> tuple[MappedAction, ...]:
    """UpdateFunctionCode, with the actions that fetch the code."""
    return (mapped("lambda:UpdateFunctionCode", _read_functions(call)), *_map_code(call))


def _map_update_configuration(call: Call) -> tuple[MappedAction, ...]:
    """UpdateFunctionConfiguration, with the actions for its layers and network."""
    return (mapped("lambda:UpdateFunctionConfiguration", _read_functions(call)), *_map_configuration(call))


def _map_configuration(call: Call) -> tuple[MappedAction, ...]:
    return (*_map_layers(call), *_map_network(call), *_map_file_systems(call))


def _map_publish_layer(call: Call) -> tuple[MappedAction, ...]:
    """PublishLayerVersion, with the actions that fetch its content."""
    layers = NamedType("lambda", "layer:{}", "layerName").read(call, "")
    return (mapped("lambda:PublishLayerVersion", layers), *_map_code(call, "content"))


def _map_code(call: Call, *where: str) -> tuple[MappedAction, ...]:
    """The actions that fetch the code with the caller's permissions: from an S3 object or an ECR image.

    Sources: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html (S3) and
    https://repost.aws/knowledge-center/lambda-ecr-image (the creator's permissions on the image).
    """
    bucket, key = call.text(*where, "s3Bucket"), call.text(*where, "s3Key")
    if bucket and key:
        action = "s3:GetObjectVersion" if call.has(*where, "s3ObjectVersion") else "s3:GetObject"
        code = exact(call.arn("s3", f"{bucket}/{key}", region=False, account=False))
        return (mapped(action, (code,), how=FUNCTION_CODE),)
    repository = _repository_arn(call, call.text(*where, "imageUri"))
    if not repository:
        return ()
    reads = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return tuple(mapped(action, (exact(repository),), how=FUNCTION_CODE) for action in reads)


def _repository_arn(call: Call, image: str) -> str:
    """The repository of an image URI, `account.dkr.ecr.region.amazonaws.com/name:tag`, or "" for another URI."""
    host, _, name = image.partition("/")
    account, *kind, region = (*host.split("."), "", "", "", "")[:4]
    if kind != ["dkr", "ecr"] or not name:
        return ""
    repository = name.partition("@")[0].partition(":")[0]
    return f"arn:{call.partition}:ecr:{region}:{account}:repository/{repository}"


def _map_layers(call: Call) -> tuple[MappedAction, ...]:
    """Attaching a layer version needs to read it.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-function.html
    """
    layers = read_arns(call, "lambda", "layers")
    return (mapped("lambda:GetLayerVersion", layers, how=FUNCTION_CODE),) if layers else ()


def _map_file_systems(call: Call) -> tuple[MappedAction, ...]:
    """Connecting a function to a file system needs to describe its mount targets. The request names only an access
    point.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-filesystem.html (user permissions)
    """
    if not read_arns(call, "elasticfilesystem", "fileSystemConfigs", "arn"):
        return ()
    return (mapped("elasticfilesystem:DescribeMountTargets", (UNKNOWN_RESOURCE,), how=FUNCTION_NETWORK),)


_NETWORK_ACTIONS = ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")


def _map_network(call: Call) -> tuple[MappedAction, ...]:
    """Attaching a function to a VPC needs to describe the VPC. Detaching, with empty lists, doesn't.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html (user permissions)
    """
    if not call.has("vpcConfig", "subnetIds"):
        return ()
    looks = tuple(mapped(action, (NO_RESOURCE,), how=FUNCTION_NETWORK) for action in _NETWORK_ACTIONS)
    vpcs = (call.arn("ec2", f"vpc/{vpc}") for vpc in call.shown("vpcConfig", "vpcId") if is_literal(vpc))
    found = tuple(exact(arn) for arn in sorted(vpcs)) or (UNKNOWN_RESOURCE,)
    return (*looks, mapped("ec2:GetSecurityGroupsForVpc", found, how=FUNCTION_NETWORK))


RULES: RuleTable = {
    (_SOURCE, "CreateFunction"): _map_create_function,
    (_SOURCE, "UpdateFunctionCode"): _map_update_code,
    (_SOURCE, "UpdateFunctionConfiguration"): _map_update_configuration,
    (_SOURCE, "PublishLayerVersion"): _map_publish_layer,
}

READERS: ReaderTable = {
    _SOURCE: {
        "function": ReaderType(_read_functions),
        "qualified": ReaderType(_read_qualified),
        "layerversion": ReaderType(_read_layer_versions),
    }
}
