"""Names that hold the date of their use: which become a pattern, and what of them."""

from __future__ import annotations

import pytest

from lpgen.core.analysis.names.families import DATED, name_patterns_from_uses
from lpgen.core.model import Outcome
from lpgen.core.replacements import Scope
from tests.core.analysis.test_diff import diff_of
from tests.support.worlds import allow, policy, role, use

HERE = "us-east-1:111122223333"


def patterns(*names: tuple[str, str], outcome: Outcome = Outcome.ALLOWED) -> dict[str, str]:
    """The patterns of names, each with the day on which it was first used."""
    uses = [use("s3:PutObject", f"arn:aws:{name}", seen=f"{day}T12:00:00Z", outcome=outcome) for name, day in names]
    found = name_patterns_from_uses(uses)
    assert {one.rule for one in found.values()} <= {DATED}
    return {text.removeprefix("arn:aws:"): one.resource.text.removeprefix("arn:aws:") for text, one in found.items()}


@pytest.mark.parametrize(
    ("name", "day", "pattern"),
    [
        ("s3:::logs/2026/*", "2026-09-15", "s3:::logs/????/*"),
        ("s3:::logs/2026/09/*", "2026-09-15", "s3:::logs/????/??/*"),
        ("s3:::lake/year=2026/month=9/*", "2026-09-15", "s3:::lake/year=????/month=*/*"),
        ("s3:::lake/year=2026/month=09/*", "2026-09-01", "s3:::lake/year=????/month=??/*"),
        ("s3:::backups/monthly-2026-09/*", "2026-09-01", "s3:::backups/monthly-????-??/*"),
        (f"dynamodb:{HERE}:table/events_202609", "2026-08-31", f"dynamodb:{HERE}:table/events_??????"),
        (f"dynamodb:{HERE}:table/events_2026Q3", "2026-09-15", f"dynamodb:{HERE}:table/events_????Q*"),
        (f"rds:{HERE}:snapshot:orders-2026-09-15-03-12", "2026-09-15", f"rds:{HERE}:snapshot:orders-????-??-??-??-??"),
        (
            f"logs:{HERE}:log-group:app-20260915T031200Z:*",
            "2026-09-15",
            f"logs:{HERE}:log-group:app-????????T??????Z:*",
        ),
        (
            f"secretsmanager:{HERE}:secret:db-2026-09-??????",
            "2026-09-15",
            f"secretsmanager:{HERE}:secret:db-????-??-??????",
        ),
        (f"glue:{HERE}:table/dw_2026_09/orders", "2026-09-15", f"glue:{HERE}:table/dw_????_??/orders"),
    ],
)
def test_a_name_that_holds_the_date_of_its_use_stands_for_any_date(name: str, day: str, pattern: str) -> None:
    assert patterns((name, day)) == {name: pattern}
    assert patterns((name, day), outcome=Outcome.DENIED) == {}


@pytest.mark.parametrize(
    "name",
    [
        "s3:::logs/2025/*",
        "s3:::backups/monthly-2026-07/*",
        "s3:::acme-2026",
        "s3:::acme-2026/data/*",
        f"bedrock:{HERE}:foundation-model/anthropic.claude-20241022-v2:0",
        f"sqs:{HERE}:b2026",
        f"sqs:{HERE}:orders-120260915",
        "iam::111122223333:role/deploy-2026-09-15",
        f"kms:{HERE}:alias/backup-2026",
    ],
)
def test_other_dates_and_what_hands_out_rights_stay_exact(name: str) -> None:
    assert patterns((name, "2026-09-15")) == {}


def test_dates_that_are_used_one_after_another_go_on() -> None:
    """As who reads last month's folder, or deletes what is a year old."""
    old = [(f"s3:::lake/2025-0{month}/*", f"2026-0{month}-20") for month in (6, 7, 8)]
    assert set(patterns(*old).values()) == {"s3:::lake/????-??/*"}
    assert patterns(*old[1:]) == {}
    at_once = [(name, "2026-09-20") for name, _ in old]
    assert patterns(*at_once) == {}
    backwards = [(name, day) for (name, _), (_, day) in zip(old, reversed(old), strict=True)]
    assert patterns(*backwards) == {}


def test_the_next_month_is_allowed_as_far_as_the_old_policy_does() -> None:
    used = [use("s3:PutObject", "arn:aws:s3:::data/in-2026-09/*", seen="2026-09-15T00:00:00Z")]
    for granted, kept in (("in-*", "in-????-??/*"), ("in-2026-*", "in-2026-??/*"), ("in-2026-09/*", "in-2026-09/*")):
        found = diff_of(role(policy(allow("s3:PutObject", f"arn:aws:s3:::data/{granted}"))), used)
        assert {line.scope for line in found.lines} == {Scope((f"arn:aws:s3:::data/{kept}",))}
