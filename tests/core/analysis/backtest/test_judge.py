"""What a later use is judged to be: allowed, or denied for one of three causes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from lpgen.core.analysis.backtest.backtest import Backtester, learnings_of_windows
from lpgen.core.analysis.backtest.totals import backtest_of_principals
from lpgen.core.analysis.backtest.windows import windows_of_days
from lpgen.core.analysis.counted_use import suspecting_counter
from lpgen.core.analysis.reviewer import Batches, whole_already
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
from lpgen.core.analysis.verdicts import ActionFacts
from lpgen.core.backtests import Alternative, Backtest, DenialCause, Window
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import Use
from lpgen.core.model import Outcome, Principal
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.usage_of_days import covered_days
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, catalog, deny, exactly, policy, role, usage_of, use

WIDE = role(policy(allow(["s3:*", "sqs:*", "iam:*"])))
BUCKET, OTHER = "arn:aws:s3:::data", "arn:aws:s3:::other"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"


def at(age: int, action: str, text: str = "*", *, outcome: Outcome = Outcome.ALLOWED) -> Use:
    """A use so many days before the logs end."""
    return use(action, text, outcome=outcome, seen=f"{LAST_DAY - timedelta(days=age)}T08:00:00Z")


def backtester(usage: Usage, windows: tuple[Window, ...], principal: Principal) -> Backtester:
    """The work of the backtest of one principal."""
    counter = suspecting_counter(usage, RowSlices(usage), [principal], (), Dangers(catalog()))
    facts, suspicion = ActionFacts(catalog()), counter.suspicion
    learnings = learnings_of_windows(
        usage, windows, [principal], catalog(), exactly(), facts=facts, suspicion=suspicion
    )
    return Backtester(windows, (), learnings, counter)


def backtested(uses: Sequence[Use], principal: Principal = WIDE, *, step: int = 999, days: int = 120) -> Backtest:
    """The backtest of one principal in windows of 90 and 30 days; it listed buckets on each day."""
    daily = [at(age, "s3:ListAllMyBuckets") for age in range(days)]
    usage = usage_of({principal.arn: [*daily, *uses]}, days=days)
    windows = windows_of_days(*covered_days(usage), train=90, test=30, step=step)
    work = backtester(usage, windows, principal)
    units = units_of_review([principal], "")
    found = [
        backtest for batch in Batches(units, 8, RowSlices(usage), {}, {}, whole_already) for backtest in work(batch)
    ]
    return backtest_of_principals(found, windows, (), catalog())


def causes(uses: Sequence[Use], principal: Principal = WIDE) -> dict[tuple[str, str], DenialCause]:
    (backtest,) = backtested(uses, principal).principals
    return {(need.action, need.resource): need.cause for need in backtest.denied}


def test_use_that_was_learned_is_not_denied() -> None:
    assert causes([at(40, "s3:GetBucketTagging", BUCKET), at(3, "s3:GetBucketTagging", BUCKET)]) == {}


def test_each_denied_need_has_its_cause() -> None:
    learned = [at(40, "sqs:SendMessage", QUEUE), at(40, "sqs:CreateQueue", QUEUE)]
    later = [
        at(3, "iam:TagRole", f"arn:aws:iam::{ACCOUNT}:role/old"),
        at(3, "sqs:SendMessage", f"{QUEUE}-too"),
        at(3, "sqs:CreateQueue", f"{QUEUE}-new"),
    ]
    assert causes([*learned, *later]) == {
        ("iam:TagRole", f"arn:aws:iam::{ACCOUNT}:role/old"): DenialCause.NEW_ACTION,
        ("sqs:SendMessage", f"{QUEUE}-too"): DenialCause.NEW_RESOURCE,
        ("sqs:CreateQueue", f"{QUEUE}-new"): DenialCause.NEW_NAME,
    }


def test_suspected_use_is_no_need_and_neither_is_what_was_new_with_it() -> None:
    stolen = at(3, "iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/backup")
    assert causes([at(3, "sqs:TagQueue", QUEUE), stolen]) == {}
    assert causes([at(3, "sqs:TagQueue", QUEUE), at(4, stolen.action, stolen.resource.text)]) == {
        ("sqs:TagQueue", QUEUE): DenialCause.NEW_ACTION
    }


def test_a_fold_must_be_covered_as_a_whole() -> None:
    learned = at(40, "s3:DeleteObject", f"{BUCKET}/in/*")
    assert causes([learned, at(3, "s3:DeleteObject", f"{BUCKET}/in/*")]) == {}
    assert causes([learned, at(3, "s3:DeleteObject", f"{BUCKET}/*")])


@pytest.mark.parametrize(
    "later", [at(3, "sqs:TagQueue", QUEUE, outcome=Outcome.DENIED), at(3, "sns:Publish", "*")], ids=["denied", "new"]
)
def test_what_was_denied_or_never_granted_is_not_judged(later: Use) -> None:
    assert causes([later]) == {}


def test_what_the_old_policies_deny_is_not_judged() -> None:
    principal = role(policy(allow("*"), deny("sqs:*")))
    assert causes([at(3, "sqs:TagQueue", QUEUE)], principal) == {}


def test_overlapping_windows_count_a_need_and_its_records_once() -> None:
    later = [at(age, "sqs:TagQueue", QUEUE) for age in (1, 2)]
    found = backtested(later, step=1, days=124)
    (backtest,) = found.principals
    (need,) = backtest.denied
    assert (len(found.windows), need.windows, need.records) == (5, 3, 2)
    assert need.first_day == LAST_DAY - timedelta(days=2)
    assert (found.totals.denied_needs, found.totals.denied_records, found.totals.pairs) == (1, 2, 5)
    assert found.totals.denied_safe_pairs <= found.totals.safe_pairs <= found.totals.pairs


def test_simpler_policies_are_judged_by_the_same_uses() -> None:
    learned = at(40, "sqs:SendMessage", QUEUE)
    later = [at(3, "sqs:SendMessage", f"{QUEUE}-too"), at(3, "sqs:TagQueue", QUEUE), at(3, "iam:ListRoles")]
    (backtest,) = backtested([learned, *later]).principals
    needs = {which: found.denied_needs for which, found in backtest.alternatives.items()}
    assert needs == {
        Alternative.EXACT: 3,
        Alternative.ACTIONS: 2,
        Alternative.SERVICES: 1,
        Alternative.UNTOUCHED: 0,
    }
    shares = [backtest.alternatives[which].removed_share for which in Alternative]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0


def test_a_replacement_knows_nothing_of_the_days_it_is_judged_on() -> None:
    before = backtested([at(40, "sqs:SendMessage", QUEUE)]).principals[0].windows[0]
    after = backtested([at(40, "sqs:SendMessage", QUEUE), at(3, "sqs:TagQueue", QUEUE)]).principals[0].windows[0]
    assert (before.removed, before.dangerous_removed, before.safe) == (
        after.removed,
        after.dangerous_removed,
        after.safe,
    )
    assert (before.denied_needs, after.denied_needs) == (0, 1)
    assert before.window.learn_last == date(2026, 8, 31)


def test_who_did_nothing_while_learning_is_not_judged() -> None:
    usage = usage_of({WIDE.arn: [at(3, "s3:ListAllMyBuckets")]})
    windows = windows_of_days(*covered_days(usage), train=90, test=30, step=7)
    work = backtester(usage, windows, WIDE)
    (batch,) = Batches([(WIDE,)], 8, RowSlices(usage), {}, {}, whole_already)
    found = backtest_of_principals(work(batch), windows, (), catalog())
    assert (found.principals, found.unjudged, found.totals.replacements) == ((), 1, 0)
