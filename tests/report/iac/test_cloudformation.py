"""CloudFormation: the templates hold the documents as they are, and what they can't hold is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.model import PrincipalKind
from lpgen.report.iac.cloudformation import (
    INLINE_TEMPLATE_BYTES,
    cloudformation_of_subject,
    unsayable_in_cloudformation,
)
from lpgen.report.iac.yaml import yaml_text
from tests.report.golden import check_golden
from tests.report.iac.test_terraform import PRINCIPAL, allow, documents, proposed, subject
from tests.support.law_examples import examples


def template(text: str) -> Any:
    """What the standard reader of YAML makes of a template, without CloudFormation's own tags."""
    return yaml.safe_load(text)


def resources(text: str) -> dict[str, Any]:
    found: dict[str, Any] = template(text)["Resources"]
    return found


@pytest.mark.parametrize(
    ("golden", "name"), [("code-role.cfn.yaml", "platform-deployer"), ("code-user.cfn.yaml", "tomas.lindqvist")]
)
def test_cloudformation_prints_the_golden_template(golden: str, name: str) -> None:
    check_golden(golden, cloudformation_of_subject(proposed(name)))


@given(documents)
@settings(deadline=None)
def test_cloudformation_holds_the_documents_as_they_are(document: Any) -> None:
    found = subject(document)
    text = cloudformation_of_subject(found)
    assert text.isascii()
    ((_, resource),) = resources(text).items()
    assert resource["Type"] == "AWS::IAM::ManagedPolicy"
    assert resource["Properties"]["PolicyDocument"] == document


def test_cloudformation_attaches_to_roles_and_users_by_name() -> None:
    for kind, managed, inline in (
        (PrincipalKind.ROLE, "Roles", "AWS::IAM::RolePolicy"),
        (PrincipalKind.USER, "Users", "AWS::IAM::UserPolicy"),
    ):
        who = replace(PRINCIPAL, kind=kind)
        (found,) = resources(cloudformation_of_subject(subject(allow(), principal=who))).values()
        assert found["Properties"][managed] == [PRINCIPAL.name]
        (found,) = resources(cloudformation_of_subject(subject(allow(), inline=True, principal=who))).values()
        assert found["Type"] == inline
        assert found["Properties"][f"{kind.title()}Name"] == PRINCIPAL.name


def test_cloudformation_says_what_to_detach() -> None:
    found = template(cloudformation_of_subject(proposed("tomas.lindqvist")))["Metadata"]["lpgen"]
    assert found["ThenDetach"] == ["arn:aws:iam::111122223333:policy/ops/on-call"]
    assert found["ThenDeleteInline"] == ["home"]
    assert found["ThenLeaveGroups"] == ["operators"]
    unsafe = template(cloudformation_of_subject(proposed("partner-share")))["Metadata"]["lpgen"]
    assert any("verification failed" in reason for reason in unsafe["NotSafeYet"])


def test_cloudformation_names_resources_by_letters_and_digits_and_keeps_them_apart() -> None:
    names: set[str] = set()
    for name in ("a-b", "aB", "a.b", "A-b", "=", "x" * 64):
        who = replace(PRINCIPAL, name=name, arn=f"arn:aws:iam::111122223333:role/{name}")
        for inline in (False, True):
            names |= resources(cloudformation_of_subject(subject(*[allow()] * 3, inline=inline, principal=who))).keys()
    assert len(names) == 6 * 2 * 3
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,255}", name) for name in names)


@given(st.integers(1, 60))
@settings(deadline=None, max_examples=examples(20))
def test_cloudformation_is_compact_where_only_that_fits(number: int) -> None:
    found = subject(*[allow(action=[f"s3:Action{n}" for n in range(60)])] * number)
    text = cloudformation_of_subject(found)
    laid_out = yaml_text(template(text))
    assert text == laid_out if len(laid_out) <= INLINE_TEMPLATE_BYTES else json.loads(text) == template(laid_out)
    assert len(resources(text)) == number


@pytest.mark.parametrize(
    "document",
    [
        allow(resource="arn:aws:s3:::{{resolve:ssm:/x}}"),
        allow(Condition={"StringEquals": {"k": "{{resolve:secretsmanager:x}}"}}),
        allow(Condition={"StringEquals": {"Ref": "AWS::AccountId"}}),
        allow(Condition={"StringEquals": {"Fn::ImportValue": "x"}}),
    ],
)
def test_cloudformation_refuses_what_it_would_resolve(document: Any) -> None:
    assert unsayable_in_cloudformation(subject(document))
    assert unsayable_in_cloudformation(subject(allow(), document))
    assert not unsayable_in_cloudformation(subject(allow(resource="${aws:username}/{{x}}")))


def test_cloudformation_refuses_roles_of_permission_sets() -> None:
    assert "permission set" in unsayable_in_cloudformation(proposed("AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356"))
