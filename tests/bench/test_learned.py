"""What replacements learned from intruders is counted, and none that is called safe learned anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.corpus.beliefs import BELIEFS, CAVEAT, count_beliefs, has_intruded_kinds
from bench.corpus.calendar import NeedKind
from bench.corpus.half import HALVES, HELD_BACK, TUNED
from bench.corpus.learned import count_learned
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
        for need in needs:
            truth.add(need)
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


ACCOUNT = "111122223333"
BUCKET = "arn:aws:s3:::orders"


def intruded_corpus(folder: Path, *needs: dict[str, Any], later: Sequence[dict[str, Any]] = ()) -> Path:
    """A corpus of one victim, one ordinary principal and one other, with these rows of the truth."""
    for name, rows in (("truth", needs), ("later", later)):
        with TruthWriter(folder / f"{name}.parquet") as truth:
            for row in rows:
                truth.add({**row, "account": ACCOUNT})
    roles = {VICTIM: "victim", OTHER: "bystander", f"{OTHER}-2": "ordinary"}
    principals = [
        {"arn": arn, "kind": role, "half": TUNED, "role": role, "is_ordinary": role == "ordinary", "account": ACCOUNT}
        for arn, role in roles.items()
    ]
    (folder / "principals.json").write_text(json.dumps(principals), encoding="utf-8")
    return folder


def replaced(principal: str, lines: dict[str, str], *, safe: bool = True, unusual: bool = False) -> dict[str, Any]:
    return {
        "principal": principal,
        "safe": safe,
        "not_safe_because": [{"kind": CAVEAT}] if unusual else [],
        "replacement": {
            "lines": [{"action": action, "resources": [glob]} for action, glob in lines.items()],
            "left_attached": [],
        },
    }


def counted(corpus: Path, *entries: dict[str, Any], clean: Sequence[dict[str, Any]] | None = None) -> dict[str, int]:
    """The numbers of the tuned half that aren't zero."""
    without = {"principals": list(clean)} if clean is not None else None
    found = count_beliefs(corpus, {"principals": list(entries)}, without)
    return {name: number for name, number in found[TUNED]["sum"].items() if number}


@pytest.mark.parametrize("safe", [True, False])
def test_stays_counts_the_intruders_harm_that_the_victim_does_not_need(tmp_path: Path, *, safe: bool) -> None:
    needs = [
        need("iam:CreateUser"),
        need("iam:CreateRole", allowed=False),
        need("iam:ListUsers", dangerous=False),
        need("s3:DeleteBucket"),
        need("kms:DisableKey"),
        need("kms:PutKeyPolicy", logged=False),
    ]
    corpus = intruded_corpus(tmp_path, *needs, later=[need("kms:DisableKey", NeedKind.RARE)])
    actions = ("iam:CreateUser", "iam:CreateRole", "iam:ListUsers", "kms:DisableKey", "kms:PutKeyPolicy")
    found = counted(corpus, replaced(VICTIM, dict.fromkeys(actions, "*"), safe=safe))
    assert found["stays"] == 2
    assert found.get("stays_safe", 0) == (2 if safe else 0)
    assert found.get("victims_safe", 0) == int(safe)


def test_scopes_counts_a_foreign_bucket_once_and_own_buckets_never(tmp_path: Path) -> None:
    needs = [
        need("s3:GetObject", NeedKind.ORDINARY, resource=f"{BUCKET}/mine"),
        need("s3:GetObject", resource=f"{BUCKET}/theirs"),
        need("s3:GetObject", resource="arn:aws:s3:::foreign/a"),
        need("s3:GetObject", resource="arn:aws:s3:::foreign/b"),
    ]
    corpus = intruded_corpus(tmp_path, *needs)
    assert counted(corpus, replaced(VICTIM, {"s3:GetObject": "arn:aws:s3:::foreign/*"}))["scopes"] == 1
    assert "scopes" not in counted(corpus, replaced(VICTIM, {"s3:GetObject": f"{BUCKET}/*"}))
    assert "scopes" not in counted(corpus, replaced(VICTIM, {"s3:GetObjectAcl": "arn:aws:s3:::foreign/*"}))


def test_scopes_counts_a_wider_line_only_if_the_replacement_without_intrusions_is_narrower(tmp_path: Path) -> None:
    own, foreign = "arn:aws:sqs:eu-west-1:111122223333:own", "arn:aws:sqs:eu-west-1:111122223333:foreign"
    needs = [need("sqs:PurgeQueue", NeedKind.ORDINARY, resource=own), need("sqs:PurgeQueue", resource=foreign)]
    corpus, wide = intruded_corpus(tmp_path, *needs), replaced(VICTIM, {"sqs:PurgeQueue": "*"})
    assert "scopes" not in counted(corpus, wide)
    assert "scopes" not in counted(corpus, wide, clean=[wide])
    assert counted(corpus, wide, clean=[replaced(VICTIM, {"sqs:PurgeQueue": own})])["scopes"] == 1


def test_taught_counts_what_only_intruders_of_others_used(tmp_path: Path) -> None:
    third = need("sns:Publish", NeedKind.ORDINARY, principal=f"{OTHER}-2")
    needs = [need("kms:DisableKey"), need("sns:Publish"), third, need("kms:ListKeys", NeedKind.DENIED, principal=OTHER)]
    corpus = intruded_corpus(tmp_path, *needs)
    learned = dict.fromkeys(("kms:DisableKey", "sns:Publish", "kms:ListKeys", "kms:Decrypt"), "*")
    assert counted(corpus, replaced(OTHER, learned))["taught"] == 1
    assert counted(corpus, replaced(OTHER, learned))["taught_safe"] == 1
    assert "taught" not in counted(corpus, replaced(VICTIM, learned))
    assert "taught" not in counted(corpus, replaced(OTHER, learned), clean=[replaced(OTHER, learned)])


def test_taught_counts_what_another_account_needs_only_with_the_review_without_intrusions(tmp_path: Path) -> None:
    corpus = intruded_corpus(tmp_path, need("kms:DisableKey"))
    elsewhere = need("kms:DisableKey", NeedKind.RARE, principal="arn:aws:iam::444455556666:role/keys")
    with TruthWriter(corpus / "truth.parquet") as truth:
        truth.add({**need("kms:DisableKey"), "account": ACCOUNT})
        truth.add({**elsewhere, "account": "444455556666"})
    learned = replaced(OTHER, {"kms:DisableKey": "*"})
    assert "taught" not in counted(corpus, learned)
    assert counted(corpus, learned, clean=[replaced(OTHER, {})])["taught"] == 1


def test_taught_counts_resources_that_only_intruders_used_with_an_action_that_others_need(tmp_path: Path) -> None:
    foreign = "arn:aws:dynamodb:eu-west-1:111122223333:table/foreign"
    own = need("dynamodb:Scan", NeedKind.ORDINARY, principal=OTHER, resource=f"{foreign}-2")
    corpus = intruded_corpus(tmp_path, own, need("dynamodb:Scan", resource=foreign))
    assert counted(corpus, replaced(OTHER, {"dynamodb:Scan": foreign}))["taught"] == 1
    assert "taught" not in counted(corpus, replaced(OTHER, {"dynamodb:Scan": f"{foreign}-2"}))
    assert "taught" not in counted(corpus, replaced(OTHER, {"dynamodb:Scan": f"{foreign}*"}))


def test_ordinary_principals_and_others_are_counted_apart_with_their_burdens_and_denials(tmp_path: Path) -> None:
    needs = [
        need("iam:CreateUser"),
        need("sqs:SendMessage", NeedKind.ORDINARY, principal=OTHER),
        need("rds:DeleteDBInstance", NeedKind.RARE, principal=f"{OTHER}-2"),
    ]
    entries = [
        replaced(VICTIM, {}, unusual=True, safe=False),
        replaced(OTHER, {"sqs:SendMessage": "*"}),
        replaced(f"{OTHER}-2", {}, unusual=True, safe=False),
    ]
    found = counted(intruded_corpus(tmp_path, *needs), *entries)
    expected = {"victims": 1, "ordinary": 1, "ordinary_denying": 1, "burdened": 1, "others": 1, "others_safe": 1}
    assert found == expected


def test_gained_and_lent_need_the_review_without_intrusions(tmp_path: Path) -> None:
    corpus = intruded_corpus(tmp_path, need("iam:CreateUser"), need("iam:GetUser", NeedKind.ORDINARY))
    full = replaced(VICTIM, dict.fromkeys(("iam:CreateUser", "iam:GetUser", "iam:TagUser"), "*"))
    found = counted(corpus, full, clean=[replaced(VICTIM, {})])
    assert (found["gained"], found["lent"], found["gained_safe"], found["lent_safe"]) == (2, 1, 2, 1)
    assert "gained" not in count_beliefs(corpus, {"principals": [full]})[TUNED]["sum"]


def test_held_back_kinds_are_only_summed(tmp_path: Path) -> None:
    corpus = intruded_corpus(tmp_path, need("iam:CreateUser"))
    path = corpus / "principals.json"
    path.write_text(path.read_text(encoding="utf-8").replace(f'"{TUNED}"', f'"{HELD_BACK}"'), encoding="utf-8")
    found = count_beliefs(corpus, {"principals": [replaced(VICTIM, {"iam:CreateUser": "*"})]})
    assert found.keys() == {HELD_BACK}
    assert found[HELD_BACK].keys() == {"sum"}
    assert tuple(found[HELD_BACK]["sum"]) == BELIEFS


def test_corpora_without_intruded_kinds_are_told_apart(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    assert not has_intruded_kinds(corpus_of(tmp_path / "old", [need("iam:CreateUser")]))
    assert has_intruded_kinds(intruded_corpus(tmp_path / "new", need("iam:CreateUser")))


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
    assert found["burdened"] <= 1
