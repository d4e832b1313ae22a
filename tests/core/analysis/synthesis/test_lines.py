"""Lines: of those that are kept for the logs' sake alone, none is needless, and leaving some out takes nothing away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.explained_use import NO_ALLOW
from lpgen.core.analysis.grants.granting import granting_by_action
from lpgen.core.analysis.observability.missed_use import UseLines
from lpgen.core.analysis.scopes.prefixes import population_from_days, stem_of
from lpgen.core.analysis.scopes.scopes import ScopeFinder, exact_scopes
from lpgen.core.analysis.synthesis.covering import drop_redundant_lines, lines_for_grants
from lpgen.core.analysis.synthesis.lines import lines_from_uses
from lpgen.core.analysis.synthesis.statements import Grouping, statements_from_lines
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.globs.match import as_glob
from lpgen.core.iam.match_resource import resource_match
from lpgen.core.model import UNKNOWN_RESOURCE, Action, AttachedPolicy, Outcome
from lpgen.core.replacements import Line, LineKind
from tests.core.analysis.test_replacement_laws import ACTIONS, ARNS, policies
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, catalog, grants_of, policy, role, use

DATA = "arn:aws:s3:::data"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def kept_lines(grants: PrincipalGrants, kind: LineKind = LineKind.KEPT) -> tuple[Line, ...]:
    """The lines that keep every grant whole."""
    return tuple(
        line
        for action in sorted(grants.granted())
        for line in lines_for_grants(grants.allows, action, kind=kind, why="kept", catalog=catalog())
    )


def scopes(*statements: dict[str, Any], kind: LineKind = LineKind.KEPT) -> list[tuple[str, ...]]:
    """What stays of a policy's statements, each of them kept whole."""
    grants = grants_of(role(policy(*statements)))
    return [line.scope.resources for line in drop_redundant_lines(kept_lines(grants, kind), grants.allows)]


def test_kept_line_goes_where_a_wider_one_without_more_conditions_stays() -> None:
    wide, narrow = allow("s3:GetObject", f"{DATA}/*"), allow("s3:GetObject", [f"{DATA}/in/*", f"{DATA}/a.csv"])
    assert scopes(wide, narrow) == scopes(narrow, wide) == [(f"{DATA}/*",)]
    assert scopes(wide, {**narrow, "Condition": MFA}) == [(f"{DATA}/*",)]
    assert scopes({**wide, "Condition": MFA}, {**narrow, "Condition": MFA}) == [(f"{DATA}/*",)]
    assert len(scopes({**wide, "Condition": MFA}, narrow)) == 2
    assert len(scopes(wide, allow("s3:GetObject", [f"{DATA}/in/*", "arn:aws:s3:::logs/*"]))) == 2
    assert len(scopes(wide, allow("s3:GetObject", f"{DATA}/${{aws:username}}/*"))) == 2
    assert len(scopes(wide, allow("s3:PutObject", f"{DATA}/in/*"))) == 2
    assert len(scopes(wide, narrow, kind=LineKind.OBSERVED)) == 2


def test_kept_line_stays_where_a_wider_ones_condition_means_something_else_in_its_language_version() -> None:
    mine = {"Condition": {"StringEquals": {"s3:prefix": "${aws:username}"}}}
    wide = policy(allow("s3:ListBucket", "arn:aws:s3:::*", **mine), version="2008-10-17", name="old")
    grants = grants_of(role(wide, policy(allow("s3:ListBucket", DATA, **mine), name="new")))
    assert len(drop_redundant_lines(kept_lines(grants), grants.allows)) == 2


@pytest.mark.parametrize(
    ("resources", "kept"),
    [
        ("arn:aws:ec2:*:*:instance/*", ("arn:aws:ec2:*:*:instance/*",)),
        (["arn:aws:ec2:*:*:instance/*", "*"], ("*",)),
        (["arn:aws:ec2:*:*:instance/*", "arn:aws:s3:::data"], ("arn:aws:ec2:*:*:instance/*",)),
        ("arn:aws:s3:::data", ()),
    ],
)
def test_an_allowed_call_that_nothing_else_grants_shows_what_the_reference_leaves_out(
    resources: str | list[str], kept: tuple[str, ...]
) -> None:
    grants = grants_of(role(policy(allow("ec2:DescribeInstances", resources))))
    granting = granting_by_action(grants.allows)
    for outcome in Outcome:
        uses = [use("ec2:DescribeInstances", outcome=outcome)]
        found = lines_from_uses(grants, uses, granting=granting, scopes=exact_scopes(catalog()))
        if outcome is Outcome.ALLOWED or (kept == ("*",) and outcome is not Outcome.DENIED):
            assert [line.scope.resources for line in found.lines] == ([kept] if kept else [])
            assert [why for _, why in found.ungranted] == ([] if kept else [NO_ALLOW])
        else:
            assert found.lines == ()


def test_one_of_two_lines_that_allow_the_same_stays() -> None:
    assert len(scopes(allow("s3:GetObject", f"{DATA}/*"), allow("s3:GetObject", f"{DATA}/**"))) == 1


@given(st.lists(policies, min_size=1, max_size=3))
def test_what_needless_lines_allow_stays_allowed(held: list[AttachedPolicy]) -> None:
    grants = grants_of(role(*held))
    lines = kept_lines(grants)
    fewer = drop_redundant_lines(lines, grants.allows)
    conditions = sorted({repr(grant.statement.conditions) for grant in grants.allows} - {"()"})
    for truths in product((True, False), repeat=len(conditions)):
        met = {"()"} | {one for one, truth in zip(conditions, truths, strict=True) if truth}
        for action, arn in product(ACTIONS, ARNS):
            before, after = (allows(some, grants, Action(action), arn, met) for some in (lines, fewer))
            assert before == after, (action, arn, met)


@given(
    st.lists(policies, min_size=1, max_size=3),
    st.lists(st.sampled_from(LineKind), min_size=1),
    st.sampled_from(Grouping),
)
def test_law_statements_allow_what_their_lines_do(
    held: list[AttachedPolicy], kinds: list[LineKind], grouping: Grouping
) -> None:
    """Whatever statements are left out because others cover them, and each line explains one that covers it."""
    grants = grants_of(role(*held))
    parents = {grant.ref: grant for grant in grants.allows}
    whole = [line for line in kept_lines(grants) if line.action in ACTIONS]
    lines = tuple(replace(line, kind=kinds[at % len(kinds)]) for at, line in enumerate(whole))
    found = statements_from_lines(lines, parents, grouping=grouping, catalog=catalog())
    explaining = [line for statement in found for line in statement.lines]
    assert sorted((line.action, line.scope) for line in explaining) == sorted(
        (line.action, line.scope) for line in lines
    )
    written = [
        replace(statement.lines[0], action=action, scope=statement.scope)
        for statement in found
        for action in statement.actions
    ]
    conditions = sorted({repr(grant.statement.conditions) for grant in grants.allows} - {"()"})
    for truths in product((True, False), repeat=len(conditions)):
        met = {"()"} | {one for one, truth in zip(conditions, truths, strict=True) if truth}
        for action, arn in product(ACTIONS, ARNS):
            if catalog().takes_resource(Action(action), arn):
                before, after = (allows(some, grants, Action(action), arn, met) for some in (lines, written))
                assert before == after, (action, arn, met)


def allows(lines: Sequence[Line], grants: PrincipalGrants, action: Action, arn: str, met: Iterable[str]) -> bool:
    """Whether a line allows an action on a resource, where these conditions are met; variables are names as others."""
    parents = {grant.ref: grant for grant in grants.allows}
    return any(
        any(resource_match(as_glob(resource, parents[line.parent].version), arn) for resource in line.scope.resources)
        is not line.scope.not_resource
        for line in lines
        if line.action == action and repr(parents[line.parent].statement.conditions) in met
    )


# ---------------------------------------------------------------- what accounts share

OWN = f"arn:aws:ec2:us-east-1:{ACCOUNT}:subnet/subnet-0bb1c79de3a51f2c4"
OPEN, OWNERS = OWN.replace(ACCOUNT, "*"), OWN.replace(ACCOUNT, "444455556666")


def launched(*granted: str, subnets: Sequence[str] = (OWN,)) -> UseLines:
    """The lines of launches into subnets, each of which the event map names as the caller's and as any account's."""
    grants = grants_of(role(policy(allow("ec2:RunInstances", list(granted)))))
    uses = [use("ec2:RunInstances", one) for subnet in subnets for one in (subnet, subnet.replace(ACCOUNT, "*"))]
    return lines_from_uses(grants, uses, granting=granting_by_action(grants.allows), scopes=exact_scopes(catalog()))


@pytest.mark.parametrize(
    ("granted", "stays"),
    [
        ("*", OPEN),
        ("arn:aws:ec2:*:*:subnet/*", OPEN),
        (f"arn:aws:ec2:*:{ACCOUNT}:subnet/*", OWN),
        (OWN, OWN),
        (OWNERS, OWNERS),
    ],
)
def test_what_accounts_share_has_one_line_whose_evidence_counts_once(granted: str, stays: str) -> None:
    found = launched(granted)
    assert found.ungranted == ()
    (line,) = found.lines
    assert line.scope.resources == (stays,)
    assert line.evidence is not None
    assert line.evidence.records == 1
    assert (line.rule == "") is (stays != OPEN)


def test_the_own_resource_stays_where_a_rule_makes_a_pattern_of_it() -> None:
    """The next one that the principal creates is its account's, and has another id."""
    grants = grants_of(role(policy(allow("ec2:*", "*"))))
    uses = [
        use("ec2:CreateSubnet", f"arn:aws:ec2:us-east-1:{ACCOUNT}:subnet/*"),
        use("ec2:RunInstances", OWN),
        use("ec2:RunInstances", OPEN),
    ]
    population = population_from_days((stem_of(use.resource.text), LAST_DAY) for use in uses)
    scopes = ScopeFinder(population, catalog(), LAST_DAY)
    found = lines_from_uses(grants, uses, granting=granting_by_action(grants.allows), scopes=scopes)
    scopes_of_launch = {line.scope.resources for line in found.lines if line.action == "ec2:RunInstances"}
    assert scopes_of_launch == {(f"arn:aws:ec2:*:{ACCOUNT}:subnet/*",), (OPEN,)}


def test_a_line_of_several_resources_may_contain_the_first_of_them() -> None:
    grants = grants_of(role(policy(allow("s3:ListBucket", [DATA, f"{DATA}*"]))))
    seen = use("s3:ListBucket", DATA)
    uses = [seen, replace(seen, resource=UNKNOWN_RESOURCE)]
    granting = granting_by_action(grants.allows)
    lines = lines_from_uses(grants, uses, granting=granting, scopes=exact_scopes(catalog())).lines
    assert {line.scope.resources for line in lines} == {(DATA, f"{DATA}*")}


@pytest.mark.parametrize(
    ("action", "seen", "old", "expected"),
    [
        ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/*", "*", ("*",)),
        ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/app-*", "*", (f"arn:aws:iam::{ACCOUNT}:role/app-*",)),
        (
            "iam:GetRole",
            f"arn:aws:iam::{ACCOUNT}:role/*",
            f"arn:aws:iam::{ACCOUNT}:role/a*",
            (f"arn:aws:iam::{ACCOUNT}:role/a*",),
        ),
        ("iam:DeleteRole", f"arn:aws:iam::{ACCOUNT}:role/*", "*", (f"arn:aws:iam::{ACCOUNT}:role/*",)),
    ],
    ids=["a read of none", "a read of some", "a narrower statement", "a write of none"],
)
def test_what_reads_without_naming_anything_keeps_the_statement_s_own_scope(
    action: str, seen: str, old: str, expected: tuple[str, ...]
) -> None:
    grants = grants_of(role(policy(allow(action, old))))
    finder = ScopeFinder(population_from_days(()), catalog(), LAST_DAY)
    found = lines_from_uses(grants, [use(action, seen)], granting=granting_by_action(grants.allows), scopes=finder)
    assert [line.scope.resources for line in found.lines] == [expected]
