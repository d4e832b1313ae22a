"""The README shows what lpgen prints: its help blocks are generated, and compared here.

`LPGEN_UPDATE_README=1 python -m pytest tests/test_readme.py` writes them anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from typer.testing import CliRunner

from lpgen.cli import app

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"(<!-- help: ([a-z ]+) -->\n).*?(<!-- /help -->)", re.DOTALL)


def help_text(command: str) -> str:
    """What `lpgen COMMAND --help` prints at 80 columns."""
    runner = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"})
    result = runner.invoke(app, [*command.split(), "--help"], prog_name="lpgen")
    assert result.exit_code == 0
    return result.stdout.strip()


def with_help(readme: str) -> str:
    """The README with its help blocks as the commands print them."""

    def fill(found: re.Match[str]) -> str:
        return f"{found[1]}```text\n$ lpgen {found[2]} --help\n{help_text(found[2])}\n```\n{found[3]}"

    return _BLOCK.sub(fill, readme)


def test_readme_shows_the_help_that_the_commands_print() -> None:
    readme = README.read_text(encoding="utf-8")
    current = with_help(readme)
    if os.environ.get("LPGEN_UPDATE_README"):
        README.write_text(current, encoding="utf-8")
    assert len(_BLOCK.findall(readme)) >= 5
    assert readme == current, "run LPGEN_UPDATE_README=1 python -m pytest tests/test_readme.py"
