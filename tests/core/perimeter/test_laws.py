"""Laws of proposals, for any calls on a bucket."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.choices import DenyKind
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.perimeter.replay import is_refused
from tests.core.graph.cases import principal, service
from tests.core.perimeter.worlds import ADMIN, APP, BUCKET, OUTSIDE, Json, call, report, world
from tests.support.law_examples import examples
from tests.support.worlds import ACCOUNT, allow

FIREHOSE = principal("role/firehose", allow("s3:*"), trusts=service("firehose"))
CALLERS = (APP, ADMIN, FIREHOSE, OUTSIDE, "cloudtrail.amazonaws.com", "anonymous")
OLD: Json = {
    "Sid": "LpgenNetworkPerimeter",
    "Effect": "Allow",
    "Principal": {"AWS": [ACCOUNT, OUTSIDE]},
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
}

calls = st.builds(
    call,
    st.sampled_from(CALLERS),
    st.sampled_from(("s3:GetObject", "s3:PutObject", "s3:DeleteObject")),
    st.sampled_from((f"{BUCKET}/key", f"{BUCKET}/a/b/c")),
    days=st.sampled_from((1, 120)),
    endpoint=st.sampled_from(("", "vpce-1", "vpce-2")),
    invoked_by=st.sampled_from(("", "firehose.amazonaws.com", "athena.amazonaws.com")),
    error=st.sampled_from(("", "AccessDenied", "NoSuchKey")),
)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(calls, max_size=4), st.booleans())
def test_safe_proposals_refuse_no_call_and_keep_an_editor(found: list[list[Json]], has_policy: bool) -> None:
    policies = {BUCKET: {"Version": "2012-10-17", "Statement": [OLD]}} if has_policy else {}
    base = [call(APP, "s3:PutObject", endpoint="vpce-1"), call(APP, endpoint="vpce-1")]
    one = world([*base, *found], principals=(APP, ADMIN, FIREHOSE), policies=policies)
    whole = report(one)
    seen = one.use.calls_on(whole.resource)
    for proposal in whole.proposals:
        assert (proposal.added is None) == (proposal.policy is None) == (proposal.state is ProposalState.REFUSED)
        if proposal.added is None or proposal.policy is None:
            assert proposal.reasons
            continue
        refused = {used.caller for used in seen if is_refused(proposal.added, used, one)}
        told = {name for reason in proposal.reasons if reason.kind == "observed-refused" for name in reason.names}
        assert refused <= told
        assert proposal.state is ProposalState.UNSAFE or not refused
        assert ADMIN.arn in whole.editors
        document = policy_from_json(proposal.policy, place="the new policy")
        assert len({statement.sid for statement in document.statements}) == len(document.statements)
        assert proposal.policy["Statement"][: len(policies)] == [OLD] * len(policies)


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(calls, max_size=3))
def test_denied_calls_change_no_proposal(found: list[list[Json]]) -> None:
    base = [call(APP, "s3:PutObject", endpoint="vpce-1"), call(APP, endpoint="vpce-1")]
    denied = [[{**record, "errorCode": "AccessDenied"} for record in some] for some in found]
    first = report(world(base)).proposals
    assert [one.policy for one in report(world([*base, *denied])).proposals] == [one.policy for one in first]
    assert {one.kind for one in first} == set(DenyKind)
