"""The limits check: documents that AWS wouldn't take fail, by the quota that the account has."""

from __future__ import annotations

import json

import pytest

from lpgen.core.analysis.verification.documents import WrittenDocument, check_limits
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import PrincipalKind
from lpgen.core.replacements import CheckStatus
from tests.support.worlds import allow


def documents(count: int, *, actions: int = 1, inline: bool = False) -> list[WrittenDocument]:
    statement = allow([f"s3:Action{number:04}" for number in range(actions)], "arn:aws:s3:::data")
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return [
        WrittenDocument(f"policy-{number}.json", inline, policy_from_json(text, place="")) for number in range(count)
    ]


@pytest.mark.parametrize(("count", "quota", "fits"), [(10, 10, True), (11, 10, False), (14, 20, True), (21, 20, False)])
def test_check_limits_counts_managed_policies_against_the_quota(count: int, quota: int, *, fits: bool) -> None:
    check = check_limits(documents(count), PrincipalKind.ROLE, attached_quota=quota)
    assert (check.status is CheckStatus.PASSED) == fits
    assert fits or f"{count} managed policies are more than {quota}" in check.findings[0]


@pytest.mark.parametrize(("kind", "actions", "fits"), [("role", 600, True), ("user", 140, False), ("role", 900, False)])
def test_check_limits_adds_up_inline_policies(kind: str, actions: int, *, fits: bool) -> None:
    check = check_limits(documents(1, actions=actions, inline=True), PrincipalKind(kind), attached_quota=10)
    assert (check.status is CheckStatus.PASSED) == fits


def test_check_limits_holds_a_managed_policy_to_its_size() -> None:
    check = check_limits(documents(1, actions=500), PrincipalKind.ROLE, attached_quota=20)
    assert "more than 6144" in check.findings[0]
