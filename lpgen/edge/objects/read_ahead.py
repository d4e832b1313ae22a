"""Reads many objects: the next ones arrive while the caller works on one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from lpgen.core.usage.log_layout import split_address
from lpgen.edge.aws_session import log_answer, log_call
from lpgen.edge.object_store import Body, StoredObject
from lpgen.edge.objects.body_checks import UnusableAnswerError, body_from_answer
from lpgen.edge.objects.get_requests import GetRequests
from lpgen.edge.objects.parallel_gets import HttpResponse, Pace, ParallelGets
from lpgen.errors import AwsError

PATIENCE_SECONDS: Final = 60
LEAST_BYTES_A_SECOND: Final = 1_000
"""The time that an object may take is `PATIENCE_SECONDS` plus its size at this rate."""

_AHEAD_BYTES: Final = 32 << 20
"""How many bytes are read ahead of the caller; a larger object is read by itself."""

_SURE_READS: Final = 8
_WAIT_SECONDS: Final = 0.05
"""How long to wait for libcurl at most. The end of a sure read doesn't end the wait, nor, on some systems, does one of
hundreds of sockets."""


def most_seconds(size: int) -> float:
    """How long an object with this many bytes may take."""
    return PATIENCE_SECONDS + size / LEAST_BYTES_A_SECOND


@dataclass(slots=True, eq=False)
class _Ahead:
    """An object that is being read or was read. `began` is its start on the clock of waited seconds."""

    listed: StoredObject
    began: float = 0.0
    found: Body | AwsError | None = None


@dataclass(slots=True)
class ReadAhead:
    """Reads objects in two ways; connections and pace are kept from one reading to the next. For one thread.

    `read_surely` reads an object with boto3, which finds the endpoint, Region and credentials, retries, and explains
    why an object can't be read. The first objects of a bucket are read in this way and show how to request the others.
    libcurl requests those with a tenth of the CPU time. If its answer isn't the complete object, boto3 reads it.
    """

    read_surely: Callable[[StoredObject], Body]
    requests_for: Callable[[str], GetRequests | None]
    _gets: ParallelGets[_Ahead] = field(default_factory=ParallelGets)
    _pace: Pace = field(default_factory=Pace)
    _ahead: deque[_Ahead] = field(default_factory=deque)
    _bytes: int = 0
    _sure: dict[Future[Body], _Ahead] = field(default_factory=dict)

    def read(self, objects: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, Body | AwsError]]:
        """Each object with its bytes, or why there are none, in order."""
        self._pace.begin()
        with ThreadPoolExecutor(_SURE_READS) as pool:
            try:
                todo = deque(objects)
                while todo or self._ahead:
                    self._begin_some(todo, pool)
                    self._take_answers(0, pool)
                    while (first := self._ahead[0]).found is None:
                        self._wait(first, pool)
                        self._begin_some(todo, pool)
                    self._ahead.popleft()
                    self._bytes -= first.listed.size
                    yield first.listed, first.found
            finally:
                self._gets.drop_all()
                self._ahead.clear()
                self._bytes = 0
                self._sure.clear()
                pool.shutdown(cancel_futures=True)

    def _begin_some(self, todo: deque[StoredObject], pool: ThreadPoolExecutor) -> None:
        """Begins to read as many objects as the pace allows."""
        while todo and len(self._gets) + len(self._sure) < self._pace.under_way:
            listed = todo[0]
            requests = self.requests_for(listed.name)
            if self._ahead and (
                self._bytes + listed.size > _AHEAD_BYTES or (requests is None and len(self._sure) >= _SURE_READS)
            ):
                return
            ahead = _Ahead(todo.popleft(), self._gets.waited)
            self._ahead.append(ahead)
            self._bytes += listed.size
            if requests is None or not self._get(ahead, requests):
                self._read_surely(ahead, pool)

    def _get(self, ahead: _Ahead, requests: GetRequests) -> bool:
        """Requests an object with libcurl. Returns False if the credentials fail, which boto3 explains."""
        try:
            get = requests.get(split_address(ahead.listed.name)[1])
        except AwsError:
            return False
        log_call("s3", "GetObject", requests.region)
        self._gets.begin(ahead, get, most_bytes=max(ahead.listed.size, 1))
        return True

    def _read_surely(self, ahead: _Ahead, pool: ThreadPoolExecutor) -> None:
        self._sure[pool.submit(self.read_surely, ahead.listed)] = ahead

    def _wait(self, first: _Ahead, pool: ThreadPoolExecutor) -> None:
        """Waits for the next answer. If the first object is late, boto3 reads it, because all others wait for it."""
        self._pace.note_wait()
        if len(self._gets):
            self._take_answers(_WAIT_SECONDS, pool)
        else:
            wait(self._sure, return_when=FIRST_COMPLETED)
        for future in [future for future in self._sure if future.done()]:
            self._sure.pop(future).found = _result(future)
            self._pace.note_answer()
        is_late = self._gets.waited - first.began > most_seconds(first.listed.size)
        if is_late and first in self._gets:
            self._gets.drop(first)
            self._read_surely(first, pool)

    def _take_answers(self, seconds: float, pool: ThreadPoolExecutor) -> None:
        for ahead, answer in self._gets.advance(seconds):
            ahead.found = _body(answer, ahead.listed) if answer else None
            if ahead.found:
                self._pace.note_answer()
                continue
            if answer is None or answer.status >= 500:
                self._pace.note_trouble()
            self._read_surely(ahead, pool)


def _body(answer: HttpResponse, listed: StoredObject) -> Body | None:
    """The object, or None if the answer isn't the complete object."""
    log_answer("s3", "GetObject", answer.status, answer.headers.get("x-amz-request-id", "-"))
    try:
        return body_from_answer(answer.data, answer.status, answer.headers, listed)
    except (UnusableAnswerError, ConnectionError):
        return None


def _result(future: Future[Body]) -> Body | AwsError:
    try:
        return future.result()
    except AwsError as error:
        return error
