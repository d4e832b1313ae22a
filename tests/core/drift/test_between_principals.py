"""Drift of principals and wildcards: who came or went, and what a wildcard grants anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.choices import Severity
from lpgen.core.drift.principals import PrincipalDrift
from lpgen.core.drift.wildcards import WildcardDrift
from tests.core.drift.drift_states import APP, found, kinds, state
from tests.support.worlds import allow, deny, policy, role, use


def test_principals_that_came_went_or_were_made_again() -> None:
    new = role(policy(allow("iam:PutRolePolicy")), name="new")
    again = replace(APP, principal_id="AROAOTHER")
    assert kinds(state(APP), state(APP, new)) == [(PrincipalDrift.NEW_PRINCIPAL, Severity.HIGH)]
    assert kinds(state(APP, new), state(APP)) == [(PrincipalDrift.GONE_PRINCIPAL, Severity.INFO)]
    assert kinds(state(APP), state(again)) == [(PrincipalDrift.NEW_PRINCIPAL, Severity.MEDIUM)]


def test_a_service_linked_role_is_for_information_alone() -> None:
    linked = role(policy(allow("*")), name="AWSServiceRoleForX", path="/aws-service-role/x.amazonaws.com/")
    assert kinds(state(APP), state(APP, linked)) == [(PrincipalDrift.NEW_PRINCIPAL, Severity.INFO)]
    changed = replace(linked, policies=(policy(allow("s3:*")),))
    assert kinds(state(linked), state(changed)) == []


def test_a_new_wildcard_is_found_and_one_that_moved_is_not() -> None:
    wider = role(policy(allow("s3:Get*"), allow("sqs:SendMessage"), allow("iam:Put*")))
    assert (WildcardDrift.NEW_WILDCARD, Severity.HIGH) in kinds(state(APP), state(wider))
    moved = role(policy(allow("S3:get*"), name="a"), policy(allow("sqs:SendMessage"), name="b"))
    assert WildcardDrift.NEW_WILDCARD not in {kind for kind, _ in kinds(state(APP), state(moved))}


@pytest.mark.parametrize(
    ("unknown", "severity"),
    [("s3:GetObject", Severity.LOW), ("s3:PutObject", Severity.MEDIUM), ("s3:PutBucketPolicy", Severity.HIGH)],
)
def test_what_a_wildcard_inherits_is_as_severe_as_it_is(unknown: str, severity: Severity) -> None:
    star = role(policy(allow("s3:*")))
    before = state(star, unknown=frozenset({unknown}))
    assert kinds(before, state(star)) == [(WildcardDrift.INHERITED, severity)]
    denied = role(policy(allow("s3:*"), deny(unknown)))
    assert kinds(state(denied, unknown=frozenset({unknown})), state(denied)) == []


def test_what_a_wildcard_inherits_says_what_was_used_and_what_is_kept_out() -> None:
    star = role(policy(allow("s3:*"), deny("s3:PutObject")))
    unknown = frozenset({"s3:GetObject", "s3:ListBucket", "s3:PutObject"})
    before = state(star, unknown=unknown)
    (unused,) = found(before, state(star)).findings
    assert unused.parameters["used"] == ()
    assert "no use of these actions was recorded" in unused.details
    (finding,) = found(before, state(star, uses={star.arn: (use("s3:GetObject"),)})).findings
    assert finding.parameters["new_actions"] == ("s3:GetObject", "s3:ListBucket")
    assert (finding.parameters["used"], finding.parameters["stopped"]) == (("s3:GetObject",), 1)
    assert "a Deny, a boundary or an SCP blocks 1 action (1 Write)" in finding.details
