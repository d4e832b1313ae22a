"""The commands for what is watched over time: `lpgen stars`, `lpgen baseline` and `lpgen drift`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli_catalog import CatalogOption
from lpgen.cli_options import (
    BoundaryOption,
    OutputFileOption,
    PoliciesOption,
    PrincipalOption,
    ScpsOption,
    SnapshotOption,
    inputs_from_options,
    put_text,
    terminal_width,
    wants_color,
)


class StarsFormat(StrEnum):
    """How star inheritance is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"


def stars_command(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="The data folder that `lpgen ingest` writes; without it nothing is known of use.",
        ),
    ] = None,
    policies: PoliciesOption = None,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Count actions first seen after this day; 12m and 365d are ages of the catalog.",
        ),
    ] = "12m",
    principal: PrincipalOption = "",
    format: Annotated[StarsFormat, typer.Option("--format", help="How to print it.")] = StarsFormat.TEXT,  # noqa: A002
    output: OutputFileOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
) -> None:
    """Show what each wildcard gained by itself.

    Lists, for every wildcard in an Allow, the actions that AWS added since a day and the wildcard silently granted: how
    many, of which access level, who holds them, and how many were ever used.

    NotAction counts as a wildcard. What a Deny, a boundary or an SCP keeps out is not counted.
    """
    from lpgen.edge.catalog_files import open_catalog
    from lpgen.edge.guard_files import read_guards
    from lpgen.pipeline_drift import stars
    from lpgen.report import render_stars

    inputs = inputs_from_options(data, snapshot, policies=policies, scps=scps, resource_policies=None)
    found = stars(
        inputs.policies,
        open_catalog(catalog),
        data=data,
        since=since,
        principal=principal,
        guards=read_guards(boundary, inputs.scps, None),
    )
    put_text(render_stars(found, format.value, width=terminal_width(), color=wants_color(output)), output)
