"""One target under atheris, in a process of its own.

Usage: `python -m tests.attack.fuzz.run_target NAME FINDINGS-FOLDER [libFuzzer options and corpora]`.

A finding doesn't end the process: its input and traceback are written into the folder, once per place in the code.
An input that takes more than `CPU_SECONDS` is a finding too; libFuzzer's own limits end the process.
"""

from __future__ import annotations

import importlib
import signal
import sys
import traceback
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Final

from tests.attack.fuzz.mutator import mutate

CPU_SECONDS: Final = 10
_LPGEN: Final = f"{Path('/lpgen/')}"


class TookTooLongError(Exception):
    """An input took more processor time than any input may."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLongError(f"more than {CPU_SECONDS} s of processor time")


def place_of(error: BaseException) -> str:
    """The kind of an error and the innermost line of lpgen that it passed: what tells findings apart."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if _LPGEN in frame.filename and "tests" not in frame.filename] or frames
    return f"{type(error).__name__}-{Path(inside[-1].filename).stem}-{inside[-1].lineno}"


class Findings:
    """A folder of inputs that a target failed on, one per place in the code."""

    def __init__(self, folder: Path, target: str) -> None:
        self._folder, self._target = folder, target
        self._known: set[str] = set()

    def add(self, data: bytes, error: BaseException) -> None:
        """Writes the input and the traceback, unless this place is known."""
        place = place_of(error)
        if place in self._known:
            return
        self._known.add(place)
        path = self._folder / f"{self._target}-{place}"
        path.write_bytes(data)
        path.with_name(path.name + ".txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        print(f"FINDING {path.name}: {error}", file=sys.stderr, flush=True)


def main() -> None:
    """Runs a target until libFuzzer's limits end it."""
    name, folder, *options = sys.argv[1:]
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["lpgen"]):
        target = importlib.import_module("tests.attack.fuzz.targets").TARGETS[name]
    findings = Findings(Path(folder), name)
    seeds = list(target.seeds())
    for seed in seeds:  # what is read once is read before limits count
        _run(target, seed, findings)

    def fuzz(data: bytes) -> None:
        _run(target, data, findings)

    def change(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        changed = mutate(bytes(data), random, seeds) if random.random() < 0.7 else atheris.Mutate(data, max_size)
        return bytes(changed[:max_size])

    signal.signal(signal.SIGVTALRM, _stop)
    atheris.Setup([sys.argv[0], *options], fuzz, custom_mutator=change)
    atheris.Fuzz()


def _run(target: Any, data: bytes, findings: Findings) -> None:
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        target.accepts(data)
    except Exception as error:
        findings.add(data, error)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


if __name__ == "__main__":
    main()
