"""The commands in the order of work: `lpgen --help` lists them below a heading each, in plain text."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer.core import TyperGroup

SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Start here", ("demo",)),
    ("Gather", ("snapshot", "ingest")),
    ("Review", ("review", "explain", "stars")),
    ("Replace", ("generate", "verify", "rollout")),
    ("Every week", ("baseline", "drift")),
    ("Look things up", ("catalog", "map", "authorize", "iam-policy", "schema")),
)

_ORDER: Final = tuple(name for _, names in SECTIONS for name in names)


class WorkOrder(TyperGroup):
    """A group whose help has sections; a command that stands in none comes last."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """The names of the commands in the order of work."""
        return sorted(self.commands, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Writes the commands below their headings, in columns that line up."""
        width = max(map(len, self.commands))
        rest = tuple(name for name in self.list_commands(ctx) if name not in _ORDER)
        for title, names in (*SECTIONS, ("Others", rest)):
            rows = [
                (name.ljust(width), self.commands[name].get_short_help_str(formatter.width - 6 - width))
                for name in names
                if name in self.commands and not self.commands[name].hidden
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
