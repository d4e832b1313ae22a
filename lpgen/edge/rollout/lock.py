"""Takes and releases the lock of a principal. Only one run at a time changes it, wherever its plan is."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from lpgen.core.rollout.lock import is_lock_of, lock_arn, lock_description
from lpgen.core.rollout.plan import OutcomeKind, RolloutOutcome
from lpgen.edge.rollout.iam_writer import NOT_FOUND, TAKEN, IamWriter, Notes
from lpgen.edge.rollout.run import Run, comes_true, interrupts_deferred, outwait_late_calls
from lpgen.errors import AwsError, LockLostError, RefusedCallError, quote_input


def why_locked(writer: IamWriter, principal: str, principal_id: str, nonces: Iterable[str]) -> str:
    """Why a run whose locks have these numbers must not change a principal, or "".

    Raises:
        AwsError: the lock can't be read.
    """
    found = writer.read_lock(lock_arn(principal, principal_id))
    return "" if found is None or is_lock_of(found, nonces) else _locked_by(found)


def under_lock(principal: str, principal_id: str, run: Run, change: Callable[[], RolloutOutcome]) -> RolloutOutcome:
    """The outcome of a change under the principal's lock. It starts when no earlier call can still take effect.

    If the journal says that the change didn't end, the lock stays, and the same journal continues under it.

    Raises:
        AwsError: the lock can't be created or read, and nothing was changed.
        RolloutError: the journal can't be written.
    """
    outwait_late_calls(principal, run)
    try:
        refused = _take_lock(principal, principal_id, run)
        if refused:
            return RolloutOutcome(principal, OutcomeKind.REFUSED, (refused,))
        outcome = change()
    except BaseException:
        state = run.journal.states.get(principal)
        if state is None or not state.unfinished:
            _release_lock(principal, principal_id, run)
        raise
    left = _release_lock(principal, principal_id, run)
    return replace(outcome, why=(*outcome.why, left)) if left else outcome


def check_lock(principal: str, principal_id: str, run: Run) -> None:
    """Checks that this run still holds the lock. It retries for a while, because IAM may show an older lock.

    Raises:
        LockLostError: somebody else removed it, or holds it.
        AwsError: it can't be read.
    """
    _check_lock(principal, principal_id, run, run.journal.locks.get(principal, ())[-1:])


def _check_lock(principal: str, principal_id: str, run: Run, nonces: Iterable[str]) -> None:
    found = _look(run, lock_arn(principal, principal_id), lambda text: text is not None and is_lock_of(text, nonces))
    if found is None or not is_lock_of(found, nonces):
        by = "somebody removed it" if found is None else _locked_by(found)
        raise LockLostError(f"the lock of {quote_input(principal)} no longer belongs to this run: {by}")


def _look(run: Run, arn: str, is_right: Callable[[str | None], bool]) -> str | None:
    """The description of a lock, or None. It is read until it's right or IAM had the time to show it."""
    found: list[str | None] = []

    def read() -> bool:
        found[:] = [run.writer.read_lock(arn)]
        return is_right(found[0])

    comes_true(read, run)
    return found[0]


def _take_lock(principal: str, principal_id: str, run: Run) -> str:
    """Locks a principal. Returns why it can't, or "". Only a killed run's own journal can take over its lock."""
    journal, arn = run.journal, lock_arn(principal, principal_id)
    # A lock that this journal released may still show, or show again if its creation took effect late.
    left, own = journal.locks.get(principal, ()), journal.numbers.get(principal, ())
    found = _look(run, arn, lambda text: text is None or is_lock_of(text, left))
    if found is not None and not is_lock_of(found, own):
        return _locked_by(found)
    nonce = secrets.token_hex(16)

    def about() -> None:
        journal.note("lock", principal, nonce=nonce, journal=journal.identity)

    def about_to_delete() -> None:
        _check_lock(principal, principal_id, run, own)
        about()

    lost = False
    with interrupts_deferred(run.print_status):
        if found is not None:
            # A new number stops others under the old number, such as a run with a copy of this journal.
            try:
                lost = run.writer.delete_lock(arn, Notes(about_to_delete, lambda: journal.note("locked", principal)))
            except RefusedCallError as error:
                if error.code != NOT_FOUND:
                    raise
        moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        description = lock_description(nonce, plan=journal.digest, moment=moment)
        try:
            lost |= run.writer.create_lock(arn, description, Notes(about, lambda: journal.note("unlock", principal)))
        except RefusedCallError as error:
            if error.code != TAKEN:
                raise
            return _locked_by(_look(run, arn, lambda text: text is not None and not is_lock_of(text, own)) or "")
        journal.note("locked", principal, lost=lost)
    return ""


def _release_lock(principal: str, principal_id: str, run: Run) -> str:
    """Removes this run's lock when no call can still take effect. Returns why the lock still exists, or ""."""
    journal, arn = run.journal, lock_arn(principal, principal_id)
    nonces = journal.locks.get(principal, ())
    if not nonces:
        return ""
    outwait_late_calls(principal, run)

    def about() -> None:
        _check_lock(principal, principal_id, run, nonces)
        journal.note("lock", principal, nonce=nonces[-1], journal=journal.identity)

    lost = False
    with interrupts_deferred(run.print_status):
        try:
            lost = run.writer.delete_lock(arn, Notes(about, lambda: journal.note("locked", principal)))
        except LockLostError:
            pass  # somebody else removed it
        except AwsError as error:
            if not (isinstance(error, RefusedCallError) and error.code == NOT_FOUND):
                return f"its lock still exists, and `lpgen rollout unlock` removes it: {error.message}"
        journal.note("unlock", principal, lost=lost)
    return ""


def _locked_by(description: str) -> str:
    return (
        f"it is locked: {quote_input(description)}; wait until that run ends. If it was killed, finish it with its "
        "own journal, or remove the lock with `lpgen rollout unlock`"
    )
