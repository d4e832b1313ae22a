"""What a principal did and could no longer undo is told, and nothing else."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from lpgen.core.analysis.observability.rare_needs import LostInverse, lost_inverses
from lpgen.core.findings import ActionVerdict, Confidence, Verdict, Verdicts
from lpgen.core.model import AccessLevel, Action
from lpgen.report.layout.markdown import page_markdown
from lpgen.report.pages.principal import undoing_blocks
from tests.support.verdicts import verdicts_from


def verdicts_of(**found: Verdict) -> Verdicts:
    return verdicts_from(
        ActionVerdict(
            Action(name.replace("__", ":")), AccessLevel.WRITE, verdict, "", "", Confidence.HIGH, "", (), None
        )
        for name, verdict in sorted(found.items())
    )


def pairs(verdicts: Verdicts, staying: Collection[str]) -> list[tuple[str, str]]:
    return [
        (inverse.action, inverse.undone_by) for inverse in lost_inverses(verdicts, [Action(one) for one in staying])
    ]


@pytest.mark.parametrize(
    ("used", "undo"),
    [
        ("sqs:CreateQueue", "sqs:DeleteQueue"),
        ("ec2:RunInstances", "ec2:TerminateInstances"),
        ("ec2:AllocateAddress", "ec2:ReleaseAddress"),
        ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
        ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
        ("elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"),
        ("iam:AddUserToGroup", "iam:RemoveUserFromGroup"),
    ],
)
def test_lost_undoings_pair_an_action_with_the_one_that_undoes_it(used: str, undo: str) -> None:
    names = {used.replace(":", "__"): Verdict.USED, undo.replace(":", "__"): Verdict.UNUSED}
    assert pairs(verdicts_of(**names), [used]) == [(used, undo)]


def test_lost_undoings_are_only_what_is_granted_unseen_and_goes() -> None:
    verdicts = verdicts_of(
        sqs__CreateQueue=Verdict.USED,
        sqs__DeleteQueue=Verdict.USED,
        sns__CreateTopic=Verdict.USED,
        sns__DeleteTopic=Verdict.UNOBSERVABLE,
        s3__CreateBucket=Verdict.USED,
        dynamodb__CreateTable=Verdict.UNUSED,
        dynamodb__DeleteTable=Verdict.UNUSED,
        s3__PutObject=Verdict.USED,
        s3__DeleteObject=Verdict.UNUSED,
    )
    staying = ["sqs:CreateQueue", "sqs:DeleteQueue", "sns:CreateTopic", "s3:CreateBucket", "s3:PutObject"]
    assert pairs(verdicts, staying) == [("sns:CreateTopic", "sns:DeleteTopic")]
    assert pairs(verdicts, [*staying, "sns:DeleteTopic"]) == []


def test_undoing_blocks_show_the_pairs_and_how_many_more_there_are() -> None:
    lost = tuple(LostInverse(Action(f"s:Create{at:02}"), Action(f"s:Delete{at:02}")) for at in range(15))
    text = page_markdown(tuple(undoing_blocks(lost)))
    assert "| `s:Create00` | `s:Delete00` |" in text
    assert "Create11" in text
    assert "Create12" not in text
    assert "3 more" in text
    assert not tuple(undoing_blocks(()))
