"""What makes an action dangerous, and which harm an intruder does with it."""

from __future__ import annotations

import pytest

from lpgen.core.catalog.danger import Dangers
from lpgen.core.model import AccessLevel, Action
from lpgen.edge.catalog.files import bundled_catalog


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("iam:CreateAccessKey", "credentials"),
        ("iam:UpdateAssumeRolePolicy", "trust"),
        ("iam:AttachRolePolicy", "permissions"),
        ("s3:PutBucketPolicy", "sharing"),
        ("rds:ModifyDBSnapshotAttribute", "export"),
        ("cloudtrail:StopLogging", "logging"),
        ("secretsmanager:GetSecretValue", "secrets"),
        ("kms:ScheduleKeyDeletion", "destruction"),
        ("s3:GetObject", "data"),
    ],
)
def test_each_kind_of_harm_is_told_with_its_service(action: str, kind: str) -> None:
    dangers = Dangers(bundled_catalog())
    assert dangers.habit(Action(action)) == (kind, action.partition(":")[0])
    assert dangers.harm(Action(action))


@pytest.mark.parametrize("action", ["ec2:DescribeInstances", "ec2:NoSuchAction", "nosuchservice:Do"])
def test_what_does_no_harm_or_is_not_known_has_no_kind(action: str) -> None:
    dangers = Dangers(bundled_catalog())
    assert dangers.habit(Action(action)) is None


def test_reading_data_is_not_dangerous_by_itself() -> None:
    dangers = Dangers(bundled_catalog())
    assert not dangers.is_dangerous(Action("s3:GetObject"))
    assert dangers.is_dangerous(Action("secretsmanager:GetSecretValue"))
    assert dangers.is_dangerous(Action("ec2:RunInstances"))


def test_every_action_of_a_kind_exists_in_one_kind_and_has_a_page() -> None:
    catalog = bundled_catalog()
    kinds = Dangers(catalog).kinds
    listed = [action for kind in kinds.values() for action in kind.actions]
    assert [one for one in listed if catalog.canonical(one) != one] == []
    assert len(listed) == len(set(listed))
    pages = [page for kind in kinds.values() for page in kind.actions.values()]
    assert all(page.startswith("https://docs.aws.amazon.com/") for page in pages)


def test_a_kind_of_a_level_names_a_level_that_exists_and_its_page() -> None:
    (of_level,) = (kind for kind in Dangers(bundled_catalog()).kinds.values() if kind.level)
    assert AccessLevel(of_level.level) is AccessLevel.PERMISSIONS_MANAGEMENT
    assert (of_level.spares_made, of_level.source != "") == (True, True)
