"""What a review expects its replacements to deny: by each principal's own past, and nothing without enough of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.backtest.backtest import forecaster_of_review
from lpgen.core.analysis.backtest.windows import FEWEST_TO_LEARN_ON, LONGEST_TEST, look_back_windows
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.replacement import FEWEST_DAYS, ReplacementCaveat
from lpgen.core.analysis.evidence_classes import risk_of_class, with_doubts
from lpgen.core.analysis.prepare import prepare_review
from lpgen.core.analysis.reviewer import Batches, whole_already
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
from lpgen.core.backtests import EvidenceClass
from lpgen.core.choices import MAX_RISK
from lpgen.core.evidence import Use
from lpgen.core.findings import Proposal
from lpgen.core.model import Principal
from lpgen.core.registry.row import CaveatKind, Doubt, Remedy
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage
from tests.support.law_examples import examples
from tests.support.worlds import LAST_DAY, allow, catalog, exactly, policy, role, usage_of, use

FIRST = date(2026, 1, 1)
STEADY = role(policy(allow(["s3:*"])), name="steady")
GROWING = role(policy(allow(["s3:*"])), name="growing")


def daily(days: int) -> list[Use]:
    """The same bucket on every day."""
    return [at(age, "data") for age in range(days)]


def at(age: int, bucket: str) -> Use:
    """A use of a bucket so many days before the logs end."""
    return use("s3:GetBucketTagging", f"arn:aws:s3:::{bucket}", seen=f"{LAST_DAY - timedelta(days=age)}T08:00:00Z")


def logs(days: int) -> Usage:
    """Days of a role that always uses one bucket, and of one that comes to a new one each month."""
    grows = [at(age, f"bucket-{age}") for age in range(0, days, 25)]
    return usage_of({STEADY.arn: daily(days), GROWING.arn: [*daily(days), *grows]}, days=days)


def proposals(
    usage: Usage, principals: Sequence[Principal], *, limit: float | None = MAX_RISK
) -> Mapping[str, Proposal]:
    """The proposals of a review by the principal's name, on the recorded resources alone."""
    options = exactly(max_risk=limit)
    coverage = coverage_from_usage(usage)
    reviewer, _ = prepare_review(usage, coverage, principals, catalog(), options, decisions=())
    forecaster = forecaster_of_review(reviewer, usage, principals, options)
    (batch,) = Batches(units_of_review(principals, ""), 9, RowSlices(usage), {}, {}, whole_already)
    grants = reviewer.grants_of(batch)
    found = replace(reviewer, forecast=forecaster).propose(batch, grants)
    return {proposal.diff.principal.name: proposal for proposal in found}


def caveats(proposal: Proposal) -> set[CaveatKind]:
    """Why a proposal isn't called safe."""
    return {caveat.kind for caveat in proposal.caveats}


def test_what_was_denied_in_the_past_is_expected_again() -> None:
    assert ReplacementCaveat.HIGH_RISK not in caveats(proposals(logs(120), [STEADY])["steady"])
    found = proposals(logs(120), [STEADY, GROWING], limit=risk_of_class(EvidenceClass.NEW_NEEDS).share - 0.001)
    assert found["steady"].diff.draft.risk == risk_of_class(EvidenceClass.STEADY)
    (caveat,) = [caveat for caveat in found["growing"].caveats if caveat.kind is ReplacementCaveat.HIGH_RISK]
    assert "s3:GetBucketTagging on arn:aws:s3:::bucket-" in caveat.message
    assert caveat.message.startswith("of 100 replacements like this one, about ")
    assert "which today's replacement allows" in caveat.message
    assert found["growing"].diff.draft.risk == risk_of_class(EvidenceClass.NEW_NEEDS)


def test_a_higher_limit_takes_what_is_expected_for_few_enough() -> None:
    assert ReplacementCaveat.HIGH_RISK not in caveats(proposals(logs(120), [GROWING])["growing"])
    assert ReplacementCaveat.HIGH_RISK in caveats(proposals(logs(80), [GROWING])["growing"])


def test_a_review_of_one_principal_expects_what_a_review_of_all_expects() -> None:
    usage = logs(120)
    together = proposals(usage, [STEADY, GROWING])
    for principal in (STEADY, GROWING):
        assert proposals(usage, [principal])[principal.name].diff.draft.risk == together[principal.name].diff.draft.risk


def test_a_principal_that_did_one_thing_on_few_days_is_not_safe() -> None:
    once_a_week = [at(age, "data") for age in range(0, 120, 7)]
    found = proposals(usage_of({STEADY.arn: once_a_week, GROWING.arn: daily(120)}, days=120), [STEADY])["steady"]
    (caveat,) = [caveat for caveat in found.caveats if caveat.kind is ReplacementCaveat.HIGH_RISK]
    assert caveat.parameters["case"] == EvidenceClass.ONE_NEED
    assert caveat.message.endswith("it was active on fewer than 30 days, and did only one thing")
    assert caveat.remedy is Remedy.INGEST


def test_other_open_caveats_are_part_of_the_risk_but_not_of_the_condition() -> None:
    """A young principal's replacement isn't safe, but not because of the forecast."""
    days = FEWEST_DAYS + 5
    found = proposals(logs(days), [STEADY])["steady"]
    assert any(_is_short(caveat.kind) for caveat in found.caveats)
    assert ReplacementCaveat.HIGH_RISK not in caveats(found)
    assert found.diff.draft.risk == with_doubts(risk_of_class(EvidenceClass.STEADY))


def test_too_few_days_are_never_safe() -> None:
    (few,) = [
        caveat for caveat in proposals(logs(FEWEST_DAYS - 1), [STEADY])["steady"].caveats if not _is_short(caveat.kind)
    ]
    assert (few.kind, few.item, few.doubt) == (ReplacementCaveat.NO_FORECAST, "not-enough-days", Doubt.LOGS)
    assert not few.kind.row.acceptable
    assert ReplacementCaveat.NO_FORECAST not in caveats(proposals(logs(FEWEST_DAYS), [STEADY])["steady"])


def _is_short(kind: CaveatKind) -> bool:
    return kind is LogsCaveat.SHORT_COVERAGE


def test_nothing_is_safe_without_a_backtest() -> None:
    for proposal in proposals(logs(120), [STEADY, GROWING], limit=None).values():
        (one,) = [caveat for caveat in proposal.caveats if caveat.kind is ReplacementCaveat.NO_FORECAST]
        assert (one.item, one.doubt) == ("no-backtest", Doubt.NONE)
        assert proposal.diff.draft.risk is None


@settings(max_examples=examples(300))
@given(st.integers(1, 800))
def test_the_windows_to_look_back_on_lie_within_the_logs_and_end_with_them(days: int) -> None:
    last = FIRST + timedelta(days=days - 1)
    windows = look_back_windows(FIRST, last)
    assert len(windows) == 3 or days < FEWEST_DAYS
    for window in windows:
        assert window.learn_first == FIRST
        assert window.learn_days >= FEWEST_TO_LEARN_ON
        assert window.judge_last <= last
        assert window.judge_days == min(LONGEST_TEST, days // 4)
    assert all(window.learn_days < other.learn_days for window, other in pairwise(windows))
    assert not windows or windows[-1].judge_last == last
