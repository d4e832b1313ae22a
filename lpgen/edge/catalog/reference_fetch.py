"""Fetching AWS's service reference: bounded in time and size, only over HTTP, all of it or an error."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin, urlsplit

from lpgen.core.catalog.service_reference import IndexRow, ServiceReference, index_from_json, reference_from_json
from lpgen.errors import CatalogError, quote_input
from lpgen.version import __version__

REFERENCE_URL = "https://servicereference.us-east-1.amazonaws.com/"

Progress = Callable[[int, int], None]
"""Called with the number of services fetched and their total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """The limits of a fetch: seconds without a byte, seconds and bytes a file, attempts a file, files at a time."""

    silence: float = 30.0
    duration: float = 120.0
    size: int = 32 * 1024 * 1024
    tries: int = 3
    pause: float = 1.0
    parallel: int = 8


def fetch_references(
    url: str = REFERENCE_URL, *, limits: FetchLimits | None = None, progress: Progress | None = None
) -> tuple[ServiceReference, ...]:
    """Every service of the reference whose index is at `url`, sorted by prefix.

    Raises:
        CatalogError: some part couldn't be fetched or is invalid; a part is never returned.
    """
    bounds = limits or FetchLimits()
    index = index_from_json(_fetch(url, bounds))
    targets = [(row, _target(url, row)) for row in index]
    found: list[ServiceReference] = []
    with ThreadPoolExecutor(bounds.parallel) as pool:
        waiting = [pool.submit(_fetch_service, row.service, target, bounds) for row, target in targets]
        try:
            for done in as_completed(waiting):
                found.append(done.result())
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


def _fetch_service(service: str, url: str, limits: FetchLimits) -> ServiceReference:
    return reference_from_json(_fetch(url, limits), service=service)


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
    raise CatalogError(f"{quote_input(url)} wasn't fetched: no tries are allowed")


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
    """An opener for only HTTP and HTTPS: the standard one would read local files and FTP too."""
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
