"""SageMaker: what a creation names, sagemaker:AddTags where it sets tags, and the role it hands over.

Operations on what exists already are left to the tables.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable

_SOURCE = "sagemaker.amazonaws.com"

# The catalog doesn't list workforces and inference experiments among what sagemaker:AddTags takes: `any`.
READERS: ReaderTable = {
    _SOURCE: {
        "any": ReaderType(lambda _call: ()),
        "app": NamedType(
            "sagemaker",
            "app/{}/{}/{}/{}",
            "domainId,userProfileName,appType,appName|domainId,spaceName,appType,appName",
        ),
        "inference-experiment": NamedType("sagemaker", "inference-experiment/{}", "name"),
        "workforce": NamedType("sagemaker", "workforce/{}", "workforceName"),
    }
}
