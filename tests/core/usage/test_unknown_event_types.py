"""Records of an event type that AWS doesn't document: counted skips, and no use."""

from __future__ import annotations

import pytest

from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.options import Options
from lpgen.core.usage.tables import count_records, count_used_records, merge_usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.usage.test_version_holes import usage
from tests.support.diffs import diff_usage
from tests.support.log_samples import ACCOUNT, ROLE, record_json, rows
from tests.support.worlds import allow, policy, role, usage_of


@pytest.mark.parametrize("event_type", ["AwsApiCall", "AwsConsoleAction", "AwsConsoleSignIn", "", None])
def test_a_record_of_a_call_or_of_no_type_is_read(event_type: str | None) -> None:
    found = usage(record_json(eventType=event_type))
    assert (count_used_records(found), found.skips.num_rows) == (1, 0)


@pytest.mark.parametrize("event_type", ["AwsApiCal", "awsapicall", "Other"])
def test_a_record_of_an_unknown_type_is_a_counted_skip(event_type: str) -> None:
    found = usage(record_json(3, eventType=event_type), record_json(4))
    assert (count_records(found), count_used_records(found)) == (2, 1)
    (skip,) = rows(found.skips)
    assert (skip["reason"], skip["principal"], skip["records"]) == ("bad_record", ROLE, 1)


def test_such_records_make_their_principal_incomplete() -> None:
    principal = role(policy(allow(["s3:GetObject"])), name="worker", path="/app/")
    assert principal.arn == ROLE
    parts = [usage_of({}, account=ACCOUNT), usage(record_json(3, eventType="Other"))]
    grants = grants_from_principals([principal], bundled_catalog())
    (found,) = diff_usage(merge_usage(parts), grants, bundled_catalog(), Options()).principals
    (caveat,) = [caveat for caveat in found.assessment.caveats if caveat.kind is UnknownCaveat.UNMAPPED_EVENT]
    assert "1 record of s3.amazonaws.com GetObject can't be read" in caveat.message
