"""The command line: parse, call, render, exit. No rule of meaning lives here, and only here errors are caught.

Imports of what a command needs stand inside it: `lpgen --help` must not wait for pyarrow.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Annotated, Final

import typer

from lpgen import __version__
from lpgen.cli_analysis import generate_command, review_command, verify_command
from lpgen.cli_authorize import authorize_command
from lpgen.cli_aws import iam_policy_command, snapshot_command
from lpgen.cli_catalog import app as catalog_app
from lpgen.cli_check import check_command
from lpgen.cli_demo import demo_command
from lpgen.cli_drift import app as baseline_app
from lpgen.cli_drift import drift_command, stars_command
from lpgen.cli_explain import explain_command
from lpgen.cli_ingest import ingest_command
from lpgen.cli_map import map_command
from lpgen.cli_options import EXIT_INVOCATION, EXIT_UNFINISHED, say
from lpgen.cli_rollout import app as rollout_app
from lpgen.cli_schema import schema_command
from lpgen.cli_sections import PlainCommand, WorkOrder
from lpgen.cli_upgrade import upgrade_command
from lpgen.errors import InvocationError, LpgenError

app = typer.Typer(
    name="lpgen",
    cls=WorkOrder,
    help="Make AWS roles least-privileged from what CloudTrail shows they really do.\n\n"
    "Start with `lpgen demo`. On your own account: `lpgen snapshot` the policies, `lpgen ingest` the logs, "
    "`lpgen review` the difference, `lpgen generate` the replacement policies. Then every week: `lpgen drift`.\n\n"
    "`lpgen COMMAND --help` says what a command does, with an example.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
)
app.add_typer(catalog_app)
app.add_typer(rollout_app)
app.add_typer(baseline_app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lpgen {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The options of lpgen itself."""


_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "ingest": ingest_command,
    "map": map_command,
    "review": review_command,
    "generate": generate_command,
    "verify": verify_command,
    "authorize": authorize_command,
    "explain": explain_command,
    "stars": stars_command,
    "drift": drift_command,
    "snapshot": snapshot_command,
    "iam-policy": iam_policy_command,
    "check": check_command,
    "upgrade": upgrade_command,
    "schema": schema_command,
    "demo": demo_command,
}
for _name, _command in _COMMANDS.items():
    app.command(_name, cls=PlainCommand)(_command)


def main() -> None:
    """The console script: runs a command, and turns lpgen's own errors into a sentence and an exit code."""
    # On import numpy starts threads for linear algebra, one a core (0.04 s with two). lpgen does none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _stand_in_for_closed_streams()
    try:
        _run()
    except InvocationError as error:
        _complain(error)
        sys.exit(EXIT_INVOCATION)
    except LpgenError as error:
        _complain(error)
        sys.exit(EXIT_UNFINISHED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`lpgen review | head`); that is no error of ours.
        _discard_output()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            raise
        # What is written to files is wrapped where it is written: this is stdout, as in `lpgen review > full-disk`.
        _discard_output()
        say(f"lpgen: the output can't be written: {os.strerror(error.errno).lower()}")
        sys.exit(EXIT_UNFINISHED)


_OUTPUT_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def _discard_output() -> None:
    """Lets what is still buffered go nowhere, so that Python doesn't fail on it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stand_in_for_closed_streams() -> None:
    """Gives stdout and stderr somewhere to go where the shell closed them (`>&-`), for which Python has None."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _run() -> None:
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # typer makes an exit 1 of it
            raise leaving.__context__ from None
        sys.stdout.flush()  # what is still buffered may meet a closed pipe too, and is too late to catch at exit
        raise


def _complain(error: LpgenError) -> None:
    from lpgen.report.inert import terminal_text

    say(f"lpgen: {terminal_text(error.message)}")
    if error.hint:
        say(f"  {terminal_text(error.hint)}")
