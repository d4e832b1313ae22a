"""`lpgen review`, `lpgen generate` and `lpgen verify`: what one analysis of the data folder and the policies gives."""

from __future__ import annotations

import gc
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli_catalog import CatalogOption
from lpgen.cli_engine import (
    EngineName,
    EngineOption,
    MasterOption,
    SchedulerOption,
    WorkersOption,
    engine_from_options,
)
from lpgen.cli_formats import FormatOption, ReportFormat, ReviewFormat, ReviewFormatOption, choose_format
from lpgen.cli_options import (
    EXIT_FOUND,
    EXIT_INPUTS_CHANGED,
    AsOfOption,
    AttachedQuotaOption,
    BoundaryOption,
    DataOption,
    DecisionsOption,
    KeepOption,
    LastAccessedOption,
    MaxExpectedDenialsOption,
    MinDaysOption,
    NoBacktestOption,
    OutputFileOption,
    PoliciesOption,
    PrincipalOption,
    ResourcePoliciesOption,
    SarifRootOption,
    ScopeOption,
    ScpsOption,
    SnapshotOption,
    TrailsOption,
    analysis_options,
    inputs_from_options,
    options_with_inputs,
    put_chunks,
    put_parts,
    put_text,
    say,
    terminal_width,
    wants_color,
)
from lpgen.core.choices import MAX_EXPECTED_DENIALS, ScopeChoice
from lpgen.core.policies.limits import ATTACHED_POLICIES_LIMIT
from lpgen.edge.output_file import refuse_replacing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from lpgen.core.findings import Report


def review_command(
    data: DataOption,
    policies: PoliciesOption = None,
    principal: PrincipalOption = "",
    format: ReviewFormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
    scope: ScopeOption = ScopeChoice.EVIDENCE,
    keep_unobservable: KeepOption = None,
    min_days: MinDaysOption = 90,
    max_expected_denials: MaxExpectedDenialsOption = MAX_EXPECTED_DENIALS,
    no_backtest: NoBacktestOption = False,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    write_decisions: Annotated[
        Path | None,
        typer.Option(
            "--write-decisions",
            metavar="FILE",
            help="Write an entry for each open reason to a new file, to fill in and give to --decisions.",
        ),
    ] = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    inline: Annotated[bool, typer.Option("--inline", help="Plan inline policies instead of managed ones.")] = False,
    attached_quota: AttachedQuotaOption = ATTACHED_POLICIES_LIMIT,
    sarif_root: SarifRootOption = "lpgen-out",
    catalog: CatalogOption = None,
    engine: EngineOption = EngineName.LOCAL,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    master: MasterOption = "",
) -> None:
    """Compare what was granted with what was used.

    Shows per principal the verdict on each action and what would replace its policies.

    Changes nothing. Every report says what the logs covered and why a replacement isn't called safe yet.

    \b
    Example:
      lpgen review --data lpgen-data
      lpgen review --data lpgen-data --format html -o review.html
    """
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.pipeline_analysis import open_review
    from lpgen.pipeline_output import review_parts
    from lpgen.report import render_review_parts, render_verdicts
    from lpgen.report.decisions_file import render_decisions

    chosen = choose_format(format, output, ReviewFormat)
    if write_decisions is not None:
        refuse_replacing(write_decisions)
    options = analysis_options(
        keep_unobservable,
        min_days,
        as_of=as_of,
        decisions=decisions,
        inline=inline,
        principal=principal,
        attached_quota=attached_quota,
        scope=scope,
        max_expected_denials=max_expected_denials,
        no_backtest=no_backtest,
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
    _stop_collecting()
    options, problems = options_with_inputs(options, inputs, boundary)
    opened = open_catalog(catalog)
    with engine_from_options(engine, scheduler=scheduler, master=master, workers=workers) as chosen_engine:
        review = open_review(data, inputs.policies, opened, options=options, problems=problems, engine=chosen_engine)
        report = None if write_decisions is None else review.whole_report()
        if report is not None:
            put_text(render_decisions(report), write_decisions)
        if chosen in (ReviewFormat.CSV, ReviewFormat.PARQUET):
            table = render_verdicts(report or review.whole_report(), chosen.value)
            put_chunks(table, output, binary=chosen is ReviewFormat.PARQUET)
        else:
            width, color = terminal_width(), wants_color(output)
            render = partial(review_parts, review) if report is None else partial(render_review_parts, report)
            put_parts(render(chosen.value, width=width, color=color, root=sarif_root), output)
    if review.report.problems:
        say(f"problems of the files given: {len(review.report.problems)}; the report names them")


class CodeFormat(StrEnum):
    """How replacements are written."""

    JSON = "json"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"


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
    attached_quota: AttachedQuotaOption = ATTACHED_POLICIES_LIMIT,
    scope: ScopeOption = ScopeChoice.EVIDENCE,
    keep_unobservable: KeepOption = None,
    min_days: MinDaysOption = 90,
    max_expected_denials: MaxExpectedDenialsOption = MAX_EXPECTED_DENIALS,
    no_backtest: NoBacktestOption = False,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
    engine: EngineOption = EngineName.LOCAL,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    master: MasterOption = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 unless every replacement is called safe.")
    ] = False,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign the folder with this Ed25519 private key (PEM)."),
    ] = None,
    replace_other: Annotated[
        bool, typer.Option("--replace", help="Replace a folder that holds other principals or accounts.")
    ] = False,
) -> None:
    """Write replacement policies, with evidence.

    Makes a folder per principal with its policy documents and the evidence for every line. With --as the same is
    written as Terraform or CloudFormation too, in a folder of that name.

    Each replacement is verified before it is called safe. Exit 1 where one fails its verification.
    summary.json holds digests of all files and inputs, which `lpgen verify` and `lpgen rollout` check.

    \b
    Example:
      lpgen generate --data lpgen-data --output lpgen-out
      lpgen generate --data lpgen-data --output lpgen-out --as terraform
    """
    from lpgen.core.replacements import CheckStatus
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.pipeline_analysis import open_review
    from lpgen.pipeline_output import generate, inputs_of_report

    key = None if sign is None else _private_key(sign)
    options = analysis_options(
        keep_unobservable,
        min_days,
        as_of=as_of,
        decisions=decisions,
        inline=inline,
        principal=principal,
        attached_quota=attached_quota,
        scope=scope,
        max_expected_denials=max_expected_denials,
        no_backtest=no_backtest,
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
    _stop_collecting()
    options, problems = options_with_inputs(options, inputs, boundary)
    opened, form = open_catalog(catalog), "" if code is CodeFormat.JSON else code.value
    with engine_from_options(engine, scheduler=scheduler, master=master, workers=workers) as chosen:
        review = open_review(data, inputs.policies, opened, options=options, problems=problems, engine=chosen)
        made_from = inputs_of_report(review.report, inputs.policies, opened, options=options, code=form)
        report = generate(review, output, made_from, data=data, code=form, key=key, replace_other=replace_other)
    _say_generated(report, output)
    proposals = [one for one in report.proposals if one.replacement is not None]
    failed = any(one.verification and one.verification.status is CheckStatus.FAILED for one in proposals)
    if failed or (strict and not all(one.safe or one.in_place for one in proposals)):
        raise typer.Exit(EXIT_FOUND)


def verify_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `lpgen generate` wrote.")],
    data: DataOption,
    policies: PoliciesOption = None,
    format: FormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
    as_of: AsOfOption = None,
    decisions: DecisionsOption = None,
    trails: TrailsOption = None,
    last_accessed: LastAccessedOption = None,
    boundary: BoundaryOption = None,
    scps: ScpsOption = None,
    resource_policies: ResourcePoliciesOption = None,
    snapshot: SnapshotOption = "",
    attached_quota: AttachedQuotaOption = ATTACHED_POLICIES_LIMIT,
    require_signature: Annotated[
        Path | None,
        typer.Option(
            "--require-signature",
            metavar="KEY",
            help="Fail unless the folder is signed with the private key of this Ed25519 public key (PEM).",
        ),
    ] = None,
    catalog: CatalogOption = None,
    engine: EngineOption = EngineName.LOCAL,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    master: MasterOption = "",
) -> None:
    """Verify written replacements.

    Compares the folder with its digests, proves from the files that each replacement keeps all allowed use and adds
    nothing, and generates the folder again. Give the same input options as to `lpgen generate`.

    Exit 1 if a file was changed, or if a check fails or can't be proven. Exit 4 if the inputs have changed since.

    \b
    Example:
      lpgen verify lpgen-out --data lpgen-data
    """
    from lpgen.core.replacements import CheckStatus
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.pipeline_output import verify
    from lpgen.report import render_verification

    chosen = choose_format(format, output, ReportFormat)
    key = None if require_signature is None else _public_key(require_signature)
    options = analysis_options(min_days=0, as_of=as_of, decisions=decisions, attached_quota=attached_quota)
    inputs = inputs_from_options(
        data,
        snapshot,
        policies=policies,
        trails=trails,
        last_accessed=last_accessed,
        scps=scps,
        resource_policies=resource_policies,
    )
    _stop_collecting()
    options, problems = options_with_inputs(options, inputs, boundary)
    opened = open_catalog(catalog)
    with engine_from_options(engine, scheduler=scheduler, master=master, workers=workers) as chosen_engine:
        result = verify(
            folder,
            data,
            inputs.policies,
            opened,
            options=options,
            problems=problems,
            key=key,
            engine=chosen_engine,
        )
    put_text(render_verification(result, chosen.value, width=terminal_width(), color=wants_color(output)), output)
    if result.status is not CheckStatus.PASSED:
        raise typer.Exit(EXIT_FOUND)
    if result.changed_inputs:
        raise typer.Exit(EXIT_INPUTS_CHANGED)


def _private_key(path: Path) -> Ed25519PrivateKey:
    from lpgen.edge.signatures import read_private_key

    return read_private_key(path)


def _public_key(path: Path) -> Ed25519PublicKey:
    from lpgen.edge.signatures import read_public_key

    return read_public_key(path)


def _stop_collecting() -> None:
    """Stops the search for cycles: all that is found of millions of actions lives until the end, and there are none."""
    gc.disable()


def _say_generated(report: Report, output: Path) -> None:
    from lpgen.report.talk.generate import render_generated

    say(render_generated(report, str(output)))
