"""From records to the usage tables: one pass that counts each record as usage or as a skip.

This is the hot path. A row in the making is a list under a tuple key (see `lpgen.core.usage.tally_tables`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.events.caller import caller_from_record
from lpgen.core.events.outcome import outcome_from_record
from lpgen.core.events.records import Record
from lpgen.core.model import Category, SkipReason
from lpgen.core.usage.contribution import MAX_TEXT_LENGTH, Contribution, RecordMapper
from lpgen.core.usage.contribution_memo import ContributionMemo, KnownCaller
from lpgen.core.usage.coverage import NO_CATEGORY, category_from_record, is_record_reason
from lpgen.core.usage.event_time import ALL_TIME, NO_TIME, Window, moment_from_text
from lpgen.core.usage.open_names import MARK
from lpgen.core.usage.tables import OVERFLOW_LIMIT, Usage, merge_usage
from lpgen.core.usage.tally_tables import LATE, CoverageRows, SkipRows, UsageKey, UsageRows, usage_from_rows

_DATA: Final = Category.DATA.value
_NOTHING: Final = Record(eventSource="", eventName="")
_NO_NAME: Final = "`eventSource` or `eventName` is empty"

Lot = tuple[int, str]
"""How many records a record stands for, and when the last of them was; "" where it is alone."""

_ALONE: Final = (1, NO_TIME)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A part of a file that holds no record, or a record that can't count.

    `position` is where (`record 3`, `line 7`), `detail` why. `record` holds what could be read of it, if anything.
    """

    reason: SkipReason
    detail: str
    position: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What came of one file: `records` read = `usage_records` + the `skips` that are records.

    `skips` are sorted pairs of reason and number; those of `unreadable_file` and `not_cloudtrail` are no records.
    `problem` is the first thing that couldn't be read and where, or "".
    """

    records: int
    usage_records: int
    skips: tuple[tuple[SkipReason, int], ...]
    problem: str


def usage_from_records(
    records: Iterable[Record | Unusable],
    event_map: RecordMapper,
    *,
    window: Window = ALL_TIME,
    source: str = "",
    limit: int = OVERFLOW_LIMIT,
) -> Usage:
    """The usage of one file's records. `source` names the file in the examples of skips (its SHA-256)."""
    tally = UsageTally(ContributionMemo(event_map), window=window)
    tally.add_source(records, source)
    return tally.usage(limit=limit)


@dataclass(frozen=True, slots=True, eq=False)
class _DayRows:
    """Where the records of one contribution, caller and day count: a coverage row, and usage rows with an example."""

    coverage: list[int]
    usage: tuple[tuple[list[Any], str], ...]


class UsageTally:
    """Usage in the making: sources are added one by one, and `usage` gives the tables of all of them."""

    def __init__(self, contributions: ContributionMemo, *, window: Window = ALL_TIME) -> None:
        self._contributions = contributions
        self._window = window
        self._rows: UsageRows = {}
        self._skips: SkipRows = {}
        self._coverage: CoverageRows = {}
        self._texts: dict[str, str] = {}
        self._days: dict[tuple[Contribution, KnownCaller, str], _DayRows] = {}

    def usage(self, *, limit: int = OVERFLOW_LIMIT) -> Usage:
        """The tables of all that was added, sorted and merged."""
        return merge_usage([usage_from_rows(self._rows, self._skips, self._coverage)], limit=limit)

    def add_source(self, records: Iterable[Record | Unusable], source: str) -> SourceCounts:
        """Counts the records of one file; a second record of one event id in it is a duplicate."""
        seen: set[str] = set()
        skips: dict[SkipReason, int] = {}
        used = 0
        problem = ""
        for number, record in enumerate(records, 1):
            if type(record) is Record:
                skip = self._add_record(record, seen, (source, number))
            else:
                assert isinstance(record, Unusable)
                skip = self._add_unusable(record, source)
                problem = problem or _problem_from_part(record)
            if skip is None:
                used += 1
            else:
                skips[skip] = skips.get(skip, 0) + 1
        records_skipped = sum(count for reason, count in skips.items() if is_record_reason(reason))
        return SourceCounts(used + records_skipped, used, tuple(sorted(skips.items())), problem)

    def _add_record(
        self, record: Record, seen: set[str], place: tuple[str, int], lot: Lot = _ALONE
    ) -> SkipReason | None:
        """Counts one record, or the lot that it stands for, and says why it isn't usage; None where it is."""
        moment = moment_from_text(record.eventTime)
        refusal = self._refuse(record, moment, seen)
        if refusal is not None:
            return self._add_refused(record, refusal, moment or NO_TIME, place, lot)
        assert moment is not None
        caller = self._contributions.find_caller(record)
        contribution, end = self._contributions.find(record, caller.alike)
        day = moment[:10]
        rows = self._days.get((contribution, caller, day)) or self._open_rows(contribution, caller, day)
        count, last = lot
        rows.coverage[0] += count
        if contribution.skip is not None:
            part = Unusable(contribution.skip, contribution.detail, _position(place[1]), record)
            self._add_skip(part, place[0], (moment, caller.caller.principal, contribution.outcome), lot)
            return contribution.skip
        rows.coverage[1] += count
        for row, example in rows.usage:
            row[2] += count
            if moment > row[1]:
                row[1] = moment
            if moment <= row[0]:
                _offer_example(row, moment, record.eventID or "", example, end)
            if last > row[1]:
                row[1] = last
        return None

    def _refuse(self, record: Record, moment: str | None, seen: set[str]) -> tuple[SkipReason, str] | None:
        """Why a record doesn't count whatever it says: no time, seen before, or outside the window; else None."""
        if moment is None or not record.eventSource or not record.eventName:
            return SkipReason.BAD_RECORD, _NO_NAME if moment is not None else "`eventTime` is no time"
        event_id = record.eventID
        if event_id:
            if event_id in seen:
                return SkipReason.DUPLICATE, ""
            seen.add(event_id)
        if not self._window.holds(moment):
            return SkipReason.OUT_OF_WINDOW, "" if moment else "`eventTime` is missing"
        return None

    def _add_refused(
        self, record: Record, refusal: tuple[SkipReason, str], moment: str, place: tuple[str, int], lot: Lot
    ) -> SkipReason:
        reason, detail = refusal
        self._count_coverage(record, None if reason is SkipReason.OUT_OF_WINDOW else moment, lot)
        part = Unusable(reason, detail, _position(place[1]), record)
        self._add_skip(part, place[0], _saying(record, moment), lot)
        return reason

    def _add_unusable(self, part: Unusable, source: str) -> SkipReason:
        record = part.record
        if record is None:
            if is_record_reason(part.reason):
                self._count_coverage(_NOTHING, None)
            self._add_skip(part, source, (NO_TIME, "", ""))
            return part.reason
        moment = moment_from_text(record.eventTime) or NO_TIME
        if is_record_reason(part.reason):
            self._count_coverage(record, moment)
        self._add_skip(part, source, _saying(record, moment))
        return part.reason

    def _open_rows(self, contribution: Contribution, known: KnownCaller, day: str) -> _DayRows:
        """The rows that a caller's contribution counts in on one day, made where they are new.

        INVARIANT: the day is part of the key, so that a row's records all have a time or none has.
        """
        caller = known.caller
        before = (caller.principal, caller.principal_id, caller.account, contribution.account, contribution.region)
        key = (contribution.account, contribution.region, day, contribution.category, contribution.source)
        coverage = self._coverage.setdefault(key, [0, 0])
        usage = tuple(
            (self._open_row((*before, day, *behind)), min(resources)) for behind, resources in contribution.rows.items()
        )
        rows = self._days[contribution, known, day] = _DayRows(coverage, usage)
        return rows

    def _open_row(self, key: UsageKey) -> list[Any]:
        row = self._rows.get(key)
        if row is None:
            row = self._rows[self._shared(key)] = [LATE, NO_TIME, 0, "", ""]
        return row

    def _shared(self, key: UsageKey) -> UsageKey:
        """The key with each text stored once in the whole tally."""
        share = self._texts.setdefault
        return tuple([share(part, part) if type(part) is str else part for part in key])  # type: ignore[return-value]

    def _count_coverage(self, record: Record, moment: str | None, lot: Lot = _ALONE) -> None:
        """Counts a record that is no usage; a `moment` of None says that it shows nothing of any day."""
        category = NO_CATEGORY if moment is None else category_from_record(record)
        source = record.eventSource if category == _DATA else ""
        day = moment[:10] if moment else NO_TIME
        key = (record.recipientAccountId or "", record.awsRegion or "", day, category, source)
        self._coverage.setdefault(key, [0, 0])[0] += lot[0]

    def _add_skip(self, part: Unusable, source: str, said: tuple[str, str, str], lot: Lot = _ALONE) -> None:
        """Counts what is no usage; `said` are its time, its principal and its outcome."""
        moment, principal, outcome = said
        record = part.record or _NOTHING
        key = (
            part.reason.value,
            principal,
            record.recipientAccountId or "",
            record.awsRegion or "",
            record.eventSource[:MAX_TEXT_LENGTH],
            record.eventName[:MAX_TEXT_LENGTH],
            outcome,
            part.detail[:MAX_TEXT_LENGTH],
        )
        example = (moment or LATE, record.eventID or "", source, part.position)
        row = self._skips.get(key)
        if row is None:
            row = self._skips[key] = [example[0], moment, 0, *example[1:]]
        row[1], row[2] = max(row[1], moment, lot[1]), row[2] + lot[0]
        if example < (row[0], row[3], row[4], row[5]):
            row[0], row[3], row[4], row[5] = example


def _offer_example(row: list[Any], moment: str, event_id: str, example: str, end: str) -> None:
    """Makes a record the row's example if it is less than the one it has."""
    if end and example.endswith(MARK):
        example = example[:-1] + end
    if (moment, event_id, example) < (row[0], row[3], row[4]):
        row[0], row[3], row[4] = moment, event_id, example


def _saying(record: Record, moment: str) -> tuple[str, str, str]:
    return moment, caller_from_record(record).principal, outcome_from_record(record).outcome.value


def _position(number: int) -> str:
    """A record's place in its file, counted from 1; 0 stands for no place."""
    return f"record {number}" if number else ""


def _problem_from_part(part: Unusable) -> str:
    if part.reason in (SkipReason.UNREADABLE_FILE, SkipReason.BAD_RECORD):
        return f"{part.detail} ({part.position})"
    return ""
