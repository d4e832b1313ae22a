"""The names of a role or user that options accept: its ARN, and the short names that lpgen prints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.globs.match import glob_match
from lpgen.errors import InvocationError, quote_input

_MOST_CLOSE: Final = 3
_CLOSE: Final = 0.5

_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^A-Za-z0-9]+")
_ANY_NAME: Final = "use an ARN, a name, or a glob"
_DID_YOU_MEAN: Final = "did you mean {names}?"
"""The minimum similarity of a suggested name, from 0 to 1."""


def parts_of_name(name: str) -> list[str]:
    """The words and numbers of a name, and what separates them: case, digits and other characters start a new part."""
    return _PARTS.findall(name)


def words_of_name(name: str) -> list[str]:
    """The words and numbers of a name, in lower case."""
    return [part.lower() for part in parts_of_name(name) if part.isalnum()]


@lru_cache(maxsize=1024)
def names_of_principal(arn: str) -> tuple[str, ...]:
    """The names of a principal: its ARN, its name, and kind, path and name, each also without the path.

    Kind and name may have the account in front, as in `111122223333 role/app`.
    """
    fields = split_arn(arn)
    kind, _, _ = fields.name.partition("/")
    own = fields.name.rpartition("/")[2]
    labels = [fields.name, f"{kind}/{own}"]
    names = (arn, own, *labels, *(f"{fields.account} {label}" for label in labels)) if fields.name else (arn,)
    return tuple(dict.fromkeys(names))


def is_named(arn: str, glob: str) -> bool:
    """Whether a glob matches one of a principal's names; "" matches every principal."""
    # Every name ends like the ARN. This rules out nearly all principals before lpgen computes their names.
    return arn.endswith(_ending(glob)) and (not glob or any(glob_match(glob, name) for name in names_of_principal(arn)))


@lru_cache(maxsize=16)
def _ending(glob: str) -> str:
    """The end of every name that a glob matches, limited to the principal's own name."""
    return re.split("[*?/: ]", glob)[-1]


def find_named(glob: str, arns: Iterable[str]) -> tuple[str, ...]:
    """The ARNs among these that a glob matches by a name.

    Raises:
        InvocationError: it matches none.
    """
    known = list(arns)
    found = tuple(arn for arn in known if is_named(arn, glob))
    if not found:
        raise InvocationError(f"no principal matches {quote_input(glob)}", hint=hint_of_name(glob, known))
    return found


def hint_of_name(text: str, arns: Iterable[str], *, otherwise: str = _ANY_NAME) -> str:
    """A hint for a text that names none of these principals: the closest names, if any is close."""
    shown = closest_names(text, arns)
    return _DID_YOU_MEAN.format(names=" or ".join(map(quote_input, shown))) if shown else otherwise


def closest_names(text: str, arns: Iterable[str]) -> list[str]:
    """The names (or for an ARN, the ARNs) of the principals closest to a text; empty if none is close."""
    called: dict[str, str] = {}
    for arn in arns:
        for name in names_of_principal(arn):
            called.setdefault(name.lower(), arn)
    close = get_close_matches(text.strip("*?").lower(), called, n=_MOST_CLOSE * 2, cutoff=_CLOSE)
    found = list(dict.fromkeys(called[name] for name in close))[:_MOST_CLOSE]
    return found if text.startswith("arn:") else [split_arn(arn).name or arn for arn in found]
