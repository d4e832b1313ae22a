"""Commands over thousands of principals give the same, wherever and in however many pieces these are worked on."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

import lpgen.app.verify as verification
from lpgen.core.options import Options
from lpgen.core.replacements import OutputVerification
from lpgen.edge.engines.local_processes import LocalEngine
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
    return verification.verify(output, world.data, [world.policies], world.catalog, options=Options(), engine=engine)


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
    failed = [{check.name for check in one.checks if check.status.value == "failed"} for one in found.principals]
    assert "the files can be read" in failed[0]
    assert "nothing new is allowed" in failed[1]
    assert "the old policies are known" in failed[2]
    assert failed[3] == failed[4] == set()


def test_verification_ends_where_a_worker_dies(world: OutputWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    boss = os.getpid()

    def die(*_: object, **__: object) -> None:
        assert os.getpid() != boss
        os.kill(os.getpid(), signal.SIGKILL)

    spread(monkeypatch, verification, 2, 1)
    monkeypatch.setattr(verification, "verify_replacement", die)
    with pytest.raises(EngineError, match="a worker died on the same work"):
        verified(world, world.output, LocalEngine(2, "fork"))
