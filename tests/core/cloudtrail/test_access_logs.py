"""Lines of S3 server access logs as records, whatever callers write into them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.access_logs import _operations_from_catalog, is_access_log, records_of_access_log
from lpgen.core.cloudtrail.caller import caller_from_record
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.cloudtrail.records import RawRecord, Record, Unusable, record_from_raw
from lpgen.core.model import CallerKind, Outcome, SkipReason
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.access_logs import BUCKET, OWNER, encoded, line, log
from tests.support.log_samples import ACCOUNT

CATALOG: Catalog = bundled_catalog()
EVENTS = EventMap(CATALOG)
FOLDER = f"logs{ACCOUNT}/eu-west-1/{BUCKET}/2024/03/05/2024-03-05-00-00-00-ABCDEF0123456789"


def items(*lines: str, path: str = "2024-03-05-10-15-20-ABCDEF0123456789") -> list[RawRecord | Unusable]:
    return list(records_of_access_log(log(*lines), CATALOG, path))


def item(path: str = "x", **changes: str) -> RawRecord | Unusable:
    (found,) = items(line(**changes), path=path)
    return found


def record(path: str = "x", **changes: str) -> Record:
    found = item(path, **changes)
    assert isinstance(found, RawRecord), found
    return record_from_raw(found)


def actions(**changes: str) -> list[tuple[str, tuple[str, ...]]]:
    mapped = EVENTS.map_record(record(**changes)).actions
    return [(one.action, tuple(resource.text for resource in one.resources)) for one in mapped]


OBJECT = f"arn:aws:s3:::{BUCKET}/in/a.csv"
ON_BUCKET = f"arn:aws:s3:::{BUCKET}"


# ---------------------------------------------------------------- what AWS documents


EXAMPLE = f"""\
{OWNER} amzn-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 {OWNER} 3E57427F3 REST.GET.VERSIONING - \
"GET /amzn-bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - s9lz= SigV4 ECDHE-RSA AuthHeader \
amzn-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP Yes us-east-1
{OWNER} amzn-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 {OWNER} A1206F460 REST.GET.BUCKETPOLICY - \
"GET /amzn-bucket1?policy HTTP/1.1" 404 NoSuchBucketPolicy 297 - 38 - "-" "S3Console/0.4" - BNaB= SigV4 ECDHE-RSA \
AuthHeader amzn-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - Yes
{OWNER} amzn-bucket1 [06/Feb/2014:00:01:57 +0000] 192.0.2.3 {OWNER} DD6CC733A REST.PUT.OBJECT s3-dg.pdf \
"PUT /amzn-bucket1/s3-dg.pdf HTTP/1.1" 200 - - 4406583 41754 28 "-" "S3Console/0.4" -
{OWNER} amzn-bucket1 [24/Feb/2021:14:53:53 +0000] 192.0.2.3 arn:aws:iam::123456789012:user/ann D630F8 \
BATCH.DELETE.OBJECT fork/test/ - 204 - - - - - - - - WVzx= SigV4 ECDHE-RSA AuthHeader b.s3.amazonaws.com TLSv1.2
"""


def test_documented_lines_of_all_ages_are_read() -> None:
    found = list(records_of_access_log(EXAMPLE.encode(), CATALOG, "x"))
    assert [one.eventName for one in found if isinstance(one, RawRecord)] == [
        "GetBucketVersioning",
        "GetBucketPolicy",
        "PutObject",
        "DeleteObject",
    ]
    first = next(one for one in found if isinstance(one, RawRecord))
    assert first.eventTime == "2019-02-06T00:00:38Z"
    assert is_access_log(EXAMPLE.encode())


@pytest.mark.parametrize(
    ("operation", "changes", "expected"),
    [
        ("REST.GET.OBJECT", {}, [("s3:GetObject", (OBJECT,))]),
        ("REST.GET.OBJECT", {"version": "3HL4kqtJ"}, [("s3:GetObjectVersion", (OBJECT,))]),
        ("WEBSITE.GET.OBJECT", {}, [("s3:GetObject", (OBJECT,))]),
        ("REST.HEAD.OBJECT", {}, [("s3:GetObject", (OBJECT,))]),
        ("REST.PUT.OBJECT", {"version": "3HL4kqtJ"}, [("s3:PutObject", (OBJECT,))]),
        ("REST.DELETE.OBJECT", {}, [("s3:DeleteObject", (OBJECT,))]),
        ("BATCH.DELETE.OBJECT", {"version": "3HL4kqtJ"}, [("s3:DeleteObjectVersion", (OBJECT,))]),
        ("REST.COPY.OBJECT", {}, [("s3:PutObject", (OBJECT,))]),
        ("REST.COPY.OBJECT_GET", {}, [("s3:GetObject", (OBJECT,))]),
        ("REST.COPY.PART", {}, [("s3:PutObject", (OBJECT,))]),
        ("REST.COPY.PART_GET", {"version": "3HL4kqtJ"}, [("s3:GetObjectVersion", (OBJECT,))]),
        ("REST.POST.UPLOADS", {}, [("s3:PutObject", (OBJECT,))]),
        ("REST.POST.UPLOAD", {}, [("s3:PutObject", (OBJECT,))]),
        ("REST.PUT.PART", {}, [("s3:PutObject", (OBJECT,))]),
        ("REST.DELETE.UPLOAD", {}, [("s3:AbortMultipartUpload", (OBJECT,))]),
        ("REST.GET.OBJECT_TAGGING", {}, [("s3:GetObjectTagging", (OBJECT,))]),
        ("REST.GET.ACL", {}, [("s3:GetObjectAcl", (OBJECT,))]),
        ("REST.GET.ACL", {"key": "-"}, [("s3:GetBucketAcl", (ON_BUCKET,))]),
        ("REST.GET.BUCKET", {"key": "-"}, [("s3:ListBucket", (ON_BUCKET,))]),
        ("REST.GET.BUCKETVERSIONS", {"key": "-"}, [("s3:ListBucketVersions", (ON_BUCKET,))]),
        ("REST.GET.UPLOADS", {"key": "-"}, [("s3:ListBucketMultipartUploads", (ON_BUCKET,))]),
        ("REST.PUT.LIFECYCLE", {"key": "-"}, [("s3:PutLifecycleConfiguration", (ON_BUCKET,))]),
        ("REST.NEW.THING", {}, []),
    ],
)
def test_operation_needs_the_actions_of_its_event(
    operation: str, changes: dict[str, str], expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert actions(operation=operation, **changes) == expected


def test_every_operation_of_the_table_is_mapped() -> None:
    for operation, row in CATALOG.facts(_operations_from_catalog).items():
        for key, event in (("in/a.csv", row.object), ("-", row.bucket)):
            if event:
                assert actions(operation=operation, key=key), operation
        assert row.source.startswith("https://")


@pytest.mark.parametrize("operation", ["REST.POST.MULTI_OBJECT_DELETE", "REST.OPTIONS.PREFLIGHT"])
def test_request_without_a_decision_of_its_own_needs_no_permission(operation: str) -> None:
    found = item(operation=operation, key="-")
    assert isinstance(found, Unusable)
    assert found.reason is SkipReason.NO_PERMISSION


def test_call_through_an_access_point_is_on_both() -> None:
    point = f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/reports"
    assert actions(point=point) == [("s3:GetObject", (OBJECT, f"{point}/object/in/a.csv"))]
    assert actions(point="arn:aws:iam::1:x") == [("s3:GetObject", (OBJECT,))]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"status": "200"}, Outcome.ALLOWED),
        ({"status": "304"}, Outcome.ALLOWED),
        ({"status": "404", "error": "NoSuchKey"}, Outcome.ALLOWED),
        ({"status": "404"}, Outcome.ALLOWED),
        ({"status": "403", "error": "AccessDenied"}, Outcome.DENIED),
        ({"status": "403"}, Outcome.DENIED),
        ({"status": "403", "error": "SignatureDoesNotMatch"}, Outcome.UNAUTHENTICATED),
        ({"status": "503", "error": "SlowDown"}, Outcome.UNDETERMINED),
        ({"status": "500"}, Outcome.UNDETERMINED),
        ({"status": "400"}, Outcome.UNDETERMINED),
    ],
)
def test_status_and_error_code_tell_the_outcome(changes: dict[str, str], outcome: Outcome) -> None:
    assert CATALOG.facts(ErrorCodes).outcome_from_record(record(**changes)).outcome is outcome


@pytest.mark.parametrize(
    ("requester", "kind", "principal", "principal_id"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/s", CallerKind.ROLE, "", f"assumed-role/{ACCOUNT}/worker"),
        (f"arn:aws:iam::{ACCOUNT}:user/x/ann", CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/x/ann", ""),
        (f"arn:aws:iam::{ACCOUNT}:root", CallerKind.ROOT, "", ""),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/ann", CallerKind.FEDERATED, "", ""),
        (OWNER, CallerKind.ROOT, "", ""),
        ("8" * 64, CallerKind.CROSS_ACCOUNT, "", ""),
        ("svc:delivery.logs.amazonaws.com", CallerKind.SERVICE, "", ""),
        ("AmazonS3", CallerKind.SERVICE, "", ""),
        ("cloudfront.amazonaws.com", CallerKind.SERVICE, "", ""),
        ("-", CallerKind.ANONYMOUS, "", ""),
        ("something/else", CallerKind.UNKNOWN, "", ""),
    ],
)
def test_requester_is_the_caller(requester: str, kind: CallerKind, principal: str, principal_id: str) -> None:
    caller = caller_from_record(record(requester=requester))
    assert (caller.kind, caller.principal, caller.principal_id) == (kind, principal, principal_id)


def test_lifecycle_is_a_service_whatever_the_requester_says() -> None:
    assert caller_from_record(record(operation="S3.EXPIRE.OBJECT", requester="-")).kind is CallerKind.SERVICE


def test_folder_by_date_tells_account_and_region() -> None:
    found = record(FOLDER)
    assert (found.recipientAccountId, found.awsRegion) == (ACCOUNT, "eu-west-1")
    assert (record().recipientAccountId, record().awsRegion) == (None, None)


def test_session_of_another_account_than_the_buckets_is_a_foreign_caller() -> None:
    caller = caller_from_record(record(FOLDER, requester="arn:aws:sts::444455556666:assumed-role/worker/s"))
    assert (caller.kind, caller.principal_id) == (CallerKind.CROSS_ACCOUNT_ID, "assumed-role/444455556666/worker")
    user = record(FOLDER, requester="arn:aws:iam::444455556666:user/ann")
    assert caller_from_record(user).kind is CallerKind.CROSS_ACCOUNT


def test_line_of_another_bucket_than_its_folder_is_misplaced() -> None:
    found = item(FOLDER, bucket="other-bucket")
    assert isinstance(found, Unusable)
    assert found.reason is SkipReason.MISPLACED


@pytest.mark.parametrize(
    "text", ["", "#Version: 1.0", "2 123456789010 eni-1 172.31.16.139 ACCEPT OK", '{"Records": []}']
)
def test_other_text_is_no_access_log(text: str) -> None:
    assert not is_access_log(text.encode())


def test_line_that_is_none_is_named_with_its_place() -> None:
    _, broken, after = items(line(), "2 123456789010 eni-1 172.31.16.139", line())
    assert isinstance(broken, Unusable)
    assert (broken.reason, broken.position) == (SkipReason.UNREADABLE_FILE, "line 2")
    assert isinstance(after, RawRecord)


# ---------------------------------------------------------------- keys


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda key: key != "-"), st.booleans())
def test_any_key_is_read_back(key: str, is_batch: bool) -> None:
    operation = "BATCH.DELETE.OBJECT" if is_batch else "REST.GET.OBJECT"
    found = record(operation=operation, key=encoded(key, 1 if is_batch else 2))
    assert found.requestParameters == {"bucketName": BUCKET, "key": key}


@pytest.mark.parametrize("key", ["a+b", "a%zz", "a%25zz", "%25FF", "-"])
def test_key_with_an_unclear_encoding_is_a_skip(key: str) -> None:
    found = item(key=key)
    assert isinstance(found, Unusable)
    assert (found.reason, found.record and found.record.eventName) == (SkipReason.BAD_RECORD, "REST.GET.OBJECT")


# ---------------------------------------------------------------- hostile text


FORGED = line(requester=f"arn:aws:iam::{ACCOUNT}:user/victim", key="forged", operation="REST.DELETE.OBJECT")
PIECES = (
    '"',
    " ",
    "-",
    '" "',
    '" 200 - 113 5 7 5 "',
    '" 403 AccessDenied - - - - "-" ',
    '" 200 - - - - - - - - ',
    '"-" "-" - h= SigV4 c AuthHeader h TLSv1.2 -',
    '" 3HL4kqtJ h= SigV4 c AuthHeader h TLSv1.2 arn:aws:s3:us-east-1:1:accesspoint/x',
    '" vid',
    r"\n",
    "%0A",
    "\r",
    "\t",
    "\x85",
    "\u2028",
    "é",
    FORGED,
    FORGED.partition('"')[2],
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
TEXT = HOSTILE.map("".join)
_NO_QUOTES_AND_DASHES = str.maketrans("", "", '"-')


def facts(found: RawRecord) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


@given(uri=TEXT, referrer=TEXT, agent=TEXT, denied=st.booleans())
def test_hostile_text_never_makes_a_line_count_for_anything_else(
    uri: str, referrer: str, agent: str, denied: bool
) -> None:
    outcome = {"status": "403", "error": "AccessDenied"} if denied else {}
    plain = item(**outcome)
    (found,) = items(line(uri=f'"{uri}"', referrer=f'"{referrer}"', agent=f'"{agent}"', **outcome))
    assert isinstance(plain, RawRecord)
    if isinstance(found, RawRecord):
        assert facts(found) == facts(plain)
    else:
        assert (found.reason, found.position) == (SkipReason.BAD_RECORD, "line 1")
        assert found.record is not None
        assert found.record.userIdentity == plain.userIdentity


@given(uri=TEXT, referrer=TEXT, agent=TEXT)
def test_text_without_quotes_and_dashes_is_always_read(uri: str, referrer: str, agent: str) -> None:
    """A dash stands for a missing field, so text with dashes can look like the fields that follow it."""
    texts = (f'"{text.translate(_NO_QUOTES_AND_DASHES)}"' for text in (uri, referrer, agent))
    assert isinstance(item(**dict(zip(("uri", "referrer", "agent"), texts, strict=True))), RawRecord)


@pytest.mark.parametrize("agent", ['"a" b"', '"Mozilla/5.0 (iPad)""', '"say "hi""'])
def test_quotes_that_leave_one_reading_are_read(agent: str) -> None:
    assert isinstance(item(agent=agent), RawRecord)


@pytest.mark.parametrize(
    "texts",
    [
        {"uri": '"GET /" 403 AccessDenied 1 2 3 4 "-" "x" - h= SigV4 c AuthHeader h TLSv1.2 - "y"'},
        {"referrer": '" 403 AccessDenied - - - - - "'},
    ],
)
def test_two_readings_are_a_skip(texts: dict[str, str]) -> None:
    found = item(**texts)
    assert isinstance(found, Unusable)
    assert found.reason is SkipReason.BAD_RECORD


@pytest.mark.parametrize(
    "text", ['"' * 32, "- " * 4000, '" - - - - - - - - ' * 400, '" 200 - 1 2 3 4 "-" "-" - ' * 300]
)
def test_time_for_a_line_is_bounded(text: str) -> None:
    started = time.process_time()
    found = items(line(uri=f'"{text}"', agent=f'"{text}"'))
    assert time.process_time() - started < 1
    assert len(found) == 1
