"""What `lpgen ingest` takes for tables in Athena."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.output import say
from lpgen.errors import InvocationError, quote_input

if TYPE_CHECKING:
    from datetime import date

    from lpgen.core.usage.event_time import Window
    from lpgen.edge.athena.logs import AthenaLogs
    from lpgen.edge.athena.run import Workgroup
    from lpgen.edge.aws_session import Connection

ATHENA = "athena://"

WorkgroupOption = Annotated[
    str, typer.Option("--workgroup", metavar="NAME", help="Of athena://, the workgroup that queries run in.")
]
OutputLocationOption = Annotated[
    str,
    typer.Option(
        "--output-location",
        metavar="ADDRESS",
        help="Of athena://, the s3:// address for Athena's answers; by default the workgroup's.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Of athena://, print the queries and what they would read, and run none.")
]


def refuse_athena_options(workgroup: str, output_location: str, *, dry_run: bool) -> None:
    """Refuses options that nothing else heeds.

    Raises:
        InvocationError: one is given.
    """
    for option, value in (("--workgroup", workgroup), ("--output-location", output_location), ("--dry-run", dry_run)):
        if value:
            raise InvocationError(f"{option} goes with `{ATHENA}` alone")


def workgroup_from_options(name: str, output_location: str) -> Workgroup:
    """Where queries run and answers go.

    Raises:
        InvocationError: the answers' place is no address in S3.
    """
    from lpgen.edge.athena.run import Workgroup

    if output_location and not output_location.startswith("s3://"):
        raise InvocationError(f"{quote_input(output_location)} is no address in S3", hint="write `s3://BUCKET/PREFIX/`")
    return Workgroup(name, output_location)


def athena_from_options(
    tables: Sequence[str],
    window: Window,
    connection: Connection,
    *,
    workgroup: Workgroup,
    accounts: frozenset[str],
    regions: Sequence[str],
    today: date,
) -> AthenaLogs:
    """The tables to ask for the days of a window that are over `today`; nothing is asked yet.

    Raises:
        InvocationError: an address or the window makes no sense.
    """
    from lpgen.core.athena.days import Wanted
    from lpgen.core.athena.table import name_from_address
    from lpgen.edge.athena.logs import AthenaLogs, days_from_window
    from lpgen.edge.athena.run import QueryRunner
    from lpgen.edge.aws_session import open_session

    names = tuple(map(name_from_address, tables))
    days, left = days_from_window(window, today)
    wanted = Wanted(tuple(sorted(accounts)), tuple(sorted(regions)))
    return AthenaLogs(QueryRunner(open_session(connection), workgroup), names, days, wanted, left)


def show_queries(logs: AthenaLogs, data: Path) -> None:
    """Prints what an ingest would ask, and on stderr what that would read."""
    from lpgen.app.athena import plan_athena
    from lpgen.edge.objects.s3_store import S3Store
    from lpgen.report.talk.athena_plan import render_queries, render_query_plans

    plans = plan_athena(logs, data, S3Store(logs.runner.session.connection))
    typer.echo(render_queries(plans))
    say(render_query_plans(plans))
