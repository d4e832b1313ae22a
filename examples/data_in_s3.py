"""Keep a data folder in S3 between jobs on temporary machines: fetch it, ingest into it, store it.

Run one job at a time: nothing in S3 locks the folder for two jobs at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

LEDGER = "ledger.sqlite"


def fetch_data(s3: Any, bucket: str, prefix: str, folder: Path) -> None:
    """Copies the objects below the prefix into a local folder. No objects yet means an empty data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for key in _keys(s3, bucket, prefix):
        path = folder / key.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(path))


def store_data(s3: Any, bucket: str, prefix: str, folder: Path) -> None:
    """Copies the folder back: tables first, then the ledger, which names the current tables. Deletes old tables last.

    A job that dies in between leaves the old state or the new state.
    """
    paths = {prefix + path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    there = set(_keys(s3, bucket, prefix))
    for key, path in sorted(paths.items(), key=lambda item: item[1].name == LEDGER):
        if key not in there or path.name == LEDGER:  # tables never change
            s3.upload_file(str(path), bucket, key)
    for key in there - set(paths):
        s3.delete_object(Bucket=bucket, Key=key)


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", ()) if not item["Key"].endswith("/")]
