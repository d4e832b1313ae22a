"""What ingest is measured against: `python -m bench.yardsticks parse|stdlib|duckdb|duckdb-requests FOLDER OUT`.

Each reads the gzipped log files of a folder on its own, and starts cold:

- `parse` inflates and decodes with the libraries that lpgen uses, and keeps nothing.
- `stdlib` aggregates by the fields that tell calls apart, with gzip and json.
- `duckdb` does the same in DuckDB's SQL over typed JSON, on `--threads` threads, into parquet.
- `duckdb-requests` groups by the request parameters too, without which nobody can say which resource a call needed.
"""

from __future__ import annotations

import argparse
import csv
import gc
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final


def _log_files(folder: Path) -> Iterator[Path]:
    return folder.rglob("*.json.gz")


def parse(folder: Path) -> None:
    """Inflates and decodes every file, with the libraries and the structs of ingest, and keeps nothing."""
    import msgspec
    from isal import isal_zlib

    from lpgen.core.cloudtrail.records import Record

    log_file = msgspec.defstruct("LogFile", [("Records", list[Record])])
    decode = msgspec.json.Decoder(log_file).decode
    gc.disable()
    for path in _log_files(folder):
        decode(isal_zlib.decompress(path.read_bytes(), 31))


def aggregate_with_stdlib(folder: Path, out: Path) -> None:
    """Counts calls with gzip and json, and writes them as CSV."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for path in _log_files(folder):
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            identity = record["userIdentity"]
            session = identity.get("sessionContext", {})
            key = (
                session.get("sessionIssuer", {}).get("arn") or identity.get("arn"),
                record["recipientAccountId"],
                record["awsRegion"],
                record["eventTime"][:10],
                record["eventSource"],
                record["eventName"],
                record.get("eventCategory"),
                record.get("errorCode"),
                identity.get("invokedBy"),
            )
            row = groups.get(key)
            if row is None:
                groups[key] = [record["eventTime"], record["eventTime"], 1, record["eventID"]]
                continue
            row[0] = min(row[0], record["eventTime"])
            row[1] = max(row[1], record["eventTime"])
            row[2] += 1
    with out.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows((*key, *row) for key, row in groups.items())


_QUERY: Final = """
COPY (
    SELECT coalesce(r.userIdentity.sessionContext.sessionIssuer.arn, r.userIdentity.arn) AS principal,
        r.recipientAccountId AS account, r.awsRegion AS region, r.eventTime[1:10] AS day, r.eventSource, r.eventName,
        r.eventCategory, r.errorCode, r.userIdentity.invokedBy AS invoked_by {request},
        min(r.eventTime) AS first_seen, max(r.eventTime) AS last_seen, count(*) AS records, min(r.eventID) AS example
    FROM (SELECT unnest(Records) AS r FROM read_json(
        '{folder}/**/*.json.gz', format = 'unstructured', maximum_object_size = 1073741824,
        columns = {{Records: 'STRUCT({fields})[]'}}))
    GROUP BY ALL
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""
_FIELDS: Final = (
    "eventSource VARCHAR, eventName VARCHAR, eventTime VARCHAR, eventID VARCHAR, awsRegion VARCHAR, "
    "recipientAccountId VARCHAR, errorCode VARCHAR, eventCategory VARCHAR, userIdentity STRUCT(arn VARCHAR, "
    "invokedBy VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR)))"
)


def aggregate_with_duckdb(folder: Path, out: Path, *, threads: int, with_requests: bool) -> None:
    """Counts calls in SQL, and writes them as parquet."""
    import duckdb

    request = ", r.requestParameters::VARCHAR AS request" if with_requests else ""
    fields = f"{_FIELDS}, requestParameters JSON" if with_requests else _FIELDS
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute(_QUERY.format(request=request, folder=folder, fields=fields, out=out))


def main() -> None:
    """Runs the yardstick that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("parse", "stdlib", "duckdb", "duckdb-requests"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    if asked.name == "parse":
        parse(asked.folder)
    elif asked.name == "stdlib":
        aggregate_with_stdlib(asked.folder, asked.out)
    else:
        with_requests = asked.name == "duckdb-requests"
        aggregate_with_duckdb(asked.folder, asked.out, threads=asked.threads, with_requests=with_requests)


if __name__ == "__main__":
    main()
