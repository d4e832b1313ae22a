"""What applying and undoing share: the account, the journal, and how they wait, whether for IAM or for a late call."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lpgen.edge.aws_session import READ_TIMEOUT_SECONDS
from lpgen.edge.rollout.iam_writer import READ_BACK_SECONDS, IamWriter
from lpgen.edge.rollout.journal import Journal

_PrintStatus = Callable[[str], None]

_LATE_SECONDS: Final = float(READ_TIMEOUT_SECONDS)
"""How long after a call was sent AWS may still carry it out: as long as lpgen waits for an answer."""

_SILENCE_SECONDS: Final = 2.0
"""How long to wait without a word."""


@dataclass(frozen=True, slots=True)
class Run:
    """The shared objects of the rollout of any principal of an account. `print_status` reports each step.

    `waits` grows with each wait for IAM to show something.
    """

    writer: IamWriter
    journal: Journal
    settle_seconds: float
    print_status: _PrintStatus
    waits: list[float] = field(default_factory=list)

    @property
    def patience_seconds(self) -> float:
        """How long to wait for IAM to show a change."""
        return READ_BACK_SECONDS if self.settle_seconds else 1.0


def comes_true(check: Callable[[], bool], run: Run, *, patience_seconds: float | None = None) -> bool:
    """Whether something is so by the time that IAM needs to show a change."""
    patience = run.patience_seconds if patience_seconds is None else patience_seconds
    until = time.monotonic() + patience
    said = patience <= _SILENCE_SECONDS
    while not check():
        if time.monotonic() > until:
            return False
        if not said and until - time.monotonic() < patience - _SILENCE_SECONDS:
            run.print_status(f"waiting up to {patience:.0f} s for IAM to show the changes")
            said = True
        run.waits.append(0.5)
        time.sleep(run.waits[-1])
    return True


def look_last(check: Callable[[], None], run: Run) -> None:
    """Makes a check; again where it waited, since what it saw before that may have changed meanwhile."""
    waits = -1
    while waits != len(run.waits):
        waits = len(run.waits)
        check()


def settle(run: Run) -> None:
    """Waits until what was added is in force everywhere."""
    time.sleep(run.settle_seconds)


def outwait_late_calls(principal: str, run: Run) -> None:
    """Waits until a call that a kill or a lost answer left in doubt can't be carried out any more."""
    since = run.journal.in_doubt_since(principal)
    if since and run.settle_seconds:
        passed = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
        left = min(_LATE_SECONDS - passed, _LATE_SECONDS)
        if left > 0:
            run.print_status(f"{principal}: waiting {left:.0f} s, since AWS may still carry out an earlier call")
            time.sleep(left)


@contextmanager
def interrupts_deferred(print_status: _PrintStatus) -> Iterator[None]:
    """Lets a call that was sent be answered before an interrupt counts: nobody knows what an abandoned call does."""

    def defer(number: int, _: object) -> None:
        came.append(number)
        print_status("interrupted; waiting for AWS to answer the call under way")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = signal.signal(signal.SIGINT, defer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            signal.raise_signal(signal.SIGINT)
