"""Which principals mustn't share a role: in different environments, or with different trust or boundaries.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/whitepapers/latest/organizing-your-aws-environment/organizing-your-aws-environment.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from bench.guardrails.scenario import is_service_linked
from bench.perimeter.evaluator import as_list
from bench.perimeter.scenario_files import account_of
from bench.roles.leftovers import principals_of
from bench.roles.scenario import Scenario
from bench.scenario_reading import Json

_ENVIRONMENTS: Final = {
    "prod": "prod",
    "production": "prod",
    "prd": "prod",
    "staging": "staging",
    "stage": "staging",
    "stg": "staging",
    "dev": "dev",
    "development": "dev",
    "test": "test",
    "qa": "test",
}
_TAGS: Final = ("env", "environment", "stage")
_PEOPLE: Final = (":saml-provider/", "cognito-identity")


def environments_of(scenario: Scenario, arn: str) -> frozenset[str]:
    """The environments that a principal's account, path, name and tags tell."""
    words = re.split(r"[^a-z]+", arn.split(":", 5)[5].partition("/")[2].lower())
    tags = scenario.principals[arn].get("tags", {})
    words += [value.lower() for key, value in tags.items() if key.lower() in _TAGS]
    words.append(scenario.accounts[account_of(arn)].lower())
    return frozenset(_ENVIRONMENTS[word] for word in words if word in _ENVIRONMENTS)


def trust_kinds_of(scenario: Scenario, arn: str) -> frozenset[str]:
    """Who assumes a role: services by name, people, workloads of a provider, principals, and accounts."""
    trust = scenario.principals[arn].get("trust", {"Statement": []})
    allows = [one for one in as_list(trust["Statement"]) if one["Effect"] == "Allow"]
    return frozenset(_kind(account_of(arn), *named) for one in allows for named in principals_of(one))


def _kind(account: str, kind: str, value: str) -> str:
    if kind == "Service":
        return value
    if kind == "Federated":
        return "people" if any(word in value for word in _PEOPLE) else "oidc"
    if value in (account, f"arn:aws:iam::{account}:root"):
        return "account root"
    return "principals" if account_of(value) == account else "another account"


def trust_lines(trust: Json | None) -> set[tuple[str, str, str, str, str]]:
    """The parts of a trust policy: effect, kind and name of the principal, action and condition."""
    return {
        (statement["Effect"], kind, value, action, json.dumps(statement.get("Condition", {}), sort_keys=True))
        for statement in as_list((trust or {"Statement": []})["Statement"])
        for kind, value in principals_of(statement)
        for action in as_list(statement["Action"])
    }


def differences(scenario: Scenario, members: list[str]) -> Iterator[str]:
    """Why principals mustn't share a role, whatever they do."""
    found = [scenario.principals[arn] for arn in members]
    if len({environments_of(scenario, arn) for arn in members} - {frozenset()}) > 1:
        yield "members are in different environments"
    if len({":role/" in arn for arn in members}) > 1:
        yield "users and roles are together"
    if len({trust_kinds_of(scenario, arn) for arn in members}) > 1:
        yield "members trust different kinds of principals"
    if len({one.get("boundary") for one in found}) > 1:
        yield "members have different boundaries"
    if linked := [arn for arn in members if is_service_linked(arn)]:
        yield f"service-linked: {', '.join(linked)}"
    if broken := [arn for arn in members if re.search(r"break-?_?glass|emergency", arn.lower())]:
        yield f"for emergencies: {', '.join(broken)}"
