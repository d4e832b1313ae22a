"""Buckets on the test servers, filled with logs as trails lay them out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.usage.ingest_result import IngestResult
from lpgen.edge.aws_session import Connection
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.ledger import read_generation
from lpgen.edge.objects.finder import BucketLogs
from lpgen.edge.objects.s3_store import S3Store
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server
from tests.support.ingests import ingest
from tests.support.log_samples import log_bytes, record_json

CATALOG: Catalog = open_catalog()
ORGANIZATION = "o-exampleorg1"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of its own on a server."""

    server: Server
    name: str
    client: Any

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Writes objects by key, with the headers that CloudTrail gives them."""

        def put_one(item: tuple[str, bytes]) -> None:
            self.client.put_object(
                Bucket=self.name,
                Key=item[0],
                Body=item[1],
                ContentType="application/json",
                ContentEncoding="gzip" if item[0].endswith(".gz") else "identity",
            )

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put_one, objects.items()))

    def remove(self, *keys: str) -> None:
        """Removes objects."""
        for key in keys:
            self.client.delete_object(Bucket=self.name, Key=key)

    def address(self, prefix: str = "") -> str:
        """Its address, or that of a prefix in it."""
        return f"s3://{self.name}/{prefix}"


def make_bucket(server: Server) -> Bucket:
    """A new and empty bucket."""
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    client = session.client("s3", endpoint_url=server.url)
    name = f"trail-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    return Bucket(server, name, client)


def log_key(day: str, number: int = 0, *, account: str = "111122223333", region: str = "us-east-1") -> str:
    """The key of a log file, below `AWSLogs/`, as CloudTrail names it. `day` is `2024-03-05`."""
    stem = f"{account}_CloudTrail_{region}_{day.replace('-', '')}T1005Z_{number:016}.json.gz"
    return f"AWSLogs/{account}/CloudTrail/{region}/{day.replace('-', '/')}/{stem}"


def daily_logs(days: Iterable[int], *, account: str = "111122223333", region: str = "us-east-1") -> dict[str, bytes]:
    """A log file for each of these days of March 2024, with records of the day."""
    found = {}
    for day in days:
        record = record_json(day - 1, recipientAccountId=account, awsRegion=region)
        record["eventID"] = f"{account}-{region}-{day}"
        found[log_key(f"2024-03-{day:02}", day, account=account, region=region)] = log_bytes([record])
    return found


def write_folder(folder: Path, objects: Mapping[str, bytes]) -> Path:
    """The same as files."""
    for key, data in objects.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def take_from(server: Server, data: Path, *addresses: str, paths: Iterable[Path] = (), **options: Any) -> IngestResult:
    """Ingests addresses, asking a server."""
    scope = {name: frozenset(options.pop(name, ())) for name in ("accounts", "regions")}
    pays = options.pop("requester_pays", False)
    store = S3Store(Connection(region=REGION, endpoint_url=server.url), pays)
    logs = BucketLogs(store, addresses, **scope)
    return ingest(paths, CATALOG, data=data, bucket_logs=logs, **options)


def content(data: Path) -> dict[str, bytes]:
    """The bytes of the tables that count."""
    folder = data / "usage" / read_generation(data)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def content_from_files(room: Path, objects: Mapping[str, bytes], **options: Any) -> dict[str, bytes]:
    """The tables that an ingest of the same files gives."""
    ingest([write_folder(room / "files", objects)], CATALOG, data=room / "files-data", **options)
    return content(room / "files-data")
