"""Every error that lpgen raises on purpose, in one tree.

A message is one lowercase sentence that names the place, with input in backticks. `hint` gives the next step. Only the
command line catches `LpgenError`, and it exits with the error's own code.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of commands. `docs/commands.md` explains them."""

    DONE = 0
    FOUND = 1
    INVOCATION = 2
    UNFINISHED = 3
    INPUTS_CHANGED = 4
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141


class LpgenError(Exception):
    """The base class of all errors. Its message is for the person at the terminal."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNFINISHED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CatalogError(LpgenError):
    """The action catalog can't be read, or an update failed and left the old catalog unchanged."""


class InvocationError(LpgenError):
    """An option makes no sense, or names something that doesn't exist."""

    exit_code = ExitCode.INVOCATION


class TamperingError(LpgenError):
    """A file was changed after lpgen wrote it."""

    exit_code = ExitCode.FOUND


class InvalidPolicyError(LpgenError):
    """Access Analyzer reports an error in a policy that lpgen made."""

    exit_code = ExitCode.FOUND


class IngestError(LpgenError):
    """Log files can't be ingested. The usage table is unchanged."""


class EngineError(LpgenError):
    """A cluster can't be reached, was lost, or can't run lpgen. The usage table is unchanged."""


class DataError(LpgenError):
    """The data folder can't be read: it is missing, damaged, or has another schema version."""


class DamageError(DataError):
    """Something in the data folder is missing, changed or contradictory."""


class PolicyError(LpgenError):
    """A policy document breaks IAM's grammar. The message names the policy and the statement."""


class RequestError(LpgenError):
    """A request to decide can't be read. The message names the element."""


class SnapshotError(LpgenError):
    """A file of authorization details can't be read."""


class DecisionsError(LpgenError):
    """The decisions file can't be read. The message names the entry."""


class TrailSettingsError(LpgenError):
    """A file of trail settings can't be read, or lacks the settings that decide what a trail records."""


class LastAccessedError(LpgenError):
    """The folder of service last accessed reports, or its index, can't be read."""


class GuardError(LpgenError):
    """The given boundary, SCPs or resource policies can't be read."""


class AwsError(LpgenError):
    """A call to AWS failed. `code` is AWS's error code, such as `AccessDenied`, or the name of boto3's error."""

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class RefusedCallError(AwsError):
    """AWS refused a call, so the call changed nothing."""


class CredentialsError(AwsError):
    """Credentials are missing, expired or wrong, so every other call would fail too."""


class AccessError(AwsError):
    """A call was denied: a permission is missing, or the other side's policy refuses the call."""


class MissingError(AwsError):
    """The requested resource doesn't exist, or no longer exists."""


class RolloutError(LpgenError):
    """A rollout's plan or journal can't be read or written, or a rollout can't be finished."""


class LockLostError(RolloutError):
    """Another run may be changing the principal, so this run must leave everything unchanged."""


class BaselineError(LpgenError):
    """A baseline can't be saved, found or read."""


class OutputError(LpgenError):
    """A replacement or report can't be written or read back."""


_SHOWN_CHARACTERS = 300


def quote_input(text: str) -> str:
    """Foreign text in backticks for a message: shortened, with backticks and terminal control characters escaped."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    if shown.isprintable() and "`" not in shown:
        return f"`{shown}`"
    return "`" + "".join(c if c.isprintable() and c != "`" else f"\\u{ord(c):04x}" for c in shown) + "`"


def quote_reason(error: Exception) -> str:
    """The system's or a library's reason why something can't be read, as `quote_input` shows it.

    Libraries quote names as lpgen does. Their backticks are removed, so the whole reason has one pair.
    """
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return quote_input(reason.replace("`", ""))
