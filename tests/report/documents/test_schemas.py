"""The JSON Schemas: what is printed follows them to the letter, and nothing else does."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lpgen.cli.schema import DocumentName
from lpgen.core.findings import Report
from lpgen.core.replacements import OutputVerification
from lpgen.report.documents.schemas import SCHEMAS, schema_json
from tests.report.golden import GOLDEN, check_golden
from tests.report.hostile import CORPUS, poison
from tests.report.inputs import INPUTS
from tests.report.rendered import render_evidence, render_review, render_summary, render_verification
from tests.report.reports import large_report, organization, report_of
from tests.support.documents import FORMATS_PAGE, check_block
from tests.support.forked_lpgen import run_forked
from tests.support.law_examples import examples

VALIDATORS = {
    name: Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for name, schema in SCHEMAS.items()
}
GOLDENS = sorted(
    (name, path.name) for name in SCHEMAS for path in GOLDEN.glob(f"{name}*.json") if not path.name.startswith("code-")
)


def faults(name: str, document: object) -> list[str]:
    """What a schema has against a document."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATORS[name].iter_errors(document)]


def documents_of(report: Report) -> Iterator[tuple[str, Any]]:
    """Every JSON document that a report becomes, with the name of its schema."""
    yield "review", json.loads(render_review(report, "json"))
    for text in render_review(report, "jsonl").splitlines():
        yield "review-lines", json.loads(text)
    yield "summary", json.loads(render_summary(report, INPUTS, {"app/policy-1.json": "0" * 64}))
    verifications = tuple(proposal.verification for proposal in report.proposals if proposal.verification)
    checks = verifications[0].checks if verifications else ()
    whole = OutputVerification(checks, verifications, ("usage",))
    yield "verification", json.loads(render_verification(whole, "json"))
    for proposal in report.proposals:
        yield "evidence", json.loads(render_evidence(proposal, report, INPUTS))


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_of(one)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_strict_and_the_same_as_the_committed_file(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    for obj in objects_of(SCHEMAS[name]):
        if obj.get("type") == "object":
            assert "additionalProperties" in obj
            assert obj["additionalProperties"] is False or "properties" not in obj
    check_golden(f"../../docs/schemas/{name}.json", schema_json(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_describes_every_key(name: str) -> None:
    keys = [(key, said) for obj in objects_of(SCHEMAS[name]) for key, said in keys_of(obj)]
    assert len(keys) > 5
    assert [key for key, said in keys if not said.get("description")] == []


def keys_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys of an object with their schemas, if a schema is that of an object."""
    properties = schema.get("properties", {})
    if schema.get("type") == "object" and isinstance(properties, dict):
        yield from properties.items()


@pytest.mark.parametrize(("name", "golden"), GOLDENS)
def test_goldens_follow_their_schemas(name: str, golden: str) -> None:
    document = json.loads((GOLDEN / golden).read_text(encoding="utf-8"))
    assert faults(name, document) == []
    assert document["schema"] == version_of(SCHEMAS[name])


def test_goldens_cover_every_schema() -> None:
    assert {name for name, _ in GOLDENS} == set(SCHEMAS) - {"review-lines", "rollout", "watch"}  # in tests of their own


def test_schema_of_lines_refuses_a_whole_review_and_other_keys() -> None:
    first, principal, *_ = map(json.loads, (GOLDEN / "review.jsonl").read_text(encoding="utf-8").splitlines())
    whole = {**first, "principals": [principal]}
    assert [faults("review-lines", first), faults("review-lines", principal), faults("review", whole)] == [[], [], []]
    for one in (whole, {**first, "surplus": 1}, {**principal, "surplus": 1}, {**first, "schema": "lpgen.review/2"}, {}):
        assert faults("review-lines", one)


@pytest.mark.parametrize(
    "make", [organization, lambda: report_of([]), lambda: large_report(12)], ids=["each", "none", "many"]
)
def test_reports_follow_their_schemas(make: Callable[[], Report]) -> None:
    for name, document in documents_of(make()):
        assert faults(name, document) == []


@given(st.lists(st.sampled_from(CORPUS) | st.text(max_size=40), min_size=1, max_size=7))
@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_reports_follow_their_schemas_whatever_the_texts(texts: list[str]) -> None:
    found = cycle(texts)
    report: Report = poison(organization(), lambda _text: next(found))
    for name, document in documents_of(report):
        assert [fault for fault in faults(name, document) if "is not a 'date'" not in fault] == []


@pytest.mark.parametrize(("name", "golden"), GOLDENS)
def test_schema_refuses_a_key_more_a_key_less_and_another_version(name: str, golden: str) -> None:
    document = json.loads((GOLDEN / golden).read_text(encoding="utf-8"))
    assert faults(name, {**document, "schema": f"lpgen.{name}/3"})
    places = sum(1 for _ in objects_of(document))
    checked = 0
    for at in range(0, places, max(1, places // 25)):
        changed = copy.deepcopy(document)
        place = list(objects_of(changed))[at]
        if not place or any(place is free for free in free_objects(changed)):
            continue
        key = next(iter(place))
        value = place.pop(key)
        assert not VALIDATORS[name].is_valid(changed), f"{key} may be missing"
        place |= {key: value, "surplus": 1}
        assert not VALIDATORS[name].is_valid(changed), f"{sorted(place)} may have more"
        checked += 1
    assert checked


FREE = ("levels", "context", "scp_levels", "characters_by_service", "files", "parameters")
"""Where the keys are data."""
POLICIES = (
    "proposal",
    "policy",
    "added",
    "protection",
    "boundary",
    "old",
    "new",
    "denies",
    "creator_policies",
    "document",
    "guard",
)
"""Where whole policies stand."""


def free_objects(document: Any) -> Iterator[Any]:
    """The objects of a document whose keys are data."""
    for parent in objects_of(document):
        yield from (parent[key] for key in FREE if key in parent)
        yield from (free for key in POLICIES for free in objects_of(parent.get(key)))
        yield from objects_of(parent) if "Statement" in parent else ()


def test_schema_command_prints_each_schema(tmp_path: Path) -> None:
    assert {str(name) for name in DocumentName} == set(SCHEMAS)
    done = run_forked("schema", "review")
    assert (done.returncode, done.stdout) == (0, schema_json("review"))
    run_forked("schema", "review", "--output", tmp_path / "s.json").check_returncode()
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == done.stdout


def test_rollouts_have_the_second_version_and_all_others_the_first() -> None:
    for name, schema in SCHEMAS.items():
        assert version_of(schema).rpartition("/")[2] == ("2" if name == "rollout" else "1"), name


def test_document_lists_every_schema() -> None:
    rows = [
        f"| [{name}](schemas/{name}.json) | `{version_of(schema)}` | {schema['title']} |"
        for name, schema in SCHEMAS.items()
    ]
    check_block(FORMATS_PAGE, "schemas", "\n".join(["| schema | name and version | of |", "|---|---|---|", *rows]))
    assert all((FORMATS_PAGE.parent / "schemas" / f"{name}.json").is_file() for name in SCHEMAS)


def version_of(schema: Any) -> str:
    """What documents of a schema, or the first of the lines, state under `schema`."""
    first = schema["oneOf"][0] if "oneOf" in schema else schema
    version: str = first["properties"]["schema"]["const"]
    return version
