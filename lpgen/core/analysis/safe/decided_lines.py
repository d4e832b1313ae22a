"""What stays because a person decided so, and the decisions that do nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.granted.scope import narrow_scope
from lpgen.core.analysis.safe.decisions import applies_to_action
from lpgen.core.analysis.written.lines import lines_for_grants
from lpgen.core.grounds import PrincipalGrants
from lpgen.core.model import Resource, ResourceKind
from lpgen.core.policies.match import glob_match, has_wildcard
from lpgen.core.replacements import Decision, DecisionKind, Line, LineKind


def decided_lines(grants: PrincipalGrants, decisions: Iterable[Decision], catalog: Catalog) -> Iterable[Line]:
    """The lines that decisions keep, within what the principal is granted."""
    arn = grants.principal.arn
    keeps = [one for one in decisions if one.kind is DecisionKind.KEEP]
    granted = sorted(grants.granted()) if keeps else ()
    for decision in keeps:
        why = f"decided by {decision.owner}: {decision.reason}"
        for action in [one for one in granted if applies_to_action(decision, arn, one)]:
            if not decision.resource:
                yield from lines_for_grants(grants.allows, action, kind=LineKind.DECIDED, why=why, catalog=catalog)
                continue
            kind = ResourceKind.FOLD if has_wildcard(decision.resource) else ResourceKind.ARN
            for grant in grants.allows:
                scope = narrow_scope(grant, action, Resource(kind, decision.resource), catalog=catalog)
                if scope is not None:
                    yield Line(action, scope, grant.ref, LineKind.DECIDED, why, "", None)


def idle_decisions(decisions: Iterable[Decision], grants: Sequence[PrincipalGrants], catalog: Catalog) -> Iterable[str]:
    """A sentence for each keep and drop that speaks of no principal, and for each keep that keeps nothing.

    A misspelled keep would otherwise let go in silence what it should hold. A drop may be of use that no policy grants,
    and an accept of what has gone since: of these no more can be said.
    """
    for decision in decisions:
        if decision.kind is DecisionKind.ACCEPT:
            continue
        meant = [one for one in grants if glob_match(decision.principal or "*", one.principal.arn)]
        where = f" on {decision.resource}" if decision.resource else ""
        what = f"the decision to {decision.kind} {decision.action}{where} ({decision.owner}: {decision.reason})"
        if not meant:
            yield f"{what} does nothing: no ARN of a role or user of the policies is {decision.principal}"
        elif decision.kind is DecisionKind.KEEP and not any(_keeps(decision, one, catalog) for one in meant):
            yield f"{what} keeps nothing: {decision.principal or 'nobody'} is not granted it, or it is misspelled"


def _keeps(decision: Decision, grants: PrincipalGrants, catalog: Catalog) -> bool:
    return any(True for _ in decided_lines(grants, (decision,), catalog))
