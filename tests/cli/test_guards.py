"""`--scps`, `--boundary` and `--resource-policies` as a user gives them to review, generate and verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import ground, run
from tests.cli.test_main import home as home  # the fixtures
from tests.cli.test_main import ingested as ingested

ROLE = "arn:aws:iam::111122223333:role/app"
BUCKET = "arn:aws:s3:::data"


def document(actions: str, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*", **more}]}


def put(path: Path, value: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def reviewed(home: Path, *options: str) -> dict[str, Any]:
    done = run("review", *ground(home), "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_review_reports_use_that_a_level_of_scps_does_not_allow(home: Path) -> None:
    scps = put(home / "scps.json", {"111122223333": [[document("*")], [document("sqs:*")]]})
    text = json.dumps(reviewed(home, "--scps", scps))
    assert "outside level 2 of the SCPs" in text
    assert "outside level" not in json.dumps(reviewed(home))
    other = put(home / "other.json", {"444455556666": [[document("sqs:*")]]})
    assert "outside level" not in json.dumps(reviewed(home, "--scps", other))


def test_review_takes_a_boundary_for_every_principal(home: Path) -> None:
    boundary = put(home / "limit.json", document("sqs:*"))
    assert "outside the permissions boundary" in json.dumps(reviewed(home, "--boundary", boundary))


def test_review_explains_use_by_a_resource_policy(home: Path) -> None:
    boundary = put(home / "limit.json", document("sqs:*"))
    put(home / "resources" / "bucket.json", {"resource": BUCKET, "policy": document("s3:*", Principal="*")})
    both = reviewed(home, "--boundary", boundary, "--resource-policies", str(home / "resources"))
    assert f"the policy of {BUCKET} allows it" in json.dumps(both)


def test_generate_and_verify_take_guards_alike(home: Path) -> None:
    scps = ["--scps", put(home / "scps.json", [[document("*")]])]
    out = str(home / "out")
    assert run("generate", *ground(home), "--output", out, *scps).returncode == 0
    assert run("verify", out, *ground(home), *scps).returncode == 0
    (written,) = (home / "out").glob("*/policy-1.json")
    lost = {"Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}], "Version": "2012-10-17"}
    written.write_text(json.dumps(lost), encoding="utf-8")
    done = run("verify", out, *ground(home), *scps)
    assert done.returncode == 1
    assert "replay" in done.stdout
    # SCPs that never allowed the use can't be those that applied, and leave nothing to compare.
    none = ["--scps", put(home / "none.json", [[document("sqs:*")]])]
    done = run("verify", out, *ground(home), *none)
    assert done.returncode == 1
    assert "nothing was compared: the given policies deny all recorded use" in " ".join(done.stdout.split())


@pytest.mark.parametrize("option", ["--scps", "--boundary", "--resource-policies"])
@pytest.mark.parametrize("command", ["review", "generate", "verify"])
def test_guards_that_cannot_be_read_stop_the_command_with_3(home: Path, command: str, option: str) -> None:
    more = {"review": [], "generate": ["--output", str(home / "out")], "verify": [str(home / "out")]}[command]
    (home / "bad").mkdir(exist_ok=True)
    (home / "bad" / "\x1b[2J.json").write_text('{"\x1b[2J": ', encoding="utf-8")
    given = home / "bad" if option == "--resource-policies" else home / "bad" / "\x1b[2J.json"
    done = run(command, *more, *ground(home), option, str(given))
    assert (done.returncode, done.stdout) == (3, "")
    assert "is not valid JSON" in done.stderr
    assert "correct the file" in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "out").exists()
