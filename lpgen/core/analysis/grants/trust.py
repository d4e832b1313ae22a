"""The principals that may assume a role, by its trust policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.arns import account_in_arn, is_account_id
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.model import Effect, Principal, PrincipalKind, Statement

_ASSUME_ROLE: Final = "sts:assumerole"
_SIGN_INS: Final = {"AWS": _ASSUME_ROLE, "Federated": "sts:assumerolewithsaml"}
_EXTERNAL_ID: Final = "sts:externalid"
_OF_PROGRAMS: Final = (":role/", ":assumed-role/", ":oidc-provider/")
_OF_PEOPLE: Final = "/AWSReservedSSO_"


def trusted_services(principal: Principal) -> frozenset[str]:
    """The services that a role's trust policy names, without the `.cn` that some have in China."""
    return frozenset(name.removesuffix(".cn") for name in _trusted_to_assume(principal, "Service"))


def trusted_accounts(principal: Principal) -> frozenset[str]:
    """The accounts that a role's trust policy names, by themselves or in ARNs."""
    names = _trusted_to_assume(principal, "AWS")
    return frozenset(name if is_account_id(name) else account_in_arn(name) for name in names) - {""}


def trusted_kinds(principal: Principal) -> frozenset[str]:
    """The kinds of what may assume a role: services by name, providers of web identities by the first labels of their
    host, SAML, and AWS for other principals; of a user it is itself."""
    if principal.kind is PrincipalKind.USER:
        return frozenset({"user"})
    pairs = {pair for statement in _allows(principal) for pair in statement.principals or ()}
    return frozenset(name if kind == "Service" else _kind_of_provider(kind, name) for kind, name in pairs)


def _kind_of_provider(kind: str, name: str) -> str:
    _, is_web, host = name.partition(":oidc-provider/")
    return ".".join(host.split(".")[:2]) if is_web else kind


def _trusted_to_assume(principal: Principal, kind: str) -> Iterator[str]:
    """The principals of a kind that may assume a role."""
    for statement in _allows(principal):
        if action_matches(statement, _ASSUME_ROLE):
            yield from (name for found, name in statement.principals or () if found == kind)


def _allows(principal: Principal) -> Iterator[Statement]:
    statements = principal.trust.statements if principal.trust else ()
    return (statement for statement in statements if statement.effect is Effect.ALLOW)


def may_be_people(principal: Principal) -> bool:
    """Whether people may work as a principal in the console: a user, or a role that users, other roles or an
    organization's sign-in may assume without an external ID, which the console can't give.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
    """
    return principal.kind is PrincipalKind.USER or any(
        kind in _SIGN_INS and action_matches(statement, _SIGN_INS[kind])
        for statement in _allows(principal)
        if all(condition.key.lower() != _EXTERNAL_ID for condition in statement.conditions)
        for kind, _ in statement.principals or ()
    )


def only_trusted_service(principal: Principal) -> str:
    """The service that is the only principal in a role's trust policy, or ""."""
    found: set[tuple[str, str]] = set()
    for statement in _allows(principal):
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
    trusted = [pair for statement in _allows(principal) for pair in statement.principals or ()]
    if any(kind == "Service" for kind, _ in trusted):
        return False
    return any(_OF_PEOPLE in name or not any(part in name for part in _OF_PROGRAMS) for _, name in trusted)
