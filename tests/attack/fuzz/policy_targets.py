"""Readers of policies, and the decisions that follow: documents, globs, conditions, request lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

from lpgen.core.globs.match import (
    glob_match,
    intersect_patterns,
    normalize_glob,
    pattern_contains,
    patterns_intersect,
)
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.conditions import condition_match
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request
from lpgen.core.iam.policy import policy_from_json, policy_size, policy_to_json
from lpgen.core.iam.request_line import decide_line
from lpgen.core.model import Condition, Policy, Resource, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.attack.fuzz.target import Target
from tests.attack.fuzz.world import ROLE

_CASES: Final = Path(__file__).parents[2] / "cases"
_GLOB_CHARACTERS: Final = 120

_REQUESTS: Final = tuple(
    Request(
        ROLE, action, Resource(ResourceKind.ARN, resource), {"aws:username": ("ann",), "s3:prefix": ("a", "b")}, absent
    )
    for (action, resource), absent in product(
        (
            ("s3:GetObject", "arn:aws:s3:::data/a"),
            ("iam:PassRole", ROLE),
            ("sts:AssumeRole", "arn:aws:iam::444455556666:role/x"),
        ),
        AbsentKeys,
    )
)


def read_policy(data: bytes) -> Policy:
    """A document, which reads back as it was written, and the decisions on some requests in every layer."""
    policy = policy_from_json(data, place="policy")
    again = policy_from_json(policy_to_json(policy), place="again")
    assert again.version == policy.version
    assert len(again.statements) == len(policy.statements)
    assert policy_size(policy) > 0
    both = (policy,)
    for policies in (
        PolicySet(both),
        PolicySet(both, boundary=both),
        PolicySet(both, scps=(both,), rcps=(both,)),
        PolicySet(both, resource=policy),
        PolicySet(both, session=policy, endpoint=both),
    ):
        for request in _REQUESTS:
            assert decide(request, policies).result
    return policy


def read_globs(data: bytes) -> None:
    """Two globs and a text, each a line: what is answered of them must fit together."""
    lines = [*data.decode("utf-8", "replace").split("\n"), "", "", ""]
    a, b, text = (line[:_GLOB_CHARACTERS] for line in lines[:3])
    in_a, in_b = glob_match(a, text), glob_match(b, text)
    assert glob_match(normalize_glob(a), text) == in_a, "normalizing changes a glob"
    assert glob_match(a, text, ignore_case=True) or not in_a, "ignoring case matches less"
    if pattern_contains(a, b):
        assert in_a or not in_b, "a text of the inner glob isn't in the outer one"
    if in_a and in_b:
        assert patterns_intersect(a, b), "globs with a common text are called disjoint"
    both = intersect_patterns(a, b)
    if both is not None:
        assert glob_match(both, text) == (in_a and in_b), "the intersection is another set"


def read_condition(data: bytes) -> object:
    """An operator, a key, a value and the request's value, each a line; requests that lack the key too."""
    lines = [*data.decode("utf-8", "replace").split("\n"), "", "", "", ""]
    operator, key, wanted, value = (line[:500] for line in lines[:4])
    condition = Condition(operator, key, tuple(sorted({wanted, *lines[4:8]})))
    found = []
    for version, absent in product(("2008-10-17", "2012-10-17"), AbsentKeys):
        for context in ({}, {key: (value,)}, {key: (value, wanted)}):
            request = Request(ROLE, "s3:GetObject", Resource(ResourceKind.ARN, "arn:aws:s3:::b/k"), context, absent)
            found.append(condition_match(condition, version, request).answer)
    return found


def read_request_line(data: bytes) -> object:
    """One line of `lpgen authorize`, whose answer is a line of JSON."""
    answer = decide_line(data, bundled_catalog())
    assert ("error" in answer) != ("result" in answer)
    return json.dumps(answer)


# ---------------------------------------------------------------- seeds


def _conformance() -> Iterator[dict[str, Any]]:
    for path in sorted((_CASES / "conformance").glob("*.json")):
        yield from json.loads(path.read_bytes())[::4]


def _documents() -> Iterator[bytes]:
    cases = json.loads((_CASES / "policies.json").read_bytes())
    for case in (one for value in cases.values() if isinstance(value, list) for one in value):
        if isinstance(case, dict) and "document" in case:
            yield json.dumps(case["document"]).encode()
    for case in _conformance():
        request = case["request"]
        for found in (*(request.get("identityPolicies") or ()), request.get("resourcePolicy")):
            if found:
                yield json.dumps(found).encode()


def _lines() -> Iterator[bytes]:
    yield from (json.dumps(case["request"]).encode() for case in _conformance())


def _globs() -> Iterator[bytes]:
    for a, b, text in (
        ("*", "?", "a"), ("a*b", "a*", "ab"), ("arn:aws:s3:::*/x/*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y"),
        ("**?*", "???", "abc"), ("s3:Get*", "S3:*Object", "s3:GetObject"), ("é*", "*é", "é"), ("*a*a", "a*a*", "aa"),
    ):  # fmt: skip
        yield "\n".join((a, b, text)).encode()


def _conditions() -> Iterator[bytes]:
    operators = (
        "StringEquals", "StringLike", "StringNotEqualsIgnoreCase", "NumericLessThan", "DateGreaterThan", "Bool",
        "BinaryEquals", "IpAddress", "NotIpAddress", "ArnLike", "Null", "ForAllValues:StringLike",
        "ForAnyValue:StringNotLike", "StringEqualsIfExists", "ForAllValues:NumericLessThanEqualsIfExists",
    )  # fmt: skip
    values = {
        "Numeric": "10", "Date": "2026-09-01T00:00:00Z", "Bool": "true", "Binary": "QQ==", "Ip": "10.0.0.0/8",
        "Arn": "arn:aws:iam::*:role/*", "Null": "true",
    }  # fmt: skip
    for operator in operators:
        value = next((one for name, one in values.items() if name in operator), "a${aws:username}*")
        yield "\n".join((operator, "aws:Key", value, value)).encode()


TARGETS: Final = (
    Target("policy", read_policy, _documents),
    Target("globs", read_globs, _globs),
    Target("condition", read_condition, _conditions),
    Target("request-line", read_request_line, _lines),
)
