"""Resource patterns: globs with AWS's rules for the fields of an ARN.

Two rules extend `lpgen.core.globs.match`. An ARN with fewer than six fields is completed with `*` in an identity policy
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns). A wildcard matches only
within its field (partition, service, Region, account), except that a `*` at the end of the field can match colons. The
sixth field, the resource, can have colons, and its wildcards match anything. Matching is case-sensitive.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

from lpgen.core.arns import ARN_FIELDS
from lpgen.core.globs.match import (
    glob_matcher,
    has_wildcard,
    intersect_patterns,
    literal_head,
    normalize_glob,
    pattern_contains,
    patterns_intersect,
)
from lpgen.core.globs.step_budget import remember_steps, spend_steps
from lpgen.core.globs.tokens import (
    ANY,
    FIELD_ANY,
    FIELD_RUN,
    RUN,
    Tokens,
    match_tokens,
    tokens_contain,
    tokens_from_glob,
    tokens_intersect,
)

_WITHOUT_COLONS = frozenset(
    {"account", "elasticloadbalancing", "identitystore", "networkmanager", "organizations", "route53resolver"}
)
_ARN = tokens_from_glob("arn:")
_COLON = ord(":")
_PLACE = re.compile(r"[a-z0-9*?-]*", re.IGNORECASE)


def complete_arn(pattern: str) -> str:
    """The pattern with the fields that an identity policy can omit: `arn:aws:sqs` is `arn:aws:sqs:*:*:*`."""
    if not pattern.startswith("arn:"):
        return pattern
    return pattern + ":*" * (ARN_FIELDS - 1 - pattern.count(":"))


def resource_match(pattern: str, resource: str) -> bool:
    """Whether a resource pattern without variables matches an exact resource."""
    spend_steps(1)
    return resource_matcher(pattern)(resource)


@lru_cache(maxsize=8192)
def resource_matcher(pattern: str) -> Callable[[str], bool]:
    """A cached function that tests whether a resource pattern without variables matches an exact resource."""
    full = complete_arn(pattern)
    return partial(match_tokens, resource_tokens(full)) if _bound(full) else glob_matcher(full)


def resource_contains(outer: str, inner: str) -> bool:
    """Whether `outer` matches every resource that `inner` matches. True is always correct (see `pattern_contains`)."""
    spend_steps(1)
    outer, inner = complete_arn(outer), complete_arn(inner)
    if _bound(outer) or _bound(inner):
        return _bound_contains(outer, inner)
    return pattern_contains(outer, inner)


def resources_intersect(a: str, b: str) -> bool:
    """Whether both patterns match some resource. Exact."""
    spend_steps(1)
    a, b = complete_arn(a), complete_arn(b)
    if not (has_wildcard(a) or has_wildcard(b)):
        return a == b
    if _bound(a) or _bound(b):
        return tokens_intersect(resource_tokens(a), resource_tokens(b))
    return patterns_intersect(a, b)


def resources_meet(pattern: str, seen: str) -> bool:
    """Whether a pattern and a recorded resource, or its FOLD, have a resource in common.

    Unlike `resources_intersect`, it ignores texts that can't be a resource. If names have no colon, fields are compared
    separately, so `arn:aws:ec2:*:*:snapshot/*` has nothing in common with volumes.
    """
    if not resources_intersect(pattern, seen):
        return False
    ours, theirs = _fields(complete_arn(pattern)), _fields(seen)
    if len(ours) != ARN_FIELDS or len(theirs) != ARN_FIELDS or not _has_no_colon(theirs):
        return True
    return all(patterns_intersect(our, their) for our, their in zip(ours, theirs, strict=True))


def _has_no_colon(fields: list[str]) -> bool:
    """Whether the resources that the fields of an ARN match have no colon in their names.

    Ids, for example of EC2 and Organizations, have none. Names of key pairs and placement groups can have colons. Names
    of load balancers and target groups consist of letters, digits and hyphens. Without colons, a `*` for the account
    can't match beyond its field.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """
    *place, account, name = fields
    kind, slash, _ = name.partition("/")
    if any(map(has_wildcard, place)) or (has_wildcard(account) and account != "*"):
        return False
    if not slash or has_wildcard(kind) or ":" in name:
        return False
    named = kind in ("key-pair", "placement-group")
    return fields[2] in _WITHOUT_COLONS or (fields[2] == "ec2" and not named)


@remember_steps(maxsize=8192)
def intersect_resources(a: str, b: str) -> str | None:
    """One pattern for the resources that both match, or None if there isn't one or it isn't found.

    It never matches a resource that one of the patterns doesn't match. For two ARNs it may be built field by field.
    Then it excludes ARNs with a colon in the Region or account, which don't exist. It is never a pattern that no real
    ARN can match.
    """
    a, b = complete_arn(a), complete_arn(b)
    if resource_contains(a, b):
        return b
    if resource_contains(b, a):
        return a
    whole = None if _bound(a) or _bound(b) else intersect_patterns(a, b)
    if whole is not None and _can_be_arn(whole) and whole.count(":") <= max(a.count(":"), b.count(":")):
        return whole  # with more colons, a `*` of one pattern would match text after the full name in the other
    fields = [intersect_patterns(x, y) for x, y in zip(_fields(a), _fields(b), strict=False)]
    if len(fields) != ARN_FIELDS or len(_fields(a)) != len(_fields(b)):
        return None
    joined = ":".join(field for field in fields if field is not None)
    inside = None not in fields and resource_contains(a, joined) and resource_contains(b, joined)
    return joined if inside and _can_be_arn(joined) else None


def _can_be_arn(pattern: str) -> bool:
    """Whether the Region and account of a pattern can be part of an ARN: letters, digits and hyphens. A Region with a
    wildcard must end with a digit or wildcard, and an account with a wildcard must not have letters."""
    fields = _fields(pattern)
    if len(fields) != ARN_FIELDS:
        return True
    region, account = fields[3], fields[4]
    if not all(_PLACE.fullmatch(field) for field in (region, account)):
        return False
    end = region[-1:]
    ends_well = not has_wildcard(region) or end in "*?" or end.isdigit()
    return ends_well and (not has_wildcard(account) or not any(map(str.isalpha, account)))


@lru_cache(maxsize=4096)
def resource_tokens(pattern: str) -> Tokens:
    """The tokens of a resource pattern without variables."""
    return bind_fields(tokens_from_glob(normalize_glob(pattern)))


def bind_fields(tokens: Tokens) -> Tokens:
    """A resource glob with its omitted fields added, and with wildcards bound to their field as in AWS."""
    if tokens[: len(_ARN)] != _ARN:
        return tokens
    bound: list[int] = []
    missing = max(0, ARN_FIELDS - 1 - tokens.count(_COLON))
    full = tokens + (_COLON, RUN) * missing
    colons = 0
    for at, token in enumerate(full):
        colons += token == _COLON
        if colons == ARN_FIELDS - 1:
            return (*bound, *full[at:])
        ends_field = full[at + 1 : at + 2] in ((_COLON,), ())
        bound.append(FIELD_ANY if token == ANY else FIELD_RUN if token == RUN and not ends_field else token)
    return tuple(bound)


@remember_steps(maxsize=8192)
def _bound_contains(outer: str, inner: str) -> bool:
    if not has_wildcard(inner):
        return match_tokens(resource_tokens(outer), inner)
    return tokens_contain(resource_tokens(outer), resource_tokens(inner))


def _bound(pattern: str) -> bool:
    """Whether a wildcard of the pattern is bound to its field, so a plain glob would match too much."""
    if not pattern.startswith("arn:") or not has_wildcard(pattern):
        return False
    return any("?" in field or "*" in field[:-1] for field in _fields(pattern)[: ARN_FIELDS - 1])


def _fields(arn: str) -> list[str]:
    return arn.split(":", ARN_FIELDS - 1)


class PatternIndex:
    """Resource patterns by the literal text before their first wildcard. Everything that a pattern contains starts with
    it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_head: dict[str, list[str]] = defaultdict(list)
        for pattern in dict.fromkeys(patterns):
            self._by_head[literal_head(complete_arn(pattern))].append(pattern)
        self._lengths = sorted({len(head) for head in self._by_head})

    def containing(self, inner: str) -> Iterator[str]:
        """The patterns that contain a pattern or an exact resource."""
        full = complete_arn(inner)
        for length in self._lengths:
            if length > len(full):
                return
            for outer in self._by_head.get(full[:length], ()):
                if resource_contains(outer, inner):
                    yield outer
