"""What is true of every proposal, whatever the scenario checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bench.guardrails.requests import allowed
from bench.perimeter.evaluator import Request, applies, as_list
from bench.scenario_reading import Json
from bench.tags.decisions import (
    Policies,
    asked_request,
    is_allowed,
    name_of,
    observed_requests,
    policies_of,
)
from bench.tags.probes import actions_on, is_real, probes_of
from bench.tags.scenario import CREATES, Scenario, tagged_resource, type_of
from bench.tags.scenario_files import REFUSED, STATES, UNSAFE

_SHOWN: Final = 3
"""How many requests a fault names."""


def broken_laws(scenario: Scenario, by: str, proposal: Json) -> Iterator[str]:
    """The laws that a proposal for a principal breaks, a sentence each."""
    yield from _form_faults(proposal)
    yield from _use_faults(scenario, by, proposal)
    if proposal["document"] is None:
        return
    policies = policies_of(scenario, by)
    name = name_of(policies, proposal["policy"])
    old, new = policies[name], {**policies, name: proposal["document"]}
    yield from _document_faults(old, proposal)
    yield from _probe_faults(scenario, by, old, proposal)
    for holder in scenario.principals:
        theirs = policies_of(scenario, holder)
        if holder == by or (name in theirs and name in scenario.managed_policies):
            yield from _refused_calls(scenario, holder, theirs, {**theirs, name: new[name]}, proposal)
    yield from _list_faults(scenario, by, old, proposal)


def _form_faults(proposal: Json) -> Iterator[str]:
    kinds, state = {reason["kind"] for reason in proposal["reasons"]}, proposal["state"]
    if state not in STATES[:3] or kinds - {*UNSAFE, *REFUSED}:
        yield f"no such state or reason: {state}, {', '.join(sorted(kinds))}"
    if (proposal["document"] is None) != (state == "refused"):
        yield f"a {state} proposal {'lacks' if proposal['document'] is None else 'has'} a document"
    if (state == "refused") != bool(kinds & set(REFUSED)):
        yield f"a proposal is {state} with the reasons {', '.join(sorted(kinds)) or '(none)'}"
    if state != "refused" and (state == "safe") != (not kinds):
        yield f"a proposal is {state} with the reasons {', '.join(sorted(kinds)) or '(none)'}"
    if not proposal["principal_tag"] and not 1 <= len(proposal["values"]) <= 5:
        yield f"{len(proposal['values'])} values"
    if proposal["key"].lower().startswith("aws:"):
        yield f"the tags of AWS don't qualify: {proposal['key']}"


def _document_faults(old: Json, proposal: Json) -> Iterator[str]:
    before, at = as_list(old["Statement"]), proposal["statement"]
    expected = [*before[:at], *proposal["added"], *before[at + 1 :]]
    if proposal["document"]["Statement"] != expected:
        yield "the document isn't the old one with one statement replaced"
    if {**proposal["document"], "Statement": None} != {**old, "Statement": None}:
        yield "the document has another Version or Id"
    if before[at].get("Effect") != "Allow" or any(one.get("Effect") != "Allow" for one in proposal["added"]):
        yield "an Allow isn't replaced by Allows"
    sids = [one["Sid"] for one in proposal["document"]["Statement"] if one.get("Sid")]
    if len(set(sids)) != len(sids):
        yield "a Sid occurs twice"
    if (proposal["sid"] or "") != before[at].get("Sid", ""):
        yield f"the statement's Sid isn't {proposal['sid']}"


def _probe_faults(scenario: Scenario, by: str, old: Json, proposal: Json) -> Iterator[str]:
    """Nothing new is allowed, and what isn't about the type stays allowed."""
    before, after = as_list(old["Statement"]), as_list(proposal["document"]["Statement"])
    wider, narrower = [], []
    for probe in probes_of(scenario, by, old, proposal):
        was, is_ = allowed(before, probe), allowed(after, probe)
        if is_ and not was:
            wider.append(probe)
        if was and not is_ and not _is_about(proposal, probe) and is_real(probe.action, probe.resource):
            narrower.append(probe)
    if wider:
        yield f"newly allowed: {_sentences(wider)}"
    if narrower:
        yield f"no longer allowed, but not about the type: {_sentences(narrower)}"


def _is_about(proposal: Json, probe: Request) -> bool:
    """Whether a request is about a resource of the type, or about a part of one, as an index of a table."""
    wanted: str = proposal["type"].lower()
    return type_of(probe.resource) == wanted or type_of(tagged_resource(probe.resource)) == wanted


def _refused_calls(scenario: Scenario, by: str, before: Policies, after: Policies, proposal: Json) -> Iterator[str]:
    """The observed calls that the document would refuse without saying so."""
    kinds = {reason["kind"] for reason in proposal["reasons"]}
    refused = [
        request
        for call in scenario.seen_calls
        if call["by"] == by and not call.get("error")
        for request in observed_requests(scenario, call)
        if is_allowed(scenario, before, request) and not is_allowed(scenario, after, request)
    ]
    if refused and not kinds & {"observed-refused", "tags-unknown", "tags-changed"}:
        yield f"observed calls are refused: {_sentences(refused)}"
    known = [one for one in refused if scenario.tags_of(one.resource) is not None]
    if known and not kinds & {"observed-refused", "tags-changed"}:
        yield f"observed calls on resources with known tags are refused: {_sentences(known)}"


def _sentences(requests: list[Request]) -> str:
    shown = [
        f"{one.action} on {one.resource} with "
        + str({key: value for key, value in one.context.items() if "tag" in key or "createaction" in key})
        for one in requests[:_SHOWN]
    ]
    return f"{len(requests)} requests, such as {'; '.join(shown)}"


# ---- The lists of resources


def _use_faults(scenario: Scenario, by: str, proposal: Json) -> Iterator[str]:
    """What `used` says otherwise than the calls and tags of the scenario."""
    told = {one["resource"]: one["value"] for one in proposal["used"]}
    holders = [by, *(one for one in scenario.principals if _shares(scenario, one, by, proposal))]
    called = {
        tagged_resource(call["resource"])
        for call in scenario.seen_calls
        if call["by"] in holders and not call.get("error")
    }
    if unseen := sorted(set(told) - called):
        yield f"used, but never called: {', '.join(unseen)}"
    for arn, value in told.items():
        tags = scenario.tags_of(arn)
        wanted = _values_of(tags or {}, proposal["key"])
        if tags is not None and (value or "") not in (wanted or [""]):
            yield f"{arn} has the value {', '.join(wanted) or '(none)'}, not {value}"
    policies = policies_of(scenario, by)
    statement = as_list(policies[name_of(policies, proposal["policy"])]["Statement"])[proposal["statement"]]
    for call in scenario.seen_calls:
        if call["by"] != by or call.get("error") or call["action"] in CREATES:
            continue
        is_used = any(applies(statement, one, principal=False) for one in observed_requests(scenario, call))
        if is_used and type_of(call["resource"]) == proposal["type"].lower() and call["resource"] not in told:
            yield f"used lacks {call['resource']}"


def _shares(scenario: Scenario, other: str, by: str, proposal: Json) -> bool:
    mine, theirs = policies_of(scenario, by), policies_of(scenario, other)
    name = name_of(mine, proposal["policy"])
    return name in scenario.managed_policies and name in theirs


def _list_faults(scenario: Scenario, by: str, old: Json, proposal: Json) -> Iterator[str]:
    used = {one["resource"] for one in proposal["used"]}
    excluded, still = set(proposal["excluded"]), set(proposal["still_allowed"])
    if twice := sorted(used & excluded | used & still | excluded & still):
        yield f"in two lists: {', '.join(twice)}"
    if not excluded:
        yield "nothing is shut out"
    for arn in sorted(excluded):
        tags = scenario.tags_of(arn)
        if tags is not None and not _newly_refused(scenario, by, old, proposal, arn, tags):
            yield f"{arn} isn't shut out"
    for arn in sorted({*used, *still}):
        tags = scenario.tags_of(arn)
        if not tags or not _values_of(tags, proposal["key"]):
            continue
        if refused := _newly_refused(scenario, by, old, proposal, arn, tags):
            yield f"{arn} has the tag, but {', '.join(refused[:_SHOWN])} is refused"


def _newly_refused(
    scenario: Scenario, by: str, old: Json, proposal: Json, arn: str, tags: Mapping[str, str]
) -> list[str]:
    """The actions on a resource with its tags that the old statement allowed and those in its place refuse."""
    before = [as_list(old["Statement"])[proposal["statement"]]]
    refused = []
    for action in actions_on(scenario, arn.split(":")[2], [old, proposal["document"]]):
        if action in CREATES or not is_real(action, arn):
            continue
        request = asked_request(scenario, {"by": by, "action": action, "resource": arn, "resource_tags": tags})
        if allowed(before, request) and not allowed(proposal["added"], request):
            refused.append(action)
    return refused


def _values_of(tags: Mapping[str, str], key: str) -> list[str]:
    """The values of a tag; condition keys ignore the case of tag keys.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    return [value for one, value in tags.items() if one.lower() == key.lower()]
