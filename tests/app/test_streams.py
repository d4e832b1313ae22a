"""Commands over thousands of principals give the same, wherever and in however many pieces these are worked on."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import lpgen.app.backtest as backtests
import lpgen.app.baseline as baseline
import lpgen.app.drift as comparison
import lpgen.app.review as review
import lpgen.app.verify as verification
from lpgen.app.backtest import Days
from lpgen.core.backtests import Backtest
from lpgen.core.drift.comparison import DriftOptions
from lpgen.core.drift.findings import Drift
from lpgen.core.drift.policies import PolicyDrift
from lpgen.core.drift.principals import PrincipalDrift
from lpgen.core.drift.wildcards import WildcardDrift
from lpgen.core.replacements import OutputVerification
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.errors import EngineError
from tests.support.outputs import OutputWorld, make_output, read_json, write_json

SPREADS = [(2, 1), pytest.param((1, 1), marks=pytest.mark.slow), pytest.param((2, 3), marks=pytest.mark.slow)]
"""Numbers of workers, and of principals in a batch, to compare with all in one batch of this process."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> OutputWorld:
    return make_output(tmp_path_factory.mktemp("world"))


def spread(monkeypatch: pytest.MonkeyPatch, module: object, workers: int, size: int) -> LocalEngine:
    """The engine that does the work of a module with so many workers, in batches of a size."""
    monkeypatch.setattr(module, "BATCH_UNITS", size)
    monkeypatch.setattr(module, "engine_for_units", lambda engine, _units, _size: engine)
    return LocalEngine(workers)


_THIS_PROCESS = os.getpid()


def die_in_a_worker(*_: object, **__: object) -> None:
    assert os.getpid() != _THIS_PROCESS
    os.kill(os.getpid(), signal.SIGKILL)


# ---------------------------------------------------------------- verify


@pytest.fixture(scope="module")
def tampered(world: OutputWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output with a folder that can't be read, one that allows more, one of a principal that nobody knows, and one
    that is there twice. It has no summary, so it can't be generated again."""
    output = tmp_path_factory.mktemp("tampered") / "out"
    shutil.copytree(world.output, output)
    unread, wide, strange, twice = sorted(path.parent for path in output.glob("*/evidence.json"))
    shutil.copytree(twice, output / "again")
    (output / "summary.json").unlink()
    (unread / "evidence.json").write_text("{")
    document = read_json(wide / "policy-1.json")
    write_json(
        wide / "policy-1.json",
        {**document, "Statement": [*document["Statement"], {"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    )
    evidence = read_json(strange / "evidence.json")
    write_json(strange / "evidence.json", {**evidence, "principal": f"{evidence['principal']}-of-nobody"})
    return output


def verified(world: OutputWorld, output: Path, engine: LocalEngine) -> OutputVerification:
    return verification.verify(output, world.inputs(engine=engine))


@pytest.fixture(scope="module")
def verified_at_once(world: OutputWorld, tampered: Path) -> OutputVerification:
    return verified(world, tampered, LocalEngine())


@pytest.mark.parametrize("chosen", SPREADS)
def test_verification_is_the_same_in_any_pieces(
    world: OutputWorld,
    tampered: Path,
    verified_at_once: OutputVerification,
    chosen: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = verified(world, tampered, spread(monkeypatch, verification, *chosen))
    assert found == verified_at_once
    failed = [
        {check.name for check in principal.checks if check.status.value == "failed"} for principal in found.principals
    ]
    assert "the files can be read" in failed[0]
    assert "nothing new is allowed" in failed[1]
    assert "the old policies are known" in failed[2]
    assert failed[3] == failed[4] == set()


def test_verification_ends_where_a_worker_dies(world: OutputWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    spread(monkeypatch, verification, 2, 1)
    monkeypatch.setattr(verification, "verify_replacement", die_in_a_worker)
    with pytest.raises(EngineError, match="a worker died on the same work"):
        verified(world, world.output, LocalEngine(2, "fork"))


# ---------------------------------------------------------------- baselines and drift


@pytest.fixture(scope="module")
def changed(world: OutputWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Policies in which a role is gone, one is new, one has a wildcard more, and one has lost its policies."""
    page = read_json(world.policies)
    copied, wider, emptied = page["RoleDetailList"][1:]
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    more = {"PolicyName": "more", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    wider["RolePolicyList"] = [*wider["RolePolicyList"], more]
    emptied["RolePolicyList"] = emptied["AttachedManagedPolicies"] = []
    name = copied["RoleName"] + "-new"
    new = {**copied, "RoleName": name, "Arn": copied["Arn"] + "-new", "RoleId": "AROANEW"}
    path = tmp_path_factory.mktemp("changed") / "policies.json"
    write_json(path, {**page, "RoleDetailList": [copied, wider, emptied, new]})
    return path


def saved(world: OutputWorld, name: str, engine: LocalEngine, folder: Path) -> dict[str, bytes]:
    """The files of a baseline saved in a copy of the data folder, by their paths."""
    data = folder / "data"
    if not data.exists():
        shutil.copytree(world.data, data)
    inputs = replace(world.inputs(engine=engine), data=data)
    made, _ = baseline.save(inputs, name, saved=datetime(2026, 10, 1, tzinfo=UTC))
    return {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*.json")}


@pytest.fixture(scope="module")
def saved_at_once(world: OutputWorld, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("saved")
    return folder, saved(world, "one", LocalEngine(), folder)


@pytest.mark.parametrize("chosen", SPREADS)
def test_a_baseline_is_the_same_in_any_pieces(
    world: OutputWorld,
    saved_at_once: tuple[Path, dict[str, bytes]],
    chosen: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    found = saved(world, "one", spread(monkeypatch, review, *chosen), tmp_path)
    assert found == saved_at_once[1]
    assert len(json.loads(found["proposals.json"])) == 4


@pytest.fixture(scope="module")
def drifted_at_once(world: OutputWorld, changed: Path, saved_at_once: tuple[Path, dict[str, bytes]]) -> Drift:
    return drifted(world, changed, saved_at_once[0] / "data", LocalEngine())


def drifted(world: OutputWorld, policies: Path, data: Path, engine: LocalEngine) -> Drift:
    return comparison.drift(
        replace(world.inputs(engine=engine), data=data, policies=[policies]),
        choice=DriftOptions(),
        proposed=[world.output],
    )


@pytest.mark.parametrize("chosen", SPREADS)
def test_drift_is_the_same_in_any_pieces(
    world: OutputWorld,
    changed: Path,
    saved_at_once: tuple[Path, dict[str, bytes]],
    drifted_at_once: Drift,
    chosen: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = drifted(world, changed, saved_at_once[0] / "data", spread(monkeypatch, comparison, *chosen))
    assert found == drifted_at_once
    assert {finding.kind for finding in found.findings} >= {
        PrincipalDrift.GONE_PRINCIPAL,
        PrincipalDrift.NEW_PRINCIPAL,
        WildcardDrift.NEW_WILDCARD,
        PolicyDrift.POLICY_CHANGED,
    }
    assert found.after.figures.principals == 4
    arns = [principal.arn for principal in read_snapshot([changed]).principals]
    written = [found.written(arn) for arn in arns]
    assert written == [drifted_at_once.written(arn) for arn in arns]
    assert sum(policies is not None for policies in written) == 3


def test_drift_ends_where_a_worker_dies(
    world: OutputWorld, changed: Path, saved_at_once: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    spread(monkeypatch, comparison, 2, 1)
    monkeypatch.setattr(comparison, "figures_of_principals", die_in_a_worker)
    with pytest.raises(EngineError, match="a worker died on the same work"):
        drifted(world, changed, saved_at_once[0] / "data", LocalEngine(2, "fork"))


# ---------------------------------------------------------------- backtests


def backtested(world: OutputWorld, engine: LocalEngine) -> Backtest:
    return backtests.backtest(world.inputs(engine=engine), Days(60, 14, 30))


@pytest.fixture(scope="module")
def backtested_at_once(world: OutputWorld) -> Backtest:
    return backtested(world, LocalEngine())


@pytest.mark.parametrize("chosen", SPREADS)
def test_a_backtest_is_the_same_in_any_pieces(
    world: OutputWorld, backtested_at_once: Backtest, chosen: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = backtested(world, spread(monkeypatch, backtests, *chosen))
    assert found == backtested_at_once
    assert len(found.principals) > 1
