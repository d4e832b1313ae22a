"""The results that an ingest reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lpgen.core.model import SkipReason
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.tables import Usage, count_records, count_used_records

_MAX_EXAMPLES: Final = 3
"""How many examples a result holds for each skip reason."""

UNCOUNTED: Final = (
    SkipReason.UNREADABLE_FILE,
    SkipReason.BAD_RECORD,
    SkipReason.UNKNOWN_VERSION,
    SkipReason.MISPLACED,
    SkipReason.NO_TIME,
    SkipReason.FUTURE,
)
"""Skip reasons that lose evidence of use, so a person should look at them."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file and its problem."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class SkipExample:
    """The place of a skip (`record 3`, `line 7`; "" for a whole file), and the full reason."""

    path: str
    position: str
    detail: str


@dataclass(frozen=True, slots=True)
class SkipSummary:
    """The skips for one reason, with up to `_MAX_EXAMPLES` examples."""

    reason: SkipReason
    count: int
    examples: tuple[SkipExample, ...]


@dataclass(frozen=True, slots=True)
class IngestResult:
    """The outcome of one ingest.

    `records` were read from `files_read` new files, and `usage_records` of them became usage. `skips` counts the
    others, and files or parts of files without records, sorted by reason. `files_known` were ingested before, or are
    copies of another file of this run. `files_ignored` are files in a folder that lpgen doesn't read, by their names.
    `failures` are files that couldn't be opened, or that crash each process that reads them; a later run tries them
    again. `problems` are new files with unreadable parts, each with the first reason and place, and `known_problems`
    are such files among the known ones. `read_again` is the number of known files that were read again for records
    that were left out before.

    `objects_read` and `objects_known` are the same for objects in S3, `events_read` and `events_known` for events of
    CloudTrail's history, `days_read` and `days_known` for days of a table in Athena. `folders_left` are the folders in
    S3 that hold no records of calls, by name. `notes` list limits of a source. `seconds` has the duration of each
    phase, in order. `has_logs` means that at least one source is a log, even if it holds no record. `is_unread` means
    that nothing of some new file could be read.
    """

    files_read: int
    files_known: int
    files_ignored: int
    records: int
    usage_records: int
    skips: tuple[SkipSummary, ...]
    problems: tuple[FileProblem, ...]
    failures: tuple[FileProblem, ...]
    known_problems: tuple[FileProblem, ...]
    read_again: int
    objects_read: int = 0
    objects_known: int = 0
    events_read: int = 0
    events_known: int = 0
    days_read: int = 0
    days_known: int = 0
    folders_left: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    has_logs: bool = False
    is_unread: bool = False
    seconds: tuple[tuple[str, float], ...] = field(default=(), compare=False)

    @property
    def has_problems(self) -> bool:
        """Whether anything couldn't be read. `--strict` turns this into exit code 3."""
        unreadable = any(skip.reason in UNCOUNTED for skip in self.skips)
        return unreadable or bool(self.problems or self.failures or self.known_problems)

    @property
    def is_empty(self) -> bool:
        """Whether none of the given sources is a log, and none was known before."""
        known = self.files_known + self.objects_known + self.events_known + self.days_known
        return not self.has_logs and known <= len(self.known_problems)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an ingest in files or objects, compressed bytes and records. For Athena, in days, not bytes."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int
    records: int
    unit: str = "files"


ProgressReport = Callable[[Progress], None]


def counts_from_usage(usage: Usage, paths: Mapping[str, str]) -> tuple[int, int, tuple[SkipSummary, ...]]:
    """Records read, usage records, and the skips by reason. `paths` has the path of a file by its SHA-256."""
    columns = ("reason", "records", "detail", "example_source", "example_position")
    counts: dict[str, int] = {}
    examples: dict[str, list[SkipExample]] = {}
    for reason, records, detail, source, position in table_rows(usage.skips, columns):
        counts[reason] = counts.get(reason, 0) + records
        found = examples.setdefault(reason, [])
        if len(found) < _MAX_EXAMPLES:
            found.append(SkipExample(paths.get(source, source), position, detail))
    skips = (SkipSummary(SkipReason(reason), counts[reason], tuple(examples[reason])) for reason in sorted(counts))
    return count_records(usage), count_used_records(usage), tuple(skips)
