"""The two walls of a principal as data: by service, how wide the holes are before and after, and what came through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lpgen.core.evidence import StatementRef
from lpgen.core.findings import UNSEEN
from lpgen.core.model import AccessLevel
from lpgen.core.replacements import Scope
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.verdict_data import KEPT, UNGRANTED, outcome_of
from lpgen.report.views import PrincipalView

_MOST_SERVICES: Final = 9
"""So many services have a hole of their own in the picture; the others share one."""

_MOST_NAMES: Final = 3


@dataclass(slots=True)
class _Level:
    """Actions of one access level: granted, of these seen in use, in the replacement, of these without seen use."""

    granted: int = 0
    seen: int = 0
    stays: int = 0
    unseen: int = 0

    def add(self, other: _Level) -> None:
        self.granted += other.granted
        self.seen += other.seen
        self.stays += other.stays
        self.unseen += other.unseen


@dataclass(slots=True)
class _Service:
    """A service's actions by level, and the scopes on which they are and will be granted.

    `refs` are the statements that grant them, by identity: thousands of verdicts share a few of them.
    """

    levels: dict[AccessLevel, _Level] = field(default_factory=lambda: {level: _Level() for level in AccessLevel})
    refs: dict[int, StatementRef] = field(default_factory=dict)
    before: set[Scope] = field(default_factory=set)
    after: set[Scope] = field(default_factory=set)

    def sum(self, name: str) -> int:
        """One of the numbers over all levels."""
        return sum(getattr(level, name) for level in self.levels.values())


def data_of_walls(view: PrincipalView) -> list[Json]:
    """A row per service, used ones first, then kept ones; the last row may sum up all others."""
    services = _services(view)
    ordered = sorted(services, key=lambda name: _order(name, services[name]))
    most = _MOST_SERVICES if len(ordered) > _MOST_SERVICES + 1 else len(ordered)
    rows = [_data(terminal_text(name), services[name]) for name in ordered[:most]]
    if ordered[most:]:
        rest = _merged(services[name] for name in ordered[most:])
        rows.append(_data(f"{len(ordered) - most:,} more services", rest) | {"others": 1})
    return rows


def _services(view: PrincipalView) -> dict[str, _Service]:
    scopes = _old_scopes(view)
    found: dict[str, _Service] = defaultdict(_Service)
    for one in view.diff.verdicts:
        outcome = outcome_of(one, view)
        if outcome == UNGRANTED:
            continue
        service = found[one.action.partition(":")[0]]
        seen, stays = one.verdict not in UNSEEN, outcome == KEPT
        service.levels[one.level].add(_Level(1, seen, stays, stays and not seen))
        service.refs.update((id(ref), ref) for ref in one.grants)
    for service in found.values():
        service.before = {scopes[ref] for ref in service.refs.values() if ref in scopes}
    for line in view.lines:
        found[line.action.partition(":")[0]].after.add(line.scope)
    return dict(found)


def _old_scopes(view: PrincipalView) -> Mapping[StatementRef, Scope]:
    return {
        StatementRef(policy.arn or policy.name, policy.kind, policy.group, one.index, one.sid): Scope(
            one.resources, one.not_resource
        )
        for policy in view.diff.principal.policies
        if policy.document is not None
        for one in policy.document.statements
    }


def _order(name: str, service: _Service) -> tuple[int, int, int, str]:
    seen, stays = service.sum("seen"), service.sum("stays")
    return -bool(seen), -bool(stays), -(seen or stays or service.sum("granted")), name


def _merged(services: Iterable[_Service]) -> _Service:
    whole = _Service()
    for service in services:
        for level, numbers in service.levels.items():
            whole.levels[level].add(numbers)
        whole.before |= service.before
        whole.after |= service.after
    return whole


def _data(name: str, service: _Service) -> Json:
    return {
        "name": name,
        "levels": [[one.granted, one.seen, one.stays, one.unseen] for one in service.levels.values()],
        "before": _data_of_scopes(service.before),
        "after": _data_of_scopes(service.after),
    }


def _data_of_scopes(scopes: set[Scope]) -> list[object]:
    """Whether any resource will do, how many patterns and how many exact names there are, and the first of them."""
    if any(scope.not_resource or "*" in scope.resources for scope in scopes):
        spared = sorted({text for scope in scopes if scope.not_resource for text in scope.resources})
        return [1, len(spared), 0, [terminal_text(text) for text in spared[:_MOST_NAMES]]]
    names = sorted({text for scope in scopes for text in scope.resources})
    patterns = sum("*" in text or "?" in text for text in names)
    return [0, patterns, len(names) - patterns, [terminal_text(text) for text in names[:_MOST_NAMES]]]
