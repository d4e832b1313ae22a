"""Counts records for the usage tables: one pass counts each record as usage or as a skip.

This is the hot path. It counts by key and builds no table (see `lpgen.core.usage.tally_tables`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.cloudtrail.caller import caller_from_record, caller_name, is_of_account, name_in_skips
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.cloudtrail.records import READ_VERSION, RawRecord, Record, Unusable, record_from_raw
from lpgen.core.model import CallerKind, SkipReason
from lpgen.core.usage.contribution import NO_CATEGORY, category_from_record
from lpgen.core.usage.event_time import ALL_TIME, ANY_TIME, NO_TIME, LatestTime, TimeWindow, moment_from_text
from lpgen.core.usage.evidence_tally import MAX_SOURCES, EvidenceTally
from lpgen.core.usage.left_out import Windows, detail_of_left_out, hold_moment
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.overflow import OVERFLOW_LIMIT
from lpgen.core.usage.tables import Usage, is_record_reason, merge_usage
from lpgen.core.usage.tally_tables import (
    LATE,
    ActivityRows,
    ContributionCounts,
    CoverageRows,
    SkipRows,
    add_activity,
    add_coverage,
    add_skip,
    coverage_key,
    day_of_coverage,
    skip_key,
    usage_from_counts,
)

_NOTHING: Final = Record(eventSource="", eventName="")
_MISPLACED: Final = "a record of account {owner} in the folder of account {place}"
_OTHER_VERSION: Final = "its major version is {version}"
_WRONG_TIME: Final = "`eventTime` is not a valid time"
_NO_NAME: Final = "`eventSource` or `eventName` is empty"

_NO_TIME_STATED: Final = "`eventTime` is missing"

_OF_NO_DAY: Final = (SkipReason.OUT_OF_WINDOW, SkipReason.UNKNOWN_VERSION, SkipReason.FUTURE)
"""Why a record with a time doesn't count for any day."""

Refusal = tuple[SkipReason, str]
"""Why a record doesn't count, and a detail."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """The counts of one file: `records` read = `usage_records` + the `skips` that are records.

    `skips` are sorted pairs of reason and number. `unreadable_file` and `not_cloudtrail` don't count records.
    `problem` is the first part that couldn't be read, with its place, or "".
    """

    records: int
    usage_records: int
    skips: tuple[tuple[SkipReason, int], ...]
    problem: str


class UsageTally:
    """A running count of usage. Sources are added one by one, and `usage` returns the tables for all of them."""

    def __init__(self, contributions: MappingCache, *, window: TimeWindow = ALL_TIME) -> None:
        self._contributions = contributions
        self._window = window
        self._has_ends = window != ALL_TIME
        self._latest = ANY_TIME
        self._counts: ContributionCounts = {}
        self._skips: SkipRows = {}
        self._coverage: CoverageRows = {}
        self._activity: ActivityRows = {}
        self._evidence = EvidenceTally()

    def usage(self, *, limit: int = OVERFLOW_LIMIT) -> Usage:
        """The tables for all added sources, sorted and merged."""
        found = usage_from_counts(self._counts, self._skips, self._coverage, self._activity, self._evidence)
        return merge_usage([found], limit=limit)

    def add_source(
        self,
        records: Iterable[RawRecord | Unusable],
        source: str,
        latest: LatestTime = ANY_TIME,
        *,
        counted: Windows = (),
        place: str = "",
        is_ordered: bool = True,
    ) -> SourceCounts:
        """Count the records of one file. A second record with the same event id is a duplicate.

        Records later than `latest` are skipped as future records. For a file that was read before, `counted` are the
        windows whose records count already, so only the records that were left out are counted. `place` is the account
        of the file's folder: records of other accounts are misplaced, and records without an account belong to it. If
        the order of the records is arbitrary, `is_ordered` is false, and their numbers aren't shown as places.
        """
        self._latest = latest
        seen: set[str] = set()
        skips: dict[SkipReason, int] = {}
        used = 0
        problem = ""
        for number, record in enumerate(records, 1):
            if place and (type(record) is not RawRecord or record.recipientAccountId != place):
                record = _in_place(record, place, number)
            if counted and self._was_counted(record, seen, counted):
                continue
            if type(record) is RawRecord:
                skip = self._add_record(record, seen, source, number if is_ordered else 0)
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

    def _was_counted(self, record: RawRecord | Unusable, seen: set[str], counted: Windows) -> bool:
        """Whether an earlier reading of the file counted the record, as usage or as a skip that remains."""
        if isinstance(record, Unusable):
            moment = moment_from_text(record.record.eventTime) if record.record else NO_TIME
            return record.reason is not SkipReason.AGGREGATED or not moment or hold_moment(counted, moment)
        event_id, moment = record.eventID or "", moment_from_text(record.eventTime)
        if _why_refused(record, moment) or event_id in seen:
            return True
        if not hold_moment(counted, moment or NO_TIME):
            return False
        if event_id:
            seen.add(event_id)
        return True

    def _add_record(self, record: RawRecord, seen: set[str], source: str, number: int) -> SkipReason | None:
        """Count one record, and return why it isn't usage; None if it is."""
        found_moment = moment_from_text(record.eventTime)
        refusal = _why_refused(record, found_moment)
        moment, event_id = found_moment or NO_TIME, record.eventID or ""
        if refusal is None and event_id in seen:
            refusal = (SkipReason.DUPLICATE, "")
        if refusal is None:
            if event_id:
                seen.add(event_id)
            refusal = self._why_left_out(moment)
        if refusal is not None:
            reason, why = refusal
            why = detail_of_left_out(reason, why, source)
            return self._add_refused(record, Unusable(reason, why, _position(number)), source)
        caller = self._contributions.find_caller(record)
        contribution, end = self._contributions.find(record, caller.alike)
        if contribution.method is not None or contribution.sets_tags:
            self._evidence.add(record, caller, contribution, moment)
        if contribution.by_role:
            self._evidence.add_session(record.userIdentity, caller, contribution, moment)
        elif caller.caller.kind is CallerKind.USER and moment:
            self._evidence.add_signs(record, caller.name, contribution, moment)
        key = (contribution, caller, moment[:10])
        found = self._counts.get(key)
        if found is None:
            origins = self._evidence.origins_of(caller, key[2], record)
            found = self._counts[key] = [0, NO_TIME, LATE, (), origins]
        else:
            origins = found[4]
            if origins.agent != record.userAgent:
                origins = found[4] = self._evidence.origins_of(caller, key[2], record)
        sources, address = origins.sources, record.sourceIPAddress
        if address in sources:
            sources[address] += 1
        else:
            sources[address] = 1
            if len(sources) > MAX_SOURCES:
                self._evidence.fold_sources(origins)
        found[0] += 1
        if moment > found[1]:
            found[1] = moment
        if moment <= found[2]:
            example = (event_id, end) if contribution.skip is None else (event_id, source, _position(number), end)
            if (moment, example) < (found[2], found[3]):
                found[2], found[3] = moment, example
        return contribution.skip

    def _why_left_out(self, moment: str) -> Refusal | None:
        """Why a record is left out for now; None if it counts."""
        if self._latest.is_before(moment):
            return SkipReason.FUTURE, self._latest.why
        if self._has_ends and not self._window.holds(moment):
            return SkipReason.OUT_OF_WINDOW, ""
        return None

    def _add_refused(self, record: RawRecord, part: Unusable, source: str) -> SkipReason:
        """Count a record that is skipped whatever it contains."""
        known = record_from_raw(record)
        moment = moment_from_text(record.eventTime) or NO_TIME
        said = self._skip_details(known, moment)
        if (
            part.reason is SkipReason.OUT_OF_WINDOW
        ):  # one row per file, because a window may leave out most of many files
            known, said = _place_of(known), (moment, "", "")
        self._count_coverage(known, None if part.reason in _OF_NO_DAY else moment)
        self._add_skip(replace(part, record=known), source, said)
        return part.reason

    def _add_unusable(self, part: Unusable, source: str) -> SkipReason:
        record = part.record
        if record is None:
            if is_record_reason(part.reason):
                self._count_coverage(_NOTHING, None)
            self._add_skip(part, source, (NO_TIME, "", ""))
            return part.reason
        if part.reason is SkipReason.AGGREGATED:
            return self._add_aggregated(part, record, source)
        moment = moment_from_text(record.eventTime) or NO_TIME
        if is_record_reason(part.reason):
            self._count_coverage(record, None if part.reason is SkipReason.MISPLACED else moment)
        self._add_skip(part, source, self._skip_details(record, moment))
        return part.reason

    def _add_aggregated(self, part: Unusable, record: Record, source: str) -> SkipReason:
        """Count an aggregated event, which doesn't count for any day, and add a row for each caller that it names."""
        moment = moment_from_text(record.eventTime) or NO_TIME
        left_out = self._why_left_out(moment) if moment else None
        if left_out is not None:
            reason, why = left_out
            part = replace(part, reason=reason, detail=detail_of_left_out(reason, why, source), callers=())
        self._count_coverage(record, None)
        self._add_skip(part, source, (moment, "", ""))
        for caller in (caller for caller in part.callers if is_of_account(caller, record.recipientAccountId)):
            self._add_skip(part, source, (moment, caller, ""), records=0)
        return part.reason

    def _count_coverage(self, record: Record, moment: str | None) -> None:
        """Count a record that isn't usage. It counts for no day if `moment` is None or in the future."""
        category, read_only = NO_CATEGORY, None
        if moment is not None and self._latest.is_before(moment):
            moment = None
        if moment is not None:
            category, read_only = category_from_record(record), record.readOnly
        day = day_of_coverage(moment[:10] if moment else NO_TIME, category)
        account, source = record.recipientAccountId or "", record.eventSource
        key = coverage_key(account, record.awsRegion or "", day, category, source)
        add_coverage(self._coverage, key, 1, is_usage=False, read_only=read_only)
        if day != NO_TIME:
            name = caller_name(record.userIdentity, caller_from_record(record))
            add_activity(self._activity, (account, day, name, source), 1)

    def _skip_details(self, record: Record, moment: str) -> tuple[str, str, str]:
        codes = self._contributions.event_map.catalog.facts(ErrorCodes)
        return moment, name_in_skips(caller_from_record(record)), codes.outcome_from_record(record).outcome.value

    def _add_skip(self, part: Unusable, source: str, said: tuple[str, str, str], *, records: int = 1) -> None:
        """Count a skip. `said` has its time, principal and outcome."""
        moment, principal, outcome = said
        record = part.record or _NOTHING
        place, call = (record.recipientAccountId or "", record.awsRegion or ""), (record.eventSource, record.eventName)
        key = skip_key(part.reason, principal, place, call, outcome, part.detail)
        add_skip(self._skips, key, records, (moment, record.eventID or "", source, part.position), NO_TIME)


def _in_place(item: RawRecord | Unusable, place: str, number: int) -> RawRecord | Unusable:
    """The record as it counts in the folder of an account.

    A record without an account belongs to this account. A record of another account is misplaced, and counts for no
    account and no day.
    """
    record = item.record if isinstance(item, Unusable) else item
    if record is None:
        return item
    owner = record.recipientAccountId = record.recipientAccountId or (place if place.isdecimal() else "unknown")
    if owner == place:
        return item
    bare = Record(eventSource="", eventName="", eventTime=record.eventTime, eventID=record.eventID)
    position = item.position if isinstance(item, Unusable) else _position(number)
    why = _MISPLACED.format(owner=owner, place=place)
    return Unusable(SkipReason.MISPLACED, why, position, bare)


def _place_of(record: Record) -> Record:
    """The record with only its id, and the account and Region that logged it."""
    return Record(
        eventSource="",
        eventName="",
        eventID=record.eventID,
        awsRegion=record.awsRegion,
        recipientAccountId=record.recipientAccountId,
    )


def _why_refused(record: RawRecord, moment: str | None) -> Refusal | None:
    """Why a record with this time can't count in any window; None if it can."""
    version = record.eventVersion
    if version and not version.startswith(READ_VERSION):
        return SkipReason.UNKNOWN_VERSION, _OTHER_VERSION.format(version=version.partition(".")[0])
    if moment is None or not record.eventSource or not record.eventName:
        return SkipReason.BAD_RECORD, _WRONG_TIME if moment is None else _NO_NAME
    return None if moment else (SkipReason.NO_TIME, _NO_TIME_STATED)


def _position(number: int) -> str:
    """A record's place in its file, counted from 1; 0 means no place."""
    return f"record {number}" if number else ""


def _problem_from_part(part: Unusable) -> str:
    if part.reason in (SkipReason.UNREADABLE_FILE, SkipReason.BAD_RECORD):
        return f"{part.detail} ({part.position})"
    return ""
