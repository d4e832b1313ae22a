"""Requests that show what a new policy allows and an old one doesn't, or the other way around."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final

from bench.guardrails.requests import request_of
from bench.guardrails.scenario_files import matching_actions
from bench.perimeter.evaluator import Request, as_list
from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json
from bench.tags.scenario import CREATES, HOME, TAGGING, Scenario

_CATALOG: Final = Path(__file__).parents[2] / "action_catalog" / "services"
_MOST: Final = 12
"""How many actions of a service, and of each document, are tried besides the chosen ones: spread over the names."""

_MADE_UP: Final = {
    "dynamodb": ("table/judge", "table/judge/index/by-day", "table/judge/stream/2026-01-01T00:00:00.000"),
    "ec2": ("instance/i-0123456789abcdef0", "volume/vol-0123456789abcdef0", "security-group/sg-0123456789abcdef0"),
    "sqs": ("judge",),
    "secretsmanager": ("secret:judge-AbCdEf",),
    "lambda": ("function:judge", "layer:judge"),
    "kms": ("key/0123abcd-12ab-34cd-56ef-1234567890ab", "alias/judge"),
    "rds": ("db:judge", "cluster:judge", "snapshot:judge"),
    "s3": (),
}
_OTHERS: Final = (
    ("iam:PassRole", "arn:aws:iam::{account}:role/judge"),
    ("sts:AssumeRole", "arn:aws:iam::{account}:role/judge"),
    ("s3:GetObject", "arn:aws:s3:::judge/key"),
    ("sns:Publish", f"arn:aws:sns:{HOME}:{{account}}:judge"),
    ("logs:PutLogEvents", f"arn:aws:logs:{HOME}:{{account}}:log-group:judge:log-stream:judge"),
)


def probes_of(scenario: Scenario, by: str, old: Json, proposal: Json) -> Iterator[Request]:
    """Requests on known and made-up resources, with the tags of known resources and others, and with old conditions."""
    account, new = account_of(by), proposal["document"]
    contexts = list(_contexts(scenario, by, [old, new], proposal))
    plain = [context for context in contexts if not any("RequestTag" in key for key in context)]
    services = sorted({arn.split(":")[2] for arn in _known(scenario)} & set(_MADE_UP))
    for service in services:
        resources = [arn for arn in _known(scenario) if arn.split(":")[2] == service]
        resources += [f"arn:aws:{service}:{HOME}:{account}:{name}" for name in _MADE_UP[service]]
        for action, arn in product(actions_on(scenario, service, [old, new]), [*resources, "*"]):
            sets_tags = action in CREATES or action.partition(":")[2] in TAGGING[service]
            for context in contexts if sets_tags else plain:
                yield request_of({"by": by, "action": action, "resource": arn}, context)
    for action, arn in _OTHERS:
        for context in plain:
            yield request_of({"by": by, "action": action, "resource": arn.format(account=account)}, context)


def _known(scenario: Scenario) -> list[str]:
    called = [call["resource"] for call in scenario.seen_calls if call["resource"] != "*"]
    return list(dict.fromkeys([*scenario.listed, *called]))


def actions_on(scenario: Scenario, service: str, documents: list[Json]) -> list[str]:
    """The actions of a service that were called, tag or create, and some of those that documents name or don't."""
    called = [call["action"] for call in scenario.seen_calls]
    chosen = [*called, *CREATES, *(f"{service}:{name}" for name in TAGGING[service])]
    every = matching_actions(service, "*")
    for names in (every, *(_named(service, document) for document in documents)):
        chosen += [f"{service}:{name}" for name in names[:: max(1, len(names) // _MOST)]]
    return sorted({action for action in chosen if action.startswith(f"{service}:")})


def _named(service: str, document: Json) -> list[str]:
    """The actions of a service that a document's patterns match, whatever it says about them."""
    found = set()
    for statement in as_list(document["Statement"]):
        for pattern in (*as_list(statement.get("Action")), *as_list(statement.get("NotAction"))):
            prefix, _, name = pattern.partition(":")
            if prefix.lower() in (service, "*"):
                found.update(matching_actions(service, name.lower() or "*"))
    return sorted(found)


def is_real(action: str, arn: str) -> bool:
    """Whether the service authorization reference lists the type of a resource for an action.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    service, _, name = action.partition(":")
    formats = _resource_formats(service).get(name, ())
    return arn == "*" if not formats else any(one.fullmatch(arn) for one in formats)


@cache
def _resource_formats(service: str) -> dict[str, list[re.Pattern[str]]]:
    """The ARNs of the resources that each action of a service takes."""
    content: Json = json.loads((_CATALOG / f"{service}.json").read_text())
    arns = {one["type"]: one["arns"] for one in content["resources"]}
    name = ".*" if service in ("s3", "secretsmanager") else "[^/]*"  # only names of objects and secrets have slashes
    return {
        action["name"]: [
            re.compile(re.sub(r"\\\$\\\{\w+\\\}", name, re.escape(arn)))
            for resource in action["resources"]
            for arn in arns.get(resource["type"], ())
        ]
        for action in content["actions"]
    }


def _contexts(scenario: Scenario, by: str, documents: list[Json], proposal: Json) -> Iterator[Json]:
    """What requests tell: tags of the resource, tags in the request, tags of the caller, and keys of the policies."""
    key, values = proposal["key"], [*proposal["values"], "judge"]
    known = {json.dumps(tags, sort_keys=True): tags for tags in scenario.listed.values()}
    tags = [{}, *({key: value} for value in values), *list(known.values())[:6]]
    on_resource = [{f"aws:ResourceTag/{one}": value for one, value in found.items()} for found in tags]
    requests = [{}, *({f"aws:RequestTag/{key}": value, "aws:TagKeys": [key]} for value in (values[0], "judge"))]
    caller = {f"aws:PrincipalTag/{one}": value for one, value in scenario.principals[by].get("tags", {}).items()}
    callers = [caller]
    if "PrincipalTag" in json.dumps(documents):
        callers += [{}, {f"aws:PrincipalTag/{key}": "judge"}]
    for resource, request, one, extra in product(on_resource, requests, callers, _old_keys(documents)):
        yield {"aws:PrincipalArn": by, "aws:PrincipalAccount": account_of(by)} | extra | one | request | resource


def _old_keys(documents: list[Json]) -> list[Json]:
    """A context without the other condition keys of the documents, and one with their first values."""
    met: Json = {}
    for statement in (one for document in documents for one in as_list(document["Statement"])):
        for operator, tests in statement.get("Condition", {}).items():
            for key, values in tests.items():
                if "tag" not in key.lower() and operator.lower() != "null":
                    met.setdefault(key, str(as_list(values)[0]).replace("*", "x"))
    return [{}, met] if met else [{}]
