"""Commands for a reader to run next, with the options that the last command was given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from lpgen.report.pages.blocks import Command, Option


@dataclass(frozen=True, slots=True)
class Given:
    """The options that a command was given, and by command the names of the options that it takes.

    A command that isn't in `taken` can't be run here, and isn't suggested. `program` is what a shell takes for lpgen.
    """

    options: tuple[Option, ...] = ()
    taken: Mapping[str, Collection[str]] = field(default_factory=dict)
    program: Option = ("lpgen",)

    def command(self, name: str, *added: Option, without: Collection[str] = ()) -> Command | None:
        """A command with the options that it takes, and some more; None where it can't be run here."""
        if name not in self.taken:
            return None
        new = {one[0] for one in added if one[0].startswith("-")}.union(without)
        given = tuple(one for one in self.options if one[0] in self.taken[name] and one[0] not in new)
        return Command(name, given, added, self.program)

    def has(self, value: str) -> bool:
        """Whether a value is that of an option."""
        return any(value in one[1:] for one in self.options)


NO_OPTIONS: Final = Given()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a report is laid out. `width` and `color` matter only to text.

    `root` is the folder in the repository that holds the output of `generate`, which SARIF points to. `noun` is what a
    fold of a page in Markdown is about.
    """

    width: int = 100
    color: bool = False
    root: str = "lpgen-out"
    noun: str = "principal"


DEFAULT_LAYOUT: Final = Layout()
