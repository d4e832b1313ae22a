"""Counts what replacements learned from intruders: `python -m bench.corpus.learned CORPUS REVIEW`.

CORPUS is a folder that `python -m bench.corpus` wrote, REVIEW what `lpgen review --format json` prints of its logs and
policies. It prints one JSON object that holds only numbers, so you can use it on the held-back half:

- `intruders`: principals whose permissions were abused with success; `dangerous`: their pairs of a principal and a
  dangerous action that the intruder did, that the logs show, and that nobody entitled did;
- `in_replacements` of these, and `in_safe_replacements`: in those called safe;
- `ordinary`: the other principals with a replacement, and `burdened`, those of them with the caveat `unusual_use`;
  `safe`: how many of the ordinary are called safe.

Of a corpus with `--intruders N`, it also prints `halves`, as `bench.corpus.beliefs` describes: by kind for the tuned
half, and only sums for the held-back half. `--without REVIEW` takes the review of the same corpus with
`--no-intrusions`, with which more is counted exactly.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.corpus.beliefs import CAVEAT, count_beliefs, has_intruded_kinds
from bench.corpus.calendar import NeedKind


def count_learned(corpus: Path, review: Mapping[str, Any]) -> dict[str, int]:
    """The numbers, by name."""
    victims = {one["principal"] for one in json.loads((corpus / "intrusions.json").read_text(encoding="utf-8"))}
    found = _intruders_own(corpus)
    reviewed = [one for one in review["principals"] if one["replacement"]]
    lines = {(one["principal"], line["action"]) for one in reviewed for line in one["replacement"]["lines"]}
    safe = {one["principal"] for one in reviewed if one["safe"]}
    ordinary = [one for one in reviewed if one["principal"] not in victims]
    return {
        "intruders": len({principal for principal, _ in found}),
        "dangerous": len(found),
        "in_replacements": len(found & lines),
        "in_safe_replacements": sum(principal in safe for principal, _ in found & lines),
        "ordinary": len(ordinary),
        "burdened": sum(any(why["kind"] == CAVEAT for why in one["not_safe_because"]) for one in ordinary),
        "safe": sum(one["principal"] in safe for one in ordinary),
    }


def _intruders_own(corpus: Path) -> set[tuple[str, str]]:
    """The pairs of a principal and a dangerous action that the logs show an intruder did, and nobody entitled."""
    columns = ["principal", "action", "kind", "allowed", "logged", "dangerous"]
    rows = pq.read_table(corpus / "truth.parquet", columns=columns).to_pylist()
    entitled = {(row["principal"], row["action"]) for row in rows if row["kind"] != NeedKind.INTRUDER}
    shown = [row for row in rows if row["dangerous"] and row["allowed"] and row["logged"]]
    return {(row["principal"], row["action"]) for row in shown} - entitled


def main() -> None:
    """Prints the numbers of a corpus and a review of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus.learned", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("review", type=Path)
    parser.add_argument("--without", type=Path, metavar="REVIEW", help="of the same corpus without intrusions")
    asked: Any = parser.parse_args()
    review = json.loads(asked.review.read_text(encoding="utf-8"))
    clean = json.loads(asked.without.read_text(encoding="utf-8")) if asked.without else None
    found: dict[str, Any] = dict(count_learned(asked.corpus, review))
    if has_intruded_kinds(asked.corpus):
        found["halves"] = count_beliefs(asked.corpus, review, clean)
    print(json.dumps(found, indent=1 if "halves" in found else None))


if __name__ == "__main__":
    main()
