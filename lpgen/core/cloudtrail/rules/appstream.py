"""AppStream 2.0: updating an image makes a new one, which gets the tags.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_appstream.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType

_SOURCE = "appstream.amazonaws.com"

_TYPES: dict[str, ResourceType] = {
    "image": NamedType("appstream", "image/{}", "existingImageName"),
    "new-image": NamedType("appstream", "image/{}", "newImageName"),
}

# https://docs.aws.amazon.com/appstream2/latest/APIReference/API_CreateUpdatedImage.html

READERS: ReaderTable = {_SOURCE: _TYPES}
