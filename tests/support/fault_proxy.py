"""A small HTTP proxy in front of a server: it counts requests, and breaks chosen ones as networks and AWS do.

It forwards one request a connection, byte for byte but for `Connection: close`, so that signatures stay valid.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.support.aws_servers import Server
from tests.support.forwarding import forward


@dataclass(frozen=True, slots=True)
class Request:
    """One request that came through: `number` counts those of the same method and path from 1."""

    method: str
    path: str
    query: dict[str, str]
    number: int
    headers: dict[str, str]

    @property
    def is_list(self) -> bool:
        """Whether it lists a bucket."""
        return "list-type" in self.query

    @property
    def prefix(self) -> str:
        """The prefix that a listing asks for."""
        return self.query.get("prefix", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in place of the server's."""

    status: int
    code: str = ""
    message: str = "injected"

    def body(self) -> bytes:
        """The error document, as S3 writes it."""
        text = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


@dataclass(frozen=True, slots=True)
class Cut:
    """The server's own answer, cut off after `share` of its body."""

    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Flip:
    """The server's own answer with one bit of its body flipped, at `share` of it."""

    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Drop:
    """No answer at all: the connection ends."""


Fault = Answer | Cut | Flip | Drop | None
THROTTLED = Answer(503, "SlowDown", "Please reduce your request rate.")


@dataclass(slots=True)
class Proxy:
    """A running proxy. `fault` says what to do with a request; None passes it on."""

    server: Server
    target: Server
    fault: Callable[[Request], Fault] = lambda _: None
    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a process goes through the proxy."""
        return self.server.environment

    def listings(self) -> list[Request]:
        """The requests that listed a bucket."""
        return [request for request in self.requests if request.is_list]

    def reads(self) -> list[Request]:
        """The requests that read an object."""
        return [request for request in self.requests if request.method == "GET" and not request.is_list]

    def note(self, method: str, target: str, headers: dict[str, str]) -> Request:
        """Counts a request."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with self._lock:
            same = sum(
                request.method == method and request.path == parts.path and request.query == query
                for request in self.requests
            )
            request = Request(method, parts.path, query, same + 1, headers)
            self.requests.append(request)
        return request


@contextlib.contextmanager
def fault_proxy(
    target: Server, fault: Callable[[Request], Fault] = lambda _: None, *, tls: ssl.SSLContext | None = None
) -> Iterator[Proxy]:
    """A proxy in front of a server until the context ends."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    scheme = "http"
    if tls:
        scheme, listener.socket = "https", tls.wrap_socket(listener.socket, server_side=True)
    listener.proxy = Proxy(Server(f"{scheme}://127.0.0.1:{listener.server_port}"), target, fault)  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield listener.proxy  # type: ignore[attr-defined]
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = proxy.fault(
            proxy.note(self.command, self.path, {key.lower(): value for key, value in self.headers.items()})
        )
        self.close_connection = True
        if isinstance(fault, Answer):
            self._answer(fault.status, [("Content-Type", "application/xml")], fault.body(), 1)
        elif not isinstance(fault, Drop):
            status, headers, data = forward(self, proxy.target, body)
            if isinstance(fault, Flip):
                at = int(len(data) * fault.share)
                data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            self._answer(status, headers, data, fault.share if isinstance(fault, Cut) else 1)

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, share: float) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if not re.fullmatch(r"content-length|connection|transfer-encoding", name, re.IGNORECASE):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: int(len(data) * share)])

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
