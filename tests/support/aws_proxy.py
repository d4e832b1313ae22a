"""A proxy in front of a server that speaks AWS's protocols: it knows which call each request is, and may answer itself.

So tests record what was called by whom, refuse single calls as IAM does, throttle, and stand in for what the server
lacks.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.support.aws_servers import Server
from tests.support.forwarding import forward


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `account` is that of the credentials; `number` counts the calls of the account's operation from 1."""

    account: str
    service: str
    region: str
    operation: str
    parameters: dict[str, str]
    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in place of the server's: XML as services of the query protocol give it, or JSON."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, in the form that the service of the call gives it."""

    code: str
    message: str = "injected"
    status: int = 400


@dataclass(frozen=True, slots=True)
class Cut:
    """The server's own answer, cut off in the middle of its body."""


Reply = Answer | Failure | Cut | None
"""None passes the call on."""

DENIED: Final = Failure("AccessDenied", "User: someone is not authorized to perform: this", 403)
THROTTLED: Final = Failure("Throttling", "Rate exceeded")


@dataclass(slots=True)
class AwsProxy:
    """A running proxy. `reply` decides on each call, and may be set anew at any time."""

    server: Server
    target: Server
    account: str
    reply: Callable[[Call], Reply] = lambda _: None
    calls: list[Call] = field(default_factory=list)
    _accounts: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Call:
        """Makes out what is called, and keeps it."""
        key, region, service = _credential(headers)
        operation, parameters = _operation(service, method, target, headers, body)
        with self._lock:
            account = self._accounts.get(key, self.account)
            same = sum((call.account, call.operation) == (account, operation) for call in self.calls)
            call = Call(account, service, region, operation, parameters, same + 1)
            self.calls.append(call)
        return call

    def learn(self, call: Call, body: bytes) -> None:
        """Keeps whose the credentials are that an AssumeRole gave out."""
        found = re.search(rb"<AccessKeyId>(\w+)</AccessKeyId>", body)
        if call.operation == "AssumeRole" and found:
            self._accounts[found[1].decode()] = call.parameters["RoleArn"].split(":")[4]

    def operations(self, account: str = "") -> list[str]:
        """The operations called so far, by one account or all."""
        return [call.operation for call in self.calls if account in ("", call.account)]


@contextlib.contextmanager
def aws_proxy(target: Server, account: str) -> Iterator[AwsProxy]:
    """A proxy in front of a server until the context ends; `account` is that of the long-term credentials."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    proxy = AwsProxy(Server(f"http://127.0.0.1:{listener.server_port}"), target, account)
    listener.proxy = proxy  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def _credential(headers: dict[str, str]) -> tuple[str, str, str]:
    """The access key, Region and service that a request is signed for."""
    found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request", headers.get("authorization", ""))
    assert found, "the request is not signed"
    return found[1], found[2], found[3]


_REST: Final = (
    ("s3", "GET", r"/", "x-id=ListBuckets", "ListBuckets"),
    ("s3", "GET", r"/", "max-buckets", "ListBuckets"),
    ("s3", "GET", r"/[^/]+", "policy", "GetBucketPolicy"),
    ("s3", "GET", r"/[^/]+", "versioning", "GetBucketVersioning"),
    ("s3", "GET", r"/[^/]+", "abac", "GetBucketAbac"),
    ("s3", "GET", r"/[^/]+", "logging", "GetBucketLogging"),
    ("lambda", "GET", r"/2015-03-31/functions/?", "", "ListFunctions"),
    ("lambda", "GET", r"/2015-03-31/functions/[^/]+/policy", "", "GetPolicy"),
    ("lambda", "GET", r"/2015-03-31/functions/[^/]+/configuration", "", "GetFunctionConfiguration"),
    ("lambda", "GET", r"/2015-03-31/event-source-mappings/?", "", "ListEventSourceMappings"),
    ("pipes", "GET", r"/v1/pipes", "", "ListPipes"),
    ("pipes", "GET", r"/v1/pipes/[^/]+", "", "DescribePipe"),
    ("scheduler", "GET", r"/schedules", "", "ListSchedules"),
    ("scheduler", "GET", r"/schedules/[^/]+", "", "GetSchedule"),
    ("backup", "GET", r"/backup/plans/", "", "ListBackupPlans"),
    ("backup", "GET", r"/backup/plans/[^/]+/", "", "GetBackupPlan"),
    ("backup", "GET", r"/backup/plans/[^/]+/selections/", "", "ListBackupSelections"),
    ("dlm", "GET", r"/policies", "", "GetLifecyclePolicies"),
    ("dlm", "GET", r"/policies/[^/]+/?", "", "GetLifecyclePolicy"),
    ("batch", "POST", r"/v1/describejobdefinitions", "", "DescribeJobDefinitions"),
    ("eks", "GET", r"/clusters", "", "ListClusters"),
    ("eks", "GET", r"/clusters/[^/]+/pod-identity-associations", "", "ListPodIdentityAssociations"),
    ("eks", "GET", r"/clusters/[^/]+/pod-identity-associations/[^/]+", "", "DescribePodIdentityAssociation"),
    ("bedrock-agentcore", "POST", r"/runtimes/", "", "ListAgentRuntimes"),
    ("bedrock-agentcore", "GET", r"/runtimes/[^/]+/", "", "GetAgentRuntime"),
    ("bedrock-agentcore", "POST", r"/code-interpreters", "", "ListCodeInterpreters"),
    ("bedrock-agentcore", "GET", r"/code-interpreters/[^/]+", "", "GetCodeInterpreter"),
)


def _operation(
    service: str, method: str, target: str, headers: dict[str, str], body: bytes
) -> tuple[str, dict[str, str]]:
    if "x-amz-target" in headers:
        return headers["x-amz-target"].rpartition(".")[2], {
            name: str(value) for name, value in json.loads(body or b"{}").items()
        }
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return fields["Action"], fields
    parts = urlsplit(target)
    if found := re.fullmatch(r"/service/\w+/operation/(\w+)", parts.path):
        return found[1], {}
    for of, verb, path, query, operation in _REST:
        if (of, verb) == (service, method) and re.fullmatch(path, parts.path) and query in parts.query:
            return operation, {"path": parts.path}
    raise AssertionError(f"an unknown call of {service}: {method} {target}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        proxy: AwsProxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = proxy.note(self.command, self.path, headers, body)
        reply = proxy.reply(call)
        if isinstance(reply, Answer):
            self._answer(reply.status, [("Content-Type", "text/xml")], reply.body.encode())
        elif isinstance(reply, Failure):
            self._answer(reply.status, *_failure(reply, headers))
        else:
            status, found, data = forward(self, proxy.target, body)
            proxy.learn(call, data)
            self._answer(status, found, data, cut=isinstance(reply, Cut))

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, *, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        self.close_connection = self.close_connection or cut

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def _failure(failure: Failure, headers: dict[str, str]) -> tuple[list[tuple[str, str]], bytes]:
    if "x-amz-target" in headers:
        body = json.dumps({"__type": failure.code, "message": failure.message})
        return [("Content-Type", "application/x-amz-json-1.1")], body.encode()
    error = f"<Error><Code>{failure.code}</Code><Message>{failure.message}</Message></Error>"
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    text = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>" if form else error
    return [("Content-Type", "text/xml"), ("x-amzn-errortype", failure.code)], text.encode()
