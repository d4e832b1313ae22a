"""The command line: parse, call, render, exit. No rule of meaning lives here.

Each command imports what it needs inside its function, so `lpgen --help` doesn't wait for pyarrow.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Final

import typer

from lpgen.cli.authorize import authorize_command
from lpgen.cli.backtest import backtest_command
from lpgen.cli.baseline import app as baseline_app
from lpgen.cli.catalog import app as catalog_app
from lpgen.cli.check import check_command
from lpgen.cli.config import config_command
from lpgen.cli.demo import demo_command
from lpgen.cli.drift import drift_command
from lpgen.cli.explain import explain_command
from lpgen.cli.generate import generate_command
from lpgen.cli.graph import graph_command
from lpgen.cli.guardrails import app as guardrails_app
from lpgen.cli.help import PlainCommand, WorkOrder
from lpgen.cli.iam_policy import iam_policy_command
from lpgen.cli.ingest import ingest_command
from lpgen.cli.map import map_command
from lpgen.cli.messages import as_command
from lpgen.cli.observe import observe_command
from lpgen.cli.perimeter import perimeter_command
from lpgen.cli.review import review_command
from lpgen.cli.roles import roles_command
from lpgen.cli.rollout import app as rollout_app
from lpgen.cli.run import code_with_output, run_app
from lpgen.cli.schema import schema_command
from lpgen.cli.snapshot import snapshot_command
from lpgen.cli.tags import tags_command
from lpgen.cli.trust import trust_command
from lpgen.cli.verify import verify_command
from lpgen.cli.wildcards import wildcards_command
from lpgen.edge.standard_streams import open_standard_streams
from lpgen.version import __version__

app = typer.Typer(
    name="lpgen",
    cls=WorkOrder,
    help="Reduce the policies of AWS roles and users to the permissions that CloudTrail shows they use.\n\n"
    "Start with `lpgen demo`. For your own account, `lpgen snapshot` reads the policies, `lpgen ingest` the logs, "
    "`lpgen review` compares them, and `lpgen generate` writes replacements. Run `lpgen drift` every week.\n\n"
    "`lpgen COMMAND --help` explains a command, with an example.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(catalog_app)
app.add_typer(rollout_app)
app.add_typer(baseline_app)
app.add_typer(guardrails_app)


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
    "backtest": backtest_command,
    "observe": observe_command,
    "generate": generate_command,
    "verify": verify_command,
    "authorize": authorize_command,
    "explain": explain_command,
    "trust": trust_command,
    "graph": graph_command,
    "perimeter": perimeter_command,
    "tags": tags_command,
    "roles": roles_command,
    "wildcards": wildcards_command,
    "drift": drift_command,
    "snapshot": snapshot_command,
    "iam-policy": iam_policy_command,
    "check": check_command,
    "schema": schema_command,
    "config": config_command,
    "demo": demo_command,
}
for _name, _command in _COMMANDS.items():
    app.command(_name, cls=PlainCommand)(as_command(_command))


def main() -> None:
    """The console script: runs a command, and exits with its code."""
    # On import numpy starts threads for linear algebra, one per core (0.04 s with two). lpgen doesn't use it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    open_standard_streams()
    sys.exit(code_with_output(run_app(app)))
