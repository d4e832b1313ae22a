"""A link that somebody planted where lpgen writes leads it nowhere: what the link leads to stays as it was.

The names are those that each command writes, changes, deletes or lists, as two runs of it show. A link takes the place
of each, one at a time: to what was there, beside other things; to what people hold dear; or to nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lpgen.app.rollout_plan import write_for_owners
from lpgen.edge.data_folder.kept_values import KEPT, kept_values, remove_stale_values
from lpgen.edge.output_folder import remove_files_of_page, write_page
from lpgen.edge.rollout.journal import Journal, journal_of
from lpgen.edge.rollout.plan_file import read_rollout_plan
from lpgen.errors import LpgenError
from tests.attack.fuzz.world import ACCOUNT, details, records, world
from tests.attack.score import Attack, sample
from tests.support.forked_lpgen import run_forked
from tests.support.traced_lpgen import names_of_run

GROUND = ("--data", "data", "--policies", "policies.json")
USERS = 401
"""So many principals have a page with a folder of files beside it."""

DIGEST = "0123456789abcdef0123456789abcdef"
DECOYS = (
    "precious.txt",
    "precious/file.txt",
    f"{DIGEST}/file.txt",
    ".unfinished-x/file.txt",
    *(f"_Kept-{number}" for number in range(12)),
)


@dataclass(frozen=True, slots=True)
class Work:
    """A command in a copy of the world. People may choose `free` names to be links; of others, `least` are tried."""

    words: tuple[str, ...]
    free: frozenset[str] = frozenset()
    least: int = 3


DATA = frozenset(("data",))
WORKS = {
    "ingest": Work(("ingest", "more", "--data", "data", "--workers", "1"), DATA),
    "first ingest": Work(("ingest", "more", "--data", "new", "--workers", "1"), frozenset(("new",))),
    "review": Work(("review", *GROUND, "--output", "review.html", "--debug-log", "debug.log"), DATA),
    "decisions": Work(("review", *GROUND, "--output", "review.json", "--write-decisions", "decisions.toml"), DATA),
    "review below a folder": Work(("review", *GROUND, "--output", "reports/review.txt"), DATA | {"reports"}),
    "page with files": Work(
        ("review", "--data", "data", "--policies", "many.json", "--no-backtest", "--output", "review.html"), DATA, 1
    ),
    "generate": Work(("generate", *GROUND, "--output", "new-out", "--as", "terraform"), DATA),
    "generate again": Work(("generate", *GROUND, "--output", "out", "--min-days", "3", "--replace"), DATA),
    "verify": Work(("verify", "out", *GROUND), DATA),
    "baseline": Work(("baseline", "save", "second", *GROUND), DATA),
    "drift": Work(("drift", *GROUND, "--output", "drift.txt", "--also", "drift.sarif"), DATA),
    "observe": Work(("observe", *GROUND, "--bucket", "logs", "--output", "observe.json"), DATA),
    "plan": Work(("rollout", "plan", "out", *GROUND, "--unsafe", "--output", "new.json"), DATA),
    "check": Work(("check", "--data", "data"), DATA),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world with more logs, a role of a permission set and many users."""
    folder = tmp_path_factory.mktemp("links") / "home"
    shutil.copytree(world(), folder)
    (folder / "more").mkdir()
    (folder / "more" / "1.json").write_text(json.dumps({"Records": records()[::2]}))
    (folder / "reports").mkdir()
    policies = details()
    (user,) = policies["UserDetailList"]
    many = [
        {**user, "UserName": f"u{number}", "UserId": f"AIDA{number}", "Arn": f"arn:aws:iam::{ACCOUNT}:user/u{number}"}
        for number in range(USERS)
    ]
    (folder / "many.json").write_text(json.dumps({**policies, "UserDetailList": many}))
    (role,) = policies["RoleDetailList"]
    name, path = f"AWSReservedSSO_Staff_{DIGEST[:16]}", "/aws-reserved/sso.amazonaws.com/"
    arn = f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
    own = {"RoleName": name, "Path": path, "RoleId": "AROASSO", "Arn": arn, "AttachedManagedPolicies": []}
    policies["RoleDetailList"].append(
        {key: value for key, value in {**role, **own}.items() if key != "PermissionsBoundary"}
    )
    (folder / "policies.json").write_text(json.dumps(policies))
    shutil.rmtree(folder / "out")
    run_forked("generate", *GROUND, "--output", "out", cwd=folder).check_returncode()
    return folder


def names_of_work(work: Work, home: Path, scratch: Path) -> list[tuple[str, bool]]:
    """The names that two runs of a command touch alike, and whether each is a folder."""
    one, other = (names_of_run(work.words, shutil.copytree(home, scratch / f"run-{at}")) for at in range(2))
    return [(name, one[name]) for name in sorted(one.keys() & other.keys() - work.free)]


def fill(folder: Path) -> None:
    for name in DECOYS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")


def state(path: Path) -> dict[str, tuple[int, bytes]]:
    """The modes and contents of a file, or of all below a folder; nothing where nothing is there."""
    found = [path, *path.rglob("*")] if os.path.lexists(path) else []
    return {
        str(one.relative_to(path)): (one.lstat().st_mode, one.read_bytes() if one.is_file() else b"") for one in found
    }


def plant(place: Path, victim: Path, *, is_folder: bool, is_missing: bool) -> None:
    """Put a link in a place, to what was there and other things, to what people hold dear, or to nothing."""
    if place.exists():
        shutil.move(place, victim)
    elif not is_folder and not is_missing:
        victim.write_text("precious")
    if victim.is_dir() or (is_folder and not is_missing):
        fill(victim)
    if victim.exists():
        victim.chmod(0o755 if victim.is_dir() else 0o644)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(victim)


def ways(names: Sequence[tuple[str, bool]], home: Path) -> Iterator[tuple[str, bool, bool]]:
    """Each name with a link to something, and where nothing is there also with one to nothing."""
    for name, is_folder in names:
        yield name, is_folder, False
        if not (home / name).exists():
            yield name, is_folder, True


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKS)
def test_no_command_writes_through_a_planted_link(
    name: str, home: Path, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    work = WORKS[name]
    tried = list(ways(names_of_work(work, home, tmp_path), home))
    with attack("planted links: commands") as one:
        for number, (place, is_folder, is_missing) in enumerate(sample(tried, one.random, least=work.least)):
            copy, victim = tmp_path / f"home-{number}", tmp_path / f"victim-{number}"
            shutil.copytree(home, copy)
            plant(copy / place, victim, is_folder=is_folder, is_missing=is_missing)
            before = state(victim)
            done = run_forked(*work.words, cwd=copy)
            what = f"{name}: {place}{' (missing)' if is_missing else ''}: {done.returncode} {done.stderr[-300:]}"
            one.add(what, held=state(victim) == before)
            shutil.rmtree(copy)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["new-demo", "new-demo/report.txt"])
def test_the_demo_writes_through_no_planted_link(place: str, tmp_path: Path, attack: Callable[[str], Attack]) -> None:
    """By names alone: two runs to find them take long."""
    victim = tmp_path / "victim"
    plant(tmp_path / place, victim, is_folder=place == "new-demo", is_missing=False)
    before = state(victim)
    with attack("planted links: commands") as one:
        done = run_forked("demo", "--output", "new-demo", cwd=tmp_path)
        assert "is a link" in done.stderr
        one.add(f"demo: {place}", held=state(victim) == before and done.returncode != 0)


# ---------------------------------------------------------------- what commands do only with larger or other inputs


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int


def keep_value(folder: Path) -> None:
    kept_values(folder / "data", "generation", "inputs")(_Kept, "facts", lambda: _Kept(1))


def write_a_page(folder: Path) -> None:
    write_page(folder / "review.html", [b"page"], digest="f" * 32, files=[("0001.html", b"file")])


def write_for_others(folder: Path) -> None:
    plan = read_rollout_plan(world() / "plan.json")
    coded = replace(plan, principals=tuple(replace(principal, code="{}") for principal in plan.principals))
    write_for_owners(coded, folder / "new.json")


def write_a_journal(folder: Path) -> None:
    plan = Path(shutil.copy(world() / "plan.json", folder / "plan.json"))
    with Journal(plan, read_rollout_plan(plan)):
        pass


INPUTS = kept_values(Path(), "generation", "inputs").folder.name
PLACES: dict[str, tuple[Callable[[Path], None], tuple[tuple[str, bool], ...]]] = {
    "kept value": (
        keep_value,
        ((f"data/{KEPT}", True), (f"data/{KEPT}/generation", True), (f"data/{KEPT}/generation/{INPUTS}", True)),
    ),
    "stale values": (lambda folder: remove_stale_values(folder / "data", "generation"), ((f"data/{KEPT}", True),)),
    "page": (
        write_a_page,
        (("review.html", False), ("review-files", True), (f"review-files/{'f' * 32}", True)),
    ),
    "page without files": (
        lambda folder: remove_files_of_page(folder / "review.html"),
        (("review-files", True), (f"review-files/{'f' * 32}", True)),
    ),
    "files for others": (
        write_for_others,
        (("new.json.code", True), (f"new.json.code/{ACCOUNT}-role-app.json", False)),
    ),
    "journal": (write_a_journal, ((journal_of(Path("plan.json")).name, False),)),
}


@pytest.mark.parametrize("name", PLACES)
def test_nothing_is_written_or_deleted_through_a_planted_link(
    name: str, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    write, names = PLACES[name]
    with attack("planted links: parts") as one:
        for number, (place, is_folder, is_missing) in enumerate(ways(names, tmp_path)):
            folder, victim = tmp_path / f"home-{number}", tmp_path / f"victim-{number}"
            folder.mkdir()
            plant(folder / place, victim, is_folder=is_folder, is_missing=is_missing)
            before = state(victim)
            with contextlib.suppress(LpgenError):
                write(folder)
            one.add(f"{name}: {place}{' (missing)' if is_missing else ''}", held=state(victim) == before)
