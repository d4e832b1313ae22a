"""From the names of logs, as people give them, to the sources of an ingest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lpgen.app.ingest import LogSources
from lpgen.app.log_options import LogOptions
from lpgen.core.usage.event_time import TimeWindow, date_from_age, moment_from_datetime, window_from_text
from lpgen.core.usage.ingest_result import IngestResult
from lpgen.core.usage.log_layout import ALL_LOGS, LogScope, address_from_text
from lpgen.edge.aws_regions import refuse_unknown_regions
from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.data_folder.ledger import read_scope
from lpgen.edge.logs.inflate import DEFAULT_LIMITS, ReadLimits
from lpgen.edge.logs.log_files import path_from_name
from lpgen.edge.logs.log_format import LogFormat
from lpgen.errors import IngestError, InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.edge.athena.reading import AthenaLogs

_ATHENA: Final = "athena://"
_S3: Final = "s3://"
_HISTORY: Final = "cloudtrail://"
_ALL: Final = "all"
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}", re.ASCII)


def find_named_logs(
    names: Iterable[str], data: Path, options: LogOptions, *, is_on_cluster: bool = False
) -> LogSources:
    """The logs of paths and addresses, as `lpgen ingest` takes them.

    Raises:
        InvocationError: a name or an option makes no sense, or would be ignored.
        AwsError: the configuration for AWS can't be read, or the role can't be assumed.
    """
    now = datetime.now(UTC)
    window = window_from_text(date_from_age(options.since, now.date()), options.until)
    accounts, regions = _several(options.account), _several(options.region)
    sources = _sources(list(names), frozenset(accounts), tuple(dict.fromkeys(regions)))
    sources, window, kept = _as_before(sources, window, data, given=(options.since, accounts, regions))
    asked = options.aws_region if options.aws_region and not options.endpoint_url else ""
    refuse_unknown_regions((*sources.regions, *((asked,) if asked else ())))
    role = options.assume_role
    if role and not _ROLE.fullmatch(role):
        hint = "write it as `arn:aws:iam::111122223333:role/NAME`"
        raise InvocationError(f"{quote_input(role)} is not the ARN of a role", hint=hint)
    connection = Connection(options.profile, options.aws_region, options.endpoint_url, role)
    limits = ReadLimits(options.max_file_bytes, options.max_file_records, options.max_file_broken)
    if limits != DEFAULT_LIMITS and not (sources.paths or sources.addresses):
        raise InvocationError("the --max-file-… options apply only to files and objects in S3")
    buckets, history = None, None
    if sources.addresses:
        from lpgen.edge.objects.finder import BucketLogs
        from lpgen.edge.objects.s3_store import S3Store

        store = S3Store(connection, options.requester_pays)
        buckets = BucketLogs(store, sources.addresses, sources.accounts, frozenset(sources.regions))
    if sources.history:
        from lpgen.edge.ingest.event_history import open_event_history

        history = open_event_history(open_session(connection), sources.regions, window)
    if sources.tables and is_on_cluster:
        raise InvocationError(f"--engine doesn't apply to `{_ATHENA}`: its queries run in Athena")
    for option, value in (
        ("--workgroup", options.workgroup),
        ("--output-location", options.output_location),
        ("--yes", options.yes),
    ):
        if value and not sources.tables:
            raise only_for_athena(option)
    athena = _athena(sources, window, connection, now, options) if sources.tables else None
    scope = LogScope(sources.accounts, frozenset(sources.regions), window)
    began = moment_from_datetime(now)
    if options.format and not (sources.paths or sources.addresses):
        raise InvocationError("--format applies only to files and objects in S3")
    only = LogFormat(options.format) if options.format else None
    remote = sources.remote
    return LogSources(sources.paths, window, began, buckets, history, athena, limits, remote, scope, kept, only)


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def only_for_athena(option: str) -> InvocationError:
    """The error about an option that works only with Athena."""
    return InvocationError(f"{option} works only with `{_ATHENA}`")


def refuse_empty_ingest(result: IngestResult, logs: LogSources) -> None:
    """Refuse an ingest that found no log: the place, account or Region is probably wrong.

    Raises:
        LpgenError: it found none, and no failure explains it.
    """
    if not result.is_empty or result.failures or result.is_unread or result.known_problems:
        return
    chosen = [*sorted(logs.scope.accounts), *sorted(logs.scope.regions)]
    if chosen:
        what = f"found no logs of {', '.join(map(quote_input, chosen))}"
        raise InvocationError(what, hint="check --account, --region, --since and --until")
    raise IngestError("found no logs in the named places", hint="check the paths, --since and --until")


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources that the names refer to."""

    paths: tuple[Path, ...]
    addresses: tuple[str, ...]
    history: bool
    tables: tuple[str, ...]
    accounts: frozenset[str]
    regions: tuple[str, ...]

    @property
    def remote(self) -> tuple[str, ...]:
        """The addresses whose scope the data folder remembers. Empty if files on disk are ingested too."""
        return () if self.paths else (*self.addresses, *self.tables, *((_HISTORY,) if self.history else ()))


def _sources(names: list[str], accounts: frozenset[str], regions: tuple[str, ...]) -> _Sources:
    """The sources, checked. Refuses options that would be ignored."""
    addresses = tuple(address_from_text(name) for name in names if name.startswith(_S3))
    history = [name for name in names if name.startswith(_HISTORY)]
    if any(name != _HISTORY for name in history):
        raise InvocationError(f"`{_HISTORY}` can't be followed by anything", hint="name Regions with --region")
    accounts, regions = frozenset(() if _ALL in accounts else accounts), () if _ALL in regions else regions
    for wrong in (account for account in accounts if not _ACCOUNT.fullmatch(account)):
        raise InvocationError(f"{quote_input(wrong)} is not a valid account ID", hint="it has 12 digits")
    for wrong in (region for region in regions if not _REGION.fullmatch(region)):
        raise InvocationError(f"{quote_input(wrong)} is not a valid Region", hint="write it as `eu-west-1`")
    tables = tuple(dict.fromkeys(name for name in names if name.startswith(_ATHENA)))
    if tables and any(not name.startswith(_ATHENA) for name in names):
        raise InvocationError(
            f"`{_ATHENA}` can't be ingested together with other logs", hint="give it its own --data folder"
        )
    if accounts and (history or not (addresses or tables)):
        raise InvocationError(f"--account works only with `{_S3}` and `{_ATHENA}`")
    if regions and not (addresses or history or tables):
        raise InvocationError(f"--region works only with `{_S3}`, `{_ATHENA}` and `{_HISTORY}`")
    paths = tuple(path_from_name(name) for name in names if not name.startswith((_S3, _HISTORY, _ATHENA)))
    return _Sources(paths, addresses, bool(history), tables, accounts, regions)


def _as_before(
    sources: _Sources, window: TimeWindow, data: Path, *, given: tuple[object, object, object]
) -> tuple[_Sources, TimeWindow, LogScope]:
    """The sources and the window, completed with the scope that earlier ingests asked of the same sources, and this
    scope.

    `given` are the values of --since, --account and --region.
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
            raise InvocationError(f"--until is before {window.since}, the start of earlier ingests", hint="add --since")
    chosen = replace(
        sources,
        accounts=kept.accounts or sources.accounts,
        regions=tuple(sorted(kept.regions)) or sources.regions,
    )
    return chosen, window, kept


def _athena(
    sources: _Sources, window: TimeWindow, connection: Connection, now: datetime, options: LogOptions
) -> AthenaLogs:
    """The tables to query for the days of the window."""
    from lpgen.core.athena.days import RecordScope, days_from_window
    from lpgen.core.athena.table import name_from_address
    from lpgen.edge.athena.queries import QueryRunner
    from lpgen.edge.athena.reading import AthenaLogs

    location = options.output_location
    if location and not location.startswith(_S3):
        raise InvocationError(f"{quote_input(location)} is not an S3 address", hint="write `s3://BUCKET/PREFIX/`")
    names = tuple(map(name_from_address, sources.tables))
    wanted = RecordScope(tuple(sorted(sources.accounts)), tuple(sorted(sources.regions)))
    runner = QueryRunner(open_session(connection), options.workgroup, location)
    return AthenaLogs(runner, names, days_from_window(window), wanted, now, options.yes)
