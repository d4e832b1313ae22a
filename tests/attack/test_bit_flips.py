"""A flipped bit in any of lpgen's files gives the same answer as before, or an error that lpgen raises on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lpgen.app.rollout_plan import read_written_output
from lpgen.edge.data_folder.baseline_folder import open_baseline
from lpgen.edge.data_folder.ledger import count_unread_files, open_ledger
from lpgen.edge.data_folder.ledger_integrity import read_sums
from lpgen.edge.data_folder.snapshot_folder import open_snapshot
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import read_replacements
from lpgen.edge.rollout.journal import journal_of, read_journal
from lpgen.edge.rollout.plan_file import read_rollout_plan, read_whole_plan
from lpgen.errors import LpgenError
from tests.attack.fuzz.state_targets import rollout_plan, taken_snapshot
from tests.attack.fuzz.targets import TARGETS
from tests.attack.fuzz.world import world
from tests.attack.score import SHARE, Attack

FLIPS = 2_000


@dataclass(frozen=True, slots=True)
class Kind:
    """Files to spoil and what is answered from them. `part` is below the world, `pattern` names the files."""

    part: str
    pattern: str
    answer: Callable[[Path], object]


def tables(data: Path) -> object:
    return repr(read_usage(data))


def ledger(data: Path) -> object:
    """What an ingest and a review ask of the ledger: which files are known, and which tables count."""
    with open_ledger(data):
        return read_sums(data), count_unread_files(data), repr(read_usage(data))


def baseline(folder: Path) -> object:
    found = open_baseline(folder)
    return found.saved, found.known_actions, found.proposals, repr(found.usage()), read_snapshot(found.files.policies)


def snapshot(folder: Path) -> object:
    taken = open_snapshot(folder)
    return taken, read_snapshot(taken.policies)


def output(folder: Path) -> object:
    return read_written_output(folder), read_replacements(folder)


def plan(folder: Path) -> object:
    """What a plan does, and to whom. That the policies before have its fingerprint, `apply` sees from IAM itself."""
    found = read_whole_plan(folder / "plan.json")
    who = [
        (principal.principal, principal.principal_id, principal.account, principal.kind, principal.name, principal.safe)
        for principal in found.principals
    ]
    return who, [(principal.calls, principal.inverse, principal.refusals) for principal in found.principals]


def journal(folder: Path) -> object:
    path = folder / "plan.json"
    return read_journal(path, read_rollout_plan(path))


def accepted(kind: Kind, folder: Path) -> list[object]:
    """The answers that hold: that of the files as they are, and of a journal whose last line a kill cut short."""
    answers = [kind.answer(folder)]
    if kind.answer is journal:
        path = journal_of(folder / "plan.json")
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        answers.append(kind.answer(folder))
        path.write_bytes(whole)
    return answers


KINDS = {
    "usage tables": Kind("data", "usage/**/*", tables),
    "ledger": Kind("data", "ledger.sqlite", ledger),
    "baseline": Kind("data/baselines/first", "**/*", baseline),
    "snapshot": Kind("snapshot", "**/*", snapshot),
    "output folder": Kind("out", "**/*", output),
    "rollout plan": Kind("plan", "plan.json", plan),
    "rollout journal": Kind("journal", "*.journal", journal),
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of all that is spoiled, each as a folder of the part's name, at places that stay the same."""
    home = tmp_path_factory.mktemp("flips")
    for part in ("data", "out"):
        shutil.copytree(world() / part, home / part)
    shutil.copytree(taken_snapshot(), home / "snapshot")
    (home / "plan").mkdir()
    shutil.copy(world() / "plan.json", home / "plan")
    list(TARGETS["rollout-journal"].seeds())  # writes the journal
    path = rollout_plan()
    (home / "journal").mkdir()
    shutil.copy(path, home / "journal")
    shutil.copy(journal_of(path), home / "journal")
    for path in home.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return home


def flipped(path: Path, at: int) -> bytes:
    data = bytearray(path.read_bytes())
    data[at // 8] ^= 1 << at % 8
    return bytes(data)


def outcome(kind: Kind, folder: Path) -> Any:
    """The answer, or None where it is refused."""
    try:
        return kind.answer(folder)
    except LpgenError:
        return None


def chances(files: list[Path], random: Any, count: int) -> Iterator[tuple[Path, int]]:
    """Bits to flip: half of them in a file taken by its size, half in any file, so that small ones are tried too."""
    sizes = [path.stat().st_size for path in files]
    for number in range(count):
        path = random.choice(files) if number % 2 else random.choices(files, sizes)[0]
        yield path, random.randrange(path.stat().st_size * 8)


@pytest.mark.parametrize("name", KINDS)
def test_flipped_bits_give_the_same_answer_or_an_error(name: str, parts: Path, attack: Callable[[str], Attack]) -> None:
    kind = KINDS[name]
    folder = parts / kind.part
    files = sorted(path for path in folder.glob(kind.pattern) if path.is_file() and path.stat().st_size)
    right = accepted(kind, folder)
    with attack(f"bit flips: {name}") as one:
        for path, at in chances(files, one.random, max(40, round(FLIPS * SHARE))):
            kept = path.read_bytes()
            path.write_bytes(flipped(path, at))
            try:
                answer = outcome(kind, folder)
            finally:
                path.write_bytes(kept)
            one.add(f"{path.relative_to(folder)} bit {at}", held=answer is None or answer in right)
    assert kind.answer(folder) == right[0]
