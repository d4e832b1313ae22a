"""The judge of `lpgen perimeter` decides statements as AWS documents."""

from __future__ import annotations

import pytest

from bench.perimeter.evaluator import Request, applies, denies, is_met


@pytest.mark.parametrize(
    ("operator", "values", "present", "expected"),
    [
        ("StringEquals", ["a", "b"], ("b",), True),
        ("StringEquals", ["a*"], ("ab",), False),
        ("StringEquals", ["a"], None, False),
        ("StringEqualsIfExists", ["a"], None, True),
        ("StringNotEquals", ["a", "b"], ("b",), False),
        ("StringNotEquals", ["a"], None, True),
        ("StringNotEqualsIfExists", ["a"], None, True),
        ("StringNotEqualsIfExists", ["a"], ("a",), False),
        ("StringLike", ["a?c*"], ("abcd",), True),
        ("StringNotLike", ["a*"], ("ab",), False),
        ("StringEqualsIgnoreCase", ["A"], ("a",), True),
        ("ArnLike", ["arn:aws:iam::1:role/a*"], ("arn:aws:iam::1:role/ab/c",), True),
        ("ArnEquals", ["arn:aws:iam::*:role/a"], ("arn:aws:iam::1:role/a",), True),
        ("ArnLike", ["arn:aws:iam::*"], ("arn:aws:iam::1:role/a",), False),
        ("ArnNotLikeIfExists", ["arn:aws:iam::1:role/a"], None, True),
        ("ArnNotLike", ["arn:aws:iam::1:role/a"], ("arn:aws:iam::1:role/a",), False),
        ("Bool", ["true"], ("true",), True),
        ("Bool", ["false"], None, False),
        ("BoolIfExists", ["false"], None, True),
        ("Null", ["true"], None, True),
        ("Null", ["false"], None, False),
        ("Null", ["false"], ("x",), True),
        ("IpAddress", ["203.0.113.0/24"], ("203.0.113.9",), True),
        ("NotIpAddressIfExists", ["203.0.113.0/24"], ("198.51.100.1",), True),
        ("NotIpAddress", ["203.0.113.0/24"], None, True),
        ("ForAnyValue:StringEquals", ["a"], ("b", "a"), True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAnyValue:StringNotEquals", ["a"], None, False),
        ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAllValues:StringNotEquals", ["a"], ("a", "b"), False),
    ],
)
def test_is_met_follows_the_documentation(
    operator: str, values: list[str], present: tuple[str, ...] | None, expected: bool
) -> None:
    assert is_met(operator, values, present) is expected


def test_statements_apply_by_principal_action_and_resource() -> None:
    role = "arn:aws:iam::111122223333:role/app"
    request = Request(role, "s3:GetObject", "arn:aws:s3:::data/k", {"aws:principalaccount": ("111122223333",)})
    deny = {"Effect": "Deny", "Principal": "*", "Action": "S3:get*", "Resource": "arn:aws:s3:::data/*"}
    assert denies([deny], request)
    for principal in (
        {"AWS": "*"},
        {"AWS": "111122223333"},
        {"AWS": "arn:aws:iam::111122223333:root"},
        {"AWS": [role]},
    ):
        assert applies({**deny, "Principal": principal}, request), principal
    for principal in ({"Service": "*"}, {"AWS": "999988887777"}, {"AWS": role + "2"}):
        assert not applies({**deny, "Principal": principal}, request), principal
    assert not applies({**deny, "Resource": "arn:aws:s3:::data"}, request)
    assert not applies({**deny, "Action": "s3:Put*"}, request)
    without = {key: value for key, value in deny.items() if key != "Principal"}
    assert not applies({**without, "NotPrincipal": {"AWS": role}}, request)
    with pytest.raises(ValueError, match="Actions"):
        applies({**deny, "Actions": "s3:*"}, request)
