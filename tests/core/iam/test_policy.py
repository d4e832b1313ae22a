"""Policy documents: what is read, what is refused and in which words, what is written, and how it is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.iam.policy import (
    conditions_at_least_as_strict,
    policy_from_json,
    policy_from_statements,
    policy_size,
    policy_to_json,
    statement_depends_on_version,
    statement_from_parts,
)
from lpgen.core.model import CURRENT_VERSION, LEGACY_VERSION, Condition, Effect
from lpgen.errors import PolicyError
from tests.support.law_examples import examples

CASES = json.loads((Path(__file__).parents[2] / "cases" / "policies.json").read_text())


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", named(CASES["read"]))
def test_policy_is_read_in_every_spelling(case: dict[str, Any]) -> None:
    text = json.dumps(case["document"])
    spellings: list[Any] = [case["document"], text, text.encode(), "\ufeff" + text, quote(text), quote(text, safe="")]
    for spelling in spellings:
        policy = policy_from_json(spelling, place="p")
        assert policy.version == case["version"]
        assert len(policy.statements) == len(case["statements"])
        for index, (statement, expected) in enumerate(zip(policy.statements, case["statements"], strict=True)):
            assert statement.index == index
            assert statement.sid == expected.get("sid", "")
            assert statement.effect is Effect(expected["effect"])
            assert list(statement.patterns) == expected["patterns"]
            assert statement.not_action is expected.get("not_action", False)
            assert list(statement.resources) == expected["resources"]
            assert statement.not_resource is expected.get("not_resource", False)
            assert [[c.operator, c.key, list(c.values)] for c in statement.conditions] == expected.get("conditions", [])
            wanted = expected.get("principals")
            assert statement.principals == (None if wanted is None else tuple(tuple(pair) for pair in wanted))
            assert statement.not_principal is expected.get("not_principal", False)
        assert policy_from_json(policy_to_json(policy), place="p") == policy


@pytest.mark.parametrize("case", named(CASES["refuse"]))
def test_policy_is_refused_with_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as caught:
        policy_from_json(case["text"] if "text" in case else case["document"], place="role/x\n")
    assert str(caught.value).startswith("policy `role/x\\u000a`")
    assert case["says"] in str(caught.value)
    assert str(caught.value).isprintable()


def test_policy_nested_too_deep_is_refused() -> None:
    with pytest.raises(PolicyError, match="not readable as JSON"):
        policy_from_json("[" * 200_000, place="deep")


def test_statement_is_carried_verbatim() -> None:
    written = '{"Resource":["b","a"],"Effect":"Deny","Sid":"É","NotAction":"iam:*","Condition":{"Bool":{"x":false}}}'
    policy = policy_from_json(
        '{"Version": "2012-10-17", "Statement": [' + written.replace(":", " : ") + "]}", place="p"
    )
    written = written.replace("iam:*", "iam : *")
    assert policy.statements[0].text == written
    assert policy_to_json(policy) == '{"Version":"2012-10-17","Statement":[' + written + "]}"


def test_indented_policy_is_the_same_policy() -> None:
    policy = policy_from_json(CASES["read"][1]["document"], place="p")
    assert policy_to_json(policy, indent=2).startswith('{\n  "Version": "2012-10-17",\n  "Statement": [')
    assert policy_from_json(policy_to_json(policy, indent=2), place="p") == policy


def test_written_policy_holds_nothing_that_iam_refuses_or_a_terminal_obeys() -> None:
    sid = "é\x7f\x9b\u202e\U0001f600\ud800"
    policy = policy_from_statements([statement_from_parts(sid=sid, actions=["s3:GetObject"], resources=["*"])])
    text = policy_to_json(policy)
    assert '"é\\u007f\\u009b\\u202e\\ud83d\\ude00\\ud800"' in text
    assert policy_from_json(text, place="p") == policy


def test_new_statement_has_one_layout() -> None:
    conditions = [Condition("StringEquals", "b", ("2", "1")), Condition("Bool", "a", ("true",))]
    statement = statement_from_parts(
        sid="Use", actions=["s3:b", "s3:a", "s3:b"], resources=["y", "x"], not_resource=True, conditions=conditions
    )
    assert statement.text == (
        '{"Sid":"Use","Effect":"Allow","Action":["s3:a","s3:b"],"NotResource":["x","y"],'
        '"Condition":{"Bool":{"a":"true"},"StringEquals":{"b":["1","2"]}}}'
    )
    other = statement_from_parts(
        sid="Use", actions=["s3:a", "s3:b"], resources=["x", "y"], not_resource=True, conditions=conditions[::-1]
    )
    assert statement == other
    assert statement.conditions == (Condition("Bool", "a", ("true",)), Condition("StringEquals", "b", ("1", "2")))
    assert statement_from_parts(sid="", actions=["s3:a"], resources=["x"]).text == (
        '{"Effect":"Allow","Action":"s3:a","Resource":"x"}'
    )


def test_statements_are_numbered_anew() -> None:
    old = policy_from_json({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}] * 2}, place="p")
    policy = policy_from_statements(old.statements[::-1])
    assert [statement.index for statement in policy.statements] == [0, 1]
    assert policy.version == CURRENT_VERSION
    assert policy_from_statements(old.statements, version=LEGACY_VERSION) == old


def test_only_variables_depend_on_the_version() -> None:
    plain = statement_from_parts(sid="", actions=["s3:GetObject"], resources=["arn:aws:s3:::b/*"])
    variable = statement_from_parts(sid="", actions=["s3:GetObject"], resources=["arn:aws:s3:::b/${aws:username}/*"])
    assert not statement_depends_on_version(plain)
    assert statement_depends_on_version(variable)


def test_size_leaves_out_white_space_between_tokens() -> None:
    compact = '{"Version":"2012-10-17","Statement":[{"Sid":"a \\" b","Effect":"Allow"}]}'
    spaced = '{ "Version" : "2012-10-17",\r\n\t"Statement": [ { "Sid": "a \\" b", "Effect": "Allow" } ] }\n'
    assert policy_size(compact) == policy_size(spaced) == len(compact)
    policy = policy_from_json(CASES["read"][0]["document"], place="p")
    assert policy_size(policy) == policy_size(policy_to_json(policy, indent=4)) == len(policy_to_json(policy))


def conditions_of(block: dict[str, Any]) -> tuple[Condition, ...]:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block}
    return policy_from_json({"Statement": statement}, place="p").statements[0].conditions


@pytest.mark.parametrize("case", named(CASES["strictness"]))
def test_conditions_are_compared_by_structure(case: dict[str, Any]) -> None:
    new, old = conditions_of(case["new"]), conditions_of(case["old"])
    assert conditions_at_least_as_strict(new, old) is case["strict"]


# ---------------------------------------------------------------- laws

texts = st.text(min_size=1, max_size=12)
one_or_many = st.one_of(texts, st.lists(texts, min_size=1, max_size=4))
operators = st.sampled_from(
    ["StringEquals", "ForAnyValue:StringLike", "stringnotlikeIfExists", "Null", "ArnLike", "ForAllValues:NumericEquals"]
)
values = st.one_of(st.text(max_size=12), st.booleans(), st.integers(), st.floats(min_value=-1e9, max_value=1e9))


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Action", "NotAction"])): draw(one_or_many),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(one_or_many),
    }
    if draw(st.booleans()):
        fields["Sid"] = draw(st.text(max_size=8))
    if draw(st.booleans()):
        keys = st.dictionaries(texts, st.one_of(values, st.lists(values, max_size=3)), max_size=3)
        fields["Condition"] = draw(st.dictionaries(operators, keys, max_size=3))
    if draw(st.booleans()):
        fields["Principal"] = draw(st.one_of(st.just("*"), st.fixed_dictionaries({"AWS": one_or_many})))
    return dict(draw(st.permutations(list(fields.items()))))


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(statements(), max_size=3), st.sampled_from([None, LEGACY_VERSION, CURRENT_VERSION]))
def test_policies_round_trip(written: list[dict[str, Any]], version: str | None) -> None:
    document: dict[str, Any] = {"Statement": written} if version is None else {"Version": version, "Statement": written}
    policy = policy_from_json(document, place="p")
    text = policy_to_json(policy)
    text.encode()
    assert policy_from_json(text, place="p") == policy
    assert policy_from_json(quote(text), place="p") == policy
    assert policy_from_json(policy_to_json(policy, indent=2), place="p") == policy
    assert json.loads(text)["Statement"] == written
    assert policy_size(policy) == len(text) == policy_size(policy_to_json(policy, indent=2))


@given(st.one_of(st.text(max_size=40), st.binary(max_size=40)))
def test_any_text_is_a_policy_or_refused(text: str | bytes) -> None:
    with pytest.raises(PolicyError):
        policy_from_json(text, place="p")


def test_bare_principal_means_the_same_as_one_under_its_kind() -> None:
    arn = "arn:aws:iam::111122223333:role/app"
    bare, usual = (
        policy_from_json({"Statement": [{"Effect": "Allow", "Action": "*", "Principal": principal}]}, place="case")
        for principal in (arn, {"AWS": arn})
    )
    assert bare.statements[0].principals == usual.statements[0].principals == (("AWS", arn),)
