"""Which Deny is proposed for which use, what it refuses, and what speaks against it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.choices import DenyKind
from lpgen.core.model import Policy
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.perimeter.replay import is_refused
from lpgen.core.perimeter.use import Call
from lpgen.core.perimeter.world import Endpoint, PerimeterWorld
from tests.core.graph.cases import arn_of, principal, service, trust
from tests.core.perimeter.worlds import (
    ADMIN,
    APP,
    BUCKET,
    ORGANIZATION,
    OTHER,
    OUTSIDE,
    added,
    call,
    kinds,
    proposal,
    report,
    world,
)
from tests.support.worlds import ACCOUNT, allow

IDENTITY, NETWORK, DEPUTY = DenyKind.IDENTITY, DenyKind.NETWORK, DenyKind.CONFUSED_DEPUTY
WRITES = call(APP, "s3:PutObject", endpoint="vpce-1")
READS = call(APP, endpoint="vpce-1")


def refuses(deny: Policy, by: str, found: PerimeterWorld, *, action: str = "s3:GetObject", endpoint: str = "") -> bool:
    arn = BUCKET if action.endswith(("Policy", "Acl")) else f"{BUCKET}/key"
    return is_refused(deny, Call(by, by.split(":")[4], action, arn, endpoint), found)


def refuses_service(deny: Policy, found: PerimeterWorld, source_account: str = "", organization: str = "") -> bool:
    """Whether a service is refused that acts for an account; "" if it doesn't say for which."""
    one = Call("cloudtrail.amazonaws.com", "", "s3:PutObject", f"{BUCKET}/key")
    keys = {"aws:SourceAccount": source_account, "aws:SourceOrgID": organization}
    return is_refused(deny, one, found, {key: value for key, value in keys.items() if value})


# ---------------------------------------------------------------- networks


def test_instance_outside_the_endpoint_is_refused_although_its_role_allows_it() -> None:
    """Two instances share a role. One calls through the endpoint, and the logs hold only its calls."""
    found = world([READS, WRITES])
    network = proposal(NETWORK, found)
    assert (network.state, network.reasons) == (ProposalState.SAFE, ())
    assert not refuses(added(network), APP.arn, found, endpoint="vpce-1")
    assert refuses(added(network), APP.arn, found)
    assert refuses(added(network), APP.arn, found, endpoint="vpce-2")


def test_network_proposal_isnt_safe_if_a_role_calls_from_elsewhere_too() -> None:
    network = proposal(NETWORK, world([READS, WRITES, call(APP, days=1)]))
    assert (network.state, kinds(network)) == (ProposalState.UNSAFE, ["observed-refused"])
    assert network.reasons[0].names == (APP.arn,)


def test_denied_calls_from_elsewhere_dont_count() -> None:
    assert proposal(NETWORK, world([READS, WRITES, call(APP, error="AccessDenied")])).state is ProposalState.SAFE


def test_network_proposal_needs_an_endpoint() -> None:
    network = proposal(NETWORK, world([call(APP), call(APP, "s3:PutObject")]))
    assert (network.state, kinds(network), network.policy) == (ProposalState.REFUSED, ["no-endpoint"], None)


def test_role_of_a_service_is_excepted_by_its_arn_and_another_role_isnt() -> None:
    firehose = principal("role/firehose", allow("s3:*"), trusts=service("firehose"))
    name = "firehose.amazonaws.com"
    found = world([READS, WRITES, call(firehose, invoked_by=name, source=name)], principals=(APP, ADMIN, firehose))
    network = proposal(NETWORK, found)
    assert network.state is ProposalState.SAFE, network.reasons
    assert [(one.principal, one.why) for one in network.exceptions] == [(firehose.arn, "service-role")]
    assert not refuses(added(network), firehose.arn, found)
    assert refuses(added(network), APP.arn, found)


def test_calls_through_a_service_need_no_exception() -> None:
    analyst = principal("role/analyst", allow("s3:*"), trusts=trust({"AWS": ACCOUNT}))
    calls = [READS, WRITES, call(analyst, invoked_by="athena.amazonaws.com")]
    network = proposal(NETWORK, world(calls, principals=(APP, ADMIN, analyst)))
    assert (network.state, network.exceptions) == (ProposalState.SAFE, ())


def test_people_in_the_console_are_named() -> None:
    person = principal("role/analyst", allow("s3:*"), trusts=trust({"AWS": ACCOUNT}))
    calls = [READS, WRITES, call(person, agent="[S3Console/0.4]")]
    network = proposal(NETWORK, world(calls, principals=(APP, ADMIN, person)))
    assert kinds(network) == ["observed-refused", "console-users"]
    assert network.reasons[1].names == (person.arn,)


def test_service_role_that_can_reach_it_without_a_call_is_named() -> None:
    idle = principal("role/idle", allow("s3:GetObject", f"{BUCKET}/reports/*"), trusts=service("lambda"))
    elsewhere = principal("role/elsewhere", allow("s3:*", "arn:aws:s3:::other/*"), trusts=service("lambda"))
    network = proposal(NETWORK, world([READS, WRITES], principals=(APP, ADMIN, idle, elsewhere)))
    assert (network.state, kinds(network)) == (ProposalState.UNSAFE, ["service-role-unseen"])
    assert network.reasons[0].names == (idle.arn,)


def test_service_role_of_another_account_needs_the_resource_policy_too() -> None:
    idle = principal("role/idle", allow("s3:*"), account=OTHER, trusts=service("lambda"))
    found = world([READS, WRITES], principals=(APP, ADMIN, idle))
    assert proposal(NETWORK, found).state is ProposalState.SAFE
    grant = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    policies = {BUCKET: {"Version": "2012-10-17", "Statement": [grant]}}
    open_ = world([READS, WRITES], principals=(APP, ADMIN, idle), policies=policies)
    assert kinds(proposal(NETWORK, open_)) == ["service-role-unseen"]


def test_endpoints_that_arent_yours_are_named_and_not_trusted() -> None:
    known = {"vpce-1": Endpoint("vpce-1", "vpc-1", ACCOUNT), "vpce-9": Endpoint("vpce-9", "vpc-9", OUTSIDE)}
    found = world([READS, WRITES, call(APP, endpoint="vpce-9", days=1)], endpoints=known)
    network = proposal(NETWORK, found)
    assert kinds(network) == ["observed-refused", "unknown-endpoint"]
    assert network.reasons[1].names == ("vpce-9",)
    assert refuses(added(network), APP.arn, found, endpoint="vpce-9")


def test_an_endpoint_of_the_same_vpc_stays_allowed_if_endpoints_are_known() -> None:
    known = {one: Endpoint(one, "vpc-1", ACCOUNT) for one in ("vpce-1", "vpce-2")}
    found = world([READS, WRITES], endpoints=known)
    network = proposal(NETWORK, found)
    assert not refuses(added(network), APP.arn, found, endpoint="vpce-2")
    assert refuses(added(network), APP.arn, found)


def test_policy_can_be_changed_from_anywhere() -> None:
    found = world([READS, WRITES])
    network = proposal(NETWORK, found)
    assert not refuses(added(network), ADMIN.arn, found, action="s3:PutBucketPolicy")
    assert refuses(added(network), ADMIN.arn, found, action="s3:PutBucketAcl")
    assert ADMIN.arn in report(found).editors


def test_break_glass_and_caller_are_refused_nothing() -> None:
    glass, caller = arn_of("role/break-glass"), arn_of("role/deployer")
    found = world([READS, WRITES], break_glass=(glass,), caller=caller)
    network = proposal(NETWORK, found)
    assert not any(refuses(added(network), arn, found) for arn in (glass, caller))
    assert {one.principal: one.why for one in network.exceptions} == {glass: "break-glass", caller: "caller"}


def test_writers_of_excepted_names_are_named_and_an_scp_stops_them() -> None:
    glass = principal("role/break-glass", allow("*"))
    maker = principal("role/maker", allow("iam:CreateRole", arn_of("role/*")))
    found = world([READS, WRITES], principals=(APP, ADMIN, glass, maker), break_glass=(glass.arn,))
    network = proposal(NETWORK, found)
    assert kinds(network) == ["role-names"]
    assert network.reasons[0].names == (maker.arn,)
    assert network.exceptions[0].writers == (ADMIN.arn, maker.arn)
    (statement,) = network.protection
    assert (statement["Effect"], statement["Resource"]) == ("Deny", [glass.arn])
    assert maker.arn not in statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]


# ---------------------------------------------------------------- identities


def test_identity_proposal_refuses_outsiders_and_nobody_of_the_organization() -> None:
    found = world([READS, WRITES])
    identity = proposal(IDENTITY, found)
    assert (identity.state, identity.reasons) == (ProposalState.SAFE, ())
    assert refuses(added(identity), arn_of("role/app", OUTSIDE), found)
    for account in (ACCOUNT, OTHER):
        assert not refuses(added(identity), arn_of("role/app", account), found)
    anonymous = Call("anonymous", "", "s3:GetObject", f"{BUCKET}/key")
    assert is_refused(added(identity), anonymous, found)
    assert not refuses_service(added(identity), found)


def test_partner_that_the_policy_names_stays_allowed() -> None:
    partner = {"Effect": "Allow", "Principal": {"AWS": OUTSIDE}, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    policies = {BUCKET: {"Version": "2012-10-17", "Statement": [partner]}}
    used = world([READS, WRITES, call(OUTSIDE)], policies=policies)
    assert proposal(IDENTITY, used).state is ProposalState.SAFE
    assert not refuses(added(proposal(IDENTITY, used)), arn_of("role/x", OUTSIDE), used)
    unused = world([READS, WRITES], policies=policies)
    assert not refuses(added(proposal(IDENTITY, unused)), arn_of("role/x", OUTSIDE), unused)


def allowing(principal: object, **condition: dict[str, str]) -> dict[str, Any]:
    """A bucket's policy that lets others read."""
    more = {"Condition": condition} if condition else {}
    allow = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", **more}
    return {BUCKET: {"Version": "2012-10-17", "Statement": [allow]}}


@pytest.mark.parametrize(
    ("policies", "named"),
    [
        (allowing({"AWS": "*"}, StringEquals={"aws:PrincipalAccount": OUTSIDE}), True),
        (allowing({"AWS": "*"}, StringNotEquals={"aws:PrincipalAccount": OUTSIDE}), False),
        (allowing({"AWS": "*"}, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{OUTSIDE}:role/*"}), True),
    ],
)
def test_only_accounts_that_a_condition_demands_are_named(policies: dict[str, Any], named: bool) -> None:
    found = world([READS, WRITES], policies=policies)
    assert refuses(added(proposal(IDENTITY, found)), arn_of("role/x", OUTSIDE), found) is not named


def test_identity_of_cloudfront_stays_allowed_by_its_arn() -> None:
    identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE"
    found = proposal(IDENTITY, world([READS, WRITES], policies=allowing({"AWS": identity})))
    assert [one.principal for one in found.exceptions] == [identity]
    assert identity in json.dumps(found.policy["Statement"][-1] if found.policy else {})


def test_organization_that_a_condition_demands_stays_allowed() -> None:
    policies = allowing("*", StringEquals={"aws:PrincipalOrgID": "o-partner"})
    found = proposal(IDENTITY, world([READS, WRITES], policies=policies))
    assert found.policy is not None
    assert "o-partner" in found.policy["Statement"][-1]["Condition"]["StringNotEqualsIfExists"]["aws:PrincipalOrgID"]


def test_backtest_shows_who_an_earlier_deny_would_have_refused() -> None:
    late = call(OUTSIDE, days=20)
    policies = allowing({"AWS": "*"})
    found = proposal(IDENTITY, world([READS, WRITES, late], policies=policies))
    assert [window.refused for window in found.backtest] == [(), (), (OUTSIDE,)]
    steady = proposal(IDENTITY, world([READS, WRITES]))
    assert [window.refused for window in steady.backtest] == [(), (), ()]
    assert len({window.until for window in steady.backtest}) == 3


@pytest.mark.parametrize(("days", "windows"), [(59, 0), (60, 1), (90, 2), (120, 3), (200, 3)])
def test_backtest_needs_days_to_learn_from(days: int, windows: int) -> None:
    found = proposal(IDENTITY, world([call(APP, days=days)], days=days))
    assert len(found.backtest) == windows


def test_proposal_isnt_safe_if_the_policy_of_today_isnt_known() -> None:
    found = proposal(IDENTITY, replace(world([READS, WRITES]), unread=None))
    assert (found.state, kinds(found)) == (ProposalState.UNSAFE, ["unknown-policy"])
    found = proposal(IDENTITY, replace(world([READS, WRITES]), unread=frozenset({ACCOUNT})))
    assert kinds(found) == ["unknown-policy"]


def test_stranger_that_used_it_makes_the_proposal_unsafe() -> None:
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    policies = {BUCKET: {"Version": "2012-10-17", "Statement": [public]}}
    identity = proposal(IDENTITY, world([READS, WRITES, call(OUTSIDE)], policies=policies))
    assert (identity.state, kinds(identity)) == (ProposalState.UNSAFE, ["observed-refused"])


def test_anonymous_use_and_an_unknown_organization_refuse_the_proposal() -> None:
    assert kinds(proposal(IDENTITY, world([READS, WRITES, call("anonymous")]))) == ["anonymous-use"]
    unknown = proposal(IDENTITY, world([READS, WRITES], organization=None))
    assert (unknown.state, kinds(unknown)) == (ProposalState.REFUSED, ["unknown-organization"])


# ---------------------------------------------------------------- services


def test_services_that_act_for_outsiders_are_refused_and_those_without_a_source_arent() -> None:
    found = world([READS, WRITES])
    deny = added(proposal(DEPUTY, found))
    assert refuses_service(deny, found, OUTSIDE)
    assert not refuses_service(deny, found)
    assert not refuses_service(deny, found, ACCOUNT)
    assert not refuses_service(deny, found, OTHER)
    assert not refuses_service(deny, found, "333333333333", ORGANIZATION)
    assert not refuses(deny, arn_of("role/x", OUTSIDE), found)


def test_accounts_that_the_policy_names_for_services_stay_allowed() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": OUTSIDE}},
    }
    found = world([READS, WRITES], policies={BUCKET: {"Version": "2012-10-17", "Statement": [statement]}})
    assert not refuses_service(added(proposal(DEPUTY, found)), found, OUTSIDE)


# ---------------------------------------------------------------- evidence, limits, lock-out


def test_without_data_events_on_it_every_proposal_is_refused() -> None:
    for one in report(world()).proposals:
        assert one.state is ProposalState.REFUSED
        assert "no-data-events" in kinds(one)


def test_few_days_make_every_proposal_unsafe() -> None:
    calls = [call(APP, endpoint="vpce-1", days=40), call(APP, "s3:PutObject", endpoint="vpce-1", days=40)]
    found = world(calls, days=40)
    assert {"few-days"} <= {kind for one in report(found).proposals for kind in kinds(one)}
    assert all(one.state is not ProposalState.SAFE for one in report(found).proposals)


@pytest.mark.parametrize("kind", list(DenyKind))
def test_a_second_run_finds_its_own_deny(kind: DenyKind) -> None:
    first = proposal(kind, world([READS, WRITES]))
    assert first.policy is not None
    second = proposal(kind, world([READS, WRITES], policies={BUCKET: first.policy}))
    assert (second.state, kinds(second)) == (ProposalState.REFUSED, ["already"])


def test_old_statements_stay_unchanged_and_first() -> None:
    old = {"Sid": "Old", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:*", "Resource": BUCKET}
    found = world([READS, WRITES], policies={BUCKET: {"Version": "2008-10-17", "Statement": [old]}})
    for one in report(found).proposals:
        assert one.policy is not None
        assert (one.policy["Version"], one.policy["Statement"][0]) == ("2008-10-17", old)
        assert [statement["Effect"] for statement in one.policy["Statement"][1:]] == ["Deny"]


def test_nobody_left_to_change_the_policy_refuses_every_proposal() -> None:
    reader = principal("role/app", allow("s3:GetObject"), trusts=service("ec2"))
    found = world([READS, WRITES], principals=(reader,))
    assert report(found).editors == ()
    assert {kind for one in report(found).proposals for kind in kinds(one)} == {"lock-out"}


def test_too_large_a_policy_is_refused() -> None:
    bucket = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject"}
    statements = [{**bucket, "Resource": f"{BUCKET}/{number:0900}"} for number in range(20)]
    found = world([READS, WRITES], policies={BUCKET: {"Version": "2012-10-17", "Statement": statements}})
    assert kinds(proposal(IDENTITY, found)) == ["too-large"]


def test_key_without_a_known_policy_gets_no_proposal() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    assert all("lock-out" in kinds(one) for one in report(world(), key).proposals)
