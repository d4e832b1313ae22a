"""Roles and users that a record names beside its caller."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.caller import named_principal, names_of

ACCOUNT = "111122223333"
WORKER = f"arn:aws:iam::{ACCOUNT}:role/app/worker"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (WORKER, WORKER),
        (f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{ACCOUNT}:user/ann"),
        (f"{SESSION}/function-1", SESSION),
        (f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/worker/a/b", f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/worker"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0", ""),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/ann", ""),
        (f"arn:aws:iam::{ACCOUNT}:root", ""),
        ("rds.us-east-1.amazonaws.com", ""),
        ("AROAEXAMPLEID", ""),
        ("", ""),
    ],
)
def test_named_principal_is_a_role_a_user_or_a_session_without_its_name(text: str, kept: str) -> None:
    assert named_principal(text) == kept


@pytest.mark.parametrize(
    ("named", "principal", "is_one"),
    [
        (WORKER, WORKER, True),
        (WORKER, f"arn:aws:iam::{ACCOUNT}:role/worker", False),
        (SESSION, WORKER, True),
        (SESSION, f"arn:aws:iam::{ACCOUNT}:role/worker", True),
        (SESSION, f"arn:aws:iam::{ACCOUNT}:user/worker", False),
        (SESSION, "arn:aws:iam::444455556666:role/worker", False),
        (SESSION, f"arn:aws:iam::{ACCOUNT}:role/worker/other", False),
    ],
)
def test_names_of_a_principal_are_what_records_tell_of_it(named: str, principal: str, is_one: bool) -> None:
    assert (named in names_of(principal)) is is_one
