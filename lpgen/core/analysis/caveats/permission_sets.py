"""Caveats about the roles of one permission set in several accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.choices import Severity
from lpgen.core.model import Principal
from lpgen.core.registry.row import MOST_NAMED, Caveat, CaveatKind, Remedy, Row

_PERMISSION_SETS: Final = "https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html"

_MANY_ACCOUNTS: Final = "accounts {named} and {others} more"


def accounts_text(accounts: Sequence[str]) -> str:
    """The accounts in words, a few by name."""
    if len(accounts) == 1:
        return f"account {accounts[0]}"
    if len(accounts) > MOST_NAMED:
        return _MANY_ACCOUNTS.format(named=", ".join(accounts[:MOST_NAMED]), others=len(accounts) - MOST_NAMED)
    return f"accounts {', '.join(accounts[:-1])} and {accounts[-1]}"


def _uneven_permission_set_message(*, groups: Sequence[Sequence[str]], **_: object) -> str:
    """The accounts in which the roles of a permission set differ."""
    return (
        f"the roles of its permission set have different policies in {' and in '.join(map(accounts_text, groups))}, so"
        " no single replacement is proven for all of them"
    )


def _unlisted_role_message(*, accounts: Sequence[str], **_: object) -> str:
    """The accounts in which a permission set has roles without known policies."""
    return (
        f"the logs show that its permission set also has a role in {accounts_text(accounts)}, and the policies of that"
        " role weren't given, so the replacement may lack permissions that it needs"
    )


def _other_account_message(*, accounts: Sequence[str], first: str, others: int, **_: object) -> str:
    """The caveats of the roles of a permission set in other accounts."""
    more = f" (and {others} more of this kind)" if others else ""
    return f"its permission set also has a role in {accounts_text(accounts)}: {first}{more}"


class PermissionSetCaveat(CaveatKind):
    """Reasons why a change of the permission set isn't safe."""

    PERMISSION_SET = Row(
        "permission_set",
        "The roles of a permission set differ, or the policies of some weren't given.",
        parameters={"case": str, "groups": tuple, "accounts": tuple},
        message={"uneven-permission-set": _uneven_permission_set_message, "unlisted-role": _unlisted_role_message},
        step={
            "uneven-permission-set": "provision the permission set into all its accounts, then take a new snapshot;"
            " if a customer managed policy differs on purpose, change it in its own account",
            "unlisted-role": "add the policies of these accounts, for example with a snapshot of all of them",
        },
        item="{case}",
        remedy=Remedy.SNAPSHOT,
        help="A permission set changes its roles in all accounts, so a replacement must be proven for all of them.",
        to_do="provision the set into all its accounts and take a new snapshot of all of them.",
        source=_PERMISSION_SETS,
    )
    OTHER_ACCOUNT = Row(
        "other_account",
        "Another role of the permission set isn't safe to change yet.",
        parameters={"accounts": tuple, "kind": str, "first": str, "others": int},
        message=_other_account_message,
        step="clear this up in the permission set's other accounts, or accept it there",
        item="other-account {kind}",
        acceptable=False,
        remedy=Remedy.LOOK,
        help="A permission set changes its roles in all accounts.",
        source=_PERMISSION_SETS,
        severity=Severity.LOW,
    )


def caveats_of_set(
    same_policies: Collection[Sequence[str]], unlisted: Sequence[str], former: Sequence[str]
) -> Iterator[Caveat]:
    """The caveats of a role for its permission set.

    `same_policies` has the accounts of the set's roles, grouped by equal policies. In the accounts `unlisted` the set
    has a role without known policies. `former` are the names of earlier roles in the role's account.
    """
    if len(same_policies) > 1:
        groups = tuple(tuple(sorted(accounts)) for accounts in sorted(same_policies, key=min)[:2])
        yield Caveat.of(PermissionSetCaveat.PERMISSION_SET, case="uneven-permission-set", groups=groups)
    if unlisted:
        yield Caveat.of(PermissionSetCaveat.PERMISSION_SET, case="unlisted-role", accounts=tuple(unlisted))
    if former:
        yield Caveat.of(UnknownCaveat.RECREATED, former=tuple(sorted(former)), kind="", principal_id="", only=())


def own_caveats(caveats: Iterable[Caveat]) -> list[Caveat]:
    """The caveats of a role, without those that all roles of its permission set get."""
    return [caveat for caveat in caveats if caveat.kind is not PermissionSetCaveat.PERMISSION_SET]


def caveats_of_other_roles(roles: Iterable[tuple[Principal, Sequence[Caveat]]]) -> Iterator[Caveat]:
    """A caveat for each kind of item among the caveats of a set's other roles: there may be hundreds of roles."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for principal, caveats in roles:
        for caveat in caveats:
            found[caveat.item.partition(" ")[0]][caveat.message].add(principal.account)
    for kind, accounts in sorted(found.items()):
        first, *others = sorted(accounts, key=lambda message: (min(accounts[message]), message))
        yield Caveat.of(
            PermissionSetCaveat.OTHER_ACCOUNT,
            accounts=tuple(sorted(set().union(*accounts.values()))),
            kind=kind,
            first=first,
            others=len(others),
        )
