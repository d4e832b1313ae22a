"""The evidence file: every line of every document has its reasons, and every Deny its origin."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.verification.reasons import stated_pairs
from lpgen.core.findings import Proposal
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, PolicyKind
from lpgen.core.replacements import LineKind, ReplacementStatement, Scope
from tests.report.cases import Case, kept_line, own, seen, used_line
from tests.report.inputs import INPUTS
from tests.report.rendered import render_evidence
from tests.report.reports import organization, report_of
from tests.report.safe_cases import deployer, storefront, user_in_group
from tests.report.unsafe_cases import inventory, too_large


def evidence(case: Case | Proposal) -> dict[str, Any]:
    proposal = case.proposal() if isinstance(case, Case) else case
    report = replace(report_of([]), proposals=(proposal,))
    found: dict[str, Any] = json.loads(render_evidence(proposal, report, INPUTS))
    return found


def pairs(lines: list[dict[str, Any]], *kinds: LineKind) -> set[tuple[str, str]]:
    return {
        (line["action"], resource)
        for line in lines
        for resource in line.get("resources", line.get("not_resources", []))
        if any(one["kind"] in kinds for one in line["evidence"])
    }


@pytest.mark.parametrize("proposal", organization().proposals, ids=lambda one: str(one.diff.principal.name))
def test_evidence_explains_every_action_of_every_document(proposal: Proposal) -> None:
    lines = evidence(proposal)["lines"]
    explained = {(line["file"], line["sid"], line["action"]) for line in lines}
    documents = proposal.replacement.documents if proposal.replacement else ()
    written = {
        (f"policy-{number}.json", statement["Sid"], action)
        for number, document in enumerate(documents, start=1)
        for statement in json.loads(document.text)["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert explained == written
    assert all(line["evidence"] for line in lines)


@pytest.mark.parametrize("make", [storefront, inventory, deployer])
def test_evidence_states_the_pairs_that_need_no_use(make: Any) -> None:
    proposal = make().proposal()
    stated = pairs(evidence(proposal)["lines"], LineKind.KEPT, LineKind.REVIEW, LineKind.DECIDED)
    assert proposal.replacement is not None
    assert stated == set(stated_pairs(proposal.replacement))
    assert stated


def test_evidence_keeps_the_scopes_of_one_action_apart() -> None:
    parent = own("data")
    case = storefront()
    used = used_line("s3:GetObject", parent, seen(1, "2026-09-01", "2026-09-01", "e"), "arn:aws:s3:::a/*")
    kept = kept_line("s3:GetObject", parent, "arn:aws:s3:::b/*", sign="the principal used s3")
    merged = statement_of(used, kept, scope=Scope(("arn:aws:s3:::a/*", "arn:aws:s3:::b/*")))
    lines = evidence(with_statements(case, merged))["lines"]
    assert [(line["resources"], line["evidence"][0]["kind"]) for line in lines] == [
        (["arn:aws:s3:::a/*"], "observed"),
        (["arn:aws:s3:::b/*"], "kept"),
    ]


def test_evidence_cuts_a_line_to_the_part_of_a_split_statement() -> None:
    kept = kept_line("s3:GetObject", own("data"), "arn:aws:s3:::a/*", "arn:aws:s3:::b/*", sign="the principal used s3")
    halves = [statement_of(kept, scope=Scope((resource,))) for resource in kept.scope.resources]
    lines = evidence(with_statements(storefront(), *halves))["lines"]
    assert [line["resources"] for line in lines] == [["arn:aws:s3:::a/*"], ["arn:aws:s3:::b/*"]]


def test_evidence_says_not_resources_where_all_but_these_are_meant() -> None:
    line = replace(kept_line("sns:Publish", own("topics"), sign="x"), scope=Scope(("arn:aws:sns:*:*:audit",), True))
    (found,) = evidence(with_statements(storefront(), statement_of(line, scope=line.scope)))["lines"]
    assert found["not_resources"] == ["arn:aws:sns:*:*:audit"]
    assert "resources" not in found


def statement_of(*lines: Any, scope: Scope) -> ReplacementStatement:
    actions = tuple(sorted({line.action for line in lines}))
    return ReplacementStatement("Sid", actions, scope, lines[0].parent, lines)


def with_statements(case: Case, *statements: ReplacementStatement) -> Proposal:
    proposal = case.proposal()
    assert proposal.replacement is not None
    document = replace(proposal.replacement.documents[0], statements=statements)
    return replace(proposal, replacement=replace(proposal.replacement, documents=(document,)))


# ---------------------------------------------------------------- denies


def test_evidence_says_where_each_deny_is_carried() -> None:
    (deny,) = evidence(user_in_group())["denies"]
    assert deny["from"] == {"policy": "home", "kind": "inline", "group": "", "statement": 1, "sid": "Old"}
    assert deny["carried_in"] == {"file": "policy-1.json", "sid": "NoKeys"}


def test_evidence_says_so_where_a_deny_is_not_carried() -> None:
    case = user_in_group()
    case.denies = []
    (deny,) = evidence(case)["denies"]
    assert deny["carried_in"] is None


@pytest.mark.parametrize(("version", "carried"), [("2012-10-17", True), ("2008-10-17", False)])
def test_evidence_takes_no_deny_for_another_language_version(version: str, carried: bool) -> None:
    case = user_in_group()
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}
    document = policy_from_json(json.dumps({"Version": version, "Statement": [deny]}), place="home")
    case.policies = (AttachedPolicy(PolicyKind.INLINE, "home", "", "", None, document),)
    case.denies = [{"Sid": "D", **deny}]
    (found,) = evidence(case)["denies"]
    assert (found["carried_in"] is not None) is carried


# ---------------------------------------------------------------- the rest


def test_evidence_of_a_refused_replacement_has_no_policy_and_says_why() -> None:
    found = evidence(too_large())
    assert found["policies"] == []
    assert found["lines"] == []
    assert found["safe"] is False
    assert [one["kind"] for one in found["not_safe_because"]] == ["too_large"]


def test_evidence_says_what_the_replacement_takes_the_place_of() -> None:
    found = evidence(user_in_group())["replaces"]
    assert re.fullmatch("[0-9a-f]{64}", found.pop("policies_sha256"))
    assert found == {
        "detach": ["arn:aws:iam::111122223333:policy/ops/on-call"],
        "delete_inline": ["home"],
        "leave_groups": ["operators"],
        "boundary_stays": "arn:aws:iam::111122223333:policy/limits/people",
    }
