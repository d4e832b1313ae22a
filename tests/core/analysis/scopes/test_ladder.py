"""The ladder of a resource: prefixes of its ARN, down to that of its type."""

from __future__ import annotations

import pytest

from lpgen.core.analysis.scopes.prefixes import ladder_of
from lpgen.core.model import Action
from lpgen.edge.catalog.files import bundled_catalog

HERE = "us-east-1:111122223333"


@pytest.mark.parametrize(
    ("action", "text", "rungs"),
    [
        ("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/shop-orders", ("table/shop-", "table/")),
        (
            "dynamodb:Query",
            f"arn:aws:dynamodb:{HERE}:table/shop/index/by-day",
            ("table/shop/index/by-", "table/shop/index/", "table/shop/", "table/"),
        ),
        ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:orders.fifo", ("orders.", "")),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:shop_cart", ("function:shop_", "function:")),
        ("ec2:StopInstances", f"arn:aws:ec2:{HERE}:instance/i-0a1b2c3d4e5f60718", ("instance/i-", "instance/")),
        (
            "secretsmanager:GetSecretValue",
            f"arn:aws:secretsmanager:{HERE}:secret:prod/db-??????",
            ("secret:prod/", "secret:"),
        ),
        ("ec2:RunInstances", f"arn:aws:ec2:{HERE}:instance/*", ()),
        ("ecs:UpdateService", f"arn:aws:ecs:{HERE}:service/*/web", ()),
    ],
)
def test_ladder_goes_up_by_the_parts_of_the_name_to_the_type(action: str, text: str, rungs: tuple[str, ...]) -> None:
    start = ":".join(text.split(":")[:5])
    assert ladder_of(text, Action(action), bundled_catalog()) == tuple(f"{start}:{rung}" for rung in rungs)


@pytest.mark.parametrize(
    ("text", "rungs"),
    [
        ("acme-lake/raw/*", ("acme-lake/", "acme-", "")),
        ("acme-lake", ("acme-", "")),
    ],
)
def test_ladder_of_buckets_and_objects_ends_at_all_buckets(text: str, rungs: tuple[str, ...]) -> None:
    action = Action("s3:GetObject" if "/" in text else "s3:ListBucket")
    assert ladder_of(f"arn:aws:s3:::{text}", action, bundled_catalog()) == tuple(
        f"arn:aws:s3:::{rung}" for rung in rungs
    )
