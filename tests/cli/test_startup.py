"""What commands import: who asks for help, or needs no AWS, no HTML and no data frames, doesn't wait for them.

Nor does one command wait for what another does. Pydantic can't be held off: typer reads arguments with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lpgen.edge.logs.log_files import bundled_sample_logs
from tests.support.forked_lpgen import run_forked

HEAVY = ("boto3", "botocore", "jinja2", "pandas")
FOR_TABLES = ("numpy", "pyarrow")
FOR_TYPES = ("lpgen.core.model", "lpgen.core.options")
NOT_FOR_DECISIONS = (
    "lpgen.core.analysis",
    "lpgen.core.drift",
    "lpgen.core.cloudtrail",
    "lpgen.core.rollout",
    "lpgen.core.usage",
    "lpgen.app.drift",
    "lpgen.app.output",
    "lpgen.report",
)
NOT_FOR_INGEST = (
    "lpgen.core.analysis",
    "lpgen.core.athena.days",
    "lpgen.core.drift",
    "lpgen.core.findings",
    "lpgen.core.guards",
    "lpgen.core.options",
    "lpgen.core.required_permissions",
    "lpgen.core.iam.authorize",
    "lpgen.core.iam.policy",
    "lpgen.core.replacements",
    "lpgen.core.rollout",
    "lpgen.edge.athena.reading",
    "lpgen.edge.ingest.event_history",
    "lpgen.edge.readers.iam_snapshot",
    "lpgen.app.drift",
    "lpgen.app.output",
    "lpgen.app.review",
    "lpgen.report.views",
)
FOR_RECORDS = ("lpgen.core.cloudtrail.rules.tables", "multiprocessing")

# Commands run one after the other in one process, which is stricter: what one of them imports stays.
_SCRIPT = """
import contextlib, io, json, sys
from typer.main import get_command
from lpgen.cli.main import app

def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        yield [*path, name, "--help"]

asked = json.loads(sys.argv[1]) or [["--help"], *commands(get_command(app))]
for arguments in asked:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            app(arguments)
        except SystemExit as leaving:
            assert leaving.code in (0, None, 1), (arguments, leaving.code)
print(json.dumps([len(asked), sorted(name for name in json.loads(sys.argv[2]) if name in sys.modules)]))
"""


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": ":".join(sys.path)}


def few_logs() -> str:
    """The sample logs of one account: what is imported doesn't hang on how many there are."""
    return str(bundled_sample_logs().logs / "444455556666")


def imports_of(commands: list[list[str]], watched: tuple[str, ...]) -> tuple[int, list[str]]:
    """How many commands ran, and which of the watched modules they imported; no commands means the help of each."""
    arguments = [sys.executable, "-c", _SCRIPT, json.dumps(commands), json.dumps(watched)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=_environment())
    assert done.returncode == 0, done.stderr
    count, found = json.loads(done.stdout)
    return count, found


def test_help_of_every_command_imports_nothing_heavy() -> None:
    count, found = imports_of([], HEAVY + FOR_TABLES + FOR_TYPES)
    assert count > 15
    assert found == []


@pytest.mark.parametrize("policies", ["444455556666.json", pytest.param("", marks=pytest.mark.slow, id="all")])
def test_main_commands_import_neither_aws_nor_html_nor_pandas(policies: str, tmp_path: Path) -> None:
    data, output = str(tmp_path / "data"), str(tmp_path / "out")
    samples = bundled_sample_logs()
    record = next(samples.logs.rglob("*.json.gz"))
    ground = ["--data", data, "--policies", str(samples.policies / policies)]
    commands = [
        ["ingest", few_logs(), "--data", data, "--workers", "1"],
        ["map", str(record)],
        ["review", *ground],
        ["review", *ground, "--format", "json"],
        ["review", *ground, "--format", "markdown"],
        ["generate", *ground, "--output", output],
        ["verify", output, *ground],
    ]
    assert imports_of(commands, HEAVY) == (len(commands), [])


def test_ingest_imports_no_other_stage(tmp_path: Path) -> None:
    command = ["ingest", few_logs(), "--data", str(tmp_path / "data"), "--workers", "1"]
    assert imports_of([command], HEAVY + NOT_FOR_INGEST) == (1, [])


def test_ingest_of_nothing_new_imports_no_rules_and_no_workers(tmp_path: Path) -> None:
    record = min(Path(few_logs()).rglob("*.json.gz"))  # the order of a folder is the file system's
    command = ["ingest", str(record), "--data", str(tmp_path / "data"), "--workers", "1"]
    assert imports_of([command], FOR_RECORDS) == (1, sorted(FOR_RECORDS))
    assert imports_of([command], FOR_RECORDS) == (1, [])


@pytest.mark.parametrize("policies", ["444455556666.json", pytest.param("", marks=pytest.mark.slow, id="all")])
def test_review_without_trail_settings_imports_no_rules(policies: str, tmp_path: Path) -> None:
    data, samples = str(tmp_path / "data"), bundled_sample_logs()
    run_forked("ingest", few_logs(), "--data", data, "--workers", "1").check_returncode()
    review = ["review", "--data", data, "--policies", str(samples.policies / policies)]
    assert imports_of([review], FOR_RECORDS) == (1, [])


def test_authorize_imports_only_the_decision(tmp_path: Path) -> None:
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    request = {
        "principal": "arn:aws:iam::111122223333:role/reader",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::a-bucket/a-key",
        "identityPolicies": [allow],
    }
    (tmp_path / "requests.jsonl").write_text(json.dumps(request))
    command = ["authorize", str(tmp_path / "requests.jsonl")]
    assert imports_of([command], HEAVY + FOR_TABLES + NOT_FOR_DECISIONS) == (1, [])


def test_stages_alone_import_neither_pydantic_nor_typer() -> None:
    stages = "lpgen.app.backtest, lpgen.app.ingest, lpgen.app.output"
    script = f"import sys, {stages}; print([name for name in ('pydantic', 'typer') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=_environment()
    )
    assert done.stdout == "[]\n"


def test_import_of_lpgen_imports_nothing_heavy_and_a_first_use_no_command_line() -> None:
    script = (
        "import sys, lpgen; light = sorted(one for one in sys.modules if one.startswith('lpgen')); lpgen.review;"
        "heavy = ('boto3', 'dask', 'jinja2', 'pandas', 'pydantic', 'typer');"
        "print(light, [one for one in heavy if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=_environment()
    )
    assert done.stdout == "['lpgen', 'lpgen.errors', 'lpgen.version'] []\n"


WATCHED = sorted({*HEAVY, *FOR_TABLES, *FOR_TYPES, *NOT_FOR_DECISIONS, *NOT_FOR_INGEST, *FOR_RECORDS})


def test_imports_of_a_command_would_be_noticed() -> None:
    script = _SCRIPT.replace("for arguments in asked:", f"import {', '.join(WATCHED)}\nfor arguments in asked:")
    arguments = [sys.executable, "-c", script, '[["--help"]]', json.dumps(WATCHED)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=_environment())
    assert json.loads(done.stdout) == [1, WATCHED]
