"""The output formats of commands: given by `--format`, or by the extension of the output file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from lpgen.edge.output_file import refuse_missing_folder
from lpgen.errors import InvocationError, quote_input

_ENDINGS: Final = {
    ".txt": "text",
    ".log": "text",
    ".md": "markdown",
    ".json": "json",
    ".jsonl": "jsonl",
    ".sarif": "sarif",
    ".html": "html",
    ".htm": "html",
    ".csv": "csv",
    ".parquet": "parquet",
    ".svg": "svg",
}

FORMAT_HELP: Final = "The output format. By default, the one that the --output file's extension names, or text."


class PlainFormat(StrEnum):
    """The formats of short answers."""

    TEXT = "text"
    JSON = "json"


class ReportFormat(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class ReviewFormat(StrEnum):
    """How a review is printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    HTML = "html"
    CSV = "csv"
    PARQUET = "parquet"


PlainFormatOption = Annotated[PlainFormat | None, typer.Option("--format", help=FORMAT_HELP)]
FormatOption = Annotated[ReportFormat | None, typer.Option("--format", help=FORMAT_HELP)]
ReviewFormatOption = Annotated[ReviewFormat | None, typer.Option("--format", help=FORMAT_HELP)]

Format = TypeVar("Format", bound=StrEnum)


def choose_format(given: Format | None, output: Path | None, formats: type[Format]) -> Format:
    """The given format, or that of the file's extension, or text.

    Raises:
        InvocationError: the command doesn't print the format of the extension.
        OutputError: the file's folder doesn't exist.
    """
    if output is not None and str(output) != "-":
        refuse_missing_folder(output)
    if given is not None:
        return given
    return (format_of_name(output, formats) if output else None) or formats("text")


def format_of_name(path: Path, formats: type[Format]) -> Format | None:
    """The format of a file's extension, or None if the extension isn't that of a format.

    Raises:
        InvocationError: the command doesn't have the format.
    """
    name = _ENDINGS.get(path.suffix.lower(), path.suffix[1:])
    if not name.isalpha():  # such as the day in `report.2026-09-30`
        return None
    if name not in list(formats):
        raise InvocationError(
            f"this command can't write {name} to {quote_input(str(path))}",
            hint=f"end the name in {' or '.join(endings_of(formats))}, or give --format",
        )
    return formats(name)


def endings_of(formats: type[Format]) -> list[str]:
    """The file extension of each format that has one."""
    return [ending for ending, name in _ENDINGS.items() if name in list(formats) and ending not in (".htm", ".log")]
