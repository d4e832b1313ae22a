"""`lpgen authorize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.options import CatalogOption, StrictOption
from lpgen.cli.output import print_json_lines
from lpgen.errors import ExitCode


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
    from lpgen.app.authorize import authorize
    from lpgen.edge.catalog.files import open_catalog

    unread = sum("error" in answer for answer in print_json_lines(authorize(file, open_catalog(catalog))))
    if strict and unread:
        raise typer.Exit(ExitCode.UNFINISHED)
