"""What first-month replacements remove, and how many of those that are called safe deny something in the next 30 days.

`python -m bench.first_month DATA CORPUS --cut 30:0 --cut 30:30` reviews the data folder into which the logs of a corpus
of twelve months were ingested. `30:0` reviews the 30 days before the last 30 days of the logs, `30:30` 30 days that end
30 days earlier. It makes IAM's reports as of the last of these days from all attempts since the first day of the
corpus, so all principals count as created on that day: nobody knows what they did before it. Cuts of 90 days or more
show what the ordinary rules do.

The outcome is what the replacement denies of the needs of the next 30 days that the old policies allow, whether a
record shows them or not. It prints only sums, by half, so you can use it on the held-back half.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from bench.corpus.calendar import START, NeedKind
from bench.corpus.evaluator import Evaluator
from bench.corpus.replacements import managed_documents
from lpgen.app.inputs import AnalysisFiles, AnalysisInputs, read_choices, read_inputs
from lpgen.app.review import Ground, load_ground
from lpgen.core.analysis.backtest.backtest import forecaster_of_review
from lpgen.core.analysis.prepare import prepare_review
from lpgen.core.analysis.reviewer import Batches, Reviewer
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.findings import Proposal
from lpgen.core.last_accessed import AccessReport, ServiceAccess
from lpgen.core.model import Principal
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.usage_of_days import covered_days, usage_of_days

_NEXT_DAYS: Final = 30
_BATCH_UNITS: Final = 16
_NOT_NEEDED: Final = (NeedKind.INTRUDER, NeedKind.DENIED)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A row of the truth."""

    day: date
    action: str
    resource: str
    is_needed: bool
    is_logged: bool


def measure(inputs: AnalysisInputs, corpus: Path, cuts: Iterable[tuple[int, int]]) -> Iterator[Json]:
    """A row per cut and replacement."""
    ground, attempts, managed = load_ground(inputs), _read_truth(corpus), managed_documents(corpus)
    halves = {one["arn"]: one["half"] for one in json.loads((corpus / "principals.json").read_text(encoding="utf-8"))}
    last = covered_days(ground.usage)[1]
    for days, back in cuts:
        ends = last - timedelta(days=_NEXT_DAYS + back)
        begins = ends - timedelta(days=days - 1)
        reviewer = _reviewer(inputs, ground, begins, ends)
        units = units_of_review(ground.outlines, "")
        for batch in Batches(units, _BATCH_UNITS, ground.slices, {}, {}, _created_at_start(ground.whole)):
            grants = reviewer.grants_of(batch)
            reports = {arn: _report(held, attempts.get(arn, ()), ends) for arn, held in grants.items()}
            past = replace(batch, usage=usage_of_days(batch.usage, begins, ends), accessed=reports)
            for proposal in reviewer.propose(past, grants):
                arn = proposal.diff.principal.arn
                if proposal.replacement is not None:
                    row = _row(proposal, grants[arn], attempts.get(arn, ()), ends, managed)
                    yield row | {"days": days, "half": halves[arn]}


def _read_truth(corpus: Path) -> dict[str, list[_Attempt]]:
    found: dict[str, list[_Attempt]] = defaultdict(list)
    names = ["principal", "time", "action", "resource", "kind", "allowed", "logged"]
    for row in pq.read_table(corpus / "truth.parquet", columns=names).to_pylist():
        needed = row["allowed"] and row["kind"] not in _NOT_NEEDED
        attempt = _Attempt(row["time"].date(), row["action"], row["resource"], needed, row["logged"])
        found[row["principal"]].append(attempt)
    return found


def _created_at_start(whole: Callable[[Principal], Principal]) -> Callable[[Principal], Principal]:
    start = datetime.combine(START, time(), UTC)

    def read(outline: Principal) -> Principal:
        principal = whole(outline)
        return replace(principal, created=max(principal.created or start, start))

    return read


def _reviewer(inputs: AnalysisInputs, ground: Ground, begins: date, ends: date) -> Reviewer:
    usage = usage_of_days(ground.usage, begins, ends)
    options = replace(inputs.options, guards=ground.guards, as_of=ends)
    coverage = coverage_from_usage(usage, options.trails, options.trail_source)
    shared = (usage, coverage, ground.outlines, inputs.catalog, options)
    reviewer, _ = prepare_review(*shared, decisions=(), whole=ground.whole)
    forecaster = forecaster_of_review(reviewer, usage, ground.outlines, options, whole=ground.whole)
    return replace(reviewer, forecast=forecaster)


def _report(grants: PrincipalGrants, attempts: Iterable[_Attempt], made: date) -> AccessReport:
    """IAM's report on a day, by action. It tracks more than IAM does, so more is removed."""
    tried: dict[str, date] = {}
    for attempt in attempts:
        if attempt.day <= made:
            tried[attempt.action] = max(attempt.day, tried.get(attempt.action, attempt.day))
    by_service: dict[str, set[str]] = defaultdict(set)
    for action in {*grants.granted(), *tried}:
        by_service[action.partition(":")[0]].add(action)
    services = []
    for service, actions in by_service.items():
        last = max((tried[action] for action in actions & tried.keys()), default=None)
        listed = sorted((action.partition(":")[2].lower(), tried.get(action)) for action in actions if last)
        services.append(ServiceAccess(service, last, "", tuple(listed)))
    arn = grants.principal.arn
    return AccessReport("", "", arn, arn, made, tuple(services))


def _row(
    proposal: Proposal,
    grants: PrincipalGrants,
    attempts: Iterable[_Attempt],
    ends: date,
    managed: Mapping[str, Any],
) -> Json:
    replacement = proposal.replacement
    assert replacement is not None
    granted = grants.granted()
    row: Json = {
        "rests_on": proposal.diff.draft.rests_on.value,
        "safe": proposal.safe,
        "tracked_days": proposal.diff.draft.tracked_days,
        "refused": replacement.refused_for is not None,
        "granted": len(granted),
        "caveats": sorted({caveat.kind.value for caveat in proposal.caveats}),
    }
    documents = [json.loads(document.text) for document in replacement.documents]
    evaluator = Evaluator([*documents, *(managed[policy.arn] for policy in replacement.left)])
    later = [one for one in attempts if one.is_needed and ends < one.day <= ends + timedelta(days=_NEXT_DAYS)]
    denied = [one for one in later if not evaluator.allows(one.action, one.resource)]
    kept = {line.action for line in proposal.diff.draft.lines} | proposal.diff.left_actions
    return row | {
        "removed": len(granted - kept),
        "denied": sorted({one.action for one in denied}),
        "logged": any(one.is_logged for one in denied),
    }


def summed(rows: Iterable[Json]) -> Iterator[Json]:
    """The sums by half, days and evidence."""
    groups: dict[tuple[str, int, str], list[Json]] = defaultdict(list)
    for row in rows:
        groups[row["half"], row["days"], row["rests_on"]].append(row)
    for (half, days, rests_on), found in sorted(groups.items()):
        safe = [row for row in found if row["safe"]]
        deny = [row for row in safe if row["denied"]]
        shares = sorted(row["removed"] / row["granted"] for row in found if row["granted"] and not row["refused"])
        safe_shares = sorted(row["removed"] / row["granted"] for row in safe if row["granted"])
        yield {
            "half": half,
            "days": days,
            "rests_on": rests_on,
            "replacements": len(found),
            "refused": sum(row["refused"] for row in found),
            "safe": len(safe),
            "deny": len(deny),
            "deny_logged": sum(row["logged"] for row in deny),
            "deny_share": round(len(deny) / max(len(safe), 1), 4),
            "removed_share": _mean(shares),
            "removed_share_of_safe": _mean(safe_shares),
        }


def _mean(shares: list[float]) -> float:
    return round(sum(shares) / max(len(shares), 1), 3)


def _cut(text: str) -> tuple[int, int]:
    days, _, back = text.partition(":")
    return int(days), int(back or 0)


def main() -> None:
    """Prints a line of JSON per half, number of days and evidence."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_month", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--cut", type=_cut, action="append", required=True)
    parser.add_argument("--min-days", type=int)
    parser.add_argument("--rows", type=Path, help="where to write the rows; only for the tuned half")
    asked: Any = parser.parse_args()
    files = AnalysisFiles(
        policies=tuple(sorted((asked.corpus / "policies").glob("*.json"))), trails=(asked.corpus / "trails.json",)
    )
    choices = read_choices() if asked.min_days is None else read_choices(min_days=asked.min_days)
    rows = list(measure(read_inputs(asked.data, files, choices), asked.corpus, asked.cut))
    if asked.rows:
        asked.rows.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    for sums in summed(rows):
        print(json.dumps(sums))


if __name__ == "__main__":
    main()
