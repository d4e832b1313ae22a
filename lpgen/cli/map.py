"""`lpgen map`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.options import CatalogOption, StrictOption
from lpgen.cli.output import print_json_lines
from lpgen.errors import ExitCode


class _MapFormat(StrEnum):
    """How mapped records are printed."""

    JSONL = "jsonl"


def map_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log file in any format; `-` is stdin.")],
    format: Annotated[_MapFormat, typer.Option("--format", help="One JSON object per line.")] = _MapFormat.JSONL,  # noqa: A002, ARG001
    catalog: CatalogOption = None,
    strict: StrictOption = False,
) -> None:
    """Show the IAM actions that each record needs.

    Prints one JSON object per record, in input order, skipped records included.

    `actions` are the actions that the call needs, whatever its outcome and caller. `skip` says why a record doesn't
    count as usage of a role or user.

    \b
    Example:
      lpgen map AWSLogs/one-file.json.gz
    """
    from lpgen.app.map import map_records
    from lpgen.edge.catalog.files import open_catalog

    lines = print_json_lines(map_records(file, open_catalog(catalog)))
    unread = sum(line["skip"] in ("unreadable_file", "bad_record") for line in lines)
    if strict and unread:
        raise typer.Exit(ExitCode.UNFINISHED)
