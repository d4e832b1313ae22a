"""What CloudTrail can show of an action, from the bundled tables."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from action_catalog.build_rule_actions import rule_actions
from lpgen.core.model import Action, Visibility
from lpgen.core.visibility import VisibilityTable, visibility_from_catalog
from lpgen.edge.catalog_files import bundled_catalog, bundled_folder

CATALOG = bundled_catalog()


@cache
def table() -> VisibilityTable:
    return visibility_from_catalog(CATALOG)


def rows_of(name: str) -> Any:
    return json.loads((bundled_folder() / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("action", "visibility"),
    [
        ("ec2:RunInstances", Visibility.MANAGEMENT),
        ("s3:ListAllMyBuckets", Visibility.MANAGEMENT),
        ("kms:Decrypt", Visibility.MANAGEMENT),
        ("budgets:ViewBudget", Visibility.MANAGEMENT),
        ("apigateway:GET", Visibility.MANAGEMENT),
        ("sts:TagSession", Visibility.MANAGEMENT),
        ("s3:GetObject", Visibility.DATA),
        ("s3:ListBucket", Visibility.DATA),
        ("lambda:InvokeFunction", Visibility.DATA),
        ("dynamodb:PutItem", Visibility.DATA),
        ("sns:Publish", Visibility.DATA),
        ("sqs:ReceiveMessage", Visibility.DATA),
        ("iam:PassRole", Visibility.INFERRED),
        ("rds-db:connect", Visibility.NEVER),
        ("execute-api:Invoke", Visibility.NEVER),
        ("ec2messages:GetMessages", Visibility.NEVER),
        ("kafka-cluster:Connect", Visibility.NEVER),
        ("codecommit:GitPull", Visibility.NEVER),
        ("aws-portal:ViewBilling", Visibility.NEVER),
    ],
)
def test_visibility_of_well_known_actions(action: str, visibility: Visibility) -> None:
    assert table().visibility(Action(action)).visibility is visibility


def test_visibility_of_a_data_event_names_the_selector_and_the_event_sources() -> None:
    entry = table().visibility(Action("dynamodb:GetRecords"))
    assert entry.selector == "AWS::DynamoDB::Stream"
    assert entry.event_sources == ("dynamodb.amazonaws.com", "streams.dynamodb.amazonaws.com")
    assert entry.source.startswith("https://docs.aws.amazon.com/")


def test_visibility_gives_a_reason_for_every_action_that_is_never_recorded() -> None:
    entries = [table().visibility(action) for action in CATALOG.actions()]
    assert all(bool(entry.reason) == (entry.visibility is Visibility.NEVER) for entry in entries)
    assert all(bool(entry.event_sources) == (entry.visibility is Visibility.DATA) for entry in entries)


def test_visibility_of_an_unknown_action_is_never() -> None:
    assert table().visibility(Action("nobody:Does")).visibility is Visibility.NEVER


@pytest.mark.parametrize("name", ["data_events", "never_recorded"])
def test_stated_actions_are_the_catalogs_and_have_a_source(name: str) -> None:
    rows = rows_of(name)
    named = [Action(f"{row['service']}:{action}") for row in rows for action in row["actions"]]
    assert [action for action in named if CATALOG.canonical(action) != action] == []
    assert len(named) == len(set(named))
    assert all(row["source"].startswith("https://docs.aws.amazon.com/") and row["actions"] for row in rows)


def test_no_action_is_both_a_data_event_and_never_recorded() -> None:
    stated = [
        {f"{row['service']}:{name}" for row in rows_of(table) for name in row["actions"]}
        for table in ("data_events", "never_recorded")
    ]
    assert stated[0].isdisjoint(stated[1])


def test_companions_are_services_of_the_catalog_with_a_source() -> None:
    assert table().companions("ssmmessages") == ("ec2messages", "ssm")
    assert table().companions("ecr") == ("ecs", "eks")
    assert table().companions("ec2") == ()
    for row in rows_of("companions"):
        assert {row["service"], *row["with"]} <= set(CATALOG.prefixes())
        assert table().companion_source(row["service"]).startswith("https://docs.aws.amazon.com/")
    assert table().companion_source("ec2") == ""


def test_rule_actions_are_those_that_the_rules_name() -> None:
    listed = set(rows_of("rule_actions")["actions"])
    assert set(rule_actions(CATALOG)) <= listed, "run `python -m action_catalog.build_rule_actions`"
