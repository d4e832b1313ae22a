"""Compares the names of parameters, placeholders and resource types: normalised, without endings, in the singular."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_PLACE: Final = frozenset({"partition", "region", "account", "accountid"})
VERB: Final = re.compile(r"^(?:Batch(?=[A-Z]))?[A-Z][a-z0-9]+")
SHORTEST_STEM: Final = 4
ID_LIKE: Final = ("id", "identifier", "uuid")
OWN_NAMES: Final = ("name", "id", "identifier", "arn")
GENERIC: Final = frozenset({"", *OWN_NAMES, "resource"})
ANY_ARN: Final = ("resourcearn", "resourcearns", "arn", "arns", "resourceid", "resourceidentifier", "resource")


def normalise(text: str) -> str:
    """The name in lower case, with only letters and digits."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def stem_of_name(name: str) -> str:
    """A normalised name without `name`, `id`, `identifier` or `arn` at its end."""
    for ending in ("identifier", "name", "arn", "id"):
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending)
    return name


def stem_of_key(key: str) -> str:
    """A parameter's stem, whether it is a single value or a list."""
    return stem_of_name(singular_of(key))


def ending_of(key: str) -> str:
    """The ending of a normalised parameter name, or ""."""
    return next((end for end in ("identifier", "name", "arn", "id") if singular_of(key).endswith(end)), "")


def singular_of(key: str) -> str:
    """A normalised parameter name without the ending of a list."""
    return key.removesuffix("list").removesuffix("s")


def free_placeholders(arn_format: str) -> list[str]:
    """The placeholders of an ARN format other than partition, Region and account."""
    return [name for name in _PLACEHOLDER.findall(arn_format) if name.lower() not in _PLACE]


def last_placeholder(formats: Sequence[str]) -> str:
    return next((free[-1] for text in formats if (free := free_placeholders(text))), "")


def is_about(operation: str, kind: str) -> bool:
    """Whether the noun of the operation is the resource type: `DescribeCluster` and `cluster`."""
    noun = normalise(VERB.sub("", operation))
    own = normalise(kind)
    return noun in (own, own + "s", own + "es", own.removesuffix("y") + "ies", own.removesuffix("s"))


def is_alike(stem: str, known: Iterable[str]) -> bool:
    """Whether a stem is a shorter or longer form of a known one."""
    return len(stem) >= SHORTEST_STEM and any(text.endswith(stem) or stem.endswith(text) for text in known)
