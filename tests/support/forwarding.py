"""What the test proxies share: a request passed on to the server behind them."""

from __future__ import annotations

import contextlib
import http.client
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.support.aws_servers import Server


def forward(handler: BaseHTTPRequestHandler, target: Server, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """The status, headers and body that a server answers to the request of a handler, whose headers it gets as sent."""
    parts = urlsplit(target.url)
    path = handler.path if handler.path.startswith("/") else "/" + handler.path.split("/", 3)[3]  # as to a proxy
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    with contextlib.closing(connection):
        connection.putrequest(handler.command, path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            if name.lower() != "connection":
                connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
