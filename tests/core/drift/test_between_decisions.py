"""Decisions that accept drift: by finding and principal, until they expire."""

from __future__ import annotations

from lpgen.core.choices import Severity
from lpgen.core.drift.comparison import accept_findings
from lpgen.core.drift.findings import Drift, DriftFinding
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.drift.drift_states import APP, ARN, found, state
from tests.support.worlds import LAST_DAY, allow, policy, role


def accepting(item: str, principal: str = "", expires: str = "") -> Decision:
    return Decision(DecisionKind.ACCEPT, principal, "", "", item, "", "", "meant so", "ops", expires)


def changed() -> Drift:
    now = role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "iam:PutRolePolicy"])))
    return found(state(APP), state(now))


def accepted(drift: Drift, *decisions: Decision) -> DriftFinding:
    (finding,) = accept_findings(drift, decisions, as_of=LAST_DAY).findings
    return finding


def test_a_decision_accepts_by_item_and_principal() -> None:
    item = changed().findings[0].item
    assert accepted(changed(), accepting(item)).accepted_by == "ops: meant so"
    assert accepted(changed(), accepting("policy-changed *", ARN)).accepted_by
    assert not accepted(changed(), accepting("policy-changed *", ARN + "x")).accepted_by
    assert not accepted(changed(), accepting("new-use *")).accepted_by


def test_an_accepted_finding_no_longer_fails() -> None:
    drift = accept_findings(changed(), [accepting("*")], as_of=LAST_DAY)
    assert not drift.reaches(Severity.INFO)
    assert changed().reaches(Severity.CRITICAL)
    assert not found(state(APP), state()).reaches(Severity.LOW)


def test_an_expired_decision_accepts_nothing_and_is_shown() -> None:
    drift = accept_findings(changed(), [accepting("*", expires="2026-09-29")], as_of=LAST_DAY)
    (finding,) = drift.findings
    assert (finding.accepted_by, finding.expired) == ("", "ops: meant so, until 2026-09-29")
    assert len(drift.expired) == 1
    assert drift.reaches(Severity.CRITICAL)


def test_an_accepted_change_does_not_hide_the_next_one() -> None:
    item = changed().findings[0].item
    worse = role(policy(allow("s3:Get*"), allow(["sqs:SendMessage", "iam:PutRolePolicy", "iam:CreateUser"])))
    assert not accepted(found(state(APP), state(worse)), accepting(item)).accepted_by
