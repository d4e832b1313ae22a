"""`lpgen observe`: the trail that would show what the logs can't."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli_catalog import CatalogOption
from lpgen.cli_engine import EngineName, EngineOption, MasterOption, SchedulerOption, WorkersOption, engine_from_options
from lpgen.cli_formats import FORMAT_HELP, choose_format
from lpgen.cli_options import (
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
from lpgen.errors import InvocationError, quote_input


class ObserveFormat(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    CLI = "cli"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"


_CODE = (ObserveFormat.CLI, ObserveFormat.TERRAFORM, ObserveFormat.CLOUDFORMATION)


def observe_command(
    data: DataOption,
    policies: PoliciesOption = None,
    bucket: Annotated[
        str,
        typer.Option("--bucket", metavar="NAME", help="The bucket for log files. By default that of the trails given."),
    ] = "",
    trail: Annotated[
        str,
        typer.Option("--trail", metavar="ARN", help="Extend this trail instead of planning new ones."),
    ] = "",
    account: Annotated[str, typer.Option("--account", metavar="ID", help="Only the trails of this account.")] = "",
    price: Annotated[
        float,
        typer.Option("--price", metavar="USD", min=0, help="What 100,000 data events cost where your trails are."),
    ] = 0.10,
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="FILE", help="Show what became of the plan in this file, as JSON wrote it."),
    ] = None,
    principal: PrincipalOption = "",
    format: Annotated[ObserveFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
    keep_unobservable: KeepOption = None,
    min_days: MinDaysOption = 90,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
    engine: EngineOption = EngineName.LOCAL,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    master: MasterOption = "",
) -> None:
    """Plan a trail that shows what the logs can't.

    A review keeps actions whose use the logs can't show. Most leave data events, which no trail records unless it
    selects them. Finds the selectors that would decide the most of these actions, for just their resources, and
    estimates the events and their price.

    Plans new trails for data events only, so the coverage of others stays as it is. Changes nothing.

    \b
    Example:
      lpgen observe --data lpgen-data --bucket my-log-bucket
      lpgen observe --data lpgen-data --bucket my-log-bucket -o plan.json
      lpgen observe --data lpgen-data --since plan.json
    """
    from lpgen.core.observe.plan import PlanChoices
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.inputs.observe_plan import read_promises
    from lpgen.pipeline_observe import observe, outcomes
    from lpgen.report import render_observe, render_outcomes

    chosen = choose_format(format, output, ObserveFormat)
    if since and chosen in _CODE:
        raise InvocationError(f"`--since` has no {chosen.value} to write", hint="use text, json or markdown")
    promises = read_promises(since) if since else ()
    options = analysis_options(
        keep_unobservable, min_days, as_of=None, decisions=decisions, principal=principal, no_backtest=True
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
    opened = open_catalog(catalog)
    width, color = terminal_width(), wants_color(output)
    with engine_from_options(engine, scheduler=scheduler, master=master, workers=workers) as at:
        if since:
            found = outcomes(data, inputs.policies, opened, options=options, promises=promises, engine=at)
            text = render_outcomes(found, chosen.value, width=width, color=color)
        else:
            choices = PlanChoices(bucket, trail)
            plan = observe(
                data, inputs.policies, opened, options=options, choices=choices, problems=problems, engine=at
            )
            if account:
                plan = replace(plan, accounts=tuple(one for one in plan.accounts if one.account == account))
            if account and not plan.accounts:
                raise InvocationError(f"no trail of account {quote_input(account)} would decide anything")
            text = render_observe(plan, chosen.value, price=price, width=width, color=color)
    put_text(text, output)
