"""Calls of KMS that are made for the data of a resource are signs of its use, and of nothing else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.evidence import RecordedContext, Use
from lpgen.core.findings import PrincipalDiff, Verdict
from lpgen.core.last_accessed import AccessReport, ServiceAccess
from lpgen.core.model import Outcome
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import kept
from tests.support.diffs import diff_usage
from tests.support.worlds import allow, exactly, policy, role, usage_of, use

CATALOG = bundled_catalog()
HERE = "us-east-1:111122223333"
KEY = f"arn:aws:kms:{HERE}:key/1"
GOLD, RAW = "arn:aws:s3:::lake-gold", "arn:aws:s3:::lake-raw"
TABLE = f"arn:aws:dynamodb:{HERE}:table/orders"
QUEUE = f"arn:aws:sqs:{HERE}:jobs"
OBJECTS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectTorrent"]


def of_data(resource: str, call: str = "Decrypt", outcome: Outcome = Outcome.ALLOWED) -> Use:
    context = RecordedContext("us-east-1", "", (("protected", (resource,)),))
    return replace(use(f"kms:{call}", KEY, outcome=outcome), contexts=(context,))


def found(statement: dict[str, Any], *uses: Use, dated: str = "", **world: Any) -> PrincipalDiff:
    principal = role(policy(allow("kms:*", KEY), statement))
    usage = usage_of({principal.arn: list(uses)}, **{"data_events": (), **world})
    services = (ServiceAccess(dated, date(2026, 9, 20), "us-east-1", ()),) if dated else ()
    report = AccessReport("", "", principal.arn, principal.arn, date(2026, 10, 1), services)
    options = exactly(last_accessed=(report,) if dated else ())
    (diff,) = diff_usage(usage, grants_from_principals([principal], CATALOG), CATALOG, options).principals
    return diff


def kept_of(service: str, diff: PrincipalDiff) -> dict[str, set[str]]:
    return {action: scopes for action, scopes in kept(diff).items() if action.startswith(f"{service}:")}


def test_a_call_for_a_resource_keeps_what_it_shows_on_that_resource_alone() -> None:
    objects = allow(OBJECTS)
    assert kept_of("s3", found(allow("*"), of_data(GOLD))) == {"s3:GetObject": {f"{GOLD}/*"}}
    assert kept_of("s3", found(allow("*"), of_data(GOLD, "GenerateDataKey"))) == {
        "s3:AbortMultipartUpload": {f"{GOLD}/*"},
        "s3:PutObject": {f"{GOLD}/*"},
    }
    both = found(allow("*"), of_data(GOLD), of_data(RAW))
    assert kept_of("s3", both) == {"s3:GetObject": {f"{GOLD}/*", f"{RAW}/*"}}
    assert kept_of("s3", found(objects)) == {action: {"*"} for action in OBJECTS}  # the policy names them
    assert kept_of("s3", found(allow("*"))) == {}


def test_a_call_for_a_table_or_a_queue_shows_reading_and_writing() -> None:
    names = kept_of("dynamodb", found(allow("*"), of_data(TABLE)))
    assert {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"} <= names.keys()
    assert names["dynamodb:GetItem"] == {TABLE}
    assert names["dynamodb:Query"] == {TABLE, f"{TABLE}/*"}
    sent = kept_of("sqs", found(allow("*"), of_data(QUEUE, "GenerateDataKey")))
    assert sent["sqs:SendMessage"] == {QUEUE}
    assert "sqs:ReceiveMessage" not in sent
    assert "sqs:ReceiveMessage" in kept_of("sqs", found(allow("*"), of_data(QUEUE)))


def test_a_denied_call_is_no_sign() -> None:
    assert kept_of("s3", found(allow("*"), of_data(GOLD, outcome=Outcome.DENIED))) == {}


def test_nothing_is_kept_where_the_policies_do_not_grant_it() -> None:
    seen: dict[str, Any] = {"data_events": (("us-east-1", "s3.amazonaws.com"),), "data_on": [f"{RAW}/x"]}
    assert kept_of("s3", found(allow("s3:*", f"{RAW}/*"), of_data(GOLD), **seen)) == {}


def test_data_events_of_one_bucket_say_nothing_of_another_that_the_same_pattern_meets() -> None:
    lake = allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::lake-*")
    seen: dict[str, Any] = {"data_events": (("us-east-1", "s3.amazonaws.com"),), "data_on": [f"{RAW}/x"]}
    whole = {"arn:aws:s3:::lake-*"}
    diff = found(lake, **seen)  # somebody else's
    assert kept_of("s3", diff) == {"s3:GetObject": whole, "s3:PutObject": whole}
    reasons = {verdict.reason for verdict in diff.assessment.verdicts if verdict.action.startswith("s3:")}
    assert reasons == {"it leaves a data event, and the trail may select only some resources of arn:aws:s3:::lake-*"}
    own = use("s3:PutObject", f"{RAW}/x")
    assert kept_of("s3", found(lake, own, **seen)) == {"s3:PutObject": {f"{RAW}/x"}}
    diff = found(lake, own, of_data(GOLD), of_data(RAW), **seen)
    assert kept_of("s3", diff) == {"s3:GetObject": {f"{GOLD}/*"}, "s3:PutObject": {f"{RAW}/x"}}
    (one,) = (verdict for verdict in diff.assessment.verdicts if verdict.action == "s3:GetObject")
    assert one.verdict is Verdict.UNOBSERVABLE
    assert one.reason == f"it leaves a data event, and the logs have no data events on {GOLD}/*"
    assert one.keep == f"a call of KMS names {GOLD}"
    used = found(lake, use("s3:GetObject", f"{RAW}/x"), of_data(GOLD), **seen)
    assert kept_of("s3", used) == {"s3:GetObject": {f"{RAW}/x", f"{GOLD}/*"}}


def test_a_date_keeps_what_reads_where_records_show_only_reading() -> None:
    objects = {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"}
    assert objects <= kept_of("s3", found(allow("*"), dated="s3")).keys()
    reading = kept_of("s3", found(allow("*"), of_data(GOLD), dated="s3")).keys()
    assert reading & objects == {"s3:GetObject", "s3:ListBucket"}
    writing = kept_of("s3", found(allow("*"), of_data(GOLD), of_data(GOLD, "GenerateDataKey"), dated="s3"))
    assert objects <= writing.keys()
    assert objects <= kept_of("s3", found(allow("*"), of_data(QUEUE), dated="s3")).keys()
