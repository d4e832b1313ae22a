"""Once a replacement is in place there is nothing to do: every command says so, and generating changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.iam.policy import meaning_of, policy_from_json
from tests.cli.test_main import run
from tests.support.sample_organization import ROOT as SAMPLE_LOGS

DETAILS = SAMPLE_LOGS / "authorization-details"


def lpgen(*arguments: object) -> str:
    done = run(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, the replacements of the sample organization, and its policies once all are in place."""
    return put_all_in_place(sample_data, tmp_path_factory.mktemp("in-place"), "*.json")


@pytest.fixture(scope="module")
def small_home(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of one of its accounts."""
    return put_all_in_place(sample_data, tmp_path_factory.mktemp("one-in-place"), "444455556666.json")


def put_all_in_place(data: Path, home: Path, accounts: str) -> Path:
    """Generates the replacements of some accounts, and writes their policies as if all were in place."""
    shutil.copytree(data, home / "data")
    policies = [f"--policies={file}" for file in DETAILS.glob(accounts)]
    run("generate", "--data", str(home / "data"), *policies, "--output", str(home / "out"))
    written = {folder_principal(path): path for path in (home / "out").iterdir() if path.is_dir()}
    (home / "after").mkdir()
    for file in DETAILS.glob(accounts):
        details = json.loads(file.read_text("utf-8"))
        for entry in (*details["RoleDetailList"], *details["UserDetailList"]):
            if entry["Arn"] in written:
                put_in_place(entry, written[entry["Arn"]])
        (home / "after" / file.name).write_text(json.dumps(details), "utf-8")
    return home


def folder_principal(folder: Path) -> str:
    return str(json.loads((folder / "evidence.json").read_text("utf-8"))["principal"])


def put_in_place(entry: dict[str, Any], folder: Path) -> None:
    """Makes the documents of a folder the only policies of a role or user."""
    inline = "RolePolicyList" if "RoleName" in entry else "UserPolicyList"
    documents = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("policy-*.json"))]
    entry[inline] = [{"PolicyName": f"p{at}", "PolicyDocument": document} for at, document in enumerate(documents)]
    entry["AttachedManagedPolicies"] = []
    entry["GroupList"] = []


def given(home: Path) -> list[object]:
    return ["--data", home / "data", "--policies", home / "after"]


@pytest.fixture(scope="module")
def again(home: Path) -> Path:
    """The replacements of the replacements."""
    lpgen("generate", *given(home), "--output", home / "again")
    return home / "again"


@pytest.mark.slow
def test_replacements_of_replacements_say_the_same(home: Path, again: Path) -> None:
    folders = [path for path in (home / "out").iterdir() if path.is_dir()]
    assert len(folders) > 20
    for folder in folders:
        before, after = (
            {meaning_of(policy_from_json(path.read_text("utf-8"), place="")) for path in side.glob("policy-*.json")}
            for side in (folder, again / folder.name)
        )
        assert before == after


def test_review_has_nothing_to_do_where_replacements_of_an_account_are_in_place(small_home: Path) -> None:
    check_nothing_to_do(small_home, principals=3, in_place=2)


@pytest.mark.slow
def test_review_has_nothing_to_do_where_replacements_are_in_place(home: Path) -> None:
    found = check_nothing_to_do(home, principals=41, in_place=35)
    (analyst,) = (one for one in found["principals"] if one["principal"].endswith("/storage-analyst"))
    assert (analyst["in_place"], analyst["safe"]) == (True, False)
    assert analyst["proposal"] == "nothing: its policies already match the replacement"


def check_nothing_to_do(home: Path, *, principals: int, in_place: int) -> dict[str, Any]:
    """Returns the review as JSON, after checking that it and its text name no task about replacements."""
    text = lpgen("review", *given(home), "--full")
    assert f"{principals} principals, {in_place} replacements already in place." in text
    tasks = text.partition("What to do")[2].partition("What the logs cover")[0]
    assert "replacement" not in tasks
    assert "not safe" not in tasks
    found: dict[str, Any] = json.loads(lpgen("review", *given(home), "--format", "json"))
    assert found["totals"]["in_place"] == found["totals"]["replacements"] == in_place
    return found


@pytest.mark.slow
def test_review_counts_what_is_in_place_apart(home: Path, tmp_path: Path) -> None:
    for file in DETAILS.glob("*.json"):
        details = json.loads(file.read_text("utf-8"))
        after = json.loads((home / "after" / file.name).read_text("utf-8"))
        details["RoleDetailList"] = after["RoleDetailList"]
        (tmp_path / file.name).write_text(json.dumps(details), "utf-8")
    partly = ["--data", home / "data", "--policies", tmp_path]
    text = lpgen("review", *partly, "--full")
    assert "41 principals, 35 replacements: 4 safe, 31 already in place." in text
    assert "Write 4 safe replacements" in text
    totals = json.loads(lpgen("review", *partly, "--format", "json"))["totals"]
    assert (totals["replacements"], totals["safe"], totals["in_place"]) == (35, 4, 31)
    said = run("generate", *map(str, partly), "--output", str(tmp_path / "out")).stderr
    assert f"35 replacements in {tmp_path / 'out'}: 4 safe, 31 already in place\n" in said


@pytest.mark.parametrize(("where", "count"), [("small_home", 2), pytest.param("home", 35, marks=pytest.mark.slow)])
def test_generate_strict_takes_what_is_in_place(where: str, count: int, request: pytest.FixtureRequest) -> None:
    home: Path = request.getfixturevalue(where)
    said = run("generate", *map(str, given(home)), "--output", str(home / "strict"), "--strict")
    assert said.returncode == 0
    assert f"{count} replacements in {home / 'strict'}, all already in place\n" in said.stderr
    assert "not safe yet" not in said.stderr


@pytest.mark.slow
def test_rollout_plans_nothing_for_what_is_in_place(home: Path, again: Path) -> None:
    done = run("rollout", "plan", str(again), *map(str, given(home)))
    assert done.returncode == 1
    refusals = [item["refusals"] for item in json.loads(done.stdout)["principals"]]
    assert len(refusals) == 35
    assert {one["why"] for found in refusals for one in found} == {"its policies already match the replacement"}


@pytest.mark.slow
def test_rollout_asks_the_policies_given_what_is_in_place(home: Path, again: Path, tmp_path: Path) -> None:
    done = run("rollout", "plan", str(home / "out"), *map(str, given(home)))
    plans = json.loads(done.stdout)["principals"]
    assert {one["why"] for plan in plans for one in plan["refusals"]} == {"its policies already match the replacement"}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for file in (home / "after").iterdir():
        details = json.loads(file.read_text("utf-8"))
        for entry in details["RoleDetailList"]:
            entry["RolePolicyList"].append({"PolicyName": "more", "PolicyDocument": {"Statement": [statement]}})
        (tmp_path / file.name).write_text(json.dumps(details), "utf-8")
    policies = [f"--policies={path}" for path in tmp_path.glob("*.json")]
    done = run("rollout", "plan", str(again), "--trust-output", *policies)
    roles = [item for item in json.loads(done.stdout)["principals"] if item["kind"] == "role"]
    kinds = [{one["kind"] for one in plan["refusals"]} for plan in roles]
    assert all("other_policies" in found and "nothing_to_do" not in found for found in kinds)


@pytest.mark.slow
def test_sarif_has_no_doubts_about_what_is_in_place(home: Path) -> None:
    before = lpgen("review", "--data", home / "data", "--policies", DETAILS, "--format", "sarif")
    after = lpgen("review", *given(home), "--format", "sarif")
    rules = [
        {item["ruleId"] for item in json.loads(text)["runs"][0]["results"] if item["level"] != "none"}
        for text in (before, after)
    ]
    assert "unmapped-event" in rules[0]
    assert "unmapped-event" not in rules[1]


@pytest.mark.slow
def test_review_tells_tries_of_what_is_in_place_that_the_logs_miss(home: Path, tmp_path: Path) -> None:
    service = {"ServiceName": "AWS KMS", "ServiceNamespace": "kms", "LastAuthenticated": "2026-09-28T10:00:00Z"}
    report = {"JobStatus": "COMPLETED", "JobCompletionDate": "2026-09-30T20:00:00Z", "ServicesLastAccessed": [service]}
    (tmp_path / "partner-share.json").write_text(json.dumps({**report, "JobType": "ACTION_LEVEL"}), "utf-8")
    asked = ["review", *given(home), "--last-accessed", tmp_path]
    text = " ".join(lpgen(*asked, "--full").split())
    assert "35 replacements already in place." in text
    step = "find the trail that recorded its calls to kms, in all Regions, and ingest that trail's logs"
    assert f"In place, but with attempts that the logs don't show: {step}. role/partner-share" in text
    assert (
        "IAM reports the last attempt to use kms on 2026-09-28, but the logs have no record of it. why it matters:"
        in text
    )
    assert f"what to do: {step}." in text
    found = json.loads(lpgen(*asked, "--format", "sarif"))["runs"][0]["results"]
    assert [one["ruleId"] for one in found if "partner-share" in one["message"]["text"]].count("coverage-hole") == 1
