"""Measures what `lpgen roles` finds of crews: `python -m bench.corpus.mined --seed 1 --half tuned --out DIR`.

It writes a corpus of crews only, ingests it, runs `lpgen roles`, and prints one JSON object. Of the held-back half it
holds only numbers, so you can use it without reading a held-back crew. Of the tuned half, `names` has what the numbers
of misses count.

- `merges`: of the sets of members that should share a role, `found` with exactly these members, `found_safe` of these,
  `partial` if a proposal has at least two of them but not exactly these, and `missing`; `forbidden` are proposals with
  members that must be kept apart, `forbidden_safe` of these, and `unplanned` other proposals of no true set.
- `splits`: of the roles that should be split, `found` if each part has the sessions of exactly one job, and no sessions
  are left out; `found_safe` of these, `partial` if a proposal has other parts, and `missing`; `forbidden` are proposals
  for roles that must not be split, `forbidden_safe` of these.
- `users`: `kind_right` or `kind_wrong`; `goal_right` of the users whose replacement is of a right kind, and the
  existing one where there is one, else `goal_wrong`; `safe` of those with both right; `wrong_safe` are called safe with
  one of them wrong; `missing` aren't in the answer.
- `refused`: pairs of a member (or job) and a need, in the days of the logs or in the year after, that the policies of a
  proposal deny: `safe` of proposals called safe, `unsafe` of the others; by `merges`, `splits` and `users`.
- `over_grant`: pairs of a member (or job) and an action of the corpus that the policies allow somewhere, and that it
  never needs; the same for the `needed`: pairs of a member (or job) and an action that it needs.

- `exposed`: pairs of a member (or job) and a need of the other members of the proposal (or jobs of the role), which the
  policies allow it, and which it never has. Numbers in names of resources don't count as different.

The policies of proposals are decided by `bench.corpus.evaluator`, which ignores conditions.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from bench.corpus.calendar import NeedKind
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import HELD_BACK, TUNED
from bench.corpus.operations.delivery import OPERATIONS
from bench.corpus.replacements import managed_documents
from bench.corpus.write import Asked, Corpus
from tests.support.forked_lpgen import run_forked

Json = dict[str, Any]
Needs = frozenset[tuple[str, str]]

_TIMEOUT: Final = 3600
_GOOD: Final = {
    "merges": ("found", "found_safe"),
    "splits": ("found", "found_safe"),
    "users": ("kind_right", "goal_right", "safe"),
}
_BAD: Final = {
    "merges": ("partial", "missing", "forbidden", "forbidden_safe", "unplanned"),
    "splits": ("partial", "missing", "forbidden", "forbidden_safe"),
    "users": ("kind_wrong", "goal_wrong", "wrong_safe", "missing"),
}
_BY_STATE: Final = tuple(f"{part}_{state}" for part in _GOOD for state in ("safe", "unsafe"))
_LEFT_OUT: Final = (NeedKind.INTRUDER, NeedKind.DENIED)
_FIELDS: Final = {
    "name": "names",
    "source-identity": "source_identities",
    "resource": "functions",
    "subject": "subjects",
}


@dataclass(slots=True)
class Found:
    """Numbers by part and name, and for each the names that it counts."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    names: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, part: str, count: str, name: str, number: int = 1) -> None:
        """Counts something under a name."""
        self.counts[part][count] += number
        if number and count not in _GOOD.get(part, ()):
            self.names[part][count].append(name)


class World:
    """A written corpus: the truth of its crews, the needs, and the managed policies."""

    def __init__(self, corpus: Path) -> None:
        self.crews: list[Json] = json.loads((corpus / "roles.json").read_text(encoding="utf-8"))
        self.kind_of = {arn: crew["kind"] for crew in self.crews for arn in crew["members"]}
        self.managed = managed_documents(corpus)
        self.by_job: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        for name in ("truth.parquet", "later.parquet"):
            columns = ["principal", "job", "action", "resource", "kind", "allowed"]
            for row in pq.read_table(corpus / name, columns=columns).to_pylist():
                if row["kind"] not in _LEFT_OUT and row["allowed"]:
                    self.by_job[row["principal"], row["job"]].add((row["action"], row["resource"]))

    def needs(self, arn: str, job: str | None = None) -> Needs:
        """What a member, or one of its jobs, needs in the days of the logs and in the year after."""
        sets = (pairs for (owner, name), pairs in self.by_job.items() if owner == arn and job in (None, name))
        return frozenset(pair for pairs in sets for pair in pairs)

    def label(self, arns: Iterable[str]) -> str:
        """The kinds and names of members, for people."""
        kinds = sorted({self.kind_of.get(arn, "?") for arn in arns})
        return f"{'+'.join(kinds)}: {', '.join(sorted(arn.rpartition('/')[2] for arn in arns))}"


def measure(asked: Asked, out: Path) -> Json:
    """The numbers of a corpus that is written into the folder."""
    corpus, started = out / "corpus", time.perf_counter()
    Corpus(asked).write(corpus)
    written = time.perf_counter()
    answer = mine(corpus, out)
    return count_mined(corpus, answer) | {
        "seconds": {"corpus": round(written - started), "lpgen": round(time.perf_counter() - written)}
    }


def mine(corpus: Path, out: Path) -> Json:
    """What `lpgen roles` prints about a corpus."""
    data, file = out / "data", out / "roles.json"
    _lpgen("ingest", corpus / "logs", "--data", data)
    inputs = ("--policies", corpus / "policies", "--trails", corpus / "trails.json", "--scps", corpus / "scps.json")
    _lpgen("roles", "--data", data, *inputs, "--format", "json", "--output", file)
    answer: Json = json.loads(file.read_text(encoding="utf-8"))
    return answer


def _lpgen(*arguments: object) -> None:
    done = run_forked(*arguments, timeout=_TIMEOUT)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"lpgen {arguments[0]} failed: {done.stderr}")


def count_mined(corpus: Path, answer: Json) -> Json:
    """The numbers of the answer of `lpgen roles`; with names if only crews of the tuned half are there."""
    world, found = World(corpus), Found()
    _count_merges(world, answer["merges"], found)
    _count_splits(world, {split["role"]: split for split in answer["splits"]}, found)
    _count_users(world, {move["user"]: move for move in answer["users"]}, found)
    numbers: Json = {part: {name: found.counts[part][name] for name in _GOOD[part] + _BAD[part]} for part in _GOOD}
    for name in ("refused", "exposed", "over_grant", "needed"):
        numbers[name] = {state: found.counts[name][state] for state in _BY_STATE}
    if all(crew["half"] == TUNED for crew in world.crews):
        numbers["names"] = found.names
    return numbers


# ---------------------------------------------------------------- merges


def _count_merges(world: World, proposals: list[Json], found: Found) -> None:
    proposed = {frozenset(one["members"]): one for one in proposals}
    true = [frozenset(merge) for crew in world.crews for merge in crew["merges"]]
    apart = [(set(one["ones"]), set(one["others"]), one["why"]) for crew in world.crews for one in crew["apart"]]
    for members in true:
        outcome = "missing"
        if members in proposed:
            outcome = "found"
            if proposed[members]["state"] == "safe":
                found.add("merges", "found_safe", world.label(members))
        elif any(len(members & other) > 1 for other in proposed):
            outcome = "partial"
        found.add("merges", outcome, world.label(members))
    for members, proposal in proposed.items():
        whys = [why for ones, others, why in apart if members & ones and members & others]
        name = world.label(members)
        if whys:
            found.add("merges", "forbidden", f"{name} ({whys[0]})")
            found.add("merges", "forbidden_safe", name, proposal["state"] == "safe")
        elif not any(members & other and (members <= other or other <= members) for other in true):
            found.add("merges", "unplanned", name)
        policy = _Policy(proposal, proposal["policy"], world)
        needs = {arn: world.needs(arn) for arn in members}
        for arn in members:
            policy.count("merges", f"{world.kind_of.get(arn, '?')}: {arn}", needs[arn], found)
            policy.count_exposed("merges", needs[arn], needs.values(), found)


# ---------------------------------------------------------------- splits


def _count_splits(world: World, proposed: Mapping[str, Json], found: Found) -> None:
    for crew in world.crews:
        for arn in crew["whole"]:
            if arn in proposed:
                found.add("splits", "forbidden", world.label([arn]))
                found.add("splits", "forbidden_safe", world.label([arn]), proposed[arn]["state"] == "safe")
                for part in proposed[arn]["parts"]:
                    policy = _Policy(proposed[arn], part["policy"], world)
                    policy.count("splits", world.label([arn]), world.needs(arn), found)
        for truth in crew["splits"]:
            _count_split(world, truth, proposed.get(truth["role"]), found)


def _count_split(world: World, truth: Json, proposal: Json | None, found: Found) -> None:
    name = world.label([truth["role"]])
    if proposal is None:
        found.add("splits", "missing", name)
        return
    jobs_of = [[job for job in truth["jobs"] if _does(part, job)] for part in proposal["parts"]]
    is_exact = sorted(job["job"] for jobs in jobs_of for job in jobs) == sorted(job["job"] for job in truth["jobs"])
    is_exact = is_exact and all(len(jobs) == 1 for jobs in jobs_of)
    is_exact = is_exact and all(_covers(part, jobs[0]) for part, jobs in zip(proposal["parts"], jobs_of, strict=True))
    found.add("splits", "found" if is_exact else "partial", name)
    found.add("splits", "found_safe", name, is_exact and proposal["state"] == "safe")
    needs = {job["job"]: world.needs(truth["role"], job["job"]) for job in truth["jobs"]}
    for part, jobs in zip(proposal["parts"], jobs_of, strict=True):
        policy = _Policy(proposal, part["policy"], world)
        for job in jobs:
            policy.count("splits", f"{name}, {job['job']}", needs[job["job"]], found)
            policy.count_exposed("splits", needs[job["job"]], needs.values(), found)


def _does(part: Json, job: Json) -> bool:
    """Whether the part has some sessions of the job."""
    return any(_matched(group, job) for group in part["sessions"])


def _covers(part: Json, job: Json) -> bool:
    """Whether the part has all sessions of the job, of the kinds that it has."""
    kinds = {group["kind"] for group in part["sessions"]}
    wanted = {value for kind in kinds for value in job[_FIELDS[kind]]}
    return wanted == {value for group in part["sessions"] for value in _matched(group, job)}


def _matched(group: Json, job: Json) -> set[str]:
    return {value for value in job[_FIELDS[group["kind"]]] if _is_like(value, group["value"])}


def _is_like(value: str, pattern: str) -> bool:
    """Whether the value has the pattern, in which only `*` is special."""
    return fnmatchcase(value, re.sub(r"[\[?]", "[\\g<0>]", pattern))


# ---------------------------------------------------------------- users


def _count_users(world: World, moves: Mapping[str, Json], found: Found) -> None:
    for crew in world.crews:
        for truth in crew["users"]:
            move, name = moves.get(truth["user"]), world.label([truth["user"]])
            if move is None:
                found.add("users", "missing", name)
                continue
            goal = move["goes_to"]
            said = f"{name} is {move['kind']}, goes to {goal['kind']} {goal['name']}, new: {goal['new']}"
            kind_right, goal_right = move["kind"] == truth["kind"], _is_goal(goal, truth)
            found.add("users", "kind_right" if kind_right else "kind_wrong", said)
            found.add("users", "goal_right" if goal_right else "goal_wrong", said)
            if move["state"] == "safe":
                found.add("users", "safe" if kind_right and goal_right else "wrong_safe", said)
            if move["policy"] is not None:
                _Policy(move, move["policy"], world).count("users", name, world.needs(truth["user"]), found)


def _is_goal(goal: Json, truth: Json) -> bool:
    if goal["kind"] not in truth["goals"]:
        return False
    existing = truth["existing"].rpartition("/")[2]
    return not existing or (not goal["new"] and goal["name"] in (existing, _permission_set(existing)))


def _permission_set(role: str) -> str:
    """The permission set in the name of its role.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    return role.removeprefix("AWSReservedSSO_").rpartition("_")[0]


# ---------------------------------------------------------------- policies


class _Policy:
    """The policies of a proposal, and what they cost members."""

    def __init__(self, proposal: Json, documents: list[Json], world: World) -> None:
        attached = [world.managed[arn] for arn in proposal.get("left", ())]
        self._state = "safe" if proposal["state"] == "safe" else "unsafe"
        self._documents = [*documents, *attached]
        self._evaluator = Evaluator(self._documents)

    def count(self, part: str, name: str, needs: Needs, found: Found) -> None:
        """Counts what one member loses and gains."""
        refused = sorted(need for need in needs if not self._evaluator.allows(*need))
        found.add("refused", f"{part}_{self._state}", f"{name}: {refused[:3]}", len(refused))
        needed = {action for action, _ in needs}
        found.counts["over_grant"][f"{part}_{self._state}"] += len(set(self._allowed()) - needed)
        found.counts["needed"][f"{part}_{self._state}"] += len(needed)

    def count_exposed(self, part: str, needs: Needs, of_all: Iterable[Needs], found: Found) -> None:
        """Counts which needs of others one member may do too."""
        own = {_alike(need) for need in needs}
        others = {_alike(need): need for one in of_all for need in one}
        exposed = [need for alike, need in others.items() if alike not in own and self._evaluator.allows(*need)]
        found.counts["exposed"][f"{part}_{self._state}"] += len(exposed)

    def _allowed(self) -> Iterator[str]:
        for document in self._documents:
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    yield from _named(statement)


def _alike(need: tuple[str, str]) -> tuple[str, str]:
    return need[0], re.sub(r"[0-9]+", "*", need[1])


def _named(statement: Json) -> Iterator[str]:
    """The actions of the corpus that an Allow statement names."""
    listed = statement["NotAction" if "NotAction" in statement else "Action"]
    globs = [listed.lower()] if isinstance(listed, str) else [one.lower() for one in listed]
    for action in OPERATIONS:
        if any(fnmatchcase(action.lower(), glob) for glob in globs) != ("NotAction" in statement):
            yield action


def main() -> None:
    """Prints the numbers."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus.mined", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--half", choices=(TUNED, HELD_BACK), default=TUNED)
    parser.add_argument("--crews", type=int, default=1, help="crews of each kind")
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--out", type=Path, required=True, help="an empty or new folder")
    asked: Any = parser.parse_args()
    if asked.out.exists() and any(asked.out.iterdir()):
        parser.error(f"{asked.out} isn't empty")
    corpus = Asked(asked.seed, asked.half, principals=0, months=asked.months, crews=asked.crews)
    print(json.dumps(measure(corpus, asked.out), indent=1))


if __name__ == "__main__":
    main()
