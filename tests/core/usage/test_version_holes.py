"""Records of an unknown event version: counted skips, and a hole in the logs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.cloudtrail.records import Record
from lpgen.core.options import Options
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage, count_records, count_used_records, merge_usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.log_samples import ACCOUNT, ROLE, PlainMap, record_json, rows
from tests.support.record_usage import usage_from_records
from tests.support.worlds import allow, policy, role, usage_of


def usage(*records: dict[str, Any]) -> Usage:
    return usage_from_records([msgspec.convert(record, Record) for record in records], PlainMap())


@pytest.mark.parametrize("version", ["1.0", "1.09", "1.99", "", None])
def test_a_record_of_major_version_1_or_of_none_is_read(version: str | None) -> None:
    found = usage(record_json(eventVersion=version))
    assert (count_used_records(found), found.skips.num_rows) == (1, 0)


@pytest.mark.parametrize("version", ["2.0", "10.1", "2", "one", "0.9"])
def test_a_record_of_another_major_version_is_a_counted_skip_of_no_day(version: str) -> None:
    found = usage(record_json(3, eventVersion=version), record_json(4))
    assert (count_records(found), count_used_records(found)) == (2, 1)
    (skip,) = rows(found.skips)
    told = (skip["reason"], skip["principal"], skip["detail"], skip["records"])
    assert told == ("unknown_version", ROLE, f"its major version is {version.partition('.')[0]}", 1)
    assert [(str(row["day"]), row["records"]) for row in rows(found.coverage)] == [("None", 1), ("2024-03-05", 1)]


def test_such_records_are_one_hole_with_their_number() -> None:
    later = [record_json(number, eventVersion="2.0") for number in (4, 6, 9)]
    (found,) = coverage_from_usage(usage(record_json(0), record_json(3), *later)).accounts
    (hole,) = found.holes
    assert (str(hole.first), str(hole.last)) == ("2024-03-05", "2024-03-10")
    expected = "3 records are of a version that this version of lpgen doesn't know: its major version is 2 (example "
    assert hole.why.startswith(expected)
    assert found.covered_days == 4, "the days behind the last known record don't count anyway"


def test_such_records_without_a_time_that_can_be_read_leave_no_day_covered() -> None:
    odd = record_json(9, eventVersion="2.0", eventTime="the ninth of March")
    (found,) = coverage_from_usage(usage(record_json(0), odd, record_json(3))).accounts
    assert found.covered_days == 0
    assert [(str(hole.first), str(hole.last)) for hole in found.holes] == [("2024-03-01", "2024-03-04")]


def test_such_records_make_their_principal_incomplete() -> None:
    principal = role(policy(allow(["s3:GetObject"])), name="worker", path="/app/")
    assert principal.arn == ROLE
    parts = [usage_of({}, account=ACCOUNT), usage(record_json(3, eventVersion="2.0"))]
    grants = grants_from_principals([principal], bundled_catalog())
    (found,) = diff_usage(merge_usage(parts), grants, bundled_catalog(), Options()).principals
    (caveat,) = [caveat for caveat in found.assessment.caveats if caveat.kind is UnknownCaveat.UNMAPPED_EVENT]
    assert "1 record of s3.amazonaws.com GetObject with an event version that lpgen doesn't know" in caveat.message
    assert caveat.item == "unknown_version s3.amazonaws.com GetObject"
