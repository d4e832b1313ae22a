"""Actions, numbered: thousands of verdicts become a few ranges of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from lpgen.core.findings import Report
from lpgen.core.model import Action
from lpgen.report.escaping import terminal_text
from lpgen.report.html.interned import Interned


class ActionIndex:
    """Distinct actions, sorted by service and name, with their numbers."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self._actions = sorted(set(actions), key=_parts)
        self._numbers = {action: number for number, action in enumerate(self._actions)}

    def ranges(self, actions: Iterable[Action], more: Interned[Action]) -> str:
        """The numbers of the actions as ranges, such as `0-4,7`; those of `more`, which takes others, come last."""
        return ranges_of(self._number(action, more) for action in actions)

    def _number(self, action: Action, more: Interned[Action]) -> int:
        found = self._numbers.get(action)
        return len(self._numbers) + more.place(action) if found is None else found

    def data(self) -> list[list[object]]:
        """The names by service, in the order of their numbers."""
        return [
            [terminal_text(service), [terminal_text(_parts(action)[1]) for action in members]]
            for service, members in groupby(self._actions, key=lambda action: _parts(action)[0])
        ]


def actions_of_report(report: Report) -> set[Action]:
    """The actions of all verdicts."""
    return {one.action for proposal in report.proposals for one in proposal.diff.verdicts}


def _parts(action: str) -> tuple[str, str]:
    service, _, name = action.partition(":")
    return service, name


def ranges_of(numbers: Iterable[int]) -> str:
    """Distinct numbers as ranges, such as `0-4,7`."""
    return ",".join(map(_range, _runs(sorted(numbers))))


def _runs(numbers: list[int]) -> Iterable[tuple[int, int]]:
    """First and last of each run of consecutive numbers."""
    first = 0
    for at, number in enumerate(numbers):
        if at + 1 == len(numbers) or numbers[at + 1] != number + 1:
            yield numbers[first], number
            first = at + 1


def _range(run: tuple[int, int]) -> str:
    return str(run[0]) if run[0] == run[1] else f"{run[0]}-{run[1]}"
