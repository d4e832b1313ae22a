"""Which condition keys AWS gives a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from typing import Any, Final

from bench.perimeter.evaluator import Request, as_list
from bench.perimeter.scenario_files import Scenario, account_of, is_service
from bench.scenario_reading import Json

_ADDRESS: Final = "203.0.113.25"


def request_of(scenario: Scenario, asked: Json) -> Request:
    """The request that a check writes: with the keys that AWS always gives, and those of its `context`."""
    given: Json = asked.get("context", {})
    context = _caller_keys(scenario, asked["by"])
    if is_service(asked["by"]) and given.get("aws:SourceAccount") in scenario.members and scenario.organization:
        context["aws:SourceOrgID"] = scenario.organization
    context |= _network_keys(scenario, given.get("aws:SourceVpce"))
    found = {key.lower(): _values(value) for key, value in context.items()}
    for key, value in given.items():
        found.pop(key.lower(), None)
        if value is not None:
            found[key.lower()] = _values(value)
    return Request(asked["by"], asked["action"], asked["resource"], found)


def request_of_call(scenario: Scenario, call: Json) -> Request:
    """The request that AWS decided when it recorded a call of the scenario."""
    context: Json = {}
    if is_service(call["by"]):
        context["aws:SourceAccount"] = call.get("source_account", scenario.owner_of(call["resource"]))
    elif service := call.get("invoked_by"):
        context = {"aws:ViaAWSService": "true"}
        if service.endswith(".amazonaws.com"):
            context["aws:CalledVia"] = [service]
            context["kms:ViaService"] = f"{service.split('.')[0]}.{scenario.region}.amazonaws.com"
    elif call.get("endpoint"):
        context = {"aws:SourceVpce": call["endpoint"]}
    elif not call.get("service_session"):
        context = {"aws:SourceIp": _ADDRESS}
    return request_of(scenario, {**call, "context": context})


def _caller_keys(scenario: Scenario, by: str) -> Json:
    if by == "anonymous":
        return {"aws:PrincipalType": "Anonymous", "aws:PrincipalAccount": "anonymous", "aws:SecureTransport": "true"}
    if is_service(by):
        name = by.removeprefix("service:")
        service: Json = {"aws:PrincipalServiceName": name, "aws:PrincipalServiceNamesList": [name]}
        return service | {
            "aws:PrincipalIsAWSService": "true",
            "aws:ViaAWSService": "false",
            "aws:SecureTransport": "true",
        }
    account, kind = account_of(by), by.split(":")[5].split("/")[0]
    keys: Json = {
        "aws:PrincipalArn": by,
        "aws:PrincipalType": {"user": "User", "root": "Account"}.get(kind, "AssumedRole"),
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:SecureTransport": "true",
    }
    if account.isdigit():  # the identities of CloudFront are in no account
        keys["aws:PrincipalAccount"] = account
    if account in scenario.members and scenario.content.get("organization"):
        keys["aws:PrincipalOrgID"] = scenario.organization
    return keys


def _network_keys(scenario: Scenario, endpoint: str | None) -> Json:
    vpcs = [found["VpcId"] for found in scenario.endpoints if found["VpcEndpointId"] == endpoint]
    return {"aws:SourceVpc": vpcs[0]} if vpcs else {}


def _values(value: Any) -> tuple[str, ...]:
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in as_list(value))
