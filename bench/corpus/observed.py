"""Counts what a month under planned trails settles: `python -m bench.corpus.observed --seed 1 --half tuned --out DIR`.

It writes a corpus, plans trails from its logs without the last month, writes the same corpus with a month under these
trails, and reviews both. It prints one JSON object that holds only sums, so you can use it on the held-back half:

- `kept`: pairs of principal and action that replacements keep without recorded use; `not_needed` of these, which the
  truth doesn't have; `share`: their share of all actions in replacements;
- `safe`: principals whose replacement is called safe; `denying`: replacements that deny a need of the logs' days that
  the old policies allow, and `safe_denying`: those of them called safe;
- `newly_denying` and `safe_newly_denying` of these: they didn't deny it before.

With `--access-logs`, the last month has S3 server access logs of all buckets instead of planned trails.

A review with `--backtest` calls some safe, and takes minutes. Without it, none is safe.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from bench.corpus.calendar import NeedKind, days_of
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import HELD_BACK, TUNED
from bench.corpus.replacements import allowing_documents, managed_documents
from bench.corpus.write import Asked, Corpus
from tests.support.forked_lpgen import run_forked

Needs = Mapping[str, frozenset[tuple[str, str]]]
Json = dict[str, Any]

_TIMEOUT: Final = 3600


def measure(asked: Asked, out: Path, *, backtest: bool, access_logs: bool) -> Json:
    """The numbers before and after, by name."""
    before, after = out / "before", out / "after"
    Corpus(asked).write(before)
    if access_logs:
        Corpus(replace(asked, has_access_logs=True)).write(after)
    else:
        Corpus(replace(asked, plan=_plan(asked, before, out))).write(after)
    reviews = [_review(folder, out / f"{folder.name}-data", backtest=backtest) for folder in (before, after)]
    needs, managed = _needs(before), managed_documents(before)
    counted = [_count(review, needs, managed) for review in reviews]
    new = {arn: denied for arn, denied in counted[1][1].items() if denied - counted[0][1].get(arn, frozenset())}
    safe = {one["principal"] for one in reviews[1] if one["safe"]}
    more = {"newly_denying": len(new), "safe_newly_denying": len(new.keys() & safe)}
    return {"before": counted[0][0], "after": counted[1][0] | more}


def _plan(asked: Asked, corpus: Path, out: Path) -> Path:
    """The trails that lpgen plans from the logs without the last month."""
    plan, until = out / "plan.json", days_of(asked.months)[-1] - timedelta(days=asked.plan_days)
    _lpgen("ingest", corpus / "logs", "--until", until, "--data", out / "planning")
    _lpgen("observe", "--data", out / "planning", *_inputs(corpus), "--output", plan)
    return plan


def _review(corpus: Path, data: Path, *, backtest: bool) -> list[Json]:
    """The principals of a review of a corpus."""
    logs = [folder for folder in (corpus / "logs", corpus / "access-logs") if folder.exists()]
    _lpgen("ingest", *logs, "--data", data)
    file = data.with_suffix(".json")
    more = () if backtest else ("--no-backtest",)
    _lpgen("review", "--data", data, *_inputs(corpus), "--format", "json", *more, "--output", file)
    found: list[Json] = json.loads(file.read_text(encoding="utf-8"))["principals"]
    return found


def _inputs(corpus: Path) -> tuple[object, ...]:
    named = ("--policies", corpus / "policies", "--trails", corpus / "trails.json")
    return (*named, "--last-accessed", corpus / "last-accessed", "--min-days", 30)


def _lpgen(*arguments: object) -> None:
    done = run_forked(*arguments, timeout=_TIMEOUT)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"lpgen {arguments[0]} failed: {done.stderr}")


def _count(
    principals: list[Json], needs: Needs, managed: Mapping[str, Any]
) -> tuple[Json, dict[str, frozenset[tuple[str, str]]]]:
    """The numbers of a review, and the needs that the replacements of principals deny."""
    kept = not_needed = actions = 0
    denied: dict[str, frozenset[tuple[str, str]]] = {}
    for one in principals:
        if not one["replacement"]:
            continue
        needed = {action for action, _ in needs[one["principal"]]}
        lines = one["replacement"]["lines"]
        used = {line["action"] for line in lines if line["kind"] != "kept"}
        only_kept = {line["action"] for line in lines} - used
        kept, actions = kept + len(only_kept), actions + len(only_kept | used)
        not_needed += len(only_kept - needed)
        evaluator = Evaluator(allowing_documents(one["replacement"], managed))
        lost = frozenset(need for need in needs[one["principal"]] if not evaluator.allows(*need))
        if lost:
            denied[one["principal"]] = lost
    safe = {one["principal"] for one in principals if one["safe"]}
    numbers = {"kept": kept, "not_needed": not_needed, "share": round(100 * not_needed / max(1, actions), 1)}
    return numbers | {"safe": len(safe), "denying": len(denied), "safe_denying": len(denied.keys() & safe)}, denied


def _needs(corpus: Path) -> Needs:
    """What each principal needs in the days of the logs."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    columns = ["principal", "action", "resource", "kind", "allowed"]
    for row in pq.read_table(corpus / "truth.parquet", columns=columns).to_pylist():
        if row["allowed"] and row["kind"] not in (NeedKind.INTRUDER, NeedKind.DENIED):
            found[row["principal"]].add((row["action"], row["resource"]))
    return defaultdict(frozenset, {principal: frozenset(pairs) for principal, pairs in found.items()})


def main() -> None:
    """Prints the numbers."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus.observed", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--half", choices=(TUNED, HELD_BACK), default=TUNED)
    parser.add_argument("--principals", type=int, default=360, help="of both halves together")
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--backtest", action="store_true", help="call replacements safe, by a backtest")
    parser.add_argument("--out", type=Path, required=True, help="an empty or new folder")
    parser.add_argument("--access-logs", action="store_true", help="S3 server access logs rather than planned trails")
    asked: Any = parser.parse_args()
    corpus = Asked(asked.seed, asked.half, asked.principals, asked.months)
    asked.out.mkdir(parents=True, exist_ok=True)
    print(json.dumps(measure(corpus, asked.out, backtest=asked.backtest, access_logs=asked.access_logs)))


if __name__ == "__main__":
    main()
