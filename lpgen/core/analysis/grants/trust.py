"""The principals that may assume a role, by its trust policy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.arns import account_in_arn, is_account_id
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.model import Effect, Principal, PrincipalKind

_ASSUME_ROLE: Final = "sts:assumerole"
_SIGN_INS: Final = {"AWS": _ASSUME_ROLE, "Federated": "sts:assumerolewithsaml"}
_EXTERNAL_ID: Final = "sts:externalid"
_OF_PROGRAMS: Final = (":role/", ":assumed-role/", ":oidc-provider/")
_OF_PEOPLE: Final = "/AWSReservedSSO_"


def trusted_services(principal: Principal) -> Iterable[str]:
    """The services that a role's trust policy names; some may be named twice."""
    for statement in principal.trust.statements if principal.trust else ():
        if statement.effect is Effect.ALLOW and action_matches(statement, _ASSUME_ROLE):
            yield from (name for kind, name in statement.principals or () if kind == "Service")


def trusted_accounts(principal: Principal) -> Iterable[str]:
    """The accounts that a role's trust policy names, by themselves or in ARNs; some may be named twice."""
    for statement in principal.trust.statements if principal.trust else ():
        if statement.effect is Effect.ALLOW and action_matches(statement, _ASSUME_ROLE):
            names = (name for kind, name in statement.principals or () if kind == "AWS")
            yield from filter(None, (name if is_account_id(name) else account_in_arn(name) for name in names))


def may_be_people(principal: Principal) -> bool:
    """Whether people may work as a principal in the console: a user, or a role that users, other roles or an
    organization's sign-in may assume without an external ID, which the console can't give.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
    """
    statements = principal.trust.statements if principal.trust else ()
    return principal.kind is PrincipalKind.USER or any(
        kind in _SIGN_INS and action_matches(statement, _SIGN_INS[kind])
        for statement in statements
        if statement.effect is Effect.ALLOW and all(one.key.lower() != _EXTERNAL_ID for one in statement.conditions)
        for kind, _ in statement.principals or ()
    )


def only_trusted_service(principal: Principal) -> str:
    """The service that is the only principal in a role's trust policy, or ""."""
    found: set[tuple[str, str]] = set()
    for statement in principal.trust.statements if principal.trust else ():
        if statement.effect is Effect.ALLOW:
            if statement.not_principal:
                return ""
            found.update(statement.principals or ())
    kind, name = found.pop() if len(found) == 1 else ("", "")
    return name.removesuffix(".cn") if kind == "Service" else ""


def is_assumed_by_people(principal: Principal) -> bool:
    """Whether a role's trust policy lets in accounts, users or people whom a company's provider signs in, and no
    service; programs come as a role, or through a provider of web identities.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    allows = [one for one in (principal.trust.statements if principal.trust else ()) if one.effect is Effect.ALLOW]
    trusted = [pair for statement in allows for pair in statement.principals or ()]
    if any(kind == "Service" for kind, _ in trusted):
        return False
    return any(_OF_PEOPLE in name or not any(part in name for part in _OF_PROGRAMS) for _, name in trusted)
