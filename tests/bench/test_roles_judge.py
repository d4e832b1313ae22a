"""The judge of `lpgen roles` accepts answers as its scenarios expect them, and finds planted faults."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from bench.judging import run_command
from bench.roles import __main__ as command
from bench.roles.checks import judge
from bench.roles.inputs import authorization_details, write_inputs
from bench.roles.likeness import differences, environments_of
from bench.roles.merge_laws import refused_calls
from bench.roles.records import records_of
from bench.roles.scenario import Scenario
from bench.roles.scenario_files import AGAINST, FOLDERS, LEFTOVERS, load_scenarios
from bench.scenario_reading import Json
from tests.bench.role_examples import example_output
from tests.bench.scenario_edits import write_wrong

OPEN: Final = {scenario.name: scenario for scenario in load_scenarios("open", FOLDERS["open"])}
PERSON: Final = OPEN["person-to-a-new-role"]
KNOWN: Final = OPEN["person-to-a-permission-set"]
PROGRAM: Final = OPEN["pipeline-without-a-provider"]
COPIES: Final = OPEN["member-with-a-dangerous-extra"]
NAMESAKES: Final = OPEN["one-name-in-two-accounts"]
LEFT: Final = OPEN["leftovers"]
ACCOUNT: Final = "111111111111"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/"


@pytest.mark.parametrize("name", OPEN)
def test_expected_answers_pass_every_check_and_law(name: str) -> None:
    assert [verdict for verdict in judge(OPEN[name], example_output(OPEN[name])) if verdict.faults] == []


# ---- Planted faults


def _user(output: Json) -> Json:
    found: Json = output["users"][0]
    return found


def _merge(output: Json) -> Json:
    found: Json = output["merges"][0]
    return found


def _allow(found: Json, action: str, resource: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    found["policy"][0]["Statement"].append(statement)


def _join(output: Json, name: str) -> None:
    merge = _merge(output)
    merge["members"] = sorted([*merge["members"], f"{ROLE}{name}"])
    merge["roles_saved"] += 1


Change = Callable[[Json], Any]
FAULTS: Final[dict[str, tuple[Scenario, Change, str]]] = {
    "another kind": (PERSON, lambda one: _user(one).update(kind="workload"), "kind is workload, not person"),
    "a program goes to a role": (
        PROGRAM,
        lambda one: _user(one).update(goes_to={**_user(one)["goes_to"], "kind": "role", "new": True}, policy=[]),
        "goes_to.kind is role, not question",
    ),
    "the wide permission set": (
        KNOWN,
        lambda one: _user(one)["goes_to"].update(name="Administrator"),
        "goes to Administrator, not SalesReader",
    ),
    "a target that refuses": (
        KNOWN,
        lambda one: _user(one)["goes_to"].update(name="BucketReader"),
        "recorded calls are refused: dynamodb:Query",
    ),
    "a target of nobody": (KNOWN, lambda one: _user(one)["goes_to"].update(name="None"), "no permission-set None"),
    "a new role without a policy": (PERSON, lambda one: _user(one).update(policy=None), "new role lacks a policy"),
    "a dangerous policy": (
        PERSON,
        lambda one: _allow(_user(one), "iam:*", "*"),
        "the user gains iam:AttachRolePolicy",
    ),
    "a call lost": (
        PERSON,
        lambda one: _user(one)["policy"][0]["Statement"].pop(),
        "recorded calls are refused: s3:GetObject",
    ),
    "safe with a reason": (PROGRAM, lambda one: _user(one).update(state="safe"), "safe with compute-unknown"),
    "a reason lost": (PROGRAM, lambda one: _user(one)["against"].clear(), "against lacks compute-unknown"),
    "a finding lost": (PERSON, lambda one: _user(one)["findings"].clear(), "findings lacks inline-policy"),
    "deleting first": (PERSON, lambda one: _user(one)["steps"].reverse(), "the last step deletes nothing"),
    "a step without a check": (PERSON, lambda one: _user(one)["steps"][0].update(check=""), "without a text or check"),
    "never deactivated": (
        PROGRAM,
        lambda one: _user(one)["steps"].pop(0),
        "keys are never deactivated",
    ),
    "a key lost": (PROGRAM, lambda one: _user(one)["keys"].clear(), "keys are missing"),
    "a user lost": (PERSON, lambda one: one["users"].clear(), "there are 0 answers"),
    "a merge lost": (COPIES, lambda one: one["merges"].clear(), "there are 0 proposals"),
    "a dangerous member": (COPIES, lambda one: _join(one, "report-publisher"), "they are proposed together"),
    "a dangerous gain": (
        COPIES,
        lambda one: _allow(_merge(one), "s3:Put*", "arn:aws:s3:::sales-data"),
        "report-daily gains s3:PutBucketPolicy on arn:aws:s3:::sales-data",
    ),
    "other services": (
        OPEN["different-trust"],
        lambda one: _join(one, "report-ec2"),
        "members trust different kinds of principals",
    ),
    "other boundaries": (
        OPEN["different-boundaries"],
        lambda one: _join(one, "report-c"),
        "members have different boundaries",
    ),
    "other environments": (
        OPEN["environments-by-name"],
        lambda one: _join(one, "writer-dev-a"),
        "members are in different environments",
    ),
    "trust lost": (OPEN["trust-is-the-union"], lambda one: _merge(one)["trust"]["Statement"].pop(), "lacks"),
    "later calls lost": (
        OPEN["administrator-who-reads"],
        lambda one: _merge(one)["policy"][0]["Statement"].pop(0),
        "later calls are refused: dynamodb:Query",
    ),
    "a condition lost": (
        OPEN["conditions-stay"],
        lambda one: _merge(one)["policy"][0]["Statement"][0].pop("Condition"),
        "newly allowed for all members: s3:GetObject on arn:aws:s3:::sales-data/2026.csv (with aws:sourceip",
    ),
    "harm": (COPIES, lambda one: _merge(one).update(harmful=1, over_grant=1), "harmful 1"),
    "harm beyond the account's number": (
        NAMESAKES,
        lambda one: _merge(one).update(harmful=9, over_grant=9),
        "harmful 9",
    ),
    "roles saved": (COPIES, lambda one: _merge(one).update(roles_saved=2), "it saves 2 roles"),
    "a curve that starts above zero": (
        COPIES,
        lambda one: one["curves"][0]["points"][0].update(over_grant=1),
        "separate roles have an over-grant",
    ),
    "a curve that falls": (
        COPIES,
        lambda one: (
            one["curves"][0]["points"].append({"roles": 3, "over_grant": 0, "harmful": 0})
            or one["curves"][0]["points"][0].update(over_grant=5)
        ),
        "less over-grant than",
    ),
    "a leftover lost": (LEFT, lambda one: one["leftovers"].clear(), "a missing unassumable-role"),
    "a boundary left over": (
        LEFT,
        lambda one: one["leftovers"].append(
            {"kind": "unattached-policy", "arn": f"arn:aws:iam::{ACCOUNT}:policy/limit", "text": "x"}
        ),
        "no unattached-policy",
    ),
    "a role left over": (
        LEFT,
        lambda one: one["leftovers"].append({"kind": "unassumable-role", "arn": f"{ROLE}elsewhere", "text": "x"}),
        "it is listed as unassumable-role",
    ),
    "a missing field": (PERSON, lambda one: _user(one).pop("steps"), "not of the agreed form"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_judge_finds_a_planted_fault(name: str) -> None:
    scenario, change, told = FAULTS[name]
    output = copy.deepcopy(example_output(scenario))
    change(output)
    assert told in "; ".join(fault for verdict in judge(scenario, output) for fault in verdict.faults)


def test_inactive_keys_need_no_deactivating() -> None:
    output = copy.deepcopy(example_output(PROGRAM))
    _user(output)["steps"].pop(0)
    for key in _user(output)["keys"]:
        key["active"] = False
    assert [fault for verdict in judge(PROGRAM, output) for fault in verdict.faults if "deactivated" in fault] == []


@pytest.mark.parametrize("harmful", [0, 1, 4])
def test_namesakes_may_gain_what_they_do_on_scopes_in_each_others_accounts(harmful: int) -> None:
    output = copy.deepcopy(example_output(NAMESAKES))
    _merge(output).update(harmful=harmful, over_grant=4)
    assert [fault for verdict in judge(NAMESAKES, output) for fault in verdict.faults] == []


def test_no_policy_refuses_a_call_that_needs_no_permission() -> None:
    call = {"by": f"{ROLE}reader", "action": "sts:GetCallerIdentity", "resource": "*"}
    listing = {**call, "action": "sns:ListTopics"}
    scenario = Scenario("world", "open", {**COPIES.content, "calls": [call, listing]})
    assert refused_calls(scenario, call["by"], [], future=False) == ["sns:ListTopics on * by reader"]


def test_command_that_fails_fails_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(scenario: Scenario, _: Path) -> Json:
        raise ValueError(f"`lpgen roles` ends with 2: no such {scenario.name}")

    monkeypatch.setattr(command, "run_roles", fail)
    verdicts = command.judge_one(COPIES)
    assert len(verdicts) == 3
    assert all("ends with 2" in verdict.faults[0] for verdict in verdicts)


def test_held_back_scenarios_show_only_their_score(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret-name.json").write_text(json.dumps(COPIES.content))
    monkeypatch.setitem(FOLDERS, "held-back", tmp_path)
    monkeypatch.setattr(
        command,
        "judge_one",
        lambda scenario: judge(scenario, {"users": [], "merges": [], "curves": [], "leftovers": []}),
    )
    monkeypatch.setattr("sys.argv", ["roles", "--half", "held-back"])
    assert command.main() == 1
    assert "secret-name" not in (hidden := capsys.readouterr().out)
    assert "held-back: 2 of 3 checks pass" in hidden


# ---- Worlds


def test_lpgen_reads_all_records_and_the_snapshot(tmp_path: Path) -> None:
    for name in ("person-and-program", "leftovers"):
        write_inputs(OPEN[name], tmp_path / name)
        data = tmp_path / name / "data"
        run_command("ingest", tmp_path / name / "logs", "--data", data, "--workers", "1", "--quiet")
        checked = json.loads(run_command("check", "--data", data, "--format", "json"))
        assert not checked["damaged"]
        assert checked["snapshots"] == 1
        assert checked["records"] == sum(1 for _ in records_of(OPEN[name]))


def test_records_show_key_agent_network_and_hour() -> None:
    scenario = OPEN["person-and-program"]
    records = [one for one in records_of(scenario) if one["userIdentity"].get("userName") == "cyrus"]
    program = next(one for one in records if one["eventSource"] == "sqs.amazonaws.com")
    assert program["userIdentity"]["accessKeyId"] == scenario.content["calls"][1]["key"]
    assert program["sourceIPAddress"] == "198.51.100.7"
    assert program["userAgent"].startswith("Boto3/")
    console = [one for one in records if one.get("sessionCredentialFromConsole")]
    assert {9 <= int(one["eventTime"][11:13]) < 17 for one in console} == {True}
    sign_ins = [one for one in records if one["eventName"] == "ConsoleLogin"]
    assert len(sign_ins) == len(console) == 85  # the weekdays of 120 days
    assert {one["additionalEventData"]["MFAUsed"] for one in sign_ins} == {"Yes"}


def test_later_calls_are_in_no_log() -> None:
    calls = [call for call in PERSON.content["calls"] if not call.get("future")]
    later = Scenario("person-to-a-new-role", "open", {**PERSON.content, "calls": calls})
    assert len(calls) < len(PERSON.content["calls"])
    assert list(records_of(PERSON)) == list(records_of(later))


def test_details_have_groups_profiles_and_boundaries() -> None:
    details = authorization_details(LEFT, ACCOUNT)
    policies = {one["PolicyName"]: one for one in details["Policies"]}
    assert policies["limit"]["PermissionsBoundaryUsageCount"] == 1
    assert policies["unattached"]["AttachmentCount"] == 0
    assert [one["GroupName"] for one in details["GroupDetailList"]] == ["full", "members-only", "empty", "empty-too"]
    profiles = {one["RoleName"]: one["InstanceProfileList"] for one in details["RoleDetailList"]}
    assert profiles["on-ec2"][0]["Roles"][0]["RoleName"] == "on-ec2"


def test_environments_come_from_path_name_tag_and_account() -> None:
    found = {
        name: [
            environments_of(OPEN[f"environments-by-{name}"], arn) for arn in OPEN[f"environments-by-{name}"].principals
        ]
        for name in ("path", "name", "tag", "account")
    }
    assert all({frozenset(["prod"]), frozenset(["dev"])} <= set(told) for told in found.values())
    assert list(differences(COPIES, [f"{ROLE}report-daily", f"{ROLE}report-monthly"])) == []


# ---- Scenarios


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("titel",), "x", "scenario: unknown keys titel"),
        (("accounts",), {"1": ""}, "accounts: not ids of 12 digits"),
        (("principals", 0, "groups"), ["x"], "principals[0]: only users have groups"),
        (("principals", 0, "managed"), ["arn:aws:iam::111111111111:policy/x"], "principals[0]: unknown policies"),
        (("principals", 0, "policies", 0, "Statement", 0, "Resources"), "*", "unknown keys Resources"),
        (("calls", 0, "by"), f"{ROLE}none", f"calls[0]: {ROLE}none isn't a principal"),
        (("calls", 0, "action"), "s3:GetObjects", "calls[0]: unknown action s3:GetObjects"),
        (
            ("calls", 0, "resource"),
            "arn:aws:s3:::other/x",
            "calls[0]: s3:GetObject on arn:aws:s3:::other/x isn't allowed",
        ),
        (("calls", 0, "key"), "AKIA", "calls[0]: only users have keys"),
        (("sign_ins",), [{"by": f"{ROLE}report-daily"}], "sign_ins[0]: "),
        (("checks", "merges", 0, "members"), [f"{ROLE}report-daily"], "fewer than two members"),
        (("checks", "merges", 0, "state"), "perhaps", "checks.merges: no such state"),
        (("checks", "never_together", 0), [f"{ROLE}report-daily", "x"], "not two principals"),
        (("checks", "users"), [{"user": "x", "against": ["y"]}], "checks.users x: against: unknown y"),
        (("checks", "leftovers"), [{"kind": "x", "arn": "y"}], "checks.leftovers: no such kind x"),
        (("calls",), [None], "unreadable"),
    ],
)
def test_reader_names_file_and_place_of_a_mistake(
    place: tuple[Any, ...], value: Any, told: str, tmp_path: Path
) -> None:
    write_wrong(COPIES.content, place, value, tmp_path)
    with pytest.raises(ValueError, match=r"wrong\.json: ") as refused:
        load_scenarios("open", tmp_path)
    assert told in str(refused.value)


def test_scenarios_are_many_and_cover_reasons_and_leftovers() -> None:
    users = [check for one in OPEN.values() for check in one.checks.get("users", ())]
    assert len(OPEN) >= 15
    assert {reason for check in users for reason in check.get("against", ())} == set(AGAINST) - {
        *("unsafe-replacement", "root", "user-variables", "kind-unknown"),
    }
    left = {check["kind"] for one in OPEN.values() for check in one.checks.get("leftovers", ())}
    assert left == set(LEFTOVERS)
