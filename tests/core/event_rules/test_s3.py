"""S3 records, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from lpgen.core.event_rules import s3_buckets, s3_objects
from lpgen.core.record_place import call_from_record
from tests.core.event_rules.mapping_cases import expected_needs, needs_from_actions, read_cases, record_from_case

RULES = {**s3_buckets.RULES, **s3_objects.RULES}


@pytest.mark.parametrize("case", read_cases("s3"), ids=lambda case: case["name"])
def test_s3_rule_maps_the_record_as_documented(case: Any) -> None:
    record = record_from_case(case)
    actions = RULES[record.eventSource, record.eventName](call_from_record(record, record.eventName))
    assert actions is not None
    assert needs_from_actions(actions) == expected_needs(case)
