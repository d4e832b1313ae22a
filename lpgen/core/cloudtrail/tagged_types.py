"""Which of the resource types in a row a call tags: the one that it makes, which its name says.

AWS authorizes tags in a call that makes a resource on the new resource and not on others that the call names.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import OperationRow
from lpgen.core.model import Action

_VERB: Final = re.compile(r"^[A-Z][a-z]+")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]")
_NOT_NOUN: Final = re.compile(r"(?:(?:From|With)[A-Z].*|Name)$")
_VERSION: Final = re.compile(r"V\d+$")
_PLURAL: Final = re.compile(r"(?:(?<=ch)|(?<=sh))es$|s$")


def row_of_tagged(catalog: Catalog, action: Action, operation: str, row: OperationRow) -> OperationRow:
    """The row with only the types that the tagging action is needed on; those without a binding count as created.

    Where neither the row itself, nor the operation's name, nor the types it creates, nor the action leaves a choice of
    types, the row is returned without any: the resource is unknown.
    """
    if row.tagged_reads:
        return msgspec.structs.replace(row, reads=row.tagged_reads)
    if isinstance(row.tagged, dict):
        return msgspec.structs.replace(row, resources=row.tagged, creates=(), reads=())
    taken = tuple(use.type for use in catalog.detail(action).resources)
    stated = tuple(name for name in row.tagged if name in taken)
    tagged = stated or types_in_name(operation, taken) or tuple(kind for kind in row.creates if kind in taken)
    if not tagged and len(taken) == 1:
        tagged = taken
    resources = {kind: binding for kind, binding in row.resources.items() if kind in tagged}
    creates = tuple(kind for kind in tagged if kind in row.creates or kind not in resources)
    return msgspec.structs.replace(row, resources=resources, creates=creates, reads=())


def types_in_name(operation: str, types: tuple[str, ...]) -> tuple[str, ...]:
    """The types that an operation makes according to its name: its own noun, else the longest that the noun ends with
    or those that end with the noun. The source or means of the making (`FromBackup`) is no part of the noun, and a
    later version of an operation makes the same types as the first."""
    noun = _NOT_NOUN.sub("", _VERB.sub("", operation, count=1))
    return _types_of_noun(_fold(noun), types) or _types_of_noun(_fold(_VERSION.sub("", noun)), types)


def _types_of_noun(noun: str, types: tuple[str, ...]) -> tuple[str, ...]:
    if not noun:
        return ()
    exact = tuple(kind for kind in types if _fold(kind) == noun)
    if exact:
        return exact
    told = [kind for kind in types if len(_fold(kind)) > 1]  # a single letter ends many nouns
    within = sorted((kind for kind in told if noun.endswith(_fold(kind))), key=lambda kind: (-len(kind), kind))
    return tuple(within[:1]) or tuple(kind for kind in types if _fold(kind).endswith(noun))


def _fold(name: str) -> str:
    """A name in lower case, without marks between its words, a plural's ending or a type's word "resource"."""
    text = _NOT_WORD.sub("", name.lower())
    return _PLURAL.sub("", text.removesuffix("resource") or text)
