"""The chain of digests: what the root covers, and what reading it back refuses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.digests import (
    CatalogStamp,
    Inputs,
    OutputDigests,
    PolicyFile,
    digest_of_facts,
    digest_of_text,
    digests_from_facts,
    digests_from_summary,
    inputs_from_facts,
)
from lpgen.errors import OutputError

_HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
_TEXT = st.text(max_size=8)
INPUTS = st.builds(
    Inputs,
    lpgen_version=_TEXT,
    catalog=st.builds(CatalogStamp, _TEXT, _TEXT, _HEX),
    usage=_HEX,
    policies=st.lists(st.builds(PolicyFile, _TEXT, _HEX), max_size=3).map(tuple),
    snapshot=_TEXT,
    guards=_HEX,
    options=st.dictionaries(_TEXT, st.none() | st.booleans() | st.integers(0, 99) | _TEXT, max_size=3),
)
DIGESTS = st.builds(OutputDigests, INPUTS, st.dictionaries(_TEXT, _HEX, max_size=4), _HEX)


def through_json(facts: object) -> Any:
    return json.loads(json.dumps(facts))


@given(DIGESTS)
def test_digests_survive_json(digests: OutputDigests) -> None:
    facts = through_json(digests.to_facts())
    assert digests_from_facts(facts) == digests
    assert digests_from_facts(facts).root == facts["digest"]


@given(DIGESTS)
def test_root_changes_with_every_value_that_it_covers(digests: OutputDigests) -> None:
    facts = through_json({**digests.to_facts(), "digest": ""})
    for changed in changes_of(facts):
        if changed.get("digest") == "":
            assert digest_or_refusal(changed) != digests.root, changed


def changes_of(value: Any) -> Iterator[Any]:
    """The value with one text or number in it changed, or one entry taken out, each in turn."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            yield from ({**value, key: changed} for changed in changes_of(one))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield [*value[:number], *value[number + 1 :]]
            yield from ([*value[:number], changed, *value[number + 1 :]] for changed in changes_of(one))
    elif isinstance(value, str):
        yield "f" * 64 if value == "0" * 64 else "0" * 64
    else:
        yield "other"


def digest_or_refusal(facts: dict[str, Any]) -> str:
    try:
        return digests_from_facts(facts).root
    except OutputError:
        return "refused"


@given(DIGESTS, st.dictionaries(_TEXT, st.integers() | _TEXT))
def test_digests_of_a_summary_cover_every_other_key(digests: OutputDigests, report: dict[str, Any]) -> None:
    report = {key: value for key, value in report.items() if key not in ("inputs", "files", "digest")}
    facts = digests.to_facts()
    summary = {**report, "inputs": facts["inputs"], "files": facts["files"], "digest": "0" * 64}
    assert digests_from_summary(summary).report == digest_of_facts(report)
    assert digests_from_summary({**summary, "added": 1}).root != digests_from_summary(summary).root


def test_digest_of_facts_is_that_of_the_canonical_text() -> None:
    assert (
        digest_of_facts({"b": [1, None], "a": "é"}) == hashlib.sha256(b'{"a": "\\u00e9", "b": [1, null]}').hexdigest()
    )
    assert digest_of_text("é") == digest_of_text("é".encode())


def test_digests_with_a_damaged_part_are_refused() -> None:
    stamp = CatalogStamp("1", "2026-01-01", "0" * 64)
    good = through_json(OutputDigests(Inputs("1", stamp, "g", (PolicyFile("a", "0" * 64),)), {}, "1" * 64).to_facts())
    assert digests_from_facts(good)
    changes: list[tuple[str, object]] = [
        ("inputs", None),
        ("inputs", {**good["inputs"], "unknown": 1}),
        ("inputs", {key: value for key, value in good["inputs"].items() if key != "options"}),
        ("inputs", {**good["inputs"], "usage": 7}),
        ("inputs", {**good["inputs"], "options": {"min_days": [1]}}),
        ("files", None),
        ("files", {"a": "A" * 64}),
        ("files", {"a": 1}),
        ("report", None),
        ("report", "0" * 63),
    ]
    for key, value in changes:
        with pytest.raises(OutputError):
            digests_from_facts({**good, key: value})
    with pytest.raises(OutputError):
        inputs_from_facts([])
