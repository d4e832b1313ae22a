"""What `lpgen ingest` takes for tables in Athena."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.output import say

if TYPE_CHECKING:
    from lpgen.edge.athena.reading import AthenaLogs

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
YesOption = Annotated[
    bool,
    typer.Option("--yes", help="Of athena://, read a table whole for each day if no partition of it tells the day."),
]


def show_queries(logs: AthenaLogs, data: Path) -> None:
    """Prints what an ingest would ask, and on stderr what that would read."""
    from lpgen.edge.athena.reading import plan_athena
    from lpgen.report.messages.athena_plan import render_queries, render_query_plan

    for plan, scan in plan_athena(logs, data):
        typer.echo(render_queries(plan))
        say(render_query_plan(plan, scan))
