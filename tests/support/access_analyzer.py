"""A local server that stands in for ValidatePolicy of IAM Access Analyzer.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

Json = dict[str, Any]


def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that a stand-in accepts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")


class _Analyzer(BaseHTTPRequestHandler):
    """Answers ValidatePolicy with at most one finding, and keeps the requests."""

    kind = "ERROR"
    about = ""
    asked: ClassVar[list[Json]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        finding = {
            "findingDetails": "A key is unknown.",
            "findingType": self.kind,
            "issueCode": "INVALID_KEY",
            "learnMoreLink": "https://docs.aws.amazon.com/",
            "locations": [],
        }
        findings = [finding] if self.about in json.dumps(body) else []
        text = json.dumps({"findings": findings}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def analyzer(kind: str, about: str = "") -> Iterator[tuple[str, list[Json]]]:
    """The URL of a server that finds something in policies with the text `about`, and the requests it gets."""
    handler = type("Analyzer", (_Analyzer,), {"kind": kind, "about": about, "asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
