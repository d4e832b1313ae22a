"""Rewrites the statements of a principal that creates roles, so each new one has the boundary.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.globs.match import fold_case, pattern_contains
from lpgen.core.guardrails.facts import read_facts
from lpgen.core.iam.match_resource import intersect_resources, resources_intersect
from lpgen.core.model import READ_LEVELS, Action, ActionPattern, Effect, Policy, Statement

BOUNDARY_KEY: Final = "iam:PermissionsBoundary"
PASS_ROLE: Final = Action("iam:PassRole")
_PASSED_TO: Final = "iam:PassedToService"
_TYPES: Final = ("role", "user")
_REMOVALS: Final = ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary")
_CHANGES: Final = (
    *("iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"),
)
_HARMLESS: Final = frozenset({"iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"})
"""Writes of roles that only AWS can use."""

_READS: Final = ("iam:Get*", "iam:List*", "iam:Generate*", "iam:Simulate*")
_EQUALS: Final = ("StringEquals", "StringLike", "ForAnyValue:StringEquals")
"""Operators that compare with exact values alike: a block has each key once for an operator."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """What a creator may create: principals below a path with a boundary, passed to services (empty: unknown)."""

    boundary: str
    path: str
    partition: str
    account: str
    services: tuple[str, ...]

    def below_path(self, kind: str) -> str:
        """The pattern of the ARNs of a kind below the path."""
        return f"arn:{self.partition}:iam::{self.account}:{kind}{self.path}*"


@dataclass(frozen=True, slots=True)
class ChangedStatement:
    """A statement of a policy, by Sid or number, and the statements that replace it."""

    policy: str
    statement: str
    old: dict[str, Any]
    new: tuple[dict[str, Any], ...]


def denies_of(boundaries: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """The statements that keep a creator from removing boundaries, and from changing the policy that is one."""
    return (
        {"Sid": "LpgenKeepBoundaries", "Effect": "Deny", "Action": list(_REMOVALS), "Resource": "*"},
        {"Sid": "LpgenKeepBoundaryPolicy", "Effect": "Deny", "Action": list(_CHANGES), "Resource": list(boundaries)},
    )


class CreatorRewriter:
    """Rewrites the statements of one creator."""

    def __init__(self, delegation: Delegation, catalog: Catalog) -> None:
        self._to, self._catalog = delegation, catalog
        self._spared = catalog.facts(read_facts).without_boundary_key
        iam = catalog.service_actions("iam")
        self._bounded = frozenset(filter(self.is_bounded, iam))
        self._limited = frozenset(filter(self._is_limited, iam))

    def is_bounded(self, action: Action) -> bool:
        """Whether a condition on the boundary limits an action.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
        """
        return BOUNDARY_KEY in self._catalog.detail(action).condition_keys and action not in self._spared

    def _is_limited(self, action: Action) -> bool:
        detail = self._catalog.detail(action)
        types = {used.type for used in detail.resources}
        return (
            not self.is_bounded(action)
            and detail.level not in READ_LEVELS
            and action not in {*_HARMLESS, PASS_ROLE}
            and not types.isdisjoint(_TYPES)
        )

    def rewritten(self, statement: Statement) -> tuple[dict[str, Any], ...] | None:
        """The statements that replace an Allow, or None if it stays as it is."""
        if statement.effect is not Effect.ALLOW:
            return None
        expand = self._catalog.expand_not if statement.not_action else self._catalog.expand
        own = frozenset(action for action in expand(statement.patterns).actions if action.startswith("iam:"))
        affected = own & (self._bounded | self._limited | {PASS_ROLE})
        if not affected:
            return None
        old = json.loads(statement.text)
        base = {key: value for key, value in old.items() if key not in ("Sid", *_REPLACED)}
        new = (*self._rest(statement, old, own - affected), *self._within(statement, base, affected))
        bare = {key: value for key, value in old.items() if key != "Sid"}
        return None if [_normal(one) for one in new] == [_normal(bare)] else new

    def _rest(self, statement: Statement, old: dict[str, Any], spared: frozenset[Action]) -> Iterator[dict[str, Any]]:
        """The part of a statement that isn't about delegation."""
        base = {key: value for key, value in old.items() if key not in ("Action", "NotAction")}
        beyond = statement.not_action or any(pattern in ("*", "*:*") for pattern in statement.patterns)
        names = [str(pattern) for pattern in statement.patterns]
        if beyond:
            yield {**base, "NotAction": [*(names if statement.not_action else ()), "iam:*"]}
            base.pop("Sid", None)
        kept: list[str] = [] if statement.not_action else [name for name in names if self._stays(name, spared)]
        left = spared - self._catalog.expand(map(ActionPattern, kept)).actions
        for read in _READS:
            found = self._catalog.expand([ActionPattern(read)]).actions
            holds = beyond and not statement.not_action
            if found <= left and (holds or any(pattern_contains(fold_case(name), fold_case(read)) for name in names)):
                kept.append(read)
                left -= found
        if kept or left:
            yield {**base, "Action": [*kept, *sorted(left)]}

    def _stays(self, pattern: str, spared: frozenset[Action]) -> bool:
        """Whether no action of a pattern is about delegation."""
        found = self._catalog.expand([ActionPattern(pattern)]).actions
        return all(not action.startswith("iam:") or action in spared for action in found)

    def _within(
        self, statement: Statement, base: dict[str, Any], affected: frozenset[Action]
    ) -> Iterator[dict[str, Any]]:
        """The parts of a statement that are, limited to the path, the boundary and the services."""
        parts = (
            (affected & self._bounded - {*_REMOVALS}, (BOUNDARY_KEY, (self._to.boundary,))),
            (affected & self._limited, None),
            (affected & {PASS_ROLE}, (_PASSED_TO, self._to.services)),
        )
        for actions, limit in parts:
            resources = self._below(statement, actions)
            if actions and resources:
                limited = _with_condition(base, *limit) if limit and limit[1] else base
                condition = {"Condition": limited["Condition"]} if "Condition" in limited else {}
                yield {"Effect": "Allow", "Action": sorted(actions), "Resource": resources, **condition}

    def _below(self, statement: Statement, actions: Iterable[Action]) -> list[str]:
        """The resources of a statement that are below the path. Names of the caller stay."""
        types = {used.type for action in actions for used in self._catalog.detail(action).resources}
        paths = [self._to.below_path(kind) for kind in _TYPES if kind in types]
        if statement.not_resource:
            named = statement.resources
            return [path for path in paths if not any(resources_intersect(path, other) for other in named)]
        own = [pattern for pattern in statement.resources if "${" in pattern]
        found = (intersect_resources(path, pattern) for path in paths for pattern in statement.resources)
        return sorted({*own, *filter(None, found)})


_REPLACED: Final = ("Action", "NotAction", "Resource", "NotResource")


def _with_condition(base: dict[str, Any], key: str, values: Sequence[str]) -> dict[str, Any]:
    """The fields with a further condition. The block keeps the conditions that it has."""
    block: dict[str, dict[str, Any]] = {name: dict(keys) for name, keys in base.get("Condition", {}).items()}
    wanted: str | list[str] = values[0] if len(values) == 1 else list(values)
    held = [
        name
        for name in _EQUALS
        if {fold_case(key): found for key, found in block.get(name, {}).items()}.get(fold_case(key)) == wanted
    ]
    if not held:
        free = next(name for name in _EQUALS if fold_case(key) not in map(fold_case, block.get(name, {})))
        block.setdefault(free, {})[key] = wanted
    return {**base, "Condition": block}


def _normal(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement with lists for single values."""
    return {
        key: sorted([value] if isinstance(value, str) else value) if key in _REPLACED else value
        for key, value in statement.items()
    }


def replaced_statements(
    policy: Policy, name: str, rewriter: CreatorRewriter
) -> tuple[list[dict[str, Any]], list[ChangedStatement]]:
    """The statements of a policy after the rewrite, and those that changed."""
    whole: list[dict[str, Any]] = []
    changed: list[ChangedStatement] = []
    for statement in policy.statements:
        old, new = json.loads(statement.text), rewriter.rewritten(statement)
        whole += [old] if new is None else new
        if new is not None:
            changed.append(ChangedStatement(name, statement.sid or str(statement.index + 1), old, new))
    return whole, changed
