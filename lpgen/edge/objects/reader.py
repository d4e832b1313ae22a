"""What a worker does with objects: downloads them ahead of the decoding, and counts what is in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.usage.ingest_result import FileProblem
from lpgen.core.usage.mapping_cache import ContributionMemo
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.ledger import LedgerObject
from lpgen.edge.ingest.chunk_reader import NO_FILES, Again, ChunkResult, ChunkTally
from lpgen.edge.ingest.plan import Asked
from lpgen.edge.logs.read_limits import DEFAULT_LIMITS, ReadLimits
from lpgen.edge.objects.store import Body, ObjectStore, StoredObject
from lpgen.errors import AwsError

_DOWNLOADS: Final = 8
"""How many downloads of one worker are under way at a time."""

_AHEAD_BYTES: Final = 32 << 20
"""How many bytes a worker downloads ahead of the decoding; a larger object is downloaded alone."""

_TOO_LARGE: Final = "it is larger than a log file may be"


@dataclass(frozen=True, slots=True)
class ObjectChunk:
    """Objects to read in one go, and the digests of known files of their sizes, which must not count again."""

    objects: tuple[StoredObject, ...]
    known: frozenset[str] = frozenset()

    def singles(self) -> Iterator[ObjectChunk]:
        """A chunk of each object."""
        return (ObjectChunk((one,), self.known) for one in self.objects)


class ObjectReader:
    """Reads chunks of objects from a store. It pickles as its parts; each process makes the event map once."""

    def __init__(
        self,
        catalog: Catalog,
        store: ObjectStore,
        asked: Asked,
        *,
        again: Again = NO_FILES,
        limits: ReadLimits = DEFAULT_LIMITS,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._asked = asked
        self._again = again
        self._limits = limits
        self._contributions = ContributionMemo(EventMap(catalog))

    def __getstate__(self) -> dict[str, Any]:
        return {
            "catalog": self._catalog,
            "store": self._store,
            "asked": self._asked,
            "again": self._again,
            "limits": self._limits,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __call__(self, chunk: ObjectChunk) -> ChunkResult:
        """The usage of the objects of a chunk; two objects of the same bytes count once."""
        with collector_paused():
            return self._read(chunk)

    def _read(self, chunk: ObjectChunk) -> ChunkResult:
        tally = ChunkTally(self._contributions, self._asked, self._limits, chunk.known, self._again)
        objects: list[LedgerObject] = []
        failures = [FileProblem(one.name, _TOO_LARGE) for one in chunk.objects if one.size > self._limits.file_bytes]
        errors: list[AwsError] = []
        for one, body in _download(self._store, [one for one in chunk.objects if one.size <= self._limits.file_bytes]):
            if isinstance(body, AwsError):
                failures.append(FileProblem(one.name, f"{body.message}{body.hint and '; '}{body.hint}"))
                errors.append(body)
                continue
            digest = tally.add(one.name, body.data)
            objects.append(LedgerObject(one.name, len(body.data), body.etag, digest))
        return ChunkResult(
            tally.usage(),
            tally.files(),
            tuple(failures),
            sum(one.size for one in chunk.objects),
            tuple(objects),
            tuple(errors),
        )


def _download(store: ObjectStore, objects: Sequence[StoredObject]) -> Iterator[tuple[StoredObject, Body | AwsError]]:
    """Each object with its bytes or why there are none, in order; a few are under way while the caller works."""
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        under_way: deque[tuple[StoredObject, Future[Body]]] = deque()
        ahead = 0
        for one in objects:
            while under_way and (ahead + one.size > _AHEAD_BYTES or len(under_way) >= 2 * _DOWNLOADS):
                first, future = under_way.popleft()
                yield first, _result(future)
                ahead -= first.size
            under_way.append((one, pool.submit(store.read, one)))
            ahead += one.size
        while under_way:
            first, future = under_way.popleft()
            yield first, _result(future)


def _result(future: Future[Body]) -> Body | AwsError:
    try:
        return future.result()
    except AwsError as error:
        return error
