"""From the names of logs, as people give them, to where an ingest reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lpgen.app.ingest import ingest
from lpgen.app.log_options import LogOptions
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.usage.event_time import TimeWindow, date_from_age, moment_from_datetime, window_from_text
from lpgen.core.usage.ingest_result import IngestResult, ProgressReport
from lpgen.core.usage.log_layout import ALL_LOGS, LogScope, address_from_text
from lpgen.edge.aws_regions import refuse_unknown_regions
from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.data_folder.ledger import read_scope
from lpgen.edge.engine import Engine
from lpgen.edge.logs.inflate import DEFAULT_LIMITS, ReadLimits
from lpgen.edge.logs.log_files import path_from_name
from lpgen.errors import IngestError, InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.edge.athena.reading import AthenaLogs
    from lpgen.edge.ingest.event_history import EventHistory
    from lpgen.edge.objects.finder import BucketLogs

_ATHENA: Final = "athena://"
_S3: Final = "s3://"
_HISTORY: Final = "cloudtrail://"
_ALL: Final = "all"
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _NamedLogs:
    """Where an ingest reads. Nothing is asked of AWS yet.

    `addresses` are the sources of which the data folder remembers that `scope` was asked; `kept` is what it asks for
    because earlier ingests did.
    """

    paths: tuple[Path, ...]
    window: TimeWindow
    began: datetime
    bucket_logs: BucketLogs | None
    event_history: EventHistory | None
    athena: AthenaLogs | None
    limits: ReadLimits
    addresses: tuple[str, ...]
    scope: LogScope
    kept: LogScope


def find_named_logs(
    names: Iterable[str], data: Path, options: LogOptions, *, is_on_cluster: bool = False
) -> _NamedLogs:
    """The logs of paths and addresses, as `lpgen ingest` takes them.

    Raises:
        InvocationError: a name or an option makes no sense, or would be ignored without a word.
        AwsError: the configuration for AWS can't be read, or the role can't be assumed.
    """
    now = datetime.now(UTC)
    window = window_from_text(date_from_age(options.since, now.date()), options.until)
    accounts, regions = _several(options.account), _several(options.region)
    sources = _sources(list(names), frozenset(accounts), tuple(dict.fromkeys(regions)))
    sources, window, kept = _as_before(sources, window, data, given=(options.since, accounts, regions))
    asked = options.aws_region if options.aws_region and not options.endpoint_url else ""
    refuse_unknown_regions((*sources.regions, *((asked,) if asked else ())))
    connection = _connection(options)
    limits = ReadLimits(options.max_file_bytes, options.max_file_records, options.max_file_broken)
    if limits != DEFAULT_LIMITS and not (sources.paths or sources.addresses):
        raise InvocationError("the options --max-file-… limit what is read of files and of objects in S3")
    buckets, history = _cloud(sources, window, connection, pays=options.requester_pays)
    if sources.tables and is_on_cluster:
        raise InvocationError(f"--engine has nothing to do with `{_ATHENA}`, whose queries run in Athena")
    for option, value in (
        ("--workgroup", options.workgroup),
        ("--output-location", options.output_location),
        ("--yes", options.yes),
    ):
        if value and not sources.tables:
            raise only_for_athena(option)
    athena = _athena(sources, window, connection, now, options) if sources.tables else None
    scope = LogScope(sources.accounts, frozenset(sources.regions), window)
    return _NamedLogs(sources.paths, window, now, buckets, history, athena, limits, sources.remote, scope, kept)


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def only_for_athena(option: str) -> InvocationError:
    """The error about an option that nothing else heeds."""
    return InvocationError(f"{option} goes with `{_ATHENA}` alone")


def ingest_named_logs(
    logs: _NamedLogs,
    catalog: Catalog,
    data: Path,
    *,
    engine: Engine,
    report_progress: ProgressReport | None = None,
) -> IngestResult:
    """Adds the records of the logs to the usage tables of the data folder: see `lpgen.app.ingest.ingest`."""
    return ingest(
        logs.paths,
        catalog,
        data=data,
        window=logs.window,
        now=moment_from_datetime(logs.began),
        engine=engine,
        report_progress=report_progress,
        bucket_logs=logs.bucket_logs,
        event_history=logs.event_history,
        athena=logs.athena,
        limits=logs.limits,
        sources=logs.addresses,
        scope=logs.scope,
    )


def refuse_empty_ingest(result: IngestResult, logs: _NamedLogs) -> None:
    """Ends an ingest that met no log: somebody named the wrong place, account or Region.

    Raises:
        LpgenError: it met none, and no failure explains it.
    """
    if not result.is_empty or result.failures or result.is_unread or result.known_problems:
        return
    chosen = [*sorted(logs.scope.accounts), *sorted(logs.scope.regions)]
    if chosen:
        what = f"there is no log of {', '.join(map(quote_input, chosen))}"
        raise InvocationError(what, hint="check --account, --region, --since and --until")
    raise IngestError("there is no log in what is named", hint="check the paths, --since and --until")


@dataclass(frozen=True, slots=True)
class _LogSources:
    """What the names name."""

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


def _sources(names: list[str], accounts: frozenset[str], regions: tuple[str, ...]) -> _LogSources:
    """The sources, checked: an option that would be ignored without a word is refused."""
    addresses = tuple(address_from_text(name) for name in names if name.startswith(_S3))
    history = [name for name in names if name.startswith(_HISTORY)]
    if any(name != _HISTORY for name in history):
        raise InvocationError(f"`{_HISTORY}` takes nothing behind it", hint="name Regions with --region")
    accounts, regions = frozenset(() if _ALL in accounts else accounts), () if _ALL in regions else regions
    for wrong in (account for account in accounts if not _ACCOUNT.fullmatch(account)):
        raise InvocationError(f"{quote_input(wrong)} is no account id", hint="it has 12 digits")
    for wrong in (region for region in regions if not _REGION.fullmatch(region)):
        raise InvocationError(f"{quote_input(wrong)} is no Region", hint="write it as `eu-west-1`")
    tables = tuple(dict.fromkeys(name for name in names if name.startswith(_ATHENA)))
    if tables and any(not name.startswith(_ATHENA) for name in names):
        raise InvocationError(
            f"`{_ATHENA}` can't be ingested together with other logs", hint="give it a --data folder of its own"
        )
    if accounts and (history or not (addresses or tables)):
        raise InvocationError(f"--account chooses among the logs of `{_S3}` and `{_ATHENA}` alone")
    if regions and not (addresses or history or tables):
        raise InvocationError(f"--region chooses among the logs of `{_S3}`, `{_ATHENA}` and `{_HISTORY}` alone")
    paths = tuple(path_from_name(name) for name in names if not name.startswith((_S3, _HISTORY, _ATHENA)))
    return _LogSources(paths, addresses, bool(history), tables, accounts, regions)


def _as_before(
    sources: _LogSources, window: TimeWindow, data: Path, *, given: tuple[object, object, object]
) -> tuple[_LogSources, TimeWindow, LogScope]:
    """The sources and the window, completed by what earlier ingests into the data folder asked of the same sources, and
    what that is.

    `given` are --since, --account and --region, as a person gave them.
    """
    known = read_scope(data, sources.remote) if sources.remote else None
    if known is None:
        return sources, window, ALL_LOGS
    since, accounts, regions = given
    kept = LogScope(
        frozenset() if accounts else known.accounts,
        frozenset() if regions else known.regions,
        TimeWindow("" if since else known.window.since),
    )
    if kept.window.since:
        window = TimeWindow(kept.window.since, window.until)
        if window.until and window.until <= window.since:
            raise InvocationError(f"--until is before {window.since}, where earlier ingests began", hint="give --since")
    chosen = replace(
        sources,
        accounts=kept.accounts or sources.accounts,
        regions=tuple(sorted(kept.regions)) or sources.regions,
    )
    return chosen, window, kept


def _connection(options: LogOptions) -> Connection:
    """How to reach AWS."""
    role = options.assume_role
    if role and not _ROLE.fullmatch(role):
        hint = "write it as `arn:aws:iam::111122223333:role/NAME`"
        raise InvocationError(f"{quote_input(role)} is no ARN of a role", hint=hint)
    return Connection(options.profile, options.aws_region, options.endpoint_url, role)


def _cloud(
    sources: _LogSources, window: TimeWindow, connection: Connection, *, pays: bool
) -> tuple[BucketLogs | None, EventHistory | None]:
    """Where in AWS to read; nothing is asked yet."""
    if not sources.addresses and not sources.history:
        return None, None
    from lpgen.edge.ingest.event_history import open_event_history
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


def _athena(
    sources: _LogSources, window: TimeWindow, connection: Connection, now: datetime, options: LogOptions
) -> AthenaLogs:
    """The tables to ask for the days of the window."""
    from lpgen.core.athena.days import RecordScope, days_from_window
    from lpgen.core.athena.table import name_from_address
    from lpgen.edge.athena.queries import QueryRunner
    from lpgen.edge.athena.reading import AthenaLogs

    location = options.output_location
    if location and not location.startswith(_S3):
        raise InvocationError(f"{quote_input(location)} is no address in S3", hint="write `s3://BUCKET/PREFIX/`")
    names = tuple(map(name_from_address, sources.tables))
    wanted = RecordScope(tuple(sorted(sources.accounts)), tuple(sorted(sources.regions)))
    runner = QueryRunner(open_session(connection), options.workgroup, location)
    return AthenaLogs(runner, names, days_from_window(window), wanted, now, options.yes)
