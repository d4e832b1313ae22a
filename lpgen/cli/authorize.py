"""`lpgen authorize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.options import CatalogOption, StrictOption
from lpgen.cli.output import print_json_lines
from lpgen.errors import ExitCode


def authorize_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Requests, one JSON object per line; `-` is stdin.")],
    catalog: CatalogOption = None,
    strict: StrictOption = False,
) -> None:
    """Decide requests as AWS would.

    Each line holds a request (principal, action, resource, resourceAccount, context) and the policies that apply:
    identityPolicies, permissionBoundaryPolicies, scps and rcps (lists of levels), resourcePolicy (for a role its trust
    policy, for a key its key policy), sessionPolicy, vpcEndpointPolicies. Omitted policies don't exist, and the context
    is complete. The resource `*` means any resource. wildcardOnlyAction overrides what the catalog says about whether
    the action takes a resource.

    Prints one JSON object per line, in input order: the id, the decision (Allowed, ImplicitlyDenied or
    ExplicitlyDenied) and the reasons. If a line or a policy can't be read, prints the error.

    \b
    Example:
      lpgen authorize requests.jsonl
    """
    from lpgen.app.authorize import authorize
    from lpgen.edge.catalog.files import open_catalog

    unread = sum("error" in answer for answer in print_json_lines(authorize(file, open_catalog(catalog))))
    if strict and unread:
        raise typer.Exit(ExitCode.UNFINISHED)
