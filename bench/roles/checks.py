"""Compares an output of `lpgen roles` with a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from bench.guardrails.requests import caught
from bench.judging import Verdict
from bench.perimeter.evaluator import as_list
from bench.perimeter.scenario_files import account_of
from bench.roles.laws import broken_list_laws, broken_user_laws, parts_of, role_named
from bench.roles.merge_laws import broken_curve_laws, broken_merge_laws
from bench.roles.scenario import Scenario
from bench.roles.split_checks import split_faults, unsafe_faults, unsplit_faults
from bench.roles.split_laws import broken_split_laws, broken_split_list_laws
from bench.scenario_reading import Json

_SHOWN: Final = 3

Rule = Callable[[Scenario, Json, Json], Iterable[str]]


def judge(scenario: Scenario, output: Json) -> list[Verdict]:
    """The verdicts of all checks of a scenario, then those of the laws."""
    checks = [
        Verdict(place, check.get("why", "check"), caught(rule, scenario, check, output))
        for place, check, rule in _checks(scenario)
    ]
    laws = [Verdict("the lists", "law", caught(broken_list_laws, scenario, output))]
    parts = parts_of(scenario)
    if "users" in parts:
        laws += [
            Verdict(_short(found["user"]), "law", caught(broken_user_laws, scenario, found))
            for found in output["users"]
        ]
    if "merges" in parts:
        laws += [
            Verdict(f"merge of {_named(merge['members'])}", "law", caught(broken_merge_laws, scenario, merge))
            for merge in output["merges"]
        ]
        laws += [
            Verdict(f"curve {curve['account']} {curve['kind']}", "law", caught(broken_curve_laws, curve))
            for curve in output["curves"]
        ]
    if "splits" in parts:
        laws.append(Verdict("all splits", "law", caught(broken_split_list_laws, scenario, output)))
        laws += [
            Verdict(f"split {_short(split['role'])}", "law", caught(broken_split_laws, scenario, split))
            for split in output.get("splits", ())
        ]
    return checks + laws


def failed(scenario: Scenario, message: str) -> list[Verdict]:
    """The verdicts of a scenario for which lpgen gave no output."""
    return [
        Verdict(place, check.get("why", "check"), (f"no output: {message}",)) for place, check, _ in _checks(scenario)
    ]


def _checks(scenario: Scenario) -> Iterator[tuple[str, Json, Rule]]:
    """The checks, each with its place and the rule that finds its faults."""
    checks = scenario.checks
    for check in checks.get("users", ()):
        yield f"user {_short(check['user'])}", check, _user_faults
    for check in checks.get("merges", ()):
        yield f"merge {_named(check['members'])}", check, _merge_faults
    for pair in checks.get("never_together", ()):
        yield f"never {' and '.join(map(_short, pair))}", {"pair": pair}, _pair_faults
    for check in checks.get("leftovers", ()):
        yield f"leftover {_short(check['arn'])}", check, _leftover_faults
    for arn in checks.get("not_leftovers", ()):
        yield f"no leftover {_short(arn)}", {"arn": arn}, _kept_faults
    for key, word, rule in (
        ("splits", "split", split_faults),
        ("not_split", "no split of", unsplit_faults),
        ("never_safe", "no safe split of", unsafe_faults),
    ):
        for check in checks.get(key, ()):
            yield f"{word} {_short(check['role'])}", check, rule


def _named(members: list[str]) -> str:
    more = f" and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
    return ", ".join(map(_short, members[:_SHOWN])) + more


def _short(arn: str) -> str:
    return f"{account_of(arn)}:{arn.rpartition(':')[2]}"


# ---- Users


def _user_faults(scenario: Scenario, check: Json, output: Json) -> Iterator[str]:
    answers = [found for found in output["users"] if found["user"] == check["user"]]
    if len(answers) != 1:
        yield f"there are {len(answers)} answers"
        return
    found = answers[0]
    kinds = {key: {one["kind"] for one in found[key]} for key in ("against", "findings", "evidence")}
    for key in ("kind", "state"):
        if key in check and found[key] not in as_list(check[key]):
            yield f"{key} is {found[key]}, not {' or '.join(as_list(check[key]))}"
    for key, told in kinds.items():
        if missing := sorted(set(check.get(key, ())) - told):
            yield f"{key} lacks {', '.join(missing)} (it has {', '.join(sorted(told)) or 'nothing'})"
        if wrong := sorted(set(check.get(f"not_{key}", ())) & told):
            yield f"{key} has {', '.join(wrong)}"
    if check.get("state") == "safe" and kinds["against"]:
        yield f"against it: {', '.join(sorted(kinds['against']))}"
    yield from _target_faults(scenario, check, found)
    told_steps = [f"{one['text']} {one['check']}".lower() for one in found["steps"]]
    for text in check.get("steps_contain", ()):
        if not any(text.lower() in told for told in told_steps):
            yield f"no step says `{text}`"


def _target_faults(scenario: Scenario, check: Json, found: Json) -> Iterator[str]:
    if not (wanted := check.get("goes_to")):
        return
    target = found["goes_to"] or {"kind": None, "name": None, "new": None}
    for key in ("kind", "new"):
        if key in wanted and target[key] not in as_list(wanted[key]):
            yield f"goes_to.{key} is {target[key]}, not {wanted[key]}"
    if "name" in wanted:
        account = account_of(check["user"])
        role = role_named(scenario, account, wanted)
        if role and (target["new"] or role_named(scenario, account, target) != role):
            yield f"goes to {target['name']}, not {wanted['name']}"
        if not role and target["name"] != wanted["name"]:
            yield f"goes to {target['name']}, not {wanted['name']}"


# ---- Shared roles and leftovers


def _merge_faults(_: Scenario, check: Json, output: Json) -> Iterator[str]:
    members = sorted(check["members"])
    found = [merge for merge in output["merges"] if sorted(merge["members"]) == members]
    if len(found) != 1:
        near = [merge for merge in output["merges"] if set(merge["members"]) & set(members)]
        told = "; ".join(_named(merge["members"]) for merge in near)
        yield f"there are {len(found)} proposals (proposed: {told or 'none of them'})"
    elif "state" in check and found[0]["state"] not in as_list(check["state"]):
        kinds = ", ".join(one["kind"] for one in found[0]["against"])
        yield f"{found[0]['state']} ({kinds}), not {' or '.join(as_list(check['state']))}"


def _pair_faults(_: Scenario, check: Json, output: Json) -> Iterator[str]:
    if any(set(check["pair"]) <= set(merge["members"]) for merge in output["merges"]):
        yield "they are proposed together"


def _leftover_faults(_: Scenario, check: Json, output: Json) -> Iterator[str]:
    if not any((one["kind"], one["arn"]) == (check["kind"], check["arn"]) for one in output["leftovers"]):
        yield f"it isn't listed as {check['kind']}"


def _kept_faults(_: Scenario, check: Json, output: Json) -> Iterator[str]:
    if kinds := [one["kind"] for one in output["leftovers"] if one["arn"] == check["arn"]]:
        yield f"it is listed as {', '.join(kinds)}"
