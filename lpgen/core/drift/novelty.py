"""What is new to a whole organization: resources that nobody used before, and words that none of their names had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, Resource

_ARN_FIELDS: Final = 5
"""The fields before the part of an ARN that names the resource."""
_SHORTEST: Final = 3
_TOKEN: Final = re.compile(r"[^\W_]+")


class Novelty:
    """Tells what the use of an earlier state didn't have."""

    def __init__(self, known: Iterable[Resource]) -> None:
        self._known = {NO_RESOURCE, UNKNOWN_RESOURCE, *known}
        self._words = frozenset(word for one in self._known for word in _words(one))

    def of(self, resources: Iterable[Resource]) -> Iterator[str]:
        """The resources that are new, and the new words of their names, such as an application's."""
        for one in resources:
            if one not in self._known:
                yield one.text
                yield from (f"resources named {word}" for word in _words(one) if word not in self._words)


def _words(resource: Resource) -> Iterator[str]:
    """The words in the name of a resource. What has digits, as ids and dates do, is none: it is new every day."""
    for token in _TOKEN.findall(resource.text.split(":", _ARN_FIELDS)[-1]):
        if len(token) >= _SHORTEST and token.isalpha():
            yield token.lower()
