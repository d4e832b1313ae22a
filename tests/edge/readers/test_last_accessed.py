"""Service last accessed reports as people have them: pages, indexes, unfinished jobs, other files."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.last_accessed import ServiceAccess
from lpgen.edge.readers.last_accessed import read_last_accessed
from lpgen.errors import LastAccessedError

ROLE = "arn:aws:iam::111122223333:role/app"
S3: dict[str, Any] = {
    "ServiceName": "Amazon S3",
    "ServiceNamespace": "s3",
    "LastAuthenticated": "2026-09-20T23:30:00-02:00",
    "LastAuthenticatedEntity": ROLE,
    "LastAuthenticatedRegion": "eu-west-1",
    "TotalAuthenticatedEntities": 1,
    "TrackedActionsLastAccessed": [
        {"ActionName": "PutBucketPolicy", "LastAccessedEntity": ROLE, "LastAccessedTime": "2026-09-01T00:00:00Z"},
        {"ActionName": "DeleteBucket"},
    ],
}
SQS: dict[str, Any] = {"ServiceName": "Amazon SQS", "ServiceNamespace": "sqs", "TotalAuthenticatedEntities": 0}


def page(*services: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "JobStatus": "COMPLETED",
        "JobType": "ACTION_LEVEL",
        "JobCreationDate": "2026-10-01T10:00:00Z",
        "JobCompletionDate": "2026-10-01T10:00:01Z",
        "ServicesLastAccessed": list(services),
        "IsTruncated": False,
        **fields,
    }


def write(folder: Path, **documents: Any) -> Path:
    for name, document in documents.items():
        text = document if isinstance(document, str) else json.dumps(document)
        (folder / f"{name}.json").write_text(text, "utf-8")
    return folder


def test_read_last_accessed_reads_services_and_tracked_actions(tmp_path: Path) -> None:
    (report,), problems = read_last_accessed(write(tmp_path, app=page(S3, SQS)))
    assert problems == ()
    assert (report.stem, report.arn, report.entity, report.made) == ("app", "", ROLE, date(2026, 10, 1))
    actions = (("deletebucket", None), ("putbucketpolicy", date(2026, 9, 1)))
    assert report.services == (
        ServiceAccess("s3", date(2026, 9, 21), "eu-west-1", actions),
        ServiceAccess("sqs", None, "", ()),
    )


@pytest.mark.parametrize("joined", ["lines", "array"])
def test_read_last_accessed_joins_pages(joined: str, tmp_path: Path) -> None:
    pages = [page(S3, IsTruncated=True, Marker="m"), page(SQS)]
    text = json.dumps(pages) if joined == "array" else "\n".join(json.dumps(page, indent=2) for page in pages)
    (report,), problems = read_last_accessed(write(tmp_path, app=text))
    assert [service.service for service in report.services] == ["s3", "sqs"]
    assert problems == ()


def test_read_last_accessed_says_that_pages_are_missing(tmp_path: Path) -> None:
    (report,), problems = read_last_accessed(write(tmp_path, app=page(S3, IsTruncated=True)))
    assert report.service("sqs") is None
    assert len(problems) == 1
    assert "more pages" in problems[0]


def test_read_last_accessed_takes_arns_from_the_index(tmp_path: Path) -> None:
    (report,), _ = read_last_accessed(write(tmp_path, first=page(SQS), index={"first.json": ROLE}))
    assert report.arn == ROLE


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (page(JobStatus="IN_PROGRESS"), "not finished: its `JobStatus` is `IN_PROGRESS`"),
        (page(JobStatus="FAILED"), "`FAILED`"),
        ([], "not finished"),
        ("{", "not valid JSON"),
        ({"Records": []}, "not a report"),
        (page({**S3, "LastAuthenticated": "yesterday"}), "`yesterday` is not a time"),
        (page({**S3, "TotalAuthenticatedEntities": 2}), "several principals"),
        (page(S3, {**S3, "ServiceNamespace": "x", "LastAuthenticatedEntity": f"{ROLE}2"}), "several principals"),
        (page(JobCompletionDate=None, JobCreationDate=None), "its date is unknown"),
    ],
)
def test_read_last_accessed_leaves_out_and_names_what_is_no_finished_report(
    document: Any, message: str, tmp_path: Path
) -> None:
    reports, problems = read_last_accessed(write(tmp_path, app=document, good=page(SQS)))
    assert [report.stem for report in reports] == ["good"]
    assert len(problems) == 1
    assert message in problems[0]


def test_read_last_accessed_refuses_a_missing_or_empty_folder_and_a_broken_index(tmp_path: Path) -> None:
    with pytest.raises(LastAccessedError, match="there is no folder"):
        read_last_accessed(tmp_path / "gone")
    with pytest.raises(LastAccessedError, match="holds no"):
        read_last_accessed(tmp_path)
    with pytest.raises(LastAccessedError, match="lists `other"):
        read_last_accessed(write(tmp_path, app=page(SQS), index={"other.json": ROLE}))
    with pytest.raises(LastAccessedError, match="can't read"):
        read_last_accessed(write(tmp_path, index="[1]"))
