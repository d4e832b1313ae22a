"""`lpgen perimeter`: Deny statements for the policies of resources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.formats import FormatOption, ReportFormat, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import InputOptions, OptionalDataOption, OutputFileOption, ValidateOptions, days_option
from lpgen.cli.output import layout_for, write_output
from lpgen.core.choices import ENOUGH_DAYS, DenyKind
from lpgen.errors import InvocationError


def perimeter_command(
    *,
    inputs: Annotated[
        InputOptions, Only("policies", "snapshot", "trails", "scps", "rcps", "resource_policies", "catalog")
    ],
    data: OptionalDataOption = None,
    organization: Annotated[
        str | None, typer.Option("--organization", metavar="ID", help="The organization. By default, the snapshot's.")
    ] = None,
    resource: Annotated[str, typer.Option("--resource", metavar="GLOB", help="Only these, by ARN or name.")] = "",
    kind: Annotated[list[DenyKind] | None, typer.Option("--kind", help="Only this kind of Deny. Repeatable.")] = None,
    endpoints: Annotated[
        list[Path] | None,
        typer.Option(
            "--endpoints",
            metavar="FILE",
            help="Output of `aws ec2 describe-vpc-endpoints`. By default, the snapshot's endpoints. Repeatable.",
        ),
    ] = None,
    break_glass: Annotated[
        list[str] | None, typer.Option("--break-glass", metavar="GLOB", help="Principals that no Deny refuses.")
    ] = None,
    caller: Annotated[
        str, typer.Option("--caller", metavar="ARN", help="Who will change the policies. No Deny refuses it.")
    ] = "",
    min_days: Annotated[
        int, days_option("--min-days", "How many covered days it takes to call a Deny safe.", least=0)
    ] = ENOUGH_DAYS,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new folder for new policies, commands and code.")
    ] = None,
    analyzer: ValidateOptions,
    format: FormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Propose Deny statements for the policies of resources.

    For each bucket, key, secret, queue, topic, table and function, proposes a Deny against principals of others
    (identity), against networks other than the VPC endpoints in the logs (network), and against AWS services that act
    for others (confused-deputy). Replays every recorded use: a proposal is safe only if it would have refused none of
    them, and if somebody can still change the policy. Changes nothing.

    \b
    Example:
      lpgen perimeter --data lpgen-data
      lpgen perimeter --data lpgen-data --resource arn:aws:s3:::invoices --out new
    """
    from lpgen.app.perimeter import perimeter, validated, write_perimeter
    from lpgen.core.perimeter.world import PerimeterChoices
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.readers.guard_files import read_guards
    from lpgen.edge.readers.snapshot_files import read_organization_paths
    from lpgen.edge.readers.trail_settings import read_trails
    from lpgen.edge.readers.vpc_endpoints import read_vpc_endpoints
    from lpgen.report.render import PERIMETER

    chosen = choose_format(format, output, ReportFormat)
    files = inputs.choose(data)
    if out and not files.resource_policies:
        why = "new policies would replace policies that weren't given"
        raise InvocationError(why, hint="give --resource-policies DIR, or take a snapshot with --resource-policies")
    report = perimeter(
        files.policies,
        open_catalog(inputs.catalog),
        PerimeterChoices(organization, tuple(kind or DenyKind), tuple(break_glass or ()), caller, min_days),
        resource=resource,
        data=data,
        guards=read_guards(None, files.scps, files.resource_policies, rcps=files.rcps),
        trails=(read_trails(files.trails), files.trail_source),
        snapshot=files.snapshot,
        members=read_organization_paths(files.organization),
        endpoints=read_vpc_endpoints(endpoints or files.vpc_endpoints),
        policies_given=files.resource_policies is not None,
    )
    if session := analyzer.open():
        report = validated(report, session)
    if out:
        write_perimeter(report, out)
    write_output(PERIMETER.text(report, chosen.value, layout_for(output)), output)
