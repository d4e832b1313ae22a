"""Reads scenarios, and refuses those with mistakes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench.scenario_reading import Json, document_mistakes, read_scenarios, unknown_keys

_FOLDER: Final = Path(__file__).parent / "scenarios"
FOLDERS: Final = {"open": _FOLDER, "held-back": _FOLDER / "held_back"}
KINDS: Final = ("identity", "network", "confused-deputy")
STATES: Final = ("safe", "unsafe", "refused")
REASONS: Final = (
    *("no-data-events", "few-days", "unknown-organization", "anonymous-use", "observed-refused"),
    *("service-role-unseen", "console-users", "lock-out", "too-large", "no-endpoint", "unknown-endpoint"),
    *("already", "role-names", "invalid"),
)
DATA_EVENTS: Final = {
    "s3": r"\w*Object(?:Version)?(?:Acl|Tagging|Attributes|Retention|LegalHold)?|ListBucket|AbortMultipartUpload",
    "dynamodb": r"(?:Batch)?(?:Get|Put|Update|Delete|Write)Item|Query|Scan|PartiQL\w+",
    "sqs": r"(?:Send|Receive|Delete)Message|ChangeMessageVisibility",
    "sns": "Publish",
    "lambda": "InvokeFunction",
}
"""The actions that each service records as data events; others are management events."""

UNRELATED_BUCKET: Final = "unrelated-"
"""What the name of an account's bucket for its other data events begins with; the account's id follows."""

_SERVICES: Final = (*DATA_EVENTS, "kms", "secretsmanager")
_KEYS: Final = {
    name: frozenset(keys.split())
    for name, keys in {
        "scenario": "title sources organization accounts days data_events principals resource_policies endpoints calls "
        "options checks",
        "principal": "arn trust policies",
        "endpoint": "VpcEndpointId VpcId ServiceName OwnerId",
        "call": "by action resource endpoint invoked_by service_session source_account console days error",
        "check": "resource kind state why reasons not_reasons names allows denies",
        "request": "by action resource context",
        "document": "Version Id Statement",
        "statement": "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition",
    }.items()
}
_UNLISTED: Final = ("role/aws-service-role/", "role/aws:ec2-infrastructure", "root")
"""Principals that authorization details leave out, or that scenarios needn't list."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world of resources and calls, and what `lpgen perimeter` must say about it."""

    name: str
    half: str
    content: Json

    @property
    def organization(self) -> str:
        """The organization's id, or an empty string."""
        return str(self.content.get("organization", ""))

    @property
    def members(self) -> tuple[str, ...]:
        """The accounts of the organization. The first one owns what has no account in its ARN."""
        return tuple(account for account, kind in self.content["accounts"].items() if kind == "member")

    @property
    def partition(self) -> str:
        """The partition of the accounts, as ARNs name it."""
        return str(self.content["principals"][0]["arn"].split(":")[1])

    @property
    def region(self) -> str:
        """The Region of the accounts' trails and calls."""
        return {"aws-us-gov": "us-gov-west-1"}.get(self.partition, "us-east-1")

    @property
    def endpoints(self) -> list[Json]:
        """The VPC endpoints that a describe call would show."""
        found: list[Json] = self.content.get("endpoints", [])
        return found

    @property
    def old_policies(self) -> dict[str, Json]:
        """The policies of resources before the proposals."""
        found: dict[str, Json] = self.content.get("resource_policies", {})
        return found

    @property
    def data_services(self) -> tuple[str, ...]:
        """The services whose data events the trails log."""
        return tuple(name for name in DATA_EVENTS if name in self.content.get("data_events", DATA_EVENTS))

    @property
    def seen_calls(self) -> list[Json]:
        """The calls that the trails log."""
        return [
            call for call in self.content["calls"] if not is_data_event(call) or _service(call) in self.data_services
        ]

    def owner_of(self, arn: str) -> str:
        """The account of a resource."""
        unrelated = re.match(rf"arn:[^:]*:s3:::{UNRELATED_BUCKET}(\d{{12}})", arn)
        return unrelated[1] if unrelated else account_of(arn) or self.members[0]


_unknown_keys = partial(unknown_keys, _KEYS)


def load_scenarios(half: str, folder: Path) -> list[Scenario]:
    """The scenarios of a folder, by name.

    Raises:
        ValueError: Files have mistakes; the message has a line per mistake, which names its file and place.
    """
    return read_scenarios(half, folder, Scenario, _mistakes)


def account_of(arn: str) -> str:
    """The account in an ARN, or an empty string."""
    return (arn.split(":", 5) + [""] * 6)[4]


def is_service(by: str) -> bool:
    """Whether an AWS service called with its own principal."""
    return by.startswith("service:")


def is_data_event(call: Json) -> bool:
    """Whether CloudTrail records a call as a data event."""
    return re.fullmatch(DATA_EVENTS.get(_service(call), ""), call["action"].partition(":")[2]) is not None


def _service(call: Json) -> str:
    return str(call["action"].partition(":")[0])


def contains(resource: str, arn: str) -> bool:
    """Whether an ARN is that of a resource, or of something in it."""
    return arn == resource or arn.startswith((f"{resource}/", f"{resource}:"))


# ---- Mistakes


def _mistakes(scenario: Scenario) -> Iterator[str]:
    content = scenario.content
    yield from _unknown_keys("scenario", "scenario", content)
    if missing := [key for key in ("title", "sources", "accounts", "days", "principals", "checks") if not content[key]]:
        yield f"scenario: no {', '.join(missing)}"
    if not all(source.startswith("https://") for source in content["sources"]):
        yield "sources: not an https address"
    if unknown := set(content["accounts"].values()) - {"member", "outside"}:
        yield f"accounts: neither member nor outside: {', '.join(unknown)}"
    if unknown := set(content.get("data_events", ())) - set(_SERVICES):
        yield f"data_events: unknown services {', '.join(sorted(unknown))}"
    yield from _world_mistakes(scenario)
    yield from _document_mistakes(content)
    for index, call in enumerate(content["calls"]):
        for mistake in _call_mistakes(scenario, call):
            yield f"calls[{index}]: {mistake}"
    for index, check in enumerate(content["checks"]):
        for mistake in _check_mistakes(scenario, check):
            yield f"checks[{index}]: {mistake}"


def _world_mistakes(scenario: Scenario) -> Iterator[str]:
    content = scenario.content
    arns = [found["arn"] for found in content["principals"]]
    if len(set(arns)) != len(arns):
        yield "principals: an ARN occurs twice"
    if lonely := set(scenario.members) - set(map(account_of, arns)):
        yield f"principals: none in the members {', '.join(sorted(lonely))}"
    for index, found in enumerate(content["principals"]):
        yield from _unknown_keys("principal", f"principals[{index}]", found)
        if ("trust" in found) != (":role/" in found["arn"]):
            yield f"principals[{index}]: a role has a trust policy, and a user has none"
        if account_of(found["arn"]) not in scenario.members:
            yield f"principals[{index}]: not in a member account"
    for index, found in enumerate(scenario.endpoints):
        yield from _unknown_keys("endpoint", f"endpoints[{index}]", found)
        if missing := _KEYS["endpoint"] - set(found):
            yield f"endpoints[{index}]: no {', '.join(sorted(missing))}"


def _document_mistakes(content: Json) -> Iterator[str]:
    yield from document_mistakes(_KEYS, {key: content.get(key) for key in ("principals", "resource_policies")})


def _call_mistakes(scenario: Scenario, call: Json) -> Iterator[str]:
    yield from _unknown_keys("call", "call", call)
    yield from _request_mistakes(call)
    if call["by"].startswith("arn:"):
        account = account_of(call["by"])
        if account not in (*scenario.content["accounts"], "cloudfront"):
            yield f"{call['by']} is of no account of the scenario"
        elif account in scenario.members and not _is_listed(scenario, call["by"]):
            yield f"{call['by']} isn't a principal of the scenario"
    if not 1 <= call.get("days", 1) <= scenario.content["days"]:
        yield "days outside the logs"
    origins = {"endpoint", "invoked_by", "service_session", "console"} & {key for key, value in call.items() if value}
    if len(origins) > 1 and origins not in ({"endpoint", "console"}, {"endpoint", "service_session"}):
        yield f"{' and '.join(sorted(origins))} in one call"
    known = {found["VpcEndpointId"] for found in scenario.endpoints} or {call.get("endpoint")}
    if not {call.get("endpoint")} - {None} <= known and "unknown-endpoint" not in json.dumps(
        scenario.content["checks"]
    ):
        yield f"no endpoint {call['endpoint']}"


def _request_mistakes(asked: Json) -> Iterator[str]:
    by, action = asked["by"], asked["action"]
    if _service(asked) not in _SERVICES or not re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", action):
        yield f"unknown action {action}"
    if _service(asked) != asked["resource"].split(":")[2]:
        yield f"{action} isn't an action on {asked['resource']}"
    if by == "anonymous" or re.fullmatch(r"service:[a-z0-9.-]+\.amazonaws\.com", by):
        return
    if not re.fullmatch(r"arn:aws(?:-us-gov)?:iam::(?:\d{12}|cloudfront):(?:root|(?:role|user)/.+)", by):
        yield f"no such caller: {by}"


def _is_listed(scenario: Scenario, arn: str) -> bool:
    listed = [found["arn"] for found in scenario.content["principals"]]
    return arn in listed or arn.split(":", 5)[5].startswith(_UNLISTED)


def _check_mistakes(scenario: Scenario, check: Json) -> Iterator[str]:
    yield from _unknown_keys("check", "check", check)
    resources = [*scenario.old_policies, *(call["resource"] for call in scenario.content["calls"])]
    if not any(contains(check["resource"], arn) for arn in resources):
        yield f"nothing has the resource {check['resource']}"
    states = check["state"] if isinstance(check["state"], list) else [check["state"]]
    if check["kind"] not in KINDS or not states or set(states) - set(STATES):
        yield "no such kind or state"
    if unknown := {*check.get("reasons", ()), *check.get("not_reasons", ())} - set(REASONS):
        yield f"unknown reasons {', '.join(sorted(unknown))}"
    if not check.get("why"):
        yield "no `why`"
    for place in ("allows", "denies"):
        for index, asked in enumerate(check.get(place, [])):
            yield from _unknown_keys("request", f"{place}[{index}]", asked)
            for mistake in _request_mistakes(asked):
                yield f"{place}[{index}]: {mistake}"
            if place == "denies" and not contains(check["resource"], asked["resource"]):
                yield f"{place}[{index}]: {asked['resource']} isn't in {check['resource']}"
