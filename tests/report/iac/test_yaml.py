"""YAML: a reader that isn't ours reads what was written, whatever it holds."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.report.iac.yaml import yaml_text
from tests.report.iac.test_terraform import SNIPPETS

TEXTS = [
    *("y", "No", "ON", "null", "Null", "true", "~", "=", "<<", "", " ", "a ", " a", "a:", "a: b", "a #b", "a#b", ": a"),
    *(
        "1",
        "1.5",
        "0x1f",
        "1e3",
        "+1",
        ".inf",
        "2012-10-17",
        "12:30:00",
        "- a",
        "-",
        "---",
        "? a",
        "&a",
        "*",
        "*a",
        "!a",
    ),
    *("{a", "[a", "]", "%a", "@a", "`a", "|", ">", "'", '"', "a\tb", "a\nb", "\x7f", "\x85", "\ufeff", "😀", "\ud800"),
    *("arn:aws:s3:::data/*", "s3:GetObject", "${aws:username}", "aws:PrincipalTag/a b", "x, y (z)", "it's"),
]
text = st.sampled_from([*TEXTS, *SNIPPETS]) | st.text(max_size=6)
values = st.recursive(
    text | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
)


@given(st.dictionaries(text, values, min_size=1, max_size=3))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_yaml_means_what_was_written(value: dict[str, Any]) -> None:
    written = yaml_text(value)
    assert written.replace("\n", "").isprintable()
    assert written.isascii()
    assert yaml.safe_load(written) == value


@pytest.mark.parametrize("text", TEXTS)
def test_yaml_keeps_each_text(text: str) -> None:
    assert yaml.safe_load(yaml_text({"key": text, "list": [text, [text]], text: {text: text}})) == {
        "key": text,
        "list": [text, [text]],
        text: {text: text},
    }


def test_yaml_is_laid_out_as_people_write_it() -> None:
    value = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Read", "Action": ["s3:GetObject"], "Resource": "*"}],
        "No": [],
    }
    assert yaml_text(value) == (
        'Version: "2012-10-17"\n'
        "Statement:\n"
        "  - Sid: Read\n"
        "    Action:\n"
        "      - s3:GetObject\n"
        '    Resource: "*"\n'
        '"No": []\n'
    )
