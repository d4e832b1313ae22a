"""Records in the folder of another account than the one that received them: counted, and otherwise without effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.cloudtrail.records import Record, Unusable
from lpgen.core.model import SkipReason
from lpgen.core.usage.event_time import LatestTime
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.tally import SourceCounts, UsageTally
from tests.support.law_examples import examples
from tests.support.log_samples import ACCOUNT, ROLE, PlainMap, record_json, rows
from tests.support.record_usage import raw_from_record

OTHER = "444455556666"
NESTED = f"{ACCOUNT} in that of {OTHER}"
LATEST = LatestTime("2024-04-01T00:00:00", "too late")


def record(number: int = 0, **changes: Any) -> Record:
    return msgspec.convert(record_json(number, **changes), Record)


def count(items: Sequence[Record | Unusable], place: str = ACCOUNT) -> tuple[Usage, SourceCounts]:
    tally = UsageTally(MappingCache(PlainMap()))
    raw = (raw_from_record(item) if isinstance(item, Record) else item for item in items)
    counts = tally.add_source(raw, "source", LATEST, place=place)
    return tally.usage(), counts


def tables(found: Usage) -> dict[str, list[dict[str, Any]]]:
    """The tables without the rows of misplaced records, and without places in files, which others move."""
    kept = {name: rows(table) for name, table in found.tables().items()}
    kept["skips"] = [
        {**row, "example_position": ""} for row in kept["skips"] if row["reason"] != SkipReason.MISPLACED.value
    ]
    kept["coverage"] = [row for row in kept["coverage"] if row["account"]]
    return kept


records = st.builds(
    record,
    st.integers(0, 40),
    eventName=st.sampled_from(["GetObject", "Unknown", "Free", "Odd"]),
    eventID=st.none() | st.sampled_from(["a", "b", "c"]),
    eventTime=st.sampled_from(["2024-03-02T10:00:00Z", "2099-01-01T00:00:00Z", None, "soon"]),
    eventVersion=st.sampled_from(["1.09", "2.0"]),
    errorCode=st.sampled_from([None, "AccessDenied", "ThrottlingException", "SignatureDoesNotMatch"]),
    eventType=st.sampled_from(["AwsApiCall", "AwsServiceEvent", "AwsVpceEvent", "AwsNewEvent"]),
    recipientAccountId=st.sampled_from([ACCOUNT, None]),
)
broken = st.builds(
    Unusable,
    st.sampled_from([SkipReason.BAD_RECORD, SkipReason.AGGREGATED, SkipReason.INSIGHT]),
    st.just("why"),
    st.just("record 1"),
    records,
    st.sampled_from([(), (ROLE,)]),
)
items = st.lists(records | broken | st.just(Unusable(SkipReason.UNREADABLE_FILE, "why", "line 1")), max_size=6)


def moved(item: Record | Unusable, account: str) -> Record | Unusable:
    """The same record as another account's."""
    if isinstance(item, Record):
        return msgspec.structs.replace(item, recipientAccountId=account)
    assert item.record is not None
    changed = msgspec.structs.replace(item.record, recipientAccountId=account)
    return Unusable(item.reason, item.detail, item.position, changed, item.callers)


@settings(max_examples=examples(150))
@given(items, st.lists(st.tuples(st.integers(0, 6), records | broken), max_size=6))
def test_record_planted_in_a_wrong_place_changes_nothing_but_the_counts(
    real: list[Record | Unusable], planted: list[tuple[int, Record | Unusable]]
) -> None:
    mixed = list(real)
    for at, item in planted:
        mixed.insert(at, moved(item, OTHER))
    before, counts = count(real)
    after, more = count(mixed)
    assert tables(after) == tables(before)
    assert dict(more.skips).get(SkipReason.MISPLACED, 0) == len(planted)
    assert more.records == counts.records + len(planted)
    assert (more.usage_records, more.problem) == (counts.usage_records, counts.problem)


@settings(max_examples=examples(50))
@given(items)
def test_records_of_the_place_count_as_they_do_anywhere(real: list[Record | Unusable]) -> None:
    named = [moved(item, ACCOUNT) if isinstance(item, Record) or item.record is not None else item for item in real]
    assert count(real)[0] == count(named, place="")[0]


@settings(max_examples=examples(50))
@given(st.lists(records | broken, min_size=1, max_size=6))
def test_nothing_counts_in_a_place_of_two_accounts(some: list[Record | Unusable]) -> None:
    found, counts = count(some, place=NESTED)
    assert dict(counts.skips) == {SkipReason.MISPLACED: len(some)}
    assert {row["reason"] for row in rows(found.skips)} == {SkipReason.MISPLACED.value}
    assert (rows(found.table), rows(found.activity)) == ([], [])


@pytest.mark.parametrize(
    ("recipient", "place", "detail"),
    [
        (OTHER, ACCOUNT, f"a record of account {OTHER} in the folder of account {ACCOUNT}"),
        ("nobody's", ACCOUNT, f"a record of account nobody's in the folder of account {ACCOUNT}"),
        (None, NESTED, f"a record of account unknown in the folder of account {NESTED}"),
    ],
)
def test_misplaced_record_is_a_skip_of_nobody_with_both_accounts(
    recipient: str | None, place: str, detail: str
) -> None:
    found, _ = count([record(3, recipientAccountId=recipient)], place)
    (skip,) = rows(found.skips)
    assert (skip["detail"], skip["example_position"]) == (detail, "record 1")
    assert (skip["principal"], skip["account"], skip["event_name"]) == ("", "", "")
    (row,) = rows(found.coverage)
    assert (row["account"], row["day"], row["category"], row["records"]) == ("", None, "", 1)


def test_record_that_names_no_account_belongs_to_its_place() -> None:
    found, counts = count([record(recipientAccountId=None)])
    assert [row["recipient_account"] for row in rows(found.table)] == [ACCOUNT]
    assert counts.usage_records == 1
