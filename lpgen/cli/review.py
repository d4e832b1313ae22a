"""`lpgen review`: what was granted beside what was used."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.formats import ReviewFormat, ReviewFormatOption, choose_format
from lpgen.cli.given import given_options
from lpgen.cli.options import AnalysisInputOptions, ChoiceOptions, DataOption, OutputFileOption, SarifRootOption
from lpgen.cli.output import is_stdout, page_parts, put_chunks, put_parts, put_text, say, terminal_width, wants_color
from lpgen.edge.output_file import refuse_replacing


def review_command(
    ctx: typer.Context,
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: ChoiceOptions,
    engine: EngineOptions,
    full: Annotated[
        bool, typer.Option("--full", help="Print everything, on a terminal through the pager, not one screen.")
    ] = False,
    format: ReviewFormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
    write_decisions: Annotated[
        Path | None,
        typer.Option(
            "--write-decisions",
            metavar="FILE",
            help="Write an entry for each open reason to a new file, to fill in and give to --decisions.",
        ),
    ] = None,
    sarif_root: SarifRootOption = "lpgen-out",
) -> None:
    """Compare what was granted with what was used.

    Prints one screen: what is dangerous, how many replacements are safe, what holds the others back, and the next
    steps. With --full, in a file, in other formats, and where --principal names only one, it prints everything: per
    principal the verdict on each action and what would replace its policies.

    Changes nothing. Every report says what the logs covered and why a replacement isn't called safe yet.

    \b
    Example:
      lpgen review --data lpgen-data
      lpgen review --data lpgen-data --principal role/app/storefront-api
      lpgen review --data lpgen-data --format html -o review.html
    """
    from lpgen.app.output import review_parts
    from lpgen.app.review import open_review
    from lpgen.report import render_review_parts, render_verdicts
    from lpgen.report.decisions_file import render_decisions

    chosen = choose_format(format, output, ReviewFormat)
    if write_decisions is not None:
        refuse_replacing(write_decisions)
    files, options, problems, catalog = inputs.read(data, choices)
    with engine.open() as at:
        review = open_review(data, files.policies, catalog, options=options, problems=problems, engine=at)
        report = None if write_decisions is None else review.whole_report()
        if report is not None:
            put_text(render_decisions(report), write_decisions)
        if chosen in (ReviewFormat.CSV, ReviewFormat.PARQUET):
            table = render_verdicts(report or review.whole_report(), chosen.value)
            put_chunks(table, output, binary=chosen is ReviewFormat.PARQUET)
        else:
            width, color = terminal_width(), wants_color(output)
            render = partial(review_parts, review) if report is None else partial(render_review_parts, report)
            is_one = bool(choices.principal) and review.size == 1
            is_screen = chosen is ReviewFormat.TEXT and is_stdout(output) and not full and not is_one
            screen = given_options(ctx) if is_screen else None
            parts = render(chosen.value, width=width, color=color, root=sarif_root, screen=screen)
            (page_parts if full else put_parts)(parts, output)
    if review.report.problems:
        say(f"problems of the files given: {len(review.report.problems)}; the report names them")
