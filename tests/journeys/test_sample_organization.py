"""The main job on the sample organization, through the command line, against what was planted in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from lpgen.app import api
from lpgen.app.explain import explain as explain_asked
from lpgen.core.analysis.explain.explanation import explain as explain_question
from lpgen.core.analysis.explain.question import WrittenQuestion, read_questions
from lpgen.core.explanations import WhoCan
from lpgen.core.globs.match import glob_match
from lpgen.core.guards import NO_GUARDS
from lpgen.core.iam.decision import Result
from lpgen.core.iam.match_resource import resource_match
from lpgen.core.model import Outcome
from lpgen.core.usage.principal_usage import iam_names_from_usage, principal_usages_from_usage
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.report.blocks import Given
from tests.report.rendered import render_review
from tests.support.documents import DEMO_PAGE, POLICIES_PAGE, README, ROOT, check_block
from tests.support.forked_lpgen import run_forked

SAMPLE = ROOT / "sample_logs"
EXPECTED: dict[str, Any] = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
PRINCIPALS = sorted(EXPECTED["principals"])
POLICIES = str(SAMPLE / "authorization-details")
REPORTS = "arn:aws:s3:::larkspur-finance-reports"
SNAPSHOT = read_snapshot([Path(POLICIES)])


def lpgen(*arguments: str, status: int = 0) -> str:
    """Runs lpgen as a user does, and returns its stdout."""
    done = run_forked(*arguments)
    assert done.returncode == status, done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class World:
    """What the run over the sample organization left behind."""

    data: Path
    out: Path
    review: dict[str, Any]
    text: str

    def principal(self, arn: str) -> dict[str, Any]:
        (found,) = (one for one in self.review["principals"] if one["principal"] == arn)
        return dict(found)

    def folder(self, arn: str) -> Path:
        summary = json.loads((self.out / "summary.json").read_text(encoding="utf-8"))
        (found,) = (one for one in summary["principals"] if one["principal"] == arn)
        return self.out / str(found["folder"])


@pytest.fixture(scope="module")
def world(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    out = tmp_path_factory.mktemp("end-to-end") / "out"
    ground = ("--data", str(sample_data), "--policies", POLICIES)
    facts, text = (lpgen("review", *ground, *how) for how in (("--format", "json"), ("--full",)))
    lpgen("generate", *ground, "--output", str(out))
    return World(sample_data, out, json.loads(facts), text)


@cache
def statements(folder: Path) -> tuple[dict[str, Any], ...]:
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("policy-*.json"))]
    return tuple(statement for document in documents for statement in document["Statement"])


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allows(statement: dict[str, Any], action: str, resource: str) -> bool:
    if statement["Effect"] != "Allow" or action not in as_list(statement["Action"]):
        return False
    if "NotResource" in statement:
        return not any(resource_match(pattern, resource) for pattern in as_list(statement["NotResource"]))
    return any(pattern == resource or resource_match(pattern, resource) for pattern in as_list(statement["Resource"]))


def test_ingest_accounts_for_every_record(world: World) -> None:
    counts, skips = EXPECTED["counts"], {one["reason"]: one["records"] for one in world.review["skips"]}
    covered = sum(account["records"] for account in world.review["coverage"]["accounts"])
    assert covered == counts["records_read"]
    files = sum(counts["skipped_files"].values())
    for reasons, count in counts["skipped_records"].items():
        assert sum(skips.get(reason, 0) for reason in reasons.split("|")) >= count
    assert sum(skips.values()) == counts["records_read"] - counts["usage_records"] + files


def test_review_lists_every_principal_of_the_policies(world: World) -> None:
    assert sorted(one["principal"] for one in world.review["principals"]) == PRINCIPALS
    assert world.review["problems"] == [
        problem for problem in world.review["problems"] if "legacy-etl" in problem or "policy" in problem
    ]


@pytest.mark.parametrize("arn", PRINCIPALS)
def test_review_concludes_what_was_planted(world: World, arn: str) -> None:
    expected, found = EXPECTED["principals"][arn], world.principal(arn)
    verdicts = {one["action"]: one["verdict"] for one in found["verdicts"]}
    assert found["class"] == expected["class"]
    assert {action: verdicts.get(action) for action in expected["verdicts"]} == expected["verdicts"]
    if expected["class"] in ("active", "sso"):
        used = sorted(action for action, verdict in verdicts.items() if verdict == "used")
        assert used == expected["used_actions"]
    assert found["safe"] == expected["safe"]
    assert {one["kind"] for one in found["not_safe_because"]} >= set(expected["reasons"])


@pytest.mark.parametrize("arn", PRINCIPALS)
def test_replacement_keeps_and_drops_what_was_planted(world: World, arn: str) -> None:
    expected = EXPECTED["principals"][arn]
    if world.principal(arn)["replacement"] is None:
        assert expected["safe"] is None
        assert expected["must_keep"] == expected["must_carry"] == []
        return
    written = statements(world.folder(arn))
    for action, resource in expected["must_keep"]:
        assert any(allows(one, action, resource) for one in written), (action, resource)
    for action, resource in expected["must_not_allow"]:
        assert not any(allows(one, action, resource) for one in written), (action, resource)
    named = [name for one in written if one["Effect"] == "Allow" for name in as_list(one["Action"])]
    assert not set(named) & set(expected["must_drop"])
    assert not [name for name in named if "*" in name or "?" in name]
    for carried in expected["must_carry"]:
        assert carried in (written if isinstance(carried, dict) else json.dumps(written))
    for action, count in expected["statements_per_action"].items():
        assert sum(action in as_list(one["Action"]) for one in written if one["Effect"] == "Allow") == count


def test_unused_roles_get_a_proposal_and_no_empty_policy(world: World) -> None:
    found = world.principal("arn:aws:iam::111122223333:role/break-glass-admin")
    assert "disable" in found["proposal"]
    assert found["replacement"] is None
    hole = world.principal("arn:aws:iam::111122223333:role/app/fulfilment-sync")
    assert "disable" not in hole["proposal"]


def test_dangerous_unused_grants_come_first(world: World) -> None:
    arn = "arn:aws:iam::111122223333:role/fleet-node"
    text = lpgen("review", "--data", str(world.data), "--policies", POLICIES, "--principal", arn)
    dangerous = text.index("Dangerous grants without recorded use")
    assert dangerous < text.index("ec2:ReplaceIamInstance") < text.index("Used / granted")


def test_an_administrators_role_comes_out_small(world: World) -> None:
    arn = "arn:aws:iam::111122223333:role/platform/platform-deployer"
    services = {
        name.split(":")[0] for statement in statements(world.folder(arn)) for name in as_list(statement["Action"])
    }
    used = {action.split(":")[0] for action in EXPECTED["principals"][arn]["used_actions"]}
    assert services <= used | {"ssmmessages", "ec2messages"}


@pytest.mark.slow
def test_verify_passes_on_what_generate_wrote(world: World) -> None:
    output = lpgen("verify", str(world.out), "--data", str(world.data), "--policies", POLICIES, "--format", "json")
    checks = json.loads(output)
    assert checks


def test_verify_fails_with_the_line_on_a_widened_policy(world: World, tmp_path: Path) -> None:
    arn = "arn:aws:iam::111122223333:role/ci/functions-publisher"
    copy = tmp_path / "out" / world.folder(arn).name
    copy.mkdir(parents=True)
    for path in world.folder(arn).iterdir():
        (copy / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    document = json.loads((copy / "policy-1.json").read_text(encoding="utf-8"))
    document["Statement"][0]["Action"] = ["iam:CreateUser"]
    (copy / "policy-1.json").write_text(json.dumps(document), encoding="utf-8")
    output = lpgen("verify", str(tmp_path / "out"), "--data", str(world.data), "--policies", POLICIES, status=1)
    assert "iam:CreateUser" in output
    assert "policy-1.json, statement 1" in output


@pytest.fixture(scope="module")
def other_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the same logs, ingested in another order."""
    data = tmp_path_factory.mktemp("other") / "data"
    for part in sorted((SAMPLE / "AWSLogs").iterdir(), reverse=True):
        lpgen("ingest", str(part), "--data", str(data), "--workers", "1")
    return data


def test_the_same_logs_give_the_same_bytes(world: World, other_data: Path) -> None:
    assert tree(other_data / "usage") == tree(world.data / "usage")


@pytest.mark.parametrize("principal", ["*/storefront-api", pytest.param("*", marks=pytest.mark.slow)])
def test_the_same_input_gives_the_same_bytes(world: World, other_data: Path, tmp_path: Path, principal: str) -> None:
    for data, out in ((world.data, "once"), (other_data, "again")):
        ground = ("--data", str(data), "--policies", POLICIES, "--principal", principal)
        lpgen("generate", *ground, "--output", str(tmp_path / out))
    assert tree(tmp_path / "again") == tree(tmp_path / "once") != {}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_review_filters_by_principal(world: World) -> None:
    some = ["review", "--data", str(world.data), "--policies", POLICIES, "--principal"]
    found = json.loads(lpgen(*some, "*lambda/*", "--format", "json"))["principals"]
    assert sorted(one["principal"] for one in found) == [arn for arn in PRINCIPALS if glob_match("*lambda/*", arn)]
    lpgen(*some, "nobody", status=2)


def test_demo_page_shows_what_the_demo_prints(world: World) -> None:
    report = api.review(world.data, policies=POLICIES)
    options = (("--data", "lpgen-demo/data"), ("--policies", "sample_logs/authorization-details"))
    taken = {"generate": ("--data", "--policies"), "review": ("--data", "--policies"), "snapshot": ("--data",)}
    screen = render_review(report, "text", width=80, given=Given(options, taken), screen=True)
    review = render_review(report, "text", width=80)
    principal = review[review.index("━━ role/app/storefront-api") :]
    principal = principal[: principal.index("\n\n")]
    check_block(DEMO_PAGE, "demo", f"```text\n{screen}```")
    check_block(DEMO_PAGE, "demo-role", f"```text\n{principal}\n```")


def test_documents_say_of_their_pictures_what_they_show(world: World) -> None:
    """Where this fails, `make screenshots` takes them again."""
    readme, page = (document.read_text(encoding="utf-8") for document in (README, DEMO_PAGE))
    assert re.findall(r"!\[.*: (\d+ principals), (\d+) safe", readme) == re.findall(
        r"^(\d+ principals), \d+ replacements: (\d+) safe", world.text, re.M
    )
    assert re.findall(r"!\[The two walls .*: ([\d,]+) actions granted, (\d+) kept", page) == re.findall(
        r"^━━ role/platform/platform-deployer  [a-z ]+  ([\d,]+) → (\d+) actions",
        lpgen("review", "--data", str(world.data), "--policies", POLICIES, "--principal", "platform-deployer"),
        re.M,
    )


# ---------------------------------------------------------------- explain


def explain(world: World, *question: str, form: str = "json", more: tuple[str, ...] = ()) -> str:
    """What `lpgen explain` prints on the sample organization."""
    return lpgen("explain", *question, "--data", str(world.data), "--policies", POLICIES, "--format", form, *more)


@pytest.mark.parametrize(
    ("question", "result"),
    [
        (("storefront-api", "s3:getobject", "arn:aws:s3:::larkspur-catalog-images/a.png"), "Allowed"),
        (("storefront-api", "iam:CreateUser"), "ImplicitlyDenied"),
        (("*analytics-etl", "athena:StartQueryExecution"), "ImplicitlyDenied"),
        (("release-manager", "codepipeline:DeletePipeline"), "Depends"),
        (("priya.nair", "ec2:DescribeInstances"), "Allowed"),
        (("legacy-etl", "s3:GetObject", "arn:aws:s3:::any/key"), "Depends"),
    ],
)
def test_explain_answers_on_the_sample_organization(world: World, question: tuple[str, ...], result: str) -> None:
    found = json.loads(explain(world, *question))
    assert found["result"] == result
    assert found["sentence"]


def test_explain_takes_the_context_of_the_request(world: World) -> None:
    question = ("release-manager", "codepipeline:DeletePipeline")
    with_mfa = explain(world, *question, more=("--context", "aws:MultiFactorAuthPresent=true"))
    without = explain(world, *question, more=("--context", "aws:MultiFactorAuthPresent=false"))
    assert [json.loads(one)["result"] for one in (with_mfa, without)] == ["Allowed", "ExplicitlyDenied"]


def test_explain_shows_inferred_use_with_its_example(world: World) -> None:
    (one,) = json.loads(explain(world, "functions-publisher", "iam:PassRole"))["use"]["uses"]
    assert (one["how"], one["outcome"], one["on"]) == ("pass-role", "allowed", "asked")
    assert one["records"] == 3
    assert one["example_event_id"]


def test_explain_shows_denied_tries_and_that_the_logs_know_better(world: World, tmp_path: Path) -> None:
    question = ("reporting-export", "s3:DeleteBucket", "arn:aws:s3:::larkspur-finance-reports")
    assert "The logs show otherwise: denied in 2 records by service" in explain(world, *question, form="text")
    scps = tmp_path / "scps.json"
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Sid": "KeepBuckets", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
    scps.write_text(json.dumps([[{"Version": "2012-10-17", "Statement": [allow, deny]}]]), encoding="utf-8")
    text = explain(world, *question, form="text", more=("--scps", str(scps)))
    assert "Explicitly denied by SCP 1 of level 1, statement 2 (KeepBuckets)." in text
    assert "The logs show otherwise" not in text


def test_explain_denies_no_use_that_the_logs_allowed(world: World) -> None:
    """Each recorded use of the sample, asked as a request: what was allowed and granted is never called denied."""
    guards, known = NO_GUARDS.with_trust(SNAPSHOT.principals), bundled_catalog()
    ungranted = {(one["principal"], use["action"]) for one in world.review["principals"] for use in one["ungranted"]}
    asked = 0
    usage = read_usage(world.data)
    usages = principal_usages_from_usage(usage)
    names = iam_names_from_usage(usage, SNAPSHOT.principals, lambda *_row: True)
    for principal in SNAPSHOT.principals:
        for use in map(names.resolve, usages[principal.arn].uses if principal.arn in usages else ()):
            if use.outcome is not Outcome.ALLOWED or (principal.arn, use.action) in ungranted:
                continue
            example = use.evidence.example_resource
            resource = example if example.startswith("arn:") else ""
            (question,) = read_questions(
                WrittenQuestion(principal.arn, use.action, resource), SNAPSHOT.principals, known
            )
            found = explain_question(question, guards, known)
            assert found.result in (Result.ALLOWED, Result.DEPENDS), (principal.arn, use.action, found.sentence)
            asked += 1
    assert asked > 150


def test_roles_proposes_what_was_planted(world: World) -> None:
    found = json.loads(lpgen("roles", "--data", str(world.data), "--policies", POLICIES, "--format", "json"))
    expected = EXPECTED["roles"]
    moves = {one["user"]: one["goes_to"] for one in found["users"] if one["state"] == "safe"}
    assert {user: {key: target[key] for key in ("kind", "name", "new")} for user, target in moves.items()} == expected[
        "users"
    ]
    assert [one["members"] for one in found["merges"]] == expected["merges"]
    assert {one["state"] for one in found["merges"]} == {"safe"}
    parts = {split["role"]: {part["name"]: part for part in split["parts"]} for split in found["splits"]}
    sessions = {
        role: {name: [session["value"] for session in part["sessions"]] for name, part in named.items()}
        for role, named in parts.items()
    }
    assert sessions == expected["splits"]
    assert {one["state"] for one in found["splits"]} == {"safe"}
    assert {one["arn"]: one["kind"] for one in found["leftovers"]} == expected["leftovers"]


@pytest.mark.parametrize(
    "question",
    [
        ("s3:GetObject",),
        pytest.param(("iam:PassRole",), marks=pytest.mark.slow),
        pytest.param(("s3:DeleteBucket", REPORTS), marks=pytest.mark.slow),
    ],
)
def test_explain_of_all_gives_each_the_answer_that_it_gets_alone(world: World, question: tuple[str, ...]) -> None:
    action, resource = (*question, "")[:2]
    asked = partial(explain_asked, policies=[Path(POLICIES)], catalog=bundled_catalog(), data=world.data)
    found = asked(WrittenQuestion("*", action, resource))
    assert isinstance(found, WhoCan)
    assert {answer.question.principal.arn for answer in found.answers} == {
        principal.arn for principal in SNAPSHOT.principals
    }
    for answer in found.answers:
        assert answer == asked(WrittenQuestion(answer.question.principal.arn, action, resource))


def test_explain_lists_the_outsiders_and_the_unused_first(world: World) -> None:
    listed = json.loads(explain(world, "*", "ec2:DescribeInstances"))["principals"]
    can = [(bool(one["outsiders"]), one["used"]) for one in listed if one["result"] == "Allowed"]
    assert can == sorted(can, key=lambda pair: (not pair[0], ["never", "unknown", "perhaps", "used"].index(pair[1])))
    assert len({*can}) > 1, "the order shows only where they differ"


_QUESTION = "storefront-api dynamodb:DeleteTable arn:aws:dynamodb:us-east-1:111122223333:table/storefront-orders"


def test_policies_page_shows_what_explain_prints(world: World) -> None:
    shown = _QUESTION.replace(" arn:", " \\\n    arn:")
    command = f"$ lpgen explain {shown} \\\n    --data lpgen-demo/data --policies sample_logs/authorization-details"
    answer = explain(world, *_QUESTION.split(), form="text")
    check_block(POLICIES_PAGE, "explain", f"```text\n{command}\n{answer}```")
    command = "$ lpgen explain '*' iam:PassRole --data lpgen-demo/data --policies sample_logs/authorization-details"
    answer = explain(world, "*", "iam:PassRole", form="text")
    check_block(POLICIES_PAGE, "who-can", f"```text\n{command}\n{answer}```")
