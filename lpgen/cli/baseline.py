"""`lpgen baseline`: save the current state under a name."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.formats import FORMAT_HELP, PlainFormat, PlainFormatOption, choose_format
from lpgen.cli.help import PlainCommand
from lpgen.cli.messages import as_command
from lpgen.cli.option_groups import Only
from lpgen.cli.options import AnalysisInputOptions, ChoiceOptions, DataOption, OutputFileOption
from lpgen.cli.output import print_status, terminal_width, wants_color, write_output

app = typer.Typer(
    name="baseline",
    help="Save the current state, to compare with later.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("save", cls=PlainCommand)
@as_command
def _save_command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name of the baseline, such as the date: 2026-09-30.")
    ],
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: Annotated[
        ChoiceOptions, Only("scope", "keep_unobservable", "min_days", "as_of", "decisions", "attached_quota")
    ],
    engine: EngineOptions,
) -> None:
    """Save policies, usage, catalog and proposals under a name.

    Runs a review like `lpgen review` with the same options, and saves what it read and what it proposes in the data
    folder. A baseline never changes. `lpgen drift --since NAME` shows what has changed since.

    \b
    Example:
      lpgen baseline save 2026-09-30 --data lpgen-data
    """
    from datetime import UTC, datetime

    from lpgen.app.baseline import save
    from lpgen.report.messages.data_folder import render_saved

    read, saved = inputs.read(data, choices), datetime.now(UTC)
    with engine.open() as at:
        folder, stamp = save(replace(read, engine=at), name, saved=saved, boundary=inputs.boundary)
    print_status(render_saved(stamp, str(folder)))


class _ListFormat(StrEnum):
    """How baselines are listed."""

    TEXT = "text"
    JSON = "json"
    NAMES = "names"  # one name per line, for scripts


@app.command("list", cls=PlainCommand)
@as_command
def _list_command(
    data: DataOption,
    format: Annotated[  # noqa: A002
        _ListFormat | None, typer.Option("--format", help=f"{FORMAT_HELP} `names` prints one name per line.")
    ] = None,
    output: OutputFileOption = None,
) -> None:
    """List the baselines of a data folder.

    Prints the oldest first, with the figures of the trend that `lpgen drift` shows.

    \b
    Example:
      lpgen baseline list --data lpgen-data
    """
    from lpgen.edge.data_folder.baseline_folder import list_baselines
    from lpgen.report.messages.data_folder import render_baselines

    chosen = choose_format(format, output, _ListFormat)
    stamps = [baseline.stamp for baseline in list_baselines(data)]
    text = render_baselines(stamps, chosen.value, width=terminal_width(), color=wants_color(output))
    if text:
        write_output(text, output)


@app.command("show", cls=PlainCommand)
@as_command
def _show_command(
    data: DataOption,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A name, or a date: the newest baseline up to that date. By default, the newest."
        ),
    ] = "",
    format: PlainFormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Check a baseline, and show what it holds.

    Compares every file with its checksum. Exit 3 if a file was changed, lost or added.

    \b
    Example:
      lpgen baseline show 2026-09-30 --data lpgen-data
    """
    from lpgen.edge.data_folder.baseline_folder import find_baseline, open_baseline
    from lpgen.report.documents.drift import BaselineContentPart
    from lpgen.report.messages.data_folder import render_baseline

    chosen = choose_format(format, output, PlainFormat)
    baseline = open_baseline(find_baseline(data, name))
    holding = BaselineContentPart(
        saved=baseline.saved.saved.isoformat(),
        folder=str(baseline.folder),
        policy_files=len(baseline.files.policies),
        trails=len(baseline.files.trails),
        proposals=len(baseline.proposals),
        waiting=sum(proposal.waiting_since is not None for proposal in baseline.proposals.values()),
        actions=len(baseline.known_actions),
    )
    write_output(render_baseline(baseline.saved.stamp, holding, chosen.value), output)
