"""Dangerous use as an intruder would make it: the replacement holds it, and isn't safe until somebody decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff
from lpgen.core.model import Outcome
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.analysis.test_diff import DATA, decision, diff_of
from tests.support.law_examples import examples
from tests.support.worlds import ACCOUNT, LAST_DAY, OTHER_ROLE, allow, exactly, policy, role, use

COVERED = 120
USER = f"arn:aws:iam::{ACCOUNT}:user/backup"
OTHER_USER = f"arn:aws:iam::{ACCOUNT}:user/admin"
BUCKET = "arn:aws:s3:::uploads"
GROUP = f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/sg-0"
KEY = "iam:CreateAccessKey"
DAILY = range(0, COVERED, 3)
MONTHLY = range(5, COVERED, 30)
ONCE = (50,)


def on(days: Iterable[int], action: str = KEY, resource: str = USER, **more: Any) -> list[Use]:
    """Uses so many days before the last day of the logs."""
    return [use(action, resource, seen=f"{day_before_end(day)}T08:00:00Z", **more) for day in days]


def manages(action: str, days: Iterable[int] = range(0, COVERED, 12), **more: Any) -> list[Use]:
    """Uses of several resources."""
    return [*on(days, action, USER, **more), *on(days, action, OTHER_USER, **more)]


def day_before_end(days: int) -> date:
    return LAST_DAY - timedelta(days)


def denied(days: Iterable[int], *actions: str) -> list[Use]:
    return [use for action in actions for use in on(days, action, "*", outcome=Outcome.DENIED)]


AT_WORK = on(DAILY, "ec2:RebootInstances", "*")
"""Work that looks after nothing."""
OFTEN = range(0, COVERED, 12)


def reviewed(*uses: Sequence[Use], others: Sequence[Use] = (), **choices: Any) -> PrincipalDiff:
    """The review of a role that is at work all the time and does this too."""
    principal = role(policy(allow(["iam:*", "s3:*", "ec2:*"])))
    beside = {OTHER_ROLE: list(others)} if others else None
    return diff_of(principal, [*AT_WORK, *chain(*uses)], others=beside, options=exactly(**choices), days=COVERED)


def unusual(found: PrincipalDiff) -> list[str]:
    """The actions that the caveats name."""
    return [
        caveat.parameters["action"]
        for caveat in found.assessment.open_caveats
        if caveat.kind is DangerCaveat.UNUSUAL_USE
    ]


def words(found: PrincipalDiff) -> str:
    (caveat,) = (caveat for caveat in found.assessment.open_caveats if caveat.kind is DangerCaveat.UNUSUAL_USE)
    return caveat.message


# ---------------------------------------------------------------- on a day or two, or within a week


@pytest.mark.parametrize("days", [(50,), (50, 49), (90, 30), (50, 48, 46), range(44, 51)], ids=str)
def test_dangerous_use_on_two_days_or_within_a_week_is_unusual_and_stays(days: Sequence[int]) -> None:
    found = reviewed(on(days))
    assert unusual(found) == [KEY]
    assert KEY in {line.action for line in found.draft.lines}


@pytest.mark.parametrize("days", [OFTEN, DAILY], ids=str)
def test_harm_on_many_of_the_days_at_work_is_not_unusual(days: Sequence[int]) -> None:
    assert unusual(reviewed(on(days))) == []


@pytest.mark.parametrize("days", [MONTHLY, (90, 60, 30), (50, 49, 43)], ids=str)
def test_regular_harm_is_unusual_where_it_is_of_the_worst_kinds(days: Sequence[int]) -> None:
    assert unusual(reviewed(on(days))) == [KEY]
    opened = on(days, "ec2:AuthorizeSecurityGroupIngress", GROUP)
    assert unusual(reviewed(opened)) == []


def test_unusual_use_is_told_with_its_days_its_records_and_an_example() -> None:
    assert words(reviewed(on(ONCE))) == (
        f"{KEY} creates long-term access keys for another user, and was used only on {day_before_end(50)}, on {USER} "
        f"(1 record, example event-{KEY})"
    )
    some = words(reviewed(on((50, 49), KEY, USER), on((48,), KEY, OTHER_USER)))
    assert (
        f"and was used only on 3 days from {day_before_end(50)} to {day_before_end(48)}, on {USER} (3 records, " in some
    )


def test_each_action_of_a_kind_that_is_not_regular_is_named() -> None:
    found = reviewed(on((50,)), on((49,), "iam:CreateUser"), on((50,), "ec2:ModifySnapshotAttribute", "*"))
    assert sorted(unusual(found)) == ["ec2:ModifySnapshotAttribute", KEY, "iam:CreateUser"]


def test_who_keeps_doing_harm_of_the_kind_to_new_resources_is_not_burdened() -> None:
    opens, runs = "ec2:AuthorizeSecurityGroupIngress", "ec2:RunInstances"
    groups = [on((day,), opens, f"{GROUP}{day}") for day in OFTEN]
    assert unusual(reviewed(on(ONCE, opens, GROUP), *groups)) == []
    assert unusual(reviewed(on(ONCE, opens, GROUP), *groups[1:3])) == [opens]
    assert unusual(reviewed(on(ONCE, runs, "*"), *groups)) == [runs]


def test_of_the_worst_kinds_new_resources_must_come_on_many_of_the_days_at_work() -> None:
    monthly, often = ([on((day,), KEY, f"{USER}-{day}") for day in days] for days in (MONTHLY, OFTEN))
    assert unusual(reviewed(on(ONCE), *monthly)) == [KEY]
    assert unusual(reviewed(on(ONCE), *often)) == []


@pytest.mark.parametrize("managing", ["iam:TagUser", "iam:ListUsers"])
def test_harm_is_at_home_where_the_principal_looks_after_the_service_for_a_month(managing: str) -> None:
    assert unusual(reviewed(on(ONCE), manages(managing))) == []
    assert unusual(reviewed(on(ONCE), manages(managing, ONCE))) == [KEY]
    assert unusual(reviewed(on(ONCE), manages(managing, (70, 60, 50)))) == [KEY]
    assert unusual(reviewed(on(ONCE), manages(managing, error="NoSuchEntity"))) == [KEY]
    assert unusual(reviewed(on(ONCE), on(OFTEN, managing))) == [KEY]  # an application may look up its own


def test_who_looks_at_everything_looks_after_the_service() -> None:
    assert unusual(reviewed(on(ONCE), on(OFTEN, "iam:ListUsers", "*"))) == []
    assert unusual(reviewed(on(ONCE), on(MONTHLY, "iam:ListUsers", "*"))) == [KEY]


@pytest.mark.parametrize("other", ["s3:PutBucketTagging", "s3:GetObject", "iam:CreateLoginProfile"])
def test_other_services_and_use_of_data_and_other_harm_make_no_home(other: str) -> None:
    assert KEY in unusual(reviewed(on(ONCE), manages(other)))


def test_other_than_dangerous_use_is_never_unusual() -> None:
    assert unusual(reviewed(on(ONCE, "ec2:CreateVolume", "*"), on(ONCE, "s3:GetObject", f"{DATA}/a.csv"))) == []


def test_dangerous_use_that_no_line_holds_is_not_unusual() -> None:
    principal = role(policy(allow("s3:*")))
    found = diff_of(principal, [*AT_WORK, *on(ONCE)], options=exactly(), days=COVERED)
    assert unusual(found) == []


# ---------------------------------------------------------------- what ordinary work shows


def test_who_makes_a_resource_may_decide_once_who_uses_it() -> None:
    opens, far = "s3:PutBucketPolicy", {"region": "eu-west-1"}
    opened = on(ONCE, opens, BUCKET, **far)
    assert unusual(reviewed(opened)) == [opens]
    assert unusual(reviewed(opened, on((51,), "s3:CreateBucket", BUCKET, **far))) == []
    assert unusual(reviewed(opened, on((51,), "s3:CreateBucket", "arn:aws:s3:::another", **far))) == [opens]


def test_who_creates_what_others_named_before_did_not_make_it() -> None:
    opens, far = "s3:PutBucketPolicy", {"region": "eu-west-1"}
    made = [*on((51,), "s3:CreateBucket", BUCKET, **far), *on(ONCE, opens, BUCKET, **far)]
    for error, is_told in (("", True), ("NoSuchBucket", False)):
        others = on((80,), "s3:GetBucketTagging", BUCKET, error=error)
        assert unusual(reviewed(made, others=others)) == ([opens] if is_told else [])
    assert unusual(reviewed(made, others=on((20,), "s3:GetBucketTagging", BUCKET))) == []


@pytest.mark.parametrize(
    ("creates", "more"),
    [
        ("s3:CreateBucket", {"region": "eu-west-1", "error": "BucketAlreadyOwnedByYou"}),
        ("s3:CreateBucket", {"region": "eu-west-1", "outcome": Outcome.UNDETERMINED, "error": "SlowDown"}),
        ("s3:CreateBucket", {}),  # in us-east-1 it succeeds for one's own bucket
    ],
)
def test_a_create_that_failed_or_succeeds_for_what_is_there_makes_nothing(creates: str, more: dict[str, Any]) -> None:
    made = on((51,), creates, BUCKET, **more)
    assert unusual(reviewed(made, on(ONCE, "s3:PutBucketPolicy", BUCKET))) == ["s3:PutBucketPolicy"]


def test_a_queue_that_is_created_may_have_been_there() -> None:
    queue, opens = f"arn:aws:sqs:us-east-1:{ACCOUNT}:ledger", "sqs:AddPermission"
    principal = role(policy(allow(["ec2:*", "sqs:*"])))
    uses = [*AT_WORK, *on((51,), "sqs:CreateQueue", queue), *on(ONCE, opens, queue)]
    assert unusual(diff_of(principal, uses, options=exactly(), days=COVERED)) == [opens]


def test_who_makes_a_user_is_asked_all_the_same_about_its_keys() -> None:
    assert KEY in unusual(reviewed(on(ONCE), on(ONCE, "iam:CreateUser")))


def test_passwords_that_are_read_whenever_the_principal_works_are_not_unusual() -> None:
    secret = "ec2:GetPasswordData"
    assert unusual(reviewed(on(ONCE, secret, "*"))) == [secret]
    principal = role(policy(allow(["iam:*", "ec2:*"])))
    seldom = [*on((50, 35, 20), secret, "*"), *on((50, 35, 20, 19), "ec2:DescribeInstances", "*")]
    assert unusual(diff_of(principal, seldom, options=exactly(), days=COVERED)) == []


def test_what_others_do_clears_nobody() -> None:
    alike = [*AT_WORK, *on(MONTHLY, KEY, OTHER_USER)]
    assert unusual(reviewed(on(ONCE), others=alike)) == [KEY]


def test_several_kinds_of_harm_that_are_new_on_one_day_are_unusual_wherever_they_are() -> None:
    at_home = [on(OFTEN, name, "*") for name in ("iam:ListUsers", "ec2:DescribeVolumes", "s3:ListAllMyBuckets")]
    harm = [on(ONCE), on(ONCE, "ec2:ModifySnapshotAttribute", "*"), on(ONCE, "s3:PutBucketPolicy", BUCKET)]
    assert unusual(reviewed(*at_home, *harm[:2])) == []
    found = reviewed(*at_home, *harm)
    assert unusual(found) == [KEY, "s3:PutBucketPolicy", "ec2:ModifySnapshotAttribute"]  # the worst first
    said = [caveat.message for caveat in found.assessment.open_caveats if caveat.kind is DangerCaveat.UNUSUAL_USE]
    assert all(
        f", and was used on {day_before_end(50)}, together with other harmful actions that were new on that day" in one
        for one in said
    )


def test_harm_that_fails_is_never_unusual() -> None:
    assert unusual(reviewed(on(ONCE, error="LimitExceeded"))) == []
    assert unusual(reviewed(on(ONCE, error="ThrottlingException", outcome=Outcome.UNDETERMINED))) == []


# ---------------------------------------------------------------- in the last tenth, and after denials


@pytest.mark.parametrize(("first", "told"), [(11, True), (12, False)])
def test_dangerous_use_that_begins_in_the_last_tenth_of_the_covered_days_is_unusual(first: int, *, told: bool) -> None:
    found = reviewed(on(range(first + 1)))
    assert unusual(found) == ([KEY] if told else [])
    if told:
        assert f", and was first used on {day_before_end(first)}, in the last days of the logs, on {USER}" in words(
            found
        )


@pytest.mark.parametrize(("after", "told"), [(0, True), (1, True), (2, True), (3, False), (-1, False)])
def test_new_use_right_after_a_burst_of_denials_is_unusual_though_its_kind_is_regular(
    after: int, *, told: bool
) -> None:
    burst = denied((50 + after,), "iam:ListGroups", "iam:ListRoles")
    regular = on(OFTEN, "iam:ListUsers", "*")
    found = reviewed(on(ONCE), regular, burst)
    assert unusual(found) == ([KEY] if told else [])
    if told:
        assert f", and was used on {day_before_end(50)}, right after other actions were denied, on {USER}" in words(
            found
        )


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
        assert KEY not in {line.action for line in found.draft.lines}


def test_a_decision_on_one_resource_leaves_the_use_of_another_open() -> None:
    uses = [*on(ONCE), *on(ONCE, KEY, OTHER_USER)]
    for decided in (keep(resource=USER), drop(resource=USER)):
        found = reviewed(uses, decisions=(decided,))
        assert unusual(found) == [KEY]
        assert OTHER_USER in words(found)


# ---------------------------------------------------------------- laws

DAYS = st.lists(st.integers(0, COVERED - 1), min_size=1, max_size=6, unique=True)
ACTIONS = st.sampled_from([KEY, "iam:PutUserPolicy", "iam:UpdateAssumeRolePolicy", "ec2:ModifySnapshotAttribute"])


@settings(max_examples=examples(30))
@given(days=DAYS, action=ACTIONS, refused=DAYS)
def test_regular_use_removes_it_and_the_lines_stay_the_same(days: list[int], action: str, refused: list[int]) -> None:
    probes = denied(refused, "iam:ListUsers", "iam:ListRoles")
    found = reviewed(on(days, action), probes)
    assert action in {line.action for line in found.draft.lines}
    regular = reviewed(on({*days, *DAILY}, action), probes)
    assert unusual(regular) == []
    assert {(line.action, line.scope) for line in regular.draft.lines} == {
        (line.action, line.scope) for line in found.draft.lines
    }


@settings(max_examples=examples(30))
@given(days=DAYS, action=ACTIONS, kind=st.sampled_from([DecisionKind.KEEP, DecisionKind.DROP]))
def test_a_decision_that_names_it_removes_it(days: list[int], action: str, kind: DecisionKind) -> None:
    decided = decision(kind, action=action, resource=USER)
    found = reviewed(on(days, action), decisions=(decided,))
    assert unusual(found) == []
    assert (action in {line.action for line in found.draft.lines}) is (kind is DecisionKind.KEEP)
