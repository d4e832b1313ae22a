"""What the tables show about tagged resources: their use, the calls that wrote their tags, and their tags."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from itertools import product
from typing import Final, NamedTuple

from lpgen.core.cloudtrail.operation_rows import strip_version
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.globs.match import fold_case
from lpgen.core.model import Action, Outcome, Principal, ResourceKind
from lpgen.core.tags.types import TaggedTypes
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.foreign_callers import arns_by_id
from lpgen.core.usage.tables import Usage

Tags = tuple[tuple[str, str], ...]
"""The tags of a resource: pairs of key and value."""

_COLUMNS: Final = (
    *("principal", "principal_id", "recipient_account", "region", "event_source", "event_name", "action"),
    *("resource", "resource_kind", "vpc_endpoint", "context", "outcome", "error_code", "day"),
)
_TAG_COLUMNS: Final = ("principal", "account", "event_source", "event_name", "tag_key", "tag_value")


class Event(NamedTuple):
    """An operation that a principal called, and the account whose log has it."""

    principal: str
    account: str
    source: str
    name: str


class TagUse(NamedTuple):
    """Allowed use of an action on a resource of a type. `keys` are the keys of the tags that the call sets. `creates`:
    the call created the resource."""

    event: Event
    action: Action
    resource: str
    kind: ResourceKind
    type: str
    region: str
    endpoint: str
    context: str
    keys: frozenset[str]
    creates: bool

    def sets(self, key: str) -> bool:
        """Whether the call sets or removes a tag."""
        return any(fold_case(name) == fold_case(key) for name in self.keys)


@dataclass(frozen=True, slots=True)
class KnownTag:
    """A tag of a resource, with the values of all keys that differ only in case."""

    key: str
    values: tuple[str, ...]

    @property
    def value(self) -> str:
        """The value of the first key."""
        return self.values[0]

    @property
    def is_ambiguous(self) -> bool:
        """Whether there are several such keys. AWS doesn't say which of them a condition compares."""
        return len(self.values) > 1


class UseOfTags:
    """The uses of some types of resources with their days, and the tags of resources.

    `listed` are the tags of resources that AWS lists now. Uses of other types don't matter, because a condition must
    shut out a listed resource.
    """

    def __init__(
        self, usage: Usage, principals: Iterable[Principal], listed: Mapping[str, Tags], types: TaggedTypes
    ) -> None:
        self._usage, self._types, self._known = usage, types, arns_by_id(principals)
        self.listed: dict[str, list[str]] = defaultdict(list)
        self._tags = {arn: _by_key(tags) for arn, tags in listed.items()}
        self.tags_of = cache(self._tags_of)
        for arn in sorted(listed):
            self.listed[types.type_of(arn)].append(arn)
        self.listed.pop("", None)
        self.uses: dict[str, dict[TagUse, set[date]]] = defaultdict(lambda: defaultdict(set))
        self._writes: dict[str, dict[TagUse, set[date]]] = defaultdict(lambda: defaultdict(set))
        for use, day in self._read():
            days = {day} if day else set()
            self.uses[use.event.principal][use].update(days)
            if use.creates or self.is_write(use):
                self._writes[use.resource][use].update(days)

    def _read(self) -> Iterator[tuple[TagUse, date | None]]:
        types, catalog = self._types, self._types.catalog
        services = {type_.partition(":")[0] for type_ in self.listed}
        errors = catalog.facts(ErrorCodes)
        for *row, outcome, error, day in table_rows(self._usage.table, _COLUMNS):
            principal, unique_id, account, region, source, name, action, resource, kind, endpoint, context = row
            if outcome != Outcome.ALLOWED or action.partition(":")[0] not in services or errors.says_missing(error):
                continue
            taken = types.types(action) if catalog.canonical(action) == action else ()
            type_ = types.type_of(resource) or (taken[0] if len(taken) == 1 else "")
            if type_ in self.listed and kind != ResourceKind.NONE:
                arn = principal if principal.startswith("arn:") else self._known.get(unique_id, "")
                made = catalog.canonical(f"{type_.partition(':')[0]}:{strip_version(name)}")
                creates = made is not None and types.creates(made, type_)
                event = Event(arn, account, source, name)
                place = (resource, ResourceKind(kind), type_, region, endpoint, context)
                yield TagUse(event, action, *place, _keys(context), creates), day

    def is_write(self, use: TagUse) -> bool:
        """Whether a use wrote tags of an existing resource."""
        return use.action in self._types.writes(use.type) and not use.creates

    # ---------------------------------------------------------------- tags

    @cached_property
    def _values(self) -> Mapping[tuple[Event, str], frozenset[str]]:
        found: dict[tuple[Event, str], set[str]] = defaultdict(set)
        for *event, key, value in table_rows(self._usage.tags, _TAG_COLUMNS):
            found[Event(*event), fold_case(key)].add(value)
        return {key: frozenset(values) for key, values in found.items()}

    def values_set(self, use: TagUse, key: str) -> frozenset[str]:
        """The values to which the calls of a use may have set a tag."""
        return self._values.get((use.event, fold_case(key)), frozenset()) if use.sets(key) else frozenset()

    def is_listed(self, resource: str) -> bool:
        """Whether AWS lists the tags of a resource now."""
        return resource in self._tags

    def _tags_of(self, resource: str) -> Mapping[str, KnownTag]:
        """The known tags of a resource by their keys in lower case: those listed, or else those that the logs show.

        A tag in the logs is known if the calls that created the resource or wrote the tag set only one value.
        """
        return self._tags[resource] if resource in self._tags else dict(self._from_logs(resource))

    def possible_tags(self, resource: str) -> Iterator[dict[str, str]]:
        """The known tags of a resource, once with each value of a tag whose keys differ only in case."""
        tags = self.tags_of(resource).values()
        for values in product(*(tag.values for tag in tags)):
            yield dict(zip((tag.key for tag in tags), values, strict=True))

    def _from_logs(self, resource: str) -> Iterator[tuple[str, KnownTag]]:
        writes = list(self._writes.get(resource, ()))
        if not any(use.creates for use in writes) or any(not use.keys and not use.creates for use in writes):
            return
        for key in sorted({key for use in writes for key in use.keys}):
            setting = [use for use in writes if use.sets(key)]
            values = frozenset[str]().union(*(self.values_set(use, key) for use in setting))
            if len(values) == 1 and "*" not in values and all(not self._types.removes(use.action) for use in setting):
                yield fold_case(key), KnownTag(key, tuple(values))

    def changed(self, resource: str, key: str, since: date) -> bool:
        """Whether a call may have changed a tag of an existing resource on or after a day."""
        return any(
            self.is_write(use) and (not use.keys or use.sets(key)) and max(days, default=date.max) >= since
            for use, days in self._writes.get(resource, {}).items()
        )

    def writers_seen(self, type_: str, key: str) -> set[str]:
        """The principals that set a tag of resources of a type."""
        found = (use for uses in self._writes.values() for use in uses if use.type == type_ and use.sets(key))
        return {use.event.principal for use in found} - {""}


def _keys(context: str) -> frozenset[str]:
    """The keys of the tags that a call sets, by the context of its row."""
    return frozenset(json.loads(context)["aws:TagKeys"]) if '"aws:TagKeys"' in context else frozenset()


def _by_key(tags: Tags) -> dict[str, KnownTag]:
    """The tags by their keys in lower case.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    found: dict[str, KnownTag] = {}
    for key, value in sorted(tags):
        folded = fold_case(key)
        known = found.get(folded, KnownTag(key, ()))
        found[folded] = KnownTag(known.key, (*known.values, value))
    return found
