"""Reviews, explanations and the watch of a rollout agree on what the logs could have shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lpgen.core.analysis.explain.question import WrittenQuestion
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.findings import Verdict
from lpgen.core.model import Action
from lpgen.core.rollout.watch import LogsSince
from lpgen.core.usage.tables import Usage
from tests.core.analysis.explain.explained_requests import read_question, seen_use
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, catalog, exactly, grants_of, policy, role, usage_of, use

APP = role(policy(allow(["s3:*", "sqs:*", "iam:*", "ec2:*"])))
ACTIONS = [
    Action(one)
    for one in (
        "ec2:RunInstances",
        "iam:GetRole",
        "iam:PassRole",
        "s3:GetBucketPolicy",
        "s3:GetObject",
        "s3:PutObject",
        "sqs:CreateQueue",
        "sqs:ListQueues",
        "sqs:SendMessage",
    )
]
LOGS: list[dict[str, Any]] = [
    {},
    {"data_events": ()},
    {"data_events": (), "management_sides": (True,)},
    {"management_sides": (False,)},
    {"data_sides": (True,)},
    {"management_in": ("eu-west-1",)},
]


def logs(**world: Any) -> Usage:
    return usage_of({APP.arn: [use("ec2:DescribeVpcs")]}, **world)


def verdicts(usage: Usage) -> dict[str, Verdict]:
    (found,) = diff_usage(usage, [grants_of(APP)], catalog(), exactly()).principals
    return {verdict.action: verdict.verdict for verdict in found.assessment.verdicts}


def explained_as_blind(usage: Usage, action: str) -> bool:
    question = read_question(WrittenQuestion("app", action, ""), [APP], catalog())
    return bool(seen_use(question, usage, [APP], catalog()).blind_spot)


def watched_as_unseen(usage: Usage, action: Action) -> bool:
    return bool(list(LogsSince(usage, LAST_DAY - timedelta(days=119), catalog()).unseen([action], ACCOUNT)))


@pytest.mark.parametrize("world", LOGS)
def test_what_an_explanation_or_a_watch_says_the_logs_cannot_show_no_review_calls_unused(world: dict[str, Any]) -> None:
    usage = logs(**world)
    found = verdicts(usage)
    for action in ACTIONS:
        if explained_as_blind(usage, action) or watched_as_unseen(usage, action):
            assert found[action] is Verdict.UNOBSERVABLE, action


@pytest.mark.parametrize("world", LOGS[1:5])
def test_what_a_review_calls_unobservable_an_explanation_says_the_logs_cannot_show(world: dict[str, Any]) -> None:
    usage = logs(**world)
    found = verdicts(usage)
    blind = {action for action in ACTIONS if explained_as_blind(usage, action)}
    assert {action for action in ACTIONS if found[action] is Verdict.UNOBSERVABLE} == blind != set()


@pytest.mark.parametrize("keep", KeepUnobservable)
@pytest.mark.parametrize("world", LOGS)
def test_each_action_that_is_kept_has_a_line(world: dict[str, Any], keep: KeepUnobservable) -> None:
    usage = usage_of({APP.arn: [use("ec2:DescribeVpcs"), use("iam:ListRoles"), use("s3:ListAllMyBuckets")]}, **world)
    (found,) = diff_usage(usage, [grants_of(APP)], catalog(), exactly(keep_unobservable=keep_each(keep))).principals
    kept = {action for action, judgement in found.assessment.verdicts.judged() if judgement.keep}
    assert kept == {line.action for line in found.draft.lines}
