"""The action catalog: canonical names, expansion of patterns, and what each action is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lpgen.core.model import AccessLevel, Action, ActionPattern


class CatalogSource(Protocol):
    """Where the catalog's bytes come from: `lpgen.edge.catalog_files` reads them from a folder, tests from a dict."""

    def service_prefixes(self) -> tuple[str, ...]:
        """All service prefixes, sorted."""

    def read_service(self, prefix: str) -> bytes:
        """The JSON of one service."""

    def read_table(self, name: str) -> bytes:
        """The JSON of one table beside the services, such as `manifest` or `operations/ec2.amazonaws.com`."""

    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """A resource type that an action takes. `required` is None where the source doesn't say."""

    type: str
    required: bool | None


@dataclass(frozen=True, slots=True)
class ActionDetail:
    """What the catalog knows of one action. `levels` is as in the source; `level` is the one that counts."""

    action: Action
    levels: tuple[AccessLevel, ...]
    resources: tuple[ResourceUse, ...]
    condition_keys: tuple[str, ...]
    dependents: tuple[Action, ...] | None  # None: the source doesn't say
    first_seen: str  # ISO date

    @property
    def level(self) -> AccessLevel:
        """The level that counts: Permissions management beats Tagging, which beats Write, Read and List."""
        raise NotImplementedError


class PatternProblemKind(StrEnum):
    """Why a pattern gave no action."""

    INVALID = "invalid"  # breaks IAM's grammar for actions
    UNMATCHED = "unmatched"  # valid, but the catalog has no such action


@dataclass(frozen=True, slots=True)
class PatternProblem:
    """A pattern that gave no action, and why."""

    pattern: ActionPattern
    kind: PatternProblemKind
    message: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """What patterns expand to. `problems` names each pattern that is invalid or matched nothing."""

    actions: frozenset[Action]
    problems: tuple[PatternProblem, ...]


class Catalog:
    """The catalog of AWS actions, read lazily: asking for one service reads one file."""

    def __init__(self, source: CatalogSource) -> None:
        self._source = source

    @property
    def date(self) -> str:
        """The ISO date of the catalog's facts, for every report."""
        raise NotImplementedError

    @property
    def version(self) -> str:
        """The version of the catalog."""
        raise NotImplementedError

    @property
    def source(self) -> CatalogSource:
        """The bytes behind it, for the tables that other core modules read (event map, visibility)."""
        return self._source

    def prefixes(self) -> tuple[str, ...]:
        """All service prefixes, sorted."""
        raise NotImplementedError

    def actions(self) -> frozenset[Action]:
        """Every action of every service."""
        raise NotImplementedError

    def service_actions(self, prefix: str) -> tuple[Action, ...]:
        """The actions of one service, sorted; empty for an unknown prefix. Case-insensitive."""
        raise NotImplementedError

    def canonical(self, name: str) -> Action | None:
        """The action as the catalog spells it, or None where there is no such action. Case-insensitive."""
        raise NotImplementedError

    def detail(self, action: Action) -> ActionDetail:
        """What is known of an action."""
        raise NotImplementedError

    def expand(self, patterns: Iterable[ActionPattern]) -> Expansion:
        """Every action that matches at least one of the patterns."""
        raise NotImplementedError

    def expand_not(self, patterns: Iterable[ActionPattern]) -> Expansion:
        """Every action that matches none of the patterns (`NotAction`)."""
        raise NotImplementedError

    def takes_no_resource(self, action: Action) -> bool:
        """Whether the action has no resource-level permissions, so that only `Resource: "*"` grants it."""
        raise NotImplementedError

    def takes_resource(self, action: Action, resource: str) -> bool:
        """Whether an ARN or resource glob can name a resource of one of the action's resource types.

        `*` always can. False for an action without resource-level permissions and anything but `*`.
        """
        raise NotImplementedError

    def resource_type(self, action: Action, arn: str) -> str:
        """The resource type of the action that an exact ARN fits best (the most literal format), or ""."""
        raise NotImplementedError

    def arn_formats(self, prefix: str, resource_type: str) -> tuple[str, ...]:
        """The ARN formats of a resource type with `${…}` placeholders; `ecs`, `task` for example."""
        raise NotImplementedError
