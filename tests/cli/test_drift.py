"""`lpgen baseline` and `lpgen drift` as a user runs them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from sarif_pydantic import Sarif

from tests.cli.test_main import DETAILS, RECORD, run
from tests.support.screens import commands_of_screen
from tests.support.terminals import in_pipe, on_terminal

ROLE = "arn:aws:iam::111122223333:role/app"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one record and one baseline."""
    home = tmp_path_factory.mktemp("drift")
    (home / "logs.json").write_text(json.dumps({"Records": [RECORD]}), encoding="utf-8")
    (home / "policies.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    data, policies = str(home / "data"), str(home / "policies.json")
    assert run("ingest", str(home / "logs.json"), "--data", data).returncode == 0
    done = run("baseline", "save", "first", "--data", data, "--policies", policies)
    assert (done.returncode, done.stdout) == (0, "")
    assert "baseline first: as of 2026-09-01, 1 principal" in done.stderr
    changed: dict[str, Any] = copy.deepcopy(DETAILS)
    changed["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"]["Statement"].append(
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    )
    (home / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    return home


def drift(base: Path, *more: str, policies: str = "changed.json") -> Any:
    return run("drift", "--data", str(base / "data"), "--policies", str(base / policies), *more)


def decisions(home: Path, **fields: str) -> str:
    path = home / "decisions.json"
    path.write_text(
        json.dumps([{"do": "accept", "item": "policy-changed *", "reason": "meant", "owner": "ops", **fields}]), "utf-8"
    )
    return str(path)


def test_nothing_drifts_from_the_same(base: Path) -> None:
    done = drift(base, "--fail-on", "info", policies="policies.json")
    assert done.returncode == 0
    assert "No drift found." in done.stdout


def test_drift_is_found_and_fails_only_as_severe_as_asked(base: Path) -> None:
    assert drift(base).returncode == 0
    done = drift(base, "--fail-on", "high")
    assert done.returncode == 1
    assert "policy-changed" in done.stdout
    found = json.loads(drift(base, "--format", "json").stdout)
    (finding,) = found["findings"]
    assert (finding["kind"], finding["severity"], finding["subject"]) == ("policy-changed", "critical", ROLE)
    assert found["summary"] == {"critical": 1, "high": 0, "medium": 0, "low": 0, "info": 0}


def test_a_decision_accepts_a_finding_by_its_item(base: Path, tmp_path: Path) -> None:
    item = json.loads(drift(base, "--format", "json").stdout)["findings"][0]["item"]
    accepted = ("--decisions", decisions(tmp_path, item=item, expires="2027-01-31"))
    assert "1 finding accepted by decision" in drift(base, *accepted).stdout
    done = drift(base, "--fail-on", "info", "--full", *accepted)
    assert done.returncode == 0
    assert "ops: meant, until 2027-01-31" in done.stdout


def test_an_expired_decision_is_shown_and_fails(base: Path, tmp_path: Path) -> None:
    expired = ("--decisions", decisions(tmp_path, expires="2026-08-31"))
    assert "1 decision expired" in drift(base, *expired).stdout
    done = drift(base, "--fail-on", "info", "--full", *expired)
    assert done.returncode == 1
    assert "has expired" in done.stdout
    assert "Expired decisions" in done.stdout


def test_reports_are_written_in_the_format_of_their_endings(base: Path, tmp_path: Path) -> None:
    names = ("drift.txt", "drift.md", "drift.json", "drift.sarif", "drift.html")
    also = [part for name in names for part in ("--also", str(tmp_path / name))]
    done = drift(base, *also, "--output", str(tmp_path / "out.txt"))
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "out.txt").read_bytes() == (tmp_path / "drift.txt").read_bytes()
    assert (tmp_path / "drift.md").read_text(encoding="utf-8").startswith("# lpgen drift")
    assert json.loads((tmp_path / "drift.json").read_bytes())["schema"] == "lpgen.drift/1"
    Sarif.model_validate_json((tmp_path / "drift.sarif").read_bytes())
    assert "<title>lpgen drift since " in (tmp_path / "drift.html").read_text(encoding="utf-8")


def test_text_is_one_screen_and_the_whole_on_demand(base: Path, tmp_path: Path) -> None:
    screen, whole = drift(base).stdout, drift(base, "--full").stdout
    assert "To see the rest" in screen
    assert "item: policy-changed" in whole
    assert "item: policy-changed" not in screen
    drift(base, "--output", str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == whole


def test_the_screen_says_a_command_that_shows_the_whole(base: Path, tmp_path: Path) -> None:
    expired = ("--as-of", "2026-09-03", "--decisions", decisions(tmp_path, expires="2026-08-31"), "--unused-days", "7")
    commands = commands_of_screen(drift(base, *expired).stdout)
    command = next(command for command in commands if command[1] == "drift")
    assert run(*command[1:]).stdout == drift(base, *expired, "--full", "--since", "first").stdout
    given = ["--policies", str(base / "changed.json"), "--as-of", "2026-09-03", "--decisions", expired[3]]
    assert command[2:4] == ["--data", str(base / "data")]
    assert sorted(command[4:-3]) == sorted([*given, "--unused-days", "7"])
    assert command[-3:] == ["--since", "first", "--full"]


def test_the_whole_goes_through_a_pager_on_a_terminal_only(base: Path) -> None:
    given = ["drift", "--data", str(base / "data"), "--policies", str(base / "changed.json")]
    paged = {"PAGER": "sed s/^/paged:/", "TERM": "xterm"}
    shown = on_terminal([*given, "--full"], cwd=base, variables=paged)[1]
    assert "paged:lpgen drift" in shown
    assert "item: policy-changed" in shown
    assert "paged:" not in on_terminal(given, cwd=base, variables=paged)[1]
    assert "paged:" not in in_pipe([*given, "--full"], cwd=base, variables=paged)[1]


def test_an_ending_that_says_no_format_is_refused_before_any_work(base: Path, tmp_path: Path) -> None:
    done = drift(base, "--also", str(tmp_path / "drift.doc"))
    assert done.returncode == 2
    assert "drift.doc" in done.stderr


def test_since_takes_a_name_or_a_day(base: Path) -> None:
    for since in ("first", "2026-09-01", "2026-12-31"):
        assert "since first" in drift(base, "--since", since).stdout
    for since in ("second", "2026-08-31"):
        done = drift(base, "--since", since)
        assert done.returncode == 2
        assert since in done.stderr


def test_what_generate_proposed_since_is_no_drift(base: Path, tmp_path: Path) -> None:
    ground = ("--data", str(base / "data"), "--policies", str(base / "policies.json"))
    assert run("generate", *ground, "--output", str(tmp_path / "out"), "--keep-unobservable", "none").returncode == 0
    (folder,) = (tmp_path / "out").glob("*-role-app")
    documents = [json.loads(path.read_bytes()) for path in sorted(folder.glob("policy-*.json"))]
    applied: dict[str, Any] = copy.deepcopy(DETAILS)
    applied["RoleDetailList"][0]["RolePolicyList"] = [
        {"PolicyName": f"lpgen-{number}", "PolicyDocument": document} for number, document in enumerate(documents)
    ]
    (base / "applied.json").write_text(json.dumps(applied), encoding="utf-8")
    assert drift(base, "--fail-on", "low", policies="applied.json").returncode == 1
    done = drift(base, "--fail-on", "low", "--proposed", str(tmp_path / "out"), policies="applied.json")
    assert done.returncode == 0
    assert "1 replacement put in place as proposed" in done.stdout


def test_baselines_are_listed_and_shown(base: Path) -> None:
    data = ("--data", str(base / "data"))
    assert run("baseline", "list", *data, "--format", "names").stdout == "first\n"
    listed = json.loads(run("baseline", "list", *data, "--format", "json").stdout)
    assert [one["name"] for one in listed["baselines"]] == ["first"]
    assert "first" in run("baseline", "list", *data).stdout
    shown = run("baseline", "show", *data)
    assert shown.returncode == 0
    assert "1 file, 1 principal" in shown.stdout
    assert run("baseline", "show", "none", *data).returncode == 2


def test_a_baseline_is_never_written_over(base: Path) -> None:
    done = run("baseline", "save", "first", "--data", str(base / "data"), "--policies", str(base / "policies.json"))
    assert done.returncode == 3
    assert "never changes" in done.stderr


def test_an_empty_data_folder_lists_none(tmp_path: Path) -> None:
    assert run("baseline", "list", "--data", str(tmp_path), "--format", "names").stdout == ""
    assert "no baselines yet" in run("baseline", "list", "--data", str(tmp_path)).stdout
