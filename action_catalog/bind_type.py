"""Finds the request parameters that name the resources of a type, by filling its ARN formats in full or in part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from action_catalog.bind_placeholder import ENDINGS, bind_placeholders, fits_placeholder, may_be_a_name
from action_catalog.bindings import OPEN, WHOLE, Binding, Item, binding_of_items, items_of, last_path
from action_catalog.parameter_names import (
    ANY_ARN,
    OWN_NAMES,
    free_placeholders,
    is_about,
    last_placeholder,
    normalise,
    singular_of,
    stem_of_name,
)
from action_catalog.request_parameters import Request, path_of


@dataclass(frozen=True, slots=True)
class TypeFormats:
    """A resource type's ARN formats, and whether the action requires a resource of the type."""

    formats: Sequence[str]
    required: bool


def bind_type(request: Request, kind: str, use: TypeFormats) -> Binding | None:
    """The parameters that name resources of the type, or None if there are none."""
    if use.formats and not any(free_placeholders(text) or OPEN in text for text in use.formats):
        return {}  # the account has one such resource
    found: list[Item] = [*_bind_arn(request, kind, use.formats)]
    single = next((text for text in use.formats if len(free_placeholders(text)) == 1), "")
    for text in use.formats:
        item = _bind_format(request, kind, text)
        if isinstance(item, str) and text != single:
            item = {free_placeholders(text)[0]: item}  # a plain path fills only the first format that it can
        if item is not None:
            found.append(item)
    if not found:
        loose = next((request.top[name] for name in ANY_ARN if name in request.top), None)
        if loose and (request.one_type or normalise(loose.name) not in OWN_NAMES):
            return path_of(loose)
        return WHOLE + path_of(loose) if loose else _bind_open(request, kind, use)
    if _is_any_doubtful(request, found, use.formats):
        found = [*(WHOLE + last_path(item) for item in found), *items_of(_bind_open(request, kind, use) or [])]
    return binding_of_items(found)


def _bind_arn(request: Request, kind: str, formats: Sequence[str]) -> Iterator[str]:
    """The parameters that are known to have the type's ARN."""
    hinted = normalise(request.hints.types.get(kind, ""))
    if hinted in request.top and fits_placeholder(request, hinted, kind, last_placeholder(formats)):
        yield path_of(request.top[hinted])
    own = normalise(kind)
    for name in (own + "arn", own + "arns"):
        found = request.top.get(name) or request.nested.get(name)
        if found:
            yield path_of(found) if len(found.path) == 1 else WHOLE + path_of(found)
            return


def _bind_format(request: Request, kind: str, text: str) -> Item | None:
    """How the request fills an ARN format in full, or None if it doesn't."""
    free = free_placeholders(text)
    names = bind_placeholders(request, kind, free)
    if not free or not all(names.values()):
        return None
    whole = {name: path for name, path in names.items() if path}
    return next(iter(whole.values())) if len(whole) == 1 else whole


def _bind_open(request: Request, kind: str, use: TypeFormats) -> Binding | None:
    """How the request fills a format in part, if a parameter names a resource of the type.

    `*` leaves a part open. `*parameter` does so if the request has that parameter, which names the resource in another
    way.
    """
    own = normalise(kind)
    handles = [
        stem + end + plural for plural in ("", "s") for end in (*ENDINGS, "") for stem in (own, singular_of(own))
    ]
    if is_about(request.operation.name, kind):
        handles += OWN_NAMES
    handle = next((path_of(request.top[name]) for name in handles if name in request.top), "")
    items: list[Item] = []
    for text in use.formats:
        free = free_placeholders(text)
        if not free and use.required and OPEN in text:
            items.append({})
        known = {name: path for name, path in bind_placeholders(request, kind, free).items() if path}
        known = {name: path for name, path in known.items() if not may_be_a_name(request, name, path)}
        is_named = bool(handle) or any(stem_of_name(normalise(name)) in (own, singular_of(own)) for name in known)
        if is_named and len(known) < len(free):
            rest = OPEN + (handle if handle not in known.values() else "")
            items.append({name: known.get(name, rest) for name in free})
    return binding_of_items(items) if items else None


def _is_any_doubtful(request: Request, found: Iterable[Item], formats: Sequence[str]) -> bool:
    last = [free[-1] for text in formats if (free := free_placeholders(text))]
    return any(may_be_a_name(request, name, last_path(item)) for name in last for item in found)


def bind_parents(kind: str, formats: Sequence[str], request: Request) -> dict[str, str] | None:
    """The placeholders of a created type that the call names: those of its parents."""
    own = {normalise(kind) + ending for ending in ("arn", "id", "identifier")} | {normalise(kind)}
    names = {}
    for name in dict.fromkeys(name for text in formats for name in free_placeholders(text)):
        hinted = normalise(request.hints.placeholders.get(name, ""))
        key = hinted if hinted in request.top and fits_placeholder(request, hinted, kind, name) else normalise(name)
        if key in request.top and normalise(name) not in own and key not in OWN_NAMES:
            names[name] = path_of(request.top[key])
    return names or None
