"""Commands for a reader to run next, with the options that the last command was given."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from lpgen.report.pages.blocks import Command, Option


@dataclass(frozen=True, slots=True)
class Given:
    """The options that a review was given, and by command the names of the options that it takes."""

    options: tuple[Option, ...] = ()
    taken: Mapping[str, Collection[str]] = field(default_factory=dict)

    def command(self, name: str, *added: Option, without: Collection[str] = ()) -> Command:
        """A command with the options that it takes, and some more."""
        taken = self.taken.get(name, ())
        given = tuple(one for one in self.options if one[0] in taken and one[0] not in without)
        return Command(name, given, added)

    def text(self, name: str, *added: Option) -> str:
        """The same command on one line."""
        command = self.command(name, *added)
        return shlex.join(["lpgen", *name.split(), *(word for one in (*command.given, *command.added) for word in one)])

    def has(self, value: str) -> bool:
        """Whether a value is that of an option."""
        return any(value in one[1:] for one in self.options)
