"""What is true of every proposal of an SCP, whatever the scenario checks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from bench.guardrails.requests import scp_denies
from bench.guardrails.scenario import HOME, Scenario, account_of_caller, region_of, statements_of
from bench.guardrails.scenario_files import KINDS, REASONS, STATES
from bench.perimeter.evaluator import as_list
from bench.scenario_reading import Json

SIZE: Final = 10_240
"""How many characters an SCP may have since May 15, 2026.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

MIN_DAYS: Final = 90
"""How many days of logs are enough, unless an option says otherwise."""

NEVER: Final = (
    *("iam", "sts", "kms", "logs", "support", "health", "aws-portal", "billing", "consolidatedbilling", "ce", "cur"),
    *("payments", "tax", "invoicing", "freetier", "account", "organizations", "cloudtrail", "config"),
    *("access-analyzer", "sso", "sso-directory", "identitystore", "signin", "servicequotas", "tag"),
    *("resource-groups", "trustedadvisor"),
)
"""The services that no proposal denies as a whole."""

GLOBAL_REQUESTS: Final = (
    *(("iam:ListRoles", HOME), ("organizations:DescribeOrganization", HOME), ("route53:ListHostedZones", HOME)),
    *(("cloudfront:ListDistributions", HOME), ("support:DescribeCases", HOME), ("sts:AssumeRole", HOME)),
    *(("waf:ListWebACLs", HOME), ("shield:ListProtections", HOME), ("budgets:ViewBudget", HOME)),
    *(("globalaccelerator:ListAccelerators", "us-west-2"), ("s3:ListAllMyBuckets", HOME)),
    *(("networkmanager:ListCoreNetworks", "us-west-2"), ("ec2:DescribeRegions", HOME)),
)
"""Requests of global services and of consoles, which AWS's published Region deny leaves out.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
"""

_AGAINST: Final = frozenset(REASONS["scp"]) - {"role-names", "already", "region-reached"}


def broken_laws(scenario: Scenario, unit: Json, proposal: Json) -> Iterator[str]:
    """The laws that a proposal for a unit breaks, a sentence each."""
    yield from _form_faults(scenario, unit, proposal)
    if proposal["state"] == "safe":
        yield from _evidence_faults(scenario, unit, proposal)
    if proposal["policy"] is None:
        return
    yield from _document_faults(proposal)
    yield from _test_faults(scenario, unit["unit"], proposal)
    yield from _refused_calls(scenario, unit["unit"], proposal)
    yield from _spared_faults(scenario, unit["unit"], proposal)
    yield from _denied_faults(scenario, unit["unit"], proposal)


def _form_faults(scenario: Scenario, unit: Json, proposal: Json) -> Iterator[str]:
    kinds = {reason["kind"] for reason in proposal["reasons"]}
    if proposal["kind"] not in KINDS or proposal["state"] not in STATES or kinds - set(REASONS["scp"]):
        yield f"no such kind, state or reason: {proposal['kind']}, {proposal['state']}, {', '.join(sorted(kinds))}"
    if (proposal["policy"] is None) != (proposal["state"] == "refused"):
        yield f"a {proposal['state']} proposal {'lacks' if proposal['policy'] is None else 'has'} a document"
    if proposal["state"] != "safe" and not kinds:
        yield f"a proposal is {proposal['state']} without a reason"
    if proposal["state"] == "safe" and (against := sorted(kinds & _AGAINST)):
        yield f"a safe proposal has reasons against it: {', '.join(against)}"
    if not scenario.accounts_of(unit["unit"]) and proposal["state"] != "refused":
        yield "SCPs don't restrict the only account of the unit"
    if both := set(proposal["denies"]) & {one["name"] for one in proposal["kept"]}:
        yield f"both denied and kept: {', '.join(sorted(both))}"
    if proposal["policy"] is not None and not proposal["denies"]:
        yield "a document denies nothing new"


def _evidence_faults(scenario: Scenario, unit: Json, proposal: Json) -> Iterator[str]:
    """What a safe proposal lacks: anybody unseen may need what it denies."""
    options = scenario.options
    least = int(options[options.index("--min-days") + 1]) if "--min-days" in options else MIN_DAYS
    if unseen := set(scenario.accounts_of(unit["unit"])) - set(scenario.logged):
        yield f"safe without the logs of {', '.join(sorted(unseen))}"
    if proposal["kind"] != "dangerous" and scenario.content["days"] < least:
        yield f"safe after {scenario.content['days']} days"
    if proposal["kind"] == "regions" and not scenario.is_multi_region:
        yield "safe with the logs of one Region"
    if proposal["kind"] == "services" and unit["unit"] not in scenario.content.get("access_reports", {}):
        yield "safe without an access report"


def _document_faults(proposal: Json) -> Iterator[str]:
    policy = proposal["policy"]
    if policy["Version"] != "2012-10-17":
        yield "not the current version of the policy language"
    for statement in statements_of([policy]):
        if statement["Effect"] != "Deny":
            yield "a statement isn't a Deny"
        if {"Principal", "NotPrincipal", "NotResource"} & set(statement) or statement.get("Resource") is None:
            yield "SCPs have no Principal, and a statement names its Resource"
        for key, values in (
            (key, one) for tests in statement.get("Condition", {}).values() for key, one in tests.items()
        ):
            untold = [one for one in as_list(values) if str(one) not in json.dumps(proposal["exceptions"])]
            if key.lower() == "aws:principalarn" and untold:
                yield f"exceptions that aren't listed: {', '.join(untold)}"
    size = len(json.dumps(policy, separators=(",", ":")))
    if proposal["state"] == "safe" and size > SIZE:
        yield f"a safe document has {size} characters"


def _test_faults(scenario: Scenario, unit: str, proposal: Json) -> Iterator[str]:
    text = json.dumps(proposal["test"])
    if "create-policy" not in text or "attach-policy" not in text:
        yield "the test doesn't create and attach the policy"
    if re.search(rf"--target-id\W+{unit}\b", text) and len(scenario.accounts_of(unit)) > 1:
        yield "the test attaches the policy to the whole unit"


def _refused_calls(scenario: Scenario, unit: str, proposal: Json) -> Iterator[str]:
    """The observed calls that a proposal would refuse, and doesn't say so. Signing in needs no permission."""
    is_told = any(reason["kind"] == "observed-refused" for reason in proposal["reasons"])
    for call in scenario.seen_calls:
        is_own = account_of_caller(call["by"], call["resource"]) in scenario.accounts_of(unit)
        if not is_own or call.get("error") or call["action"] == "signin:ConsoleLogin":
            continue
        if (proposal["state"] == "safe" or not is_told) and scp_denies(scenario, proposal["policy"], call):
            yield f"an observed call is refused: {call['action']} in {region_of(call)} by {call['by']}"


def _spared_faults(scenario: Scenario, unit: str, proposal: Json) -> Iterator[str]:
    """What no proposal refuses: the basic services, and for a Region deny the global ones."""
    by = f"arn:aws:iam::{scenario.accounts_of(unit)[0]}:role/judge/anybody"
    for service in NEVER if proposal["kind"] != "regions" else ():
        if scp_denies(scenario, proposal["policy"], {"by": by, "action": f"{service}:AnyAction", "resource": "*"}):
            yield f"{service} is denied as a whole"
    for action, region in GLOBAL_REQUESTS if proposal["kind"] == "regions" else ():
        asked = {"by": by, "action": action, "resource": "*", "region": region}
        if scp_denies(scenario, proposal["policy"], asked):
            yield f"{action} is refused in {region}"


def _denied_faults(scenario: Scenario, unit: str, proposal: Json) -> Iterator[str]:
    """Whether the document refuses what `denies` names to a principal that nobody excepts, and may."""
    by = f"arn:aws:iam::{scenario.accounts_of(unit)[0]}:role/judge/anybody"
    rows = scenario.content.get("access_reports", {}).get(unit, [])
    undated = {row["ServiceNamespace"] for row in rows if "LastAuthenticatedTime" not in row}
    for name in proposal["denies"]:
        asked = {
            "services": {"action": f"{name}:AnyAction"},
            "regions": {"action": "ec2:DescribeInstances", "region": name},
            "dangerous": {"action": name},
        }[proposal["kind"]]
        if not scp_denies(scenario, proposal["policy"], {"by": by, "resource": "*", **asked}):
            yield f"{name} is in `denies`, but isn't refused"
        if proposal["kind"] == "services" and name not in undated:
            yield f"{name} is denied, but the unit's report doesn't show it as unused"
