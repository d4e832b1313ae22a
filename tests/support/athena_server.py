"""A server that speaks Athena's protocol, with DuckDB behind it; what is for Glue, S3 and STS goes on to moto.

moto itself only gives answers that were put into it, so that it can't show that a query is right.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.athena_tables import DuckTable
from tests.support.aws_servers import Server
from tests.support.forwarding import forward
from tests.support.s3_buckets import Bucket

Json = dict[str, Any]
Rows = list[list[str | None]]


@dataclass(slots=True)
class StartedQuery:
    """A query that was started: how it was asked, how often it was looked at, and its answer."""

    options: Json
    status: Json
    rows: Rows
    output: str = ""
    looks: int = 0
    stopped: bool = False

    @property
    def sql(self) -> str:
        return str(self.options["QueryString"])


@dataclass(slots=True)
class AthenaServer:
    """A running server. `fail` may give the end of a query by its SQL and number; `refuse` an error to a call."""

    server: Server
    target: Server
    results: Bucket
    table: DuckTable
    fail: Callable[[str, int], Json | None] = lambda _, __: None
    refuse: Callable[[str, Json], tuple[str, str] | None] = lambda _, __: None
    change: Callable[[Rows], Rows] = lambda rows: rows
    """What to make of an answer before it is given."""
    managed: bool = False
    """Athena keeps the answers itself."""
    looks: int = 2
    """How often a query is looked at before it has ended."""
    page_rows: int = 7
    started: dict[str, StartedQuery] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def queries(self) -> list[StartedQuery]:
        """All queries in the order of their start."""
        return list(self.started.values())

    def answer(self, operation: str, asked: Json) -> Json:
        """The answer to a call, or an error as `__type` and `message`."""
        with self._lock:
            refused = self.refuse(operation, asked)
            if refused:
                return {"__type": refused[0], "message": refused[1]}
            if operation == "StartQueryExecution":
                return self._start(asked)
            query = self.started[asked["QueryExecutionId"]]
            if operation == "GetQueryExecution":
                return {"QueryExecution": self._look(asked["QueryExecutionId"], query)}
            if operation == "StopQueryExecution":
                query.stopped = True
                return {}
            assert operation == "GetQueryResults", operation
            first = int(asked.get("NextToken") or 0)
            last = first + min(self.page_rows, int(asked["MaxResults"]))
            rows = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in query.rows]
            more = {"NextToken": str(last)} if last < len(rows) else {}
            return {"ResultSet": {"Rows": rows[first:last]}, **more}

    def _start(self, asked: Json) -> Json:
        query_id = str(uuid.uuid4())
        location = (asked.get("ResultConfiguration") or {}).get("OutputLocation")
        if not location and not self.managed and asked.get("WorkGroup") != "located":
            return {
                "__type": "InvalidRequestException",
                "message": "No output location provided. An output location is required either through the Workgroup "
                "result configuration setting or as an API input.",
            }
        status = self.fail(asked["QueryString"], len(self.started) + 1) or {"State": "SUCCEEDED"}
        rows: Rows = []
        if status["State"] == "SUCCEEDED":
            names, found = self.table.execute(asked["QueryString"])
            rows = self.change([list(names), *found])
        query = StartedQuery(asked, status, rows)
        if not self.managed:
            query.output = f"{location or self.results.address('workgroup/')}{query_id}.csv"
            self.results.put({query.output.removeprefix(self.results.address()): csv_from_rows(rows)})
        self.started[query_id] = query
        return {"QueryExecutionId": query_id}

    def _look(self, query_id: str, query: StartedQuery) -> Json:
        query.looks += 1
        running = {"State": "QUEUED" if query.looks == 1 else "RUNNING"}
        return {
            "QueryExecutionId": query_id,
            "Status": query.status if query.looks >= self.looks else running,
            "ResultConfiguration": {"OutputLocation": query.output} if query.output else {},
            "Statistics": {"DataScannedInBytes": 1_000},
        }


def csv_from_rows(rows: Rows) -> bytes:
    """What Athena writes: all fields quoted but nulls, which are empty."""
    text = io.StringIO(newline="")
    for row in rows:
        cells = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row)
        text.write(",".join(cells) + "\n")
    return text.getvalue().encode()


def read_csv(data: bytes) -> Rows:
    """The rows of such a text, nulls as ""."""
    return [list(row) for row in csv.reader(io.StringIO(data.decode(), newline=""))]


@contextlib.contextmanager
def athena_server(target: Server, results: Bucket, table: DuckTable) -> Iterator[AthenaServer]:
    """A server until the context ends, whose answers lie in a bucket of the target."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    found = AthenaServer(Server(f"http://127.0.0.1:{listener.server_port}"), target, results, table)
    listener.athena = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        athena: AthenaServer = self.server.athena  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, _, operation = self.headers.get("X-Amz-Target", "").rpartition(".")
        athena.calls.append(f"{service}.{operation}" if operation else f"{self.command} {self.path}")
        refused = athena.refuse(operation, json.loads(body or b"{}")) if service == "AWSGlue" else None
        if service == "AmazonAthena":
            self._give(athena.answer(operation, json.loads(body)))
        elif refused:
            self._give({"__type": refused[0], "message": refused[1]})
        else:
            self._forward(athena.target, body)

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815

    def _give(self, answer: Json) -> None:
        data = json.dumps(answer).encode()
        self.send_response_only(400 if "__type" in answer else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _forward(self, target: Server, body: bytes) -> None:
        status, headers, data = forward(self, target, body)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
