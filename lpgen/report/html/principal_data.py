"""One principal as data for the script of the page. Every text is escaped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from datetime import date
from typing import Final

from lpgen.core.evidence import AccountCoverage, Evidence, StatementRef
from lpgen.core.findings import UNSEEN, ActionVerdict, Confidence, Report, Verdict
from lpgen.core.model import AccessLevel, Action
from lpgen.core.replacements import Scope
from lpgen.report.blocks import Block, count, plural
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.data import ActionIndex, Shared, data_of_blocks, data_of_line, ranges_of
from lpgen.report.html.policies import data_of_policies
from lpgen.report.html.templating import script_json
from lpgen.report.pages.principal import (
    all_kept_blocks,
    becoming_blocks,
    check_blocks,
    dropped_blocks,
    identity_blocks,
    number_blocks,
    plan_blocks,
    rule_blocks,
    safety_blocks,
    undoing_blocks,
)
from lpgen.report.pages.use import (
    danger_blocks,
    dangerous_use_blocks,
    denied_blocks,
    ungranted_blocks,
    unmapped_blocks,
    way_blocks,
    wildcard_blocks,
)
from lpgen.report.summary import Counts
from lpgen.report.views import PrincipalView
from lpgen.report.words import percent, short_label_of, state_of


@dataclass(frozen=True, slots=True)
class PrincipalScript:
    """Writes a principal as data for the script of the page. `report` has no proposals."""

    report: Report
    actions: ActionIndex

    def __call__(self, view: PrincipalView) -> str:
        """The data as JSON that is safe in a script element."""
        shared = Shared(self.actions)
        principal = _data_of_principal(view, self.report, shared)
        row = {"found": _data_of_actions(view, shared), "wildcards": len(view.diff.assessment.wildcards)}
        return script_json({"principal": principal, "row": row, **dict(shared.data())})


def _data_of_principal(view: PrincipalView, report: Report, shared: Shared) -> Json:
    """The data of one principal, which refer to shared items by index."""
    return {
        "arn": terminal_text(view.diff.principal.arn),
        "label": terminal_text(short_label_of(view.diff.principal)),
        "account": terminal_text(view.diff.principal.account),
        "state": data_of_line((state_of(view.summary),))[0],
        "figures": [astuple(figure) for figure in _figures_of_principal(view)],
        "replaced": view.has_documents,
        "identity": data_of_blocks(identity_blocks(view)),
        "safety": data_of_blocks((*safety_blocks(view), *becoming_blocks(view))),
        "numbers": data_of_blocks(number_blocks(view)),
        "walls": _data_of_walls(view),
        "policies": data_of_policies(view, shared),
        "verdicts": _data_of_verdicts(view, shared),
        "use": _data_of_use(view, report),
        "findings": [[anchor, data_of_blocks(blocks)] for anchor, blocks in _findings(view) if blocks],
        "plan": data_of_blocks((*plan_blocks(view), *check_blocks(view))),
    }


def _findings(view: PrincipalView) -> Iterable[tuple[str, tuple[Block, ...]]]:
    """The findings about a principal, by the name of the part. The most urgent come first."""
    yield "ungranted", tuple(ungranted_blocks(view.diff.use.ungranted))
    yield "unmapped", tuple(unmapped_blocks(view))
    yield "dangerous-use", tuple(dangerous_use_blocks(view.diff.use.dangerous))
    yield "dangers", (*way_blocks(view), *danger_blocks(view))
    yield "undoing", tuple(undoing_blocks(view.lost_undoings))
    yield from all_kept_blocks(view).items()
    yield "dropped", tuple(dropped_blocks(view.diff.draft.dropped))
    yield "wildcards", tuple(wildcard_blocks(view.diff.assessment.wildcards))
    yield "rules", tuple(rule_blocks(view))
    yield "denied", tuple(denied_blocks(view.denied))


# ---------------------------------------------------------------- figures


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to see at a glance, with its title and a note."""

    value: str
    title: str
    note: str
    alarming: bool = False


def _figures_of_principal(view: PrincipalView) -> Iterator[Figure]:
    """The figures of one principal."""
    counts, policies = view.counts, len(view.diff.principal.policies)
    seen = counts.used + counts.attempted

    def of_granted(number: int, title: str) -> Figure:
        share = share_of(number, counts)
        return Figure(count(number), title, f"{share} of the granted actions" if counts.granted else "")

    yield Figure(count(counts.granted), "granted", f"by {plural(policies, 'policy', 'policies')}" if policies else "")
    yield of_granted(seen, "used or attempted")
    if view.has_documents:
        unseen = f"{count(counts.kept_unseen)} of them without recorded use" if counts.kept_unseen else ""
        yield Figure(count(counts.kept), "kept", unseen)
        yield of_granted(counts.removed, "removed")
    else:
        yield of_granted(counts.unused, "unused")
        yield of_granted(counts.unobservable, "unobservable")
    removed = f"{count(counts.dangerous)} removed" if view.has_documents and counts.dangerous_unused else ""
    yield Figure(
        count(counts.dangerous_unused), "dangerous and unused", removed, alarming=view.summary.dangers_left > 0
    )


def share_of(number: int, of: Counts) -> str:
    """The share of the granted actions, in words."""
    return percent(number / of.granted) if of.granted else "–"


# ---------------------------------------------------------------- verdicts

REMOVED, KEPT, GRANTED, UNGRANTED = "removed", "kept", "granted", "ungranted"

_OUTCOMES: Final = (REMOVED, KEPT, GRANTED, UNGRANTED)

_WHY: Final = {
    (REMOVED, Verdict.UNUSED): "Use would have left a record, and there is none.",
    (REMOVED, Verdict.UNOBSERVABLE): "The logs can't show use, and nothing else shows it.",
    (KEPT, Verdict.USED): "Used.",
    (KEPT, Verdict.ATTEMPTED): "Attempted, and no record shows whether it was allowed.",
    (KEPT, Verdict.UNOBSERVABLE): "The logs can't show use, and there is a sign of it.",
    (KEPT, Verdict.UNUSED): "No recorded use, but kept for another reason.",
    (REMOVED, Verdict.USED): "Used, but dropped by a decision.",
    (REMOVED, Verdict.ATTEMPTED): "Attempted, but dropped by a decision.",
    (GRANTED, Verdict.USED): "Used.",
    (GRANTED, Verdict.ATTEMPTED): "Attempted, and no record shows whether it was allowed.",
    (GRANTED, Verdict.UNUSED): "Use would have left a record, and there is none.",
    (GRANTED, Verdict.UNOBSERVABLE): "The logs can't show use.",
    (UNGRANTED, Verdict.UNGRANTED): "Used without a grant: reported, but not added.",
}

_Group = tuple[str, Verdict, Confidence | None]
_RowKey = tuple[str, str, str]


def _data_of_verdicts(view: PrincipalView, shared: Shared) -> list[Json]:
    """The groups of verdicts, removed actions first. A row is a service, a reason, a danger and numbers of actions.

    Reasons and dangers are indexes into the shared texts. -1 means no danger.
    """
    groups: dict[_Group, dict[_RowKey, list[Action]]] = defaultdict(lambda: defaultdict(list))
    for verdict in view.diff.assessment.verdicts:
        outcome = _outcome_of(verdict, view)
        reason = verdict.reason
        if outcome == KEPT and verdict.keep not in ("", reason):
            reason = f"{reason}; {verdict.keep}"
        service = verdict.action.partition(":")[0]
        key = outcome, verdict.verdict, verdict.confidence if outcome == REMOVED else None
        groups[key][service, reason, verdict.danger].append(verdict.action)
    return [
        {
            "outcome": outcome,
            "verdict": verdict,
            "confidence": confidence or "",
            "why": _WHY.get((outcome, verdict), ""),
            "count": sum(map(len, groups[outcome, verdict, confidence].values())),
            "rows": [
                [
                    terminal_text(service),
                    shared.texts.place(terminal_text(reason)),
                    shared.texts.place(terminal_text(danger)) if danger else -1,
                    shared.ranges(actions),
                ]
                for (service, reason, danger), actions in sorted(groups[outcome, verdict, confidence].items())
            ],
        }
        for outcome, verdict, confidence in sorted(groups, key=_group_order)
    ]


def _data_of_actions(view: PrincipalView, shared: Shared) -> list[str]:
    """The numbers of the granted actions, of actions with recorded use or attempts, and of kept actions."""
    outcomes = [(verdict, _outcome_of(verdict, view)) for verdict in view.diff.assessment.verdicts]
    granted = [verdict.action for verdict, outcome in outcomes if outcome != UNGRANTED]
    seen = [verdict.action for verdict, _ in outcomes if verdict.verdict not in UNSEEN]
    kept = [verdict.action for verdict, outcome in outcomes if outcome == KEPT]
    return [shared.ranges(actions) for actions in (granted, seen, kept)]


def _outcome_of(verdict: ActionVerdict, view: PrincipalView) -> str:
    """The outcome of an action."""
    if verdict.verdict is Verdict.UNGRANTED:
        return UNGRANTED
    if not view.has_documents:
        return GRANTED
    return KEPT if verdict.action in view.staying else REMOVED


def _group_order(key: _Group) -> tuple[int, int, int]:
    outcome, verdict, confidence = key
    order = (Verdict.UNUSED, Verdict.UNOBSERVABLE, Verdict.USED, Verdict.ATTEMPTED, Verdict.UNGRANTED)
    return _OUTCOMES.index(outcome), order.index(verdict), list(Confidence).index(confidence) if confidence else 0


# ---------------------------------------------------------------- the two walls

_MOST_SERVICES: Final = 9
"""The number of services with their own hole in the picture. The others share one."""

_MOST_NAMES: Final = 3


@dataclass(slots=True)
class _Level:
    """Numbers of actions of one access level.

    `seen` are granted actions with recorded use, `stays` are in the replacement, and `unseen` are those of `stays`
    without recorded use.
    """

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
    """The actions of a service by level, and their scopes before and after.

    `refs` are the statements that grant them, by identity, because thousands of verdicts share a few statements.
    """

    levels: dict[AccessLevel, _Level] = field(default_factory=lambda: {level: _Level() for level in AccessLevel})
    refs: dict[int, StatementRef] = field(default_factory=dict)
    before: set[Scope] = field(default_factory=set)
    after: set[Scope] = field(default_factory=set)

    def sum(self, name: str) -> int:
        """The sum of a number over all levels."""
        return sum(getattr(level, name) for level in self.levels.values())


def _data_of_walls(view: PrincipalView) -> list[Json]:
    """One row per service: used services first, then kept ones. The last row may sum up all others."""
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
    for verdict in view.diff.assessment.verdicts:
        outcome = _outcome_of(verdict, view)
        if outcome == UNGRANTED:
            continue
        service = found[verdict.action.partition(":")[0]]
        seen, stays = verdict.verdict not in UNSEEN, outcome == KEPT
        service.levels[verdict.level].add(_Level(1, seen, stays, stays and not seen))
        service.refs.update((id(ref), ref) for ref in verdict.grants)
    for service in found.values():
        service.before = {scopes[ref] for ref in service.refs.values() if ref in scopes}
    for line in view.lines:
        found[line.action.partition(":")[0]].after.add(line.scope)
    return dict(found)


def _old_scopes(view: PrincipalView) -> Mapping[StatementRef, Scope]:
    return {
        StatementRef(policy.arn or policy.name, policy.kind, policy.group, statement.index, statement.sid): Scope(
            statement.resources, statement.not_resource
        )
        for policy in view.diff.principal.policies
        if policy.document is not None
        for statement in policy.document.statements
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
        "levels": [[level.granted, level.seen, level.stays, level.unseen] for level in service.levels.values()],
        "before": _data_of_scopes(service.before),
        "after": _data_of_scopes(service.after),
    }


def _data_of_scopes(scopes: set[Scope]) -> list[object]:
    """Whether any resource is allowed, the numbers of patterns and of exact names, and the first of them."""
    if any(scope.not_resource or "*" in scope.resources for scope in scopes):
        spared = sorted({text for scope in scopes if scope.not_resource for text in scope.resources})
        return [1, len(spared), 0, [terminal_text(text) for text in spared[:_MOST_NAMES]]]
    names = sorted({text for scope in scopes for text in scope.resources})
    patterns = sum("*" in text or "?" in text for text in names)
    return [0, patterns, len(names) - patterns, [terminal_text(text) for text in names[:_MOST_NAMES]]]


# ---------------------------------------------------------------- days of use

_Use = tuple[Action, str, Evidence, tuple[date, ...]]


def _data_of_use(view: PrincipalView, report: Report) -> Json | None:
    """The days that the logs cover and one row per action, the earliest first. None without records.

    A row is the action, verdict (or `denied`), records, first and last day, example event ID, example resource, and the
    days with a record. Days are numbered from 0 (`first`) and written as ranges such as `0-4,7`.
    """
    denied: list[_Use] = [(group.action, "denied", group.evidence, group.days) for group in view.denied]
    uses = sorted((*_used(view), *denied), key=lambda use: (use[2].first_seen[:10], use[2].last_seen[:10], use[0]))
    if not uses:
        return None
    covered = report.diff.coverage.account(view.diff.principal.account)
    missing = uncovered_days(covered) if covered else []
    seen = [day for use in uses for day in use[3]]
    days = [*seen, covered.first_day, covered.last_day] if covered else seen or [report.diff.as_of]
    first = min(days)
    return {
        "first": first.isoformat(),
        "last": max(days).isoformat(),
        "missing": [[start.isoformat(), end.isoformat(), terminal_text(why)] for start, end, why in missing],
        "rows": [_row(use, first) for use in uses],
    }


def uncovered_days(coverage: AccountCoverage) -> list[tuple[date, date, str]]:
    """The spans of days that the logs of an account don't cover: the first day, the last day, and the reason."""
    gaps = [(gap.first, gap.last, "no record") for gap in coverage.gaps]
    return [*gaps, *((hole.first, hole.last, hole.why) for hole in coverage.uncovered)]


def _used(view: PrincipalView) -> Iterable[_Use]:
    days = dict(view.diff.use.days)
    for verdict in view.diff.assessment.verdicts:
        if verdict.evidence is not None:
            yield verdict.action, verdict.verdict, verdict.evidence, days.get(verdict.action, ())


def _row(use: _Use, first: date) -> list[object]:
    action, kind, evidence, days = use
    return [
        terminal_text(action),
        kind,
        evidence.records,
        terminal_text(evidence.first_seen[:10]),
        terminal_text(evidence.last_seen[:10]),
        terminal_text(evidence.example_event_id),
        terminal_text(evidence.example_resource),
        ranges_of((day - first).days for day in days),
    ]
