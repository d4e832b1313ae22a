"""Policies, groups, instance profiles and roles that nobody uses, whatever the logs show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.grants.trust import trust_allows
from lpgen.core.arns import account_in_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.principals import PrincipalForm, RequestPrincipal, principal_from_text
from lpgen.core.model import Group, Principal
from lpgen.core.roles.model import Leftover, LeftoverKind

_IDS: Final = ("AROA", "AIDA")
_FORMS: Final = (PrincipalForm.USER, PrincipalForm.ROLE, PrincipalForm.ROLE_SESSION)


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
    holders = (*(one.policies for one in found.principals), *(group.policies for group in found.groups))
    attached = {policy.arn for policies in holders for policy in policies}
    attached |= {one.boundary.arn for one in found.principals if one.boundary}
    existing = {_identity(principal_from_text(one.arn)) for one in found.principals}
    arns: Mapping[LeftoverKind, list[str]] = {
        LeftoverKind.UNATTACHED_POLICY: [arn for arn in found.policies if arn not in attached],
        LeftoverKind.EMPTY_GROUP: [group.arn for group in found.groups if not group.members],
        LeftoverKind.GROUP_WITHOUT_POLICIES: [group.arn for group in found.groups if not group.policies],
        LeftoverKind.EMPTY_INSTANCE_PROFILE: [arn for arn, roles in found.profiles.items() if not roles],
        LeftoverKind.UNASSUMABLE_ROLE: [one.arn for one in found.principals if _is_unassumable(one, existing, found)],
    }
    return tuple(
        Leftover(kind=kind, arn=arn, text=kind.text)
        for kind in LeftoverKind
        for arn in sorted(arns[kind])
        if account_in_arn(arn) in found.complete
    )


def _is_unassumable(role: Principal, existing: Collection[object], found: AccountInventory) -> bool:
    """Whether no principal in a trust policy exists. IAM replaces the ARN of a deleted one by its id.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    allows = tuple(trust_allows(role))
    named = {pair for statement in allows for pair in statement.principals or ()}
    is_plain = not role.is_service_linked and not any(statement.not_principal for statement in allows)
    return bool(named) and is_plain and all(_is_gone(kind, name, existing, found) for kind, name in named)


def _is_gone(kind: str, name: str, existing: Collection[object], found: AccountInventory) -> bool:
    if kind == "Federated":
        return ":iam::" in name and found.lacks_provider(name)
    principal = principal_from_text(name)
    is_known = principal.form in _FORMS and principal.account in found.complete and not has_wildcard(name)
    return kind == "AWS" and (name.startswith(_IDS) or (is_known and _identity(principal) not in existing))


def _identity(found: RequestPrincipal) -> object:
    """The account, kind and name of a principal. Paths don't matter, because names are unique without them."""
    return found.account, found.form is PrincipalForm.USER, found.name
