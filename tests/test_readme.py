"""The README shows what lpgen prints and reads: help and the worked example are generated, and compared here.

`LPGEN_UPDATE_README=1 python -m pytest tests/test_readme.py` writes them anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from typer.testing import CliRunner

from lpgen.cli import app
from lpgen.edge.guard_files import read_guards

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"(<!-- help: ([a-z -]+) -->\n).*?(<!-- /help -->)", re.DOTALL)


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


_EXAMPLE = re.compile(
    r"(<!-- authorize -->\n```console\n\$ cat requests.jsonl\n)(.*?)"
    r"(\$ lpgen authorize requests.jsonl\n).*?(```\n<!-- /authorize -->)",
    re.DOTALL,
)
_FILE = re.compile(r"<!-- file: (\S+) -->\n```json\n(.*?)```", re.DOTALL)


def with_answers(readme: str, folder: Path) -> str:
    """The README with its worked example answered as `lpgen authorize` answers it."""

    def fill(found: re.Match[str]) -> str:
        requests = folder / "requests.jsonl"
        requests.write_text(found[2], encoding="utf-8")
        result = CliRunner().invoke(app, ["authorize", str(requests)])
        assert result.exit_code == 0
        return f"{found[1]}{found[2]}{found[3]}{result.stdout}{found[4]}"

    return _EXAMPLE.sub(fill, readme)


def test_readme_shows_the_help_that_the_commands_print() -> None:
    readme = README.read_text(encoding="utf-8")
    current = with_help(readme)
    if os.environ.get("LPGEN_UPDATE_README"):
        README.write_text(current, encoding="utf-8")
    assert len(_BLOCK.findall(readme)) >= 5
    assert readme == current, "run LPGEN_UPDATE_README=1 python -m pytest tests/test_readme.py"


def test_readme_shows_the_answers_that_authorize_prints(tmp_path: Path) -> None:
    readme = README.read_text(encoding="utf-8")
    current = with_answers(readme, tmp_path)
    if os.environ.get("LPGEN_UPDATE_README"):
        README.write_text(current, encoding="utf-8")
    assert len(_EXAMPLE.findall(readme)) == 1
    assert readme == current, "run LPGEN_UPDATE_README=1 python -m pytest tests/test_readme.py"


def test_readme_shows_guard_files_that_are_read(tmp_path: Path) -> None:
    files = dict(_FILE.findall(README.read_text(encoding="utf-8")))
    policy = files["boundary.json"]
    for name, text in {**files, "resources/archive.json": policy, "resources/key.json": policy}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_guards(tmp_path / "boundary.json", tmp_path / "scps.json", tmp_path / "resources")
    assert found.boundary is not None
    assert [len(level) for level in found.scps[0].levels] == [1, 1]
    assert {one.resource for one in found.resource_policies} >= {"arn:aws:s3:::data", "arn:aws:s3:::archive"}
    by_account = read_guards(None, tmp_path / "scps-by-account.json", None).scps
    assert {one.account: len(one.levels) for one in by_account} == {"": 1, "999999999999": 0}
