"""Event selectors for resource patterns, within CloudTrail's quota of values.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, NamedTuple

from lpgen.core.analysis.observability.trail_coverage import (
    OBJECTS,
    Events,
    as_recorded,
    has_open_part,
    literal_end,
    literal_start,
)
from lpgen.core.trails import CALLER_FIELD, RESOURCE_FIELD, FieldOperator, FieldTest, Selector

MOST_VALUES: Final = 500
"""How many values all conditions of a trail's advanced event selectors may have in total.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
"""

_ARN_FIELDS: Final = (RESOURCE_FIELD, CALLER_FIELD)
_NAME_FIELD: Final = 5


class Selection(NamedTuple):
    """The data events of a `resources.type` on resources whose ARN passes a test, or on all resources if `value` is "".

    `sides` are the `readOnly` values of the events. `caller` is the ARN of the only caller, or the start of the ARNs of
    its sessions; "" for any caller.
    """

    kind: str
    sides: tuple[bool, ...]
    operator: FieldOperator
    value: str
    caller: str = ""

    @property
    def is_named(self) -> bool:
        """Whether it selects one resource, such as a bucket, by name."""
        is_bucket = self.kind == OBJECTS and self.value.endswith("/")
        return is_bucket or self.operator is FieldOperator.EQUALS


def selections_of_events(events: Events, *, by_caller: bool = True) -> Iterator[Selection]:
    """The narrowest selections that contain all of the events.

    Patterns of many resources, whose events may be those of the whole account, are selected `by_caller`: only the
    principal's own events. Its grants already limit these to the patterns.
    """
    caller = events.callers[0].removesuffix("*") if by_caller and len(events.callers) == 1 else ""
    for pattern in events.resources:
        operator, value = _test_of_pattern(as_recorded(pattern, events.kind), events.kind)
        found = Selection(events.kind, events.sides, operator, value)
        if caller and not found.is_named:
            found = found._replace(operator=FieldOperator.STARTS_WITH, value="", caller=caller)
        yield found


def _test_of_pattern(pattern: str, kind: str) -> tuple[FieldOperator, str]:
    """The test that all ARNs of a pattern pass, and as few others as possible. Its value is "" if no test fits.

    A pattern with any Region is tested by its end.
    """
    if not has_open_part(pattern):
        is_bucket = kind == OBJECTS and pattern.endswith("/")
        return (FieldOperator.STARTS_WITH if is_bucket else FieldOperator.EQUALS), pattern
    start, end = literal_start(pattern), literal_end(pattern)
    if is_start_of_name(start):
        return FieldOperator.STARTS_WITH, start
    if end.count(":") and not end.startswith(":"):
        end = end[end.index(":") :]
    if end.strip(":") and (kind != OBJECTS or "/" in end):
        return FieldOperator.ENDS_WITH, end
    return FieldOperator.STARTS_WITH, start if start.count(":") >= _NAME_FIELD and kind != OBJECTS else ""


def is_start_of_name(text: str) -> bool:
    """Whether a start of ARNs has a part of the resource's name."""
    return text.count(":") >= _NAME_FIELD and not text.endswith(":")


def widest_selections(selections: Iterable[Selection]) -> dict[Selection, Selection]:
    """For each selection, the widest one that contains all its events: itself, or another one.

    Selections that differ only in their sides become one.
    """
    asked = set(selections)
    sides: dict[Selection, set[bool]] = {}
    for selection in asked:
        sides.setdefault(selection._replace(sides=()), set()).update(selection.sides)
    united = {key: key._replace(sides=tuple(sorted(of))) for key, of in sides.items()}
    known = frozenset(united.values())
    widest = {
        key: next((wide for wide in _covers(selection) if wide in known), selection)
        for key, selection in united.items()
    }
    return {selection: widest[selection._replace(sides=())] for selection in asked}


def _covers(selection: Selection) -> Iterator[Selection]:
    """All selections that contain its events, the widest first."""
    ends = range(1 if selection.operator is FieldOperator.ENDS_WITH else len(selection.value) + 1)
    starts = range(len(selection.value) + 1 if selection.operator is not FieldOperator.STARTS_WITH else 0)
    # Only a selection by caller holds events on log files.
    callers = dict.fromkeys([selection.caller] if selection.kind == OBJECTS else ["", selection.caller])
    for caller, sides in product(callers, dict.fromkeys([(False, True), selection.sides])):
        for end in ends:
            yield Selection(selection.kind, sides, FieldOperator.STARTS_WITH, selection.value[:end], caller)
        for start in reversed(starts):
            yield Selection(selection.kind, sides, FieldOperator.ENDS_WITH, selection.value[start:], caller)


def selectors_of_selections(selections: Iterable[Selection], log_prefixes: tuple[str, ...]) -> tuple[Selector, ...]:
    """The selectors for some selections, without objects with these prefixes. Recording the delivery of log
    files would cause more records. A selection by caller keeps them, because no principal delivers log files."""
    return merge_selectors(_selector(selection, log_prefixes) for selection in selections)


def _selector(selection: Selection, log_prefixes: tuple[str, ...]) -> Selector:
    tests = [FieldTest("resources.type", FieldOperator.EQUALS, (selection.kind,))]
    if len(selection.sides) == 1:
        tests.append(FieldTest("readOnly", FieldOperator.EQUALS, ("true" if selection.sides[0] else "false",)))
    if selection.caller:
        operator = FieldOperator.STARTS_WITH if selection.caller.endswith("/") else FieldOperator.EQUALS
        tests.append(FieldTest(CALLER_FIELD, operator, (selection.caller,)))
    if selection.value:
        tests.append(FieldTest(RESOURCE_FIELD, selection.operator, (selection.value,)))
    if (
        not selection.caller
        and selection.kind == OBJECTS
        and any(_may_hold(selection, prefix) for prefix in log_prefixes)
    ):
        tests.append(FieldTest(RESOURCE_FIELD, FieldOperator.NOT_STARTS_WITH, log_prefixes))
    return Selector("Data", tuple(sorted(tests)))


def _may_hold(selection: Selection, prefix: str) -> bool:
    return selection.operator is FieldOperator.ENDS_WITH or prefix.startswith(selection.value)


def merge_selectors(selectors: Iterable[Selector]) -> tuple[Selector, ...]:
    """The same selectors, merged if they differ only in the ARNs of one positive test."""
    groups: dict[tuple[str, tuple[FieldTest, ...], str, str], set[str]] = {}
    for selector in selectors:
        positive = [test for test in selector.tests if test.field in _ARN_FIELDS and test.operator in _POSITIVE]
        named = positive[0] if len(positive) == 1 else None
        others = tuple(test for test in selector.tests if test is not named)
        key = (selector.category, others, named.field if named else "", named.operator if named else "")
        values = groups.setdefault(key, set())
        values.update(named.values if named else ())
    return tuple(_selector_of_group(*key, values) for key, values in sorted(groups.items()))


def _selector_of_group(
    category: str, others: tuple[FieldTest, ...], field: str, operator: str, values: set[str]
) -> Selector:
    named = [FieldTest(field, FieldOperator(operator), tuple(sorted(values)))] if operator else []
    return Selector(category, tuple(sorted((*others, *named))))


_POSITIVE: Final = frozenset({FieldOperator.EQUALS, FieldOperator.STARTS_WITH, FieldOperator.ENDS_WITH})


def values_of_selectors(selectors: Iterable[Selector]) -> int:
    """The number of values of all conditions, including `eventCategory`."""
    return sum(1 + sum(len(test.values) for test in selector.tests) for selector in selectors)


def selector_document(selector: Selector) -> dict[str, object]:
    """An advanced event selector in the form of CloudTrail's API.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
    """
    fields: dict[str, dict[str, object]] = {"eventCategory": {"Field": "eventCategory", "Equals": [selector.category]}}
    for test in selector.tests:
        fields.setdefault(test.field, {"Field": test.field})[str(test.operator)] = list(test.values)
    return {"Name": _name_of_selector(selector), "FieldSelectors": list(fields.values())}


_BY_CALLERS: Final = " by some callers"


def _name_of_selector(selector: Selector) -> str:
    kinds = [value for test in selector.tests if test.field == "resources.type" for value in test.values]
    who = _BY_CALLERS if any(test.field == CALLER_FIELD for test in selector.tests) else ""
    side = next((test.values[0] for test in selector.tests if test.field == "readOnly"), "")
    what = {"true": "read events", "false": "write events"}.get(side, "events")
    return f"{selector.category} {what}{f' of {kinds[0]}' if kinds else ''}{who}"
