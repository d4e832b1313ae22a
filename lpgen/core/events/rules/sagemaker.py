"""SageMaker: what a creation names, sagemaker:AddTags where it sets tags, and the role it hands over.

Operations on what exists already are left to the tables.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from lpgen.core.events.rules.listed import ReaderType
from lpgen.core.events.rules.types import NamedType, ReaderTable, ResourceType

SOURCE = "sagemaker.amazonaws.com"

# Resource type and the parameter that names it, where the call's own resource has the name the caller gave.
_NAMED = {
    "action": "actionName",
    "hub": "hubName",
    "hyper-parameter-tuning-job": "hyperParameterTuningJobName",
    "inference-experiment": "name",
    "labeling-job": "labelingJobName",
    "model-card": "modelCardName",
    "pipeline": "pipelineName",
    "workforce": "workforceName",
}

TYPES: dict[str, ResourceType] = {
    **{kind: NamedType("sagemaker", f"{kind}/{{}}", path) for kind, path in _NAMED.items()},
    "app": NamedType(
        "sagemaker", "app/{}/{}/{}/{}", "domainId,userProfileName,appType,appName|domainId,spaceName,appType,appName"
    ),
    # The catalog doesn't list workforces and inference experiments among what sagemaker:AddTags takes.
    "any": ReaderType(lambda _call: ()),
    # The ARNs of these end in ids, and requests give names.
    "cluster": NamedType("sagemaker", "cluster/*", "clusterName"),
    "space": NamedType("sagemaker", "space/{}/{}", "domainId,spaceName"),
}

_ROLE = "@roleArn=sagemaker.amazonaws.com"

READERS: ReaderTable = {SOURCE: TYPES}
