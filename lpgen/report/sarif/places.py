"""The places of the statements and actions of new policies: lines of the files that `lpgen generate` writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from lpgen.report.plan import document_file


class Place(NamedTuple):
    """Lines of a file, the first and the last, counted from 1."""

    path: str
    first: int = 1
    last: int = 1


class _StatementLines(NamedTuple):
    """The lines of a statement, and the first line of each entry in it, as JSON: `"s3:GetObject"`, `"Sid": "Read"`."""

    first: int
    last: int
    entries: Mapping[str, int]


class PolicyPlaces:
    """The places in a principal's new policies, given their texts as they are written, in order.

    `folder` is the principal's; only Allow statements have places.
    """

    def __init__(self, folder: str, texts: Sequence[str]) -> None:
        self._whole = [Place(f"{folder}/{document_file(1)}", 1, text.count("\n")) for text in texts[:1]]
        self._found = [
            (f"{folder}/{document_file(number)}", one)
            for number, text in enumerate(texts, start=1)
            for one in _statements_of_text(text)
            if '"Effect": "Allow"' in one.entries
        ]

    def find(self, *, sids: Collection[str] | None = None, actions: Collection[str] = ()) -> Place | None:
        """The first line with one of the actions, or without actions the first statement, or None.

        With `sids` only statements with these count.
        """
        for path, one in self._found:
            if sids is None or any(f'"Sid": "{sid}"' in one.entries for sid in sids):
                lines = [one.entries[entry] for entry in (f'"{action}"' for action in actions) if entry in one.entries]
                if lines:
                    return Place(path, min(lines), min(lines))
                if not actions:
                    return Place(path, one.first, one.last)
        return None

    def first_policy(self) -> Place | None:
        """All lines of the first policy, or None where there is none."""
        return next(iter(self._whole), None)


def _statements_of_text(text: str) -> Iterator[_StatementLines]:
    """The statements of a policy that is laid out with an indent of two: each bracket and entry has its own line."""
    first, entries = 0, dict[str, int]()
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.removesuffix(",")
        if bare == "    {":
            first, entries = number, {}
        elif bare == "    }":
            yield _StatementLines(first, number, entries)
        else:
            entries.setdefault(bare.strip().removeprefix('"Action": '), number)
