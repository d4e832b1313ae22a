"""The laws of a replacement hold whatever stands beside the policies: SCPs, a boundary given, a bucket policy."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.grants.applicable_policies import policies_met, recorded_request, request_of
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.choices import ScopeChoice
from lpgen.core.evidence import Use
from lpgen.core.guards import AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Outcome, Policy, Principal, ResourceKind
from lpgen.core.options import Options
from lpgen.core.replacements import CheckStatus
from tests.core.analysis.test_replacement_laws import policies, principals, statements, uses
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.law_examples import examples
from tests.support.proofs import doubts, prove
from tests.support.worlds import ACCOUNT, allow, catalog, exactly, policy, role, usage_of, use


def bucket_policy(found: list[dict[str, object]], entry: str) -> ResourcePolicy:
    named = [{**statement, "Principal": entry} for statement in found]
    held = policy_from_json({"Version": "2012-10-17", "Statement": named}, place="bucket")
    return ResourcePolicy("arn:aws:s3:::data", ACCOUNT, held)


levels = st.lists(
    st.lists(policies.map(lambda policy: policy.document), min_size=1, max_size=2).map(tuple), max_size=2
).map(tuple)
bucket_policies = st.builds(
    bucket_policy,
    st.lists(statements(), min_size=1, max_size=2),
    st.sampled_from(["*", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/app"]),
)
guards = st.builds(
    lambda boundary, scps, bucket: Guards(boundary, (AccountLevels("", scps),), bucket),
    st.one_of(st.none(), policies),
    levels,
    st.lists(bucket_policies, max_size=1).map(tuple),
)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(principals, st.lists(uses(), max_size=5), guards, st.sampled_from(ScopeChoice))
def test_a_replacement_under_guards_is_proven_and_takes_nothing_that_was_allowed(
    principal: Principal, found: list[Use], beside: Guards, scope: ScopeChoice
) -> None:
    options = Options(min_days=1, guards=beside, scope=scope)
    grants = grants_from_principals([principal], catalog(), beside)
    usage = usage_of({principal.arn: found})
    made = generate_policies(diff_usage(usage, grants, catalog(), options), grants, catalog(), options)
    if not made:
        return
    verification = prove(made[0], usage, grants, options)
    assert verification is not None
    is_denied = len([check for check in verification.checks if check.status is not CheckStatus.PASSED])
    assert not doubts(verification)
    new: list[Policy] = [policy_from_json(document.text, place=document.name) for document in made[0].documents]
    results = []
    for known in found:
        if known.outcome is Outcome.DENIED or known.resource.kind not in (ResourceKind.ARN, ResourceKind.NONE):
            continue
        old, narrowed = (
            policies_met(principal, known.resource.text, beside, identity=identity) for identity in (None, new)
        )
        for seen in known.contexts:
            request = recorded_request(principal, known.action, known.resource, seen, beside)
            results.append([decide(request, met, catalog=catalog()).result for met in (old, narrowed)])
    may_pass = (Result.ALLOWED, Result.DEPENDS)
    assert not is_denied or not results or any(before not in may_pass for before, _ in results)
    for before, after in results:
        assert before is not Result.ALLOWED or after is Result.ALLOWED
        assert before is not Result.DEPENDS or after in may_pass


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(principals, guards, uses())
def test_what_is_granted_under_guards_is_granted_without_them_and_allowed_by_each(
    principal: Principal, beside: Guards, use: Use
) -> None:
    bare = Guards(boundary=beside.boundary)
    (under,) = grants_from_principals([principal], catalog(), beside)
    (free,) = grants_from_principals([principal], catalog(), bare)
    assert under.granted() <= free.granted()
    assert len(under.limits) == len(free.limits) + sum(len(held.levels) for held in beside.scps)
    request = request_of(principal, use.action, use.resource, context={}, guards=beside)
    own = policies_met(principal, "", Guards(beside.boundary, beside.scps))
    if decide(request, own, catalog=catalog()).result is Result.ALLOWED:
        assert use.action in under.granted()


def test_a_limit_that_spares_the_resource_by_name_refuses_it_whatever_else_it_spares() -> None:
    arn = "arn:aws:s3:::data/out/y.csv"
    spared = {"Effect": "Allow", "Action": "s3:*", "NotResource": [arn, "arn:aws:s3:::data/${aws:username}/*"]}
    beside = Guards(boundary=policy(spared, name="limit"))
    principal = role(policy(allow("s3:*")))
    options = exactly(min_days=1, guards=beside)
    grants = grants_from_principals([principal], catalog(), beside)
    usage = usage_of({principal.arn: [use("s3:PutObject", arn), use("s3:GetObject", "arn:aws:s3:::logs/z")]})
    (made,) = generate_policies(diff_usage(usage, grants, catalog(), options), grants, catalog(), options)
    verification = prove(made, usage, grants, options)
    assert verification is not None
    assert not doubts(verification)
    assert '"s3:PutObject"' not in made.documents[0].text
