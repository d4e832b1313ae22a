"""Unbounded names: folding replaces an ARN with a glob that depends only on this ARN.

Some names are unlimited in number: object keys, log streams, the runs, sessions and tasks whose ids AWS generates, and
the revisions that AWS numbers. No policy lists them one by one. Each folds to the pattern that its service documents
for the type. A name that a person chose remains exact.

The most frequent calls that differ only in such a name have the same contribution. A rule puts the name at the end of
an ARN, and folding removes it again. So lpgen maps the call with a mark instead of the name, and puts the name back for
an example. It checks the result: a mark in any other place shows that the name affects the mapping, and then the
records are mapped one by one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

import msgspec

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.records import RecordResource
from lpgen.core.model import Resource, ResourceKind

_KEPT_DIRECTORIES: Final = 2
"""How many leading directories of an object key to keep."""

_OBJECT: Final = "/object/*"

# IAM reads `*` and `?` as wildcards and `${` as the start of a variable, so an ARN with such a character can't be
# written exactly; `?` matches this character. U+FFFD replaces text that was not valid Unicode.
_SPECIAL: Final = re.compile("[*?\ufffd]|\\$(?=\\{)")


class _Shapes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Templates for the last fields of a service's ARNs that fold. `{}` is a name to keep; each `*` after it is folded.

    In `numbered` templates, `*` matches only a number. AWS increases it with every change, and a call without a number
    is authorized on the newest. An alias of a function is never a number.
    """

    source: tuple[str, ...]
    open: tuple[str, ...] = ()
    numbered: tuple[str, ...] = ()
    why: str = ""


_NO_SHAPES: Final = _Shapes(())


class Folds:
    """Folds resources by the catalog's table `folds`."""

    def __init__(self, source: CatalogSource) -> None:
        self._shapes = read_catalog_table(source, "folds", dict[str, _Shapes])
        # by the text only, because hashing an enum member runs Python code
        self._fold_arn = lru_cache(maxsize=8192)(self._decide)

    def fold(self, resource: Resource) -> Resource:
        """The resource itself, or the fold of an ARN whose last name is unbounded or can't be written in a policy.

        The fold's glob matches the ARN. Folding twice gives the same result. Resources of other kinds don't change.
        """
        return self._fold_arn(resource.text) if resource.kind is ResourceKind.ARN else resource

    def _decide(self, arn: str) -> Resource:
        """The ARN itself if all of it is kept and can be written in a policy, otherwise the fold."""
        *place, name = arn.split(":", ARN_FIELDS - 1)
        kept, ends = arn, ""
        if len(place) == ARN_FIELDS - 1:
            folded, ends = self._fold_name(place[2], name, is_global=not place[3] and not place[4])
            kept = ":".join((*place, folded)) if ends else arn
        if not ends and not _SPECIAL.search(kept):
            return Resource(ResourceKind.ARN, arn)
        return Resource(ResourceKind.FOLD, _SPECIAL.sub("?", kept) + ends)

    def _fold_name(self, service: str, name: str, *, is_global: bool) -> tuple[str, str]:
        """The part of an ARN's last field to keep, and the wildcards for the rest, such as `*` or `*/*`, or ""."""
        if service == "s3" and is_global:
            bucket, slash, key = name.partition("/")
            kept, ends = _fold_key(key)
            return bucket + slash + kept, ends
        shapes = self._shapes.get(service, _NO_SHAPES)
        for template in shapes.open:
            found = _shape_from_template(template).match(name)
            if found and template.endswith(_OBJECT):
                kept, ends = _fold_key(name[found.end() :])
                return found.group() + kept, ends
            ends = template[template.index("*") :]
            if found and name.count("/", found.end()) >= ends.count("/"):
                return found.group(), ends
        for template in shapes.numbered:
            found = _shape_from_template(template).match(name)
            if found and name[found.end() :].isdecimal():
                return found.group(), "*"
        return name, ""


def _fold_key(key: str) -> tuple[str, str]:
    """The leading directories of an object key, then `*`. A key without a directory is kept whole."""
    end = 0
    for _ in range(_KEPT_DIRECTORIES):
        end = key.find("/", end) + 1 or end
    return (key[:end], "*") if end else (key, "")


@cache
def _shape_from_template(template: str) -> re.Pattern[str]:
    """The expression for the part of a name to keep. Each `{}` ends at the next separator of the template."""
    head, *rest = template.partition("*")[0].split("{}")
    stops = [(":" if part.startswith(":") else "/:", re.escape(part)) for part in rest]
    return re.compile(re.escape(head) + "".join(f"[^{stop}]+{part}" for stop, part in stops))


# ---------------------------------------------------------------- marks in place of names

MARK: Final = "\0"

OPEN_NAMES: Final = {"s3.amazonaws.com": "key", "logs.amazonaws.com": "logStreamName"}
"""The parameter that holds the name, by event source."""

# A name with such a character may be read as a pattern or decoded before it is in an ARN, or is escaped in JSON.
_find_special: Final = re.compile(f'[*?$%\ufffd{MARK}"\\\\]').search

OpenName = tuple[str, str]
"""A name in two parts: the part that folding keeps, and the end that it removes."""


def open_name(request: Mapping[str, object], parameter: str) -> OpenName | None:
    """The name that a request has in this parameter; None if it has none, or if folding keeps all of it."""
    name = request.get(parameter)
    if type(name) is not str or _find_special(name):
        return None
    kept, folded = _fold_key(name) if parameter == "key" else ("", "*")
    end = name[len(kept) :]
    return (kept, end) if folded and end else None


def mark_listed(resources: bytes, name: OpenName) -> bytes:
    """The JSON of a record's resources with the mark instead of the end of the name, wherever a text ends with it.

    Only names after a `/` are replaced. No member that lpgen reads has such a name.
    """
    kept, end = name
    return resources.replace(f'{kept}{end}"'.encode(), f'{kept}\\u0000"'.encode()) if kept else resources


def is_listed_at_end(resources: Collection[RecordResource]) -> bool:
    """Whether marks are only at the end of ARNs."""
    return not any(
        MARK in f"{resource.accountId}{resource.ARNPrefix}{resource.type}" or MARK in (resource.ARN or "")[:-1]
        for resource in resources
    )


def is_open_at_end(rows: Iterable[tuple[Sequence[object], Sequence[str]]]) -> bool:
    """Whether marks are only at the end of a resource that is the only one of its row."""
    for key, resources in rows:
        marked = [text for text in resources if MARK in text]
        if any(MARK in str(part) for part in key):
            return False
        if marked and (len(resources) > 1 or marked[0].index(MARK) != len(marked[0]) - 1):
            return False
    return True
