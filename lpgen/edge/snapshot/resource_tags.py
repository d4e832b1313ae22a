"""Reads the tags of a resource from the files of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from lpgen.edge.readers.snapshot_lists import read_snapshot_list


class _Tag(msgspec.Struct):
    key: str = msgspec.field(name="Key")
    value: str = msgspec.field(name="Value")


class _Tagged(msgspec.Struct):
    arn: str = msgspec.field(name="ResourceARN")
    tags: list[_Tag] = msgspec.field(name="Tags", default_factory=list)


class _Page(msgspec.Struct):
    found: list[_Tagged] = msgspec.field(name="ResourceTagMappingList", default_factory=list)


def read_resource_tags(files: Iterable[Path], arn: str) -> dict[str, str]:
    """The tags of the resource with exactly this ARN; empty where it has none or isn't among those in the files.

    Raises:
        SnapshotError: a file can't be read.
    """
    for path in files:
        for page in read_snapshot_list((path,), _Page):
            for one in page.found:
                if one.arn == arn:
                    return {tag.key: tag.value for tag in one.tags}
    return {}
