"""Outputs that follow AWS's example policies for tags, which the judge of `lpgen tags` must accept."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.guardrails.scenario import is_service_linked
from bench.guardrails.scenario_files import matching_actions
from bench.perimeter.evaluator import applies, as_list
from bench.scenario_reading import Json
from bench.tags.decisions import asked_request, is_allowed, may_tag_sessions, observed_requests, policies_of
from bench.tags.scenario import CREATES, TAGGING, Scenario, tagged_resource, type_of

_CATALOG: Final = Path(__file__).parents[2] / "action_catalog" / "services"


def example_output(scenario: Scenario) -> Json:
    """What the scenario expects, with documents as in AWS's examples."""
    principals = []
    for arn in scenario.principals:
        checks = [one for one in scenario.checks if one["principal"] == arn and as_list(one["state"])[0] != "none"]
        principals.append({"principal": arn, "proposals": [_proposal(scenario, check) for check in checks]})
    return {"principals": principals}


def _proposal(scenario: Scenario, check: Json) -> Json:
    by, kind, key = check["principal"], check["type"], check.get("key", "team")
    policies = policies_of(scenario, by)
    name = check.get("policy") or next(iter(policies))
    statements = as_list(policies[name]["Statement"])
    at = check.get("statement") or 0
    old, state = statements[at], as_list(check["state"])[0]
    is_principal_tag = check.get("principal_tag", False)
    holders = [by]
    if name in scenario.managed_policies:
        holders += [one for one in scenario.principals if one != by and name in policies_of(scenario, one)]
    used = list(dict.fromkeys(_used(scenario, [by] if is_principal_tag else holders, old, kind)))
    values = check.get("values") or sorted({value for arn in used if (value := _value(scenario, arn, key))})
    proposal: Json = {"policy": name, "statement": at, "sid": old.get("Sid"), "type": kind, "key": key}
    proposal |= {"values": values, "principal_tag": is_principal_tag, "state": state}
    proposal["resources"] = as_list(old.get("Resource"))
    proposal["used"] = [{"resource": arn, "value": _value(scenario, arn, key)} for arn in used]
    known = [arn for arn in scenario.listed if type_of(arn) == kind and arn not in used]
    proposal["excluded"] = [arn for arn in known if _value(scenario, arn, key) not in values]
    proposal["still_allowed"] = [arn for arn in known if _value(scenario, arn, key) in values]
    proposal["writers"] = list(_writers(scenario, proposal, holders))
    names = sorted({one["principal"] for one in proposal["writers"] if not one["manager"]})
    proposal["reasons"] = [{"kind": one, "text": one, "names": names} for one in check.get("reasons", ())]
    proposal["guard"] = _guard(proposal)
    proposal["added"], proposal["document"] = [], None
    if state != "refused":
        proposal["added"] = _added(scenario, old, proposal)
        rest = [*statements[:at], *proposal["added"], *statements[at + 1 :]]
        proposal["document"] = {**policies[name], "Statement": rest}
    return proposal


def _value(scenario: Scenario, arn: str, key: str) -> str | None:
    """The value that a condition on the key compares: it ignores the case of keys."""
    return {one.lower(): value for one, value in (scenario.tags_of(arn) or {}).items()}.get(key.lower())


def _used(scenario: Scenario, holders: list[str], statement: Json, kind: str) -> Iterator[str]:
    for call in scenario.seen_calls:
        if call["by"] not in holders or call.get("error") or call["action"] in CREATES:
            continue
        requests = observed_requests(scenario, call)
        if type_of(call["resource"]) == kind and any(applies(statement, one, principal=False) for one in requests):
            yield tagged_resource(call["resource"])


# ---- Policies


def _added(scenario: Scenario, old: Json, proposal: Json) -> list[Json]:
    """The old statement with the condition for the type's actions, and without it for all that remains."""
    service, _, kind = proposal["type"].partition(":")
    key, named = proposal["key"], f"{{aws:PrincipalTag/{proposal['key']}}}"
    value: Any = f"${named}" if proposal["principal_tag"] else proposal["values"]
    content: Json = json.loads((_CATALOG / f"{service}.json").read_text())
    catalog = {one["name"]: {two["type"].lower() for two in one["resources"]} for one in content["actions"]}
    actions, others = [], []
    for pattern in as_list(old["Action"]):
        prefix, _, name = pattern.partition(":")
        if prefix == service:
            actions += [f"{service}:{one}" for one in matching_actions(service, name.lower())]
        else:
            others.append(pattern)
    creates = [one for one in actions if one in CREATES and kind in catalog[one.partition(":")[2]]]
    creates = [one for one in creates if service != "ec2" or one == "ec2:RunInstances"]
    tagged = [one for one in actions if kind in catalog[one.partition(":")[2]] and one not in creates]
    plain = [*others, *(one for one in actions if one not in (*tagged, *creates))]
    added = [_with(old, tagged, old["Resource"], {f"aws:ResourceTag/{key}": value})]
    calls = [one for one in scenario.seen_calls if one["action"] in creates]
    if calls and all(one.get("tags", {}).get(key) in proposal["values"] for one in calls) and service != "ec2":
        added.append(_with(old, creates, old["Resource"], {f"aws:RequestTag/{key}": value}))
    else:
        plain += creates
    if service == "ec2" and "ec2:CreateTags" in tagged:  # tags of new instances
        while_creating = {"Null": {"ec2:CreateAction": "false"}}
        added.append({"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*", "Condition": while_creating})
    if plain:
        added.append(_with(old, plain, old["Resource"], {}))
    elsewhere = [one for one in tagged if catalog[one.partition(":")[2]] - {kind}]
    if elsewhere:
        added.append(_with(old, elsewhere, _other_types(old, content, kind), {}))
    if old.get("Sid"):
        added[0]["Sid"] = old["Sid"]
    return added


def _with(old: Json, actions: list[str], resource: Any, tags: Json) -> Json:
    condition = {operator: dict(tests) for operator, tests in old.get("Condition", {}).items()}
    if tags:
        condition["StringEquals"] = condition.get("StringEquals", {}) | tags
    found: Json = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return found | ({"Condition": condition} if condition else {})


def _other_types(old: Json, content: Json, kind: str) -> list[str]:
    """The ARNs of a service's other types within the old patterns."""
    if as_list(old["Resource"]) != ["*"]:
        return [f"{pattern}/{part}/*" for pattern in as_list(old["Resource"]) for part in ("index", "stream")]
    formats = [arn for one in content["resources"] if one["type"].lower() != kind for arn in one["arns"]]
    return sorted({"*".join(part.rpartition("}")[2] for part in f"}}{one}".split("${")) for one in formats})


# ---- Writers


def _writers(scenario: Scenario, proposal: Json, holders: list[str]) -> Iterator[Json]:
    service, key = proposal["type"].partition(":")[0], proposal["key"]
    managers = set(_managers(scenario, proposal, holders))
    targets = [arn for arn in scenario.listed if type_of(arn) == proposal["type"]]
    asked = [(f"{service}:{TAGGING[service][0]}", arn, scenario.listed[arn]) for arn in targets]
    own = [holders[0]] if proposal["principal_tag"] else []
    asked += [("iam:TagUser" if ":user/" in arn else "iam:TagRole", arn, {}) for arn in own]
    for by in scenario.principals:
        for action in dict.fromkeys(action for action, _, _ in asked):
            for request in _requests(action, key, proposal["values"], [one for one in asked if one[0] == action]):
                found = asked_request(scenario, {"by": by, **request})
                if not is_service_linked(by) and is_allowed(scenario, policies_of(scenario, by), found):
                    yield _writer(by, request, by in managers)
                    break
    for arn in own:
        trust = json.dumps(scenario.principals[arn].get("trust"))
        providers = {part for part in trust.split('"') if "-provider/" in part}
        for by in sorted({*scenario.principals, *providers}):
            audience = {"SAML:aud": "https://signin.aws.amazon.com/saml", "idp.example.com:aud": "sts.amazonaws.com"}
            context = {f"aws:RequestTag/{key}": "x", "aws:TagKeys": [key], **audience}
            request = {"action": "sts:TagSession", "resource": arn, "context": context}
            if may_tag_sessions(scenario, asked_request(scenario, {"by": by, **request})):
                yield _writer(by, request, by in managers)


def _writer(by: str, request: Json, is_manager: bool) -> Json:
    given = {one: value for one, value in request.items() if one in ("action", "resource", "context")}
    return {"principal": by, "action": request["action"], "resource": request["resource"], "manager": is_manager} | {
        "request": given
    }


def _requests(action: str, key: str, values: list[str], asked: list[tuple[str, str, Json]]) -> Iterator[Json]:
    for _, arn, tags in asked:
        for spelled in (key, key.title()):
            for more in ({}, {"cost-center": "7"}):
                sets = {spelled: values[0], **more}
                context: Json = {f"aws:RequestTag/{one}": value for one, value in sets.items()}
                context |= {f"aws:ResourceTag/{one}": value for one, value in tags.items()}
                yield {"action": action, "resource": arn, "context": context | {"aws:TagKeys": list(sets)}}


def _managers(scenario: Scenario, proposal: Json, holders: list[str]) -> Iterator[str]:
    options = scenario.content.get("options", [])
    globs = [options[index + 1] for index, word in enumerate(options) if word == "--tag-manager"]
    for by in scenario.principals:
        if any(fnmatch.fnmatchcase(by, glob) or fnmatch.fnmatchcase(by.split("/")[-1], glob) for glob in globs):
            yield by
    for call in scenario.seen_calls:
        is_write = proposal["key"] in call.get("tags", {}) and type_of(call["resource"]) == proposal["type"]
        if is_write and not call.get("error") and call["by"] not in holders:
            yield call["by"]


def _guard(proposal: Json) -> Json | None:
    others = [one for one in proposal["writers"] if not one["manager"]]
    if not others:
        return None
    service = proposal["type"].partition(":")[0]
    managers = sorted({one["principal"] for one in proposal["writers"] if one["manager"]})
    condition: Json = {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [proposal["key"]]}}
    if managers:
        condition["ArnNotLike"] = {"aws:PrincipalArn": managers}
    actions = [f"{service}:{name}" for name in TAGGING[service]]
    deny = {"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [deny]}
