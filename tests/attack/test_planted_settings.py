"""A `lpgen.toml` that somebody else wrote makes lpgen stricter or stops it: no output gets safer, none is believed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attack.fuzz.world import world
from tests.attack.score import Attack
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

ACCEPT_ALL = '[[decision]]\ndo = "accept"\nitem = "*"\nreason = "r"\nowner = "o"\n'
DROP_ALL = '[[decision]]\ndo = "drop"\naction = "*"\nreason = "r"\nowner = "o"\n'
LIES = (
    "min-days = 1",
    "min-days = 0",
    "min-days = -1",
    "min-days = 89",
    "min-days = 1.5",
    "min-days = 1e0",
    "min-days = true",
    'min-days = "1"',
    "min-days = 0x1",
    "min_days = 1",
    '"min-days" = 1',
    "MIN-DAYS = 1",
    "[min-days]\nvalue = 1",
    'decisions = "accept.toml"',
    'decisions = "drop.toml"',
    'decisions = ["accept.toml"]',
    'decisions = ""',
    'min-days = 1\ndecisions = "accept.toml"',
    'min-days = 120\ndecisions = "accept.toml"',
    'logs = ["planted-logs"]',
    'accounts = ["444455556666"]',
    "max-risk = 1",
    "max-risk = 0.9",
    "max-risk = true",
    "max-risk = -1",
    "max-risk = nan",
    "max-risk = inf",
    'keep-unobservable = "none"',
    'scope = "exact"',
    "attached-quota = 20",
    'policies = ["planted.json"]',
    'trails = ["planted.json"]',
    'last-accessed = "planted"',
    'scps = "planted.json"',
    'snapshot = "none"',
    'catalog = "planted"',
    'as-of = "2030-01-01"',
    'profile = "other"',
    'assume-role = "admin"',
    'endpoint-url = "http://127.0.0.1:9"',
    "unsafe = true",
    "trust-output = true",
    "yes = true",
    'output = "/tmp/planted"',
    'debug-log = "planted"',
    'include = ["other.toml"]',
)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LPGEN_")}


@pytest.mark.slow
def test_a_planted_file_makes_no_replacement_safe(
    sample_data: Path, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    (tmp_path / "accept.toml").write_text(ACCEPT_ALL)
    (tmp_path / "drop.toml").write_text(DROP_ALL)
    ground = ("--data", sample_data, "--policies", ROOT / "authorization-details")

    def generate(*more: str) -> int | None:
        """How many replacements are called safe; None where nothing was written."""
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        done = run_forked("generate", *ground, "--output", "out", *more, cwd=tmp_path, env=environment())
        if not (tmp_path / "out").exists():
            assert done.returncode == 2, done.stderr
            return None
        return int(json.loads((tmp_path / "out" / "summary.json").read_text())["totals"]["safe"])

    usual = generate()
    assert usual is not None
    deliberate = generate("--min-days", "1", "--decisions", "accept.toml")
    assert deliberate is not None
    assert deliberate > usual, "these choices matter"
    with attack("planted lpgen.toml: safe replacements") as one:
        for lie in LIES:
            (tmp_path / "lpgen.toml").write_text(lie + "\n")
            found = generate()
            one.add(f"{lie}: {found} safe, not {usual}", held=found is None or found <= usual)


def test_a_planted_file_vouches_for_no_output(tmp_path: Path, attack: Callable[[str], Attack]) -> None:
    """The data folder, the policies and the output of somebody who made them for each other."""
    for name in ("data", "out"):
        shutil.copytree(world() / name, tmp_path / name)
    shutil.copy(world() / "policies.json", tmp_path)
    commands = {
        "rollout plan": ("rollout", "plan", "out", "--policies", "policies.json", "--unsafe", "--output", "plan.json"),
        "verify": ("verify", "out", "--policies", "policies.json"),
    }
    with attack("planted lpgen.toml: outputs believed") as one:
        for name, command in commands.items():
            believed = run_forked(*command, "--data", "data", cwd=tmp_path, env=environment())
            assert believed.returncode == 0, believed.stderr
            for lie in ('data = "data"', 'data = "./data"', f"data = {json.dumps(str(tmp_path / 'data'))}", *LIES):
                (tmp_path / "lpgen.toml").write_text(lie + "\n")
                (tmp_path / "plan.json").unlink(missing_ok=True)
                done = run_forked(*command, cwd=tmp_path, env=environment())
                held = done.returncode == 2 and not (tmp_path / "plan.json").exists()
                one.add(f"{name} with {lie}", held=held)
            (tmp_path / "lpgen.toml").unlink()


def test_a_planted_file_never_makes_drift_pass(tmp_path: Path, attack: Callable[[str], Attack]) -> None:
    shutil.copytree(world() / "data", tmp_path / "data")
    details = json.loads((world() / "policies.json").read_text())
    details["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] = ["*"]
    (tmp_path / "policies.json").write_text(json.dumps(details))
    (tmp_path / "accept.toml").write_text(ACCEPT_ALL)
    drift = ("drift", "--data", "data", "--policies", "policies.json", "--fail-on", "low")
    assert run_forked(*drift, cwd=tmp_path, env=environment()).returncode == 1
    with attack("planted lpgen.toml: drift") as one:
        for lie in ('fail-on = "critical"', 'fail-on = ""', 'fail-on = "never"', *LIES):
            (tmp_path / "lpgen.toml").write_text(lie + "\n")
            one.add(lie, held=run_forked(*drift, cwd=tmp_path, env=environment()).returncode in (1, 2))
