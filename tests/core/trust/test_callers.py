"""Who may assume a role: the fast form agrees with a decision on each pair of role and caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met
from lpgen.core.evidence import RecordedContext
from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Request, Result
from lpgen.core.iam.match_statement import action_matches
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
from lpgen.core.trust.callers import Callers, MayAssume, may_assume
from lpgen.core.trust.lines import trust_lines
from tests.core.trust.cases import ACCOUNT

OTHER = "999988887777"
NAMES = ["role/a", "role/b", "role/team/c", "role/aws-service-role/x.amazonaws.com/d", "user/a", "user/eve"]
ARNS = [f"arn:aws:iam::{account}:{name}" for account in (ACCOUNT, OTHER) for name in NAMES]
PATTERNS = ["*", *ARNS[:5], f"arn:aws:iam::{ACCOUNT}:role/team/*", "arn:aws:iam::*:role/${aws:username}", ARNS[7]]
TESTS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:PrincipalArn": ARNS[0]}},
    {"ArnNotLike": {"AWS:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/team/*"}},
    {"StringLike": {"aws:username": "e*"}},
    {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}},
    {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}},
    {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}, "Null": {"aws:username": "true"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
]
STATEMENT: dict[str, st.SearchStrategy[Any]] = {
    "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
    "Action": st.sampled_from(["sts:AssumeRole", "sts:AssumeRole", "sts:*", "s3:*"]),
}
MORE = {"Condition": st.sampled_from(TESTS)}


def policies(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Policy]:
    """Policies of up to two statements with these parts."""
    statements = st.lists(st.fixed_dictionaries({**STATEMENT, **parts}, optional=MORE), max_size=2)
    versions = st.sampled_from(["2012-10-17", "2008-10-17"])
    return st.builds(
        lambda version, found: policy_from_json({"Version": version, "Statement": found}, place="a test"),
        versions,
        statements,
    )


RESOURCES = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2)
OWN = policies(Resource=RESOURCES) | policies(NotResource=RESOURCES)
NAMED = st.lists(st.sampled_from([*ARNS, "*", ACCOUNT, OTHER, f"arn:aws:iam::{ACCOUNT}:root"]), min_size=1, max_size=2)
TRUSTED = st.fixed_dictionaries({"AWS": NAMED}) | st.just({"Service": "ec2.amazonaws.com"})
TRUSTS = policies(Principal=TRUSTED) | policies(NotPrincipal=TRUSTED)
HELD = st.lists(OWN.map(lambda policy: AttachedPolicy(PolicyKind.INLINE, "own", "", "", None, policy)), max_size=2)
SHARED = st.lists(HELD, min_size=1, max_size=2)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Principal], Guards]:
    """Roles and users, of which several have the same policies, and perhaps SCPs."""
    shared, found = draw(SHARED), []
    for arn in ARNS:
        kind, _, rest = arn.partition("::")[2].partition(":")[2].partition("/")
        path = f"/{rest.rpartition('/')[0]}/".replace("//", "/")
        facts: dict[str, Any] = {"policies": tuple(draw(st.sampled_from(shared)))}
        facts["boundary"] = next(iter(draw(HELD)), None) if draw(st.integers(0, 4)) == 0 else None
        facts["trust"] = draw(TRUSTS) if kind == "role" else None
        name = rest.rpartition("/")[2]
        found.append(Principal(arn, arn, arn.split(":")[4], PrincipalKind(kind), name, path, **facts))
    scps = draw(st.none() | OWN)
    guards = NO_GUARDS if scps is None else Guards(scps=(AccountLevels("", ((scps,),)),))
    return found, guards.with_trust(found)


def one_by_one(role: Principal, known: list[Principal], guards: Guards) -> Iterator[MayAssume]:
    """The callers of a role, from a decision on each."""
    resource = Resource(ResourceKind.ARN, role.arn)
    named = {value for statement in role.trust.statements for _, value in statement.principals or ()}  # type: ignore[union-attr]
    for principal in known:
        met = policies_met(principal, role.arn, guards)
        statements = [statement for policy in met.identity for statement in policy.statements]
        asks = any(one.effect is Effect.ALLOW and action_matches(one, "sts:assumerole") for one in statements)
        context = known_context(principal, resource, RecordedContext(""))
        request = Request(principal.arn, "sts:AssumeRole", resource, context, resource_account=role.account)
        if asks or {principal.arn, "*"} & named:
            decision = decide(request, met)
            if decision.result in (Result.ALLOWED, Result.DEPENDS):
                yield MayAssume(principal.arn, decision.depends_on)


@given(worlds())
def test_groups_of_callers_get_the_decisions_of_each(world: tuple[list[Principal], Guards]) -> None:
    known, guards = world
    callers = Callers(known, guards)
    for role in known:
        if role.trust is not None:
            assert set(callers.of_role(role)) == set(one_by_one(role, known, guards))


def test_other_accounts_are_listed_as_the_policy_names_them() -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole", "Condition": TESTS[-1]}
    policy = policy_from_json({"Version": "2012-10-17", "Statement": [trust]}, place="a test")
    role = Principal(ARNS[0], "AROA1", ACCOUNT, PrincipalKind.ROLE, "a", "/", trust=policy)
    callers = Callers([role], NO_GUARDS.with_trust([role]))
    assert may_assume(role, trust_lines(policy), callers) == (MayAssume(OTHER, ("aws:MultiFactorAuthPresent",)),)
