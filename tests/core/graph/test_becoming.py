"""What a principal can become today, and after its own replacement."""

from __future__ import annotations

import pickle
from typing import Any

from lpgen.core.findings import Becoming, OpenWay, Reachable
from lpgen.core.graph.becoming import Becomings
from lpgen.core.model import Action, Principal
from lpgen.core.replacements import with_replacement
from tests.core.graph.cases import ACCOUNT_TRUST, EVERYTHING, arn_of, document, principal, service, world
from tests.support.worlds import ACCOUNT, allow

CI, DEPLOY, OPS = (arn_of(f"role/{name}") for name in ("ci", "deploy", "ops"))
ADMIN = f"admin:{ACCOUNT}"
CHAIN = (
    principal("role/ci", allow("sts:AssumeRole", DEPLOY), allow("s3:GetObject", "*")),
    principal("role/deploy", allow("sts:AssumeRole", OPS), trusts=ACCOUNT_TRUST),
    principal("role/ops", EVERYTHING, trusts=ACCOUNT_TRUST),
)
READS = allow("s3:GetObject", "*")


def becoming(subject: Principal, *statements: dict[str, Any], others: tuple[Principal, ...] = CHAIN) -> Becoming:
    """What a principal can become, if its replacement has these statements."""
    found = {one.arn: one for one in (*others, subject)}
    replaced = with_replacement(subject, [("new", document(*statements))], []) if statements else None
    return Becomings(world(*found.values())).of(subject, replaced)


def test_chain_to_administrative_rights_counts_everyone_on_it_once() -> None:
    found = becoming(CHAIN[0])
    assert found.today == Reachable(2, (CI, DEPLOY, OPS, ADMIN))
    assert found.after is None
    assert not found.loses_admin


def test_replacement_without_the_step_cuts_the_path() -> None:
    found = becoming(CHAIN[0], READS)
    assert (found.after, found.loses_admin) == (Reachable(0), True)


def test_replacement_that_keeps_the_step_cuts_nothing() -> None:
    found = becoming(CHAIN[0], allow("sts:AssumeRole", DEPLOY))
    assert (found.after, found.loses_admin) == (found.today, False)


def test_narrower_step_keeps_only_what_it_reaches() -> None:
    both = principal("role/both", allow("sts:AssumeRole", [DEPLOY, arn_of("role/plain")]))
    plain = principal("role/plain", READS, trusts=ACCOUNT_TRUST)
    found = becoming(both, allow("sts:AssumeRole", arn_of("role/plain")), others=(*CHAIN, plain))
    assert found.today == Reachable(4, (both.arn, DEPLOY, OPS, ADMIN))
    assert (found.after, found.loses_admin) == (Reachable(1), True)


def test_others_that_come_back_dont_bring_the_old_policies_back() -> None:
    left = principal("role/left", allow("sts:AssumeRole", [arn_of("role/right"), OPS]), trusts=ACCOUNT_TRUST)
    right = principal("role/right", allow("sts:AssumeRole", left.arn), trusts=ACCOUNT_TRUST)
    found = becoming(left, allow("sts:AssumeRole", right.arn), others=(right, CHAIN[2]))
    assert found.after == Reachable(1)


def test_ways_are_combinations_with_what_is_left_of_them() -> None:
    passing = principal(
        "role/build",
        allow("iam:PassRole", "*"),
        allow(["lambda:CreateFunction", "lambda:InvokeFunction"], "*"),
        READS,
    )
    runs = [principal(f"role/{name}", READS, trusts=service("lambda")) for name in ("one", "two")]
    kept = (
        allow("iam:PassRole", runs[0].arn),
        allow(["lambda:CreateFunction", "lambda:InvokeFunction"], "*"),
    )
    (way,) = [
        way for way in becoming(passing, *kept, others=tuple(runs)).ways if "lambda:InvokeFunction" in way.actions
    ]
    assert way == OpenWay(
        "lambda-create-function-invoke",
        way.does,
        tuple(map(Action, ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"))),
        2,
        runs[0].arn,
        1,
        if_exists=False,
    )


def test_role_that_can_become_itself_has_no_way() -> None:
    own = principal("role/own", allow(["lambda:UpdateFunctionCode"], "*"), trusts=service("lambda"))
    found = becoming(own, others=())
    assert (found.today, found.ways) == (Reachable(0), ())


def test_way_through_compute_that_may_not_exist_says_so() -> None:
    own = principal("role/own", allow(["lambda:UpdateFunctionCode"], "*"))
    other = principal("role/other", READS, trusts=service("lambda"))
    assert {way.if_exists for way in becoming(own, others=(other,)).ways} == {True}


def test_administrator_has_rights_and_no_list_of_ways() -> None:
    found = becoming(CHAIN[2], READS)
    assert found.today == Reachable(2, (OPS, ADMIN))
    assert (found.ways, found.after, found.loses_admin) == ((), Reachable(0), True)


def test_way_that_depends_on_a_condition_key_isnt_open() -> None:
    asks = {**allow("sts:AssumeRole", DEPLOY), "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    found = becoming(principal("role/ci", asks))
    assert (found.today, found.ways) == (Reachable(0), ())


def test_workers_of_a_review_get_the_same_answers() -> None:
    of = Becomings(world(*CHAIN)).of
    assert pickle.loads(pickle.dumps(of))(CHAIN[0], None) == of(CHAIN[0], None)
