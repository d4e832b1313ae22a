"""Calls of web identities belong to the subject that asked for their session, wherever the request is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.model import Action, Principal, PrincipalKind
from lpgen.core.roles.sessions import Session, SessionUse, sessions_from_usage
from lpgen.core.usage.tables import find_broken_laws, merge_usage
from tests.core.usage.test_sessions import call, sessions, usage
from tests.support.law_examples import examples
from tests.support.log_samples import ACCOUNT, ROLE, record_json, rows

BILLING: Final = "system:serviceaccount:apps:billing"
ORDERS: Final = "system:serviceaccount:apps:orders"
PROVIDER: Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0F"
OWNER: Final = Principal(ROLE, "AROA1", ACCOUNT, PrincipalKind.ROLE, "app", "/")


def key(number: int) -> str:
    return f"ASIA{number:016}"


def web_call(number: int, of: int, name: str = "1700000000", provider: str = PROVIDER, **more: Any) -> dict[str, Any]:
    """A call with the key of a web identity's session."""
    record = call(number, name, **more)
    identity = record["userIdentity"]
    identity["accessKeyId"] = key(of)
    identity["sessionContext"]["webIdFederationData"] = {"federatedProvider": provider, "attributes": {}}
    return record


def request(number: int, of: int, subject: str, provider: str = PROVIDER, **more: Any) -> dict[str, Any]:
    """A subject's request for the session with a key."""
    who = {"type": "WebIdentityUser", "principalId": f"{provider}:sts.amazonaws.com:{subject}", "userName": subject}
    asked = {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "userIdentity": who | {"identityProvider": provider},
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "1700000000"},
        "responseElements": {
            "subjectFromWebIdentityToken": subject,
            "provider": provider,
            "credentials": {"accessKeyId": key(of)},
        },
    }
    return record_json(number, **asked | more)


def use_of(*records: dict[str, Any]) -> SessionUse:
    return sessions_from_usage(usage(*records), [OWNER], lambda _, resource: resource)[ROLE]


TWO: Final = (request(1, 1, BILLING), request(2, 2, ORDERS))


def test_a_call_belongs_to_the_subject_of_its_request_in_another_file() -> None:
    calls, requests = usage(web_call(3, 1), web_call(4, 2, bucket="c")), usage(*TWO)
    assert [row[1:3] for row in sessions(calls)] == [("session-key", f"{key(1)} "), ("session-key", f"{key(2)} ")]
    for parts in ([calls, requests], [requests, calls]):
        assert sessions(merge_usage(parts)) == [
            ("arn:aws:s3:::b/k", "session-subject", f" {BILLING}", 1),
            ("arn:aws:s3:::c/k", "session-subject", f" {ORDERS}", 1),
        ]


def test_subjects_that_share_a_name_are_sessions_of_their_own() -> None:
    use = use_of(*TWO, web_call(3, 1), web_call(4, 2, bucket="c"))
    assert {*use.sessions} == {Session("subject", BILLING), Session("subject", ORDERS)}
    assert not use.unknown
    assert not use.is_partial


def test_a_name_of_one_subject_stays_a_name() -> None:
    use = use_of(*TWO, web_call(3, 1, "billing-job"), web_call(4, 2, "orders-job"), web_call(5, 7, "night-job"))
    assert {*use.sessions} == {Session("name", name) for name in ("billing-job", "orders-job", "night-job")}


def test_a_subject_with_several_shared_names_has_a_session_for_each() -> None:
    found = use_of(
        *TWO, *(web_call(at, of, name) for at, of, name in [(3, 1, "a"), (4, 1, "b"), (5, 2, "a"), (6, 2, "b")])
    )
    assert {*found.sessions} == {
        Session("subject", f"{subject} as {name}") for subject in (BILLING, ORDERS) for name in "ab"
    }
    assert {session.subject for session in found.sessions} == {BILLING, ORDERS}


def test_a_call_without_a_request_is_unknown_if_nobody_else_made_it() -> None:
    known = use_of(*TWO, web_call(3, 1), web_call(4, 2), web_call(5, 9))
    assert known.is_partial
    assert not known.unknown
    use = use_of(*TWO, web_call(3, 1), web_call(4, 2), web_call(5, 9, bucket="c"))
    assert use.is_partial
    assert use.unknown == {(Action("s3:GetObject"), "arn:aws:s3:::c/k")}


def test_a_call_with_only_the_shared_name_belongs_to_no_subject() -> None:
    use = use_of(*TWO, web_call(3, 1), web_call(4, 2), call(5, "1700000000"))
    assert use.is_partial
    assert {*use.sessions} == {Session("subject", BILLING), Session("subject", ORDERS)}


def test_a_subject_may_contain_the_word_before_a_name() -> None:
    odd = f"{BILLING} as b"
    use = use_of(TWO[0], request(2, 2, odd), web_call(3, 1), web_call(4, 2))
    assert {session.subject for session in use.sessions} == {BILLING, odd}


@pytest.mark.parametrize("value", [None, "x", [], [1], 5, {}, {"federatedProvider": 5}, {"federatedProvider": {}}])
def test_no_record_is_lost_for_odd_federation_data(value: object) -> None:
    record = web_call(1, 1)
    record["userIdentity"]["sessionContext"]["webIdFederationData"] = value
    assert [row[1] for row in sessions(usage(record))] == ["session-name"]


@pytest.mark.parametrize(
    "changes",
    [
        {"errorCode": "AccessDenied", "responseElements": None},
        {"responseElements": {"credentials": "HIDDEN"}},
        {"responseElements": {"credentials": {"accessKeyId": "ASIA 1"}}},
        {"requestParameters": {"roleSessionName": "x"}},
    ],
)
def test_only_a_request_that_got_a_key_names_its_subject(changes: dict[str, Any]) -> None:
    found = usage(request(1, 1, BILLING, **changes), web_call(2, 1))
    assert [row[1] for row in sessions(found)] == ["session-key"]


def test_users_of_an_app_keep_the_names_of_their_sessions() -> None:
    pool = "cognito-identity.amazonaws.com"
    found = usage(request(1, 1, "us-east-1:0f", pool), web_call(2, 1, "app", pool))
    assert [row[1:3] for row in sessions(found)] == [("session-name", "app")]


@pytest.mark.parametrize(
    ("count", "limit", "kind"),
    [(4, 4, "session-subject"), (5, 4, "session-name"), (5, 9, "session-subject")],
    ids=["as many keys", "more keys", "a higher limit"],
)
def test_too_many_keys_leave_names(count: int, limit: int, kind: str) -> None:
    found = usage(*(request(at, at, BILLING) for at in range(count)), web_call(count, 1, "job"), limit=limit)
    assert [row[1] for row in sessions(found)] == [kind]


@pytest.mark.parametrize(
    ("subjects", "group"),
    [
        ((BILLING, BILLING), ("session-subject", f"job {BILLING}")),
        ((BILLING, ORDERS), ("session-subject", "job system:serviceaccount:apps:*")),
        ("ab", ("session-name", "job")),
    ],
    ids=["one subject", "with equal parts", "without any part"],
)
def test_two_subjects_of_a_key_leave_their_equal_parts(subjects: Sequence[str], group: tuple[str, str]) -> None:
    found = usage(*(request(at, 1, subject) for at, subject in enumerate(subjects)), web_call(9, 1, "job"))
    assert [row[1:3] for row in sessions(found)] == [group]


def test_too_many_subjects_are_cut_to_the_parts_that_leave_few() -> None:
    subjects = [f"repo:o/{app}:ref:refs/heads/{branch}" for app in ("a", "b") for branch in ("main", "dev", "x/y")]
    records = [record for at, one in enumerate(subjects) for record in (request(at, at, one), web_call(9 + at, at))]
    whole, few = usage(*records), usage(*records, limit=8)
    assert [row[2] for row in sessions(whole)] == sorted(f" {subject}" for subject in subjects)
    assert [row[2:] for row in sessions(few)] == [(f" repo:o/{app}:ref:refs/heads/*", 3) for app in "ab"]
    others = [request(90 + at, 90 + at, subject) for at, subject in enumerate(("plain", "other"))]
    assert {row[1] for row in sessions(usage(*records, *others, limit=8))} == {"session-name"}


def test_new_numbers_of_a_git_reference_are_no_new_subject() -> None:
    tags = [request(at, at, f"repo:o/app2:ref:refs/tags/v1.{at}.0") for at in (1, 2)]
    found = usage(*tags, web_call(3, 1), web_call(4, 2))
    assert [row[2:] for row in sessions(found)] == [(" repo:o/app2:ref:refs/tags/v*.*.*", 2)]


def test_names_that_an_sdk_generated_divide_no_subject() -> None:
    names = ("botocore-session-17", "aws-sdk-js-session-18", "19", "GitHubActions")
    use = use_of(*TWO, *(web_call(at, 1 + at % 2, name) for at, name in enumerate((*names, *names[1:], names[0]), 3)))
    assert {*use.sessions} == {Session("subject", BILLING), Session("subject", ORDERS)}
    alone = use_of(TWO[0], *(web_call(at, 1, name) for at, name in enumerate(names, 3)))
    assert {*alone.sessions} == {Session("name", "")}


_RECORDS = st.one_of(
    st.builds(
        web_call,
        st.integers(0, 90),
        st.integers(1, 4),
        st.sampled_from(["7", "a", "b c", "*"]),
        bucket=st.sampled_from("bcd"),
    ),
    st.builds(
        request,
        st.integers(0, 90),
        st.integers(1, 4),
        st.sampled_from([BILLING, BILLING, ORDERS, "*", "x y", "x:*", "x:y/z", "x:y"]),
    ),
    st.builds(call, st.integers(0, 90), st.sampled_from("ab"), bucket=st.sampled_from("bc")),
)


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(st.lists(_RECORDS, max_size=8), min_size=1, max_size=5), st.sampled_from([3, 4, 9, 10_000]), st.data())
def test_links_are_the_same_for_any_partition_and_order(
    files: list[Sequence[dict[str, Any]]], limit: int, data: st.DataObject
) -> None:
    named = [
        [{**record, "eventID": f"{at}-{n}"} for n, record in enumerate(records)] for at, records in enumerate(files)
    ]
    parts = [usage(*records, limit=limit) for records in named]
    whole = usage(*(record for records in named for record in records), limit=limit)
    shuffled = data.draw(st.permutations(parts))
    cut = data.draw(st.integers(0, len(parts)))
    nested = [merge_usage(some, limit=limit) for some in (shuffled[:cut], shuffled[cut:])]
    assert rows(merge_usage(nested, limit=limit).signs) == rows(whole.signs)
    assert rows(merge_usage(parts, limit=limit).signs) == rows(whole.signs)
    assert list(find_broken_laws(whole)) == []
    counted = sum(row["records"] for row in rows(whole.signs) if not row["action"] and row["kind"] != "session-issued")
    assert counted == sum(record["eventSource"] != "sts.amazonaws.com" for records in named for record in records)
