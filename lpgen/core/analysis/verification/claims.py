"""Claims: the reasons that an evidence file gives for lines without use, as verification reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.globs.match import glob_match
from lpgen.core.model import Action
from lpgen.core.replacements import WHOLE_STATEMENT_RULES, Decision, LineKind, Replacement

_STATED_KINDS = frozenset({LineKind.KEPT, LineKind.REVIEW, LineKind.DECIDED, LineKind.SHARED})


def is_stated(kind: str, rule: str) -> bool:
    """Whether what a line allows needs no use of its own, only the line's reason."""
    return kind in _STATED_KINDS or rule in WHOLE_STATEMENT_RULES


def stated_pairs(replacement: Replacement) -> Iterable[tuple[str, str]]:
    """The pairs of action and resource pattern in a replacement that need no use, only their stated reason."""
    statements = (statement for document in replacement.documents for statement in document.statements)
    lines = (*(one.lines for one in statements), *(policy.lines for policy in replacement.left))
    for line in chain.from_iterable(lines):
        if is_stated(line.kind, line.rule):
            yield from ((line.action, resource) for resource in line.scope.resources)


class Claims:
    """The claims about one principal's replacement: reasons for lines, and the use that decisions drop from it."""

    def __init__(
        self, principal: str, stated: Iterable[tuple[str, str]] = (), decisions: Sequence[Decision] = ()
    ) -> None:
        self._principal = principal
        self._stated = frozenset(stated)
        self._drops = tuple(decision for decision in decisions if decision.drops_for_good)

    def justify(self, action: Action, resource: str) -> bool:
        """Whether a reason is stated for an action on a resource pattern as it is written."""
        return (action, resource) in self._stated

    def is_dropped(self, action: Action, resource: str) -> bool:
        """Whether a decision leaves this use out of the replacement."""
        return any(
            applies_to_action(drop, self._principal, action) and glob_match(drop.resource or "*", resource)
            for drop in self._drops
        )
