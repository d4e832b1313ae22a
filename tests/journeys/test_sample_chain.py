"""The way to administrative rights in the sample organization: open, never used, and cut by safe replacements."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import GRAPH_PAGE, README
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT, role

WORKER, FUNCTION, NODE, DEPLOYER, PUBLISHER, LAUNCHER, ENGINEER = CAST = [
    role(name)
    for name in (
        "app/orders-worker",
        "lambda/checkout-tax",
        "fleet-node",
        "platform/platform-deployer",
        "ci/functions-publisher",
        "batch-launcher",
        "data/data-engineer",
    )
]
CHAIN = [WORKER, FUNCTION, NODE, DEPLOYER]
POLICIES = ("--policies", ROOT / "authorization-details")


def lpgen(*arguments: object) -> str:
    done = run_forked(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def out(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain") / "out"
    lpgen("generate", "--data", sample_data, *POLICIES, "--output", folder)
    return folder


@pytest.fixture(scope="module")
def question(sample_data: Path, out: Path) -> tuple[object, ...]:
    compute = ROOT / "compute.json"
    return ("graph", "--data", sample_data, *POLICIES, "--compute", compute, "--to", "admin", "--compare", out)


@pytest.fixture(scope="module")
def answer(question: tuple[object, ...]) -> dict[str, Any]:
    return dict(json.loads(lpgen(*question, "--format", "json")))


def path_from(answer: dict[str, Any], source: str) -> list[dict[str, Any]]:
    (found,) = (path["edges"] for path in answer["paths"] if path["edges"][0]["from"] == source)
    return list(found)


def test_workload_reaches_an_administrator_over_steps_that_nobody_used(answer: dict[str, Any]) -> None:
    edges = path_from(answer, WORKER)
    assert [edge["from"] for edge in edges] + [edges[-1]["to"]] == CHAIN
    assert DEPLOYER in answer["administrators"]
    assert {(edge["state"], edge["use"], edge["covered_days"]) for edge in edges} == {("open", "never", 120)}


def test_compute_of_the_chain_exists(answer: dict[str, Any]) -> None:
    running = {(found["arn"], found["role"]) for found in json.loads((ROOT / "compute.json").read_bytes())}
    edges = path_from(answer, WORKER)
    assert not any(edge["if_exists"] for edge in edges)
    through = [(edge["through"], edge["to"]) for edge in edges if edge["through"]]
    assert [role for _, role in through] == [FUNCTION, NODE]
    assert set(through) <= running


def test_safe_replacements_cut_every_step(answer: dict[str, Any], out: Path) -> None:
    edges = path_from(answer, WORKER)
    assert [edge["cut"] for edge in edges] == [True, True, True]
    principals = json.loads((out / "summary.json").read_bytes())["principals"]
    safe = {found["principal"]: found["safe"] for found in principals}
    assert [safe[edge["from"]] for edge in edges] == [True, True, True]


def test_only_administrators_and_who_signs_them_in_are_left_after_the_replacements(answer: dict[str, Any]) -> None:
    assert {path["edges"][0]["from"] for path in answer["paths"]} > set(CAST)
    left = {path["edges"][0]["from"].rpartition("/")[2] for path in answer["paths_after"]}
    administrator = "AWSReservedSSO_AdministratorAccess_9b02e7f4a1c8d563"
    assert left == {"break-glass-admin", administrator, "AWSSSO_7f3e2b1c9d084a65_DO_NOT_DELETE"}


def test_steps_that_work_depends_on_are_used_and_stay(answer: dict[str, Any]) -> None:
    for source in (PUBLISHER, LAUNCHER):
        first, *others = path_from(answer, source)
        assert (first["use"], first["cut"]) == ("used", False)
        assert {(edge["use"], edge["cut"]) for edge in others} == {("never", True)}


def test_one_statement_cuts_the_most(answer: dict[str, Any]) -> None:
    first = answer["choke_points"][0]
    assert (first["principal"], first["statement"], first["cut"]) == (NODE, "SwapProfile", 6)


def test_text_says_that_the_chain_is_cut(question: tuple[object, ...]) -> None:
    text = " ".join(lpgen(*question, "--from", "role/app/orders-worker").split())
    assert "1 open path from 111122223333 role/app/orders-worker to administrative rights" in text
    assert "; after the replacements 0." in text
    assert text.count("Not used in 120 covered days.") == text.count("The replacements cut it.") == 3


def test_documents_say_of_the_picture_what_it_shows(answer: dict[str, Any]) -> None:
    """Where this fails, `make screenshots` takes it again."""
    cut = len(answer["paths"]) - len(answer["paths_after"])
    for document in (README, GRAPH_PAGE):
        text = document.read_text(encoding="utf-8")
        assert re.findall(r"!\[.*the replacements keep (\d+) principals", text) == [str(cut)]
