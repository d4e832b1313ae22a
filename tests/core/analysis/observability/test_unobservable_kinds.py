"""Each unobservable action has one kind, and people choose for each kind what stays."""

from __future__ import annotations

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.choices import KeepUnobservable, UnobservableKind, keep_from_words
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff, Unobservable
from lpgen.core.model import Action, Principal
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import kept
from tests.support.diffs import diff_usage
from tests.support.worlds import allow, exactly, policy, role, usage_of, use

CATALOG = bundled_catalog()
READ = Action("s3:GetObject")  # a data event
CONNECT = Action("rds-db:connect")  # a connection to a database
PASS = Action("codeconnections:PassConnection")  # checked inside other calls
BACKUP = Action("elasticfilesystem:Backup")  # AWS Backup does it
KINDS = {
    READ: UnobservableKind.DATA_EVENTS,
    CONNECT: UnobservableKind.OTHER_PROTOCOL,
    PASS: UnobservableKind.INSIDE_CALL,
    BACKUP: UnobservableKind.INTERNAL,
}


def app(*actions: str) -> Principal:
    return role(policy(allow(list(actions or KINDS))))


def found(principal: Principal, *words: str, used: Use | None = None) -> PrincipalDiff:
    usage = usage_of({principal.arn: [used or use("ec2:DescribeVpcs")]}, data_events=())
    grants = grants_from_principals([principal], CATALOG)
    options = exactly(keep_unobservable=keep_from_words(words))
    (diff,) = diff_usage(usage, grants, CATALOG, options).principals
    return diff


def facts(diff: PrincipalDiff) -> dict[Action, Unobservable]:
    judged = ((action, judgement.unobservable) for action, judgement in diff.assessment.verdicts.judged())
    return {action: fact for action, fact in judged if fact}


@pytest.mark.parametrize("words", [(), ("all",), ("none",), ("inside-call=none", "internal=all")])
def test_an_action_has_one_kind_whatever_is_chosen(words: tuple[str, ...]) -> None:
    assert facts(found(app(), *words)) == facts(found(app()))
    assert {action: one.kind for action, one in facts(found(app())).items()} == KINDS


def test_a_choice_counts_for_its_kind_alone() -> None:
    assert set(kept(found(app()))) == {READ, CONNECT, PASS}  # the policy names their services
    for action, kind in KINDS.items():
        assert set(kept(found(app(), "all", f"{kind}=none"))) == set(KINDS) - {action}
        assert set(kept(found(app(), "none", f"{kind}=all"))) == {action}


def test_a_review_knows_what_each_choice_would_keep() -> None:
    signed, every = (KeepUnobservable.ALL, KeepUnobservable.SIGNED), (KeepUnobservable.ALL,)
    held = {action: one.held_by for action, one in facts(found(app(), "none")).items()}
    assert held == {READ: signed, CONNECT: signed, PASS: signed, BACKUP: every}
    counts = found(app("s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "s3:*"), "none").assessment.verdicts.by_kind()
    for choice in (KeepUnobservable.ALL, KeepUnobservable.SIGNED):
        words = ["none", f"data-events={choice}"]
        lines = found(app("s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "s3:*"), *words).draft.lines
        assert counts[UnobservableKind.DATA_EVENTS, choice] == len({line.action for line in lines})


def test_a_missed_use_of_a_dependent_action_is_inside_a_call() -> None:
    pipeline = "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/web"
    start, read = "imagebuilder:StartImagePipelineExecution", "imagebuilder:GetImagePipeline"
    principal = role(policy(allow([start, read])))
    for words, stays in (((), True), (("inside-call=none",), False), (("data-events=none",), True)):
        assert (read in kept(found(principal, *words, used=use(start, pipeline)))) is stays
