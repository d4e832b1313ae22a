"""`lpgen guardrails`: service control policies for an organization's units, and boundaries for created roles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.formats import FormatOption, ReportFormat, choose_format
from lpgen.cli.help import PlainCommand
from lpgen.cli.messages import as_command
from lpgen.cli.option_groups import Only
from lpgen.cli.options import (
    ComputeOption,
    InputOptions,
    OptionalDataOption,
    OutputFileOption,
    ValidateOptions,
    days_option,
)
from lpgen.cli.output import layout_for, write_output
from lpgen.core.choices import ENOUGH_DAYS

if TYPE_CHECKING:
    from lpgen.app.guardrails import GuardrailInputs
    from lpgen.app.inputs import AnalysisFiles
    from lpgen.core.guardrails.boundary import BoundaryReport
    from lpgen.core.guardrails.scp import ScpReport

app = typer.Typer(
    name="guardrails",
    help="Propose SCPs and permissions boundaries.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DaysOption = Annotated[
    int, days_option("--min-days", "How many covered days it takes to call a proposal safe.", least=0)
]


@dataclass(frozen=True, kw_only=True, slots=True)
class _OutputOptions(ValidateOptions):
    """Where the report and the documents go, and who checks them."""

    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new folder for documents, commands and code.")
    ] = None
    format: FormatOption = None
    output: OutputFileOption = None

    def write(self, report: ScpReport | BoundaryReport) -> None:
        """Validates and writes a report."""
        from lpgen.app.guardrails import validated_guardrails, write_guardrails
        from lpgen.core.guardrails.scp import ScpReport
        from lpgen.report.render import BOUNDARY, SCPS

        chosen = choose_format(self.format, self.output, ReportFormat).value
        if session := self.open():
            report = validated_guardrails(report, session)
        if self.out:
            write_guardrails(report, self.out)
        layout = layout_for(self.output)
        if isinstance(report, ScpReport):
            text = SCPS.text(report, chosen, layout)
        else:
            text = BOUNDARY.text(report, chosen, layout)
        write_output(text, self.output)


def _inputs(inputs: InputOptions, data: Path | None) -> tuple[AnalysisFiles, GuardrailInputs]:
    from lpgen.app.guardrails import GuardrailInputs
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.readers.guard_files import read_guards
    from lpgen.edge.readers.trail_settings import read_trails

    files = inputs.choose(data)
    guards = read_guards(None, files.scps, files.resource_policies, rcps=files.rcps)
    trails = (read_trails(files.trails), files.trail_source)
    return files, GuardrailInputs(files.policies, open_catalog(inputs.catalog), guards, data, trails)


def scp_command(
    *,
    inputs: Annotated[InputOptions, Only("policies", "snapshot", "trails", "scps", "rcps", "catalog")],
    written: _OutputOptions,
    data: OptionalDataOption = None,
    units: Annotated[
        Path | None,
        typer.Option(
            "--units",
            metavar="FILE",
            help='The organization: `{"organization": ID, "management_account": ID, "units": [{"id": ID, "name": NAME, '
            '"accounts": [ID]}]}`. By default, the snapshot\'s.',
        ),
    ] = None,
    access_reports: Annotated[
        Path | None,
        typer.Option(
            "--access-reports",
            metavar="DIR",
            help="Outputs of `aws iam get-organizations-access-report`, named UNIT-ID.json. By default, the "
            "snapshot's.",
        ),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", metavar="ID", help="Only this unit.")] = "",
    inventory: Annotated[
        Path | None,
        typer.Option(
            "--inventory",
            metavar="FILE",
            help='Resources that exist: a JSON list of ARNs, or of `{"arn": ARN, "regions": [REGION]}` for those that '
            "reach other Regions, such as inference profiles and replicas.",
        ),
    ] = None,
    break_glass: Annotated[
        list[str] | None,
        typer.Option("--break-glass", metavar="GLOB", help="Principals that no SCP refuses. Repeatable."),
    ] = None,
    caller: Annotated[
        str,
        typer.Option("--caller", metavar="ARN", help="The principal that will attach the SCPs. No SCP refuses it."),
    ] = "",
    min_days: _DaysOption = ENOUGH_DAYS,
) -> None:
    """Propose service control policies for an organization.

    For each root, unit and account, proposes a Deny of services that no account used, of Regions that nothing uses,
    and of dangerous actions except for the few principals that used them. Replays every recorded use: a proposal is
    safe only if it would have refused none of them. Changes nothing.

    \b
    Example:
      lpgen guardrails scp --data lpgen-data
      lpgen guardrails scp --data lpgen-data --unit ou-1a2b-apps
    """
    from lpgen.app.guardrails import propose_scps
    from lpgen.core.guardrails.organization import Organized
    from lpgen.core.perimeter.world import PerimeterChoices
    from lpgen.edge.readers.organization_files import (
        read_access_reports,
        read_existing_resources,
        read_organization,
    )

    files, given = _inputs(inputs, data)
    organized = Organized(
        read_organization(units, files.organization),
        read_access_reports(access_reports or files.access_reports),
        read_existing_resources(inventory),
    )
    choices = PerimeterChoices(break_glass=tuple(break_glass or ()), caller=caller, min_days=min_days)
    written.write(propose_scps(given, organized, choices, unit=unit))


def boundary_command(
    *,
    inputs: Annotated[InputOptions, Only("policies", "snapshot", "trails", "scps", "rcps", "catalog")],
    written: _OutputOptions,
    creator: Annotated[
        str, typer.Option("--creator", metavar="GLOB", help="The principals that create roles, by ARN or name.")
    ],
    data: OptionalDataOption = None,
    created: Annotated[
        str,
        typer.Option(
            "--created", metavar="GLOB", help="The created roles. By default, those that the logs show as created."
        ),
    ] = "",
    path: Annotated[
        str,
        typer.Option(
            "--path", metavar="PATH", help="The path of the created roles. By default, what their paths have in common."
        ),
    ] = "",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The boundary's name.")] = "lpgen-boundary",
    compute: ComputeOption = None,
    min_days: _DaysOption = ENOUGH_DAYS,
) -> None:
    """Propose a permissions boundary for created roles.

    The boundary allows what the created roles used. The new policies of their creators let them create only roles with
    this boundary. Replays every recorded use, and searches the paths from the creators, the created roles and a new
    role to other principals. Changes nothing.

    \b
    Example:
      lpgen guardrails boundary --data lpgen-data --creator role/deployer
      lpgen guardrails boundary --creator role/deployer --path /app/
    """
    from lpgen.app.guardrails import propose_boundary_of
    from lpgen.core.guardrails.boundary import BoundaryChoices
    from lpgen.edge.readers.compute_files import read_inventory

    files, given = _inputs(inputs, data)
    listed = read_inventory(compute, files.compute, files.snapshot, given.catalog)
    choices = BoundaryChoices((), None, path, name, min_days)
    found = propose_boundary_of(given, choices, creator=creator, created=created, compute=listed)
    written.write(found)


app.command("scp", cls=PlainCommand)(as_command(scp_command))
app.command("boundary", cls=PlainCommand)(as_command(boundary_command))
