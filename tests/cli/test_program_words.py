"""How printed commands name the program that is running."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lpgen.cli.options import program_words


@pytest.mark.parametrize(
    ("started", "path", "expected"),
    [
        ("bin/lpgen", "bin", ("lpgen",)),
        ("bin/lpgen", "elsewhere", ("bin/lpgen",)),
        ("/x/lpgen/__main__.py", "elsewhere", (sys.executable, "-P", "-m", "lpgen")),
    ],
)
def test_program_name_is_what_a_shell_here_runs(
    started: str, path: str, expected: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "lpgen"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setenv("PATH", str(tmp_path / path))
    assert program_words() == expected


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        (
            '{"url": "file:///home/me/my%20checkout", "dir_info": {}}',
            ("uvx", "--from", "/home/me/my checkout", "lpgen"),
        ),
        (None, ("uvx", "lpgen")),
    ],
)
def test_program_name_is_uvx_where_the_environment_is_in_its_cache(
    direct_url: str | None, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", "/home/me/.cache/uv/archive-v0/Xy1")
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: _Distribution(direct_url))
    assert program_words() == expected


class _Distribution:
    def __init__(self, direct_url: str | None) -> None:
        self._direct_url = direct_url

    def read_text(self, name: str) -> str | None:
        return {"direct_url.json": self._direct_url}[name]
