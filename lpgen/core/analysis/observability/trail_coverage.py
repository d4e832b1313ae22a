"""The events that trails record by their settings: whether they record each event that use of an action would leave.

Use of an action may leave several kinds of events: in one Region or another, read-only or not, under one event name or
another, on one resource or another. The logs would have shown use only if some trail records each of them.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Final

from lpgen.core.analysis.grants.granting import ANY_REGION, granted_regions
from lpgen.core.analysis.observability.recorded_calls import GLOBAL_EVENTS, ONE_REGION, home_region_of_trail
from lpgen.core.arns import container_of, split_arn
from lpgen.core.evidence import SIDE_WORDS, Grant
from lpgen.core.globs.match import glob_match
from lpgen.core.model import Action
from lpgen.core.trails import CALLER_FIELD, NEGATIVE, RESOURCE_FIELD, FieldOperator, FieldTest, Selector, Trail

_PATTERNS: Final = 4096
"""Cache size: each pattern is tested for every event name and test."""

_MOST_QUOTED: Final = 2
"""Quote at most this many selectors of a trail as the reason."""


@dataclass(frozen=True, slots=True, order=True)
class Events:
    """The events that use of an action of a service would leave. `names` may be empty if no trail tests them.

    `resources` are the patterns of the grants, for data events; `kind` is their `resources.type`, "" for management
    events. `regions` may hold `ANY_REGION`. `callers` are the patterns of `session_arns`, empty for any caller.
    """

    service: str
    category: str
    kind: str
    sides: tuple[bool, ...]
    sources: tuple[str, ...]
    names: tuple[str, ...]
    resources: tuple[str, ...]
    regions: tuple[str, ...]
    callers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _ExpectedEvent:
    """One of these events."""

    events: Events
    region: str
    read_only: bool
    source: str
    name: str
    resource: str


def recording_trails(events: Events, trails: Sequence[Trail]) -> tuple[frozenset[Trail], ...] | str:
    """The trails that record each kind of event that use would leave, or why no trail records one of them.

    The reason is a clause that names the missing events.
    """
    parts = product(events.regions, events.sides, events.sources or ("",), events.names or ("",), events.resources)
    found: list[frozenset[Trail]] = []
    for event in (_ExpectedEvent(events, *part) for part in parts):
        recording = frozenset(trail for trail in trails if not _trail_leaves_out(event, trail))
        if not recording:
            return _reason(event, trails)
        found.append(recording)
    return tuple(found)


_NO_GLOBAL: Final = "excludes the events of global services"
_NO_CATEGORY: Final = "records no {category} events"
_NO_SELECTOR: Final = "has no selector for such events"
_ONLY: Final = "records only events with {tests}"


def _trail_leaves_out(event: _ExpectedEvent, trail: Trail) -> str:
    """Why a trail doesn't record an event, as a clause, or "" if it does."""
    home = home_region_of_trail(trail.arn)
    if event.region == home and event.events.service in GLOBAL_EVENTS and not trail.global_events:
        return _NO_GLOBAL
    if not trail.multi_region and event.region != trail.home_region:
        return f"records only {trail.home_region}"
    what = event.events
    if all(selector.category != what.category for selector in trail.selectors):
        return _NO_CATEGORY.format(category=what.category.lower())
    selectors = [selector for selector in trail.selectors if _is_about(selector, what.category, what.kind)]
    if not selectors:
        return _NO_SELECTOR
    failed = sorted({_failed_test(event, selector) for selector in selectors})
    if "" in failed:
        return ""
    more = f" (and {len(failed) - _MOST_QUOTED:,} more)" if len(failed) > _MOST_QUOTED else ""
    return _ONLY.format(tests=" or ".join(failed[:_MOST_QUOTED]) + more)


def trails_of_kind(trails: Iterable[Trail], kind: str) -> frozenset[Trail]:
    """The trails that record data events of a `resources.type`, on any resources."""
    return frozenset(
        trail for trail in trails if any(_is_about(selector, "Data", kind) for selector in trail.selectors)
    )


def _is_about(selector: Selector, category: str, kind: str) -> bool:
    """Whether a selector is for events of a category and a resource type, regardless of its other tests."""
    types = (test for test in selector.tests if test.field == "resources.type")
    return selector.category == category and all(_fits(test, kind) for test in types)


def _failed_test(event: _ExpectedEvent, selector: Selector) -> str:
    """The first test of a selector that an event doesn't pass, or ""."""
    return next((str(test) for test in selector.tests if not _passes(event, test)), "")


def _passes(event: _ExpectedEvent, test: FieldTest) -> bool:
    """Whether every event of this kind passes a test; false for fields that a grant doesn't decide."""
    match test.field:
        case "readOnly":
            return _fits(test, "true" if event.read_only else "false")
        case "eventSource":
            return _fits(test, event.source)
        case "eventName":
            return bool(event.name) and _fits(test, event.name)
        case "resources.type":
            return _fits(test, event.events.kind)
        case field if field == RESOURCE_FIELD:
            return _all_fit(test, as_recorded(event.resource, event.events.kind))
        case field if field == CALLER_FIELD:
            callers = event.events.callers
            return bool(callers) and all(_all_fit(test, caller) for caller in callers)
        case _:
            return False


def _fits(test: FieldTest, value: str) -> bool:
    match test.operator:
        case FieldOperator.EQUALS | FieldOperator.NOT_EQUALS:
            found = value in test.values
        case FieldOperator.STARTS_WITH | FieldOperator.NOT_STARTS_WITH:
            found = value.startswith(test.values)
        case FieldOperator.ENDS_WITH | FieldOperator.NOT_ENDS_WITH:
            found = value.endswith(test.values)
    return found is not (test.operator in NEGATIVE)


OBJECTS: Final = "AWS::S3::Object"
_NAMED_BY_CONTAINER: Final = frozenset({"AWS::DynamoDB::Table", "AWS::Lambda::Function"})


def as_recorded(pattern: str, kind: str) -> str:
    """A pattern as records name the resource.

    A bucket is the prefix of its objects, `arn:aws:s3:::name/`, an index its table, and a version its function.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    if kind in _NAMED_BY_CONTAINER:
        return container_of(pattern)
    bucket = kind == OBJECTS and pattern.startswith("arn:") and "/" not in pattern
    return f"{pattern}/" if bucket and not has_open_part(pattern) else pattern


@lru_cache(maxsize=_PATTERNS)
def has_open_part(pattern: str) -> bool:
    """Whether a policy's pattern holds a wildcard or a variable."""
    return any(mark in pattern for mark in ("*", "?", "${"))


def _all_fit(test: FieldTest, pattern: str) -> bool:
    """Whether every ARN that a pattern matches passes a test on `resources.ARN` or `userIdentity.arn`."""
    head, tail = literal_start(pattern), literal_end(pattern)
    is_open = has_open_part(pattern)
    match test.operator:
        case FieldOperator.EQUALS:
            return not is_open and pattern in test.values
        case FieldOperator.STARTS_WITH:
            return any(head.startswith(value) for value in test.values)
        case FieldOperator.ENDS_WITH:
            return any(tail.endswith(value) for value in test.values)
        case FieldOperator.NOT_EQUALS:
            return "${" not in pattern and not any(glob_match(pattern, value) for value in test.values)
        case FieldOperator.NOT_STARTS_WITH:
            return not any(_overlap(head, value, is_open=is_open) for value in test.values)
        case FieldOperator.NOT_ENDS_WITH:
            return not any(_overlap(tail[::-1], value[::-1], is_open=is_open) for value in test.values)


def _overlap(known: str, value: str, *, is_open: bool) -> bool:
    """Whether a text with a known start may start with a value."""
    return known.startswith(value) or (is_open and value.startswith(known))


def may_start_with(pattern: str, value: str) -> bool:
    """Whether a pattern matches any text that starts with a value."""
    return _overlap(literal_start(pattern), value, is_open=has_open_part(pattern))


@lru_cache(maxsize=_PATTERNS)
def literal_start(pattern: str) -> str:
    """The literal text that everything a pattern matches starts with."""
    ends = [at for mark in ("*", "?", "${") if (at := pattern.find(mark)) >= 0]
    return pattern[: min(ends, default=len(pattern))]


@lru_cache(maxsize=_PATTERNS)
def literal_end(pattern: str) -> str:
    """The literal text that everything a pattern matches ends with."""
    return pattern[max(pattern.rfind(mark) for mark in ("*", "?", "}")) + 1 :] if has_open_part(pattern) else pattern


# ---------------------------------------------------------------- events by grants


def tests_field(trails: Iterable[Trail], category: str, field: str) -> bool:
    """Whether any selector of a category tests a field."""
    selectors = (selector for trail in trails for selector in trail.selectors if selector.category == category)
    return any(test.field == field for selector in selectors for test in selector.tests)


FEDERATES: Final = Action("sts:GetFederationToken")
"""A user that is granted this action may call with sessions that have another ARN."""


def session_arns(principal: str, *, federates: bool) -> tuple[str, ...]:
    """The patterns of `userIdentity.arn` in the records of a principal's calls.

    For a role these are its sessions, whose ARNs have its name without its path. Calls that a service makes with a
    session have the ARN of this session. A user calls with its own ARN, and, if it `federates`, with sessions of any
    name.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    fields = split_arn(principal)
    sessions = f"arn:{fields.partition}:sts::{fields.account}:"
    if fields.name.startswith("role/"):
        return (f"{sessions}assumed-role/{fields.name.rpartition('/')[2]}/*",)
    return (principal, f"{sessions}federated-user/*") if federates else (principal,)


def without_exclusions(trails: Iterable[Trail], kind: str) -> tuple[tuple[Trail, ...], frozenset[str]]:
    """The trails as if their selectors of a `resources.type` excluded no resources, and patterns of these resources.

    What these trails record and the real ones don't is on resources of these patterns.
    """
    found: list[Trail] = []
    excluded: set[str] = set()
    for trail in trails:
        selectors: list[Selector] = []
        for selector in trail.selectors:
            left_out = [test for test in selector.tests if test.field == RESOURCE_FIELD and test.operator in _EXCLUDING]
            if _is_about(selector, "Data", kind):
                excluded.update(pattern for test in left_out for pattern in _excluded(test, kind))
            selectors.append(replace(selector, tests=tuple(test for test in selector.tests if test not in left_out)))
        found.append(replace(trail, selectors=tuple(selectors)))
    return tuple(found), frozenset(excluded)


_EXCLUDING: Final = (FieldOperator.NOT_EQUALS, FieldOperator.NOT_STARTS_WITH)


def _excluded(test: FieldTest, kind: str) -> Iterator[str]:
    """The patterns in policies of what a test excludes. Records name contents by their container: `as_recorded`."""
    for value in test.values:
        yield value if test.operator is FieldOperator.NOT_EQUALS else f"{value}*"
        if kind == OBJECTS and value.endswith("/"):
            yield value.removesuffix("/")
        elif kind in _NAMED_BY_CONTAINER:
            yield from (f"{value}/*", f"{value}:*")


def regions_of_events(service: str, grants: Iterable[Grant], trails: Sequence[Trail]) -> tuple[str, ...]:
    """The Regions in which use of an action of a service may be recorded; `ANY_REGION` if its grants name none."""
    home = home_region_of_trail(trails[0].arn if trails else "")
    if service in ONE_REGION:
        return (home,)
    found: set[str] = {home} if service in GLOBAL_EVENTS else set()
    for grant in grants:
        found |= granted_regions(grant) or {ANY_REGION}
    return tuple(sorted(found))


def resources_of_events(grants: Iterable[Grant]) -> tuple[str, ...]:
    """The resource patterns of an action's grants, sorted; `*` for a `NotResource`."""
    found: set[str] = set()
    for grant in grants:
        found |= {"*"} if grant.statement.not_resource else set(grant.statement.resources)
    return tuple(sorted(found)) or ("*",)


# ---------------------------------------------------------------- sentences


_NO_TRAIL: Final = "no trail in the settings records the account"
_DATA_EVENT: Final = "it leaves a data event of {kind} on {resource}"
_ANY_MANAGEMENT_EVENT: Final = "it leaves a management event, read-only or not"
_MANAGEMENT_EVENT: Final = "it leaves a {side} management event"


def _reason(event: _ExpectedEvent, trails: Sequence[Trail]) -> str:
    """Why no trail records an event: the reason of each trail."""
    if not trails:
        return _NO_TRAIL
    reasons: dict[str, list[str]] = {}
    for trail in trails:
        reasons.setdefault(_trail_leaves_out(event, trail), []).append(trail.name)
    by_trail = (f"trail {', '.join(sorted(names))} {reason}" for reason, names in sorted(reasons.items()))
    return f"{_words(event)}, and {'; '.join(by_trail)}"


def _words(event: _ExpectedEvent) -> str:
    what = event.events
    if what.category == "Data":
        return _DATA_EVENT.format(kind=what.kind, resource=event.resource)
    if len(what.sides) > 1:
        return _ANY_MANAGEMENT_EVENT
    return _MANAGEMENT_EVENT.format(side=SIDE_WORDS[event.read_only])
