"""Reads service last accessed reports: outputs of `aws iam get-service-last-accessed-details`, one for each principal.

A file is named `ACCOUNT-KIND-NAME.json`, like output folders, or just `NAME.json`. Otherwise an `index.json` in the
same folder gives the ARN of each file, as in `{"first.json": "arn:aws:iam::111122223333:role/app"}`. If a report has
several pages, the file holds them one after the other, or in an array.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from lpgen.core.last_accessed import AccessReport, ServiceAccess
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import Broken, plain_text, split_documents
from lpgen.edge.readers.iam_pages import time_from_iam
from lpgen.edge.readers.json_files import DuplicateKeyError, find_indexed_files, refuse_duplicate_keys
from lpgen.errors import LastAccessedError, quote_input, quote_reason

_HINT: Final = (
    "write the output of `aws iam get-service-last-accessed-details --job-id ID` to ACCOUNT-KIND-NAME.json, such as "
    "111122223333-role-app.json"
)
_Moment = str | float | int | None


class _Action(msgspec.Struct, rename="pascal", frozen=True):
    action_name: str
    last_accessed_time: _Moment = None


class _ServiceEntry(msgspec.Struct, rename="pascal", frozen=True):
    service_namespace: str
    last_authenticated: _Moment = None
    last_authenticated_entity: str | None = None
    last_authenticated_region: str | None = None
    total_authenticated_entities: int | None = None
    tracked_actions_last_accessed: tuple[_Action, ...] | None = None


class _ReportPage(msgspec.Struct, rename="pascal", frozen=True):
    job_status: str
    job_completion_date: _Moment = None
    job_creation_date: _Moment = None
    services_last_accessed: tuple[_ServiceEntry, ...] = ()
    is_truncated: bool = False


def read_last_accessed(folder: Path) -> tuple[tuple[AccessReport, ...], tuple[str, ...]]:
    """The reports of a folder, sorted by file, and a sentence for each file without a finished report.

    If a page is missing, nothing is known about the services on it.

    Raises:
        LastAccessedError: the folder or its index can't be read, or it holds no file.
    """
    reports: list[AccessReport] = []
    problems: list[str] = []
    for path, arn in find_indexed_files(folder, LastAccessedError, hint=_HINT):
        try:
            pages = list(_read_pages(path))
            reports.append(_report(path, pages, arn))
        except LastAccessedError as error:
            problems.append(f"{path}: {error.message}")
            continue
        if all(page.is_truncated for page in pages):
            problems.append(f"{path}: the report has more pages; nothing is known about their services")
    return tuple(reports), tuple(problems)


def _read_pages(path: Path) -> Iterator[_ReportPage]:
    for document in split_documents(plain_text(read_file(path, LastAccessedError))):
        if isinstance(document, Broken):
            raise LastAccessedError(f"it is not valid JSON: {document.why} ({document.position})")
        try:
            decoded = msgspec.json.decode(document)
            refuse_duplicate_keys(document)
            yield from msgspec.convert(decoded if isinstance(decoded, list) else [decoded], list[_ReportPage])
        except DuplicateKeyError as error:
            raise LastAccessedError(str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise LastAccessedError(f"it is not a report: {quote_reason(error)}") from error


def _report(path: Path, pages: list[_ReportPage], arn: str) -> AccessReport:
    unfinished = next((page.job_status for page in pages if page.job_status != "COMPLETED"), None)
    if unfinished is not None or not pages:
        status = quote_input(unfinished) if unfinished else "missing"
        raise LastAccessedError(f"the report is not finished: its `JobStatus` is {status}")
    made = [day for page in pages if (day := _day(page.job_completion_date or page.job_creation_date))]
    if not made:
        raise LastAccessedError("its date is unknown: `JobCompletionDate` is missing")
    services = [service for page in pages for service in page.services_last_accessed]
    entities = {entry.last_authenticated_entity for entry in services if entry.last_authenticated_entity}
    if len(entities) > 1 or any((entry.total_authenticated_entities or 0) > 1 for entry in services):
        raise LastAccessedError("it is about several principals: create one for each role and user")
    return AccessReport(
        file=str(path),
        stem=path.stem,
        arn=arn,
        entity=next(iter(entities), ""),
        made=min(made),
        services=tuple(sorted(map(_service_access, services), key=lambda access: access.service)),
    )


def _service_access(entry: _ServiceEntry) -> ServiceAccess:
    tracked = entry.tracked_actions_last_accessed or ()
    times = {
        action.action_name.rpartition(":")[2].lower(): _date_or_never(action.last_accessed_time) for action in tracked
    }
    last = _date_or_never(entry.last_authenticated)
    return ServiceAccess(
        entry.service_namespace.lower(), last, entry.last_authenticated_region or "", tuple(sorted(times.items()))
    )


def _date_or_never(written: _Moment) -> date | None:
    """The date of a time, or None for never."""
    if written is None:
        return None
    day = _day(written)
    if day is None:
        raise LastAccessedError(f"{quote_input(str(written))} is not a time")
    return day


def _day(written: _Moment) -> date | None:
    moment = time_from_iam(written)
    return moment.date() if moment else None
