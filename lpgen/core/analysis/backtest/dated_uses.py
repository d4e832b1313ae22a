"""The uses of each principal by day, independent of how a review judges them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Final

from lpgen.core.analysis.counted_use import UseCounter
from lpgen.core.evidence import Evidence, RecordedContext, Use
from lpgen.core.model import OBSERVED, Action, DenialKind, Outcome, Resource, ResourceKind
from lpgen.core.usage.columns import column_values
from lpgen.core.usage.principal_usage import recorded_context
from lpgen.core.usage.tables import Usage

_COLUMNS: Final = (
    "principal",
    "principal_id",
    "action",
    "resource_kind",
    "resource",
    "region",
    "vpc_endpoint",
    "context",
    "outcome",
    "day",
    "records",
    "example_event_id",
    "example_resource",
)


@dataclass(frozen=True, slots=True)
class DatedUse:
    """Calls that ask the same of IAM in the same context, with their number and an event of each day, by day."""

    use: Use
    days: tuple[date, ...]
    records: tuple[int, ...]
    event_ids: tuple[str, ...]

    def places(self, first: date, last: date) -> range:
        """The places of the days from the first to the last."""
        return range(bisect_left(self.days, first), bisect_right(self.days, last))

    @property
    def context(self) -> RecordedContext:
        """The context of the calls."""
        return self.use.contexts[0]


def dated_uses_from_usage(usage: Usage, counter: UseCounter) -> dict[str, list[DatedUse]]:
    """The uses of each principal that weren't denied, by its ARN: of its current id,
    dropped by no decision, and not suspected."""
    believed = counter.belief_test
    found: dict[str, dict[tuple[str, ...], dict[date, _Day]]] = defaultdict(lambda: defaultdict(dict))
    for row in zip(*(column_values(usage.table.column(name)) for name in _COLUMNS), strict=True):
        principal, principal_id, action = row[:3]
        outcome, day, records, event_id, example = row[8:]
        if outcome == Outcome.DENIED or day is None:
            continue
        if not believed(principal, principal_id, action, row[4], example, day):
            continue
        days = found[principal][row[2:8]]
        known = days.get(day)
        days[day] = (known[0] + records, *known[1:]) if known else (records, event_id, example)
    return {
        principal: [_dated_use(key, days, counter) for key, days in uses.items()] for principal, uses in found.items()
    }


_Day = tuple[int, str, str]  # records, an event id, and the resource of that event


def _dated_use(key: tuple[str, ...], days: dict[date, _Day], counter: UseCounter) -> DatedUse:
    action, kind, text, *context = key
    listed = tuple(sorted(days))
    _, event_id, example = days[listed[0]]
    records, event_ids, _ = zip(*(days[day] for day in listed), strict=True)
    use = Use(
        Action(action),
        Resource(ResourceKind(kind), text),
        Outcome.ALLOWED,
        OBSERVED,
        DenialKind.NONE,
        "",
        (recorded_context(*context),),
        Evidence(0, "", "", event_id, example),
    )
    return DatedUse(counter.names.resolve(use), listed, records, event_ids)
