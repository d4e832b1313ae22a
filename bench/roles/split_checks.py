"""Compares the proposals to split roles with what a scenario expects."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from bench.perimeter.evaluator import as_list
from bench.roles.scenario import Scenario
from bench.roles.split_parts import Placement
from bench.scenario_reading import Json


def split_faults(scenario: Scenario, check: Json, output: Json) -> Iterator[str]:
    """What a check finds wrong with the split of its role."""
    found = [split for split in output["splits"] if split["role"] == check["role"]]
    if len(found) != 1:
        yield f"there are {len(found)} splits"
        return
    split = found[0]
    kinds = {one["kind"] for one in split["against"]}
    if "state" in check and split["state"] not in as_list(check["state"]):
        yield f"{split['state']} ({', '.join(sorted(kinds))}), not {' or '.join(as_list(check['state']))}"
    if missing := sorted(set(check.get("against", ())) - kinds):
        yield f"against lacks {', '.join(missing)} (it has {', '.join(sorted(kinds)) or 'nothing'})"
    if wrong := sorted(set(check.get("not_against", ())) & kinds):
        yield f"against has {', '.join(wrong)}"
    if "parts" in check:
        yield from _part_faults(Placement(scenario, split), check["parts"])


def _part_faults(placement: Placement, jobs: list[Json]) -> Iterator[str]:
    """Each job is one part of its own."""
    taken: dict[int, str] = {}
    for job in jobs:
        name = ", ".join(job["sessions"])
        numbers = {number for label in job["sessions"] for number in placement.parts_of(label)}
        if len(numbers) != 1:
            yield f"{name}: in {len(numbers)} parts"
            continue
        number = numbers.pop()
        if number in taken:
            yield f"{name} and {taken[number]} are in one part"
        taken.setdefault(number, name)
        callers = placement.parts[number]["callers"]
        wanted = job.get("callers", ())
        if missing := [one for one in wanted if not any(fnmatchcase(one, caller) for caller in callers)]:
            yield f"{name}: no caller {', '.join(missing)} (but {', '.join(callers) or 'none'})"
        if wrong := [one for one in job.get("not_callers", ()) if one in callers]:
            yield f"{name}: a wrong caller {', '.join(wrong)}"


def unsplit_faults(_: Scenario, check: Json, output: Json) -> Iterator[str]:
    """What is wrong if a role mustn't be split."""
    if found := [split for split in output["splits"] if split["role"] == check["role"]]:
        yield f"it is split into {', '.join(part['name'] for part in found[0]['parts'])}"


def unsafe_faults(_: Scenario, check: Json, output: Json) -> Iterator[str]:
    """What is wrong if no split of a role may be safe."""
    if any(split["role"] == check["role"] and split["state"] == "safe" for split in output["splits"]):
        yield "a split is safe"
