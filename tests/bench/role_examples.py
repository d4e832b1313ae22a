"""Outputs that a scenario's checks and AWS's documentation ask for, which the judge of `lpgen roles` must accept."""

from __future__ import annotations

from bench.perimeter.evaluator import applies, as_list
from bench.perimeter.records import key_of
from bench.perimeter.scenario_files import account_of
from bench.roles.leftovers import leftovers_of
from bench.roles.scenario import Scenario, statements_of
from bench.scenario_reading import Json
from tests.bench.split_examples import example_splits


def example_output(scenario: Scenario) -> Json:
    """What the scenario expects, with policies that allow exactly the calls."""
    checks = {check["user"]: check for check in scenario.checks.get("users", ())}
    merges = [_merge(scenario, check) for check in scenario.checks.get("merges", ())]
    points = [{"roles": roles, "over_grant": 2 - roles, "harmful": 0} for roles in (2, 1)]
    return {
        "users": [_user(scenario, user, checks.get(user, {})) for user in scenario.users],
        "merges": merges,
        "splits": example_splits(scenario),
        "curves": [{"account": one["account"], "kind": "role", "points": points, "method": "exact"} for one in merges],
        "leftovers": [{"kind": kind, "arn": arn, "text": "Nobody uses it."} for kind, arn in leftovers_of(scenario)],
    }


def _user(scenario: Scenario, user: str, check: Json) -> Json:
    calls = [call for call in scenario.seen_calls if call["by"] == user and not call.get("console")]
    used = {call.get("key") or key_of("AKIA", user) for call in calls}
    keys = sorted(used | {key["id"] for key in scenario.principals[user].get("keys", ())})
    state = as_list(check.get("state", "unsafe" if check.get("against") else "safe"))[0]
    against = check.get("against") or (["few-days"] if state == "unsafe" else [])
    asked = {"kind": "question", "name": "", "new": False} | check.get("goes_to", {})
    target = {**asked, "kind": as_list(asked["kind"])[0], "over_grant": 0, "harmful": 0}
    if target["kind"] == "role" and not target["name"]:
        target |= {"name": "judge", "new": True}
    named = ", ".join(check.get("steps_contain", ()))
    return {
        "user": user,
        "kind": as_list(check.get("kind", "unknown"))[0],
        "evidence": [{"kind": kind, "text": "A fact."} for kind in check.get("evidence", ["key"])],
        "keys": [{"id": key, "active": None, "created": None, "last_used": None, "days_used": 1} for key in keys],
        "goes_to": target,
        "policy": [_policy(scenario, [user])] if target["new"] else None,
        "steps": [
            {"text": f"Deactivate the keys of the user ({named}).", "check": "No use for 14 covered days."},
            {"text": "Delete the user.", "check": "IAM no longer lists it."},
        ],
        "against": [{"kind": kind, "text": "A reason."} for kind in against],
        "state": state,
        "findings": [{"kind": kind, "names": []} for kind in check.get("findings", ())],
    }


def _merge(scenario: Scenario, check: Json) -> Json:
    members = sorted(check["members"])
    accounts = {account_of(arn) for arn in members}
    state = as_list(check.get("state", "safe"))[0]
    trusts = [scenario.principals[arn]["trust"] for arn in members]
    statements = [one for trust in trusts for one in as_list(trust["Statement"])]
    return {
        "members": members,
        "account": accounts.pop() if len(accounts) == 1 else "",
        "name": "shared",
        "state": state,
        "against": [{"kind": "few-days", "text": "A reason.", "names": []}] if state == "unsafe" else [],
        "roles_saved": len(members) - 1,
        "over_grant": 0,
        "harmful": 0,
        "policy": [_policy(scenario, members)],
        "trust": {"Version": "2012-10-17", "Statement": statements},
    }


def _policy(scenario: Scenario, members: list[str]) -> Json:
    calls = [call for call in scenario.content["calls"] if call["by"] in members and not call.get("error")]
    statements = {(call["action"], call["resource"]): _granted(scenario, call) for call in calls}
    return {"Version": "2012-10-17", "Statement": [statements[used] for used in sorted(statements)]}


def _granted(scenario: Scenario, call: Json) -> Json:
    """The old statement that allows a call, with only the call's action and resource."""
    request = scenario.request(call)
    old = statements_of(scenario.documents_of(call["by"]))
    statement = next(one for one in old if one["Effect"] == "Allow" and applies(one, request, principal=False))
    return {**statement, "Action": call["action"], "Resource": call["resource"]}
