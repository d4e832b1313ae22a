"""The corpus of `bench.ingest` is varied, comes again from its seed, and holds calls as AWS records them."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.event_shapes import PARTS, Shape, fill, read_shapes
from bench.ingest import RECORDS, SIZES
from bench.log_files import ACCOUNTS, REGIONS, Written, write_corpus
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import MappingStatus, RecordMapping
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.law_examples import examples

NAMES, TEMPLATES = 280, 2_000


def corpus(folder: Path, *, files: int = 2, seed: int = 1, repeats: int = 1) -> tuple[Written, list[dict[str, Any]]]:
    """A small corpus, and its records in the order of the files' numbers."""
    written = write_corpus(folder, files=files, records=100, days=3, seed=seed, repeats=repeats)
    paths = sorted(folder.rglob("*.json.gz"), key=lambda path: path.name[-14:])
    return written, [record for path in paths for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def template(record: dict[str, Any]) -> tuple[object, ...]:
    fields = [record[part] and tuple(sorted(record[part])) for part in ("requestParameters", "responseElements")]
    return (record["eventName"], *fields, tuple(one.get("type") for one in record.get("resources", ())))


def test_events_of_the_corpus_are_varied() -> None:
    shapes = read_shapes()
    fields = {
        (shape.name, *(tuple(sorted(json.loads(part or "[]") or ())) for part in shape.parts[:2])) for shape in shapes
    }
    assert len({shape.name for shape in shapes}) >= NAMES
    assert len(fields) >= TEMPLATES


@pytest.mark.slow
def test_half_of_the_middle_corpus_is_varied(tmp_path: Path) -> None:
    written = write_corpus(tmp_path, files=SIZES["M"] // 2, records=RECORDS, days=10, seed=1)
    assert written.names >= NAMES
    assert written.templates >= TEMPLATES


def test_write_corpus_counts_the_event_names_and_templates_that_it_writes(tmp_path: Path) -> None:
    written, records = corpus(tmp_path)
    assert written.bytes == sum(path.stat().st_size for path in tmp_path.rglob("*.json.gz"))
    assert written.names == len({record["eventName"] for record in records})
    assert written.templates == len({repr(template(record)) for record in records})


def test_write_corpus_writes_the_same_for_the_same_seed_and_other_calls_for_another(tmp_path: Path) -> None:
    first, again, other = (corpus(tmp_path / name, seed=seed)[1] for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert [template(record) for record in first] != [template(record) for record in other]


def test_write_corpus_repeats_calls_with_other_ids(tmp_path: Path) -> None:
    _, records = corpus(tmp_path, files=3, repeats=3)
    for one, other in zip(records[:100], records[100:200], strict=True):
        assert one["eventID"] != other["eventID"]
        assert one["eventTime"] != other["eventTime"]
        assert template(one) == template(other)
        assert one["userIdentity"] == other["userIdentity"]


def test_corpus_names_many_principals_and_resources_in_several_places(tmp_path: Path) -> None:
    _, records = corpus(tmp_path, files=20)
    assert {record["recipientAccountId"] for record in records} == {*ACCOUNTS}
    assert {record["awsRegion"] for record in records} == {*REGIONS}
    assert (
        len(
            {record["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn") for record in records}
        )
        > 100
    )
    assert len({json.dumps(record["requestParameters"]) for record in records}) > 500


def test_every_shape_is_a_valid_record_of_its_event_whatever_its_names_and_place() -> None:
    event_map = EventMap(bundled_catalog())
    shapes = read_shapes()
    for shape in random.Random(5).sample(shapes, examples(len(shapes))):
        documented = _mapped(event_map, shape, 0, "111122223333", "us-east-1")
        varied = _mapped(event_map, shape, 37, "222233334444", "eu-west-1")
        assert documented.status is not MappingStatus.UNMAPPED, shape
        assert _kinds(varied) == _kinds(documented), shape


def _mapped(event_map: EventMap, shape: Shape, number: int, account: str, region: str) -> RecordMapping:
    parts = {
        name: json.loads(fill(part, shape, number, account, region, "f7"))
        for name, part in zip(PARTS, shape.parts, strict=True)
        if part
    }
    place = {"awsRegion": region, "recipientAccountId": account}
    fields = {"eventSource": shape.source, "eventName": shape.name, **place, **parts}
    return event_map.map_record(msgspec.convert(fields, Record))


def _kinds(mapping: RecordMapping) -> list[tuple[str, list[str]]]:
    """The actions, and of what kinds the resources of each are."""
    return sorted(
        (action.action, sorted(resource.kind.name for resource in action.resources)) for action in mapping.actions
    )
