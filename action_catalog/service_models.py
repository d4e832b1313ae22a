"""Reads botocore's service models: for each operation, its service's names and its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.loaders import Loader

from action_catalog.service_names import PREFIX_BY_NAME, PREFIX_BY_SERVICE

PINNED = "1.43.11"
"""The botocore version whose operations the tables have. Another version gives other tables."""

_DEPTH = 6  # the maximum depth of a role in a request
_PLAIN = frozenset({"string", "integer", "long"})
_UNSIGNED = "none"
_OR_NAME = re.compile(
    r"(?<!alias )\b(?:name,? or|names? of|name,) |\bor (?:the )?(?:(?!alias)\w+ )?name\b", re.IGNORECASE
)
_NOT_IAM = frozenset({"smithy.api#noAuth", "smithy.api#httpBearerAuth"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A string parameter (or a list of them) at a path.

    `enumerated`: the model lists its values, or it is a number. `plain`: an enumerated parameter with the same value in
    an ARN as in a request (enumerations in upper case differ). `or_name`: according to its documentation, it can have
    the resource's name.
    """

    path: tuple[str, ...]
    enumerated: bool
    required: bool
    plain: bool = False
    or_name: bool = False

    @property
    def name(self) -> str:
        """The last key of the path."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service model. `hosts` are the names that CloudTrail may log for its service."""

    service: str
    prefix: str
    hosts: tuple[str, ...]
    name: str
    signed: bool
    members: tuple[str, ...]  # parameters of any type at the top level, and those in structures as `a.b`
    parameters: tuple[Parameter, ...]
    method: str
    uri: str  # with the parameters' own names in its `{}`
    wire: Mapping[str, str] = field(default_factory=dict)  # the wire names of path and query parameters, if they differ


def read_operations(prefixes: frozenset[str], folder: str = "") -> Iterator[Operation]:
    """The operations in the newest version of each service model in this botocore, or in a folder."""
    loader = Loader(extra_search_paths=[folder], include_default_search_paths=False) if folder else Loader()
    for service in sorted(loader.list_available_services("service-2")):
        model = loader.load_service_model(service, "service-2")
        for name, shape in model["operations"].items():
            yield _operation(service, model, name, shape, prefixes)


def _operation(
    service: str, model: Mapping[str, Any], name: str, shape: Mapping[str, Any], prefixes: frozenset[str]
) -> Operation:
    metadata = model["metadata"]
    endpoint = metadata["endpointPrefix"]
    signing = metadata.get("signingName") or endpoint
    prefix = PREFIX_BY_SERVICE.get(service) or PREFIX_BY_NAME.get(signing) or signing
    if prefix not in prefixes and PREFIX_BY_NAME.get(endpoint, endpoint) in prefixes:
        prefix = PREFIX_BY_NAME.get(endpoint, endpoint)
    http = shape.get("http", {})
    auth = shape.get("auth") or metadata.get("auth") or ()
    bearer = metadata.get("signatureVersion") == "bearer"
    unsigned = bearer or shape.get("authtype") == _UNSIGNED or (bool(auth) and _NOT_IAM.issuperset(auth))
    parameters = tuple(_parameters(model["shapes"], shape["input"]["shape"])) if "input" in shape else ()
    members = tuple(_members(model["shapes"], shape["input"]["shape"])) if "input" in shape else ()
    uri = _named_uri(model["shapes"], shape["input"]["shape"], http) if "input" in shape else http.get("requestUri", "")
    hosts = tuple(dict.fromkeys((endpoint.lower(), signing.lower(), service)))
    wire = _wire_names(model["shapes"][shape["input"]["shape"]]) if "input" in shape else {}
    return Operation(service, prefix, hosts, name, not unsigned, members, parameters, http.get("method", ""), uri, wire)


def _members(shapes: Mapping[str, Any], name: str) -> Iterator[str]:
    """The members of a structure, followed by the members of its structures as `a.b`."""
    members = shapes[name].get("members", {})
    yield from members
    for key, member in members.items():
        inner = shapes[member["shape"]]
        inner = shapes[inner["member"]["shape"]] if inner["type"] == "list" else inner
        yield from (f"{key}.{below}" for below in inner.get("members", ()))


def _wire_names(shape: Mapping[str, Any]) -> dict[str, str]:
    """The wire names of path and query parameters, which some services log, if they differ from the model's names."""
    return {
        key: member["locationName"]
        for key, member in shape.get("members", {}).items()
        if member.get("location") in ("uri", "querystring") and member.get("locationName", key).lower() != key.lower()
    }


def _named_uri(shapes: Mapping[str, Any], name: str, http: Mapping[str, Any]) -> str:
    """The request path without query. Placeholders have the names of their parameters."""
    uri = http.get("requestUri", "").partition("?")[0]
    for key, member in shapes[name].get("members", {}).items():
        if member.get("location") == "uri":
            wire = member.get("locationName", key)
            uri = uri.replace("{" + wire + "}", "{" + key + "}").replace("{" + wire + "+}", "{" + key + "}")
    return str(uri)


def _parameters(
    shapes: Mapping[str, Any], name: str, path: tuple[str, ...] = (), above: frozenset[str] = frozenset()
) -> Iterator[Parameter]:
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure" and name not in above and len(path) < _DEPTH:
        required = shape.get("required", ())
        for key, member in shape.get("members", {}).items():
            for found in _parameters(shapes, member["shape"], (*path, key), above | {name}):
                if len(found.path) > len(path) + 1:
                    yield found
                else:
                    or_name = bool(_OR_NAME.search(member.get("documentation", "")))
                    yield replace(found, required=key in required, or_name=or_name)
    elif kind == "list":
        yield from _parameters(shapes, shape["member"]["shape"], path, above)
    elif kind == "map" and len(path) < _DEPTH and shapes[shape["value"]["shape"]]["type"] not in _PLAIN:
        for key in shapes[shape["key"]["shape"]].get("enum", ()):  # the keys that the model names
            yield from _parameters(shapes, shape["value"]["shape"], (*path, key), above)
    elif kind in _PLAIN and path:
        values = shape.get("enum")
        is_plain = kind != "string" or (values is not None and all(value == value.lower() for value in values))
        yield Parameter(path, kind != "string" or values is not None, required=False, plain=is_plain)
