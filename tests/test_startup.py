"""What commands import: who asks for help, or needs no AWS, no HTML and no data frames, doesn't wait for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lpgen.edge.sample_logs import bundled_sample_logs

HEAVY = ("boto3", "botocore", "jinja2", "pandas")
FOR_TABLES = ("numpy", "pyarrow")

# Commands run one after the other in one process, which is stricter: what one of them imports stays.
_SCRIPT = """
import contextlib, io, json, sys
from typer.main import get_command
from lpgen.cli import app

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


def imports_of(commands: list[list[str]], watched: tuple[str, ...]) -> tuple[int, list[str]]:
    """How many commands ran, and which of the watched modules they imported; no commands means the help of each."""
    arguments = [sys.executable, "-c", _SCRIPT, json.dumps(commands), json.dumps(watched)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=_environment())
    assert done.returncode == 0, done.stderr
    count, found = json.loads(done.stdout)
    return count, found


def test_help_of_every_command_imports_nothing_heavy() -> None:
    count, found = imports_of([], HEAVY + FOR_TABLES)
    assert count > 15
    assert found == []


def test_main_commands_import_neither_aws_nor_html_nor_pandas(tmp_path: Path) -> None:
    data, output = str(tmp_path / "data"), str(tmp_path / "out")
    samples = bundled_sample_logs()
    record = next(samples.logs.rglob("*.json.gz"))
    ground = ["--data", data, "--policies", str(samples.policies)]
    commands = [
        ["ingest", str(samples.logs), "--data", data, "--workers", "1"],
        ["map", str(record)],
        ["review", *ground],
        ["review", *ground, "--format", "json"],
        ["review", *ground, "--format", "markdown"],
        ["generate", *ground, "--output", output],
        ["verify", output, *ground],
    ]
    assert imports_of(commands, HEAVY) == (len(commands), [])


@pytest.mark.parametrize("module", [*HEAVY, *FOR_TABLES])
def test_imports_of_a_command_would_be_noticed(module: str) -> None:
    script = _SCRIPT.replace("for arguments in asked:", f"import {module}\nfor arguments in asked:")
    arguments = [sys.executable, "-c", script, '[["--help"]]', json.dumps([module])]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=_environment())
    assert json.loads(done.stdout) == [1, [module]]
