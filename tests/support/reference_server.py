"""A local server that stands in for AWS's service reference, well-behaved or not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]
"""Writes one response."""


def json_answer(value: object) -> Answer:
    """An answer of 200 with JSON."""
    return bytes_answer(json.dumps(value).encode())


def bytes_answer(body: bytes, *, status: int = 200, stated: int | None = None) -> Answer:
    """An answer with these bytes; `stated` is the length it claims to have."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if stated is None else stated))
        handler.end_headers()
        handler.wfile.write(body)

    return write


def redirect_answer(target: str) -> Answer:
    """A redirect."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return write


@contextmanager
def serve(answers: Mapping[str, Answer | list[Answer]]) -> Iterator[str]:
    """The URL of a server that gives these answers by path; of a list one each time, the last one for ever."""
    left = {path: list(answer) if isinstance(answer, list) else [answer] for path, answer in answers.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            waiting = left.get(self.path)
            if waiting is None:
                self.send_error(404)
                return
            (waiting.pop(0) if len(waiting) > 1 else waiting[0])(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def index_of(*services: str) -> Answer:
    """An index that names each service's file relative to the server."""
    return json_answer([{"service": service, "url": f"/v1/{service}/{service}.json"} for service in services])


ZOO_REFERENCE = {
    "Name": "zoo",
    "Version": "v1.4",
    "Actions": [
        {
            "Name": "FeedLion",
            "ActionConditionKeys": ["zoo:Meat"],
            "Annotations": {"Properties": {"IsList": False, "IsWrite": True}},
            "Resources": [{"Name": "lion"}, {"Name": "cage"}],
            "SupportedBy": {"IAM Access Analyzer Policy Generation": True},
        },
        {
            "Name": "TagLion",
            "Annotations": {"Properties": {"IsWrite": True, "IsTaggingOnly": True}},
            "Resources": [{"Name": "lion"}],
        },
        {"Name": "ShareLion", "Annotations": {"Properties": {"IsWrite": True, "IsPermissionManagement": True}}},
        {"Name": "GetLion", "Annotations": {"Properties": {"IsWrite": False, "IsList": False}}},
        {"Name": "ListCages", "Annotations": {"Properties": {"IsList": True}}},
        {"Name": "Unannotated"},
    ],
    "Resources": [
        {"Name": "lion", "ARNFormats": ["arn:${Partition}:zoo:${Region}:${Account}:lion/${Name}"]},
        {"Name": "cage", "ARNFormats": ["arn:${Partition}:zoo:::cage/${Id}", "arn:${Partition}:zoo:::den/${Id}"]},
    ],
    "ConditionKeys": [{"Name": "zoo:Meat", "Types": ["String"]}, {"Name": "aws:TagKeys", "Types": ["ArrayOfString"]}],
    "Operations": [
        {
            "Name": "FeedLion",
            "AuthorizedActions": [
                {"Name": "FeedLion", "Service": "zoo"},
                {"Name": "PassRole", "Service": "iam", "Context": {"iam:PassedToService": ["zoo.amazonaws.com"]}},
            ],
            "SDK": [{"Name": "zoo", "Method": "feed_lion", "Package": "Boto3"}],
        },
        {"Name": "GetLion", "SDK": [{"Name": "zoo", "Method": "get_lion", "Package": "Boto3"}]},
        {"Name": "Ping", "AuthorizedActions": []},
    ],
}
"""A service's file as AWS writes it; against the small catalog it drops ListLions and brings five actions."""

ARK_REFERENCE = {"Name": "ark", "Actions": [{"Name": "Float", "Annotations": {"Properties": {"IsWrite": True}}}]}
"""A service that no catalog had before."""


def good_server() -> dict[str, Answer | list[Answer]]:
    """The answers of a server with those two services."""
    return {
        "/": index_of("zoo", "ark"),
        "/v1/zoo/zoo.json": json_answer(ZOO_REFERENCE),
        "/v1/ark/ark.json": json_answer(ARK_REFERENCE),
    }
