"""`lpgen verify`: check a folder of replacements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.engine import EngineOptions
from lpgen.cli.formats import FormatOption, ReportFormat, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import (
    AnalysisInputOptions,
    ChoiceOptions,
    DataOption,
    GithubIdsOption,
    OutputFileOption,
)
from lpgen.cli.output import layout_for, write_output
from lpgen.errors import ExitCode


def verify_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `lpgen generate` wrote.")],
    data: DataOption,
    inputs: AnalysisInputOptions,
    choices: Annotated[ChoiceOptions, Only("as_of", "decisions", "attached_quota")],
    engine: EngineOptions,
    github_ids: GithubIdsOption = None,
    format: FormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
    require_signature: Annotated[
        Path | None,
        typer.Option(
            "--require-signature",
            metavar="KEY",
            help="Fail unless the folder has a signature that this Ed25519 public key (PEM) verifies.",
        ),
    ] = None,
) -> None:
    """Verify generated replacements.

    Compares the folder with its digests, proves from the files that each replacement keeps all allowed use and adds
    nothing, and generates the folder again. Give the same input options as to `lpgen generate`.

    Exit 1 if a file was changed, or if a check fails or can't be proven. Exit 4 if the inputs have changed since.

    \b
    Example:
      lpgen verify lpgen-out --data lpgen-data
    """
    from lpgen.app.verify import verify
    from lpgen.core.replacements import CheckStatus
    from lpgen.edge.readers.github_ids import read_github_ids
    from lpgen.edge.signatures import read_public_key
    from lpgen.report.render import VERIFICATION

    chosen = choose_format(format, output, ReportFormat)
    key = None if require_signature is None else read_public_key(require_signature)
    read = inputs.read(data, replace(choices, min_days=0))
    read = replace(read, options=replace(read.options, github_ids=read_github_ids(github_ids)))
    with engine.open() as at:
        result = verify(folder, replace(read, engine=at), key=key)
    write_output(VERIFICATION.text(result, chosen.value, layout_for(output)), output)
    if result.status is not CheckStatus.PASSED:
        raise typer.Exit(ExitCode.FOUND)
    if result.changed_inputs:
        raise typer.Exit(ExitCode.INPUTS_CHANGED)
