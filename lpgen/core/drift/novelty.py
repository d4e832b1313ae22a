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
    """Tells which of some resources the use of an earlier state didn't have, and which words of their names."""

    def __init__(self, asked: Iterable[Resource]) -> None:
        self.resources = set(asked)
        self.words = {word for one in self.resources for word in _words(one)}
        self.discard({NO_RESOURCE, UNKNOWN_RESOURCE})

    def discard(self, known: Iterable[Resource]) -> None:
        """Takes out what the earlier state had."""
        for one in known:
            self.resources.discard(one)
            self.words.difference_update(_words(one))

    def keep(self, other: Novelty) -> None:
        """Takes out what isn't new to another part of the earlier state."""
        self.resources &= other.resources
        self.words &= other.words

    def of(self, resources: Iterable[Resource]) -> Iterator[str]:
        """The resources that are new, and the new words of their names, such as an application's."""
        for one in resources:
            if one in self.resources:
                yield one.text
                yield from (f"resources named {word}" for word in _words(one) if word in self.words)


def _words(resource: Resource) -> Iterator[str]:
    """The words in the name of a resource. What has digits, as ids and dates do, is none: it is new every day."""
    for token in _TOKEN.findall(resource.text.split(":", _ARN_FIELDS)[-1]):
        if len(token) >= _SHORTEST and token.isalpha():
            yield token.lower()
