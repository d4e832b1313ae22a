"""`lpgen schema`: the JSON Schema of a document that lpgen prints."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from lpgen.cli.options import OutputFileOption
from lpgen.cli.output import write_output


class DocumentName(StrEnum):
    """The documents that have a schema."""

    REVIEW = "review"
    REVIEW_LINES = "review-lines"
    SUMMARY = "summary"
    EVIDENCE = "evidence"
    VERIFICATION = "verification"
    EXPLANATION = "explanation"
    WHO_CAN = "who-can"
    DRIFT = "drift"
    STARS = "stars"
    BACKTEST = "backtest"
    OBSERVE = "observe"
    OBSERVATION = "observation"
    ROLLOUT = "rollout"
    WATCH = "watch"
    TRUST = "trust"
    GRAPH = "graph"
    PERIMETER = "perimeter"
    TAGS = "tags"
    SCPS = "scps"
    BOUNDARY = "boundary"
    ROLES = "roles"


def schema_command(
    name: Annotated[
        DocumentName,
        typer.Argument(
            metavar="NAME", show_choices=False, help=f"The document: {', '.join(DocumentName)}.", show_default=False
        ),
    ],
    output: OutputFileOption = None,
) -> None:
    """Print the JSON Schema of a document.

    The schema (2020-12) describes the JSON that this version prints. It is strict and self-contained. Each document
    names its schema and the version under `schema`.

    \b
    Example:
      lpgen schema review
    """
    from lpgen.report.documents.schemas import schema_json

    write_output(schema_json(name), output)
