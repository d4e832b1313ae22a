"""Principals in moto's IAM and output folders for them, as the rollout tests need them."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from lpgen.cli.main import app
from lpgen.core.digests import CatalogStamp, Inputs, OutputDigests, digest_of_report, digest_of_text
from lpgen.core.folders import file_of_left_policy
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.made_from import options_to_facts
from lpgen.core.model import Principal, PrincipalKind
from lpgen.core.options import Options
from lpgen.core.replacements import LeftPolicy
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.schemas import EVIDENCE_SCHEMA, SUMMARY_SCHEMA
from lpgen.edge.aws_session import AwsSession, Connection, open_session
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.rollout.iam_writer import IamWriter, LivePrincipal
from lpgen.edge.signatures import sign_digest
from lpgen.errors import LpgenError
from lpgen.report.documents.schemas import SCHEMAS
from tests.support.aws_servers import Server

ACCOUNT = "123456789012"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
        ],
    }
)


NARROWED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/caller"}},
            },
        ],
    },
    indent=2,
)
"""`TRUST`, narrowed to one caller."""


def document(*statements: Mapping[str, Any], indent: int | None = None) -> str:
    """A policy document; odd indents make bytes that no tool would write by itself."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=indent)


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource}


_DIGEST = "0" * 64
INPUTS = Inputs("0", CatalogStamp("1", "2026-09-26", _DIGEST), _DIGEST, (), options=options_to_facts(Options()))


def write_summary(output: Path, key: Ed25519PrivateKey | None = None) -> None:
    """The summary of what an output folder holds by now, with digests that fit, and their signature."""
    evidence = sorted(output.glob("*/evidence.json"))
    folders = [(path.parent.name, json.loads(path.read_text("utf-8"))) for path in evidence]
    summary = {
        "schema": SUMMARY_SCHEMA,
        "as_of": "2026-09-30",
        "catalog": {"version": "1"},
        "principals": [
            {
                **{name: facts[name] for name in ("principal", "principal_id", "safe")},
                "folder": folder,
                "left_attached": [fact["arn"] for fact in facts["left_attached"]],
            }
            for folder, facts in folders
        ],
    }
    files = {
        path.relative_to(output).as_posix(): digest_of_text(path.read_bytes())
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name not in ("summary.json", "summary.sig")
    }
    digests = OutputDigests(INPUTS, files, digest_of_report(summary))
    facts = digests.to_facts()
    del facts["report"]
    (output / "summary.json").write_text(json.dumps({**summary, **facts}), encoding="utf-8")
    if key is not None:
        (output / "summary.sig").write_text(sign_digest(digests.root, key) + "\n", encoding="ascii")


_PLAN = Draft202012Validator(SCHEMAS["rollout"])


@dataclass(frozen=True, slots=True)
class New:
    """A document of a replacement: its text, whether it is inline, and the old policies that it narrows."""

    text: str
    inline: bool = False
    narrows: tuple[str, ...] = ()


@dataclass(slots=True)
class World:
    """One moto server with principals to roll out; `home` holds plan and inputs, `session` is of its account.

    Replacements leave policies attached whose ARNs are in `left`, and narrow the trust policies of the roles whose ARNs
    are in `trusts`.
    """

    server: Server
    home: Path
    session: AwsSession = None  # type: ignore[assignment]
    uses_aws_policies: bool = False
    config: str = os.devnull
    left: tuple[str, ...] = ()
    trusts: dict[str, str] = field(default_factory=dict)
    writer: IamWriter = field(init=False)
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        with environment(self.server):
            self.session = self.session or open_session(Connection())
            self.client = self.session.client("iam")
            self.writer = IamWriter(self.session, read_back_seconds=1)

    @property
    def plan(self) -> Path:
        return self.home / "plan.json"

    def session_of(self, role: str) -> AwsSession:
        """A session of a role, which may be one of another account."""
        return _session_at(self.server.url)(Connection()).assume_role(role)

    def make_role(
        self,
        name: str,
        *,
        inline: Mapping[str, str] | None = None,
        managed: Mapping[str, str] | None = None,
        aws: Iterable[str] = (),
        path: str = "/",
        boundary: str = "",
        tags: Mapping[str, str] | None = None,
        trust: str = TRUST,
    ) -> str:
        """A role with these policies; returns its ARN."""
        more = {"PermissionsBoundary": boundary} if boundary else {}
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        made = self.client.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust, Tags=listed, **more)
        for policy, text in (inline or {}).items():
            self.client.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)
        for policy, text in (managed or {}).items():
            self.client.attach_role_policy(RoleName=name, PolicyArn=self.make_policy(policy, text))
        for policy in aws:
            self.uses_aws_policies = True
            self.client.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return str(made["Role"]["Arn"])

    def make_user(self, name: str, *, inline: Mapping[str, str]) -> str:
        """A user with these policies; returns its ARN."""
        made = self.client.create_user(UserName=name)
        for policy, text in inline.items():
            self.client.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=text)
        return str(made["User"]["Arn"])

    def make_policy(self, name: str, text: str) -> str:
        """The ARN of a customer managed policy of this name, made if need be."""
        with contextlib.suppress(ClientError):
            self.client.create_policy(PolicyName=name, PolicyDocument=text)
        return f"arn:aws:iam::{ACCOUNT}:policy/{name}"

    def write_policies(self) -> Path:
        """The authorization details of the account, as the AWS CLI prints them."""
        # AWS's own policies are many; they are asked for only where one is attached.
        kinds = ["User", "Role", "Group", "LocalManagedPolicy"] + ["AWSManagedPolicy"] * self.uses_aws_policies
        pages = self.client.get_paginator("get_account_authorization_details").paginate(Filter=kinds)
        path = self.home / "policies.json"
        whole: dict[str, Any] = {"IsTruncated": False}
        for page in pages:
            for key, value in page.items():
                if isinstance(value, list):
                    whole.setdefault(key, []).extend(value)
        path.write_text(json.dumps(whole, default=str), encoding="utf-8")
        return path

    def write_output(self, replacements: Mapping[str, Sequence[New]], *, safe: bool = True) -> Path:
        """An output folder as `lpgen generate` writes it, from the policies as they are."""
        policies = self.write_policies()
        known = {principal.arn: principal for principal in read_snapshot([policies]).principals}
        output = self.home / "out"
        for arn, documents in replacements.items():
            folder = output / arn.rpartition("/")[2]
            folder.mkdir(parents=True)
            for number, new in enumerate(documents, start=1):
                (folder / f"policy-{number}.json").write_text(new.text, encoding="utf-8")
            name = arn.rpartition("/")[2]
            evidence = {
                "schema": EVIDENCE_SCHEMA,
                "principal": arn,
                "principal_id": known[arn].principal_id,
                "safe": safe,
                "not_safe_because": [] if safe else [{"message": "only 3 covered days"}],
                "as_of": "2026-09-30",
                "replaces": {"policies_sha256": policies_sha256(known[arn], with_boundary=False)},
                "left_attached": list(self._write_left(output, known[arn])),
                "policies": [
                    {
                        "file": f"policy-{number}.json",
                        "name": f"lpgen-{name}-{number}",
                        "type": "inline" if new.inline else "managed",
                    }
                    for number, new in enumerate(documents, start=1)
                ],
                "lines": [
                    {
                        "file": f"policy-{number}.json",
                        "action": "s3:GetObject",
                        "parent": {"policy": old, "group": ""},
                        "evidence": [],
                    }
                    for number, new in enumerate(documents, start=1)
                    for old in new.narrows
                ],
            }
            if arn in self.trusts:
                (folder / "trust-policy.json").write_text(self.trusts[arn], encoding="utf-8")
                evidence["trust"] = {"sha256": digest_of_text(self.trusts[arn])}
            (folder / "evidence.json").write_text(json.dumps(evidence), encoding="utf-8")
        write_summary(output)
        return output

    def _write_left(self, output: Path, principal: Principal) -> Iterator[dict[str, str]]:
        """Writes the policies of a principal that stay attached, and says what its evidence has of them."""
        for policy in principal.policies:
            if policy.arn in self.left and policy.document is not None:
                left = LeftPolicy(policy.arn, policy.version, policy.document)
                path = output / file_of_left_policy(left.arn, left.sha256)
                path.parent.mkdir(exist_ok=True)
                path.write_text(policy_to_json(left.document), encoding="utf-8")
                yield {"arn": left.arn, "version": left.version, "sha256": left.sha256}

    def read(self, arn: str) -> LivePrincipal:
        """A principal's policies to the byte."""
        fields = arn.split(":", 5)[5].split("/")
        return self.writer.read_principal(PrincipalKind(fields[0]), fields[-1])

    def made_policies(self) -> set[str]:
        """The ARNs of the policies below lpgen's path."""
        pages = self.client.get_paginator("list_policies").paginate(Scope="Local", PathPrefix="/lpgen/")
        return {one["Arn"] for page in pages for one in page["Policies"]}

    def run(self, *arguments: str, url: str = "", status: int | None = 0, answer: str | None = None) -> Any:
        """`lpgen rollout` with these arguments, against the server or what stands at `url` before it."""
        with (
            environment(Server(url) if url else self.server, self.config),
            patch(_OPEN_SESSION, _session_at(url or self.server.url)),
        ):
            result = CliRunner().invoke(app, ["rollout", *arguments], input=answer)
        if result.exception is not None and not isinstance(result.exception, SystemExit | LpgenError):
            raise result.exception
        assert status is None or result.exit_code == status, (result.output, result.exception)
        return result

    def plan_output(self, *options: str, status: int | None = None) -> Any:
        """Plans the rollout of the output folder as it is; status 1 (nothing to roll out) is fine."""
        arguments = (str(self.home / "out"), "--policies", str(self.home / "policies.json"), "-o", str(self.plan))
        return self.run("plan", *arguments, *(options or ("--trust-output",)), status=status)

    def plan_of(self, replacements: Mapping[str, Sequence[New]], *options: str, safe: bool = True) -> dict[str, Any]:
        """Plans the rollout and returns the plan, which follows its schema; status 1 (nothing to roll out) is fine."""
        self.write_output(replacements, safe=safe)
        self.plan_output("--trust-output", *options)
        plan = dict(json.loads(self.plan.read_text(encoding="utf-8")))
        assert list(_PLAN.iter_errors(plan)) == []
        return plan

    def apply(self, *options: str, url: str = "", status: int | None = 0) -> Any:
        chosen = () if any(option.startswith("--role") for option in options) else ("--all",)
        return self.run("apply", str(self.plan), "--yes", "--settle", "0", *chosen, *options, url=url, status=status)

    def undo(self, *options: str, url: str = "", status: int | None = 0) -> Any:
        return self.run("undo", str(self.plan), "--yes", "--settle", "0", *options, url=url, status=status)


_OPEN_SESSION = "lpgen.edge.aws_session.open_session"


@cache
def _session_at(url: str) -> Callable[[Connection], AwsSession]:
    """`open_session` that opens once per server: loading the service models takes longer than all calls."""
    sessions: dict[Connection, AwsSession] = {}

    def opened(connection: Connection) -> AwsSession:
        if connection not in sessions:
            sessions[connection] = open_session(replace(connection, endpoint_url=url))
        return sessions[connection]

    return opened


@contextlib.contextmanager
def environment(server: Server, config: str = os.devnull) -> Iterator[None]:
    """The environment variables of a server, for as long as the context lasts."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(server.environment | {"AWS_MAX_ATTEMPTS": "2"} | {"AWS_CONFIG_FILE": config})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# ---------------------------------------------------------------- a server in between


WRITES = frozenset(
    f"{verb}{kind}Policy" for verb in ("Attach", "Detach", "Put", "Delete") for kind in ("Role", "User")
) | {"CreatePolicy", "DeletePolicy", "UpdateAssumeRolePolicy"}

Spoil = Callable[[int, str], str]
"""What to do with the nth write, by its number and operation: "" pass, `refuse`, or `lose` (do it, lose the answer)."""


def _error(code: str) -> bytes:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
    return f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode()


@contextlib.contextmanager
def proxy(
    server: Server, spoil: Spoil, malformed: Callable[[str], bool] = lambda _: False
) -> Iterator[tuple[str, list[str]]]:
    """A server before the server, which spoils some writes; yields its URL and the operations written so far.

    It refuses a policy document that is `malformed` as IAM does.
    """
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = parse_qs(body.decode())
            operation, document = (asked.get(name, [""])[0] for name in ("Action", "PolicyDocument"))
            fate = ""
            if operation in WRITES:
                seen.append(operation)
                fate = spoil(len(seen) - 1, operation)
            if fate == "refuse":
                self._answer(403, _error("AccessDenied"))
                return
            if document and malformed(document):
                self._answer(400, _error("MalformedPolicyDocument"))
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            status, answer = _forward(server.url + self.path, body, headers)
            if fate == "lose":
                self.connection.close()
                return
            self._answer(status, answer)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", seen
    finally:
        listening.shutdown()
        listening.server_close()


def _forward(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    from urllib.error import HTTPError

    try:
        with urlopen(Request(url, data=body, headers=dict(headers), method="POST"), timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
