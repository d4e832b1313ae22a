"""Replacements that are called safe wrongly are counted, of held-back kinds only in sum."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.corpus.calendar import NeedKind
from bench.corpus.half import HELD_BACK, TUNED
from bench.corpus.truth import TruthWriter
from bench.corpus.unsafe import COUNTS, count_unsafe

ROLE = "arn:aws:iam::111122223333:role/app"
AWS_POLICY = "arn:aws:iam::aws:policy/QueueReaders"


def corpus_of(folder: Path, *needs: str, later: str = "", safe_is_right: bool | None = True, half: str = TUNED) -> Path:
    for name, actions in (("truth", needs), ("later", (later,) if later else ())):
        with TruthWriter(folder / f"{name}.parquet") as truth:
            for action in actions:
                truth.add(row_of(action))
    about = {"arn": ROLE, "kind": "reader", "half": half, "safe_is_right": safe_is_right}
    (folder / "principals.json").write_text(json.dumps([about]), encoding="utf-8")
    (folder / "policies").mkdir()
    document = {"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    policies = [{"Arn": AWS_POLICY, "PolicyVersionList": [{"Document": document}]}]
    (folder / "policies" / "111122223333.json").write_text(json.dumps({"Policies": policies}), encoding="utf-8")
    return folder


def row_of(action: str, kind: NeedKind = NeedKind.ORDINARY) -> dict[str, Any]:
    texts = dict.fromkeys(("account", "region", "unlogged", "scenario", "event_id"), "")
    facts = {"allowed": True, "logged": True, "dangerous": False, "born": None, "resource": "arn:aws:s3:::a/b"}
    return {
        **texts,
        **facts,
        "principal": ROLE,
        "time": datetime(2026, 1, 5, tzinfo=UTC),
        "action": action,
        "kind": kind,
    }


def reviewed(*actions: str, safe: bool = True, attached: tuple[str, ...] = ()) -> dict[str, Any]:
    lines = [{"action": action, "resources": ["arn:aws:s3:::a/*"]} for action in actions]
    left = [{"arn": arn} for arn in attached]
    replacement = {"lines": lines, "left_attached": left}
    return {"principals": [{"principal": ROLE, "safe": safe, "proposal": "replace", "replacement": replacement}]}


def numbers(corpus: Path, review: dict[str, Any]) -> dict[str, int]:
    found = count_unsafe(corpus, review)
    return found[TUNED]["reader"]


@pytest.mark.parametrize("safe", [True, False])
def test_a_replacement_that_denies_a_need_is_wrong_only_when_called_safe(tmp_path: Path, *, safe: bool) -> None:
    corpus = corpus_of(tmp_path, "s3:GetObject", later="s3:PutObject")
    found = numbers(corpus, reviewed("s3:GetObject", "s3:GetObjectAcl", safe=safe))
    assert (found["denying"], found["wrong"], found["breaking"], found["kept"]) == (1, safe, safe, 1)


@pytest.mark.parametrize("safe_is_right", [True, False])
def test_a_replacement_that_allows_all_needs_is_judged_by_its_kind(tmp_path: Path, *, safe_is_right: bool) -> None:
    corpus = corpus_of(tmp_path, "s3:GetObject", safe_is_right=safe_is_right)
    found = numbers(corpus, reviewed("s3:GetObject"))
    assert (found["safe"], found["wrong"], found["breaking"]) == (1, not safe_is_right, 0)


def test_a_policy_of_aws_that_stays_attached_allows_needs(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, "s3:GetObject", "sqs:SendMessage")
    assert numbers(corpus, reviewed("s3:GetObject"))["denying"] == 1
    assert numbers(corpus, reviewed("s3:GetObject", attached=(AWS_POLICY,)))["denying"] == 0


def test_a_role_with_later_needs_that_is_to_be_disabled_is_counted(tmp_path: Path) -> None:
    entry = {"principal": ROLE, "safe": None, "proposal": "disable the role", "replacement": None}
    found = numbers(corpus_of(tmp_path, later="s3:GetObject"), {"principals": [entry]})
    assert (found["disabled"], found["replaced"], found["safe"]) == (1, 0, 0)


def test_held_back_kinds_are_summed_and_kinds_without_an_answer_are_left_out(tmp_path: Path) -> None:
    for name in ("held", "old"):
        (tmp_path / name).mkdir()
    held = corpus_of(tmp_path / "held", "s3:GetObject", safe_is_right=False, half=HELD_BACK)
    found = count_unsafe(held, reviewed("s3:GetObject"))
    assert found.keys() == {HELD_BACK}
    assert found[HELD_BACK].keys() == {"wrong"}
    assert tuple(found[HELD_BACK]["wrong"]) == COUNTS
    assert count_unsafe(corpus_of(tmp_path / "old", safe_is_right=None), reviewed("s3:GetObject")) == {}
