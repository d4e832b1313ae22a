"""What `lpgen ingest` takes for tables in Athena."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.output import say

if TYPE_CHECKING:
    from lpgen.edge.athena.reading import AthenaLogs

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Of athena://, print the queries and what they would read, and run none.")
]


def show_queries(logs: AthenaLogs, data: Path) -> None:
    """Prints what an ingest would ask, and on stderr what that would read."""
    from lpgen.edge.athena.reading import plan_athena
    from lpgen.report.messages.ingest import render_queries, render_query_plan

    for plan, scan in plan_athena(logs, data):
        typer.echo(render_queries(plan))
        say(render_query_plan(plan, scan))
