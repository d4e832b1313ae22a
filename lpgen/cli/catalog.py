"""The commands of `lpgen catalog`: expand, show, stats and update.

Each command imports the edge inside its function, so it loads only what it needs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.formats import PlainFormat
from lpgen.cli.help import PlainCommand
from lpgen.cli.messages import as_command
from lpgen.cli.options import CatalogOption
from lpgen.cli.output import for_terminal, print_status
from lpgen.errors import CatalogError, ExitCode, InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.core.catalog.catalog import Catalog, Expansion
    from lpgen.core.model import Action

app = typer.Typer(
    name="catalog",
    help="Query the catalog of AWS actions, or update it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


_FormatOption = Annotated[PlainFormat, typer.Option("--format", help="The output format.")]


@app.command("expand", cls=PlainCommand)
@as_command
def _expand_command(
    patterns: Annotated[list[str], typer.Argument(metavar="PATTERN", help="Action patterns, such as 's3:Get*'.")],
    not_action: Annotated[
        bool, typer.Option("--not-action", help="Print every action that matches none of the patterns.")
    ] = False,
    format: _FormatOption = PlainFormat.TEXT,  # noqa: A002
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 if a pattern is invalid or matches nothing.")
    ] = False,
    catalog: CatalogOption = None,
) -> None:
    """Print the actions that match any of the patterns.

    The actions are sorted, and spelled as in the catalog. `*` and `?` are wildcards, and case doesn't matter. `*` and
    `*:*` mean everything. Otherwise, a service prefix can't have wildcards. Patterns that are invalid or match nothing
    are reported on stderr.

    \b
    Example:
      lpgen catalog expand 's3:Get*' 'sqs:*'
    """
    from lpgen.core.model import ActionPattern

    source = _open(catalog)
    wanted = [ActionPattern(pattern) for pattern in patterns]
    expansion = source.expand_not(wanted) if not_action else source.expand(wanted)
    actions: list[str] = sorted(expansion.actions)
    _print("\n".join(actions), actions, format)
    _report_problems(expansion, not_action=not_action)
    if not actions and len(expansion.problems) >= len(patterns):
        raise typer.Exit(ExitCode.INVOCATION)
    if strict and expansion.problems:
        raise typer.Exit(ExitCode.UNFINISHED)


@app.command("show", cls=PlainCommand)
@as_command
def _show_command(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="One action, such as s3:GetObject, in any case.")],
    format: _FormatOption = PlainFormat.TEXT,  # noqa: A002
    catalog: CatalogOption = None,
) -> None:
    """Print what the catalog knows about one action.

    Shows its level, resources, condition keys and dependent actions, and when it was first seen.

    \b
    Example:
      lpgen catalog show iam:PassRole
    """
    from lpgen.report.messages.catalog import facts_of_action, text_of_action

    source = _open(catalog)
    known = _known_action(source, action)
    _print(text_of_action(source, known), facts_of_action(source, known), format)


@app.command("stats", cls=PlainCommand)
@as_command
def _stats_command(
    format: _FormatOption = PlainFormat.TEXT,  # noqa: A002
    catalog: CatalogOption = None,
) -> None:
    """Print which catalog is in use.

    Prints its date, its size and its sources.
    """
    from lpgen.report.messages.catalog import facts_of_catalog, text_of_catalog

    source = _open(catalog)
    path = _path(source)
    _print(text_of_catalog(source, path=path), facts_of_catalog(source, path=path), format)


@app.command("update", cls=PlainCommand)
@as_command
def _update_command(
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Read the service reference from this URL instead.")
    ] = None,
    format: _FormatOption = PlainFormat.TEXT,  # noqa: A002
    catalog: CatalogOption = None,
) -> None:
    """Fetch a newer catalog from AWS.

    Reads AWS's service reference into a new dated catalog of your own, and prints what was added and removed.
    First-seen dates, required flags and dependent actions come from the previous catalog. If anything fails, your
    existing catalogs are unchanged.
    """
    from datetime import UTC, datetime

    from lpgen.edge.catalog.update import REFERENCE_URL, update_catalog
    from lpgen.report.messages.catalog import facts_of_update, text_of_update

    today = datetime.now(UTC).date().isoformat()
    update = update_catalog(_open_for_update(catalog), date=today, url=url or REFERENCE_URL, progress=_show_progress)
    path = str(update.path)
    text = text_of_update(update.changes, before=update.before, after=update.manifest, path=path)
    _print(text, facts_of_update(update.changes, before=update.before, after=update.manifest, path=path), format)


def _open(path: Path | None) -> Catalog:
    from lpgen.edge.catalog.files import open_catalog

    return open_catalog(path)


def _open_for_update(path: Path | None) -> Catalog:
    """The catalog to copy facts from. A user's catalog that can't be read must not prevent an update."""
    from lpgen.edge.catalog.files import bundled_catalog

    try:
        return _open(path)
    except CatalogError as error:
        if path is not None:
            raise
        print_status(f"lpgen: {error.message}; copying facts from the bundled catalog")
        return bundled_catalog()


def _path(catalog: Catalog) -> str:
    return str(getattr(catalog.source, "path", ""))


def _known_action(catalog: Catalog, name: str) -> Action:
    known = catalog.canonical(name)
    if known is None:
        from difflib import get_close_matches

        choices = {action.lower(): action for action in catalog.service_actions(name.partition(":")[0])}
        near = [choices[match] for match in get_close_matches(name.lower(), choices, n=3)]
        raise InvocationError(
            f"the action catalog of {catalog.date} has no action {quote_input(name)}",
            hint=f"did you mean {' or '.join(near)}?" if near else "`lpgen catalog expand 'SERVICE:*'` lists a service",
        )
    return known


def _report_problems(expansion: Expansion, *, not_action: bool) -> None:
    for problem in expansion.problems:
        fault = "is invalid" if problem.kind == "invalid" else "matches nothing"
        print_status(f"lpgen: {quote_input(problem.pattern)} {fault}: {problem.message}")
    if not_action and any(problem.kind == "invalid" for problem in expansion.problems):
        print_status("lpgen: prints no action, because an invalid pattern could exclude any action")


def _print(text: str, facts: dict[str, object] | list[str], form: PlainFormat) -> None:
    answer = json.dumps(facts, indent=2) if form is PlainFormat.JSON else for_terminal(text)
    if answer:
        typer.echo(answer)


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total} services", end="\n" if done == total else "", file=sys.stderr, flush=True)
