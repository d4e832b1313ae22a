"""Finds the catalog's folder, and reads its files.

A folder holds `manifest.json`, one `services/PREFIX.json` per service, and tables. The user's own catalogs are in dated
folders below the user's data folder, written by `lpgen catalog update`. If one of them lacks a table, the table comes
from the bundled catalog.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lpgen.core.catalog.catalog import Catalog
from lpgen.edge.files import file_errors, hash_file, read_file
from lpgen.errors import CatalogError, quote_input

HOME_VARIABLE = "LPGEN_CATALOG_HOME"
"""The environment variable that names another folder for the user's catalogs."""

_PACKAGE = Path(__file__).resolve().parents[2]
# Names come from logs and policies too. They must fit any file system, and be at most one folder deep.
_SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,199}")
_TABLE_NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_DATED_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(\.\d{3})?")


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A `CatalogSource` that reads a folder, and reads missing tables from a fallback folder."""

    path: Path
    fallback: Path | None = None

    def __reduce__(self) -> tuple[Callable[..., FolderSource], tuple[Path | None, bool, str]]:
        """The arguments to open the same catalog in another process or on another machine, without its content."""
        digest = hashlib.sha256(self.read_table("manifest")).hexdigest()
        return _open_same, (None if self.path == bundled_folder() else self.path, self.fallback is not None, digest)

    def service_prefixes(self) -> tuple[str, ...]:
        """All service prefixes, sorted.

        Raises:
            CatalogError: the folder holds no catalog.
        """
        try:
            names = [entry.name for entry in os.scandir(self.path / "services")]
        except OSError as error:
            raise CatalogError(f"`{self.path}` holds no action catalog: {error.strerror}") from error
        prefixes = (name.removesuffix(".json") for name in names if name.endswith(".json"))
        return tuple(sorted(prefix for prefix in prefixes if _SERVICE_NAME.fullmatch(prefix)))

    def read_service(self, prefix: str) -> bytes:
        """The JSON of one service.

        Raises:
            CatalogError: there is no such service, or its file can't be read.
        """
        if not _SERVICE_NAME.fullmatch(prefix):
            raise CatalogError(f"{quote_input(prefix)} isn't a valid service prefix")
        return read_file(self.path / "services" / f"{prefix}.json", CatalogError)

    def read_table(self, name: str) -> bytes:
        """The JSON of one table, such as `manifest` or `operations/ec2.amazonaws.com`.

        Raises:
            CatalogError: there is no such table, or its file can't be read.
        """
        path = self._table_path(name)
        if path is None:
            raise CatalogError(f"the action catalog in `{self.path}` has no table {quote_input(name)}")
        return read_file(path, CatalogError)

    def has_table(self, name: str) -> bool:
        """Whether there is such a table. False for an invalid name."""
        return self._table_path(name) is not None

    def files(self) -> dict[str, Path]:
        """Every file of the catalog, by its name below the folder."""
        own = _files_below(self.path)
        if self.fallback is None:
            return own
        others = _files_below(self.fallback)
        return {name: file for name, file in others.items() if not name.startswith("services/")} | own

    def _table_path(self, name: str) -> Path | None:
        if not _TABLE_NAME.fullmatch(name):
            return None
        own = self.path / f"{name}.json"
        if own.is_file() or self.fallback is None or name == "manifest":
            return own if own.is_file() else None
        other = self.fallback / f"{name}.json"
        return other if other.is_file() else None


def _files_below(folder: Path) -> dict[str, Path]:
    """The JSON files below a folder, by their names in it."""
    above = len(folder.parts)  # `relative_to` is slow, and a catalog has a thousand files
    return {"/".join(file.parts[above:]): file for file in folder.rglob("*.json")}


def _open_same(path: Path | None, has_fallback: bool, digest: str) -> FolderSource:
    """The catalog folder (None: the bundled one) that another process used.

    Raises:
        CatalogError: it doesn't exist here, or holds another catalog.
    """
    bundled = bundled_folder()
    source = FolderSource(path or bundled, bundled if has_fallback else None)
    hint = "" if path is None else "with a cluster, put your own catalog on a path that every machine can read"
    if not (source.path / "manifest.json").is_file():
        raise CatalogError(f"a worker can't see the action catalog `{source.path}`", hint=hint)
    if hashlib.sha256(source.read_table("manifest")).hexdigest() != digest:
        raise CatalogError(
            f"a worker has a different action catalog in `{source.path}`",
            hint=hint or "install the same lpgen on every machine of the cluster",
        )
    return source


def open_catalog(path: Path | None = None) -> Catalog:
    """The catalog to use: the given folder, otherwise the newest in the user's folder, otherwise the bundled one.

    Raises:
        CatalogError: the folder holds no catalog that this lpgen reads.
    """
    bundled = bundled_folder()
    chosen = path or newest_user_folder() or bundled
    if not (chosen / "manifest.json").is_file():
        raise CatalogError(f"`{chosen}` holds no action catalog: there is no manifest.json")
    catalog = bundled_catalog() if chosen == bundled else Catalog(FolderSource(chosen, bundled))
    catalog.manifest  # noqa: B018  # refuses a folder without a readable manifest before the work starts
    return catalog


def digest_catalog(catalog: Catalog) -> str:
    """The SHA-256, in hex, of the names and bytes of all files of a catalog.

    Raises:
        CatalogError: a file can't be read, or the catalog isn't in a folder.
    """
    if not isinstance(catalog.source, FolderSource):
        raise CatalogError("the action catalog is not in a folder")
    whole = hashlib.sha256()
    for name, file in sorted(catalog.source.files().items()):
        whole.update(f"{name} {hash_file(file)}\n".encode())
    return whole.hexdigest()


@cache
def bundled_catalog() -> Catalog:
    """The catalog that comes with lpgen, whatever the user's folder holds. All callers share it."""
    return Catalog(FolderSource(bundled_folder()))


def bundled_folder(package: Path = _PACKAGE) -> Path:
    """The folder of the bundled catalog: inside an installed package, or next to the package in a checkout.

    Raises:
        CatalogError: it is in neither place. The installation is damaged.
    """
    for folder in (package / "_catalog", package.parent / "action_catalog"):
        if (folder / "manifest.json").is_file():
            return folder
    raise CatalogError(f"the bundled action catalog is missing from `{package}`", hint="install lpgen again")


def user_folder() -> Path:
    """The folder of the user's own catalogs. It might not exist."""
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_data_path  # imported only if needed, because it is slow

    return user_data_path("lpgen") / "catalogs"


def newest_user_folder() -> Path | None:
    """The newest of the user's dated catalogs by name, or None if there is none.

    Raises:
        CatalogError: the folder exists, but can't be read.
    """
    home = user_folder()
    hint = f"name a catalog with --catalog, or another folder with {HOME_VARIABLE}"
    with file_errors(f"read the folder of your own catalogs, `{home}`", CatalogError, hint=hint):
        if not home.is_dir():
            return None
        dated = (entry for entry in home.iterdir() if _DATED_NAME.fullmatch(entry.name))
        whole = (entry for entry in dated if (entry / "manifest.json").is_file())
        return max(whole, key=lambda entry: entry.name, default=None)
