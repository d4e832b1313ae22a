"""Globs: `*` is any run of characters (also `/` and `:`), `?` is one character, everything else is literal.

Action patterns are case-insensitive globs. For resource patterns, `lpgen.core.iam.match_resource` adds AWS's rules for
the fields of an ARN. All functions here are pure and total.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.globs.step_budget import remember_steps
from lpgen.core.globs.tokens import tokens_contain, tokens_contain_all, tokens_from_glob, tokens_intersect
from lpgen.core.model import LEGACY_VERSION

_WILDCARD = re.compile(r"[*?]")
_WILDCARD_RUN = re.compile(r"[*?]+")
VARIABLE = re.compile(r"\$\{(?:([^{}',]*)(?:,\s*'([^']*)'\s*)?|[^}]*)\}")
"""A policy variable, `${key}` or `${key, 'default'}`: its key or one of the three escapes, and its default if any.

Other texts in `${…}` have no key.
"""

VARIABLE_ESCAPES = frozenset("*?$")
"""`${*}`, `${?}` and `${$}` mean the characters themselves."""


def has_wildcard(text: str) -> bool:
    """Whether a text has `*` or `?`."""
    return "*" in text or "?" in text


def normalize_glob(pattern: str) -> str:
    """The same glob with normalized runs of wildcards: question marks first, then at most one `*`."""
    if "*" not in pattern:
        return pattern
    return _WILDCARD_RUN.sub(lambda run: "?" * run.group().count("?") + "*" * ("*" in run.group()), pattern)


def fold_case(text: str) -> str:
    """The text with ASCII letters in lower case, as IAM compares names. Its length never changes."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def glob_match(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a glob matches the whole text."""
    if ignore_case:
        return glob_matcher(fold_case(pattern))(fold_case(text))
    return glob_matcher(pattern)(text)


@lru_cache(maxsize=8192)
def glob_matcher(pattern: str) -> Callable[[str], bool]:
    """The test "does this glob match the whole text", compiled once and kept.

    Matching never backtracks: each literal part between two `*` matches at its leftmost position, which is always
    correct.
    """
    normal = normalize_glob(pattern)
    if not has_wildcard(normal):
        return normal.__eq__
    if normal == "*":
        return lambda _text: True
    head = normal[:-1]
    if normal.endswith("*") and not has_wildcard(head):
        return lambda text: text.startswith(head)
    fullmatch = re.compile(_regex_from_glob(normal), re.DOTALL).fullmatch
    return lambda text: fullmatch(text) is not None


def _regex_from_glob(pattern: str) -> str:
    """A regular expression for a normalized glob. Atomic groups prevent backtracking."""
    first, *rest = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last


# ---------------------------------------------------------------- the algebra of globs


@remember_steps(maxsize=8192)
def pattern_contains(outer: str, inner: str) -> bool:
    """Whether `outer` matches every text that `inner` matches. True is always correct. False is correct unless many
    wildcards use up the search's budget."""
    outer, inner = normalize_glob(outer), normalize_glob(inner)
    if outer in ("*", inner):
        return True
    if not has_wildcard(inner):
        return glob_match(outer, inner)
    if not has_wildcard(outer) or not _ends_contain(outer, inner):
        return False
    return tokens_contain(tokens_from_glob(outer), tokens_from_glob(inner))


@remember_steps(maxsize=8192)
def patterns_intersect(a: str, b: str) -> bool:
    """Whether both globs match some text. Exact."""
    if not has_wildcard(a):
        return glob_match(b, a)
    if not has_wildcard(b):
        return glob_match(a, b)
    if not _heads_agree(a, b) or not _heads_agree(a[::-1], b[::-1]):
        return False
    if _begins_all(a, b) or _begins_all(b, a):
        return True
    return tokens_intersect(tokens_from_glob(normalize_glob(a)), tokens_from_glob(normalize_glob(b)))


@remember_steps(maxsize=8192)
def intersect_patterns(a: str, b: str) -> str | None:
    """One glob that matches exactly what both match, or None if there isn't one or it isn't found.

    None doesn't mean that the globs are disjoint; see `patterns_intersect`. `a/*` and `*/b` intersect in `a/*/b` but
    also in `a/b`, so no single glob exists. `a*` and `*b` intersect in `a*b`.
    """
    a, b = normalize_glob(a), normalize_glob(b)
    if pattern_contains(a, b):
        return b
    if pattern_contains(b, a):
        return a
    for candidate in _joined(a, b):
        is_inside = pattern_contains(a, candidate) and pattern_contains(b, candidate)
        if is_inside and tokens_contain_all(tokens_from_glob(candidate), (tokens_from_glob(a), tokens_from_glob(b))):
            return candidate
    return None


def _joined(a: str, b: str) -> list[str]:
    """Candidates for the intersection: one glob up to one of its `*`, then the other glob from one of its `*` or from
    the same position."""
    found: list[str] = []
    for first, second in ((a, b), (b, a)):
        head = first[: first.rfind("*") + 1]
        tail = second[second.find("*") :] if "*" in second else ""
        if head and tail:
            found.append(normalize_glob(head + tail))
        start = first[: first.find("*")] if "*" in first else ""
        if start and "*" not in second[: len(start)]:
            narrowed = "".join(theirs if ours == "?" else ours for ours, theirs in zip(start, second, strict=False))
            found.append(normalize_glob(narrowed + second[len(start) :]))
    return found


def _ends_contain(outer: str, inner: str) -> bool:
    """Whether `inner` starts and ends with the literal start and end of `outer`."""
    head, tail = literal_head(outer), literal_head(outer[::-1])
    return inner.startswith(head) and inner[::-1].startswith(tail)


def _begins_all(a: str, b: str) -> bool:
    """Whether `a` is a literal and a `*`, and every text that `b` matches starts with this literal. A quick check that
    is often enough."""
    return a.endswith("*") and not has_wildcard(a[:-1]) and literal_head(b).startswith(a[:-1])


def _heads_agree(a: str, b: str) -> bool:
    """Whether the literal starts of two globs don't contradict each other."""
    head_a, head_b = literal_head(a), literal_head(b)
    length = min(len(head_a), len(head_b))
    return head_a[:length] == head_b[:length]


def literal_head(pattern: str) -> str:
    """The part of a glob before its first wildcard, or the whole glob if it has none."""
    found = _WILDCARD.search(pattern)
    return pattern[: found.start()] if found else pattern


# ---------------------------------------------------------------- policy variables


def variables_as_wildcards(text: str) -> str:
    """The glob with `*` for each variable. It matches at least every text that the original can match for any values.

    The escapes `${*}` and `${?}` become wildcards, which also match the literal characters; `${$}` becomes `$`. A value
    can have colons, which move the following text into other fields of an ARN. AWS allows variables only after the
    fifth colon and doesn't say what an earlier one means, so the glob ends with a `*` there.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse
    """
    if "${" not in text:
        return text
    glob, end = "", 0
    for found in VARIABLE.finditer(text):
        glob += text[end : found.start()]
        end = found.end()
        if found.group(1) in VARIABLE_ESCAPES:
            glob += found.group(1)
        elif glob.count(":") < ARN_FIELDS - 1:
            return glob + "*"
        else:
            glob += "*"
    return glob + text[end:]


def as_glob(pattern: str, version: str) -> str:
    """A resource pattern from a policy of this language version, as a glob that matches at least as much."""
    return pattern if version == LEGACY_VERSION else variables_as_wildcards(pattern)


def holds_variable(text: str, version: str) -> bool:
    """Whether a text from a policy of this language version has `${…}`, so a glob can't express what it matches.

    The request decides the value of a variable. The escapes `${*}`, `${?}` and `${$}` mean characters that a glob can't
    name. Before version 2012-10-17, `${…}` is literal text.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    return version != LEGACY_VERSION and "${" in text and VARIABLE.search(text) is not None
