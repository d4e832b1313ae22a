"""The two laws of a replacement, on random policies and random usage: it covers all granted use and adds nothing.

The oracle is the decision core on a small world of requests; the verifier must agree.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.choices import KeepUnobservable, ScopeChoice, keep_each
from lpgen.core.evidence import Use
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Outcome, Policy, Principal, Resource, ResourceKind
from lpgen.core.options import Options
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.law_examples import examples
from tests.support.proofs import doubts, prove
from tests.support.worlds import allow, catalog, deny, grants_of, policy, role, usage_of, use

ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:ListAllMyBuckets", "sqs:SendMessage", "sns:Publish"]
PATTERNS = [*ACTIONS, "*", "s3:*", "s3:Get*", "s3:*Object", "sqs:*", "sns:Pub?ish", "S3:getobject"]
HERE = "us-east-1:111122223333"
ARNS = [
    "arn:aws:s3:::data",
    "arn:aws:s3:::data/a.csv",
    "arn:aws:s3:::data/in/2026/x.csv",
    "arn:aws:s3:::data/out/y.csv",
    "arn:aws:s3:::logs",
    "arn:aws:s3:::logs/z",
    f"arn:aws:sqs:{HERE}:jobs",
    f"arn:aws:sqs:{HERE}:mail",
    f"arn:aws:sns:{HERE}:alerts",
]
RESOURCES = [
    *ARNS,
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::data*",
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::data/in/*",
    "arn:aws:s3:::*/*.csv",
    "arn:aws:s3:::data/${aws:username}/*",
    f"arn:aws:sqs:{HERE}:*",
    "arn:aws:s?s:*:*:*",
]
FOLDS = ["arn:aws:s3:::data/in/*", "arn:aws:s3:::data/*", "arn:aws:s3:::logs/*"]
CONDITIONS: list[dict[str, Any]] = [
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
    {"StringLike": {"aws:PrincipalTag/team": "data*"}},
]


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    maker = draw(st.sampled_from([allow, allow, allow, deny]))
    statement: dict[str, Any] = maker(draw(some(PATTERNS)), draw(some(RESOURCES)))
    if draw(st.integers(0, 5)) == 0:
        statement["NotAction"] = statement.pop("Action")
    if draw(st.integers(0, 5)) == 0:
        statement["NotResource"] = statement.pop("Resource")
    if draw(st.integers(0, 3)) == 0:
        statement["Condition"] = draw(st.sampled_from(CONDITIONS))
    return statement


policies = st.builds(
    lambda found, version, name: policy(*found, version=version, name=name),
    st.lists(statements(), min_size=1, max_size=4),
    st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
    st.uuids().map(str),
)
principals = st.builds(
    lambda found, boundary: role(*found, boundary=boundary),
    st.lists(policies, min_size=1, max_size=3),
    st.one_of(st.none(), st.none(), policies),
)


@st.composite
def uses(draw: st.DrawFn) -> Use:
    action = draw(st.sampled_from(ACTIONS))
    outcome = draw(st.sampled_from([Outcome.ALLOWED, Outcome.ALLOWED, Outcome.UNDETERMINED, Outcome.DENIED]))
    if action == "s3:ListAllMyBuckets":
        return use(action, "*", outcome=outcome)
    fitting = [arn for arn in ARNS if catalog().takes_resource(catalog().canonical(action), arn)]  # type: ignore[arg-type]
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return use(action, "?", outcome=outcome, example="*")
    if kind == 1 and action in ("s3:GetObject", "s3:PutObject"):
        return use(action, draw(st.sampled_from(FOLDS)), outcome=outcome)
    return use(action, draw(st.sampled_from(fitting)), outcome=outcome)


def replace_policies(
    principal: Principal, found: list[Use], keep: KeepUnobservable, scope: ScopeChoice
) -> tuple[list[Policy], Any]:
    grants = grants_of(principal)
    usage = usage_of({principal.arn: found})
    options = Options(keep_unobservable=keep_each(keep), min_days=1, scope=scope)
    diff = diff_usage(usage, [grants], catalog(), options)
    made = generate_policies(diff, [grants], catalog(), options)
    if not made:
        return [], None
    new = [policy_from_json(document.text, place=document.name) for document in made[0].documents]
    return new, prove(made[0], usage, [grants], options)


def result(principal: Principal, found: list[Policy], action: str, resource: Resource, context: Any) -> Result:
    request = Request(principal.arn, action, resource, context, AbsentKeys.MISSING)
    limit = principal.boundary.document if principal.boundary else None
    held = PolicySet(identity=tuple(found), boundary=() if limit is None else (limit,))
    return decide(request, held, catalog=catalog()).result


CONTEXTS: list[dict[str, tuple[str, ...]]] = [
    {},
    {
        "aws:MultiFactorAuthPresent": ("true",),
        "aws:RequestedRegion": ("us-east-1",),
        "aws:PrincipalTag/team": ("data-eng",),
        "aws:username": ("in",),
    },
    {"aws:MultiFactorAuthPresent": ("false",), "aws:RequestedRegion": ("ap-south-1",), "aws:username": ("2026",)},
]


@settings(
    max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(principals, st.lists(uses(), max_size=6), st.sampled_from(KeepUnobservable), st.sampled_from(ScopeChoice))
def test_replacement_covers_granted_use_and_stays_within_grants(
    principal: Principal, found: list[Use], keep: KeepUnobservable, scope: ScopeChoice
) -> None:
    old = [attached.document for attached in principal.policies if attached.document is not None]
    new, verification = replace_policies(principal, found, keep, scope)
    if verification is None:
        return
    assert not doubts(verification)
    for document in new:
        for statement in document.statements:
            assert statement.effect != "Allow" or not any(has_wildcard(pattern) for pattern in statement.patterns)
    for context in CONTEXTS:
        for known in found:
            if known.outcome is not Outcome.DENIED and known.resource.kind in (ResourceKind.ARN, ResourceKind.NONE):
                before = result(principal, old, known.action, known.resource, context)
                after = result(principal, new, known.action, known.resource, context)
                assert before is not Result.ALLOWED or after is Result.ALLOWED, (known, context)
        for action in [*ACTIONS, "s3:DeleteObject", "sqs:ReceiveMessage", "iam:PassRole"]:
            for arn in [*ARNS, "arn:aws:s3:::data/in/other.csv", "*"]:
                resource = Resource(ResourceKind.NONE) if arn == "*" else Resource(ResourceKind.ARN, arn)
                after = result(principal, new, action, resource, context)
                if after is Result.ALLOWED:
                    assert result(principal, old, action, resource, context) is Result.ALLOWED, (action, arn, context)
