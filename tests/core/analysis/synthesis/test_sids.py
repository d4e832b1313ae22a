"""Sids say what a statement is for, in the letters that IAM allows, and are the same in each run."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.synthesis.statements import sid_for
from lpgen.core.model import Action
from lpgen.core.replacements import Scope
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.worlds import allow, deny, exactly, grants_of, policy, role, usage_of, use

TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table"


@pytest.mark.parametrize(
    ("actions", "resources", "expected"),
    [
        (["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::orders", "arn:aws:s3:::orders/*"], "ReadOrdersBucket"),
        (["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::acme-orders/in/*"], "ReadWriteAcmeOrdersBucket"),
        (["dynamodb:PutItem", "dynamodb:UpdateItem"], [f"{TABLE}/orders"], "WriteOrdersTable"),
        (["dynamodb:GetItem", "dynamodb:Query"], [f"{TABLE}/orders", f"{TABLE}/carts"], "ReadDynamodbTables"),
        (["dynamodb:GetItem", "dynamodb:Query"], [f"{TABLE}/*"], "ReadDynamodbTables"),
        (["ec2:DescribeInstances", "ec2:DescribeVpcs"], ["*"], "ReadEc2"),
        (["iam:PassRole"], ["arn:aws:iam::111122223333:role/app/task"], "PassRoleAppRole"),
        (
            ["lambda:InvokeFunction"],
            ["arn:aws:lambda:us-east-1:111122223333:function:resize"],
            "InvokeFunctionResizeFunction",
        ),
        (
            ["kms:Decrypt", "kms:Encrypt"],
            ["arn:aws:kms:us-east-1:111122223333:key/0b1c2d3e-aaaa-bbbb-cccc-0123456789ab"],
            "WriteKmsKeys",
        ),
        (["iam:AttachRolePolicy", "iam:PutRolePolicy"], ["arn:aws:iam::111122223333:role/*"], "AdministerIamRoles"),
        (["ec2:RunInstances", "s3:GetObject"], ["*"], "ReadWriteSeveralServices"),
    ],
)
def test_sid_says_what_is_done_to_what(actions: list[str], resources: list[str], expected: str) -> None:
    named = [Action(action) for action in actions]
    assert sid_for(named, Scope(tuple(resources)), is_unseen=False, catalog=bundled_catalog()) == expected
    assert sid_for(named, Scope(tuple(resources)), is_unseen=True, catalog=bundled_catalog()) == f"Unseen{expected}"


def test_sid_of_all_but_some_resources_says_so() -> None:
    scope = Scope(("arn:aws:s3:::orders/*",), not_resource=True)
    found = sid_for([Action("s3:GetObject"), Action("s3:PutObject")], scope, is_unseen=False, catalog=bundled_catalog())
    assert found == "ReadWriteS3Except"


@given(st.text(max_size=80), st.sampled_from(["s3:GetObject", "dynamodb:GetItem", "iam:PassRole"]))
def test_sid_holds_letters_and_digits_alone_whatever_a_resource_is_called(name: str, action: str) -> None:
    scope = Scope((f"arn:aws:s3:::{name}/*", f"{TABLE}/{name}", f"arn:aws:iam::111122223333:role/{name}"))
    for resource in scope.resources:
        sid = sid_for([Action(action)], Scope((resource,)), is_unseen=False, catalog=bundled_catalog())
        assert re.fullmatch("[A-Za-z0-9]{1,128}", sid)


def test_statements_of_one_principal_have_sids_of_their_own_that_carried_denies_do_not_have() -> None:
    principal = role(
        policy(
            allow("s3:*", "arn:aws:s3:::orders/*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            allow("s3:*", "arn:aws:s3:::orders-2/*"),
            allow("sqs:*"),
            {**deny("s3:DeleteBucket"), "Sid": "SendMessageJobsQueue"},
        )
    )
    uses = [
        use(f"s3:{one}", f"arn:aws:s3:::{name}/a")
        for one in ("GetObject", "PutObject")
        for name in ("orders", "orders-2")
    ]
    uses.append(use("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:jobs"))
    grants = [grants_of(principal)]
    diff = diff_usage(usage_of({principal.arn: uses}), grants, bundled_catalog(), exactly())
    (replacement,) = generate_policies(diff, grants, bundled_catalog(), exactly())
    written = [item for document in replacement.documents for item in json.loads(document.text)["Statement"]]
    sids = [one["Sid"] for one in written]
    assert len(set(sids)) == len(sids)
    assert "SendMessageJobsQueue" in sids, "the carried Deny keeps its own"
    (queue,) = [
        one["Sid"]
        for one in written
        if one["Effect"] == "Allow" and "sqs" in str(one["Action"]) and "Unseen" not in one["Sid"]
    ]
    assert re.fullmatch("SendMessageJobsQueue[0-9A-F]{6}", queue)


def test_what_was_used_is_written_before_what_no_record_shows() -> None:
    principal = role(policy(allow(["dynamodb:*", "sqs:*"])))
    uses = [use("sqs:CreateQueue", "arn:aws:sqs:us-east-1:111122223333:jobs"), use("dynamodb:ListTables")]
    grants = [grants_of(principal)]
    diff = diff_usage(usage_of({principal.arn: uses}, data_events=()), grants, bundled_catalog(), exactly())
    (replacement,) = generate_policies(diff, grants, bundled_catalog(), exactly())
    unseen = [
        item["Sid"].startswith("Unseen")
        for document in replacement.documents
        for item in json.loads(document.text)["Statement"]
    ]
    assert set(unseen) == {False, True}
    assert unseen == sorted(unseen)
