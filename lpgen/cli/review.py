"""`lpgen review`: granted permissions compared with use."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.formats import ReviewFormat, ReviewFormatOption, choose_format
from lpgen.cli.options import (
    AnalysisInputOptions,
    ChoiceOptions,
    DataOption,
    OutputFileOption,
    SarifRootOption,
    given_of,
)
from lpgen.cli.output import (
    layout_for,
    print_status,
    show_on_pager,
    write_output,
    write_output_bytes,
    write_output_page,
)
from lpgen.edge.output_file import is_stream, refuse_replacing
from lpgen.errors import BaselineError, InvocationError

if TYPE_CHECKING:
    from lpgen.core.drift.states import Stamp


def review_command(
    context: typer.Context,
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: ChoiceOptions,
    engine: EngineOptions,
    full: Annotated[
        bool, typer.Option("--full", help="Print everything instead of one screen, through a pager on a terminal.")
    ] = False,
    format: ReviewFormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
    write_decisions: Annotated[
        Path | None,
        typer.Option(
            "--write-decisions",
            metavar="FILE",
            help="Write a new decisions file to fill in, with an entry for each open reason.",
        ),
    ] = None,
    no_graph: Annotated[
        bool, typer.Option("--no-graph", help="Don't decide which principals can become which others.")
    ] = False,
    sarif_root: SarifRootOption = "lpgen-out",
) -> None:
    """Compare what was granted with what was used.

    Prints one screen: what is dangerous, how many replacements are safe, why the others aren't, and the next steps.
    Prints everything with --full, --output or --format, or if --principal matches only one principal: for each
    principal, the verdict on each action and the policies that would replace its own.

    Without policies, shows what each principal in the logs used.

    Changes nothing in AWS. Every report says what the logs covered and why a replacement isn't called safe yet.

    \b
    Example:
      lpgen review --data lpgen-data
      lpgen review --data lpgen-data --principal role/app/storefront-api
      lpgen review --data lpgen-data --format html -o review.html
    """
    from lpgen.app.output import review_page, review_parts, summary_of
    from lpgen.app.review import open_review
    from lpgen.edge.output_folder import remove_files_of_page
    from lpgen.report.decisions_file import render_decisions
    from lpgen.report.render import PAGE, WHOLE_REVIEW

    chosen = choose_format(format, output, ReviewFormat)
    if write_decisions is not None:
        refuse_replacing(write_decisions)
    read = inputs.read(data, choices, needs_policies=False)
    given = given_of(context, _OWN)
    layout = layout_for(output, root=sarif_root)
    with engine.open() as at:
        review = open_review(replace(read, engine=at), network=not no_graph, savings=True)
        page_file = _page_with_files(review.size, output) if chosen is ReviewFormat.HTML else None
        if write_decisions is not None:
            then = given.command("review", ("--decisions", str(write_decisions)))
            write_output(render_decisions(summary_of(review), then.text if then else ""), write_decisions)
        if chosen in (ReviewFormat.CSV, ReviewFormat.PARQUET):
            table = WHOLE_REVIEW.write_bytes(review.whole_report(), chosen.value)
            write_output_bytes(table, output, binary=chosen is ReviewFormat.PARQUET)
        elif chosen is ReviewFormat.HTML:
            page = review_page(review, read.catalog, given)
            if not choices.principal:
                page = replace(page, baselines=_baselines(data, review.report.diff.as_of))
            if page_file is not None:
                write_output_page(page, page_file)
            else:
                write_output(PAGE.write(page, "html"), output)
                if output is not None:
                    remove_files_of_page(output)
        elif chosen is ReviewFormat.TEXT and str(output or "-") == "-":
            is_whole = full or (choices.principal != "" and review.size == 1)
            if full and output is None and sys.stdout.isatty():
                show_on_pager("".join(review_parts(review, "text", replace(layout, color=False), given)))
            else:
                write_output(review_parts(review, "text" if is_whole else "screen", layout, given), output)
        else:
            write_output(review_parts(review, chosen.value, layout, given), output)
    if review.report.problems:
        print_status(f"problems in the input files: {len(review.report.problems)}; the report lists them")


def _baselines(data: Path, day: date) -> tuple[Stamp, ...]:
    """The baselines up to a day. If one can't be read, prints why and returns none: a review doesn't need them."""
    from lpgen.edge.data_folder.baseline_folder import list_baselines

    try:
        return tuple(baseline.stamp for baseline in list_baselines(data) if baseline.stamp.as_of <= day)
    except BaselineError as error:
        print_status(f"the page has no trend: {error}")
        return ()


def _page_with_files(principals: int, output: Path | None) -> Path | None:
    """The file of a page whose principals are in files next to it, or None if they are few enough for one file.

    Raises:
        InvocationError: the page would go to a place that can't have a folder next to it.
    """
    from lpgen.report.html.data_files import MOST_IN_ONE_FILE

    if principals <= MOST_IN_ONE_FILE:
        return None
    if output is None or str(output) == "-" or is_stream(output):
        raise InvocationError(
            f"the HTML of {principals:,} principals is a page and a folder of files, which can't be printed",
            hint=f"name the page with --output FILE, or review at most {MOST_IN_ONE_FILE:,} with --principal GLOB",
        )
    return output


_OWN: Final = frozenset({"full", "format", "output", "sarif_root", "write_decisions"})
"""The options on output, which suggested commands don't get."""
