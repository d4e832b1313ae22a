"""The journal of a rollout: every step on disk before and after it is made, so that a killed run can be undone.

A file of JSON lines beside the plan, only ever appended to; each line is flushed to the disk before anything else is
done. A line that a kill cut short says nothing: what it would have said hadn't been begun. One process at a time
writes.

The first line names the plan by its SHA-256. For each principal follow

- `begin`: the policies as they were, to the byte, with the calls to make and those that take them back;
- `about` and `done`, with the number of the call: before it is made, and once it has been read back;
- `applied`, or `failed` with why;
- `undo`, then `undo_about` and `undo_done` for each inverse call, then `undone`; or `undo_failed` with why.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import Call, CallKind, Holding
from lpgen.edge.data_folder.disk import sync_folder
from lpgen.edge.rollout.iam_writer import LivePrincipal
from lpgen.errors import RolloutError

JOURNAL_SCHEMA: Final = "lpgen.rollout-journal/1"


def journal_of(plan: Path) -> Path:
    """Where the journal of a plan lies."""
    return plan.with_name(plan.name + ".journal")


@dataclass(slots=True)
class Begun:
    """What the journal says of one principal whose rollout was begun. `about` are the calls that may have been made.

    `before`, `documents`, `boundary` and `trust` are as read from IAM just before.
    """

    principal: str
    principal_id: str
    account: str
    kind: PrincipalKind
    name: str
    before: Holding
    documents: dict[str, str]
    boundary: str
    trust: str
    calls: tuple[Call, ...]
    inverse: tuple[Call, ...]
    about: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    applied_at: str = ""
    undoing: bool = False
    undone: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether its rollout or the undoing of it was begun and not ended."""
        return not self.undone and (self.undoing or not self.applied_at)

    @property
    def applied(self) -> bool:
        """Whether its rollout is in place, as far as lpgen knows."""
        return bool(self.applied_at) and not self.undoing

    @property
    def next_call(self) -> int:
        """The number of the first call that isn't known to be done."""
        return next(at for at in range(len(self.calls) + 1) if at not in self.done)

    @property
    def taking_back(self) -> tuple[Call, ...]:
        """The inverse of every call that may have been made, in order."""
        last = len(self.calls) - 1
        return tuple(call for at, call in enumerate(self.inverse) if last - at in self.about)


class Journal:
    """An open journal. Use as a context; only one process has it open at a time."""

    def __init__(self, plan: Path, *, after_write: Callable[[], None] | None = None) -> None:
        self._plan = plan
        self._path = journal_of(plan)
        self._after_write = after_write
        self._file: Any = None
        self.begun: dict[str, Begun] = {}

    def __enter__(self) -> Journal:
        try:
            digest = hashlib.sha256(self._plan.read_bytes()).hexdigest()
            self._file = self._path.open("ab+", buffering=0)
        except OSError as error:
            raise RolloutError(f"can't open `{self._path}`: {error.strerror or error}") from error
        self._lock()
        try:
            self._read(digest)
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _lock(self) -> None:
        try:
            if sys.platform == "win32":
                import msvcrt

                self._file.seek(0)
                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise RolloutError(f"another run uses `{self._path}`", hint="wait for it to end") from error

    # ------------------------------------------------------------ reading

    def _read(self, digest: str) -> None:
        self._file.seek(0)
        lines = self._file.read().split(b"\n")
        self._file.truncate(sum(len(line) + 1 for line in lines[:-1]))  # what was cut short
        entries = [self._decode(line) for line in lines[:-1]]
        if not entries:
            self._write({"event": "plan", "schema": JOURNAL_SCHEMA, "sha256": digest})
            sync_folder(self._path.parent)
            return
        if entries[0].get("schema") != JOURNAL_SCHEMA:
            raise RolloutError(f"`{self._path}` is no journal of this version of lpgen")
        if entries[0].get("sha256") != digest:
            raise RolloutError(
                f"`{self._plan}` isn't the plan that `{self._path}` was begun with",
                hint="put the old plan back, or give the new one another name",
            )
        for entry in entries[1:]:
            self._take(entry)

    def _decode(self, line: bytes) -> dict[str, Any]:
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError) as error:
            raise RolloutError(f"`{self._path}` is damaged: {error}") from error

    def _take(self, entry: dict[str, Any]) -> None:
        try:
            event, principal = entry["event"], entry["principal"]
            if event == "begin":
                self.begun[principal] = _begun_from_entry(entry)
                return
            one = self.begun[principal]
            if event == "about":
                one.about.add(entry["call"])
            elif event == "done":
                one.done.add(entry["call"])
            elif event == "applied":
                one.applied_at = entry["at"]
            elif event == "undo":
                one.undoing = True
            elif event == "undone":
                one.undone = True
        except (KeyError, TypeError, ValueError) as error:
            raise RolloutError(f"`{self._path}` is damaged: {type(error).__name__} {error}") from error

    # ------------------------------------------------------------ writing

    def begin(self, live: LivePrincipal, calls: Iterable[Call], inverse: Iterable[Call]) -> Begun:
        """Notes a principal as it is, and what will be done to it."""
        principal = live.principal
        entry: dict[str, Any] = {
            "event": "begin",
            "principal": principal.arn,
            "principal_id": principal.principal_id,
            "account": principal.account,
            "kind": principal.kind,
            "name": principal.name,
            "before": {"inline": dict(live.holding.inline), "attached": list(live.holding.attached)},
            "documents": dict(live.documents),
            "boundary": live.boundary,
            "trust": live.trust,
            "calls": [_entry_from_call(call) for call in calls],
            "inverse": [_entry_from_call(call) for call in inverse],
        }
        self._write(entry)
        return self.begun[principal.arn]

    def note(self, event: str, principal: str, **facts: object) -> None:
        """Notes a step. It is on disk when this returns."""
        self._write({"event": event, "principal": principal, **facts})

    def _write(self, entry: dict[str, Any]) -> None:
        entry = {**entry, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        try:
            line = json.dumps(entry).encode() + b"\n"
            if self._file.write(line) != len(line):
                raise OSError("the disk is full")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RolloutError(f"can't write `{self._path}`: {error.strerror or error}") from error
        if entry["event"] != "plan":
            self._take(entry)
        if self._after_write:
            self._after_write()


def read_journal(plan: Path) -> dict[str, Begun]:
    """What the journal of a plan says, by principal; nothing where there is none yet.

    Raises:
        RolloutError: it can't be read, or belongs to another plan.
    """
    if not journal_of(plan).exists():
        return {}
    with Journal(plan) as journal:
        return dict(journal.begun)


# ---------------------------------------------------------------- entries


def _entry_from_call(call: Call) -> dict[str, Any]:
    return {
        "kind": call.kind,
        "principal_kind": call.principal_kind,
        "principal": call.principal,
        "policy": call.policy,
        "document": call.document,
        "description": call.description,
        "tags": [list(one) for one in call.tags],
    }


def _call_from_entry(entry: dict[str, Any]) -> Call:
    return Call(
        CallKind(entry["kind"]),
        PrincipalKind(entry["principal_kind"]),
        entry["principal"],
        entry["policy"],
        entry["document"],
        entry["description"],
        tuple((key, value) for key, value in entry["tags"]),
    )


def _begun_from_entry(entry: dict[str, Any]) -> Begun:
    before = entry["before"]
    return Begun(
        principal=entry["principal"],
        principal_id=entry["principal_id"],
        account=entry["account"],
        kind=PrincipalKind(entry["kind"]),
        name=entry["name"],
        before=Holding(tuple(sorted(before["inline"].items())), tuple(sorted(before["attached"]))),
        documents=entry["documents"],
        boundary=entry["boundary"],
        trust=entry["trust"],
        calls=tuple(map(_call_from_entry, entry["calls"])),
        inverse=tuple(map(_call_from_entry, entry["inverse"])),
    )
