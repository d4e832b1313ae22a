"""`lpgen wildcards`: the actions that each wildcard silently gained."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from lpgen.cli.formats import FORMAT_HELP, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import ChoiceOptions, InputOptions, OptionalDataOption, OutputFileOption, PrincipalOption
from lpgen.cli.output import layout_for, write_output


class WildcardsFormat(StrEnum):
    """How the growth of wildcards is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"


def wildcards_command(
    inputs: Annotated[InputOptions, Only("policies", "snapshot", "boundary", "scps", "catalog")],
    data: OptionalDataOption = None,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Count actions first seen after this date. 12m and 365d count back from the catalog's date.",
        ),
    ] = "12m",
    principal: PrincipalOption = "",
    format: Annotated[WildcardsFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Show what each wildcard silently gained.

    Lists, for every wildcard in an Allow, the actions that AWS added since a date and that the wildcard granted: how
    many, at which access level, who holds them, and how many were ever used.

    NotAction counts as a wildcard. Actions that a Deny, a boundary or an SCP blocks are not counted.

    \b
    Example:
      lpgen wildcards --data lpgen-data --since 12m
    """
    from lpgen.app.drift import wildcard_growth
    from lpgen.report.render import WILDCARDS

    chosen = choose_format(format, output, WildcardsFormat)
    growth = wildcard_growth(inputs.read(data, ChoiceOptions(principal=principal)), since, data=data)
    write_output(WILDCARDS.text(growth, chosen.value, layout_for(output)), output)
