"""Outputs by AWS's example policies, which the judge of `lpgen guardrails` must accept."""

from __future__ import annotations

import fnmatch
import re
from typing import Any, Final

from bench.guardrails.boundary_laws import boundary_arn
from bench.guardrails.requests import allowed, request_of
from bench.guardrails.scenario import (
    Scenario,
    account_of_caller,
    arn_of_caller,
    is_service_linked,
    region_of,
    statements_of,
)
from bench.perimeter.evaluator import as_list
from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json

GLOBAL: Final = [
    f"{service}:*"
    for service in (
        *("iam", "organizations", "route53", "cloudfront", "support", "sts", "waf", "shield", "budgets"),
        *("globalaccelerator", "networkmanager"),
    )
]
ROLE_WRITES: Final = [
    f"iam:{name}Role{what}"
    for name, what in (
        *(("Create", ""), ("Put", "Policy"), ("Attach", "Policy"), ("Detach", "Policy"), ("Delete", "Policy")),
        ("Put", "PermissionsBoundary"),
    )
]
USER_WRITES: Final = [name.replace("Role", "User") for name in ROLE_WRITES]
VERSIONS: Final = [
    f"iam:{name}" for name in ("CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicy")
]


def example_output(scenario: Scenario) -> Json:
    """What the scenario expects, with documents by AWS's examples."""
    return _example_units(scenario) if scenario.command == "scp" else _example_boundary(scenario)


def _reasons(check: Json, state: str) -> list[Json]:
    kinds = check.get("reasons", []) or ([] if state == "safe" else ["invalid"])
    return [{"kind": kind, "text": kind, "names": check.get("names", [])} for kind in kinds]


# ---- SCPs


def _example_units(scenario: Scenario) -> Json:
    options = scenario.options
    wanted = options[options.index("--unit") + 1] if "--unit" in options else None
    return {
        "units": [
            {
                "unit": unit["id"],
                "name": unit["name"],
                "accounts": unit["accounts"],
                "proposals": [
                    _example_proposal(scenario, check) for check in scenario.checks if check["unit"] == unit["id"]
                ],
            }
            for unit in scenario.content["organization"]["units"]
            if wanted in (None, unit["id"])
        ]
    }


def _example_proposal(scenario: Scenario, check: Json) -> Json:
    states, denied = as_list(check["state"]), check.get("denies_list", [])
    state = "refused" if "refused" in states else "unsafe" if check.get("reasons") else states[0]
    excepted = [word for name in ("--break-glass", "--caller") for word in _given(scenario, name)]
    used = {} if check["kind"] != "dangerous" else {name: _users(scenario, check["unit"], name) for name in denied}
    statements = {
        "services": lambda: [_deny(Action=[f"{name}:*" for name in denied])],
        "regions": lambda: [_region_deny(_used_regions(scenario, check), excepted)],
        "dangerous": lambda: [_deny_but([*excepted, *used[name]], Action=name) for name in denied],
    }[check["kind"]]()
    kept = [*check.get("kept_list", []), *check.get("told_list", [])]
    named = {pattern for found in used.values() for pattern in found} | set(excepted)
    return {
        "kind": check["kind"],
        "state": state,
        "reasons": _reasons(check, state),
        "denies": denied,
        "kept": [
            {"name": name, "why": check.get("names", []), "last_used": None, "accounts": []}
            for name in kept
            if name not in denied
        ],
        "exceptions": [{"principal": pattern, "writers": check.get("names", [])} for pattern in sorted(named)],
        "policy": None if state == "refused" else {"Version": "2012-10-17", "Statement": statements},
        "test": "aws organizations create-policy ... && aws organizations attach-policy --target-id ACCOUNT",
    }


def _given(scenario: Scenario, name: str) -> list[str]:
    options = scenario.options
    return [options[index + 1] for index, word in enumerate(options) if word == name]


def _deny(**elements: Any) -> Json:
    return {"Effect": "Deny", **elements, "Resource": "*"}


def _deny_but(patterns: list[str], **elements: Any) -> Json:
    found = _deny(**elements)
    return found | ({"Condition": {"ArnNotLike": {"aws:PrincipalArn": patterns}}} if patterns else {})


def _region_deny(regions: list[str], excepted: list[str]) -> Json:
    found = _deny_but(excepted, NotAction=[*GLOBAL, "s3:ListAllMyBuckets", "ec2:DescribeRegions"])
    tests = found.setdefault("Condition", {})
    tests["StringNotEquals"] = {"aws:RequestedRegion": regions}
    return found


def _used_regions(scenario: Scenario, check: Json) -> list[str]:
    calls = [call for call in scenario.seen_calls if not call.get("error") and not is_service_linked(call["by"])]
    own = [
        call for call in calls if account_of_caller(call["by"], call["resource"]) in scenario.accounts_of(check["unit"])
    ]
    return sorted({region_of(call) for call in own} | set(check.get("kept_list", [])) | {"us-east-1"})


def _users(scenario: Scenario, unit: str, action: str) -> list[str]:
    calls = [call for call in scenario.seen_calls if call["action"] == action and not call.get("error")]
    return sorted(
        {
            re.sub(r"(AWSReservedSSO_\w+)_[0-9a-f]{16}$", r"\1_*", arn_of_caller(call["by"]))
            for call in calls
            if account_of_caller(call["by"], call["resource"]) in scenario.accounts_of(unit)
        }
    )


# ---- Boundaries


def _example_boundary(scenario: Scenario) -> Json:
    check = scenario.checks[0]
    state = as_list(check["state"])[0]
    creator = next(arn for arn in scenario.principals if fnmatch.fnmatchcase(arn, _given(scenario, "--creator")[0]))
    done = [call for call in scenario.seen_calls if not call.get("error")]
    made = {call["resource"] for call in done if call["by"] == creator and call["action"] == "iam:CreateRole"}
    globs = _given(scenario, "--created")
    created = [arn for arn in scenario.principals if (fnmatch.fnmatchcase(arn, globs[0]) if globs else arn in made)]
    output: Json = {"creators": [creator], "created": created, "state": state, "reasons": _reasons(check, state)}
    output |= {"boundary": None, "creator_statements": [], "denies": [], "creator_policies": {}}
    if state == "refused":
        return output
    arn = boundary_arn(scenario, output)
    used_actions = {call["action"] for call in done if not call["resource"].startswith(tuple(created))}
    used = [_used_statement(scenario, call) for call in done if call["by"] in created]
    old = scenario.principals[creator]["policies"]
    return output | {
        "boundary": {"Version": "2012-10-17", "Statement": used},
        "denies": _delegation(arn, _given(scenario, "--path")[0], _passed_to(done), used_actions),
        "creator_policies": {f"inline-{index}": document for index, document in enumerate(old)},
    }


def _used_statement(scenario: Scenario, call: Json) -> Json:
    own = statements_of(scenario.principals[call["by"]]["policies"])
    scope = next(one for one in own if allowed([one], request_of(call, {})))
    return {"Effect": "Allow", "Action": call["action"], "Resource": scope["Resource"]}


def _passed_to(done: list[Json]) -> list[str]:
    services = {
        "lambda:CreateFunction": "lambda.amazonaws.com",
        "ecs:RegisterTaskDefinition": "ecs-tasks.amazonaws.com",
    }
    return sorted({services[call["action"]] for call in done if call["action"] in services}) or ["none.amazonaws.com"]


def _delegation(arn: str, path: str, services: list[str], used: set[str]) -> list[Json]:
    """AWS's example of a delegation, as Deny statements.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    account = account_of(arn)
    roles, users = f"arn:aws:iam::{account}:role{path}*", f"arn:aws:iam::{account}:user{path}*"
    writes = [*ROLE_WRITES, *USER_WRITES]
    others = ["iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:CreateAccessKey", "iam:CreateLoginProfile"]
    others = [name for name in others if name not in used]
    within: Json = {"StringNotEquals": {"iam:PermissionsBoundary": arn}}
    passed: Json = {"StringNotEquals": {"iam:PassedToService": services}}
    removes = ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"]
    return [
        {"Effect": "Deny", "Action": writes, "Resource": "*", "Condition": within},
        {"Effect": "Deny", "Action": [*writes, *others, "iam:PassRole"], "NotResource": [roles, users]},
        {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*", "Condition": passed},
        {"Effect": "Deny", "Action": removes, "Resource": "*"},
        {"Effect": "Deny", "Action": VERSIONS, "Resource": arn},
    ]
