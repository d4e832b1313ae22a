"""A small HTTP stand-in for CloudTrail's LookupEvents, which no server at hand speaks.

JSON 1.1, newest events first, pages with tokens, both ends of the time range included, as
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html says.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.aws_servers import Server

TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"


@dataclass(slots=True)
class EventHistoryServer:
    """The records of each Region. `refusals`, a status and an error code each, are given out first, one a request;
    `refused_tokens` say at which page. What comes faster than `most_a_second` is throttled.
    """

    server: Server
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    refused_tokens: dict[str, tuple[int, str]] = field(default_factory=dict)
    page_size: int = 50
    most_a_second: float = float("inf")
    throttled: int = 0
    _times: list[float] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, region: str, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the body for a request."""
        self.requests.append({**wanted, "region": region})
        now = time.monotonic()
        self._times = [time for time in self._times if time > now - 1]
        if len(self._times) >= self.most_a_second:
            self.throttled += 1
            return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
        self._times.append(now)
        refusal = self.refused_tokens.get(wanted.get("NextToken", ""))
        if refusal or self.refusals:
            status, code = refusal or self.refusals.pop(0)
            return status, {"__type": code, "message": "refused"}
        since, until = wanted.get("StartTime", 0), wanted.get("EndTime", 1e12)
        events = [_event(record) for record in self.records.get(region, ())]
        events = sorted(
            (event for event in events if since <= event["EventTime"] <= until), key=lambda e: -e["EventTime"]
        )
        start = int(wanted.get("NextToken", 0))
        end = start + min(self.page_size, wanted.get("MaxResults", 50))
        more = {"NextToken": str(end)} if end < len(events) else {}
        return 200, {"Events": events[start:end], **more}


@contextlib.contextmanager
def event_history_server() -> Iterator[EventHistoryServer]:
    """The server until the context ends."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    listener.history = EventHistoryServer(Server(f"http://127.0.0.1:{listener.server_port}"))  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield listener.history  # type: ignore[attr-defined]
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def _event(record: dict[str, Any]) -> dict[str, Any]:
    moment = datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventSource": record["eventSource"],
        "EventTime": moment.timestamp(),
        "ReadOnly": "true",
        "CloudTrailEvent": json.dumps(record),
    }


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        history: EventHistoryServer = self.server.history  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        scope = re.search(r"/([a-z0-9-]+)/cloudtrail/aws4_request", self.headers["Authorization"])
        if self.headers["X-Amz-Target"] != TARGET or scope is None:
            status, answer = 400, {"__type": "InvalidAction"}
        else:
            status, answer = history.answer(scope[1], body)
        data = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
