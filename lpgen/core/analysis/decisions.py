"""People's decisions about findings, and what each decision applies to.

A decision can keep a granted action, drop a use or a kept action, or accept a finding. It never grants anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.globs.match import fold_case, glob_match, glob_matcher, has_wildcard
from lpgen.core.model import Action
from lpgen.core.principal_names import is_named
from lpgen.core.registry.row import Finding
from lpgen.core.replacements import Decision, DecisionKind, DecisionsStamp, Line

Accepted = TypeVar("Accepted", bound=Finding)


def decisions_in_force(decisions: Iterable[Decision], *, as_of: date) -> tuple[Decision, ...]:
    """The decisions that have not expired on a day, in file order."""
    return tuple(decision for decision in decisions if not decision.expires or decision.expires >= as_of.isoformat())


def stamp_of_decisions(file: str, decisions: Iterable[Decision], idle: Iterable[str] = ()) -> DecisionsStamp | None:
    """The stamp of a file's current decisions; None without a file. `idle` are the closest names for idle decisions."""
    return DecisionsStamp(file, tuple(decision.kind for decision in decisions), tuple(idle)) if file else None


def applies_to_action(decision: Decision, principal: str, action: str) -> bool:
    """Whether the decision is about this action of this principal, on any resource."""
    return is_named(principal, decision.principal) and glob_match(decision.action or "*", action, ignore_case=True)


def actions_meant(decision: Decision, granted: Collection[Action], catalog: Catalog) -> Sequence[Action]:
    """The granted actions that a decision is about, sorted."""
    if not has_wildcard(decision.action):
        action = catalog.canonical(decision.action)
        return [action] if action is not None and action in granted else []
    matches = glob_matcher(fold_case(decision.action))
    return sorted(action for action in granted if matches(fold_case(action)))


def drops_row(
    decisions: Iterable[Decision], *, principal: str, action: str, resource: str, day: str
) -> Decision | None:
    """The decision that drops a use on one day, or None. Only drops with a range of days apply to single rows."""
    for decision in decisions:
        if (
            decision.kind is DecisionKind.DROP
            and (decision.since or decision.until)
            and (decision.since or "0") <= day <= (decision.until or "9")
            and applies_to_action(decision, principal, action)
            and glob_match(decision.resource or "*", resource)
        ):
            return decision
    return None


def drops_line(decisions: Iterable[Decision], *, principal: str, line: Line) -> Decision | None:
    """The decision that drops a whole line, or None. It has no range of days, and its resource covers the scope."""
    for decision in decisions:
        if (
            decision.drops_for_good
            and applies_to_action(decision, principal, line.action)
            and (not decision.resource or _covers(decision.resource, line))
        ):
            return decision
    return None


def break_glass_names(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The names, as globs, of the principals that decisions mark as for emergencies."""
    return tuple(decision.principal for decision in decisions if decision.kind is DecisionKind.BREAK_GLASS)


def break_glass_name(decisions: Iterable[Decision], principal: str) -> str:
    """The first of these names that matches a principal, or ""."""
    return next((name for name in break_glass_names(decisions) if is_named(principal, name)), "")


def with_acceptance(
    findings: Iterable[Accepted], decisions: Sequence[Decision], *, principal: str
) -> tuple[Accepted, ...]:
    """The findings on a principal, each with the person who accepted it."""
    return tuple(replace(finding, accepted_by=_who_accepted(decisions, principal, finding)) for finding in findings)


def _who_accepted(decisions: Iterable[Decision], principal: str, finding: Finding) -> str:
    """The owner and the reason of the decision that accepts a finding, or "" if none does or can."""
    if not finding.kind.row.acceptable:
        return ""
    for decision in decisions:
        if (
            decision.kind is DecisionKind.ACCEPT
            and is_named(principal, decision.principal)
            and glob_match(decision.item, finding.item)
        ):
            return f"{decision.owner}: {decision.reason}"
    return ""


def _covers(pattern: str, line: Line) -> bool:
    return not line.scope.not_resource and all(glob_match(pattern, resource) for resource in line.scope.resources)
