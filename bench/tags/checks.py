"""Compares an output of `lpgen tags` with a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.guardrails.requests import caught
from bench.judging import Verdict
from bench.perimeter.evaluator import as_list
from bench.scenario_reading import Json
from bench.tags.decisions import asked_request, guard_denies, is_allowed, name_of, policies_of
from bench.tags.laws import broken_laws
from bench.tags.scenario import Scenario
from bench.tags.writer_laws import broken_writer_laws


def judge(scenario: Scenario, output: Json) -> list[Verdict]:
    """The verdicts of all checks of a scenario, then those of the laws for each proposal."""
    checks = [
        Verdict(_place(check), check["why"], caught(_check_faults, scenario, check, output))
        for check in scenario.checks
    ]
    laws = [
        Verdict(f"{_told(found, proposal)} {what}", "law", caught(rule, scenario, found["principal"], proposal))
        for found in output["principals"]
        for proposal in found["proposals"]
        for what, rule in (("policy", broken_laws), ("writers", broken_writer_laws))
    ]
    return checks + laws


def failed(scenario: Scenario, message: str) -> list[Verdict]:
    """The verdicts of a scenario for which lpgen gave no output."""
    return [Verdict(_place(check), check["why"], (f"no output: {message}",)) for check in scenario.checks]


def _place(check: Json) -> str:
    return f"{check['principal'].rpartition(':')[2]} {check['type']} {check.get('statement', '')}".rstrip()


def _told(found: Json, proposal: Json) -> str:
    name = found["principal"].rpartition(":")[2]
    return f"{name} {proposal.get('policy')}[{proposal.get('statement')}] {proposal.get('type')}"


def _proposals(check: Json, output: Json) -> list[Json]:
    """The proposals that a check is about."""
    return [
        proposal
        for found in output["principals"]
        if found["principal"] == check["principal"]
        for proposal in found["proposals"]
        if proposal["type"].lower() == check["type"].lower()
        and check.get("statement") in (None, proposal["statement"])
        and check.get("policy") in (None, proposal["policy"], proposal["policy"].rpartition("/")[2])
    ]


def _check_faults(scenario: Scenario, check: Json, output: Json) -> Iterator[str]:
    proposals = _proposals(check, output)
    states = as_list(check["state"])
    if not proposals and "none" in states:
        return
    if len(proposals) != 1:
        yield f"there are {len(proposals)} proposals, not {'1' if states != ['none'] else 'none'}"
        return
    proposal = proposals[0]
    kinds = {reason["kind"] for reason in proposal["reasons"]}
    if proposal["state"] not in states:
        yield f"{proposal['state']} ({', '.join(sorted(kinds))}), not {' or '.join(states)}"
    if missing := sorted(set(check.get("reasons", ())) - kinds):
        yield f"no reason {', '.join(missing)}"
    if present := sorted(set(check.get("not_reasons", ())) & kinds):
        yield f"a wrong reason {', '.join(present)}"
    yield from _tag_faults(check, proposal)
    yield from _list_faults(check, proposal)
    yield from _decision_faults(scenario, check, proposal)


def _tag_faults(check: Json, proposal: Json) -> Iterator[str]:
    if "key" in check and proposal["key"] != check["key"]:
        yield f"the key is {proposal['key']}, not {check['key']}"
    if "values" in check and not proposal["principal_tag"] and sorted(proposal["values"]) != sorted(check["values"]):
        yield f"the values are {', '.join(proposal['values'])}, not {', '.join(check['values'])}"
    if "principal_tag" in check and proposal["principal_tag"] != check["principal_tag"]:
        yield f"principal_tag is {proposal['principal_tag']}"


def _list_faults(check: Json, proposal: Json) -> Iterator[str]:
    writers = {one["principal"] for one in proposal["writers"]}
    managers = {one["principal"] for one in proposal["writers"] if one["manager"]}
    told = {
        "writers": writers,
        "managers": managers,
        "excluded": set(proposal["excluded"]),
        "still_allowed": set(proposal["still_allowed"]),
    }
    for place, found in told.items():
        if missing := sorted(set(check.get(place, ())) - found):
            yield f"{place} lacks {', '.join(missing)}"
    if wrong := sorted(set(check.get("not_writers", ())) & writers):
        yield f"{', '.join(wrong)} can't write the tag"


def _decision_faults(scenario: Scenario, check: Json, proposal: Json) -> Iterator[str]:
    """What the new policies and the guard decide otherwise than the check says."""
    for place, wanted in (("allows", True), ("denies", False)):
        for asked in check.get(place, ()):
            if proposal["document"] is None:
                yield "there is no document"
                return
            policies = policies_of(scenario, asked["by"])
            if proposal["policy"] in policies or asked["by"] == check["principal"]:
                policies[name_of(policies, proposal["policy"])] = proposal["document"]
            if is_allowed(scenario, policies, asked_request(scenario, asked)) != wanted:
                yield f"{_sentence(asked)} is {'refused' if wanted else 'allowed'}"
    for place, wanted in (("guard_allows", False), ("guard_denies", True)):
        for asked in check.get(place, ()):
            if guard_denies(proposal["guard"], asked_request(scenario, asked)) != wanted:
                yield f"{_sentence(asked)} is {'not ' if wanted else ''}denied by the guard"


def _sentence(asked: Json) -> str:
    details = {key: asked[key] for key in ("resource_tags", "context") if asked.get(key)}
    name = asked["by"].rpartition("/")[2]
    return f"{asked['action']} by {name} on {asked['resource'].rpartition(':')[2]} with {json.dumps(details)}"
