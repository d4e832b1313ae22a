"""`lpgen graph`: which principal can become which other one, over which paths, and whether these are used."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.formats import FORMAT_HELP, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import ComputeOption, InputOptions, OptionalDataOption, OutputFileOption
from lpgen.cli.output import layout_for, write_output


class GraphFormat(StrEnum):
    """How paths are printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    GRAPHML = "graphml"
    DOT = "dot"


def graph_command(
    *,
    inputs: Annotated[
        InputOptions, Only("policies", "snapshot", "trails", "boundary", "scps", "rcps", "resource_policies", "catalog")
    ],
    data: OptionalDataOption = None,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="GLOB",
            help="Only paths from these principals, by ARN or name. Also an account outside, an identity provider, an "
            "AWS service, or `outside` for all outsiders.",
        ),
    ] = "",
    target: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="GLOB|ARN|admin",
            help="Only paths to these principals, to a resource, or to administrative rights.",
        ),
    ] = "",
    all_paths: Annotated[
        bool, typer.Option("--all-paths", help="All paths of at most 6 steps, instead of the shortest ones.")
    ] = False,
    compute: ComputeOption = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", metavar="DIR", help="Also show what the replacements in the output of `lpgen generate` cut."
        ),
    ] = None,
    format: Annotated[GraphFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Show which principals can become which others.

    Decides each documented way to gain the rights of a role or user, such as passing a role to a function, with all
    policies that apply: those of both sides, boundaries, SCPs and RCPs. Shows the statements that open each step. With
    the logs of a data folder, shows whether a step was ever used. Changes nothing.

    Without --from and --to, shows who can get administrative rights.

    \b
    Example:
      lpgen graph --policies account-authorization-details.json --to admin
      lpgen graph --data lpgen-data --from role/ci --to role/admin --all-paths
    """
    from lpgen.app.graph import graph
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.readers.compute_files import read_inventory
    from lpgen.edge.readers.guard_files import read_guards
    from lpgen.edge.readers.snapshot_files import read_passwords
    from lpgen.edge.readers.trail_settings import read_trails
    from lpgen.report.render import GRAPH

    chosen = choose_format(format, output, GraphFormat)
    files = inputs.choose(data)
    catalog = open_catalog(inputs.catalog)
    report = graph(
        files.policies,
        catalog,
        source=source,
        target=target or ("" if source else "admin"),
        all_paths=all_paths,
        data=data,
        guards=read_guards(inputs.boundary, files.scps, files.resource_policies, rcps=files.rcps),
        compute=read_inventory(compute, files.compute, files.snapshot, catalog),
        passwords=read_passwords(files.login_profiles),
        trails=(read_trails(files.trails), files.trail_source),
        compare=compare,
    )
    write_output(GRAPH.text(report, chosen.value, layout_for(output)), output)
