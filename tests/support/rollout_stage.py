"""A stage for rollouts: lpgen processes that reach moto's IAM through a proxy which disturbs them as a schedule says.

The proxy performs one call at a time, and keeps what each principal holds after each. From this log a judge
(`rollout_judge.py`) says which call broke a rule, and who made it.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import parse_qsl

import boto3

from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server
from tests.support.forked_lpgen import ForkedProcess, start_forked

OTHER: Final = "other"
"""The actor that isn't lpgen."""

ATTACHED_QUOTA: Final = 10

LOST: Final = "answer lost"
"""The note of a call that the server performed, and whose answer lpgen never got."""

Slots = Mapping[str, str]
"""The policies of a principal: documents by `inline NAME`, or by ARN where they are attached."""


@dataclass(frozen=True, slots=True)
class State:
    """What IAM holds: the slots of each principal by `role/NAME`, their ids, and the policies below `/lpgen/`."""

    slots: Mapping[str, Slots]
    ids: Mapping[str, str]
    made: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """One call as the server performed it, with the state before and after. `run` is that of lpgen, or `other`."""

    number: int
    run: str
    journal: str
    operation: str
    fields: Mapping[str, str]
    status: int
    before: State
    after: State
    note: str = ""

    @property
    def is_read(self) -> bool:
        return self.operation.startswith(("Get", "List", "Simulate"))

    @property
    def principal(self) -> str:
        """The principal that the call names, as `role/NAME`; empty without one."""
        for kind in ("Role", "User"):
            if name := self.fields.get(f"{kind}Name"):
                return f"{kind.lower()}/{name}"
        return ""

    def __str__(self) -> str:
        shown = [
            self.fields[name] for name in ("RoleName", "UserName", "PolicyName", "PolicyArn") if name in self.fields
        ]
        return (
            f"{self.number:>4} {self.run:<14} {self.operation} {' '.join(shown)} -> {self.status} {self.note}".rstrip()
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at the nth call of a run.

    `do` is done before the server gets the call, or after it performed it. `wire` is what happens to the call itself,
    before or after it is performed: `drop` (the connection closes), `kill` (lpgen is killed), or `error` (an answer of
    status 500 or 403). With `repeat` the server gets it twice, and lpgen the first answer. It lasts for `times` calls.
    """

    at: int
    name: str
    do: Callable[[], None] | None = None
    wire: str = ""
    is_after: bool = False
    times: int = 1

    def __str__(self) -> str:
        times = f", {self.times} times" if self.times > 1 else ""
        return f"{'after' if self.is_after else 'before'} call {self.at}: {self.name}{times}"


@dataclass(slots=True)
class Run:
    """A process of lpgen: `status` is its exit code, negative if it was killed."""

    label: str
    journal: str
    words: tuple[str, ...]
    faults: tuple[Fault, ...]
    is_gated: bool = False
    calls: int = 0
    status: int = 0
    output: str = ""
    first: int = 0
    last: int = 0
    process: ForkedProcess | None = None

    @property
    def has_wire_faults(self) -> bool:
        return any(fault.wire and self.calls >= fault.at for fault in self.faults)

    def __str__(self) -> str:
        return f"{self.label}: {' '.join(self.words)}  [exit {self.status}]" + "".join(
            f"\n      {f}" for f in self.faults
        )


class Turns:
    """Lets one of several processes make the next call, when each of them wants to make one or has ended."""

    def __init__(self, random: Random, labels: set[str]) -> None:
        self._random, self._alive, self._waiting = random, labels, set[str]()
        self._last, self._current = "", ""
        self._stay = random.choice((0.0, 0.5, 0.8, 0.95))
        self._changed = threading.Condition()

    def enter(self, label: str) -> None:
        with self._changed:
            self._waiting.add(label)
            self._choose()
            self._changed.wait_for(lambda: self._current == label, timeout=30)
            self._waiting.discard(label)

    def leave(self) -> None:
        with self._changed:
            self._last, self._current = self._current, ""
            self._choose()

    def end(self, label: str) -> None:
        with self._changed:
            self._alive.discard(label)
            self._choose()

    def _choose(self) -> None:
        if not self._current and self._alive and self._waiting >= self._alive:
            stays = self._last in self._waiting and self._random.random() < self._stay
            self._current = self._last if stays else self._random.choice(sorted(self._waiting))
            self._changed.notify_all()


@dataclass(slots=True)
class Stage:
    """The proxy, the processes that it knows by their access key, and the log of calls."""

    moto: Server
    home: Path
    url: str = ""
    runs: dict[str, Run] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    families: dict[str, str] = field(default_factory=dict)
    turns: Turns | None = None
    iam: Any = None
    state: State = field(default_factory=lambda: State({}, {}, {}))
    _lock: Any = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.iam = boto3.client(
            "iam",
            endpoint_url=self.moto.url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    # ------------------------------------------------------------ the processes

    def folder(self, name: str, plan: str) -> Path:
        """A folder of its own with the plan, and so with a journal of its own."""
        path = self.home / name
        path.mkdir(parents=True, exist_ok=True)
        if not (path / "plan.json").exists():
            (path / "plan.json").write_text(plan, encoding="utf-8")
        return path

    def copy_folder(self, source: str, target: str) -> None:
        """A copy with the journal, which counts as the same journal."""
        shutil.copytree(self.home / source, self.home / target)
        self.families[target] = self.families.get(source, source)

    def start(self, folder: str, *words: str, faults: tuple[Fault, ...] = (), is_gated: bool = False) -> Run:
        label = f"{folder}.{words[0]}.{len(self.runs) + 1}"
        run = Run(label, self.families.get(folder, folder), words, faults, is_gated, first=len(self.events))
        key = f"AKIALPGEN{len(self.runs):011d}"
        self.runs[key] = run
        environment = {**Server(self.url).environment, "AWS_ACCESS_KEY_ID": key, "AWS_MAX_ATTEMPTS": "2"}
        command = ["rollout", words[0], str(self.home / folder / "plan.json"), "--yes", "--settle", "0", *words[1:]]
        with (
            open("/dev/null", "rb") as nothing,
            (self.home / f"{label}.out").open("wb") as output,
        ):
            streams = (nothing.fileno(), output.fileno(), output.fileno())
            run.process = start_forked(command, streams, env=environment, cwd=self.home / folder)
        return run

    def finish(self, run: Run) -> Run:
        assert run.process
        with run.process as process:
            run.status = process.wait()
        if self.turns and run.is_gated:
            self.turns.end(run.label)
        run.output = (self.home / f"{run.label}.out").read_text("utf-8", "replace")
        run.last = len(self.events)
        return run

    # ------------------------------------------------------------ the calls

    def answer(self, key: str, fields: Mapping[str, str], send: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
        """The answer to a call; status 0 closes the connection instead."""
        run = self.runs[key]
        turns = self.turns if run.is_gated else None
        if turns:
            turns.enter(run.label)
        try:
            return self._answer_in_turn(run, fields, send)
        finally:
            if turns:
                turns.leave()

    def _answer_in_turn(
        self, run: Run, fields: Mapping[str, str], send: Callable[[], tuple[int, bytes]]
    ) -> tuple[int, bytes]:
        run.calls += 1
        faults = [fault for fault in run.faults if fault.at <= run.calls < fault.at + fault.times]
        for fault in faults:
            if not fault.is_after:
                if fault.do:
                    fault.do()
                if fault.wire in ("drop", "kill", "error"):
                    return self._break(run, fault, fields)
        is_lost = any(fault.is_after and fault.wire in ("drop", "kill", "error") for fault in faults)
        answer = self._perform(run, fields, send, LOST if is_lost else "")
        for fault in faults:
            if fault.wire == "repeat":
                self._perform(run, fields, send, "repeated")
            elif fault.is_after:
                if fault.do:
                    fault.do()
                if fault.wire:
                    return self._break(run, fault, fields)
        return answer

    def _break(self, run: Run, fault: Fault, fields: Mapping[str, str]) -> tuple[int, bytes]:
        if not fault.is_after:
            with self._lock:
                self._log(run, fields, 0, f"{fault.wire} instead of the call")
        if fault.wire == "kill" and run.process:
            run.process.kill()
        if fault.wire == "error":
            return error("ServiceFailure", 500) if fault.at % 2 else error("AccessDenied", 403)
        return 0, b""

    def _perform(
        self, run: Run, fields: Mapping[str, str], send: Callable[[], tuple[int, bytes]], note: str = ""
    ) -> tuple[int, bytes]:
        with self._lock:
            status, body = self._refuse(fields) or send()
            code = re.search(rb"<Code>(\w+)</Code>", body) if status >= 400 else None
            self._log(run, fields, status, f"{note} {code[1].decode() if code else ''}".strip())
            return status, body

    def _refuse(self, fields: Mapping[str, str]) -> tuple[int, bytes] | None:
        """What IAM refuses and moto doesn't: more attached policies than the quota."""
        operation = fields.get("Action", "")
        if operation not in ("AttachRolePolicy", "AttachUserPolicy"):
            return None
        kind = operation[6:10]
        slots = self.state.slots.get(f"{kind.lower()}/{fields[f'{kind}Name']}", {})
        attached = [slot for slot in slots if slot.startswith("arn:")]
        is_full = len(attached) >= ATTACHED_QUOTA and fields["PolicyArn"] not in attached
        return error("LimitExceeded", 409) if is_full else None

    def _log(self, run: Run | None, fields: Mapping[str, str], status: int, note: str) -> None:
        label, journal = (run.label, run.journal) if run else (OTHER, OTHER)
        operation, before = fields["Action"], self.state
        if not operation.startswith(("Get", "List", "Simulate")):
            self.state = self.read_state()
        self.events.append(
            Event(len(self.events), label, journal, operation, dict(fields), status, before, self.state, note)
        )

    def act(self, name: str, do: Callable[[], object]) -> None:
        """Lets the other party do something, as one event."""
        with self._lock:
            do()
            self._log(None, {"Action": name}, 200, "")

    def read_state(self) -> State:
        pages = self.iam.get_paginator("get_account_authorization_details")
        found: dict[str, list[Any]] = {"RoleDetailList": [], "UserDetailList": [], "Policies": []}
        for page in pages.paginate(Filter=["Role", "User", "LocalManagedPolicy"]):
            for name, values in found.items():
                values.extend(page[name])
        documents = {policy["Arn"]: _default_document(policy) for policy in found["Policies"]}
        slots, ids = {}, {}
        for kind in ("Role", "User"):
            for detail in found[f"{kind}DetailList"]:
                key = f"{kind.lower()}/{detail[f'{kind}Name']}"
                inline = detail.get(f"{kind}PolicyList", ())
                slots[key] = {f"inline {policy['PolicyName']}": _text(policy["PolicyDocument"]) for policy in inline}
                arns = [policy["PolicyArn"] for policy in detail["AttachedManagedPolicies"]]
                slots[key] |= {arn: documents.get(arn, "{}") for arn in arns}
                ids[key] = detail[f"{kind}Id"]
        return State(slots, ids, {arn: text for arn, text in documents.items() if ":policy/lpgen/" in arn})

    def reset(self, seeded: int) -> None:
        """An empty account, whose next ids follow from the seed."""
        for path in ("reset", f"seed?a={seeded}"):
            urllib.request.urlopen(urllib.request.Request(f"{self.moto.url}/moto-api/{path}", b"")).close()


def _default_document(policy: Mapping[str, Any]) -> str:
    versions = {version["VersionId"]: version["Document"] for version in policy["PolicyVersionList"]}
    return _text(versions[policy["DefaultVersionId"]])


def _text(document: Any) -> str:
    return json.dumps(document if isinstance(document, dict) else json.loads(document))


def error(code: str, status: int) -> tuple[int, bytes]:
    fault = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>injected</Message></Error>"
    return status, f"<ErrorResponse>{fault}<RequestId>1</RequestId></ErrorResponse>".encode()


@contextlib.contextmanager
def open_stage(moto: Server) -> Iterator[Stage]:
    """A stage before a moto server, until the context ends."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    with tempfile.TemporaryDirectory(prefix="lpgen-stage-") as name:
        stage = Stage(moto, Path(name), f"http://127.0.0.1:{listener.server_port}")
        listener.stage = stage  # type: ignore[attr-defined]
        thread.start()
        try:
            yield stage
        finally:
            listener.shutdown()
            listener.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        stage: Stage = self.server.stage  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = re.search(r"Credential=(\w+)/", self.headers.get("Authorization", ""))
        assert key, "the request is not signed"
        headers = {
            name: self.headers[name] for name in ("Authorization", "Content-Type", "X-Amz-Date") if self.headers[name]
        }

        def send() -> tuple[int, bytes]:
            request = urllib.request.Request(stage.moto.url, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status, answer.read()
            except HTTPError as refused:
                with refused:
                    return refused.code, refused.read()

        status, data = stage.answer(key[1], dict(parse_qsl(body.decode())), send)
        if not status:
            self.close_connection = True
            return
        with contextlib.suppress(OSError):  # lpgen may have been killed
            self.send_response_only(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
