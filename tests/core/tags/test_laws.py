"""Laws of new policies, for any statements, uses and tags."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.grants.applicable_policies import policies_met
from lpgen.core.guards import NO_GUARDS
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import NO_RESOURCE, Principal, Resource, ResourceKind
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.model import TagProposal
from tests.core.graph.cases import principal, service
from tests.core.tags.worlds import LISTED, QUEUES, TABLES, USED, call, proposals, world
from tests.support.law_examples import examples
from tests.support.worlds import allow

ACTIONS = (
    *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:CreateTable", "dynamodb:TagResource", "dynamodb:ListTables"),
    *("dynamodb:*", "dynamodb:Get*", "sqs:SendMessage", "sqs:*", "*"),
)
ASKED = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:CreateTable", "dynamodb:TagResource", "sqs:SendMessage")
PATTERNS = (
    "*",
    f"{TABLES}*",
    f"{TABLES}orders-*",
    f"{TABLES}*/index/*",
    f"{TABLES}*/stream/*",
    f"{TABLES}pay-1",
    "arn:aws:dynamodb:*:*:*",
)
RESOURCES = (f"{TABLES}orders-1", f"{TABLES}pay-1", f"{TABLES}new", f"{TABLES}orders-1/index/by", f"{QUEUES}q")
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"StringEquals": {"aws:ResourceTag/env": "prod"}},
    {"stringequals": {"aws:RequestedRegion": "us-east-1"}},
)

statements = st.builds(
    lambda actions, resources, condition, is_not: {
        "Effect": "Allow",
        ("NotAction" if is_not else "Action"): actions,
        "Resource": resources,
        **({"Condition": condition} if condition else {}),
    },
    st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True),
    st.sampled_from(CONDITIONS),
    st.sampled_from((False, False, False, True)),
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "aws:ResourceTag/team": st.sampled_from((("orders",), ("pay",))),
        "aws:ResourceTag/env": st.just(("prod",)),
        "aws:RequestTag/team": st.sampled_from((("orders",), ("pay",))),
        "aws:SecureTransport": st.just(("true",)),
        "aws:RequestedRegion": st.just(("us-east-1",)),
    },
)


def proposals_for(*found: dict[str, Any]) -> tuple[Principal, tuple[TagProposal, ...]]:
    """The proposals for a role with these statements that reads three tables and created one."""
    one = principal("role/app", *found, trusts=service("ec2"))
    calls = [call(one, "dynamodb:GetItem", f"{TABLES}{name}") for name in USED]
    calls.append(call(one, "dynamodb:CreateTable", f"{TABLES}made", days=[30], tags={"team": "orders"}))
    listed = {arn: {**tags, "env": "prod"} for arn, tags in LISTED.items()}
    return one, proposals(world(calls, principals=(one,), listed=listed), one)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(statements, min_size=1, max_size=2), st.lists(contexts, min_size=1, max_size=4))
def test_new_policies_are_within_the_old_ones_and_only_lose_resources_of_the_type(
    found: list[dict[str, Any]], some: list[dict[str, tuple[str, ...]]]
) -> None:
    one, offered = proposals_for(*found)
    (held,) = one.policies
    assert held.document is not None
    for offer in offered:
        assert (offer.document is None) == (offer.state is ProposalState.REFUSED)
        if offer.document is None:
            continue
        new = policy_from_json(offer.document, place="the new policy")
        for action in (*ASKED, "dynamodb:ListTables"):
            for arn in (*RESOURCES, ""):
                for context in some:
                    resource = Resource(ResourceKind.ARN, arn) if arn else NO_RESOURCE
                    request = Request(one.arn, action, resource, context, AbsentKeys.MISSING)
                    before, after = (decide(request, PolicySet((policy,))).result for policy in (held.document, new))
                    assert before is Result.ALLOWED or after is not Result.ALLOWED, (action, arn, context)
                    is_table = arn.startswith(TABLES) and "/index/" not in arn
                    is_tagged = context.get("aws:ResourceTag/team") == ("orders",)
                    is_made = action in ("dynamodb:CreateTable", "dynamodb:TagResource")
                    is_possible = action.startswith("dynamodb:") or not arn.startswith(TABLES)
                    if before is Result.ALLOWED and is_possible and (not is_table or (is_tagged and not is_made)):
                        assert after is Result.ALLOWED, (action, arn, context, offer.added)
                    if is_table and not is_made and action.startswith("dynamodb:") and len(found) == 1:
                        heeds = action != "dynamodb:ListTables"
                        assert not heeds or is_tagged or after is not Result.ALLOWED, (action, arn, context)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(statements, min_size=1, max_size=2))
def test_no_observed_call_is_refused_without_the_reason(found: list[dict[str, Any]]) -> None:
    one, offered = proposals_for(*found)
    for offer in offered:
        told = {name for reason in offer.reasons if reason.kind == "observed-refused" for name in reason.names}
        new = policy_from_json(offer.document, place="new") if offer.document else None
        for name in USED if new else ():
            resource = Resource(ResourceKind.ARN, f"{TABLES}{name}")
            tags = {"aws:ResourceTag/team": ("orders",), "aws:ResourceTag/env": ("prod",)}
            request = Request(one.arn, "dynamodb:GetItem", resource, {**tags, "aws:RequestedRegion": ("us-east-1",)})
            before = decide(request, policies_met(one, resource.text, NO_GUARDS)).result
            after = decide(request, PolicySet((new,) if new else ())).result
            refused = (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)
            assert before in refused or after not in refused or resource.text in told


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(statements, min_size=1, max_size=3))
def test_the_request_of_every_writer_is_allowed(found: list[dict[str, Any]]) -> None:
    app = allow("dynamodb:GetItem", f"{TABLES}*")
    one = principal("role/app", app, trusts=service("ec2"))
    other = principal("role/other", *found, trusts=service("ec2"))
    calls = [call(one, "dynamodb:GetItem", f"{TABLES}{name}") for name in USED]
    (offer,) = proposals(world(calls, principals=(one, other)), one)
    for writer in offer.writers:
        resource = Resource(ResourceKind.ARN, writer.request.resource)
        request = Request(writer.principal, writer.action, resource, writer.request.context, AbsentKeys.MISSING)
        assert decide(request, policies_met(other, "", NO_GUARDS)).result is Result.ALLOWED
    everything = any("*" in one.get("Action", ()) and "*" in one["Resource"] for one in found)
    assert bool(offer.writers) or not everything or "env" in str(found)
