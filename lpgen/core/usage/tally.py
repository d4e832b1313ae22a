"""From records to the usage tables: one pass that counts each record as usage or as a skip.

This is the hot path. A row in the making is a list under a tuple key (see `lpgen.core.usage.tally_tables`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from lpgen.core.events.caller import caller_from_identity
from lpgen.core.events.outcome import outcome_from_record
from lpgen.core.events.records import RawRecord, Record, RecordHead, raw_from_record, record_from_raw
from lpgen.core.model import Category, SkipReason
from lpgen.core.usage.contribution import MAX_TEXT_LENGTH, Contribution, RecordMapper
from lpgen.core.usage.contribution_memo import ContributionMemo, KnownCaller
from lpgen.core.usage.coverage import NO_CATEGORY, category_from_record, is_record_reason
from lpgen.core.usage.event_time import ALL_TIME, NO_TIME, Window, moment_from_text
from lpgen.core.usage.open_names import MARK
from lpgen.core.usage.tables import OVERFLOW_LIMIT, Usage, merge_usage
from lpgen.core.usage.tally_tables import LATE, Before, CoverageRows, SkipRows, UsageRows, usage_from_rows
from lpgen.core.usage.unusable import Unusable

_DATA: Final = Category.DATA.value
_NOTHING: Final = Record(eventSource="", eventName="")
_NO_NAME: Final = "`eventSource` or `eventName` is empty"

Lot = tuple[int, str]
"""How many records a record stands for, and when the last of them was; "" where it is alone."""

_ALONE: Final = (1, NO_TIME)


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
    tally.add_source((raw_from_record(one) if isinstance(one, Record) else one for one in records), source)
    return tally.usage(limit=limit)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Where the records of one contribution, caller and day count: a coverage row, and either usage rows with an
    example, or a row of skips for this reason."""

    coverage: list[int]
    usage: tuple[tuple[list[Any], str], ...]
    skip: SkipReason | None
    skips: list[Any]


_NO_ROW: Final[list[Any]] = []


class UsageTally:
    """Usage in the making: sources are added one by one, and `usage` gives the tables of all of them."""

    def __init__(self, contributions: ContributionMemo, *, window: Window = ALL_TIME) -> None:
        self._contributions = contributions
        self._window = window
        self._has_ends = window != ALL_TIME
        self._rows: UsageRows = {}
        self._skips: SkipRows = {}
        self._coverage: CoverageRows = {}
        self._places: dict[Before, Before] = {}
        self._days: dict[tuple[Contribution, KnownCaller, str], _Rows] = {}

    def usage(self, *, limit: int = OVERFLOW_LIMIT) -> Usage:
        """The tables of all that was added, sorted and merged."""
        return merge_usage([usage_from_rows(self._rows, self._skips, self._coverage)], limit=limit)

    def add_source(self, records: Iterable[RawRecord | Unusable], source: str) -> SourceCounts:
        """Counts the records of one file; a second record of one event id in it is a duplicate."""
        seen: set[str] = set()
        skips: dict[SkipReason, int] = {}
        used = 0
        problem = ""
        for number, record in enumerate(records, 1):
            if type(record) is RawRecord:
                skip = self._add_record(record, seen, source, number)
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
        self, record: RawRecord, seen: set[str], source: str, number: int = 0, lot: Lot = _ALONE
    ) -> SkipReason | None:
        """Counts one record, or the lot that it stands for, and says why it isn't usage; None where it is."""
        moment, event_id = moment_from_text(record.eventTime), record.eventID or ""
        if moment is None or not record.eventSource or not record.eventName:
            why = "`eventTime` is no time" if moment is None else _NO_NAME
            return self._add_refused(record, Unusable(SkipReason.BAD_RECORD, why, _position(number)), source, lot)
        if event_id in seen:
            return self._add_refused(record, Unusable(SkipReason.DUPLICATE, "", _position(number)), source, lot)
        if event_id:
            seen.add(event_id)
        if self._has_ends and not self._window.holds(moment):
            why = "" if moment else "`eventTime` is missing"
            return self._add_refused(record, Unusable(SkipReason.OUT_OF_WINDOW, why, _position(number)), source, lot)
        caller = self._contributions.find_caller(record)
        contribution, end = self._contributions.find(record, caller.alike)
        day = moment[:10]
        rows = self._days.get((contribution, caller, day)) or self._open_rows(record, contribution, caller, day)
        count, last = lot
        rows.coverage[0] += count
        if rows.skip is not None:
            _count_skip(rows.skips, (moment, event_id, source, _position(number)), lot)
            return rows.skip
        rows.coverage[1] += count
        for row, example in rows.usage:
            row[2] += count
            if moment > row[1]:
                row[1] = moment
            if moment <= row[0]:
                _offer_example(row, moment, event_id, example, end)
            if last > row[1]:
                row[1] = last
        return None

    def _add_refused(self, record: RawRecord, part: Unusable, source: str, lot: Lot) -> SkipReason:
        """Counts a record that doesn't count whatever it says."""
        known = record_from_raw(record)
        moment = moment_from_text(record.eventTime) or NO_TIME
        self._count_coverage(known, None if part.reason is SkipReason.OUT_OF_WINDOW else moment, lot)
        self._add_skip(replace(part, record=known), source, _saying(known, moment), lot)
        return part.reason

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

    def _open_rows(self, record: RawRecord, contribution: Contribution, known: KnownCaller, day: str) -> _Rows:
        """The rows that a caller's contribution counts in on one day, made where they are new.

        INVARIANT: the day is part of the key, so that a row's records all have a time or none has.
        """
        key = (contribution.account, contribution.region, day, contribution.category, contribution.source)
        coverage = self._coverage.setdefault(key, [0, 0])
        skip, skips = contribution.skip, _NO_ROW
        if skip is not None:
            said = known.caller.principal, contribution.outcome, contribution.detail
            skips = self._skip_row(skip, record, *said)
        usage = tuple(self._open_usage(contribution, known, day))
        rows = self._days[contribution, known, day] = _Rows(coverage, usage, skip, skips)
        return rows

    def _open_usage(self, contribution: Contribution, known: KnownCaller, day: str) -> Iterator[tuple[list[Any], str]]:
        caller = known.caller
        before = (caller.principal, caller.principal_id, caller.account, contribution.account, contribution.region)
        before = self._places.setdefault(before, before)
        for behind, resources in contribution.rows:
            key = (before, day, behind)
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = [LATE, NO_TIME, 0, "", ""]
            yield row, resources[0]

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
        row = self._skip_row(part.reason, record, principal, outcome, part.detail)
        _count_skip(row, (moment, record.eventID or "", source, part.position), lot)

    def _skip_row(self, reason: SkipReason, record: RecordHead, principal: str, outcome: str, detail: str) -> list[Any]:
        key = (
            reason.value,
            principal,
            record.recipientAccountId or "",
            record.awsRegion or "",
            record.eventSource[:MAX_TEXT_LENGTH],
            record.eventName[:MAX_TEXT_LENGTH],
            outcome,
            detail[:MAX_TEXT_LENGTH],
        )
        return self._skips.setdefault(key, [LATE, NO_TIME, 0, "", "", ""])


def _offer_example(row: list[Any], moment: str, event_id: str, example: str, end: str) -> None:
    """Makes a record the row's example if it is less than the one it has."""
    if end and example.endswith(MARK):
        example = example[:-1] + end
    if (moment, event_id, example) < (row[0], row[3], row[4]):
        row[0], row[3], row[4] = moment, event_id, example


def _count_skip(row: list[Any], example: tuple[str, str, str, str], lot: Lot) -> None:
    """Counts a lot in a row of skips, and makes it the row's example if it is less than the one it has."""
    moment, event_id, source, position = example
    row[1] = max(row[1], moment, lot[1])
    first = moment or LATE
    if not row[2] or (first, event_id, source, position) < (row[0], row[3], row[4], row[5]):
        row[0], row[3], row[4], row[5] = first, event_id, source, position
    row[2] += lot[0]


def _saying(record: Record, moment: str) -> tuple[str, str, str]:
    return moment, caller_from_identity(record.userIdentity).principal, outcome_from_record(record).outcome.value


def _position(number: int) -> str:
    """A record's place in its file, counted from 1; 0 stands for no place."""
    return f"record {number}" if number else ""


def _problem_from_part(part: Unusable) -> str:
    if part.reason in (SkipReason.UNREADABLE_FILE, SkipReason.BAD_RECORD):
        return f"{part.detail} ({part.position})"
    return ""
