"""The documents show what lpgen prints and reads: help and worked examples are generated or run, and compared here.

`LPGEN_UPDATE_GOLDEN=1 python -m pytest tests/test_docs.py` writes them anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from lpgen.cli.help import SECTIONS
from lpgen.cli.main import app
from lpgen.edge.inputs.guard_files import read_guards
from tests.support.documents import COMMANDS_PAGE, POLICIES_PAGE, README, check_block, read_block
from tests.test_cli_help import COMMANDS, help_of


def commands_in_order() -> dict[str, list[tuple[str, ...]]]:
    """The commands, and the subcommands of groups, by section of `lpgen --help`."""
    return {title: [path for name in names for path in COMMANDS if path[0] == name] for title, names in SECTIONS}


def all_help() -> str:
    """A line per command, and below them the help of each."""
    sections = commands_in_order()
    lines = []
    for title, paths in sections.items():
        lines.append(f"- {title}")
        for path in paths:
            words, purpose = " ".join(path), COMMANDS[path].get_short_help_str(limit=200)
            lines.append(f"  - [`lpgen {words}`](#lpgen-{words.replace(' ', '-')}): {purpose}")
    for path in (path for paths in sections.values() for path in paths):
        words = " ".join(path)
        lines += ["", f"## lpgen {words}", "", "```text", f"$ lpgen {words} --help", help_of(*path).strip(), "```"]
    return "\n".join(lines)


def test_commands_page_shows_the_help_of_every_command() -> None:
    check_block(COMMANDS_PAGE, "commands", all_help())
    shown = re.findall(r"^\$ lpgen (.*) --help$", COMMANDS_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(map(" ".join, COMMANDS))


_EXAMPLE = re.compile(r"```console\n\$ cat requests.jsonl\n(.*?)\$ lpgen authorize requests.jsonl\n", re.DOTALL)


def test_policies_page_shows_the_answers_that_authorize_prints(tmp_path: Path) -> None:
    example = _EXAMPLE.match(read_block(POLICIES_PAGE, "authorize"))
    assert example
    requests = tmp_path / "requests.jsonl"
    requests.write_text(example[1], encoding="utf-8")
    result = CliRunner().invoke(app, ["authorize", str(requests)])
    assert result.exit_code == 0
    check_block(POLICIES_PAGE, "authorize", f"{example[0]}{result.stdout}```")


_FILE = re.compile(r"<!-- file: (\S+) -->\n```json\n(.*?)```", re.DOTALL)


def test_policies_page_shows_guard_files_that_are_read(tmp_path: Path) -> None:
    files = dict(_FILE.findall(POLICIES_PAGE.read_text(encoding="utf-8")))
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


def test_readme_stays_short_enough_to_read() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 250, "move what isn't for newcomers to docs/"
