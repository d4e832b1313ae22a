"""Many requests under way at a time, by libcurl.

All of it happens in the thread that asks, between other work of its own. Meanwhile answers wait in the kernel's
buffers; other threads that took them would have to wait for Python's lock each time.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from lpgen.edge.aws_session import CONNECT_TIMEOUT_SECONDS
from lpgen.edge.objects.get_requests import Get
from lpgen.edge.objects.pace import MOST_UNDER_WAY

Asker = TypeVar("Asker")

_UNWATCHABLE_SECONDS: Final = 0.01
"""How long to wait where libcurl has nothing to watch yet, as while it looks up a host."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came to its end. The names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes


@dataclass(slots=True)
class _Transfer(Generic[Asker]):
    """What has come for an asker."""

    asker: Asker
    head: list[bytes] = field(default_factory=list)
    body: io.BytesIO = field(default_factory=io.BytesIO)


class ParallelGets(Generic[Asker]):
    """Requests under way, each for an asker, over connections that are kept; for one thread of one process."""

    def __init__(self) -> None:
        import pycurl  # here, since most commands read no objects

        self._curl = pycurl
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, MOST_UNDER_WAY)
        self._idle: list[Any] = []
        self._transfers: dict[Any, _Transfer[Asker]] = {}
        self.waited = 0.0
        """For how many seconds there was nothing to do but wait for answers."""

    def __len__(self) -> int:
        return len(self._transfers)

    def begin(self, asker: Asker, get: Get, *, most_bytes: int) -> None:
        """Sends a request; an answer of more bytes counts as failed."""
        curl, handle, transfer = self._curl, self._idle.pop() if self._idle else self._new_handle(), _Transfer(asker)
        handle.setopt(curl.URL, get.url)
        handle.setopt(curl.HTTPHEADER, get.headers)
        handle.setopt(curl.PROXY, get.way.proxy)
        handle.setopt(curl.SSL_VERIFYPEER, bool(get.way.authorities))
        handle.setopt(curl.SSL_VERIFYHOST, 2 if get.way.authorities else 0)
        if get.way.authorities:
            handle.setopt(curl.CAINFO, get.way.authorities)
        handle.setopt(curl.MAXFILESIZE_LARGE, most_bytes)
        handle.setopt(curl.HEADERFUNCTION, transfer.head.append)
        handle.setopt(curl.WRITEDATA, transfer.body)
        self._multi.add_handle(handle)
        self._transfers[handle] = transfer

    def advance(self, seconds: float) -> Iterator[tuple[Asker, Answer | None]]:
        """The answers that have come, or begin to come within so many seconds; None for one that failed."""
        if seconds:
            start = time.monotonic()
            if self._multi.select(seconds) < 0:
                time.sleep(_UNWATCHABLE_SECONDS)
            self.waited += time.monotonic() - start
        self._multi.perform()
        more = 1
        while more:
            more, ended, failed = self._multi.info_read()
            yield from [(self._end(handle).asker, None) for handle, *_ in failed]
            for handle in ended:
                status = handle.getinfo(self._curl.RESPONSE_CODE)
                transfer = self._end(handle)
                yield transfer.asker, Answer(status, _headers_from_lines(transfer.head), transfer.body.getvalue())

    def __contains__(self, asker: Asker) -> bool:
        return any(transfer.asker is asker for transfer in self._transfers.values())

    def drop(self, asker: Asker) -> None:
        """Takes back the request for an asker, and closes its connection."""
        self._end(next(handle for handle, transfer in self._transfers.items() if transfer.asker is asker))

    def drop_all(self) -> None:
        """Takes back all requests."""
        for handle in [*self._transfers]:
            self._end(handle)

    def _end(self, handle: Any) -> _Transfer[Asker]:
        self._multi.remove_handle(handle)
        self._idle.append(handle)
        return self._transfers.pop(handle)

    def _new_handle(self) -> Any:
        """A handle that follows no settings but those it is given, and hands over what comes as it is."""
        curl = self._curl
        handle = curl.Curl()
        handle.setopt(curl.NOPROXY, "")  # who goes through a proxy is decided with the proxy
        handle.setopt(curl.NOSIGNAL, 1)
        handle.setopt(curl.PATH_AS_IS, 1)  # a key may hold `..`
        handle.setopt(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_1_1)
        handle.setopt(curl.CONNECTTIMEOUT, CONNECT_TIMEOUT_SECONDS)
        return handle


def _headers_from_lines(lines: Iterable[bytes]) -> dict[str, str]:
    """The headers of the last of the answers, which a proxy's own and those of status 1xx precede."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if name.startswith("HTTP/"):
            headers.clear()
        elif colon:
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
