"""Names of principals: what lpgen prints in the place of an ARN is what its options take."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.principal_names import hint_of_name, is_named, names_of_principal
from lpgen.report.words import label_of
from tests.support.law_examples import examples

ARN = "arn:aws:iam::111122223333:role/app/storefront-api"
OTHERS = (
    "arn:aws:iam::111122223333:user/maria",
    "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Ops_0123456789abcdef",
)


@pytest.mark.parametrize(
    "text",
    [
        ARN,
        "storefront-api",
        "role/app/storefront-api",
        "role/storefront-api",
        "111122223333 role/app/storefront-api",
        "storefront-*",
        "role/app/*",
        "*:role/app/*",
        "storefront-ap?",
        "",
    ],
)
def test_is_named_takes_every_name_that_is_printed_and_globs(text: str) -> None:
    assert is_named(ARN, text)
    assert not text.strip("*") or not any(is_named(one, text) for one in OTHERS)


@pytest.mark.parametrize("text", ["app/storefront-api", "storefront", "user/storefront-api", "444455556666 role/*"])
def test_is_named_takes_no_part_of_a_name(text: str) -> None:
    assert not is_named(ARN, text)


parts = st.lists(st.text("abc-_.", min_size=1, max_size=5), max_size=3)
paths = parts.map(lambda parts: "".join(f"{part}/" for part in parts))


@given(
    st.sampled_from(["role", "user"]),
    paths | st.sampled_from(["aws-reserved/sso.amazonaws.com/eu-west-1/", "aws-service-role/es.amazonaws.com/"]),
    st.text("abcXYZ019_+=,.@-", min_size=1, max_size=64),
)
@settings(max_examples=examples(100), deadline=None)
def test_the_label_of_a_principal_names_it(kind: str, path: str, name: str) -> None:
    arn = f"arn:aws-us-gov:iam::111122223333:{kind}/{path}{name}"
    label = label_of(arn)
    for text in (label, label.partition(" ")[2], name, arn):
        assert text in names_of_principal(arn)
        assert is_named(arn, text)


def test_a_text_that_is_no_arn_is_its_own_only_name() -> None:
    assert names_of_principal("nobody") == ("nobody",)
    assert is_named("nobody", "nobody")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("storefrontapi", "did you mean `role/app/storefront-api`?"),
        ("role/storefrnt-api", "did you mean `role/app/storefront-api`?"),
        ("*Storefront_api*", "did you mean `role/app/storefront-api`?"),
        ("mari", "did you mean `user/maria`?"),
        (f"{ARN}s", f"did you mean `{ARN}`"),
        ("zzzzzz", "use an ARN, a name, or a glob"),
    ],
)
def test_the_hint_names_what_comes_close(text: str, hint: str) -> None:
    assert hint_of_name(text, [ARN, *OTHERS]).startswith(hint)
