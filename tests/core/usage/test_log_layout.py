"""The layout of trails in buckets: what a folder's name alone says of what is in it."""

from __future__ import annotations

import pytest

from lpgen.core.usage.event_time import window_from_text
from lpgen.core.usage.log_layout import (
    NO_SPAN,
    FileSpan,
    LogScope,
    Visit,
    account_from_path,
    address_from_text,
    is_file_wanted,
    is_log_name,
    label_from_folder,
    span_from_folder,
    visit_from_folder,
)
from lpgen.errors import InvocationError

ACCOUNT = "111122223333"
REGION_FOLDER = f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://b-1.x", "s3://b-1.x/"),
        ("s3://bucket/", "s3://bucket/"),
        ("s3://bucket/AWSLogs", "s3://bucket/AWSLogs"),
        ("s3://bucket/a b/é.json", "s3://bucket/a b/é.json"),
    ],
)
def test_address_from_text_takes_buckets_prefixes_and_keys(text: str, address: str) -> None:
    assert address_from_text(text) == address


@pytest.mark.parametrize("text", ["s3://", "s3:///key", "s3://b//key", "s3://Bu cket/x", "s3:/bucket/x", "https://b/x"])
def test_address_from_text_refuses_what_is_none(text: str) -> None:
    with pytest.raises(InvocationError, match="not a valid S3 address"):
        address_from_text(text)


@pytest.mark.parametrize(
    ("folder", "visit"),
    [
        ("", Visit.SEARCH),
        ("audit/2024/", Visit.SEARCH),
        ("myAWSLogs/", Visit.SEARCH),
        ("AWSLogs/", Visit.DESCEND),
        ("audit/all/AWSLogs/", Visit.DESCEND),
        ("AWSLogs/o-exampleorg1/", Visit.DESCEND),
        ("AWSLogs/111122223333/", Visit.DESCEND),
        ("AWSLogs/o-exampleorg1/111122223333/", Visit.DESCEND),
        ("AWSLogs/444455556666/", Visit.PRUNE),
        ("AWSLogs/aws-config-rules/", Visit.LEAVE),
        ("AWSLogs/111122223333/CloudTrail/", Visit.DESCEND),
        ("AWSLogs/111122223333/CloudTrail-NetworkActivity/", Visit.DESCEND),
        ("AWSLogs/111122223333/CloudTrail-Aggregated/", Visit.DESCEND),
        ("AWSLogs/111122223333/CloudTrail-Digest/", Visit.LEAVE),
        ("AWSLogs/111122223333/CloudTrail-Insight/", Visit.LEAVE),
        ("AWSLogs/111122223333/Config/", Visit.LEAVE),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/", Visit.LIST),
        ("AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/2024/03/", Visit.LIST),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/", Visit.PRUNE),
        ("AWSLogs/444455556666/CloudTrail/us-east-1/", Visit.PRUNE),
    ],
)
def test_visit_from_folder_goes_where_wanted_logs_lie(folder: str, visit: Visit) -> None:
    assert visit_from_folder(f"s3://b/{folder}", LogScope(frozenset({ACCOUNT}), frozenset({"us-east-1"}))) is visit
    if visit is Visit.PRUNE:
        assert visit_from_folder(f"s3://b/{folder}", LogScope()) in (Visit.DESCEND, Visit.LIST)


def test_label_from_folder_names_the_part_that_is_left() -> None:
    assert label_from_folder(f"s3://b/x/AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail-Digest/") == "CloudTrail-Digest"
    assert label_from_folder("s3://b/AWSLogs/other/") == "other"
    assert label_from_folder("s3://b/athena/") == "athena"


@pytest.mark.parametrize(
    ("since", "until", "after", "before"),
    [
        ("", "", "", ""),
        ("2024-03-05", "", "2024/03/040", ""),
        ("2024-03-01T10:00:00Z", "", "2024/03/000", ""),
        ("", "2024-02-27", "", "2024/03/010"),
        ("", "2024-03-05T08:00:00Z", "", "2024/03/080"),
        ("2023-12-31", "2023-12-31", "2023/12/300", "2024/01/030"),
        ("", "9999-12-30", "", "9999/12/310"),
    ],
)
def test_span_from_folder_holds_the_days_of_the_window_and_three_of_late_files(
    since: str, until: str, after: str, before: str
) -> None:
    scope = LogScope(window=window_from_text(since, until))
    span = FileSpan(after and REGION_FOLDER + after, before and REGION_FOLDER + before)
    for folder in (REGION_FOLDER, f"{REGION_FOLDER}2024/", f"{REGION_FOLDER}2024/03/05/"):
        assert span_from_folder(folder, scope) == span


def test_span_from_folder_puts_each_day_whole_on_one_side() -> None:
    span = span_from_folder(REGION_FOLDER, LogScope(window=window_from_text("2024-03-05", "2024-03-10")))
    for day, inside in (("04", False), ("05", True), ("10", True), ("13", True), ("14", False)):
        for file in ("", "!", "zz/x.json.gz"):
            name = f"{REGION_FOLDER}2024/03/{day}/{file}"
            assert (span.after < name < span.before) is inside


def test_span_from_folder_limits_nothing_where_no_days_are_known() -> None:
    scope = LogScope(window=window_from_text("2024-03-05", "2024-03-05"))
    assert span_from_folder("s3://b/AWSLogs/111122223333/CloudTrail/somewhere/", scope) == NO_SPAN
    assert span_from_folder("s3://b/export/", scope) == NO_SPAN


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("111122223333_CloudTrail_us-east-1_20240305T1005Z_abc.json.gz", True),
        ("111122223333_CloudTrail_us-east-1_20240304T2355Z_abc.json.gz", False),
        ("111122223333_CloudTrail_us-east-1_20240308T2355Z_abc.json.gz", True),
        ("111122223333_CloudTrail_us-east-1_20240309T0005Z_abc.json.gz", False),
        ("111122223333_CloudTrail_eu-west-1_20240305T1005Z_abc.json.gz", False),
        ("444455556666_CloudTrail_us-east-1_20240305T1005Z_abc.json.gz", False),
        ("111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20240305T1005Z.json.gz", True),
        ("events.json", True),
    ],
)
def test_is_file_wanted_leaves_out_only_what_its_name_excludes(name: str, wanted: bool) -> None:
    window = window_from_text("2024-03-05", "2024-03-05")
    scope = LogScope(frozenset({ACCOUNT}), frozenset({"us-east-1"}), window)
    assert is_file_wanted(f"s3://b/flat/{name}", scope) is wanted
    assert is_file_wanted(f"s3://b/flat/{name}", LogScope())


@pytest.mark.parametrize(
    ("name", "is_log"),
    [
        ("s3://b/AWSLogs/x.json.gz", True),
        ("logs.json", True),
        ("s3://b/2026/09/01/00/trail-1-2026-09-01-00-05-12-0f0e1d2c-1111-4222-8333-a1b2c3d4e5f6", True),
        ("s3://b/2026/09/01/00/trail-1-2026-09-01-00-05-12-0f0e1d2c-1111-4222-8333-a1b2c3d4e5f6.gz", True),
        ("s3://b/exported/aws-logs-write-test", False),
        ("s3://b/0f0e1d2c-1111-4222-8333-a1b2c3d4e5f6", False),
        ("s3://b/trail-1-2026-09-01-00-05-12-0f0e1d2c-1111-4222-8333-a1b2c3d4e5f6.parquet", False),
        ("notes.txt", False),
    ],
)
def test_is_log_name_knows_what_trails_exports_and_firehose_write(name: str, is_log: bool) -> None:
    assert is_log_name(name) is is_log


OTHER = "444455556666"


@pytest.mark.parametrize(
    ("path", "account"),
    [
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2024/03/02/x.json.gz", ACCOUNT),
        (f"s3://b/some/prefix/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2024/03/02/x.json.gz", ACCOUNT),
        (f"s3://b/AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail/us-east-1/2024/03/02/x.json.gz", ACCOUNT),
        # AWS Control Tower's log archive: the organization is also the prefix
        (f"s3://b/o-exampleorg1/AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail/us-east-1/x.json.gz", ACCOUNT),
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail-Insight/us-east-1/x.json.gz", ACCOUNT),
        (f"s3://b/AWSLogs/{ACCOUNT}/anything/x.json", ACCOUNT),
        (f"AWSLogs/{ACCOUNT}/x.json", ACCOUNT),
        (f"/home/me/AWSLogs/{ACCOUNT}/x.json", ACCOUNT),
        (f"C:\\logs\\AWSLogs\\{ACCOUNT}\\CloudTrail\\x.json", ACCOUNT),
        (f"AWSLogs/AWSLogs/{ACCOUNT}/x.json", ACCOUNT),
        (f"AWSLogs/{ACCOUNT}/AWSLogs/{ACCOUNT}/x.json", ACCOUNT),
        (f"AWSLogs/{ACCOUNT}/AWSLogs/x.json", ACCOUNT),
        # no place to compare with
        ("x.json", ""),
        (f"{ACCOUNT}_CloudTrail_us-east-1_20240310T0000Z_Mu0KsOhtH1ar15ZZ.json.gz", ""),
        (f"logs/{ACCOUNT}/CloudTrail/x.json", ""),
        (f"AWSLogs/{ACCOUNT}", ""),
        (f"AWSLogs/{ACCOUNT}.json", ""),
        (f"myAWSLogs/{ACCOUNT}/x.json", ""),
        (f"AWSLogs/team/{ACCOUNT}/x.json", ""),
        ("AWSLogs/1111222233334/x.json", ""),
        ("AWSLogs/١١١١٢٢٢٢٣٣٣٣/x.json", ""),
        ("cloudtrail://us-east-1/event", ""),
        ("athena://db.table/2024/03/02", ""),
        # folders of two accounts: the last is CloudTrail's own, and no account's records belong into both
        (f"AWSLogs/{ACCOUNT}/AWSLogs/{OTHER}/CloudTrail/x.json", f"{OTHER} in that of {ACCOUNT}"),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/AWSLogs/o-exampleorg1/{OTHER}/x.json", f"{OTHER} in that of {ACCOUNT}"),
    ],
)
def test_account_from_path_is_that_of_the_folder_below_awslogs(path: str, account: str) -> None:
    assert account_from_path(path) == account
