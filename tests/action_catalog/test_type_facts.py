"""What hand-made rows say of a service's types, written into the bindings of its operations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from action_catalog.type_facts import EVERY_OPERATION, with_reads, with_type_facts, without_type_facts
from lpgen.core.cloudtrail.operation_rows import OperationRow
from lpgen.edge.catalog.files import bundled_folder

SERVICES = {
    "zoo": {
        "actions": [
            {
                "name": "Feed",
                "resources": [{"type": "lion", "required": True}, {"type": "keeper", "required": False}],
                "dependents": [],
                "conditions": [],
            }
        ],
        "resources": [{"type": name, "arns": [f"arn:x:zoo:::{name}/${{Name}}"]} for name in ("lion", "keeper")],
    }
}
ROWS = sorted((bundled_folder() / "mapping_rows").glob("*.json"))


def written(row: dict[str, Any], **facts: list[str]) -> Any:
    return with_type_facts(SERVICES, facts, row, ["zoo:Feed"]).get("resources")


def test_any_is_the_last_alternative_of_types_that_the_action_requires() -> None:
    row = {"resources": {"lion": "lionName", "keeper": "keeperName"}}
    assert written(row, any=["lion", "keeper"]) == {"lion": ["lionName", "*"], "keeper": "keeperName"}
    assert written({**row, "optional": ["lion"]}, any=["lion"]) == row["resources"]
    assert written({**row, "creates": ["lion"]}, any=["lion"]) == row["resources"]
    assert "optional" not in with_type_facts(SERVICES, {}, {**row, "optional": ["lion"]}, ["zoo:Feed"])


def test_a_row_that_names_no_type_that_the_action_requires_has_an_unknown_resource() -> None:
    def reads(row: dict[str, Any], **facts: bool) -> Any:
        return with_reads(SERVICES, facts, row, ["zoo:Feed"]).get("reads")

    only_keeper = {"resources": {"keeper": "keeperName"}}
    assert reads(only_keeper) == ["*"]
    assert reads({"creates": ["keeper"]}) == ["*"]
    assert reads({**only_keeper, "creates": ["lion"]}) is None
    assert reads({"resources": {"lion": "lionName", "keeper": "keeperName"}}) is None
    assert reads({}) is None
    assert reads({**only_keeper, "reads": ["fed"]}) == ["fed"]
    assert reads(only_keeper, reads=True) == ["keeper?", "lion"]


def test_any_of_what_any_account_may_own_is_any_accounts() -> None:
    row = {"resources": {"lion": {"Account": "*", "Name": "lionName"}}}
    assert written(row, any=["lion"]) == {"lion": [{"Account": "*", "Name": "lionName"}, {"Account": "*", "Name": "*"}]}
    assert without_type_facts({"resources": written(row, any=["lion"])}) == row


def test_lower_case_marks_names_and_no_arns() -> None:
    row = {"resources": {"lion": ["lionName", "arn:lionArn", {"Name": "name", "Id": "*"}]}}
    assert written(row, lower_case=["lion"]) == {
        "lion": ["lower:lionName", "arn:lionArn", {"Name": "lower:name", "Id": "*"}]
    }


def test_owner_is_the_account_of_every_alternative_but_whole_arns() -> None:
    row = {"resources": {"lion": ["lionName", "arn:lionArn"]}}
    facts = {"any": ["lion"], "owner": "ownerId"}
    owned = with_type_facts(SERVICES, facts, row, ["zoo:Feed"])
    assert owned["resources"] == {
        "lion": [{"Account": "ownerId", "Name": "lionName"}, "arn:lionArn", {"Account": "ownerId", "Name": "*"}]
    }
    assert with_type_facts(SERVICES, facts, without_type_facts(owned), ["zoo:Feed"]) == owned


@pytest.mark.parametrize("binding", ["lionName", ["a", "b"], {"Name": "a", "Id": "*"}, ["arn:a", {"Name": "*b"}]])
def test_a_rebuilt_row_is_the_row_before_the_facts(binding: Any) -> None:
    row = {"resources": {"lion": binding}, "roles": ["roleArn"]}
    facts = {"any": ["lion"], "lower_case": ["lion"]}
    assert without_type_facts(with_type_facts(SERVICES, facts, row, ["zoo:Feed"])) == row


def test_rows_made_by_hand_have_the_fields_of_rows_and_name_types_that_exist() -> None:
    fields = {*OperationRow.__struct_fields__, "optional"}
    for path in ROWS:
        prefix = path.stem.removesuffix(".amazonaws.com")
        table = json.loads(path.read_text("utf-8"))
        facts = table.pop(EVERY_OPERATION, {})
        assert set(facts) <= {"any", "lower_case", "owner", "placeholders", "reads", "source"}, path.stem
        bound = {
            kind
            for row in json.loads((bundled_folder() / "operations" / path.name).read_text("utf-8"))[
                "operations"
            ].values()
            for kind in (*row.get("resources", ()), *row.get("creates", ()))
        }
        assert {*facts.get("any", ()), *facts.get("lower_case", ())} <= bound, prefix
        for name, row in table.items():
            assert set(row) <= fields, (prefix, name)
