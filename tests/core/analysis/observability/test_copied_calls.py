"""Copies of calls through a VPC endpoint are signs of use, and no use."""

from __future__ import annotations

from typing import Any

from lpgen.core.findings import PrincipalClass
from lpgen.core.model import Principal
from tests.core.analysis.test_diff import OBJECT, diff_of, kept, unmapped
from tests.support.worlds import ACCOUNT, allow, policy, role, use


def copied(principal: Principal, outcome: str = "allowed", source: str = "s3.amazonaws.com") -> dict[str, Any]:
    row = {**unmapped(principal, outcome), "event_source": source, "event_name": "GetObject"}
    return {**row, "reason": "network_activity_copy"}


def test_diff_takes_a_copy_of_a_call_for_a_sign_of_use() -> None:
    principal = role(policy(allow("*", "*")))
    found = diff_of(principal, skips=[copied(principal)], data_events=())
    assert found.principal_class is PrincipalClass.ACTIVE
    assert "s3:GetObject" in kept(found)
    assert "s3:PutBucketTagging" not in kept(found)
    other = diff_of(principal, skips=[copied(principal, source="kms.amazonaws.com")], data_events=())
    assert "s3:GetObject" not in kept(other)


def test_diff_takes_no_copy_of_a_refused_call_or_of_another_principal_for_a_sign_of_use() -> None:
    principal = role(policy(allow("*", "*")))
    refused = copied(principal, "denied")
    foreign = {**copied(principal), "principal": f"arn:aws:iam::{ACCOUNT}:role/other"}
    found = diff_of(principal, skips=[refused, foreign], data_events=())
    assert found.principal_class is PrincipalClass.UNUSED
    assert found.draft.lines == ()


def test_diff_narrows_to_the_resources_of_data_events_beside_copies_of_them() -> None:
    principal = role(policy(allow("s3:*", "*")))
    found = diff_of(principal, [use("s3:GetObject", OBJECT)], skips=[copied(principal)])
    assert kept(found)["s3:GetObject"] == {OBJECT}
