"""`lpgen roles`: users that should become roles, roles to merge or to split, and leftovers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.formats import FORMAT_HELP, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import AnalysisInputOptions, ChoiceOptions, DataOption, OutputFileOption
from lpgen.cli.output import layout_for, write_output
from lpgen.core.choices import RolesPart


class RolesFormat(StrEnum):
    """How the answer is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    SVG = "svg"


def roles_command(
    *,
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: Annotated[
        ChoiceOptions, Only("principal", "min_days", "decisions", "no_backtest", "max_expected_denials")
    ],
    only: Annotated[
        list[RolesPart] | None,
        typer.Option("--only", metavar="PART", help="Only users, merges, splits or leftovers. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new folder for policies, code and evidence.")
    ] = None,
    format: Annotated[RolesFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Find users to replace by roles, and roles to merge or to split.

    For each IAM user, says whether a person or a program uses it, what should replace it, and the steps. Proposes
    shared roles for principals that do the same job, and several roles for a role whose sessions do different jobs.
    Their policies are proven against the recorded use. Also lists policies, groups and roles that nobody can use.
    Changes nothing.

    \b
    Example:
      lpgen roles --data lpgen-data
      lpgen roles --data lpgen-data --only users --principal user/alice
      lpgen roles --data lpgen-data --out new
    """
    from lpgen.app.roles import roles, write_roles
    from lpgen.report.render import ROLES

    chosen = choose_format(format, output, RolesFormat)
    report = roles(inputs.read(data, choices), tuple(only or RolesPart))
    if out:
        write_roles(report, out)
    write_output(ROLES.text(report, chosen.value, layout_for(output)), output)
