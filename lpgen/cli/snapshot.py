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
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data folder to add to; created if missing.")],
    profile: ProfileOption = "",
    region: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            metavar="REGION",
            help="The Regions to search for resources and schedules. lpgen signs in through the first one. By default, "
            "the Region of your AWS configuration, and all Regions that an account has enabled. Repeatable.",
        ),
    ] = None,
    endpoint_url: EndpointOption = "",
    assume_role: Annotated[
        str,
        typer.Option(
            "--assume-role",
            metavar="NAME",
            help="The role to assume in other accounts. Without it, reads only your account.",
        ),
    ] = "",
    accounts: Annotated[
        str,
        typer.Option(
            "--accounts",
            metavar="all|ID,...",
            help="Which accounts to read with that role: all active accounts of the organization, or a list.",
        ),
    ] = "all",
    resource_policies: Annotated[
        bool,
        typer.Option(
            "--resource-policies",
            help="Also read the policies of buckets, keys, queues and other resources, and VPC endpoints.",
        ),
    ] = False,
    resource_tags: Annotated[bool, typer.Option("--resource-tags", help="Also read the tags of resources.")] = False,
    last_accessed: Annotated[
        bool,
        typer.Option(
            "--last-accessed/--no-last-accessed",
            help="Ask IAM when each role and user last accessed each service. Takes a few seconds for each.",
        ),
    ] = True,
    schedules: Annotated[
        bool,
        typer.Option(
            "--schedules/--no-schedules",
            help="Read functions with their log groups and event sources, pipes, and schedules (except inside "
            "instances and clusters), and find the roles that do the work.",
        ),
    ] = True,
    compute: Annotated[
        bool,
        typer.Option(
            "--compute/--no-compute",
            help="Read what runs with a role, such as functions, instances, tasks and builds; instance profiles; and "
            "who has passwords, access keys and MFA devices.",
        ),
    ] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 if anything can't be read.")] = False,
) -> None:
    """Take a snapshot of an account or an organization.

    Reads everything that a review needs from AWS except logs: policies, trails, last accessed reports, schedules, what
    runs with a role, quotas, identity providers, the versioning and logging of buckets, and the organization's SCPs and
    RCPs. Writes it to a new folder in the data folder. Other commands use the newest snapshot. Changes nothing in AWS.

    If something can't be read, the snapshot contains the rest, and reports name the gap. `lpgen iam-policy snapshot`
    prints the permissions that this command needs.

    \b
    Example:
      lpgen snapshot --data lpgen-data
      lpgen snapshot --data lpgen-data --assume-role lpgen-read
    """
    from lpgen.core.snapshots import BucketLogging
    from lpgen.edge.aws_regions import refuse_unknown_regions
    from lpgen.edge.aws_session import Connection, open_session
    from lpgen.edge.data_folder.snapshot_folder import SNAPSHOTS, open_snapshot
    from lpgen.edge.readers.snapshot_files import read_snapshot_list
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
        compute=compute,
    )
    session = open_session(Connection(profile, regions[0] if regions else "", endpoint_url))
    stamp = take_snapshot(session, wanted, data, now=datetime.now(UTC), print_status=print_escaped_status)
    folder = data / SNAPSHOTS / stamp.name
    logging = read_snapshot_list(open_snapshot(folder).bucket_logging, BucketLogging)
    print_status(render_taken_snapshot(stamp, str(folder), logging))
    if strict and stamp.gaps:
        raise typer.Exit(ExitCode.UNFINISHED)


def _accounts(text: str, *, role: str) -> tuple[str, ...] | None:
    """The listed accounts, or None for all."""
    if text == "all":
        return None
    if not role:
        raise InvocationError("--accounts needs --assume-role", hint="name the role that those accounts have for lpgen")
    listed = tuple(part.strip() for part in text.split(","))
    for account in listed:
        if not is_account_id(account):
            raise InvocationError(
                f"{quote_input(account)} is not a valid account ID", hint="give 12 digits each, separated by commas"
            )
    return listed
