"""A proxy that passes on each request after a delay, as if S3 were far away.

It delays requests and not bytes, so it is no narrow link. It looks into nothing, which costs little CPU: a request is
whatever comes at once from a client, and an answer begins with the first bytes that follow.

`python -m tests.support.latency_proxy URL --port PORT` runs it in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.aws_servers import Server


@dataclass(slots=True)
class Delays:
    """How long each request is delayed, and how many were under way at a time at most."""

    target: Server
    seconds: float
    url: str = ""
    most: int = 0
    _now: int = 0

    @property
    def server(self) -> Server:
        """The proxy as clients see it."""
        return Server(self.url)

    def begin(self) -> None:
        """Counts a request."""
        self._now += 1
        self.most = max(self.most, self._now)

    def end(self) -> None:
        """Counts an answer, or a connection that ended without one."""
        self._now -= 1

    async def serve(self, port: int = 0) -> None:
        """Listens, until it is cancelled."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: _FromClient(self), "127.0.0.1", port, backlog=1_024)
        self.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with listener:
            await listener.serve_forever()


class _FromClient(asyncio.Protocol):
    """A client's connection, and behind it one to the server."""

    def __init__(self, delays: Delays) -> None:
        self.delays = delays
        self.answered = True
        self.transport: asyncio.Transport
        self._server: asyncio.Task[asyncio.Transport]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server = asyncio.ensure_future(self._connect())

    async def _connect(self) -> asyncio.Transport:
        parts = urlsplit(self.delays.target.url)
        server, _ = await asyncio.get_running_loop().create_connection(
            lambda: _FromServer(self), parts.hostname or "", parts.port or 80
        )
        return server

    def data_received(self, data: bytes) -> None:
        if self.answered:
            self.answered = False
            self.delays.begin()
        asyncio.get_running_loop().call_later(self.delays.seconds, self._send, data)

    def _send(self, data: bytes) -> None:
        self._server.add_done_callback(lambda server: server.result().write(data))

    def connection_lost(self, _: Exception | None) -> None:
        self.end_request()
        self._server.add_done_callback(lambda server: server.result().close())

    def end_request(self) -> None:
        """Counts the answer to the request that is under way."""
        if not self.answered:
            self.answered = True
            self.delays.end()


class _FromServer(asyncio.Protocol):
    """The server's connection for a client's."""

    def __init__(self, client: _FromClient) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.end_request()
        self._client.transport.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        self._client.transport.close()


@contextlib.contextmanager
def latency_proxy(target: Server, seconds: float) -> Iterator[Delays]:
    """A proxy in front of a server, until the context ends."""
    delays, loop = Delays(target, seconds), asyncio.new_event_loop()
    serving = loop.create_task(delays.serve())

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while not delays.url:
            thread.join(0.01)
        yield delays
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()
        loop.close()


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=0.05)
    asked = parser.parse_args()
    asyncio.run(Delays(Server(asked.url), asked.seconds).serve(asked.port))


if __name__ == "__main__":
    main()
