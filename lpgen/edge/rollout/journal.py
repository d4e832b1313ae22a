"""The journal of a rollout. Every step is on disk before and after it is made, so a killed run can be undone.

The journal is a file of JSON lines next to the plan. Only its owner can read it. Lines are only appended, and each is
flushed to the disk before the next step begins. A line that a kill truncated has no meaning, because its step hadn't
begun. Only one process at a time writes.

`previous` is the SHA-256 of the line before. The first line names the plan by its SHA-256. For each principal follow:

- `lock`, with the number of the run's lock, before it is created or deleted. Then `locked` if it exists, or `unlock` if
  it doesn't. They surround all other lines.
- `begin`: the exact old policies, the calls to make and their inverse calls, and the digests of the plan, of its source
  and of each document to put in place.
- `about` and `done`, with the number of the call: before each attempt, and after its effect was read back. `refused` if
  AWS refused it.
- `applied`, or `failed` with the reason.
- `undo`, then for each inverse call `undo_about` and `undo_done` or `undo_refused`, then `undone`, or `undo_failed`
with the reason.

A sent call is in doubt until the line about its answer. If that line has `lost`, the answer belongs to a later attempt,
and an earlier attempt stays in doubt.

`lpgen.core.rollout.state` defines the allowed order. Nothing else is ever written.

INVARIANT: a line counts only if it agrees with the plan. So an edited journal leads to no call outside the plan.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.digests import digest_of_text
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import CallKind, HeldPolicies, IamCall
from lpgen.core.rollout.source import RolloutPlan
from lpgen.core.rollout.state import RolloutPhase, RolloutState, differs_from_plan
from lpgen.core.schemas import JOURNAL_SCHEMA, check_schema
from lpgen.edge.files import file_errors, lock_file
from lpgen.edge.private_files import open_no_link, restrict_to_owner, sync_folder
from lpgen.edge.rollout.iam_writer import LivePrincipal
from lpgen.errors import RolloutError, TamperingError, quote_input, quote_reason

_SENT: Final = frozenset({"lock", "about", "undo_about"})
_ANSWERED: Final = frozenset({"locked", "unlock", "done", "refused", "undo_done", "undo_refused"})
_RESTORE: Final = "put the journal back as lpgen wrote it, or restore the policies by hand: the plan has them"
_READ_AGAIN: Final = "nothing was changed: run the command again to see the new plan"
_OTHER: Final = "use the version of lpgen that wrote it, or restore the policies by hand: the plan has them"


def journal_of(plan: Path) -> Path:
    """The path of a plan's journal."""
    return plan.with_name(plan.name + ".journal")


class Journal:
    """An open journal of a plan. Use as a context manager. Only one process has it open at a time.

    `states` has the state of each begun principal, `locks` the numbers of locks that may still exist, `numbers` the
    numbers of all locks that this file had first, and `digest` is the plan's digest.
    """

    def __init__(self, path: Path, plan: RolloutPlan) -> None:
        self._plan_path, self._plan = path, plan
        self._principals = {principal.principal: principal for principal in plan.principals}
        self._path = journal_of(path)
        self._file: Any = None
        self.digest = ""
        self._last = b""
        self._size = 0
        self.states: dict[str, RolloutState] = {}
        self.locks: dict[str, tuple[str, ...]] = {}
        self.numbers: dict[str, tuple[str, ...]] = {}
        self._sent: dict[str, str] = {}
        self._lost: dict[str, str] = {}

    def __enter__(self) -> Journal:
        with file_errors(f"open `{self._path}`", RolloutError):
            self.digest = digest_of_text(self._plan_path.read_bytes())
            if self.digest != self._plan.sha256:
                raise RolloutError(f"`{self._plan_path}` was replaced since it was read", hint=_READ_AGAIN)
            self._file = open(self._path, "ab+", buffering=0, opener=open_no_link)
            restrict_to_owner(self._path)
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _lock(self) -> None:
        try:
            lock_file(self._file)
        except OSError as error:
            raise RolloutError(f"another run uses `{self._path}`", hint="wait until it ends") from error

    @property
    def identity(self) -> str:
        """Distinguishes this file from its copies, which must not take over its locks."""
        facts = os.fstat(self._file.fileno())
        return f"{platform.node()} {facts.st_dev} {facts.st_ino}"

    # ------------------------------------------------------------ reading

    def _read(self) -> None:
        self._file.seek(0)
        lines = self._file.read().split(b"\n")
        self._size = sum(len(line) + 1 for line in lines[:-1])
        if len(lines) == 1:
            self._write({"event": "plan", "schema": JOURNAL_SCHEMA, "sha256": self.digest})
            sync_folder(self._path.parent)
            return
        try:
            check_schema(lines[0], JOURNAL_SCHEMA, str(self._path), error=RolloutError, hint=_OTHER)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise TamperingError(f"`{self._path}` is not a journal: {quote_reason(error)}", hint=_RESTORE) from error
        head = self._decode(lines[0])
        if head.get("sha256") != self.digest:
            raise RolloutError(
                f"`{self._plan_path}` isn't the plan that `{self._path}` began with",
                hint="restore the old plan, or give the new plan another name",
            )
        for before, line in pairwise(lines[:-1]):
            entry = self._decode(line)
            self._check(entry.get("previous") == digest_of_text(before), "a line doesn't follow the one before")
            self._take(entry)
        self._last = lines[-2]

    def _check(self, right: bool, problem: str) -> None:
        if not right:
            raise self._tampering(problem)

    def _tampering(self, problem: str) -> TamperingError:
        return TamperingError(f"`{self._path}` was edited: {problem}", hint=_RESTORE)

    def _decode(self, line: bytes) -> dict[str, Any]:
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise TamperingError(f"`{self._path}` is damaged: {quote_reason(error)}", hint=_RESTORE) from error

    def _take(self, entry: dict[str, Any]) -> None:
        """Adds an entry if it may follow the entries before it."""
        try:
            event, principal = entry["event"], entry["principal"]
            self._take_doubt(event, principal, entry)
            if event in ("lock", "locked", "unlock"):
                self._check(principal in self._principals, f"{quote_input(principal)} isn't in the plan")
                own = (str(entry["nonce"]),) if event == "lock" and entry["journal"] == self.identity else ()
                for numbers in (self.locks, self.numbers):
                    numbers[principal] = tuple(dict.fromkeys((*numbers.get(principal, ()), *own)))
                if event == "unlock":
                    self.locks[principal] = ()
                return
            state = self.states.get(principal)
            if event == "begin":
                self._check(
                    state is None or state.phase is RolloutPhase.UNDONE, f"{quote_input(principal)} begins twice"
                )
                self.states[principal] = self._agreed(entry)
                return
            after = state.after(event, entry) if state else None
            if after is None:
                raise self._tampering(f"`{event}` of {quote_input(principal)} can't come here")
            self.states[principal] = after
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = quote_input(f"{type(error).__name__} {error}")
            raise TamperingError(f"`{self._path}` is damaged: {why}", hint=_RESTORE) from error

    def _take_doubt(self, event: str, principal: str, entry: Mapping[str, Any]) -> None:
        if event in _SENT:
            self._sent[principal] = str(entry["at"])
        elif event in _ANSWERED:
            self._sent.pop(principal, None)
            if entry.get("lost"):
                self._lost[principal] = str(entry["at"])

    def in_doubt_since(self, principal: str) -> str:
        """The latest time when a call was sent that may still take effect. "" if there is none."""
        return max(self._sent.get(principal, ""), self._lost.get(principal, ""))

    def _agreed(self, entry: dict[str, Any]) -> RolloutState:
        """The state from an entry that begins a principal, after comparing it with the plan."""
        state = _state_from_entry(entry)
        plan = self._principals.get(state.principal)
        who = quote_input(state.principal)
        differs = differs_from_plan(state, plan) if plan else f"{who} isn't in the plan"
        self._check(not differs, differs)
        self._check(entry["digests"] == self._digests_of(state.calls), f"the digests of {who} differ from the plan")
        return state

    def _digests_of(self, calls: Iterable[IamCall]) -> dict[str, Any]:
        return {
            "plan": self.digest,
            "source": self._plan.source.digests.root,
            "documents": {call.policy: digest_of_text(call.document) for call in calls if call.document},
        }

    # ------------------------------------------------------------ writing

    def begin(self, live: LivePrincipal, calls: Sequence[IamCall], inverse: Iterable[IamCall]) -> None:
        """Notes a principal's current state, and the calls to make.

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
            "trust": live.holding.trust,
            "calls": list(map(asdict, calls)),
            "inverse": list(map(asdict, inverse)),
            "digests": self._digests_of(calls),
        }
        self._write(entry)

    def note(self, event: str, principal: str, **facts: object) -> None:
        """Notes a step. It is on disk when this returns."""
        self._write({"event": event, "principal": principal, **facts})

    def _write(self, entry: dict[str, Any]) -> None:
        """Writes an entry if it is allowed here. Nothing else reaches the disk.

        Raises:
            TamperingError: it isn't allowed here.
            RolloutError: the disk is full, or the file can't be written.
        """
        entry = {**entry, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        if self._last:
            entry["previous"] = digest_of_text(self._last)
        line = json.dumps(entry).encode()
        before = dict(self.states), dict(self.locks), dict(self.numbers), dict(self._sent), dict(self._lost)
        if entry["event"] != "plan":
            self._take(entry)
        try:
            self._file.truncate(self._size)  # removes a line that a kill or a full disk truncated
            if self._file.write(line + b"\n") != len(line) + 1:
                raise OSError("the disk is full")
            os.fsync(self._file.fileno())
        except OSError as error:
            self.states, self.locks, self.numbers, self._sent, self._lost = before
            raise RolloutError(f"can't write `{self._path}`: {error.strerror or error}") from error
        self._last, self._size = line, self._size + len(line) + 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """The content of a journal: the states of begun principals, and the numbers of their locks.

    `locks` are the locks that may still exist.
    """

    states: Mapping[str, RolloutState] = field(default_factory=dict)
    locks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def to_undo(self) -> tuple[str, ...]:
        """The principals that were begun and not undone, or that a killed run may have locked, last one first."""
        begun = (principal for principal, state in self.states.items() if state.phase is not RolloutPhase.UNDONE)
        locked = (principal for principal, nonces in self.locks.items() if nonces)
        return tuple(reversed(dict.fromkeys((*begun, *locked))))


def read_journal(path: Path, plan: RolloutPlan) -> Recorded:
    """The content of a plan's journal. Empty if there is none yet.

    Raises:
        RolloutError: it can't be read, or belongs to another plan.
        TamperingError: it holds something that lpgen wouldn't have written.
    """
    if not journal_of(path).exists():
        return Recorded()
    with Journal(path, plan) as journal:
        return Recorded(dict(journal.states), dict(journal.locks), dict(journal.numbers))


# ---------------------------------------------------------------- entries


def _call_from_entry(entry: dict[str, Any]) -> IamCall:
    return IamCall(
        CallKind(entry["kind"]),
        PrincipalKind(entry["principal_kind"]),
        entry["principal"],
        entry["policy"],
        entry["document"],
        entry["description"],
        tuple((key, value) for key, value in entry["tags"]),
    )


def _state_from_entry(entry: dict[str, Any]) -> RolloutState:
    before = entry["before"]
    return RolloutState(
        principal=entry["principal"],
        principal_id=entry["principal_id"],
        account=entry["account"],
        kind=PrincipalKind(entry["kind"]),
        name=entry["name"],
        before=HeldPolicies(tuple(sorted(before["inline"].items())), tuple(sorted(before["attached"])), entry["trust"]),
        documents=entry["documents"],
        boundary=entry["boundary"],
        calls=tuple(map(_call_from_entry, entry["calls"])),
        inverse=tuple(map(_call_from_entry, entry["inverse"])),
        digests=entry["digests"]["documents"],
    )
