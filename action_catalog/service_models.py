"""What botocore's service models say of each operation: its service's names and the parameters it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader

from action_catalog.service_names import PREFIX_BY_NAME, PREFIX_BY_SERVICE

_DEPTH = 5  # how deep a role may lie in a request
_UNSIGNED = "none"
_NO_AUTH = "smithy.api#noAuth"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A string parameter (or a list of them) at a path; `enumerated` where the model lists its values."""

    path: tuple[str, ...]
    enumerated: bool
    required: bool

    @property
    def name(self) -> str:
        """The last key of the path."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service model. `hosts` are the names under which CloudTrail may log its service."""

    service: str
    prefix: str
    hosts: tuple[str, ...]
    name: str
    signed: bool
    parameters: tuple[Parameter, ...]
    method: str
    uri: str


def read_operations(prefixes: frozenset[str]) -> Iterator[Operation]:
    """Every operation of every version of every service model that this botocore ships."""
    loader = Loader()
    for service in sorted(loader.list_available_services("service-2")):
        seen: set[str] = set()
        for version in reversed(loader.list_api_versions(service, "service-2")):
            model = loader.load_service_model(service, "service-2", version)
            for name, shape in model["operations"].items():
                if name not in seen:
                    seen.add(name)
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
    unsigned = shape.get("authtype") == _UNSIGNED or _NO_AUTH in shape.get("auth", ())
    parameters = tuple(_parameters(model["shapes"], shape["input"]["shape"])) if "input" in shape else ()
    hosts = tuple(dict.fromkeys((endpoint.lower(), signing.lower(), service)))
    return Operation(
        service, prefix, hosts, name, not unsigned, parameters, http.get("method", ""), http.get("requestUri", "")
    )


def _parameters(
    shapes: Mapping[str, Any], name: str, path: tuple[str, ...] = (), above: frozenset[str] = frozenset()
) -> Iterator[Parameter]:
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure" and name not in above and len(path) < _DEPTH:
        required = shape.get("required", ())
        for key, member in shape.get("members", {}).items():
            for found in _parameters(shapes, member["shape"], (*path, key), above | {name}):
                yield (
                    found
                    if len(found.path) > len(path) + 1
                    else Parameter(found.path, found.enumerated, key in required)
                )
    elif kind == "list":
        yield from _parameters(shapes, shape["member"]["shape"], path, above)
    elif kind == "string" and path:
        yield Parameter(path, "enum" in shape, False)
