"""The upgrade of a data folder to this version's schema, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lpgen.core.usage.schema_2 import OLD_VERSION
from lpgen.edge.data_folder.baseline_upgrade import (
    discard_upgraded_baselines,
    old_baselines,
    replace_old_baselines,
    write_upgraded_baselines,
)
from lpgen.edge.data_folder.ledger import check_version, open_ledger, read_paths, read_schema_version
from lpgen.edge.data_folder.schema_2 import read_old_usage
from lpgen.edge.data_folder.usage_files import remove_stale_usage, write_usage
from lpgen.errors import IngestError, LpgenError


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The result of an upgrade: from which version, how many baselines, and the paths of the logs to read again."""

    old_version: int
    baselines: int
    paths: tuple[str, ...]


def upgrade(data: Path) -> Upgrade:
    """Upgrades a data folder; one of this version keeps its tables, and has its baselines upgraded.

    The old state counts until the commit of the ledger. A killed upgrade is finished by the next one.

    Raises:
        DataError: the folder is damaged, or of a version that can't be upgraded.
        IngestError: it can't be written, or an ingest is running.
        BaselineError: a baseline is damaged, or can't be written.
    """
    version = read_schema_version(data)
    is_old = version == OLD_VERSION
    if not is_old:
        check_version(version, data)
    with open_ledger(data, version=version) as ledger:
        names = old_baselines(data)
        try:
            write_upgraded_baselines(data)
            generation = _write_upgraded_usage(data, ledger.generation) if is_old else ledger.generation
        except LpgenError:
            discard_upgraded_baselines(data)
            raise
        if is_old:
            ledger.upgrade()
            ledger.commit(generation)
            remove_stale_usage(data, generation)
        replace_old_baselines(data)
    paths = tuple(sorted(set(read_paths(data).values()))) if is_old else ()
    return Upgrade(version, len(names), paths)


def _write_upgraded_usage(data: Path, generation: str) -> str:
    try:
        return write_usage(data, read_old_usage(data, generation))
    except OSError as error:
        raise IngestError(f"`{data}` can't be written, and is as it was: {error.strerror or error}") from error
