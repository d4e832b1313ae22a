"""`lpgen iam-policy`: the permissions that lpgen itself needs in AWS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from lpgen.cli.options import OutputFileOption
from lpgen.cli.output import print_status, write_output
from lpgen.core.choices import Duty
from lpgen.errors import InvocationError, quote_input

_PRINCIPAL: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+", re.ASCII)


def iam_policy_command(
    command: Annotated[
        Duty | None,
        typer.Argument(metavar="COMMAND", show_choices=False, help="What needs the permissions. By default, all."),
    ] = None,
    bucket: Annotated[
        str, typer.Option("--bucket", metavar="NAME", help="The bucket with the logs.")
    ] = "YOUR-TRAIL-BUCKET",
    output_bucket: Annotated[
        str, typer.Option("--output-bucket", metavar="NAME", help="The bucket for Athena's query results.")
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
            "--plan",
            metavar="PLAN",
            help="Allow only what this rollout plan needs: its principals and policies.",
        ),
    ] = None,
    output: OutputFileOption = None,
) -> None:
    """Print the least-privilege policy that lpgen itself needs.

    COMMAND is ingest-s3, ingest-athena, ingest-cloudtrail, snapshot, perimeter (for --validate of any command),
    rollout-apply, rollout-undo or rollout-watch. For `lpgen ingest --assume-role`, it is assume-role. For --role in
    other accounts, it is member-trust, member-role (for a snapshot) or member-rollout. Without COMMAND, prints one JSON
    object with all policies.

    \b
    Example:
      lpgen iam-policy snapshot --role lpgen-read
    """
    from lpgen.core.iam.limits import MANAGED_POLICY_LIMIT
    from lpgen.core.iam.policy import policy_size
    from lpgen.core.iam.policy_reader import document_json
    from lpgen.core.required_permissions import own_policies
    from lpgen.edge.catalog.files import bundled_catalog
    from lpgen.edge.rollout.plan_file import read_rollout_plan

    if not _PRINCIPAL.fullmatch(caller):
        raise InvocationError(
            f"{quote_input(caller)} is not the ARN of a role or user",
            hint="such as arn:aws:iam::111122223333:role/lpgen",
        )
    whole = read_rollout_plan(plan) if plan else None
    if whole is not None and not any(principal.calls for principal in whole.principals):
        raise InvocationError(f"`{plan}` changes nothing")
    found = own_policies(bundled_catalog(), bucket=bucket, role=role, caller=caller, answers=output_bucket, plan=whole)
    shown = {duty.value: policy for duty, policy in found.items()} if command is None else found[command]
    write_output(document_json(shown, indent=2), output)
    size = policy_size(document_json(shown))
    if command and size > MANAGED_POLICY_LIMIT:
        limits = "6,144 in a managed policy and 10,240 in all inline policies of a role"
        print_status(f"note: the policy has {size:,} characters. IAM allows {limits}: plan fewer principals")
