"""Every output that decisions influence names their file, and how much they accept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.attack.fuzz.world import world
from tests.support.forked_lpgen import run_forked

ACCEPT_ALL = """
[[decision]]
do = "accept"
item = "*"
reason = "never mind"
owner = "somebody"

[[decision]]
do = "keep"
action = "s3:GetBucketTagging"
reason = "used in May"
owner = "somebody"
"""
GROUND = ("--data", "data", "--policies", "policies.json")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small organization with decisions, and what `generate` and `rollout plan` make of them."""
    folder = tmp_path_factory.mktemp("decided")
    shutil.copytree(world() / "data", folder / "data")
    shutil.copy(world() / "policies.json", folder)
    (folder / "d.toml").write_text(ACCEPT_ALL)
    return folder


def run(home: Path, *arguments: str) -> tuple[str, str]:
    done = run_forked(*arguments, cwd=home)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout, done.stderr


def accepted(home: Path) -> int:
    """How many reasons the decisions accept, by the review in JSON."""
    facts = json.loads(run(home, "review", *GROUND, "--decisions", "d.toml", "--format", "json")[0])
    counted = sum(len(fact["accepted"]) for fact in facts["principals"])
    assert facts["decisions"] == {
        "file": "d.toml",
        "keep": 1,
        "drop": 0,
        "accept": 1,
        "break_glass": 0,
        "accepted": counted,
    }
    assert counted > 1
    return counted


def test_reviews_name_the_decisions_and_how_much_they_accept(home: Path) -> None:
    said = f"d.toml: 1 keep, 1 accept ({accepted(home)} reasons accepted)."
    review = ("review", *GROUND, "--decisions", "d.toml")
    for more in ((), ("--full",)):
        assert f"Decisions in {said}" in run(home, *review, *more)[0]
    for form, words in (("markdown", said.replace("d.toml", "`d.toml`")), ("html", said.partition(": ")[2])):
        assert words in run(home, *review, "--format", form)[0]
    lines = run(home, *review, "--format", "jsonl")[0].splitlines()
    assert json.loads(lines[0])["decisions"]["accepted"] == accepted(home)
    (sarif,) = json.loads(run(home, *review, "--format", "sarif")[0])["runs"]
    assert sarif["properties"]["decisions"] == json.loads(lines[0])["decisions"]


def test_reviews_without_decisions_name_none(home: Path) -> None:
    assert "Decisions of" not in run(home, "review", *GROUND, "--full")[0]
    assert json.loads(run(home, "review", *GROUND, "--format", "json")[0])["decisions"] is None


def test_generate_verify_and_rollout_plan_name_the_decisions_and_how_much_they_accept(home: Path) -> None:
    decided = ("--decisions", "d.toml")
    said = f"decisions in d.toml: 1 keep, 1 accept ({accepted(home)} reasons accepted)"
    assert said in run(home, "generate", *GROUND, *decided, "--output", "out")[1]
    summary = json.loads((home / "out" / "summary.json").read_text())
    assert summary["decisions"]["accepted"] == accepted(home)
    (home / "elsewhere").mkdir()
    shutil.copy(home / "d.toml", home / "elsewhere")
    moved = ("--decisions", "elsewhere/d.toml")
    assert "the same when generated again" in run(home, "verify", "out", *GROUND, *moved)[0]
    assert run_forked("verify", "out", *GROUND, *moved, cwd=home).returncode == 0
    assert said in run(home, "rollout", "plan", "out", *GROUND, *decided, "--unsafe", "--output", "plan.json")[1]
    assert json.loads((home / "plan.json").read_text())["source"]["summary"]["decisions"] == summary["decisions"]


def test_drift_names_the_decisions_and_how_many_findings_they_accept(home: Path) -> None:
    details = json.loads((home / "policies.json").read_text())
    details["UserDetailList"] = []
    (home / "later.json").write_text(json.dumps(details))
    drift = ("drift", "--data", "data", "--policies", "later.json", "--decisions", "d.toml")
    facts = json.loads(run(home, *drift, "--format", "json")[0])
    found = len(facts["findings"])
    assert facts["decisions"] == {
        "file": "d.toml",
        "keep": 1,
        "drop": 0,
        "accept": 1,
        "break_glass": 0,
        "accepted": found,
    }
    assert found
    said = f"d.toml: 1 keep, 1 accept ({found} finding{'s' * (found > 1)} accepted)."
    for form in ("text", "markdown"):
        assert said in run(home, *drift, "--format", form)[0].replace("`", "")
    (sarif,) = json.loads(run(home, *drift, "--format", "sarif")[0])["runs"]
    assert sarif["properties"]["decisions"] == facts["decisions"]


def test_access_for_emergencies_has_no_share_in_safe_replacements(home: Path) -> None:
    def totals(*decided: str) -> tuple[int, int, list[str]]:
        facts = json.loads(run(home, "review", *GROUND, *decided, "--format", "json")[0])
        replaced = sorted(fact["principal"] for fact in facts["principals"] if fact["replacement"] is not None)
        return facts["totals"]["replacements"], facts["totals"]["principals"], replaced

    whole, principals, replaced = totals()
    (home / "glass.toml").write_text(f'break-glass = ["{replaced[0]}"]')
    assert totals("--decisions", "glass.toml") == (whole - 1, principals, replaced[1:])
