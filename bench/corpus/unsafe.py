"""Counts where a review calls replacements safe that aren't: `python -m bench.corpus.unsafe CORPUS REVIEW`.

CORPUS is a folder that `python -m bench.corpus --judged N` wrote, REVIEW what `lpgen review --format json` prints of
its logs, policies, trails and SCPs. It prints one JSON object: the judged kinds of the tuned half by name, and only
sums of the held-back half, over the kinds where safe is `right` and where it is `wrong`. So you can use it without
reading any held-back kind. Each has numbers of principals:

- `principals`; `replaced`: those with a replacement; `safe`: those called safe;
- `wrong`: those called safe though safe is wrong for their kind, or though the replacement denies a need;
- `breaking`: those called safe whose replacement denies a need, whatever is right for their kind;
- `denying`: those whose replacement denies a need of the logs' days or of the year after, called safe or not;
- `disabled`: those that the review recommends to disable, though they have needs;

and `kept`, the pairs of principal and action in replacements that nobody needs. Conditions in policies are ignored.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from bench.corpus.calendar import NeedKind
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import TUNED
from bench.corpus.replacements import allowing_documents, managed_documents

COUNTS: Final = ("principals", "replaced", "safe", "wrong", "breaking", "denying", "disabled", "kept")
"""The names of the numbers."""

Needs = frozenset[tuple[str, str]]


def count_unsafe(corpus: Path, review: Mapping[str, Any]) -> dict[str, dict[str, dict[str, int]]]:
    """The numbers by half, and in it by kind or sum."""
    needs = _needs(corpus)
    documents = managed_documents(corpus)
    reviewed = {entry["principal"]: entry for entry in review["principals"]}
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for principal in json.loads((corpus / "principals.json").read_text(encoding="utf-8")):
        is_right = principal["safe_is_right"]
        if is_right is not None:
            group = principal["kind"] if principal["half"] == TUNED else ("right" if is_right else "wrong")
            entry = reviewed.get(principal["arn"], {})
            found[principal["half"]][group].update(_count(entry, needs[principal["arn"]], documents, is_right=is_right))
    return {
        half: {group: {name: counter[name] for name in COUNTS} for group, counter in sorted(groups.items())}
        for half, groups in found.items()
    }


def _count(entry: Mapping[str, Any], needs: Needs, documents: Mapping[str, Any], *, is_right: bool) -> dict[str, int]:
    """The numbers of one principal."""
    replacement, is_safe = entry.get("replacement"), bool(entry.get("safe"))
    denies, kept = False, 0
    if replacement:
        evaluator = Evaluator(allowing_documents(replacement, documents))
        denies = not all(evaluator.allows(action, resource) for action, resource in needs)
        kept = len({line["action"] for line in replacement["lines"]} - {action for action, _ in needs})
    return {
        "principals": 1,
        "replaced": replacement is not None,
        "safe": is_safe,
        "wrong": is_safe and (denies or not is_right),
        "breaking": is_safe and denies,
        "denying": denies,
        "disabled": bool(needs) and entry.get("proposal", "").startswith("disable"),
        "kept": kept,
    }


def _needs(corpus: Path) -> dict[str, Needs]:
    """What each principal needs, in the days of the logs and in the year after."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for name in ("truth.parquet", "later.parquet"):
        columns = ["principal", "action", "resource", "kind"]
        for row in pq.read_table(corpus / name, columns=columns).to_pylist():
            if row["kind"] not in (NeedKind.INTRUDER, NeedKind.DENIED):
                found[row["principal"]].add((row["action"], row["resource"]))
    return defaultdict(frozenset, {principal: frozenset(pairs) for principal, pairs in found.items()})


def main() -> None:
    """Prints the numbers of a corpus and a review of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus.unsafe", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("review", type=Path)
    asked: Any = parser.parse_args()
    print(json.dumps(count_unsafe(asked.corpus, json.loads(asked.review.read_text(encoding="utf-8"))), indent=1))


if __name__ == "__main__":
    main()
