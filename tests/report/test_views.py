"""What is derived from one proposal: numbers, groups and plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.analysis.caveats.permission_sets import PermissionSetCaveat
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.evidence import StatementRef
from lpgen.core.findings import Confidence, Verdict
from lpgen.core.model import AccessLevel, DenialKind, PolicyKind, SkipReason
from lpgen.core.registry.row import Caveat, CaveatKind
from lpgen.core.replacements import LineKind, VerificationCaveat
from lpgen.report.blocks import Paragraph, line, name
from lpgen.report.pages.principal import all_kept_blocks
from lpgen.report.plan import StepKind, plan_note, plan_steps
from lpgen.report.skip_words import SKIP_WORDS
from lpgen.report.views import LevelCount, PrincipalView, sum_matrix
from lpgen.report.words import WALL_WORDS
from tests.report.cases import Case, own, verdict, with_detach
from tests.report.reports import organization
from tests.report.safe_cases import deployer, exporter, sso, storefront, user_in_group
from tests.report.unsafe_cases import analyst, inventory, too_large
from tests.support.registry_examples import example_caveat


def view(case: Case) -> PrincipalView:
    return PrincipalView(case.proposal())


ORGANIZATION = [PrincipalView(proposal) for proposal in organization().proposals]


@pytest.mark.parametrize("view", ORGANIZATION, ids=lambda view: str(view.diff.principal.name))
def test_counts_add_up(view: PrincipalView) -> None:
    counts = view.counts
    assert counts.granted == counts.used + counts.attempted + counts.unused + counts.unobservable
    assert counts.granted + counts.ungranted == len(view.diff.assessment.verdicts)
    assert sum(view.confidence.values()) == counts.removed
    assert sum(len(group.verdicts) for group in view.dangers) == counts.dangerous_unused
    whole = sum(sum_matrix(view.matrix).values(), LevelCount())
    assert (whole.granted, whole.seen) == (counts.granted, counts.used + counts.attempted)
    if view.has_documents:
        granted = {item.action for item in view.diff.assessment.verdicts if item.verdict is not Verdict.UNGRANTED}
        assert counts.removed == len(granted - view.staying)
        assert counts.kept == len(granted & view.staying)
        assert sum(map(len, view.kinds.values())) == counts.kept
        assert counts.granted == counts.kept + counts.removed
        assert counts.kept_unseen <= counts.kept
        assert counts.dangerous <= min(counts.dangerous_unused, counts.removed)


def test_counts_of_a_refused_replacement_remove_nothing() -> None:
    refused = view(too_large())
    assert (refused.counts.removed, refused.counts.kept, refused.counts.kept_unseen) == (0, 0, 0)
    assert refused.counts.granted == 1


def test_counts_take_a_use_that_a_decision_drops_for_removed() -> None:
    counts = view(analyst()).counts
    assert (counts.used, counts.kept, counts.removed) == (2, 1, 2)


def test_matrix_counts_tries_as_seen() -> None:
    matrix = view(inventory()).matrix
    assert matrix["kms"] == {AccessLevel.LIST: LevelCount(1, 1)}
    assert matrix["ec2"] == {AccessLevel.LIST: LevelCount(2, 0), AccessLevel.WRITE: LevelCount(1, 0)}


def test_words_name_every_wall_and_skip() -> None:
    assert set(WALL_WORDS) == set(DenialKind)
    assert set(SKIP_WORDS) == set(SkipReason)


# ---------------------------------------------------------------- groups


def test_danger_groups_show_what_goes_before_what_stays() -> None:
    case = storefront()
    kept = next(verdict for verdict in case.verdicts if verdict.action == "s3:GetObject")
    case.verdicts[case.verdicts.index(kept)] = kept._replace(danger="reads everything")
    groups = view(case).dangers
    assert [(group.verdicts[0].action, group.stays, group.observable) for group in groups] == [
        ("s3:PutBucketPolicy", False, True),
        ("s3:GetObject", True, False),
    ]


def test_danger_groups_show_a_danger_of_its_own_before_a_general_one() -> None:
    sizes = [len(group.verdicts) for group in view(deployer()).dangers]
    assert sizes == [1, 1, 1, 1, 11]


def test_danger_groups_show_the_services_that_hand_out_rights_first() -> None:
    services = [group.verdicts[0].action.partition(":")[0] for group in view(deployer()).dangers]
    assert services == ["iam", "iam", "ec2", "ec2", "athena"]


def test_danger_groups_leave_out_what_was_used() -> None:
    assert all(item.action != "iam:PassRole" for group in view(deployer()).dangers for item in group.verdicts)


def test_denied_groups_join_resources_and_regions_by_wall() -> None:
    groups = view(exporter()).denied
    assert [(group.wall, group.action) for group in groups] == [
        (DenialKind.IDENTITY, "iam:CreateUser"),
        (DenialKind.IDENTITY, "iam:ListUsers"),
        (DenialKind.IDENTITY, "secretsmanager:ListSecrets"),
        (DenialKind.SCP, "s3:DeleteBucket"),
    ]
    assert all(group.evidence.records == 6 and group.regions == ("eu-west-1", "us-east-1") for group in groups)


def test_kept_groups_join_actions_of_one_service_and_reason() -> None:
    (group,) = view(storefront()).kept
    assert group.service == "s3"
    assert group.actions == ("s3:GetObject", "s3:ListBucket", "s3:PutObject")
    (for_review,) = view(inventory()).for_review
    assert for_review.actions == ("ec2:DescribeInstances", "ec2:DescribeVpcs")


def test_an_action_counts_once_by_the_first_reason_to_stay() -> None:
    case = storefront()
    case.lines.append(replace(case.lines[0], parent=own("data", 3)))
    case.lines.append(replace(case.lines[0], kind=LineKind.KEPT, why="the logs can't show it"))
    found = view(case)
    assert {kind: len(actions) for kind, actions in found.kinds.items()} == {LineKind.OBSERVED: 4, LineKind.KEPT: 3}
    assert (found.counts.kept, found.counts.kept_unseen) == (7, 3)
    assert sum(len(group.actions) for group in found.kept) == 4
    *_, note = all_kept_blocks(found)["kept"]
    assert note == Paragraph(line("Also used, and kept here on more resources: ", name(case.lines[0].action), "."))


# ---------------------------------------------------------------- plans


def test_plan_adds_before_it_takes_away() -> None:
    kinds = [step.kind for step in plan_steps(user_in_group().proposal())]
    assert kinds == [
        StepKind.ATTACH,
        StepKind.DETACH,
        StepKind.DELETE_INLINE,
        StepKind.LEAVE_GROUP,
        StepKind.KEEP_BOUNDARY,
    ]


@pytest.mark.parametrize("inline", [True, False])
def test_plan_takes_no_policy_away_that_has_a_new_ones_name(inline: bool) -> None:
    case = deployer()
    case.inline = inline
    proposal = case.proposal()
    assert proposal.replacement
    (made,) = proposal.replacement.documents
    arn = f"arn:aws:iam::111122223333:policy/lpgen/{made.name}"
    managed, inlined = ((), (made.name,)) if inline else ((arn,), ())
    steps = plan_steps(with_detach(proposal, managed=managed, inline=inlined))
    assert [step.kind for step in steps] == [StepKind.PUT_INLINE if inline else StepKind.NEW_VERSION]


def test_plan_is_empty_without_a_replacement() -> None:
    assert plan_steps(too_large().proposal()) == ()
    assert plan_note(too_large().proposal()) == ""


def test_plan_note_says_where_an_sso_role_is_changed() -> None:
    assert "permission set" in plan_note(sso().proposal())
    assert next(step.kind for step in plan_steps(sso().proposal())) is StepKind.PUT_INLINE


def test_plan_note_warns_of_the_attachment_quota() -> None:
    case = storefront()
    arns = tuple(f"arn:aws:iam::111122223333:policy/p{number}" for number in range(10))
    assert plan_note(case.proposal()) == ""
    case.detach = replace(case.detach, managed=arns)
    assert "11 attached policies" in plan_note(case.proposal())
    raised = case.proposal()
    assert raised.replacement
    assert plan_note(replace(raised, replacement=replace(raised.replacement, attached_quota=20))) == ""


def test_plan_note_says_that_a_replacement_does_not_follow_what_aws_adds() -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    case = storefront()
    case.detach = replace(case.detach, managed=(arn,))
    assert plan_note(case.proposal()) == "", "little of what stays is of that policy"
    case.lines = [replace(line, parent=replace(line.parent, policy=arn)) for line in case.lines]
    assert plan_note(case.proposal()).startswith("AWS updates AWSGlueServiceRole when the service needs more")


def test_next_step_of_unexplained_use_of_a_key_speaks_of_grants() -> None:
    def step(action: str) -> str:
        return Caveat.of(UnknownCaveat.UNEXPLAINED_USE, action=action, resource="*", reason="no Allow matches").step

    assert "aws kms list-grants" in step("kms:Decrypt")
    assert "list-grants" not in step("s3:GetObject")


@pytest.mark.parametrize("kind", CAVEAT_KINDS)
def test_next_step_is_said_for_every_kind(kind: CaveatKind) -> None:
    step = example_caveat(kind).step
    assert step
    assert not step.endswith(".")


def test_next_step_names_the_day_that_the_logs_must_reach() -> None:
    caveat = Caveat.of(
        LogsCaveat.YOUNG,
        case="young-policy",
        policy="home",
        days=29,
        counted=29,
        min_days=90,
        until=date(2026, 11, 30),
    )
    assert caveat.step == "wait until the logs reach 2026-11-30"


def test_next_step_counts_the_days_that_are_missing() -> None:
    caveat = Caveat.of(LogsCaveat.SHORT_COVERAGE, days=89, min_days=90, account="111122223333")
    assert caveat.step == "ingest 1 more day of logs of account 111122223333"


def test_caveats_that_nobody_can_accept_need_a_proof_a_backtest_another_account_or_a_keep_or_drop() -> None:
    without_proof = {
        UnknownCaveat.GRANTS_UNKNOWN,
        ReplacementCaveat.TOO_LARGE,
        ReplacementCaveat.UNPROVEN,
        VerificationCaveat.VERIFICATION,
    }
    without_backtest = {ReplacementCaveat.NO_FORECAST}
    unacceptable = {kind for kind in CAVEAT_KINDS if not kind.row.acceptable}
    decided_by_line = {DangerCaveat.UNUSUAL_USE, ReplacementCaveat.UNSEEN_NAMED}
    assert {PermissionSetCaveat.OTHER_ACCOUNT, *decided_by_line, *without_proof, *without_backtest} == unacceptable


def test_removed_keeps_low_confidence_apart() -> None:
    case = storefront()
    ref = StatementRef("data", PolicyKind.INLINE, "", 1, "Orders")
    case.verdicts.append(verdict("dynamodb:CreateTable", parents=(ref,), confidence=Confidence.LOW))
    assert view(case).confidence == {Confidence.HIGH: 7, Confidence.MEDIUM: 0, Confidence.LOW: 1}
