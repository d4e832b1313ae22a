"""Traces tasks on the sample organization: a record on its way to the tables, the review of a principal, its page.

Each runs in a process of its own, since one would fill caches for the next.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from unittest import mock

import lpgen
from bench.structure.calls import Calls, calls_traced
from lpgen.app.ingest import LogSources, ingest
from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import analyse
from lpgen.core.analysis import reviewer
from lpgen.core.analysis.review import review_principal
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.findings import PrincipalDiff, Report
from lpgen.core.options import Options
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tally import UsageTally
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.edge.logs.record_files import records_from_bytes
from lpgen.report.html.data import ActionIndex
from lpgen.report.html.page import ReviewPage, review_html
from lpgen.report.html.principal_data import PrincipalScript
from lpgen.report.summary import PartedReview, summary_of_review
from lpgen.report.views import PrincipalView

_PACKAGE: Final = Path(lpgen.__file__).parent
_PRINCIPAL: Final = "arn:aws:iam::111122223333:role/app/storefront-api"
_EVENT: Final = ("ec2.amazonaws.com", "RunInstances")


@dataclass(frozen=True, slots=True)
class TaskCalls:
    """The number of distinct files that a task enters, and of distinct pairs of calling and called file."""

    task: str
    files: int
    crossings: int


def trace_tasks() -> list[TaskCalls]:
    """The calls of all tasks."""
    fresh = ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1)
    same_hashes = mock.patch.dict(os.environ, PYTHONHASHSEED="0")  # gives sets the same order in every run
    with tempfile.TemporaryDirectory() as folder, same_hashes, fresh:
        data = Path(folder) / "data"
        fresh.submit(_ingest_sample, data).result()
        runs = [fresh.submit(trace, data) for trace in (_trace_record, _trace_review, _trace_page)]
        return [calls for run in runs for calls in run.result()]


def _ingest_sample(data: Path) -> None:
    ingest(LogSources((bundled_sample_logs().logs,)), bundled_catalog(), data=data, engine=LocalEngine())


def _trace_record(_: Path) -> list[TaskCalls]:
    """A record that the usage tally counts for the first time, and another that differs only in its event id."""
    record = next(_records_of_event(bundled_sample_logs().logs))
    tally = UsageTally(MappingCache(EventMap(bundled_catalog())))
    found = []
    for task, event_id in (("a record, the first time", "1"), ("a record like it", "2")):
        file = gzip.compress(json.dumps({"Records": [{**record, "eventID": event_id}]}).encode())
        with calls_traced(_PACKAGE) as calls:
            counts = tally.add_source(records_from_bytes(file), event_id)
        assert counts.usage_records == 1
        found.append(TaskCalls(task, len(calls.files), len(calls.crossings)))
    return found


def _records_of_event(logs: Path) -> Iterator[Mapping[str, Any]]:
    """The records of allowed calls of the event."""
    for path in sorted(logs.rglob("*.json.gz")):
        for record in json.loads(gzip.decompress(path.read_bytes())).get("Records", ()):
            if (record["eventSource"], record["eventName"]) == _EVENT and "errorCode" not in record:
                yield record


def _trace_review(data: Path) -> list[TaskCalls]:
    """`review_principal` in a review of all principals: the median of each figure."""
    found: list[Calls] = []

    def review_traced(*arguments: Any) -> PrincipalDiff:
        with calls_traced(_PACKAGE) as calls:
            diff = review_principal(*arguments)
        found.append(calls)
        return diff

    with mock.patch.object(reviewer, "review_principal", review_traced):
        _review(data)
    files = statistics.median_high(len(calls.files) for calls in found)
    crossings = statistics.median_high(len(calls.crossings) for calls in found)
    return [TaskCalls("the review of a principal", files, crossings)]


def _trace_page(data: Path) -> list[TaskCalls]:
    """The HTML review of one principal."""
    report, actions = _review(data, _PRINCIPAL), ActionIndex(bundled_catalog().actions())
    with calls_traced(_PACKAGE) as calls:
        _write_page(report, actions)
    return [TaskCalls("the HTML page of a principal", len(calls.files), len(calls.crossings))]


def _write_page(report: Report, actions: ActionIndex) -> None:
    """Writes the page of a report, as `lpgen review` does where its principals are reviewed in this process."""
    write, parts = PrincipalScript(report, actions), {}
    views = [PrincipalView(proposal) for proposal in report.proposals]
    for view in views:
        parts[view.diff.principal.arn] = write(view)
    summary = summary_of_review(report, [view.summary for view in views])
    "".join(review_html(ReviewPage(PartedReview(summary, parts.__getitem__), actions)))


def _review(data: Path, principal: str = "") -> Report:
    """The review of all principals or of one, without a backtest, which reviews each several times."""
    options = Options(principal=principal, max_risk=None)
    return analyse(AnalysisInputs(data, [bundled_sample_logs().policies], bundled_catalog(), options))
