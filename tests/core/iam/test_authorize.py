"""Decisions against cases taken from AWS's documentation, and laws that hold for any policy and request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.conditions import conditions_match
from lpgen.core.iam.decision import (
    AbsentKeys,
    Answer,
    Layer,
    Match,
    PolicySet,
    Request,
    Result,
    Stop,
    all_of,
    any_of,
    maybe,
    opposite,
)
from lpgen.core.iam.match_statement import covering_matches
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import (
    CURRENT_VERSION,
    NO_RESOURCE,
    UNKNOWN_RESOURCE,
    Effect,
    Policy,
    Resource,
    ResourceKind,
)
from tests.support.case_tables import each_case
from tests.support.law_examples import examples

FOLDER = Path(__file__).parents[2] / "cases" / "authorize"
CONDITIONS = json.loads((FOLDER / "conditions.json").read_text())["groups"]
DECISIONS = json.loads((FOLDER / "decisions.json").read_text())["groups"]
BOB = "arn:aws:iam::111122223333:user/bob"


def resource_from_case(text: str) -> Resource:
    if text == "unknown":
        return UNKNOWN_RESOURCE
    if text == "*":
        return NO_RESOURCE
    glob = text.removeprefix("glob ")
    return Resource(ResourceKind.ARN if glob == text else ResourceKind.FOLD, glob)


def request_from_case(action: str, resource: str, context: dict[str, Any], absent: AbsentKeys) -> Request:
    values = {key: tuple(v) if isinstance(v, list) else (v,) for key, v in context.items()}
    return Request(BOB, action, resource_from_case(resource), values, absent)


def policy_of(*statements: dict[str, Any]) -> Policy:
    return policy_from_json({"Version": "2012-10-17", "Statement": list(statements)}, place="case")


def own(identity: Sequence[Policy], boundary: Policy | None = None) -> PolicySet:
    """The policies on the principal's side alone."""
    return PolicySet(identity=tuple(identity), boundary=() if boundary is None else (boundary,))


@each_case(
    "group, case",
    [(group, case) for group, cases in CONDITIONS.items() for case in cases],
    ids=lambda group, case: f"{group}: {case[0]}",
)
def test_conditions_hold_as_documented(group: str, case: list[Any]) -> None:
    _, block, context, expected, *unknown = case
    policy = policy_of({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block})
    absent = AbsentKeys.UNKNOWN if unknown else AbsentKeys.MISSING
    request = request_from_case("s3:GetObject", "arn:aws:s3:::b/k", context, absent)
    answer, *keys = expected.split()
    expected_match = Match(Answer(answer), tuple(keys))
    assert conditions_match(policy.statements[0].conditions, CURRENT_VERSION, request) == expected_match, group


def decision_cases() -> list[tuple[Any, Any, AbsentKeys]]:
    return [
        (group, case, absent)
        for group in DECISIONS
        for kind, absent in (("requests", AbsentKeys.MISSING), ("unknown", AbsentKeys.UNKNOWN))
        for case in group.get(kind, [])
    ]


@each_case("group, case, absent", decision_cases(), ids=lambda group, case, _: f"{group['name']}: {case[0]}")
def test_requests_are_decided_as_documented(group: dict[str, Any], case: list[Any], absent: AbsentKeys) -> None:
    _, action, resource, context, result, sids, *depends_on = case
    identity = [policy_from_json(document, place="case") for document in group["identity"]]
    boundary = policy_from_json(group["boundary"], place="case") if "boundary" in group else None
    decision = decide(request_from_case(action, resource, context, absent), own(identity, boundary))
    assert decision.result is Result(result)
    assert [reason.sid for reason in decision.reasons] == sids
    assert list(decision.depends_on) == (depends_on[0] if depends_on else [])


def test_decision_names_the_place_of_its_reasons() -> None:
    allow = {"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    deny = {"Sid": "D", "Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}
    request = Request(BOB, "s3:GetObject", Resource(ResourceKind.ARN, "arn:aws:s3:::b/k"))
    (reason,) = decide(request, own([policy_of(allow), policy_of(allow, deny)])).reasons
    assert (reason.layer, reason.policy, reason.statement, reason.effect) == (Layer.IDENTITY, 1, 1, Effect.DENY)
    silent = decide(request, own([policy_of(allow)], policy_of()))
    assert silent.stops == (Stop(Layer.BOUNDARY),)
    assert decide(request, own([], policy_of())).stops == (Stop(Layer.IDENTITY), Stop(Layer.BOUNDARY))


class ListAllTakesNone(Catalog):
    """A catalog that knows one action, which takes no resource."""

    def __init__(self) -> None:
        """Without a source: nothing else is asked."""

    def is_without_resource(self, name: str) -> bool:
        return name.lower() == "s3:listallmybuckets"


def test_catalog_tells_which_actions_match_the_star_alone() -> None:
    scoped = policy_of({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"})
    request = Request(BOB, "S3:ListAllMyBuckets", Resource(ResourceKind.ARN, "arn:aws:s3:::b"))
    assert decide(request, own([scoped])).result is Result.ALLOWED
    assert decide(request, own([scoped]), catalog=ListAllTakesNone()).result is Result.IMPLICITLY_DENIED
    other = Request(BOB, "s3:GetObject", Resource(ResourceKind.ARN, "arn:aws:s3:::b/k"))
    assert decide(other, own([scoped]), catalog=ListAllTakesNone()).result is Result.ALLOWED


def test_trust_statement_covers_its_own_role() -> None:
    trust = policy_of({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}).statements[0]
    request = Request(BOB, "sts:AssumeRole", Resource(ResourceKind.ARN, "arn:aws:iam::111122223333:role/x"))
    assert covering_matches(trust, CURRENT_VERSION, request).answer is Answer.YES


def test_empty_lists_match_nothing() -> None:
    request = Request(BOB, "s3:GetObject", Resource(ResourceKind.ARN, "arn:aws:s3:::b/k"))
    for empty in ({"Action": [], "Resource": "*"}, {"Action": "*", "Resource": []}):
        assert decide(request, own([policy_of({"Effect": "Allow", **empty})])).result is Result.IMPLICITLY_DENIED


# ---------------------------------------------------------------- laws

matches = st.one_of(
    st.sampled_from([Match(Answer.YES), Match(Answer.NO)]),
    st.lists(st.sampled_from("abc"), min_size=1).map(lambda keys: maybe(*keys)),
)


@given(st.lists(matches))
def test_logic_is_that_of_three_values(found: list[Match]) -> None:
    assert opposite(any_of(found)) == all_of(opposite(match) for match in found)
    answers = {match.answer for match in found}
    if Answer.NO in answers:
        assert all_of(found).answer is Answer.NO
    else:
        assert all_of(found).answer is (Answer.MAYBE if Answer.MAYBE in answers else Answer.YES)


def one_or_more(items: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), min_size=1, max_size=2)


KEYS = ["aws:SourceIp", "aws:username", "aws:PrincipalTag/team"]
VALUES = ["a", "b", "*", "10.0.0.1", "${aws:username}", "${aws:PrincipalTag/team, 'a'}", ""]
OPERATORS = [
    "StringEquals",
    "StringNotLike",
    "IpAddress",
    "NotIpAddressIfExists",
    "Null",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotEquals",
    "NumericLessThan",
    "ArnNotLike",
]
RESOURCES = [
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::${*}/a",
    "arn:aws:s3",
]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    statements = [
        {
            "Effect": draw(st.sampled_from(["Allow", "Deny"])),
            draw(st.sampled_from(["Action", "NotAction"])): draw(one_or_more(["*", "s3:*", "s3:Get*", "iam:?assRole"])),
            draw(st.sampled_from(["Resource", "NotResource"])): draw(one_or_more(RESOURCES)),
            "Condition": draw(
                st.dictionaries(
                    st.sampled_from(OPERATORS),
                    st.dictionaries(st.sampled_from(KEYS), one_or_more(VALUES), min_size=1, max_size=2),
                    max_size=2,
                )
            ),
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    return policy_of(*statements)


contexts = st.dictionaries(
    st.sampled_from(KEYS), st.lists(st.sampled_from(["a", "b", "*", "10.0.0.1", ""]), max_size=2).map(tuple)
)
arns = st.sampled_from(["arn:aws:s3:::b", "arn:aws:s3:::b/a", "arn:aws:s3:::*/a"]).map(
    lambda arn: Resource(ResourceKind.ARN, arn)
)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(policies(), max_size=2),
    st.one_of(st.none(), policies()),
    st.sampled_from(["s3:GetObject", "iam:PassRole"]),
    arns,
    contexts,
    contexts,
)
def test_what_becomes_known_never_contradicts(
    identity: list[Policy],
    boundary: Policy | None,
    action: str,
    arn: Resource,
    shown: dict[str, tuple[str, ...]],
    hidden: dict[str, tuple[str, ...]],
) -> None:
    """A decision on part of the context, or of the resource, holds for every whole that it may be part of."""
    partly = decide(Request(BOB, action, arn, shown), own(identity, boundary))
    whole = Request(BOB, action, arn, {**hidden, **shown}, AbsentKeys.MISSING)
    decision = decide(whole, own(identity, boundary))
    blind = decide(Request(BOB, action, UNKNOWN_RESOURCE, shown), own(identity, boundary))
    for earlier in (partly, blind):
        if earlier.result is Result.ALLOWED:
            assert decision.result is Result.ALLOWED
        if earlier.result is Result.EXPLICITLY_DENIED:
            assert decision.result is Result.EXPLICITLY_DENIED
        if earlier.result is Result.IMPLICITLY_DENIED:
            assert decision.result in (Result.EXPLICITLY_DENIED, Result.IMPLICITLY_DENIED)
        assert (earlier.result is Result.DEPENDS) is bool(earlier.depends_on)
    assert decide(whole, own(identity, policy_of(ALL_ALLOWED))).result == decide(whole, own(identity)).result


ALL_ALLOWED = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(policies(), max_size=3), arns, contexts)
def test_order_of_policies_is_no_difference(
    identity: list[Policy], arn: Resource, context: dict[str, tuple[str, ...]]
) -> None:
    request = Request(BOB, "s3:GetObject", arn, context)
    forwards, backwards = decide(request, own(identity)), decide(request, own(identity[::-1]))
    assert (forwards.result, forwards.depends_on) == (backwards.result, backwards.depends_on)
