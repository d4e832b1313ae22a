"""Outsiders: trust policies let them in, and they aren't principals of the snapshot.

The node of an outsider is an account's id, the ARN of a principal, `everyone`, an identity provider, or an AWS service.
If the trust policy limits the subjects of a provider, the node is the provider, a space and the subject.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from lpgen.core.analysis.grants.trust import ALLOW_ALL, NOBODYS, trust_allows, unknown_principals
from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.globs.match import fold_case, glob_match
from lpgen.core.graph.requests import DIRECT, STRANGE, Actor, Answer, KnownFacts, best, concrete_arn
from lpgen.core.iam.decision import Layer
from lpgen.core.iam.principals import PrincipalForm, principal_from_text
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal, PrincipalKind, Resource, Statement
from lpgen.core.principal_names import is_named
from lpgen.core.trust.conditions import demanded_values
from lpgen.core.trust.issuers import AUDIENCES, issuer_of
from lpgen.core.trust.lines import ASSUME, AWS, FEDERATED, TrustLine, subject_key, trust_lines
from lpgen.core.trust.narrow import PRINCIPAL_ARN
from lpgen.core.usage.assumptions import Assumption

EVERYONE: Final = "everyone"
"""The node for anybody with an AWS account."""

OUTSIDE: Final = "outside"
"""The name of all outsiders in questions."""

RULES: Final[Mapping[str, str]] = {
    ASSUME["saml"]: "sts-assume-role-with-saml",
    ASSUME["web"]: "sts-assume-role-with-web-identity",
    ASSUME[AWS]: "sts-assume-role",
}
"""For each action, the id of the way in which outsiders assume roles."""

SERVICE_RULE: Final = "sts-assume-role-service"

_SAML: Final = "SAML"
_SUBJECTS: Final = ("sub", "id")
_EVERYTHING: Final = AttachedPolicy(PolicyKind.INLINE, "", "", "", None, ALLOW_ALL)


class Admission(NamedTuple):
    """An outsider that may assume a role, by the way `rule`."""

    outsider: str
    role: str
    rule: str
    answer: Answer


class _Outsider(Actor):
    """An outsider that makes requests. Its own account lets it do everything, and its tags are unknown.

    `claims` are the condition keys in a provider's token that the policy fixes, and `chosen` those that the provider's
    tenants choose, in lower case. None: the outsider isn't a provider.
    """

    def __init__(
        self, who: str, facts: KnownFacts, claims: Mapping[str, str] | None = None, chosen: Collection[str] = ()
    ) -> None:
        kind = PrincipalKind.USER if split_arn(who).name.startswith("user/") else PrincipalKind.ROLE
        name = who.rpartition("/")[2]
        super().__init__(Principal(who, "", account_in_arn(who), kind, name, "/", policies=(_EVERYTHING,)), facts)
        self._claims = claims
        self._chosen = frozenset(chosen)

    def _chooses(self, key: str, action: str) -> bool:
        return fold_case(key) in self._chosen or super()._chooses(key, action)

    def context_of(self, resource: Resource, target: Principal | None) -> dict[str, tuple[str, ...]]:
        if self._claims is not None:
            return {**DIRECT, **{key: (value,) for key, value in self._claims.items()}}
        found = super().context_of(resource, target)
        return {key: values for key, values in found.items() if not fold_case(key).startswith("aws:principaltag/")}


def find_admissions(roles: Iterable[Principal], known: Collection[str], facts: KnownFacts) -> Iterator[Admission]:
    """The roles that outsiders may assume. `known` are the ARNs of the snapshot's principals, whose accounts are the
    own ones.

    Only the trust policy and RCPs decide, because no input has what an outsider's own account allows it.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    """
    own, limits = {account_in_arn(arn) for arn in known}, _outside(facts)
    actors: dict[str, _Outsider] = {}
    for role in roles:
        found: dict[tuple[str, str], list[Answer | None]] = {}
        for node, action, asking in (*_of_accounts(role, known, own, limits), *_of_providers(role, limits)):
            actor = actors.setdefault(f"{node} {asking.principal.arn}", asking)
            found.setdefault((node, action), []).append(actor.answer(action, role.arn, {}, role))
        for (node, action), answers in found.items():
            answer = best(answers)
            if answer is not None:
                used = tuple(one for one in answer.statements if one.layer is Layer.RESOURCE)
                yield Admission(node, role.arn, RULES[action], replace(answer, statements=used))


def outsiders_of(role: Principal, known: Collection[str], facts: KnownFacts) -> Iterator[tuple[Actor, str]]:
    """The outsiders that a role's trust policy may let in, each with the action that assumes the role."""
    own, limits = {account_in_arn(arn) for arn in known}, _outside(facts)
    found = (*_of_accounts(role, known, own, limits), *_of_providers(role, limits))
    return ((asking, action) for _, action, asking in found)


def _outside(facts: KnownFacts) -> KnownFacts:
    """The facts of requests by outsiders, which the own SCPs and boundaries don't limit."""
    return replace(facts, guards=replace(facts.guards, scps=(), boundary=None), context={})


_Asking = tuple[str, str, _Outsider]
"""An outsider's node, its action, and one principal as which it may ask."""


def _of_accounts(role: Principal, known: Collection[str], own: Collection[str], facts: KnownFacts) -> Iterator[_Asking]:
    """The outsiders with an AWS account that a role's trust policy may let in."""
    for statement in trust_allows(role):
        named = {value for _, value in statement.principals or ()}
        for unknown in unknown_principals(statement, own, ""):
            if unknown.action == ASSUME[AWS] and unknown.case in (EVERYONE, "account"):
                one = unknown.arn in named
                account = NOBODYS if unknown.case == EVERYONE else unknown.who
                node = unknown.arn if one else EVERYONE if unknown.case == EVERYONE else account
                for arn in (unknown.arn,) if one else (unknown.arn, *_further(statement, account)):
                    yield node, unknown.action, _Outsider(arn, facts)
        for value in sorted(named - {*known}):
            found = principal_from_text(value)
            if found.account in own and found.form in (PrincipalForm.USER, PrincipalForm.ROLE):
                yield value, ASSUME[AWS], _Outsider(value, facts)


def _further(statement: Statement, account: str) -> Iterator[str]:
    """The ARNs of principals that an account may use: a role, and those that the conditions ask for."""
    yield f"arn:aws:iam::{account}:role/{STRANGE}"
    for value in demanded_values(statement.conditions, PRINCIPAL_ARN):
        arn = concrete_arn(value, account)
        if account_in_arn(arn) == account:
            yield arn


def _of_providers(role: Principal, facts: KnownFacts) -> Iterator[_Asking]:
    """The identity providers that a role's trust policy may let in, with each subject that it names."""
    for line in trust_lines(role.trust) if role.trust else ():
        if line.kind == FEDERATED:
            host = line.host or _SAML
            chosen = [fold_case(f"{host}:{claim}") for claim in (*AUDIENCES, *_SUBJECTS)]
            key, subjects = _subjects(line, host)
            for subject in subjects:
                claims = {key: concrete_arn(subject, role.account)} if subject else {}
                yield f"{line.value} {subject}".rstrip(), line.action, _Outsider(line.value, facts, claims, chosen)


def _subjects(line: TrustLine, host: str) -> tuple[str, tuple[str, ...]]:
    """The claim that tells a provider's tenants apart, and the values that a line names; "" for any value."""
    issuer = issuer_of(line.value) if line.is_web_identity else None
    demanded = (f"{host}:{claim}" for claim in (issuer.demanded if issuer else ()) if ":" not in claim)
    for key in (subject_key(host), f"{host}:id", *demanded):
        values = tuple(value for value in demanded_values(line.statement.conditions, key) if value.strip("*"))
        if values:
            return key, values
    return "", ("",)


# ---------------------------------------------------------------- names and use


def is_outsider_named(node: str, text: str) -> bool:
    """Whether a question's text names an outsider: by its node, its account, its provider, or `outside`."""
    who = node.partition(" ")[0]
    account = "" if "-provider/" in who else account_in_arn(who)
    names = (OUTSIDE, node, account, f"account {node}", split_arn(who).name.partition("-provider/")[2])
    return any(glob_match(text, name) for name in names if name) or is_named(who, text)


def is_assumed_by(node: str, seen: Assumption, own: Collection[str]) -> bool:
    """Whether an outsider made a recorded assumption. A record may show only the account of the caller."""
    who, _, subject = node.partition(" ")
    if node == EVERYONE:
        return seen.caller_account not in ("", *own)
    if subject:
        return seen.provider == who and any(glob_match(subject, text) for text in (seen.subject, seen.audience))
    hidden = not seen.principal and account_in_arn(who) == seen.caller_account != ""
    return who in (seen.caller_account, seen.principal, seen.provider, seen.service) or hidden
