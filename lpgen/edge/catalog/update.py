"""Creates a dated catalog in the user's folder from AWS's service reference.

Everything is fetched and checked before a byte is written. The new folder is filled next to its final place, read back,
and moved there in one step. If anything fails, existing catalogs remain unchanged.
"""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urljoin, urlsplit

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
    IndexRow,
    ServiceReference,
    authorized_actions,
    index_from_json,
    json_from_authorized_actions,
    reference_from_json,
    service_from_reference,
)
from lpgen.edge.catalog.files import FolderSource, bundled_catalog, user_folder
from lpgen.edge.files import file_errors
from lpgen.edge.private_files import sync_folder
from lpgen.errors import CatalogError, quote_input
from lpgen.version import __version__

REFERENCE_URL = "https://servicereference.us-east-1.amazonaws.com/"

_Progress = Callable[[int, int], None]
"""Called with the number of services fetched and their total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """The limits of a fetch: seconds without a byte, and seconds, bytes and attempts per file, and files at once."""

    silence: float = 30.0
    duration: float = 120.0
    size: int = 32 * 1024 * 1024
    tries: int = 3
    pause: float = 1.0
    parallel: int = 8


_LIMITS: Final = FetchLimits()


@dataclass(frozen=True, slots=True)
class CatalogUpdate:
    """A catalog that was written: its folder, its manifest, and its changes since the previous catalog."""

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
    limits: FetchLimits = _LIMITS,
    progress: _Progress | None = None,
) -> CatalogUpdate:
    """Writes a catalog of this ISO date from the reference at `url`. Facts that it lacks come from `current`.

    Raises:
        CatalogError: something can't be fetched, read or written. No catalog was changed.
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
    """Rows for all services. If the current catalog lacks an action, its date may come from the bundled one."""
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
    """Puts the files into a new dated folder in one step, after reading them back."""
    with file_errors(f"write the catalog to `{home}`", CatalogError):
        home.mkdir(parents=True, exist_ok=True)
        incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=home))
        try:
            _write_files(incoming, files)
            _check_whole(incoming, manifest)
            target = _free_place(home, manifest.date)
            incoming.chmod(0o755)
            incoming.rename(target)
            sync_folder(home)
        finally:
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
        sync_folder(path)


def _check_whole(folder: Path, manifest: Manifest) -> None:
    found = len(Catalog(FolderSource(folder)).actions())
    if found != manifest.counts.actions:
        raise CatalogError(f"the written catalog has {found} actions rather than {manifest.counts.actions}")


def _free_place(home: Path, date: str) -> Path:
    """An unused folder name of this date: a catalog is never overwritten."""
    for name in (date, *(f"{date}.{number:03}" for number in range(1, 1000))):
        if not os.path.lexists(home / name):
            return home / name
    raise CatalogError(f"`{home}` holds a thousand catalogs of {date}", hint="delete some")


# ---------------------------------------------------------------- fetching: bounded in time and size, all or an error


def fetch_references(
    url: str = REFERENCE_URL, *, limits: FetchLimits = _LIMITS, progress: _Progress | None = None
) -> tuple[ServiceReference, ...]:
    """Every service of the reference whose index is at `url`, sorted by prefix.

    Raises:
        CatalogError: some part can't be fetched or is invalid. An incomplete result is never returned.
    """
    index = index_from_json(_fetch(url, limits))
    targets = [(row, _target(url, row)) for row in index]
    found: list[ServiceReference] = []
    with ThreadPoolExecutor(limits.parallel) as pool:
        waiting = {pool.submit(_fetch, target, limits): row.service for row, target in targets}
        try:
            for done in as_completed(waiting):
                found.append(reference_from_json(done.result(), service=waiting[done]))
                if progress:
                    progress(len(found), len(targets))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return tuple(sorted(found, key=lambda reference: reference.name))


def _target(index_url: str, row: IndexRow) -> str:
    try:
        target = urljoin(index_url, row.url)
        secure = urlsplit(index_url).scheme == "https"
    except ValueError as error:
        raise CatalogError(f"{quote_input(row.url)} isn't fetched: {error}") from error
    _refuse_scheme(target, secure=secure)
    return target


def _fetch(url: str, limits: FetchLimits) -> bytes:
    _refuse_scheme(url, secure=False)
    for attempt in range(1, limits.tries + 1):
        try:
            return _read_url(url, limits)
        except urllib.error.HTTPError as error:
            error.close()
            if (error.code < 500 and error.code != 429) or attempt == limits.tries:
                raise CatalogError(f"{quote_input(url)} answered {error.code}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if attempt == limits.tries:
                raise CatalogError(f"{quote_input(url)} couldn't be fetched: {_reason(error)}") from error
        time.sleep(limits.pause * attempt)
    raise CatalogError(f"{quote_input(url)} wasn't fetched: no attempts are allowed")


def _read_url(url: str, limits: FetchLimits) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": f"lpgen/{__version__}", "Accept": "application/json"})
    with _opener(secure=url.startswith("https:")).open(request, timeout=limits.silence) as response:
        body = _read_body(response, url, limits)
        stated = response.headers.get("Content-Length")
    if stated is not None and stated.isdigit() and int(stated) != len(body):
        raise http.client.IncompleteRead(body, int(stated) - len(body))
    return body


def _read_body(response: IO[bytes], url: str, limits: FetchLimits) -> bytes:
    end = time.monotonic() + limits.duration
    parts: list[bytes] = []
    size = 0
    while part := response.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > limits.size:
            raise CatalogError(f"{quote_input(url)} is larger than {limits.size} bytes")
        if time.monotonic() > end:
            raise TimeoutError(f"it took longer than {limits.duration:.0f} s")
    return b"".join(parts)


def _refuse_scheme(url: str, *, secure: bool) -> None:
    scheme = url.partition(":")[0].lower()
    if scheme != "https" and (secure or scheme != "http"):
        wanted = "https" if secure else "http or https"
        raise CatalogError(f"{quote_input(url)} isn't fetched: only {wanted} is")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects that never leave HTTPS once it is in use."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _refuse_scheme(newurl, secure=self._secure)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(*, secure: bool) -> urllib.request.OpenerDirector:
    """An opener for HTTP and HTTPS only. The standard one would also read local files and FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(secure=secure),
    ):
        opener.add_handler(handler)
    return opener


def _reason(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return f"it ended {error.expected} bytes early" if error.expected else "it ended early"
    return str(error) or type(error).__name__
