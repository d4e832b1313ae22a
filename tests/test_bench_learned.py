"""What replacements learned from intruders is counted, and none that is called safe learned anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.corpus.calendar import NeedKind
from bench.corpus.half import HALVES, TUNED
from bench.corpus.learned import CAVEAT, count_learned
from bench.corpus.truth import TruthWriter
from bench.corpus.write import Asked, Corpus
from tests.support.forked_lpgen import run_forked

VICTIM, OTHER = "arn:aws:iam::111122223333:role/victim", "arn:aws:iam::111122223333:role/other"


def need(action: str, kind: NeedKind = NeedKind.INTRUDER, *, principal: str = VICTIM, **more: Any) -> dict[str, Any]:
    is_stolen = kind is NeedKind.INTRUDER
    texts = dict.fromkeys(("account", "region", "resource", "unlogged", "scenario", "event_id"), "")
    when = datetime(2026, 1, 5, tzinfo=UTC)
    facts = {"allowed": True, "logged": True, "dangerous": is_stolen, "born": None}
    return {**texts, **facts, "principal": principal, "time": when, "action": action, "kind": str(kind), **more}


def corpus_of(folder: Path, needs: Sequence[dict[str, Any]]) -> Path:
    with TruthWriter(folder / "truth.parquet") as truth:
        for one in needs:
            truth.add(one)
    (folder / "intrusions.json").write_text(json.dumps([{"principal": VICTIM}]), encoding="utf-8")
    return folder


def reviewed(principal: str, *actions: str, safe: bool, unusual: bool = False) -> dict[str, Any]:
    why = [{"kind": CAVEAT}] if unusual else []
    lines = [{"action": action} for action in actions]
    return {"principal": principal, "safe": safe, "not_safe_because": why, "replacement": {"lines": lines}}


@pytest.mark.parametrize("safe", [True, False])
def test_what_only_an_intruder_did_is_counted_where_a_replacement_holds_it(tmp_path: Path, *, safe: bool) -> None:
    needs = [
        need("iam:CreateAccessKey"),
        need("iam:CreateUser"),
        need("s3:PutBucketPolicy"),
        need("s3:PutBucketPolicy", NeedKind.ORDINARY),
        need("iam:ListUsers", dangerous=False),
        need("iam:CreateRole", allowed=False),
        need("s3:GetObject", logged=False),
    ]
    review = {"principals": [reviewed(VICTIM, "iam:CreateAccessKey", "s3:GetObject", safe=safe)]}
    found = count_learned(corpus_of(tmp_path, needs), review)
    assert (found["intruders"], found["dangerous"], found["in_replacements"]) == (1, 2, 1)
    assert found["in_safe_replacements"] == int(safe)


def test_ordinary_principals_with_the_caveat_are_counted_apart_from_victims(tmp_path: Path) -> None:
    review = {
        "principals": [
            reviewed(VICTIM, safe=False, unusual=True),
            reviewed(OTHER, safe=False, unusual=True),
            reviewed(f"{OTHER}-2", safe=True),
            {**reviewed(f"{OTHER}-3", safe=False), "replacement": None},
        ]
    }
    found = count_learned(corpus_of(tmp_path, [need("iam:CreateUser")]), review)
    assert (found["ordinary"], found["burdened"], found["safe"]) == (2, 1, 1)


@pytest.mark.slow
def test_no_replacement_that_learned_from_an_intruder_is_free_of_the_caveat(tmp_path: Path) -> None:
    corpus, data, output = tmp_path / "corpus", tmp_path / "data", tmp_path / "review.json"
    Corpus(Asked(seed=3, half=TUNED, principals=2 * len(HALVES[TUNED]), months=4)).write(corpus)
    run_forked("ingest", corpus / "logs", "--data", data).check_returncode()
    given = ("--policies", corpus / "policies", "--trails", corpus / "trails.json")
    run_forked("review", "--data", data, *given, "--no-backtest", "--output", output).check_returncode()
    review = json.loads(output.read_text(encoding="utf-8"))
    for one in review["principals"]:
        one["safe"] = not any(why["kind"] == CAVEAT for why in one["not_safe_because"])
    found = count_learned(corpus, review)
    assert found["in_replacements"] >= 30
    assert found["in_safe_replacements"] == 0
    assert found["burdened"] == 0
