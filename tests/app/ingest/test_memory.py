"""An ingest's memory follows the tables that it makes, not the number of objects that it reads."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

_INGEST = """
import gzip, json, resource, sys, tempfile
from pathlib import Path

from tests.support.ingests import ingest
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.objects.finder import BucketLogs
from lpgen.edge.object_store import Body, ListingPage, StoredObject
from lpgen.edge.ingest import reading as ingest_reading
from tests.support.log_samples import record_json

count = int(sys.argv[1])
ingest_reading.CHECKPOINT_FILES = 500
PADDING = "x" * 100_000

class Endless:
    "A bucket of so many objects, each made when it is asked for."

    def list_page(self, prefix, *, by_folder, after="", token=""):
        if by_folder:
            return ListingPage((), (), "")
        start, end = int(token or 0), min(int(token or 0) + 500, count)
        names = (f"s3://bucket/{'deep/' * 40}{number:09}.json" for number in range(start, end))
        names = tuple(StoredObject(name, 101_000, "e") for name in names)
        return ListingPage(names, (), str(end) if end < count else "")

    def read_all(self, objects):
        for listed in objects:
            number = int(listed.name[-14:-5])
            record = {**record_json(number % 28), "eventID": str(number), "userAgent": PADDING}
            yield listed, Body(json.dumps({"Records": [record]}).encode(), "e")

logs = BucketLogs(Endless(), ("s3://bucket/",))
with tempfile.TemporaryDirectory() as data:
    result = ingest([], open_catalog(), data=Path(data), bucket_logs=logs)
assert (result.objects_read, result.usage_records) == (count, count), result
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kilobytes(objects: int) -> int:
    """The most memory that an ingest of so many objects, of 100 kB each, took in one process."""
    done = subprocess.run(
        [sys.executable, "-c", _INGEST, str(objects)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_ingest_of_ten_times_the_objects_takes_about_the_same_memory() -> None:
    few, many = peak_kilobytes(600), peak_kilobytes(6_000)
    assert many < few * 1.15 + 10_000
