"""The commands that `lpgen demo` prints at its end, as a shell takes them; `test_end_to_end.py` runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lpgen.cli.demo import closing_text, program_name
from tests.support.demo import commands_of_demo

PATHS = {"output": Path("my demo"), "data": Path("my demo/data"), "replacements": Path("r"), "sample": Path("/s" * 60)}


@pytest.mark.parametrize("program", ["lpgen", ".venv/bin/lpgen", "/a/long/path/to/python -P -m lpgen"])
def test_closing_text_fits_and_breaks_no_word(program: str) -> None:
    text = closing_text(PATHS, program, 80)
    lines = text.partition("What to do next")[2].splitlines()
    assert [line for line in lines if len(line) > 80 and "/s/s" not in line] == []
    commands = commands_of_demo(text, program)
    assert len(commands) == 11
    assert f"{program} wildcards --data 'my demo/data' --policies {PATHS['sample']}" in commands


def test_closing_text_breaks_lines_where_the_shell_joins_them() -> None:
    text = closing_text(PATHS, "lpgen", 40).partition("What to do next")[2]
    block = text[text.index("    lpgen wildcards") :].partition("\n  See")[0]
    assert block.count("\n") == 2
    done = subprocess.run(
        ["bash", "-c", f"lpgen() {{ printf '%s|' \"$@\"; }}; {block}"], capture_output=True, check=True
    )
    assert done.stdout.decode() == f"wildcards|--data|my demo/data|--policies|{PATHS['sample']}|"


@pytest.mark.parametrize(
    ("started", "path", "expected"),
    [
        ("bin/lpgen", "bin", "lpgen"),
        ("bin/lpgen", "elsewhere", "bin/lpgen"),
        ("-c", "elsewhere", f"{sys.executable} -P -m lpgen"),
    ],
)
def test_program_name_is_what_a_shell_here_runs(
    started: str, path: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "lpgen"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setenv("PATH", str(tmp_path / path))
    assert program_name() == expected


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        ('{"url": "file:///home/me/my%20checkout", "dir_info": {}}', "uvx --from '/home/me/my checkout' lpgen"),
        (None, "uvx lpgen"),
    ],
)
def test_program_name_is_uvx_where_the_environment_is_in_its_cache(
    direct_url: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", "/home/me/.cache/uv/archive-v0/Xy1")
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: _Distribution(direct_url))
    assert program_name() == expected


class _Distribution:
    def __init__(self, direct_url: str | None) -> None:
        self._direct_url = direct_url

    def read_text(self, name: str) -> str | None:
        return {"direct_url.json": self._direct_url}[name]
