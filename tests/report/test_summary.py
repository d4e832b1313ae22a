"""What a report says of each principal and of all together: numbers that add up, in one order everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.choices import KeepUnobservable, ScopeChoice, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalClass, Proposal, Report
from lpgen.core.model import AttachedPolicy, Principal
from lpgen.core.options import Options
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import Decision, DecisionKind, LineKind
from lpgen.report.summary import Counts, PrincipalSummary, sum_counts, summary_of_review
from lpgen.report.views import PrincipalView
from lpgen.report.words import short_label_of
from tests.core.analysis.synthesis.test_permission_sets import DATA, SHOP, answer, set_role
from tests.core.analysis.test_left_attached import QUEUE, recorder
from tests.core.analysis.test_replacement_laws import policies, principals, uses
from tests.report.cases import verdict
from tests.report.cases_without_replacement import without_replacement
from tests.report.rendered import render_review, summarize
from tests.report.reports import large_report, organization, report_of, trust
from tests.report.review_reader import ReviewReader
from tests.report.safe_cases import applied, deployer, storefront
from tests.report.unsafe_cases import failing, inventory
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.law_examples import examples
from tests.support.worlds import allow, catalog, grants_of, policy, role, usage_of, use

# ---------------------------------------------------------------- numbers


def assert_adds_up(proposal: Proposal) -> None:
    """Fails unless the granted actions are those that are kept and those that are removed."""
    view = PrincipalView(proposal)
    counts = view.counts
    assert counts.granted == counts.used + counts.attempted + counts.unused + counts.unobservable
    if view.has_documents:
        assert counts.granted == counts.kept + counts.removed, (counts, view.staying)
    else:
        assert (counts.kept, counts.kept_unseen, counts.removed, counts.dangerous) == (0, 0, 0, 0)
    assert 0 <= counts.kept_unseen <= counts.kept
    assert 0 <= counts.dangerous <= min(counts.removed, counts.dangerous_unused)
    assert 0 <= view.summary.dangers_left <= counts.dangerous_unused


many = settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # what fails is large, and takes minutes to make smaller
)
keeps = st.sampled_from(KeepUnobservable)


def reviewed(principal: Principal, found: list[Use], **chosen: Any) -> Proposal:
    grants, options = grants_of(principal), Options(min_days=1, **chosen)
    diff = diff_usage(usage_of({principal.arn: found}), [grants], catalog(), options)
    made = generate_policies(diff, [grants], catalog(), options)
    return Proposal(diff.principals[0], made[0] if made else None, verification=None)


@many
@given(principals, st.lists(uses(), max_size=6), keeps, st.sampled_from(ScopeChoice))
def test_granted_is_kept_and_removed_whatever_the_policies(
    principal: Principal, found: list[Use], keep: KeepUnobservable, scope: ScopeChoice
) -> None:
    assert_adds_up(reviewed(principal, found, keep_unobservable=keep_each(keep), scope=scope))


@many
@given(st.lists(policies, max_size=2), st.lists(uses(), max_size=6), keeps)
def test_granted_is_kept_and_removed_where_a_policy_stays_attached(
    others: list[AttachedPolicy], found: list[Use], keep: KeepUnobservable
) -> None:
    assert_adds_up(reviewed(recorder(*others), found, keep_unobservable=keep_each(keep)))


@many
@given(policies, policies, st.lists(uses(), max_size=4), st.lists(uses(), max_size=4), st.booleans())
def test_granted_is_kept_and_removed_of_the_roles_of_a_permission_set(
    policy: AttachedPolicy, other: AttachedPolicy, here: list[Use], there: list[Use], same: bool
) -> None:
    one, other = replace(policy, name="AwsSSOInlinePolicy"), replace(other, name="AwsSSOInlinePolicy")
    found = answer({set_role(SHOP, one): here, set_role(DATA, one if same else other): there})
    for proposal in found.proposals.values():
        assert_adds_up(proposal)


@pytest.mark.parametrize("proposal", organization().proposals, ids=lambda proposal: str(proposal.diff.principal.name))
def test_granted_is_kept_and_removed_of_each_class(proposal: Proposal) -> None:
    assert_adds_up(proposal)


BUCKET, OTHER = "arn:aws:s3:::data", "arn:aws:s3:::other"
NARROW = policy(allow("s3:ListBucket", BUCKET), allow("sqs:SendMessage"), name="AwsSSOInlinePolicy")
OUTSIDE = [use("s3:ListBucket", OTHER), use("sqs:SendMessage", QUEUE)]
"""A use of an action on a resource on which it isn't granted, though it is on another."""


def test_a_grant_that_stays_attached_and_was_used_elsewhere_only_is_no_more_kept_than_granted() -> None:
    principal = recorder(policy(allow("sqs:SendMessage")), reads=[allow("s3:ListBucket", BUCKET)])
    assert_adds_up(reviewed(principal, OUTSIDE))


def test_a_grant_that_a_decision_keeps_and_that_was_used_elsewhere_only_is_no_more_kept_than_granted() -> None:
    keep = Decision(DecisionKind.KEEP, "*", "s3:ListBucket", "", "", "", "", "needed", "ada", "")
    assert_adds_up(reviewed(role(NARROW), OUTSIDE, decisions=(keep,)))


def test_a_grant_that_another_account_needs_and_that_was_used_elsewhere_only_is_no_more_kept_than_granted() -> None:
    here, there = (set_role(account, NARROW) for account in (SHOP, DATA))
    found = answer({here: [use("s3:ListBucket", BUCKET), OUTSIDE[1]], there: OUTSIDE})
    assert {line.kind for line in found.proposals[DATA].diff.draft.lines} == {LineKind.OBSERVED, LineKind.SHARED}
    for proposal in found.proposals.values():
        assert_adds_up(proposal)


def test_the_numbers_of_a_review_are_the_sum_of_those_of_its_principals() -> None:
    review = summarize(large_report(30))
    assert len(review.principals) == 30
    for field in Counts.__struct_fields__:
        assert getattr(review.counts, field) == sum(getattr(each.counts, field) for each in review.principals)
    assert review.counts.granted == summarize(report_of([])).counts.granted + sum_counts(review.principals).granted > 0


def test_a_replacement_is_made_refused_in_place_or_put_in_place() -> None:
    review = summarize(organization())
    names = {summary.arn.rpartition("/")[2]: summary for summary in review.replaced}
    assert not names["mesh-router"].has_documents
    assert names["price-watcher"] not in review.open
    assert set(map(arn_of, review.open)) - set(map(arn_of, review.to_replace)) == {names["mesh-router"].arn}
    assert set(map(arn_of, review.safe)) < set(map(arn_of, review.to_replace))
    assert all(summary.safe and not summary.caveats for summary in review.safe)


# ---------------------------------------------------------------- order


def arn_of(summary: PrincipalSummary) -> str:
    return summary.arn


def names_of(report: Report) -> list[str]:
    return [principal.principal.name for principal in summarize(report).principals]


def test_principals_come_by_harm_and_those_without_a_task_last() -> None:
    idle = [case for case in without_replacement() if case.principal_class is PrincipalClass.SERVICE_LINKED]
    wide = replace(idle[0], name="wide", verdicts=[verdict("iam:CreateUser", danger="makes an identity of its own")])
    unusual = replace(inventory(), name="unusual", caveats=[*failing().caveats])
    report = report_of([storefront(), deployer(), applied(), unusual, wide])
    outsider = replace(trust("everyone", "anyone"), principal=storefront().arn)
    assert names_of(replace(report, trust=(outsider,)))[:3] == ["storefront-api", "unusual", "platform-deployer"]
    assert set(names_of(report)[-2:]) == {"wide", "price-watcher"}


def test_the_worst_way_in_and_the_worst_use_come_first() -> None:
    cases = [replace(storefront(), name=name) for name in "abcd"]
    ranked = [replace(failing(), name=f"u{rank}", caveats=[unusual(rank)]) for rank in (3, 1, 2)]
    report = report_of([*cases, *ranked])
    ways = [
        replace(trust("account", "999988887777", "sts:ExternalId"), principal=cases[0].arn),
        replace(trust("account", "999988887777"), principal=cases[1].arn),
        replace(trust("everyone", "anyone"), principal=cases[2].arn),
        replace(trust("account", "999988887777", "sts:ExternalId"), principal=cases[2].arn),
    ]
    found = summarize(replace(report, trust=tuple(ways)))
    assert [principal.principal.name for principal in found.principals] == ["c", "b", "u1", "u2", "u3", "a", "d"]
    assert [trust.principal.rpartition("/")[2] for trust in found.trust] == ["c", "b", "a", "c"]


def unusual(rank: int) -> Caveat:
    (found,) = (caveat for caveat in failing().caveats if caveat.kind is DangerCaveat.UNUSUAL_USE)
    return replace(found, parameters={**found.parameters, "rank": rank})


def test_among_equals_the_most_dangerous_and_then_the_widest_grants_come_first() -> None:
    active = [principal for principal in summarize(large_report(40)).principals if not principal.in_place]
    harm = [(-summary.counts.dangerous_unused, -summary.counts.granted, summary.arn) for summary in active]
    assert harm == sorted(harm)
    assert len(set(harm)) == len(harm)


@given(st.permutations(range(len(organization().proposals))))
@settings(max_examples=examples(20), deadline=None)
def test_the_order_of_proposals_does_not_matter(order: list[int]) -> None:
    report = organization()
    summaries = [PrincipalView(proposal).summary for proposal in report.proposals]
    head = replace(report, proposals=())
    found = summary_of_review(head, [summaries[at] for at in order])
    assert found == summary_of_review(head, summaries)


ORDERS: dict[str, Callable[[Report], list[str]]] = {
    "text": lambda report: re.findall(r"^━━ (\S+)", render_review(report, "text"), re.M),
    "markdown": lambda report: re.findall(r"<summary><code>(\S+)</code>", render_review(report, "markdown")),
    "json": lambda report: [item["principal"] for item in json.loads(render_review(report, "json"))["principals"]],
    "html": lambda report: [row[0] for row in ReviewReader(render_review(report, "html")).data["rows"]["rows"]],
    "screen": lambda report: rows_of(render_review(report, "screen")),
}
"""The principals of a review in the order in which a format has them."""


def rows_of(screen: str) -> list[str]:
    table = screen[screen.index("Principals, by risk") :].partition("\n\n")[0]
    return re.findall(r"^((?:role|user)/\S+)", table, re.M)


@pytest.mark.parametrize("form", ORDERS)
def test_principals_have_one_order_in_every_format(form: str) -> None:
    for report in (organization(), large_report(25)):
        found, principals = ORDERS[form](report), [principal.principal for principal in summarize(report).principals]
        expected = [principal.arn if form == "json" else short_label_of(principal) for principal in principals]
        assert len(found) == len(expected) or form == "screen"
        assert found == expected[: len(found)] != []
