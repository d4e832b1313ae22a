"""The check of a data folder: the ledger, the current tables, every snapshot and baseline, and leftovers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from lpgen.core.folder_checks import FindingKind, FolderCheck, FolderFinding
from lpgen.core.usage.tables import Usage, count_records, count_used_records, find_broken_laws
from lpgen.edge.data_folder.baseline_folder import BASELINES, baseline_names, open_baseline
from lpgen.edge.data_folder.kept_values import KEPT
from lpgen.edge.data_folder.ledger import has_ledger
from lpgen.edge.data_folder.ledger_connection import LEDGER_FILE, RESTORE
from lpgen.edge.data_folder.ledger_integrity import LedgerSums, find_ledger_faults, read_sums
from lpgen.edge.data_folder.pins import PINS, pinned_generations
from lpgen.edge.data_folder.snapshot_folder import SNAPSHOTS, open_snapshot, snapshot_names
from lpgen.edge.data_folder.usage_files import USAGE_FOLDER, read_generation_usage
from lpgen.errors import BaselineError, DamageError, DataError, LpgenError, SnapshotError

_NO_USE: Final = "no command reads it; delete it unless a command is running"
_KNOWN: Final = (LEDGER_FILE, f"{LEDGER_FILE}-journal", USAGE_FOLDER, SNAPSHOTS, BASELINES, PINS, KEPT)


def check_data(data: Path) -> FolderCheck:
    """The damage and the leftovers in a data folder.

    Raises:
        DataError: there is no data folder, or it can't be read.
    """
    return _Check(data).run()


@dataclass(slots=True)
class _Check:
    data: Path
    sums: LedgerSums | None = None
    rows: int = 0
    findings: list[FolderFinding] = field(default_factory=list)

    def run(self) -> FolderCheck:
        snapshots, baselines = snapshot_names(self.data), baseline_names(self.data)
        if has_ledger(self.data):
            self._note_damage(self._check_ledger)
        elif not snapshots and not baselines:
            raise DataError(f"`{self.data}` is not a data folder", hint="name a folder that `lpgen ingest` wrote")
        for name in snapshots:
            self._note_damage(partial(open_snapshot, self.data / SNAPSHOTS / name))
        for name in baselines:
            self._note_damage(partial(self._check_baseline, self.data / BASELINES / name))
        for path in self._leftovers():
            self.findings.append(FolderFinding(FindingKind.LEFTOVER, f"`{path}` is left over", _NO_USE))
        return FolderCheck(
            str(self.data),
            self.sums.files if self.sums else 0,
            self.sums.records if self.sums else 0,
            self.rows,
            len(snapshots),
            len(baselines),
            tuple(self.findings),
        )

    def _note_damage(self, check: Callable[[], object]) -> None:
        try:
            check()
        except (DamageError, SnapshotError, BaselineError) as error:
            self._damage(error)

    def _damage(self, error: LpgenError) -> None:
        self.findings.append(FolderFinding(FindingKind.DAMAGE, error.message, error.hint or RESTORE))

    def _check_ledger(self) -> None:
        for fault in find_ledger_faults(self.data):
            self._damage(DamageError(f"`{self.data / LEDGER_FILE}` is damaged: {fault}", hint=RESTORE))
        self.sums = read_sums(self.data)
        while True:
            try:
                return self._check_tables(self.sums)
            except DataError:
                newer = read_sums(self.data)
                if newer.generation == self.sums.generation:
                    raise
                self.sums = newer  # an ingest finished, and removed the tables while they were read

    def _check_tables(self, sums: LedgerSums) -> None:
        folder = self.data / USAGE_FOLDER / sums.generation
        try:
            usage = read_generation_usage(self.data, sums.generation)
        except FileNotFoundError as error:
            raise DamageError(f"`{folder}` is missing", hint=RESTORE) from error
        self.rows = usage.num_rows
        self._check_laws(folder, usage)
        found = (count_records(usage), count_used_records(usage))
        if found != (sums.records, sums.usage_records):
            raise DamageError(
                f"`{self.data / LEDGER_FILE}` counts {sums.records:,} records, {sums.usage_records:,} of them usage, "
                f"but the tables in `{folder}` count {found[0]:,} and {found[1]:,}",
                hint=RESTORE,
            )

    def _check_laws(self, folder: Path, usage: Usage) -> None:
        for table, wrong in find_broken_laws(usage):
            self._damage(DamageError(f"`{folder / table}.parquet` is damaged: {wrong}", hint=RESTORE))

    def _check_baseline(self, folder: Path) -> None:
        baseline = open_baseline(folder)
        self._check_laws(folder / USAGE_FOLDER, baseline.usage())

    def _leftovers(self) -> Iterator[Path]:
        """The files in the folder that no command reads."""
        yield from _others(self.data, _KNOWN)
        if self.sums:
            yield from _others(self.data / USAGE_FOLDER, (self.sums.generation, *pinned_generations(self.data)))
        for root, names in ((SNAPSHOTS, snapshot_names(self.data)), (BASELINES, baseline_names(self.data))):
            yield from _others(self.data / root, names)


def _others(folder: Path, known: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.name not in known)
