"""People's decisions about lines: which are kept, which are dropped, and the decisions that do nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from lpgen.core.analysis.caveats.decisions import drops_line, drops_row
from lpgen.core.analysis.grants.scope import narrow_scope
from lpgen.core.analysis.synthesis.lines import lines_for_grants, merge_lines, without_needless
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.findings import DroppedLine
from lpgen.core.iam.match import fold_case, glob_matcher, has_wildcard
from lpgen.core.model import Action, Principal, Resource, ResourceKind
from lpgen.core.principal_names import is_named
from lpgen.core.replacements import Decision, DecisionKind, Line, LineKind


def decided_lines(grants: PrincipalGrants, decisions: Iterable[Decision], catalog: Catalog) -> Iterable[Line]:
    """The lines that decisions keep, within the principal's grants."""
    keeps = [one for one in decisions if one.kind is DecisionKind.KEEP and _speaks_of(one, grants.principal)]
    granted = grants.granted() if keeps else frozenset[Action]()
    for decision in keeps:
        why = f"decided by {decision.owner}: {decision.reason}"
        for action in _meant(decision, granted, catalog):
            if not decision.resource:
                yield from lines_for_grants(grants.allows, action, kind=LineKind.DECIDED, why=why, catalog=catalog)
                continue
            kind = ResourceKind.FOLD if has_wildcard(decision.resource) else ResourceKind.ARN
            for grant in grants.allows:
                scope = narrow_scope(grant, action, Resource(kind, decision.resource), catalog=catalog)
                if scope is not None:
                    yield Line(action, scope, grant.ref, LineKind.DECIDED, why, "", None)


def decide_lines(
    wanted: Iterable[Line], grants: PrincipalGrants, decisions: Sequence[Decision], *, past: Iterable[Line]
) -> tuple[tuple[Line, ...], tuple[DroppedLine, ...]]:
    """The lines of a replacement, and those that decisions drop.

    `wanted` are all that there is a reason for, `past` are those of uses that decisions drop by their day.
    """
    staying: list[Line] = []
    dropped: list[DroppedLine] = []
    for line in merge_lines(wanted, grants.allows):
        decision = drops_line(decisions, principal=grants.principal.arn, line=line)
        if decision is None:
            staying.append(line)
        else:
            dropped.append(DroppedLine(line, decision))
    lines = without_needless(staying, grants.allows)
    return lines, (*dropped, *_dropped_past(grants.principal.arn, past, lines, decisions))


def _dropped_past(
    principal: str, past: Iterable[Line], kept: Iterable[Line], decisions: Sequence[Decision]
) -> Iterable[DroppedLine]:
    still = {(line.action, line.scope) for line in kept}
    for line in past:
        if (line.action, line.scope) in still or line.evidence is None:
            continue
        seen = line.evidence
        decision = drops_row(
            decisions, principal=principal, action=line.action, resource=seen.example_resource, day=seen.first_seen[:10]
        )
        if decision is not None:
            yield DroppedLine(line, decision)


def idle_decisions(
    decisions: Iterable[Decision], principals: Sequence[Principal], grants: Sequence[PrincipalGrants], catalog: Catalog
) -> Iterable[str]:
    """A sentence for each keep, drop and name for emergencies that matches no principal, and for each keep that keeps
    nothing; `grants` are those of the principals, in the same order.

    Otherwise a misspelled keep would silently fail to keep its action. A drop may be about use that no policy grants,
    and an accept about a caveat that is gone, so nothing more can be said about these.
    """
    for decision in decisions:
        if decision.kind is DecisionKind.ACCEPT:
            continue
        is_glass = decision.kind is DecisionKind.BREAK_GLASS
        if is_glass and has_wildcard(decision.principal):  # people give the same ones for every account
            continue
        meant = [at for at, one in enumerate(principals) if _speaks_of(decision, one)]
        where = f" on {decision.resource}" if decision.resource else ""
        what = f"the decision to {decision.kind} {decision.action}{where} ({decision.owner}: {decision.reason})"
        what = f"break-glass {decision.principal}" if is_glass else what
        if not meant:
            yield f"{what} does nothing: no role or user of the policies is {decision.principal}"
        elif decision.kind is DecisionKind.KEEP and not any(_keeps(decision, grants[at], catalog) for at in meant):
            who = f"{decision.principal} is not" if decision.principal else "nobody is"
            yield f"{what} keeps nothing: {who} granted it, or it is misspelled"


def _speaks_of(decision: Decision, principal: Principal) -> bool:
    return is_named(principal.arn, decision.principal)


def _meant(decision: Decision, granted: Collection[Action], catalog: Catalog) -> Sequence[Action]:
    """The granted actions that a decision speaks of, sorted."""
    if not has_wildcard(decision.action):
        one = catalog.canonical(decision.action)
        return [one] if one is not None and one in granted else []
    matches = glob_matcher(fold_case(decision.action))
    return sorted(one for one in granted if matches(fold_case(one)))


def _keeps(decision: Decision, grants: PrincipalGrants, catalog: Catalog) -> bool:
    return any(True for _ in decided_lines(grants, (decision,), catalog))
