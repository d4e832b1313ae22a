"""Which sessions of a role use what, in the table of signs: their groups, limits and laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.cloudtrail.records import RawRecord
from lpgen.core.usage import overflow
from lpgen.core.usage.evidence_tally import session_group
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tables import Usage, find_broken_laws, merge_usage
from lpgen.core.usage.tally import UsageTally
from tests.support.law_examples import examples
from tests.support.log_samples import ACCOUNT, ROLE, PlainMap, record_json, rows

LIMIT: Final = 3
SESSION: Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE.rpartition('/')[2]}/"


def call(number: int = 0, name: str | None = "invoices", bucket: str = "b", **changes: Any) -> dict[str, Any]:
    """A call of the role by a session of this name; `source` and `issued_to` also name the session."""
    source, issued_to = changes.pop("source", None), changes.pop("issued_to", None)
    record = record_json(number, requestParameters={"arns": [f"arn:aws:s3:::{bucket}/k"]}, **changes)
    identity = record["userIdentity"]
    identity["arn"] = SESSION + name if name else None
    identity["sessionContext"] = {**identity["sessionContext"], "sourceIdentity": source}
    identity["inScopeOf"] = {"credentialsIssuedTo": issued_to}
    return record


def usage(*records: dict[str, Any], limit: int = overflow.OVERFLOW_LIMIT) -> Usage:
    found = [msgspec.json.decode(msgspec.json.encode(record), type=RawRecord) for record in records]
    tally = UsageTally(MappingCache(PlainMap()))
    tally.add_source(found, "file")
    assert tally.usage(limit=limit).signs.equals(tally.usage(limit=limit).signs)
    return tally.usage(limit=limit)


def sessions(found: Usage, action: str = "s3:GetObject") -> list[tuple[str, str, str, int]]:
    shown = [row for row in rows(found.signs) if row["action"] == action]
    return [(row["resource"], row["kind"], row["detail"], row["records"]) for row in shown]


FUNCTION: Final = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:"


@pytest.mark.parametrize(
    ("arn", "source", "resource", "group"),
    [
        (SESSION + "ada", "ada@example.com", FUNCTION + "f", ("session-source-identity", "ada@example.com")),
        (SESSION + "f", None, FUNCTION + "orders-7:12", ("session-resource", FUNCTION + "orders-*:*")),
        (SESSION + "f", "", "somewhere-7", ("session-resource", "somewhere-*")),
        (SESSION + "i-0123456789abcdef0", None, None, ("session-name", "i-*")),
        (SESSION + "run-20261202", None, "", ("session-name", "run-*")),
        (SESSION + "0f" * 16, None, None, ("session-name", "")),
        (SESSION + "x" * 19 + ".", None, None, ("session-name", "x" * 19 + ".")),
        (None, "*", None, ("session-source-identity", "")),
        (None, "é" * 300, None, ("session-source-identity", "é" * 256)),
        (ROLE, None, None, ("session-unknown", "")),
        (SESSION, None, None, ("session-unknown", "")),
        (None, None, None, ("session-unknown", "")),
    ],
)
def test_the_first_of_source_identity_resource_and_name_is_the_group(
    arn: str | None, source: str | None, resource: str | None, group: tuple[str, str]
) -> None:
    assert session_group(arn, source, resource) == group


def test_each_use_counts_for_its_session_with_first_and_last_time() -> None:
    found = usage(call(30), call(1), call(2, "billing-7"), call(57, source="ada"), call(3, issued_to=FUNCTION + "f"))
    assert sessions(found) == [
        ("arn:aws:s3:::b/k", "session-name", "billing-*", 1),
        ("arn:aws:s3:::b/k", "session-name", "invoices", 2),
        ("arn:aws:s3:::b/k", "session-resource", FUNCTION + "f", 1),
        ("arn:aws:s3:::b/k", "session-source-identity", "ada", 1),
    ]
    assert sessions(found, "") == [("", *row[1:]) for row in sessions(found)]
    row, _ = [row for row in rows(found.signs) if row["detail"] == "invoices"]
    assert row["principal"] == ROLE
    times = [call(number)["eventTime"][:19] for number in (1, 30)]
    assert [row[name].isoformat()[:19] for name in ("first_seen", "last_seen")] == times


def test_denied_calls_count_for_no_session_and_calls_without_a_session_are_unknown() -> None:
    found = usage(call(1, errorCode="AccessDenied"), call(2, None))
    assert sessions(found) == [("arn:aws:s3:::b/k", "session-unknown", "", 1)]


def test_too_many_session_names_are_an_overflow_that_a_random_name_is_not() -> None:
    names = [f"s{chr(ord('a') + number)}" for number in range(LIMIT + 1)]
    assert [row[2] for row in sessions(usage(*(call(n, name) for n, name in enumerate(names)), limit=LIMIT))] == ["*"]
    kept = usage(*(call(n, name) for n, name in enumerate([*names[:2], "0f" * 16])), limit=LIMIT)
    assert [row[2] for row in sessions(kept)] == ["", "sa", "sb"]


_CALLS = st.builds(
    call,
    st.integers(0, 120),
    st.sampled_from([None, "a", "b-1", "b-2", "c", "d", "0" * 9]),
    st.sampled_from("bcdef"),
    source=st.sampled_from([None, None, "ada", "bo", "cy", "di", "*"]),
    issued_to=st.sampled_from([None, FUNCTION + "f1", FUNCTION + "g"]),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.lists(_CALLS, max_size=12), min_size=1, max_size=5), st.data())
def test_sessions_are_the_same_for_any_partition_and_order(
    files: list[Sequence[dict[str, Any]]], data: st.DataObject
) -> None:
    named = [
        [{**record, "eventID": f"{at}-{n}"} for n, record in enumerate(records)] for at, records in enumerate(files)
    ]
    parts = [usage(*records, limit=LIMIT) for records in named]
    whole = merge_usage(parts, limit=LIMIT)
    shuffled = data.draw(st.permutations(parts))
    cut = data.draw(st.integers(0, len(parts)))
    nested = [merge_usage(some, limit=LIMIT) for some in (shuffled[:cut], shuffled[cut:])]
    assert rows(merge_usage(nested, limit=LIMIT).signs) == rows(whole.signs)
    assert rows(usage(*(record for records in named for record in records), limit=LIMIT).signs) == rows(whole.signs)
    assert list(find_broken_laws(whole)) == []
