"""AppConfig: hosted configuration versions, whose numbers count on, within their profile and application.

https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_GetHostedConfigurationVersion.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsappconfig.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType

_SOURCE = "appconfig.amazonaws.com"

_PROFILE = "application/{}/configurationprofile/{}"
_PROFILE_PATHS = "applicationId,configurationProfileId"

_TYPES: dict[str, ResourceType] = {
    "application": NamedType("appconfig", "application/{}", "applicationId"),
    "profile": NamedType("appconfig", _PROFILE, _PROFILE_PATHS),
    "version": NamedType("appconfig", _PROFILE + "/hostedconfigurationversion/*", _PROFILE_PATHS),
}

READERS: ReaderTable = {_SOURCE: _TYPES}
