"""Usage from records that were counted in groups before: what a query answers in place of each record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lpgen.core.events.records import Record
from lpgen.core.model import SkipReason
from lpgen.core.usage.tally import RecordMapper, Unusable, UsageTally
from lpgen.core.usage.tally_tables import UsageKey


@dataclass(frozen=True, slots=True)
class RecordGroup:
    """Records of one day that differ in nothing but time and event id.

    `record` is the least of them by time, then event id; `records` says how many they are, and `last` when the last
    was, in the form of `lpgen.core.usage.event_time`.
    """

    record: Record
    records: int
    last: str


class GroupTally(UsageTally):
    """A `UsageTally` to which groups are added: each counts as so many records, and is mapped once.

    Duplicates aren't told: a group counts deliveries.
    """

    def __init__(self, event_map: RecordMapper) -> None:
        super().__init__(event_map)
        self._more, self._last = 0, ""

    def add_group(self, group: RecordGroup, source: str) -> SkipReason | None:
        """Counts a group, and says why its records are no usage; None where they are."""
        self._more, self._last = group.records - 1, group.last
        return self._add_record(group.record, set(), (source, 0))

    def _count_usage(self, key: UsageKey, moment: str, event_id: str, example: str) -> list[Any]:
        row = super()._count_usage(key, moment, event_id, example)
        row[1], row[2] = max(row[1], self._last), row[2] + self._more
        return row

    def _count_coverage(self, record: Record, moment: str | None, *, used: bool) -> list[int]:
        row = super()._count_coverage(record, moment, used=used)
        row[0] += self._more
        row[1] += self._more * used
        return row

    def _add_skip(self, part: Unusable, source: str, moment: str, principal: str, outcome: str) -> list[Any]:
        placeless = Unusable(part.reason, part.detail, "", part.record)
        row = super()._add_skip(placeless, source, moment, principal, outcome)
        row[1], row[2] = max(row[1], self._last), row[2] + self._more
        return row
