"""The action catalog: canonical names, expansion of patterns, and facts about actions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import Any, Final, TypeVar

from lpgen.core.catalog.arn_formats import NO_FURTHER_FORMATS, FurtherFormats
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table, read_optional_table
from lpgen.core.catalog.patterns import parse_pattern
from lpgen.core.catalog.service import ActionRow, CatalogService, Manifest, manifest_from_json
from lpgen.core.globs.match import glob_matcher
from lpgen.core.model import Action, ActionPattern
from lpgen.errors import CatalogError

_PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}")

_T = TypeVar("_T")

_REMEMBERED = 1 << 13
_NO_SERVICE = "the action catalog of {date} has no service `{prefix}`"
_NO_ACTION = "the action catalog of {date} has no such action"
"""Cache size for answers about resources: enough for the grants of a large account, but limited for its logs."""


class PatternProblemKind(StrEnum):
    """Why a pattern matches no action."""

    INVALID = "invalid"  # breaks IAM's grammar for actions
    UNMATCHED = "unmatched"  # valid, but the catalog has no such action


@dataclass(frozen=True, slots=True)
class _PatternProblem:
    """A pattern that matches no action, and why."""

    pattern: ActionPattern
    kind: PatternProblemKind
    message: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """The actions that patterns expand to. `problems` has each pattern that is invalid or matches nothing."""

    actions: frozenset[Action]
    problems: tuple[_PatternProblem, ...]


class Catalog:
    """The catalog of AWS actions. It reads a service's file on first use.

    Answers never change, so they are cached. A pickled catalog has only its source.
    """

    def __init__(self, source: CatalogSource) -> None:
        self._source = source
        self._services: dict[str, CatalogService] = {}
        self._expand_one = cache(self._match_pattern)
        self._is_bare = lru_cache(maxsize=_REMEMBERED)(self._decide_bare)
        self._facts: dict[Callable[[CatalogSource], object], Any] = {}
        self._tables: dict[str, Any] = {}
        self._takes = lru_cache(maxsize=_REMEMBERED)(self._decide_takes)
        self._type = lru_cache(maxsize=_REMEMBERED)(self._decide_type)

    def __reduce__(self) -> tuple[type[Catalog], tuple[CatalogSource]]:
        return Catalog, (self._source,)

    @cached_property
    def manifest(self) -> Manifest:
        """The catalog's version, date, counts and sources.

        Raises:
            CatalogError: the manifest can't be read.
        """
        return manifest_from_json(self._source.read_table("manifest"))

    @property
    def date(self) -> str:
        """The ISO date of the catalog's facts, for every report."""
        return self.manifest.date

    @property
    def version(self) -> str:
        """The version of the catalog."""
        return self.manifest.version

    @property
    def source(self) -> CatalogSource:
        """The source of its bytes, for other modules that read tables (event map, visibility)."""
        return self._source

    def table(self, name: str, shape: type[_T]) -> _T:
        """A table as a value of this shape. It is read once."""
        if name not in self._tables:
            self._tables[name] = read_catalog_table(self._source, name, shape)
        found: _T = self._tables[name]
        return found

    def facts(self, read: Callable[[CatalogSource], _T]) -> _T:
        """The facts that a class or function reads from the tables. They are read once."""
        if read not in self._facts:
            self._facts[read] = read(self._source)
        found: _T = self._facts[read]
        return found

    def prefixes(self) -> tuple[str, ...]:
        """All service prefixes, sorted."""
        return self._prefixes

    def actions(self) -> frozenset[Action]:
        """Every action of every service."""
        return self._everything

    def service_actions(self, prefix: str) -> tuple[Action, ...]:
        """The actions of one service, sorted. Empty for an unknown prefix. Case-insensitive."""
        service = self._service(prefix)
        return service.actions if service else ()

    def canonical(self, name: str) -> Action | None:
        """The action as the catalog spells it, or None if the catalog doesn't have it. Case-insensitive."""
        service = self._service(name.partition(":")[0])
        return service.by_lower.get(name.lower()) if service else None

    def detail(self, action: Action) -> ActionRow:
        """The facts about an action.

        Raises:
            CatalogError: this catalog doesn't have the action (it came from another one).
        """
        return self._row(action)[1]

    def expand(self, patterns: Iterable[ActionPattern]) -> Expansion:
        """Every action that matches at least one of the patterns."""
        outcomes = [self._expand_one(pattern) for pattern in patterns]
        problems = {outcome: None for outcome in outcomes if isinstance(outcome, _PatternProblem)}
        matched = [outcome for outcome in outcomes if not isinstance(outcome, _PatternProblem)]
        actions = matched[0] if len(matched) == 1 else frozenset[Action]().union(*matched)
        return Expansion(actions=actions, problems=tuple(problems))

    def expand_not(self, patterns: Iterable[ActionPattern]) -> Expansion:
        """Every action that matches none of the patterns (`NotAction`).

        If a pattern is invalid, there are no actions: lpgen can't know which actions it excludes, and IAM rejects the
        policy anyway. A valid pattern that matches nothing excludes nothing.
        """
        expansion = self.expand(patterns)
        if any(problem.kind is PatternProblemKind.INVALID for problem in expansion.problems):
            return Expansion(actions=frozenset(), problems=expansion.problems)
        return Expansion(actions=self.actions() - expansion.actions, problems=expansion.problems)

    def takes_no_resource(self, action: Action) -> bool:
        """Whether the action has no resource-level permissions, so only `Resource: "*"` grants it."""
        return not self._row(action)[1].resources

    def is_without_resource(self, name: str) -> bool:
        """Whether an action with this name, in any case, exists and has no resource-level permissions."""
        return self._is_bare(name)

    def takes_resource(self, action: Action, resource: str) -> bool:
        """Whether an ARN or resource glob can name a resource of one of the action's resource types.

        `*` always can. An action without resource-level permissions takes only `*`. Policy variables match any text. In
        doubt the answer is True, so no permission is lost.
        """
        return self._takes(action, resource)

    def can_name_type(self, action: Action, resource_type: str, resource: str) -> bool:
        """Whether an ARN or resource glob other than `*` can name a resource of one type of the action's service."""
        return self._row(action)[0].can_name_type(resource_type, resource)

    def may_make(self, action: Action, resource: str) -> bool:
        """Whether an action without resource types may still be authorized on an ARN or glob, as a resource that it
        creates.

        AWS's reference lists no resource type for `eks:CreateCluster`, but AWS denies it "on resource: …:cluster/NAME":
        https://github.com/cortexlabs/cortex/issues/1232.
        """
        service, row = self._row(action)
        return not row.resources and service.can_make(action, resource)

    def resource_type(self, action: Action, arn: str) -> str:
        """The resource type of the action that an ARN fits best (the most literal format), or ""."""
        return self._type(action, arn)

    def type_in_service(self, prefix: str, arn: str) -> str:
        """The resource type of a service that an exact ARN fits best (the most literal format), or ""."""
        service = self._service(prefix)
        return service.type_of(arn) if service else ""

    def resource_types(self, prefix: str) -> tuple[str, ...]:
        """The resource types of a service, sorted. Empty for an unknown prefix."""
        service = self._service(prefix)
        return service.resource_types if service else ()

    def conditions_of_type(self, prefix: str, resource_type: str) -> tuple[str, ...]:
        """The condition keys of a resource type as in the source. Empty for an unknown one."""
        service = self._service(prefix)
        return service.conditions_of_type(resource_type) if service else ()

    def resource_tag_keys(self, action: Action, arn: str) -> tuple[str, ...]:
        """The condition keys for the resource's tags in a request of the action, without the tag key.

        For example `aws:ResourceTag`. Empty if the source names none: then requests have none.
        """
        service, row = self._row(action)
        keys = (*row.condition_keys, *service.conditions_of_type(self.resource_type(action, arn)))
        names = (key.partition("/")[0] for key in keys if "/" in key)
        return tuple(sorted({name for name in names if name.lower().endswith(":resourcetag")}))

    def further_formats(self, prefix: str) -> FurtherFormats:
        """The ARN formats of a service that AWS documents outside the service authorization reference."""
        return self._further_formats.get(prefix, NO_FURTHER_FORMATS)

    def arn_formats(self, prefix: str, resource_type: str) -> tuple[str, ...]:
        """The ARN formats of a resource type, such as `ecs`, `task`, with `${…}` placeholders."""
        service = self._service(prefix)
        return service.arn_formats(resource_type) if service else ()

    def arn_patterns(self, prefix: str, resource_type: str, *, partition: str, account: str = "*") -> tuple[str, ...]:
        """The patterns of ARNs of a resource type: its formats with `*` in place of names."""
        known = {"${Partition}": partition, "${Account}": account}
        formats = self.arn_formats(prefix, resource_type)
        return tuple(_PLACEHOLDER.sub(lambda found: known.get(found[0], "*"), text) for text in formats)

    # ------------------------------------------------------------ internals

    @cached_property
    def _further_formats(self) -> dict[str, FurtherFormats]:
        """The further formats by service. A catalog may have none."""
        return read_optional_table(self._source, "arn_formats", dict[str, FurtherFormats], {})

    @cached_property
    def _prefixes(self) -> tuple[str, ...]:
        return self._source.service_prefixes()

    @cached_property
    def _known_prefixes(self) -> frozenset[str]:
        return frozenset(self._prefixes)

    @cached_property
    def _everything(self) -> frozenset[Action]:
        return frozenset(action for prefix in self._prefixes for action in self.service_actions(prefix))

    def _service(self, prefix: str) -> CatalogService | None:
        found = self._services.get(prefix)
        if found is None and prefix.lower() in self._known_prefixes:
            lower = prefix.lower()
            found = self._services.get(lower) or self._read_service(lower)
            self._services[prefix] = found
        return found

    def _read_service(self, prefix: str) -> CatalogService:
        text = self._source.read_service(prefix)
        service = self._services[prefix] = CatalogService(prefix, text, self.further_formats(prefix))
        return service

    def _row(self, action: Action) -> tuple[CatalogService, ActionRow]:
        service = self._service(action.partition(":")[0])
        row = service.rows.get(action) if service else None
        if service is None or row is None:
            raise CatalogError(f"the action catalog of {self.date} has no action `{action}`")
        return service, row

    def _match_pattern(self, pattern: ActionPattern) -> frozenset[Action] | _PatternProblem:
        parsed = parse_pattern(pattern)
        if isinstance(parsed, str):
            return _PatternProblem(pattern, PatternProblemKind.INVALID, parsed)
        if parsed.prefix == "*":
            return self.actions()
        service = self._service(parsed.prefix)
        if service is None:
            message = _NO_SERVICE.format(date=self.date, prefix=parsed.prefix)
            return _PatternProblem(pattern, PatternProblemKind.UNMATCHED, message)
        matches = glob_matcher(f"{parsed.prefix}:{parsed.name}")
        found = frozenset(action for lower, action in service.by_lower.items() if matches(lower))
        message = _NO_ACTION.format(date=self.date)
        return found or _PatternProblem(pattern, PatternProblemKind.UNMATCHED, message)

    def _decide_bare(self, name: str) -> bool:
        action = self.canonical(name)
        return action is not None and self.takes_no_resource(action)

    def _decide_takes(self, action: Action, resource: str) -> bool:
        service, row = self._row(action)
        if not resource.strip("*"):
            return bool(resource)
        return service.can_name(row, resource)

    def _decide_type(self, action: Action, arn: str) -> str:
        service, row = self._row(action)
        return service.best_type(row, arn)


@dataclass(frozen=True, slots=True)
class CatalogChanges:
    """Services and actions that only one of two catalogs has, sorted."""

    services_added: tuple[str, ...]
    services_removed: tuple[str, ...]
    actions_added: tuple[Action, ...]
    actions_removed: tuple[Action, ...]


def changes_between(before: Catalog, after: Catalog) -> CatalogChanges:
    """The additions in `after` and the removals from `before`. An action whose case changed is in both."""
    return CatalogChanges(
        services_added=tuple(sorted(set(after.prefixes()) - set(before.prefixes()))),
        services_removed=tuple(sorted(set(before.prefixes()) - set(after.prefixes()))),
        actions_added=tuple(sorted(after.actions() - before.actions())),
        actions_removed=tuple(sorted(before.actions() - after.actions())),
    )
