"""ARNs taken apart."""

from __future__ import annotations

import pytest

from lpgen.core.arns import NO_ARN, account_in_arn, container_of, is_account_id, split_arn


def test_split_arn_leaves_colons_in_the_name() -> None:
    assert split_arn("arn:aws:lambda:eu-west-1:111122223333:function:pay:7") == (
        "aws",
        "lambda",
        "eu-west-1",
        "111122223333",
        "function:pay:7",
    )


def test_split_arn_keeps_empty_fields_empty() -> None:
    assert split_arn("arn:aws:s3:::pay-logs/2024") == ("aws", "s3", "", "", "pay-logs/2024")


@pytest.mark.parametrize("text", ["", "*", "pay-logs", "arn:aws:s3", "arn:aws:iam::111122223333", "urn:aws:s3:::b"])
def test_split_arn_finds_nothing_in_other_text(text: str) -> None:
    assert split_arn(text) is NO_ARN


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        ("arn:aws:sqs:eu-west-1:111122223333:jobs", "111122223333"),
        ("arn:aws:s3:::pay-logs", ""),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", ""),
        ("arn:aws:sqs:eu-west-1:*:jobs", ""),
        ("*", ""),
    ],
)
def test_account_in_arn_is_an_account_id_or_none(arn: str, account: str) -> None:
    assert account_in_arn(arn) == account


@pytest.mark.parametrize("text", ["", "aws", "11112222333", "1111222233334", "11112222333x", "١١١١٢٢٢٢٣٣٣٣"])
def test_is_account_id_refuses_what_has_not_twelve_digits(text: str) -> None:
    assert not is_account_id(text)


@pytest.mark.parametrize(
    ("arn", "container"),
    [
        ("arn:aws:s3:::bucket/a/b", "arn:aws:s3:::bucket"),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
        ("arn:aws:s3:::bu*/a", "arn:aws:s3:::bu*"),
        ("arn:aws:dynamodb:us-east-1:111122223333:table/t/index/i", "arn:aws:dynamodb:us-east-1:111122223333:table/t"),
        ("arn:aws:lambda:us-east-1:111122223333:function:f:1", "arn:aws:lambda:us-east-1:111122223333:function:f"),
        ("arn:aws:sqs:us-east-1:111122223333:queue", "arn:aws:sqs:us-east-1:111122223333:queue"),
        ("arn:aws:s3:*", "arn:aws:s3:*"),
        ("*", "*"),
        ("", ""),
    ],
)
def test_container_of_leaves_out_what_lies_in_a_resource(arn: str, container: str) -> None:
    assert container_of(arn) == container
