"""The command line: parse, call, render, exit. No rule of meaning lives here, and only here errors are caught.

Imports of what a command needs stand inside it: `lpgen --help` must not wait for pyarrow.
"""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen import __version__
from lpgen.cli_aws import iam_policy_command, snapshot_command
from lpgen.cli_catalog import CatalogOption
from lpgen.cli_catalog import app as catalog_app
from lpgen.cli_demo import demo_command
from lpgen.cli_drift import app as baseline_app
from lpgen.cli_drift import drift_command, stars_command
from lpgen.cli_explain import explain_command
from lpgen.cli_ingest import ingest_command
from lpgen.cli_options import (
    EXIT_FOUND,
    EXIT_INVOCATION,
    EXIT_UNFINISHED,
    AsOfOption,
    BoundaryOption,
    DataOption,
    DecisionsOption,
    FormatOption,
    KeepOption,
    LastAccessedOption,
    MinDaysOption,
    OutputFileOption,
    PoliciesOption,
    PrincipalOption,
    ReportFormat,
    ResourcePoliciesOption,
    ReviewFormat,
    ReviewFormatOption,
    SarifRootOption,
    ScpsOption,
    SnapshotOption,
    StrictOption,
    TrailsOption,
    decisions_from_option,
    inputs_from_options,
    options_with_inputs,
    put_chunks,
    put_parts,
    put_text,
    say,
    terminal_width,
    wants_color,
)
from lpgen.cli_rollout import app as rollout_app
from lpgen.cli_schema import schema_command
from lpgen.cli_sections import WorkOrder
from lpgen.core.choices import KeepUnobservable
from lpgen.errors import InvocationError, LpgenError

if TYPE_CHECKING:
    from lpgen.core.findings import Report
    from lpgen.core.options import Options
    from lpgen.edge.analysis_inputs import Inputs

app = typer.Typer(
    name="lpgen",
    cls=WorkOrder,
    help="Make AWS roles least-privileged from what CloudTrail shows they really do.\n\n"
    "Start with `lpgen demo`. On your own account: `lpgen snapshot` the policies, `lpgen ingest` the logs, "
    "`lpgen review` the difference, `lpgen generate` the replacement policies. Then every week: `lpgen drift`.\n\n"
    "`lpgen COMMAND --help` says what a command does, with an example.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
)
app.add_typer(catalog_app)
app.add_typer(rollout_app)
app.add_typer(baseline_app)


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


app.command("ingest")(ingest_command)


class MapFormat(StrEnum):
    """How mapped records are printed."""

    JSONL = "jsonl"


@app.command("map")
def map_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log file of any shape; `-` is standard input.")],
    format: Annotated[MapFormat, typer.Option("--format", help="One JSON object a line.")] = MapFormat.JSONL,  # noqa: A002, ARG001
    catalog: CatalogOption = None,
    strict: StrictOption = False,
) -> None:
    """Show the IAM actions that each record needs.

    One JSON object a line, in input order, skipped records included.

    `actions` is what the call needs, whatever its outcome and caller; `skip` says why a record is no usage of a role or
    user.

    \b
    Example:
      lpgen map AWSLogs/one-file.json.gz
    """
    import msgspec

    from lpgen.edge.catalog_files import open_catalog
    from lpgen.pipeline_map import map_records

    unread = False
    for line in map_records(file, open_catalog(catalog)):
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        unread = unread or line["skip"] in ("unreadable_file", "bad_record")
    if strict and unread:
        raise typer.Exit(EXIT_UNFINISHED)


@app.command("review")
def review_command(
    data: DataOption,
    policies: PoliciesOption = None,
    principal: PrincipalOption = "",
    format: ReviewFormatOption = ReviewFormat.TEXT,  # noqa: A002
    output: OutputFileOption = None,
    keep_unobservable: KeepOption = KeepUnobservable.SIGNED,
    min_days: MinDaysOption = 90,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    inline: Annotated[bool, typer.Option("--inline", help="Plan inline policies instead of managed ones.")] = False,
    sarif_root: SarifRootOption = "lpgen-out",
    catalog: CatalogOption = None,
) -> None:
    """Compare what was granted with what was used.

    Shows per principal the verdict on each action and what would replace its policies.

    Changes nothing. Every report says what the logs covered and why a replacement isn't called safe yet.

    \b
    Example:
      lpgen review --data lpgen-data
      lpgen review --data lpgen-data --format html -o review.html
    """
    from lpgen.report import render_review_parts, render_verdicts

    options = _options(
        keep_unobservable, min_days, as_of=as_of, decisions=decisions, inline=inline, principal=principal
    )
    inputs = inputs_from_options(
        data,
        snapshot,
        policies=policies,
        trails=trails,
        last_accessed=last_accessed,
        scps=scps,
        resource_policies=resource_policies,
    )
    report = _analyse(data, inputs, catalog, boundary=boundary, options=options)
    if format in (ReviewFormat.CSV, ReviewFormat.PARQUET):
        put_chunks(render_verdicts(report, format.value), output, binary=format is ReviewFormat.PARQUET)
    else:
        width, color = terminal_width(), wants_color(output)
        put_parts(render_review_parts(report, format.value, width=width, color=color, root=sarif_root), output)
    if report.problems:
        say(f"problems of the files given: {len(report.problems)}; the report names them")


class CodeFormat(StrEnum):
    """How replacements are written."""

    JSON = "json"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"


@app.command("generate")
def generate_command(
    data: DataOption,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write.", show_default=False)
    ],
    policies: PoliciesOption = None,
    principal: PrincipalOption = "",
    code: Annotated[
        CodeFormat,
        typer.Option(
            "--as", help="What to write: JSON documents and their evidence, and beside them the same as code."
        ),
    ] = CodeFormat.JSON,
    inline: Annotated[bool, typer.Option("--inline", help="Write inline policies instead of managed ones.")] = False,
    keep_unobservable: KeepOption = KeepUnobservable.SIGNED,
    min_days: MinDaysOption = 90,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 unless every replacement is called safe.")
    ] = False,
) -> None:
    """Write replacement policies, with evidence.

    Makes a folder per principal with its policy documents and the evidence for every line. With --as the same is
    written as Terraform or CloudFormation too, in a folder of that name.

    Each replacement is verified before it is called safe. Exit 1 where one fails its verification.

    \b
    Example:
      lpgen generate --data lpgen-data --output lpgen-out
      lpgen generate --data lpgen-data --output lpgen-out --as terraform
    """
    from lpgen.core.replacements import CheckStatus
    from lpgen.pipeline_analysis import generate

    options = _options(
        keep_unobservable, min_days, as_of=as_of, decisions=decisions, inline=inline, principal=principal
    )
    inputs = inputs_from_options(
        data,
        snapshot,
        policies=policies,
        trails=trails,
        last_accessed=last_accessed,
        scps=scps,
        resource_policies=resource_policies,
    )
    report = _analyse(data, inputs, catalog, boundary=boundary, options=options)
    generate(report, output, code="" if code is CodeFormat.JSON else code.value)
    _say_generated(report, output)
    proposals = [one for one in report.proposals if one.replacement is not None]
    failed = any(one.verification and one.verification.status is CheckStatus.FAILED for one in proposals)
    if failed or (strict and not all(one.safe for one in proposals)):
        raise typer.Exit(EXIT_FOUND)


@app.command("verify")
def verify_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `lpgen generate` wrote.")],
    data: DataOption,
    policies: PoliciesOption = None,
    format: FormatOption = ReportFormat.TEXT,  # noqa: A002
    output: OutputFileOption = None,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
) -> None:
    """Prove written replacements anew.

    Shows from the files alone that a replacement keeps all allowed use and adds nothing.

    Exit 1 with the failing line when any check fails or can't be proven.

    \b
    Example:
      lpgen verify lpgen-out --data lpgen-data
    """
    from lpgen.core.replacements import CheckStatus
    from lpgen.edge.catalog_files import open_catalog
    from lpgen.edge.guard_files import read_guards
    from lpgen.pipeline_analysis import verify
    from lpgen.report import render_verification

    options = _options(KeepUnobservable.SIGNED, 0, as_of=as_of, decisions=decisions, inline=False, principal="")
    inputs = inputs_from_options(data, snapshot, policies=policies, scps=scps, resource_policies=resource_policies)
    options = replace(options, guards=read_guards(boundary, inputs.scps, inputs.resource_policies))
    _stop_collecting()
    results = verify(folder, data, inputs.policies, open_catalog(catalog), options=options)
    put_text(render_verification(results, format.value, width=terminal_width(), color=wants_color(output)), output)
    if not results or any(one.status is not CheckStatus.PASSED for one in results):
        raise typer.Exit(EXIT_FOUND)


@app.command("authorize")
def authorize_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Requests, one JSON object a line; `-` is stdin.")],
    catalog: CatalogOption = None,
    strict: StrictOption = False,
) -> None:
    """Decide requests as AWS would.

    A line holds the request (principal, action, resource, resourceAccount, context) and the policies that it meets:
    identityPolicies, permissionBoundaryPolicies, scps and rcps (lists of levels), resourcePolicy (of a role its trust
    policy, of a key its key policy), sessionPolicy, vpcEndpointPolicies. What is left out is none, and the context is
    complete. Of the resource `*` means any; wildcardOnlyAction overrides the catalog on whether the action takes one.

    Prints a JSON object a line, in order: the id, Allowed, ImplicitlyDenied or ExplicitlyDenied, and the reasons; or
    the error where a line or a policy can't be read.

    \b
    Example:
      lpgen authorize requests.jsonl
    """
    import msgspec

    from lpgen.edge.catalog_files import open_catalog
    from lpgen.pipeline_authorize import authorize

    unread = False
    for answer in authorize(file, open_catalog(catalog)):
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        unread = unread or "error" in answer
    if strict and unread:
        raise typer.Exit(EXIT_UNFINISHED)


app.command("explain")(explain_command)
app.command("stars")(stars_command)
app.command("drift")(drift_command)
app.command("snapshot")(snapshot_command)
app.command("iam-policy")(iam_policy_command)
app.command("schema")(schema_command)
app.command("demo")(demo_command)


def main() -> None:
    """The console script: runs a command, and turns lpgen's own errors into a sentence and an exit code."""
    # On import numpy starts threads for linear algebra, one a core (0.04 s with two). lpgen does none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        _run()
    except InvocationError as error:
        _complain(error)
        sys.exit(EXIT_INVOCATION)
    except LpgenError as error:
        _complain(error)
        sys.exit(EXIT_UNFINISHED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`lpgen review | head`); that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _run() -> None:
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # typer makes an exit 1 of it
            raise leaving.__context__ from None
        sys.stdout.flush()  # what is still buffered may meet a closed pipe too, and is too late to catch at exit
        raise


# ---------------------------------------------------------------- shared by the commands


def _options(
    keep: KeepUnobservable,
    min_days: int,
    *,
    as_of: datetime | None,
    decisions: Path | None,
    inline: bool,
    principal: str,
) -> Options:
    from lpgen.core.options import Options

    decided = decisions_from_option(decisions)
    return Options(keep, min_days, as_of.date() if as_of else None, inline, decided, principal)


def _analyse(data: Path, inputs: Inputs, catalog: Path | None, *, boundary: Path | None, options: Options) -> Report:
    from lpgen.edge.catalog_files import open_catalog
    from lpgen.pipeline_analysis import analyse

    _stop_collecting()
    options, problems = options_with_inputs(options, inputs, boundary)
    return analyse(data, inputs.policies, open_catalog(catalog), options=options, problems=problems)


def _stop_collecting() -> None:
    """Stops the search for cycles: all that is found of millions of actions lives until the end, and there are none."""
    gc.disable()


def _say_generated(report: Report, output: Path) -> None:
    from lpgen.report.generate_text import render_generated

    say(render_generated(report, str(output)))


def _complain(error: LpgenError) -> None:
    from lpgen.report.inert import terminal_text

    say(f"lpgen: {terminal_text(error.message)}")
    if error.hint:
        say(f"  {terminal_text(error.hint)}")
