"""`lpgen snapshot`: what AWS reports about principals, trails and guards, kept in the data folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.options import EndpointOption, ProfileOption
from lpgen.cli.output import print_escaped_status, print_status
from lpgen.core.arns import is_account_id
from lpgen.errors import ExitCode, InvocationError, quote_input


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
            help="Read functions with their log groups, and schedules, but for those inside instances and clusters, "
            "and follow these to the roles that do the work.",
        ),
    ] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 where anything could not be read.")] = False,
) -> None:
    """Take a snapshot of an account or an organization.

    It is all that reviews ask of AWS but for logs. Reads policies, trails, last accessed reports, schedules,
    which buckets have versions, and the organization's SCPs and RCPs into a new folder of the data folder. Other
    commands use the newest.
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
    from lpgen.edge.snapshot.account import SnapshotScope
    from lpgen.edge.snapshot.fetch import take_snapshot
    from lpgen.report.pages.inputs import render_taken_snapshot

    regions = tuple(dict.fromkeys(region or ()))
    refuse_unknown_regions(regions)
    wanted = SnapshotScope(
        role=assume_role,
        accounts=_accounts(accounts, role=assume_role),
        regions=regions,
        resource_policies=resource_policies,
        resource_tags=resource_tags,
        last_accessed=last_accessed,
        schedules=schedules,
    )
    session = open_session(Connection(profile, regions[0] if regions else "", endpoint_url))
    stamp = take_snapshot(session, wanted, data, now=datetime.now(UTC), print_status=print_escaped_status)
    print_status(render_taken_snapshot(stamp, str(data / SNAPSHOTS / stamp.name)))
    if strict and stamp.gaps:
        raise typer.Exit(ExitCode.UNFINISHED)


def _accounts(text: str, *, role: str) -> tuple[str, ...] | None:
    """The accounts listed, None for all."""
    if text == "all":
        return None
    if not role:
        raise InvocationError("--accounts takes --assume-role", hint="name the role that those accounts have for lpgen")
    listed = tuple(part.strip() for part in text.split(","))
    for account in listed:
        if not is_account_id(account):
            raise InvocationError(
                f"{quote_input(account)} is no account id", hint="12 digits each, with commas between"
            )
    return listed
