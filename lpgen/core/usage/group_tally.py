"""Usage from records that were counted in groups before: what a query answers in place of each record."""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.event_map import RecordMapper
from lpgen.core.cloudtrail.records import Record, raw_from_record
from lpgen.core.model import SkipReason
from lpgen.core.usage.mapping_cache import ContributionMemo
from lpgen.core.usage.tally import UsageTally


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
    """A `UsageTally` for groups of records: each group counts with its number of records and is mapped once.

    Duplicates aren't recognized: a group counts deliveries.
    """

    def __init__(self, event_map: RecordMapper) -> None:
        super().__init__(ContributionMemo(event_map))

    def add_group(self, group: RecordGroup, source: str) -> SkipReason | None:
        """Counts a group, and says why its records are no usage; None where they are."""
        return self._add_record(raw_from_record(group.record), set(), source, lot=(group.records, group.last))
