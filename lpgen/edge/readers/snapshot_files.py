"""Reads the JSON files of a snapshot: lists such as the schedules, the tags of resources, and the organization."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from lpgen.core.iam.limits import TRUST_POLICY_LIMIT
from lpgen.errors import SnapshotError, quote_reason

_Item = TypeVar("_Item")


def read_snapshot_list(files: Iterable[Path], kind: type[_Item]) -> tuple[_Item, ...]:
    """The items of a kind in the files, in their order.

    Raises:
        SnapshotError: a file can't be read.
    """
    return tuple(item for path in files for item in _read_snapshot_file(path, list[kind]))  # type: ignore[valid-type]


def read_passwords(files: Iterable[Path]) -> dict[str, frozenset[str]]:
    """The ARNs of the users with a console password, by account. Each file is named after its account.

    Raises:
        SnapshotError: a file can't be read.
    """
    return {path.stem: frozenset(_read_snapshot_file(path, list[str])) for path in files}


def _read_snapshot_file(path: Path, kind: type[_Item]) -> _Item:
    """The content of a JSON file, as a value of a type.

    Raises:
        SnapshotError: it can't be read, or holds something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotError(f"`{path}` can't be read: {quote_reason(error)}") from error


# ---------------------------------------------------------------- quotas


class _Quotas(msgspec.Struct):
    trust_policy: int = msgspec.field(name="AssumeRolePolicySizeQuota", default=TRUST_POLICY_LIMIT)


class _Summary(msgspec.Struct):
    account: str
    quotas: _Quotas = msgspec.field(name="SummaryMap")


def read_trust_quotas(files: Iterable[Path]) -> dict[str, int]:
    """How many characters a trust policy may have, by account, from the summaries of accounts.

    Raises:
        SnapshotError: a file can't be read.
    """
    summaries = (_read_snapshot_file(path, _Summary) for path in files)
    return {summary.account: summary.quotas.trust_policy for summary in summaries}


# ---------------------------------------------------------------- tags


class _Tag(msgspec.Struct):
    key: str = msgspec.field(name="Key")
    value: str = msgspec.field(name="Value")


class _Tagged(msgspec.Struct):
    arn: str = msgspec.field(name="ResourceARN")
    tags: list[_Tag] = msgspec.field(name="Tags", default_factory=list)


class _TagsPage(msgspec.Struct):
    found: list[_Tagged] = msgspec.field(name="ResourceTagMappingList", default_factory=list)


def read_resource_tags(files: Iterable[Path], arn: str) -> dict[str, str]:
    """The tags of the resource with exactly this ARN. Empty if it has none or isn't in the files.

    Raises:
        SnapshotError: a file can't be read.
    """
    return next((dict(tags) for found, tags in _tagged_resources(files) if found == arn), {})


def read_all_resource_tags(files: Iterable[Path]) -> dict[str, tuple[tuple[str, str], ...]]:
    """The tags of all resources in the files. Resources share equal tags.

    Raises:
        SnapshotError: a file can't be read.
    """
    known: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {}
    return {arn: known.setdefault(tags, tags) for arn, tags in _tagged_resources(files)}


def _tagged_resources(files: Iterable[Path]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    for path in files:
        for page in read_snapshot_list((path,), _TagsPage):
            for tagged in page.found:
                yield tagged.arn, tuple(sorted((tag.key, tag.value) for tag in tagged.tags))


# ---------------------------------------------------------------- the organization


class _Node(msgspec.Struct):
    id: str
    path: list[str]
    is_account: bool


class _Tree(msgspec.Struct):
    id: str
    nodes: list[_Node]


def read_organization_paths(file: Path | None) -> dict[str, str]:
    """The path of each account's organizational unit, such as `o-1/r-1/ou-1/`. Empty without a file.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_last-accessed-viewing-orgs-entity-path

    Raises:
        SnapshotError: the file can't be read.
    """
    if file is None:
        return {}
    tree = _read_snapshot_file(file, _Tree)
    return {node.id: "/".join((tree.id, *node.path[:-1], "")) for node in tree.nodes if node.is_account}
