"""Answers: the targets of a question, and what replacements cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lpgen.core.graph.answers import ADMIN, GraphReport, Question, answer_question
from lpgen.core.graph.use import UseOfEdges
from lpgen.core.graph.world import World
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import ACCOUNT_TRUST, EVERYTHING, arn_of, principal, trust, world
from tests.support.worlds import ACCOUNT, allow, policy

CI, DEPLOY, OPS = (arn_of(f"role/{name}") for name in ("ci", "deploy", "ops"))
CHAIN = world(
    principal("role/ci", allow("sts:AssumeRole", DEPLOY)),
    principal("role/deploy", allow("sts:AssumeRole", OPS), trusts=trust({"AWS": CI})),
    principal("role/ops", EVERYTHING, trusts=ACCOUNT_TRUST),
)


TO_ADMIN = Question(None, (ADMIN,))


def answer(question: Question = TO_ADMIN, **more: Any) -> GraphReport:
    return answer_question(CHAIN, question, UseOfEdges(CHAIN.ways, bundled_catalog()), **more)


def nodes(paths: Any) -> list[list[str]]:
    return [[path[0].edge.source, *(hop.edge.target for hop in path)] for path in paths]


def replaced(arn: str, *statements: dict[str, Any]) -> World:
    """The world with another policy of one role."""
    own = (policy(*statements),)
    return replace(
        CHAIN, principals=tuple(replace(one, policies=own) if one.arn == arn else one for one in CHAIN.principals)
    )


def test_administrative_rights_are_reached_by_the_nearest_administrator() -> None:
    report = answer()
    assert report.administrators == (OPS,)
    assert nodes(report.found.open) == [[DEPLOY, OPS], [OPS, f"admin:{ACCOUNT}"], [CI, DEPLOY, OPS]]


def test_question_without_ends_takes_all_principals_and_administrative_rights() -> None:
    found = nodes(answer(Question()).found.open)
    assert {(path[0], path[-1]) for path in found} >= {(CI, DEPLOY), (CI, OPS), (CI, f"admin:{ACCOUNT}"), (DEPLOY, OPS)}


def test_question_with_ends_takes_only_these() -> None:
    assert nodes(answer(Question((CI,), (OPS,))).found.open) == [[CI, DEPLOY, OPS]]


def test_without_replacements_nothing_is_compared() -> None:
    report = answer()
    (hop,) = report.found.open[0]
    assert (report.after, report.found_after, report.is_cut(hop.edge)) == (None, None, None)


def test_replacement_cuts_its_edge_and_all_paths_over_it() -> None:
    report = answer(Question((CI,), (OPS,)), after=replaced(DEPLOY, allow("s3:GetObject")))
    (path,) = report.found.open
    assert [report.is_cut(hop.edge) for hop in path] == [False, True]
    assert report.found_after is not None
    assert report.found_after.open == ()


def test_edge_that_then_depends_on_a_key_is_cut() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    report = answer(
        question=Question((DEPLOY,), (OPS,)), after=replaced(DEPLOY, allow("sts:AssumeRole", OPS, Condition=mfa))
    )
    ((hop,),) = report.found.open
    assert report.is_cut(hop.edge) is True
    assert report.found_after is not None
    assert (report.found_after.open, len(report.found_after.possible)) == ((), 1)


def test_replaced_administrator_is_none_afterwards() -> None:
    report = answer(after=replaced(OPS, allow("s3:GetObject")))
    assert report.administrators == (OPS,)
    assert report.found_after is not None
    assert report.found_after.open == ()


def test_replacement_that_changes_nothing_cuts_nothing() -> None:
    report = answer(after=CHAIN)
    assert report.found_after == report.found
    assert not any(report.is_cut(hop.edge) for path in report.found.open for hop in path)
