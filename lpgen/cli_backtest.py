"""`lpgen backtest`: what replacements of past days would have denied later."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

import typer

from lpgen.cli_catalog import CatalogOption
from lpgen.cli_engine import EngineName, EngineOption, MasterOption, SchedulerOption, WorkersOption, engine_from_options
from lpgen.cli_formats import FORMAT_HELP, choose_format
from lpgen.cli_options import (
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
    terminal_width,
    wants_color,
)
from lpgen.core.choices import ScopeChoice
from lpgen.core.policies.limits import ATTACHED_POLICIES_LIMIT


class BacktestFormat(StrEnum):
    """How a backtest is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def _days_from_text(text: str) -> int:
    found = re.fullmatch(r"0*([1-9][0-9]{0,4})d?", text, re.ASCII)
    if found is None:
        raise typer.BadParameter(f"{text!a} is no number of days such as 90d")
    return int(found[1])


def _days_option(name: str, text: str) -> Any:
    return typer.Option(name, metavar="DAYS", parser=_days_from_text, help=text)


def backtest_command(
    data: DataOption,
    policies: PoliciesOption = None,
    train: Annotated[int, _days_option("--train", "How many days each window learns on, such as 90d.")] = "90d",  # type: ignore[assignment]
    test: Annotated[int, _days_option("--test", "How many days after them it judges.")] = "30d",  # type: ignore[assignment]
    step: Annotated[int, _days_option("--step", "How many days later the next window begins.")] = "7d",  # type: ignore[assignment]
    principal: PrincipalOption = "",
    format: Annotated[BacktestFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
    scope: ScopeOption = ScopeChoice.EVIDENCE,
    keep_unobservable: KeepOption = None,
    min_days: MinDaysOption = 90,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    attached_quota: AttachedQuotaOption = ATTACHED_POLICIES_LIMIT,
    catalog: CatalogOption = None,
    engine: EngineOption = EngineName.LOCAL,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    master: MasterOption = "",
) -> None:
    """Show what past replacements would have denied.

    Walks through the logs window by window: makes replacements from the first days as `lpgen generate` does, and
    decides every later use that the old policies allow. Shows what would have been denied and why, what to expect in
    the next 30 days, and how simpler policies compare.

    Reads the usage in the data folder and ingests nothing. Exit 2 where the logs are too short for one window.

    \b
    Example:
      lpgen backtest --data lpgen-data
      lpgen backtest --data lpgen-data --train 60d --test 14d -o backtest.html
    """
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.pipeline_backtest import Days, backtest
    from lpgen.report import render_backtest

    chosen = choose_format(format, output, BacktestFormat)
    options = analysis_options(
        keep_unobservable,
        min_days,
        as_of=None,
        decisions=decisions,
        principal=principal,
        attached_quota=attached_quota,
        scope=scope,
    )
    inputs = inputs_from_options(
        data,
        snapshot,
        policies=policies,
        trails=trails,
        last_accessed=last_accessed,
        scps=scps,
        resource_policies=resource_policies,
    )
    options, problems = options_with_inputs(options, inputs, boundary)
    opened, days = open_catalog(catalog), Days(train, test, step)
    with engine_from_options(engine, scheduler=scheduler, master=master, workers=workers) as chosen_engine:
        found = backtest(
            data, inputs.policies, opened, options=options, days=days, problems=problems, engine=chosen_engine
        )
    put_text(render_backtest(found, chosen.value, width=terminal_width(), color=wants_color(output)), output)
