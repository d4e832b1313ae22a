"""Who can do something: every principal gets the answer that it gets alone, those to look at first come first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.explain.answers import who_can
from lpgen.core.analysis.explain.explanation import explain
from lpgen.core.analysis.explain.question import WrittenQuestion, read_questions
from lpgen.core.analysis.explain.use import seen_uses
from lpgen.core.analysis.grants.trust import outside_trust
from lpgen.core.evidence import Use
from lpgen.core.explanations import Explanation, Used, WhoCan
from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.decision import Result
from lpgen.core.model import AttachedPolicy, Outcome, PolicyKind, Principal
from tests.core.analysis.explain.explained_requests import IMAGES, document
from tests.support.law_examples import examples
from tests.support.worlds import ACCOUNT, allow, catalog, deny, policy, role, usage_of, use

BUCKET = "arn:aws:s3:::images"
OTHER = "444455556666"


def who(
    principals: Sequence[Principal],
    action: str = "s3:GetObject",
    resource: str = IMAGES,
    *,
    glob: str = "*",
    guards: Guards = NO_GUARDS,
    uses: Mapping[str, Sequence[Use]] | None = None,
    context: Mapping[str, tuple[str, ...]] | None = None,
) -> WhoCan:
    """The answer for those of the principals that a glob matches, with their use where it is given."""
    questions = read_questions(WrittenQuestion(glob, action, resource, context or {}), principals, catalog())
    usage = usage_of(uses or {}, data_on=[IMAGES], principal_id="")
    seen = list(seen_uses(questions, usage, principals, catalog())) if uses is not None else [None] * len(questions)
    trusting = guards.with_trust(principals)
    found = [explain(question, trusting, catalog(), seen=of) for question, of in zip(questions, seen, strict=True)]
    return who_can(glob, found, outside_trust((question.principal for question in questions), {ACCOUNT}))


def names(answers: Iterable[Explanation]) -> list[str]:
    return [answer.question.principal.name for answer in answers]


def trusting(principal: Principal, *trusted: str) -> Principal:
    """The role with a trust policy for these callers."""
    statements = [{"Effect": "Allow", "Principal": {"AWS": one}, "Action": "sts:AssumeRole"} for one in trusted]
    return replace(principal, trust=document(*statements))


def statement_for(*principals: str, effect: str = "Allow") -> dict[str, Any]:
    return {
        "Effect": effect,
        "Principal": {"AWS": list(principals)},
        "Action": "s3:GetObject",
        "Resource": f"{BUCKET}/*",
    }


# ---------------------------------------------------------------- the answers

POOL = (
    allow("*"),
    allow("s3:Get*", f"{BUCKET}/*"),
    allow("s3:*", Condition={"Null": {"aws:SourceVpce": "true"}}),
    deny("s3:*", f"{BUCKET}/*"),
    allow("ec2:*"),
)
ARN = "arn:aws:iam::{}:role/{}"
PEOPLE = [ARN.format(account, f"r{at}") for at, account in enumerate((ACCOUNT, OTHER, ACCOUNT))]
some = st.lists(st.sampled_from(POOL), max_size=2)
resource_policies = st.none() | st.lists(
    st.builds(
        statement_for,
        st.sampled_from([*PEOPLE, f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root", "*"]),
        effect=st.sampled_from(["Allow", "Deny"]),
    ),
    max_size=2,
)
GONE = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", f"arn:aws:iam::{ACCOUNT}:policy/gone", "", None, None)


@given(
    st.lists(st.tuples(some, st.none() | some, st.booleans()), min_size=3, max_size=3),
    some,
    some,
    resource_policies,
    st.sampled_from([IMAGES, "arn:aws:s3:::images/*", ""]),
    st.booleans(),
)
@settings(max_examples=examples(300), deadline=None)
def test_who_can_answers_for_each_principal_as_explain_does_for_it_alone(
    people: list[tuple[list[dict[str, Any]], list[dict[str, Any]] | None, bool]],
    scps: list[dict[str, Any]],
    rcps: list[dict[str, Any]],
    of_bucket: list[dict[str, Any]] | None,
    resource: str,
    known_vpce: bool,
) -> None:
    principals = []
    for arn, (own, edge, misses_one) in zip(PEOPLE, people, strict=True):
        held = (policy(*own), *([GONE] if misses_one else []))
        made = role(*held, name=arn.rpartition("/")[2], boundary=None if edge is None else policy(*edge, name="edge"))
        principals.append(replace(made, arn=arn, account=arn.split(":")[4]))
    guards = Guards(
        scps=(AccountLevels("", ((document(*scps),),)),) if scps else (),
        rcps=(AccountLevels("", ((document(*rcps),),)),) if rcps else (),
        resource_policies=() if of_bucket is None else (ResourcePolicy(BUCKET, ACCOUNT, document(*of_bucket)),),
    )
    uses = {arn: [use("s3:GetObject", IMAGES), use("ec2:DescribeVolumes")] for arn in PEOPLE[:2]}
    context = {"aws:SourceVpce": ("vpce-1",)} if known_vpce else {}
    found = who(principals, resource=resource, guards=guards, uses=uses, context=context)
    assert len(found.answers) == len(principals)
    for answer in found.answers:
        arn = answer.question.principal.arn
        (alone,) = who(principals, resource=resource, guards=guards, uses=uses, context=context, glob=arn).answers
        assert answer == alone


def test_who_can_counts_a_resource_policy_that_lets_in_a_principal_without_grants() -> None:
    named, unnamed = role(name="named"), role(name="unnamed")
    bucket = ResourcePolicy(BUCKET, ACCOUNT, document(statement_for(named.arn)))
    found = who([named, unnamed], guards=Guards(resource_policies=(bucket,)))
    assert names(found.having(Result.ALLOWED)) == ["named"]
    assert [hole.ref.policy for hole in found.answers[0].holes] == [BUCKET]
    assert names(found.having(Result.IMPLICITLY_DENIED)) == ["unnamed"]


def test_who_can_says_what_stops_those_whose_own_policies_allow_it() -> None:
    granted = policy(allow("s3:*"))
    bounded = role(granted, name="bounded", boundary=policy(allow("ec2:*"), name="edge"))
    refused = role(granted, policy(deny("s3:Get*")), name="refused")
    found = who([role(granted, name="free"), bounded, refused])
    assert {answer.question.principal.name: answer.result for answer in found.answers} == {
        "free": Result.ALLOWED,
        "bounded": Result.IMPLICITLY_DENIED,
        "refused": Result.EXPLICITLY_DENIED,
    }


# ---------------------------------------------------------------- the order


def test_who_can_puts_those_that_are_allowed_first_and_those_that_are_denied_last() -> None:
    maybe = allow("s3:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    found = who(
        [
            role(name="a-nothing"),
            role(policy(allow("s3:*"), deny("s3:*")), name="b-refused"),
            role(policy(maybe), name="c-maybe"),
            role(policy(allow("s3:*")), name="d-granted"),
        ]
    )
    assert names(found.answers) == ["d-granted", "c-maybe", "a-nothing", "b-refused"]


def test_who_can_puts_outsiders_before_unused_permissions_and_these_before_used_ones() -> None:
    granted = policy(allow("s3:*"))
    roles = [role(granted, name=name) for name in ("a-late", "b-early", "c-perhaps", "d-never", "e-used-by-all", "f")]
    roles[4] = trusting(roles[4], "*")
    roles[5] = trusting(roles[5], f"arn:aws:iam::{OTHER}:root")
    late, early, perhaps, _, everyone, _ = (principal.arn for principal in roles)
    uses = {
        late: [use("s3:GetObject", IMAGES, seen="2026-09-02T00:00:00Z")],
        early: [use("s3:GetObject", IMAGES, seen="2026-08-02T00:00:00Z")],
        perhaps: [use("s3:GetObject", "?", seen="2026-07-02T00:00:00Z")],
        everyone: [use("s3:GetObject", IMAGES)],
    }
    found = who(roles, uses=uses)
    assert names(found.answers) == ["f", "e-used-by-all", "d-never", "c-perhaps", "b-early", "a-late"]
    assert [answer.seen.used for answer in found.answers if answer.seen] == [
        *(Used.NEVER, Used.USED),
        *(Used.NEVER, Used.PERHAPS, Used.USED, Used.USED),
    ]
    (outsider,) = found.outsiders(found.answers[1])
    assert outsider == "anyone in the world can assume it"
    assert found.outsiders(found.answers[2]) == ()


def test_who_can_puts_those_that_only_a_missing_policy_could_let_in_after_those_with_a_grant() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    found = who([role(name="a-nothing"), role(policy(allow("kms:*")), name="b-granted")], "kms:Decrypt", key)
    assert {answer.result for answer in found.answers} == {Result.DEPENDS}
    assert names(found.answers) == ["b-granted", "a-nothing"]


# ---------------------------------------------------------------- what isn't known


def test_who_can_says_once_what_is_not_known_and_that_it_looks_only_at_the_principals_given() -> None:
    found = who([role(policy(allow("s3:*")), name="a"), role(policy(allow("s3:*")), name="b"), role(name="c")])
    assert len(set(found.unread)) == len(found.unread)
    assert sum("could allow or deny the request" in clause for clause in found.unread) == 1
    assert any("SCPs" in clause for clause in found.unread)
    assert found.unread[-1].startswith("callers that aren't in the given policies")


def test_explanation_knows_the_records_that_contradict_it() -> None:
    roles = [role(policy(allow("s3:*")), name="granted"), role(name="nothing"), role(name="idle")]
    granted, nothing, _ = (principal.arn for principal in roles)
    uses = {
        granted: [use("s3:GetObject", IMAGES, outcome=Outcome.DENIED, error="AccessDenied")],
        nothing: [use("s3:GetObject", IMAGES)],
    }
    found = who(roles, uses=uses)
    assert sorted(names(answer for answer in found.answers if answer.contrary)) == ["granted", "nothing"]
