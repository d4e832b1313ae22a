"""`lpgen observe`: the trail that would show what the logs can't."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.formats import FORMAT_HELP, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import AnalysisInputOptions, ChoiceOptions, DataOption, OutputFileOption
from lpgen.cli.output import layout_for, write_output
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
    inputs: AnalysisInputOptions,
    choices: Annotated[ChoiceOptions, Only("principal", "keep_unobservable", "min_days", "decisions")],
    engine: EngineOptions,
    bucket: Annotated[
        str,
        typer.Option(
            "--bucket", metavar="NAME", help="The bucket for log files. By default, the bucket of the given trails."
        ),
    ] = "",
    trail: Annotated[
        str,
        typer.Option("--trail", metavar="ARN", help="Extend this trail instead of planning new ones."),
    ] = "",
    account: Annotated[str, typer.Option("--account", metavar="ID", help="Only the trails of this account.")] = "",
    price: Annotated[
        float,
        typer.Option(
            "--price", metavar="USD", min=0, help="The price of 100,000 data events in the Region of your trails."
        ),
    ] = 0.10,
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="FILE", help="Show the outcomes of an earlier plan, from this JSON file."),
    ] = None,
    format: Annotated[ObserveFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Plan a trail that shows what the logs can't.

    A review keeps actions whose use the logs can't show. Most of them leave data events, which a trail records only if
    it selects them. Finds the selectors that would show the use of the most actions, limited to their resources or
    callers, and estimates the number of events and their price.

    Plans new trails for data events only, so the coverage of other trails stays the same. Changes nothing.

    \b
    Example:
      lpgen observe --data lpgen-data --bucket my-log-bucket
      lpgen observe --data lpgen-data --bucket my-log-bucket -o plan.json
      lpgen observe --data lpgen-data --since plan.json
    """
    from lpgen.app.observe import observe, outcomes, read_promises
    from lpgen.core.observe.plan import PlanChoices
    from lpgen.report.render import OBSERVE, OUTCOMES

    chosen = choose_format(format, output, ObserveFormat)
    if since and chosen in _CODE:
        raise InvocationError(f"`--since` can't be printed as {chosen.value}", hint="use text, json or markdown")
    promises = read_promises(since) if since else ()
    read = inputs.read(data, replace(choices, no_backtest=True))
    layout = layout_for(output)
    with engine.open() as at:
        if since:
            found = outcomes(replace(read, engine=at), promises)
            text = OUTCOMES.text(found, chosen.value, layout)
        else:
            plan = observe(replace(read, engine=at), PlanChoices(bucket, trail))
            if account:
                plan = replace(plan, accounts=tuple(planned for planned in plan.accounts if planned.account == account))
            if account and not plan.accounts:
                raise InvocationError(f"no trail of account {quote_input(account)} would show the use of a kept action")
            text = OBSERVE.text(replace(plan, price=price), chosen.value, layout)
    write_output(text, output)
