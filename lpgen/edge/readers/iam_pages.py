"""Finds, decodes and checks files of `aws iam get-account-authorization-details`.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lpgen.core.arns import is_account_id, split_arn
from lpgen.core.digests import PolicyFile
from lpgen.edge.files import file_errors, hash_file
from lpgen.edge.logs.inflate import is_gzip
from lpgen.edge.logs.json_documents import plain_text
from lpgen.edge.readers.json_files import decode_json
from lpgen.errors import SnapshotError, quote_input, quote_reason

HINT = "write the file with `aws iam get-account-authorization-details > authorization-details.json`"
_SUFFIXES = (".json", ".json.gz")


class _Struct(msgspec.Struct, rename="pascal", frozen=True):
    """A structure of the IAM API. Its fields are in Pascal case."""


class _Entity(_Struct, frozen=True):
    """Something with an ARN."""

    arn: str


class InlinePolicy(_Struct, frozen=True):
    """An inline policy of a principal or group."""

    policy_name: str
    policy_document: Any = None


class PolicyReference(_Struct, frozen=True):
    """An attached managed policy."""

    policy_arn: str
    policy_name: str = ""


class _BoundaryReference(_Struct, frozen=True):
    """The managed policy that is a principal's permissions boundary."""

    permissions_boundary_arn: str = ""


class _Tag(_Struct, frozen=True):
    """A tag."""

    key: str
    value: str = ""


class _InstanceProfile(_Struct, frozen=True):
    """An instance profile that holds a role."""

    arn: str


class LastUsed(_Struct, frozen=True):
    """When a role was last used. Empty if it wasn't used within the tracking period."""

    last_used_date: str | float | None = None
    region: str | None = None


class RoleDetail(_Entity, frozen=True):
    """A role."""

    name: str = msgspec.field(name="RoleName")
    unique_id: str = msgspec.field(name="RoleId", default="")
    path: str = "/"
    create_date: str | float | None = None
    assume_role_policy_document: Any = None
    instance_profile_list: tuple[_InstanceProfile, ...] = ()
    inline_policies: tuple[InlinePolicy, ...] = msgspec.field(name="RolePolicyList", default=())
    attached_managed_policies: tuple[PolicyReference, ...] = ()
    permissions_boundary: _BoundaryReference | None = None
    role_last_used: LastUsed | None = None
    tags: tuple[_Tag, ...] = ()


class UserDetail(_Entity, frozen=True):
    """A user."""

    name: str = msgspec.field(name="UserName")
    unique_id: str = msgspec.field(name="UserId", default="")
    path: str = "/"
    create_date: str | float | None = None
    inline_policies: tuple[InlinePolicy, ...] = msgspec.field(name="UserPolicyList", default=())
    group_list: tuple[str, ...] = ()
    attached_managed_policies: tuple[PolicyReference, ...] = ()
    permissions_boundary: _BoundaryReference | None = None
    tags: tuple[_Tag, ...] = ()


class GroupDetail(_Entity, frozen=True):
    """A group."""

    name: str = msgspec.field(name="GroupName")
    path: str = "/"
    inline_policies: tuple[InlinePolicy, ...] = msgspec.field(name="GroupPolicyList", default=())
    attached_managed_policies: tuple[PolicyReference, ...] = ()


class PolicyVersion(_Struct, frozen=True):
    """One version of a managed policy."""

    document: Any = None
    version_id: str = ""
    is_default_version: bool = False
    create_date: str | float | None = None


class ManagedPolicy(_Entity, frozen=True):
    """A managed policy of a customer or of AWS."""

    name: str = msgspec.field(name="PolicyName", default="")
    default_version_id: str = ""
    policy_version_list: tuple[PolicyVersion, ...] = ()


class DetailsPage(_Struct, frozen=True):
    """A page of authorization details. If it isn't the last, the API marks it with `IsTruncated`, the CLI with
    `NextToken`."""

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
    def details(self) -> tuple[_Entity, ...]:
        """All details, each with an ARN."""
        return (*self.role_detail_list, *self.user_detail_list, *self.group_detail_list, *self.policies)


_LISTS = frozenset(("RoleDetailList", "UserDetailList", "GroupDetailList"))


def find_files(paths: Iterable[Path]) -> list[tuple[Path, bool]]:
    """The files to read, each once, with whether the user named it (True) or it was found in a folder (False).

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


def read_pages(file: Path) -> Sequence[DetailsPage]:
    """The pages of one file: a page, or an array of pages.

    Raises:
        SnapshotError: the file can't be read, isn't JSON, or holds something else.
    """
    name = quote_input(str(file))
    try:
        data = file.read_bytes()
        text = plain_text(gzip.decompress(data) if is_gzip(data) else data)
    except (OSError, EOFError, zlib.error) as error:
        raise SnapshotError(f"{name} can't be read: {quote_reason(error)}", hint=HINT) from error
    decoded = decode_json(text, name, SnapshotError, hint=HINT)
    pages = decoded if isinstance(decoded, list) else [decoded]
    if not pages or not all(isinstance(page, dict) and _LISTS & page.keys() for page in pages):
        raise SnapshotError(f"{name} holds no authorization details", hint=HINT)
    try:
        return [msgspec.convert(page, DetailsPage) for page in pages]
    except msgspec.ValidationError as error:
        raise SnapshotError(f"{name} breaks the form of authorization details: {quote_reason(error)}") from error


def time_from_iam(written: str | float | None) -> datetime | None:
    """A time in UTC from ISO 8601 text or seconds since 1970, or None if it is neither."""
    try:
        if isinstance(written, str):
            moment = datetime.fromisoformat(written)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return None if written is None else datetime.fromtimestamp(written, UTC)
    except (ValueError, OverflowError, OSError):
        return None


# ---------------------------------------------------------------- contradictions

# Well-formed facts that can't be true for one account at one time. Names are unique within an account whatever their
# path, and ids are unique everywhere.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html

_Named = RoleDetail | UserDetail | GroupDetail | ManagedPolicy


def contradictions_of_file(pages: Sequence[DetailsPage]) -> Iterator[str]:
    """A sentence for each contradiction within one file. A file shows its accounts at one time."""
    kinds: tuple[tuple[_Named, ...], ...] = (
        tuple(detail for page in pages for detail in page.role_detail_list),
        tuple(detail for page in pages for detail in page.user_detail_list),
        tuple(detail for page in pages for detail in page.group_detail_list),
        tuple(policy for page in pages for policy in page.policies),
    )
    for details in kinds:
        yield from _same_names(details)
        for detail in details:
            yield from _own_contradictions(detail)


def ids_of_pages(pages: Iterable[DetailsPage]) -> Iterator[tuple[str, str]]:
    """The id and ARN of each principal."""
    for page in pages:
        principals: tuple[RoleDetail | UserDetail, ...] = (*page.role_detail_list, *page.user_detail_list)
        yield from ((principal.unique_id, principal.arn) for principal in principals)


def contradictory_ids(ids: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A sentence for each id that principals of different accounts share."""
    owners: dict[str, str] = {}
    for principal_id, arn in ids:
        other = owners.setdefault(principal_id, arn) if principal_id else arn
        if split_arn(other).account != split_arn(arn).account:
            pair = f"{quote_input(other)} and {quote_input(arn)}"
            yield f"{pair} have the same id {quote_input(principal_id)} in two accounts"


def _same_names(details: Iterable[_Named]) -> Iterator[str]:
    known: dict[tuple[str, str], _Named] = {}
    for detail in details:
        other = known.setdefault((split_arn(detail.arn).account, _name(detail).lower()), detail)
        if other.arn != detail.arn:
            yield f"{quote_input(other.arn)} and {quote_input(detail.arn)} have the same name in one account"
        elif other != detail:
            yield f"{quote_input(detail.arn)} occurs twice, with different content"


def _own_contradictions(policy: _Named) -> Iterator[str]:
    if not policy.arn.endswith(f"/{_name(policy)}"):
        yield f"{quote_input(policy.arn)} has the name {quote_input(_name(policy))}"
    account = split_arn(policy.arn).account
    for other in _arns_in_account(policy):
        if is_account_id(split_arn(other).account) and split_arn(other).account != account:
            yield f"{quote_input(policy.arn)} has {quote_input(other)}, which is in another account"
    for name, count in Counter(_policy_names(policy)).items():
        if count > 1:
            yield f"{quote_input(policy.arn)} has the policy or version {quote_input(name)} {count} times"
    if isinstance(policy, ManagedPolicy):
        default = {version.version_id for version in policy.policy_version_list if version.is_default_version}
        if len(default | ({policy.default_version_id} - {""} if default else set())) > 1:
            yield f"{quote_input(policy.arn)} has several default versions"


def _arns_in_account(detail: _Named) -> Iterator[str]:
    """The ARNs that must be in the account of their owner."""
    if isinstance(detail, ManagedPolicy):
        return
    yield from (reference.policy_arn for reference in detail.attached_managed_policies)
    if isinstance(detail, RoleDetail | UserDetail) and detail.permissions_boundary is not None:
        yield detail.permissions_boundary.permissions_boundary_arn
    if isinstance(detail, RoleDetail):
        yield from (profile.arn for profile in detail.instance_profile_list)


def _policy_names(policy: _Named) -> Iterator[str]:
    if isinstance(policy, ManagedPolicy):
        return (version.version_id for version in policy.policy_version_list if version.version_id)
    return (policy.policy_name for policy in policy.inline_policies)


def _name(policy: _Named) -> str:
    is_unnamed = isinstance(policy, ManagedPolicy) and not policy.name
    return policy.arn.rpartition("/")[2] if is_unnamed else policy.name


# ---------------------------------------------------------------- digests


def digest_policy_files(paths: Sequence[Path]) -> tuple[PolicyFile, ...]:
    """Every file that `read_snapshot` reads, by its given name, with the SHA-256 of its bytes.

    Raises:
        SnapshotError: a file is missing or can't be read.
    """
    found = []
    for file, _named in find_files(paths):
        with file_errors(f"read `{file}`", SnapshotError):
            found.append(PolicyFile(str(file), hash_file(file)))
    return tuple(found)
