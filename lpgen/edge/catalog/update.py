"""Making a new dated catalog in the user's folder from AWS's service reference.

Everything is fetched and checked before a byte is written; the new folder is filled next to its final place, read back,
and moved there in one step. Whatever fails, existing catalogs remain unchanged.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lpgen.core.catalog.catalog import Catalog, CatalogChanges, changes_between
from lpgen.core.catalog.service import (
    Manifest,
    ServiceRow,
    SourceRow,
    json_from_manifest,
    json_from_service,
    service_from_json,
)
from lpgen.core.catalog.service_reference import (
    ServiceReference,
    authorized_actions,
    json_from_authorized_actions,
    service_from_reference,
)
from lpgen.edge.catalog.files import FolderSource, bundled_catalog, user_folder
from lpgen.edge.catalog.reference_fetch import REFERENCE_URL, FetchLimits, Progress, fetch_references
from lpgen.errors import CatalogError


@dataclass(frozen=True, slots=True)
class CatalogUpdate:
    """A catalog that was written: its folder, its manifest, and its changes against the one before."""

    path: Path
    manifest: Manifest
    before: Manifest
    changes: CatalogChanges


def update_catalog(
    current: Catalog,
    *,
    date: str,
    url: str = REFERENCE_URL,
    home: Path | None = None,
    limits: FetchLimits | None = None,
    progress: Progress | None = None,
) -> CatalogUpdate:
    """Write a catalog of this ISO date from the reference at `url`; facts that the reference lacks come from `current`.

    Raises:
        CatalogError: something couldn't be fetched, read or written; no catalog was changed.
    """
    references = fetch_references(url, limits=limits, progress=progress)
    services = _services(references, current, date)
    manifest = Manifest.of_services(
        services, date=date, oldest_release=current.manifest.oldest_release, sources=_sources(current, url, date)
    )
    folder = home or user_folder()
    path = _write_catalog(folder, manifest, _files(manifest, services, references))
    changes = changes_between(current, Catalog(FolderSource(path)))
    return CatalogUpdate(path=path, manifest=manifest, before=current.manifest, changes=changes)


def _services(references: Iterable[ServiceReference], current: Catalog, date: str) -> tuple[ServiceRow, ...]:
    """Rows for all services; an action that the current catalog lacks may still have its date from the bundled one."""
    known = (current, bundled_catalog())
    return tuple(
        service_from_reference(
            reference, [row for catalog in known for row in _earlier_rows(catalog, reference.name)], date=date
        )
        for reference in references
    )


def _earlier_rows(catalog: Catalog, prefix: str) -> list[ServiceRow]:
    if prefix not in catalog.prefixes():
        return []
    return [service_from_json(catalog.source.read_service(prefix), prefix=prefix)]


def _sources(current: Catalog, url: str, date: str) -> tuple[SourceRow, ...]:
    gives = "services, actions, levels, resource types, ARN formats, condition keys, operations"
    reference = SourceRow(name=f"AWS service reference, {url}", version=date, license="facts", gives=gives)
    carried = "names of services, required flags, dependent actions, first-seen dates"
    earlier = SourceRow(
        name="the action catalog before", version=current.version, license="as stated there", gives=carried
    )
    return reference, earlier


def _files(
    manifest: Manifest, services: Iterable[ServiceRow], references: Iterable[ServiceReference]
) -> dict[str, bytes]:
    """Every file of the catalog by its path in the folder."""
    files = {f"services/{service.service}.json": json_from_service(service) for service in services}
    for reference in references:
        if reference.operations:
            table = json_from_authorized_actions(authorized_actions(reference))
            files[f"authorized_actions/{reference.name}.json"] = table
    return files | {"manifest.json": json_from_manifest(manifest)}


def _write_catalog(home: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Path:
    """Put the files into a new dated folder in one step, after reading them back."""
    incoming: Path | None = None
    try:
        home.mkdir(parents=True, exist_ok=True)
        incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=home))
        _write_files(incoming, files)
        _check_whole(incoming, manifest)
        target = _free_place(home, manifest.date)
        incoming.chmod(0o755)
        incoming.rename(target)
        _sync_folder(home)
    except OSError as error:
        raise CatalogError(f"the catalog couldn't be written to `{home}`: {error.strerror}") from error
    finally:
        if incoming is not None and incoming.exists():
            shutil.rmtree(incoming, ignore_errors=True)
    return target


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for path in {folder, *((folder / name).parent for name in files)}:
        _sync_folder(path)


def _check_whole(folder: Path, manifest: Manifest) -> None:
    found = len(Catalog(FolderSource(folder)).actions())
    if found != manifest.counts.actions:
        raise CatalogError(f"the catalog as written has {found} actions rather than {manifest.counts.actions}")


def _free_place(home: Path, date: str) -> Path:
    """A folder name of this date that is not taken: a catalog is never overwritten."""
    names = [date, *(f"{date}.{number:03}" for number in range(1, 1000))]
    for name in names:
        if not os.path.lexists(home / name):
            return home / name
    raise CatalogError(f"`{home}` holds a thousand catalogs of {date}", hint="delete some")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
