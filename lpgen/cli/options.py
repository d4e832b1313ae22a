"""The options that mean the same in every command."""

from __future__ import annotations

import gc
import json
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lpgen.cli.option_groups import Only
from lpgen.cli.output import print_status
from lpgen.core.choices import ENOUGH_DAYS, MAX_RISK, ScopeChoice
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT

if TYPE_CHECKING:
    from lpgen.app.inputs import AnalysisFiles, AnalysisInputs
    from lpgen.core.options import Options
    from lpgen.edge.aws_session import AwsSession
    from lpgen.report.blocks import Given


def _day_from_text(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise typer.BadParameter(f"{text!a} is not a valid date, such as 2026-09-30") from None


def days_option(name: str, text: str, *, least: int = 1) -> Any:
    """An option for a number of days: `90`, `90d`, or `3m` for three months of 30 days."""

    def days_from_text(given: str | int) -> int:
        found = re.fullmatch(r"([0-9]{1,5})([dm]?)", str(given), re.ASCII)
        days = int(found[1]) * (30 if found[2] == "m" else 1) if found else -1
        if days < least:
            raise typer.BadParameter(f"{str(given)!a} is not a number of days such as 90, 90d or 3m")
        return days

    return typer.Option(name, metavar="DAYS", parser=days_from_text, help=text)


ComputeOption = Annotated[
    Path | None,
    typer.Option(
        "--compute",
        metavar="FILE",
        help='All functions, instances and other resources that run with a role: a JSON list of `{"arn": ARN, '
        '"role": ARN}`. By default, the snapshot\'s. Without it, any may exist.',
    ),
]
DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="The data folder that `lpgen ingest` writes.", show_default=False)
]
OptionalDataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The data folder that `lpgen ingest` writes. Without it, use is unknown.",
    ),
]
SnapshotOption = Annotated[
    str,
    typer.Option(
        "--snapshot",
        metavar="NAME",
        help="The snapshot to use for inputs that no other option gives: its name or date, or `none` for no snapshot. "
        "By default, the newest in the data folder.",
    ),
]
PrincipalOption = Annotated[
    str,
    typer.Option(
        "--principal",
        metavar="GLOB",
        help="Only principals that match by ARN, by name, or as lpgen prints them, such as role/app/storefront-api.",
    ),
]
SarifRootOption = Annotated[
    str,
    typer.Option(
        "--sarif-root",
        metavar="DIR",
        help="The folder in the repository with the output of `lpgen generate`. SARIF points to its files.",
    ),
]
OutputFileOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to write the output. By default, or with `-`, stdout."),
]
CatalogOption = Annotated[
    Path | None,
    typer.Option("--catalog", metavar="PATH", help="A catalog folder. By default, your newest, or the bundled one."),
]
DecisionsOption = Annotated[
    Path | None,
    typer.Option("--decisions", metavar="FILE", help="A file of decisions: keep, drop or accept (TOML or JSON)."),
]
GithubIdsOption = Annotated[
    Path | None,
    typer.Option(
        "--github-ids",
        metavar="FILE",
        help="GitHub's ids of repositories and owners: output of `gh api repos/OWNER/REPO`, one after the other.",
    ),
]
ProfileOption = Annotated[str, typer.Option("--profile", metavar="NAME", help="The AWS profile to use.")]
EndpointOption = Annotated[
    str, typer.Option("--endpoint-url", metavar="URL", help="An endpoint to use instead of AWS's own.")
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidateOptions:
    """Whether Access Analyzer checks the policies that a command writes, and how to reach it."""

    validate: Annotated[
        bool, typer.Option("--validate", help="Let Access Analyzer check each policy. Calls AWS, and changes nothing.")
    ] = False
    profile: ProfileOption = ""
    aws_region: Annotated[
        str, typer.Option("--aws-region", metavar="REGION", help="The Region of Access Analyzer.")
    ] = ""
    endpoint_url: EndpointOption = ""

    def open(self) -> AwsSession | None:
        """The session to check policies with, or None without `--validate`.

        Raises:
            LpgenError: there is no such profile, or the configuration can't be read.
        """
        from lpgen.edge.aws_session import Connection, open_session

        return open_session(Connection(self.profile, self.aws_region, self.endpoint_url)) if self.validate else None


StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with 3 if anything can't be read.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceOptions:
    """The choices for an analysis."""

    principal: PrincipalOption = ""
    scope: Annotated[
        ScopeChoice,
        typer.Option(
            "--scope",
            help="Which resources a line covers: only the recorded ones, those that the evidence supports, or all "
            "that the old statements grant. By default, those that the evidence supports; in the first month of logs, "
            "all, and only actions are removed that IAM reports as never tried.",
        ),
    ] = ScopeChoice.AUTO
    keep_unobservable: Annotated[
        list[str] | None,
        typer.Option(
            "--keep-unobservable",
            metavar="[KIND=]all|signed|none",
            help="Which actions to keep if the logs can't show their use: all, those with a sign of use (the "
            "default), or none. For one KIND (data-events, other-protocol, inside-call, internal or unclassified), or "
            "for every kind. Repeatable; the last value for a kind counts.",
        ),
    ] = None
    min_days: Annotated[
        int,
        days_option("--min-days", "How many covered days a replacement needs before it can be called safe.", least=0),
    ] = ENOUGH_DAYS
    max_risk: Annotated[
        float,
        typer.Option(
            "--max-risk",
            metavar="SHARE",
            min=0,
            max=1,
            help="The highest risk of a safe replacement: the share of such replacements that deny something within "
            "30 days, such as 0.03 for 3 of 100.",
        ),
    ] = MAX_RISK
    no_backtest: Annotated[
        bool,
        typer.Option(
            "--no-backtest",
            help="Skip the backtest, which takes over half of the time. No replacement is called safe.",
        ),
    ] = False
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            parser=_day_from_text,
            metavar="DATE",
            help="The reference date for ages. By default, the day of the last record.",
        ),
    ] = None
    decisions: DecisionsOption = None
    inline: Annotated[bool, typer.Option("--inline", help="Write inline policies instead of managed ones.")] = False
    attached_quota: Annotated[
        int,
        typer.Option(
            "--attached-quota",
            metavar="N",
            min=1,
            help="How many managed policies may be attached to one role or user.",
        ),
    ] = ATTACHED_POLICIES_LIMIT

    def read(self) -> Options:
        """The options of an analysis with these choices, without inputs."""
        from lpgen.app.inputs import read_choices

        return read_choices(**{field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True)
class InputOptions:
    """The inputs of an analysis besides the data folder."""

    policies: Annotated[
        list[Path] | None,
        typer.Option(
            "--policies",
            metavar="PATH",
            help="Output of `aws iam get-account-authorization-details`: a file or a folder of files. By default, the "
            "snapshot's policies. Repeatable.",
        ),
    ] = None
    snapshot: SnapshotOption = ""
    trails: Annotated[
        list[Path] | None,
        typer.Option(
            "--trails",
            metavar="FILE",
            help="Settings of the trails that wrote the logs: output of `aws cloudtrail get-trail` (or "
            "`describe-trails`) and `get-event-selectors`, one after the other. Repeatable.",
        ),
    ] = None
    last_accessed: Annotated[
        Path | None,
        typer.Option(
            "--last-accessed",
            metavar="DIR",
            help="Output of `aws iam get-service-last-accessed-details`: a file per principal, named "
            "ACCOUNT-KIND-NAME.json or NAME.json, or listed in index.json.",
        ),
    ] = None
    boundary: Annotated[
        Path | None,
        typer.Option(
            "--boundary",
            metavar="FILE",
            help="A permissions boundary document for every principal, instead of its own boundary.",
        ),
    ] = None
    scps: Annotated[
        Path | None,
        typer.Option(
            "--scps",
            metavar="FILE",
            help="The SCPs: a JSON list of levels from the organization's root to the account, each a list of policy "
            "documents; or an object with such a list for each account ID.",
        ),
    ] = None
    rcps: Annotated[
        Path | None,
        typer.Option(
            "--rcps", metavar="FILE", help="The RCPs of the accounts that own resources, in the format of --scps."
        ),
    ] = None
    resource_policies: Annotated[
        Path | None,
        typer.Option(
            "--resource-policies",
            metavar="DIR",
            help='Policies of buckets, keys, queues and other resources: a file per resource, `{"resource": ARN, '
            '"policy": DOCUMENT}`, or listed in index.json.',
        ),
    ] = None
    catalog: CatalogOption = None

    def choose(self, data: Path | None, *, needs_policies: bool = True) -> AnalysisFiles:
        """The files to read, from the options or a snapshot. Prints the snapshot and its gaps on stderr."""
        from lpgen.app.inputs import AnalysisFiles, choose_inputs
        from lpgen.report.pages.inputs import render_used_snapshot

        given = (tuple(self.policies or ()), tuple(self.trails or ()), self.last_accessed)
        named = AnalysisFiles(*given, self.scps, self.resource_policies, self.rcps)
        inputs = choose_inputs(named, data, self.snapshot, needs_policies=needs_policies)
        if inputs.snapshot is not None:
            print_status(render_used_snapshot(inputs.snapshot))
        return inputs

    def read(self, data: Path | None, choices: ChoiceOptions, *, needs_policies: bool = True) -> AnalysisInputs:
        """The inputs, read from the files. Stops the search for cycles: all that an analysis makes lives until the end.

        Raises:
            LpgenError: a file can't be read, or an option is wrong.
        """
        from lpgen.app.inputs import read_inputs

        options, files = choices.read(), self.choose(data, needs_policies=needs_policies)
        gc.disable()
        return read_inputs(data or Path(), files, options, boundary=self.boundary, catalog=self.catalog)


AnalysisInputOptions = Annotated[
    InputOptions, Only(*(field.name for field in fields(InputOptions) if field.name != "rcps"))
]
"""The inputs of every command that runs an analysis. Only `lpgen explain` takes RCPs."""


def given_of(context: typer.Context, own: Collection[str]) -> Given:
    """The options that a command was given, except for `own` parameters, and the options that each command takes."""
    from lpgen.report.blocks import Given

    names = {parameter.name for parameter in context.command.params if parameter.name}.difference(own)
    drafts = (f"decisions{number}.toml" for number in ("", *(f"-{at}" for at in range(2, 1000))))
    written = context.params.get("write_decisions")
    draft = next(name for name in drafts if not Path(name).exists() and Path(name) != written)
    return Given(_given_options(context, names), dict(_taken(context.find_root().command)), program_words(), draft)


def _given_options(context: typer.Context, names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The options of these parameters that the command was given, each with its value."""
    found: list[tuple[str, ...]] = []
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name != "DEFAULT":
            value = context.params[parameter.name]
            for item in value if isinstance(value, list | tuple) else (value,):
                text = f"{item:%Y-%m-%d}" if isinstance(item, datetime) else str(item)
                found.append((parameter.opts[0],) if item is True else (parameter.opts[0], text))
    return tuple(found)


def _taken(group: Any, prefix: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """The names of the options of each command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _taken(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", frozenset(option for parameter in command.params for option in parameter.opts)


def program_words() -> tuple[str, ...]:
    """What to type to run this program. It may not be on the path, as in a checkout."""
    if any(part.startswith("archive-v") for part in Path(sys.prefix).parts):  # uvx keeps environments in its cache
        source = _checkout()
        return ("uvx", "--from", source, "lpgen") if source else ("uvx", "lpgen")
    started, found = Path(sys.argv[0]), shutil.which("lpgen")
    if started.parts[-2:] == ("lpgen", "__main__.py"):
        return sys.executable, "-P", "-m", "lpgen"
    if started.name != "lpgen" or not started.is_file() or (found and started.samefile(found)):
        return ("lpgen",)
    return (sys.argv[0],)


def _checkout() -> str | None:
    """The folder that this lpgen was installed from, or None.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    from importlib.metadata import distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    stated = json.loads(distribution("lpgen").read_text("direct_url.json") or "{}")
    return url2pathname(urlsplit(stated["url"]).path) if "dir_info" in stated else None
