"""Actions that are needed too rarely for logs to show: by the services that work with a role, and to take back what was
done.

A service may make a call with a role once a year: at an upgrade, a restore or a failure, or during setup. The only
sources for such calls are AWS's: its managed policies for service roles, and the pages of services that run their
customers' code. Teardowns and rollbacks are rarer than the actions they undo.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.grants.granting import named_actions
from lpgen.core.analysis.grants.trust import trusted_services
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.analysis.observability.signs_of_use import SignsOfUse
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.evidence import Grant, PrincipalGrants
from lpgen.core.findings import UNSEEN, Verdict, Verdicts
from lpgen.core.model import Action, PrincipalKind

# ---------------------------------------------------------------- inverse actions

# Verbs that AWS pairs: the rest of the name is the same in both actions. `Put` and `Start` are left out: a caller that
# writes objects or starts jobs rarely means to take them away.
_OPPOSITES: Final = (
    ("Create", "Delete"),
    ("Run", "Terminate"),
    ("Import", "Delete"),
    ("Allocate", "Release"),
    ("Attach", "Detach"),
    ("Associate", "Disassociate"),
    ("Add", "Remove"),
    ("Register", "Deregister"),
    ("Enable", "Disable"),
    ("Authorize", "Revoke"),
    ("Subscribe", "Unsubscribe"),
)

_TO: Final = re.compile(r"To(?=[A-Z])")  # AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile


@dataclass(frozen=True, slots=True)
class LostInverse:
    """An action that was used and is kept, and its inverse, which was granted but not seen and is removed."""

    action: Action
    undone_by: Action


def lost_inverses(verdicts: Verdicts, staying: Collection[Action]) -> tuple[LostInverse, ...]:
    """Used actions that could no longer be undone with a replacement of these actions, sorted."""
    used: list[Action] = []
    going: set[Action] = set()
    for action, judgement in verdicts.judged():
        if judgement.verdict is Verdict.USED and action in staying:
            used.append(action)
        elif judgement.verdict in UNSEEN and action not in staying:
            going.add(action)
    pairs = (LostInverse(action, undo) for action in used for undo in inverses_of(action) if undo in going)
    return tuple(sorted(pairs, key=lambda pair: (pair.action, pair.undone_by)))


def inverses_of(action: Action) -> Iterable[Action]:
    """The names that the action that takes back another one may have; not all are actions."""
    service, _, operation = action.partition(":")
    for verb, opposite in _OPPOSITES:
        if operation.startswith(verb):
            what = operation.removeprefix(verb)
            yield from (Action(f"{service}:{opposite}{rest}") for rest in {what, _TO.sub("From", what, count=1)})


# ---------------------------------------------------------------- needs of services

_DEPLOYERS: Final = frozenset({"cloudformation.amazonaws.com", "servicecatalog.amazonaws.com"})
"""The services that deploy stacks with a role, and take back with it what failed or isn't wanted any more.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html and
https://docs.aws.amazon.com/servicecatalog/latest/adminguide/constraints-launch.html"""

_ROLLBACK: Final = "a rollback or the end of a stack takes back what the role set up"
_MORE_SELDOM: Final = "the service may need it more seldom than the logs show"
_NAMED_BY_AWS: Final = "AWS's policy for such roles names it ({statement})"


class _RareNeed(msgspec.Struct, frozen=True):
    trusts: frozenset[str]
    actions: frozenset[Action]
    why: str
    source: str
    shown_by: frozenset[Action] = frozenset()


_Need = tuple[str, tuple[Grant, ...]]
"""Why a service may need an action though no record shows it, and the statements of AWS's own policies that name it."""


class RareServiceNeeds:
    """The needs that the services' pages state, by trusted service; each row of the table cites its page."""

    def __init__(self, source: CatalogSource) -> None:
        self._rows = read_catalog_table(source, "service_demands", list[_RareNeed])

    def missed_uses(self, observed: ObservedUse, signs: SignsOfUse) -> Iterator[MissedUse]:
        """The granted actions that services may have needed of a role.

        Where a policy of AWS's own names one, that is the sign of use, and its statements are the scope.
        """
        used = {line.action for line in observed.lines.lines}
        for action, (why, of_aws) in self.of(observed.grants, used).items():
            if grants := of_aws or observed.grants_of(action):
                named = _NAMED_BY_AWS.format(statement=grants[0].ref) if of_aws else ""
                yield MissedUse(action, MissReason.RARE_SERVICE_NEED, why, named or signs.of(action), grants)

    def of(self, grants: PrincipalGrants, used: Collection[Action]) -> Mapping[Action, _Need]:
        """The needs of a role by action; of a user none. `used` are the actions that it was seen to use."""
        principal = grants.principal
        if principal.kind is not PrincipalKind.ROLE:
            return {}
        trusted = trusted_services(principal)
        found: dict[Action, _Need] = {
            action: (row.why, ())
            for row in self._rows
            if trusted & row.trusts and (not row.shown_by or not row.shown_by.isdisjoint(used))
            for action in row.actions
        }
        if trusted & _DEPLOYERS:
            found.update((undo, (_ROLLBACK, ())) for action in used for undo in inverses_of(action))
        return {**found, **_needs_of_policies(grants.allows)}


def _needs_of_policies(allows: Iterable[Grant]) -> Mapping[Action, _Need]:
    """The actions that AWS's policies for service roles name one by one: a wildcard is no reason to keep."""
    found: dict[Action, list[Grant]] = {}
    for grant in allows:
        if is_service_policy(grant.ref.policy):
            named = named_actions(grant)
            for action in grant.actions:
                if action.lower() in named:
                    found.setdefault(action, []).append(grant)
    return {action: (_MORE_SELDOM, tuple(grants)) for action, grants in found.items()}
