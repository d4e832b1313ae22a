"""`lpgen backtest`: what past replacements would have denied."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.formats import FORMAT_HELP, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import AnalysisInputOptions, ChoiceOptions, DataOption, OutputFileOption, days_option
from lpgen.cli.output import layout_for, write_output


class BacktestFormat(StrEnum):
    """How a backtest is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def backtest_command(
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: Annotated[
        ChoiceOptions,
        Only("principal", "scope", "keep_unobservable", "min_days", "decisions", "attached_quota"),
    ],
    engine: EngineOptions,
    train: Annotated[int, days_option("--train", "How many days each window learns from, such as 90d.")] = 90,
    test: Annotated[int, days_option("--test", "How many of the following days to test on.")] = 30,
    step: Annotated[int, days_option("--step", "How many days lie between the starts of two windows.")] = 7,
    look_back: Annotated[
        bool,
        typer.Option(
            "--look-back",
            help="Use the three windows that `lpgen review` tests. Each learns from all earlier days.",
        ),
    ] = False,
    format: Annotated[BacktestFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Show what past replacements would have denied.

    Divides the logs into windows. For each window, generates replacements from the first days as `lpgen generate` does,
    and tests them on the following days: on all use that the old policies allow. Shows what would have been denied and
    why, and how simpler policies compare.

    Reads the usage in the data folder and ingests nothing. Exit 2 if the logs are too short for one window.

    \b
    Example:
      lpgen backtest --data lpgen-data
      lpgen backtest --data lpgen-data --train 60d --test 14d -o backtest.html
    """
    from lpgen.app.backtest import Days, backtest
    from lpgen.report.render import BACKTEST

    chosen = choose_format(format, output, BacktestFormat)
    read = inputs.read(data, choices)
    with engine.open() as at:
        found = backtest(replace(read, engine=at), Days(train, test, step, look_back))
    write_output(BACKTEST.text(found, chosen.value, layout_for(output)), output)
