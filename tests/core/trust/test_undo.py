"""The nearest trust policy that IAM accepts: between the narrowed policy and the old one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.model import Policy
from lpgen.core.trust.undo import nearest_policy, why_no_undo
from tests.core.trust.cases import ACCOUNT, GITHUB, allow, github

DELETED = "AROAEXAMPLEGONE00001"
LAMBDA = allow({"Service": "lambda.amazonaws.com"})
MAIN = github("repo:acme/shop:ref:refs/heads/main")
OTHERS = github("repo:acme/*")
GITLAB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"


def policy(*statements: dict[str, Any]) -> Policy:
    return policy_from_json({"Version": "2012-10-17", "Statement": list(statements)}, place="a test")


def web(provider: Any, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    return allow({"Federated": provider}, condition, "sts:AssumeRoleWithWebIdentity")


@pytest.mark.parametrize(
    ("old", "new", "nearest"),
    [
        ([LAMBDA, OTHERS], [MAIN], [LAMBDA, OTHERS]),
        ([LAMBDA, github()], [MAIN], [LAMBDA, MAIN]),
        ([github()], [MAIN], [MAIN]),
        ([LAMBDA, github()], [LAMBDA], [LAMBDA]),
        ([github(), OTHERS], [MAIN], [OTHERS, MAIN]),
        ([allow({"AWS": [DELETED, ACCOUNT]})], [LAMBDA], [allow({"AWS": ACCOUNT})]),
        ([allow({"AWS": DELETED}), LAMBDA, OTHERS], [MAIN], [LAMBDA, OTHERS]),
        (
            [web([f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}", GITLAB])],
            [web(GITLAB, {"StringEquals": {"gitlab.com:sub": "project_path:acme/shop:ref_type:branch:ref:main"}})],
            [web(GITLAB, {"StringEquals": {"gitlab.com:sub": "project_path:acme/shop:ref_type:branch:ref:main"}})],
        ),
        (
            [{**LAMBDA, "Sid": "A"}, {**github(), "Sid": "B"}],
            [{**MAIN, "Sid": "B"}],
            [{**LAMBDA, "Sid": "A"}, {**MAIN, "Sid": "B"}],
        ),
    ],
)
def test_nearest_policy_is_the_old_one_with_narrowed_lines_for_refused_ones(old: Any, new: Any, nearest: Any) -> None:
    found = nearest_policy(policy(*old), policy(*new))
    assert json.loads(policy_to_json(found))["Statement"] == nearest
    assert why_no_undo(found) == ""
    assert bool(why_no_undo(policy(*old))) == (nearest != old)
