"""The commands that talk to AWS: `lpgen snapshot`, and `lpgen iam-policy`, which says what they need."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from lpgen.cli_options import put_text, say
from lpgen.core.arns import is_account_id
from lpgen.core.choices import Duty
from lpgen.errors import ExitCode, InvocationError, quote_input

_PRINCIPAL: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+", re.ASCII)

ProfileOption = Annotated[
    str, typer.Option("--profile", metavar="NAME", help="The profile of the AWS configuration to use.")
]
EndpointOption = Annotated[
    str, typer.Option("--endpoint-url", metavar="URL", help="Where to reach AWS, in place of its own endpoints.")
]


def snapshot_command(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data folder to add to; made if need be.")],
    profile: ProfileOption = "",
    region: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            metavar="REGION",
            help="Where calls start, and the Regions in which to look for resources and schedules; repeats. "
            "By default the Region of your AWS configuration, and all that an account has switched on.",
        ),
    ] = None,
    endpoint_url: EndpointOption = "",
    assume_role: Annotated[
        str,
        typer.Option(
            "--assume-role", metavar="NAME", help="The role to assume in other accounts; without it only yours is read."
        ),
    ] = "",
    accounts: Annotated[
        str,
        typer.Option(
            "--accounts",
            metavar="all|ID,...",
            help="Which accounts to read with that role: all active ones of the organization, or those listed.",
        ),
    ] = "all",
    resource_policies: Annotated[
        bool,
        typer.Option(
            "--resource-policies",
            help="Read the policies of buckets, keys, queues, topics, secrets, functions and repositories too.",
        ),
    ] = False,
    resource_tags: Annotated[bool, typer.Option("--resource-tags", help="Read the tags of resources too.")] = False,
    last_accessed: Annotated[
        bool,
        typer.Option(
            "--last-accessed/--no-last-accessed",
            help="Ask IAM when each role and user last tried what; takes a few seconds for each.",
        ),
    ] = True,
    schedules: Annotated[
        bool,
        typer.Option(
            "--schedules/--no-schedules",
            help="Read schedules, but for those inside instances and clusters, and follow them to the roles that do "
            "the work.",
        ),
    ] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 where anything could not be read.")] = False,
) -> None:
    """Take a snapshot of an account or an organization.

    It is all that reviews ask of AWS but for logs. Reads policies, trails, last accessed reports,
    schedules, and the organization's SCPs and RCPs into a new folder of the data folder. Other commands use the newest.
    Changes nothing in AWS.

    What can't be read is a gap: it is named here and in reports, and the rest is kept. `lpgen iam-policy snapshot`
    prints the permissions that this takes.

    \b
    Example:
      lpgen snapshot --data lpgen-data
      lpgen snapshot --data lpgen-data --assume-role lpgen-read
    """
    from lpgen.edge.aws_regions import refuse_unknown_regions
    from lpgen.edge.aws_session import Connection, open_session
    from lpgen.edge.data_folder.snapshot_folder import SNAPSHOTS
    from lpgen.edge.snapshot.account import Wanted
    from lpgen.edge.snapshot.fetch import take_snapshot
    from lpgen.report.snapshot_note import render_taken_snapshot

    regions = tuple(dict.fromkeys(region or ()))
    refuse_unknown_regions(regions)
    wanted = Wanted(
        role=assume_role,
        accounts=_accounts(accounts, role=assume_role),
        regions=regions,
        resource_policies=resource_policies,
        resource_tags=resource_tags,
        last_accessed=last_accessed,
        schedules=schedules,
    )
    session = open_session(Connection(profile, regions[0] if regions else "", endpoint_url))
    stamp = take_snapshot(session, wanted, data, now=datetime.now(UTC), say=_say)
    say(render_taken_snapshot(stamp, str(data / SNAPSHOTS / stamp.name)))
    if strict and stamp.gaps:
        raise typer.Exit(ExitCode.UNFINISHED)


def _accounts(text: str, *, role: str) -> tuple[str, ...] | None:
    """The accounts listed, None for all."""
    if text == "all":
        return None
    if not role:
        raise InvocationError("--accounts takes --assume-role", hint="name the role that those accounts have for lpgen")
    listed = tuple(one.strip() for one in text.split(","))
    for one in listed:
        if not is_account_id(one):
            raise InvocationError(f"{quote_input(one)} is no account id", hint="12 digits each, with commas between")
    return listed


def _say(text: str) -> None:
    from lpgen.report.inert import terminal_text

    say(terminal_text(text))


def iam_policy_command(
    command: Annotated[
        Duty | None,
        typer.Argument(metavar="COMMAND", show_choices=False, help="What lpgen is to do; all of it if left out."),
    ] = None,
    bucket: Annotated[
        str, typer.Option("--bucket", metavar="NAME", help="The bucket of the logs.")
    ] = "YOUR-TRAIL-BUCKET",
    output_bucket: Annotated[
        str, typer.Option("--output-bucket", metavar="NAME", help="The bucket of Athena's answers.")
    ] = "YOUR-ANSWERS-BUCKET",
    role: Annotated[
        str, typer.Option("--role", metavar="NAME", help="The role that lpgen assumes in other accounts, if any.")
    ] = "",
    caller: Annotated[
        str, typer.Option("--caller", metavar="ARN", help="The role or user that runs lpgen.")
    ] = "arn:aws:iam::111122223333:role/lpgen",
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", metavar="PLAN", help="Of a rollout, only what this plan takes: its principals and policies."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; `-` or nothing is stdout.")
    ] = None,
) -> None:
    """Print the least-privilege policy that lpgen itself needs.

    COMMAND is ingest-s3, ingest-athena, ingest-cloudtrail, snapshot, rollout-apply, rollout-undo or rollout-watch;
    assume-role, where another role is to read the logs (`lpgen ingest --assume-role`); or, for the role in other
    accounts, member-trust (who may assume it), member-role (what it takes to read them) or member-rollout.

    Without COMMAND prints an object of all of them.

    \b
    Example:
      lpgen iam-policy snapshot --role lpgen-read
    """
    from lpgen.core.own_permissions import own_policies
    from lpgen.core.policies.limits import MANAGED_POLICY_LIMIT
    from lpgen.core.policies.policy import policy_size
    from lpgen.core.policies.policy_reader import document_json
    from lpgen.edge.rollout.plan_file import read_rollout_plan

    if not _PRINCIPAL.fullmatch(caller):
        raise InvocationError(
            f"{quote_input(caller)} is no role or user", hint="such as arn:aws:iam::111122223333:role/lpgen"
        )
    whole = read_rollout_plan(plan) if plan else None
    if whole is not None and not any(one.calls for one in whole.principals):
        raise InvocationError(f"`{plan}` changes nothing")
    policies = own_policies(bucket=bucket, role=role, caller=caller, answers=output_bucket, plan=whole)
    shown = {duty.value: policy for duty, policy in policies.items()} if command is None else policies[command]
    put_text(document_json(shown, indent=2), output)
    size = policy_size(document_json(shown))
    if command and size > MANAGED_POLICY_LIMIT:
        say(f"note: {size:,} characters, and a managed policy may have 6,144: plan fewer principals")
