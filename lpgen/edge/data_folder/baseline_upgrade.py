"""Baselines of the format before, written again in this one: first beside the old ones, then in their place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lpgen.edge.data_folder.baseline_folder import BASELINES, KIND, USAGE, baseline_names, write_tables
from lpgen.edge.data_folder.immutable_folder import UNFINISHED, SealedWriter, format_of_folder, open_sealed
from lpgen.edge.data_folder.schema_2 import read_old_tables
from lpgen.edge.private_files import check_is_no_link, sync_folder
from lpgen.errors import BaselineError

_OLD_KIND: Final = replace(KIND, format_version=2)
_NEW: Final = ".upgraded-"
_OLD: Final = ".replaced-"


def is_of_upgrade(path: Path) -> bool:
    """Whether a folder is an upgraded baseline, or one that it replaces, and an upgrade has yet to finish it."""
    return path.parent.name == BASELINES and path.name.startswith((_NEW, _OLD))


def old_baselines(data: Path) -> tuple[str, ...]:
    """The names of the baselines of the format before.

    Raises:
        BaselineError: one can't be read.
    """
    root, wanted = _root(data), _OLD_KIND.format_version
    return tuple(name for name in baseline_names(data) if format_of_folder(root / name, _OLD_KIND) == wanted)


def _root(data: Path) -> Path:
    """The folder of the baselines.

    Raises:
        BaselineError: it is a link.
    """
    try:
        check_is_no_link(data / BASELINES)
    except OSError as error:
        raise BaselineError(f"`{data}` can't be upgraded: {error.strerror}") from error
    return data / BASELINES


def write_upgraded_baselines(data: Path) -> None:
    """Writes each baseline of the format before again, beside it, where it doesn't count yet.

    Raises:
        BaselineError: one is damaged, or can't be written.
        DataError: its tables are damaged.
    """
    root = _root(data)
    for name in old_baselines(data):
        for rest in (f"{UNFINISHED}{_NEW}{name}", f"{_NEW}{name}"):  # of a killed upgrade
            shutil.rmtree(root / rest, ignore_errors=True)
        _write_upgraded(root, name)


def discard_upgraded_baselines(data: Path) -> None:
    """Removes the upgraded baselines that don't count yet, where the old ones are still there."""
    root = _root(data)
    for new in _below(root, _NEW):
        if (root / new.name.removeprefix(_NEW)).exists():
            shutil.rmtree(new, ignore_errors=True)


def replace_old_baselines(data: Path) -> None:
    """Puts each upgraded baseline in the place of the old one, and removes that; also after a kill.

    Raises:
        BaselineError: the folder can't be written.
    """
    root = _root(data)
    try:
        for new in _below(root, _NEW):
            name = new.name.removeprefix(_NEW)
            if (root / name).exists():
                (root / name).rename(root / f"{_OLD}{name}")
            new.rename(root / name)
            sync_folder(root)
        for old in _below(root, _OLD):
            shutil.rmtree(old)
    except OSError as error:
        raise BaselineError(f"`{root}` can't be written: {error.strerror or error}", hint="run it again") from error


def _below(root: Path, prefix: str) -> Iterator[Path]:
    return iter(sorted(root.glob(f"{prefix}*")))


def _write_upgraded(root: Path, name: str) -> None:
    manifest: dict[str, Any] = open_sealed(root / name, _OLD_KIND)
    files = manifest.pop("files")
    del manifest["format_version"]
    with SealedWriter(root, f"{_NEW}{name}", KIND) as writer:
        for path in files:
            if not path.startswith(f"{USAGE}/"):
                writer.write(path, (root / name / path).read_bytes())
        write_tables(writer, read_old_tables(root / name / USAGE))
        writer.seal(manifest)
