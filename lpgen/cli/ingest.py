"""`lpgen ingest`: from what a person names to where it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.engine import EngineName, EngineOptions
from lpgen.cli.ingest_athena import (
    ATHENA,
    DryRunOption,
    OutputLocationOption,
    WorkgroupOption,
    athena_from_options,
    refuse_athena_options,
    show_queries,
    workgroup_from_options,
)
from lpgen.cli.messages import MessageOptions
from lpgen.cli.options import CatalogOption, StrictOption
from lpgen.cli.output import say
from lpgen.cli.progress import ProgressLine
from lpgen.edge.logs.read_limits import DEFAULT_LIMITS, ReadLimits
from lpgen.errors import ExitCode, IngestError, InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.core.usage.event_time import Window
    from lpgen.edge.aws_session import Connection
    from lpgen.edge.logs.event_history import EventHistory
    from lpgen.edge.objects.finder import BucketLogs

_S3 = "s3://"
_HISTORY = "cloudtrail://"
_ALL = "all"
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}", re.ASCII)


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
    engine: EngineOptions,
    messages: MessageOptions,
    since: Annotated[
        str,
        typer.Option("--since", metavar="DATE", help="Only records from this day or time on, UTC; 90d is 90 days ago."),
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Only records up to and with this day or time, UTC.")
    ] = "",
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account",
            metavar="ID",
            help="Of s3:// and athena://, only the logs of this account or `all`. Repeats.",
        ),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            metavar="REGION",
            help="Of s3://, athena:// and cloudtrail://, only the logs of this Region, or `all`. Repeats. Events of "
            "IAM and other global services lie in us-east-1.",
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="The AWS profile whose credentials to use.")
    ] = "",
    aws_region: Annotated[
        str,
        typer.Option(
            "--aws-region", metavar="REGION", help="The Region that requests go to; by default the profile's."
        ),
    ] = "",
    endpoint_url: Annotated[
        str,
        typer.Option("--endpoint-url", metavar="URL", help="Where to send requests instead of AWS (AWS_ENDPOINT_URL)."),
    ] = "",
    requester_pays: Annotated[
        bool, typer.Option("--requester-pays", help="Pay for reading a bucket whose owner has readers pay.")
    ] = False,
    assume_role: Annotated[
        str,
        typer.Option("--assume-role", metavar="ARN", help="The role to read with; each worker assumes it by itself."),
    ] = "",
    max_file_bytes: Annotated[
        int,
        typer.Option("--max-file-bytes", metavar="N", min=1, help="The bytes that a file may hold or inflate to."),
    ] = DEFAULT_LIMITS.file_bytes,
    max_file_records: Annotated[
        int,
        typer.Option("--max-file-records", metavar="N", min=1, help="The records that are read of one file."),
    ] = DEFAULT_LIMITS.records,
    max_file_broken: Annotated[
        int,
        typer.Option(
            "--max-file-broken", metavar="N", min=0, help="The broken parts after which a file is not taken for a log."
        ),
    ] = DEFAULT_LIMITS.broken,
    workgroup: WorkgroupOption = "",
    output_location: OutputLocationOption = "",
    dry_run: DryRunOption = False,
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
    from lpgen.core.usage.event_time import date_from_age, moment_from_datetime, window_from_text
    from lpgen.core.usage.log_layout import Scope
    from lpgen.edge.aws_regions import refuse_unknown_regions
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.report.talk.ingest import render_ingest

    now = datetime.now(UTC)
    window = window_from_text(date_from_age(since, now.date()), until)
    sources = _sources(paths, frozenset(account or ()), tuple(dict.fromkeys(region or ())))
    sources, window = _as_before(sources, window, data, given=(since, account, region))
    refuse_unknown_regions((*sources.regions, *((aws_region,) if aws_region and not endpoint_url else ())))
    connection = _connection(profile, aws_region, endpoint_url, assume_role)
    limits = ReadLimits(max_file_bytes, max_file_records, max_file_broken)
    if limits != DEFAULT_LIMITS and not (sources.paths or sources.addresses):
        raise InvocationError("the options --max-file-… limit what is read of files and of objects in S3")
    bucket_logs, event_history = _cloud(sources, window, connection, pays=requester_pays)
    athena = None
    if sources.tables:
        if engine.engine is not EngineName.LOCAL:
            raise InvocationError(f"--engine has nothing to do with `{ATHENA}`, whose queries run in Athena")
        group = workgroup_from_options(workgroup, output_location)
        athena = athena_from_options(
            sources.tables,
            window,
            connection,
            workgroup=group,
            accounts=sources.accounts,
            regions=sources.regions,
            today=now.date(),
        )
        if dry_run:
            show_queries(athena, data)
            return
    else:
        refuse_athena_options(workgroup, output_location, dry_run=dry_run)
    line = ProgressLine()
    with engine.open() as chosen:
        result = ingest(
            sources.paths,
            open_catalog(catalog),
            data=data,
            window=window,
            now=moment_from_datetime(now),
            engine=chosen,
            report_progress=line.report if line.is_shown else None,
            bucket_logs=bucket_logs,
            event_history=event_history,
            athena=athena,
            limits=limits,
            sources=sources.remote,
            scope=Scope(sources.accounts, frozenset(sources.regions), window),
        )
    say(render_ingest(result, verbose=messages.verbose))
    if result.is_empty and not (result.failures or result.is_unread or result.known_problems):
        _refuse_empty(sources)
    if result.failures or result.is_unread or result.is_empty or (strict and result.has_problems):
        raise typer.Exit(ExitCode.UNFINISHED)


@dataclass(frozen=True, slots=True)
class _Sources:
    """What the command line names."""

    paths: tuple[Path, ...]
    addresses: tuple[str, ...]
    history: bool
    tables: tuple[str, ...]
    accounts: frozenset[str]
    regions: tuple[str, ...]

    @property
    def remote(self) -> tuple[str, ...]:
        """The addresses of which the data folder remembers what was asked; none where files on disk come with them."""
        return () if self.paths else (*self.addresses, *self.tables, *((_HISTORY,) if self.history else ()))


def _sources(names: list[str], accounts: frozenset[str], regions: tuple[str, ...]) -> _Sources:
    """The sources, checked: an option that would be ignored without a word is refused."""
    from lpgen.cli.ingest_names import path_from_name
    from lpgen.core.usage.log_layout import address_from_text

    addresses = tuple(address_from_text(name) for name in names if name.startswith(_S3))
    history = [name for name in names if name.startswith(_HISTORY)]
    if any(name != _HISTORY for name in history):
        raise InvocationError(f"`{_HISTORY}` takes nothing behind it", hint="name Regions with --region")
    accounts, regions = frozenset(() if _ALL in accounts else accounts), () if _ALL in regions else regions
    for wrong in (one for one in accounts if not _ACCOUNT.fullmatch(one)):
        raise InvocationError(f"{quote_input(wrong)} is no account id", hint="it has 12 digits")
    for wrong in (one for one in regions if not _REGION.fullmatch(one)):
        raise InvocationError(f"{quote_input(wrong)} is no Region", hint="write it as `eu-west-1`")
    tables = tuple(dict.fromkeys(name for name in names if name.startswith(ATHENA)))
    if tables and any(not name.startswith(ATHENA) for name in names):
        raise InvocationError(
            f"`{ATHENA}` can't be ingested together with other logs", hint="give it a --data folder of its own"
        )
    if accounts and (history or not (addresses or tables)):
        raise InvocationError(f"--account chooses among the logs of `{_S3}` and `{ATHENA}` alone")
    if regions and not (addresses or history or tables):
        raise InvocationError(f"--region chooses among the logs of `{_S3}`, `{ATHENA}` and `{_HISTORY}` alone")
    paths = tuple(path_from_name(name) for name in names if not name.startswith((_S3, _HISTORY, ATHENA)))
    return _Sources(paths, addresses, bool(history), tables, accounts, regions)


def _as_before(
    sources: _Sources, window: Window, data: Path, *, given: tuple[object, object, object]
) -> tuple[_Sources, Window]:
    """The sources and the window, completed by what earlier ingests into the data folder asked of the same sources.

    `given` are --since, --account and --region, as a person gave them.
    """
    from lpgen.core.usage.event_time import Window
    from lpgen.core.usage.log_layout import ALL_LOGS, Scope
    from lpgen.edge.data_folder.ledger_scopes import read_scope
    from lpgen.report.talk.ingest import render_kept_scope

    known = read_scope(data, sources.remote) if sources.remote else None
    if known is None:
        return sources, window
    since, accounts, regions = given
    kept = Scope(
        frozenset() if accounts else known.accounts,
        frozenset() if regions else known.regions,
        Window("" if since else known.window.since),
    )
    if kept != ALL_LOGS:
        say(render_kept_scope(kept))
    if kept.window.since:
        window = Window(kept.window.since, window.until)
        if window.until and window.until <= window.since:
            raise InvocationError(f"--until is before {window.since}, where earlier ingests began", hint="give --since")
    chosen = replace(
        sources,
        accounts=kept.accounts or sources.accounts,
        regions=tuple(sorted(kept.regions)) or sources.regions,
    )
    return chosen, window


def _refuse_empty(sources: _Sources) -> None:
    """Ends an ingest that met no log: somebody named the wrong place, account or Region."""
    chosen = [*sorted(sources.accounts), *sources.regions]
    if chosen:
        what = f"there is no log of {', '.join(map(quote_input, chosen))}"
        raise InvocationError(what, hint="check --account, --region, --since and --until")
    raise IngestError("there is no log in what is named", hint="check the paths, --since and --until")


def _connection(profile: str, region: str, endpoint_url: str, role: str) -> Connection:
    """How to reach AWS."""
    from lpgen.edge.aws_session import Connection

    if role and not _ROLE.fullmatch(role):
        hint = "write it as `arn:aws:iam::111122223333:role/NAME`"
        raise InvocationError(f"{quote_input(role)} is no ARN of a role", hint=hint)
    return Connection(profile, region, endpoint_url, role)


def _cloud(
    sources: _Sources, window: Window, connection: Connection, *, pays: bool
) -> tuple[BucketLogs | None, EventHistory | None]:
    """Where in AWS to read; nothing is asked yet."""
    if not sources.addresses and not sources.history:
        return None, None
    from lpgen.edge.aws_session import open_session
    from lpgen.edge.logs.event_history import open_event_history
    from lpgen.edge.objects.finder import BucketLogs
    from lpgen.edge.objects.s3_store import S3Store

    regions = frozenset(sources.regions)
    logs = (
        BucketLogs(S3Store(connection, pays), sources.addresses, sources.accounts, regions)
        if sources.addresses
        else None
    )
    if not sources.history:
        return logs, None
    return logs, open_event_history(open_session(connection), sources.regions, window)
