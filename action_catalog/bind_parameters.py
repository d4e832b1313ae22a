"""Which request parameters name an action's resources: the catalog's ARN placeholders matched with parameter names.

What is matched by rule is written into the tables, so that a person reviews it there, and hand-made rows win.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from action_catalog.service_models import Operation, Parameter

Binding = str | dict[str, str] | list[str | dict[str, str]]

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_PLACE: Final = frozenset({"partition", "region", "account", "accountid"})
_VERB: Final = re.compile(r"^[A-Z][a-z0-9]+")
_ENDINGS: Final = ("name", "id", "identifier", "arn")
_ANY_ARN: Final = ("resourcearn", "resourcearns", "arn", "arns", "resourceid", "resourceidentifier", "resource")
_CREATING: Final = ("Create", "Register", "Allocate", "Import", "Copy", "Provision", "Request", "Purchase", "Start")
_OWN_NAMES: Final = ("name", "id", "identifier", "arn")


@dataclass(frozen=True, slots=True)
class Hints:
    """Parameters that an earlier table or data set names, by placeholder and by resource type."""

    placeholders: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TypeFormats:
    """A resource type's ARN formats, and whether the action always takes one of it."""

    formats: Sequence[str]
    required: bool


def bind_types(
    operation: Operation, types: Mapping[str, TypeFormats], hints: Hints
) -> tuple[dict[str, Binding], tuple[str, ...]]:
    """For an action's resource types: the bindings found, and the types that the call creates."""
    top = {_norm(item.name): item for item in operation.parameters if len(item.path) == 1 and not item.enumerated}
    bindings: dict[str, Binding] = {}
    creates: list[str] = []
    for kind, use in types.items():
        formats = use.formats
        binding = _bind_type(operation, kind, formats, top, hints)
        is_created = _creates(operation.name, kind)
        if is_created and not _names_whole(binding, formats):
            creates.append(kind)
            parents = _bind_parents(kind, formats, top, hints)
            if parents:
                bindings[kind] = parents
        elif binding is not None:
            bindings[kind] = binding
    required = {_path(item) for item in operation.parameters if item.required}
    for kind in [kind for kind in bindings if not types[kind].required]:
        if any(_is_below(bindings[other], bindings[kind], required) for other in bindings if other != kind):
            del bindings[kind]
    return bindings, tuple(creates)


def _is_below(child: Binding, parent: Binding, required: set[str]) -> bool:
    """Whether a call that must name the child names the parent only on the way to it."""
    if not isinstance(child, dict) or isinstance(parent, list) or not set(child.values()) <= required:
        return False
    above = set(parent.values()) if isinstance(parent, dict) else {parent}
    return bool(above) and above < set(child.values())


def _bind_type(
    operation: Operation, kind: str, formats: Sequence[str], top: Mapping[str, Parameter], hints: Hints
) -> Binding | None:
    if formats and not any(_free(text) for text in formats):
        return {}  # there is one such resource in the account
    found: list[str | dict[str, str]] = []
    hinted = hints.types.get(kind)
    if hinted and _norm(hinted) in top:
        found.append(_path(top[_norm(hinted)]))
    arn = next((top[name] for name in _arn_names(kind) if name in top), None)
    if arn and _path(arn) not in found:
        found.append(_path(arn))
    for text in formats:
        free = _free(text)
        names = {name: _bind_placeholder(operation, kind, name, top, hints, alone=len(free) == 1) for name in free}
        if free and all(names.values()):
            whole = {name: path for name, path in names.items() if path}
            item: str | dict[str, str] = next(iter(whole.values())) if len(whole) == 1 else whole
            if item not in found:
                found.append(item)
    if not found:
        loose = next((top[name] for name in _ANY_ARN if name in top), None)
        return _path(loose) if loose else None
    return found[0] if len(found) == 1 else found


def _bind_parents(
    kind: str, formats: Sequence[str], top: Mapping[str, Parameter], hints: Hints
) -> dict[str, str] | None:
    """The placeholders of a created type that the call names all the same: those of its parents."""
    own = {_norm(kind) + ending for ending in ("arn", "id", "identifier")} | {_norm(kind)}
    names = {}
    for name in dict.fromkeys(name for text in formats for name in _free(text)):
        hinted = hints.placeholders.get(name)
        key = _norm(hinted) if hinted and _norm(hinted) in top else _norm(name)
        if key in top and _norm(name) not in own and key not in _OWN_NAMES:
            names[name] = _path(top[key])
    return names or None


def _bind_placeholder(
    operation: Operation, kind: str, name: str, top: Mapping[str, Parameter], hints: Hints, *, alone: bool
) -> str | None:
    hinted = hints.placeholders.get(name)
    hint = [_norm(hinted)] if hinted else []
    loose = hint if hint and hint[0] in _OWN_NAMES and not _is_about(operation.name, kind) else []
    candidates = [_norm(name)] if loose else [*hint, _norm(name)]
    stem = _stem(_norm(name))
    endings = ("id", "identifier", "arn") if _norm(name).endswith("id") else _ENDINGS
    candidates += [stem + ending for ending in endings] + [stem]
    candidates += [form + "s" for form in tuple(candidates)]
    candidates += loose
    if alone:
        own = _norm(kind)
        candidates += [own + ending for ending in endings] + [own]
        candidates += [own + ending + "s" for ending in endings] + [own + "s"]
        if _is_about(operation.name, kind):
            own_names = [form for form in _OWN_NAMES if form in endings]
            candidates += own_names + [form + "s" for form in own_names]
    found = next((top[key] for key in candidates if key and key in top), None)
    return _path(found) if found else None


def _arn_names(kind: str) -> Iterable[str]:
    own = _norm(kind)
    return (own + "arn", own + "arns")


def _names_whole(binding: Binding | None, formats: Sequence[str]) -> bool:
    """Whether the caller chose the name: some format is filled without a generic ARN parameter."""
    if binding is None:
        return False
    items = binding if isinstance(binding, list) else [binding]
    free = {len(_free(text)) for text in formats}
    for item in items:
        if isinstance(item, dict) and len(item) in free:
            return True
        if isinstance(item, str) and 1 in free and _norm(item) not in _ANY_ARN and not _norm(item).endswith("arn"):
            return True
    return False


def _creates(operation: str, kind: str) -> bool:
    return operation.startswith(_CREATING) and _is_about(operation, kind)


def _is_about(operation: str, kind: str) -> bool:
    """Whether what follows the operation's verb is the resource type: `DescribeCluster` and `cluster`."""
    noun = _norm(_VERB.sub("", operation))
    own = _norm(kind)
    return noun in (own, own + "s", own + "es", own.removesuffix("y") + "ies")


def _stem(name: str) -> str:
    for ending in ("identifier", "name", "arn", "id"):
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending)
    return name


def _free(arn_format: str) -> list[str]:
    return [name for name in _PLACEHOLDER.findall(arn_format) if name.lower() not in _PLACE]


def _path(parameter: Parameter) -> str:
    return ".".join(parameter.path)


def _norm(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
