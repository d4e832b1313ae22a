"""A call that only another account's log holds, from the log files to every command that speaks of use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import DETAILS, RECORD, run

OWNER = "444455556666"
ROLE = "arn:aws:iam::111122223333:role/app"
READ: dict[str, Any] = {
    **RECORD,
    "eventName": "GetObject",
    "eventID": "there",
    "eventCategory": "Data",
    "recipientAccountId": OWNER,
    "requestParameters": {"bucketName": "data", "key": "2026/09/x"},
    "userIdentity": {"type": "AWSAccount", "principalId": "AROAAPP:session", "accountId": "111122223333"},
}


def own_read(**changes: Any) -> dict[str, Any]:
    """A data event in the caller's own log."""
    return {**READ, "userIdentity": RECORD["userIdentity"], "recipientAccountId": "111122223333", **changes}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Logs of both accounts: the caller's own one holds data events, but not those of the other's bucket."""
    identity = json.loads(json.dumps(RECORD["userIdentity"]).replace("role/app", "role/other"))
    other = own_read(eventID="own", requestParameters={"bucketName": "own", "key": "a/b/c"}, userIdentity=identity)
    (tmp_path / "own.json").write_text(json.dumps({"Records": [RECORD, other]}), encoding="utf-8")
    (tmp_path / "theirs.json").write_text(json.dumps({"Records": [READ]}), encoding="utf-8")
    (tmp_path / "policies.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    return tmp_path


def lpgen(*arguments: object) -> str:
    done = run(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def read_verdict(home: Path) -> dict[str, Any]:
    given = ["--data", home / "data", "--policies", home / "policies.json"]
    (principal,) = json.loads(run("review", *map(str, given), "--format", "json").stdout)["principals"]
    (found,) = (one for one in principal["verdicts"] if one["action"] == "s3:GetObject")
    return dict(found)


def test_call_that_only_the_owner_s_log_holds_is_use_by_the_caller(home: Path) -> None:
    lpgen("ingest", home / "own.json", "--data", home / "data")
    assert read_verdict(home)["verdict"] == "unobservable"
    said = lpgen("ingest", home / "theirs.json", "--data", home / "data")
    assert "calls from another account, which count for callers whose policies are reviewed" in said
    found = read_verdict(home)
    assert (found["verdict"], found["evidence"]["example_event_id"]) == ("used", "there")
    given = ["--data", home / "data", "--policies", home / "policies.json"]
    lpgen("generate", *given, "--output", home / "out")
    (written,) = (home / "out").rglob("policy*.json")
    assert "arn:aws:s3:::data/*" in written.read_text("utf-8"), "the principal is the only one known to use the bucket"
    lpgen("verify", home / "out", *given)
    explained = lpgen("explain", ROLE, "s3:GetObject", "arn:aws:s3:::data/2026/09/x", *given)
    assert "example there" in explained


def test_call_of_a_session_whose_record_lacks_the_issuer_is_use_by_the_role_of_its_id(home: Path) -> None:
    bare = json.loads(json.dumps(RECORD["userIdentity"]))
    del bare["sessionContext"]
    (home / "own.json").write_text(json.dumps({"Records": [RECORD, own_read(userIdentity=bare)]}), encoding="utf-8")
    lpgen("ingest", home / "own.json", "--data", home / "data")
    found = read_verdict(home)
    assert (found["verdict"], found["evidence"]["example_event_id"]) == ("used", "there")


def test_call_that_both_logs_hold_counts_once(home: Path) -> None:
    (home / "own.json").write_text(json.dumps({"Records": [RECORD, own_read()]}), encoding="utf-8")
    lpgen("ingest", home / "own.json", home / "theirs.json", "--data", home / "data")
    assert read_verdict(home)["evidence"]["records"] == 1


def test_call_that_nobody_can_map_makes_its_caller_incomplete(home: Path) -> None:
    strange = {**READ, "eventName": "JuggleObject"}
    (home / "theirs.json").write_text(json.dumps({"Records": [strange]}), encoding="utf-8")
    lpgen("ingest", home / "own.json", home / "theirs.json", "--data", home / "data")
    given = ["--data", home / "data", "--policies", home / "policies.json"]
    (principal,) = json.loads(run("review", *map(str, given), "--format", "json").stdout)["principals"]
    assert "unmapped s3.amazonaws.com JuggleObject" in [one["item"] for one in principal["not_safe_because"]]
