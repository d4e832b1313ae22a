"""The examples of a weekly run: the script is run, the workflow and the units are linted."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.cli.test_main import run
from tests.support.aws_servers import moto_server
from tests.support.documents import ROOT
from tests.support.log_samples import log_bytes, record_json
from tests.support.rollout_worlds import ACCOUNT, New, World, allow, document

pytestmark = pytest.mark.slow


EXAMPLES = ROOT / "examples"
WORKFLOW = EXAMPLES / "github-drift.yml"
SAMPLE = ROOT / "sample_logs"


@pytest.fixture
def lpgen(tmp_path: Path) -> Path:
    """A command `lpgen` for the script, of this checkout."""
    command = tmp_path / "lpgen"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lpgen "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return command


def weekly(lpgen: Path, home: Path, *, today: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EXAMPLES / "weekly.sh", home / "data", home / "reports", SAMPLE / "AWSLogs"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "LPGEN": str(lpgen), "TODAY": today, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_weekly_script_saves_compares_and_fails_on_drift(lpgen: Path, tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    shutil.copytree(SAMPLE / "authorization-details", policies)
    first = weekly(lpgen, tmp_path, today="2026-09-30", POLICIES=str(policies))
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert not list((tmp_path / "reports").iterdir())

    file = policies / "111122223333.json"
    details = json.loads(file.read_bytes())
    statement = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    policy = {"PolicyName": "more", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    details["RoleDetailList"][0].setdefault("RolePolicyList", []).append(policy)
    file.write_text(json.dumps(details), encoding="utf-8")
    second = weekly(lpgen, tmp_path, today="2026-10-01", POLICIES=str(policies))
    assert second.returncode == 1, second.stderr
    assert "policy-changed" in second.stdout
    reports = tmp_path / "reports"
    assert {path.name for path in reports.iterdir()} == {
        *("drift.txt", "drift.md", "drift.json", "drift.sarif", "drift.html")
    }
    assert json.loads((reports / "drift.json").read_bytes())["schema"] == "lpgen.drift/1"
    assert {path.name for path in (tmp_path / "data" / "baselines").iterdir()} == {"2026-09-30", "2026-10-01"}

    again = weekly(lpgen, tmp_path, today="2026-10-01", POLICIES=str(policies))
    assert again.returncode == 0, again.stderr


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An account with a role whose replacement is in place, by `plan.json`."""
    with moto_server() as running:
        world = World(running, tmp_path)
        arn = world.make_role("app", inline={"own": document(allow("s3:*"))})
        world.plan_of({arn: (New(document(allow("s3:GetObject"))),)})
        world.apply()
        yield world


def test_the_weekly_script_watches_rollouts(lpgen: Path, world: World) -> None:
    policies = str(world.write_policies())
    settings = {"POLICIES": policies, "PLANS": str(world.plan)}
    # The logs of the sample end before the rollout: nothing is denied since, and the report says why.
    done = weekly(lpgen, world.home, today="2026-09-30", **settings)
    assert done.returncode == 0, done.stderr
    assert "the logs end earlier" in (world.home / "reports" / "watch-plan.txt").read_text("utf-8")
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    identity = record_json()["userIdentity"]
    principal = world.read(f"arn:aws:iam::{ACCOUNT}:role/app").principal
    issuer = {
        **identity["sessionContext"]["sessionIssuer"],
        "arn": principal.arn,
        "principalId": principal.principal_id,
    }
    denied = record_json(
        eventTime=later,
        errorCode="AccessDenied",
        recipientAccountId=ACCOUNT,
        userIdentity={**identity, "accountId": ACCOUNT, "sessionContext": {"sessionIssuer": issuer}},
        eventName="PutObject",
    )
    (world.home / "new.json.gz").write_bytes(log_bytes([denied]))
    run("ingest", str(world.home / "new.json.gz"), "--data", str(world.home / "data"))
    done = weekly(lpgen, world.home, today="2026-09-30", FAIL_ON="critical", **settings)
    assert done.returncode == 1, done.stderr
    assert "restore:" in done.stdout


def test_a_plan_that_cannot_be_watched_keeps_nothing_else_from_its_turn(lpgen: Path, world: World) -> None:
    """Two plans may have one name in two folders, and one of them may have been undone."""
    undone = world.home / "elsewhere" / world.plan.name
    undone.parent.mkdir()
    shutil.copy(world.plan, undone)
    plans = f"{undone} {world.plan}"
    done = weekly(lpgen, world.home, today="2026-09-30", POLICIES=str(world.write_policies()), PLANS=plans)
    assert done.returncode == 2
    assert "no principal of this plan is applied" in done.stderr
    assert "the logs end earlier" in (world.home / "reports" / f"also-watch-{world.plan.stem}.txt").read_text("utf-8")
    assert run("baseline", "list", "--data", str(world.home / "data"), "--format", "names").stdout == "2026-09-30\n"


def test_the_weekly_script_breaks_off_where_something_cannot_be_read(lpgen: Path, tmp_path: Path) -> None:
    done = weekly(lpgen, tmp_path, today="2026-09-30", POLICIES=str(tmp_path / "none"))
    assert done.returncode == 3
    assert str(tmp_path / "none") in done.stderr


def test_the_workflow_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_has_least_privilege_and_pinned_actions() -> None:
    loaded = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert loaded["permissions"] == {}
    (job,) = loaded["jobs"].values()
    assert job["permissions"] == {
        "contents": "read",
        "id-token": "write",
        "security-events": "write",
        "pull-requests": "write",
    }
    text = WORKFLOW.read_text(encoding="utf-8")
    for action, version in re.findall(r"uses: (\S+)@(\S+)", text):
        pinned = re.fullmatch(r"[0-9a-f]{40}", version)
        line = next(splitline for splitline in text.splitlines() if f"{action}@{version}" in splitline)
        assert "# v" in line if pinned else "pin it" in line
    for step in job["steps"]:  # what others write reaches scripts by the environment alone
        assert "${{" not in step.get("run", "")


def test_the_units_run_the_script_and_are_hardened() -> None:
    service, timer = (_unit(f"lpgen-drift.{kind}") for kind in ("service", "timer"))
    command = service["Service"]["ExecStart"].split()
    assert command[0] == "/opt/lpgen/examples/weekly.sh"
    assert command[1].startswith(f"/var/lib/{service['Service']['StateDirectory']}/")
    for setting, value in {"DynamicUser": "yes", "ProtectSystem": "strict", "NoNewPrivileges": "yes"}.items():
        assert service["Service"][setting] == value
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):  # then the checks above are all there is
        return
    for kind in ("service", "timer"):
        text = (EXAMPLES / "systemd" / f"lpgen-drift.{kind}").read_text(encoding="utf-8")
        (tmp_path / f"lpgen-drift.{kind}").write_text(
            text.replace("/opt/lpgen/examples/weekly.sh", "/bin/true"), "utf-8"
        )
    command = ["systemd-analyze", "verify", str(tmp_path / "lpgen-drift.service"), str(tmp_path / "lpgen-drift.timer")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "lpgen-drift" in done.stderr) == (0, False), done.stderr


def _unit(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((EXAMPLES / "systemd" / name).read_text(encoding="utf-8"))
    return unit


def test_the_crontab_runs_the_script_once_a_week() -> None:
    (line,) = (
        splitline
        for splitline in (EXAMPLES / "crontab").read_text(encoding="utf-8").splitlines()
        if splitline and not splitline.startswith("#") and "=" not in splitline.split()[0]
    )
    minute, hour, day, month, weekday, command = line.split(maxsplit=5)
    assert (int(minute) < 60, int(hour) < 24, day, month, weekday) == (True, True, "*", "*", "1")
    assert command.startswith("/opt/lpgen/examples/weekly.sh ")
