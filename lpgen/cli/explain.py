"""`lpgen explain`: what allows or stops a request, or who can make it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from lpgen.cli.formats import FORMAT_HELP, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import InputOptions, OptionalDataOption, OutputFileOption
from lpgen.cli.output import layout_for, write_output
from lpgen.errors import InvocationError, quote_input


class ExplainFormat(StrEnum):
    """How an explanation is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    SVG = "svg"


def explain_command(
    principal: Annotated[
        str, typer.Argument(metavar="PRINCIPAL", help="A role or user by ARN or name, or a glob of several.")
    ],
    action: Annotated[str, typer.Argument(metavar="ACTION", help="One action, such as s3:GetObject, in any case.")],
    resource: Annotated[
        str, typer.Argument(metavar="RESOURCE", help="An ARN, or a glob of ARNs. By default, any resource.")
    ] = "",
    *,
    inputs: Annotated[
        InputOptions, Only("policies", "snapshot", "boundary", "scps", "rcps", "resource_policies", "catalog")
    ],
    data: OptionalDataOption = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            metavar="KEY=VALUE",
            help="A condition key of the request, such as aws:SourceIp=203.0.113.7. KEY= means that the request "
            "doesn't have the key. Other keys are unknown. Repeatable.",
        ),
    ] = None,
    format: Annotated[ExplainFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Explain what allows or stops a request, or who can make it.

    Shows each set of policies that applies to the request, and the statements in it that match: their wildcards and
    conditions, and any Deny. Also shows whether and when the action was used. HTML begins with a picture of the walls
    of policies between principal and resource, and SVG is only the picture.

    For a glob that matches several principals, lists those that can make the request: first roles that can be assumed
    from outside, then principals that never used the action. Text is one screen; JSON has every principal.

    Never guesses: if the answer depends on something unknown, says what it is. Exit 0 for any answer.

    \b
    Example:
      lpgen explain app s3:GetObject "arn:aws:s3:::data/*" --data lpgen-data
      lpgen explain '*' iam:CreateUser --data lpgen-data
    """
    from lpgen.app.explain import explain
    from lpgen.core.analysis.explain.question import WrittenQuestion
    from lpgen.core.explanations import Explanation
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.readers.guard_files import read_guards
    from lpgen.edge.readers.snapshot_files import read_organization_paths, read_resource_tags
    from lpgen.report.render import EXPLANATION, WHO_CAN

    chosen = choose_format(format, output, ExplainFormat)
    files = inputs.choose(data)
    guards = read_guards(inputs.boundary, files.scps, files.resource_policies, rcps=files.rcps)
    tags, tree = read_resource_tags(files.resource_tags, resource), read_organization_paths(files.organization)
    asked = WrittenQuestion(principal, action, resource, _context(context or ()), tags, tree)
    catalog, layout = open_catalog(inputs.catalog), layout_for(output)
    found = explain(asked, files.policies, catalog, data=data, guards=guards, snapshot=files.snapshot)
    if isinstance(found, Explanation):
        write_output(EXPLANATION.text(found, chosen.value, layout), output)
    elif chosen is ExplainFormat.SVG:
        raise InvocationError(f"{quote_input(principal)} names several principals", hint="a picture shows one")
    else:
        write_output(WHO_CAN.text(found, chosen.value, layout), output)


def _context(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The values by key, in the given order. A key given as KEY= has none."""
    found: dict[str, tuple[str, ...]] = {}
    spelled: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InvocationError(f"{quote_input(text)} is not KEY=VALUE", hint="such as aws:SourceIp=203.0.113.7")
        name = spelled.setdefault(key.strip().lower(), key.strip())
        found[name] = (*found.get(name, ()), *((value,) if value else ()))
    return found
