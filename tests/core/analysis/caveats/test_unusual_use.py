"""Dangerous use as an intruder would make it: the replacement holds it, and isn't safe until somebody decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff
from lpgen.core.model import Outcome
from lpgen.core.registry.caveats import CaveatKind
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.analysis.test_diff import DATA, decision, diff_of
from tests.support.worlds import ACCOUNT, LAST_DAY, OTHER_ROLE, allow, exactly, policy, role, use

COVERED = 120
USER = f"arn:aws:iam::{ACCOUNT}:user/backup"
OTHER_USER = f"arn:aws:iam::{ACCOUNT}:user/admin"
BUCKET = "arn:aws:s3:::uploads"
KEY = "iam:CreateAccessKey"
DAILY = range(0, COVERED, 3)
MONTHLY = range(5, COVERED, 30)
ONCE = (50,)


def on(days: Iterable[int], action: str = KEY, resource: str = USER, **more: Any) -> list[Use]:
    """Uses so many days before the last day of the logs."""
    return [use(action, resource, seen=f"{day_before_end(day)}T08:00:00Z", **more) for day in days]


def day_before_end(days: int) -> date:
    return LAST_DAY - timedelta(days)


def denied(days: Iterable[int], *actions: str) -> list[Use]:
    return [one for action in actions for one in on(days, action, "*", outcome=Outcome.DENIED)]


AT_WORK = on(DAILY, "s3:GetBucketTagging", DATA)


def reviewed(*uses: Sequence[Use], others: Sequence[Use] = (), **choices: Any) -> PrincipalDiff:
    """The review of a role that is at work all the time and does this too."""
    principal = role(policy(allow(["iam:*", "s3:*", "ec2:*"])))
    beside = {OTHER_ROLE: list(others)} if others else None
    return diff_of(principal, [*AT_WORK, *chain(*uses)], others=beside, options=exactly(**choices), days=COVERED)


def unusual(found: PrincipalDiff) -> list[str]:
    """The actions that the caveats name."""
    return [one.parameters["action"] for one in found.open_caveats if one.kind is CaveatKind.UNUSUAL_USE]


def words(found: PrincipalDiff) -> str:
    (caveat,) = (one for one in found.open_caveats if one.kind is CaveatKind.UNUSUAL_USE)
    return caveat.message


# ---------------------------------------------------------------- on a day or two, or within a week


@pytest.mark.parametrize("days", [(50,), (50, 49), (90, 30), (50, 48, 46), range(44, 51)], ids=str)
def test_dangerous_use_on_two_days_or_within_a_week_is_unusual_and_stays(days: Sequence[int]) -> None:
    found = reviewed(on(days))
    assert unusual(found) == [KEY]
    assert KEY in {line.action for line in found.lines}


@pytest.mark.parametrize("days", [MONTHLY, (90, 60, 30), (50, 49, 43), DAILY], ids=str)
def test_regular_dangerous_use_is_not_unusual(days: Sequence[int]) -> None:
    assert unusual(reviewed(on(days))) == []


def test_unusual_use_is_told_with_its_days_its_records_and_an_example() -> None:
    assert words(reviewed(on(ONCE))) == (
        f"{KEY} makes long-lived keys for another user: used only on {day_before_end(50)}, on {USER} (1 record, "
        f"example event-{KEY})"
    )
    some = words(reviewed(on((50, 49), KEY, USER), on((48,), KEY, OTHER_USER)))
    assert f"used only on 3 days from {day_before_end(50)} to {day_before_end(48)}, on {USER} (3 records, " in some


def test_each_action_of_a_kind_that_is_not_regular_is_named() -> None:
    found = reviewed(on((50,)), on((49,), "iam:CreateUser"), on((50,), "ec2:ModifySnapshotAttribute", "*"))
    assert sorted(unusual(found)) == ["ec2:ModifySnapshotAttribute", KEY, "iam:CreateUser"]


def test_who_does_other_things_of_the_kind_regularly_is_not_burdened() -> None:
    assert unusual(reviewed(on(ONCE), on(MONTHLY, "iam:CreateLoginProfile"))) == []
    of_another_kind = on(MONTHLY, "iam:PutUserPolicy")
    assert unusual(reviewed(on(ONCE), of_another_kind)) == [KEY]


def test_other_than_dangerous_use_is_never_unusual() -> None:
    assert unusual(reviewed(on(ONCE, "ec2:CreateVolume", "*"), on(ONCE, "s3:GetObject", f"{DATA}/a.csv"))) == []


def test_dangerous_use_that_no_line_holds_is_not_unusual() -> None:
    principal = role(policy(allow("s3:*")))
    found = diff_of(principal, [*AT_WORK, *on(ONCE)], options=exactly(), days=COVERED)
    assert unusual(found) == []


# ---------------------------------------------------------------- what ordinary work shows


def test_who_makes_a_resource_may_decide_once_who_uses_it() -> None:
    opened = on(ONCE, "s3:PutBucketPolicy", BUCKET)
    assert unusual(reviewed(opened)) == ["s3:PutBucketPolicy"]
    assert unusual(reviewed(opened, on((51,), "s3:CreateBucket", BUCKET))) == []
    assert unusual(reviewed(opened, on((51,), "s3:CreateBucket", "arn:aws:s3:::another"))) == ["s3:PutBucketPolicy"]


def test_who_makes_a_user_is_asked_all_the_same_about_its_keys() -> None:
    assert KEY in unusual(reviewed(on(ONCE), on(ONCE, "iam:CreateUser")))


def test_passwords_that_are_read_whenever_the_principal_works_are_not_unusual() -> None:
    secret = "ec2:GetPasswordData"
    assert unusual(reviewed(on(ONCE, secret, "*"))) == [secret]
    principal = role(policy(allow(["iam:*", "ec2:*"])))
    seldom = [*on((50, 49), secret, "*"), *on((50, 49, 20), "ec2:DescribeInstances", "*")]
    assert unusual(diff_of(principal, seldom, options=exactly(), days=COVERED)) == []


def test_what_similar_principals_do_regularly_is_not_unusual() -> None:
    alike = [*AT_WORK, *on(MONTHLY, KEY, OTHER_USER)]
    assert unusual(reviewed(on(ONCE), others=alike)) == []
    assert unusual(reviewed(on(ONCE), others=[*AT_WORK, *on((80,), KEY, OTHER_USER)])) == [KEY]
    different = [*on(DAILY, "ec2:DescribeInstances", "*"), *on(MONTHLY, KEY, OTHER_USER)]
    assert unusual(reviewed(on(ONCE), on(ONCE, "iam:CreateUser"), others=different)) == [KEY, "iam:CreateUser"]


# ---------------------------------------------------------------- in the last tenth, and after denials


@pytest.mark.parametrize(("first", "told"), [(11, True), (12, False)])
def test_dangerous_use_that_begins_in_the_last_tenth_of_the_covered_days_is_unusual(first: int, *, told: bool) -> None:
    found = reviewed(on(range(first + 1)))
    assert unusual(found) == ([KEY] if told else [])
    if told:
        assert f": used since {day_before_end(first)} only, in the last days of the logs, on {USER}" in words(found)


def test_the_last_tenth_counts_covered_days_only() -> None:
    silent = [day_before_end(at) for at in range(20, 60)]
    principal = role(policy(allow(["iam:*", "s3:*"])))
    uses = [*AT_WORK, *on(range(10))]
    assert unusual(diff_of(principal, uses, options=exactly(), days=COVERED)) == [KEY]
    assert unusual(diff_of(principal, uses, options=exactly(), days=COVERED, silent=silent)) == []


@pytest.mark.parametrize(("after", "told"), [(0, True), (1, True), (2, False), (-1, False)])
def test_new_use_right_after_a_burst_of_denials_is_unusual_though_its_kind_is_regular(
    after: int, *, told: bool
) -> None:
    burst = denied((50 + after,), "iam:ListUsers", "iam:ListRoles")
    regular = on(MONTHLY, "iam:CreateLoginProfile")
    found = reviewed(on(ONCE), regular, burst)
    assert unusual(found) == ([KEY] if told else [])
    if told:
        assert f": used on {day_before_end(50)}, right after 2 other actions were denied, on {USER}" in words(found)


def test_data_read_right_after_a_burst_of_denials_is_unusual() -> None:
    read = on(ONCE, "s3:GetObject", f"{BUCKET}/backup.sql")
    assert unusual(reviewed(read, denied(ONCE, "iam:ListUsers", KEY))) == ["s3:GetObject"]
    assert unusual(reviewed(read)) == []
    daily = on(DAILY, "s3:GetObject", f"{DATA}/a.csv")
    assert unusual(reviewed(daily, denied(ONCE, "iam:ListUsers", KEY))) == []
    assert unusual(reviewed(daily, read, denied(ONCE, "iam:ListUsers", KEY))) == ["s3:GetObject"]


def test_denials_of_one_action_or_of_what_was_denied_before_are_no_burst() -> None:
    read = on(ONCE, "s3:GetObject", f"{BUCKET}/backup.sql")
    assert unusual(reviewed(read, denied(ONCE, "iam:ListUsers"))) == []
    scanner = denied((*DAILY, *ONCE), "iam:ListUsers", "iam:ListRoles", KEY)
    assert unusual(reviewed(read, scanner)) == []


def test_days_at_the_ends_of_the_calendar_are_no_trouble() -> None:
    ends = [use(KEY, USER, seen=f"{day}T00:00:00Z") for day in (date.min, date.max)]
    refused = [use(one, "*", seen=f"{date.min}T00:00:00Z", outcome=Outcome.DENIED) for one in ("iam:GetUser", KEY)]
    assert unusual(reviewed(ends, refused)) == [KEY]


# ---------------------------------------------------------------- decisions


def keep(**more: str) -> Decision:
    return decision(DecisionKind.KEEP, **{"action": KEY, **more})


def drop(**more: str) -> Decision:
    return decision(DecisionKind.DROP, **{"action": KEY, **more})


DAY = str(day_before_end(50))


@pytest.mark.parametrize(
    ("decided", "is_open"),
    [
        (keep(), False),
        (keep(action="iam:Create*", resource=USER), False),
        (keep(resource=OTHER_USER), True),
        (keep(action="iam:CreateUser"), True),
        (keep(principal="arn:aws:iam::*:role/other"), True),
        (drop(), False),
        (drop(resource=USER), False),
        (drop(resource=OTHER_USER), True),
        (drop(since=DAY, until=DAY), False),
        (drop(until=str(day_before_end(51))), True),
        (decision(DecisionKind.ACCEPT, item="*"), True),
        (decision(DecisionKind.ACCEPT, item=f"unusual {KEY}"), True),
    ],
)
def test_only_a_decision_to_keep_or_drop_the_use_clears_it(decided: Decision, *, is_open: bool) -> None:
    found = reviewed(on(ONCE), decisions=(decided,))
    assert unusual(found) == ([KEY] if is_open else [])
    if decided.kind is DecisionKind.DROP and not is_open:
        assert KEY not in {line.action for line in found.lines}


def test_a_decision_on_one_resource_leaves_the_use_of_another_open() -> None:
    uses = [*on(ONCE), *on(ONCE, KEY, OTHER_USER)]
    for decided in (keep(resource=USER), drop(resource=USER)):
        found = reviewed(uses, decisions=(decided,))
        assert unusual(found) == [KEY]
        assert OTHER_USER in words(found)


# ---------------------------------------------------------------- laws

DAYS = st.lists(st.integers(0, COVERED - 1), min_size=1, max_size=6, unique=True)
ACTIONS = st.sampled_from([KEY, "iam:PutUserPolicy", "iam:UpdateAssumeRolePolicy", "ec2:ModifySnapshotAttribute"])


@given(days=DAYS, action=ACTIONS, refused=DAYS)
def test_regular_use_removes_it_and_the_lines_stay_the_same(days: list[int], action: str, refused: list[int]) -> None:
    probes = denied(refused, "iam:ListUsers", "iam:ListRoles")
    found = reviewed(on(days, action), probes)
    assert action in {line.action for line in found.lines}
    regular = reviewed(on({*days, *DAILY}, action), probes)
    assert unusual(regular) == []
    assert {(one.action, one.scope) for one in regular.lines} == {(one.action, one.scope) for one in found.lines}


@given(days=DAYS, action=ACTIONS, kind=st.sampled_from([DecisionKind.KEEP, DecisionKind.DROP]))
def test_a_decision_that_names_it_removes_it(days: list[int], action: str, kind: DecisionKind) -> None:
    decided = decision(kind, action=action, resource=USER)
    found = reviewed(on(days, action), decisions=(decided,))
    assert unusual(found) == []
    assert (action in {line.action for line in found.lines}) is (kind is DecisionKind.KEEP)
