"""S3 server access logs from files and buckets: uses that count once, and refusals that name file and line."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.evidence import LogCoverage
from lpgen.core.model import SkipReason
from lpgen.core.usage.event_time import TimeWindow
from lpgen.core.usage.ingest_result import FileProblem, IngestResult
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.log_layout import LogScope, is_file_wanted, is_log_name, owners_from_name
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.logs.inflate import ReadLimits
from lpgen.edge.logs.log_format import LogFormat
from tests.support.access_logs import BUCKET, NAME, OWNER, encoded, line, log
from tests.support.aws_servers import Server
from tests.support.ingests import ingest
from tests.support.log_samples import ACCOUNT, log_bytes, record_json, rows
from tests.support.s3_buckets import content, make_bucket, take_from, write_folder

CATALOG = open_catalog()
PARTITIONED = f"{ACCOUNT}/eu-west-1/{BUCKET}/2024/03/05/2024-03-05-00-00-00-0123456789ABCDEF"
BAD = line(uri='"GET /" 403 AccessDenied 1 2 3 4 "-" "x" - h= SigV4 c AuthHeader h TLSv1.2 - "y"')
SMALL = log(
    line(request="R1"),
    line(request="R2", key=encoded("in/b c.csv"), version="3HL4kqtJ"),
    line(request="R3", operation="REST.COPY.OBJECT_GET", key="in/c", uri="-", referrer="-", agent="-"),
    line(request="R3", operation="REST.COPY.OBJECT", key="out/c", uri='"PUT /out/c HTTP/1.1"'),
    line(request="R4", operation="REST.GET.BUCKET", key="-", status="403", error="AccessDenied"),
    line(request="R5", operation="REST.POST.MULTI_OBJECT_DELETE", key="-"),
    line(request="R5", operation="BATCH.DELETE.OBJECT", key="out/a", uri="-", status="204"),
    line(request="R5", operation="BATCH.DELETE.OBJECT", key="out/b", uri="-", status="204"),
    line(request="R6", requester=f"arn:aws:iam::{ACCOUNT}:user/ann", operation="REST.PUT.OBJECT", key="out/d"),
    line(request="R7", requester="-"),
    line(request="R8", requester=OWNER),
    line(request="R9", operation="REST.NEW.THING"),
    line(request="R10", operation="S3.EXPIRE.OBJECT", requester="AmazonS3", uri='"-"', status="-"),
    line(request="R1"),
    BAD,
)


def take(data: Path, *paths: Path, **options: Any) -> IngestResult:
    return ingest(paths, CATALOG, data=data, **options)


def coverage(data: Path) -> LogCoverage:
    return coverage_from_usage(read_usage(data))


def test_small_log_gives_these_tables(tmp_path: Path) -> None:
    result = take(tmp_path / "data", write_folder(tmp_path / "logs", {NAME: SMALL}))
    assert (result.records, result.usage_records) == (15, 8)
    usage = read_usage(tmp_path / "data")
    worker, ann = f"assumed-role/{ACCOUNT}/worker", f"arn:aws:iam::{ACCOUNT}:user/ann"
    on_bucket = f"arn:aws:s3:::{BUCKET}"
    found = [
        (row["principal"], row["action"], row["example_resource"], row["outcome"], row["records"])
        for row in rows(usage.table)
    ]
    assert sorted(found) == sorted(
        [
            (worker, "s3:GetObject", f"{on_bucket}/in/a.csv", "allowed", 2),
            (worker, "s3:GetObjectVersion", f"{on_bucket}/in/b c.csv", "allowed", 1),
            (worker, "s3:PutObject", f"{on_bucket}/out/c", "allowed", 1),
            (worker, "s3:ListBucket", on_bucket, "denied", 1),
            (worker, "s3:DeleteObject", f"{on_bucket}/out/a", "allowed", 2),
            (ann, "s3:PutObject", f"{on_bucket}/out/d", "allowed", 1),
        ]
    )
    assert {(row["category"], row["how"], row["vpc_endpoint"]) for row in rows(usage.table)} == {
        ("access_log", "access-log", "")
    }
    skips = {row["reason"]: (row["records"], row["principal"]) for row in rows(usage.skips)}
    assert skips == {
        SkipReason.NO_PERMISSION: (1, worker),
        SkipReason.ANONYMOUS_CALLER: (1, ""),
        SkipReason.ROOT_CALLER: (1, ""),
        SkipReason.UNMAPPED: (1, worker),
        SkipReason.SERVICE_CALLER: (1, ""),
        SkipReason.DUPLICATE: (1, worker),
        SkipReason.BAD_RECORD: (1, worker),
    }
    assert result.problems == (
        FileProblem(str(tmp_path / "logs" / NAME), "it can't be split into its fields in exactly one way (line 15)"),
    )


def test_silence_and_networks_are_never_covered(tmp_path: Path) -> None:
    """An access log adds no day, no caller and no kind of event to what the logs could have shown."""
    trail = {f"a/{number}.json.gz": log_bytes([record_json(number)]) for number in range(20)}
    take(tmp_path / "plain", write_folder(tmp_path / "trail", trail))
    later = log(*(line(time=f"{day:02}/Apr/2024:10:00:00 +0000", request=f"R{day}") for day in range(1, 29)))
    write_folder(tmp_path / "both", {**trail, NAME: SMALL, PARTITIONED: later})
    take(tmp_path / "data", tmp_path / "both")
    plain, both = read_usage(tmp_path / "plain"), read_usage(tmp_path / "data")
    assert coverage(tmp_path / "data") == coverage(tmp_path / "plain")
    assert rows(both.activity) == rows(plain.activity)
    assert rows(both.networks) == rows(plain.networks)
    assert sum(row["records"] for row in rows(both.coverage)) == 20 + 15 + 28


@pytest.mark.parametrize("engine", [LocalEngine(1), LocalEngine(2)], ids=["one", "two"])
def test_tables_dont_depend_on_order_or_processes(engine: LocalEngine, tmp_path: Path) -> None:
    objects = {
        f"p/2024-03-{day:02}-00-00-00-{'0' * 16}": log(
            *(line(request=f"R{day}-{number}", key=f"in/{number}") for number in range(50))
        )
        for day in range(1, 20)
    }
    names = list(objects)
    take(tmp_path / "one", write_folder(tmp_path / "logs", objects))
    random.Random(1).shuffle(names)
    take(tmp_path / "two", *(tmp_path / "logs" / name for name in names), engine=engine)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_log_that_is_ingested_again_changes_nothing(tmp_path: Path) -> None:
    logs, data = write_folder(tmp_path / "logs", {NAME: SMALL}), tmp_path / "data"
    take(data, logs)
    before = content(data)
    again = take(data, logs, write_folder(tmp_path / "copy", {f"other-{NAME}": SMALL}))
    assert (again.files_read, again.files_known) == (0, 2)
    assert content(data) == before


def test_window_leaves_out_and_takes_back(tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {NAME: log(line(), line(request="R2", time="06/Mar/2024:10:00:00 +0000"))})
    take(tmp_path / "data", logs, window=TimeWindow("2024-03-06T00:00:00"))
    assert sum(row["records"] for row in rows(read_usage(tmp_path / "data").table)) == 1
    take(tmp_path / "data", logs)
    take(tmp_path / "whole", logs)
    assert rows(read_usage(tmp_path / "data").table) == rows(read_usage(tmp_path / "whole").table)


def test_odd_files_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    whole = log(line(request="R1"), line(request="R2"))
    objects = {
        "windows": whole.replace(b"\n", b"\r\n"),
        "gzip": gzip.compress(log(line(request="R3")), mtime=0),
        "bytes": log(line(request="R4")).replace(b"aws-cli", b"aws\xff\x00cli"),
        "cut": log(line(request="R5"), line(request="R6"))[:-300],
        "cut-gzip": gzip.compress(log(*(line(request=f"S{number}") for number in range(900))), mtime=0)[:-900],
        "empty": b"",
        "lines": b"\n\n" + log(line(request="R7")),
    }
    folder = write_folder(tmp_path / "logs", {f"{name}-{NAME}": data for name, data in objects.items()})
    result = take(tmp_path / "data", folder)
    (problem,) = (problem for problem in result.problems if "/cut-2024" in problem.path)
    assert "line 2" in problem.why
    assert result.usage_records == 6


def test_limits_hold_for_lines(tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {NAME: log(*(line(request=f"R{number}") for number in range(10)))})
    result = take(tmp_path / "data", logs, limits=ReadLimits(records=4))
    assert result.usage_records == 4
    assert "more than 4 records" in str(result.problems)
    broken = write_folder(tmp_path / "broken", {NAME: log(line(), *(["x"] * 9), line(request="R2"))})
    result = take(tmp_path / "other", broken, limits=ReadLimits(broken=4))
    assert result.usage_records == 1


OTHERS = {
    "cloudfront.gz": b"#Version: 1.0\n#Fields: date time x-edge-location\n2024-03-05\t10:00:00\tFRA2\n",
    "vpc.gz": b"version account-id interface-id srcaddr\n2 123456789010 eni-1 172.31.16.139\n",
    "trail.json": log_bytes([record_json(0)]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_only_access_logs_may_be_asked_for(name: str, tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {NAME: SMALL, name: OTHERS[name]})
    result = take(tmp_path / "data", logs, only=LogFormat.S3_ACCESS)
    assert result.usage_records == 8
    assert result.failures == (FileProblem(str(logs / name), "line 1: it isn't an S3 server access log"),)


def test_only_trails_may_be_asked_for(tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {NAME: SMALL, "trail.json": OTHERS["trail.json"]})
    result = take(tmp_path / "data", logs, only=LogFormat.CLOUDTRAIL)
    assert result.usage_records == 1
    assert result.failures == (FileProblem(str(logs / NAME), "line 1: it is an S3 server access log"),)


def test_refused_file_is_read_later(tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {NAME: SMALL, "trail.json": OTHERS["trail.json"]})
    for only in (LogFormat.S3_ACCESS, None):
        take(tmp_path / "data", logs, only=only)
    take(tmp_path / "whole", logs)
    assert content(tmp_path / "data") == content(tmp_path / "whole")


def test_folder_of_an_account_tells_whose_logs_they_are(tmp_path: Path) -> None:
    take(tmp_path / "data", write_folder(tmp_path / "logs", {f"AWSLogs/{ACCOUNT}/s3/{NAME}": log(line())}))
    (row,) = rows(read_usage(tmp_path / "data").table)
    assert (row["recipient_account"], row["principal"]) == (ACCOUNT, f"assumed-role/{ACCOUNT}/worker")


# ---------------------------------------------------------------- in a bucket


@pytest.mark.usefixtures("server_keys")
def test_bucket_gives_the_same_as_files(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    objects = {
        f"simple/app-{NAME}": SMALL,
        f"by-day/{PARTITIONED}": log(line(request="P1"), line(request="P2", bucket="other-bucket")),
        "simple/notes.txt": b"no log",
    }
    bucket.put(objects)
    take(tmp_path / "files", write_folder(tmp_path / "logs", objects))
    for number in range(2):
        result = take_from(s3, tmp_path / "data", bucket.address())
        assert (result.objects_read, result.objects_known) == ((2, 0), (0, 2))[number]
        assert not result.failures
        assert content(tmp_path / "data") == content(tmp_path / "files")
    refused = take_from(s3, tmp_path / "other", bucket.address(), only=LogFormat.CLOUDTRAIL)
    assert (refused.objects_read, len(refused.failures)) == (0, 2)
    usage = read_usage(tmp_path / "data")
    placed = [row for row in rows(usage.table) if row["recipient_account"]]
    assert [(row["recipient_account"], row["region"]) for row in placed] == [(ACCOUNT, "eu-west-1")]
    assert [row["records"] for row in rows(usage.skips) if row["reason"] == SkipReason.MISPLACED] == [1]


def test_names_tell_logs_and_their_days() -> None:
    names = (f"s3://b/{NAME}", f"s3://b/p-{NAME}", f"s3://b/p/{PARTITIONED}")
    assert all(map(is_log_name, names))
    assert not any(map(is_log_name, ("s3://b/2024-03-05", f"s3://b/{NAME}.txt", "s3://b/x-ABCDEF0123456789")))
    for since, until, wanted in (
        ("2024-03-05T00:00:00", "", True),
        ("2024-03-06T00:00:00", "", False),
        ("", "2024-03-03T00:00:00", True),
        ("", "2024-03-01T00:00:00", False),
    ):
        assert [is_file_wanted(name, LogScope(window=TimeWindow(since, until))) for name in names] == [wanted] * 3
    assert [owners_from_name(name) for name in names] == [frozenset(), frozenset(), {ACCOUNT, "eu-west-1"}]
    for scope in (LogScope(frozenset(["444455556666"])), LogScope(regions=frozenset(["us-east-1"]))):
        assert [is_file_wanted(name, scope) for name in names] == [True, True, False]
