"""From records to the usage tables: one pass that counts each record as usage or as a skip.

This is the hot path. A row in the making is a list under a tuple key (see `lpgen.core.usage.tally_tables`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lpgen.core.events.caller import caller_from_record
from lpgen.core.events.event_map import skip_from_record
from lpgen.core.events.outcome import outcome_from_record
from lpgen.core.events.records import Record
from lpgen.core.model import (
    Caller,
    CallerKind,
    Category,
    MappedAction,
    MappingStatus,
    OutcomeDetail,
    RecordMapping,
    SkipReason,
)
from lpgen.core.usage.context import context_text, tag_keys_from_record
from lpgen.core.usage.coverage import NO_CATEGORY, category_from_record, is_record_reason
from lpgen.core.usage.event_time import ALL_TIME, NO_TIME, Window, moment_from_text
from lpgen.core.usage.fold import fold_resource
from lpgen.core.usage.tables import OVERFLOW_LIMIT, Usage, merge_usage
from lpgen.core.usage.tally_tables import LATE, CoverageRows, SkipRows, UsageKey, UsageRows, usage_from_rows
from lpgen.errors import LpgenError

MAX_TEXT_LENGTH: Final = 256
"""Error codes, details and names in skips are cut to this many characters."""

_MAX_CALLERS: Final = 65_536

_NOT_MAPPED: Final = RecordMapping(MappingStatus.UNMAPPED)
_HAS_USAGE: Final = (CallerKind.ROLE, CallerKind.USER)
_OWN_ROWS: Final = (None, SkipReason.DENIED, SkipReason.UNDETERMINED)


class RecordMapper(Protocol):
    """What the tally asks of the event map."""

    def map_record(self, record: Record) -> RecordMapping:
        """The actions that a record's call needs."""


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
    tally = UsageTally(event_map, window=window)
    tally.add_source(records, source)
    return tally.usage(limit=limit)


class UsageTally:
    """Usage in the making: sources are added one by one, and `usage` gives the tables of all of them."""

    def __init__(self, event_map: RecordMapper, *, window: Window = ALL_TIME) -> None:
        self._map_record = event_map.map_record
        self._window = window
        self._rows: UsageRows = {}
        self._skips: SkipRows = {}
        self._coverage: CoverageRows = {}
        self._texts: dict[str, str] = {}
        self._callers: dict[tuple[str | None, ...], Caller] = {}

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

    def _add_record(self, record: Record, seen: set[str], place: tuple[str, int]) -> SkipReason | None:
        """Counts one record, and says why it isn't usage; None where it is."""
        moment = moment_from_text(record.eventTime)
        skip, detail = self._refuse(record, moment, seen)
        moment = moment or NO_TIME
        caller, outcome = self._caller(record), outcome_from_record(record)
        if skip is None:
            mapping, detail = self._map(record) if caller.kind in _HAS_USAGE else (_NOT_MAPPED, "")
            skip = _skip_from_mapping(record, caller, outcome, mapping)
            if skip is None:
                self._add_usage(record, moment, caller, outcome, mapping.actions)
        self._count_coverage(record, None if skip is SkipReason.OUT_OF_WINDOW else moment, used=skip is None)
        if skip is not None:
            part = Unusable(skip, detail, f"record {place[1]}", record)
            self._add_skip(part, place[0], moment, caller.principal, outcome.outcome.value)
        return skip

    def _map(self, record: Record) -> tuple[RecordMapping, str]:
        """The record's mapping, and why there is none.

        A rule that a request's odd shape breaks must not end the run: callers choose their requests, and could keep all
        logs from being read. The record counts as unmapped, so that its principal's replacement isn't called safe.
        """
        try:
            return self._map_record(record), ""
        except LpgenError:
            raise
        except Exception as error:
            return _NOT_MAPPED, f"a mapping rule failed with {type(error).__name__}"

    def _caller(self, record: Record) -> Caller:
        """The caller, worked out once per session of a role; sessions make many calls."""
        identity = record.userIdentity
        context = identity.sessionContext if identity else None
        issuer = context.sessionIssuer if context else None
        if identity is None or issuer is None or identity.type != "AssumedRole":
            return caller_from_record(record)
        key = (
            identity.arn,
            identity.principalId,
            identity.accountId,
            identity.invokedBy,
            context.ec2RoleDelivery if context else None,
            issuer.type,
            issuer.arn,
            issuer.principalId,
            issuer.accountId,
        )
        caller = self._callers.get(key)
        if caller is None:
            if len(self._callers) >= _MAX_CALLERS:
                self._callers.clear()
            caller = self._callers[key] = caller_from_record(record)
        return caller

    def _refuse(self, record: Record, moment: str | None, seen: set[str]) -> tuple[SkipReason | None, str]:
        """Why a record doesn't count whatever it says: no time, seen before, or outside the window."""
        if moment is None or not record.eventSource or not record.eventName:
            return SkipReason.BAD_RECORD, _NO_NAME if moment is not None else "`eventTime` is no time"
        event_id = record.eventID
        if event_id:
            if event_id in seen:
                return SkipReason.DUPLICATE, ""
            seen.add(event_id)
        if not self._window.holds(moment):
            return SkipReason.OUT_OF_WINDOW, "" if moment else "`eventTime` is missing"
        return None, ""

    def _add_unusable(self, part: Unusable, source: str) -> SkipReason:
        record = part.record
        if record is None:
            if is_record_reason(part.reason):
                self._count_coverage(_NOTHING, None, used=False)
            self._add_skip(part, source, NO_TIME, "", "")
            return part.reason
        moment = moment_from_text(record.eventTime) or NO_TIME
        if is_record_reason(part.reason):
            self._count_coverage(record, moment, used=False)
        principal, outcome = caller_from_record(record).principal, outcome_from_record(record).outcome.value
        self._add_skip(part, source, moment, principal, outcome)
        return part.reason

    def _add_usage(
        self, record: Record, moment: str, caller: Caller, outcome: OutcomeDetail, actions: tuple[MappedAction, ...]
    ) -> None:
        """Counts a record once in the row of each pair of action and folded resource.

        The enums' plain text stands in the keys because hashing an enum member runs Python code.
        """
        identity = record.userIdentity
        invoked_by = (identity.invokedBy if identity else None) or ""
        category, day, tags = category_from_record(record), moment[:10], tag_keys_from_record(record)
        examples: dict[UsageKey, str] = {}
        for mapped in actions:
            context = context_text(mapped.context, tags)
            for resource in mapped.resources:
                folded = fold_resource(resource)
                key: UsageKey = (
                    caller.principal,
                    caller.principal_id,
                    caller.account,
                    record.recipientAccountId or "",
                    record.awsRegion or "",
                    day,
                    record.eventSource,
                    record.eventName,
                    category,
                    mapped.action,
                    folded.text,
                    folded.kind._value_,
                    outcome.outcome._value_,
                    outcome.error_code[:MAX_TEXT_LENGTH],
                    outcome.denial_kind._value_,
                    mapped.how,
                    invoked_by,
                    caller.service_session,
                    record.vpcEndpointId or "",
                    context,
                )
                known = examples.get(key)
                if known is None or resource.text < known:
                    examples[key] = resource.text
        for key, example in examples.items():
            self._count_usage(key, moment, record.eventID or "", example)

    def _count_usage(self, key: UsageKey, moment: str, event_id: str, example: str) -> list[Any]:
        """The row in the making, with a record more.

        INVARIANT: the day is part of the key, so that a row's records all have a time or none has.
        """
        row = self._rows.get(key)
        if row is None:
            row = self._rows[self._shared(key)] = [moment, moment, 1, event_id, example]
            return row
        row[2] += 1
        if moment > row[1]:
            row[1] = moment
        elif moment <= row[0] and (moment, event_id, example) < (row[0], row[3], row[4]):
            row[0], row[3], row[4] = moment, event_id, example
        return row

    def _shared(self, key: UsageKey) -> UsageKey:
        """The key with each text stored once in the whole tally."""
        share = self._texts.setdefault
        return tuple([share(part, part) if type(part) is str else part for part in key])  # type: ignore[return-value]

    def _count_coverage(self, record: Record, moment: str | None, *, used: bool) -> list[int]:
        """Counts a record as read; a `moment` of None says that it shows nothing of any day, as outside the window."""
        category = NO_CATEGORY if moment is None else category_from_record(record)
        source = record.eventSource if category == _DATA else ""
        day = moment[:10] if moment else NO_TIME
        key = (record.recipientAccountId or "", record.awsRegion or "", day, category, source)
        row = self._coverage.get(key)
        if row is None:
            row = self._coverage[key] = [0, 0]
        row[0] += 1
        row[1] += used
        return row

    def _add_skip(self, part: Unusable, source: str, moment: str, principal: str, outcome: str) -> list[Any]:
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
            row = self._skips[key] = [example[0], moment, 1, *example[1:]]
            return row
        row[1], row[2] = max(row[1], moment), row[2] + 1
        if example < (row[0], row[3], row[4], row[5]):
            row[0], row[3], row[4], row[5] = example
        return row


_NO_NAME: Final = "`eventSource` or `eventName` is empty"
_DATA: Final = Category.DATA.value
_NOTHING: Final = Record(eventSource="", eventName="")


def _skip_from_mapping(
    record: Record, caller: Caller, outcome: OutcomeDetail, mapping: RecordMapping
) -> SkipReason | None:
    """Why a record gives no usage row, or None where it gives one, denied and undetermined calls included."""
    skip = skip_from_record(record, caller, outcome, mapping)
    if skip not in _OWN_ROWS:
        return skip
    return None if mapping.actions else SkipReason.NO_PERMISSION


def _problem_from_part(part: Unusable) -> str:
    if part.reason in (SkipReason.UNREADABLE_FILE, SkipReason.BAD_RECORD):
        return f"{part.detail} ({part.position})"
    return ""
