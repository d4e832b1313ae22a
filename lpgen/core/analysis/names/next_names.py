"""What the next name of a kind meets: a pattern of the old policies that allows it, and lines that list the names seen.

The old patterns are looked at one by one, since names that two of them allow have no pattern of their own in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lpgen.core.grounds import Grant, PrincipalGrants, Use
from lpgen.core.model import Action
from lpgen.core.policies.match import as_glob, has_wildcard
from lpgen.core.policies.match_resource import intersect_resources
from lpgen.core.policies.pattern_index import PatternIndex
from lpgen.core.replacements import Line

_ANYTHING = "*"


class NextNames:
    """The old patterns of a principal's policies of which the lines of its replacement keep less."""

    def __init__(self, grants: PrincipalGrants, lines: Iterable[Line]) -> None:
        self._allows = grants.allows
        kept: dict[Action, set[str]] = defaultdict(set)
        for line in lines:
            kept[line.action].update((_ANYTHING,) if line.scope.not_resource else line.scope.resources)
        self._kept: Mapping[Action, set[str]] = kept
        self._staying: dict[Action, PatternIndex] = {}
        self._lost: dict[Action, PatternIndex] = {}

    def listed(self, uses: Iterable[Use]) -> Mapping[str, Sequence[Use]]:
        """The uses of what the lines list by name, by each old pattern that allows it and doesn't stay, the one with
        most of them first."""
        found: dict[str, list[Use]] = defaultdict(list)
        for use in uses:
            text = use.resource.text
            if all(pattern == text for pattern in self._patterns_that_stay(use.action).containing(text)):
                for pattern in self._patterns_that_go(use.action).containing(text):
                    found[pattern].append(use)
        return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))

    def refused(self, pattern: str, actions: Iterable[Action], shape: str) -> str:
        """The names of a shape that an old pattern allows and the lines refuse for one of the actions; "" for none."""
        within = intersect_resources(pattern, shape) or pattern
        stay = (self._patterns_that_stay(action).containing(within) for action in actions)
        return "" if all(any(True for _ in one) for one in stay) else within

    def _patterns_that_stay(self, action: Action) -> PatternIndex:
        if action not in self._staying:
            self._staying[action] = PatternIndex(filter(has_wildcard, self._kept.get(action, ())))
        return self._staying[action]

    def _patterns_that_go(self, action: Action) -> PatternIndex:
        """The old patterns of an action that no line keeps as they are, each variable as `*`."""
        if action not in self._lost:
            kept = self._kept.get(action, ())
            granting = (one for one in self._allows if action in one.actions)
            self._lost[action] = PatternIndex(
                glob for grant in granting for pattern, glob in _patterns(grant) if pattern not in kept
            )
        return self._lost[action]


def _patterns(grant: Grant) -> Iterable[tuple[str, str]]:
    """The patterns of a statement as written and as globs; that of everything where it says all but some."""
    if grant.statement.not_resource:
        yield _ANYTHING, _ANYTHING
        return
    for pattern in grant.statement.resources:
        glob = as_glob(pattern, grant.version)
        if has_wildcard(glob):
            yield pattern, glob
