"""The shared parts of applying and undoing: the account, the journal, and waiting for IAM and for late calls."""

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
"""How long after sending a call AWS may still carry it out: as long as lpgen waits for an answer."""

_SILENCE_SECONDS: Final = 2.0
"""How long to wait before printing a status."""


@dataclass(frozen=True, slots=True)
class Run:
    """The shared objects of the rollouts in an account. `print_status` reports each step.

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
    """Whether a check succeeds within the time that IAM may take to show a change."""
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
    """Runs a check, and repeats it if it waited, because its first findings may have changed meanwhile."""
    waits = -1
    while waits != len(run.waits):
        waits = len(run.waits)
        check()


def settle(run: Run) -> None:
    """Waits until added policies take effect everywhere."""
    time.sleep(run.settle_seconds)


def outwait_late_calls(principal: str, run: Run) -> None:
    """Waits until a call in doubt, after a kill or a lost answer, can no longer take effect."""
    since = run.journal.in_doubt_since(principal)
    if since and run.settle_seconds:
        passed = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
        left = min(_LATE_SECONDS - passed, _LATE_SECONDS)
        if left > 0:
            run.print_status(f"{principal}: waiting {left:.0f} s, because AWS may still carry out an earlier call")
            time.sleep(left)


@contextmanager
def interrupts_deferred(print_status: _PrintStatus) -> Iterator[None]:
    """Defers interrupts until a sent call is answered, because the effect of an abandoned call is unknown."""

    def defer(number: int, _: object) -> None:
        came.append(number)
        print_status("interrupted; waiting for AWS to answer the current call")

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
