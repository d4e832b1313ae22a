"""Scopes: what stays of an old statement, narrowed to one use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.grants.granting import narrow_scope, whole_scope
from lpgen.core.model import Action
from lpgen.core.replacements import Scope
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.worlds import allow, catalog, grant_of, resource

GET = "s3:GetObject"


def narrowed(statement: dict[str, Any], action: str, text: str, *, version: str = "2012-10-17") -> Scope | None:
    return narrow_scope(grant_of(statement, version=version), Action(action), resource(text), catalog=catalog())


@pytest.mark.parametrize(
    ("resources", "text", "kept"),
    [
        ("*", "arn:aws:s3:::data/a.csv", ["arn:aws:s3:::data/a.csv"]),
        ("arn:aws:s3:::data/*", "arn:aws:s3:::data/a.csv", ["arn:aws:s3:::data/a.csv"]),
        ("arn:aws:s3:::data/*", "arn:aws:s3:::data/2026/*", ["arn:aws:s3:::data/2026/*"]),
        # A fold that reaches beyond the grant gives way to the grant's own pattern.
        ("arn:aws:s3:::data/2026/09/*", "arn:aws:s3:::data/2026/*", ["arn:aws:s3:::data/2026/09/*"]),
        ("arn:aws:s3:::data/*.csv", "arn:aws:s3:::data/2026/*", ["arn:aws:s3:::data/2026/*.csv"]),
        ("arn:aws:s3:::other/*", "arn:aws:s3:::data/a.csv", None),
        ("arn:aws:s3:::other/*", "arn:aws:s3:::data/2026/*", None),
        # A variable's value at the time of the call is unknown, so the pattern is carried.
        (
            "arn:aws:s3:::data/${aws:username}/*",
            "arn:aws:s3:::data/ada/a.csv",
            ["arn:aws:s3:::data/${aws:username}/*"],
        ),
        (
            ["arn:aws:s3:::data/${aws:username}/*", "arn:aws:s3:::data/ada/*"],
            "arn:aws:s3:::data/ada/a.csv",
            ["arn:aws:s3:::data/ada/a.csv"],
        ),
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:sqs:us-east-1:111122223333:q", None),
        # A name that holds a wildcard can't be written as itself.
        ("arn:aws:s3:::data/*", "arn:aws:s3:::data/a?b", ["arn:aws:s3:::data/*"]),
    ],
)
def test_narrow_scope_keeps_what_was_used_and_no_more(
    resources: str | list[str], text: str, kept: list[str] | None
) -> None:
    scope = narrowed(allow(GET, resources), GET, text)
    assert scope == (None if kept is None else Scope(tuple(kept)))


def test_narrow_scope_reads_variables_as_text_in_the_older_language() -> None:
    statement = allow(GET, "arn:aws:s3:::data/${aws:username}/*")
    assert narrowed(statement, GET, "arn:aws:s3:::data/ada/a.csv", version="2008-10-17") is None


def test_narrow_scope_needs_a_star_for_an_action_without_resources() -> None:
    action = "ec2:DescribeInstances"
    assert narrowed(allow(action), action, "*") == Scope(("*",))
    assert narrowed(allow(action, "arn:aws:ec2:*:*:instance/*"), action, "*") is None


@pytest.mark.parametrize(
    ("action", "resources", "kept"),
    [
        ("eks:CreateCluster", "arn:aws:eks:*:*:cluster/*", ["arn:aws:eks:*:*:cluster/*"]),
        (
            "eks:CreateCluster",
            ["arn:aws:eks:*:*:cluster/a*", "arn:aws:eks:us-east-1:111122223333:nodegroup/a/b/c"],
            ["arn:aws:eks:*:*:cluster/a*"],
        ),
        ("eks:CreateCluster", ["*", "arn:aws:eks:*:*:cluster/*"], ["*"]),
        ("eks:CreateCluster", "arn:aws:s3:::data/*", None),
        ("sagemaker:CreateHumanTaskUi", "arn:aws:iam::111122223333:role/*", None),
        ("cloudfront:CreateFunction", "arn:aws:cloudfront::*:function/*", ["arn:aws:cloudfront::*:function/*"]),
        (
            "redshift:CreateRedshiftIdcApplication",
            "arn:aws:redshift:*:*:redshiftidcapplication:*",
            ["arn:aws:redshift:*:*:redshiftidcapplication:*"],
        ),
        ("kms:CreateKey", "arn:aws:kms:*:*:key/*", ["arn:aws:kms:*:*:key/*"]),
        ("kms:ListKeys", "arn:aws:kms:*:*:key/*", None),
    ],
)
def test_an_action_without_resource_types_keeps_patterns_of_what_its_name_says_it_makes(
    action: str, resources: str | list[str], kept: list[str] | None
) -> None:
    expected = None if kept is None else Scope(tuple(kept))
    grant = replace(grant_of(allow("s3:*", resources)), actions=frozenset({Action(action)}))
    for text in ("*", "?"):
        assert narrow_scope(grant, Action(action), resource(text), catalog=bundled_catalog()) == expected
    assert whole_scope(grant, Action(action), catalog=bundled_catalog()) == expected


def test_narrow_scope_keeps_the_whole_scope_for_an_unknown_resource() -> None:
    both = ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]
    assert narrowed(allow("s3:*", both), GET, "?") == Scope(("arn:aws:s3:::data/*",))
    assert narrowed(allow("s3:*", both), "s3:ListBucket", "?") == Scope(("arn:aws:s3:::data",))


def not_resource(*patterns: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:*", "NotResource": list(patterns)}


def test_narrow_scope_drops_not_resource_only_where_it_is_provably_disjoint() -> None:
    secret = "arn:aws:s3:::secret/*"
    kept = Scope((secret,), not_resource=True)
    assert narrowed(not_resource(secret), GET, "arn:aws:s3:::data/a") == Scope(("arn:aws:s3:::data/a",))
    assert narrowed(not_resource(secret), GET, "arn:aws:s3:::secret/a") is None
    assert narrowed(not_resource(secret), GET, "arn:aws:s3:::se*") == kept
    assert narrowed(not_resource(secret), GET, "?") == kept
    variable = "arn:aws:s3:::${aws:PrincipalTag/team}/*"
    assert narrowed(not_resource(variable), GET, "arn:aws:s3:::data/a") == Scope((variable,), not_resource=True)


def test_whole_scope_leaves_out_patterns_that_the_action_cannot_use() -> None:
    grant = grant_of(allow("s3:*", ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]))
    assert whole_scope(grant, Action("s3:ListAllMyBuckets"), catalog=catalog()) is None
    assert whole_scope(grant, Action(GET), catalog=catalog()) == Scope(("arn:aws:s3:::data/*",))
