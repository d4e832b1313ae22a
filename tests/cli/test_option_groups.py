"""A group of options is one parameter of a command, and its fields are the command's options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from lpgen.cli.option_groups import Only, with_option_groups
from lpgen.cli.options import days_option


@dataclass(frozen=True, kw_only=True)
class Shared:
    size: Annotated[int, typer.Option("--size", help="How large.")]
    color: Annotated[str, typer.Option("--color")] = "red"
    names: Annotated[list[str] | None, typer.Option("--name")] = None


def run(command: object, *arguments: str) -> str:
    app = typer.Typer()
    app.command()(with_option_groups(command))  # type: ignore[arg-type]
    result = CliRunner().invoke(app, arguments)
    return f"{result.exit_code} {result.output}".strip()


def whole(
    word: Annotated[str, typer.Argument()], shared: Shared, own: Annotated[bool, typer.Option("--own")] = False
) -> None:
    """Help of the command."""
    typer.echo(f"{word} {shared} {own}")


def part(shared: Annotated[Shared, Only("size")]) -> None:
    typer.echo(str(shared))


def test_command_gets_the_group_made_from_its_options() -> None:
    given = run(whole, "w", "--size", "3", "--name", "a", "--name", "b", "--own")
    assert given == "0 w Shared(size=3, color='red', names=['a', 'b']) True"


def test_field_without_default_is_a_required_option() -> None:
    assert run(whole, "w").startswith("2 ")


def test_options_of_a_group_stand_in_the_help_after_the_commands_own() -> None:
    text = run(whole, "--help")
    assert "Help of the command." in text
    assert text.index("--own") < text.index("--size") < text.index("--color")
    assert "How large." in text


@pytest.mark.parametrize(("arguments", "code"), [(("--size", "1"), 0), (("--size", "1", "--color", "blue"), 2)])
def test_only_names_the_fields_that_are_options(arguments: tuple[str, ...], code: int) -> None:
    given = run(part, *arguments)
    assert given.startswith(f"{code} ")
    assert code or given == "0 Shared(size=1, color='red', names=None)"


@dataclass(frozen=True, kw_only=True)
class Aged:
    days: Annotated[int, days_option("--days", "How many.")] = 7


def aged(group: Aged) -> None:
    typer.echo(str(group.days))


@pytest.mark.parametrize(
    ("given", "days"), [("90", "90"), ("90d", "90"), ("3m", "90"), ("0d", ""), ("-1", ""), ("1y", ""), ("999999", "")]
)
def test_days_are_written_as_a_number_of_days_or_months(given: str, days: str) -> None:
    said = run(aged, "--days", given)
    assert said == f"0 {days}" if days else said.startswith("2 ")


def test_days_have_a_default() -> None:
    assert run(aged) == "0 7"
