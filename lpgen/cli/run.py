"""How a command ends: its error messages and its exit code. Errors are caught only here."""

from __future__ import annotations

import traceback
from typing import Final

import typer

from lpgen.cli.help import StoppedCommandError
from lpgen.cli.output import print_status
from lpgen.edge.standard_streams import first_failure, flush_standard_streams
from lpgen.errors import ExitCode, LpgenError
from lpgen.version import __version__

_AGAIN: Final = "run it again"
_STATES: Final = {
    "baseline save": f"no unfinished baseline is kept; {_AGAIN}",
    "catalog update": f"your catalogs are intact; {_AGAIN}",
    "demo": f"the demo's folder may be incomplete; {_AGAIN}",
    "generate": f"the output folder is either unchanged or complete; {_AGAIN}",
    "ingest": f"the data folder is intact: an ingest counts completely or not at all; {_AGAIN}",
    "rollout apply": "the outcome of each principal that was reached is printed above; `lpgen rollout undo` on this "
    "plan undoes everything",
    "rollout undo": f"the journal next to the plan holds every step; {_AGAIN} to finish",
    "snapshot": f"no unfinished snapshot is kept; {_AGAIN}",
}
"""What a command leaves behind when it's interrupted, at any moment."""

_LONGEST_MESSAGE: Final = 200
"""The most characters of an error message that are printed. The traceback has the whole message."""


def run_app(app: typer.Typer) -> int:
    """Runs the command that `sys.argv` names, and returns its exit code; stderr says what went wrong."""
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.DONE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except StoppedCommandError as stopped:
        if isinstance(stopped.__cause__, KeyboardInterrupt):
            return _interrupted(stopped.command)
        return _unexpected(stopped.__cause__ or stopped, f"lpgen {stopped.command}")
    except LpgenError as error:
        return _complain(error)
    except Exception as error:  # not code 1, which means that the command found something
        return _unexpected(error, "lpgen")
    return ExitCode.DONE


def code_with_output(code: int) -> int:
    """The exit code of a command, given whether its output could be written.

    What the command found or couldn't do takes precedence over a reader that left early. A full disk makes the output
    incomplete.
    """
    flush_standard_streams()
    failure = first_failure()
    if failure is None:
        return code
    if isinstance(failure, BrokenPipeError):
        return code or ExitCode.OUTPUT_CLOSED
    print_status(f"lpgen: the output can't be written: {(failure.strerror or str(failure)).lower()}", error=True)
    return code if code > ExitCode.FOUND else ExitCode.UNFINISHED


def _complain(error: LpgenError) -> ExitCode:
    from lpgen.report.escaping import terminal_text

    print_status(f"lpgen: {terminal_text(error.message)}", error=True)
    if error.hint:
        print_status(f"  {terminal_text(error.hint)}", error=True)
    return error.exit_code


def _interrupted(command: str) -> ExitCode:
    print_status(
        f"\nlpgen: interrupted; {_STATES.get(command, 'a file of `--output` is either unchanged or complete')}",
        error=True,
    )
    return ExitCode.INTERRUPTED


def _unexpected(error: BaseException, command: str) -> ExitCode:
    """Reports an unexpected error in one line that names the file with the traceback."""
    import platform
    import tempfile

    from lpgen.report.escaping import terminal_text

    stack = "".join(traceback.format_exception(error))
    # A message may quote a log, which somebody else wrote.
    what = terminal_text(f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE])
    versions = f"lpgen {__version__}, Python {platform.python_version()}"
    try:
        handle, path = tempfile.mkstemp(prefix="lpgen-crash-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{versions}, {platform.platform()}: {command}\n{stack}")
        where = f"the traceback is in {terminal_text(path)}; please report it"
    except OSError:
        print_status("".join(f"{terminal_text(line)}\n" for line in stack.splitlines()), nl=False, error=True)
        where = "please report it with the lines above"
    print_status(f"lpgen: unexpected error in `{command}` ({versions}): {what}; {where}", error=True)
    return ExitCode.UNFINISHED
