"""Terraform: read back, it says what the JSON documents say, whatever stands in them."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

import hcl2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lpgen.core.findings import Detachment
from lpgen.core.model import PrincipalKind
from lpgen.report.iac.hcl import hcl_comments, hcl_heredoc, hcl_string
from lpgen.report.iac.subject import CodeDocument, CodeSubject, subject_of_proposal
from lpgen.report.iac.terraform import terraform_of_subject, versions_file
from tests.report.cases import with_detach
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS
from tests.report.iac.hcl_reader import normal, policy_of_data, read_blocks, read_heredoc, read_quoted
from tests.report.reports import organization
from tests.report.safe_cases import deployer, user_in_group

PRINCIPAL = deployer().proposal().diff.principal
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def subject(*documents: object, inline: bool = False, **changes: Any) -> CodeSubject:
    """The deployer with these documents, JSON texts or what they hold."""
    texts = (document if isinstance(document, str) else json.dumps(document) for document in documents)
    found = tuple(CodeDocument(f"lpgen-x-{n}", inline, text) for n, text in enumerate(texts, start=1))
    return replace(CodeSubject(PRINCIPAL, found, Detachment(managed=(), inline=(), groups=())), **changes)


def read_documents(text: str) -> list[Any]:
    """The documents that the policies of a file refer to, in order."""
    blocks = read_blocks(text)
    found = []
    for name, block in blocks.items():
        if re.match(r"resource\.aws_iam_((role|user)_)?policy\.", name):
            reference = block["policy"].removeprefix("${").removesuffix("}")
            if reference.startswith("local."):
                found.append(json.loads(read_heredoc(blocks[reference.replace("local.", "locals.")])))
            else:
                found.append(policy_of_data(blocks[reference.removesuffix(".json")]))
    return found


def proposed(name: str) -> CodeSubject:
    (found,) = (proposal for proposal in organization().proposals if proposal.diff.principal.name == name)
    made = subject_of_proposal(found)
    assert made
    return made


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize(
    ("golden", "name"),
    [
        ("code-role.tf", "platform-deployer"),
        ("code-user.tf", "tomas.lindqvist"),
        ("code-not-safe.tf", "partner-share"),
        ("code-permission-set.tf", "AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356"),
    ],
)
def test_terraform_prints_the_golden_file(golden: str, name: str) -> None:
    check_golden(golden, terraform_of_subject(proposed(name)))


def test_terraform_of_a_role_leaves_it_its_new_policies_alone() -> None:
    blocks = read_blocks(terraform_of_subject(proposed("platform-deployer")))
    attachment = "aws_iam_role_policy_attachment.platform_deployer"
    exclusive = blocks["resource.aws_iam_role_policy_attachments_exclusive.platform_deployer"]
    assert exclusive["policy_arns"] == [f"${{{attachment}.policy_arn}}"]
    inline = blocks["resource.aws_iam_role_policies_exclusive.platform_deployer"]
    assert inline["policy_names"] == []
    assert inline["depends_on"] == [f"${{{attachment}}}"]  # nothing goes before what is new is there
    assert {read_quoted(one["role_name"]) for one in (exclusive, inline)} == {"platform-deployer"}


def test_terraform_of_inline_policies_detaches_only_when_they_are_there() -> None:
    text = terraform_of_subject(subject(*(allow(action="s3:GetObject"),) * 2, inline=True))
    blocks = read_blocks(text)
    names = ["aws_iam_role_policy.platform_deployer", "aws_iam_role_policy.platform_deployer_part2"]
    inline = blocks["resource.aws_iam_role_policies_exclusive.platform_deployer"]
    assert inline["policy_names"] == [f"${{{name}.name}}" for name in names]
    attached = blocks["resource.aws_iam_role_policy_attachments_exclusive.platform_deployer"]
    assert attached["policy_arns"] == []
    assert attached["depends_on"] == [f"${{{name}}}" for name in names]


def test_terraform_of_a_user_names_the_groups_to_leave_by_hand() -> None:
    text = terraform_of_subject(proposed("tomas.lindqvist"))
    assert "# - operators\n" in text
    blocks = read_blocks(text)
    kinds = {name.split(".")[1] for name in blocks if name.startswith("resource.")}
    assert {"aws_iam_user_policy_attachments_exclusive", "aws_iam_user_policies_exclusive"} <= kinds
    assert not any("role" in kind for kind in kinds)
    assert "managed_policy_arns" not in text  # a user has no such argument


def test_terraform_of_a_permission_set_changes_no_role() -> None:
    text = terraform_of_subject(proposed("AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356"))
    assert not any(name.startswith("resource.") for name in read_blocks(text))
    assert "aws_ssoadmin_permission_set_inline_policy" in text


def test_terraform_warns_of_arguments_that_would_undo_it() -> None:
    text = terraform_of_subject(proposed("platform-deployer"))
    assert "`managed_policy_arns` and `inline_policy`" in text
    assert "# - detached: arn:aws:iam::aws:policy/AdministratorAccess\n" in text


def test_terraform_versions_ask_for_a_provider_that_has_the_exclusive_resources() -> None:
    found = hcl2.loads(versions_file())["terraform"][0]
    assert read_quoted(found["required_providers"][0]["aws"]["version"]) == ">= 5.72.1"
    assert read_quoted(found["required_version"]) == ">= 1.5"  # the first one with import blocks


# ---------------------------------------------------------------- what is adopted


def imports(text: str) -> dict[str, str]:
    """The identifiers of what a file adopts, by address."""
    found = hcl2.loads(text).get("import", [])
    return {one["to"].removeprefix("${").removesuffix("}"): read_quoted(one["id"]) for one in found}


@pytest.mark.parametrize("kind", PrincipalKind)
def test_terraform_adopts_what_the_exclusive_resources_change(kind: PrincipalKind) -> None:
    who = replace(PRINCIPAL, kind=kind)
    label = "platform_deployer" if kind is PrincipalKind.ROLE else "user_platform_deployer"
    exclusive = {
        f"aws_iam_{kind}_policy_attachments_exclusive.{label}": "platform-deployer",
        f"aws_iam_{kind}_policies_exclusive.{label}": "platform-deployer",
    }
    text = terraform_of_subject(subject(allow(), principal=who))
    assert imports(text) == exclusive
    assert {f"resource.{one}" for one in exclusive} < read_blocks(text).keys()


@pytest.mark.parametrize("kind", PrincipalKind)
def test_terraform_adopts_policies_that_an_earlier_run_left(kind: PrincipalKind) -> None:
    who = replace(PRINCIPAL, kind=kind, arn=f"arn:aws-cn:iam::111122223333:{kind}/x/platform-deployer")
    label = "platform_deployer" if kind is PrincipalKind.ROLE else "user_platform_deployer"
    managed, fresh = (CodeDocument(f"lpgen-x-{n}", False, json.dumps(allow()), n == 1) for n in (1, 2))
    text = terraform_of_subject(replace(subject(), principal=who, documents=(managed, fresh)))
    arn = "arn:aws-cn:iam::111122223333:policy/lpgen/lpgen-x-1"
    assert {name: found for name, found in imports(text).items() if "exclusive" not in name} == {
        f"aws_iam_policy.{label}": arn,
        f"aws_iam_{kind}_policy_attachment.{label}": f"platform-deployer/{arn}",
    }
    blocks = read_blocks(text)
    (lifecycle,) = blocks[f"resource.aws_iam_policy.{label}"]["lifecycle"]
    assert lifecycle["ignore_changes"] == ["description"]  # another description would delete it first
    assert "lifecycle" not in blocks[f"resource.aws_iam_policy.{label}_part2"]
    inline = replace(managed, inline=True)
    text = terraform_of_subject(replace(subject(), principal=who, documents=(inline,)))
    assert imports(text)[f"aws_iam_{kind}_policy.{label}"] == "platform-deployer:lpgen-x-1"


def test_subject_of_proposal_knows_the_policies_that_an_earlier_run_left() -> None:
    proposal = deployer().proposal()
    made = subject_of_proposal(proposal)
    assert made
    assert not any(document.exists for document in made.documents)
    arn = f"arn:aws:iam::111122223333:policy/lpgen/{made.documents[0].name}"
    again = subject_of_proposal(with_detach(proposal, managed=(*proposal.diff.draft.detach.managed, arn)))
    assert again
    assert [document.exists for document in again.documents] == [True]


def test_terraform_of_a_permission_set_adopts_nothing() -> None:
    assert imports(terraform_of_subject(proposed("AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356"))) == {}


# ---------------------------------------------------------------- what it means


def allow(*, action: Any = "s3:GetObject", resource: Any = "*", version: str = "2012-10-17", **more: Any) -> Any:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": version, "Statement": [statement]}


SNIPPETS = [
    *CORPUS,
    *(
        "${aws:username}",
        "${aws:PrincipalTag/x, 'y'}",
        "${",
        "$${x}",
        "$$$${",
        "%{if",
        "%%{",
        "%{if true}",
        "&{x}",
        "&",
    ),
    *('"', "\\", "\\u0041", "$", "%", "{", "}", "*", "?", "é", "e\u0301", "日本", "POLICY", "<<POLICY", "\nPOLICY\n"),
    *("\n", "\r\n", "\t", "\u2028", "arn:aws:s3:::b/*"),
]
texts = st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=4), max_size=6).map("".join)
filled = texts.filter(bool)
some = filled | st.lists(filled, min_size=1, max_size=3)
scalars = texts | st.booleans() | st.integers(-5, 2**40) | st.just(1.5)
tests = st.dictionaries(filled, scalars | st.lists(scalars, max_size=3), max_size=2)
operators = st.sampled_from(["StringEquals", "ForAllValues:StringLike", "Null", "NumericLessThanIfExists"])
statements = st.builds(
    lambda sid, effect, actions, resources, condition: {
        **({} if sid is None else {"Sid": sid}),
        "Effect": effect,
        actions[0]: actions[1],
        resources[0]: resources[1],
        **({} if condition is None else {"Condition": condition}),
    },
    st.none() | st.sampled_from(["", "One", "Two"]) | texts,
    st.sampled_from(["Allow", "Deny"]),
    st.tuples(st.sampled_from(["Action", "NotAction"]), some),
    st.tuples(st.sampled_from(["Resource", "NotResource"]), some | st.just([])),
    st.none() | st.dictionaries(operators, tests, max_size=2),
)
documents = st.builds(
    lambda version, found: {**version, "Statement": found},
    st.sampled_from([{"Version": "2012-10-17"}, {"Version": "2008-10-17"}, {}, {"Version": "2012-10-17", "Id": "x"}]),
    st.lists(statements, min_size=1, max_size=3) | statements,
)


@given(documents, st.booleans())
@slow
@example(allow(resource="arn:aws:s3:::home/${aws:username}/*"), False)
@example(allow(resource="${aws:username}", version="2008-10-17"), False)
@example(allow(Condition={"Bool": {"aws:SecureTransport": False}}), False)
@example(allow(Condition={"StringLike": {"k": "$${a}"}}), False)
@example(allow(resource="&{aws:username}"), True)
@example(allow(resource="$" * 3 + "{"), False)
@example(allow(resource="&" + "${x}"), False)
def test_terraform_says_what_the_documents_say(document: Any, laid_out: bool) -> None:
    text = terraform_of_subject(subject(json.dumps(document, indent=2 if laid_out else None)))
    assert text.replace("\n", "").isprintable()
    (found,) = read_documents(text)
    assert normal(found) == normal(document)


@pytest.mark.parametrize(
    "document",
    [
        allow(Condition={"Bool": {"aws:SecureTransport": False}}),
        allow(Condition={"NumericLessThan": {"s3:max-keys": 10}}),
        allow(Condition={"StringEquals": {"k": []}}),
        allow(Condition={"StringEquals": {}}),
        allow(action=[]),
        allow(resource="&{aws:username}"),
        allow(resource="e\u0301"),
        allow(Principal="*"),
        {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]},
        {"Version": "2012-10-17", "Statement": []},
        {"Version": "2012-10-17", "Id": "x", "Statement": allow()["Statement"]},
        {"Version": "2012-10-17", "Statement": [{**allow()["Statement"][0], "Sid": "Same"}] * 2},
    ],
)
def test_terraform_writes_json_where_the_data_source_would_say_something_else(document: Any) -> None:
    text = terraform_of_subject(subject(document))
    assert "<<POLICY" in text
    assert "aws_iam_policy_document" not in text
    assert read_documents(text) == [document]


def test_terraform_writes_policy_variables_as_the_data_source_reads_them() -> None:
    text = terraform_of_subject(
        subject(allow(resource="home/${aws:username}", Condition={"StringLike": {"k": "${aws:userid}:*"}}))
    )
    assert '"home/&{aws:username}"' in text
    assert '"&{aws:userid}:*"' in text
    old = terraform_of_subject(subject(allow(resource="home/${aws:username}", version="2008-10-17")))
    assert '"home/$${aws:username}"' in old


@given(texts)
@slow
def test_hcl_string_means_its_text(text: str) -> None:
    if any("\ud800" <= one <= "\udfff" for one in text):
        with pytest.raises(ValueError, match="surrogate"):
            hcl_string(text)
    else:
        written = hcl_string(text)
        assert written.isprintable()
        assert read_quoted(written) == text
        if unicodedata.is_normalized("NFC", text):
            assert read_quoted(hcl2.loads(f"x = {written}\n")["x"]) == text


@given(st.recursive(texts | st.integers(), lambda inner: st.dictionaries(texts, inner, max_size=3)))
@slow
def test_hcl_heredoc_means_its_json(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=2, ensure_ascii=False)):
        written = hcl_heredoc(text)
        assert written.isascii()
        assert json.loads(read_heredoc(written)) == value


@given(st.lists(texts, max_size=3))
@slow
def test_hcl_comments_stay_comments(lines: list[str]) -> None:
    text = hcl_comments(lines)
    assert text.count("\n") == len(lines)
    assert all(line.startswith("#") and line.isprintable() for line in text.split("\n")[:-1])


@given(texts, st.lists(texts, max_size=3))
@slow
def test_terraform_lets_no_name_out_of_its_comment(note: str, names: list[str]) -> None:
    found = subject(
        allow(),
        note=note,
        reasons=tuple(names),
        detach=Detachment(managed=tuple(names), inline=tuple(names), groups=tuple(names)),
    )
    assert read_blocks(terraform_of_subject(found)) == read_blocks(terraform_of_subject(subject(allow())))


def test_terraform_is_the_same_twice_and_knows_no_date() -> None:
    for subject in filter(None, map(subject_of_proposal, organization().proposals)):
        assert terraform_of_subject(subject) == terraform_of_subject(subject)
    text = terraform_of_subject(proposed("platform-deployer"))
    assert not re.search(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", text.replace("2012-10-17", ""))
    assert user_in_group().arn.endswith("tomas.lindqvist")
