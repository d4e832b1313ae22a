"""What CloudTrail can show: each class by example, tables that hold, and agreement with the event map."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from typing import Any

import pytest

from action_catalog.build_shown_actions import shown_actions, table_names, text_from_shown
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import UnobservableKind
from lpgen.core.cloudtrail.visibility import OwnOperations, Users, VisibilityTable, visibility_from_catalog
from lpgen.core.model import Action, Visibility
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.cloudtrail.rules.mapping_cases import CASES, read_cases
from tests.support.case_tables import each_case

EXAMPLES: list[dict[str, str]] = json.loads((CASES.parent / "visibility.json").read_text("utf-8"))
UNCLASSIFIED: list[str] = json.loads((CASES.parent / "unclassified_actions.json").read_text("utf-8"))
"""The actions of which no use is known. Nothing is added: a new action gets a row of `unseen_actions`."""
MOST_UNCLASSIFIED = 50
STATED = ("data_events", "stated_records")
MANY = 6
"""Of a service with more data events than this, `data_events` says which are `ordinary`."""
KNOWN_UNSEEN = 3_700
"""How many actions at most may be never seen; it goes down as more becomes known."""


@cache
def catalog() -> Catalog:
    return bundled_catalog()


@cache
def table() -> VisibilityTable:
    return visibility_from_catalog(catalog())


def rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(catalog().source.read_table(name))
    return found


def stated(name: str) -> list[str]:
    return [f"{row['service']}:{action}" for row in rows(name) for action in row["actions"]]


@each_case("example", EXAMPLES, ids=lambda example: example["action"])
def test_visibility_is_as_aws_documents_it(example: dict[str, str]) -> None:
    answer = table().visibility(Action(example["action"]))
    assert answer.visibility == example["visibility"]
    assert answer.selector == example.get("selector", "")
    assert example.get("event_source", "") in (answer.event_sources or ("",))


def test_data_actions_are_those_that_data_events_alone_show() -> None:
    actions = catalog().actions()
    found = table().data_actions(actions)
    assert found == {action for action in actions if table().visibility(action).visibility is Visibility.DATA}
    assert 300 < len(found) < len(actions)
    some = frozenset([Action("s3:GetObject"), Action("s3:GetBucketPolicy")])
    assert table().data_actions(some) == {Action("s3:GetObject")}


def test_a_catalog_has_one_table() -> None:
    assert visibility_from_catalog(catalog()) is visibility_from_catalog(bundled_catalog())
    other = Catalog(catalog().source)
    assert visibility_from_catalog(other) is not visibility_from_catalog(catalog())


def test_visibility_answers_every_action_with_a_reason_and_a_page() -> None:
    for action in catalog().actions():
        answer = table().visibility(action)
        assert answer.reason, action
        assert answer.source.startswith("https://"), action
        is_data = answer.visibility is Visibility.DATA
        assert is_data == bool(answer.selector) == bool(answer.event_sources), action


def test_visibility_counts_do_not_go_backwards() -> None:
    counts = Counter(table().visibility(action).visibility for action in catalog().actions())
    assert sum(counts.values()) == len(catalog().actions())
    assert counts[Visibility.NEVER] <= KNOWN_UNSEEN
    assert counts[Visibility.DATA] >= 540
    assert counts[Visibility.INFERRED] >= 30


def test_no_more_actions_are_unclassified_than_are_listed() -> None:
    assert len(UNCLASSIFIED) < MOST_UNCLASSIFIED
    kinds = {action: table().visibility(action).kind for action in catalog().actions()}
    found = {action for action, kind in kinds.items() if kind is UnobservableKind.UNCLASSIFIED}
    assert sorted(found - set(UNCLASSIFIED)) == [], "say in unseen_actions.json of which kind they are"
    assert sorted(set(UNCLASSIFIED) - found) == [], "take them off the list"


def test_unseen_actions_are_those_that_nothing_else_shows() -> None:
    unseen = {action for action in catalog().actions() if table().visibility(action).reason.startswith("no API")}
    named = stated("unseen_actions")
    assert len(named) == len(set(named))
    assert [name for name in named if not name.endswith(":*") and name not in unseen] == []
    assert {name.partition(":")[0] for name in named} <= {action.partition(":")[0] for action in unseen}
    assert all(table().visibility(action).users == Users() for action in unseen)


@pytest.mark.parametrize("name", ["stated_records", "unseen_actions"])
def test_rows_of_what_no_record_shows_say_the_kind(name: str) -> None:
    kinds = {row["kind"] for row in rows(name) if not row.get("recorded")}
    assert kinds == set(UnobservableKind) - {UnobservableKind.DATA_EVENTS, UnobservableKind.UNCLASSIFIED}


def test_visibility_of_an_unknown_action_is_never() -> None:
    answer = table().visibility(Action("lantern:LightUp"))
    assert answer.visibility is Visibility.NEVER
    assert "no API operation" in answer.reason


@pytest.mark.parametrize("name", STATED)
def test_tables_name_actions_of_the_catalog_as_it_spells_them(name: str) -> None:
    assert [action for action in stated(name) if catalog().canonical(action) != action] == []


def test_tables_state_each_action_once() -> None:
    counts = Counter(action for name in STATED for action in stated(name))
    assert [action for action, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", [*STATED, "companions", "unseen_actions"])
def test_tables_give_every_row_a_page_of_aws(name: str) -> None:
    assert [row for row in rows(name) if not row["source"].startswith("https://docs.aws.amazon.com/")] == []


def test_data_events_name_a_selector_and_event_sources() -> None:
    for row in rows("data_events"):
        assert re.fullmatch(r"AWS::\w+::\w+", row["selector"]), row
        assert all(source.endswith(".amazonaws.com") for source in row["event_sources"]), row
        assert row["event_sources"], row


@pytest.mark.parametrize("name", ["stated_records", "unseen_actions"])
def test_stated_records_give_a_sentence(name: str) -> None:
    assert all(len(row["reason"].split()) > 3 for row in rows(name))


def test_ordinary_clients_cause_data_events_of_services_that_have_many() -> None:
    count = Counter(row["service"] for row in rows("data_events") for _ in row["actions"])
    for row in rows("data_events"):
        assert "users" in row or ("ordinary" in row) == (count[row["service"]] > MANY), row
        assert set(row.get("ordinary", ())) <= set(row["actions"]), row
        page = row.get("ordinary_source", "https://docs.aws.amazon.com/")
        assert page.startswith("https://docs.aws.amazon.com/"), row
        assert ("ordinary_source" in row) == ("ordinary" in row), row


def test_few_users_are_named_with_a_page_and_by_actions_of_the_catalog() -> None:
    for row in rows("data_events"):
        assert ("users" in row) == row.get("users_source", "").startswith("https://docs.aws.amazon.com/"), row
    for row in (*rows("data_events"), *rows("stated_records")):
        users = row.get("users", {})
        assert all(catalog().canonical(user) == user for user in (*users.get("uses", ()), *users.get("grants", ()))), (
            row
        )
        assert all(user.endswith(".amazonaws.com") for user in users.get("trusts", ())), row


def test_companions_are_services_of_the_catalog_and_others() -> None:
    for row in rows("companions"):
        assert {row["service"], *row["with"]} <= set(catalog().prefixes()), row
        assert row["service"] not in row["with"]


def test_companions_go_with_their_service() -> None:
    assert table().companions("ssmmessages") == ("ec2messages", "ssm")
    assert "ecs" in table().companions("ecr")
    assert table().companions("sqs") == ()
    assert all(row["source"].startswith("https://") for row in rows("companions"))


def test_own_operations_know_services_behind_other_event_sources() -> None:
    own = OwnOperations(catalog().source)
    assert own.operation("cloudwatch:putmetricalarm").endswith(" PutMetricAlarm")
    assert own.operation("ses:VerifyEmailIdentity").endswith(" VerifyEmailIdentity")
    assert own.operation("lantern:LightUp") == ""


def test_visibility_of_an_action_whose_operation_needs_another_is_never() -> None:
    # GetColumnStatisticsForTable is authorized as glue:GetTable.
    assert table().visibility(Action("glue:GetColumnStatisticsForTable")).visibility is Visibility.NEVER
    assert table().visibility(Action("glue:GetTable")).visibility is Visibility.MANAGEMENT


def test_visibility_sees_whatever_the_documented_records_map_to() -> None:
    names = sorted(path.stem for path in CASES.glob("*.json"))
    mapped = {mapped["action"] for case in read_cases(*names) for mapped in case["expected"]}
    unseen = [name for name in sorted(mapped) if is_unseen(name)]
    assert unseen == []


def is_unseen(name: str) -> bool:
    action = catalog().canonical(name)
    return action is not None and table().visibility(action).reason.startswith("no API operation")


def test_data_events_can_be_read_off_a_record() -> None:
    """Where no operation shows an action, the record must bear the action's own name, as the row's page says."""
    shown = json.loads(catalog().source.read_table("shown_actions"))
    own = OwnOperations(catalog().source)
    named_alike = {
        "aiops:CreateInvestigationEvent",
        "aiops:UpdateInvestigationEvent",
        "appsync:GraphQL",
        "bedrock-agentcore:InvokeGateway",
        "bedrock-mantle:CreateInference",
        "bedrock:RenderPrompt",
        "dsql:DbConnect",
        "dsql:DbConnectAdmin",
        "ecs:PutSystemLogEvents",
        "guardduty:SendSecurityTelemetry",
        "kinesisvideo:PutMedia",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:OpenControlChannel",
    }
    readable = {*shown["observed"], *shown["inferred"], *named_alike}
    assert [name for name in stated("data_events") if not own.operation(name) and name not in readable] == []


@pytest.mark.slow
def test_shown_actions_are_what_rules_and_tables_show_today() -> None:
    written = json.loads(catalog().source.read_table("shown_actions"))
    today = json.loads(text_from_shown(shown_actions(catalog(), table_names())))
    assert written == today, "run `python -m action_catalog.build_shown_actions`"
