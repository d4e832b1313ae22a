"""Replaces an Allow by statements within it. One of them has a condition on the tags of resources.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.globs.match import fold_case, has_wildcard, patterns_intersect, variables_as_wildcards
from lpgen.core.iam.match_resource import (
    complete_arn,
    intersect_resources,
    resource_contains,
    resource_match,
    resources_intersect,
)
from lpgen.core.model import Action, Statement
from lpgen.core.tags.types import TaggedTypes

_EVERYTHING: Final = ("*", "*:*")
_EQUALS: Final = "StringEquals"


class MadeWith(NamedTuple):
    """The actions with which resources were created, or tagged by the call that created them: always with the tag, or
    also without it."""

    tagged: frozenset[Action]
    bare: frozenset[Action]


@dataclass(frozen=True)
class TypedAllow:
    """An Allow statement as it concerns one type of resources."""

    statement: Statement
    type: str
    types: TaggedTypes
    partition: str

    @cached_property
    def service(self) -> str:
        """The prefix of the type's service."""
        return self.type.partition(":")[0]

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """The actions of the service that it allows, sorted."""
        catalog, statement = self.types.catalog, self.statement
        expand = catalog.expand_not if statement.not_action else catalog.expand
        found = expand(statement.patterns).actions
        return tuple(action for action in catalog.service_actions(self.service) if action in found)

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """The patterns that can match resources of the type."""
        globs = self.types.globs(self.type, self.partition)
        plain = ((pattern, variables_as_wildcards(pattern)) for pattern in self.statement.resources)
        return tuple(pattern for pattern, wide in plain if any(_meet(wide, glob) for glob in globs))

    @cached_property
    def narrowed(self) -> tuple[str, ...]:
        """The same, limited to the type where one pattern can say it."""
        return tuple(dict.fromkeys(part or pattern for pattern, part in self._within(self.type)))

    def _within(self, type_: str) -> Iterator[tuple[str, str | None]]:
        """Each pattern with its part of a type; None if no pattern is known for the part."""
        for pattern in self.statement.resources:
            wide = variables_as_wildcards(pattern)
            for glob in self.types.globs(type_, self.partition):
                if _meet(wide, glob):
                    inside = resource_contains(glob, wide)
                    yield (
                        pattern,
                        pattern if inside else None if wide != pattern else intersect_resources(pattern, glob),
                    )

    @cached_property
    def heeding(self) -> frozenset[Action]:
        """The actions on existing resources of the type that heed tags."""
        made = (one for one in self.actions if self.types.heeds(one, self.type))
        return frozenset(action for action in made if not self.types.creates(action, self.type))

    def matches(self, resource: str) -> bool:
        """Whether it covers a resource. Variables match any text."""
        return any(resource_match(variables_as_wildcards(pattern), resource) for pattern in self.patterns)

    @property
    def has_wildcard(self) -> bool:
        """Whether a pattern for the type has a wildcard."""
        return any(map(has_wildcard, self.patterns))

    def has_condition_on(self, key: str) -> bool:
        """Whether it already has a condition on this tag of the resource or request."""
        ends = (f":resourcetag/{fold_case(key)}", f":requesttag/{fold_case(key)}")
        return any(fold_case(one.key).endswith(ends) for one in self.statement.conditions)

    # ---------------------------------------------------------------- rewriting

    def rewritten(
        self, key: str, values: Sequence[str], made: MadeWith, taken: Collection[str], *, is_short: bool = False
    ) -> tuple[dict[str, Any], ...] | None:
        """The statements in its place; None if it can't be split. `taken` are the Sids of the other statements.

        `is_short`: for all resources, a wildcard in the actions stays, and the condition is also on actions that don't
        take the type.
        """
        is_short = is_short and self._is_of_everything
        tagged, requested, kept = self._actions_by_part(made, is_short=is_short)
        others, more = self._beside(), self._of_other_services()
        if others is None or more is None:
            return None
        old, fields = self._old(), ("Effect", "Action", "NotAction")
        same = {name: old[name] for name in fields if name in old}
        conditions = {part: self._condition(f"aws:{part}Tag/{key}", values) for part in ("Resource", "Request")}
        found = [_allow(tagged, self.narrowed, conditions["Resource"])]
        if is_short:
            found = [{**same, "Resource": _one_or_many(self.narrowed), **conditions["Resource"]}]
        bare = [action for action in requested if self.type not in self.types.types(action)]
        found.append(_allow({*requested} - {*bare}, self.narrowed, conditions["Request"]))
        found.append(_allow(bare, self.statement.resources, conditions["Request"]))
        found.append(_allow([*kept, *more], self.statement.resources, self._condition()))
        found.append({**same, "Resource": _one_or_many(others), **self._condition()} if others else {})
        if self._is_of_everything:
            apart = self.types.globs(self.type, self.partition)
            found.append({**same, "NotResource": _one_or_many(apart), **self._condition()})
        elif self.statement.not_action or any(pattern in _EVERYTHING for pattern in self.statement.patterns):
            without = [*(self.statement.patterns if self.statement.not_action else ()), f"{self.service}:*"]
            resources = _one_or_many(self.statement.resources)
            found.append({"Effect": "Allow", "NotAction": without, "Resource": resources, **self._condition()})
        return tuple(_with_sids(filter(None, found), self.statement.sid, taken))

    def _old(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.statement.text)
        return found

    @property
    def _is_of_everything(self) -> bool:
        return "*" in self.statement.resources

    def _actions_by_part(self, made: MadeWith, *, is_short: bool) -> tuple[list[Action], list[Action], list[Action]]:
        """The actions with a condition on tags of the resource, those with one on tags in the request, and those
        without one."""
        requested = [one for one in self.actions if one in made.tagged and self.types.requests_tags(one)]
        tagged = [one for one in self.actions if one in self.heeding - made.bare]
        rest = (one for one in self.actions if one not in {*tagged, *requested})
        kept = [one for one in rest if not is_short or self.type in self.types.types(one)]
        return tagged, requested, kept

    def _beside(self) -> list[str] | None:
        """The parts of the patterns that other types of the service have, without those that contain each other; None
        if no pattern separates them from the type's."""
        found: list[str] = []
        own = self.types.globs(self.type, self.partition)
        for type_ in self.types.of_service(self.service):
            if type_ == self.type:
                continue
            parts = list(self._within(type_))
            if self._is_of_everything:
                globs = self.types.globs(type_, self.partition)
                parts = [("*", glob) for glob in globs if any(_meet(glob, one) for one in own)]
            if None in {part for _, part in parts}:
                return None
            found += [part for _, part in parts if part]
        if any(resource_contains(part, variables_as_wildcards(one)) for part in found for one in self.narrowed):
            return None
        texts = sorted(set(found))
        return [one for one in texts if not any(other != one and resource_contains(other, one) for other in texts)]

    def _of_other_services(self) -> list[str] | None:
        """The patterns of actions of other services and those that the catalog doesn't know; None if a pattern names
        some actions of all services."""
        if self.statement.not_action or self._is_of_everything:
            return []
        unknown = {problem.pattern for problem in self.types.catalog.expand(self.statement.patterns).problems}
        own = f"{self.service}:"
        kept = (one for one in self.statement.patterns if not fold_case(one).startswith(own) or one in unknown)
        others = [str(pattern) for pattern in kept if pattern not in _EVERYTHING]
        return None if any(pattern.startswith("*") for pattern in others) else others

    def _condition(self, name: str = "", values: Sequence[str] = ()) -> dict[str, Any]:
        """The old condition, with one on a tag."""
        block = dict(self._old().get("Condition", {}))
        block |= {_EQUALS: {**block.get(_EQUALS, {}), name: _one_or_many(values)}} if name else {}
        return {"Condition": block} if block else {}


def _allow(actions: Iterable[str], resources: Sequence[str], condition: Mapping[str, Any]) -> dict[str, Any]:
    """A statement, or nothing without actions."""
    fields = {"Effect": "Allow", "Action": _one_or_many(actions), "Resource": _one_or_many(resources), **condition}
    return fields if fields["Action"] else {}


def _meet(a: str, b: str) -> bool:
    """Whether two patterns have a real ARN in common, whose Region and account have no colons."""
    if not resources_intersect(a, b):
        return False
    fields = [complete_arn(one).split(":", ARN_FIELDS - 1) for one in (a, b)]
    return "*" in (a, b) or all(patterns_intersect(one, other) for one, other in zip(*fields, strict=False))


def _one_or_many(values: Iterable[str]) -> str | list[str]:
    ordered = sorted(set(values))
    return ordered[0] if len(ordered) == 1 else ordered


def _with_sids(statements: Iterable[Mapping[str, Any]], sid: str, taken: Collection[str]) -> Iterator[dict[str, Any]]:
    """The statements with the old Sid, and with a number from the second one."""
    used, number = {*taken}, 1
    for statement in statements:
        name = sid if number == 1 else f"{sid}{number}"
        while sid and name in used:
            number += 1
            name = f"{sid}{number}"
        used.add(name)
        number += 1
        yield {"Sid": name, **statement} if sid else dict(statement)
