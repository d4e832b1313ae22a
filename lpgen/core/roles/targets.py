"""What replaces a user: a permission set or a role that exists, a new role, or a question to its owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.grants.trust import is_assumed_by_people, trust_allows
from lpgen.core.arns import account_in_arn
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.identity_center import is_of_permission_set, permission_set_of
from lpgen.core.model import Action, Principal, PrincipalKind
from lpgen.core.roles.candidates import Reviewed
from lpgen.core.roles.model import Target
from lpgen.core.roles.names import Names
from lpgen.core.roles.needs import pairs_of, recorded_part, uncovered
from lpgen.core.roles.signs import WORKPLACES

_FOR_PERSON: Final = "no permission set or role for people allows what the user needs without more dangerous actions"
_EXISTS: Final = "it allows all that the user was recorded to use, and what logs can't show"
_FOR_WORKLOAD: Final = "its user agent names {program}, and the account has {trusted}"

UNNEEDED: Final = Target(kind="question", text="Ask the owner: is the user still needed?")
UNKNOWN: Final = Target(
    kind="question", text="Ask the owner: does a person or a program use it, and where does it run?"
)
NO_COMPUTE: Final = Target(kind="question", text="Ask the owner: where does the program that uses the keys run?")


@dataclass(frozen=True, slots=True)
class Targets:
    """The principals of all accounts, identity providers that exist, and names for what doesn't exist yet."""

    reviewed: Sequence[Reviewed]
    providers: frozenset[str]
    dangers: Dangers
    names: Names

    def for_person(self, user: Reviewed) -> Target:
        """The permission set or role for people with the least over-grant, or a new one: a permission set if the
        account has any.

        None of them may allow a dangerous action that the user can't do today.
        """
        found = [
            target
            for role in self.reviewed
            if _are_of_one_account(role, user) and _is_of_people(role.principal)
            for target in self._existing(user, role.grants)
        ]
        if found:
            return min(found, key=lambda target: (target.over_grant, target.harmful, target.name))
        return self._new_for_person(user) if user.need else UNNEEDED

    def _existing(self, user: Reviewed, grants: PrincipalGrants) -> Iterator[Target]:
        denied = _denied(grants)
        allowed = frozenset().union(*(grant.actions for grant in grants.allows)) - denied
        # Roles for people are often administrators, so what rules them out comes before their many pairs.
        if grants.missing or any(map(self.dangers.is_dangerous, allowed - user.grants.granted())):
            return
        held, itself = [pair for pair in pairs_of(grants.allows) if pair.action not in denied], user.principal.arn
        need = [pair for pair in recorded_part(user.need, user.usage.uses) if pair.resource != itself]
        if uncovered(need, held):
            return
        extra = uncovered(held, user.need)
        of = permission_set_of(grants.principal.arn)
        yield Target(
            kind="permission-set" if of else "role",
            name=of.name if of else grants.principal.name,
            over_grant=len(extra),
            harmful=sum(self.dangers.is_dangerous(pair.action) for pair in extra),
            text=_EXISTS,
        )

    def for_workload(self, user: Reviewed, programs: Iterable[str]) -> Target:
        """A role that the workload's pipeline or compute can assume, if evidence names it; otherwise a question.

        It is the role of the pipeline that fits if there is exactly one, and otherwise a new one. The account has an
        identity provider, or uses a service of AWS, if a list or a trust policy names it.
        """
        account = user.principal.account
        known = {
            name
            for role in self.reviewed
            if role.principal.account == account
            for statement in trust_allows(role.principal)
            for _, name in statement.principals or ()
        } | {provider for provider in self.providers if account_in_arn(provider) == account}
        for program in sorted(WORKPLACES.keys() & programs):
            for name in sorted(known):
                if name.rpartition(":oidc-provider/")[2].startswith(WORKPLACES[program]):
                    found = [target for role in self._roles_of(name, account) for target in self._fitting(user, role)]
                    new = self._new(user, _FOR_WORKLOAD.format(program=program, trusted=name))
                    return found[0] if len(found) == 1 else new
        return NO_COMPUTE

    def _roles_of(self, provider: str, account: str) -> Iterator[Reviewed]:
        """The roles of an account that only an identity provider may assume."""
        if provider.startswith("arn:"):
            for role in self.reviewed:
                allows = trust_allows(role.principal)
                named = {name for allow in allows for _, name in allow.principals or (("", "*"),)}
                if role.principal.account == account and named == {provider}:
                    yield role

    def _fitting(self, user: Reviewed, role: Reviewed) -> Iterator[Target]:
        """A role that exists, if it does the same as the user, or allows little more than the user needs."""
        shared = len(user.used) - len(uncovered(user.used, role.used))
        is_alike = 0 < min(len(user.used), len(role.used)) <= shared * 2
        for target in self._existing(user, role.grants):
            if is_alike or target.over_grant <= len(user.need):
                yield target

    def _new_for_person(self, user: Reviewed) -> Target:
        roles = (role.principal for role in self.reviewed if _are_of_one_account(role, user))
        if not any(permission_set_of(role.arn) for role in roles):
            return self._new(user, _FOR_PERSON)
        name = self.names.take(user.principal.account, user.principal.name, ("", "-new"), is_set=True)
        return Target(kind="permission-set", name=name, new=True, text=_FOR_PERSON)

    def _new(self, user: Reviewed, text: str) -> Target:
        name = self.names.take(user.principal.account, user.principal.name, ("", "-role"))
        return Target(kind="role", name=name, new=True, text=text)


def _are_of_one_account(role: Reviewed, user: Reviewed) -> bool:
    return role.principal.account == user.principal.account


def _is_of_people(role: Principal) -> bool:
    is_role = role.kind is PrincipalKind.ROLE and not role.is_service_linked
    return is_role and (is_of_permission_set(role) or is_assumed_by_people(role))


def _denied(grants: PrincipalGrants) -> frozenset[Action]:
    """The actions that any Deny touches. They don't count as allowed."""
    return frozenset().union(*(deny.actions for deny in grants.denies))
