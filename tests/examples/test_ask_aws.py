"""The example that has AWS's policy simulator judge replacements, against a stand-in for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.logs.log_files import bundled_sample_logs
from tests.cli.test_main import run
from tests.support.documents import ROOT
from tests.support.ingests import ingest
from tests.support.policy_simulator import PolicySimulator, policy_simulator

pytestmark = pytest.mark.slow


PROGRAM = ROOT / "examples" / "ask_aws.py"
ROLE = "111122223333-role-alert-router"


@pytest.fixture(scope="module")
def replacements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    ingest([bundled_sample_logs().logs], bundled_catalog(), data=home / "data")
    ground = ("--data", str(home / "data"), "--policies", str(bundled_sample_logs().policies))
    done = run("generate", *ground, "--scope", "exact", "--output", str(home / "out"))
    assert done.returncode == 0, done.stderr
    return home / "out"


@pytest.fixture
def output(replacements: Path, tmp_path: Path) -> Path:
    """A folder that holds one of the replacements, to be spoilt."""
    shutil.copytree(replacements / ROLE, tmp_path / ROLE)
    return tmp_path


@pytest.fixture
def simulator() -> Iterator[PolicySimulator]:
    with policy_simulator() as found:
        yield found


def ask(simulator: PolicySimulator, folder: Path) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
    return subprocess.run(
        [sys.executable, PROGRAM, folder],
        env={**os.environ, **keys, "AWS_ENDPOINT_URL": simulator.url},
        capture_output=True,
        text=True,
        check=False,
    )


def change_document(folder: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Changes the statements of the written document, and nothing of the evidence."""
    path = folder / ROLE / "policy-1.json"
    document = json.loads(path.read_bytes())
    change(document["Statement"])
    path.write_text(json.dumps(document), encoding="utf-8")


def spoil(folder: Path, action: str, instead: list[str]) -> None:
    """Puts other actions in the place of one."""

    def change(statements: list[dict[str, Any]]) -> None:
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if action in actions:
                statement["Action"] = [name for name in actions if name != action] + instead

    change_document(folder, change)


def used_action(folder: Path) -> str:
    lines = json.loads((folder / ROLE / "evidence.json").read_bytes())["lines"]
    return next(str(line["action"]) for line in lines if any(one["records"] for one in line["evidence"]))


def test_the_sample_replacements_allow_their_uses_and_nothing_dangerous(
    simulator: PolicySimulator, replacements: Path
) -> None:
    done = ask(simulator, replacements)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    told = re.findall(
        r"^(\S+): AWS allows (\d+) of (\d+) uses, and refuses (\d+) of (\d+) dangerous", done.stdout, re.M
    )
    assert {folder for folder, *_ in told} == {path.parent.name for path in replacements.rglob("evidence.json")}
    assert all(refused == asked for *_, refused, asked in told)
    hanging = len(re.findall("^  depends on conditions", done.stdout, re.M))
    assert sum(int(uses) - int(allowed) for _, allowed, uses, _, _ in told) == hanging
    assert sum(int(uses) for _, _, uses, _, _ in told) > 90
    assert len(simulator.requests) > len(told)  # more than a page of answers for some


def test_a_use_that_the_documents_lost_is_named(simulator: PolicySimulator, output: Path) -> None:
    spoil(output, used_action(output), ["sqs:ListQueues"])
    done = ask(simulator, output)
    assert done.returncode == 1
    assert f"REFUSED (implicitDeny): '{used_action(output)}' on " in done.stdout


def test_a_dangerous_action_that_no_line_names_is_named(simulator: PolicySimulator, output: Path) -> None:
    change_document(
        output, lambda statements: statements.append({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    )
    done = ask(simulator, output)
    assert done.returncode == 1
    assert "ALLOWED, but not named: 'iam:PassRole'" in done.stdout


def test_use_that_depends_on_a_condition_is_listed_and_is_not_refused(simulator: PolicySimulator, output: Path) -> None:
    condition = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    change_document(output, lambda statements: [each.update(Condition=condition) for each in statements])
    done = ask(simulator, output)
    assert done.returncode == 0
    assert f"depends on conditions: '{used_action(output)}' on " in done.stdout


def test_a_deny_under_a_condition_is_told_and_one_without_is_a_refusal(
    simulator: PolicySimulator, output: Path
) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    change_document(output, lambda statements: statements.append(deny))
    done = ask(simulator, output)
    assert (done.returncode, "REFUSED (explicitDeny)" in done.stdout) == (1, True)
    condition = {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}
    change_document(output, lambda statements: statements[-1].update(Condition=condition))
    done = ask(simulator, output)
    assert (done.returncode, "depends on conditions" in done.stdout) == (0, True)


def test_what_a_record_does_not_show_is_not_asked_about(simulator: PolicySimulator, output: Path) -> None:
    path = output / ROLE / "evidence.json"
    evidence = json.loads(path.read_bytes())
    line = next(each for each in evidence["lines"] if "*" not in each.get("resources", ["*"]))
    for each in line["evidence"]:
        each["example_resource"] = "*"
    path.write_text(json.dumps(evidence), encoding="utf-8")
    done = ask(simulator, output)
    assert (done.returncode, "REFUSED" in done.stdout) == (0, False), done.stdout


def test_a_throttled_request_is_asked_again(simulator: PolicySimulator, output: Path) -> None:
    simulator.refusals = [(400, "Throttling"), (503, "ServiceUnavailable")]
    done = ask(simulator, output)
    assert done.returncode == 0, done.stderr


def test_where_aws_cant_be_asked_it_says_why(simulator: PolicySimulator, output: Path, tmp_path: Path) -> None:
    simulator.refusals = [(403, "AccessDenied")]
    done = ask(simulator, output)
    assert done.returncode == 2
    assert "can't ask AWS" in done.stderr
    assert "AccessDenied" in done.stderr
    (tmp_path / "empty").mkdir()
    done = ask(simulator, tmp_path / "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no replacement" in done.stderr


def test_a_reader_that_goes_ends_it_quietly(simulator: PolicySimulator, replacements: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, PROGRAM, replacements],
        env={**os.environ, **keys, "AWS_ENDPOINT_URL": simulator.url},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, "")


def test_what_keeps_it_from_asking_is_no_refusal(
    simulator: PolicySimulator, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (output / ROLE / "policy-1.json").rename(output / ROLE / "elsewhere.json")
    done = ask(simulator, output)
    assert (done.returncode, "isn't as `lpgen generate` writes it" in done.stderr) == (2, True)
    monkeypatch.setenv("AWS_PROFILE", "misspelled")
    done = ask(simulator, output)
    assert done.returncode == 2
    assert done.stderr == "can't ask AWS: The config profile (misspelled) could not be found\n"


def test_help_is_no_folder(simulator: PolicySimulator) -> None:
    done = ask(simulator, Path("--help"))
    assert (done.returncode, "python examples/ask_aws.py lpgen-out" in done.stderr) == (2, True)
