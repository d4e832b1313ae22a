"""Verification: a right replacement passes, and each way of being wrong fails the check made for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from lpgen.core.analysis.verification import containment
from lpgen.core.analysis.verification import reasons as checked_reasons
from lpgen.core.analysis.verification.documents import WrittenDocument
from lpgen.core.analysis.verification.reasons import Claims
from lpgen.core.analysis.verify import verify_replacement
from lpgen.core.evidence import PrincipalUsage, Use
from lpgen.core.iam.match_resource import resources_intersect
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Outcome, Principal
from lpgen.core.replacements import CheckStatus, Verification
from tests.support.worlds import allow, catalog, deny, grants_of, policy, role, use

DATA = "arn:aws:s3:::data"
OBJECT = f"{DATA}/a.csv"
ACTIONS = "no wildcard action, only known actions"
COVERS = "everything used stays allowed"
REPLAY = "replay: all recorded use is still allowed"
WITHIN = "nothing new is allowed"
HUNT = "search for new access finds none"
PAIRS = "every pair of action and resource has a reason"
DENIES = "every Deny is kept"
LIMITS = "fits AWS's limits"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


def verified(
    principal: Principal,
    uses: Sequence[Use],
    *statements: dict[str, Any],
    stated: Sequence[tuple[str, str]] = (),
    inline: bool = False,
    version: str = "2012-10-17",
) -> Verification:
    document = {"Version": version, "Statement": list(statements)}
    written = WrittenDocument("policy-1.json", inline, policy_from_json(json.dumps(document), place="policy-1.json"))
    usage = PrincipalUsage(principal.arn, (), tuple(uses), (), ("us-east-1",))
    claims = Claims(principal.arn, stated)
    return verify_replacement([written], grants_of(principal), usage, catalog(), claims=claims)


def failed(verification: Verification) -> set[str]:
    return {check.name for check in verification.checks if check.status is not CheckStatus.PASSED}


OLD = role(policy(allow("s3:*", [DATA, f"{DATA}/*"])))
USED = [use("s3:GetObject", OBJECT), use("s3:ListBucket", DATA)]


def test_verify_passes_a_right_replacement() -> None:
    right = verified(OLD, USED, allow("s3:GetObject", OBJECT), allow("s3:ListBucket", DATA))
    assert right.status is CheckStatus.PASSED
    assert all(check.examined for check in right.checks if check.name != DENIES)


def test_verify_looks_for_what_a_statement_names_before_it_tries_pattern_by_pattern(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a replacement of a thousand folders takes a million looks."""
    folders = [f"{DATA}/{number:03}/*" for number in range(200)]
    looks = 0

    def count(one: str, other: str) -> bool:
        nonlocal looks
        looks += 1
        return resources_intersect(one, other)

    monkeypatch.setattr(containment, "resource_contains", count)
    monkeypatch.setattr(checked_reasons, "resources_intersect", count)
    right = verified(OLD, [use("s3:GetObject", folder) for folder in folders], allow("s3:GetObject", folders))
    assert right.status is CheckStatus.PASSED
    assert looks < 4 * len(folders)


def test_verify_allows_one_statement_for_actions_of_different_resource_types() -> None:
    assert failed(verified(OLD, USED, allow(["s3:GetObject", "s3:ListBucket"], [OBJECT, DATA]))) == set()


@pytest.mark.parametrize(
    ("statements", "checks"),
    [
        ([allow("s3:GetObject", OBJECT)], {COVERS, REPLAY}),
        ([allow("s3:GetObject", f"{DATA}/b.csv"), allow("s3:ListBucket", DATA)], {COVERS, REPLAY, PAIRS}),
        ([allow("s3:Get*", OBJECT), allow("s3:ListBucket", DATA)], {ACTIONS, PAIRS}),
        ([allow(["s3:getobject"], OBJECT), allow("s3:ListBucket", DATA)], {ACTIONS}),
        ([allow(["s3:GetObject", "s3:Nonsense"], OBJECT), allow("s3:ListBucket", DATA)], {ACTIONS}),
        ([allow("s3:GetObject", "*"), allow("s3:ListBucket", DATA)], {WITHIN, HUNT}),
        ([allow("s3:GetObject", OBJECT), allow(["s3:ListBucket", "sqs:SendMessage"], DATA)], {WITHIN, HUNT}),
        ([allow(["s3:GetObject", "s3:PutObject"], OBJECT), allow("s3:ListBucket", DATA)], {PAIRS}),
        ([allow("s3:GetObject", OBJECT, Condition=MFA), allow("s3:ListBucket", DATA)], {COVERS, REPLAY}),
        ([allow("s3:GetObject", OBJECT), allow("s3:ListBucket", DATA), deny("s3:PutObject", DATA)], {DENIES}),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], {ACTIONS, COVERS}),
    ],
)
def test_verify_fails_the_check_that_each_mistake_breaks(statements: list[dict[str, Any]], checks: set[str]) -> None:
    assert failed(verified(OLD, USED, *statements)) == checks


def test_verify_wants_a_copy_for_every_statement_that_may_have_granted_a_use() -> None:
    old = role(policy(allow("s3:GetObject", "*", Condition=MFA), allow("s3:GetObject", f"{DATA}/*", Condition=VPC)))
    uses = [use("s3:GetObject", OBJECT)]
    both = [allow("s3:GetObject", OBJECT, Condition=MFA), allow("s3:GetObject", OBJECT, Condition=VPC)]
    assert failed(verified(old, uses, *both)) == set()
    assert failed(verified(old, uses, both[0])) == {COVERS, REPLAY}


def test_verify_never_lets_a_condition_go() -> None:
    old = role(policy(allow("s3:GetObject", "*", Condition=MFA)))
    assert failed(verified(old, [use("s3:GetObject", OBJECT)], allow("s3:GetObject", OBJECT))) == {WITHIN, HUNT}


def test_verify_wants_policy_variables_carried() -> None:
    home = "arn:aws:s3:::home/${aws:username}/*"
    old = role(policy(allow("s3:GetObject", home)))
    uses = [use("s3:GetObject", "arn:aws:s3:::home/ada/x")]
    assert failed(verified(old, uses, allow("s3:GetObject", home))) == set()
    assert WITHIN in failed(verified(old, uses, allow("s3:GetObject", "arn:aws:s3:::home/ada/*")))


def test_verify_tells_the_language_versions_apart() -> None:
    home = "arn:aws:s3:::home/${aws:username}/*"
    old = role(policy(allow("s3:GetObject", home), version="2008-10-17"))
    assert WITHIN in failed(verified(old, [], allow("s3:GetObject", home)))


def test_verify_holds_not_resource_to_what_it_excludes() -> None:
    secret = "arn:aws:s3:::secret/*"
    old = role(policy({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": secret}))
    uses = [use("s3:GetObject", OBJECT)]
    assert failed(verified(old, uses, allow("s3:GetObject", OBJECT))) == set()
    assert failed(verified(old, uses, {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": secret})) == set()
    assert WITHIN in failed(verified(old, uses, allow("s3:GetObject", "arn:aws:s3:::*")))


def test_verify_wants_every_deny_to_the_letter() -> None:
    condition = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
    refusal = deny(["s3:Nonsense", "s3:D*"], "*", Condition=condition)
    old = role(policy(allow("s3:GetObject", f"{DATA}/*"), refusal))
    uses = [use("s3:GetObject", OBJECT)]
    right = allow("s3:GetObject", OBJECT)
    assert failed(verified(old, uses, right, {"Sid": "Other", **refusal})) == set()
    assert failed(verified(old, uses, right)) == {DENIES}
    assert failed(verified(old, uses, right, deny(["s3:D*", "s3:Nonsense"], "*", Condition=condition))) == {DENIES}


def test_verify_takes_a_stated_reason_for_a_line_without_use_but_not_for_more_rights() -> None:
    keep = [allow("s3:GetObject", OBJECT), allow("s3:ListBucket", DATA), allow("s3:PutObject", f"{DATA}/*")]
    assert failed(verified(OLD, USED, *keep, stated=[("s3:PutObject", f"{DATA}/*")])) == set()
    more = [*keep[:2], allow("s3:PutObject", "*")]
    assert failed(verified(OLD, USED, *more, stated=[("s3:PutObject", "*")])) == {WITHIN, HUNT}


def test_verify_asks_for_tries_but_not_for_denied_calls() -> None:
    tried = [use("s3:GetObject", OBJECT, outcome=Outcome.UNDETERMINED)]
    assert failed(verified(OLD, tried, allow("s3:ListAllMyBuckets"))) >= {COVERS}
    denied = [use("s3:GetObject", OBJECT, outcome=Outcome.DENIED)]
    assert COVERS not in failed(verified(OLD, denied, allow("s3:ListBucket", DATA), stated=[("s3:ListBucket", DATA)]))


def test_verify_measures_sizes() -> None:
    many = [f"{DATA}/{number:0200d}" for number in range(40)]
    statements = allow("s3:GetObject", many)
    assert LIMITS in failed(verified(OLD, [], statements))
    assert LIMITS not in failed(verified(OLD, [], statements, inline=True))


@pytest.mark.parametrize(
    ("sids", "taken"), [(("A", "B"), True), (("A", "A"), False), (("a", "A"), True), (("a b",), False)]
)
def test_verify_asks_for_sids_that_iam_takes(sids: Sequence[str], taken: bool) -> None:
    statements = [allow("s3:GetObject", f"{DATA}/{at}", Sid=sid) for at, sid in enumerate(sids)]
    found = verified(OLD, [], *statements, allow("s3:GetObject", f"{DATA}/x"), allow("s3:GetObject", f"{DATA}/y"))
    assert (LIMITS not in failed(found)) is taken


def test_verify_without_any_check_has_failed() -> None:
    assert Verification("arn", ()).status is CheckStatus.FAILED
