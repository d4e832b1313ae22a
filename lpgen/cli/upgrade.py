"""`lpgen upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.output import put_text, say


def upgrade_command(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="The data folder to upgrade.", show_default=False)],
) -> None:
    """Upgrade a data folder that an older lpgen wrote.

    Carries over usage, skips, coverage, snapshots and baselines. The folder is upgraded as a whole or not at all. A
    folder that needs no upgrade stays as it is.

    Prints the paths of the logs that the older lpgen read, one a line. To have what it didn't record (the policy that a
    denial names, and all callers of each day), ingest these logs again into a new folder.

    \b
    Example:
      lpgen upgrade lpgen-data
    """
    from lpgen.app.upgrade import upgrade
    from lpgen.report.messages.upgrade import render_paths, render_upgrade

    done = upgrade(data)
    say(render_upgrade(data, done.old_version, done.baselines, len(done.paths)))
    if done.paths:
        put_text(render_paths(done.paths), None)
