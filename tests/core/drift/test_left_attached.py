"""Drift of policies that replacements leave attached: they belong to the proposal, and AWS's changes are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import Drift
from lpgen.core.drift.policies import PolicyDrift
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.core.drift.states import KeptProposal
from lpgen.core.model import AttachedPolicy, Principal
from lpgen.core.replacements import LeftPolicy
from tests.core.analysis.observability.test_rare_service_needs import of_aws
from tests.core.drift.drift_states import ARN, document, found, later, seen, state
from tests.support.worlds import LAST_DAY, allow, policy, role

READS, MORE = allow("s3:GetBucketAcl"), allow(["s3:GetBucketAcl", "s3:PutObject"])
OLD = policy(allow("sqs:*"), name="deliver")
NEW = policy(allow("sqs:SendMessage"), name="lpgen-app-1")


def config(*statements: dict[str, object], version: str = "v66") -> AttachedPolicy:
    return replace(of_aws("service-role/AWS_ConfigRole", *(statements or (READS,))), version=version)


def proposed(held: AttachedPolicy | None = None) -> KeptProposal:
    stays = held or config()
    assert stays.document
    assert NEW.document
    left = (LeftPolicy(stays.arn, stays.version, stays.document),)
    return KeptProposal(ARN, (NEW.document, stays.document), LAST_DAY, 0, left)


def drift_to(now: Principal, *, given: KeptProposal | None = None) -> Drift:
    """The drift of a role since its replacement was proposed, which was generated again if `given`."""
    before = state(role(OLD, config()), proposals=[proposed()])
    return found(before, state(now, proposals=[given] if given else []))


def test_a_role_with_new_policies_and_what_stays_is_as_proposed() -> None:
    drift = drift_to(role(NEW, config()))
    assert drift.findings == ()
    assert drift.applied == (ARN,)


def test_a_changed_document_is_told_whether_the_proposal_is_in_place_or_not() -> None:
    for now in (role(NEW, config(MORE, version="v67")), role(OLD, config(MORE, version="v67"))):
        drift = drift_to(now)
        (finding,) = drift.findings
        assert (finding.kind, finding.subject, finding.principals) == (PolicyDrift.POLICY_CHANGED, config().arn, (ARN,))
        assert finding.message.startswith("AWS changed it since replacements left it attached; held by 1 principal")
        assert "its version was v66 and is now v67" in finding.details
        assert finding.severity is Severity.HIGH
    assert drift_to(role(NEW, config(MORE, version="v67"))).applied == (ARN,)


def test_a_changed_version_alone_is_told_and_an_unknown_one_is_not() -> None:
    (finding,) = drift_to(role(NEW, config(version="v67"))).findings
    assert (finding.severity, finding.parameters["case"]) == (Severity.LOW, "left")
    assert drift_to(role(NEW, config(version=""))).findings == ()


def test_what_is_attached_is_compared_with_the_output_folder_too() -> None:
    """The baseline knows the document of now, and the output was made from an older one."""
    older = proposed(config(allow("s3:GetBucketTagging"), version="v65"))
    (finding,) = drift_to(role(NEW, config()), given=older).findings
    assert "its version was v65 and is now v66" in finding.details


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (role(NEW), "AWS_ConfigRole was removed"),
        (role(NEW, config(), policy(allow("s3:GetObject"), name="more")), "the inline policy more was added"),
    ],
    ids=["detached", "a foreign policy beside it"],
)
def test_other_changes_are_told_as_ever(now: Principal, text: str) -> None:
    details = "\n".join(line for finding in drift_to(now).findings for line in finding.details)
    assert text in details


def test_use_that_what_stays_allows_is_none_that_the_proposal_refuses() -> None:
    before = state(role(OLD, config()), proposals=[proposed()])
    day = LAST_DAY + timedelta(days=1)
    for action, told in (("s3:GetBucketAcl", False), ("sqs:ListQueues", True)):
        after = state(role(OLD, config()), uses={ARN: seen(action, day=day)})
        assert (ProposalDrift.NEW_USE in {finding.kind for finding in found(before, after).findings}) is told


def test_a_state_and_itself_have_no_drift() -> None:
    one = state(role(NEW, config()), proposals=[proposed()])
    assert found(one, one).findings == ()
    assert found(one, later(one)).findings == ()
    assert document(READS) == config().document
