"""An index of many resource patterns, which finds those that contain another one without checking each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from lpgen.core.globs.match import literal_head
from lpgen.core.iam.match_resource import complete_arn, resource_contains


class PatternIndex:
    """Resource patterns by the literal text before their first wildcard: all that a pattern contains begins with it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_head: dict[str, list[str]] = defaultdict(list)
        for pattern in dict.fromkeys(patterns):
            self._by_head[literal_head(complete_arn(pattern))].append(pattern)
        self._lengths = sorted({len(head) for head in self._by_head})

    def containing(self, inner: str) -> Iterator[str]:
        """The patterns that contain a pattern, or an exact resource."""
        full = complete_arn(inner)
        for length in self._lengths:
            if length > len(full):
                return
            for outer in self._by_head.get(full[:length], ()):
                if resource_contains(outer, inner):
                    yield outer
