"""The commands for what is watched over time: `lpgen stars`, `lpgen baseline` and `lpgen drift`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli_catalog import CatalogOption
from lpgen.cli_formats import FORMAT_HELP, choose_format, endings_of, format_of_name
from lpgen.cli_options import (
    AsOfOption,
    AttachedQuotaOption,
    BoundaryOption,
    DataOption,
    DecisionsOption,
    KeepOption,
    LastAccessedOption,
    MinDaysOption,
    OutputFileOption,
    PoliciesOption,
    PrincipalOption,
    ResourcePoliciesOption,
    ScopeOption,
    ScpsOption,
    SnapshotOption,
    TrailsOption,
    analysis_options,
    inputs_from_options,
    options_with_inputs,
    put_text,
    say,
    terminal_width,
    wants_color,
)
from lpgen.cli_sections import PlainCommand
from lpgen.core.choices import ScopeChoice, Severity
from lpgen.core.policies.limits import ATTACHED_POLICIES_LIMIT
from lpgen.edge.output_file import refuse_missing_folder
from lpgen.errors import ExitCode, InvocationError, quote_input


class StarsFormat(StrEnum):
    """How star inheritance is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"


def stars_command(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="The data folder that `lpgen ingest` writes; without it nothing is known of use.",
        ),
    ] = None,
    policies: PoliciesOption = None,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Count actions first seen after this day; 12m and 365d are ages of the catalog.",
        ),
    ] = "12m",
    principal: PrincipalOption = "",
    format: Annotated[StarsFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
) -> None:
    """Show what each wildcard gained by itself.

    Lists, for every wildcard in an Allow, the actions that AWS added since a day and the wildcard silently granted: how
    many, of which access level, who holds them, and how many were ever used.

    NotAction counts as a wildcard. What a Deny, a boundary or an SCP keeps out is not counted.

    \b
    Example:
      lpgen stars --data lpgen-data --since 12m
    """
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.inputs.guard_files import read_guards
    from lpgen.pipeline_drift import stars
    from lpgen.report import render_stars

    chosen = choose_format(format, output, StarsFormat)
    inputs = inputs_from_options(data, snapshot, policies=policies, scps=scps, resource_policies=None)
    found = stars(
        inputs.policies,
        open_catalog(catalog),
        data=data,
        since=since,
        principal=principal,
        guards=read_guards(boundary, inputs.scps, None),
    )
    put_text(render_stars(found, chosen.value, width=terminal_width(), color=wants_color(output)), output)


# ---------------------------------------------------------------- baselines

app = typer.Typer(
    name="baseline",
    help="Freeze what is known now, to tell later what changed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("save", cls=PlainCommand)
def save_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it, such as the day: 2026-09-30.")],
    data: DataOption,
    policies: PoliciesOption = None,
    scope: ScopeOption = ScopeChoice.EVIDENCE,
    keep_unobservable: KeepOption = None,
    min_days: MinDaysOption = 90,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    attached_quota: AttachedQuotaOption = ATTACHED_POLICIES_LIMIT,
    catalog: CatalogOption = None,
) -> None:
    """Freeze policies, usage, catalog and proposals under a name.

    Reviews as `lpgen review` does with the same options, and keeps in the data folder what it read and what it
    proposes. A baseline never changes; `lpgen drift --since NAME` tells what is different since.

    \b
    Example:
      lpgen baseline save 2026-09-30 --data lpgen-data
    """
    from datetime import UTC, datetime

    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.data_folder.baseline_folder import BaselineFiles
    from lpgen.pipeline_analysis import analyse
    from lpgen.pipeline_drift import save
    from lpgen.report.talk.baselines import render_saved

    inputs = inputs_from_options(
        data,
        snapshot,
        policies=policies,
        trails=trails,
        last_accessed=last_accessed,
        scps=scps,
        resource_policies=resource_policies,
    )
    options = analysis_options(
        keep_unobservable, min_days, as_of=as_of, decisions=decisions, attached_quota=attached_quota, scope=scope
    )
    options, problems = options_with_inputs(options, inputs, boundary)
    opened = open_catalog(catalog)
    report = analyse(data, inputs.policies, opened, options=options, problems=problems)
    files = BaselineFiles(inputs.policies, inputs.trails, inputs.scps, boundary, inputs.trail_source)
    folder, stamp = save(report, data, files, opened, name=name, saved=datetime.now(UTC))
    say(render_saved(stamp, str(folder)))


class ListFormat(StrEnum):
    """How baselines are listed."""

    TEXT = "text"
    JSON = "json"
    NAMES = "names"  # a name a line, for scripts


class ShowFormat(StrEnum):
    """How one baseline is shown."""

    TEXT = "text"
    JSON = "json"


@app.command("list", cls=PlainCommand)
def list_command(
    data: DataOption,
    format: Annotated[  # noqa: A002
        ListFormat | None, typer.Option("--format", help=f"{FORMAT_HELP} `names` are one a line.")
    ] = None,
    output: OutputFileOption = None,
) -> None:
    """List the baselines of a data folder.

    The oldest first, with the figures that `lpgen drift` draws its trend from.

    \b
    Example:
      lpgen baseline list --data lpgen-data
    """
    from lpgen.edge.data_folder.baseline_folder import list_baselines
    from lpgen.report.talk.baselines import render_baselines

    chosen = choose_format(format, output, ListFormat)
    stamps = [one.stamp for one in list_baselines(data)]
    text = render_baselines(stamps, chosen.value, width=terminal_width(), color=wants_color(output))
    if text:
        put_text(text, output)


@app.command("show", cls=PlainCommand)
def show_command(
    data: DataOption,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Its name, or a day: the newest of then or before; by default the newest."),
    ] = "",
    format: Annotated[ShowFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Check a baseline, and say what it holds.

    Every file is held against its checksum. Exit 3 where a file was changed, lost or added.

    \b
    Example:
      lpgen baseline show 2026-09-30 --data lpgen-data
    """
    from lpgen.edge.data_folder.baseline_folder import find_baseline, open_baseline
    from lpgen.report.talk.baselines import Holding, render_baseline

    chosen = choose_format(format, output, ShowFormat)
    baseline = open_baseline(find_baseline(data, name))
    holding = Holding(
        saved=baseline.saved.saved.isoformat(),
        folder=str(baseline.folder),
        policy_files=len(baseline.files.policies),
        trails=len(baseline.files.trails),
        proposals=len(baseline.proposals),
        waiting=sum(one.waiting_since is not None for one in baseline.proposals.values()),
        actions=len(baseline.known_actions),
    )
    put_text(render_baseline(baseline.saved.stamp, holding, chosen.value), output)


# ---------------------------------------------------------------- drift


class DriftFormat(StrEnum):
    """How drift is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    HTML = "html"


def drift_command(
    data: DataOption,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="NAME|DATE",
            help="The baseline to compare with: its name, or a day for the newest as of then or before. By default the "
            "newest.",
        ),
    ] = "",
    policies: PoliciesOption = None,
    format: Annotated[DriftFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            "--also",
            metavar="FILE",
            help="Write the report to this file too, in the format of its ending: .txt, .md, .json, .sarif or .html. "
            "Repeats.",
        ),
    ] = None,
    proposed: Annotated[
        list[Path] | None,
        typer.Option(
            "--proposed",
            metavar="DIR",
            help="A folder that `lpgen generate` wrote since: policies as in it are no drift either. Repeats.",
        ),
    ] = None,
    fail_on: Annotated[
        Severity | None,
        typer.Option("--fail-on", help="Exit with 1 where a finding that nobody accepted is as severe, or more."),
    ] = None,
    unused_days: Annotated[
        int,
        typer.Option(
            "--unused-days",
            min=1,
            metavar="DAYS",
            help="After how many covered days without use a grant counts as unused, a role as quiet.",
        ),
    ] = 90,
    apply_days: Annotated[
        int,
        typer.Option(
            "--apply-days", metavar="DAYS", min=1, help="After how many days a safe proposal counts as never applied."
        ),
    ] = 30,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
) -> None:
    """Tell what changed since a baseline.

    Finds policies changed outside, new principals and wildcards, what wildcards inherited from AWS, use that a proposal
    would break, grants and roles that fell out of use, proposals never applied, and coverage lost.

    Each finding has a severity, a next step, and an item by which --decisions accepts it.

    \b
    Example:
      lpgen drift --data lpgen-data --as-of $(date -u +%F) --fail-on high
    """
    from lpgen.core.drift.between import DriftOptions
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.pipeline_drift import drift
    from lpgen.report import render_drift

    chosen = choose_format(format, output, DriftFormat)
    formats = {path: _format_of(path) for path in also or ()}
    inputs = inputs_from_options(
        data,
        snapshot,
        policies=policies,
        trails=trails,
        last_accessed=last_accessed,
        scps=scps,
        resource_policies=None,
    )
    options = analysis_options(as_of=as_of, decisions=decisions)
    options, _ = options_with_inputs(options, inputs, boundary)
    found = drift(
        data,
        inputs.policies,
        open_catalog(catalog),
        since=since,
        options=options,
        choice=DriftOptions(unused_days, apply_days),
        proposed=proposed or (),
    )
    put_text(render_drift(found, chosen.value, width=terminal_width(), color=wants_color(output)), output)
    for path, form in formats.items():
        put_text(render_drift(found, form.value, width=80), path)
    if fail_on is not None and found.reaches(fail_on):
        raise typer.Exit(ExitCode.FOUND)


def _format_of(path: Path) -> DriftFormat:
    refuse_missing_folder(path)
    found = format_of_name(path, DriftFormat)
    if found is None:
        raise InvocationError(
            f"the ending of {quote_input(str(path))} says no format",
            hint=f"use one of {', '.join(endings_of(DriftFormat))}",
        )
    return found
