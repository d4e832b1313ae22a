"""A small HTTP stand-in for IAM's SimulateCustomPolicy, which no server at hand speaks.

The query protocol, a decision for each pair of action and resource, and pages, as
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html says. It decides with lpgen's own
decision core; what AWS decides no stand-in can tell.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.request_line import decide_line
from lpgen.edge.catalog.files import bundled_catalog

ACCOUNT = "111122223333"
# The simulator looks at the identity's policies alone, where lpgen's core asks the policies of keys and roles too.
LEFT_TO_IDENTITY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "*",
            "Resource": "*",
        }
    ],
}
DECISIONS = {"Allowed": "allowed", "ImplicitlyDenied": "implicitDeny", "ExplicitlyDenied": "explicitDeny"}
_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


@dataclass(slots=True)
class PolicySimulator:
    """`refusals`, a status and an error code each, are given out first, one a request; `page_size` is how many answers
    a page holds."""

    url: str
    catalog: Catalog
    refusals: list[tuple[int, str]] = field(default_factory=list)
    page_size: int = 5
    requests: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, form: dict[str, list[str]]) -> tuple[int, str]:
        """The status and the body for a request."""
        self.requests.append(form)
        if self.refusals:
            status, code = self.refusals.pop(0)
            return (
                status,
                f"<ErrorResponse><Error><Code>{code}</Code><Message>refused</Message></Error></ErrorResponse>",
            )
        assert form["Action"] == ["SimulateCustomPolicy"]
        documents = _members(form, "PolicyInputList")
        pairs = [(a, r) for a in _members(form, "ActionNames") for r in _members(form, "ResourceArns")]
        start = int(form.get("Marker", ["0"])[0])
        end = start + self.page_size
        found = "".join(self._result(documents, *pair) for pair in pairs[start:end])
        more = f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>" if end < len(pairs) else ""
        result = f"<EvaluationResults>{found}</EvaluationResults>{more or '<IsTruncated>false</IsTruncated>'}"
        name = "SimulateCustomPolicy"
        return 200, f'<{name}Response xmlns="{_NAMESPACE}"><{name}Result>{result}</{name}Result></{name}Response>'

    def _result(self, documents: list[str], action: str, resource: str) -> str:
        line: dict[str, object] = {
            "principal": f"arn:aws:iam::{ACCOUNT}:role/simulated",
            "action": action,
            "resource": resource,
            "resourceAccount": ACCOUNT,
            "identityPolicies": [json.loads(text) for text in documents],
            "resourcePolicy": LEFT_TO_IDENTITY,
        }
        if resource == "*":  # of which only patterns of stars hold, whatever the action takes
            line["wildcardOnlyAction"] = True
        decision = DECISIONS[decide_line(json.dumps(line), self.catalog)["result"]]
        # The place of the whole result is the type's ARN format; the resource asked about has a result of its own.
        of_resource = (
            f"<member><EvalResourceName>{escape(resource)}</EvalResourceName>"
            f"<EvalResourceDecision>{decision}</EvalResourceDecision></member>"
        )
        return (
            f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>*</EvalResourceName>"
            f"<EvalDecision>{decision}</EvalDecision>"
            f"<ResourceSpecificResults>{'' if resource == '*' else of_resource}</ResourceSpecificResults></member>"
        )


@contextlib.contextmanager
def policy_simulator() -> Iterator[PolicySimulator]:
    """A simulator on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, text = simulator.answer(parse_qs(body, keep_blank_values=True))
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    simulator = PolicySimulator(f"http://127.0.0.1:{server.server_port}", bundled_catalog())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield simulator
    finally:
        server.shutdown()
        server.server_close()


def _members(form: dict[str, list[str]], name: str) -> list[str]:
    """The members of a list in the query protocol, in their order."""
    found: list[str] = []
    while (key := f"{name}.member.{len(found) + 1}") in form:
        found += form[key]
    return found
