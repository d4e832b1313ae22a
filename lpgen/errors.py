"""Every error that lpgen raises on purpose, in one tree.

A message is one sentence in lower case that names the place, with input in backticks; `hint` says the next step.
Only the command line catches `LpgenError`, and exits with the error's own code.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """How a command ends. `docs/commands.md` explains the codes."""

    DONE = 0
    FOUND = 1
    INVOCATION = 2
    UNFINISHED = 3
    INPUTS_CHANGED = 4
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141


class LpgenError(Exception):
    """The root: an error whose message is meant for the person at the terminal."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNFINISHED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CatalogError(LpgenError):
    """The action catalog can't be read, or an update of it failed and the old one was left whole."""


class InvocationError(LpgenError):
    """The command line asks for something that makes no sense, or names something that doesn't exist."""

    exit_code = ExitCode.INVOCATION


class TamperingError(LpgenError):
    """A file isn't as lpgen wrote it."""

    exit_code = ExitCode.FOUND


class IngestError(LpgenError):
    """Log files could not be ingested; the usage table is as it was."""


class EngineError(LpgenError):
    """A cluster can't be reached, was lost, or can't run lpgen; the usage table is as it was."""


class DataError(LpgenError):
    """The data folder can't be read: missing, damaged, or of another schema version."""


class DamageError(DataError):
    """Something in the data folder is missing, changed or contradictory."""


class PolicyError(LpgenError):
    """A policy document breaks IAM's grammar; the message names the policy and the statement."""


class RequestError(LpgenError):
    """A request to decide can't be read; the message names the element."""


class SnapshotError(LpgenError):
    """A file of authorization details can't be read."""


class DecisionsError(LpgenError):
    """The decisions file can't be read; the message names the entry."""


class TrailSettingsError(LpgenError):
    """A file of trail settings can't be read, or lacks the settings that decide what a trail records."""


class LastAccessedError(LpgenError):
    """The folder of service last accessed reports, or its index, can't be read."""


class GuardError(LpgenError):
    """A boundary, SCPs or resource policies that were given can't be read."""


class AwsError(LpgenError):
    """A call to AWS failed; `code` is AWS's own code, such as `AccessDenied`, or the name of boto3's error."""

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class RefusedCallError(AwsError):
    """AWS refused a call, so the call changed nothing."""


class CredentialsError(AwsError):
    """There are no credentials, or they are expired or wrong: no other call would do better."""


class AccessError(AwsError):
    """A call was denied: a permission is missing, or a policy of the other side refuses."""


class MissingError(AwsError):
    """The requested resource isn't there (any more)."""


class RolloutError(LpgenError):
    """A rollout's plan or journal can't be read or written, or a rollout could not be finished."""


class LockLostError(RolloutError):
    """Another run may be changing the principal: this one has to leave everything as it is."""


class BaselineError(LpgenError):
    """A baseline can't be saved, found or read."""


class OutputError(LpgenError):
    """A replacement or report can't be written or read back."""


_SHOWN_CHARACTERS = 300


def quote_input(text: str) -> str:
    """Foreign text in backticks for a message: shortened, with backticks and what a terminal might obey escaped."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    if shown.isprintable() and "`" not in shown:
        return f"`{shown}`"
    return "`" + "".join(c if c.isprintable() and c != "`" else f"\\u{ord(c):04x}" for c in shown) + "`"


def quote_reason(error: Exception) -> str:
    """Why something can't be read, in the words of the system or of a library, as `quote_input` shows it.

    Libraries quote names as lpgen does; their backticks are removed: the whole reason has one pair.
    """
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return quote_input(reason.replace("`", ""))
