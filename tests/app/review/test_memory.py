"""A review holds little of each principal: its policies lie in a temporary file until its batch is worked on."""

from __future__ import annotations

import gc
import json
import shutil
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import lpgen.app.drift as comparison
from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import Review, open_review
from lpgen.core.drift.comparison import DriftOptions
from lpgen.core.drift.states import Stamp
from lpgen.core.model import Statement
from lpgen.core.options import Options
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.data_folder.baseline_folder import BaselineFiles, save_baseline
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.report.views import PrincipalView

STATEMENTS = 20
HELD_OF_EACH = 900
"""So many bytes are held of a principal at most; its policies alone take more than forty times as much."""


def role(number: int, action: str) -> dict[str, Any]:
    name = f"worker-{number}"
    statements = [
        {"Sid": f"S{at}", "Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{name}-{at}/*"}
        for at in range(STATEMENTS)
    ]
    policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    return {
        "Arn": f"arn:aws:iam::111122223333:role/{name}",
        "RoleName": name,
        "RoleId": f"AROA{number:016}",
        "RolePolicyList": [policy],
    }


def opened(data: Path, folder: Path, count: int, action: str = "s3:GetObject") -> Review:
    """The review of so many roles, in pages of a hundred."""
    folder.mkdir()
    roles = [role(number, action) for number in range(count)]
    pages = [{"RoleDetailList": roles[start : start + 100]} for start in range(0, count, 100)]
    for number, page in enumerate(pages):
        (folder / f"{number:03}.json").write_text(json.dumps(page))
    return open_review(AnalysisInputs(data, [folder], bundled_catalog(), Options()), savings=True)


def held_by_review(data: Path, folder: Path, count: int) -> int:
    """How many bytes are held once a review is ready to be made."""
    tracemalloc.start()
    try:
        review = opened(data, folder, count)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        assert len(review.reviewer.accounts) == 1
    finally:
        tracemalloc.stop()
    return held


@pytest.mark.slow
def test_a_review_holds_little_of_each_principal(sample_data: Path, tmp_path: Path) -> None:
    held_by_review(sample_data, tmp_path / "warm", 1)
    few, many = (held_by_review(sample_data, tmp_path / str(count), count) for count in (20, 220))
    assert (many - few) / 200 < HELD_OF_EACH


def test_no_policy_stays_after_its_batch(sample_data: Path, tmp_path: Path) -> None:
    gc.collect()
    gc.freeze()  # what there is already isn't searched again for each batch

    def held() -> int:
        gc.collect()
        return sum(isinstance(obj, Statement) and obj.sid.startswith("S") for obj in gc.get_objects())

    before = held()
    review = opened(sample_data, tmp_path / "roles", 40)
    assert held() == before
    batches = iter(review.batches)
    for batch in batches:
        alive = held() - before
        assert alive == STATEMENTS * len(batch.units)
    assert sum(len(batch.units) for batch in review.batches) == 40


def test_drift_holds_the_policies_of_one_batch_on_both_sides(
    sample_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folder, catalog = tmp_path / "data", tmp_path / "roles", bundled_catalog()
    shutil.copytree(sample_data, data)
    opened(data, folder, 40)
    stamp = Stamp("then", date(2026, 6, 1), catalog.version, catalog.date)
    files, when = BaselineFiles(tuple(folder.glob("*.json"))), datetime(2026, 6, 1, tzinfo=UTC)
    usage, actions = read_usage(data), catalog.actions()
    save_baseline(data, stamp, files, usage=usage, known_actions=actions, proposals=(), saved=when)
    alive: list[int] = []

    def watched(_engine: object, fn: Callable[[Any], object], items: Iterable[Any]) -> Iterator[object]:
        for item in items:
            yield fn(item)
            gc.collect()
            alive.append(sum(isinstance(obj, Statement) and obj.sid.startswith("S") for obj in gc.get_objects()))

    monkeypatch.setattr(comparison, "results_of", watched)
    gc.collect()
    gc.freeze()  # what there is already isn't searched again for each batch
    found = comparison.drift(AnalysisInputs(data, [folder], catalog, Options()), choice=DriftOptions())
    assert found.after.figures.principals == 40
    assert [one // STATEMENTS for one in alive] == [2 * size for size in (16, 16, 8)]


def test_summaries_share_equal_caveats(sample_data: Path, tmp_path: Path) -> None:
    review = opened(sample_data, tmp_path / "roles", 2, action="s3:GetNothing")
    one, other = review.map(lambda proposal: PrincipalView(proposal).summary.caveats)
    assert one
    assert all(caveat is same for caveat, same in zip(one, other, strict=True))
