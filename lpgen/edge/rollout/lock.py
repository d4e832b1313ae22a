"""Takes and releases the lock of a principal, so that one run at a time changes it, whatever folder its plan is in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from lpgen.core.rollout.lock import is_lock_of, lock_arn, lock_description
from lpgen.edge.rollout.iam_writer import IamWriter
from lpgen.edge.rollout.journal import Journal
from lpgen.errors import AwsError, LockLostError, quote_input


def why_locked(writer: IamWriter, principal: str, principal_id: str, nonces: Iterable[str]) -> str:
    """Why a run whose locks have these numbers must leave a principal alone, or "".

    Raises:
        AwsError: the lock can't be read.
    """
    found = writer.read_lock(lock_arn(principal, principal_id))
    return "" if found is None or is_lock_of(found, nonces) else _locked_by(found)


def take_lock(writer: IamWriter, journal: Journal, principal: str, principal_id: str) -> str:
    """Locks a principal; why it can't be, or "". A killed run's lock is taken over only with the run's own journal.

    Raises:
        AwsError: the lock can't be created or read, and nothing was changed.
        RolloutError: the journal can't be written.
    """
    arn = lock_arn(principal, principal_id)
    found = writer.read_lock(arn)
    if found is not None and not is_lock_of(found, journal.locks.get(principal, ())):
        return _locked_by(found)
    nonce = secrets.token_hex(16)
    journal.note("lock", principal, nonce=nonce, journal=journal.identity)
    if found is not None:
        # A new number stops whoever else works under the old one, such as with a copy that looks like this journal.
        writer.delete_lock(arn)
    description = lock_description(nonce, plan=journal.digest, moment=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    found = writer.create_lock(arn, description)
    return "" if is_lock_of(found, (nonce,)) else _locked_by(found)


def check_lock(writer: IamWriter, journal: Journal, principal: str, principal_id: str, *, patience: float) -> None:
    """Checks that this run still holds the lock. A lock that doesn't show is looked for again for `patience` seconds.

    Raises:
        LockLostError: somebody else removed it, or holds it.
        AwsError: it can't be read.
    """
    until = time.monotonic() + patience
    while (found := writer.read_lock(lock_arn(principal, principal_id))) is None and time.monotonic() < until:
        time.sleep(0.5)
    if found is None or not is_lock_of(found, journal.locks.get(principal, ())[-1:]):
        by = "somebody removed it" if found is None else _locked_by(found)
        raise LockLostError(f"the lock of {quote_input(principal)} isn't this run's any more: {by}")


def release_lock(writer: IamWriter, journal: Journal, principal: str, principal_id: str) -> str:
    """Removes this run's lock, the last call of a run; why it is still there, or "".

    Raises:
        RolloutError: the journal can't be written.
    """
    arn = lock_arn(principal, principal_id)
    try:
        found = writer.read_lock(arn)
        if found is not None and is_lock_of(found, journal.locks.get(principal, ())):
            writer.delete_lock(arn)
    except AwsError as error:
        return f"its lock is still there, and `lpgen rollout unlock` removes it: {error.message}"
    journal.note("unlock", principal)
    return ""


def _locked_by(description: str) -> str:
    return (
        f"it is locked: {quote_input(description)}; wait until that run ends, or, if it was killed, finish it with its "
        "own journal, or remove the lock with `lpgen rollout unlock`"
    )
