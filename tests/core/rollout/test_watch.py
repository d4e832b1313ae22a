"""Watching a rollout: each denial since is paired with the line that was removed, and what can't be seen is said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lpgen.core.iam.match_resource import resource_contains
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import DenialKind, Outcome, PrincipalKind, SkipReason
from lpgen.core.rollout.denials import Denial, PoliciesSince
from lpgen.core.rollout.plan import NO_PEAK, PolicyText, PrincipalPlan
from lpgen.core.rollout.watch import Watched, watch_rollout
from lpgen.core.usage.tables import Usage
from lpgen.report.documents.schemas import SCHEMAS
from lpgen.report.messages.rollout import render_watch
from tests.support.worlds import ACCOUNT, allow, catalog, deny, usage_of, use

ARN = f"arn:aws:iam::{ACCOUNT}:role/app"
SINCE = "2026-09-10T12:00:00+00:00"
BEFORE, AFTER = "2026-09-09T00:00:00Z", "2026-09-11T00:00:00Z"
BUCKET = "arn:aws:s3:::data"


def texts(*statements: Mapping[str, Any], name: str = "own") -> PolicyText:
    return PolicyText(name, True, json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def plan(before: Sequence[PolicyText], after: Sequence[PolicyText]) -> PrincipalPlan:
    return PrincipalPlan(
        ARN, "AROAAPP", ACCOUNT, PrincipalKind.ROLE, "app", True, "", "out/app", tuple(before), tuple(after), (), (),
        NO_PEAK, (), (),
    )  # fmt: skip


def watched(found: PrincipalPlan, usage: Usage) -> Watched:
    (watched,) = watch_rollout({ARN: SINCE}, [found], usage, catalog())
    assert list(SCHEMA.iter_errors(json.loads(render_watch([watched], "json")))) == []
    return watched


SCHEMA = Draft202012Validator(SCHEMAS["watch"])
OLD = texts(allow("s3:*"), allow(["sqs:*", "ec2:Describe*"], Condition={"Bool": {"aws:SecureTransport": "true"}}))
NEW = texts(allow("s3:GetObject"), name="new")


def denial(action: str, resource: str = "*", seen: str = AFTER, **more: Any) -> Denial:
    usage = usage_of({ARN: [use(action, resource, outcome=Outcome.DENIED, seen=seen)]}, **more)
    (denial,) = watched(plan([OLD], [NEW]), usage).denials
    return denial


def test_denial_since_is_paired_with_the_statement_that_was_removed() -> None:
    found = denial("s3:DeleteObject", f"{BUCKET}/a.csv")
    (lost,) = found.lost
    assert (lost.policy, lost.statement) == ("own", 1)
    assert json.loads(lost.restore) == {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"{BUCKET}/a.csv"}


def test_restored_line_keeps_the_condition_and_the_scope_of_the_old_one() -> None:
    (lost,) = denial("sqs:SendMessage", "?").lost
    assert json.loads(lost.restore) == {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }


@pytest.mark.parametrize(
    ("old", "resource", "restored"),
    [
        (allow("s3:*", [f"{BUCKET}/*", "arn:aws:s3:::logs/*"]), f"{BUCKET}/a", {"Resource": f"{BUCKET}/a"}),
        (allow("s3:*", f"{BUCKET}/in/*"), f"{BUCKET}/*", {"Resource": f"{BUCKET}/in/*"}),
        (
            allow("s3:*", f"{BUCKET}/${{aws:username}}/*"),
            f"{BUCKET}/x/y",
            {"Resource": f"{BUCKET}/${{aws:username}}/*"},
        ),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, f"{BUCKET}/a", {"Resource": f"{BUCKET}/a"}),
        (
            {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::logs/*"},
            f"{BUCKET}/a",
            {"NotResource": "arn:aws:s3:::logs/*"},
        ),
    ],
    ids=["several", "fold", "variable", "not action", "not resource"],
)
def test_restored_line_is_never_wider_than_the_old_one(
    old: dict[str, Any], resource: str, restored: dict[str, Any]
) -> None:
    usage = usage_of({ARN: [use("s3:PutObject", resource, outcome=Outcome.DENIED, seen=AFTER)]})
    (denial,) = watched(plan([texts(old)], [NEW]), usage).denials
    (lost,) = denial.lost
    line = json.loads(lost.restore)
    assert line == {"Effect": "Allow", "Action": "s3:PutObject", **restored}
    if "Resource" in old and "${" not in str(old):
        patterns = [old["Resource"]] if isinstance(old["Resource"], str) else old["Resource"]
        assert any(resource_contains(pattern, line["Resource"]) for pattern in patterns)


def test_denial_that_the_old_policies_did_not_allow_is_said_to_be_none_of_the_rollout() -> None:
    found = denial("sns:Publish")
    assert not found.lost
    assert found.why == "the old policies didn't allow it either"


def test_denial_that_the_new_policies_allow_is_said_to_come_from_elsewhere() -> None:
    found = denial("s3:GetObject", f"{BUCKET}/a")
    assert not found.lost
    assert found.why.startswith("the new policies allow it")


@pytest.mark.parametrize("resource", ["?", f"{BUCKET}/a/*", f"{BUCKET}/a/c"])
def test_denial_may_be_of_the_rollout_where_the_new_policies_may_not_allow_it(resource: str) -> None:
    usage = usage_of({ARN: [use("s3:GetObject", resource, outcome=Outcome.DENIED, seen=AFTER)]})
    for narrow in (f"{BUCKET}/a/b", f"{BUCKET}/${{aws:username}}/*"):
        found = watched(plan([OLD], [texts(allow("s3:GetObject", narrow))]), usage)
        (denial,) = found.denials
        assert denial.lost
        assert not denial.why
        assert found.found
    (denial,) = watched(plan([OLD], [NEW]), usage).denials
    assert denial.why.startswith("the new policies allow it")


@pytest.mark.parametrize("action", ["sns:Publish", "s3:GetObject"])
def test_denials_that_are_none_of_the_rollout_are_no_finding_of_it(action: str) -> None:
    usage = usage_of({ARN: [use(action, f"{BUCKET}/a", outcome=Outcome.DENIED, seen=AFTER)]})
    found = watched(plan([OLD], [NEW]), usage)
    assert found.denials
    assert not found.found


def test_line_that_stays_under_its_condition_is_not_to_be_restored() -> None:
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    usage = usage_of({ARN: [use("sqs:SendMessage", "?", outcome=Outcome.DENIED, seen=AFTER)]})
    found = watched(plan([OLD], [texts(allow("sqs:SendMessage", Condition=condition))]), usage)
    assert [denial.lost for denial in found.denials] == [()]
    assert found.denials[0].why.startswith("the new policies allow it")
    other = texts(allow("sqs:SendMessage", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    (denial,) = watched(plan([OLD], [other]), usage).denials
    assert denial.lost


@pytest.mark.parametrize("resource", ["?", f"{BUCKET}/b/*", f"{BUCKET}/b/c"])
def test_line_that_is_carried_word_for_word_is_not_to_be_restored(resource: str) -> None:
    usage = usage_of({ARN: [use("s3:GetObject", resource, outcome=Outcome.DENIED, seen=AFTER)]})
    own = f"{BUCKET}/${{aws:username}}/*"
    old, new = texts(allow(["s3:GetObject", "s3:PutObject"], own)), texts(allow("s3:GetObject", own), name="new")
    found = watched(plan([old], [new]), usage)
    assert [denial.lost for denial in found.denials] == [()]
    assert found.denials[0].why.startswith("the new policies allow it")


def test_denial_by_another_wall_is_not_paired() -> None:
    one = use("s3:DeleteObject", f"{BUCKET}/a", outcome=Outcome.DENIED, seen=AFTER)
    usage = usage_of({ARN: [one]})
    column = usage.table.column_names.index("denial_kind")
    table = usage.table.set_column(column, "denial_kind", [[DenialKind.SCP.value]])
    found = watched(plan([OLD], [NEW]), Usage(table.cast(usage.table.schema), usage.skips, usage.coverage))
    assert [(denied.lost, denied.why) for denied in found.denials] == [((), "an SCP denies it")]
    assert not found.found


def test_denials_from_before_do_not_count_but_are_remembered() -> None:
    early = use("s3:DeleteObject", f"{BUCKET}/a", outcome=Outcome.DENIED, seen=BEFORE)
    late = use("s3:DeleteObject", f"{BUCKET}/a", outcome=Outcome.DENIED, seen=AFTER)
    assert not watched(plan([OLD], [NEW]), usage_of({ARN: [early]})).denials
    (both,) = watched(plan([OLD], [NEW]), usage_of({ARN: [early, late]})).denials
    assert both.before_too
    assert both.records == 1
    assert not denial("s3:DeleteObject", f"{BUCKET}/a").before_too


def test_denies_of_the_old_policies_are_no_lost_lines() -> None:
    usage = usage_of({ARN: [use("s3:DeleteBucket", BUCKET, outcome=Outcome.DENIED, seen=AFTER)]})
    (denial,) = watched(plan([texts(deny("s3:*"))], [NEW]), usage).denials
    assert not denial.lost


def test_denied_calls_that_are_not_mapped_are_named() -> None:
    from datetime import UTC, datetime

    skip = {
        "reason": SkipReason.UNMAPPED.value,
        "principal": ARN,
        "account": ACCOUNT,
        "event_source": "new.amazonaws.com",
        "event_name": "DoThing",
        "outcome": Outcome.DENIED.value,
        "last_seen": datetime(2026, 9, 12, tzinfo=UTC),
        "records": 3,
    }
    found = watched(plan([OLD], [NEW]), usage_of({ARN: []}, skips=[skip]))
    assert found.unmapped == (("new.amazonaws.com DoThing", 3),)
    assert found.found


def test_removed_actions_whose_denials_leave_no_record_are_named() -> None:
    seen = watched(plan([OLD], [NEW]), usage_of({ARN: []}))
    blind = watched(plan([OLD], [NEW]), usage_of({ARN: []}, data_events=[]))

    def data(watched: Watched) -> set[str]:
        return {some.service for some in watched.unseen if "a data event" in some.why}

    assert "s3" not in data(seen)
    assert "s3" in data(blind)
    text = render_watch([blind], "text")
    assert "not visible" in text
    assert "have no data events of s3.amazonaws.com" in text


def test_removed_actions_whose_denials_are_of_events_that_the_logs_leave_out_are_named() -> None:
    def said(**options: Any) -> set[str]:
        found = watched(plan([OLD], [NEW]), usage_of({ARN: []}, **options))
        lacking = {actions.why for actions in found.unseen if actions.service == "s3"}
        return {why for why in lacking if "the logs have no " in why or "data event" in why}

    assert said() == said(management_sides=[], data_sides=[]) == set()
    assert said(management_sides=[True], data_sides=[True]) == {
        "the logs have no writing management events, which a trail may exclude",
        "it leaves a data event, and all data events of s3.amazonaws.com in us-east-1 in the logs are read-only",
    }


def test_logs_that_end_before_the_rollout_say_nothing() -> None:
    (watched,) = watch_rollout({ARN: "2026-12-01T00:00:00+00:00"}, [plan([OLD], [NEW])], usage_of({ARN: []}), catalog())
    assert not watched.logs_until
    assert "ingest newer ones" in render_watch([watched], "text")


@pytest.mark.parametrize(("seen", "until"), [("2026-09-30T11:00:00Z", ""), ("2026-09-30T13:00:00Z", "2026-09-30")])
def test_logs_of_the_day_of_the_rollout_must_reach_it_by_the_hour(seen: str, until: str) -> None:
    usage = usage_of({ARN: [use("s3:GetObject", f"{BUCKET}/a.csv", seen=seen)]})
    (watched,) = watch_rollout({ARN: "2026-09-30T12:00:00+00:00"}, [plan([OLD], [NEW])], usage, catalog())
    assert watched.logs_until == until
    assert ("no denial" in render_watch([watched], "text")) == bool(until)


def test_report_is_inert_and_has_the_line_to_restore() -> None:
    evil = f"{BUCKET}/\x1b[2J"
    usage = usage_of({ARN: [use("s3:DeleteObject", evil, outcome=Outcome.DENIED, seen=AFTER)]})
    found = watched(plan([OLD], [NEW]), usage)
    text = render_watch([found], "text")
    assert "\x1b" not in text
    assert 'restore: {"Effect": "Allow", "Action": "s3:DeleteObject"' in text
    (facts,) = json.loads(render_watch([found], "json"))["principals"]
    assert facts["denials"][0]["lost"][0]["restore"]["Resource"] == evil


def policies_since(*statements: Mapping[str, Any], taken: str = "2026-09-20T00:00:00+00:00") -> PoliciesSince:
    """What a snapshot shows of the principal."""
    documents = (policy_from_json(texts(*statements).text, place="snapshot"),)
    return PoliciesSince("2026-09-20", datetime.fromisoformat(taken), {(ARN, "AROAAPP"): documents})


@pytest.mark.parametrize(
    ("now", "is_restored"),
    [
        (policies_since(allow("s3:GetObject"), allow("s3:PutObject", f"{BUCKET}/in/*")), True),
        (policies_since(allow("s3:*")), True),
        (policies_since(allow("s3:*"), deny("s3:Put*")), False),
        (policies_since(allow("s3:GetObject")), False),
        (policies_since(allow("s3:PutObject", f"{BUCKET}/out/*")), False),
        (policies_since(allow("s3:PutObject", Condition={"Bool": {"aws:SecureTransport": "true"}})), False),
        (policies_since(allow("s3:PutObject"), taken=AFTER), False),  # the denial may be from after it
        (PoliciesSince("2026-09-20", datetime(2026, 9, 20, tzinfo=UTC), {(ARN, "AROAOTHER"): ()}), False),
        (None, False),
    ],
)
def test_denial_whose_line_was_restored_since_is_told_as_such(now: PoliciesSince | None, *, is_restored: bool) -> None:
    usage = usage_of({ARN: [use("s3:PutObject", f"{BUCKET}/in/a", outcome=Outcome.DENIED, seen=AFTER)]})
    (watched,) = watch_rollout({ARN: SINCE}, [plan([OLD], [NEW])], usage, catalog(), now)
    (found,) = watched.denials
    assert found.restored is is_restored
    assert found.lost
    assert watched.found is not is_restored
    assert list(SCHEMA.iter_errors(json.loads(render_watch([watched], "json")))) == []
    said = render_watch([watched], "text")
    assert ("allowed again by the policies of snapshot 2026-09-20" in said) is is_restored
    assert ("restore:" in said) is not is_restored
    (told,) = json.loads(render_watch([watched], "json"))["principals"][0]["denials"]
    assert told["restored"] is is_restored


def test_denial_is_not_restored_by_one_of_several_removed_lines_under_its_condition() -> None:
    careful = allow("s3:PutObject", f"{BUCKET}/*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    usage = usage_of({ARN: [use("s3:PutObject", f"{BUCKET}/in/a", outcome=Outcome.DENIED, seen=AFTER)]})
    rolled = plan([texts(allow("s3:PutObject"), careful)], [NEW])
    for now, is_restored in ((policies_since(careful), False), (policies_since(allow("s3:PutObject")), True)):
        (watched,) = watch_rollout({ARN: SINCE}, [rolled], usage, catalog(), now)
        assert [len(found.lost) for found in watched.denials] == [2]
        assert [found.restored for found in watched.denials] == [is_restored]


def test_line_stays_under_the_same_condition_of_the_same_language_version_alone() -> None:
    own = allow("s3:ListBucket", Condition={"StringEquals": {"s3:prefix": "${aws:username}"}})
    new = texts(own)
    for version, is_lost in (("2012-10-17", False), ("2008-10-17", True)):
        kept = replace(new, text=new.text.replace("2012-10-17", version))
        usage = usage_of({ARN: [use("s3:ListBucket", BUCKET, outcome=Outcome.DENIED, seen=AFTER)]})
        (found,) = watched(plan([texts(own)], [kept]), usage).denials
        assert bool(found.lost) is is_lost
