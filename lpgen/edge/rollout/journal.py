"""The journal of a rollout: every step on disk before and after it is made, which lets a killed run be undone.

A file of JSON lines next to the plan that only its owner can read, only ever appended to; each line is flushed to the
disk before anything else is done. A line that a kill cut short says nothing: its step hadn't been begun. One process at
a time writes.

`previous` is the SHA-256 of the line before. The first line names the plan by its SHA-256. For each principal follow

- `begin`: the policies as they were, to the byte, with the calls to make and those that undo them, and the digests of
  the plan, of its source and of each document to put in place;
- `about` and `done`, with the number of the call: before it is made, and once it has been read back;
- `applied`, or `failed` with why;
- `undo`, then `undo_about` and `undo_done` for each inverse call, then `undone`; or `undo_failed` with why.

INVARIANT: no line is believed that the plan doesn't agree with, so a journal that was edited leads to no call that
isn't the plan's. A journal of schema 1 has neither `previous` nor digests; it is compared with its plan all the same.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from lpgen.core.digests import digest_of_text
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import Call, CallKind, Holding
from lpgen.core.rollout.source import RolloutPlan
from lpgen.edge.private_files import open_no_link, restrict_to_owner, sync_folder
from lpgen.edge.rollout.begun import Begun, differs_from_plan, take_event
from lpgen.edge.rollout.iam_writer import LivePrincipal
from lpgen.errors import RolloutError, TamperingError, quote_input, quote_reason

_JOURNAL_SCHEMA: Final = "lpgen.rollout-journal/2"
_OLD_SCHEMA: Final = "lpgen.rollout-journal/1"
_RESTORE: Final = "put the journal back as lpgen wrote it, or restore the policies by hand: the plan has them"


def journal_of(plan: Path) -> Path:
    """The path of a plan's journal."""
    return plan.with_name(plan.name + ".journal")


class Journal:
    """An open journal of a plan. Use as a context; only one process has it open at a time."""

    def __init__(self, path: Path, plan: RolloutPlan) -> None:
        self._plan_path, self._plan = path, plan
        self._principals = {one.principal: one for one in plan.principals}
        self._path = journal_of(path)
        self._file: Any = None
        self._digest = ""
        self._old = False
        self._last = b""
        self._size = 0
        self.begun: dict[str, Begun] = {}

    def __enter__(self) -> Journal:
        try:
            self._digest = digest_of_text(self._plan_path.read_bytes())
            self._file = open(self._path, "ab+", buffering=0, opener=open_no_link)
            restrict_to_owner(self._path)
        except OSError as error:
            raise RolloutError(f"can't open `{self._path}`: {error.strerror or error}") from error
        self._lock()
        try:
            self._read()
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

    def _read(self) -> None:
        self._file.seek(0)
        lines = self._file.read().split(b"\n")
        self._size = sum(len(line) + 1 for line in lines[:-1])
        if len(lines) == 1:
            self._write({"event": "plan", "schema": _JOURNAL_SCHEMA, "sha256": self._digest})
            sync_folder(self._path.parent)
            return
        head = self._decode(lines[0])
        if head.get("schema") not in (_JOURNAL_SCHEMA, _OLD_SCHEMA):
            raise RolloutError(f"`{self._path}` is no journal of this version of lpgen")
        if head.get("sha256") != self._digest:
            raise RolloutError(
                f"`{self._plan_path}` isn't the plan that `{self._path}` was begun with",
                hint="put the old plan back, or give the new one another name",
            )
        self._old = head["schema"] == _OLD_SCHEMA
        self._check(not (self._old and self._plan.source), "a new plan has no journal of an older lpgen")
        for before, line in pairwise(lines[:-1]):
            entry = self._decode(line)
            chained = entry.get("previous") == digest_of_text(before) or (self._old and "previous" not in entry)
            self._check(chained, "a line doesn't follow the one before")
            self._take(entry)
        self._last = lines[-2]

    def _check(self, right: bool, problem: str) -> None:
        if not right:
            raise TamperingError(f"`{self._path}` was edited: {problem}", hint=_RESTORE)

    def _decode(self, line: bytes) -> dict[str, Any]:
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise TamperingError(f"`{self._path}` is damaged: {quote_reason(error)}", hint=_RESTORE) from error

    def _take(self, entry: dict[str, Any]) -> None:
        """Takes an entry in, if it can follow what comes before it."""
        try:
            event, principal = entry["event"], entry["principal"]
            begun = self.begun.get(principal)
            if event == "begin":
                self._check(begun is None or begun.undone, f"{quote_input(principal)} begins twice")
                self.begun[principal] = self._agreed(entry)
            elif begun is None or not take_event(begun, event, entry):
                self._check(False, f"`{event}` of {quote_input(principal)} can't come here")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = quote_input(f"{type(error).__name__} {error}")
            raise TamperingError(f"`{self._path}` is damaged: {why}", hint=_RESTORE) from error

    def _agreed(self, entry: dict[str, Any]) -> Begun:
        """The state from an entry that begins a principal, once it agrees with the plan."""
        begun = _begun_from_entry(entry)
        plan = self._principals.get(begun.principal)
        who = quote_input(begun.principal)
        differs = differs_from_plan(begun, plan) if plan else f"{who} isn't in the plan"
        self._check(not differs, differs)
        right = entry.get("digests") == self._digests_of(begun.calls) or (self._old and "digests" not in entry)
        self._check(right, f"the digests of {who} aren't those of the plan")
        return begun

    def _digests_of(self, calls: Iterable[Call]) -> dict[str, Any]:
        source = self._plan.source
        return {
            "plan": self._digest,
            "source": source.digests.root if source else "",
            "documents": {one.policy: digest_of_text(one.document) for one in calls if one.document},
        }

    # ------------------------------------------------------------ writing

    def begin(self, live: LivePrincipal, calls: Sequence[Call], inverse: Iterable[Call]) -> Begun:
        """Note a principal's current state, and the calls to make.

        Raises:
            TamperingError: they disagree with the plan.
        """
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
            "digests": self._digests_of(calls),
        }
        self._agreed(entry)
        self._write(entry)
        return self.begun[principal.arn]

    def note(self, event: str, principal: str, **facts: object) -> None:
        """Notes a step. It is on disk when this returns."""
        self._write({"event": event, "principal": principal, **facts})

    def _write(self, entry: dict[str, Any]) -> None:
        entry = {**entry, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        if self._last:
            entry["previous"] = digest_of_text(self._last)
        line = json.dumps(entry).encode()
        try:
            self._file.truncate(self._size)  # what a kill or a full disk cut short
            if self._file.write(line + b"\n") != len(line) + 1:
                raise OSError("the disk is full")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RolloutError(f"can't write `{self._path}`: {error.strerror or error}") from error
        self._last, self._size = line, self._size + len(line) + 1
        if entry["event"] != "plan":
            self._take(entry)


def read_journal(path: Path, plan: RolloutPlan) -> dict[str, Begun]:
    """The journal of a plan, by principal; empty where there is none yet.

    Raises:
        RolloutError: it can't be read, or belongs to another plan.
        TamperingError: it holds something that lpgen wouldn't have written.
    """
    if not journal_of(path).exists():
        return {}
    with Journal(path, plan) as journal:
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
        digests=entry["digests"]["documents"] if "digests" in entry else {},
    )
