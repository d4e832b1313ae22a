"""The judge of `lpgen roles` finds planted faults in splits of roles, and mistakes in scenarios of sessions."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from bench.judging import run_command
from bench.perimeter.evaluator import as_list
from bench.roles.checks import judge
from bench.roles.inputs import write_inputs
from bench.roles.records import records_of
from bench.roles.scenario import Scenario
from bench.roles.scenario_files import FOLDERS, SESSION_KINDS, SPLIT_AGAINST, load_scenarios
from bench.roles.sessions import kind_of, sessions_of
from bench.roles.split_parts import Placement
from bench.scenario_reading import Json
from tests.bench.role_examples import example_output
from tests.bench.scenario_edits import write_wrong

OPEN: Final = {one.name: one for one in load_scenarios("open", FOLDERS["open"]) if one.sessions}
FIVE: Final = OPEN["five-jobs-in-one-role"]
FUNCTIONS: Final = OPEN["functions-that-share-a-role"]
TENANTS: Final = OPEN["one-role-for-three-tenants"]
DANGEROUS: Final = OPEN["dangerous-action-of-one-job"]
LATELY: Final = OPEN["job-that-lately-took-over-a-task"]
LAST_WEEK: Final = OPEN["job-first-seen-last-week"]
TASKS: Final = OPEN["tasks-that-cannot-be-told-apart"]
PIPELINES: Final = OPEN["pipelines-with-the-repository-in-the-name"]
WORKER: Final = "arn:aws:iam::111111111111:role/worker"


def _split(output: Json) -> Json:
    found: Json = output["splits"][0]
    return found


def _part(output: Json, number: int = 0) -> Json:
    found: Json = _split(output)["parts"][number]
    return found


def _statements(output: Json, number: int = 0) -> list[Json]:
    found: list[Json] = _part(output, number)["policy"][0]["Statement"]
    return found


def _allow(output: Json, action: str, resource: str, number: int = 0) -> None:
    _statements(output, number).append({"Effect": "Allow", "Action": action, "Resource": resource})


def _join(output: Json) -> None:
    """Puts the second part into the first one."""
    parts = _split(output)["parts"]
    gone = parts.pop(1)
    parts[0]["sessions"] += gone["sessions"]
    parts[0]["policy"] += gone["policy"]
    parts[0]["callers"] = sorted({*parts[0]["callers"], *gone["callers"]})


def _swap(output: Json) -> None:
    """Gives each of two parts the sessions of the other one."""
    first, second = _part(output, 0), _part(output, 1)
    first["sessions"], second["sessions"] = second["sessions"], first["sessions"]


def _object_to(output: Json, *kinds: str) -> None:
    against = [{"kind": kind, "text": "A reason.", "names": []} for kind in kinds]
    _split(output).update(against=against, state="unsafe" if kinds else "safe")


def _split_tasks(output: Json) -> None:
    split = copy.deepcopy(example_output(FIVE)["splits"][0])
    output["splits"] = [split | {"role": "arn:aws:iam::111111111111:role/tasks"}]


Change = Callable[[Json], Any]
FAULTS: Final[dict[str, tuple[Scenario, Change, str]]] = {
    "no splits at all": (FIVE, lambda one: one.pop("splits"), "not of the agreed form"),
    "a split lost": (FIVE, lambda one: one["splits"].clear(), "there are 0 splits"),
    "a role split twice": (FIVE, lambda one: one["splits"].append(_split(one)), "a role is split twice"),
    "jobs in one part": (FIVE, _join, "reports and invoices are in one part"),
    "sessions in two parts": (
        FIVE,
        lambda one: _part(one, 1)["sessions"].append(_part(one)["sessions"][0]),
        "invoices: in 2 parts",
    ),
    "a session in two parts": (
        FIVE,
        lambda one: _part(one, 1)["sessions"].append(_part(one)["sessions"][0]),
        "is in 2 parts",
    ),
    "sessions lost": (FIVE, lambda one: _part(one)["sessions"][0].update(value="x-*"), "is in 0 parts"),
    "another kind of session": (
        FUNCTIONS,
        lambda one: _part(one, 1)["sessions"][0].update(kind="name"),
        "the session arn:aws:lambda:us-east-1:111111111111:function:mailer is in 0 parts",
    ),
    "sessions of nobody": (
        FIVE,
        lambda one: _part(one)["sessions"].append({**_part(one)["sessions"][0], "value": "x"}),
        "no session is x",
    ),
    "another first day": (
        FIVE,
        lambda one: _part(one)["sessions"][0].update(first_day="2025-11-01"),
        "invoices-* has ('2025-11-01', '2026-02-28', 750), not ('2025-10-02', '2026-02-28', 750)",
    ),
    "records lost": (FIVE, lambda one: _part(one)["sessions"][0].update(records=749), "invoices-* has"),
    "no records": (FIVE, lambda one: _part(one)["sessions"][0].update(records=0), "no such sessions"),
    "an unknown kind": (FIVE, lambda one: _part(one)["sessions"][0].update(kind="x"), "no such sessions"),
    "a taken name": (FIVE, lambda one: _part(one).update(name="Scheduler"), "the name Scheduler is taken"),
    "the role's own name": (FIVE, lambda one: _part(one).update(name="worker"), "the name worker is taken"),
    "one name for two": (FIVE, lambda one: _part(one).update(name=_part(one, 1)["name"]), "is taken"),
    "a name that IAM refuses": (FIVE, lambda one: _part(one).update(name="a b"), "IAM refuses the name a b"),
    "a wrong caller": (
        PIPELINES,
        lambda one: _part(one).update(callers=_part(one, 1)["callers"]),
        "isn't asked for by repo:acme/api:ref:refs/heads/main",
    ),
    "a caller lost": (FIVE, lambda one: _part(one)["callers"].clear(), "invoices: no caller"),
    "callers that are unknown without a reason": (
        FIVE,
        lambda one: _part(one)["callers"].clear(),
        "callers are missing without callers-unknown",
    ),
    "a caller too many": (
        OPEN["nobody-asks-for-one-job"],
        lambda one: _part(one, 1)["callers"].append("arn:aws:iam::111111111111:role/scheduler"),
        "reports: a wrong caller",
    ),
    "a gain": (
        FIVE,
        lambda one: _allow(one, "iam:*", "*"),
        "split-0: more than the role allows today: iam:AttachRolePolicy",
    ),
    "a gain on other resources": (
        DANGEROUS,
        lambda one: _allow(one, "iam:PutRolePolicy", "arn:aws:iam::111111111111:role/*"),
        "split-0: more than the role allows today: iam:PutRolePolicy on arn:aws:iam::111111111111:role/judge",
    ),
    "what others do": (
        FIVE,
        lambda one: _allow(one, "s3:DeleteObject", "arn:aws:s3:::uploads/*"),
        "split-0: what only other parts use is allowed: s3:DeleteObject on arn:aws:s3:::uploads/old",
    ),
    "what others do elsewhere": (
        FIVE,
        lambda one: _allow(one, "s3:DeleteObject", "arn:aws:s3:::uploads/judge"),
        "split-0: what only other parts use is allowed: s3:DeleteObject on arn:aws:s3:::uploads/judge",
    ),
    "the table of another tenant": (
        TENANTS,
        lambda one: _allow(one, "dynamodb:Query", "arn:aws:dynamodb:us-east-1:111111111111:table/globex-*"),
        "split-0: what only other parts use is allowed: dynamodb:Query",
    ),
    "a danger of the other job": (
        DANGEROUS,
        lambda one: _allow(one, "s3:Put*", "arn:aws:s3:::*", 1),
        "split-1: what only other parts use is allowed: s3:PutBucketPolicy on arn:aws:s3:::tenant-data",
    ),
    "a danger untold": (
        DANGEROUS,
        lambda one: _part(one, 1).update(dangerous_removed=0),
        "only other parts use iam:PutRolePolicy, s3:PutBucketPolicy",
    ),
    "a call lost": (
        FIVE,
        lambda one: _statements(one).pop(),
        "split-0: recorded calls are refused: sqs:ReceiveMessage on arn:aws:sqs:us-east-1:111111111111:invoices",
    ),
    "policies swapped": (FIVE, _swap, "split-0: recorded calls are refused"),
    "later calls lost": (FIVE, lambda one: _statements(one).pop(1), "split-0: later calls are refused: dynamodb:Query"),
    "a safe split that was crossed": (
        LATELY,
        lambda one: _object_to(one),
        "split-1 recently first used what others used: sqs:DeleteMessage",
    ),
    "a crossing untold": (LATELY, lambda one: _object_to(one, "unproven"), "against lacks crossed-before"),
    "new sessions untold": (
        LAST_WEEK,
        lambda one: _object_to(one),
        "sessions are new or of a single day without new-sessions",
    ),
    "a reason too many": (
        LAST_WEEK,
        lambda one: _object_to(one, "new-sessions", "few-days"),
        "against has few-days",
    ),
    "safe with a reason": (LAST_WEEK, lambda one: _split(one).update(state="safe"), "a split is safe with new-"),
    "unsafe without a reason": (FIVE, lambda one: _split(one).update(state="unsafe"), "a split is unsafe with nothing"),
    "an unknown reason": (FIVE, lambda one: _object_to(one, "x"), "no such reason: x"),
    "a reason without names": (LAST_WEEK, lambda one: _split(one)["against"][0].pop("names"), "agreed form"),
    "a reason without a text": (LAST_WEEK, lambda one: _split(one)["against"][0].update(text=" "), "without a text"),
    "one part": (FIVE, lambda one: _split(one).update(parts=[_part(one)]), "fewer than two parts"),
    "a part that removes nothing": (FIVE, lambda one: _part(one).update(removed=0), "split-0 removes 0"),
    "more dangers than pairs": (FIVE, lambda one: _part(one).update(dangerous_removed=2), "of these dangerous 2"),
    "no policy": (FIVE, lambda one: _part(one).update(policy=[]), "split-0 has no sessions or no policy"),
    "a part without a field": (FIVE, lambda one: _part(one).pop("removed"), "not of the agreed form"),
    "another trust": (
        FIVE,
        lambda one: _split(one).update(trust={"Version": "2012-10-17", "Statement": []}),
        "the trust policy isn't the role's",
    ),
    "tasks told apart": (TASKS, _split_tasks, "it is split into split-0"),
    "a role of another world": (FIVE, lambda one: _split(one).update(role=f"{WORKER}s"), "no role that anybody"),
    "a service-linked role": (
        OPEN["roles-of-aws"],
        lambda one: one["splits"].append(
            {
                **copy.deepcopy(example_output(FIVE)["splits"][0]),
                "role": next(arn for arn in OPEN["roles-of-aws"].principals if "/aws-service-role/" in arn),
            }
        ),
        "no role that anybody can split",
    ),
    "a safe split by made-up names": (
        OPEN["hundreds-of-made-up-names"],
        lambda one: one["splits"].append(copy.deepcopy(example_output(FIVE)["splits"][0])),
        "a split is safe",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_judge_finds_a_planted_fault(name: str) -> None:
    scenario, change, told = FAULTS[name]
    output = copy.deepcopy(example_output(scenario))
    change(output)
    assert told in "; ".join(fault for verdict in judge(scenario, output) for fault in verdict.faults)


@pytest.mark.parametrize("name", [name for name, one in OPEN.items() if one.checks.get("splits")])
def test_no_split_at_all_fails_the_checks_of_each_scenario(name: str) -> None:
    output = example_output(OPEN[name]) | {"splits": []}
    assert any("there are 0 splits" in verdict.faults for verdict in judge(OPEN[name], output))


def test_wildcards_that_a_part_needs_itself_may_cover_what_others_use() -> None:
    output = copy.deepcopy(example_output(TENANTS))
    own = next(one for one in _statements(output) if one["Action"] == "dynamodb:Query")
    own["Resource"] = "arn:aws:dynamodb:us-east-1:111111111111:table/*"
    assert [fault for verdict in judge(TENANTS, output) for fault in verdict.faults] == []


def test_the_most_literal_pattern_has_a_session() -> None:
    entries = [[{"kind": "name", "value": value}] for value in ("*", "orders-*", "orders-*-retry", "orders-1")]
    placement = Placement(FIVE, {"role": WORKER, "parts": [{"sessions": one} for one in entries]})
    found = [placement.places_of("name", value) for value in ("x", "orders-2", "orders-2-retry", "orders-1")]
    assert [[place.part for place in places] for places in found] == [[0], [1], [2], [3]]
    assert placement.places_of("source-identity", "x") == set()


# ---- Worlds


@pytest.mark.parametrize(
    "name", ["people-and-a-job-in-one-role", "fleet-of-instances", "two-partners-of-other-accounts"]
)
def test_lpgen_reads_all_records_of_sessions(name: str, tmp_path: Path) -> None:
    write_inputs(OPEN[name], tmp_path)
    run_command("ingest", tmp_path / "logs", "--data", tmp_path / "data", "--workers", "1", "--quiet")
    checked = json.loads(run_command("check", "--data", tmp_path / "data", "--format", "json"))
    assert not checked["damaged"]
    assert checked["records"] == sum(1 for _ in records_of(OPEN[name]))


def test_records_show_session_source_identity_and_resource() -> None:
    found = [one["userIdentity"] for one in records_of(OPEN["people-and-a-job-in-one-role"])]
    people = [one for one in found if "sourceIdentity" in one.get("sessionContext", {})]
    assert {one["sessionContext"]["sourceIdentity"] for one in people} == {"mia@example.com", "noa@example.com"}
    assert len({one["arn"] for one in people}) > 100
    assert all(one["principalId"].partition(":")[2] == one["arn"].rpartition("/")[2] for one in people)
    assert any(one.get("arn", "").endswith("/nightly-2026-02-28") for one in found)
    functions = [one["userIdentity"].get("inScopeOf") for one in records_of(FUNCTIONS)]
    mailer = "arn:aws:lambda:us-east-1:111111111111:function:mailer"
    assert {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": mailer} in functions


def test_requests_show_who_asks_in_the_form_of_each_kind() -> None:
    def identities(name: str) -> list[Json]:
        return [one["userIdentity"] for one in records_of(OPEN[name]) if one["eventName"].startswith("AssumeRole")]

    assert {one["arn"] for one in identities("five-jobs-in-one-role")} == {
        "arn:aws:sts::111111111111:assumed-role/scheduler/work"
    }
    assert {one["invokedBy"] for one in identities("functions-that-share-a-role")} == {"lambda.amazonaws.com"}
    assert {one["type"] for one in identities("permission-set-of-one-team")} == {"SAMLUser"}
    assert "repo:acme/site:ref:refs/heads/main" in {
        one["userName"] for one in identities("pipelines-with-the-repository-in-the-name")
    }
    assert {one["accountId"] for one in identities("two-partners-of-other-accounts")} == {
        "222222222222",
        "333333333333",
    }
    assert [
        one for one in records_of(OPEN["nobody-asks-for-one-job"]) if "reports" in str(one.get("responseElements"))
    ] == []


def test_placeholders_are_filled_again_for_each_session() -> None:
    names = [one.value for one in sessions_of(TASKS, "web")]
    assert len(set(names)) == len(names) == 300
    later = {one.value for one in sessions_of(TASKS, "web", later=True)}
    assert later
    assert not later & set(names)


# ---- Scenarios


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("calls", 0, "session"), "x", f"calls[0]: {WORKER} has no session x"),
        (("sessions", "billing", "of"), f"{WORKER}s", "sessions.billing: "),
        (("sessions", "billing", "names"), "x", "sessions.billing: session: unknown keys names"),
        (("sessions", "billing", "name"), "{days}", "sessions.billing: unknown placeholders days"),
        (("sessions", "billing", "name"), "a b", "sessions.billing: name: AWS has no such a b"),
        (("sessions", "billing", "resource"), "x", "sessions.billing: resource: AWS has no such x"),
        (("sessions", "billing", "per_day"), 2, "sessions.billing: several sessions a day"),
        (("sessions", "more"), {"of": WORKER, "name": "more"}, "sessions.more: no call is in it"),
        (("sessions", "billing", "asked_by"), {"by": WORKER, "service": "x"}, "asked_by: neither"),
        (("sessions", "billing", "asked_by"), {"service": "x"}, "asked_by: the role doesn't trust x"),
        (("sessions", "billing", "asked_by"), {"by": f"{WORKER}s"}, f"the role doesn't trust {WORKER}s"),
        (("principals", 1, "policies"), [], "asked_by: the policies of"),
        (("sessions", "billing", "asked_by"), {"by": WORKER}, f"asked_by: {WORKER} asks in a session of its own"),
        (("checks", "splits", 0, "parts", 0, "sessions"), ["x"], f"checks.splits {WORKER}: parts: not two or more"),
        (("checks", "splits", 0, "parts", 0, "sessions"), ["billing"], "parts: not two or more"),
        (("checks", "splits", 0, "against"), ["x"], "against: unknown x"),
        (("checks", "splits", 0, "state"), "perhaps", "no such state"),
        (("checks", "splits", 0, "role"), f"{WORKER}s", "the role has no sessions"),
        (("checks", "not_split"), [{"role": f"{WORKER}s"}], f"checks.not_split: {WORKER}s isn't a role"),
    ],
)
def test_reader_names_the_place_of_a_mistake(place: tuple[Any, ...], value: Any, told: str, tmp_path: Path) -> None:
    write_wrong(FIVE.content, place, value, tmp_path)
    with pytest.raises(ValueError, match=r"wrong\.json: ") as refused:
        load_scenarios("open", tmp_path)
    assert told in str(refused.value)


def test_scenarios_are_many_and_cover_kinds_of_sessions_reasons_and_askers() -> None:
    assert len(OPEN) >= 15
    told = [session for one in OPEN.values() for session in one.sessions.values()]
    assert {kind_of(one) for one in told} == set(SESSION_KINDS)
    checks = [check for one in OPEN.values() for check in one.checks.get("splits", ())]
    assert {kind for check in checks for kind in check.get("against", ())} == set(SPLIT_AGAINST) - {
        *("unsafe-replacement", "unproven", "sessions-unknown"),
    }
    askers = [asker for one in told for asker in as_list(one.get("asked_by"))]
    assert {key for asker in askers for key in asker} == {"by", "service", "provider", "subject"}
