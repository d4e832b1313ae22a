"""Replaces an Allow by statements within it. One of them has a condition on the tags of resources.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
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
from lpgen.core.iam.policy import one_or_many
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
        return tuple(dict.fromkeys(pattern for pattern, _ in self._within(self.type)))

    @cached_property
    def narrowed(self) -> tuple[str, ...]:
        """The same, limited to the type where one pattern can say it."""
        return tuple(dict.fromkeys(part or pattern for pattern, part in self._within(self.type)))

    def _within(self, type_: str) -> Iterator[tuple[str, str | None]]:
        """Each pattern that can match resources of a type, with its part of the type; None if no pattern is known for
        the part."""
        for pattern in self.statement.resources:
            wide = variables_as_wildcards(pattern)
            for glob in self._globs(type_):
                if not _meet(wide, glob) or self._is_elsewhere(wide, glob):
                    continue
                if resource_contains(glob, wide):
                    yield pattern, pattern
                else:
                    yield pattern, intersect_resources(pattern, glob) if wide == pattern else None

    def _is_elsewhere(self, pattern: str, glob: str) -> bool:
        """Whether a pattern lies wholly in another format of the service, as that of the indexes in all tables.

        A `*` in place of a name also matches `/` and `:`, so it matches what a resource of the type contains.
        """
        others = (other for type_ in self.types.of_service(self.service) for other in self._globs(type_))
        return any(resource_contains(other, pattern) and not resource_contains(other, glob) for other in others)

    def _globs(self, type_: str) -> tuple[str, ...]:
        return self.types.globs(type_, self.partition)

    @cached_property
    def heeding(self) -> frozenset[Action]:
        """The actions on existing resources of the type that heed tags."""
        made = (action for action in self.actions if self.types.heeds(action, self.type))
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
        return any(fold_case(condition.key).endswith(ends) for condition in self.statement.conditions)

    # ---------------------------------------------------------------- rewriting

    def rewritten(
        self, key: str, values: Sequence[str], made: MadeWith, taken: Collection[str], *, is_short: bool = False
    ) -> tuple[dict[str, Any], ...]:
        """The statements in its place; none if it can't be split. `taken` are the Sids of the other statements.

        `is_short`: for all resources, a wildcard in the actions stays, and the condition is also on actions that don't
        take the type.
        """
        is_short = is_short and self._is_of_everything
        beside, more = self._beside(), self._of_other_services()
        if beside is None or more is None:
            return ()
        tagged, requested, kept = self._actions_by_part(made, is_short=is_short)
        without_type = {action for action in requested if self.type not in self.types.types(action)}
        same = {name: value for name, value in self._old.items() if name in ("Action", "NotAction")}
        inside, anywhere = _on(self.narrowed), _on(self.statement.resources)
        parts = [
            (same if is_short else _to(tagged), inside, "Resource"),
            (_to({*requested} - without_type), inside, "Request"),
            (_to(without_type), anywhere, "Request"),
            (_to([*kept, *more]), anywhere, ""),
            (same if beside else {}, _on(beside), ""),
        ]
        if self._is_of_everything:
            parts.append((same, {"NotResource": one_or_many(self._globs(self.type))}, ""))
        elif self.statement.not_action or any(pattern in _EVERYTHING for pattern in self.statement.patterns):
            excepted = self.statement.patterns if self.statement.not_action else ()
            parts.append(({"NotAction": [*excepted, f"{self.service}:*"]}, anywhere, ""))
        found = (
            {"Effect": "Allow", **what, **where, **self._condition(f"aws:{of}Tag/{key}" if of else "", values)}
            for what, where, of in parts
            if what
        )
        return tuple(_with_sids(found, self.statement.sid, taken))

    @cached_property
    def _old(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.statement.text)
        return found

    @property
    def _is_of_everything(self) -> bool:
        return "*" in self.statement.resources

    def _actions_by_part(self, made: MadeWith, *, is_short: bool) -> tuple[list[Action], list[Action], list[Action]]:
        """The actions with a condition on tags of the resource, those with one on tags in the request, and those
        without one."""
        requested = [action for action in self.actions if action in made.tagged and self.types.requests_tags(action)]
        tagged = [action for action in self.actions if action in self.heeding - made.bare]
        rest = (action for action in self.actions if action not in {*tagged, *requested})
        kept = [action for action in rest if not is_short or self.type in self.types.types(action)]
        return tagged, requested, kept

    def _beside(self) -> list[str] | None:
        """The parts of the patterns that other types of the service have, without those that contain each other; None
        if no pattern separates them from the type's."""
        own = self._globs(self.type)
        others = (type_ for type_ in self.types.of_service(self.service) if type_ != self.type)
        found = {part for type_ in others for _, part in self._within(type_)}
        parts = sorted(part for part in found if part)
        if self._is_of_everything:  # NotResource leaves out only what meets the type
            parts = [part for part in parts if any(_meet(part, glob) for glob in own)]
        elif None in found:
            return None
        if any(resource_contains(part, variables_as_wildcards(pattern)) for part in parts for pattern in self.narrowed):
            return None
        return [part for part in parts if not any(other != part and resource_contains(other, part) for other in parts)]

    def _of_other_services(self) -> list[str] | None:
        """The patterns of actions of other services and those that the catalog doesn't know; None if a pattern names
        some actions of all services."""
        if self.statement.not_action or self._is_of_everything:
            return []
        unknown = {problem.pattern for problem in self.types.catalog.expand(self.statement.patterns).problems}
        own = f"{self.service}:"
        known = (pattern for pattern in self.statement.patterns if pattern not in _EVERYTHING)
        others = [str(name) for name in known if not fold_case(name).startswith(own) or name in unknown]
        return None if any(pattern.startswith("*") for pattern in others) else others

    def _condition(self, name: str = "", values: Sequence[str] = ()) -> dict[str, Any]:
        """The old condition, with one on a tag."""
        block = dict(self._old.get("Condition", {}))
        block |= {_EQUALS: {**block.get(_EQUALS, {}), name: one_or_many(values)}} if name else {}
        return {"Condition": block} if block else {}


def _to(actions: Collection[str]) -> dict[str, Any]:
    return {"Action": one_or_many(actions)} if actions else {}


def _on(resources: Collection[str]) -> dict[str, Any]:
    return {"Resource": one_or_many(resources)}


def _meet(a: str, b: str) -> bool:
    """Whether two patterns have a real ARN in common, whose Region and account have no colons."""
    if not resources_intersect(a, b):
        return False
    fields = [complete_arn(pattern).split(":", ARN_FIELDS - 1) for pattern in (a, b)]
    return "*" in (a, b) or all(patterns_intersect(ours, theirs) for ours, theirs in zip(*fields, strict=False))


def _with_sids(statements: Iterable[Mapping[str, Any]], sid: str, taken: Collection[str]) -> Iterator[dict[str, Any]]:
    """The statements with the old Sid, and with a number from the second one."""
    numbered = (f"{sid}{number}" if number > 1 else sid for number in count(1))
    names = (name for name in numbered if name not in taken)
    for statement in statements:
        yield {"Sid": next(names), **statement} if sid else dict(statement)
