"""What the policy of the resource does in explanations, given or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lpgen.core.explanations import Fit, WallState
from lpgen.core.guards import Guards, ResourcePolicy
from lpgen.core.iam.decision import Layer, Result
from tests.core.analysis.explain.explained_requests import IMAGES, ask, document, statements, wall, whole_catalog
from tests.support.worlds import ACCOUNT, allow, policy, role

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"


def granted_to(principals: Any, *, action: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principals, "Action": action, "Resource": "*", **more}


def test_explain_says_that_a_resource_policy_nobody_gave_could_allow_or_deny() -> None:
    denied = ask(role(policy(allow("ec2:*"))), "s3:GetObject", IMAGES)
    assert denied.sentence.endswith("A policy of the resource could allow it; none was given.")
    unread = (
        "the policy of the resource, if it has one, could allow or deny the request: give it with --resource-policies"
    )
    assert denied.unread == (unread,)
    allowed = ask(role(policy(allow("s3:*"))), "s3:GetObject", IMAGES)
    assert unread in allowed.unread
    capped = ask(role(policy(allow("ec2:*"))), "iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/a")
    assert "policy of the resource" not in capped.sentence


def test_explain_reads_a_supplied_resource_policy_and_how_it_names_the_principal() -> None:
    bucket = ResourcePolicy(
        "arn:aws:s3:::images",
        ACCOUNT,
        document(
            granted_to({"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}, action="s3:GetObject"),
            granted_to({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, action="s3:*"),
        ),
    )
    found = ask(role(policy(allow("ec2:*"))), "s3:GetObject", IMAGES, guards=Guards(resource_policies=(bucket,)))
    assert found.result is Result.ALLOWED
    assert found.sentence == "Allowed by s3:GetObject in the policy of arn:aws:s3:::images, statement 1."
    mine, other = statements(found, Layer.RESOURCE)
    assert (mine.fit, mine.named) == (Fit.APPLIES, "by the role or user behind the session")
    assert other.fit is Fit.OTHER_PRINCIPAL
    assert wall(found, Layer.IDENTITY).state is WallState.SHUT
    assert found.stops == ()


def test_explain_says_how_a_deny_with_not_principal_reaches_who_has_a_boundary() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    app = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    spared = {"Effect": "Deny", "NotPrincipal": app, "Action": "s3:*", "Resource": "*"}
    safe = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": tls}
    guards = Guards(resource_policies=(ResourcePolicy("arn:aws:s3:::images", ACCOUNT, document(spared, safe)),))
    free = ask(role(policy(allow("*"))), "s3:GetObject", IMAGES, guards=guards)
    assert (free.result, wall(free, Layer.RESOURCE).state) == (Result.DEPENDS, WallState.DEPENDS)
    over_tls = {"aws:SecureTransport": ("true",)}
    passing = ask(role(policy(allow("*"))), "s3:GetObject", IMAGES, guards=guards, context=over_tls)
    assert (passing.result, wall(passing, Layer.RESOURCE).state) == (Result.ALLOWED, WallState.SHUT)
    assert passing.stops == ()
    bounded = ask(role(policy(allow("*")), boundary=policy(allow("*"))), "s3:GetObject", IMAGES, guards=guards)
    assert bounded.result is Result.EXPLICITLY_DENIED
    assert "NotPrincipal" in statements(bounded, Layer.RESOURCE)[0].named


def test_explain_never_says_that_a_key_may_be_used_without_its_policy() -> None:
    app = role(policy(allow("kms:*")))
    found = ask(app, "kms:Decrypt", KEY, actions=whole_catalog())
    assert (found.result, found.depends_on) == (Result.DEPENDS, ("resource policy",))
    assert ask(app, "kms:Decrypt", actions=whole_catalog()).result is Result.DEPENDS
    delegating = document(granted_to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    guards = Guards(resource_policies=(ResourcePolicy(KEY, ACCOUNT, delegating),))
    assert ask(app, "kms:Decrypt", KEY, guards=guards, actions=whole_catalog()).result is Result.ALLOWED


def test_explain_never_says_that_another_accounts_resource_may_be_used_without_its_policy() -> None:
    queue = "arn:aws:sqs:us-east-1:999999999999:jobs"
    found = ask(role(policy(allow("sqs:*"))), "sqs:SendMessage", queue)
    assert (found.result, found.depends_on) == (Result.DEPENDS, ("resource policy",))
    silent = ask(role(policy(allow("ec2:*"))), "sqs:SendMessage", queue)
    assert (silent.result, silent.stops) == (Result.IMPLICITLY_DENIED, ("its own policies",))


def test_explain_keeps_the_keys_that_decide_beside_a_resource_policy_that_was_not_given() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    found = ask(role(policy(allow("kms:*", Condition=mfa))), "kms:Decrypt", KEY, actions=whole_catalog())
    assert found.depends_on == ("aws:MultiFactorAuthPresent", "resource policy")
    assert any("a grant on the key" in one for one in found.unread)


def test_explain_lets_nobody_act_on_the_principals_of_another_account() -> None:
    found = ask(role(policy(allow("*"))), "iam:GetUser", "arn:aws:iam::999999999999:user/a")
    assert (found.result, found.stops) == (Result.IMPLICITLY_DENIED, ("the other account",))
    assert found.sentence == "Implicitly denied: no Allow in the other account matches."


def test_explain_reads_the_trust_policy_of_a_role_for_assuming_it_alone() -> None:
    trust = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    target = replace(role(name="target"), trust=trust)
    app = role(policy(allow("*")))
    found = ask(app, "sts:AssumeRole", target.arn, others=[target], actions=whole_catalog())
    assert (found.result, found.stops) == (Result.IMPLICITLY_DENIED, ("the trust policy of the role",))
    assert statements(found, Layer.RESOURCE)[0].fit is Fit.OTHER_PRINCIPAL
    passed = ask(app, "iam:PassRole", target.arn, others=[target])
    assert passed.result is Result.ALLOWED
    assert [wall.layer for wall in passed.walls] == [Layer.IDENTITY]
