"""Help that reads like a manual, for every command: sections, sentences, examples, defaults, completion."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
from rich.cells import cell_len
from typer.testing import CliRunner

from lpgen.cli.help import SECTIONS
from lpgen.cli.main import app
from tests.support.documents import ROOT

TOP: Any = typer.main.get_command(app)


def commands(group: Any = TOP, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


COMMANDS = dict(commands())
GROUPS = [(), *((name,) for name, one in TOP.commands.items() if hasattr(one, "commands"))]
EXAMPLE_FREE = {("demo",), ("catalog", "stats"), ("catalog", "update")}


@cache
def help_of(*path: str, width: int = 80) -> str:
    runner = CliRunner(env={"COLUMNS": str(width), "TERMINAL_WIDTH": str(width), "NO_COLOR": "1"})
    result = runner.invoke(app, [*path, "--help"], prog_name="lpgen")
    assert result.exit_code == 0
    return result.stdout


def test_every_command_stands_in_one_section() -> None:
    listed = [name for _, names in SECTIONS for name in names]
    assert sorted(listed) == sorted(TOP.commands)


def test_help_lists_commands_in_the_order_of_work() -> None:
    shown = help_of()
    places = [shown.index(f"\n{title}:") for title, _ in SECTIONS]
    assert places == sorted(places)
    listed = [line.split()[0] for line in shown[places[0] :].splitlines() if line.startswith("  ")]
    assert listed == [name for _, names in SECTIONS for name in names]


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_no_command_is_cut_short_where_it_is_listed(path: tuple[str, ...]) -> None:
    assert "..." not in help_of(*path).replace("[ARGS]...", "").replace("}...", "")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_a_sentence_and_fits_80_columns(path: tuple[str, ...]) -> None:
    first = COMMANDS[path].help.strip().splitlines()[0]
    assert first[0].isupper()
    assert COMMANDS[path].help.strip().split("\n\n")[0].rstrip().endswith(".")
    assert max(map(cell_len, help_of(*path).splitlines())) <= 80


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_argument_and_option_is_explained(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        text = getattr(parameter, "help", None)
        assert text, f"{parameter.name} of {' '.join(path)} has no help"
        assert text[0].isupper() or text.startswith("`"), text
        assert text.rstrip().endswith("."), f"{parameter.name}: {text}"


@pytest.mark.parametrize("path", sorted(set(COMMANDS) - EXAMPLE_FREE), ids=" ".join)
def test_help_has_an_example_of_the_command_itself(path: tuple[str, ...]) -> None:
    shown = help_of(*path)
    example = shown.partition("Example:\n")[2].splitlines()
    assert example, f"{' '.join(path)} has no example"
    assert example[0].startswith(f"    lpgen {' '.join(path)} ")
    known = {name for parameter in COMMANDS[path].params for name in getattr(parameter, "opts", ())}
    assert {word for word in example[0].split() if word.startswith("--")} <= known


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_defaults_that_matter_are_shown(path: tuple[str, ...]) -> None:
    shown = " ".join(help_of(*path).split())
    for parameter in COMMANDS[path].params:
        default = getattr(parameter, "default", None)
        if isinstance(default, int | float) and not isinstance(default, bool):
            text = rf"\[(env var: \w+; )?default: {re.escape(str(default))}"
            assert re.search(text, shown), f"{parameter.name} of {' '.join(path)}"


# ---------------------------------------------------------------- completion


def complete(**variables: str) -> str:
    code = "import sys; sys.argv[0] = 'lpgen'; from lpgen.cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_a_script_for_the_shell(shell: str) -> None:
    script = complete(_LPGEN_COMPLETE=f"source_{shell}")
    assert "_LPGEN_COMPLETE" in script
    assert f"complete_{shell}" in script


def test_completion_offers_commands_options_and_choices() -> None:
    assert complete(_LPGEN_COMPLETE="complete_bash", COMP_WORDS="lpgen dr", COMP_CWORD="1").split() == ["drift"]
    options = complete(_LPGEN_COMPLETE="complete_bash", COMP_WORDS="lpgen drift --fail", COMP_CWORD="2")
    assert options.split() == ["--fail-on"]
    values = complete(_LPGEN_COMPLETE="complete_bash", COMP_WORDS="lpgen drift --fail-on c", COMP_CWORD="3")
    assert values.split() == ["critical"]


def test_completion_is_installed_where_bash_finds_it(tmp_path: Path) -> None:
    command = tmp_path / "lpgen"
    code = "import sys; sys.argv[0] = 'lpgen'; from lpgen.cli.main import main; main()"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "SHELL": "/bin/bash"}
    script = f'"{command}" --install-completion bash; true'  # the shell stays the parent, as it is for a person
    subprocess.run(["bash", "-c", script], env=environment, capture_output=True, check=True)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != command]
    assert any("_LPGEN_COMPLETE" in path.read_text(encoding="utf-8", errors="replace") for path in written)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_names_arguments_without_types_of_python(path: tuple[str, ...]) -> None:
    shown = help_of(*path)
    assert not re.search(r"<(class|str|path|int|float|list|[A-Z]\w*)\b[^|>]*>", shown)
    usage = shown[: shown.index("\n\n")]
    assert "{" not in usage
    arguments = [parameter.metavar for parameter in COMMANDS[path].params if parameter.param_type_name == "argument"]
    assert all(name in usage and re.search(rf"\n  {name}  ", shown) for name in arguments)
