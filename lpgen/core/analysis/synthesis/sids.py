"""Sids that describe the purpose of a statement, such as `ReadOrdersBucket`.

They depend only on the statement's content, so they are the same in every run. IAM allows letters and digits in them,
and no two in one policy may be equal.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import READ_LEVELS, AccessLevel, Action
from lpgen.core.replacements import Scope

UNSEEN: Final = "Unseen"
"""The prefix of the Sid of a statement that is kept though no record shows its use."""

_WORD: Final = re.compile("[A-Za-z0-9]+")
_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")
_OF_NAMES: Final = re.compile("(?:Name(?:With[A-Za-z]*)?|Id|Arn|Key)$")
_DRAWN: Final = re.compile(r"(?:[a-z]+-)?(?=[0-9a-f-]*\d)[0-9a-f-]{8,}", re.IGNORECASE)
"""Names that AWS generates, such as the id of a key or an instance: they mean nothing to a reader."""

_LONGEST_NAME: Final = 40


class _Thing(NamedTuple):
    """A resource's kind, such as `Bucket`, and its name, each "" where it means nothing."""

    kind: str
    name: str


def sid_for(actions: Sequence[Action], scope: Scope, *, is_unseen: bool, catalog: Catalog) -> str:
    """The Sid of a statement that allows these actions on a scope, before it is made unique in its policy."""
    services = sorted({action.partition(":")[0] for action in actions})
    service = _words(services[0]) if len(services) == 1 else "SeveralServices"
    things = {_thing(one, actions, catalog) for one in scope.resources}
    verb = actions[0].partition(":")[2] if len(actions) == 1 else _verb(actions, catalog)
    noun = f"{service}Except" if scope.not_resource else _noun(things, service)
    return f"{UNSEEN if is_unseen else ''}{_ascii(verb)}{noun}"


def marked(sid: str, content: str) -> str:
    """The Sid with a mark made from its statement's content, which distinguishes it from an equal Sid."""
    return f"{sid}{_hash(content)[:6]}"


def short_sid(content: str) -> str:
    """A Sid made from its statement's content only, long enough to differ from all others of a principal."""
    return _hash(content)[:8]


def _hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest().upper()


def _verb(actions: Iterable[Action], catalog: Catalog) -> str:
    levels = {catalog.detail(action).level for action in actions}
    if AccessLevel.PERMISSIONS_MANAGEMENT in levels:
        return "Administer"
    if levels <= READ_LEVELS:
        return "Read"
    return "ReadWrite" if levels & READ_LEVELS else "Write"


def _noun(things: set[_Thing], service: str) -> str:
    """The noun that all the resources share: one name and kind, or a kind, or only the service."""
    kinds, names = {one.kind for one in things}, {one.name for one in things}
    kind = kinds.pop() if len(kinds) == 1 else ""
    name = names.pop() if len(names) == 1 else ""
    if name:
        return f"{name}{kind or service}"
    return f"{service}{_plural(kind)}" if kind else service


def _plural(kind: str) -> str:
    if kind.endswith("y") and not kind.endswith(("ay", "ey", "oy")):
        return f"{kind[:-1]}ies"
    return kind if kind.endswith("s") else f"{kind}s"


def _thing(resource: str, actions: Iterable[Action], catalog: Catalog) -> _Thing:
    """The kind and name of a resource by its ARN format; the first placeholder names what contains the rest."""
    for action in actions:
        kind = catalog.resource_type(action, resource) if catalog.takes_resource(action, resource) else ""
        for one in catalog.arn_formats(action.partition(":")[0], kind) if kind else ():
            if found := _read_name(split_arn(resource).name, split_arn(one).name):
                return found
    return _Thing("", "")


def _read_name(name: str, form: str) -> _Thing | None:
    placeholder = _PLACEHOLDER.search(form)
    head = form[: placeholder.start()] if placeholder else form
    if placeholder is None or not name.startswith(head):
        return None
    value = re.split("[/:]", name[len(head) :], maxsplit=1)[0]
    stem = re.split(r"[*?$]", value, maxsplit=1)[0] if has_wildcard(value) or "$" in value else value
    drawn = _DRAWN.fullmatch(stem) is not None
    return _Thing(_words(_OF_NAMES.sub("", placeholder[1])), "" if drawn else _words(stem))


def _words(text: str) -> str:
    """The words of a name, joined by capitals."""
    return "".join(f"{one[0].upper()}{one[1:]}" for one in _WORD.findall(text))[:_LONGEST_NAME]


def _ascii(text: str) -> str:
    return "".join(_WORD.findall(text))
