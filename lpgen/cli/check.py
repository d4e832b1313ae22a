"""`lpgen check`."""

from __future__ import annotations

import typer

from lpgen.cli.formats import PlainFormat, PlainFormatOption, choose_format
from lpgen.cli.options import DataOption, OutputFileOption
from lpgen.cli.output import write_output
from lpgen.errors import ExitCode


def check_command(
    data: DataOption,
    format: PlainFormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Check that a data folder is intact.

    Reads every file of the ledger, the usage tables, the snapshots and the baselines, and compares checksums, counts,
    keys and order. Repairs nothing. Each finding names the file and what to do.

    Exit 0 if everything is intact, 1 if something is damaged, 3 if the folder can't be read.

    \b
    Example:
      lpgen check --data lpgen-data
    """
    from lpgen.app.check import check_data
    from lpgen.report.messages.data_folder import render_check

    chosen = choose_format(format, output, PlainFormat)
    found = check_data(data)
    write_output(render_check(found, chosen.value), output)
    if found.damages:
        raise typer.Exit(ExitCode.FOUND)
