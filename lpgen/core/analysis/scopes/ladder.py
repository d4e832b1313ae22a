"""The ladder of a resource: ever shorter prefixes of its ARN, from its own name to every resource of its type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lpgen.core.analysis.scopes.population import SEPARATORS, stem_of
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import Action

_TYPE: Final = re.compile(r"[/:]?[^/:]*[/:]")
_PLACEHOLDER: Final = "${"


def ladder_of(text: str, action: Action, catalog: Catalog) -> tuple[str, ...]:
    """The prefixes of an ARN or a fold at which names are parted, the longest first.

    The last one is that of the resource type in the account and Region. A name with a wildcard in its middle has none.
    """
    stem = stem_of(text)
    start = _type_start(stem, action, catalog)
    if "*" in stem[start:] or "?" in stem[start:]:
        return ()
    return tuple(_prefixes(stem, start))


def is_whole_type(text: str, action: Action, catalog: Catalog) -> bool:
    """Whether a fold matches every resource of its type, so the call named none."""
    stem = stem_of(text)
    return _type_start(stem, action, catalog) >= len(stem)


def _prefixes(stem: str, start: int) -> Iterator[str]:
    for end in range(len(stem) - 1, start, -1):
        if stem[end - 1] in SEPARATORS:
            yield stem[:end]
    if start < len(stem):
        yield stem[:start]


def _type_start(stem: str, action: Action, catalog: Catalog) -> int:
    """The index of a resource's name in its ARN: after the text that all resources of its type begin with."""
    name = split_arn(stem).name
    before = len(stem) - len(name)
    formats = catalog.arn_formats(action.partition(":")[0], catalog.resource_type(action, stem))
    heads = {split_arn(one).name.partition(_PLACEHOLDER)[0] for one in formats}
    fitting = [head for head in heads if name.startswith(head)]
    if fitting:
        return before + len(max(fitting, key=len))
    found = _TYPE.match(name)
    return before + (found.end() if found else 0)
