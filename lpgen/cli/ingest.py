"""`lpgen ingest`: logs into a data folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lpgen.app.log_options import LogOptions
from lpgen.cli.engine import EngineName, EngineOptions
from lpgen.cli.messages import MessageOptions
from lpgen.cli.option_groups import Described
from lpgen.cli.options import CatalogOption, StrictOption
from lpgen.cli.output import print_status, status_line
from lpgen.errors import ExitCode

if TYPE_CHECKING:
    from lpgen.core.usage.ingest_result import Progress
    from lpgen.edge.athena.reading import AthenaLogs

_REDRAW_SECONDS: Final = 0.1

_LogOptions = Annotated[
    LogOptions,
    Described(
        since=typer.Option(metavar="DATE", help="Only records from this day or time on, UTC, or since 90d or 4m ago."),
        until=typer.Option(metavar="DATE", help="Only records up to and with this day or time, UTC."),
        account=Annotated[
            list[str],
            typer.Option(metavar="ID", help="Of s3:// and athena://, only the logs of this account or `all`. Repeats."),
        ],
        region=Annotated[
            list[str],
            typer.Option(
                metavar="REGION",
                help="Of s3://, athena:// and cloudtrail://, only the logs of this Region, or `all`. Repeats. Events "
                "of IAM and other global services lie in us-east-1.",
            ),
        ],
        profile=typer.Option(metavar="NAME", help="The AWS profile whose credentials to use."),
        aws_region=typer.Option(metavar="REGION", help="The Region that requests go to; by default the profile's."),
        endpoint_url=typer.Option(metavar="URL", help="Where to send requests instead of AWS (AWS_ENDPOINT_URL)."),
        requester_pays=typer.Option("--requester-pays", help="Pay for reading a bucket whose owner has readers pay."),
        assume_role=typer.Option(metavar="ARN", help="The role to read with; each worker assumes it by itself."),
        max_file_bytes=typer.Option(metavar="N", min=1, help="The bytes that a file may hold or inflate to."),
        max_file_records=typer.Option(metavar="N", min=1, help="The records that are read of one file."),
        max_file_broken=typer.Option(
            metavar="N", min=0, help="The broken parts after which a file is not taken for a log."
        ),
        workgroup=typer.Option(metavar="NAME", help="Of athena://, the workgroup that queries run in."),
        output_location=typer.Option(
            metavar="ADDRESS",
            help="Of athena://, the s3:// address for Athena's answers; by default the workgroup's.",
        ),
        yes=typer.Option(
            "--yes", help="Of athena://, read a table whole for each day if no partition of it tells the day."
        ),
    ),
]


def ingest_command(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Log files, or folders of them; s3://BUCKET/PREFIX; athena://DATABASE.TABLE; or cloudtrail:// for the "
            "event history. Repeats.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data folder to add to; created if missing.")],
    options: _LogOptions,
    engine: EngineOptions,
    messages: MessageOptions,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of athena://, print the queries and what they would read, and run none.")
    ] = False,
    catalog: CatalogOption = None,
    strict: StrictOption = False,
) -> None:
    """Read CloudTrail logs into a data folder.

    Takes what trails deliver (.json and .json.gz, folders and buckets of them), JSON lines, `aws cloudtrail
    lookup-events` output and EventBridge events. A file, object or event that was ingested before changes nothing. What
    can't be read is counted and named, and the rest goes on. The data folder remembers --since, --account and --region
    of each s3://, athena:// and cloudtrail:// address: later ingests of it ask for the same, or for what they name.

    In a bucket, only the folders of the accounts, Regions and days that are asked for are listed, and in Athena only
    their partitions are read. Credentials come from where the AWS CLI has them; those of a cluster's workers from their
    own machine, or from --assume-role.

    \b
    Example:
      lpgen ingest logs/ --data lpgen-data
      lpgen ingest s3://YOUR-TRAIL-BUCKET/AWSLogs --data lpgen-data --since 120d
    """
    from lpgen.app.ingest import ingest
    from lpgen.app.named_logs import find_named_logs, only_for_athena, refuse_empty_ingest
    from lpgen.core.usage.log_layout import ALL_LOGS
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.report.messages.ingest import render_ingest, render_kept_scope

    logs = find_named_logs(paths, data, options, is_on_cluster=engine.engine is not EngineName.LOCAL)
    if logs.kept != ALL_LOGS:
        print_status(render_kept_scope(logs.kept))
    if dry_run:
        if logs.athena is None:
            raise only_for_athena("--dry-run")
        _show_queries(logs.athena, data)
        return
    line = _ProgressLine()
    with engine.open() as chosen:
        progress = line.report if line.is_shown else None
        result = ingest(logs, open_catalog(catalog), data=data, engine=chosen, report_progress=progress)
    print_status(render_ingest(result, verbose=messages.verbose))
    refuse_empty_ingest(result, logs)
    if result.failures or result.is_unread or result.is_empty or (strict and result.has_problems):
        raise typer.Exit(ExitCode.UNFINISHED)


def _show_queries(logs: AthenaLogs, data: Path) -> None:
    """Prints what an ingest would ask, and on stderr what that would read."""
    from lpgen.edge.athena.reading import plan_athena
    from lpgen.report.messages.ingest import render_queries, render_query_plan

    for plan, scan in plan_athena(logs, data):
        typer.echo(render_queries(plan))
        print_status(render_query_plan(plan, scan))


class _ProgressLine:
    """Draws how far an ingest is on the status line."""

    def __init__(self) -> None:
        self.is_shown = status_line.is_shown
        self._drawn = 0.0
        self._reading_since: float | None = None

    def report(self, progress: Progress) -> None:
        """Draws the line anew, but not more often than eyes follow."""
        now = time.monotonic()
        if progress.bytes and self._reading_since is None:
            self._reading_since = now
        is_last = progress.bytes and progress.bytes_done >= progress.bytes
        if now - self._drawn < _REDRAW_SECONDS and not is_last:
            return
        from lpgen.report.messages.ingest import render_progress

        self._drawn = now
        seconds = 0.0 if self._reading_since is None else now - self._reading_since
        status_line.draw(render_progress(progress, seconds), by=self)
