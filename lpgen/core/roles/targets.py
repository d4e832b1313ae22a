"""What replaces a user: a permission set or a role that exists, a new role, or a question to its owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.grants.trust import is_assumed_by_people, trust_allows, trusted_services
from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.catalog.danger import Dangers
from lpgen.core.compute import Compute
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.identity_center import is_of_permission_set, permission_set_of
from lpgen.core.model import Action, Principal, PrincipalKind
from lpgen.core.roles.candidates import Reviewed
from lpgen.core.roles.model import Target, TargetKind
from lpgen.core.roles.needs import Pair, pairs_of, uncovered
from lpgen.core.roles.signs import COMPUTE, PIPELINES

_NEW_ROLE: Final = "{name}-role"
_FOR_PERSON: Final = "no permission set or role for people allows what the user needs without more dangerous actions"
_EXISTS: Final = "it allows all that the user needs"
_FOR_PIPELINE: Final = "its user agent names {program}, and the account trusts {provider}"
_FOR_COMPUTE: Final = "its user agent names {program}, which the account has"
_ASK_COMPUTE: Final = "Ask the owner: where does the program that uses the keys run?"
_ASK_NEED: Final = "Ask the owner: is the user still needed?"
_ASK_KIND: Final = "Ask the owner: does a person or a program use it, and where does it run?"
_SERVICES: Final = {"aws-lambda": "lambda", "aws-ecs": "ecs", "aws-ec2": "ec2"}

UNNEEDED: Final = Target(kind=TargetKind.QUESTION, name="", new=False, text=_ASK_NEED)
UNKNOWN: Final = Target(kind=TargetKind.QUESTION, name="", new=False, text=_ASK_KIND)
NO_COMPUTE: Final = Target(kind=TargetKind.QUESTION, name="", new=False, text=_ASK_COMPUTE)


@dataclass(frozen=True, slots=True)
class Targets:
    """The roles of all accounts with their grants, identity providers that exist, and what runs with a role."""

    grants: tuple[PrincipalGrants, ...]
    providers: frozenset[str]
    compute: tuple[Compute, ...]
    dangers: Dangers

    def for_person(self, user: Reviewed) -> Target:
        """The permission set or role for people with the least over-grant, or a new role.

        None of them may allow a dangerous action that the user can't do today.
        """
        found = [
            target
            for grants in self.grants
            if grants.principal.account == user.principal.account and _is_of_people(grants.principal)
            for target in self._existing(user, grants)
        ]
        if found:
            return min(found, key=lambda target: (target.over_grant, target.harmful, target.name))
        return self._new(user, _FOR_PERSON) if user.need else UNNEEDED

    def _existing(self, user: Reviewed, grants: PrincipalGrants) -> Iterator[Target]:
        held, itself = _without_denied(grants), user.principal.arn
        need = [pair for pair in user.need if pair.resource != itself]
        if grants.missing or uncovered(need, held):
            return
        extra = uncovered(held, user.need)
        harmful = [pair for pair in extra if self.dangers.is_dangerous(pair.action)]
        if not harmful or {pair.action for pair in harmful} <= user.grants.granted():
            of = permission_set_of(grants.principal.arn)
            yield Target(
                kind=TargetKind.PERMISSION_SET if is_of_permission_set(grants.principal) else TargetKind.ROLE,
                name=of.name if of else grants.principal.name,
                new=False,
                over_grant=len(extra),
                harmful=len(harmful),
                text=_EXISTS,
            )

    def for_workload(self, user: Reviewed, programs: Iterable[str]) -> Target:
        """A new role that the workload's pipeline or compute can assume, if evidence names it; otherwise a question."""
        account = user.principal.account
        for program in sorted(programs):
            if (part := PIPELINES.get(program)) and (provider := self._provider(part, account)):
                return self._new(user, _FOR_PIPELINE.format(program=program, provider=provider))
            if program in COMPUTE and self._has_compute(program, account):
                return self._new(user, _FOR_COMPUTE.format(program=program))
        return NO_COMPUTE

    def _new(self, user: Reviewed, text: str) -> Target:
        roles = (one.principal for one in self.grants if one.principal.kind is PrincipalKind.ROLE)
        taken = {role.name for role in roles if role.account == user.principal.account}
        name = user.principal.name
        return Target(
            kind=TargetKind.ROLE, name=_NEW_ROLE.format(name=name) if name in taken else name, new=True, text=text
        )

    def _provider(self, part: str, account: str) -> str:
        """An identity provider of the account whose host has this part, or ""."""
        trusted = {
            name
            for grants in self.grants
            for statement in trust_allows(grants.principal)
            for kind, name in statement.principals or ()
            if kind == "Federated"
        }
        known = (one for one in sorted(self.providers | trusted) if ":oidc-provider/" in one)
        return next((one for one in known if part in one and account_in_arn(one) == account), "")

    def _has_compute(self, program: str, account: str) -> bool:
        places = (split_arn(one.arn) for one in self.compute)
        is_listed = any(place.account == account and place.service == _SERVICES[program] for place in places)
        roles = (one.principal for one in self.grants if one.principal.account == account)
        return is_listed or any(COMPUTE[program] in trusted_services(role) for role in roles)


def _is_of_people(role: Principal) -> bool:
    is_role = role.kind is PrincipalKind.ROLE and not role.is_service_linked
    return is_role and (is_of_permission_set(role) or is_assumed_by_people(role))


def _without_denied(grants: PrincipalGrants) -> list[Pair]:
    """The pairs that a role allows. An action that any Deny touches doesn't count."""
    denied: frozenset[Action] = frozenset().union(*(deny.actions for deny in grants.denies))
    return [pair for pair in pairs_of(grants.allows) if pair.action not in denied]
