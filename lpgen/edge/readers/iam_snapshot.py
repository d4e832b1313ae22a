"""Reads IAM's authorization details into principals with all policies that apply to them."""

from __future__ import annotations

import heapq
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from lpgen.core.arns import split_arn
from lpgen.core.iam.policy import policy_from_json
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
from lpgen.edge.readers.detail_shelf import DetailShelf, SealedDetails
from lpgen.edge.readers.iam_pages import (
    HINT,
    DetailsPage,
    GroupDetail,
    InlinePolicy,
    LastUsed,
    ManagedPolicy,
    PolicyReference,
    PolicyVersion,
    RoleDetail,
    UserDetail,
    contradictions_of_file,
    contradictory_ids,
    find_files,
    ids_of_pages,
    read_pages,
    time_from_iam,
)
from lpgen.errors import PolicyError, SnapshotError, quote_input


def read_snapshot(paths: Sequence[Path], *, all_versions: bool = False) -> Snapshot:
    """The principals of one or more accounts, from the files and folders.

    With `all_versions`, customer managed policies have all their versions.

    If a policy can't be read, or is attached but missing, its document is None and there is a problem. In a searched
    folder, a file with other content is a problem too.

    Raises:
        SnapshotError: a named file is missing or has other content, no file has authorization details, or they
            contradict themselves.
    """
    store = open_snapshot(paths, all_versions=all_versions)
    principals, groups = tuple(map(store.read, store.arns())), store.groups()
    return Snapshot(principals, groups, store.problems, store.sources)


def open_snapshot(paths: Sequence[Path], *, all_versions: bool = False) -> SnapshotStore:
    """The principals as a store, which reads each of them from a temporary file on request.

    Raises:
        SnapshotError: as for `read_snapshot`.
        OSError: the temporary folder is full; `TMPDIR` names another.
    """
    store = SnapshotStore(all_versions=all_versions)
    contradictions: list[str] = []
    ids: list[tuple[str, str]] = []
    for file, named in find_files(paths):
        try:
            pages = read_pages(file)
        except SnapshotError as error:
            if named:
                raise
            store.report(SnapshotProblemKind.NOT_A_SNAPSHOT, str(file), error.message)
            continue
        store.add(str(file), pages)
        contradictions += [
            f"{quote_input(str(file))} contradicts itself: {contradiction}"
            for contradiction in contradictions_of_file(pages)
        ]
        ids += ids_of_pages(pages)
    if not store.sources:
        reasons = "".join(f"; {problem.message}" for problem in store.problems[:3])
        raise SnapshotError(f"no file holds authorization details{reasons}", hint=HINT)
    files = ", ".join(map(quote_input, store.sources))
    among = (
        f"the authorization details of {files} contradict each other: {principal_id}"
        for principal_id in contradictory_ids(ids)
    )
    for contradiction in (*contradictions, *among):
        raise SnapshotError(contradiction, hint=HINT)
    store.seal()
    return store


_MOST_DOCUMENTS: Final = 256
"""How many managed policies to cache. Most principals share a few."""


class SnapshotStore:
    """The principals of all accounts. Each is built from its details on request."""

    def __init__(self, *, all_versions: bool = False) -> None:
        self._all_versions = all_versions
        self._pages: dict[str, list[tuple[bool, frozenset[str]]]] = {}
        self._problems: set[SnapshotProblem] = set()
        self._roles = DetailShelf(RoleDetail, _role_age)
        self._users = DetailShelf(UserDetail, _user_age)
        self._group_details = DetailShelf(GroupDetail, lambda _group: ())
        self._managed = DetailShelf(ManagedPolicy, _policy_age)
        self._documents: dict[str, tuple[datetime | None, Policy | None, str, tuple[Policy, ...]]] = {}

    @property
    def sources(self) -> tuple[str, ...]:
        """The source files, sorted."""
        return tuple(sorted(self._pages))

    @property
    def problems(self) -> tuple[SnapshotProblem, ...]:
        """The problems found so far in the files."""
        return tuple(sorted(self._problems))

    def add(self, file: str, pages: Iterable[DetailsPage]) -> None:
        """Adds the pages of a file."""
        ends = self._pages.setdefault(file, [])
        for page in pages:
            ends.append((page.continues, _accounts(page)))
            self._roles.add(page.role_detail_list, file)
            self._users.add(page.user_detail_list, file)
            self._group_details.add(page.group_detail_list, file)
            self._managed.add(page.policies, file)

    def seal(self) -> None:
        """Ends the adding, and reports missing pages, disagreements between files, and problems in groups."""
        self._problems.update(_truncations([end for ends in self._pages.values() for end in ends]))
        for shelf in (self._managed, self._group_details, self._roles, self._users):
            shelf.seal()
            for arn, files in shelf.disputed():
                names = ", ".join(map(quote_input, sorted(files)))
                why = f"{names} disagree about it; the latest one by its dates counts"
                self.report(SnapshotProblemKind.DUPLICATE, arn, why)
        for group in map(self._group_details.read, self._group_details):
            self._policies(group, group=group.name)

    def report(self, kind: SnapshotProblemKind, place: str, message: str) -> None:
        """Adds a problem if it is new."""
        self._problems.add(SnapshotProblem(kind, place, message))

    # ------------------------------------------------------------ principals

    def arns(self) -> Iterator[str]:
        """The ARNs of the principals, sorted."""
        return heapq.merge(self._roles, self._users)

    def read(self, arn: str) -> Principal:
        """A principal with all policies that apply to it. Reports their problems."""
        return self._role(self._roles.read(arn)) if arn in self._roles else self._user(self._users.read(arn))

    def outlines(self) -> tuple[Principal, ...]:
        """All principals, sorted by ARN, without policies, boundaries and tags. Reports problems as `read` does."""
        trusts: dict[Policy | None, Policy | None] = {}
        return tuple(
            replace(
                principal,
                account=sys.intern(principal.account),
                path=sys.intern(principal.path),
                policies=(),
                boundary=None,
                trust=trusts.setdefault(principal.trust, principal.trust),
                tags=(),
            )
            for principal in map(self.read, self.arns())
        )

    def _role(self, role: RoleDetail) -> Principal:
        used = role.role_last_used or LastUsed()
        return replace(
            self._principal(PrincipalKind.ROLE, role),
            last_used=time_from_iam(used.last_used_date),
            trust=self._trust(role),
            instance_profiles=tuple(sorted(profile.arn for profile in role.instance_profile_list)),
            last_used_region=used.region or "",
        )

    def _user(self, user: UserDetail) -> Principal:
        own, groups = self._principal(PrincipalKind.USER, user), tuple(sorted(set(user.group_list)))
        of_groups = (policy for group in groups for policy in self._policies_of_group(user.arn, group))
        return replace(own, policies=(*own.policies, *of_groups), groups=groups)

    def _principal(self, kind: PrincipalKind, detail: RoleDetail | UserDetail) -> Principal:
        """The shared part of roles and users."""
        return Principal(
            arn=detail.arn,
            principal_id=detail.unique_id,
            account=split_arn(detail.arn).account,
            kind=kind,
            name=detail.name,
            path=detail.path,
            created=time_from_iam(detail.create_date),
            policies=self._policies(detail),
            boundary=self._boundary(detail),
            tags=tuple(sorted((tag.key, tag.value) for tag in detail.tags)),
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

    def shelves(self) -> tuple[DetailShelf[Any], ...]:
        """The details of roles, users, groups and managed policies."""
        return self._roles, self._users, self._group_details, self._managed

    # ------------------------------------------------------------ groups

    def groups(self) -> tuple[Group, ...]:
        """The groups with their members, sorted by ARN."""
        members: dict[str, list[str]] = defaultdict(list)
        for user in map(self._users.read, self._users):
            for name in set(user.group_list):
                members[self._group_arns.get((split_arn(user.arn).account, name), "")].append(user.arn)
        details = map(self._group_details.read, sorted(self._group_arns.values()))
        return tuple(
            Group(
                detail.arn,
                split_arn(detail.arn).account,
                detail.name,
                detail.path,
                self._policies(detail, group=detail.name),
                tuple(sorted(members[detail.arn])),
            )
            for detail in details
        )

    @cached_property
    def _group_arns(self) -> dict[tuple[str, str], str]:
        found = map(self._group_details.read, self._group_details)
        return {(split_arn(detail.arn).account, detail.name): detail.arn for detail in found}

    def _policies_of_group(self, user_arn: str, name: str) -> tuple[AttachedPolicy, ...]:
        arn = self._group_arns.get((split_arn(user_arn).account, name))
        if arn is not None:
            return self._policies(self._group_details.read(arn), group=name)
        self.report(SnapshotProblemKind.MISSING_GROUP, user_arn, f"its group {quote_input(name)} is not in the files")
        return (AttachedPolicy(PolicyKind.INLINE, f"policies of group {name}", "", name, None, None),)

    # ------------------------------------------------------------ policies

    def customer_policies(self) -> tuple[str, ...]:
        """The ARNs of the customer managed policies, sorted."""
        return tuple(arn for arn in self._managed if split_arn(arn).account != "aws")

    def _policies(self, owner: RoleDetail | UserDetail | GroupDetail, group: str = "") -> tuple[AttachedPolicy, ...]:
        """The inline policies by name, then the attached ones by ARN."""
        own = sorted(owner.inline_policies, key=lambda policy: policy.policy_name)
        others = sorted(owner.attached_managed_policies, key=lambda policy: policy.policy_arn)
        return (
            *(self._inline(policy, owner.arn, group) for policy in own),
            *(self._attached(policy, owner.arn, group) for policy in others),
        )

    def _inline(self, policy: InlinePolicy, owner: str, group: str) -> AttachedPolicy:
        place = f"{owner} inline policy {policy.policy_name}"
        document = self._read_document(policy.policy_document, place, owner)
        return AttachedPolicy(PolicyKind.INLINE, policy.policy_name, "", group, None, document)

    def _attached(self, reference: PolicyReference, owner: str, group: str) -> AttachedPolicy:
        arn = reference.policy_arn
        name = reference.policy_name or arn.rpartition("/")[2]
        kind = PolicyKind.AWS_MANAGED if split_arn(arn).account == "aws" else PolicyKind.CUSTOMER_MANAGED
        if arn not in self._managed:
            message = f"the attached policy {quote_input(arn)} is not in the files"
            self.report(SnapshotProblemKind.MISSING_POLICY, owner, message)
            return AttachedPolicy(kind, name, arn, group, None, None)
        if arn not in self._documents:
            if len(self._documents) >= _MOST_DOCUMENTS:
                del self._documents[next(iter(self._documents))]
            self._documents[arn] = self._read_managed(self._managed.read(arn))
        return AttachedPolicy(kind, name, arn, group, *self._documents[arn])

    def _read_managed(self, policy: ManagedPolicy) -> tuple[datetime | None, Policy | None, str, tuple[Policy, ...]]:
        """The date, document and id of the default version, and the other versions if they are asked for."""
        version = _default_version(policy)
        if version is None:
            self.report(SnapshotProblemKind.MISSING_POLICY, policy.arn, "its default version is not in the files")
            return None, None, "", ()
        document = self._read_document(version.document, policy.arn, policy.arn)
        own = split_arn(policy.arn).account != "aws"
        rest = policy.policy_version_list if own and self._all_versions else ()
        others = (_readable(other.document) for other in rest if other is not version)
        name = version.version_id or policy.default_version_id
        return time_from_iam(version.create_date), document, name, tuple(filter(None, others))

    def _read_document(self, document: Any, place: str, owner: str) -> Policy | None:
        try:
            if not isinstance(document, dict | str):
                raise PolicyError(f"policy {quote_input(place)}: the document is not a JSON object")
            return policy_from_json(document, place=place)
        except PolicyError as error:
            self.report(SnapshotProblemKind.MALFORMED_POLICY, owner, error.message)
            return None


def _readable(document: Any) -> Policy | None:
    """A document that isn't the current version, or None if it isn't readable, which is no problem then."""
    try:
        return policy_from_json(document, place="") if isinstance(document, dict | str) else None
    except PolicyError:
        return None


def _default_version(policy: ManagedPolicy) -> PolicyVersion | None:
    """The default version. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html"""
    for version in policy.policy_version_list:
        if version.is_default_version or (version.version_id and version.version_id == policy.default_version_id):
            return version
    return None


def _truncations(pages: Sequence[tuple[bool, frozenset[str]]]) -> Iterator[SnapshotProblem]:
    """A problem for each account with a page that isn't the last, but without a last page.

    Each page is given as whether another one follows, and its accounts.
    """
    continued = {account for continues, accounts in pages if continues for account in accounts}
    ends = [accounts for continues, accounts in pages if not continues]
    unended = sorted(continued.difference(*ends)) or ([] if ends else ["unknown account"])
    # A last page that holds only AWS managed policies may end any one account.
    if len(unended) <= sum(not accounts for accounts in ends):
        return
    for account in unended:
        message = "a page says that more pages follow, and the last one is not in the files; principals may be missing"
        yield SnapshotProblem(SnapshotProblemKind.TRUNCATED, account, message)


def _accounts(page: DetailsPage) -> frozenset[str]:
    """The account that a page shows, or none if it holds only AWS managed policies."""
    return frozenset(split_arn(detail.arn).account for detail in page.details) - {"aws", ""}


def _iso(written: str | float | None) -> str:
    moment = time_from_iam(written)
    return moment.isoformat() if moment else ""


def _policy_age(policy: ManagedPolicy) -> tuple[str, ...]:
    return (max((_iso(version.create_date) for version in policy.policy_version_list), default=""),)


def _role_age(role: RoleDetail) -> tuple[str, ...]:
    return _iso(role.create_date), _iso(role.role_last_used.last_used_date if role.role_last_used else None)


def _user_age(user: UserDetail) -> tuple[str, ...]:
    return (_iso(user.create_date),)


@dataclass(frozen=True, slots=True)
class OutlinedPolicies:
    """Principals without their policies, sorted by ARN, the problems and sources of their files, and the details of
    roles, users, groups and managed policies."""

    outlines: tuple[Principal, ...]
    problems: tuple[SnapshotProblem, ...]
    sources: tuple[str, ...]
    details: tuple[SealedDetails, ...]

    def store(self) -> SnapshotStore:
        """The store that reads each principal from its details."""
        found = SnapshotStore()
        for shelf, sealed in zip(found.shelves(), self.details, strict=True):
            shelf.sealed = sealed
        return found


def outline_policies(paths: Sequence[Path]) -> OutlinedPolicies:
    """The policies of one or more accounts, from the files and folders. None without any paths.

    Raises:
        SnapshotError: as for `read_snapshot`.
        OSError: the temporary folder is full; `TMPDIR` names another.
    """
    store = open_snapshot(paths) if paths else SnapshotStore()
    outlines = store.outlines()
    return OutlinedPolicies(outlines, store.problems, store.sources, tuple(shelf.sealed for shelf in store.shelves()))
