"""Laws that decisions obey whatever the policies, the principal and the request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import UNSTATED, AbsentKeys, AuthorizationDecision, Layer, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.iam.principals import ANONYMOUS
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, Policy, Resource, ResourceKind
from tests.support.law_examples import examples

HERE, THERE = "111122223333", "444455556666"
KEY = f"arn:aws:kms:us-east-1:{HERE}:key/k"
ROLE = f"arn:aws:iam::{HERE}:role/app"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/x"
PRINCIPALS = [
    f"arn:aws:iam::{HERE}:user/bob",
    ROLE,
    SESSION,
    f"arn:aws:sts::{HERE}:federated-user/bob",
    f"arn:aws:iam::{HERE}:root",
    HERE,
    f"arn:aws:iam::{THERE}:role/app",
    f"arn:aws:iam::{HERE}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
    "lambda.amazonaws.com",
    ANONYMOUS,
]
ENTRIES: list[Any] = [
    "*",
    *({"AWS": principal} for principal in PRINCIPALS if principal.startswith("arn:") or principal == HERE),
    {"AWS": [f"arn:aws:iam::{HERE}:root", ROLE]},
    {"Service": "lambda.amazonaws.com"},
]
ACTIONS = ["s3:GetObject", "kms:Decrypt", "sts:AssumeRole", "iam:PassRole", "sts:GetCallerIdentity", "nonsense"]
PATTERNS = ["*", "s3:*", "s3:Get*", "kms:?ecrypt", "sts:AssumeRole", "iam:PassRole"]
ARNS = ["arn:aws:s3:::b/k", "arn:aws:s3:::b/bob", KEY, ROLE, f"arn:aws:iam::{THERE}:role/app"]
RESOURCES = ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", KEY, "arn:aws:iam::*:role/app", "arn:aws"]
KEYS = ["aws:username", "aws:SourceIp", "aws:PrincipalTag/t", "aws:CurrentTime", "aws:TagKeys"]
VALUES = ["bob", "a*", "10.0.0.1", "2026-01-01", "", "true", "7"]
OPERATORS = [
    "StringEquals",
    "StringNotLike",
    "StringEqualsIfExists",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "Bool",
    "DateLessThan",
    "NumericNotEquals",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotEquals",
    "ArnLike",
]


def some(items: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), min_size=1, max_size=2)


@st.composite
def statements(draw: st.DrawFn, *, effect: str = "", named: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(some(PATTERNS)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(some(RESOURCES)),
    }
    if draw(st.integers(0, 2)) == 0:
        tests = st.dictionaries(st.sampled_from(KEYS), some(VALUES), min_size=1, max_size=2)
        found["Condition"] = draw(st.dictionaries(st.sampled_from(OPERATORS), tests, min_size=1, max_size=2))
    if named:
        found[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(st.sampled_from(ENTRIES))
    return found


@st.composite
def policies(draw: st.DrawFn, *, named: bool = False) -> Policy:
    found = draw(st.lists(statements(named=named), max_size=3))
    version = draw(st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]))
    return policy_from_json({"Version": version, "Statement": found}, place="law")


def packs(max_size: int = 2) -> st.SearchStrategy[tuple[Policy, ...]]:
    return st.lists(policies(), max_size=max_size).map(tuple)


policy_sets = st.builds(
    PolicySet,
    identity=packs(),
    boundary=packs(1),
    scps=st.lists(packs(), max_size=2).map(tuple),
    rcps=st.lists(st.lists(policies(named=True), max_size=2).map(tuple), max_size=1).map(tuple),
    resource=st.one_of(st.just(UNSTATED), st.none(), policies(named=True), policies(named=True)),
    session=st.one_of(st.none(), st.none(), policies()),
    endpoint=packs(1),
)
contexts = st.dictionaries(st.sampled_from(KEYS), st.lists(st.sampled_from(VALUES), max_size=2).map(tuple))
resources = st.sampled_from(
    [
        *(Resource(ResourceKind.ARN, arn) for arn in ARNS),
        NO_RESOURCE,
        UNKNOWN_RESOURCE,
        Resource(ResourceKind.FOLD, "arn:aws:s3:::b/*"),
    ]
)
requests = st.builds(
    Request,
    principal=st.sampled_from(PRINCIPALS),
    action=st.sampled_from(ACTIONS),
    resource=resources,
    context=contexts,
    absent_keys=st.sampled_from(list(AbsentKeys)),
    resource_account=st.sampled_from(["", HERE, THERE]),
)
known = requests.map(lambda request: replace(request, absent_keys=AbsentKeys.MISSING))
laws = settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
DENIED = (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)


def adding(policy: Policy, *found: dict[str, Any]) -> Policy:
    more = policy_from_json({"Version": policy.version, "Statement": list(found)}, place="more")
    return replace(
        policy, statements=(*policy.statements, *(replace(s, index=len(policy.statements)) for s in more.statements))
    )


# ---------------------------------------------------------------- totality


@laws
@given(
    policy_sets,
    st.text(),
    st.text(),
    st.text(),
    st.dictionaries(st.text(), st.lists(st.text()).map(tuple), max_size=3),
    st.text(),
)
def test_decisions_are_total_for_any_text(
    held: PolicySet, principal: str, action: str, resource: str, context: dict[str, tuple[str, ...]], account: str
) -> None:
    for kind in ResourceKind:
        for absent in AbsentKeys:
            request = Request(principal, action, Resource(kind, resource), context, absent, account)
            check_shape(decide(request, held))


@laws
@given(
    policy_sets,
    st.sampled_from(
        ["arn:aws:iam::{}", "arn:aws:iam::111122223333:{}", "arn:{}:sts::111122223333:assumed-role/{}", "{}"]
    ),
    st.text(alphabet=":/*?${}'r0\n\u0130", max_size=12),
)
def test_decisions_are_total_for_nearly_right_principals(held: PolicySet, form: str, text: str) -> None:
    check_shape(decide(Request(form.replace("{}", text), "s3:GetObject", Resource(ResourceKind.ARN, ARNS[0])), held))


def check_shape(decision: AuthorizationDecision) -> None:
    assert (decision.result is Result.DEPENDS) is bool(decision.depends_on)
    assert list(decision.depends_on) == sorted(set(decision.depends_on))
    if decision.result is Result.EXPLICITLY_DENIED:
        assert decision.reasons
        assert all(reason.effect.value == "Deny" for reason in decision.reasons)
    if decision.result is Result.IMPLICITLY_DENIED:
        assert decision.stops or decision.rule


@laws
@given(policy_sets, known.filter(lambda request: request.resource.kind in (ResourceKind.ARN, ResourceKind.NONE)))
def test_a_complete_request_never_depends_on_a_key(held: PolicySet, request: Request) -> None:
    assume(held.resource is not UNSTATED)
    assert decide(request, held).result is not Result.DEPENDS


# ---------------------------------------------------------------- what more policies do

EVERYONE = {"Principal": "*"}


@laws
@given(
    policy_sets,
    requests.filter(lambda request: request.folded_action != "sts:getcalleridentity"),
    st.sampled_from(list(Layer)),
)
def test_an_explicit_deny_in_any_wall_wins(held: PolicySet, request: Request, layer: Layer) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    named = layer in (Layer.RESOURCE, Layer.RCP, Layer.ENDPOINT)
    refusing = policy_from_json({"Statement": [{**deny, **EVERYONE} if named else deny]}, place="deny")
    identity_less = request.principal in (ANONYMOUS, "lambda.amazonaws.com")
    linked = "aws-service-role" in request.principal
    if layer in (Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION, Layer.SCP) and identity_less:
        return
    if layer in (Layer.SCP, Layer.RCP) and linked:
        return
    more = {
        Layer.IDENTITY: lambda: replace(held, identity=(*held.identity, refusing)),
        Layer.BOUNDARY: lambda: replace(held, boundary=(refusing,)),
        Layer.SESSION: lambda: replace(held, session=refusing),
        Layer.SCP: lambda: replace(held, scps=((refusing,), *held.scps)),
        Layer.RCP: lambda: replace(held, rcps=(*held.rcps, (refusing,))),
        Layer.RESOURCE: lambda: replace(held, resource=refusing),
        Layer.ENDPOINT: lambda: replace(held, endpoint=(*held.endpoint, refusing)),
    }[layer]()
    decision = decide(request, more)
    assert decision.result is Result.EXPLICITLY_DENIED
    assert layer in {reason.layer for reason in decision.reasons}


@laws
@given(policy_sets, requests, statements(effect="Allow"), statements(effect="Allow", named=True))
def test_one_more_allow_never_takes_away(
    held: PolicySet, request: Request, allow: dict[str, Any], named: dict[str, Any]
) -> None:
    before = decide(request, held).result
    extra = policy_from_json({"Version": "2012-10-17", "Statement": [allow]}, place="more")
    wider = [replace(held, identity=(*held.identity, extra))]
    wider += [replace(held, boundary=tuple(adding(policy, allow) for policy in held.boundary))]
    wider += [replace(held, scps=tuple((*level, extra) for level in held.scps))]
    if held.session is not None:
        wider += [replace(held, session=adding(held.session, allow))]
    if isinstance(held.resource, Policy):
        wider += [replace(held, resource=adding(held.resource, named))]
    for more in wider:
        after = decide(request, more).result
        assert before is not Result.ALLOWED or after is Result.ALLOWED
        assert before is not Result.DEPENDS or after not in DENIED
        assert (before is Result.EXPLICITLY_DENIED) is (after is Result.EXPLICITLY_DENIED)


@laws
@given(policy_sets, requests, statements(effect="Deny"), policies(), policies(named=True))
def test_one_more_limit_never_gives(
    held: PolicySet, request: Request, deny: dict[str, Any], limit: Policy, rcp: Policy
) -> None:
    before = decide(request, held).result
    extra = policy_from_json({"Version": "2012-10-17", "Statement": [deny]}, place="more")
    narrower = [
        replace(held, identity=(*held.identity, extra)),
        replace(held, scps=(*held.scps, (limit,))),
        replace(held, rcps=(*held.rcps, (rcp,))),
        replace(held, endpoint=(limit,)) if not held.endpoint else held,
        replace(held, boundary=(limit,)) if not held.boundary else held,
    ]
    # A federated user has no permissions without a session policy, so there it gives rather than limits.
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    if held.session is None and ":federated-user/" not in request.principal:
        narrower.append(replace(held, session=limit))
    for less in narrower:
        after = decide(request, less).result
        assert before not in DENIED or after in DENIED
        assert before is not Result.DEPENDS or after is not Result.ALLOWED


@laws
@given(policy_sets, requests, st.randoms(use_true_random=False))
def test_order_of_policies_and_levels_never_matters(held: PolicySet, request: Request, random: Any) -> None:
    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(items, len(items)))

    other = replace(
        held,
        identity=mixed(held.identity),
        scps=mixed(tuple(mixed(level) for level in held.scps)),
        rcps=mixed(tuple(mixed(level) for level in held.rcps)),
    )
    decision, two = decide(request, held), decide(request, other)
    assert (decision.result, decision.depends_on, decision.rule) == (two.result, two.depends_on, two.rule)


# ---------------------------------------------------------------- the unknown


@laws
@given(policy_sets, requests, contexts)
def test_a_definite_answer_holds_under_every_completion_of_the_context(
    held: PolicySet, request: Request, hidden: dict[str, tuple[str, ...]]
) -> None:
    partly = decide(replace(request, absent_keys=AbsentKeys.UNKNOWN), held).result
    whole = replace(request, context={**hidden, **request.context}, absent_keys=AbsentKeys.MISSING)
    after = decide(whole, held).result
    if partly is not Result.DEPENDS:
        assert after is not Result.DEPENDS
        assert (after in DENIED) is (partly in DENIED)
        assert partly is not Result.EXPLICITLY_DENIED or after is Result.EXPLICITLY_DENIED


@laws
@given(policy_sets, requests, st.sampled_from(["arn:aws:s3:::b/k", "arn:aws:s3:::b/bob", "arn:aws:s3:::b/a/b"]))
def test_a_definite_answer_on_any_resource_holds_for_each(held: PolicySet, request: Request, arn: str) -> None:
    request = replace(request, action="s3:GetObject", resource_account=HERE)
    each = decide(replace(request, resource=Resource(ResourceKind.ARN, arn)), held).result
    for wider in (UNKNOWN_RESOURCE, Resource(ResourceKind.FOLD, "arn:aws:s3:::b/*")):
        blind = decide(replace(request, resource=wider), held).result
        if blind is not Result.DEPENDS:
            assert (each in DENIED) is (blind in DENIED)
            assert blind is not Result.EXPLICITLY_DENIED or each is Result.EXPLICITLY_DENIED


# ---------------------------------------------------------------- who may be allowed by what


@laws
@given(policy_sets, known)
def test_anonymous_is_allowed_by_a_resource_policy_alone(held: PolicySet, request: Request) -> None:
    request = replace(request, principal=ANONYMOUS)
    everything = policy_from_json(
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, place="everything"
    )
    generous = replace(held, identity=(everything,), boundary=(everything,), scps=((everything,),), session=everything)
    assert decide(request, replace(generous, resource=None)).result in DENIED
    decision = decide(request, generous)
    if decision.result is Result.ALLOWED:
        assert isinstance(held.resource, Policy)
        assert Layer.RESOURCE in {reason.layer for reason in decision.reasons}
    # What its own policies would say makes no difference: it has none.
    assert decision == decide(request, replace(held, identity=(), boundary=(), scps=(), session=None))


ALL = policy_from_json({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, place="all")


@pytest.mark.parametrize("action", ["sts:GetCallerIdentity", "STS:getsessiontoken"])
def test_calls_that_need_no_permission_are_allowed_by_rule(action: str) -> None:
    refusing = policy_from_json({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}, place="deny")
    for held in (PolicySet(), PolicySet(identity=(refusing,), scps=((refusing,),))):
        decision = decide(Request(SESSION, action, NO_RESOURCE), held)
        assert (decision.result, decision.reasons) == (Result.ALLOWED, ())
        assert decision.rule
    assert decide(Request(ANONYMOUS, action, NO_RESOURCE), PolicySet(resource=None)).result is Result.IMPLICITLY_DENIED


@pytest.mark.parametrize(
    ("principal", "action", "resource"),
    [
        (ROLE, "iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/AdministratorAccess"),
        (
            ROLE,
            "iam:PutRolePolicy",
            f"arn:aws:iam::{HERE}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        ),
        (ROLE, "iam:PassRole", f"arn:aws:iam::{HERE}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1"),
        (ROLE, "kms:DeleteAlias", f"arn:aws:kms:us-east-1:{HERE}:alias/aws/s3"),
        (f"arn:aws:iam::{HERE}:root", "sts:AssumeRole", ROLE),
    ],
)
def test_what_aws_keeps_to_itself_is_denied_by_rule_whatever_allows_it(
    principal: str, action: str, resource: str
) -> None:
    open_to_all = policy_from_json(
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}]}, place="open"
    )
    request = Request(principal, action, Resource(ResourceKind.ARN, resource), {}, AbsentKeys.MISSING)
    decision = decide(request, PolicySet(identity=(ALL,), resource=open_to_all))
    assert decision.result is Result.IMPLICITLY_DENIED
    assert decision.rule
    own = f"arn:aws:iam::{HERE}:policy/own" if ":policy/" in resource else f"arn:aws:kms:us-east-1:{HERE}:alias/own"
    for action_too, other in ((action, own), ("s3:GetObject", resource)):
        if principal == ROLE:
            free = Request(principal, action_too, Resource(ResourceKind.ARN, other), {}, AbsentKeys.MISSING)
            assert decide(free, PolicySet(identity=(ALL,), resource=open_to_all)).result is Result.ALLOWED


@pytest.mark.parametrize(
    ("principal", "capped"),
    [
        (f"arn:aws:iam::{HERE}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", False),
        (f"arn:aws:sts::{HERE}:assumed-role/AWSServiceRoleForECS/ecs", False),
        (f"arn:aws:iam::{HERE}:role/AWSServiceRoleForECS", True),  # the path is AWS's own, the name isn't
        (f"arn:aws:sts::{HERE}:assumed-role/service-role/ecs", True),
        (SESSION, True),
    ],
)
def test_neither_scps_nor_rcps_reach_a_service_linked_role_or_its_sessions(principal: str, capped: bool) -> None:
    request = Request(principal, "s3:GetObject", Resource(ResourceKind.ARN, ARNS[0]), {}, AbsentKeys.MISSING, HERE)
    nothing = policy_from_json({"Statement": []}, place="nothing")
    own = PolicySet(identity=(ALL,))
    for held in (replace(own, scps=((nothing,),)), replace(own, rcps=((nothing,),))):
        assert decide(request, held).result is (Result.IMPLICITLY_DENIED if capped else Result.ALLOWED)
