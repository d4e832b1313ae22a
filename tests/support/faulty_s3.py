"""A small S3 server in this process that keeps objects as each kind of encryption does, and answers wrongly on demand.

moto and SeaweedFS answer as they should, and neither has an ETag under KMS that isn't an MD5. RowKey `fault_proxy` they
fail as networks do; this server also lies.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from lpgen.edge.objects.body_checks import compute_checksum
from tests.support.aws_servers import Server

BUCKET = "trail-bucket"
PAGE_SIZE = 3


class Keeping(Enum):
    """How objects are encrypted and uploaded: the headers that their bytes are returned with."""

    OPEN = ""
    SSE_S3 = "AES256"
    KMS = "aws:kms"
    DSSE = "aws:kms:dsse"
    SSE_C = "customer"
    PARTS = "parts"
    KMS_CRC64NVME = "crc64nvme"
    KMS_CRC32C = "crc32c"
    KMS_SHA256 = "sha256"

    def headers(self, data: bytes) -> dict[str, str]:
        """The ETag, which looks like an MD5 where it is none, and what tells the difference."""
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        other = hashlib.md5(b"encrypted" + data, usedforsecurity=False).hexdigest()
        if self is Keeping.OPEN:
            return {"ETag": f'"{md5}"'}
        if self is Keeping.SSE_S3:
            return {"ETag": f'"{md5}"', "x-amz-server-side-encryption": self.value}
        if self is Keeping.SSE_C:
            return {"ETag": f'"{other}"', "x-amz-server-side-encryption-customer-algorithm": "AES256"}
        if self is Keeping.PARTS:
            of_parts = base64.b64encode(hashlib.sha256(hashlib.sha256(data).digest()).digest()).decode()
            composite = {"x-amz-checksum-sha256": f"{of_parts}-2", "x-amz-checksum-type": "COMPOSITE"}
            return {"ETag": f'"{other}-2"', **composite}
        kms = {"ETag": f'"{other}"', "x-amz-server-side-encryption": "aws:kms"}
        if self in (Keeping.KMS, Keeping.DSSE):
            return kms | {"x-amz-server-side-encryption": self.value}
        checksum = {f"x-amz-checksum-{self.value}": compute_checksum(self.value, data)}
        return kms | checksum | {"x-amz-checksum-type": "FULL_OBJECT"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `number` counts equal ones from 1."""

    key: str
    query: Mapping[str, str]
    number: int

    @property
    def is_list(self) -> bool:
        """Whether it lists the bucket."""
        return "list-type" in self.query

    @property
    def is_flat(self) -> bool:
        """Whether it lists all that lies below a prefix."""
        return self.is_list and "delimiter" not in self.query


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. The connection ends after `sent` bytes of the body, and each byte takes `pause` seconds.

    A status of 0 is no answer: the connection ends.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent: int | None = None
    pause: float = 0
    has_length: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a listing as it is written: each entry has a key, a size and an ETag."""

    prefix: str
    entries: tuple[tuple[str, str, str], ...]
    folders: tuple[str, ...]
    truncated: str
    token: str

    def answer(self) -> Answer:
        """The XML document."""
        parts = [f"<Name>{BUCKET}</Name><Prefix>{quote(self.prefix)}</Prefix><EncodingType>url</EncodingType>"]
        if self.truncated:
            parts.append(f"<IsTruncated>{self.truncated}</IsTruncated>")
        if self.token:
            parts.append(f"<NextContinuationToken>{escape(self.token)}</NextContinuationToken>")
        for key, size, etag in self.entries:
            named = f"<Key>{quote(key)}</Key>" if key else ""
            parts.append(f"<Contents>{named}<Size>{size}</Size><ETag>{escape(etag)}</ETag></Contents>")
        parts += [f"<CommonPrefixes><Prefix>{quote(folder)}</Prefix></CommonPrefixes>" for folder in self.folders]
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult>{"".join(parts)}</ListBucketResult>'
        return Answer(headers={"Content-Type": "application/xml"}, body=text.encode())


def error_answer(status: int, code: str) -> Answer:
    """An error as S3 writes it."""
    body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
    return Answer(status, {"Content-Type": "application/xml"}, body.encode())


@dataclass(slots=True)
class FaultyS3:
    """A running server. `change_page` and `change_answer` say what becomes of what it would answer."""

    url: str
    objects: Mapping[str, bytes] = field(default_factory=dict)
    keeping: Keeping = Keeping.OPEN
    change_page: Callable[[Request, Listing], Listing] = lambda _, page: page
    change_answer: Callable[[Request, Answer], Answer] = lambda _, answer: answer
    stopped: threading.Event = field(default_factory=threading.Event)
    asked: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def server(self) -> Server:
        """It as clients see it."""
        return Server(self.url)

    def restart(self, objects: Mapping[str, bytes], keeping: Keeping) -> None:
        """Begins again with other objects, and answers as it should."""
        self.objects, self.keeping = objects, keeping
        self.end_fault()
        self.asked.clear()

    def end_fault(self) -> None:
        """Answers as it should from now on."""
        self.change_page, self.change_answer = lambda _, page: page, lambda _, answer: answer

    def answer(self, target: str) -> Answer:
        """What it says to a GET or HEAD."""
        parts = urlsplit(target)
        with self._lock:
            self.asked[target] += 1
            number = self.asked[target]
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        request = Request(unquote(parts.path).removeprefix(f"/{BUCKET}").removeprefix("/"), query, number)
        if request.is_list:
            right = self.change_page(request, self._page(query)).answer()
        elif request.key in self.objects:
            data = self.objects[request.key]
            right = Answer(headers=self.keeping.headers(data), body=data)
        else:
            right = error_answer(404, "NoSuchKey") if request.key else Answer()
        return self.change_answer(request, right)

    def _page(self, query: Mapping[str, str]) -> Listing:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("start-after", "")
        names = set()
        for key in self.objects:
            if key.startswith(prefix):
                head, found, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else (key, "", "")
                names.add(prefix + head + found if found else key)
        left = sorted(name for name in names if name > after)
        page = left[:PAGE_SIZE]
        entries = tuple(
            (name, str(len(self.objects[name])), self.keeping.headers(self.objects[name])["ETag"])
            for name in page
            if name in self.objects
        )
        folders = tuple(name for name in page if name not in self.objects)
        more = len(left) > PAGE_SIZE
        return Listing(prefix, entries, folders, "true" if more else "false", page[-1] if more else "")


@contextlib.contextmanager
def faulty_s3() -> Iterator[FaultyS3]:
    """A server with an empty bucket `BUCKET`, until the context ends."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    found = FaultyS3(f"http://127.0.0.1:{listener.server_port}")
    listener.faulty = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.stopped.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        faulty: FaultyS3 = self.server.faulty  # type: ignore[attr-defined]
        answer = faulty.answer(self.path)
        self.close_connection = True
        if answer.status == 0:
            return
        self.send_response_only(answer.status)
        length = {"Content-Length": str(len(answer.body))} if answer.has_length else {}
        for name, value in {**length, **answer.headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):
                self._send(answer, faulty.stopped)

    do_HEAD = do_GET  # noqa: N815

    def _send(self, answer: Answer, stopped: threading.Event) -> None:
        body = answer.body[: answer.sent]
        if not answer.pause:
            self.wfile.write(body)
            return
        for at in range(len(body)):
            self.wfile.write(body[at : at + 1])
            self.wfile.flush()
            if stopped.wait(answer.pause):
                return

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def replaced(answer: Answer, body: bytes) -> Answer:
    """The answer with other bytes, under the same headers but for the length."""
    return replace(answer, body=body)
