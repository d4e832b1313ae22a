"""Finds the request parameter for a placeholder of an ARN format.

A rule must never fill an id that AWS assigns with a name that the caller chose, because no such ARN exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from action_catalog.bindings import OPEN
from action_catalog.created_types import CREATING
from action_catalog.parameter_names import (
    GENERIC,
    ID_LIKE,
    OWN_NAMES,
    SHORTEST_STEM,
    VERB,
    ending_of,
    is_about,
    is_alike,
    normalise,
    stem_of_key,
    stem_of_name,
)
from action_catalog.request_parameters import Request, path_of

ENDINGS: Final = ("name", "id", "identifier", "arn")
_ID_ENDINGS: Final = ("id", "identifier", "arn")
_MAKING: Final = (*CREATING, "Add", "Enable", "Put", "Restore")
# Types whose ARN ends with the name that the caller chose, although the reference calls it an id.
# https://docs.aws.amazon.com/databrew/latest/dg/API_Dataset.html
# https://docs.aws.amazon.com/mediatailor/latest/apireference/API_PlaybackConfiguration.html
# https://docs.aws.amazon.com/proton/latest/APIReference/API_Component.html
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DescribeStreamProcessor.html
# https://docs.aws.amazon.com/recovery-readiness/latest/api/cells.html
NAMED_RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "databrew": ("*",),
    "mediatailor": ("playbackConfiguration",),
    "proton": ("component",),
    "rekognition": ("streamprocessor",),
    "route53-recovery-readiness": ("*",),
}


def bind_placeholders(request: Request, kind: str, free: Sequence[str]) -> dict[str, str | None]:
    """Each placeholder of a format with its parameter. No parameter fills two placeholders, because the id and the name
    of a resource differ."""
    names = {name: _bind_placeholder(request, kind, name, alone=len(free) == 1) for name in free}
    if free and [name for name, path in names.items() if path is None] == [free[-1]]:
        names[free[-1]] = _bind_placeholder(request, kind, free[-1], alone=True)
    for name, path in names.items():
        is_shared = path is not None and list(names.values()).count(path) > 1
        if path and is_shared and ending_of(normalise(name)) != ending_of(normalise(path.rpartition(".")[2])):
            names[name] = None
    return names


def _bind_placeholder(request: Request, kind: str, name: str, *, alone: bool) -> str | None:
    top = request.top
    for key in _candidates(request, kind, name, alone=alone):
        if key in top:
            return path_of(top[key])
    own = normalise(name)
    if own in request.plain:
        return path_of(request.plain[own])
    is_generic = stem_of_name(own) in GENERIC
    deep = [] if is_generic else [own, own + "s"]
    if alone and (is_generic or stem_of_name(own) == normalise(kind)):
        deep += [normalise(kind) + ending for ending in endings_of(request, kind, own)]
    for key in deep:
        if key in request.nested:
            return path_of(request.nested[key])
    return _bind_alike(request, kind, name) if alone else None


def _candidates(request: Request, kind: str, name: str, *, alone: bool) -> Iterator[str]:
    """The normalised names that a placeholder's parameter may have, the most likely first."""
    own = normalise(name)
    yield from (normalise(text) for text in request.hints.own.get(name, ()))
    hinted = normalise(request.hints.placeholders.get(name, ""))
    fits = bool(hinted) and fits_placeholder(request, hinted, kind, name)
    is_own = is_about(request.operation.name, kind)
    is_late = hinted in OWN_NAMES and not is_own
    candidates = [hinted] if fits and not is_late else []
    candidates += [own, *(stem_of_name(own) + ending for ending in endings_of(request, kind, own)), stem_of_name(own)]
    typed = [*(normalise(kind) + ending for ending in endings_of(request, kind, own)), normalise(kind)] if alone else []
    of_type = stem_of_name(own) in GENERIC or is_alike(stem_of_name(own), {normalise(kind)})
    for forms in (typed, candidates) if of_type else (candidates, typed):
        yield from (form for form in forms if form)
        yield from (form + "s" for form in forms if form)
    if fits and is_late:
        yield hinted
    if not alone:
        return
    if is_own:
        names = [form for form in OWN_NAMES if form in endings_of(request, kind, own)]
        yield from names
        yield from (form + "s" for form in names)


def endings_of(request: Request, kind: str, name: str) -> tuple[str, ...]:
    """The endings of parameters that can fill a placeholder. A name never fills an id."""
    named = NAMED_RESOURCES.get(request.operation.prefix, ())
    if kind in named or OPEN in named:
        return ENDINGS
    if name.endswith("name") and name.removesuffix("name") + "id" in request.hints.ids:
        return tuple(ending for ending in ENDINGS if ending != "id")  # the service distinguishes the two
    return _ID_ENDINGS if name.endswith(ID_LIKE) else ENDINGS


def _bind_alike(request: Request, kind: str, name: str) -> str | None:
    """The only required parameter whose name is a shorter or longer form of the placeholder's or the type's name:
    `profileId` for `${BrowserProfileId}`, or plain `id` in an operation whose name contains the type's."""
    if not request.one_type or request.operation.name.startswith(_MAKING):
        return None
    wanted = endings_of(request, kind, normalise(name))
    known = {stem for stem in (stem_of_name(normalise(name)), normalise(kind)) if len(stem) >= SHORTEST_STEM}
    alike = [
        item
        for key, item in request.top.items()
        if item.required and ending_of(key) in wanted and ending_of(key) != "arn" and is_alike(stem_of_key(key), known)
    ]
    if len(alike) == 1 and not alike[0].or_name:
        return path_of(alike[0])
    noun = normalise(VERB.sub("", request.operation.name))
    own = [key for key in OWN_NAMES if key in wanted and key in request.top and request.top[key].required]
    if not alike and own and normalise(kind) in noun and not request.top[own[0]].or_name:
        return path_of(request.top[own[0]])
    return None


def fits_placeholder(request: Request, hinted: str, kind: str, name: str) -> bool:
    """Whether a hinted parameter can fill the placeholder: its name must mean the same resource, or be generic.

    A hint for another resource would put the id of one type into the ARN of another.
    """
    if name and ending_of(hinted) and ending_of(hinted) not in endings_of(request, kind, normalise(name)):
        return False
    about, stem = stem_of_key(hinted), stem_of_name(normalise(name or kind))
    own = normalise(kind)
    if about in GENERIC:
        return True
    known = [text for text in (stem, own) if text not in GENERIC]
    return any(text.endswith(about) or about.endswith(text) for text in known)


def may_be_a_name(request: Request, name: str, path: str) -> bool:
    """Whether a placeholder for an id has a parameter that can have a name, according to its documentation."""
    return normalise(name).endswith(ID_LIKE) and any(
        item.or_name and path_of(item) == path and not normalise(item.name).endswith(("name", "names"))
        for item in request.operation.parameters
    )
