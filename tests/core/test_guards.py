"""Guards: which boundary, SCPs and resource policy count for whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.guards import NO_GUARDS, AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy, Principal
from tests.support.worlds import ACCOUNT, allow, policy, role

OTHER = "444455556666"
BUCKET = "arn:aws:s3:::data"


def document(*actions: str) -> Policy:
    found = policy(allow(list(actions))).document
    assert found is not None
    return found


def trusting(principal: Principal, entry: str) -> Principal:
    statement = {"Effect": "Allow", "Principal": {"AWS": entry}, "Action": "sts:AssumeRole"}
    return replace(principal, trust=policy_from_json({"Statement": [statement]}, place="trust"))


def test_boundary_replaces_the_one_that_the_snapshot_has() -> None:
    own, given = policy(allow("s3:*"), name="own limit"), policy(allow("sqs:*"), name="given")
    bounded = role(boundary=own)
    assert Guards(boundary=given).bounded(bounded).boundary == given
    assert Guards(boundary=given).bounded(role()).boundary == given
    assert NO_GUARDS.bounded(bounded) == bounded


def test_scps_are_those_of_the_account_else_those_of_all_others() -> None:
    here, rest = ((document("s3:*"),),), ((document("sqs:*"),),)
    assert Guards(scps=(AccountLevels(ACCOUNT, here), AccountLevels("", rest))).scps_of(role()) == here
    assert Guards(scps=(AccountLevels(OTHER, here), AccountLevels("", rest))).scps_of(role()) == rest
    assert Guards(scps=(AccountLevels(OTHER, here),)).scps_of(role()) == ()
    assert Guards(scps=(AccountLevels(ACCOUNT, ()), AccountLevels("", rest))).scps_of(role()) == ()


def test_scps_leave_service_linked_roles_alone() -> None:
    guards = Guards(scps=(AccountLevels("", ((document("s3:*"),),)),))
    assert guards.scps_of(role(path="/aws-service-role/ecs.amazonaws.com/")) == ()
    assert guards.scps_of(role(path="/service-role/")) != ()


@pytest.mark.parametrize(
    ("resource", "governed"),
    [
        (BUCKET, True),
        (f"{BUCKET}/a/b.csv", True),
        (f"{BUCKET}/in/*", True),
        ("arn:aws:s3:::data2", False),
        ("arn:aws:s3:::data2/a", False),
        ("arn:aws:sns:us-east-1:111122223333:data", False),
        ("*", False),
        ("", False),
    ],
)
def test_policy_of_a_bucket_governs_its_objects(resource: str, governed: bool) -> None:
    held = ResourcePolicy(BUCKET, "", document("s3:*"))
    assert Guards(resource_policies=(held,)).policy_of(resource) == (held if governed else None)


def test_only_objects_fall_under_the_policy_of_what_their_arn_begins_with() -> None:
    table = ResourcePolicy(f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table", "", document("dynamodb:*"))
    assert Guards(resource_policies=(table,)).policy_of(f"{table.resource}/orders") is None


def test_trust_policies_of_the_snapshot_join_and_what_was_supplied_outweighs_them() -> None:
    principal, two = trusting(role(name="one"), "*"), trusting(role(name="two"), ACCOUNT)
    supplied = ResourcePolicy(principal.arn, ACCOUNT, document("sts:AssumeRole"))
    guards = Guards(resource_policies=(supplied,)).with_trust([principal, two, role(name="without")])
    assert guards.policy_of(principal.arn) == supplied
    assert two.trust is not None
    assert guards.policy_of(two.arn) == ResourcePolicy(two.arn, ACCOUNT, two.trust)
    assert guards.policy_of(role(name="without").arn) is None
    assert len(guards.resource_policies) == 2
