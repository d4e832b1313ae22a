"""SARIF of a review points at lines that the files of `lpgen generate` really have."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.report.sarif.kinds import ReviewKind
from tests.support.forked_lpgen import run_forked

pytestmark = pytest.mark.slow

ROOT = "iam/lpgen-out"


@pytest.fixture(scope="module")
def repository(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the output of `generate`, and the SARIF of a review beside it."""
    home = tmp_path_factory.mktemp("repository")
    (home / "iam").mkdir()
    shutil.copytree(sample_data, home / "data")
    ground = ["--data", str(home / "data"), "--policies", str(bundled_sample_logs().policies)]
    sarif = ["--format", "sarif", "--sarif-root", ROOT]
    for command in (
        ["generate", *ground, "--output", str(home / ROOT)],
        ["review", *ground, *sarif, "-o", str(home / "review.sarif")],
        ["baseline", "save", "then", *ground],
        ["drift", *ground, *sarif, "--as-of", "2026-11-30", "--apply-days", "30", "-o", str(home / "drift.sarif")],
    ):
        done = run_forked(*command)
        assert done.returncode == 0, done.stderr
    return home


def read_results(repository: Path, name: str) -> list[Any]:
    (run,) = json.loads((repository / name).read_text(encoding="utf-8"))["runs"]
    return list(run["results"])


def lines_of(result: Any, repository: Path) -> tuple[str, list[str]]:
    """The path of the file that a result points to, and the lines of its region."""
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    path, region = unquote(physical["artifactLocation"]["uri"]), physical["region"]
    lines = (repository / path).read_text(encoding="utf-8").splitlines()
    assert 1 <= region["startLine"] <= region["endLine"] <= len(lines)
    return path, lines[region["startLine"] - 1 : region["endLine"]]


def statements_of(result: Any) -> set[str]:
    (location,) = result["locations"]
    return {one["fullyQualifiedName"] for one in location.get("logicalLocations", ()) if one["kind"] == "statement"}


def test_review_sarif_points_at_lines_that_hold_the_action_or_the_statement(repository: Path) -> None:
    kinds: Counter[str] = Counter()
    for result in read_results(repository, "review.sarif"):
        path, lines = lines_of(result, repository)
        if "/policy-" not in path:
            continue
        said = "\n".join(lines).strip().removesuffix(",")
        if len(lines) == 1:
            action = json.loads(said.removeprefix('"Action": '))
            assert action in result["properties"].get("actions", ()) or action in result["message"]["text"]
            kinds["action"] += 1
        else:
            sid = json.loads(said)["Sid"]
            evidence = json.loads((repository / path).with_name("evidence.json").read_text(encoding="utf-8"))
            parents = {one["parent"]["policy"] for one in evidence["lines"] if one["sid"] == sid}
            (location,) = result["locations"]
            named = " ".join(one["fullyQualifiedName"] for one in location["logicalLocations"])
            assert any(policy in named for policy in parents)
            kinds["statement"] += 1
        kinds[result["ruleId"]] += 1
    assert kinds["action"] > 10
    assert kinds["statement"] > 10
    for kind in (ReviewKind.WILDCARD, ReviewKind.UNUSED, ReviewKind.UNOBSERVABLE_KEPT, ReviewKind.UNUSED_DANGEROUS):
        assert kinds[kind.rule], kind


def test_review_sarif_names_the_old_statement_where_the_finding_is_about_it(repository: Path) -> None:
    rules = {ReviewKind.WILDCARD.rule, ReviewKind.UNUSED_DANGEROUS.rule, ReviewKind.UNOBSERVABLE_DANGEROUS.rule}
    found = [result for result in read_results(repository, "review.sarif") if result["ruleId"] in rules]
    assert found
    assert all(statements_of(one) for one in found)


def test_drift_sarif_points_at_the_policies_that_were_proposed(repository: Path) -> None:
    found = [result for result in read_results(repository, "drift.sarif") if result["ruleId"] == "drift-never-applied"]
    assert len(found) > 10
    for result in found:
        path, lines = lines_of(result, repository)
        assert path.endswith("/policy-1.json")
        assert lines == (repository / path).read_text(encoding="utf-8").splitlines()
