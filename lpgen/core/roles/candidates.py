"""Which principals could share a role: those of one kind, environment, trust, boundary and set of Denies."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.grants.aws_policies import without_left
from lpgen.core.analysis.grants.trust import trust_allows
from lpgen.core.arns import account_in_arn, is_account_id
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage, Suspected
from lpgen.core.findings import GENERATED_CLASSES, PrincipalDiff, Proposal
from lpgen.core.iam.policy import text_without_sid
from lpgen.core.identity_center import is_of_permission_set, permission_set_of
from lpgen.core.model import Effect, Principal, PrincipalKind
from lpgen.core.roles.model import MergeKind, UserKind
from lpgen.core.roles.needs import Need
from lpgen.core.tooling import tooling_of

_WORDS: Final = re.compile(r"[A-Za-z]+")
_ENVIRONMENTS: Final = {
    word: name
    for name, words in {
        "production": "prod production prd live",
        "staging": "staging stage stg preprod preproduction uat acceptance",
        "development": "dev develop development devel",
        "test": "test tests testing tst qa",
        "sandbox": "sandbox sbx playground",
        "demo": "demo",
    }.items()
    for word in words.split()
}
"""The environments that names, tags and accounts state, by word."""

_TAGS: Final = frozenset({"env", "environment", "stage"})
_MOST: Final = 60
"""The most candidates to compare with each other. Comparing more takes minutes."""

_EMERGENCY: Final = re.compile(r"break[-_. ]?glass|emergency|firefighter", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A principal with its review, its grants, its counted use, its need, and the part of it that shows its job."""

    proposal: Proposal
    grants: PrincipalGrants
    usage: PrincipalUsage
    need: Need
    used: Need

    @property
    def diff(self) -> PrincipalDiff:
        """The comparison of its grants with its use."""
        return self.proposal.diff

    @property
    def principal(self) -> Principal:
        """The principal."""
        return self.grants.principal

    @property
    def is_suspected(self) -> bool:
        """Whether some of its use may be an intruder's."""
        return any(use.suspected is not Suspected.NO and use.is_done for use in self.usage.uses)


def environments_in(text: str) -> frozenset[str]:
    """The environments that the words of a text name."""
    return frozenset(_ENVIRONMENTS[word] for word in _WORDS.findall(text.lower()) if word in _ENVIRONMENTS)


def environment_of(principal: Principal, accounts: Mapping[str, str]) -> frozenset[str]:
    """The environments that a principal's tags, path and name state, or else the name of its account.

    `accounts` are the names of accounts.
    """
    tags = [value for key, value in principal.tags if re.split("[:/]", key)[-1].lower() in _TAGS]
    stated = environments_in(" ".join((principal.path, principal.name, *tags)))
    return stated or frozenset(tag.lower() for tag in tags) or environments_in(accounts.get(principal.account, ""))


TrustKey = frozenset[tuple[str, str]]


def trust_kinds(role: Principal) -> TrustKey:
    """The kinds of principals that may assume a role: services by name, people, web identities by issuer, other
    accounts, the whole own account, and principals of it. A Deny counts as it is written."""
    allowed = {
        (statement.not_principal, *pair) for statement in trust_allows(role) for pair in statement.principals or ()
    }
    statements = role.trust.statements if role.trust else ()
    denied = {("deny", text_without_sid(found.text)) for found in statements if found.effect is Effect.DENY}
    return (
        frozenset(("not", name) if negated else _trust_kind(kind, name, role) for negated, kind, name in allowed)
        | denied
    )


def _trust_kind(kind: str, name: str, role: Principal) -> tuple[str, str]:
    if kind == "Federated":
        is_people = ":saml-provider/" in name
        return ("people", "") if is_people else ("web identity", name.rpartition(":oidc-provider/")[2])
    if kind != "AWS" or name == "*":
        return kind, name
    account = name if is_account_id(name) else account_in_arn(name)
    if account != role.account:
        return "another account", account or name
    return ("own account" if is_account_id(name) or name.endswith(":root") else "own principals"), ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Principals that could share a role if their needs are alike, sorted by ARN."""

    account: str
    kind: MergeKind
    environment: frozenset[str]
    members: tuple[Reviewed, ...]


_Key = tuple[object, ...]


def candidates_of(
    reviewed: Iterable[Reviewed], accounts: Mapping[str, str], user_kinds: Mapping[str, UserKind]
) -> list[Candidates]:
    """The groups of candidates in each account, with at least two members. A permission set with roles in several
    accounts is left out, because its roles have the needs of all."""
    groups: dict[_Key, list[Reviewed]] = defaultdict(list)
    reviewed = tuple(reviewed)
    sets = Counter(permission_set_of(one.principal.arn) for one in reviewed)
    for one in reviewed:
        kind, of = _kind_of(one.principal, user_kinds), permission_set_of(one.principal.arn)
        if kind is not None and (of is None or sets[of] == 1) and _may_share(one):
            groups[one.principal.account, kind, *_alike(one, accounts)].append(one)
    return _groups(groups)


def namesakes_of(reviewed: Iterable[Reviewed], accounts: Mapping[str, str]) -> list[Candidates]:
    """The groups of roles with the same path and name in several accounts."""
    groups: dict[_Key, list[Reviewed]] = defaultdict(list)
    for one in reviewed:
        role = one.principal
        if role.kind is PrincipalKind.ROLE and not is_of_permission_set(role) and _may_share(one):
            environment, trust, boundary, denies = _alike(one, accounts)
            name = boundary.rpartition("/")[2] if isinstance(boundary, str) else ""
            groups["", MergeKind.ROLE, environment, trust, name, denies, role.path, role.name].append(one)
    return _groups(groups)


def _groups(groups: Mapping[_Key, Sequence[Reviewed]]) -> list[Candidates]:
    found = []
    for (account, kind, environment, *_), members in groups.items():
        assert isinstance(account, str)
        assert isinstance(kind, MergeKind)
        assert isinstance(environment, frozenset)
        if len(members) > 1:
            # The candidates with the same actions are next to each other.
            ordered = sorted(members, key=lambda one: (sorted({pair.action for pair in one.used}), one.principal.arn))
            for start in range(0, len(ordered), _MOST):
                some = sorted(ordered[start : start + _MOST], key=lambda one: one.principal.arn)
                found.append(Candidates(account, kind, environment, tuple(some)))
    return sorted(found, key=lambda group: (group.account, group.kind, group.members[0].principal.arn))


def _kind_of(principal: Principal, user_kinds: Mapping[str, UserKind]) -> MergeKind | None:
    if principal.kind is PrincipalKind.USER:
        known = {UserKind.PERSON: MergeKind.PERSON, UserKind.WORKLOAD: MergeKind.WORKLOAD}
        return known.get(user_kinds.get(principal.arn, UserKind.UNKNOWN))
    return MergeKind.PERMISSION_SET if is_of_permission_set(principal) else MergeKind.ROLE


def _may_share(one: Reviewed) -> bool:
    """Whether a principal has a need that a shared policy could cover, and none of the reasons to be left alone."""
    principal, replacement = one.principal, one.proposal.replacement
    return (
        one.diff.principal_class in GENERATED_CLASSES
        and replacement is not None
        and replacement.refused_for is None
        and bool(one.used)
        and not one.grants.missing
        and not one.is_suspected
        and not any(line.suspected for line in one.diff.draft.lines)
        and not _EMERGENCY.search(principal.name)
        and not any(tooling_of(principal))
    )


def _alike(one: Reviewed, accounts: Mapping[str, str]) -> _Key:
    """What all members have in common: environment, kinds of trust, boundary, and Denies that replacements copy."""
    role = one.principal
    boundary = (role.boundary.arn or role.boundary.name) if role.boundary else ""
    denies = frozenset(
        text_without_sid(deny.statement.text) for deny in without_left(one.grants, one.diff.draft.left).denies
    )
    return environment_of(role, accounts), trust_kinds(role), boundary, denies
