"""`lpgen ingest`: read logs into a data folder."""

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
        since=typer.Option(
            metavar="DATE", help="Only records since this date or time (UTC), or since an age such as 90d or 4m."
        ),
        until=typer.Option(metavar="DATE", help="Only records up to and including this date or time (UTC)."),
        account=Annotated[
            list[str],
            typer.Option(
                metavar="ID", help="Only logs of this account, or `all` (s3:// and athena:// only). Repeatable."
            ),
        ],
        region=Annotated[
            list[str],
            typer.Option(
                metavar="REGION",
                help="Only logs of this Region, or `all` (s3://, athena:// and cloudtrail:// only). Events of IAM and "
                "other global services are in us-east-1. Repeatable.",
            ),
        ],
        profile=typer.Option(metavar="NAME", help="The AWS profile to use."),
        aws_region=typer.Option(metavar="REGION", help="The Region to send requests to. By default, the profile's."),
        endpoint_url=typer.Option(metavar="URL", help="The endpoint, instead of AWS's or AWS_ENDPOINT_URL."),
        requester_pays=typer.Option("--requester-pays", help="Pay for reading a requester-pays bucket."),
        assume_role=typer.Option(metavar="ARN", help="The role to read with. Each worker assumes it separately."),
        format=typer.Option(
            metavar="FORMAT",
            help="Refuse files and objects in another format: `cloudtrail`, or `s3-access` for S3 server access logs. "
            "By default, reads both.",
        ),
        max_file_bytes=typer.Option(metavar="N", min=1, help="How many bytes a file may hold, compressed or not."),
        max_file_records=typer.Option(metavar="N", min=1, help="How many records to read from one file."),
        max_file_broken=typer.Option(
            metavar="N", min=0, help="The number of broken parts after which a file no longer counts as a log."
        ),
        workgroup=typer.Option(metavar="NAME", help="The workgroup for queries (athena:// only)."),
        output_location=typer.Option(
            metavar="ADDRESS",
            help="The s3:// address for Athena's results (athena:// only). By default, the workgroup's.",
        ),
        yes=typer.Option(
            "--yes", help="Scan the whole table for each day if it isn't partitioned by day (athena:// only)."
        ),
    ),
]


def ingest_command(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Log files or folders; s3://BUCKET/PREFIX; athena://DATABASE.TABLE; or cloudtrail:// for the event "
            "history. Repeatable.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data folder to add to; created if missing.")],
    options: _LogOptions,
    engine: EngineOptions,
    messages: MessageOptions,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the queries and how much they would read, without running them (athena:// only)."
        ),
    ] = False,
    catalog: CatalogOption = None,
    strict: StrictOption = False,
) -> None:
    """Read CloudTrail and S3 access logs into a data folder.

    Reads what trails deliver (.json and .json.gz, in folders and buckets), JSON lines, `aws cloudtrail lookup-events`
    output and EventBridge events. Server access logs add uses of objects in S3 that trails without data events lack. If
    you ingest a file, object or event again, nothing changes. Reports everything that can't be read, and ingests the
    rest. The data folder remembers --since, --account and --region of
    each s3://, athena:// and cloudtrail:// address. Later ingests of the address use the same values, unless you give
    others.

    In a bucket, lists only the folders of the requested accounts, Regions and days; in Athena, reads only their
    partitions. Credentials come from the same places as for the AWS CLI. Workers of a cluster use the credentials of
    their own machine, or --assume-role.

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
    """Prints the queries of an ingest, and on stderr how much they would read."""
    from lpgen.edge.athena.reading import plan_athena
    from lpgen.report.messages.ingest import render_queries, render_query_plan

    for plan, scan in plan_athena(logs, data):
        typer.echo(render_queries(plan))
        print_status(render_query_plan(plan, scan))


class _ProgressLine:
    """Shows the progress of an ingest on the status line."""

    def __init__(self) -> None:
        self.is_shown = status_line.is_shown
        self._drawn = 0.0
        self._reading_since: float | None = None

    def report(self, progress: Progress) -> None:
        """Draws the line again, at most ten times a second."""
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
