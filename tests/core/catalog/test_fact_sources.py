"""Facts that are written by hand name the pages or models that they are from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lpgen.edge.catalog.files import bundled_catalog
from tests.support.case_tables import each_case

TABLES = (
    "arn_formats",
    "compute",
    "ec2_ids",
    "error_codes",
    "folds",
    "guardrails",
    "perimeter",
    "protected_data",
    "resource_policies",
    "schedules",
    "tagging_api",
)
_SOURCE = re.compile(r"https://docs\.aws\.amazon\.com/\S+|botocore \d+\.\d+\.\d+")


def sources_in(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        if "source" in value:
            yield value["source"]
        for part in value.values():
            yield from sources_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from sources_in(part)


@each_case("table", TABLES)
def test_facts_of_a_table_have_sources(table: str) -> None:
    found = list(sources_in(json.loads(bundled_catalog().source.read_table(table))))
    assert found
    for sources in found:
        assert isinstance(sources, list)
        assert sources
        assert all(_SOURCE.fullmatch(source) for source in sources)
