"""The line format of `lpgen authorize`: what a line may hold, how it is answered, and what is said of a bad one."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.iam.request_line import decide_line
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.law_examples import examples

ROLE = "arn:aws:iam::111122223333:role/app"
OBJECT = "arn:aws:s3:::data/a.csv"
RESULTS = {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"}


@cache
def catalog() -> Catalog:
    return bundled_catalog()


def document(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def allow(actions: str = "*", resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: str = "*", resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {**allow(actions, resources, **more), "Effect": "Deny"}


REQUEST: dict[str, Any] = {
    "id": 1,
    "principal": ROLE,
    "action": "s3:GetObject",
    "resource": OBJECT,
    "identityPolicies": [document(allow("s3:*"))],
}


def answer(**fields: Any) -> dict[str, Any]:
    return decide_line(json.dumps({**REQUEST, **fields}), catalog())


def without(*names: str) -> dict[str, Any]:
    return decide_line(json.dumps({k: v for k, v in REQUEST.items() if k not in names}), catalog())


# ---------------------------------------------------------------- ids


@pytest.mark.parametrize(
    "given_id", [0, -1.5, "", "x", "\x1b[2J", None, True, False, [1, {"a": None}], {"a": {"b": []}}]
)
def test_ids_of_any_kind_come_back_with_answers_and_errors(given_id: object) -> None:
    for found in (answer(id=given_id), answer(id=given_id, action=7)):
        assert found["id"] == given_id
        assert type(found["id"]) is type(given_id)
    assert "result" in answer(id=given_id)
    assert set(answer(id=given_id, action=7)) == {"id", "error"}


def test_a_line_without_an_id_answers_with_none() -> None:
    assert without("id")["id"] is None
    assert decide_line("{", catalog())["id"] is None


# ---------------------------------------------------------------- keys left out, null and unknown

OPTIONAL = [
    "resource",
    "resourceAccount",
    "context",
    "identityPolicies",
    "permissionBoundaryPolicies",
    "scps",
    "rcps",
    "resourcePolicy",
    "sessionPolicy",
    "vpcEndpointPolicies",
    "wildcardOnlyAction",
]


@pytest.mark.parametrize("name", OPTIONAL)
def test_what_is_null_is_what_is_left_out(name: str) -> None:
    assert answer(**{name: None}) == without(name)
    assert "result" in without(name)


@pytest.mark.parametrize("name", ["principal", "action"])
def test_who_and_what_must_be_there(name: str) -> None:
    assert without(name) == {"id": 1, "error": f"`{name}` is missing"}
    assert answer(**{name: None}) == {"id": 1, "error": f"`{name}` is missing"}
    wrongs: list[object] = ["", 7, [], {}, True]
    for wrong in wrongs:
        assert answer(**{name: wrong})["error"] == f"`{name}` is not a string, or is empty"


def test_unknown_keys_are_ignored() -> None:
    assert answer(comment="x", Action="iam:PassRole", PRINCIPAL=[1]) == answer()


def test_empty_lists_are_no_policies_but_an_empty_level_allows_nothing() -> None:
    assert answer(scps=[], rcps=[], permissionBoundaryPolicies=[], vpcEndpointPolicies=[], context={}) == answer()
    assert answer(scps=[[]])["result"] == "ImplicitlyDenied"
    assert answer(identityPolicies=[])["result"] == "ImplicitlyDenied"
    assert answer(scps=[None])["result"] == "ImplicitlyDenied"


def test_bytes_and_text_are_read_alike() -> None:
    line = json.dumps(REQUEST)
    assert (
        decide_line(line.encode(), catalog()) == decide_line(line, catalog()) == decide_line(f"  {line}\r\n", catalog())
    )


# ---------------------------------------------------------------- answers


def test_an_answer_names_the_statements_that_decided() -> None:
    assert answer() == {
        "id": 1,
        "result": "Allowed",
        "reasons": [{"layer": "identity", "policy": 0, "statement": 0, "sid": "", "effect": "Allow"}],
    }
    denied = answer(scps=[[document(allow())], [document(allow()), document(allow(), deny(Sid="No"))]])
    assert denied["result"] == "ExplicitlyDenied"
    assert denied["reasons"] == [
        {"layer": "scp", "level": 1, "policy": 1, "statement": 1, "sid": "No", "effect": "Deny"}
    ]


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"identityPolicies": []}, [{"layer": "identity"}]),
        ({"permissionBoundaryPolicies": [document()]}, [{"layer": "boundary"}]),
        ({"sessionPolicy": document()}, [{"layer": "session"}]),
        ({"scps": [[document(allow())], [document(allow("sqs:*"))]]}, [{"layer": "scp", "level": 1}]),
        ({"rcps": [[document()], [document(allow())]]}, [{"layer": "rcp", "level": 0}]),
        ({"vpcEndpointPolicies": [document()]}, [{"layer": "vpc endpoint"}]),
        ({"resourceAccount": "444455556666"}, [{"layer": "resource policy"}]),
        ({"principal": "anonymous"}, [{"layer": "resource policy"}]),
    ],
)
def test_an_implicit_deny_names_the_layers_in_which_nothing_allows(
    fields: dict[str, Any], missing: list[dict[str, Any]]
) -> None:
    found = answer(**fields)
    assert found["result"] == "ImplicitlyDenied"
    stops = [reason for reason in found["reasons"] if "missing" in reason]
    assert stops == [{**one, "missing": "no statement allows it"} for one in missing]


def test_a_rule_of_aws_is_told_in_its_words() -> None:
    found = answer(action="sts:GetCallerIdentity", identityPolicies=[document(deny())])
    assert (found["result"], list(found["reasons"][0])) == ("Allowed", ["rule"])


def test_anonymous_callers_need_the_resource_policy() -> None:
    public = document(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
    )
    assert answer(principal="anonymous", resourcePolicy=public)["result"] == "Allowed"
    assert answer(principal="anonymous")["result"] == "ImplicitlyDenied"


@pytest.mark.parametrize(
    ("policy", "resource", "result"),
    [
        (allow(), "*", "Allowed"),
        (allow(resources=OBJECT), "*", "Allowed"),
        (allow(resources=OBJECT), "arn:aws:s3:::data/*", "Allowed"),
        (allow(resources=OBJECT), "arn:aws:s3:::data/?.csv", "Allowed"),
        (allow(resources=OBJECT), "arn:aws:s3:::logs/*", "ImplicitlyDenied"),
        (allow(resources="arn:aws:s3:::data/*"), "arn:aws:s3:::data/in/*", "Allowed"),
        (allow("sqs:*"), "*", "ImplicitlyDenied"),
        (deny(), "*", "ExplicitlyDenied"),
        (deny(resources="arn:aws:s3:::data/*"), "arn:aws:s3:::data/in/*", "ExplicitlyDenied"),
        (deny(resources=OBJECT), "arn:aws:s3:::data/*", "Allowed"),
    ],
)
def test_a_resource_with_wildcards_is_allowed_where_some_resource_is(
    policy: dict[str, Any], resource: str, result: str
) -> None:
    held = [document(policy)] if policy["Effect"] == "Allow" else [document(allow(), policy)]
    assert answer(resource=resource, identityPolicies=held)["result"] == result


@pytest.mark.parametrize(
    ("action", "override", "result"),
    [
        ("s3:GetObject", None, "Allowed"),
        ("s3:GetObject", False, "Allowed"),
        ("s3:GetObject", True, "ImplicitlyDenied"),
        ("s3:ListAllMyBuckets", None, "ImplicitlyDenied"),
        ("S3:listallmybuckets", None, "ImplicitlyDenied"),
        ("s3:ListAllMyBuckets", False, "Allowed"),
        ("s3:ListAllMyBuckets", True, "ImplicitlyDenied"),
        ("s3:TheFuture", None, "Allowed"),
        ("s3:TheFuture", True, "ImplicitlyDenied"),
    ],
)
def test_wildcard_only_action_overrides_the_catalog(action: str, override: bool | None, result: str) -> None:
    scoped = [document(allow("s3:*", "arn:aws:s3:::data/*"))]
    assert answer(action=action, wildcardOnlyAction=override, identityPolicies=scoped)["result"] == result
    assert answer(action=action, wildcardOnlyAction=override)["result"] == "Allowed"


# ---------------------------------------------------------------- context


@pytest.mark.parametrize(
    ("operator", "wanted", "given_value"),
    [
        ("NumericEquals", 7, 7),
        ("NumericLessThan", "7.5", 7.25),
        ("NumericEquals", "7", [7]),
        ("Bool", "true", True),
        ("Bool", False, [False]),
        ("StringEquals", "a", ["a"]),
        ("ForAnyValue:StringEquals", ["b"], ["a", "b"]),
        ("ForAllValues:StringEquals", ["a", "b"], []),
        ("Null", "true", None),
        ("Null", "true", []),
        ("Null", "false", "x"),
        ("StringEquals", "", ""),
    ],
)
def test_context_takes_strings_numbers_booleans_and_lists(operator: str, wanted: object, given_value: object) -> None:
    held = [document(allow(Condition={operator: {"Aws:SomeKey": wanted}}))]
    assert answer(identityPolicies=held, context={"aws:somekey": given_value})["result"] == "Allowed"
    other = {"NumericLessThan": 8, "Bool": "nonsense", "Null": None if wanted == "false" else "x"}.get(operator, "zz")
    assert answer(identityPolicies=held, context={"aws:somekey": other})["result"] == "ImplicitlyDenied"


def test_context_is_complete() -> None:
    held = [document(allow(), deny(Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}))]
    assert answer(identityPolicies=held)["result"] == "ExplicitlyDenied"
    assert answer(identityPolicies=held, context={"aws:SourceVpc": "vpc-1"})["result"] == "Allowed"
    wants = [document(allow(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}))]
    assert answer(identityPolicies=wants)["result"] == "ImplicitlyDenied"


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"context": []}, "`context` is not an object"),
        ({"context": {"aws:x": {}}}, "a value of the context key `aws:x` is neither string, number nor Boolean"),
        ({"context": {"aws:x": [None]}}, "a value of the context key `aws:x` is neither string, number nor Boolean"),
        ({"wildcardOnlyAction": 1}, "`wildcardOnlyAction` is neither true nor false"),
        ({"wildcardOnlyAction": "true"}, "`wildcardOnlyAction` is neither true nor false"),
        ({"resource": 7}, "`resource` is not a string, or is empty"),
        ({"resourceAccount": 111122223333}, "`resourceAccount` is not a string, or is empty"),
        ({"identityPolicies": {}}, "`identityPolicies` is not a list of policies"),
        ({"identityPolicies": [document(), 7]}, "policy `identityPolicies[1]`: the document is not a JSON object"),
        ({"permissionBoundaryPolicies": document()}, "`permissionBoundaryPolicies` is not a list of policies"),
        ({"vpcEndpointPolicies": "x"}, "`vpcEndpointPolicies` is not a list of policies"),
        ({"scps": document()}, "`scps` is not a list of levels"),
        ({"scps": [document()]}, "`scps[0]` is not a list of policies"),
        ({"rcps": [[], [[]]]}, "policy `rcps[1][0]`: the document is not a JSON object"),
        ({"resourcePolicy": []}, "policy `resourcePolicy`: the document is not a JSON object"),
        ({"sessionPolicy": {}}, "policy `sessionPolicy`: it has no `Statement`"),
        ({"sessionPolicy": document(Version="2020-01-01")}, "policy `sessionPolicy`: the version `2020-01-01` isn't"),
        (
            {"scps": [[document()], [document(), document(allow(), {"Effect": "Maybe"})]]},
            "policy `scps[1][1]`, statement 2",
        ),
        ({"resourcePolicy": document(allow(Principal={"Alien": "x"}))}, "policy `resourcePolicy`, statement 1"),
        (
            {"identityPolicies": [document(allow(Condition={"StrungEquals": {}}))]},
            "no condition operator `StrungEquals`",
        ),
        ({"identityPolicies": [document(allow(Sid="Bad", NotAction="x"))]}, "statement 1 (`Bad`): it has both"),
    ],
)
def test_a_bad_element_is_an_error_with_its_place(fields: dict[str, Any], error: str) -> None:
    found = answer(**fields)
    assert set(found) == {"id", "error"}
    assert found["id"] == 1
    assert error in found["error"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "can't be read as JSON"),
        ("nonsense", "can't be read as JSON"),
        ('{"id": 1', "can't be read as JSON"),
        ('{"id": 1} {"id": 2}', "can't be read as JSON"),
        ('{"id": NaN}', "`NaN` is not JSON"),
        ('{"context": {"a": -Infinity}}', "`-Infinity` is not JSON"),
        ("[" * 100_000, "can't be read as JSON"),
        (b'{"id": "\xff"}', "can't be read as JSON"),
        ("[]", "not a JSON object"),
        ("7", "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"action": "a:b", "action": "a:c"}', "`action` occurs twice"),
        ('{"context": {"a": "1", "a": "2"}}', "`a` occurs twice"),
    ],
)
def test_a_bad_line_is_an_error_without_an_id(line: str | bytes, error: str) -> None:
    found = decide_line(line, catalog())
    assert found["id"] is None
    assert error in found["error"]


def test_a_document_may_be_json_text() -> None:
    text = json.dumps(document(allow("s3:*")))
    assert answer(identityPolicies=[text]) == answer()
    assert "statement 1" in answer(identityPolicies=[json.dumps(document({"Effect": "Allow"}))])["error"]


def test_hostile_text_is_inert_in_errors() -> None:
    hostile: list[dict[str, Any]] = [{"context": {"\x1b[2J": {}}}, {"sessionPolicy": document(**{"\x1b[2J": 1})}]
    for fields in hostile:
        error = answer(**fields)["error"]
        assert error.isprintable()
        assert r"\u001b[2J" in error


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(300), deadline=None)
@given(st.dictionaries(st.sampled_from(["principal", "action", *OPTIONAL]), anything, max_size=4), anything)
def test_any_line_is_answered(fields: dict[str, Any], given_id: object) -> None:
    found = decide_line(json.dumps({**REQUEST, **fields, "id": given_id}), catalog())
    assert found["id"] == given_id
    assert ("error" in found) or (found["result"] in RESULTS and isinstance(found["reasons"], list))


@settings(max_examples=examples(200), deadline=None)
@given(st.text() | st.binary())
def test_any_text_is_answered(line: str | bytes) -> None:
    assert "id" in decide_line(line, catalog())


# ---------------------------------------------------------------- what no output or policy can hold


@pytest.mark.parametrize("given_id", ["\ud800", ["x\udfff"], {"\ud800": 1}])
def test_decide_line_refuses_an_id_that_no_output_can_hold(given_id: object) -> None:
    assert answer(id=given_id) == {"id": None, "error": "`id` has an invalid character"}
    assert answer(id="\U0001f600")["id"] == "\U0001f600"


@pytest.mark.parametrize("nobody", [{"AWS": []}, {"AWS": [], "Service": []}])
def test_decide_line_names_nobody_by_an_empty_principal(nobody: dict[str, Any]) -> None:
    policy = document({**allow(), "Principal": nobody})
    assert answer(identityPolicies=[], resourcePolicy=policy)["result"] == "ImplicitlyDenied"
