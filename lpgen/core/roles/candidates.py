"""Which principals could share a role: those of one kind, environment, tenant, trust, boundary and set of Denies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Generic, Protocol, TypeVar

from lpgen.core.analysis.grants.aws_policies import without_left
from lpgen.core.analysis.grants.trust import trust_allows, trusted_kinds
from lpgen.core.arns import split_arn
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage, Suspected
from lpgen.core.findings import GENERATED_CLASSES, PrincipalDiff, Proposal
from lpgen.core.iam.policy import text_without_sid
from lpgen.core.iam.principals import PrincipalForm, principal_from_text
from lpgen.core.identity_center import is_of_permission_set, permission_set_of
from lpgen.core.model import Effect, Principal, PrincipalKind
from lpgen.core.principal_names import words_of_name
from lpgen.core.roles.model import MergeKind, UserKind
from lpgen.core.roles.needs import Need, need_of, used_part
from lpgen.core.tooling import tooling_of

_ENVIRONMENTS: Final = {
    word: name
    for name, words in {
        "production": "prod production prd live",
        "non-production": "nonprod nonproduction",
        "staging": "staging stage stg preprod preproduction",
        "acceptance": "uat acceptance",
        "development": "dev develop development devel",
        "test": "test tests testing tst qa",
        "sandbox": "sandbox sbx playground",
        "demo": "demo",
    }.items()
    for word in words.split()
}
"""The environments that names, tags and accounts state, by word."""

_PREFIX: Final = re.compile(r"\b(pre|non) ")
_TAGS: Final = frozenset({"env", "environment", "stage"})
_TENANT_TAGS: Final = frozenset({"tenant", "customer", "client"})
_MOST: Final = 60
"""The most candidates to compare with each other. Comparing more takes minutes."""

_WHOLE: Final = PrincipalForm.ROOT
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


def reviewed_from(proposal: Proposal, grants: PrincipalGrants, usage: PrincipalUsage) -> Reviewed:
    """A principal with its need."""
    return Reviewed(proposal, grants, usage, need_of(proposal.diff, grants), used_part(proposal.diff, grants))


def environments_in(text: str) -> frozenset[str]:
    """The environments that the words of a text name. `pre-prod` counts as one word."""
    words = _PREFIX.sub(r"\1", " ".join(words_of_name(text))).split()
    return frozenset(_ENVIRONMENTS[word] for word in words if word in _ENVIRONMENTS)


def environment_of(principal: Principal, accounts: Mapping[str, str]) -> frozenset[str]:
    """The environments that a principal's tags, path and name state, or else the name of its account. `production-1`
    and `production-2` are two environments in tags, but may be copies in names.

    `accounts` are the names of accounts.
    """
    tags = [value for key, value in principal.tags if not _TAGS.isdisjoint(words_of_name(key))]
    stated = environments_in(" ".join((principal.path, principal.name, *tags)))
    numbers = frozenset(word for tag in tags for word in words_of_name(tag) if word.isdecimal())
    if stated:
        return stated | numbers
    return frozenset(tag.lower() for tag in tags) or environments_in(accounts.get(principal.account, ""))


def trust_of(principal: Principal) -> frozenset[object]:
    """The kinds of principals that may assume a role: services, web identities by provider, people, and, of AWS
    accounts, whether it is another account and whether it is a whole account."""
    named = {
        name for statement in trust_allows(principal) for kind, name in statement.principals or () if kind == "AWS"
    }
    parsed = map(principal_from_text, named)
    accounts = {(one.account == principal.account or one.account or one.text, one.form is _WHOLE) for one in parsed}
    return trusted_kinds(principal) | accounts


@dataclass(frozen=True, slots=True)
class Likeness:
    """What principals have in common that could share a role. Either `account` or `name` is "": roles with one path and
    name may share one in several accounts."""

    account: str
    name: str
    kind: MergeKind
    environment: frozenset[str]
    tenants: frozenset[str]
    trust: frozenset[object]
    boundary: str
    denies: frozenset[str]

    def across_accounts(self, arn: str) -> Likeness:
        """The same for roles in several accounts with the path and name of an ARN."""
        return replace(self, account="", name=split_arn(arn).name)


class Member(Protocol):
    """What a comparison of principals needs of each: its need, and the part of it that shows its job."""

    @property
    def principal(self) -> Principal: ...
    @property
    def need(self) -> Need: ...
    @property
    def used(self) -> Need: ...


M = TypeVar("M", bound=Member)


@dataclass(frozen=True, slots=True)
class Candidates(Generic[M]):
    """Principals that could share a role if their needs are alike, sorted by ARN."""

    alike: Likeness
    members: tuple[M, ...]


def sets_in_several_accounts(principals: Iterable[Principal]) -> frozenset[object]:
    """The permission sets with roles in several accounts. These roles have the needs of all, so they share nothing."""
    sets = Counter(permission_set_of(one.arn) for one in principals)
    return frozenset(of for of, number in sets.items() if number > 1) - {None}


def likeness_of(
    one: Reviewed, accounts: Mapping[str, str], user_kinds: Mapping[str, UserKind], several: Collection[object]
) -> Likeness | None:
    """What others of its account must have in common with a principal to share a role; None if it can't share one.

    `accounts` are the names of accounts, `several` are the permission sets with roles in several accounts.
    """
    principal, boundary = one.principal, one.principal.boundary
    kind = _kind_of(principal, user_kinds)
    if not kind or permission_set_of(principal.arn) in several or not _may_share(one):
        return None
    denies = without_left(one.grants, one.diff.draft.left).denies
    return Likeness(
        principal.account,
        "",
        kind,
        environment_of(principal, accounts),
        frozenset(value for key, value in principal.tags if not _TENANT_TAGS.isdisjoint(words_of_name(key))),
        trust_of(principal),
        (boundary.arn or boundary.name).replace(principal.account, "") if boundary else "",
        frozenset(text_without_sid(deny.statement.text) for deny in denies),
    )


def candidates_of(alike: Likeness, members: Collection[M]) -> list[Candidates[M]]:
    """The groups to compare, of principals with this in common: none of a single principal."""
    # The candidates with the same actions are next to each other.
    ordered = sorted(members, key=lambda one: (sorted({pair.action for pair in one.used}), one.principal.arn))
    found = [ordered[start : start + _MOST] for start in range(0, len(ordered), _MOST)]
    groups = [Candidates(alike, tuple(sorted(some, key=lambda one: one.principal.arn))) for some in found]
    return groups if len(ordered) > 1 else []


def _kind_of(principal: Principal, user_kinds: Mapping[str, UserKind]) -> MergeKind | None:
    if principal.kind is PrincipalKind.ROLE:
        return "permission-set" if is_of_permission_set(principal) else "role"
    kind = user_kinds.get(principal.arn)
    return kind if kind == "person" or kind == "workload" else None


def has_job(one: Reviewed) -> bool:
    """Whether a principal has a replacement and a job of its own: no suspected use, and nothing of AWS's tooling."""
    replacement = one.proposal.replacement
    return (
        one.diff.principal_class in GENERATED_CLASSES
        and replacement is not None
        and replacement.refused_for is None
        and bool(one.used)
        and not one.grants.missing
        and not one.is_suspected
        and not any(line.suspected for line in one.diff.draft.lines)
        and not any(tooling_of(one.principal))
    )


def _may_share(one: Reviewed) -> bool:
    """Whether a principal has a need that a shared policy could cover, and none of the reasons to be left alone."""
    principal = one.principal
    trust = principal.trust.statements if principal.trust else ()
    return (
        has_job(one)
        and not _EMERGENCY.search(principal.name)
        # What a Deny or NotPrincipal leaves out depends on all statements, so their union means something else.
        and all(found.effect is Effect.ALLOW and not found.not_principal for found in trust)
    )
