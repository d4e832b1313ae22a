"""Which resources the data events of a log name: a trail that selects them by resource leaves the others out.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lpgen.core.arns import container_of
from lpgen.core.evidence import AccountCoverage
from lpgen.core.globs.match import as_glob, has_wildcard, patterns_intersect

_MOST_ANSWERS: Final = 4096
"""So many are remembered: principals ask one after the other, and those of one account have statements in common."""


class DataResources:
    """The buckets, tables, functions and the like that data events of any account name, by their event source."""

    def __init__(self, accounts: Iterable[AccountCoverage]) -> None:
        self._seen: dict[str, set[str]] = {}
        for covered in accounts:
            for source, container in covered.data_resources:
                self._seen.setdefault(source, set()).add(container)
        # A name that isn't there can only be met by a pattern, which is what folding makes of ids.
        self._folds = {source: tuple(filter(has_wildcard, seen)) for source, seen in self._seen.items()}
        self._named: dict[tuple[str, str], bool] = {}
        self._answers: dict[tuple[tuple[str, ...], tuple[str, ...], str], dict[str, str]] = {}

    def unnamed(self, sources: tuple[str, ...], resources: tuple[str, ...], version: str) -> Mapping[str, str]:
        """The resources, or patterns in a policy's language version, on which the logs hold no data event of the event
        sources, each with why; none where they hold none of the sources at all."""
        key = (sources, resources, version)
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
                self._named.clear()
            found = self._answers[key] = self._find_unnamed(*key)
        return found

    def _find_unnamed(self, sources: tuple[str, ...], resources: tuple[str, ...], version: str) -> dict[str, str]:
        if all(source not in self._seen for source in sources):  # then no data event distinguishes resources
            return {}
        return {
            resource: f"a data event, and the logs hold none on {resource}"
            for resource in resources
            if not any(self._is_named(container_of(as_glob(resource, version)), source) for source in sources)
        }

    def _is_named(self, container: str, source: str) -> bool:
        """Whether a data event of a source names a container, or one that a pattern matches."""
        seen = self._seen.get(source, set())
        if container in seen:
            return True
        key = (container, source)
        if key not in self._named:
            others = seen if has_wildcard(container) else self._folds.get(source, ())
            self._named[key] = any(patterns_intersect(container, one) for one in others)
        return self._named[key]
