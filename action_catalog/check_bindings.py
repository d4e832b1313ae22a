"""Lists doubtful bindings: the parameter isn't about the resource's type, according to its name and documentation, or
the response lacks the element.

    python -m action_catalog.check_bindings [SERVICE PREFIX ...]

Run it with the botocore in `service_models.PINNED`. A line isn't always an error: check AWS's page to decide whether
the binding needs a hand-made row or the two words mean the same.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.loaders import Loader

from action_catalog.bindings import OPEN, RESPONSE, WHOLE, Binding, items_of
from action_catalog.builder_facts import HERE, SUFFIX
from action_catalog.parameter_names import (
    ID_LIKE,
    ending_of,
    is_alike,
    last_placeholder,
    normalise,
    singular_of,
    stem_of_key,
    stem_of_name,
)
from action_catalog.service_models import Operation, read_operations
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.edge.catalog.files import bundled_catalog

_TAG: Final = re.compile(r"<[^>]+>")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SHORTEST: Final = 3
_GENERIC: Final = frozenset({"", "id", "identifier", "name", "arn", "resource", "resources"})


def doubts(kind: str, placeholder: str, path: str, text: str) -> str:
    """Why a parameter may not fit a placeholder of a type's ARN, or "" if there is no objection.

    `text`: the operation's name and the parameter's documentation.
    """
    name = normalise(path.rpartition(".")[2])
    if ending_of(name) == "arn":
        return ""  # an ARN shows its type, which is checked when it is read
    if ending_of(name) == "name" and normalise(placeholder).endswith(ID_LIKE):
        return "a name in an id's place"
    if name.endswith("id") and normalise(placeholder).endswith("name"):
        return "an id in a name's place"
    stem = stem_of_key(name)
    known = {
        normalise(kind),
        singular_of(normalise(kind)),
        stem_of_name(normalise(placeholder)),
        normalise(placeholder),
    }
    if stem in known or name in known or singular_of(name) in known or is_alike(stem, known - _GENERIC):
        return ""
    words = {word.lower() for text in (kind, placeholder) for word in _WORD.findall(text) if len(word) >= _SHORTEST}
    documented = f"{path} {text}".lower().replace(" ", "")
    is_mentioned = any(word in documented for word in words - _GENERIC)
    return "" if is_mentioned else "its documentation doesn't mention the type"


def doubtful_bindings(prefixes: frozenset[str]) -> Iterator[str]:
    """A line for each doubtful binding of the built tables. If prefixes are given, only of these services."""
    catalog = bundled_catalog()
    event_map = EventMap(catalog)
    tables = {path.stem: json.loads(path.read_text())["operations"] for path in (HERE / "operations").glob("*.json")}
    loader = Loader()
    models: dict[str, Mapping[str, Any]] = {}
    for item in read_operations(frozenset(catalog.prefixes())):
        if (prefixes and item.prefix not in prefixes) or event_map.plan(item.prefix + SUFFIX, item.name).rule:
            continue
        row = tables.get(item.prefix + SUFFIX, {}).get(item.name, {})
        if row.get("resources") and item.service not in models:
            models[item.service] = loader.load_service_model(item.service, "service-2")
        for path in _shown(row.get("resources", {})):
            if not has_output(models[item.service], item.name, path):
                yield f"{item.service} {item.name}: {RESPONSE}{path}: the response has no such element"
        for kind, placeholder, path in _bound(row.get("resources", {}), item):
            formats = catalog.arn_formats(item.prefix, kind)
            placeholder = placeholder or last_placeholder(formats)
            text = f"{item.name} {_documentation(models[item.service], item.name, path.split('.'))}"
            why = doubts(kind, placeholder, path, text)
            if why:
                yield f"{item.service} {item.name}: {kind} ${{{placeholder}}} = {path}: {why}"


def _bound(resources: Mapping[str, Binding], operation: Operation) -> Iterator[tuple[str, str, str]]:
    """Type, placeholder ("" for the type's only one) and path of every parameter that the operation has."""
    own = {".".join(item.path) for item in operation.parameters}
    for kind, binding in resources.items():
        for item in items_of(binding):
            for placeholder, path in item.items() if isinstance(item, dict) else [("", item)]:
                if not path.startswith((OPEN, WHOLE)) and path in own:
                    yield kind, placeholder, path


def _shown(resources: Mapping[str, Binding]) -> Iterator[str]:
    """The response paths in bindings."""
    for binding in resources.values():
        for item in items_of(binding):
            for path in item.values() if isinstance(item, dict) else [item]:
                if path.startswith(RESPONSE):
                    yield path.removeprefix(RESPONSE)


def has_output(model: Mapping[str, Any], operation: str, path: str) -> bool:
    """Whether an operation's output has a path. Records of query protocols omit the element around the result."""
    outer = model["operations"][operation].get("output", {}).get("shape", "")
    members = model["shapes"].get(outer, {}).get("members", {})
    inner = [shape["shape"] for shape in members.values()] if len(members) == 1 else []
    return any(_has_path(model["shapes"], shape, path.lower().split(".")) for shape in (outer, *inner))


def _has_path(shapes: Mapping[str, Any], name: str, keys: list[str]) -> bool:
    shape = shapes.get(name, {})
    if shape.get("type") == "list":
        return _has_path(shapes, shape["member"]["shape"], keys)
    inner = {key.lower(): member["shape"] for key, member in shape.get("members", {}).items()}
    return not keys or (keys[0] in inner and _has_path(shapes, inner[keys[0]], keys[1:]))


def _documentation(model: Mapping[str, Any], operation: str, path: list[str]) -> str:
    """The model's documentation of the parameter at a path, without markup."""
    shape, text = model["operations"][operation]["input"]["shape"], ""
    for key in path:
        while model["shapes"][shape]["type"] == "list":
            shape = model["shapes"][shape]["member"]["shape"]
        members = model["shapes"][shape]["members"]
        member = members.get(key) or next(item for item in members.values() if item.get("locationName") == key)
        shape, text = member["shape"], member.get("documentation", "")
    return _TAG.sub(" ", text)


def main(arguments: list[str]) -> int:
    """Prints the doubtful bindings and their number."""
    lines = list(dict.fromkeys(doubtful_bindings(frozenset(arguments))))
    print("\n".join(lines))
    print(len(lines), "doubtful bindings")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
