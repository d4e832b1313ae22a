"""A review names the proposals of `lpgen roles` that save most, as `lpgen roles` makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.catalog.danger import Dangers
from lpgen.core.findings import Saving, SavingKind
from lpgen.core.roles.savings import greatest_savings
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
DANGERS = Dangers(bundled_catalog())
NO_SKETCHES: dict[str, Any] = {}


def lpgen(*arguments: object) -> str:
    done = run_forked(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("format", [pytest.param("json", marks=pytest.mark.slow), "jsonl"])
def test_savings_are_those_of_the_roles_report(sample_data: Path, format: str) -> None:  # noqa: A002
    options = ("--data", sample_data, "--policies", ROOT / "authorization-details", "--format")
    text = lpgen("review", *options, format, "--no-graph", "--no-backtest")
    found: list[Json] = json.loads(text if format == "json" else text.splitlines()[0])["savings"]
    report = json.loads(lpgen("roles", *options, "json", "--no-backtest"))
    assert [one["kind"] for one in found] == ["merge", "split", "user"]
    merge, split, user = found
    assert (merge["principals"], merge["saved"]) in [(one["members"], one["roles_saved"]) for one in report["merges"]]
    assert merge["saved"] == max(one["roles_saved"] for one in report["merges"])
    assert (split["principals"], split["roles"]) in [([one["role"]], len(one["parts"])) for one in report["splits"]]
    keys = {one["user"]: sum(key["active"] is not False for key in one["keys"]) for one in report["users"]}
    assert user["saved"] == keys[user["principals"][0]] == max(keys.values())


def test_screen_names_them_and_a_choice_of_principals_has_none(sample_data: Path) -> None:
    options = ("--data", sample_data, "--policies", ROOT / "authorization-details", "--no-graph", "--no-backtest")
    assert "Roles: merge thumbnailer-1 and 2 others; split scheduled-jobs into 2; replace user" in " ".join(
        lpgen("review", *options).split()
    )
    text = lpgen("review", *options, "--principal", "role/app/thumbnailer-1", "--format", "json")
    assert json.loads(text)["savings"] == []


savings = st.builds(
    lambda kind, number, saved: Saving(kind, (f"arn{number}",), 2, saved),
    st.sampled_from([SavingKind.SPLIT, SavingKind.USER]),
    st.integers(0, 99),
    st.integers(1, 9),
)


@given(st.lists(savings, max_size=8))
def test_the_first_of_each_kind_comes_before_any_second(found: list[Saving]) -> None:
    chosen = greatest_savings(found, {}, NO_SKETCHES.__getitem__, DANGERS)
    assert len(chosen) == min(3, len(found))
    assert {one.kind for one in chosen} == {one.kind for one in found}
    for kind in SavingKind:
        saved = sorted((one.saved for one in found if one.kind == kind), reverse=True)
        shown = [one.saved for one in chosen if one.kind == kind]
        assert shown == saved[: len(shown)]
