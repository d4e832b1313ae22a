"""Reads the settings of trails: the outputs of `aws cloudtrail get-trail` and `get-event-selectors`, in any mixture.

A file holds consecutive JSON documents (the outputs of several commands) or an array of them. `describe-trails` works
as well as `get-trail`. An output with selectors belongs to the trail in its `TrailARN`.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from lpgen.core.trails import FieldOperator, FieldTest, Selector, Trail
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import Broken, plain_text, split_documents
from lpgen.edge.readers.json_files import decode_json
from lpgen.errors import TrailSettingsError, quote_input, quote_reason

_HINT: Final = (
    "append the output of `aws cloudtrail get-trail --name NAME` and `aws cloudtrail get-event-selectors --trail-name "
    "NAME` to one file"
)
_OPERATORS: Final = tuple((operator.value, operator) for operator in FieldOperator)
_READ_ONLY: Final = {"ReadOnly": "true", "WriteOnly": "false"}


class _Trail(msgspec.Struct, rename="pascal", frozen=True):
    trail_arn: str = msgspec.field(name="TrailARN")
    name: str = ""
    home_region: str = ""
    is_multi_region_trail: bool | None = None
    include_global_service_events: bool = False
    is_organization_trail: bool = False
    has_custom_event_selectors: bool | None = None
    s3_bucket_name: str = msgspec.field(name="S3BucketName", default="")


class _DataResource(msgspec.Struct, rename="pascal", frozen=True):
    type: str
    values: tuple[str, ...] = ()


class _Classic(msgspec.Struct, rename="pascal", frozen=True):
    read_write_type: str = "All"
    include_management_events: bool = True
    data_resources: tuple[_DataResource, ...] = ()
    exclude_management_event_sources: tuple[str, ...] = ()


class _Advanced(msgspec.Struct, rename="pascal", frozen=True):
    field_selectors: tuple[dict[str, str | tuple[str, ...]], ...]


class _Selectors(msgspec.Struct, rename="pascal", frozen=True):
    trail_arn: str = msgspec.field(name="TrailARN")
    event_selectors: tuple[_Classic, ...] | None = None
    advanced_event_selectors: tuple[_Advanced, ...] | None = None


class _Status(msgspec.Struct, rename="pascal", frozen=True):
    is_logging: bool


def read_trails(paths: Iterable[Path]) -> tuple[Trail, ...]:
    """The trails in the files, each once, sorted by ARN.

    Raises:
        TrailSettingsError: a file can't be read or holds something else, two documents contradict each other, or a
            trail's settings or selectors are missing.
    """
    trails: dict[str, _Trail] = {}
    selectors: dict[str, tuple[Selector, ...]] = {}
    stopped: set[str] = set()
    for path in paths:
        statuses: list[bool] = []
        here: set[str] = set()
        for trail in _read_file(path):
            if isinstance(trail, _Trail):
                _put(trails, trail.trail_arn, trail, path)
                here.add(trail.trail_arn)
            elif isinstance(trail, _Selectors):
                _put(selectors, trail.trail_arn, tuple(sorted(set(_selectors(trail, path)))), path)
                here.add(trail.trail_arn)
            else:
                statuses.append(trail.is_logging)
        stopped |= _stopped_trails(here, statuses, path)
    _check_pairs(trails, selectors)
    return tuple(
        _trail(trail, selectors.get(arn, _DEFAULT), logging=arn not in stopped) for arn, trail in sorted(trails.items())
    )


_DEFAULT: Final = (Selector("Management", ()),)
"""The selectors of a trail without its own: it records all management events and no data events."""


_Value = TypeVar("_Value", _Trail, tuple[Selector, ...])


def _put(known: dict[str, _Value], arn: str, value: _Value, path: Path) -> None:
    if known.setdefault(arn, value) != value:
        raise TrailSettingsError(
            f"`{path}` contradicts an earlier document about {quote_input(arn)}", hint="give each trail's settings once"
        )


def _stopped_trails(arns: set[str], statuses: Sequence[bool], path: Path) -> set[str]:
    """The stopped trails. A status names no trail, so it belongs to the only trail in its file."""
    if not statuses or all(statuses):
        return set()
    if len(arns) != 1:
        raise TrailSettingsError(
            f"`{path}` has a trail status with logging off, but doesn't say for which trail",
            hint="put each trail into its own file",
        )
    return arns


def _check_pairs(trails: dict[str, _Trail], selectors: dict[str, tuple[Selector, ...]]) -> None:
    for arn in sorted(selectors.keys() - trails.keys()):
        raise TrailSettingsError(f"the settings of {quote_input(arn)} are missing", hint=_HINT)
    for arn, trail in sorted(trails.items()):
        if arn not in selectors and trail.has_custom_event_selectors is not False:
            raise TrailSettingsError(f"the event selectors of {quote_input(arn)} are missing", hint=_HINT)


def _trail(trail: _Trail, selectors: tuple[Selector, ...], *, logging: bool) -> Trail:
    fields = trail.trail_arn.split(":")
    if len(fields) != 6 or fields[2] != "cloudtrail" or trail.is_multi_region_trail is None:
        raise TrailSettingsError(f"{quote_input(trail.trail_arn)} is not a complete description of a trail", hint=_HINT)
    return Trail(
        arn=trail.trail_arn,
        name=trail.name or fields[5].partition("/")[2],
        account=fields[4],
        home_region=trail.home_region or fields[3],
        multi_region=trail.is_multi_region_trail,
        global_events=trail.include_global_service_events,
        organization=trail.is_organization_trail,
        logging=logging,
        selectors=selectors,
        bucket=trail.s3_bucket_name,
    )


# ---------------------------------------------------------------- documents


def _read_file(path: Path) -> Iterator[_Trail | _Selectors | _Status]:
    data = plain_text(read_file(path, TrailSettingsError))
    empty = True
    for document in split_documents(data):
        if isinstance(document, Broken):
            raise TrailSettingsError(f"`{path}` is not valid JSON: {document.why} ({document.position})", hint=_HINT)
        for value in _flatten(decode_json(document, f"`{path}`", TrailSettingsError, hint=_HINT)):
            empty = False
            yield _document(value, path)
    if empty:
        raise TrailSettingsError(f"`{path}` holds no settings of a trail", hint=_HINT)


def _flatten(decoded: object) -> Iterator[object]:
    """The documents of an array, at any depth, and the trails of `describe-trails`."""
    waiting = [decoded]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, dict) and isinstance(value.get("trailList"), list):
            yield from value["trailList"]
        elif isinstance(value, dict) and isinstance(value.get("Trail"), dict):
            yield value["Trail"]
        else:
            yield value


_KINDS: Final[tuple[tuple[str, type[_Trail] | type[_Selectors] | type[_Status]], ...]] = (
    ("EventSelectors", _Selectors),
    ("AdvancedEventSelectors", _Selectors),
    ("TrailARN", _Trail),
    ("IsLogging", _Status),
)
"""The kind of a document, by the first of these fields that it has."""


def _document(value: object, path: Path) -> _Trail | _Selectors | _Status:
    kind = next((kind for field, kind in _KINDS if isinstance(value, dict) and field in value), None)
    if kind is None:
        raise TrailSettingsError(f"`{path}` holds something other than trail settings", hint=_HINT)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise TrailSettingsError(f"`{path}`: {quote_reason(error)}", hint=_HINT) from error


# ---------------------------------------------------------------- selectors


def _selectors(selectors: _Selectors, path: Path) -> Iterator[Selector]:
    for classic in selectors.event_selectors or ():
        yield from _classic_selectors(classic, path)
    for advanced in selectors.advanced_event_selectors or ():
        yield _advanced_selector(advanced, path)


def _classic_selectors(selector: _Classic, path: Path) -> Iterator[Selector]:
    """A classic selector in the form of advanced ones.

    A data resource of S3 is a prefix of ARNs. Data resources of Lambda and DynamoDB are exact, or cover the service.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html
    """
    if selector.read_write_type not in ("All", *_READ_ONLY):
        raise TrailSettingsError(f"`{path}`: unknown `ReadWriteType` {quote_input(selector.read_write_type)}")
    side: tuple[FieldTest, ...] = ()
    if selector.read_write_type != "All":
        side = (FieldTest("readOnly", FieldOperator.EQUALS, (_READ_ONLY[selector.read_write_type],)),)
    if selector.include_management_events:
        excluded = tuple(sorted(selector.exclude_management_event_sources))
        sources = (FieldTest("eventSource", FieldOperator.NOT_EQUALS, excluded),) if excluded else ()
        yield Selector("Management", (*sources, *side))
    for resource in selector.data_resources:
        of_type = FieldTest("resources.type", FieldOperator.EQUALS, (resource.type,))
        for value in resource.values:
            yield Selector("Data", (of_type, *_classic_scope(resource.type, value), *side))


def _classic_scope(kind: str, value: str) -> tuple[FieldTest, ...]:
    if value.rstrip(":").count(":") < 3:
        return ()
    operator = FieldOperator.STARTS_WITH if kind == "AWS::S3::Object" else FieldOperator.EQUALS
    return (FieldTest("resources.ARN", operator, (value,)),)


def _advanced_selector(selector: _Advanced, path: Path) -> Selector:
    category = ""
    tests: list[FieldTest] = []
    for fields in selector.field_selectors:
        field = fields.get("Field")
        if not isinstance(field, str):
            raise TrailSettingsError(f"`{path}`: a field selector names no `Field`", hint=_HINT)
        found = [(operator, fields[name]) for name, operator in _OPERATORS if fields.get(name)]
        if not found:
            raise TrailSettingsError(f"`{path}`: the field selector of {quote_input(field)} tests nothing", hint=_HINT)
        for operator, values in found:
            listed = (values,) if isinstance(values, str) else values
            if field == "eventCategory" and operator is FieldOperator.EQUALS:
                category = listed[0]
            else:
                tests.append(FieldTest(field, operator, tuple(sorted(listed))))
    return Selector(category, tuple(sorted(tests)))
