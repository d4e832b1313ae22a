"""Generation: what doesn't fit is merged, given short Sids, folded, put inline, then refused."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.synthesis.fit import FittedDocument, FittedStatement, Space, Split, fit_documents
from lpgen.core.analysis.synthesis.statements import FOLDED_TO_GRANT
from lpgen.core.choices import KeepUnobservable, ScopeChoice, keep_each
from lpgen.core.evidence import Use
from lpgen.core.model import Principal, PrincipalKind
from lpgen.core.replacements import CheckStatus, LineKind, Replacement, Scope
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.proofs import prove
from tests.support.worlds import ACCOUNT, allow, catalog, deny, exactly, grants_of, pairs, policy, role, usage_of, use


def replaced(principal: Principal, uses: Sequence[Use], **options: Any) -> Replacement:
    """The one replacement, which must pass its verification unless it is refused."""
    grants, usage = grants_of(principal), usage_of({principal.arn: list(uses)})
    chosen = replace(exactly(keep_unobservable=keep_each(KeepUnobservable.NONE)), **options)
    diff = diff_usage(usage, [grants], catalog(), chosen)
    (made,) = generate_policies(diff, [grants], catalog(), chosen)
    verification = prove(made, usage, [grants], chosen)
    assert made.refusal or (verification and verification.status is CheckStatus.PASSED), verification
    return made


def statements(made: Replacement) -> list[dict[str, Any]]:
    return [statement for document in made.documents for statement in json.loads(document.text)["Statement"]]


def roles(count: int) -> list[str]:
    return [f"arn:aws:iam::{ACCOUNT}:role/team/service-{chr(97 + at % 26)}{'x' * (at // 26)}" for at in range(count)]


def objects(count: int) -> list[str]:
    """Objects with long names: few of them fill a document."""
    return [f"arn:aws:s3:::data/{number:0200d}" for number in range(count)]


def reader(count: int, **options: Any) -> Replacement:
    """The replacement of a role that reads so many objects, each of which its policy names."""
    named = objects(count)
    return replaced(role(policy(allow("s3:GetObject", named))), [use("s3:GetObject", one) for one in named], **options)


EVERY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/*"


def test_generate_keeps_exact_resources_where_they_fit() -> None:
    made = replaced(role(policy(allow("iam:GetRole", EVERY_ROLE))), [use("iam:GetRole", arn) for arn in roles(20)])
    assert pairs(statements(made)) == {("iam:GetRole", arn) for arn in roles(20)}
    assert made.rules == ()


def test_generate_folds_only_to_the_patterns_that_hold_what_was_used() -> None:
    unused = [f"arn:aws:iam::{ACCOUNT}:role/never-used", "arn:aws:iam::444455556666:role/*"]
    user = role(policy(allow("iam:GetRole", [EVERY_ROLE, *unused])), kind=PrincipalKind.USER)
    made = replaced(user, [use("iam:GetRole", arn) for arn in roles(60)], inline=True)
    (statement,) = statements(made)
    assert statement["Resource"] == EVERY_ROLE
    assert [(rule.rule, rule.pattern) for rule in made.rules] == [(FOLDED_TO_GRANT.name, EVERY_ROLE)]


def test_generate_merges_exactly_before_it_folds() -> None:
    user = role(policy(allow("iam:GetRole", EVERY_ROLE)), kind=PrincipalKind.USER)
    made = replaced(user, [use("iam:GetRole", arn) for arn in roles(25)], inline=True)
    (statement,) = statements(made)
    assert set(statement["Resource"]) == set(roles(25))


def queue_user(count: int) -> Replacement:
    """The replacement of a user with a statement per queue, which nothing merges or folds, in its inline space."""
    queues = [f"arn:aws:sqs:us-east-1:{ACCOUNT}:the-queue-of-service-{chr(97 + at)}" for at in range(count)]
    granted = [allow(f"sqs:{'Send' if at % 2 else 'Receive'}*", queue) for at, queue in enumerate(queues)]
    uses = [use(f"sqs:{'Send' if at % 2 else 'Receive'}Message", queue) for at, queue in enumerate(queues)]
    return replaced(role(policy(*granted), kind=PrincipalKind.USER), uses, inline=True)


def test_generate_shortens_sids_only_where_the_policy_does_not_fit_otherwise() -> None:
    readable, short = queue_user(12), queue_user(13)
    assert statements(readable)[0]["Sid"] == "ReceiveMessageTheQueueOfServiceAQueue"
    sids = [statement["Sid"] for statement in statements(short)]
    assert len(set(sids)) == len(sids) == 13
    assert all(re.fullmatch("[0-9A-F]{8}", sid) for sid in sids)
    assert sids == [
        statement.sid for document in short.documents for statement in document.statements
    ]  # as evidence names them
    assert short.rules == ()
    assert queue_user(13) == short
    assert "characters" in queue_user(20).refusal


def test_generate_uses_inline_space_when_managed_policies_are_full() -> None:
    made = reader(290)
    assert [document.inline for document in made.documents].count(True) == 1
    assert sum(not document.inline for document in made.documents) == 10


def test_generate_refuses_what_never_fits_and_says_what_to_do() -> None:
    made = reader(400)
    assert made.documents == ()
    assert "split the role" in made.refusal
    assert dict(made.bytes_by_service)["s3"] > 70_000


@pytest.mark.slow
def test_generate_fills_as_many_managed_policies_as_the_raised_quota_allows() -> None:
    assert "higher quota" in reader(400).refusal
    made = reader(400, attached_quota=20)
    assert not any(document.inline for document in made.documents)
    assert 10 < len(made.documents) <= 20
    assert made.attached_quota == 20


@pytest.mark.slow
def test_generate_advises_no_raised_quota_where_that_would_not_do() -> None:
    refused = reader(700)
    assert "split the role" in refused.refusal
    assert "higher quota" not in refused.refusal


def test_generate_tries_nothing_twice_before_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[Space, list[str]]] = []

    def fit(items: Sequence[FittedStatement], space: Space, *, split: Split) -> tuple[FittedDocument, ...] | None:
        tried.append((space, [item.written.text for item in items]))
        return fit_documents(items, space, split=split)

    monkeypatch.setattr("lpgen.core.analysis.generate.fit_documents", fit)
    assert reader(400).refusal
    assert all(one not in tried[:at] for at, one in enumerate(tried))


MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
LOGS = "arn:aws:s3:::data/logs/a"


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (allow("s3:GetObject"), allow("s3:GetObject", "arn:aws:s3:::data/*")),
        (allow("s3:GetObject", "arn:aws:s3:::data/*"), allow("s3:GetObject", "arn:aws:s3:::data/logs/*", **MFA)),
        (allow("s3:GetObject", "arn:aws:s3:::data/*", **MFA), allow("s3:GetObject", "arn:aws:s3:::data/logs/*", **MFA)),
    ],
    ids=["wider resources", "no condition", "one condition"],
)
def test_generate_writes_no_statement_that_another_one_covers(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    """The evidence of the one that isn't written explains the other."""
    granted = [{key: value for key, value in one.items() if value} for one in (wide, narrow)]
    made = replaced(role(policy(*granted)), [use("s3:GetObject", LOGS)], scope=ScopeChoice.GRANTED)
    (statement,) = [statement for document in made.documents for statement in document.statements]
    assert statement.scope.resources == (wide["Resource"],)
    assert statement.parent.index == 0
    assert len(statement.lines) == 2
    assert {line.parent for line in statement.lines} == {statement.parent}
    assert all(line.evidence and line.evidence.records == 1 for line in statement.lines)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (allow("s3:GetObject", "arn:aws:s3:::data/*", **MFA), allow("s3:GetObject", "arn:aws:s3:::data/logs/*")),
        (allow("s3:GetObject", "arn:aws:s3:::data/logs/*"), allow("s3:GetObject", "arn:aws:s3:::*/logs/a")),
        (allow("s3:GetObject", "arn:aws:s3:::data/*"), allow("s3:GetObject", "arn:aws:s3:::data/${aws:username}/a")),
    ],
    ids=["a further condition", "other resources", "a variable"],
)
def test_generate_writes_what_no_other_statement_covers(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    made = replaced(role(policy(wide, narrow)), [use("s3:GetObject", LOGS)], scope=ScopeChoice.GRANTED)
    assert len(statements(made)) == 2


def test_generate_does_not_call_unseen_what_was_used_below_what_is_kept() -> None:
    """Statement 2 keeps it unseen on all objects; the use of one object needs no statement of its own."""
    principal = role(policy(allow("s3:GetObject", "arn:aws:s3:::data/*"), allow("s3:GetObject")))
    grants, usage = grants_of(principal), usage_of({principal.arn: [use("s3:GetObject", LOGS)]})
    diff = diff_usage(usage, [grants], catalog(), exactly())
    (one,) = diff.principals
    seen = next(line for line in one.draft.lines if line.scope.resources == (LOGS,))
    kept = replace(seen, scope=Scope(("*",)), parent=grants.allows[1].ref, kind=LineKind.KEPT, evidence=None)
    drafted = replace(one, draft=replace(one.draft, lines=(seen, kept)))
    (made,) = generate_policies(replace(diff, principals=(drafted,)), [grants], catalog(), exactly())
    (statement,) = [statement for document in made.documents for statement in document.statements]
    assert (statement.sid, statement.scope.resources) == ("GetObjectS3", ("*",))
    assert [(line.kind, line.scope.resources) for line in statement.lines] == [
        (LineKind.KEPT, ("*",)), (LineKind.OBSERVED, (LOGS,)),
    ]  # fmt: skip


def test_generate_writes_each_deny_once_under_a_sid_of_its_own() -> None:
    one, other = deny("s3:DeleteBucket", Sid="Guard"), deny("s3:DeleteObject", Sid="Guard")
    principal = role(policy(allow("s3:GetObject"), one, name="a"), policy(other, one, name="b"))
    made = replaced(principal, [use("s3:GetObject", "arn:aws:s3:::data/x")])
    denies = [statement for statement in statements(made) if statement["Effect"] == "Deny"]
    assert sorted(one["Action"] for one in denies) == ["s3:DeleteBucket", "s3:DeleteObject"]
    assert len({one["Sid"] for one in denies}) == 2


def test_generate_writes_once_what_policies_of_two_language_versions_allow() -> None:
    old = policy(allow("s3:Get*", "*"), version="2008-10-17", name="old")
    made = replaced(role(old, policy(allow("s3:GetObject", "*"))), [use("s3:GetObject", "arn:aws:s3:::data/x")])
    (statement,) = statements(made)
    assert (statement["Action"], statement["Resource"]) == ("s3:GetObject", "arn:aws:s3:::data/x")


def test_generate_leaves_out_the_ids_that_the_old_statement_lists_and_nobody_used() -> None:
    used, unused = (f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0123456789abcde{end}" for end in ("f0", "f1"))
    made = replaced(role(policy(allow("ec2:StopInstances", [used, unused]))), [use("ec2:StopInstances", used)])
    assert [statement["Resource"] for statement in statements(made)] == [used]


def test_generate_is_the_same_whatever_the_order_of_uses() -> None:
    uses = [use("iam:GetRole", arn) for arn in roles(40)]
    principal = role(policy(allow("iam:Get*", EVERY_ROLE)))
    assert replaced(principal, uses).documents == replaced(principal, uses[::-1]).documents
