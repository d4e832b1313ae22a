"""The judge of `lpgen tags` accepts answers by AWS's examples, and finds planted faults."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from bench.guardrails.requests import request_of
from bench.judging import run_command
from bench.scenario_reading import Json
from bench.tags import __main__ as command
from bench.tags.checks import judge
from bench.tags.decisions import asked_request, may_tag_sessions, observed_requests
from bench.tags.inputs import scp_levels, write_inputs
from bench.tags.probes import is_real
from bench.tags.records import records_of
from bench.tags.scenario import CREATES, TAGGING, Scenario, happens_once, type_of
from bench.tags.scenario_files import FOLDERS, REASONS, STATES, load_scenarios
from tests.bench.scenario_edits import write_wrong
from tests.bench.tag_examples import example_output

OPEN: Final = {scenario.name: scenario for scenario in load_scenarios("open", FOLDERS["open"])}
SEED: Final = OPEN["literal-value"]
WRITERS: Final = OPEN["writers"]
SEEN: Final = OPEN["manager-seen"]
OWN: Final = OPEN["own-writer"]
MAKER: Final = OPEN["created-with-the-tag"]
ROLE: Final = "arn:aws:iam::111122223333:role/"
TABLE: Final = "arn:aws:dynamodb:us-east-1:111122223333:table/"


@pytest.mark.parametrize("name", OPEN)
def test_examples_of_aws_pass_every_check_and_law(name: str) -> None:
    assert [verdict for verdict in judge(OPEN[name], example_output(OPEN[name])) if verdict.faults] == []


def test_no_answer_passes_only_checks_that_allow_none() -> None:
    for scenario in OPEN.values():
        for check, verdict in zip(scenario.checks, judge(scenario, {"principals": []}), strict=True):
            assert bool(verdict.faults) == ("none" not in check["state"])


# ---- Planted faults


def _condition(proposal: Json) -> Json:
    found: Json = proposal["added"][0]["Condition"]["StringEquals"]
    return found


def _widen(proposal: Json, **changes: Any) -> None:
    proposal["added"][0].update(changes)


def _writer(proposal: Json, name: str) -> Json:
    return next(one for one in proposal["writers"] if one["principal"].endswith(f"/{name}"))


def _guard(proposal: Json) -> Json:
    found: Json = proposal["guard"]["Statement"][0]
    return found


def _without(proposal: Json, name: str) -> None:
    proposal["writers"].remove(_writer(proposal, name))
    proposal["reasons"][0]["names"].remove(f"{ROLE}{name}")


Change = Callable[[Json], Any]
FAULTS: Final[dict[str, tuple[Scenario, Change, str]]] = {
    "state": (SEED, lambda one: one.update(state="unsafe"), "not safe"),
    "key": (SEED, lambda one: one.update(key="env"), "the key is env, not team"),
    "values": (SEED, lambda one: one["values"].append("payments"), "the values are orders, payments"),
    "principal tag": (SEED, lambda one: one.update(principal_tag=True), "principal_tag is True"),
    "a reason for a safe one": (
        SEED,
        lambda one: one["reasons"].append({"kind": "few-days", "text": "", "names": []}),
        "safe with the reasons few-days",
    ),
    "an unknown reason": (
        SEED,
        lambda one: one["reasons"].append({"kind": "bad", "text": "", "names": []}),
        "no such state or reason",
    ),
    "a refused one with a document": (SEED, lambda one: one.update(state="refused"), "refused proposal has a document"),
    "no document": (SEED, lambda one: one.update(document=None), "safe proposal lacks a document"),
    "no condition": (SEED, lambda one: one["added"][0].pop("Condition"), "is allowed"),
    "any team": (SEED, lambda one: _condition(one).update({"aws:ResourceTag/team": "*"}), "is refused"),
    "another value as well": (
        SEED,
        lambda one: _condition(one).update({"aws:ResourceTag/team": ["orders", "payments"]}),
        "isn't shut out",
    ),
    "an observed value lost": (
        OPEN["several-values"],
        lambda one: _condition(one).update({"aws:ResourceTag/team": "orders"}),
        "observed calls are refused",
    ),
    "a new action": (SEED, lambda one: one["added"][0]["Action"].append("dynamodb:DeleteTable"), "newly allowed"),
    "another resource": (SEED, lambda one: _widen(one, Resource="*"), "newly allowed"),
    "an old condition lost": (
        OPEN["old-conditions"],
        lambda one: one["added"][0]["Condition"].pop("IpAddress"),
        "newly allowed",
    ),
    "other services lost": (
        OPEN["other-services-stay"],
        lambda one: one["added"][1]["Action"].remove("sqs:SendMessage"),
        "no longer allowed, but not about the type",
    ),
    "indexes lost": (OPEN["indexes-of-tables"], lambda one: _widen(one, Resource=f"{TABLE}orders-1"), "is refused"),
    "another statement changed": (
        OPEN["other-services-stay"],
        lambda one: one["document"]["Statement"].pop(0),
        "isn't the old one with one statement replaced",
    ),
    "an old version": (SEED, lambda one: one["document"].update(Version="2008-10-17"), "another Version"),
    "a deny": (SEED, lambda one: _widen(one, Effect="Deny"), "isn't replaced by Allows"),
    "a sid": (SEED, lambda one: one.update(sid="Other"), "Sid isn't Other"),
    "a use lost": (SEED, lambda one: one["used"].pop(), "used lacks"),
    "a use made up": (
        SEED,
        lambda one: one["used"].append({"resource": f"{TABLE}orders-5", "value": "orders"}),
        "never called",
    ),
    "a wrong value": (SEED, lambda one: one["used"][0].update(value="payments"), "not payments"),
    "a value unknown": (OPEN["deleted-volume"], lambda one: one["used"][-1].update(value=None), "not None"),
    "shut out and used": (SEED, lambda one: one["excluded"].append(f"{TABLE}orders-1"), "in two lists"),
    "nothing shut out": (SEED, lambda one: one["excluded"].clear(), "nothing is shut out"),
    "shut out though allowed": (
        SEED,
        lambda one: one["excluded"].append(one["still_allowed"].pop()),
        "orders-5 isn't shut out",
    ),
    "creation refused": (MAKER, lambda one: one["added"].pop(1), "dynamodb:CreateTable"),
    "creation without the tag": (MAKER, lambda one: one["added"][1].pop("Condition"), "is allowed"),
    "a writer lost": (WRITERS, lambda one: _without(one, "wildcard"), "writers lacks"),
    "a false writer": (
        WRITERS,
        lambda one: one["writers"].append({**_writer(one, "direct"), "principal": f"{ROLE}other-keys"}),
        "can't write the tag",
    ),
    "a request that isn't allowed": (
        WRITERS,
        lambda one: _writer(one, "verbs")["request"].update(resource=f"{TABLE}payments-1"),
        "not allowed: dynamodb:TagResource",
    ),
    "a request with another key": (
        WRITERS,
        lambda one: _writer(one, "direct")["request"].update(context={"aws:RequestTag/env": "x"}),
        "doesn't write the tag",
    ),
    "a writer twice": (WRITERS, lambda one: one["writers"].append(_writer(one, "direct")), "occurs twice"),
    "names of nobody": (WRITERS, lambda one: one["reasons"][0]["names"].clear(), "the reason names"),
    "a manager lost": (SEEN, lambda one: _writer(one, "platform").update(manager=False), "managers lacks"),
    "a manager who isn't": (OWN, lambda one: _writer(one, "app").update(manager=True), "managers only"),
    "no guard": (WRITERS, lambda one: one.update(guard=None), "not denied by the guard"),
    "a guard against managers": (SEEN, lambda one: _guard(one)["Condition"].pop("ArnNotLike"), "denies a manager"),
    "a guard against all keys": (WRITERS, lambda one: _guard(one).pop("Condition"), "with the tag judge-other-key"),
    "a guard against all services": (WRITERS, lambda one: _guard(one).update(Action="*"), "the guard denies sqs:"),
    "a guard that heeds the case": (
        OPEN["writers-by-case"],
        lambda one: _guard(one).update(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}),
        "is not denied by the guard",
    ),
    "a guard with a principal": (WRITERS, lambda one: _guard(one).update(Principal="*"), "isn't an SCP"),
    "a trust policy that forbids it": (
        OPEN["principal-tag-writers"],
        lambda one: _writer(one, "ci").update(principal=f"{ROLE}plain-ci"),
        "not allowed by the trust policy",
    ),
    "a missing field": (SEED, lambda one: one.pop("writers"), "not of the agreed form"),
    "an unknown operator": (
        SEED,
        lambda one: one["added"][0]["Condition"].update(StringSame={"aws:ResourceTag/team": "orders"}),
        "no condition operator",
    ),
}


def _faults(scenario: Scenario, change: Change) -> str:
    """What the judge says after a change of the first proposal; its document has the changed statements."""
    output = copy.deepcopy(example_output(scenario))
    proposal = next(found for one in output["principals"] for found in one["proposals"])
    before, old = copy.deepcopy(proposal["added"]), copy.deepcopy(proposal["document"]["Statement"])
    change(proposal)
    if proposal["added"] != before and proposal["document"]:
        at = proposal["statement"]
        proposal["document"]["Statement"] = [*old[:at], *proposal["added"], *old[at + len(before) :]]
    return "; ".join(fault for verdict in judge(scenario, output) for fault in verdict.faults)


@pytest.mark.parametrize("name", FAULTS)
def test_judge_finds_a_planted_fault(name: str) -> None:
    scenario, change, told = FAULTS[name]
    assert told in _faults(scenario, change)


def test_command_that_fails_fails_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(scenario: Scenario, _: Path) -> Json:
        raise ValueError(f"`lpgen tags` ends with 2: no such {scenario.name}")

    monkeypatch.setattr(command, "run_tags", fail)
    verdicts = command.judge_one(SEED)
    assert len(verdicts) == len(SEED.checks)
    assert all("ends with 2" in verdict.faults[0] for verdict in verdicts)


def test_held_back_scenarios_show_only_their_score(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret-name.json").write_text(json.dumps(SEED.content))
    monkeypatch.setitem(FOLDERS, "held-back", tmp_path)
    monkeypatch.setattr(command, "judge_one", lambda scenario: judge(scenario, {"principals": []}))
    monkeypatch.setattr("sys.argv", ["tags", "--half", "held-back"])
    assert command.main() == 1
    hidden = capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["tags", "--half", "held-back", "secret-name", "-v"])
    assert command.main() == 1
    shown = capsys.readouterr().out
    assert "secret-name" not in hidden
    assert "held-back: 0 of 1 checks pass" in hidden
    assert "FAIL secret-name: 0 of 1 verdicts" in shown
    monkeypatch.setattr("sys.argv", ["tags", "--half", "held-back", "none"])
    assert command.main() == 2


# ---- Worlds


def test_tags_of_a_resource_are_those_of_its_last_record() -> None:
    def call(action: str, back: int, **more: Any) -> Json:
        named = {"by": f"{ROLE}app", "action": f"dynamodb:{action}", "resource": f"{TABLE}new"}
        return {**named, "days": [back, back - 1], **more}

    calls = [
        call("UntagResource", 20, untag=["env"]),
        call("CreateTable", 40, tags={"team": "a", "env": "x"}),
        call("TagResource", 30, tags={"team": "b"}),
        call("TagResource", 25, tags={"team": "c"}, error="AccessDenied"),
    ]
    assert Scenario("x", "open", {**SEED.content, "calls": calls}).tags_of(f"{TABLE}new/index/by-day") == {"team": "b"}
    assert Scenario("x", "open", {**SEED.content, "calls": calls[:1]}).tags_of(f"{TABLE}new") is None
    assert SEED.tags_of(f"{TABLE}orders-1") == {"team": "orders"}


def test_creation_has_no_tags_of_the_resource_and_tags_as_a_second_request() -> None:
    call = next(one for one in MAKER.seen_calls if one["action"] == "dynamodb:CreateTable")
    created, tagged = observed_requests(MAKER, call)
    assert tagged.action == "dynamodb:TagResource"
    assert created.context["aws:tagkeys"] == tagged.context["aws:tagkeys"] == ("team",)
    assert "aws:resourcetag/team" not in {**created.context, **tagged.context}


def test_instances_are_tagged_with_the_action_that_creates_them() -> None:
    scenario = OPEN["launches-with-tags"]
    call = next(one for one in scenario.seen_calls if one["action"] == "ec2:RunInstances")
    _, tagged = observed_requests(scenario, call)
    assert tagged.resource == "arn:aws:ec2:us-east-1:111122223333:instance/*"
    assert tagged.context["ec2:createaction"] == ("RunInstances",)


def test_session_tags_need_the_trust_policy_and_the_right_key() -> None:
    scenario = OPEN["providers-without-tags"]
    for key, is_allowed in (("project", True), ("team", False)):
        request = {
            "by": "arn:aws:iam::111122223333:oidc-provider/idp.example.com",
            "action": "sts:TagSession",
            "resource": f"{ROLE}billing-app",
            "context": {f"aws:RequestTag/{key}": "x", "idp.example.com:aud": "sts.amazonaws.com"},
        }
        assert may_tag_sessions(scenario, asked_request(scenario, request)) == is_allowed
    assert not may_tag_sessions(scenario, request_of({"by": f"{ROLE}a", "action": "x:Y", "resource": "*"}, {}))


def test_only_scps_that_allow_stand_without_full_access() -> None:
    assert scp_levels(SEED) == []
    assert len(scp_levels(OPEN["writer-stopped-by-scp"])[1]) == 2
    allow = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    assert scp_levels(Scenario("x", "open", {**SEED.content, "scps": [allow]}))[1] == [allow]


def test_probes_know_what_actions_take() -> None:
    assert is_real("dynamodb:Query", f"{TABLE}x/index/y")
    assert not is_real("dynamodb:GetItem", f"{TABLE}x/index/y")
    assert is_real("dynamodb:ListTables", "*")
    assert not is_real("dynamodb:GetItem", "*")
    assert is_real("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:111122223333:secret:a/b-AbCdEf")


# ---- Records


def test_lpgen_reads_all_records_and_the_tags_in_them(tmp_path: Path) -> None:
    for name in ("created-with-the-tag", "deleted-volume", "launches-with-tags"):
        scenario = OPEN[name]
        write_inputs(scenario, tmp_path / name)
        data = tmp_path / name / "data"
        run_command("ingest", tmp_path / name / "logs", "--data", data, "--workers", "1", "--quiet")
        (skips,) = data.glob("usage/*/skips.parquet")
        (tags,) = data.glob("usage/*/tags.parquet")
        assert {row["reason"] for row in _rows(skips)} == {"no_permission"}  # sts:GetCallerIdentity needs none
        set_tags = {(key, value) for one in scenario.seen_calls for key, value in one.get("tags", {}).items()}
        assert {(row["tag_key"], row["tag_value"]) for row in _rows(tags)} == set_tags


def _rows(path: Path) -> list[Json]:
    import pyarrow.parquet as parquet

    found: list[Json] = parquet.read_table(path).to_pylist()
    return found


def test_changes_happen_once_and_uses_every_day() -> None:
    names = [record["eventName"] for record in records_of(MAKER)]
    assert names.count("CreateTable") == 2
    assert names.count("GetItem") == MAKER.content["days"] * 5  # four tables, and a table that doesn't exist
    assert happens_once({"action": "dynamodb:UntagResource", "untag": ["team"]})
    assert not happens_once({"action": "dynamodb:DeleteItem"})


@pytest.mark.parametrize(
    ("action", "arn", "told"),
    [
        ("sqs:TagQueue", "sqs:us-east-1:111122223333:q", {"tags": {"team": "a"}}),
        ("lambda:TagResource", "lambda:us-east-1:111122223333:function:f", {"tags": {"team": "a"}}),
        ("kms:TagResource", "kms:us-east-1:111122223333:key/k", {"tags": [{"tagKey": "team", "tagValue": "a"}]}),
        ("rds:AddTagsToResource", "rds:us-east-1:111122223333:db:d", {"tags": [{"key": "team", "value": "a"}]}),
        (
            "ec2:CreateTags",
            "ec2:us-east-1:111122223333:instance/i-1",
            {"tagSet": {"items": [{"key": "team", "value": "a"}]}, "resourcesSet": {"items": [{"resourceId": "i-1"}]}},
        ),
        ("iam:TagRole", "iam::111122223333:role/app", {"roleName": "app", "tags": [{"key": "team", "value": "a"}]}),
    ],
)
def test_records_spell_tags_as_the_service_does(action: str, arn: str, told: Json) -> None:
    call = {"by": f"{ROLE}app", "action": action, "resource": f"arn:aws:{arn}", "tags": {"team": "a"}}
    record = next(records_of(Scenario("x", "open", {**SEED.content, "calls": [call]})))
    assert record["requestParameters"].items() >= told.items()


# ---- Scenarios


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("titel",), "x", "scenario: unknown keys titel"),
        (("sources",), ["http://example.com"], "sources: not an https address"),
        (("accounts",), ["1"], "accounts: not ids of 12 digits"),
        (("data_events",), ["ec2"], "data_events: unknown services ec2"),
        (("principals", 0, "managed"), ["arn:aws:iam::111122223333:policy/x"], "principals[0]: unknown policies"),
        (("principals", 0, "policies", 0, "Statement", 0, "Resources"), "*", "unknown keys Resources"),
        (("resources", 0, "tags"), [], "resources[0]: no ARN or no tags"),
        (("resources", 1, "arn"), f"{TABLE}orders-1", "resources: an ARN occurs twice"),
        (("calls", 0, "by"), f"{ROLE}none", "calls[0]: arn:aws:iam::111122223333:role/none isn't a principal"),
        (("calls", 0, "action"), "dynamodb:GetItems", "calls[0]: unknown action dynamodb:GetItems"),
        (("calls", 0, "days"), [30, 60], "calls[0]: days outside the logs"),
        (("calls", 0, "tags"), {"team": "a"}, "calls[0]: dynamodb:GetItem sets no tags"),
        (("checks", 0, "principal"), f"{ROLE}none", "checks[0]: arn:aws:iam::111122223333:role/none isn't"),
        (("checks", 0, "type"), "dynamodb:tables", "checks[0]: unknown type"),
        (("checks", 0, "state"), "perhaps", "checks[0]: no such state"),
        (("checks", 0, "state"), ["none", "safe"], "can't ask more of a proposal"),
        (("checks", 0, "reasons"), ["because"], "checks[0]: unknown reasons because"),
        (("checks", 0, "why"), "", "checks[0]: no `why`"),
        (("checks", 0, "allows", 0, "by"), f"{ROLE}none", "allows[0]: arn:aws:iam::111122223333:role/none"),
        (("checks", 0, "allows", 0, "tags"), {}, "allows[0]: unknown keys tags"),
        (("calls",), None, "unreadable"),
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


def test_scenarios_are_many_and_cover_states_reasons_and_services() -> None:
    checks = [check for scenario in OPEN.values() for check in scenario.checks]
    assert len(OPEN) >= 40
    assert {
        state for check in checks for state in ([check["state"]] if isinstance(check["state"], str) else [])
    } == set(STATES)
    told = {reason for check in checks for reason in check.get("reasons", ())}
    assert told == set(REASONS) - {"invalid", "observed-refused"}  # both need what scenarios don't have
    assert {check["type"].partition(":")[0] for check in checks} == set(TAGGING) - {"iam"}
    assert {type_of(call["resource"]) for one in OPEN.values() for call in one.content["calls"]} >= {"dynamodb:index"}
    assert any(call["action"] in CREATES for scenario in OPEN.values() for call in scenario.content["calls"])
