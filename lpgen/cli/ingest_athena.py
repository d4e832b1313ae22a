"""What `lpgen ingest` takes for tables in Athena."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.output import say

if TYPE_CHECKING:
    from lpgen.edge.athena.logs import AthenaLogs

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Of athena://, print the queries and what they would read, and run none.")
]


def show_queries(logs: AthenaLogs, data: Path) -> None:
    """Prints what an ingest would ask, and on stderr what that would read."""
    from lpgen.app.athena import plan_athena
    from lpgen.edge.objects.s3_store import S3Store
    from lpgen.report.messages.athena_plan import render_queries, render_query_plans

    plans = plan_athena(logs, data, S3Store(logs.runner.session.connection))
    typer.echo(render_queries(plans))
    say(render_query_plans(plans))
