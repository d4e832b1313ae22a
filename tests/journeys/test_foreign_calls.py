"""A call that only another account's log holds, from the log files to every command that speaks of use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import DETAILS, RECORD, run

OWNER = "444455556666"
ROLE = "arn:aws:iam::111122223333:role/app"
WRITE: dict[str, Any] = {
    **RECORD,
    "eventName": "PutObject",
    "eventID": "there",
    "eventCategory": "Data",
    "recipientAccountId": OWNER,
    "requestParameters": {"bucketName": "data", "key": "2026/09/x"},
    "userIdentity": {"type": "AWSAccount", "principalId": "AROAAPP:session", "accountId": "111122223333"},
}


def own_write(**changes: Any) -> dict[str, Any]:
    """A data event in the caller's own log."""
    return {**WRITE, "userIdentity": RECORD["userIdentity"], "recipientAccountId": "111122223333", **changes}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Logs of both accounts: the caller's own one holds data events, but not those of the other's bucket."""
    identity = json.loads(json.dumps(RECORD["userIdentity"]).replace("role/app", "role/other"))
    other = own_write(eventID="own", requestParameters={"bucketName": "own", "key": "a/b/c"}, userIdentity=identity)
    (tmp_path / "own.json").write_text(json.dumps({"Records": [RECORD, other]}), encoding="utf-8")
    (tmp_path / "theirs.json").write_text(json.dumps({"Records": [WRITE]}), encoding="utf-8")
    (tmp_path / "policies.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    return tmp_path


def lpgen(*arguments: object) -> str:
    done = run(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def verdict_on_write(home: Path) -> dict[str, Any]:
    given = ["--data", home / "data", "--policies", home / "policies.json"]
    (principal,) = json.loads(run("review", *map(str, given), "--format", "json").stdout)["principals"]
    (found,) = (one for one in principal["verdicts"] if one["action"] == "s3:PutObject")
    return dict(found)


def test_call_that_only_the_owner_s_log_holds_is_use_by_the_caller(home: Path) -> None:
    lpgen("ingest", home / "own.json", "--data", home / "data")
    assert verdict_on_write(home)["verdict"] == "unobservable"
    said = lpgen("ingest", home / "theirs.json", "--data", home / "data")
    assert "calls from another account; harmless ones count for reviewed callers" in said
    found = verdict_on_write(home)
    assert (found["verdict"], found["evidence"]["example_event_id"]) == ("used", "there")
    given = ["--data", home / "data", "--policies", home / "policies.json"]
    lpgen("generate", *given, "--output", home / "out")
    (written,) = (home / "out").rglob("policy*.json")
    assert "arn:aws:s3:::data/*" in written.read_text("utf-8"), "the principal is the only one known to use the bucket"
    lpgen("verify", home / "out", *given)
    explained = lpgen("explain", ROLE, "s3:PutObject", "arn:aws:s3:::data/2026/09/x", *given)
    assert "example there" in explained


def test_call_of_a_session_whose_record_lacks_the_issuer_is_use_by_the_role_of_its_id(home: Path) -> None:
    bare = json.loads(json.dumps(RECORD["userIdentity"]))
    del bare["sessionContext"]
    (home / "own.json").write_text(json.dumps({"Records": [RECORD, own_write(userIdentity=bare)]}), encoding="utf-8")
    lpgen("ingest", home / "own.json", "--data", home / "data")
    found = verdict_on_write(home)
    assert (found["verdict"], found["evidence"]["example_event_id"]) == ("used", "there")


def test_call_that_both_logs_hold_counts_once(home: Path) -> None:
    (home / "own.json").write_text(json.dumps({"Records": [RECORD, own_write()]}), encoding="utf-8")
    lpgen("ingest", home / "own.json", home / "theirs.json", "--data", home / "data")
    assert verdict_on_write(home)["evidence"]["records"] == 1


def review(home: Path) -> dict[str, Any]:
    given = ["--data", home / "data", "--policies", home / "policies.json"]
    (principal,) = json.loads(run("review", *map(str, given), "--format", "json").stdout)["principals"]
    return dict(principal)


@pytest.mark.parametrize(
    "changes",
    [
        {"eventName": "JuggleObject"},
        {"eventName": "PutBucketPolicy", "eventCategory": "Management", "requestParameters": {"bucketName": "data"}},
        {"eventName": "PutObjectAcl"},
        {"eventName": "GetObject"},
        {"errorCode": "SlowDown"},
        {"errorCode": "AccessDenied"},
        {"requestParameters": {"bucketName": "elsewhere", "key": "2026/09/x"}},
        {"userIdentity": RECORD["userIdentity"], "eventTime": None},
        {"userIdentity": RECORD["userIdentity"], "eventVersion": "2.0"},
        {"userIdentity": RECORD["userIdentity"], "eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"},
        {"eventSource": "sqs.amazonaws.com", "eventName": "SendMessage"},
    ],
    ids=lambda changes: "-".join(map(str, changes.values()))[:40],
)
def test_record_of_another_account_is_no_evidence_against_its_caller(changes: dict[str, Any], home: Path) -> None:
    """Unmapped, harmful, undetermined, denied or ungranted calls, and records that can't count, name the caller."""
    lpgen("ingest", home / "own.json", "--data", home / "data")
    before = review(home)
    (home / "theirs.json").write_text(json.dumps({"Records": [{**WRITE, **changes}]}), encoding="utf-8")
    lpgen("ingest", home / "theirs.json", "--data", home / "data")
    assert review(home) == before


def test_record_of_another_account_that_names_the_caller_by_its_arn_counts_by_its_id(home: Path) -> None:
    full = {**WRITE, "userIdentity": RECORD["userIdentity"]}
    (home / "theirs.json").write_text(json.dumps({"Records": [full]}), encoding="utf-8")
    lpgen("ingest", home / "own.json", home / "theirs.json", "--data", home / "data")
    assert verdict_on_write(home)["verdict"] == "used"


def test_record_of_another_account_with_the_caller_s_arn_and_another_id_counts_for_nobody(home: Path) -> None:
    lpgen("ingest", home / "own.json", "--data", home / "data")
    before = review(home)
    identity = json.loads(json.dumps(RECORD["userIdentity"]).replace("AROAAPP", "AROAOTHER"))
    (home / "theirs.json").write_text(json.dumps({"Records": [{**WRITE, "userIdentity": identity}]}), encoding="utf-8")
    lpgen("ingest", home / "theirs.json", "--data", home / "data")
    assert review(home) == before


@pytest.mark.parametrize(("name", "is_used"), [("PutObject", True), ("GetObject", False), ("PutObjectAcl", False)])
def test_role_that_only_another_log_shows_is_not_called_unused_if_the_use_is_harmless(
    name: str, is_used: bool, home: Path
) -> None:
    identity = json.loads(json.dumps(RECORD["userIdentity"]).replace("role/app", "role/other"))
    (home / "own.json").write_text(json.dumps({"Records": [{**RECORD, "userIdentity": identity}]}), encoding="utf-8")
    (home / "theirs.json").write_text(json.dumps({"Records": [{**WRITE, "eventName": name}]}), encoding="utf-8")
    lpgen("ingest", home / "own.json", "--data", home / "data")
    before = review(home)
    assert before["class"] == "unused"
    lpgen("ingest", home / "theirs.json", "--data", home / "data")
    assert (review(home)["class"] == "unseen") is is_used
    assert (review(home) == before) is not is_used


def test_decision_drops_a_call_that_only_another_log_shows(home: Path) -> None:
    lpgen("ingest", home / "own.json", home / "theirs.json", "--data", home / "data")
    assert verdict_on_write(home)["verdict"] == "used"
    drop = [{"do": "drop", "principal": ROLE, "action": "s3:PutObject", "reason": "no", "owner": "me"}]
    (home / "decisions.json").write_text(json.dumps({"decision": drop}), encoding="utf-8")
    given = ["--data", home / "data", "--policies", home / "policies.json", "--decisions", home / "decisions.json"]
    (principal,) = json.loads(run("review", *map(str, given), "--format", "json").stdout)["principals"]
    assert "s3:PutObject" not in [one["action"] for one in principal["replacement"]["lines"]]
