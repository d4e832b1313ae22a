"""Calls that only another account's log shows count for their callers, and calls that both logs show count once."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import SkipReason
from lpgen.core.usage.foreign_callers import arns_of_ids, divide_by_log, name_foreign_callers
from lpgen.core.usage.principal_usage import principal_usages_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE, Usage, count_records, count_used_records, merge_usage
from lpgen.core.usage.trail_changes import trail_changes_from_usage
from tests.core.usage.test_mapping_cache import event_map
from tests.support.log_samples import ROLE, record_json, rows
from tests.support.record_usage import usage_from_records

OWNER = "444455556666"
FAR = {"type": "AWSAccount", "principalId": "AROAEXAMPLE:run", "accountId": record_json()["recipientAccountId"]}


def usage(*records: Record, **options: Any) -> Usage:
    return usage_from_records(records, event_map(), **options)


def record(number: int = 0, **changes: Any) -> Record:
    return msgspec.convert(record_json(number, **changes), Record)


def foreign(number: int = 0, **changes: Any) -> Record:
    """A record in the log of the account that owns the bucket, by a caller of another account."""
    return record(number, **{"userIdentity": FAR, "recipientAccountId": OWNER, **changes})


def said(found: Usage) -> list[tuple[str, str, str, int]]:
    return [(row["principal"], row["recipient_account"], row["action"], row["records"]) for row in rows(found.table)]


def test_call_from_another_account_is_a_skip_with_rows_under_the_id() -> None:
    found = usage(foreign(), foreign(0, eventID="later"))
    assert [(row["principal"], row["principal_id"], row["account"]) for row in rows(found.table)] == [
        ("AROAEXAMPLE", "AROAEXAMPLE", FAR["accountId"])
    ]
    assert [(row["reason"], row["principal"], row["records"]) for row in rows(found.skips)] == [
        (SkipReason.CROSS_ACCOUNT_CALLER, "", 2)
    ]
    assert (count_records(found), count_used_records(found)) == (2, 0)


def test_call_gets_the_arn_that_the_policies_know() -> None:
    found = name_foreign_callers(usage(foreign()), {"AROAEXAMPLE": ROLE})
    assert said(found) == [(ROLE, OWNER, "s3:GetObject", 1)]
    (row,) = rows(found.table)
    assert row["example_resource"] == "arn:aws:s3:::bucket/a/b/object-0"


def test_call_gets_the_arn_that_records_of_the_own_account_show() -> None:
    other = record(1, eventName="ListBuckets", eventCategory="Management", managementEvent=True, requestParameters={})
    found = name_foreign_callers(usage(foreign(), other), {})
    assert {(row["principal"], row["action"]) for row in rows(found.table)} == {
        (ROLE, "s3:GetObject"),
        (ROLE, "s3:ListAllMyBuckets"),
    }


def test_policies_outweigh_records() -> None:
    renamed = ROLE.replace("worker", "renamed")
    found = name_foreign_callers(usage(foreign(), record(1)), {"AROAEXAMPLE": renamed})
    assert {row["principal"] for row in rows(found.table)} == {ROLE, renamed}


def test_call_of_a_caller_that_nothing_names_is_left_out() -> None:
    found = name_foreign_callers(usage(foreign()), {"AROAOTHER": ROLE})
    assert rows(found.table) == []
    assert count_records(found) == 1


def test_call_that_both_accounts_logs_show_counts_once() -> None:
    both = usage(foreign(eventID="there"), record())
    assert said(name_foreign_callers(both, {})) == [(ROLE, FAR["accountId"], "s3:GetObject", 1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"eventTime": "2024-03-02T10:00:00Z"},
        {"eventName": "PutObject"},
        {"requestParameters": {"bucketName": "other", "key": "a/b/object-0"}},
        {"errorCode": "AccessDenied", "errorMessage": "no"},
    ],
)
def test_call_that_differs_from_those_of_the_own_log_counts_beside_them(changes: dict[str, Any]) -> None:
    found = name_foreign_callers(usage(foreign(eventID="there", **changes), record()), {})
    assert sorted(row["recipient_account"] for row in rows(found.table)) == [FAR["accountId"], OWNER]


def test_call_that_the_own_log_shows_of_an_earlier_role_of_the_name_is_another() -> None:
    earlier = json.loads(json.dumps(record_json()).replace("AROAEXAMPLE", "AROAEARLIER"))
    both = usage(foreign(eventID="there"), msgspec.convert(earlier, Record))
    found = rows(name_foreign_callers(both, {"AROAEXAMPLE": ROLE}).table)
    assert {(row["principal"], row["principal_id"]) for row in found} == {(ROLE, "AROAEXAMPLE"), (ROLE, "AROAEARLIER")}


def test_unmapped_call_in_another_account_s_log_is_nobody_s() -> None:
    named = name_foreign_callers(usage(foreign(eventName="Juggle")), {"AROAEXAMPLE": ROLE})
    assert [(row["reason"], row["principal"]) for row in rows(named.skips)] == [(SkipReason.CROSS_ACCOUNT_CALLER, "")]


def test_unmapped_call_in_the_caller_s_own_log_is_one_of_the_caller_whose_id_it_has() -> None:
    bare = {**FAR, "type": "AssumedRole"}
    found = usage(
        record(eventName="Juggle", userIdentity=bare),
        record(1, eventName="Juggle", userIdentity={**bare, "principalId": "AROANOBODY:run"}),
    )
    assert rows(found.table) == []
    named = name_foreign_callers(found, {"AROAEXAMPLE": ROLE})
    assert {(row["reason"], row["principal"], row["records"]) for row in rows(named.skips)} == {
        (SkipReason.CROSS_ACCOUNT_CALLER, ROLE, 1),
        (SkipReason.CROSS_ACCOUNT_CALLER, "", 1),
    }
    assert name_foreign_callers(named, {}) is named
    (principal,) = principal_usages_from_usage(named).values()
    assert [(event.event_name, event.reason) for event in principal.unmapped] == [("Juggle", SkipReason.UNMAPPED)]


def test_naming_comes_after_merging_and_changes_nothing_else() -> None:
    parts = [usage(foreign()), usage(record()), usage(foreign(1), record(2))]
    assert name_foreign_callers(merge_usage(parts), {}).table.equals(
        name_foreign_callers(merge_usage(reversed(parts)), {}).table
    )
    named = name_foreign_callers(merge_usage(parts), {})
    assert name_foreign_callers(named, {}) is named
    assert name_foreign_callers(EMPTY_USAGE, {}) is EMPTY_USAGE


def test_change_of_a_trail_by_a_named_caller_is_told_once() -> None:
    arn = f"arn:aws:cloudtrail:us-east-1:{OWNER}:trail/main"
    call: dict[str, Any] = {
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "requestParameters": {"name": arn},
    }
    found = usage(foreign(**call, eventCategory="Management", managementEvent=True))
    assert [(change.trail, change.caller) for change in trail_changes_from_usage(found)] == [(arn, "AROAEXAMPLE")]
    named = name_foreign_callers(found, {"AROAEXAMPLE": ROLE})
    assert [(change.trail, change.caller) for change in trail_changes_from_usage(named)] == [(arn, ROLE)]
    unnamed = name_foreign_callers(found, {})
    assert [(change.trail, change.caller) for change in trail_changes_from_usage(unnamed)] == [("", "cross account")]


def queue(account: str) -> dict[str, Any]:
    """A message sent to a queue of an account."""
    return {
        "eventSource": "sqs.amazonaws.com",
        "eventName": "SendMessage",
        "requestParameters": {"queueUrl": f"https://sqs.us-east-1.amazonaws.com/{account}/orders"},
        "resources": [{"type": "AWS::SQS::Queue", "ARN": f"arn:aws:sqs:us-east-1:{account}:orders"}],
    }


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        (queue(OWNER), True),
        (queue(FAR["accountId"]), False),  # the caller's own account's
        (queue("777788889999"), False),
        ({**queue(OWNER), "eventCategory": "Management"}, False),
        ({**queue(OWNER), "errorCode": "AccessDenied"}, False),
        ({**queue(OWNER), "errorCode": "ThrottlingException"}, False),
        ({**queue(OWNER), "requestParameters": None, "resources": None}, False),
        ({"requestParameters": {"bucketName": "theirs", "key": "k"}}, True),
        ({"requestParameters": {"bucketName": "bucket", "key": "k"}}, False),  # the own log shows the bucket
    ],
)
def test_call_in_another_log_counts_only_on_what_may_be_of_that_log_s_account(
    changes: dict[str, Any], *, counts: bool
) -> None:
    found = usage(foreign(eventID="there", **changes), record())
    own, elsewhere = divide_by_log(found, {"AROAEXAMPLE": ROLE})
    assert said(own) == [(ROLE, FAR["accountId"], "s3:GetObject", 1)]
    assert [(row["principal"], row["recipient_account"]) for row in rows(elsewhere.table)] == [(ROLE, OWNER)] * counts
    assert elsewhere.skips.num_rows == 0


def test_call_in_another_log_by_an_id_that_no_record_of_the_account_shows_counts_for_nobody() -> None:
    stolen = {**FAR, "accountId": OWNER}
    found = usage(foreign(eventID="there", userIdentity=stolen), record())
    own, elsewhere = divide_by_log(found, {"AROAEXAMPLE": ROLE})
    assert (said(own), rows(elsewhere.table)) == ([(ROLE, FAR["accountId"], "s3:GetObject", 1)], [])


def test_call_by_arn_in_another_log_is_one_by_id() -> None:
    identity = record_json()["userIdentity"]
    assert usage(foreign(userIdentity=identity)).table.equals(usage(foreign()).table)


def test_usage_without_foreign_callers_is_not_divided() -> None:
    found = usage(record())
    assert divide_by_log(found, {"AROAEXAMPLE": ROLE}) == (found, EMPTY_USAGE)


def test_callers_overflow_each_by_itself() -> None:
    far = [{**FAR, "principalId": f"AROA{name}:s"} for name in ("ONE", "TWO")]
    many = [
        foreign(number, userIdentity=far[number % 2], requestParameters={"bucketName": f"b-{number}", "key": "k"})
        for number in range(6)
    ]
    assert {row["resource_kind"] for row in rows(usage(*many, limit=3).table)} == {"arn"}
    assert {row["resource_kind"] for row in rows(usage(*many, limit=2).table)} == {"overflow"}


# ---------------------------------------------------------------- roles known only by their name

NAMED = {
    "type": "AssumedRole",
    "principalId": f"assumed-role/{ROLE.split(':')[4]}/worker:run",
    "accountId": ROLE.split(":")[4],
}


def by_name(number: int = 0, **changes: Any) -> Record:
    """A record that lpgen makes from a line of an access log."""
    return record(
        number, **{"userIdentity": NAMED, "recipientAccountId": None, "eventCategory": "AccessLog", **changes}
    )


def test_session_whose_role_is_known_by_name_counts_for_the_role_with_its_path() -> None:
    found = usage(by_name())
    assert count_used_records(found) == 1
    named = name_foreign_callers(found, arns_of_ids([(ROLE, "AROAEXAMPLE")]))
    assert [(row["principal"], row["principal_id"]) for row in rows(named.table)] == [(ROLE, "")]


@pytest.mark.parametrize("other", ["/old/worker", "/app/other"])
def test_name_that_two_roles_have_counts_for_neither(other: str) -> None:
    twin = ROLE.replace("/app/worker", other)
    named = name_foreign_callers(usage(by_name()), arns_of_ids([(ROLE, "AROAEXAMPLE"), (twin, "AROATWIN")]))
    assert [row["principal"] for row in rows(named.table)] == ([ROLE] if other == "/app/other" else [])


def test_role_of_the_same_name_in_another_account_is_another_role() -> None:
    elsewhere = ROLE.replace(ROLE.split(":")[4], OWNER)
    assert rows(name_foreign_callers(usage(by_name()), arns_of_ids([(elsewhere, "AROAOTHER")])).table) == []


def test_unknown_operation_of_a_named_role_is_its_own() -> None:
    found = usage(by_name(eventName="REST.NEW.THING"))
    named = name_foreign_callers(found, arns_of_ids([(ROLE, "AROAEXAMPLE")]))
    assert [row["principal"] for row in rows(named.skips)] == [ROLE]


def test_access_log_of_another_account_adds_only_a_harmless_line() -> None:
    identity = {**NAMED, "type": "AWSAccount"}
    found = usage(by_name(userIdentity=identity, recipientAccountId=OWNER))
    own, elsewhere = divide_by_log(found, arns_of_ids([(ROLE, "AROAEXAMPLE")]))
    assert said(own) == []
    assert said(elsewhere) == [(ROLE, OWNER, "s3:GetObject", 1)]
