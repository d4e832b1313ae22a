"""A principal whose policies take too many steps to compare gets no replacement, and nobody else is concerned."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import lpgen.core.analysis.generate as generate_module
import lpgen.core.analysis.review as review_module
import lpgen.core.analysis.verify as verify_module
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.findings import PrincipalClass, Proposal, Verdict
from lpgen.core.model import Principal
from lpgen.core.replacements import CheckStatus, VerificationCaveat
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.proofs import prove
from tests.support.worlds import allow, catalog, exactly, grants_of, policy, role, usage_of, use

PATTERNS = ["arn:aws:*" + "*a" * 140 + chr(ord("b") + number) for number in range(22)]
HOSTILE = role(policy(allow("*", PATTERNS)), name="hostile")
APP = role(policy(allow(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::data/*", "arn:aws:s3:::logs*"])), name="app")
JOB = role(policy(allow("sqs:*")), name="job")
USES = {
    HOSTILE.arn: [use("s3:GetObject", "?"), use("s3:DeleteObject", "arn:aws:s3:::a*"), use("sqs:SendMessage", "?")],
    APP.arn: [use("s3:GetObject", "arn:aws:s3:::data/x*")],
    JOB.arn: [use("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:jobs")],
}


def review(principals: Sequence[Principal]) -> dict[str, Proposal]:
    """The proposals by name of the principal."""
    usage, options = usage_of({principal.arn: USES[principal.arn] for principal in principals}), exactly()
    grants = tuple(grants_of(principal) for principal in principals)
    diff = diff_usage(usage, grants, catalog(), options)
    replacements = {policy.principal.arn: policy for policy in generate_policies(diff, grants, catalog(), options)}
    return {
        principal.principal.name: Proposal(
            principal,
            replacements[principal.principal.arn],
            verification=prove(replacements[principal.principal.arn], usage, grants, options),
        )
        for principal in diff.principals
    }


def limit_steps(monkeypatch: pytest.MonkeyPatch, *modules: object, steps: int = 400) -> None:
    for module in modules:
        monkeypatch.setattr(module, "PRINCIPAL_STEPS", steps)


@pytest.mark.slow
def test_the_largest_patterns_that_aws_takes_are_reviewed() -> None:
    proposal = review([HOSTILE])["hostile"]
    assert proposal.replacement is not None
    assert ReplacementCaveat.UNPROVEN not in {caveat.kind for caveat in proposal.caveats}


def test_a_review_goes_on_around_a_principal_that_is_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = review([APP, JOB])
    limit_steps(monkeypatch, review_module, generate_module, verify_module)
    found = review([APP, HOSTILE, JOB])
    assert {name: found[name] for name in expected}.keys() == expected.keys()
    for name, proposal in expected.items():
        assert found[name].replacement == proposal.replacement
        assert found[name].verification == proposal.verification
        assert list(found[name].diff.assessment.verdicts) == list(proposal.diff.assessment.verdicts)


def test_an_unproven_principal_keeps_all_and_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_steps(monkeypatch, review_module, steps=100)
    proposal = review([HOSTILE])["hostile"]
    assert proposal.diff.principal_class is PrincipalClass.ACTIVE
    assert proposal.replacement is not None
    assert proposal.replacement.documents == ()
    assert proposal.verification is None
    assert not proposal.safe
    (caveat,) = proposal.caveats
    assert (caveat.kind, caveat.message) == (
        ReplacementCaveat.UNPROVEN,
        "comparing the policies takes more than 100 steps",
    )
    assert not caveat.kind.row.acceptable
    assert "wildcards" in caveat.step
    granted = grants_of(HOSTILE).granted()
    assert {verdict.action for verdict in proposal.diff.assessment.verdicts} == granted
    assert {(verdict.verdict, bool(verdict.keep)) for verdict in proposal.diff.assessment.verdicts} == {
        (Verdict.UNOBSERVABLE, True)
    }


def test_a_replacement_that_takes_too_many_steps_to_write_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_steps(monkeypatch, generate_module, steps=5)
    found = review([HOSTILE, JOB])
    assert [caveat.kind for caveat in found["hostile"].caveats][:1] == [ReplacementCaveat.UNPROVEN]
    assert found["hostile"].verification is None
    assert found["job"].safe


def test_a_proof_that_takes_too_many_steps_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_steps(monkeypatch, verify_module, steps=1)
    proposal = review([APP])["app"]
    assert proposal.verification is not None
    assert proposal.verification.status is CheckStatus.UNPROVEN
    assert VerificationCaveat.VERIFICATION in {caveat.kind for caveat in proposal.caveats}
    assert not proposal.safe
