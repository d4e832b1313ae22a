"""Fetches service last accessed reports. IAM creates one for each principal in a job, which is polled until done.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Final

from lpgen.edge.aws_session import AwsSession, aws_errors, is_denied, page_contents
from lpgen.errors import AwsError, quote_input

_WORKERS: Final = 8
_PAGE_SIZE: Final = 1000  # the most that IAM allows
_FIRST_DELAYS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
_DELAY: Final = 5.0
_MOST_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class _AccessPages:
    """The pages of one principal's report, or why there are none."""

    arn: str
    pages: tuple[dict[str, Any], ...] = ()
    error: AwsError | None = None


def fetch_last_accessed(session: AwsSession, arns: Iterable[str]) -> Iterator[_AccessPages]:
    """The report of each principal of the session's account, with actions, several jobs at a time.

    If IAM refuses the first report because a permission is missing, no other is requested.
    """
    remaining = iter(arns)
    for arn in remaining:
        first = _fetch(session, arn)
        yield first
        if first.error is not None and is_denied(first.error):
            return
        break
    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(lambda arn: _fetch(session, arn), remaining)


def _fetch(session: AwsSession, arn: str) -> _AccessPages:
    try:
        return _AccessPages(arn, tuple(_pages(session.client("iam"), arn)))
    except AwsError as error:
        return _AccessPages(arn, error=error)


def _pages(iam: Any, arn: str) -> Iterator[dict[str, Any]]:
    with aws_errors("read when services were last accessed"):
        job = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
        yield from _pages_of_job(iam.get_service_last_accessed_details, job)


def fetch_access_report(session: AwsSession, path: str) -> dict[str, Any]:
    """The access report of an entity of the organization, by its path. Only the management account can ask for it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateOrganizationsAccessReport.html

    Raises:
        AwsError: there is no report.
    """
    iam = session.client("iam")
    with aws_errors("read when the organization used services"):
        job = iam.generate_organizations_access_report(EntityPath=path)["JobId"]
        pages = list(_pages_of_job(iam.get_organizations_access_report, job))
    details = [row for page in pages for row in page.get("AccessDetails", ())]
    return {**pages[0], "AccessDetails": details, "IsTruncated": False}


def _pages_of_job(get: Callable[..., Any], job: str) -> Iterator[dict[str, Any]]:
    page = _first_page(get, job)
    yield page_contents(page)
    while page.get("IsTruncated") and page.get("Marker"):
        page = get(JobId=job, MaxItems=_PAGE_SIZE, Marker=page["Marker"])
        yield page_contents(page)


def _first_page(get: Callable[..., Any], job: str) -> dict[str, Any]:
    """The first page of a job's report, once it is done."""
    until = time.monotonic() + _MOST_SECONDS
    for delay in chain(_FIRST_DELAYS, repeat(_DELAY)):
        page: dict[str, Any] = get(JobId=job, MaxItems=_PAGE_SIZE)
        if page["JobStatus"] == "COMPLETED":
            return page
        if page["JobStatus"] == "FAILED":
            why = page.get("Error") or page.get("ErrorDetails") or {}
            said = quote_input(f"{why.get('Code', '')}: {why.get('Message', '')}")
            raise AwsError(f"IAM failed to create the last accessed report: {said}", code="JobFailed")
        if time.monotonic() > until:
            break
        time.sleep(delay)
    raise AwsError(f"IAM took more than {_MOST_SECONDS:.0f} s to create the last accessed report", code="JobTimeout")
