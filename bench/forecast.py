"""How often replacements of each evidence class deny something: measured, fitted and checked.

`python -m bench.forecast measure DATA --policies DIR --cut 90:0 --out ROWS` cuts the logs of a data folder and writes a
row per replacement, as JSON lines. `90:0` reviews the 90 days before the last 30 days of the logs, `90:60` 90 days that
end 60 days earlier. The outcome is what the replacement denies on the 30 days after the cut, as the logs show it. With
`--kinds FILE`, the `principals.json` of a corpus, each row has its half and kind. Where the logs are short, fewer
covered days are enough for safe.

`python -m bench.forecast weigh ROWS...` prints how well each weight forecasts kinds of principals that were left out.

`python -m bench.forecast fit ROWS... --weight W` prints the table of `lpgen.core.analysis.evidence_classes`. Both read
the tuned half only.

`python -m bench.forecast check ROWS... --half HALF` compares the forecast with the outcome, in bands of forecast that
were chosen before. Neighbors are pooled until each band expects enough. It prints only sums, so you can use it on the
held-back half. `--fewest-days` leaves out cuts with fewer days.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import log
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from bench.corpus.half import TUNED
from lpgen.app.inputs import AnalysisFiles, AnalysisInputs, read_choices, read_inputs
from lpgen.app.review import Ground, load_ground
from lpgen.core.analysis.backtest.backtest import Backtester, forecaster_of_review, learnings_of_windows
from lpgen.core.analysis.counted_use import suspecting_counter
from lpgen.core.analysis.evidence_classes import risk_of_class, with_doubts
from lpgen.core.analysis.prepare import prepare_review
from lpgen.core.analysis.reviewer import Batches
from lpgen.core.analysis.synthesis.permission_sets import units_of_review
from lpgen.core.analysis.verdicts import ActionFacts
from lpgen.core.backtests import EvidenceClass, Risk, Window
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import MAX_RISK
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.thin_days import LONGEST_QUIET_DAYS
from lpgen.core.usage.usage_of_days import covered_days, usage_of_days

_NEXT_DAYS: Final = 30
_BATCH_UNITS: Final = 16
_WEIGHTS: Final = (1, 2, 4, 8, 16, 32, 64)
_BANDS: Final = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""The bands of forecast: from each of these to the next."""

_ENOUGH: Final = 8
_NORMAL: Final = 1.645
"""The standard deviations that a 90 % interval reaches to each side."""

Json = dict[str, Any]

# ---------------------------------------------------------------- measure


@dataclass(frozen=True, slots=True)
class _Cut:
    """`days` to review, and how many days before the last possible day they end."""

    days: int
    back: int


def measure(inputs: AnalysisInputs, cuts: Iterable[_Cut], corpus: Mapping[str, Json]) -> Iterator[Json]:
    """A row per cut and replacement. `corpus` has what the corpus says about each principal."""
    ground = load_ground(inputs)
    counter = suspecting_counter(ground.usage, ground.slices, ground.outlines, (), Dangers(inputs.catalog))
    accessed, _ = last_accessed_by_principal(inputs.options.last_accessed, ground.outlines)
    units = units_of_review(ground.outlines, "")
    first, last = covered_days(ground.usage)
    for cut in cuts:
        ends = last - timedelta(days=_NEXT_DAYS + cut.back)
        window = Window(ends - timedelta(days=cut.days - 1), ends, ends + timedelta(days=_NEXT_DAYS))
        if window.learn_first < first:
            continue
        reviewer, forecast, tester = _at_cut(inputs, ground, window)
        tester = replace(tester, counter=counter)
        for batch in Batches(units, _BATCH_UNITS, ground.slices, {}, accessed, ground.whole):
            past = replace(batch, usage=usage_of_days(batch.usage, window.learn_first, window.learn_last))
            forecasts = forecast(past, reviewer.grants_of(batch))
            for found in tester(batch):
                risk, judged = forecasts[found.principal].risk, found.windows[:1]
                if risk is not None and judged:
                    about = corpus.get(found.principal, {})
                    yield {
                        "days": cut.days,
                        "ends": ends.isoformat(),
                        "half": about.get("half", ""),
                        "kind": about.get("kind", ""),
                        "class": risk.evidence.value,
                        "free": judged[0].safe,
                        "needs": judged[0].denied_needs,
                    }


def _at_cut(inputs: AnalysisInputs, ground: Ground, window: Window) -> tuple[Any, Any, Backtester]:
    """The reviewer of a window's days, its forecaster, and the backtest of its replacements."""
    usage, principals, catalog = ground.usage, ground.outlines, inputs.catalog
    seen = usage_of_days(usage, window.learn_first, window.learn_last)
    options = replace(
        inputs.options,
        guards=ground.guards,
        as_of=window.learn_last,
        min_days=min(inputs.options.min_days, window.learn_days - 2 * LONGEST_QUIET_DAYS),
        last_accessed=(),
    )
    coverage = coverage_from_usage(seen, options.trails, options.trail_source)
    reviewer, _ = prepare_review(seen, coverage, principals, catalog, options, decisions=(), whole=ground.whole)
    forecaster = forecaster_of_review(reviewer, seen, principals, options, whole=ground.whole)
    learnings = learnings_of_windows(
        usage,
        [window],
        principals,
        catalog,
        options,
        facts=ActionFacts(catalog),
        suspicion=reviewer.counter.suspicion,
        whole=ground.whole,
    )
    return reviewer, forecaster, Backtester((window,), (), learnings, reviewer.counter)


# ---------------------------------------------------------------- fit


def class_of(row: Mapping[str, Any]) -> EvidenceClass:
    """The class of a row, given its other caveats."""
    return _risk(row).evidence


def _risk(row: Mapping[str, Any]) -> Risk:
    risk = risk_of_class(EvidenceClass(row["class"]))
    return risk if row["free"] else with_doubts(risk)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What replacements of a class and kind denied: how many there are, how many deny something, and the needs."""

    replacements: int
    deny: int
    needs: int


def _share(outcome: _Outcome) -> float:
    return outcome.deny / outcome.replacements


def _mean(outcome: _Outcome) -> float:
    return outcome.needs / outcome.replacements


def fit(rows: Iterable[Mapping[str, Any]], weight: int) -> dict[EvidenceClass, Json]:
    """The share of each class that denies anything, and the mean number of denied needs.

    Each kind of principal has one vote, because principals of a kind deny alike, and other organizations have other
    kinds. Each figure is drawn to that of all classes with the weight of some kinds.
    """
    by_class, whole = _outcomes(rows)

    def drawn(evidence: EvidenceClass, figure: Callable[[_Outcome], float]) -> float:
        return round(_drawn(by_class[evidence].values(), fmean(map(figure, whole.values())), weight, figure), 3)

    return {
        evidence: {
            "replacements": sum(outcome.replacements for outcome in found.values()),
            "kinds": len(found),
            "deny": sum(outcome.deny for outcome in found.values()),
            "needs": sum(outcome.needs for outcome in found.values()),
            "share": drawn(evidence, _share),
            "mean": drawn(evidence, _mean),
        }
        for evidence, found in by_class.items()
    }


def weigh(rows: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """How badly each weight forecasts kinds that it isn't fitted to: the log loss, with one vote for each class and
    kind. The lowest loss is the best."""
    by_class, whole = _outcomes(rows)
    losses = dict.fromkeys(_WEIGHTS, 0.0)
    for found in by_class.values():
        for left_out, outcome in found.items():
            seen = [other for kind, other in found.items() if kind != left_out]
            rest = fmean(_share(other) for kind, other in whole.items() if kind != left_out)
            for weight in _WEIGHTS:
                forecast = _drawn(seen, rest, weight, _share)
                losses[weight] -= _share(outcome) * log(forecast) + (1 - _share(outcome)) * log(1 - forecast)
    return {weight: round(loss, 2) for weight, loss in losses.items()}


def _drawn(outcomes: Collection[_Outcome], rest: float, weight: int, figure: Callable[[_Outcome], float]) -> float:
    """The mean of a figure over kinds, drawn to that of the rest."""
    return (sum(map(figure, outcomes)) + weight * rest) / (len(outcomes) + weight)


def _outcomes(
    rows: Iterable[Mapping[str, Any]],
) -> tuple[dict[EvidenceClass, dict[str, _Outcome]], dict[str, _Outcome]]:
    """The outcomes by class and kind, and by kind."""
    by_class: dict[EvidenceClass, dict[str, list[int]]] = {evidence: defaultdict(list) for evidence in EvidenceClass}
    whole: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for kinds in (by_class[class_of(row)], whole):
            kinds[row["kind"]].append(row["needs"])
    return {evidence: _by_kind(kinds) for evidence, kinds in by_class.items()}, _by_kind(whole)


def _by_kind(kinds: Mapping[str, Sequence[int]]) -> dict[str, _Outcome]:
    return {kind: _Outcome(len(needs), sum(map(bool, needs)), sum(needs)) for kind, needs in kinds.items()}


# ---------------------------------------------------------------- check


def check(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The share of safe replacements, how many of these deny something, and the reliability of share and number."""
    safe = [row for row in rows if row["free"] and _risk(row).share <= MAX_RISK]
    free = [row for row in rows if row["free"]]
    return {
        "replacements": len(rows),
        "safe without the limit": _deny(free, len(rows)),
        "safe": _deny(safe, len(rows)),
        "share": list(_bands([(_risk(row).share, min(row["needs"], 1)) for row in rows])),
        "needs": list(_bands([(_risk(row).needs, row["needs"]) for row in rows])),
    }


def _deny(rows: Sequence[Mapping[str, Any]], of: int) -> Json:
    deny = sum(row["needs"] > 0 for row in rows)
    return {
        "number": len(rows),
        "share": round(len(rows) / max(of, 1), 3),
        "deny": deny,
        "deny_share": round(deny / max(len(rows), 1), 4),
    }


def _bands(pairs: Sequence[tuple[float, int]]) -> Iterator[Json]:
    """The outcome by band of forecast, from the lowest one. A band that expects too little joins the next one."""
    by_band: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for forecast, outcome in pairs:
        by_band[max(at for at, edge in enumerate(_BANDS) if edge <= forecast)].append((forecast, outcome))
    pooled: list[list[tuple[float, int]]] = [[]]
    for band in sorted(by_band):
        if sum(forecast for forecast, _ in pooled[-1]) >= _ENOUGH:
            pooled.append([])
        pooled[-1] += by_band[band]
    if len(pooled) > 1 and sum(forecast for forecast, _ in pooled[-1]) < _ENOUGH:
        last = pooled.pop()
        pooled[-1] += last
    for band_pairs in pooled:
        expected, seen = sum(forecast for forecast, _ in band_pairs), [outcome for _, outcome in band_pairs]
        low, high = _interval(seen)
        yield {
            "from": round(min(forecast for forecast, _ in band_pairs), 3),
            "to": round(max(forecast for forecast, _ in band_pairs), 3),
            "replacements": len(seen),
            "forecast": round(expected, 1),
            "outcome": sum(seen),
            "interval": [round(low, 1), round(high, 1)],
            "holds": low <= 2 * expected and high >= expected / 2,
        }


def _interval(seen: Sequence[int]) -> tuple[float, float]:
    """The 90 % interval of a sum: Wilson's for shares, and normal for numbers of needs, which come in bursts.

    https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
    """
    number, mean = len(seen), sum(seen) / len(seen)
    if max(seen) > 1:
        spread = _NORMAL * sum((one - mean) ** 2 for one in seen) ** 0.5
        return max(sum(seen) - spread, 0.0), sum(seen) + spread
    odd = _NORMAL**2 / number
    middle, spread = mean + odd / 2, (mean * (1 - mean) * odd + odd**2 / 4) ** 0.5
    return number * (middle - spread) / (1 + odd), number * (middle + spread) / (1 + odd)


# ---------------------------------------------------------------- command


def _cut(text: str) -> _Cut:
    days, _, back = text.partition(":")
    return _Cut(int(days), int(back or 0))


def _read(paths: Iterable[Path], half: str, fewest_days: int) -> list[Json]:
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["half"] == half and row["days"] >= fewest_days]


def _measure(asked: Any) -> None:
    corpus: dict[str, Json] = {}
    if asked.kinds:
        principals = json.loads(asked.kinds.read_text(encoding="utf-8"))
        corpus = {principal["arn"]: principal for principal in principals}
    files = AnalysisFiles(
        policies=tuple(sorted(asked.policies.glob("*.json"))),
        trails=(asked.trails,) if asked.trails else (),
        last_accessed=asked.last_accessed,
    )
    inputs = read_inputs(asked.data, files, read_choices())
    with asked.out.open("w", encoding="utf-8") as out:
        for row in measure(inputs, asked.cut, corpus):
            out.write(json.dumps(row) + "\n")


def main() -> None:
    """Does what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.forecast", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("data", type=Path)
    measuring.add_argument("--policies", type=Path, required=True)
    measuring.add_argument("--trails", type=Path)
    measuring.add_argument("--last-accessed", type=Path)
    measuring.add_argument("--kinds", type=Path)
    measuring.add_argument("--cut", type=_cut, action="append", required=True)
    measuring.add_argument("--out", type=Path, required=True)
    commands.add_parser("weigh").add_argument("rows", type=Path, nargs="+")
    fitting = commands.add_parser("fit")
    fitting.add_argument("rows", type=Path, nargs="+")
    fitting.add_argument("--weight", type=int, required=True)
    checking = commands.add_parser("check")
    checking.add_argument("rows", type=Path, nargs="+")
    checking.add_argument("--half", default="")
    checking.add_argument("--fewest-days", type=int, default=0)
    asked: Any = parser.parse_args()
    if asked.command == "measure":
        _measure(asked)
    elif asked.command == "weigh":
        print(json.dumps(weigh(_read(asked.rows, TUNED, 0)), indent=1))
    elif asked.command == "fit":
        print(json.dumps(fit(_read(asked.rows, TUNED, 0), asked.weight), indent=1))
    else:
        print(json.dumps(check(_read(asked.rows, asked.half, asked.fewest_days)), indent=1))


if __name__ == "__main__":
    main()
