"""The judge of `lpgen perimeter` accepts AWS's example statements, catches planted faults and refuses bad scenarios."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import bench.perimeter.__main__ as command
from bench.perimeter.checks import judge
from bench.perimeter.evaluator import Json, as_list
from bench.perimeter.inputs import write_inputs
from bench.perimeter.laws import EDITS, SNS_ACTIONS, can_edit
from bench.perimeter.requests import request_of, request_of_call
from bench.perimeter.scenario_files import FOLDERS, KINDS, Scenario, account_of, contains, is_service, load_scenarios
from tests.bench.scenario_edits import write_wrong

OPEN: Final = {scenario.name: scenario for scenario in load_scenarios("open", FOLDERS["open"])}
SEED: Final = OPEN["shared-role-one-instance"]
ROLES: Final = OPEN["firehose-role"]
OWN_ROLES: Final = ("aws-service-role/*", "aws:ec2-infrastructure")


# ---- An output by AWS's example statements


def example_output(scenario: Scenario) -> Json:
    """What the scenario expects, with documents by AWS's examples.

    https://github.com/aws-samples/data-perimeter-policy-examples/tree/main/resource_based_policies
    """
    resources = {check["resource"] for check in scenario.content["checks"]}
    return {"resources": [_example_resource(scenario, arn) for arn in sorted(resources)]}


def _example_resource(scenario: Scenario, arn: str) -> Json:
    principals = [one["arn"] for one in scenario.content["principals"]]
    editors = [one for one in principals if can_edit(scenario, one, arn, [])]
    checks = [check for check in scenario.content["checks"] if check["resource"] == arn]
    proposals = [_example_proposal(scenario, check, editors) for check in checks]
    uses = [_example_use(scenario, arn, call) for call in scenario.seen_calls if contains(arn, call["resource"])]
    return {
        "resource": arn,
        "editors": editors,
        "used_by": uses,
        "proposals": list({one["kind"]: one for one in proposals}.values()),
    }


def _example_use(scenario: Scenario, arn: str, call: Json) -> Json:
    account = account_of(call["by"])
    relation = "account" if account == scenario.owner_of(arn) else "organization"
    relation = relation if account in scenario.members else "service" if is_service(call["by"]) else "outsider"
    service = call.get("invoked_by") or call.get("service_session")
    return {
        "caller": account if relation == "outsider" and account else call["by"].removeprefix("service:"),
        "account": account,
        "relation": relation,
        "endpoints": [] if service else [call.get("endpoint", "")],
        "through": [service] if service else [],
        "last_used": "2026-02-28",
    }


def _example_proposal(scenario: Scenario, check: Json, editors: list[str]) -> Json:
    states, wanted = as_list(check["state"]), check.get("reasons", [])
    state = "unsafe" if wanted and "safe" in states else states[0]
    state = "refused" if "safe" not in states or "already" in wanted else state
    calls = [one for one in scenario.seen_calls if contains(check["resource"], one["resource"]) and "error" not in one]
    roles = sorted({one["by"] for one in calls if "service_session" in one and ":role/aws" not in one["by"]})
    accounts = sorted({account_of(one["by"]) for one in calls if one["by"].startswith("arn:")} - set(scenario.members))
    people = [one for one in editors if "Service" not in json.dumps(_trust(scenario, one))]
    exceptions = [*people, *roles, *_excepted_by_options(scenario)] if check["kind"] == "network" else accounts
    names = [*check.get("names", ()), *accounts]
    reasons = [{"kind": kind, "text": kind, "names": names} for kind in check.get("reasons", ["few-days"])]
    if state == "safe" and any(map(_is_direct, calls)) and check["kind"] == "network":
        state = "unsafe"
        reasons.append({"kind": "observed-refused", "text": "", "names": names})
    proposal: Json = {"kind": check["kind"], "state": state, "reasons": reasons if state != "safe" else []}
    told = [*exceptions, *names, *(one["by"] for one in calls if account_of(one["by"]) == "cloudfront")]
    proposal["exceptions"] = [{"principal": one, "why": "used", "writers": names} for one in told]
    if state == "refused":
        return proposal | {"added": [], "policy": None}
    added = [_example_statement(scenario, check, calls, exceptions)]
    old = scenario.old_policies.get(check["resource"], {"Version": "2012-10-17", "Statement": []})
    return proposal | {"added": added, "policy": {**old, "Statement": as_list(old["Statement"]) + added}}


def _trust(scenario: Scenario, arn: str) -> Any:
    return next(one.get("trust") for one in scenario.content["principals"] if one["arn"] == arn)


def _is_direct(call: Json) -> bool:
    ways = ("endpoint", "invoked_by", "service_session")
    return call["by"].startswith("arn:") and not any(call.get(way) for way in ways) and "Policy" not in call["action"]


def _excepted_by_options(scenario: Scenario) -> list[str]:
    options: list[str] = scenario.content.get("options", [])
    return [options[at + 1] for at, word in enumerate(options) if word in ("--break-glass", "--caller")]


def _example_statement(scenario: Scenario, check: Json, calls: list[Json], exceptions: list[str]) -> Json:
    arn, service = check["resource"], check["resource"].split(":")[2]
    condition: Json
    if check["kind"] == "identity":
        outside = {"aws:PrincipalAccount": exceptions} if exceptions else {}
        outsiders = [one["by"] for one in calls if account_of(one["by"]) == "cloudfront"]
        named = {"ArnNotLikeIfExists": {"aws:PrincipalArn": outsiders}} if outsiders else {}
        organization = {"aws:PrincipalOrgID": scenario.organization}
        condition = {
            "StringNotEqualsIfExists": {**organization, **outside},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            **named,
        }
    elif check["kind"] == "network":
        endpoints = sorted({one["endpoint"] for one in calls if one.get("endpoint")})
        own = [f"arn:aws:iam::{account}:role/{name}" for account in scenario.members for name in OWN_ROLES]
        condition = {
            "StringNotEqualsIfExists": {"aws:SourceVpce": endpoints},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
            "ArnNotLikeIfExists": {"aws:PrincipalArn": [*exceptions, *own]},
        }
    else:
        sources = [one["source_account"] for one in calls if "source_account" in one]
        condition = {
            "StringNotEqualsIfExists": {
                "aws:SourceOrgID": scenario.organization,
                "aws:SourceAccount": sorted({*sources, *scenario.members}),
            },
            "Null": {"aws:SourceAccount": "false"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
        }
    contained = {"s3": [f"{arn}/*"], "dynamodb": [f"{arn}/index/*"]}.get(service, [])
    return {
        "Sid": f"Perimeter{check['kind'].partition('-')[0].title()}",
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(SNS_ACTIONS) if service == "sns" else f"{service}:*",
        "Resource": [arn, *contained],
        "Condition": condition,
    }


@pytest.mark.parametrize("scenario", [pytest.param(one, id=name) for name, one in OPEN.items()])
def test_examples_of_aws_pass_every_scenario(scenario: Scenario) -> None:
    assert [verdict for verdict in judge(scenario, example_output(scenario)) if verdict.faults] == []


# ---- Planted faults


def _faults(scenario: Scenario, change: Callable[[Json], Any]) -> str:
    """What the judge says after a change of the proposal for the network."""
    output = copy.deepcopy(example_output(scenario))
    change(next(one for one in output["resources"][0]["proposals"] if one["kind"] == "network"))
    return "; ".join(fault for verdict in judge(scenario, output) for fault in verdict.faults)


def _set(proposal: Json, operator: str, key: str, value: Any) -> None:
    proposal["added"][0]["Condition"].setdefault(operator, {})[key] = value


FAULTS: Final[dict[str, tuple[Scenario, Callable[[Json], Any], str]]] = {
    "state": (SEED, lambda one: one.update(state="unsafe"), "not safe"),
    "another endpoint": (
        SEED,
        lambda one: _set(one, "StringNotEqualsIfExists", "aws:SourceVpce", "vpce-0ff"),
        "observed",
    ),
    "any endpoint": (
        SEED,
        lambda one: one["added"][0]["Condition"].update(Null={"aws:SourceVpce": "true"}),
        "not refused",
    ),
    "services": (SEED, lambda one: one["added"][0]["Condition"].pop("BoolIfExists"), "service:"),
    "service-linked": (SEED, lambda one: one["added"][0]["Condition"].pop("ArnNotLikeIfExists"), "aws-service-role"),
    "editors": (SEED, lambda one: one["added"][0]["Condition"].pop("ArnNotLikeIfExists"), "no editor"),
    "allow": (SEED, lambda one: one["added"][0].update(Effect="Allow"), "isn't a Deny"),
    "everything": (SEED, lambda one: one["added"][0].update(Resource="*"), "covers *"),
    "neighbor": (
        SEED,
        lambda one: one["added"][0]["Resource"].append("arn:aws:s3:::data-2/*"),
        "covers arn:aws:s3:::data-2",
    ),
    "no resource": (SEED, lambda one: one["added"][0].pop("Resource"), "no Resource"),
    "old lost": (SEED, lambda one: one["policy"].update(Statement=one["added"]), "isn't the old statements"),
    "version": (SEED, lambda one: one["policy"].update(Version="2008-10-17"), "another Version"),
    "refused with a document": (SEED, lambda one: one.update(state="refused"), "refused proposal has a document"),
    "no reason": (SEED, lambda one: one.update(state="unsafe"), "without a reason"),
    "an unknown reason": (SEED, lambda one: one.update(reasons=[{"kind": "bad", "text": "", "names": []}]), "no such"),
    "a safe one with reasons": (
        SEED,
        lambda one: one.update(reasons=[{"kind": "few-days", "text": "", "names": []}]),
        "reasons against it: few-days",
    ),
    "an exception untold": (ROLES, lambda one: one.update(exceptions=[]), "aren't listed: arn:aws:iam::111122223333"),
    "an unknown operator": (
        SEED,
        lambda one: _set(one, "StringDiffers", "aws:SourceVpce", "x"),
        "no condition operator",
    ),
    "a missing field": (SEED, lambda one: one.pop("added"), "not of the agreed form"),
    "a role forgotten": (
        ROLES,
        lambda one: _set(one, "ArnNotLikeIfExists", "aws:PrincipalArn", "arn:aws:iam::*:role/a*"),
        "observed",
    ),
    "all roles": (
        ROLES,
        lambda one: _set(one, "ArnNotLikeIfExists", "aws:PrincipalArn", "arn:aws:iam::*:role/*"),
        "not refused",
    ),
    "a prefix of roles": (
        ROLES,
        lambda one: _set(
            one, "ArnNotLikeIfExists", "aws:PrincipalArn", ["arn:aws:iam::*:role/delivery*", "arn:aws:iam::*:role/a*"]
        ),
        "role/delivery-2",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_judge_catches_a_planted_fault(name: str) -> None:
    scenario, change, told = FAULTS[name]
    assert told in _faults(scenario, change)


def test_judge_misses_a_resource_and_a_kind() -> None:
    verdicts = judge(SEED, {"resources": []})
    assert len(verdicts) == len(SEED.content["checks"])
    assert all("there are 0 proposals" in verdict.faults[0] for verdict in verdicts)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"caller": "arn:aws:iam::111122223333:role/other"}, "used_by lacks arn:aws:iam::111122223333:role/"),
        ({"relation": "outsider"}, "is of the account, not the outsider"),
        ({"endpoints": []}, "through vpce-0a1"),
        ({"through": []}, "through firehose.amazonaws.com"),
    ],
)
def test_judge_compares_uses_with_calls(changes: Json, told: str) -> None:
    output = example_output(ROLES)
    for use in output["resources"][0]["used_by"]:
        use.update(changes)
    assert told in "; ".join(fault for verdict in judge(ROLES, output) for fault in verdict.faults)


def test_command_that_fails_fails_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(scenario: Scenario, _: Path) -> Json:
        raise ValueError(f"`lpgen perimeter` ends with 2: no such {scenario.name}")

    monkeypatch.setattr(command, "run_perimeter", fail)
    verdicts = command.judge_one(SEED)
    assert len(verdicts) == len(SEED.content["checks"])
    assert all("ends with 2" in verdict.faults[0] for verdict in verdicts)


def test_held_back_scenarios_show_only_their_score(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret-name.json").write_text(json.dumps(SEED.content))
    monkeypatch.setitem(FOLDERS, "held-back", tmp_path)
    monkeypatch.setattr(command, "judge_one", lambda scenario: judge(scenario, {"resources": []}))
    monkeypatch.setattr("sys.argv", ["perimeter", "--half", "held-back"])
    assert command.main() == 1
    hidden = capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["perimeter", "--half", "held-back", "-v"])
    assert command.main() == 1
    shown = capsys.readouterr().out
    assert "secret-name" not in hidden
    assert "held-back: 0 of 3 checks pass" in hidden
    assert "FAIL secret-name: 0 of 3 verdicts" in shown
    monkeypatch.setattr("sys.argv", ["perimeter", "--half", "held-back", "--only", "none"])
    assert command.main() == 2


# ---- Requests and records


def test_requests_have_the_keys_of_their_callers() -> None:
    asked = {"action": "s3:GetObject", "resource": "arn:aws:s3:::data/k"}
    role = request_of(SEED, {**asked, "by": "arn:aws:iam::111122223333:role/app"}).context
    assert role["aws:principalorgid"] == ("o-exampleorgid",)
    assert role["aws:principalisawsservice"] == role["aws:viaawsservice"] == ("false",)
    outsider = request_of(SEED, {**asked, "by": "arn:aws:iam::999988887777:role/app"}).context
    assert "aws:principalorgid" not in outsider
    service = request_of(SEED, {**asked, "by": "service:sns.amazonaws.com"}).context
    assert service["aws:principalisawsservice"] == ("true",)
    assert "aws:principalarn" not in service
    anonymous = request_of(SEED, {**asked, "by": "anonymous", "context": {"aws:SecureTransport": None}}).context
    assert set(anonymous) == {"aws:principaltype", "aws:principalaccount"}


def test_calls_have_the_keys_of_their_way() -> None:
    call = {"by": "arn:aws:iam::111122223333:role/app", "action": "s3:GetObject", "resource": "arn:aws:s3:::data/k"}
    through = request_of_call(SEED, {**call, "invoked_by": "athena.amazonaws.com"}).context
    assert through["aws:viaawsservice"] == ("true",)
    assert through["aws:calledvia"] == ("athena.amazonaws.com",)
    own = request_of_call(SEED, {**call, "service_session": "firehose.amazonaws.com"}).context
    assert own["aws:viaawsservice"] == ("false",)
    assert "aws:sourcevpce" not in own
    assert request_of_call(SEED, {**call, "endpoint": "vpce-1"}).context["aws:sourcevpce"] == ("vpce-1",)


def test_logs_have_a_record_per_call_day_and_receiver(tmp_path: Path) -> None:
    scenario = OPEN["member-account-endpoint"]
    write_inputs(scenario, tmp_path)
    logs = sorted((tmp_path / "logs").rglob("*.json.gz"))
    records = [one for log in logs for one in json.loads(gzip.decompress(log.read_bytes()))["Records"]]
    foreign = [one for one in records if one["userIdentity"]["type"] == "AWSAccount"]
    assert len({one["eventID"] for one in records}) == len(records)
    assert len(foreign) == scenario.content["days"]
    assert {one["recipientAccountId"] for one in foreign} == {"111122223333"}
    assert {one["vpcEndpointId"] for one in foreign} == {"vpce-0b2"}
    own = {
        one["sharedEventID"]: one
        for one in records
        if one["recipientAccountId"] == "444455556666" and "sharedEventID" in one
    }
    assert set(own) == {one["sharedEventID"] for one in foreign}


# ---- Scenarios


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("titel",), "x", "scenario: unknown keys titel"),
        (("sources",), ["http://example.com"], "sources: not an https address"),
        (("data_events",), ["ec2"], "data_events: unknown services ec2"),
        (
            ("calls", 0, "by"),
            "arn:aws:iam::111122223333:role/none",
            "calls[0]: arn:aws:iam::111122223333:role/none isn't a principal",
        ),
        (("calls", 0, "by"), "arn:aws:iam::999988887777:role/app", "is of no account"),
        (("calls", 0, "by"), "somebody", "calls[0]: no such caller"),
        (("calls", 0, "action"), "sqs:SendMessage", "calls[0]: sqs:SendMessage isn't an action on"),
        (("calls", 0, "days"), 1000, "calls[0]: days outside the logs"),
        (("calls", 0, "invoked_by"), "athena.amazonaws.com", "calls[0]: endpoint and invoked_by in one call"),
        (("checks", 0, "state"), "perhaps", "checks[0]: no such kind or state"),
        (("checks", 0, "reasons"), ["because"], "checks[0]: unknown reasons because"),
        (("checks", 0, "why"), "", "checks[0]: no `why`"),
        (("checks", 0, "resource"), "arn:aws:s3:::none", "checks[0]: nothing has the resource"),
        (("checks", 0, "denies", 0, "resource"), "arn:aws:s3:::data-2/k", "denies[0]: arn:aws:s3:::data-2/k isn't in"),
        (
            ("resource_policies", "arn:aws:s3:::data", "Statement", 0, "Principle"),
            "*",
            "Statement[0]: unknown keys Principle",
        ),
        (("principals", 0, "arn"), None, "unreadable"),
    ],
)
def test_reader_names_file_and_place_of_a_mistake(
    place: tuple[Any, ...], value: Any, told: str, tmp_path: Path
) -> None:
    write_wrong(SEED.content, place, value, tmp_path)
    (tmp_path / "torn.json").write_text("{")
    with pytest.raises(ValueError, match=r"torn\.json: unreadable") as refused:
        load_scenarios("open", tmp_path)
    assert "wrong.json: " in str(refused.value)
    assert told in str(refused.value)


def test_scenarios_are_many_and_cover_every_kind_service_and_reason() -> None:
    checks = [check for scenario in OPEN.values() for check in scenario.content["checks"]]
    assert len(OPEN) >= 35
    assert {check["kind"] for check in checks} == set(KINDS)
    assert {check["resource"].split(":")[2] for check in checks} == set(EDITS)
    assert any(is_service(call["by"]) for scenario in OPEN.values() for call in scenario.content["calls"])
