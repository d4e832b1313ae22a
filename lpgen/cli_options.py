"""What the commands share: options that mean the same everywhere, exit codes, and where output goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from lpgen.core.choices import MAX_EXPECTED_DENIALS, KeepByKind, ScopeChoice, keep_from_words
from lpgen.core.policies.limits import ATTACHED_POLICIES_LIMIT
from lpgen.edge.standard_streams import is_stdout_dropped, note_failure
from lpgen.errors import ExitCode, InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.core.options import Options
    from lpgen.core.replacements import Decision
    from lpgen.edge.inputs.analysis_inputs import Inputs

EXIT_FOUND: Final = ExitCode.FOUND
EXIT_UNFINISHED: Final = ExitCode.UNFINISHED
EXIT_INPUTS_CHANGED: Final = ExitCode.INPUTS_CHANGED


def _day_from_text(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise typer.BadParameter(f"{text!a} is no day such as 2026-09-30") from None


DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="The data folder that `lpgen ingest` writes.", show_default=False)
]
PoliciesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--policies",
        metavar="PATH",
        help="Output of `aws iam get-account-authorization-details`: a file or a folder of files. Repeats. By default "
        "those of the snapshot.",
    ),
]
SnapshotOption = Annotated[
    str,
    typer.Option(
        "--snapshot",
        metavar="NAME",
        help="The snapshot that stands in for what no other option gives: its name or day; `none` for no snapshot. By "
        "default the newest of the data folder.",
    ),
]
PrincipalOption = Annotated[
    str, typer.Option("--principal", metavar="GLOB", help="Only principals whose ARN or name matches.")
]
SarifRootOption = Annotated[
    str,
    typer.Option(
        "--sarif-root",
        metavar="DIR",
        help="Where in the repository the output of `lpgen generate` lies; SARIF points to the files in it.",
    ),
]
OutputFileOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; `-` or nothing is stdout.")
]
MinDaysOption = Annotated[
    int,
    typer.Option(
        "--min-days", metavar="DAYS", min=0, help="How many covered days make a removal sure enough to call safe."
    ),
]
MaxExpectedDenialsOption = Annotated[
    float,
    typer.Option(
        "--max-expected-denials",
        metavar="NUMBER",
        min=0,
        help="How many denied needs a safe replacement may be expected to have in the next 30 days, by a backtest.",
    ),
]
NoBacktestOption = Annotated[
    bool,
    typer.Option(
        "--no-backtest", help="Skip the backtest, which takes more than half of the time. Nothing is called safe."
    ),
]
AttachedQuotaOption = Annotated[
    int,
    typer.Option(
        "--attached-quota", metavar="N", min=1, help="How many managed policies may be attached to one role or user."
    ),
]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        parser=_day_from_text,
        metavar="DATE",
        help="The day that ages count to; by default the last record's.",
    ),
]
KeepOption = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-unobservable",
        metavar="[KIND=]all|signed|none",
        help="Which actions to keep whose use the logs can't show: all, those with a sign of use (the default), or "
        "none; of one KIND: data-events, other-protocol, inside-call, internal or unclassified; or of every kind. "
        "Repeats; the last on a kind counts.",
    ),
]
ScopeOption = Annotated[
    ScopeChoice,
    typer.Option(
        "--scope",
        help="How far a line reaches: only the recorded resources, as far as the evidence supports, or all resources "
        "that the old statements grant.",
    ),
]
DecisionsOption = Annotated[
    Path | None,
    typer.Option("--decisions", metavar="FILE", help="What people decided: keep, drop or accept (TOML or JSON)."),
]
TrailsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--trails",
        metavar="FILE",
        help="Settings of the trails that wrote the logs: output of `aws cloudtrail get-trail` (or `describe-trails`) "
        "and `get-event-selectors`, one below the other. Repeats.",
    ),
]
LastAccessedOption = Annotated[
    Path | None,
    typer.Option(
        "--last-accessed",
        metavar="DIR",
        help="Output of `aws iam get-service-last-accessed-details`: a file per principal, called "
        "ACCOUNT-KIND-NAME.json or NAME.json, or listed in index.json.",
    ),
]
BoundaryOption = Annotated[
    Path | None,
    typer.Option(
        "--boundary",
        metavar="FILE",
        help="A permissions boundary document that counts for every principal, in place of the one they have.",
    ),
]
ScpsOption = Annotated[
    Path | None,
    typer.Option(
        "--scps",
        metavar="FILE",
        help="The SCPs: a JSON list of levels from the organization's root to the account, each a list of policy "
        "documents; or an object of such lists by account id.",
    ),
]
RcpsOption = Annotated[
    Path | None,
    typer.Option("--rcps", metavar="FILE", help="The RCPs of the accounts that own resources, in the form of --scps."),
]
ResourcePoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--resource-policies",
        metavar="DIR",
        help='Policies of buckets, keys, queues and the like: a file per resource, `{"resource": ARN, "policy": '
        "DOCUMENT}`, or listed in index.json.",
    ),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with 3 where anything could not be read.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]


def analysis_options(
    keep_unobservable: Iterable[str] | None = None,
    min_days: int = 90,
    *,
    as_of: datetime | None,
    decisions: Path | None,
    inline: bool = False,
    principal: str = "",
    attached_quota: int = ATTACHED_POLICIES_LIMIT,
    scope: ScopeChoice = ScopeChoice.EVIDENCE,
    max_expected_denials: float = MAX_EXPECTED_DENIALS,
    no_backtest: bool = False,
) -> Options:
    """The choices of an analysis, from what the command line says; inputs beside them are added later.

    Raises:
        LpgenError: the decisions can't be read, or what to keep is no choice.
    """
    from lpgen.core.options import Options

    decided = _decisions_from_option(decisions)
    return Options(
        _keep_from_option(keep_unobservable or ()),
        min_days,
        as_of.date() if as_of else None,
        inline,
        decided,
        principal,
        attached_quota=attached_quota,
        scope=scope,
        max_expected_denials=None if no_backtest else max_expected_denials,
    )


def _keep_from_option(words: Iterable[str]) -> KeepByKind:
    try:
        return keep_from_words(words)
    except ValueError as error:
        raise InvocationError(f"--keep-unobservable: {error}") from error


def inputs_from_options(
    data: Path | None,
    snapshot: str,
    *,
    policies: list[Path] | None,
    trails: list[Path] | None = None,
    last_accessed: Path | None = None,
    scps: Path | None,
    resource_policies: Path | None,
    rcps: Path | None = None,
) -> Inputs:
    """The files to read, of the options or of a snapshot; stderr hears of the snapshot and its gaps."""
    from lpgen.edge.inputs.analysis_inputs import Inputs, choose_inputs
    from lpgen.report.snapshot_note import render_used_snapshot

    named = Inputs(tuple(policies or ()), tuple(trails or ()), last_accessed, scps, resource_policies, rcps)
    inputs = choose_inputs(named, data, snapshot)
    if inputs.snapshot is not None:
        say(render_used_snapshot(inputs.snapshot))
    return inputs


def _decisions_from_option(path: Path | None) -> tuple[Decision, ...]:
    """What people decided; nothing without a file."""
    from lpgen.edge.inputs.decisions_file import read_decisions

    return read_decisions(path) if path else ()


def options_with_inputs(options: Options, inputs: Inputs, boundary: Path | None) -> tuple[Options, tuple[str, ...]]:
    """The options with what the files say, and the problems of reading them."""
    from lpgen.edge.inputs.guard_files import read_guards
    from lpgen.edge.inputs.last_accessed import read_last_accessed
    from lpgen.edge.inputs.schedules import read_schedules
    from lpgen.edge.inputs.trail_settings import read_trails

    reports, problems = read_last_accessed(inputs.last_accessed) if inputs.last_accessed else ((), ())
    return (
        replace(
            options,
            trails=read_trails(inputs.trails),
            last_accessed=reports,
            guards=read_guards(boundary, inputs.scps, inputs.resource_policies),
            schedules=read_schedules(inputs.schedules),
            snapshot=inputs.snapshot,
            trail_source=inputs.trail_source,
        ),
        tuple(problems),
    )


def put_text(text: str, output: Path | None) -> None:
    """Writes a text to a file, or to stdout where there is none or it is `-`."""
    put_parts([text if text.endswith("\n") else text + "\n"], output)


def put_parts(parts: Iterable[str], output: Path | None) -> None:
    """Writes the parts of a text that ends with a line break, each as it comes, as `put_text` does the whole."""
    if output is None or str(output) == "-":
        _print_parts(parts)
    else:
        _write_file(output, map(str.encode, parts))


def _print_parts(parts: Iterable[str]) -> None:
    """Writes to stdout, each part as it comes; stops where nobody reads any more. JSON and HTML are always UTF-8."""
    for number, part in enumerate(parts):
        if is_stdout_dropped():
            return
        if number == 0 and part.lstrip().startswith(("{", "[", "<")) and isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors=sys.stdout.errors)
        sys.stdout.write(part)


def put_chunks(chunks: Iterable[bytes], output: Path | None, *, binary: bool) -> None:
    """Writes bytes to a file or to stdout, as `put_text` does; what is binary doesn't go to a terminal.

    Raises:
        InvocationError: it would.
    """
    if output is None or str(output) == "-":
        if binary and sys.stdout.isatty():
            raise InvocationError("this format is binary and not for a terminal", hint="name a file with --output")
        sys.stdout.flush()
        sys.stdout.buffer.writelines(chunks)
    else:
        _write_file(output, chunks)


def _write_file(path: Path, chunks: Iterable[bytes]) -> None:
    from lpgen.edge.output_file import write_output

    try:
        if write_output(path, chunks):
            say(f"replaced {quote_input(str(path))}")
    except BrokenPipeError as error:  # a pipe such as `/dev/stdout`, which its reader has left
        note_failure(str(path), error)


def say(text: str, *, nl: bool = True) -> None:
    """Writes to stderr; on a terminal in lines that fit it, elsewhere as they are, for whoever searches in them."""
    typer.echo(_fitted(text, sys.stderr), err=True, nl=nl)


def for_terminal(text: str) -> str:
    """A text for stdout in lines that fit the terminal, if it is one."""
    return _fitted(text, sys.stdout)


def _fitted(text: str, stream: TextIO) -> str:
    if not stream.isatty():
        return text
    from lpgen.report.layout.fit import fit_lines

    return fit_lines(text, os.get_terminal_size(stream.fileno()).columns or 80)


def terminal_width() -> int:
    """The columns of the terminal, or 80 where stdout is none, so that a pager on any terminal shows whole lines."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


def wants_color(output: Path | None) -> bool:
    """Whether to use colour: on a terminal that hasn't said no. https://no-color.org/"""
    to_terminal = output is None and sys.stdout.isatty()
    return to_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
