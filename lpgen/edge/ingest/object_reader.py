"""What a worker does with objects: reads them, and counts what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.usage.ingest_result import FileProblem
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.ledger import LedgerObject
from lpgen.edge.ingest.chunk_reader import NO_FILES, Again, ChunkResult, ChunkTally
from lpgen.edge.ingest.plan import Asked
from lpgen.edge.logs.read_limits import DEFAULT_LIMITS, ReadLimits
from lpgen.edge.object_store import ObjectStore, StoredObject
from lpgen.errors import AwsError

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
        self._contributions = MappingCache(EventMap(catalog))

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
        readable = [one for one in chunk.objects if one.size <= self._limits.file_bytes]
        for one, body in self._store.read_all(readable):
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
