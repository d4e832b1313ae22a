"""`lpgen drift`: what changed since a baseline."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.formats import FORMAT_HELP, choose_format, endings_of, format_of_name
from lpgen.cli.option_groups import Only
from lpgen.cli.options import (
    AnalysisInputOptions,
    ChoiceOptions,
    DataOption,
    OutputFileOption,
    SarifRootOption,
    days_option,
    given_of,
)
from lpgen.cli.output import layout_for, show_on_pager, write_output
from lpgen.core.choices import Severity
from lpgen.edge.output_file import refuse_missing_folder
from lpgen.errors import ExitCode, InvocationError, quote_input


class DriftFormat(StrEnum):
    """How drift is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    HTML = "html"


_OWN: Final = frozenset({"since", "format", "output", "full", "also", "fail_on", "sarif_root"})
"""The options on output and on the baseline, which suggested commands don't get."""


def drift_command(
    context: typer.Context,
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: Annotated[ChoiceOptions, Only("as_of", "decisions")],
    engine: EngineOptions,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="NAME|DATE",
            help="The baseline to compare with: its name, or a date, for the newest baseline until then. By "
            "default the newest.",
        ),
    ] = "",
    format: Annotated[DriftFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Print every finding as text, through a pager on a terminal. By default, text is one screen."
        ),
    ] = False,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            "--also",
            metavar="FILE",
            help="Also write the report to this file, in the format of its extension: .txt, .md, .json, .sarif or "
            ".html. Repeatable.",
        ),
    ] = None,
    proposed: Annotated[
        list[Path] | None,
        typer.Option(
            "--proposed",
            metavar="DIR",
            help="A folder that `lpgen generate` wrote after the baseline. Policies that match this folder don't "
            "count as drift. Repeatable.",
        ),
    ] = None,
    fail_on: Annotated[
        Severity | None,
        typer.Option("--fail-on", help="Exit with 1 if a finding that nobody accepted has this severity or higher."),
    ] = None,
    unused_days: Annotated[
        int,
        days_option(
            "--unused-days",
            "The number of covered days without use after which a grant counts as unused and a role as quiet.",
        ),
    ] = 90,
    apply_days: Annotated[
        int,
        days_option("--apply-days", "The number of days after which a safe proposal counts as never applied."),
    ] = 30,
    sarif_root: SarifRootOption = "lpgen-out",
) -> None:
    """Show what changed since a baseline.

    Finds policies changed outside lpgen, new principals and wildcards, actions that wildcards gained from AWS, use that
    a proposal would break, grants and roles that are no longer used, proposals that were never applied, and lost
    coverage.

    Each finding has a severity, a next step, and an item for accepting it with --decisions. Findings with the same
    cause form a group. Text is one screen: what changed, which principals it concerns, and what to do. --full and
    --output print every finding.

    \b
    Example:
      lpgen drift --data lpgen-data --as-of $(date -u +%F) --fail-on high
    """
    from lpgen.app.drift import drift
    from lpgen.core.drift.comparison import DriftOptions
    from lpgen.report.render import DRIFT, DRIFT_SCREEN
    from lpgen.report.screens import AskedDrift

    chosen = choose_format(format, output, DriftFormat)
    formats = {path: _format_of(path) for path in also or ()}
    read, choice = inputs.read(data, choices), DriftOptions(unused_days, apply_days)
    with engine.open() as at:
        found = drift(replace(read, engine=at), since=since, choice=choice, proposed=proposed or ())
    layout = layout_for(output, root=sarif_root)
    if chosen is DriftFormat.TEXT and str(output or "-") == "-" and not full:
        write_output(DRIFT_SCREEN.text(AskedDrift(found, given_of(context, _OWN)), "screen", layout), output)
    elif chosen is DriftFormat.TEXT and output is None and sys.stdout.isatty():
        show_on_pager(DRIFT.text(found, "text", replace(layout, color=False)))
    else:
        write_output(DRIFT.text(found, chosen.value, layout), output)
    for path, form in formats.items():
        write_output(DRIFT.text(found, form.value, replace(layout, width=80, color=False)), path)
    if fail_on is not None and found.reaches(fail_on):
        raise typer.Exit(ExitCode.FOUND)


def _format_of(path: Path) -> DriftFormat:
    refuse_missing_folder(path)
    found = format_of_name(path, DriftFormat)
    if found is None:
        raise InvocationError(
            f"the extension of {quote_input(str(path))} doesn't name a format",
            hint=f"use one of {', '.join(endings_of(DriftFormat))}",
        )
    return found
