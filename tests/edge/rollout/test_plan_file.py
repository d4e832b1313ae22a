"""The plan file: what isn't there or no plan is an error that says how to make one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.edge.rollout.plan_file import read_rollout_plan
from lpgen.errors import RolloutError


@pytest.mark.parametrize("text", [None, "", "{}", "[]"])
def test_read_rollout_plan_says_how_to_make_one(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(RolloutError) as found:
        read_rollout_plan(path)
    assert str(path) in found.value.message
    assert "lpgen rollout plan" in found.value.hint


@pytest.mark.parametrize("number", [1, 3])
def test_read_rollout_plan_refuses_another_schema_by_its_number(tmp_path: Path, number: int) -> None:
    path = tmp_path / "plan.json"
    path.write_text(f'{{"schema": "lpgen.rollout/{number}", "whatever": 1}}', "utf-8")
    with pytest.raises(RolloutError) as found:
        read_rollout_plan(path)
    assert found.value.message == (
        f"`{path}` has the schema `lpgen.rollout/{number}`, and this version of lpgen reads `lpgen.rollout/2`"
    )
    assert found.value.hint == "run `lpgen rollout plan` again"
