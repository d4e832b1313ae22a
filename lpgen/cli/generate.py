"""`lpgen generate`: replacement policies, with evidence for every line."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.options import AnalysisInputOptions, ChoiceOptions, DataOption, GithubIdsOption, ValidateOptions
from lpgen.cli.output import print_status
from lpgen.errors import ExitCode


class _CodeFormat(StrEnum):
    """How replacements are written."""

    JSON = "json"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"


def generate_command(
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: ChoiceOptions,
    engine: EngineOptions,
    analyzer: ValidateOptions,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write.", show_default=False)
    ],
    code: Annotated[
        _CodeFormat,
        typer.Option("--as", help="Also write the policies as Terraform or CloudFormation."),
    ] = _CodeFormat.JSON,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 unless every replacement is called safe.")
    ] = False,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign the folder with this Ed25519 private key (PEM)."),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Also write the narrowed trust policies that `lpgen trust` shows.")
    ] = False,
    github_ids: GithubIdsOption = None,
    replace_other: Annotated[
        bool, typer.Option("--replace", help="Replace a folder that holds other principals or accounts.")
    ] = False,
) -> None:
    """Write replacement policies, with evidence.

    Writes a folder per principal with its policy documents and the evidence for every line. --as also writes them as
    Terraform or CloudFormation, in a folder of that name. --github-ids and --min-days count for --trust too.

    Each replacement is verified before it is called safe. Exit 1 if a replacement fails its verification. With
    --validate, an error of Access Analyzer in a new policy also gives exit 1, and nothing is written. summary.json
    holds digests of all files and inputs, which `lpgen verify` and `lpgen rollout` check.

    \b
    Example:
      lpgen generate --data lpgen-data --output lpgen-out
      lpgen generate --data lpgen-data --output lpgen-out --as terraform
    """
    from lpgen.app.output import generate, inputs_of_output
    from lpgen.app.review import open_review
    from lpgen.edge.readers.github_ids import read_github_ids
    from lpgen.edge.signatures import read_private_key
    from lpgen.report.messages.generate import render_generated

    key = None if sign is None else read_private_key(sign)
    form = "" if code is _CodeFormat.JSON else code.value
    read = inputs.read(data, choices)
    read = replace(read, options=replace(read.options, trust=trust, github_ids=read_github_ids(github_ids)))
    with engine.open() as at:
        review = open_review(replace(read, engine=at))
        made_from = inputs_of_output(review.report.generation, read, form)
        session = analyzer.open()
        written = generate(
            review, output, made_from, data=data, code=form, key=key, replace_other=replace_other, session=session
        )
    print_status(render_generated(written, str(output)))
    failed = any(summary.failed for summary in written.replaced)
    if failed or (strict and not all(summary.safe for summary in written.open)):
        raise typer.Exit(ExitCode.FOUND)
