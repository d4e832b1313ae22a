"""The permissions boundary of created roles: what they used, within the scopes of their own policies."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lpgen.core.analysis.grants.applicable_policies import policies_met, recorded_request
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import LogCoverage, PrincipalUsage, RecordedContext, Use
from lpgen.core.globs.match import has_wildcard
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Answer, Request, Result
from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.iam.match_statement import covering_matches
from lpgen.core.iam.walls import statements_covering
from lpgen.core.model import (
    CURRENT_VERSION,
    Action,
    Effect,
    Outcome,
    Policy,
    Principal,
    ResourceKind,
    Statement,
    Visibility,
)

_EVERYTHING: Final = ("*", "*:*")
_EXACT: Final = frozenset({"iam:PassRole", "sts:AssumeRole"})
"""Actions that give the rights of another role. The boundary allows them only on the roles that were seen."""


def made_uses(usage: PrincipalUsage | None) -> Iterator[Use]:
    """The uses of a principal that weren't denied."""
    return (use for use in (usage.uses if usage else ()) if use.outcome is not Outcome.DENIED)


class BoundaryOfUse:
    """Collects what created roles used."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self._actions: dict[str, set[str]] = defaultdict(set)

    def add_use(self, role: Principal, use: Use) -> bool:
        """Adds a use, on the scopes of the statements that allow it, as far as an older boundary does.

        Without such statements, a resource policy may have allowed it. False if none is known that does.
        """
        own = [held.document for held in role.policies if held.document]
        limits = [role.boundary.document] if role.boundary and role.boundary.document else []
        found: list[Statement] = []
        for context in use.contexts:
            request = recorded_request(role, use.action, use.resource, context, self._guards)
            limited = _allowing(limits, request)
            scopes = [_narrower(one, limited) if limits else one for one in _allowing(own, request)]
            found += [one for one in scopes if one]
        exact = use.resource.text if use.action in _EXACT and use.resource.kind is ResourceKind.ARN else ""
        for statement in found:
            self.add_action(statement, use.action, exact)
        if found or not any(self._allowed_by_resource(role, use, context) for context in use.contexts):
            return bool(found)
        self._actions[json.dumps({"Resource": use.resource.text})].add(use.action)
        return True

    def _allowed_by_resource(self, role: Principal, use: Use, context: RecordedContext) -> bool:
        request = recorded_request(role, use.action, use.resource, context, self._guards)
        return decide(request, policies_met(role, use.resource.text, self._guards)).result is Result.ALLOWED

    def add_action(self, statement: Statement, action: Action, resource: str = "") -> None:
        """Adds an action on the scope of a statement, or on one resource in it."""
        old = json.loads(statement.text)
        scope = {key: old[key] for key in ("Resource", "NotResource", "Condition") if key in old}
        scope = {**scope, "Resource": resource} if resource else scope
        if resource:
            scope.pop("NotResource", None)
        self._actions[json.dumps(scope)].add(action)

    def document(self) -> dict[str, Any]:
        """The policy, with a statement for each scope."""
        scopes = sorted((scope, sorted(actions)) for scope, actions in self._actions.items())
        statements = [{"Effect": "Allow", "Action": actions, **json.loads(scope)} for scope, actions in scopes]
        return {"Version": CURRENT_VERSION, "Statement": statements}


def _allowing(policies: Sequence[Policy], request: Request) -> list[Statement]:
    """The statements that allow a request, or else those that may."""
    found: dict[Answer, list[Statement]] = defaultdict(list)
    for _, version, statement in statements_covering(policies, request.folded_action).statements:
        if statement.effect is Effect.ALLOW:
            found[covering_matches(statement, version, request).answer].append(statement)
    return found[Answer.YES] or found[Answer.MAYBE]


def _narrower(own: Statement, limits: Sequence[Statement]) -> Statement | None:
    """The statement with the narrower scope, if one is within the other."""
    if any(_covers(limit, own) for limit in limits):
        return own
    return next((limit for limit in limits if _covers(own, limit)), None)


def _covers(outer: Statement, inner: Statement) -> bool:
    return (
        not (outer.not_resource or inner.not_resource)
        and (not outer.conditions or outer.conditions == inner.conditions)
        and all(any(resource_contains(one, other) for one in outer.resources) for other in inner.resources)
    )


class UnseenGrants:
    """Finds granted actions whose use the logs can't show."""

    def __init__(self, catalog: Catalog, observability: Observability, coverage: LogCoverage) -> None:
        self._catalog, self._observability = catalog, observability
        self._sources = {read.account: {source for source, _ in read.data_resources} for read in coverage.accounts}

    def of(self, role: Principal, used: Collection[Action]) -> Iterator[tuple[Statement, Action, bool]]:
        """Each such action with its statement, and whether a pattern without wildcards names it.

        An action that only a wildcard grants counts if the role used its service.
        """
        services = {action.partition(":")[0] for action in used}
        for statement in self._allows(role):
            named = {str(pattern).lower() for pattern in statement.patterns if not has_wildcard(pattern)}
            wide = any(pattern in _EVERYTHING for pattern in statement.patterns)
            for action in () if statement.not_action else self._catalog.expand(statement.patterns).actions:
                exact = action.lower() in named
                is_likely = exact or (action.partition(":")[0] in services and not wide)
                if action not in used and is_likely and self._is_unseen(action, role.account):
                    yield statement, action, exact

    def _allows(self, role: Principal) -> Iterable[Statement]:
        documents = [held.document for held in role.policies if held.document]
        return (one for document in documents for one in document.statements if one.effect is Effect.ALLOW)

    def _is_unseen(self, action: Action, account: str) -> bool:
        entry = self._observability.table.visibility(action)
        if entry.visibility is Visibility.NEVER:
            return True
        return entry.visibility is Visibility.DATA and not self._sources.get(account, set()) & {*entry.event_sources}


Usages = Mapping[str, PrincipalUsage]
"""The use of principals by ARN."""
