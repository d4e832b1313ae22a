"""The options that a command was given, for the commands that its output suggests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from lpgen.report.commands import Given

_OWN: Final = frozenset({"full", "format", "output", "sarif_root", "write_decisions"})
"""How the review itself is printed."""


def given_options(ctx: typer.Context) -> Given:
    """The options of the command line, other than those on how to print, and which of them each command takes."""
    from lpgen.report.commands import Given

    options = [option for one in ctx.command.params if one.name not in _OWN for option in _options(ctx, one)]
    return Given(tuple(options), dict(_taken(ctx.find_root().command)))


def _options(ctx: typer.Context, parameter: Any) -> Iterator[tuple[str, ...]]:
    source = ctx.get_parameter_source(parameter.name)
    if source is None or source.name != "COMMANDLINE":
        return
    value = ctx.params[parameter.name]
    name = max(parameter.opts, key=len)
    if value is True:
        yield (name,)
    else:
        for one in value if isinstance(value, list | tuple) else [value]:
            yield name, one.date().isoformat() if isinstance(one, datetime) else str(one)


def _taken(group: Any, prefix: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """The names of the options of each command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _taken(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", frozenset(option for one in command.params for option in one.opts)
