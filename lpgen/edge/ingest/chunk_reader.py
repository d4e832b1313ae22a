"""The work of a worker: reads some log files or objects, and returns their usage and facts about each."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.access_logs import records_of_access_log
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import RawRecord
from lpgen.core.usage.event_time import latest_time
from lpgen.core.usage.ingest_result import FileProblem
from lpgen.core.usage.left_out import LEFT_OUT, Windows, unite_windows
from lpgen.core.usage.log_layout import account_from_path
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.tally import SourceCounts, UsageTally
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.ledger import LedgerFile, LedgerObject
from lpgen.edge.ingest.plan import IngestRange, digest_in_folder
from lpgen.edge.logs.inflate import DEFAULT_LIMITS, NO_LIMITS, ReadLimits
from lpgen.edge.logs.log_files import LogFile, path_text, why_not_opened
from lpgen.edge.logs.record_files import Item, records_from_bytes, why_refused
from lpgen.edge.object_store import ObjectStore, StoredObject
from lpgen.errors import AwsError

Chunk = tuple[LogFile, ...]

_Again = Mapping[str, LedgerFile]
"""Files to read again for their left-out records, as the ledger knew them, by their SHA-256."""

_LEADING: Final = 100
"""How many records to check for the account of a file. AWS never mixes accounts in one."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The usage of a chunk, its files for the ledger, and the files that couldn't be opened."""

    usage: Usage
    files: tuple[LedgerFile, ...]
    failures: tuple[FileProblem, ...]
    bytes_read: int
    objects: tuple[LedgerObject, ...] = ()
    errors: tuple[AwsError, ...] = ()
    """Why objects couldn't be read, in addition to `failures`."""
    events: bool = False
    """The objects are events of CloudTrail's history."""
    days: bool = False
    """The objects are days of a table in Athena."""


@dataclass(eq=False)
class _Reader:
    """The shared parts of chunk readers. They pickle without the event map, which each process creates once."""

    catalog: Catalog
    asked: IngestRange
    again: _Again = field(default_factory=dict, kw_only=True)
    limits: ReadLimits = field(default=DEFAULT_LIMITS, kw_only=True)

    def __post_init__(self) -> None:
        self._contributions = MappingCache(EventMap(self.catalog))

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **{field.name: getattr(self, field.name) for field in fields(self)}), ()


class ChunkReader(_Reader):
    """Reads chunks of files."""

    @collector_paused()
    def __call__(self, chunk: Chunk) -> ChunkResult:
        """The usage of the files of a chunk. Two files with the same bytes count once."""
        tally = ChunkTally(self._contributions, self.asked, self.limits, again=self.again)
        failures: list[FileProblem] = []
        for file in chunk:
            try:
                with open(file.path, "rb") as stream:
                    data = stream.read()
            except OSError as error:
                failures.append(FileProblem(path_text(file.path), why_not_opened(error)))
                continue
            if why := why_refused(data, self.asked.only, self.limits):
                failures.append(FileProblem(path_text(file.path), why))
                continue
            for path in (file.path, *file.copies):
                tally.add(path_text(path), data)
        sizes = sum(file.size for file in chunk)
        return ChunkResult(tally.usage(), tally.files(), tuple(failures), sizes)


class ChunkTally:
    """Collects the usage of the files of a chunk. Files with bytes in `known` and second copies don't count.

    From the files in `again`, only records that were left out before count.
    """

    def __init__(
        self,
        contributions: MappingCache,
        asked: IngestRange,
        limits: ReadLimits = DEFAULT_LIMITS,
        known: Collection[str] = (),
        again: _Again = MappingProxyType({}),
    ) -> None:
        self._tally = UsageTally(contributions, window=asked.window)
        self._catalog = contributions.event_map.catalog
        self._asked = asked
        self._limits = limits
        self._known = known
        self._again = again
        self._files: dict[str, LedgerFile] = {}

    def add(self, path: str, data: bytes) -> str:
        """Counts a file, and returns its digest for the ledger.

        A file in the folder of another account than its records' has a different digest, so the same bytes still count
        in the right folder.
        """
        digest, place = hashlib.sha256(data).hexdigest(), account_from_path(path)
        misplaced = digest_in_folder(digest, place)
        for known in (digest, misplaced):
            if known in self._files or known in self._known:
                return known
        is_again = digest in self._again or misplaced in self._again
        limits = NO_LIMITS if is_again else self._limits
        lines = partial(records_of_access_log, catalog=self._catalog, path=path)
        items = records_from_bytes(data, limits=limits, access_log=lines)
        owner, records = _owner_of(items)
        digest = digest if owner in ("", place) else misplaced
        before = self._again.get(digest)
        counted = before.windows if before else ()
        latest = latest_time(path, self._asked.now)
        counts = self._tally.add_source(records, digest, latest, counted=counted, place=place)
        found = file_from_counts(path, digest, len(data), counts, (self._asked.window_for(path),))
        self._files[digest] = _completed(before, found) if before else found
        return digest

    def usage(self) -> Usage:
        """The usage of the counted files."""
        return self._tally.usage()

    def files(self) -> tuple[LedgerFile, ...]:
        """The counted files, for the ledger."""
        return tuple(self._files.values())


def file_from_counts(path: str, digest: str, size: int, counts: SourceCounts, windows: Windows) -> LedgerFile:
    """The ledger's entry for a file whose records in some windows were counted."""
    skips = dict(counts.skips)
    return LedgerFile(
        sha256=digest,
        path=path,
        size=size,
        records=counts.records,
        usage_records=counts.usage_records,
        skips=sum(skips.values()),
        failure=counts.problem,
        windows=windows,
        left_out=sum(skips.get(reason, 0) for reason in LEFT_OUT),
    )


def _owner_of(records: Iterable[Item]) -> tuple[str, Iterable[Item]]:
    """The first account that the leading records name, or "", and all records."""
    rest = iter(records)
    head = list(islice(rest, _LEADING))
    accounts = (record.recipientAccountId for record in head if isinstance(record, RawRecord))
    return next(filter(None, accounts), ""), records if isinstance(records, list) else chain(head, rest)


def _completed(before: LedgerFile, found: LedgerFile) -> LedgerFile:
    """The entry of a file that was read before, updated with the records that were left out then."""
    return replace(
        before,
        records=before.records - before.left_out + found.records,
        usage_records=before.usage_records + found.usage_records,
        skips=before.skips - before.left_out + found.skips,
        windows=unite_windows((*before.windows, *found.windows)),
        left_out=found.left_out,
    )


# ---------------------------------------------------------------- objects


_TOO_LARGE: Final = "it is too large for a log file"


@dataclass(frozen=True, slots=True)
class ObjectChunk:
    """Objects to read together, and the digests of known files with their sizes, which must not count again."""

    objects: tuple[StoredObject, ...]
    known: frozenset[str] = frozenset()

    def singles(self) -> Iterator[ObjectChunk]:
        """A chunk for each object."""
        return (ObjectChunk((obj,), self.known) for obj in self.objects)


@dataclass(eq=False)
class ObjectReader(_Reader):
    """Reads chunks of objects from a store."""

    store: ObjectStore

    @collector_paused()
    def __call__(self, chunk: ObjectChunk) -> ChunkResult:
        """The usage of the objects of a chunk. Two objects with the same bytes count once."""
        tally = ChunkTally(self._contributions, self.asked, self.limits, chunk.known, self.again)
        objects: list[LedgerObject] = []
        failures = [FileProblem(obj.name, _TOO_LARGE) for obj in chunk.objects if obj.size > self.limits.file_bytes]
        errors: list[AwsError] = []
        readable = [obj for obj in chunk.objects if obj.size <= self.limits.file_bytes]
        for obj, body in self.store.read_all(readable):
            if isinstance(body, AwsError):
                failures.append(FileProblem(obj.name, f"{body.message}{body.hint and '; '}{body.hint}"))
                errors.append(body)
                continue
            if why := why_refused(body.data, self.asked.only, self.limits):
                failures.append(FileProblem(obj.name, why))
                continue
            digest = tally.add(obj.name, body.data)
            objects.append(LedgerObject(obj.name, len(body.data), body.etag, digest))
        return ChunkResult(
            tally.usage(),
            tally.files(),
            tuple(failures),
            sum(obj.size for obj in chunk.objects),
            tuple(objects),
            tuple(errors),
        )
