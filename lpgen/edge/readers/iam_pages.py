"""Files of `aws iam get-account-authorization-details`, decoded page by page.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lpgen.edge.readers.unique_keys import DuplicateKeyError, refuse_duplicate_keys
from lpgen.errors import SnapshotError, quote_input, quote_reason

HINT = "write the file with `aws iam get-account-authorization-details > authorization-details.json`"
_SUFFIXES = (".json", ".json.gz")
_GZIP_MAGIC = b"\x1f\x8b"


class Struct(msgspec.Struct, rename="pascal", frozen=True):
    """A structure of the IAM API, whose fields are written in Pascal case."""


class Entity(Struct, frozen=True):
    """Something with an ARN of its own."""

    arn: str


class InlinePolicy(Struct, frozen=True):
    """A policy that lives in a principal or group."""

    policy_name: str
    policy_document: Any = None


class PolicyReference(Struct, frozen=True):
    """A managed policy that is attached."""

    policy_arn: str
    policy_name: str = ""


class BoundaryReference(Struct, frozen=True):
    """The managed policy that is a principal's permissions boundary."""

    permissions_boundary_arn: str = ""


class Tag(Struct, frozen=True):
    """A tag."""

    key: str
    value: str = ""


class InstanceProfile(Struct, frozen=True):
    """An instance profile that holds a role."""

    arn: str


class LastUsed(Struct, frozen=True):
    """When a role was last used; empty where it wasn't within the tracking period."""

    last_used_date: str | float | None = None
    region: str | None = None


class RoleDetail(Entity, frozen=True):
    """A role."""

    name: str = msgspec.field(name="RoleName")
    unique_id: str = msgspec.field(name="RoleId", default="")
    path: str = "/"
    create_date: str | float | None = None
    assume_role_policy_document: Any = None
    instance_profile_list: tuple[InstanceProfile, ...] = ()
    inline_policies: tuple[InlinePolicy, ...] = msgspec.field(name="RolePolicyList", default=())
    attached_managed_policies: tuple[PolicyReference, ...] = ()
    permissions_boundary: BoundaryReference | None = None
    role_last_used: LastUsed | None = None
    tags: tuple[Tag, ...] = ()


class UserDetail(Entity, frozen=True):
    """A user."""

    name: str = msgspec.field(name="UserName")
    unique_id: str = msgspec.field(name="UserId", default="")
    path: str = "/"
    create_date: str | float | None = None
    inline_policies: tuple[InlinePolicy, ...] = msgspec.field(name="UserPolicyList", default=())
    group_list: tuple[str, ...] = ()
    attached_managed_policies: tuple[PolicyReference, ...] = ()
    permissions_boundary: BoundaryReference | None = None
    tags: tuple[Tag, ...] = ()


class GroupDetail(Entity, frozen=True):
    """A group."""

    name: str = msgspec.field(name="GroupName")
    path: str = "/"
    inline_policies: tuple[InlinePolicy, ...] = msgspec.field(name="GroupPolicyList", default=())
    attached_managed_policies: tuple[PolicyReference, ...] = ()


class PolicyVersion(Struct, frozen=True):
    """One version of a managed policy."""

    document: Any = None
    version_id: str = ""
    is_default_version: bool = False
    create_date: str | float | None = None


class ManagedPolicy(Entity, frozen=True):
    """A managed policy, customer's or AWS's."""

    name: str = msgspec.field(name="PolicyName", default="")
    default_version_id: str = ""
    policy_version_list: tuple[PolicyVersion, ...] = ()


class Page(Struct, frozen=True):
    """One page of authorization details. The API marks a page that isn't the last with `IsTruncated`, the command line
    with `NextToken`."""

    role_detail_list: tuple[RoleDetail, ...] = ()
    user_detail_list: tuple[UserDetail, ...] = ()
    group_detail_list: tuple[GroupDetail, ...] = ()
    policies: tuple[ManagedPolicy, ...] = ()
    is_truncated: bool = False
    next_token: str | None = None

    @property
    def continues(self) -> bool:
        """Whether another page follows."""
        return self.is_truncated or bool(self.next_token)

    @property
    def details(self) -> tuple[Entity, ...]:
        """All that has an ARN."""
        return (*self.role_detail_list, *self.user_detail_list, *self.group_detail_list, *self.policies)


_LISTS = frozenset(("RoleDetailList", "UserDetailList", "GroupDetailList"))


def find_files(paths: Iterable[Path]) -> list[tuple[Path, bool]]:
    """The files to read, each once, and whether its name was given (True) or found below a folder (False).

    Raises:
        SnapshotError: a path doesn't exist, or a folder holds no JSON file.
    """
    found: dict[Path, tuple[Path, bool]] = {}
    for path in paths:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.name.endswith(_SUFFIXES) and file.is_file())
            if not files:
                raise SnapshotError(
                    f"the folder {quote_input(str(path))} holds no `.json` or `.json.gz` file", hint=HINT
                )
            for file in files:
                found.setdefault(file.resolve(), (file, False))
        elif path.exists():
            found[path.resolve()] = (path, True)
        else:
            raise SnapshotError(f"there is no file {quote_input(str(path))}", hint=HINT)
    return sorted(found.values())


def read_pages(file: Path) -> Sequence[Page]:
    """The pages of one file: a page, or an array of pages.

    Raises:
        SnapshotError: the file can't be read, isn't JSON, or holds something else.
    """
    name = quote_input(str(file))
    try:
        text = _read_text(file)
        decoded = msgspec.json.decode(text)
        refuse_duplicate_keys(text)
    except (OSError, EOFError, zlib.error) as error:
        raise SnapshotError(f"{name} can't be read: {quote_reason(error)}", hint=HINT) from error
    except DuplicateKeyError as error:
        raise SnapshotError(f"{name}: {error}", hint=HINT) from error
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{name} is not JSON: {quote_reason(error)}", hint=HINT) from error
    pages = list(_pages_in(decoded))
    if not pages or not all(isinstance(page, dict) and _LISTS & page.keys() for page in pages):
        raise SnapshotError(f"{name} holds no authorization details", hint=HINT)
    try:
        return [msgspec.convert(page, Page) for page in pages]
    except msgspec.ValidationError as error:
        raise SnapshotError(f"{name} breaks the form of authorization details: {quote_reason(error)}") from error


def _read_text(file: Path) -> bytes | str:
    """The JSON text of a file, gzipped or not, in UTF-8 or, as PowerShell's `>` writes it, in UTF-16."""
    data = file.read_bytes()
    text = gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text.decode("utf-16")
    return text.removeprefix(codecs.BOM_UTF8)


def _pages_in(decoded: object) -> Iterator[object]:
    if isinstance(decoded, list):
        yield from decoded
    else:
        yield decoded


def time_from_iam(written: str | float | None) -> datetime | None:
    """A time in UTC from ISO 8601 text or seconds since 1970, or None where it is neither."""
    try:
        if isinstance(written, str):
            moment = datetime.fromisoformat(written)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return None if written is None else datetime.fromtimestamp(written, UTC)
    except (ValueError, OverflowError, OSError):
        return None
