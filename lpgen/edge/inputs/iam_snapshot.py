"""Reads authorization details of IAM into a `Snapshot`: principals with every policy that counts for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.model import (
    AttachedPolicy,
    Group,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    Snapshot,
    SnapshotProblem,
    SnapshotProblemKind,
)
from lpgen.core.policies.policy import policy_from_json
from lpgen.edge.inputs.contradictions import contradictions_of_file, contradictory_ids
from lpgen.edge.inputs.iam_pages import (
    HINT,
    GroupDetail,
    InlinePolicy,
    LastUsed,
    ManagedPolicy,
    Page,
    PolicyReference,
    PolicyVersion,
    RoleDetail,
    UserDetail,
    find_files,
    read_pages,
)
from lpgen.errors import PolicyError, SnapshotError, quote_input


def read_snapshot(paths: Sequence[Path]) -> Snapshot:
    """What the files and folders say of the principals of one or more accounts.

    A policy that can't be read, or that is attached and missing, leaves a document of None and a problem. In a searched
    folder a file that holds something else is a problem too.

    Raises:
        SnapshotError: a named file is missing or no authorization details, no file holds any, or they contradict
            themselves.
    """
    found: dict[str, Sequence[Page]] = {}
    problems: list[SnapshotProblem] = []
    for file, named in find_files(paths):
        try:
            found[str(file)] = read_pages(file)
        except SnapshotError as error:
            if named:
                raise
            problems.append(SnapshotProblem(SnapshotProblemKind.NOT_A_SNAPSHOT, str(file), error.message))
    if not found:
        reasons = "".join(f"; {problem.message}" for problem in problems[:3])
        raise SnapshotError(f"no file holds authorization details{reasons}", hint=HINT)
    _refuse_contradictions(found)
    return _Assembly(found, problems).snapshot()


def _refuse_contradictions(found: Mapping[str, Sequence[Page]]) -> None:
    for file, pages in found.items():
        for what in contradictions_of_file(pages):
            raise SnapshotError(f"{quote_input(file)} contradicts itself: {what}", hint=HINT)
    for what in contradictory_ids(page for pages in found.values() for page in pages):
        files = ", ".join(map(quote_input, sorted(found)))
        raise SnapshotError(f"the authorization details of {files} contradict each other: {what}", hint=HINT)


Detail = TypeVar("Detail", RoleDetail, UserDetail, GroupDetail, ManagedPolicy)


@dataclass(slots=True)
class _Assembly:
    """Puts the pages of all accounts together."""

    files: Mapping[str, Sequence[Page]]
    problems: list[SnapshotProblem]
    pages: tuple[Page, ...] = field(init=False)
    managed: dict[str, ManagedPolicy] = field(init=False)
    groups: dict[tuple[str, str], tuple[GroupDetail, tuple[AttachedPolicy, ...]]] = field(init=False)
    documents: dict[str, tuple[Policy | None, datetime | None]] = field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        """The whole snapshot."""
        self.pages = tuple(page for pages in self.files.values() for page in pages)
        self.problems.extend(_truncations(self.pages))
        self.managed = self._latest((policy for page in self.pages for policy in page.policies), _policy_age)
        found = self._latest((group for page in self.pages for group in page.group_detail_list), lambda _group: ())
        self.groups = {
            (split_arn(group.arn).account, group.group_name): (group, self._group_policies(group))
            for group in found.values()
        }
        roles = self._latest((role for page in self.pages for role in page.role_detail_list), _role_age)
        users = self._latest((user for page in self.pages for user in page.user_detail_list), _user_age)
        principals = [self._role(role) for role in roles.values()] + [self._user(user) for user in users.values()]
        return Snapshot(
            principals=tuple(sorted(principals, key=lambda principal: principal.arn)),
            groups=self._group_list(users.values()),
            problems=tuple(sorted(set(self.problems))),
            sources=tuple(sorted(self.files)),
        )

    def _latest(self, details: Iterable[Detail], age: Callable[[Detail], tuple[str, ...]]) -> dict[str, Detail]:
        """One detail per ARN, sorted. Where files disagree, the one that looks latest by its own dates counts."""
        found: dict[str, Detail] = {}
        for detail in details:
            other = found.setdefault(detail.arn, detail)
            if other != detail:
                self._report(
                    SnapshotProblemKind.DUPLICATE,
                    detail.arn,
                    f"{self._files_with(detail.arn)} disagree about it; the latest by its dates counts",
                )
                found[detail.arn] = max(other, detail, key=lambda one: (age(one), _canonical(one)))
        return dict(sorted(found.items()))

    def _files_with(self, arn: str) -> str:
        """The files that hold an ARN."""
        return ", ".join(
            quote_input(file)
            for file, pages in sorted(self.files.items())
            if any(one.arn == arn for page in pages for one in page.details)
        )

    def _report(self, kind: SnapshotProblemKind, place: str, message: str) -> None:
        self.problems.append(SnapshotProblem(kind, place, message))

    # ------------------------------------------------------------ principals

    def _role(self, role: RoleDetail) -> Principal:
        used = role.role_last_used or LastUsed()
        return Principal(
            arn=role.arn,
            principal_id=role.role_id,
            account=split_arn(role.arn).account,
            kind=PrincipalKind.ROLE,
            name=role.role_name,
            path=role.path,
            created=_time(role.create_date),
            last_used=_time(used.last_used_date),
            policies=self._policies(role.arn, role.role_policy_list, role.attached_managed_policies),
            boundary=self._boundary(role),
            trust=self._trust(role),
            groups=(),
            instance_profiles=tuple(sorted(profile.arn for profile in role.instance_profile_list)),
            tags=tuple(sorted((tag.key, tag.value) for tag in role.tags)),
            last_used_region=used.region or "",
        )

    def _user(self, user: UserDetail) -> Principal:
        groups = tuple(sorted(set(user.group_list)))
        own = self._policies(user.arn, user.user_policy_list, user.attached_managed_policies)
        return Principal(
            arn=user.arn,
            principal_id=user.user_id,
            account=split_arn(user.arn).account,
            kind=PrincipalKind.USER,
            name=user.user_name,
            path=user.path,
            created=_time(user.create_date),
            last_used=None,
            policies=own + tuple(policy for group in groups for policy in self._policies_of_group(user.arn, group)),
            boundary=self._boundary(user),
            trust=None,
            groups=groups,
            instance_profiles=(),
            tags=tuple(sorted((tag.key, tag.value) for tag in user.tags)),
        )

    def _trust(self, role: RoleDetail) -> Policy | None:
        if role.assume_role_policy_document is None:
            return None
        return self._read_document(role.assume_role_policy_document, f"{role.arn} trust policy", role.arn)

    def _boundary(self, principal: RoleDetail | UserDetail) -> AttachedPolicy | None:
        reference = principal.permissions_boundary
        if reference is None or not reference.permissions_boundary_arn:
            return None
        return self._attached(PolicyReference(reference.permissions_boundary_arn), principal.arn, "")

    # ------------------------------------------------------------ groups

    def _group_policies(self, group: GroupDetail) -> tuple[AttachedPolicy, ...]:
        return self._policies(
            group.arn, group.group_policy_list, group.attached_managed_policies, group=group.group_name
        )

    def _policies_of_group(self, user_arn: str, name: str) -> tuple[AttachedPolicy, ...]:
        known = self.groups.get((split_arn(user_arn).account, name))
        if known is not None:
            return known[1]
        self._report(SnapshotProblemKind.MISSING_GROUP, user_arn, f"its group {quote_input(name)} is not in the files")
        return (AttachedPolicy(PolicyKind.INLINE, f"policies of group {name}", "", name, None, None),)

    def _group_list(self, users: Iterable[UserDetail]) -> tuple[Group, ...]:
        members: dict[tuple[str, str], list[str]] = {}
        for user in users:
            for name in set(user.group_list):
                members.setdefault((split_arn(user.arn).account, name), []).append(user.arn)
        listed = [
            Group(detail.arn, key[0], detail.group_name, detail.path, policies, tuple(sorted(members.get(key, []))))
            for key, (detail, policies) in self.groups.items()
        ]
        return tuple(sorted(listed, key=lambda group: group.arn))

    # ------------------------------------------------------------ policies

    def _policies(
        self,
        owner: str,
        inline: Iterable[InlinePolicy],
        attached: Iterable[PolicyReference],
        *,
        group: str = "",
    ) -> tuple[AttachedPolicy, ...]:
        """The inline policies by name, then the attached ones by ARN."""
        own = sorted(inline, key=lambda policy: policy.policy_name)
        others = sorted(attached, key=lambda policy: policy.policy_arn)
        return (
            *(self._inline(policy, owner, group) for policy in own),
            *(self._attached(policy, owner, group) for policy in others),
        )

    def _inline(self, policy: InlinePolicy, owner: str, group: str) -> AttachedPolicy:
        place = f"{owner} inline policy {policy.policy_name}"
        document = self._read_document(policy.policy_document, place, owner)
        return AttachedPolicy(PolicyKind.INLINE, policy.policy_name, "", group, None, document)

    def _attached(self, reference: PolicyReference, owner: str, group: str) -> AttachedPolicy:
        arn = reference.policy_arn
        name = reference.policy_name or arn.rpartition("/")[2]
        kind = PolicyKind.AWS_MANAGED if split_arn(arn).account == "aws" else PolicyKind.CUSTOMER_MANAGED
        if arn not in self.managed:
            message = f"the attached policy {quote_input(arn)} is not in the files"
            self._report(SnapshotProblemKind.MISSING_POLICY, owner, message)
            return AttachedPolicy(kind, name, arn, group, None, None)
        if arn not in self.documents:
            self.documents[arn] = self._read_managed(self.managed[arn])
        document, created = self.documents[arn]
        return AttachedPolicy(kind, name, arn, group, created, document)

    def _read_managed(self, policy: ManagedPolicy) -> tuple[Policy | None, datetime | None]:
        version = _default_version(policy)
        if version is None:
            self._report(SnapshotProblemKind.MISSING_POLICY, policy.arn, "its default version is not in the files")
            return None, None
        return self._read_document(version.document, policy.arn, policy.arn), _time(version.create_date)

    def _read_document(self, document: Any, place: str, owner: str) -> Policy | None:
        try:
            if not isinstance(document, dict | str):
                raise PolicyError(f"policy {quote_input(place)}: the document is not a JSON object")
            return policy_from_json(document, place=place)
        except PolicyError as error:
            self._report(SnapshotProblemKind.MALFORMED_POLICY, owner, error.message)
            return None


def _default_version(policy: ManagedPolicy) -> PolicyVersion | None:
    """The version in force. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html"""
    for version in policy.policy_version_list:
        if version.is_default_version or (version.version_id and version.version_id == policy.default_version_id):
            return version
    return None


def _truncations(pages: Sequence[Page]) -> Iterator[SnapshotProblem]:
    """A problem for each account of which a page says that more follow, while none is the last."""
    continued = {account for page in pages if page.continues for account in _accounts(page)}
    ends = [_accounts(page) for page in pages if not page.continues]
    unended = sorted(continued.difference(*ends)) or ([] if ends else ["unknown account"])
    # A last page that holds AWS managed policies alone may end any one account.
    if len(unended) <= sum(not accounts for accounts in ends):
        return
    for account in unended:
        message = "a page says that more pages follow, and the last one is not in the files; principals may be missing"
        yield SnapshotProblem(SnapshotProblemKind.TRUNCATED, account, message)


def _accounts(page: Page) -> set[str]:
    """The accounts that a page shows: one, or none where it holds AWS managed policies alone."""
    return {split_arn(detail.arn).account for detail in page.details} - {"aws", ""}


def _time(written: str | float | None) -> datetime | None:
    """A time in UTC from ISO 8601 text or seconds since 1970, or None where it is neither."""
    try:
        if isinstance(written, str):
            moment = datetime.fromisoformat(written)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return None if written is None else datetime.fromtimestamp(written, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(written: str | float | None) -> str:
    moment = _time(written)
    return moment.isoformat() if moment else ""


def _policy_age(policy: ManagedPolicy) -> tuple[str, ...]:
    return (max((_iso(version.create_date) for version in policy.policy_version_list), default=""),)


def _role_age(role: RoleDetail) -> tuple[str, ...]:
    return _iso(role.create_date), _iso(role.role_last_used.last_used_date if role.role_last_used else None)


def _user_age(user: UserDetail) -> tuple[str, ...]:
    return (_iso(user.create_date),)


def _canonical(detail: msgspec.Struct) -> bytes:
    return msgspec.json.encode(detail, order="sorted")
