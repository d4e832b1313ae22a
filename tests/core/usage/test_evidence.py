"""The tables of assumptions, networks, resource callers and tags: their contents, limits and laws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.cloudtrail.records import RawRecord
from lpgen.core.model import AssumptionMethod, Outcome
from lpgen.core.usage import overflow
from lpgen.core.usage.assumptions import OVERFLOW, assumptions_from_usage
from lpgen.core.usage.event_time import ALL_TIME
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tables import EMPTY_USAGE, Usage, find_broken_laws, merge_usage
from lpgen.core.usage.tally import UsageTally
from lpgen.core.usage.usage_of_days import usage_of_days
from tests.support.law_examples import examples
from tests.support.log_samples import ACCOUNT, ROLE, PlainMap, record_json, rows

LIMIT: Final = 3
EVIDENCE: Final = ("assumptions", "networks", "resource_callers", "tags")
_WORKFLOW: Final = {"type": "WebIdentityUser", "identityProvider": "idp.example.com"}
_FOREIGN: Final = {"type": "AWSAccount", "principalId": "AIDAFAR", "accountId": "777788889999"}
_SERVICE: Final = {"type": "AWSService", "invokedBy": "delivery.logs.amazonaws.com"}
_ANONYMOUS: Final = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}


def assume(number: int = 0, *, subject: str = "s", role: str = ROLE, **changes: Any) -> dict[str, Any]:
    return record_json(
        number,
        eventSource="sts.amazonaws.com",
        eventName="AssumeRoleWithWebIdentity",
        userIdentity={**_WORKFLOW, "userName": subject},
        requestParameters={"roleArn": role, "roleSessionName": "run"},
        **changes,
    )


def refuse(number: int = 0, **changes: Any) -> dict[str, Any]:
    return assume(number, errorCode="AccessDenied", errorMessage="An unknown error occurred", **changes)


def read(number: int = 0, arn: str = "arn:aws:s3:::b/k", **changes: Any) -> dict[str, Any]:
    return record_json(number, requestParameters={"arns": [arn]}, **changes)


def logged(records: Sequence[dict[str, Any]]) -> list[RawRecord]:
    return [msgspec.json.decode(msgspec.json.encode(record), type=RawRecord) for record in records]


def usage(*records: dict[str, Any], limit: int = overflow.OVERFLOW_LIMIT) -> Usage:
    tally = UsageTally(MappingCache(PlainMap()))
    tally.add_source(logged(records), "file")
    return tally.usage(limit=limit)


def evidence(found: Usage) -> dict[str, list[dict[str, Any]]]:
    return {name: rows(found.tables()[name]) for name in EVIDENCE}


# ---------------------------------------------------------------- contents


def test_assumptions_count_records_by_day_with_the_first_as_the_example() -> None:
    early = assume(1, eventTime="2024-03-02T08:00:00Z", eventID="b")
    late = assume(2, eventTime="2024-03-02T09:00:00Z", eventID="a")
    other = assume(3, eventTime="2024-03-03T09:00:00Z", eventID="c")
    found = assumptions_from_usage(usage(late, other, early))
    assert [(item.day, item.records, item.example_event_id) for item in found] == [
        (date(2024, 3, 2), 2, "b"),
        (date(2024, 3, 3), 1, "c"),
    ]
    assert {(item.method, item.role, item.subject, item.outcome) for item in found} == {
        (AssumptionMethod.WEB_IDENTITY, ROLE, "s", Outcome.ALLOWED)
    }


def test_assumptions_keep_refused_subjects() -> None:
    (found,) = assumptions_from_usage(usage(refuse(subject="repo:evil/repo")))
    assert (found.subject, found.outcome, found.error_code) == ("repo:evil/repo", Outcome.DENIED, "AccessDenied")


def test_networks_count_calls_by_network_and_program() -> None:
    places = {"sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2"}
    near, far = {**places, "sourceIPAddress": "203.0.113.9"}, {**places, "vpcEndpointId": "vpce-1"}
    found = usage(read(0, **places), read(28, **near), read(56, **far), read(84))
    shown = {
        (row["network"], row["network_kind"], row["vpc_endpoint"], row["agent"]): row for row in rows(found.networks)
    }
    assert {key: row["records"] for key, row in shown.items()} == {
        ("203.0.113.0/24", "public", "", "cli"): 2,
        ("203.0.113.0/24", "public", "vpce-1", "cli"): 1,
        ("", "unknown", "", "other"): 1,
    }
    assert {(row["principal"], row["day"]) for row in rows(found.networks)} == {(ROLE, date(2024, 3, 1))}


def test_resource_callers_show_services_other_accounts_and_anonymous_callers() -> None:
    found = usage(
        read(0, userIdentity=_SERVICE),
        read(28, userIdentity=_SERVICE),
        read(1, userIdentity=_FOREIGN, errorCode="AccessDenied"),
        read(2, userIdentity=_ANONYMOUS),
        read(3),
    )
    shown = {(row["caller_kind"], row["caller"], row["outcome"]): row for row in rows(found.resource_callers)}
    assert {key: row["records"] for key, row in shown.items()} == {
        ("service", "delivery.logs.amazonaws.com", "allowed"): 2,
        ("cross_account_id", "777788889999", "denied"): 1,
        ("anonymous", "anonymous", "allowed"): 1,
    }
    service = shown["service", "delivery.logs.amazonaws.com", "allowed"]
    assert (service["account"], service["action"], service["resource"], service["resource_kind"]) == (
        ACCOUNT,
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        "arn",
    )
    assert service["example_event_id"] == record_json(0)["eventID"]
    assert {row["reason"]: row["records"] for row in rows(found.skips)} == {
        "service_caller": 2,
        "cross_account_caller": 1,
        "anonymous_caller": 1,
    }
    assert {row["principal"] for row in rows(found.table)} == {ROLE, "AIDAFAR"}


def test_a_rule_that_fails_on_the_call_of_a_service_changes_no_skip() -> None:
    found = usage(record_json(0, eventName="Odd", userIdentity=_SERVICE))
    (skip,) = rows(found.skips)
    assert (skip["reason"], skip["detail"]) == ("service_caller", "")
    assert rows(found.resource_callers) == []


def test_tags_have_the_values_that_allowed_calls_set() -> None:
    def tag(number: int, value: str, **changes: Any) -> dict[str, Any]:
        request = {"tags": [{"key": "Env", "value": value}]}
        return record_json(number, eventName="CreateThing", readOnly=False, requestParameters=request, **changes)

    found = usage(tag(0, "prod"), tag(28, "prod"), tag(1, "test"), tag(2, "denied", errorCode="AccessDenied"))
    shown = {(row["principal"], row["tag_key"], row["tag_value"]): row["records"] for row in rows(found.tags)}
    assert shown == {(ROLE, "Env", "prod"): 2, (ROLE, "Env", "test"): 1}


def test_session_tags_are_no_tags_of_resources() -> None:
    request = {"roleArn": ROLE, "tags": [{"key": "Env", "value": "prod"}]}
    found = usage({**assume(), "readOnly": False, "requestParameters": request})
    assert rows(found.tags) == []
    assert [item.session_tags for item in assumptions_from_usage(found)] == ['{"Env":"prod"}']


def test_evidence_of_some_days_is_that_of_logs_with_only_these_days() -> None:
    records = [assume(1), assume(2), read(29, userIdentity=_SERVICE), read(30, userIdentity=_FOREIGN)]
    first = date(2024, 3, 2)
    kept = usage_of_days(usage(*records), first, first)
    alone = usage(*(record for record in records if record["eventTime"].startswith("2024-03-02")))
    assert evidence(kept) == evidence(alone)
    assert all(evidence(kept)[name] for name in ("assumptions", "networks", "resource_callers"))


def test_a_record_that_was_counted_before_counts_no_evidence_again() -> None:
    records = logged([assume(1), read(2, userIdentity=_SERVICE)])
    tally = UsageTally(MappingCache(PlainMap()))
    tally.add_source(records, "file", counted=(ALL_TIME,))
    assert all(not found for found in evidence(tally.usage()).values())
    tally.add_source(records, "file")
    once = evidence(tally.usage())
    assert evidence(tally.usage()) == once
    assert [row["records"] for row in once["assumptions"]] == [1]


def test_a_copy_of_an_event_in_the_same_file_counts_once() -> None:
    assert [item.records for item in assumptions_from_usage(usage(assume(1), assume(1)))] == [1]


def test_the_copy_of_a_request_through_a_vpc_endpoint_counts_no_assumption() -> None:
    copy = assume(2, eventType="AwsVpceEvent", eventCategory="NetworkActivity")
    assert [item.records for item in assumptions_from_usage(usage(assume(1), copy))] == [1]


# ---------------------------------------------------------------- limits


def test_refused_subjects_beyond_the_limit_become_one_row_a_day_and_hide_no_allowed_ones() -> None:
    refused = [refuse(number * 28, subject=f"s{number}") for number in range(LIMIT + 2)]
    found = assumptions_from_usage(usage(*refused, assume(1, subject="mine"), limit=LIMIT))
    assert {(item.outcome, item.caller_kind, item.subject, item.records) for item in found} == {
        (Outcome.ALLOWED, "federated", "mine", 1),
        (Outcome.DENIED, OVERFLOW, "", LIMIT + 2),
    }
    (row,) = (item for item in found if item.caller_kind == OVERFLOW)
    assert (row.role, row.method, row.provider, row.session_name, row.error_code) == (
        ROLE,
        AssumptionMethod.WEB_IDENTITY,
        "",
        "",
        "",
    )


def test_days_of_one_subject_are_no_overflow() -> None:
    found = assumptions_from_usage(usage(*(refuse(number) for number in range(LIMIT + 2)), limit=LIMIT))
    assert {item.caller_kind for item in found} == {"federated"}


def test_made_up_roles_become_one_and_allowed_roles_stay() -> None:
    role = "arn:aws:iam::111122223333:role/r{}"
    made_up = [refuse(number * 28, role=role.format(number)) for number in range(LIMIT + 2)]
    real = [assume(number * 28 + 1, role=role.format(number)) for number in range(LIMIT + 2)]
    found = assumptions_from_usage(usage(*made_up, *real, limit=LIMIT))
    assert {item.role for item in found if item.outcome is Outcome.DENIED} == {"*"}
    assert len({item.role for item in found if item.outcome is Outcome.ALLOWED}) == LIMIT + 2


def test_networks_callers_resources_and_tag_values_have_limits() -> None:
    many = range(LIMIT + 2)
    networks = [read(number * 28, sourceIPAddress=f"203.0.{number}.1") for number in many]
    callers = [read(n * 28 + 1, userIdentity={**_FOREIGN, "accountId": f"{n:012}"}) for n in many]
    resources = [read(n * 28 + 2, f"arn:aws:s3:::b/k{n}", userIdentity=_SERVICE) for n in many]
    tags = [
        record_json(n * 28 + 3, eventName="Tag", readOnly=False, requestParameters={"tags": {"Env": f"v{n}"}})
        for n in many
    ]
    found = usage(*networks, *callers, *resources, *tags, limit=LIMIT)
    day = date(2024, 3, 1)
    assert [row["network"] for row in rows(found.networks) if row["day"] == day and row["principal"] == ROLE] == ["*"]
    shown = {(row["caller"], row["resource"]) for row in rows(found.resource_callers)}
    assert shown == {("*", "arn:aws:s3:::b/k"), ("delivery.logs.amazonaws.com", "*")}
    assert [(row["tag_key"], row["tag_value"], row["records"]) for row in rows(found.tags)] == [("Env", "*", LIMIT + 2)]


def test_networks_overflow_alike_in_a_tally_and_in_a_merge() -> None:
    count = overflow.NETWORK_LIMIT + 1
    records = [read(number * 28, sourceIPAddress=f"203.0.{number}.1") for number in range(count)]
    parts = [usage(record) for record in records]
    assert evidence(merge_usage(parts)) == evidence(usage(*records))
    assert [row["network"] for row in rows(usage(*records).networks)] == ["*"]
    assert len(rows(usage(*records[1:]).networks)) == count - 1


# ---------------------------------------------------------------- laws

_NUMBERS = st.integers(0, 120)
_FEW = st.sampled_from(["a", "b", "c", "d", "e", "f"])
_ROLES = _FEW.map(lambda name: f"arn:aws:iam::{ACCOUNT}:role/{name}")
_RECORDS = st.one_of(
    st.builds(lambda number, subject, role: assume(number, subject=subject, role=role), _NUMBERS, _FEW, _ROLES),
    st.builds(lambda number, subject, role: refuse(number, subject=subject, role=role), _NUMBERS, _FEW, _ROLES),
    st.builds(
        lambda number, name, who: read(number, f"arn:aws:s3:::b/{name}", userIdentity=who),
        _NUMBERS,
        _FEW,
        st.sampled_from([_SERVICE, _ANONYMOUS, *({**_FOREIGN, "accountId": f"{n:012}"} for n in range(9))]),
    ),
    st.builds(
        lambda number, net, name: record_json(
            number, readOnly=False, sourceIPAddress=f"10.0.{net}.1", requestParameters={"tags": {name: f"{net}"}}
        ),
        _NUMBERS,
        st.integers(0, 6),
        _FEW,
    ),
)
_FILES = st.lists(st.lists(_RECORDS, max_size=12), min_size=1, max_size=6)


def _file(records: Sequence[dict[str, Any]], at: int) -> list[dict[str, Any]]:
    """The records with event ids of their own, because those of one file with the same id count once."""
    return [{**record, "eventID": f"{at}-{number}"} for number, record in enumerate(records)]


@settings(max_examples=examples(80), deadline=None)
@given(_FILES, st.data())
def test_evidence_is_the_same_for_any_partition_and_order(files: list[list[Any]], data: st.DataObject) -> None:
    files = [_file(records, at) for at, records in enumerate(files)]
    parts = [usage(*records, limit=LIMIT) for records in files]
    whole = merge_usage(parts, limit=LIMIT)
    shuffled = data.draw(st.permutations(parts))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(parts)), max_size=3)))
    groups = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(parts)], strict=True)]
    nested = merge_usage([merge_usage(group, limit=LIMIT) for group in groups], limit=LIMIT)
    assert evidence(nested) == evidence(whole)
    assert evidence(usage(*(record for records in files for record in records), limit=LIMIT)) == evidence(whole)
    assert evidence(merge_usage([whole, EMPTY_USAGE], limit=LIMIT)) == evidence(whole)
    assert list(find_broken_laws(whole)) == []


def test_two_limits_of_a_table_give_the_same_rows_in_any_order() -> None:
    """One part exceeds the outer limit, another the inner limit, and each has a row in common with the other."""
    many = range(LIMIT + 2)
    role = f"arn:aws:iam::{ACCOUNT}:role/r{{}}"
    outer = [
        *(read(n * 28, userIdentity={**_FOREIGN, "accountId": f"{n:012}"}) for n in many),
        *(refuse(n * 28, role=role.format(n)) for n in many),
        *(record_json(0, readOnly=False, requestParameters={"tags": {f"k{n}": "v0"}}) for n in many),
    ]
    inner = [
        *(read(n * 28, f"arn:aws:s3:::b/k{n or ''}", userIdentity={**_FOREIGN, "accountId": f"{1:012}"}) for n in many),
        *(refuse(n * 28, role=role.format(1), subject=f"s{n}") for n in many),
        *(record_json(0, readOnly=False, requestParameters={"tags": {"k1": f"v{n}"}}) for n in many),
    ]
    parts = [usage(*_file(records, at), limit=LIMIT) for at, records in enumerate((outer, inner))]
    raw = [usage(*_file(records, at)) for at, records in enumerate((outer, inner))]
    whole = evidence(merge_usage(raw, limit=LIMIT))
    for first, second in ((parts[0], raw[1]), (raw[0], parts[1]), (parts[1], parts[0])):
        assert evidence(merge_usage([first, second], limit=LIMIT)) == whole


def test_made_up_texts_take_bounded_memory() -> None:
    """The rows of many parts stay below the limits, and each text is cut."""
    limit = 20
    whole = EMPTY_USAGE
    for part in range(10):
        records = [refuse(0, subject=f"{part}-{number}" + "x" * 9_000, eventID=f"{number}") for number in range(40)]
        whole = merge_usage([whole, usage(*records, limit=limit)], limit=limit)
    assert whole.assumptions.num_rows == 1
    assert whole.assumptions.nbytes < 10_000
