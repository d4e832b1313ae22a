"""Drift between proposals and use: what was applied, what would break, and what fell out of use."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lpgen.core.choices import Severity
from lpgen.core.drift.coverage import CoverageDrift
from lpgen.core.drift.disuse import DisuseDrift
from lpgen.core.drift.policies import PolicyDrift
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.core.evidence import Hole
from lpgen.core.model import Outcome
from tests.core.drift.drift_states import APP, ARN, State, found, kinds, later, managed, proposal, seen, state
from tests.support.worlds import LAST_DAY, allow, policy, role

NARROW = proposal(allow("s3:GetBucketPolicy"), dangerous=2)


def test_putting_the_proposal_in_place_is_no_finding() -> None:
    applied = role(policy(allow("s3:GetBucketPolicy"), name="lpgen"))
    drift = found(state(APP, proposals=[NARROW]), state(applied))
    assert (drift.findings, drift.applied) == ((), (ARN,))


def test_what_was_proposed_since_the_baseline_is_no_change_either() -> None:
    newer = role(policy(allow("s3:GetBucketTagging"), name="lpgen"))
    after = state(newer, proposals=[proposal(allow("s3:GetBucketTagging"))])
    drift = found(state(APP, proposals=[NARROW]), after)
    assert (drift.findings, drift.applied) == ((), (ARN,))


def test_another_document_than_proposed_is_a_change() -> None:
    other = role(policy(allow("s3:GetBucketTagging"), name="lpgen"))
    assert kinds(state(APP, proposals=[NARROW]), state(other)) == [(PolicyDrift.POLICY_CHANGED, Severity.MEDIUM)]


def test_new_use_of_what_a_proposal_removes_is_found_before_it_breaks() -> None:
    before = state(APP, proposals=[NARROW])
    after = state(APP, uses={ARN: seen("sqs:SendMessage", "s3:GetBucketPolicy")})
    (finding,) = found(before, after).findings
    assert (finding.kind, finding.severity) == (ProposalDrift.NEW_USE, Severity.HIGH)
    assert "sqs:SendMessage" in finding.message
    assert "event-sqs:SendMessage" in finding.details[0]


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.UNDETERMINED])
def test_use_that_did_not_happen_breaks_nothing(outcome: Outcome) -> None:
    tried = replace(seen("sqs:SendMessage")[0], outcome=outcome)
    assert kinds(state(APP, proposals=[NARROW]), state(APP, uses={ARN: (tried,)})) == []


def test_use_that_the_baseline_knew_is_not_new() -> None:
    uses = {ARN: seen("sqs:SendMessage")}
    assert kinds(state(APP, uses=uses, proposals=[NARROW]), later(state(APP, uses=uses), 1)) == []


def test_a_proposal_counts_as_never_applied_after_its_days_alone() -> None:
    before = state(APP, proposals=[NARROW])
    assert kinds(before, later(state(APP), 29)) == []
    assert kinds(before, later(state(APP), 30)) == [(ProposalDrift.NEVER_APPLIED, Severity.MEDIUM)]
    unsafe = state(APP, proposals=[replace(NARROW, waiting_since=None)])
    assert kinds(unsafe, later(state(APP), 30)) == []


def test_a_role_without_any_use_went_quiet_and_is_not_told_grant_by_grant() -> None:
    one = state(APP, uses={ARN: seen("sqs:SendMessage", "s3:GetBucketPolicy", day=LAST_DAY - timedelta(days=5))})
    assert kinds(one, later(one, 24)) == []
    assert kinds(one, later(one, 25)) == [(DisuseDrift.ROLE_QUIET, Severity.LOW)]
    assert kinds(later(one, 25), later(one, 26)) == []


def test_a_grant_falls_out_of_use_on_covered_days_alone() -> None:
    uses = seen("s3:GetBucketAcl", day=LAST_DAY - timedelta(days=10)) + seen("s3:GetBucketPolicy")
    one = state(APP, uses={ARN: uses})
    now = later(one, 20)
    (finding,) = found(one, now).findings
    assert (finding.kind, finding.details) == (
        DisuseDrift.NEWLY_UNUSED,
        ("s3:GetBucketAcl, last used on 2026-09-20",),
    )
    (account,) = now.coverage.accounts
    hole = Hole(LAST_DAY, LAST_DAY, "StopLogging; a day is lost")
    blind = replace(now, coverage=replace(now.coverage, accounts=(replace(account, holes=(hole,)),)))
    assert {finding.kind for finding in found(one, blind).findings} == {CoverageDrift.COVERAGE_LOST}


def test_what_a_service_needs_seldom_does_not_fall_out_of_use() -> None:
    actions = ["ec2:CreateSnapshot", "ec2:DescribeSnapshots"]
    uses = seen("ec2:CreateSnapshot", day=LAST_DAY - timedelta(days=10)) + seen("ec2:DescribeSnapshots")
    for policies, expected in (
        ([managed(allow(actions), name="service-role/Snapshots", aws=True)], []),
        ([policy(allow(actions))], [DisuseDrift.NEWLY_UNUSED]),
    ):
        one = state(role(*policies), uses={ARN: uses})
        assert [finding.kind for finding in found(one, later(one, 20)).findings] == expected


def test_a_grant_whose_use_no_longer_shows_does_not_fall_out_of_use() -> None:
    uses = seen("s3:GetBucketAcl", "s3:PutBucketAcl", day=LAST_DAY - timedelta(days=10)) + seen("s3:GetBucketPolicy")
    one = state(role(policy(allow(["s3:Get*", "s3:PutBucketAcl"]))), uses={ARN: uses})
    now = without_reads(later(one, 20))
    (lost, finding) = found(one, now).findings
    assert lost.message == "the log has no read-only management events any more"
    assert finding.details == ("s3:PutBucketAcl, last used on 2026-09-20",)
    one = state(APP, uses={ARN: seen("s3:GetBucketAcl", day=LAST_DAY - timedelta(days=10))})
    assert kinds(one, later(one, 20)) == [(DisuseDrift.ROLE_QUIET, Severity.LOW)]
    assert [kind for kind, _ in kinds(one, without_reads(later(one, 20)))] == [CoverageDrift.COVERAGE_LOST]


def without_reads(now: State) -> State:
    """The state with logs that hold no read-only events."""
    (account,) = now.coverage.accounts
    writes = replace(account, seen=frozenset(events for events in account.seen if not events.read_only))
    return replace(now, coverage=replace(now.coverage, accounts=(writes,)))
