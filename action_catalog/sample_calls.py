"""Generates calls of an operation with all, few, unusual or none of its parameters, to compare two event maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple

from action_catalog.bindings import RESPONSE
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.records import HIDDEN
from lpgen.core.cloudtrail.resource_arns import template_from_format
from lpgen.core.model import Action

Path = tuple[str, ...]
Record = dict[str, Any]

_ACCOUNT: Final = "111122223333"
_OTHER: Final = "444455556666"
_OWNERS: Final = ("accountid", "owner", "catalogid")
_MOST_PATHS: Final = 40
_RANDOM_CALLS: Final = 60
_ODD: Final[tuple[object, ...]] = (
    "*",
    "a?b",
    "${x}",
    "a/b/c",
    "a:b:c",
    "",
    7,
    True,
    None,
    HIDDEN,
    {"inner": "x"},
    [],
    "arn:",
    f"arn:aws:sns:us-east-1:{_ACCOUNT}:a",
    f"arn:aws:iam::{_ACCOUNT}:role/some/path/r",
)
_PLACES: Final[tuple[Record, ...]] = (
    {"awsRegion": "cn-north-1", "userIdentity": {"arn": f"arn:aws-cn:iam::{_ACCOUNT}:user/u"}},
    {"awsRegion": "us-gov-west-1"},
    {"recipientAccountId": None},
    {"recipientAccountId": _OTHER, "awsRegion": "eu-west-1"},
)
_UNREAD: Final[tuple[object, ...]] = (None, {}, HIDDEN, {"omitted": True, "originalSize": 100})


class Sample(NamedTuple):
    """A record, and whether AWS would accept its request: every required parameter has a name or a fitting ARN."""

    label: str
    is_valid: bool
    record: Record


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as records name it. `paths` are the paths of its parameters, and after `response:` those of its
    response. `required` are the paths that a call must have. `arns` are ARNs that its actions take."""

    source: str
    name: str
    paths: tuple[Path, ...]
    required: tuple[Path, ...]
    arns: tuple[str, ...]


def arns_of_actions(catalog: Catalog, actions: Iterable[str]) -> tuple[str, ...]:
    """One ARN for each format of each type that the actions take."""
    found: dict[str, None] = {}
    for name in sorted(set(actions)):
        action = catalog.canonical(name)
        for use in catalog.detail(Action(action)).resources if action else ():
            for text in catalog.arn_formats(name.partition(":")[0], use.type):
                found[_filled(text, _ACCOUNT)] = None
    return tuple(found)


def _filled(arn_format: str, account: str) -> str:
    values = {"partition": "aws", "region": "us-east-1", "account": account, "accountid": account}
    text = ""
    for literal, name in template_from_format(arn_format).parts:
        text += literal.replace("*", "x") + (values.get(name.lower(), f"{name.lower()}1") if name else "")
    return text


def sample_calls(operation: Operation) -> Iterator[Sample]:
    """Records of an operation. They are always the same, because the operation's name seeds the random numbers."""
    chance = Random(operation.name)
    paths = operation.paths[:_MOST_PATHS]
    names = {path: _name_at(operation, path, number) for number, path in enumerate((*operation.required, *paths))}
    everything: list[tuple[Path, object]] = [(path, names[path]) for path in paths]
    required: list[tuple[Path, object]] = [(path, names[path]) for path in operation.required]
    for label, parameters in (("full", everything), ("required", required)):
        yield from _around(operation, label, _request(parameters))
        yield _sample(operation, f"{label} capital", _other_case(_request(parameters)))
        yield _sample(operation, f"{label} listed", _request(parameters, listed=True))
    for path in paths:
        yield _sample(operation, f"without {path}", _request(item for item in everything if item[0] != path))
        for value in _values(operation, chance, names[path]):
            yield _sample(operation, f"only {path}", _request([(path, value)]))
            yield _sample(operation, f"required and {path}", _request([*required, (path, value)]))
    for _ in range(_RANDOM_CALLS):
        parameters = [(path, _any_value(operation, chance, names[path])) for path in paths if chance.random() < 0.5]
        yield _sample(operation, "random", _request([*required, *parameters], listed=chance.random() < 0.3))
    for number, request in enumerate(_UNREAD):
        yield from _around(operation, f"unread {number}", request)


def _name_at(operation: Operation, path: Path, number: int) -> str:
    """The value that a caller would use at a path: an ARN of the type in the parameter's name, or a name."""
    key = path[-1].lower()
    if key.endswith(_OWNERS):
        return _OTHER
    if not _is_arn(path):
        return f"Name-{number}"
    stem = key.removesuffix("s").removesuffix("arn")
    fitting = (arn for arn in operation.arns if stem and stem in arn.lower().replace("-", ""))
    return next(fitting, operation.arns[0] if operation.arns else f"arn:aws:x:us-east-1:{_ACCOUNT}:x/x")


def _is_arn(path: Path) -> bool:
    return path[-1].lower().endswith(("arn", "arns"))


def _values(operation: Operation, chance: Random, name: str) -> Iterator[object]:
    yield name
    yield [name, "Second"]
    yield from operation.arns
    yield from (arn.replace(_ACCOUNT, _OTHER) for arn in operation.arns[:1])
    yield from chance.sample(_ODD, 4)


def _any_value(operation: Operation, chance: Random, name: str) -> object:
    kind = chance.random()
    if operation.arns and kind < 0.3:
        return chance.choice(operation.arns)
    if kind < 0.85:
        return name if kind < 0.75 else [name, "Second"]
    return chance.choice(_ODD)


def _around(operation: Operation, label: str, request: object) -> Iterator[Sample]:
    """The call if it succeeds, in other Regions and accounts, if it is denied, and with its resources listed in the
    record."""
    yield _sample(operation, label, request)
    for number, place in enumerate(_PLACES):
        yield _sample(operation, f"{label} place {number}", request, **place)
    for arn in operation.arns:
        message = (
            f"User: arn:aws:iam::{_ACCOUNT}:user/u is not authorized to perform: "
            f"{operation.source.partition('.')[0]}:{operation.name} on resource: {arn} because no policy allows it"
        )
        yield _sample(operation, f"{label} denied", request, errorCode="AccessDenied", errorMessage=message)
        yield _sample(operation, f"{label} listed", request, resources=[{"ARN": arn, "accountId": _ACCOUNT}])


def _sample(operation: Operation, label: str, request: object, **more: Any) -> Sample:
    if isinstance(request, dict):
        shown = {key[len(RESPONSE) :]: value for key, value in request.items() if key.lower().startswith(RESPONSE)}
        request = {key: value for key, value in request.items() if not key.lower().startswith(RESPONSE)}
        more = {"responseElements": shown} | more if shown else more
    record: Record = {
        "eventSource": operation.source,
        "eventName": operation.name,
        "awsRegion": "us-east-1",
        "recipientAccountId": _ACCOUNT,
        "requestParameters": request,
    } | more
    return Sample(label, _is_valid(operation, request), record)


def _is_valid(operation: Operation, request: object) -> bool:
    """Whether the required parameters exist and all values fit: an ARN if the key names one, or else a name."""
    if not isinstance(request, dict):
        return False
    given = {key for path in operation.required for key in (path[0], _swapped(path[0])) if request.get(key)}
    return len(given) >= len(operation.required) and all(_fits(operation, *leaf) for leaf in _leaves(request, ""))


def _leaves(value: object, key: str) -> Iterator[tuple[str, object]]:
    """All texts below a value, each with its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    else:
        yield key, value


def _fits(operation: Operation, key: str, text: object) -> bool:
    is_name = isinstance(text, str) and text.startswith(("Name-", "Second", _OTHER))
    return text in operation.arns if _is_arn((key,)) else is_name


def _request(parameters: Iterable[tuple[Path, object]], *, listed: bool = False) -> Record:
    request: Record = {}
    for path, value in parameters:
        _put(request, path, value, listed=listed)
    return request


def _put(place: Record, path: Sequence[str], value: object, *, listed: bool) -> None:
    key = path[0]
    if len(path) == 1:
        if not isinstance(place.get(key), (dict, list)):
            place[key] = deepcopy(value)
        return
    inner = place.get(key)
    if isinstance(inner, list) and inner and isinstance(inner[0], dict):
        inner = inner[0]
    if not isinstance(inner, dict):
        inner = {}
        place[key] = [inner] if listed else inner
    _put(inner, path[1:], value, listed=listed)


def _other_case(request: Record) -> Record:
    return {_swapped(key): value for key, value in request.items()}


def _swapped(key: str) -> str:
    return key[:1].swapcase() + key[1:]
