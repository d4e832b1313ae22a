"""Log files in the folder of another account than their records': counted, said, and without effect on their copies."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.usage.event_time import TimeWindow
from lpgen.core.usage.ingest_result import IngestResult
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.object_store import Body, ListingPage, StoredObject
from lpgen.edge.objects.finder import BucketLogs
from lpgen.errors import AwsError
from tests.cli.test_main import RECORD, run
from tests.support.documents import ROOT
from tests.support.ingests import ingest
from tests.support.log_samples import ACCOUNT, log_bytes, record_json, rows

CATALOG: Catalog = open_catalog()
OTHER = "444455556666"
LOG = log_bytes([record_json(number) for number in (1, 2)])
RIGHT = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2024/03/02/log.json.gz"
WRONG = f"AWSLogs/{OTHER}/CloudTrail/us-east-1/2024/03/02/log.json.gz"
EARLIER = "AWSLogs/000000000000/CloudTrail/us-east-1/2024/03/02/log.json.gz"
FLAT = "flat/log.json.gz"


def take(data: Path, *paths: Path, window: TimeWindow = TimeWindow(), workers: int = 0) -> IngestResult:  # noqa: B008
    return ingest(paths, CATALOG, data=data, window=window, engine=LocalEngine(workers) if workers else None)


def skip_counts(result: IngestResult) -> dict[str, int]:
    return {skip.reason.value: skip.count for skip in result.skips}


def used(data: Path) -> list[tuple[str, int]]:
    return sorted((row["resource"], row["records"]) for row in rows(read_usage(data).table))


def write(home: Path, *names: str, data: bytes = LOG) -> Path:
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)
    return home


@pytest.fixture
def expected(tmp_path: Path) -> list[tuple[str, int]]:
    take(tmp_path / "expected", write(tmp_path / "only", RIGHT))
    return used(tmp_path / "expected")


def test_ingest_says_where_the_first_misplaced_record_lies_and_whose_it_is(tmp_path: Path) -> None:
    write(tmp_path, WRONG, data=log_bytes([RECORD]))
    write(tmp_path, RIGHT, data=log_bytes([{**RECORD, "eventID": "e2"}]))
    for strict, code in ((["--strict"], 3), ([], 0)):
        done = run("ingest", str(tmp_path / "AWSLogs"), "--data", str(tmp_path / f"data{code}"), *strict)
        assert done.returncode == code, done.stderr
        assert "skipped 1: records in another account's folder, which aren't counted (misplaced)" in done.stderr
        what = f"record 1: a record of account {ACCOUNT} in the folder of account {OTHER}"
        assert f"{tmp_path / WRONG}, {what}" in done.stderr
    checked = run("check", "--data", str(tmp_path / "data0"))
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    "place",
    [
        f"AWSLogs/{ACCOUNT}/CloudTrail",
        f"AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail",
        f"o-exampleorg1/AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail",
        f"any/prefix/AWSLogs/{ACCOUNT}/CloudTrail",
        "flat",
    ],
)
def test_ingest_counts_records_in_their_account_s_folder_in_every_layout(
    place: str, expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    result = take(tmp_path / "data", write(tmp_path / "logs", f"{place}/log.json.gz"))
    assert (skip_counts(result), used(tmp_path / "data")) == ({}, expected)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("names", [(EARLIER, RIGHT), (RIGHT, WRONG), (EARLIER, RIGHT, WRONG, FLAT), (EARLIER, FLAT)])
def test_misplaced_copy_hides_no_file_of_one_ingest(
    names: tuple[str, ...], workers: int, expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    logs = write(tmp_path / "logs", *names)
    take(tmp_path / "data", logs, workers=workers)
    assert used(tmp_path / "data") == expected
    again = take(tmp_path / "data", logs)
    assert (again.files_read, used(tmp_path / "data")) == (0, expected)


@pytest.mark.parametrize("names", tuple(permutations((EARLIER, RIGHT, WRONG))))
def test_misplaced_copy_hides_no_file_of_a_later_ingest(
    names: tuple[str, ...], expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    for name in names:
        take(tmp_path / "data", write(tmp_path / "logs", name))
    assert used(tmp_path / "data") == expected
    checked = run("check", "--data", str(tmp_path / "data"))
    assert checked.returncode == 0, checked.stdout


def test_misplaced_file_counts_nothing_when_it_is_read_for_a_wider_window(
    expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    mixed = log_bytes([record_json(20), record_json(21, recipientAccountId=OTHER)])
    logs = write(tmp_path / "logs", RIGHT, data=mixed)
    write(logs, WRONG)
    late = TimeWindow(since="2024-03-30T00:00:00")
    first = take(tmp_path / "data", logs, window=late)
    assert skip_counts(first) == {"misplaced": 3, "out_of_window": 1}
    wide = take(tmp_path / "data", logs)
    assert (wide.read_again, skip_counts(wide)) == (1, {})
    assert used(tmp_path / "data") == [("arn:aws:s3:::bucket/a/b/*", 1)]
    take(tmp_path / "data", write(logs, FLAT))
    assert used(tmp_path / "data") == sorted([*expected, ("arn:aws:s3:::bucket/a/b/*", 1)])


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket `b` in memory, whose objects have the `etag` of their number."""

    objects: tuple[str, ...]

    def elsewhere(self) -> Bucket:
        return self

    def list_page(self, prefix: str, *, by_folder: bool, after: str = "", token: str = "") -> ListingPage:
        """All names in a folder in one page, as the protocol says."""
        assert not token
        below = [f"s3://b/{name}" for name in sorted(self.objects) if f"s3://b/{name}".startswith(prefix)]
        folders = {prefix + one.removeprefix(prefix).partition("/")[0] + "/" for one in below}
        if by_folder and any("/" in one.removeprefix(prefix) for one in below):
            return ListingPage((), tuple(sorted(folders)), "")
        return ListingPage(tuple(StoredObject(one, len(LOG), one[-40:]) for one in below if one > after), (), "")

    def read_all(self, objects: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, Body | AwsError]]:
        """The same bytes for each."""
        return ((obj, Body(LOG, obj.etag)) for obj in objects)


@pytest.mark.parametrize("names", [(EARLIER, RIGHT), (RIGHT, WRONG), (EARLIER, RIGHT, WRONG)])
def test_misplaced_object_hides_no_object(
    names: tuple[str, ...], expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    for _ in range(2):
        bucket = BucketLogs(Bucket(names), ("s3://b/",))
        ingest([], CATALOG, data=tmp_path / "data", bucket_logs=bucket)
        assert used(tmp_path / "data") == expected


def test_sample_logs_lie_in_their_accounts_folders(tmp_path: Path) -> None:
    logs = ROOT / "sample_logs"
    shutil.copytree(logs / "AWSLogs", tmp_path / "AWSLogs")
    assert "misplaced" not in skip_counts(take(tmp_path / "data", tmp_path / "AWSLogs"))
