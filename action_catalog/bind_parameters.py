"""Which request parameters name an action's resources: the catalog's ARN placeholders matched with parameter names.

What is matched by rule is written into the tables, so that a person reviews it there, and hand-made rows win. No rule
may fill an id that AWS assigns with a name that the caller chose: that ARN exists nowhere. Such a part is left open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from action_catalog.parameter_names import (
    SHORTEST_STEM,
    VERB,
    ending_of,
    free_placeholders,
    is_about,
    is_alike,
    normalise,
    singular_of,
    stem_of_key,
    stem_of_name,
)
from action_catalog.service_models import Operation, Parameter

Binding = str | dict[str, str] | list[str | dict[str, str]]

_ENDINGS: Final = ("name", "id", "identifier", "arn")
_ID_ENDINGS: Final = ("id", "identifier", "arn")
_ID_LIKE: Final = ("id", "identifier", "uuid")
_ANY_ARN: Final = ("resourcearn", "resourcearns", "arn", "arns", "resourceid", "resourceidentifier", "resource")
_CREATING: Final = ("Create", "Register", "Allocate", "Import", "Copy", "Provision", "Request", "Purchase", "Start")
_USING: Final = ("Provision", "Start")
_MAKING: Final = (*_CREATING, "Add", "Enable", "Put", "Restore")
_OWN_NAMES: Final = ("name", "id", "identifier", "arn")
_GENERIC: Final = frozenset({"", *_OWN_NAMES, "resource"})
# Types whose ARN ends in the name that the caller chose, though the reference calls it an id.
# https://docs.aws.amazon.com/databrew/latest/dg/API_Dataset.html
# https://docs.aws.amazon.com/mediatailor/latest/apireference/API_PlaybackConfiguration.html
# https://docs.aws.amazon.com/proton/latest/APIReference/API_Component.html
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DescribeStreamProcessor.html
# https://docs.aws.amazon.com/recovery-readiness/latest/api/cells.html
_NAMED_RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "databrew": ("*",),
    "mediatailor": ("playbackConfiguration",),
    "proton": ("component",),
    "rekognition": ("streamprocessor",),
    "route53-recovery-readiness": ("*",),
}
_DEEPEST: Final = 3
_OPEN: Final = "*"
_WHOLE: Final = "arn:"


@dataclass(frozen=True, slots=True)
class Hints:
    """Parameters that an earlier table or data set names, by placeholder and by resource type.

    `own` are those that a service's documentation uses for a placeholder throughout, under a name of its own;
    `ids` are the placeholders for ids in the service's ARNs, normalised.
    """

    placeholders: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TypeFormats:
    """A resource type's ARN formats, and whether the action always takes one of it."""

    formats: Sequence[str]
    required: bool


@dataclass(frozen=True, slots=True)
class _Request:
    """An operation's parameters by normalised name: of the top level, those that only spell a placeholder (numbers
    and enumerations), and those further down whose name stands at one path alone. `one_type`: the action takes one."""

    operation: Operation
    top: Mapping[str, Parameter]
    plain: Mapping[str, Parameter]
    nested: Mapping[str, Parameter]
    hints: Hints
    one_type: bool


def bind_types(
    operation: Operation, types: Mapping[str, TypeFormats], hints: Hints
) -> tuple[dict[str, Binding], tuple[str, ...]]:
    """For an action's resource types: the bindings found, and the types that the call creates."""
    request = _request(operation, hints, one_type=len(types) == 1)
    bindings: dict[str, Binding] = {}
    creates: list[str] = []
    for kind, use in types.items():
        is_created = _creates(operation, kind)
        binding = _bind_type(_of_new(request, kind) if is_created else request, kind, use)
        if is_created and not _names_whole(binding, use.formats):
            creates.append(kind)
            parents = _bind_parents(kind, use.formats, request)
            if parents:
                bindings[kind] = parents
        elif binding is not None:
            bindings[kind] = binding
    required = {_path(item) for item in operation.parameters if item.required}
    for kind in [kind for kind in bindings if not types[kind].required]:
        if any(_is_below(bindings[other], bindings[kind], required) for other in bindings if other != kind):
            del bindings[kind]
    return _keep_apart(operation, bindings, creates, types), tuple(creates)


def bind_made_type(
    operation: Operation, kind: str, use: TypeFormats, hints: Hints
) -> tuple[Binding | None, tuple[str, ...]]:
    """The binding of a type that the call makes and tags, though the call's own action doesn't take it, and the type
    itself where AWS chooses the new name: a name counts only where the ARN has a name, and the request must have it."""
    request = _of_new(_request(operation, hints, one_type=True), kind)
    binding = _bind_type(request, kind, use)
    parts = binding if isinstance(binding, dict) else {_own_placeholder(use.formats): binding}
    required = {_path(item) for item in operation.parameters if item.required}
    chosen = [isinstance(path, str) and path in required for path in parts.values()]
    last = next(reversed(parts.items()), ("", ""))
    if binding is not None and chosen and all(chosen) and _is_same(request, kind, *last):
        return binding, ()
    return _bind_parents(kind, use.formats, request), (kind,)


def _is_same(request: _Request, kind: str, placeholder: str, path: object) -> bool:
    """Whether placeholder and parameter speak of one thing: both of a name, or of an id that the caller chooses."""
    name, key = normalise(placeholder), normalise(str(path).rpartition(".")[2])
    if ending_of(key) == "name" and ending_of(key) in _endings(request, kind, name):
        return ending_of(name) == "name" or request.operation.prefix in _NAMED_RESOURCES
    is_chosen_id = request.operation.name.startswith("Create") and key == normalise(kind) + "id"
    return name == key or (is_chosen_id and name.endswith(_ID_LIKE))


def _request(operation: Operation, hints: Hints, *, one_type: bool) -> _Request:
    top = {normalise(item.name): item for item in operation.parameters if len(item.path) == 1 and not item.enumerated}
    plain = {normalise(item.name): item for item in operation.parameters if len(item.path) == 1 and item.plain}
    nested: dict[str, Parameter | None] = {}
    for item in operation.parameters:
        is_deep = 1 < len(item.path) <= _DEEPEST and not item.path[0].lower().startswith("filter")
        name = normalise(item.name)
        if is_deep and name in _OWN_NAMES:  # `project.id` is a project's
            name = singular_of(normalise(item.path[-2])) + name
        if is_deep and not item.enumerated and name not in _GENERIC:
            nested[name] = _shallower(nested[name], item) if name in nested else item
    alone = {name: item for name, item in nested.items() if item is not None}
    return _Request(operation, top, plain, alone, hints, one_type)


def _shallower(first: Parameter | None, second: Parameter) -> Parameter | None:
    """Of two parameters of one name the one that lies higher, or None where neither does."""
    if first is None or len(first.path) == len(second.path):
        return None
    return min(first, second, key=lambda item: len(item.path))


def _of_new(request: _Request, kind: str) -> _Request:
    """The request as it speaks of a resource of the type that it creates: what lies in it names others."""
    own = {normalise(kind), normalise(kind) + "s"}
    return replace(
        request, nested={name: item for name, item in request.nested.items() if normalise(item.path[0]) in own}
    )


def _keep_apart(
    operation: Operation, bindings: dict[str, Binding], creates: Iterable[str], types: Mapping[str, TypeFormats]
) -> dict[str, Binding]:
    """The bindings, with a parameter that would name resources of several types read only where it holds an ARN.

    An ARN says its type; an id or name that may belong to one type or another doesn't, unless the operation is about
    one of them, or the action must have one of one type alone.
    """
    kinds: dict[str, set[str]] = {}
    for kind, binding in bindings.items():
        for item in _items(binding) if kind not in creates and not _is_part(types[kind].formats) else ():
            kinds.setdefault(_last(item), set()).add(kind)
    shared = {path: named for path, named in kinds.items() if path and len(named) > 1}
    unclear = {
        (path, kind)
        for path, named in shared.items()
        for kind in named
        if not (is_about(operation.name, kind) and _is_own(normalise(path)))
        and [other for other in sorted(named) if types[other].required] != [kind]
    }
    return {
        kind: binding
        if kind in creates
        else _of_items(_WHOLE + _last(item) if (_last(item), kind) in unclear else item for item in _items(binding))
        for kind, binding in bindings.items()
    }


def _is_part(formats: Sequence[str]) -> bool:
    """Whether the type is a part of what its last placeholder names: `apps/${AppId}/otp`."""
    return bool(formats) and all(not text.endswith("}") for text in formats)


def _last(item: str | dict[str, str]) -> str:
    """The path that tells the resource from its siblings: that of its format's last placeholder."""
    path = item if isinstance(item, str) else next(reversed(item.values()), "")
    return path.removeprefix(_WHOLE).removeprefix(_OPEN)


def _items(binding: Binding) -> list[str | dict[str, str]]:
    return binding if isinstance(binding, list) else [binding]


def _of_items(items: Iterable[str | dict[str, str]]) -> Binding:
    found: list[str | dict[str, str]] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found[0] if len(found) == 1 else found


def _is_below(child: Binding, parent: Binding, required: set[str]) -> bool:
    """Whether a call that must name the child names the parent only on the way to it."""
    if not isinstance(child, dict) or isinstance(parent, list) or not set(child.values()) <= required:
        return False
    above = set(parent.values()) if isinstance(parent, dict) else {parent}
    return bool(above) and above < set(child.values())


def _bind_type(request: _Request, kind: str, use: TypeFormats) -> Binding | None:
    if use.formats and not any(free_placeholders(text) or _OPEN in text for text in use.formats):
        return {}  # there is one such resource in the account
    found: list[str | dict[str, str]] = [*_bind_arn(request, kind, use.formats)]
    single = next((text for text in use.formats if len(free_placeholders(text)) == 1), "")
    for text in use.formats:
        item = _bind_format(request, kind, text)
        if isinstance(item, str) and text != single:
            item = {free_placeholders(text)[0]: item}  # a path alone is read into the first format that it can fill
        if item is not None:
            found.append(item)
    if not found:
        loose = next((request.top[name] for name in _ANY_ARN if name in request.top), None)
        if loose and (request.one_type or not _is_own(normalise(loose.name))):
            return _path(loose)
        return _WHOLE + _path(loose) if loose else _bind_open(request, kind, use)
    if _is_any_doubtful(request, found, use.formats):
        found = [*(_WHOLE + _last(item) for item in found), *_items(_bind_open(request, kind, use) or [])]
    return _of_items(found)


def _is_own(name: str) -> bool:
    return name in _OWN_NAMES


def _bind_arn(request: _Request, kind: str, formats: Sequence[str]) -> Iterator[str]:
    """The parameters that are known to hold the type's ARN."""
    hinted = normalise(request.hints.types.get(kind, ""))
    if hinted in request.top and _fits(request, hinted, kind, _own_placeholder(formats)):
        yield _path(request.top[hinted])
    own = normalise(kind)
    for name in (own + "arn", own + "arns"):
        found = request.top.get(name) or request.nested.get(name)
        if found:
            yield _path(found) if len(found.path) == 1 else _WHOLE + _path(found)
            return


def _bind_format(request: _Request, kind: str, text: str) -> str | dict[str, str] | None:
    """How the request fills one ARN format in full; None where it doesn't."""
    free = free_placeholders(text)
    names = _bind_all(request, kind, free)
    if not free or not all(names.values()):
        return None
    whole = {name: path for name, path in names.items() if path}
    return next(iter(whole.values())) if len(whole) == 1 else whole


def _bind_all(request: _Request, kind: str, free: Sequence[str]) -> dict[str, str | None]:
    """Each placeholder of a format with its parameter; none fills two, as an id and a name of one thing differ."""
    names = {name: _bind_placeholder(request, kind, name, alone=len(free) == 1) for name in free}
    if free and [name for name, path in names.items() if path is None] == [free[-1]]:
        names[free[-1]] = _bind_placeholder(request, kind, free[-1], alone=True)
    for name, path in names.items():
        is_shared = path is not None and list(names.values()).count(path) > 1
        if path and is_shared and ending_of(normalise(name)) != ending_of(normalise(path.rpartition(".")[2])):
            names[name] = None
    return names


def _bind_open(request: _Request, kind: str, use: TypeFormats) -> Binding | None:
    """How the request fills a format up to what it doesn't show, where a parameter names a resource of the type.

    `*` leaves a part open, and `*parameter` does where that parameter is there: it names the resource another way.
    """
    own = normalise(kind)
    handles = [
        stem + end + plural for plural in ("", "s") for end in (*_ENDINGS, "") for stem in (own, singular_of(own))
    ]
    if is_about(request.operation.name, kind):
        handles += _OWN_NAMES
    handle = next((_path(request.top[name]) for name in handles if name in request.top), "")
    items: list[str | dict[str, str]] = []
    for text in use.formats:
        free = free_placeholders(text)
        if not free and use.required and _OPEN in text:
            items.append({})
        known = {name: path for name, path in _bind_all(request, kind, free).items() if path}
        known = {name: path for name, path in known.items() if not _is_doubtful(request, name, path)}
        is_named = bool(handle) or any(stem_of_name(normalise(name)) in (own, singular_of(own)) for name in known)
        if is_named and len(known) < len(free):
            rest = _OPEN + (handle if handle not in known.values() else "")
            items.append({name: known.get(name, rest) for name in free})
    return _of_items(items) if items else None


def _is_any_doubtful(request: _Request, found: Iterable[str | dict[str, str]], formats: Sequence[str]) -> bool:
    last = [free[-1] for text in formats if (free := free_placeholders(text))]
    return any(_is_doubtful(request, name, _last(item)) for name in last for item in found)


def _is_doubtful(request: _Request, name: str, path: str) -> bool:
    """Whether a placeholder's parameter may hold a name by its documentation, where the ARN has an id."""
    return normalise(name).endswith(_ID_LIKE) and any(
        item.or_name and _path(item) == path and not normalise(item.name).endswith(("name", "names"))
        for item in request.operation.parameters
    )


def _bind_parents(kind: str, formats: Sequence[str], request: _Request) -> dict[str, str] | None:
    """The placeholders of a created type that the call names all the same: those of its parents."""
    own = {normalise(kind) + ending for ending in ("arn", "id", "identifier")} | {normalise(kind)}
    names = {}
    for name in dict.fromkeys(name for text in formats for name in free_placeholders(text)):
        hinted = normalise(request.hints.placeholders.get(name, ""))
        key = hinted if hinted in request.top and _fits(request, hinted, kind, name) else normalise(name)
        if key in request.top and normalise(name) not in own and key not in _OWN_NAMES:
            names[name] = _path(request.top[key])
    return names or None


def _bind_placeholder(request: _Request, kind: str, name: str, *, alone: bool) -> str | None:
    top = request.top
    for key in _candidates(request, kind, name, alone=alone):
        if key in top:
            return _path(top[key])
    own = normalise(name)
    if own in request.plain:
        return _path(request.plain[own])
    is_generic = stem_of_name(own) in _GENERIC
    deep = [] if is_generic else [own, own + "s"]
    if alone and (is_generic or stem_of_name(own) == normalise(kind)):
        deep += [normalise(kind) + ending for ending in _endings(request, kind, own)]
    for key in deep:
        if key in request.nested:
            return _path(request.nested[key])
    return _bind_alike(request, kind, name) if alone else None


def _candidates(request: _Request, kind: str, name: str, *, alone: bool) -> Iterator[str]:
    """The normalised names under which a placeholder's parameter may go, the likeliest first."""
    own = normalise(name)
    yield from (normalise(text) for text in request.hints.own.get(name, ()))
    hinted = normalise(request.hints.placeholders.get(name, ""))
    fits = bool(hinted) and _fits(request, hinted, kind, name)
    is_own = is_about(request.operation.name, kind)
    is_late = hinted in _OWN_NAMES and not is_own
    candidates = [hinted] if fits and not is_late else []
    candidates += [own, *(stem_of_name(own) + ending for ending in _endings(request, kind, own)), stem_of_name(own)]
    typed = [*(normalise(kind) + ending for ending in _endings(request, kind, own)), normalise(kind)] if alone else []
    of_type = stem_of_name(own) in _GENERIC or is_alike(stem_of_name(own), {normalise(kind)})
    for forms in (typed, candidates) if of_type else (candidates, typed):
        yield from (form for form in forms if form)
        yield from (form + "s" for form in forms if form)
    if fits and is_late:
        yield hinted
    if not alone:
        return
    if is_own:
        names = [form for form in _OWN_NAMES if form in _endings(request, kind, own)]
        yield from names
        yield from (form + "s" for form in names)


def _endings(request: _Request, kind: str, name: str) -> tuple[str, ...]:
    """The endings of parameters that may hold what stands in a placeholder: an id is never a name."""
    named = _NAMED_RESOURCES.get(request.operation.prefix, ())
    if kind in named or _OPEN in named:
        return _ENDINGS
    if name.endswith("name") and name.removesuffix("name") + "id" in request.hints.ids:
        return tuple(ending for ending in _ENDINGS if ending != "id")  # the service tells the two apart
    return _ID_ENDINGS if name.endswith(_ID_LIKE) else _ENDINGS


def _bind_alike(request: _Request, kind: str, name: str) -> str | None:
    """The one required parameter whose name shortens or lengthens the placeholder's or the type's: `profileId` for
    `${BrowserProfileId}`, or plain `id` in an operation whose name holds the type's."""
    if not request.one_type or request.operation.name.startswith(_MAKING):
        return None
    wanted = _endings(request, kind, normalise(name))
    known = {stem for stem in (stem_of_name(normalise(name)), normalise(kind)) if len(stem) >= SHORTEST_STEM}
    alike = [
        item
        for key, item in request.top.items()
        if item.required and ending_of(key) in wanted and ending_of(key) != "arn" and is_alike(stem_of_key(key), known)
    ]
    if len(alike) == 1 and not alike[0].or_name:
        return _path(alike[0])
    noun = normalise(VERB.sub("", request.operation.name))
    own = [key for key in _OWN_NAMES if key in wanted and key in request.top and request.top[key].required]
    if not alike and own and normalise(kind) in noun and not request.top[own[0]].or_name:
        return _path(request.top[own[0]])
    return None


def _fits(request: _Request, hinted: str, kind: str, name: str) -> bool:
    """Whether a hinted parameter may name the placeholder: its name speaks of the same thing, or of none.

    A hint that speaks of something else fills the ARN of one type with the id of another.
    """
    if name and ending_of(hinted) and ending_of(hinted) not in _endings(request, kind, normalise(name)):
        return False
    about, stem = stem_of_key(hinted), stem_of_name(normalise(name or kind))
    own = normalise(kind)
    if about in _GENERIC:
        return True
    known = [text for text in (stem, own) if text not in _GENERIC]
    return any(text.endswith(about) or about.endswith(text) for text in known)


def _own_placeholder(formats: Sequence[str]) -> str:
    return next((free[-1] for text in formats if (free := free_placeholders(text))), "")


def _names_whole(binding: Binding | None, formats: Sequence[str]) -> bool:
    """Whether the caller chose the name: some format is filled without a generic ARN parameter."""
    if binding is None:
        return False
    free = {len(free_placeholders(text)) for text in formats}
    if len({normalise(names[-1]).endswith(_ID_LIKE) for text in formats if (names := free_placeholders(text))}) > 1:
        return False  # one format has an id and another a name: two generations of the service
    for item in _items(binding):
        if isinstance(item, dict) and len(item) in free and item and all(map(_is_chosen, item.values())):
            return True
        if (
            isinstance(item, str)
            and 1 in free
            and normalise(item) not in _ANY_ARN
            and not normalise(item).endswith("arn")
        ):
            return not item.startswith(_WHOLE)
    return not any(free) and not any(_OPEN in text for text in formats)


def _is_chosen(path: str) -> bool:
    """Whether a parameter of a creation names the new resource, not an open part or what it is made from."""
    return not path.startswith(_OPEN) and normalise(path) not in ("id", "identifier", "arn")


def _creates(operation: Operation, kind: str) -> bool:
    """Whether the call makes a resource of the type; what it starts or provisions by its own id is there already."""
    if not operation.name.startswith(_CREATING) or not is_about(operation.name, kind):
        return False
    own = {normalise(kind) + ending for ending in ("arn", "id", "identifier")}
    return not operation.name.startswith(_USING) or not any(
        item.required and len(item.path) == 1 and normalise(item.name) in own for item in operation.parameters
    )


def _path(parameter: Parameter) -> str:
    return ".".join(parameter.path)
