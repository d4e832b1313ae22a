"""Sends many requests at a time with libcurl.

Everything happens in the calling thread, between its other work. Meanwhile answers wait in the kernel's buffers. Other
threads would have to wait for Python's lock for each answer.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from lpgen.edge.aws_session import CONNECT_TIMEOUT_SECONDS
from lpgen.edge.objects.get_requests import Get

Asker = TypeVar("Asker")

_UNWATCHABLE_SECONDS: Final = 0.01
"""How long to wait if libcurl has no socket to watch yet, for example while it looks up a host."""


MOST_UNDER_WAY: Final = 256
_FEWEST: Final = 8
_FASTER: Final = 1.1


@dataclass(slots=True)
class Pace:
    """The smallest number of requests in flight that gives the highest rate of answers.

    By Little's law, the number in flight is the rate of answers times the seconds that each takes. If the latency to S3
    is high, twice the requests give twice the rate. If the link, the server or this process is busy, they only wait
    longer. A round is as many answers as there were requests in flight. After each round in which the reader had to
    wait, the number doubles while that increases the rate, then halves until the rate drops. It also halves if S3
    throttles or fails.
    """

    under_way: int = _FEWEST
    _before: int = 0
    _rate_before: float = 0.0
    _grows: bool = True
    _answers: int = 0
    _since: float = 0.0
    _has_waited: bool = False

    def begin(self) -> None:
        """Begins a round."""
        self._answers, self._since, self._has_waited = 0, time.monotonic(), False

    def note_wait(self) -> None:
        """Notes that the reader had nothing to do."""
        self._has_waited = True

    def note_answer(self) -> None:
        """Notes an answer, which may end a round."""
        self._answers += 1
        if self._answers < self.under_way:
            return
        if self._has_waited:
            self._change(self._answers / max(time.monotonic() - self._since, 1e-9))
        self.begin()

    def note_trouble(self) -> None:
        """Notes that S3 throttled or failed."""
        self.under_way = self._before = max(self.under_way // 2, _FEWEST)
        self._rate_before = 0.0
        self._grows = True
        self.begin()

    def _change(self, rate: float) -> None:
        needed = self._rate_before * (_FASTER if self.under_way > self._before else 1 / _FASTER)
        if rate <= needed:
            self._grows = not self._grows
        if self.under_way == _FEWEST:
            self._grows = True
        self._before, self._rate_before = self.under_way, rate
        wanted = self.under_way * 2 if self._grows else self.under_way // 2
        self.under_way = min(max(wanted, _FEWEST), MOST_UNDER_WAY)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes


@dataclass(slots=True)
class _Transfer(Generic[Asker]):
    """The data received for an asker."""

    asker: Asker
    head: list[bytes] = field(default_factory=list)
    body: io.BytesIO = field(default_factory=io.BytesIO)


class ParallelGets(Generic[Asker]):
    """The requests in flight, each for an asker, over kept connections. For one thread of one process."""

    def __init__(self) -> None:
        import pycurl  # here, since most commands read no objects

        self._curl = pycurl
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, MOST_UNDER_WAY)
        self._idle: list[Any] = []
        self._transfers: dict[Any, _Transfer[Asker]] = {}
        self.waited = 0.0
        """How many seconds were spent only waiting for answers."""

    def __len__(self) -> int:
        return len(self._transfers)

    def begin(self, asker: Asker, get: Get, *, most_bytes: int) -> None:
        """Sends a request. An answer with more than `most_bytes` counts as failed."""
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

    def advance(self, seconds: float) -> Iterator[tuple[Asker, HttpResponse | None]]:
        """The answers so far, or the answers that begin to arrive within `seconds`. None for a failed request."""
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
                yield transfer.asker, HttpResponse(status, _headers_from_lines(transfer.head), transfer.body.getvalue())

    def __contains__(self, asker: Asker) -> bool:
        return any(transfer.asker is asker for transfer in self._transfers.values())

    def drop(self, asker: Asker) -> None:
        """Cancels the request for an asker, and closes its connection."""
        self._end(next(handle for handle, transfer in self._transfers.items() if transfer.asker is asker))

    def drop_all(self) -> None:
        """Cancels all requests."""
        for handle in [*self._transfers]:
            self._end(handle)

    def _end(self, handle: Any) -> _Transfer[Asker]:
        self._multi.remove_handle(handle)
        self._idle.append(handle)
        return self._transfers.pop(handle)

    def _new_handle(self) -> Any:
        """A handle that uses only explicit settings, and returns received data unchanged."""
        curl = self._curl
        handle = curl.Curl()
        handle.setopt(curl.NOPROXY, "")  # the caller already decided whether to use a proxy
        handle.setopt(curl.NOSIGNAL, 1)
        handle.setopt(curl.PATH_AS_IS, 1)  # a key may hold `..`
        handle.setopt(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_1_1)
        handle.setopt(curl.CONNECTTIMEOUT, CONNECT_TIMEOUT_SECONDS)
        return handle


def _headers_from_lines(lines: Iterable[bytes]) -> dict[str, str]:
    """The headers of the last answer. Answers of a proxy and with status 1xx may precede it."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if name.startswith("HTTP/"):
            headers.clear()
        elif colon:
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
