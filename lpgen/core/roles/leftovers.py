"""Policies, groups, instance profiles and roles that nobody uses, whatever the logs show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.grants.trust import trust_allows
from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Group, Principal, PrincipalKind
from lpgen.core.roles.model import Leftover, LeftoverKind

_TEXTS: Final = {
    LeftoverKind.UNATTACHED_POLICY: "no role, user or group has it, and it is nobody's boundary",
    LeftoverKind.EMPTY_GROUP: "no user is a member",
    LeftoverKind.GROUP_WITHOUT_POLICIES: "it gives its members nothing",
    LeftoverKind.EMPTY_INSTANCE_PROFILE: "it has no role",
    LeftoverKind.UNASSUMABLE_ROLE: "no principal in its trust policy exists: {names}",
}
_IDS: Final = ("AROA", "AIDA")
_SESSION: Final = ":assumed-role/"
_OF_IAM: Final = (":role/", ":user/", _SESSION)


@dataclass(frozen=True, slots=True)
class AccountInventory:
    """What the policy files hold: principals, groups, customer managed policies, and the roles of instance profiles.

    `complete` are the accounts that the files give completely. `lacks_provider` says whether an identity provider is
    known not to exist.
    """

    principals: tuple[Principal, ...]
    groups: tuple[Group, ...]
    policies: tuple[str, ...]
    profiles: Mapping[str, tuple[str, ...]]
    complete: frozenset[str]
    lacks_provider: Callable[[str], bool]


def leftovers_of(found: AccountInventory) -> tuple[Leftover, ...]:
    """What nobody uses, sorted by kind and ARN. Accounts that the files don't give completely have none."""
    leftovers = (one for one in _leftovers(found) if account_in_arn(one.arn) in found.complete)
    return tuple(sorted(leftovers, key=lambda one: (list(LeftoverKind).index(one.kind), one.arn)))


def _leftovers(found: AccountInventory) -> Iterator[Leftover]:
    holders = (*(one.policies for one in found.principals), *(group.policies for group in found.groups))
    attached = {policy.arn for policies in holders for policy in policies}
    attached |= {one.boundary.arn for one in found.principals if one.boundary}
    yield from (_leftover(LeftoverKind.UNATTACHED_POLICY, arn) for arn in found.policies if arn not in attached)
    yield from (_leftover(LeftoverKind.EMPTY_GROUP, group.arn) for group in found.groups if not group.members)
    bare = (group.arn for group in found.groups if not group.policies)
    yield from (_leftover(LeftoverKind.GROUP_WITHOUT_POLICIES, arn) for arn in bare)
    empty = (arn for arn, roles in found.profiles.items() if not roles)
    yield from (_leftover(LeftoverKind.EMPTY_INSTANCE_PROFILE, arn) for arn in empty)
    existing = {_unpathed(one.arn) for one in found.principals}
    for role in found.principals:
        named = {pair for statement in trust_allows(role) for pair in statement.principals or ()}
        is_plain = all(not statement.not_principal for statement in trust_allows(role))
        is_own = role.kind is PrincipalKind.ROLE and not role.is_service_linked
        if is_own and named and is_plain and all(_is_gone(kind, name, existing, found) for kind, name in named):
            yield _leftover(LeftoverKind.UNASSUMABLE_ROLE, role.arn, (name for _, name in named))


def _leftover(kind: LeftoverKind, arn: str, names: Iterable[str] = ()) -> Leftover:
    return Leftover(kind=kind, arn=arn, text=_TEXTS[kind].format(names=", ".join(sorted(names))))


def _is_gone(kind: str, name: str, existing: set[tuple[str, str, str]], found: AccountInventory) -> bool:
    """Whether a principal in a trust policy doesn't exist. IAM replaces the ARN of a deleted one by its id.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    if kind == "Federated":
        return ":iam::" in name and found.lacks_provider(name)
    if kind != "AWS" or has_wildcard(name):
        return False
    is_of_iam = any(part in name for part in _OF_IAM) and account_in_arn(name) in found.complete
    return name.startswith(_IDS) or (is_of_iam and _unpathed(name) not in existing)


def _unpathed(arn: str) -> tuple[str, str, str]:
    """The account, kind and name of a principal. Paths don't matter, because names are unique without them."""
    account, name = split_arn(arn).account, split_arn(arn).name
    kind, _, rest = name.partition("/")
    is_session = kind == "assumed-role"
    return account, "role" if is_session else kind, (rest.partition("/")[0] if is_session else rest.rpartition("/")[2])
