"""The judge of `lpgen guardrails` accepts AWS's example policies, catches planted faults and refuses bad scenarios."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import bench.guardrails.__main__ as command
from bench.guardrails.inputs import write_inputs
from bench.guardrails.requests import scp_denies, state_faults
from bench.guardrails.scenario import Scenario, account_of_caller
from bench.guardrails.scenario_files import FOLDERS, KINDS, REASONS, load_scenarios
from bench.scenario_reading import Json
from tests.bench.guardrail_examples import example_output
from tests.bench.scenario_edits import write_wrong
from tests.support.forked_lpgen import run_forked

OPEN: Final = {scenario.name: scenario for scenario in load_scenarios("open", FOLDERS["open"])}


def faults_of(scenario: Scenario, output: Json) -> list[str]:
    return [f"{one.place}: {fault}" for one in command.judge(scenario, output) for fault in one.faults]


# ---- Outputs


@pytest.mark.parametrize("name", OPEN)
def test_example_policies_pass_every_check_and_law(name: str) -> None:
    assert faults_of(OPEN[name], example_output(OPEN[name])) == []


Plant = Callable[[Json], Any]


def changed(*steps: Any, **values: Any) -> Plant:
    """A fault: other values of an object in the output."""
    return lambda output: _at(output, steps).update(values)


def removed(*steps: Any) -> Plant:
    """A fault: something that the output lacks."""
    return lambda output: _at(output, steps[:-1]).pop(steps[-1])


def added(*steps: Any, value: Any) -> Plant:
    """A fault: something more in a list of the output."""
    return lambda output: _at(output, steps).append(value)


def _at(found: Any, steps: tuple[Any, ...]) -> Any:
    for step in steps:
        if step in KINDS:
            found = next(one for unit in found["units"] for one in unit["proposals"] if one["kind"] == step)
        else:
            found = found[step]
    return found


SCP: Final = ("policy", "Statement", 0)
SERVICES: Final = ("services", *SCP)
REGIONS: Final = ("regions", *SCP)
BOUNDARY: Final = ("boundary", "Statement")
EU_ONLY: Final = {"aws:RequestedRegion": "eu-west-1"}
ANY_SET: Final = {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-reserved/*"}
ALL_OF_IAM: Final = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
WHOLE_UNIT: Final = "aws organizations create-policy; aws organizations attach-policy --target-id ou-ab12-production"
PLANTED: Final[list[tuple[str, Plant, str]]] = [
    ("call-after-the-report", added("services", "denies", value="dynamodb"), "`denies` has dynamodb"),
    ("call-after-the-report", added(*SERVICES, "Action", value="cloudwatch:*"), "observed call is refused"),
    ("call-after-the-report", changed("services", kept=[]), "neither `denies` nor `kept` has redshift"),
    ("service-of-root-user", added(*SERVICES, "Action", value="redshift:*"), "by root:444455556666"),
    ("basic-services", added(*SERVICES, "Action", value="kms:*"), "kms is denied as a whole"),
    ("basic-services", changed(*SERVICES, Action="*"), "iam is denied as a whole"),
    ("report-without-row", added("services", "denies", value="redshift"), "report doesn't show it"),
    ("report-without-row", changed(*SERVICES, Effect="Allow"), "isn't a Deny"),
    ("report-without-row", changed(*SERVICES, Principal="*"), "SCPs have no Principal"),
    ("report-without-row", changed(*SERVICES, Sid="x" * 10_300), "characters"),
    ("report-without-row", changed("services", policy=None), "a safe proposal lacks a document"),
    ("report-without-row", changed("services", test="attach it"), "test doesn't create"),
    ("account-without-logs", changed("services", state="safe"), "safe (missing-logs), not unsafe"),
    ("account-without-logs", changed("regions", state="safe", reasons=[]), "safe without the logs of 444455556666"),
    ("few-days", changed("services", state="safe", reasons=[]), "safe after 30 days"),
    ("single-region-trail", changed("regions", state="safe", reasons=[]), "safe with the logs of one Region"),
    (
        "no-report-of-unit",
        changed("units", 1, "proposals", 0, state="safe", reasons=[]),
        "safe without an access report",
    ),
    ("call-after-the-report", changed("services", test=WHOLE_UNIT), "attaches the policy to the whole unit"),
    ("account-without-logs", changed("services", "reasons", 0, names=[]), "444455556666 isn't named"),
    ("account-without-logs", changed("services", "reasons", 0, kind="no-logs"), "no such kind"),
    ("only-management-account", changed("services", state="unsafe"), "don't restrict the only account"),
    ("one-unit", added("units", value={"unit": "ou-other", "proposals": []}), "the units are"),
    ("global-services", changed(*REGIONS, NotAction="iam:*"), "networkmanager:ListCoreNetworks"),
    (
        "global-services",
        changed(*REGIONS, "Condition", StringNotEquals=EU_ONLY),
        "in eu-central-1 by",
    ),
    ("global-services", added("regions", "denies", value="eu-west-1"), "isn't refused"),
    ("replicas", changed("regions", reasons=[], kept=[]), "isn't named"),
    ("break-glass-region", removed(*REGIONS, "Condition", "ArnNotLike"), "is refused"),
    ("break-glass-region", changed("regions", exceptions=[]), "exceptions that aren't listed"),
    ("dangerous-by-pipeline", removed("dangerous", *SCP, "Condition"), "ci/pipeline"),
    ("permission-set", changed("dangerous", *SCP, "Condition", ArnNotLike=ANY_SET), "ReadOnly_fedcba9876543210 is not"),
    ("delegated-roles", removed("denies", 4), "no Deny on iam:CreatePolicyVersion"),
    ("delegated-roles", removed("denies", 3), "no Deny on iam:DeleteRolePermissionsBoundary"),
    ("delegated-roles", removed("denies", 2), "the creator allows iam:PassRole"),
    ("delegated-roles", removed("denies", 1), "the creator allows iam:PutRolePolicy"),
    ("delegated-roles", removed("denies", 0), "without the boundary"),
    ("delegated-roles", changed(creator_policies={}), "the creator loses what it did"),
    ("delegated-roles", added("creator_policies", "inline-0", "Statement", value=ALL_OF_IAM), "the creator gains"),
    ("delegated-roles", changed("boundary", Statement=[]), "the boundary refuses what"),
    ("delegated-roles", changed(*BOUNDARY, 0, Action="s3:*", Resource="*"), "which no created role could do"),
    ("delegated-roles", added(*BOUNDARY, value=ALL_OF_IAM), "the boundary allows iam:CreateUser"),
    ("delegated-roles", removed("creators"), "not of the agreed form"),
    ("keys-of-administrator", changed(state="safe", reasons=[]), "call iam:CreateAccessKey on"),
]


@pytest.mark.parametrize(("name", "plant", "told"), PLANTED, ids=range(len(PLANTED)))
def test_planted_fault_is_found(name: str, plant: Plant, told: str) -> None:
    output = copy.deepcopy(example_output(OPEN[name]))
    plant(output)
    assert any(told in fault for fault in faults_of(OPEN[name], output)), faults_of(OPEN[name], output)


def test_command_that_fails_fails_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Json:
        raise ValueError("`lpgen guardrails` ends with 2: boom")

    monkeypatch.setattr(command, "run_guardrails", fail)
    verdicts = command.judge_one(OPEN["basic-services"])
    assert [verdict.faults for verdict in verdicts] == [("no output: `lpgen guardrails` ends with 2: boom",)]


def test_held_back_scenarios_print_only_a_score(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "hidden.json").write_text(json.dumps(OPEN["few-days"].content))
    monkeypatch.setitem(FOLDERS, "held-back", tmp_path)
    monkeypatch.setattr(command, "judge_one", lambda scenario: command.judge(scenario, {"units": []}))
    monkeypatch.setattr("sys.argv", ["guardrails", "--half", "held-back"])
    assert command.main() == 1
    shown = capsys.readouterr().out
    assert "hidden" not in shown
    assert shown.startswith("held-back: 0 of 2 checks pass\n")


# ---- Requests and records


def test_scps_spare_management_account_service_linked_roles_and_services() -> None:
    scenario = OPEN["service-of-management-account"]
    policy: Json = {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    linked = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    for by in ("root:999999999999", "arn:aws:iam::999999999999:role/admin", linked, "service:ecs.amazonaws.com"):
        assert not scp_denies(scenario, policy, {"by": by, "action": "ec2:RunInstances", "resource": "*"})
    for by in ("root:111122223333", "arn:aws:iam::111122223333:user/anna"):
        assert scp_denies(scenario, policy, {"by": by, "action": "ec2:RunInstances", "resource": "*"})


def records_in(scenario: Scenario, folder: Path) -> list[Json]:
    write_inputs(scenario, folder)
    logs = sorted((folder / "logs").rglob("*.json.gz"))
    return [one for log in logs for one in json.loads(gzip.decompress(log.read_bytes()))["Records"]]


def test_logs_have_every_day_of_each_logged_account_and_no_other(tmp_path: Path) -> None:
    scenario = OPEN["account-without-logs"]
    records = records_in(scenario, tmp_path)
    assert len({one["eventID"] for one in records}) == len(records)
    assert {one["recipientAccountId"] for one in records} == {"111122223333", "999999999999"}
    days = {one["eventTime"][:10] for one in records if one["recipientAccountId"] == "111122223333"}
    assert len(days) == scenario.content["days"]
    assert max(days) == "2026-02-28"


def test_lpgen_reads_all_records(tmp_path: Path) -> None:
    records = records_in(OPEN["sign-in-region"], tmp_path)
    done = run_forked("ingest", tmp_path / "logs", "--data", tmp_path / "data", "--workers", "1")
    assert done.returncode == 0
    assert f"4 new files with {len(records):,} records" in done.stderr


def test_single_region_trail_logs_its_region_only(tmp_path: Path) -> None:
    records = records_in(OPEN["single-region-trail"], tmp_path)
    assert {one["awsRegion"] for one in records} == {"us-east-1"}


def test_creation_happens_once_and_names_the_path(tmp_path: Path) -> None:
    records = [one for one in records_in(OPEN["delegated-roles"], tmp_path) if one["eventName"] == "CreateRole"]
    assert [one["requestParameters"]["path"] for one in records] == ["/app/"]
    assert records[0]["responseElements"]["role"]["arn"] == "arn:aws:iam::111122223333:role/app/one"


# ---- Checks without a state


@pytest.mark.parametrize(
    ("check", "state", "faults"),
    [
        ({"denies": []}, "safe", 0),
        ({"denies": []}, "unsafe", 0),
        ({"denies": []}, "refused", 1),
        ({"boundary_denies": []}, "refused", 1),
        ({"allows": []}, "refused", 0),
        ({"denies": [], "state": "refused"}, "refused", 0),
    ],
)
def test_check_without_state_needs_a_document_only_if_it_asks_about_one(check: Json, state: str, faults: int) -> None:
    found = {"state": state, "reasons": [{"kind": "nothing", "names": []}]}
    assert len(list(state_faults(check, found, []))) == faults


# ---- Scenarios


@pytest.mark.parametrize(
    ("name", "place", "value", "told"),
    [
        ("few-days", ("titel",), "x", "scenario: unknown keys titel"),
        ("few-days", ("command",), "perimeter", "command: perimeter is neither scp nor boundary"),
        ("few-days", ("sources",), ["http://example.com"], "sources: not an https address"),
        ("few-days", ("organization", "units", 0, "id"), "prod", "units[0]: prod is the id of no unit"),
        ("few-days", ("access_reports", "ou-none"), [], "access_reports: no unit ou-none"),
        ("few-days", ("access_reports", "ou-ab12-production", 0, "ServiceNamespace"), "nope", "no service nope"),
        ("few-days", ("inventory",), [{"name": "x"}], "inventory[0]: unknown keys name"),
        ("few-days", ("logged_accounts",), ["123456789012"], "logged_accounts: no accounts 123456789012"),
        ("few-days", ("calls", 0, "action"), "ec2:RunInstance", "calls[0]: unknown action ec2:RunInstance"),
        ("few-days", ("calls", 0, "by"), "arn:aws:iam::111122223333:role/none", "isn't a principal of the scenario"),
        ("few-days", ("calls", 0, "by"), "root:123456789012", "is of no account of the scenario"),
        ("few-days", ("calls", 0, "days"), 1000, "calls[0]: days outside the logs"),
        ("few-days", ("checks", 0, "kind"), "service", "checks[0]: no such unit or kind"),
        ("few-days", ("checks", 0, "state"), "perhaps", "checks[0]: no such state"),
        ("few-days", ("checks", 0, "reasons"), ["escapes"], "checks[0]: unknown reasons escapes"),
        ("few-days", ("checks", 0, "why"), "", "checks[0]: no `why`"),
        ("few-days", ("checks", 0, "allows"), [{"action": "ec2:RunInstances", "resource": "*"}], "allows[0]: no by"),
        ("delegated-roles", ("principals", 0, "trust"), None, "a role has a trust policy"),
        ("delegated-roles", ("principals", 0, "policies", 0, "Statement", 0, "Efect"), "x", "unknown keys Efect"),
        (
            "delegated-roles",
            ("checks", 0, "creator_allows", 0, "region"),
            "x",
            "creator_allows[0]: unknown keys",
        ),
    ],
)
def test_reader_names_file_and_place_of_a_mistake(
    name: str, place: tuple[Any, ...], value: Any, told: str, tmp_path: Path
) -> None:
    write_wrong(OPEN[name].content, place, value, tmp_path)
    (tmp_path / "torn.json").write_text("{")
    with pytest.raises(ValueError, match=r"torn\.json: unreadable") as refused:
        load_scenarios("open", tmp_path)
    assert "wrong.json: " in str(refused.value)
    assert told in str(refused.value)


def test_scenarios_are_many_and_cover_every_kind_and_caller() -> None:
    checks = [check for scenario in OPEN.values() for check in scenario.checks]
    calls = [call["by"] for scenario in OPEN.values() for call in scenario.content["calls"]]
    assert sum(scenario.command == "scp" for scenario in OPEN.values()) >= 14
    assert sum(scenario.command == "boundary" for scenario in OPEN.values()) >= 8
    assert {check["kind"] for check in checks if "kind" in check} == set(KINDS)
    assert any(by.startswith("root:") for by in calls)
    assert account_of_caller("root:111122223333", "*") == "111122223333"
    asked = {reason for check in checks for reason in check.get("reasons", ())}
    assert asked <= {*REASONS["scp"], *REASONS["boundary"]}
