"""What accounts share: named as any account's, but for what the principal itself deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.evidence import Use
from lpgen.core.model import Outcome
from tests.core.analysis.test_diff import diff_of, kept
from tests.support.worlds import ACCOUNT, allow, policy, role, use

GROUPS = [f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/sg-0{number}bb1c79de3a51f2c" for number in range(6)]
ALL = f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/*"


def launches() -> list[Use]:
    """Launches into groups, each of which the event map names as the caller's and as any account's."""
    made = use("ec2:CreateSecurityGroup", ALL)
    return [made, *(use("ec2:RunInstances", one) for own in GROUPS for one in (own, own.replace(ACCOUNT, "*")))]


def into(*more: Use) -> set[str]:
    return kept(diff_of(role(policy(allow("ec2:*"))), [*launches(), *more]))["ec2:RunInstances"]


def test_what_was_deleted_is_nobody_elses() -> None:
    """A build makes a group each day, launches into it and deletes it: the replacement needn't list them all."""
    assert into(*(use("ec2:DeleteSecurityGroup", group) for group in GROUPS)) == set(GROUPS)
    assert into(use("ec2:DeleteSecurityGroup", GROUPS[0])) == {
        GROUPS[0],
        *(group.replace(ACCOUNT, "*") for group in GROUPS[1:]),
    }


@pytest.mark.parametrize(
    "deletion",
    [
        use("ec2:DeleteSecurityGroup", GROUPS[0], outcome=Outcome.DENIED),
        use("ec2:DeleteSecurityGroup", GROUPS[0], outcome=Outcome.UNDETERMINED),
        replace(use("ec2:DeleteSecurityGroup", GROUPS[0]), error_code="Client.DryRunOperation"),
        use("ec2:DeleteTags", GROUPS[0]),
    ],
)
def test_what_was_not_deleted_may_be_anybodys(deletion: Use) -> None:
    assert into(deletion) == {group.replace(ACCOUNT, "*") for group in GROUPS}
