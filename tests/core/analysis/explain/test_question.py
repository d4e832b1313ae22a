"""How the question of an explanation is read: its principal, action and resource, and what is remarked on them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.analysis.explain.question import WrittenQuestion, find_principals, read_questions
from lpgen.core.iam.decision import Result
from lpgen.core.model import ResourceKind
from lpgen.errors import InvocationError
from tests.core.analysis.explain.explained_requests import IMAGES, ask
from tests.support.worlds import ACCOUNT, allow, catalog, policy, role


def test_find_principals_takes_an_arn_a_name_or_a_glob() -> None:
    app, other = role(name="app", path="/team/"), role(name="other")
    for text in (app.arn, "app", "*team*", "ap?"):
        assert find_principals([app, other], text) == [app]
    for text in ("*", "role/*"):
        assert find_principals([app, other], text) == [app, other]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("app*x", "did you mean `role/app`?"),
        ("ap", "did you mean `role/app`?"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session", f"its role: `arn:aws:iam::{ACCOUNT}:role/app`"),
        ("", "use an ARN"),
        ("zzzzzz", "use an ARN"),
    ],
)
def test_find_principals_names_candidates_where_none_matches(text: str, hint: str) -> None:
    with pytest.raises(InvocationError) as caught:
        find_principals([role(name="app"), role(name="other")], text)
    assert hint in caught.value.hint


def test_find_principals_asks_which_one_where_several_have_a_name() -> None:
    app = role(name="app")
    namesake = replace(app, arn=app.arn.replace(ACCOUNT, "444455556666"), account="444455556666")
    with pytest.raises(InvocationError, match="`app` names 2 principals") as caught:
        find_principals([app, namesake], "app")
    assert f"`{app.arn}`, `{namesake.arn}`" in caught.value.hint


@pytest.mark.parametrize(
    ("action", "resource", "message"),
    [
        ("GetObject", "", "isn't a valid action"),
        ("s3:Get*", "", "ask about one action"),
        ("s3:GetObject", "images/cat.png", "isn't a valid resource"),
    ],
)
def test_read_questions_refuses_what_can_be_no_question(action: str, resource: str, message: str) -> None:
    with pytest.raises(InvocationError, match=message):
        read_questions(WrittenQuestion("app", action, resource), [role()], catalog())


def test_explain_evaluates_an_action_without_resources_on_a_star_and_says_so() -> None:
    app = role(policy(allow("ec2:*", "arn:aws:ec2:*:*:instance/*")))
    found = ask(app, "ec2:DescribeInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1")
    assert (found.result, found.question.resource.kind) == (Result.IMPLICITLY_DENIED, ResourceKind.NONE)
    assert "takes no resource" in found.question.remarks[0]
    assert not any("policy of the resource" in one for one in found.unread)


def test_explain_tells_which_resources_the_action_takes_where_another_was_named() -> None:
    found = ask(role(policy(allow("s3:*"))), "s3:GetObject", "arn:aws:s3:::images")
    assert "s3:GetObject takes no resource of that form" in found.question.remarks[0]
    assert "${BucketName}/${ObjectName}" in found.question.remarks[0]


def test_explain_evaluates_an_unknown_action_and_names_what_comes_close() -> None:
    found = ask(role(policy(allow("s3:Get*"))), "s3:GetObjekt", IMAGES)
    assert (found.question.known, found.result) == (False, Result.ALLOWED)
    assert "s3:GetObject" in found.question.similar
    assert ask(role(policy(allow("s3:*"))), "s33:GetObject").question.similar == ("s3:GetObject",)
