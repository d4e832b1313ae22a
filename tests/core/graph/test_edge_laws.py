"""Laws of edges on random small worlds: they are what the decision core allows, and less permission adds none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met
from lpgen.core.evidence import RecordedContext
from lpgen.core.graph.edges import EdgeState
from lpgen.core.graph.world import World
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import (
    AttachedPolicy,
    Effect,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    Resource,
    ResourceKind,
)
from lpgen.core.trust.callers import Callers
from tests.core.graph.cases import FUNCTION, OTHER, arn_of, edges_of, world
from tests.support.worlds import ACCOUNT

NAMES = [("role/a", ACCOUNT), ("role/team/b", ACCOUNT), ("user/a", ACCOUNT), ("role/a", OTHER)]
ARNS = [arn_of(name, account) for name, account in NAMES]
LINKED = arn_of("role/aws-service-role/x.amazonaws.com/d")
RESOURCES = st.sampled_from(["*", *ARNS, f"arn:aws:iam::{ACCOUNT}:*/a", "arn:aws:iam::*:role/team/*", FUNCTION])
CONDITIONS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:PrincipalArn": ARNS[0]}},
    {"ArnNotLike": {"AWS:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/team/*"}},
    {"StringLike": {"aws:username": "a*"}},
    {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}},
    {"StringEquals": {"sts:RoleSessionName": "a"}},
    {"StringNotEquals": {"sts:RoleSessionName": ["a", "b"]}},
]
ACTIONS = [
    *("*", "iam:*", "iam:PassRole", "iam:CreateAccessKey", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"),
    *("lambda:*", "iam:PutUserPolicy", "iam:DeleteRolePermissionsBoundary", "sts:AssumeRole", "sts:AssumeRole"),
]
PRINCIPALS = st.fixed_dictionaries({"AWS": st.sampled_from([*ARNS, "*", ACCOUNT, OTHER])}) | st.just(
    {"Service": "lambda.amazonaws.com"}
)
Json = dict[str, Any]


def statements(effects: list[str], actions: list[str], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {"Effect": st.sampled_from(effects), "Action": st.sampled_from(actions), **parts},
        optional={"Condition": st.sampled_from(CONDITIONS)},
    )


def policies(statement: st.SearchStrategy[Json], least: int = 0) -> st.SearchStrategy[Policy]:
    return st.lists(statement, min_size=least, max_size=3).map(document)


def document(found: list[Json]) -> Policy:
    return policy_from_json({"Version": "2012-10-17", "Statement": found}, place="a test")


BOTH = ["Allow", "Allow", "Deny"]
OWN = policies(statements(BOTH, ACTIONS, Resource=RESOURCES))
TRUST = policies(statements(BOTH, ["sts:AssumeRole", "sts:AssumeRole", "sts:*"], Principal=PRINCIPALS))
DENY = statements(["Deny"], ACTIONS, Resource=RESOURCES)
DENY_TRUST = statements(["Deny"], ["sts:AssumeRole", "sts:*"], Principal=PRINCIPALS)


def held(policy: Policy) -> AttachedPolicy:
    return AttachedPolicy(PolicyKind.INLINE, "own", "", "", None, policy)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Roles and users of two accounts, perhaps with boundaries, tags and SCPs, and perhaps a function."""
    found = []
    for arn in [*ARNS, LINKED]:
        kind, _, rest = arn.split(":")[5].partition("/")
        path, _, name = rest.rpartition("/")
        boundary = held(draw(OWN)) if draw(st.integers(0, 4)) == 0 else None
        found.append(
            Principal(
                *(arn, arn, arn.split(":")[4], PrincipalKind(kind), name, f"/{path}/" if path else "/"),
                policies=(held(draw(OWN)),),
                boundary=boundary,
                trust=draw(TRUST) if kind == "role" else None,
                tags=draw(st.sampled_from([(), (("team", "shop"),)])),
            )
        )
    scps = draw(st.none() | OWN)
    guards = Guards() if scps is None else Guards(scps=(AccountLevels("", ((scps,),)),))
    return world(*found, guards=guards, compute=draw(st.sampled_from([None, [(FUNCTION, "role/a")]])))


def assumptions(found: World, principal: Principal, role: Principal) -> Iterator[Result]:
    """The decisions on requests for a session, with each name that conditions test and with another."""
    guards, resource = found.guards.with_trust(found.principals), Resource(ResourceKind.ARN, role.arn)
    policies = policies_met(principal, role.arn, guards)
    known = known_context(principal, resource, RecordedContext(""))
    if principal.kind is PrincipalKind.USER:
        known["aws:PrincipalTag/team"] = tuple(value for _, value in principal.tags)
    else:
        known["aws:username"] = ()
        if principal.tags:
            known["aws:PrincipalTag/team"] = ("shop",)  # sessions of a role without tags may have some
    known["aws:ResourceTag/team"] = tuple(value for _, value in role.tags)
    for name in ("a", "b", "c"):
        context = {**known, "sts:RoleSessionName": (name,)}
        request = Request(principal.arn, "sts:AssumeRole", resource, context, resource_account=role.account)
        yield decide(request, policies).result


def pairs(found: World) -> list[tuple[Principal, Principal]]:
    """Each principal with each other role that may be gained. Nobody can assume a service-linked role."""
    return [
        (one, other)
        for one in found.principals
        for other in found.principals
        if other.kind is PrincipalKind.ROLE and other.arn not in (one.arn, LINKED)
    ]


@given(worlds())
def test_role_is_assumed_where_the_decision_core_allows_it(found: World) -> None:
    edges = {(edge.source, edge.target): edge for edge in edges_of(found) if edge.rule == "sts-assume-role"}
    for principal, role in pairs(found):
        results, edge = set(assumptions(found, principal, role)), edges.get((principal.arn, role.arn))
        state = edge and edge.state
        expected = EdgeState.DEPENDS if Result.DEPENDS in results else None
        assert state is (EdgeState.OPEN if Result.ALLOWED in results else expected), (principal.arn, role.arn)


@given(worlds())
def test_callers_of_a_role_are_the_sources_of_its_edges(found: World) -> None:
    guards = found.guards.with_trust(found.principals)
    edges = {(edge.source, edge.target): edge.depends_on for edge in edges_of(found) if edge.rule == "sts-assume-role"}
    callers = Callers(found.principals, guards)
    for role in found.principals:
        if role.kind is PrincipalKind.ROLE and role.arn != LINKED:
            known = {caller.principal: caller.depends_on for caller in callers.of_role(role)}
            known.pop(role.arn, None)
            assert {source for source, target in edges if target == role.arn} - {*found.outsiders} <= known.keys()
            for caller, keys in known.items():
                if not keys:
                    assert edges.get((caller, role.arn)) == ()


@given(worlds())
def test_principals_that_the_snapshot_lacks_lose_no_role(found: World) -> None:
    less = replace(found, principals=tuple(one for one in found.principals if one.account == ACCOUNT))
    from_outside = {edge.target for edge in edges_of(less) if edge.source in less.outsiders}
    for edge in edges_of(found):
        if edge.rule == "sts-assume-role" and f"::{OTHER}:" in edge.source and f"::{ACCOUNT}:" in edge.target:
            assert edge.target in from_outside


def reach(found: World) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """The edges as source, target and rule: all, and the open ones."""
    edges = edges_of(found)
    return (
        {(edge.source, edge.target, edge.rule) for edge in edges},
        {(edge.source, edge.target, edge.rule) for edge in edges if edge.state is EdgeState.OPEN},
    )


def check_no_more(before: World, after: World) -> None:
    (all_before, open_before), (all_after, open_after) = reach(before), reach(after)
    assert all_after <= all_before
    assert open_after <= open_before


def without(policy: Policy, number: int) -> Policy | None:
    """The policy without one of its Allows, or None if it has none."""
    allows = [one for one in policy.statements if one.effect is Effect.ALLOW]
    if not allows:
        return None
    gone = allows[number % len(allows)]
    left = [one for one in policy.statements if one is not gone]
    return replace(policy, statements=tuple(replace(one, index=at) for at, one in enumerate(left)))


@given(worlds(), st.integers(0, 3), st.booleans(), st.integers(0, 2))
def test_allow_that_is_removed_adds_no_edge(found: World, at: int, in_trust: bool, number: int) -> None:
    one = found.principals[at]
    own = one.policies[0].document
    policy = without(one.trust if in_trust and one.trust else own, number)  # type: ignore[arg-type]
    assume(policy is not None)
    changed = replace(one, trust=policy) if in_trust and one.trust else replace(one, policies=(held(policy),))  # type: ignore[arg-type]
    check_no_more(found, replace(found, principals=(*found.principals[:at], changed, *found.principals[at + 1 :])))


@given(worlds(), st.integers(0, 3), DENY)
def test_deny_that_is_added_to_a_policy_adds_no_edge(found: World, at: int, deny: Json) -> None:
    one = found.principals[at]
    changed = replace(one, policies=(*one.policies, held(document([deny]))))
    check_no_more(found, replace(found, principals=(*found.principals[:at], changed, *found.principals[at + 1 :])))


@given(worlds(), st.sampled_from([0, 1, 3]), DENY_TRUST)
def test_deny_that_is_added_to_a_trust_policy_adds_no_edge(found: World, at: int, deny: Json) -> None:
    one = found.principals[at]
    assert one.trust is not None
    added = replace(document([deny]).statements[0], index=len(one.trust.statements))
    changed = replace(one, trust=replace(one.trust, statements=(*one.trust.statements, added)))
    check_no_more(found, replace(found, principals=(*found.principals[:at], changed, *found.principals[at + 1 :])))


@given(worlds(), DENY)
def test_deny_of_an_scp_adds_no_edge(found: World, deny: Json) -> None:
    levels = (*(found.guards.scps[0].levels[0] if found.guards.scps else ()),)
    every: Json = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    level = (*(levels or (document([every]),)), document([deny]))
    check_no_more(found, replace(found, guards=Guards(scps=(AccountLevels("", (level,)),))))
