"""The judge of `lpgen trust` decides as AWS documents and catches planted faults; its scenarios are consistent."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bench.trust.__main__ as command
from bench.trust import laws
from bench.trust.assumptions import read_assumption
from bench.trust.case import Case
from bench.trust.judge import judge_scenario
from bench.trust.referee import Json, Request, allows, is_met, may_allow, worlds
from bench.trust.scenario_files import SEVERITIES, Scenario, load_scenarios, problems_of
from tests.support.forked_lpgen import run_forked

ACCOUNT = "111122223333"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
VENDOR = "999988887777"


def _policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(principal: Any, action: Any = "sts:AssumeRole", **conditions: Json) -> Json:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": conditions}


def _caller(arn: str, action: str = "sts:AssumeRole", **context: str) -> Request:
    session = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/session"
    values = {"aws:principalarn": arn, **{key.replace("__", ":").lower(): value for key, value in context.items()}}
    return Request(action, "AWS", session, arn.split(":")[4], {key: (value,) for key, value in values.items()})


def _token(subject: str, audience: str | None = "sts.amazonaws.com") -> Request:
    context = {f"{GITHUB}:sub": (subject,)} | ({f"{GITHUB}:aud": (audience,)} if audience else {})
    return Request("sts:AssumeRoleWithWebIdentity", "Federated", PROVIDER, "", context)


# ---- Conditions


@pytest.mark.parametrize(
    ("operator", "values", "present", "expected"),
    [
        ("StringEquals", ("a", "b"), ("b",), True),
        ("StringEquals", ("A",), ("a",), False),
        ("StringEquals", ("a*",), ("ab",), False),
        ("StringEquals", ("a",), None, False),
        ("StringEqualsIfExists", ("a",), None, True),
        ("StringEqualsIfExists", ("a",), ("b",), False),
        ("StringEqualsIgnoreCase", ("A",), ("a",), True),
        ("StringNotEquals", ("a", "b"), ("b",), False),
        ("StringNotEquals", ("a", "b"), ("c",), True),
        ("StringNotEquals", ("a",), None, True),
        ("StringNotEqualsIgnoreCase", ("A",), ("a",), False),
        ("StringLike", ("repo:acme/*",), ("repo:acme/shop:pull_request",), True),
        ("StringLike", ("repo:acme/*",), ("repo:acme-evil/shop",), False),
        ("StringLike", ("a?",), ("a",), False),
        ("StringLike", ("a${*}",), ("a*",), True),
        ("StringLike", ("a${*}",), ("ab",), False),
        ("StringNotLike", ("a*",), ("ab",), False),
        ("ArnLike", ("arn:aws:iam::1:role/a*",), ("arn:aws:iam::1:role/ab/c",), True),
        ("ArnEquals", ("arn:aws:iam::*:role/a",), ("arn:aws:iam::1:role/a",), True),
        ("ArnEquals", ("arn:aws:iam::*",), ("arn:aws:iam::1:role/a",), False),
        ("ArnNotLike", ("arn:aws:iam::1:role/a*",), ("arn:aws:iam::1:role/b",), True),
        ("Bool", ("true",), ("True",), True),
        ("Bool", ("false",), None, False),
        ("BoolIfExists", ("false",), None, True),
        ("Null", ("true",), None, True),
        ("Null", ("false",), None, False),
        ("Null", ("false",), ("a",), True),
        ("IpAddress", ("203.0.113.0/24",), ("203.0.113.9",), True),
        ("NotIpAddress", ("203.0.113.0/24",), ("203.0.113.9",), False),
        ("NumericLessThanEquals", ("3600",), ("3600",), True),
        ("DateLessThan", ("2026-08-02T00:00:00Z",), ("2026-08-01T10:00:00Z",), True),
        ("ForAnyValue:StringLike", ("a*", "b"), ("c", "b"), True),
        ("ForAnyValue:StringEquals", ("a",), None, False),
        ("ForAnyValue:StringNotEquals", ("a",), ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "b"), ("a", "c"), False),
        ("ForAllValues:StringEquals", ("a",), None, True),
        ("ForAllValues:StringNotEquals", ("a",), ("a", "b"), False),
    ],
)
def test_is_met_follows_the_documentation(
    operator: str, values: tuple[str, ...], present: tuple[str, ...] | None, expected: bool
) -> None:
    assert is_met(operator, values, present) is expected


def test_is_met_refuses_an_unknown_operator() -> None:
    with pytest.raises(ValueError, match="StringMatches"):
        is_met("StringMatches", ("a",), ("a",))


# ---- Principals, actions, effects


def test_allows_decides_by_account_role_session_and_anybody() -> None:
    caller = _caller(f"arn:aws:iam::{ACCOUNT}:role/ci/deploy")
    for named in (
        f"arn:aws:iam::{ACCOUNT}:root",
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:role/ci/deploy",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/deploy/session",
        "*",
    ):
        assert allows(_policy(_allow({"AWS": [named]})), caller), named
    assert allows(_policy(_allow("*")), caller)
    for other in (
        f"arn:aws:iam::{ACCOUNT}:role/deploy",
        f"arn:aws:iam::{ACCOUNT}:role/ci/*",
        f"arn:aws:iam::{VENDOR}:root",
        "AROAEXAMPLE",
    ):
        assert not allows(_policy(_allow({"AWS": other})), caller), other
    assert not allows(_policy(_allow({"Service": "*"})), caller)


def test_allows_reads_actions_without_case_and_each_for_itself() -> None:
    policy = _policy(_allow({"Service": "pods.eks.amazonaws.com"}, ["STS:assume*", "sts:TagSession"]))
    pods = Request("sts:AssumeRole", "Service", "pods.eks.amazonaws.com", "", {})
    assert allows(policy, pods)
    assert allows(policy, Request("sts:TagSession", pods.kind, pods.id, "", {}))
    assert not allows(policy, Request("sts:SetSourceIdentity", pods.kind, pods.id, "", {}))


def test_allows_lets_a_deny_win_and_reads_keys_without_case() -> None:
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:*",
        "Condition": {"BoolIfExists": {"AWS:multifactorauthPRESENT": "false"}},
    }
    policy = _policy(_allow({"AWS": ACCOUNT}), deny)
    role = f"arn:aws:iam::{ACCOUNT}:role/a"
    assert allows(policy, _caller(role, aws__MultiFactorAuthPresent="true"))
    assert not allows(policy, _caller(role, aws__MultiFactorAuthPresent="false"))
    assert not allows(policy, _caller(role))


def test_allows_reverses_not_principal_and_not_action() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/a"
    deny = {"Effect": "Deny", "NotPrincipal": {"AWS": role}, "NotAction": "sts:TagSession"}
    policy = _policy(_allow({"AWS": ACCOUNT}, "sts:*"), deny)
    assert allows(policy, _caller(role))
    assert not allows(policy, _caller(f"{role}b"))
    assert allows(policy, _caller(f"{role}b", "sts:TagSession"))


# ---- Records


def _record(name: str, identity: Json, asked: Json | None = None, answer: Json | None = None, **more: Any) -> Json:
    parameters = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/target", "roleSessionName": "s", **(asked or {})}
    record = {
        "eventSource": "sts.amazonaws.com",
        "eventName": name,
        "eventID": "e",
        "eventTime": "2026-08-01T10:00:00Z",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.1",
    }
    return record | {"userIdentity": identity, "requestParameters": parameters, "responseElements": answer} | more


def _request_of(record: Json) -> Request:
    read = read_assumption(record)
    assert read is not None
    return read.request


def test_read_assumption_reads_subject_and_audience_wherever_a_record_shows_them() -> None:
    identity = {"type": "WebIdentityUser", "identityProvider": PROVIDER}
    subject = "repo:acme/shop:ref:refs/heads/main"
    in_identity = {**identity, "userName": subject, "principalId": f"{PROVIDER}:sts.amazonaws.com:{subject}"}
    only_principal = {**identity, "principalId": f"{PROVIDER}:sts.amazonaws.com:{subject}"}
    answer = {"subjectFromWebIdentityToken": subject, "audience": "sts.amazonaws.com", "provider": PROVIDER}
    for record in (
        _record("AssumeRoleWithWebIdentity", in_identity),
        _record("AssumeRoleWithWebIdentity", only_principal),
        _record("AssumeRoleWithWebIdentity", {"type": "WebIdentityUser"}, answer=answer),
    ):
        request = _request_of(record)
        assert request.id == PROVIDER
        assert request.context[f"{GITHUB}:sub"] == (subject,)
        assert request.context[f"{GITHUB}:aud"] == ("sts.amazonaws.com",)


def test_read_assumption_hides_claims_that_a_record_does_not_show() -> None:
    request = _request_of(
        _record("AssumeRoleWithWebIdentity", {"type": "WebIdentityUser", "identityProvider": PROVIDER})
    )
    assert request.hidden(f"{GITHUB}:sub")
    assert request.hidden(f"{GITHUB}:job_workflow_ref")
    assert not request.hidden("gitlab.com:sub")
    assert not request.hidden("sts:externalid")


def test_read_assumption_needs_an_action_for_tags_and_source_identity() -> None:
    asked = {"tags": [{"key": "Team", "value": "pay"}], "sourceIdentity": "ana"}
    read = read_assumption(_record("AssumeRole", {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, asked))
    assert read is not None
    assert [request.action for request in read.requests] == [
        "sts:AssumeRole",
        "sts:TagSession",
        "sts:SetSourceIdentity",
    ]
    assert read.request.context["aws:requesttag/team"] == ("pay",)
    token = read_assumption(
        _record("AssumeRoleWithWebIdentity", {"identityProvider": PROVIDER}, {"principalTags": {"a": "b"}})
    )
    assert token is not None
    assert token.requests[1].action == "sts:TagSession"


def test_worlds_compare_both_policies_under_the_same_hidden_values() -> None:
    request = _request_of(_record("AssumeRole", {"type": "AWSAccount", "accountId": VENDOR, "principalId": "AROA:x"}))
    inside = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    old = _policy(_allow({"AWS": VENDOR}, **inside))
    (world,) = worlds(old, request)
    assert not allows(old, request)
    assert allows(old, request, world)
    assert allows(_policy(_allow({"AWS": f"arn:aws:iam::{VENDOR}:root"}, **inside)), request, world)
    assert not allows(_policy(_allow({"AWS": VENDOR}, StringEquals={"aws:PrincipalOrgID": "o-2"})), request, world)
    named = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{VENDOR}:role/x"}}
    assert not allows(_policy(_allow({"AWS": VENDOR}, **inside, **named)), request, world)


def test_worlds_keep_every_principal_that_a_hidden_caller_may_be() -> None:
    request = _request_of(_record("AssumeRole", {"type": "AWSAccount", "accountId": VENDOR, "principalId": "AROA:x"}))
    first, second = (f"arn:aws:iam::{VENDOR}:role/{name}" for name in ("first", "second"))
    old = _policy(_allow({"AWS": [first, second]}))
    assert len(worlds(old, request)) == 2
    assert all(allows(old, request, world) for world in worlds(old, request))
    assert not all(allows(_policy(_allow({"AWS": [first]})), request, world) for world in worlds(old, request))
    assert may_allow(old, request)
    assert not may_allow(_policy(_allow({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a"})), request)


# ---- The judge


@cache
def _scenarios() -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in load_scenarios("open")}


def _broken_promises(name: str, *proposals: Json | None, **changes: Any) -> dict[str, list[str]]:
    """What the judge objects to in an output with these proposals, a role each, that is right in everything else."""
    scenario = _scenarios()[name]
    roles = []
    for (arn, expected), proposal in zip(scenario.content["expect"].items(), proposals, strict=True):
        own = [attempt for attempt in scenario.assumptions if attempt.role == arn and attempt.succeeded]
        rows = [
            {"principal": attempt.request.id, "subject": subject, "example_event_id": attempt.event_id}
            | {"outcome": "allowed", "first_day": min(days), "last_day": max(days), "days": len(days), "records": count}
            for attempt in own
            for subject in [attempt.subject]
            for days in [{other.day for other in own if other.subject == subject}]
            for count in [sum(other.subject == subject for other in own)]
        ]
        unique = {(row["principal"], row["subject"]): row for row in rows}
        parameters = {"account": VENDOR, "vendor": "", "external_id": False, "last_assumed": ""}
        findings = [
            {"kind": kind, "severity": SEVERITIES[kind][0], "message": "A sentence.", "parameters": parameters}
            for kind in expected.get("findings", [])
        ]
        example = own[0].event_id if own else ""
        evidence = [{"sid": str(number), "example_event_id": example} for number in range(9)]
        role = {"arn": arn, "findings": findings, "assumed_by": list(unique.values()), "proposal": proposal}
        role |= {"never_seen": expected.get("never_seen", []), "evidence": evidence, "refusals": []}
        roles.append(role | changes)
    found: dict[str, list[str]] = {}
    for failure in judge_scenario(scenario, {"roles": roles}):
        found.setdefault(failure.promise, []).append(failure.message)
    return found


def _trusting(subject: Any, operator: str = "StringEquals", audience: bool = True, **more: Json) -> Json:
    conditions: dict[str, Json] = {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"} if audience else {}}
    conditions.setdefault(operator, {})
    conditions[operator] = {**conditions[operator], f"{GITHUB}:sub": subject}
    conditions = {name: tests for name, tests in (conditions | more).items() if tests}
    return _allow({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", **conditions)


MAIN = "repo:acme/shop:ref:refs/heads/main"
SSO = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_PlatformAdmin_????????????????"
PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/ci/pipeline"


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("github-one-branch", _policy(_trusting(MAIN))),
        ("github-growing-branches", _policy(_trusting("repo:acme/web:ref:refs/heads/*", "StringLike"))),
        (
            "github-rename-would-break",
            _policy(
                _trusting(["repo:acme/tools:environment:release", "repo:acme@1001/tools@555123:environment:release"])
            ),
        ),
        (
            "vendor-external-id-unchecked",
            _policy(
                _allow({"AWS": f"arn:aws:iam::{VENDOR}:root"}, StringEquals={"sts:ExternalId": "acme-7f3b9c"}),
            ),
        ),
        ("eks-exact", None),
    ],
)
def test_judge_passes_a_good_output(name: str, proposal: Json | None) -> None:
    assert not _broken_promises(name, proposal)


def test_judge_passes_callers_of_an_account_that_are_added_as_conditions() -> None:
    callers = {"ArnLike": {"aws:PrincipalArn": [SSO, PIPELINE]}}
    proposal = _policy(_allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, **callers))
    assert not _broken_promises("identity-center-callers", proposal, None)


@pytest.mark.parametrize(
    ("name", "proposal", "promises"),
    [
        ("github-one-branch", _policy(_trusting("repo:acme/*", "StringLike")), {"law 2", "law 3, values"}),
        ("github-one-branch", _policy(_trusting("repo:acme/shop*", "StringLike")), {"law 2", "rejected"}),
        ("github-one-branch", _policy(_trusting(MAIN, audience=False)), {"law 2", "law 3, conditions", "rejected"}),
        ("github-one-branch", _policy(_trusting("repo:acme/shop:pull_request")), {"law 1", "law 3, values", "future"}),
        ("github-one-branch", _policy(_trusting("repo:acme/shop:*", "StringLike")), {"proposal", "rejected"}),
        ("github-one-branch", _policy(_trusting([MAIN, MAIN.replace("acme/", "acme@1/")])), {"law 2", "law 3, values"}),
        (
            "github-rename-would-break",
            _policy(_trusting(["repo:acme/tools:environment:release", "repo:acme@1/tools@2:environment:release"])),
            {"law 2", "law 3, values"},
        ),
        (
            "github-growing-branches",
            _policy(_trusting("repo:acme/web:ref:refs/heads/feature/*", "StringLike")),
            {"accepted", "future"},
        ),
        (
            "unrecorded-claim",
            _policy(_trusting("repo:acme/pay:ref:refs/heads/main")),
            {"law 2", "law 3, conditions", "rejected"},
        ),
        (
            "github-name-registered-anew",
            _policy(
                _trusting(["repo:acme/sdk:ref:refs/heads/main", "repo:acme@666123/sdk@999321:ref:refs/heads/main"])
            ),
            {"law 2", "law 3, values", "rejected"},
        ),
        (
            "session-name-variable",
            _policy(
                _allow(
                    {"AWS": ACCOUNT},
                    StringLike={"sts:RoleSessionName": ["ana", "bo"]},
                    ArnEquals={"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("ana", "bo")]},
                )
            ),
            {"law 2", "rejected"},
        ),
        ("service-with-source-account", _policy(_allow({"Service": "scheduler.amazonaws.com"})), {"law 2", "rejected"}),
        ("eks-exact", _policy(_trusting("x")), {"proposal", "law 1", "law 4"}),
        ("web-identity-without-claim", None, {"proposal", "law 10"}),
        ("not-principal", None, {"proposal", "law 9"}),
        (
            "vendor-external-id-unchecked",
            _policy(_allow({"AWS": VENDOR}, StringLike={"sts:ExternalId": "*"})),
            {"law 5", "rejected"},
        ),
        (
            "vendor-two-external-ids",
            _policy(_allow({"AWS": VENDOR}, StringEquals={"sts:ExternalId": ["acme-eu", "acme-us"]})),
            {"law 1", "accepted", "future"},
        ),
        (
            "vendor-without-external-id",
            _policy(_allow({"AWS": VENDOR}, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{VENDOR}:role/monitor"})),
            {"law 1", "law 3, values", "proposal"},
        ),
        (
            "eks-pod-identity",
            _policy(_allow({"Service": "pods.eks.amazonaws.com"})),
            {"law 1", "law 7", "accepted", "future"},
        ),
        (
            "role-chaining",
            _policy(_allow({"AWS": f"arn:aws:iam::{ACCOUNT}:role/data/etl-source-2"})),
            {"law 1", "law 2", "law 4", "rejected"},
        ),
        (
            "denied-callers",
            _policy(
                _allow({"AWS": f"arn:aws:iam::{ACCOUNT}:role/jobs/scheduler"}, ["sts:AssumeRole", "sts:TagSession"])
            ),
            {"law 4"},
        ),
        (
            "denied-callers",
            _policy(
                _allow(
                    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    ["sts:AssumeRole", "sts:TagSession"],
                    ArnEquals={
                        "aws:PrincipalArn": [
                            f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("web", "jobs/scheduler")
                        ]
                    },
                )
            ),
            {"law 3, values", "rejected"},
        ),
        ("quota-of-a-trust-policy", _policy(*[_trusting("repo:acme/*", "StringLike")] * 20), {"quota", "evidence"}),
    ],
)
def test_judge_catches_a_planted_fault(name: str, proposal: Json | None, promises: set[str]) -> None:
    assert promises <= _broken_promises(name, proposal).keys()


def test_judge_catches_an_exact_permission_set() -> None:
    exact = SSO.replace("*", "eu-west-1/").replace("?" * 16, "0123456789abcdef")
    callers = {"ArnLike": {"aws:PrincipalArn": [exact, PIPELINE]}}
    proposal = _policy(_allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, **callers))
    assert {"law 4", "accepted"} <= _broken_promises("identity-center-callers", proposal, None).keys()


def test_judge_catches_a_proposal_for_a_role_of_aws() -> None:
    scenario = _scenarios()["reserved-roles"]
    olds = [scenario.roles[arn]["AssumeRolePolicyDocument"] for arn in scenario.content["expect"]]
    assert len(_broken_promises("reserved-roles", *olds)["law 8"]) == 2


def test_judge_catches_exact_subjects_that_still_grow() -> None:
    scenario = _scenarios()["github-growing-branches"]
    subjects = sorted({attempt.subject for attempt in scenario.assumptions})
    found = _broken_promises("github-growing-branches", _policy(_trusting(subjects)))
    assert {"law 11", "future", "accepted"} <= found.keys()
    assert "law 1" not in found


def test_judge_catches_a_proposal_that_repeats_the_old_policy() -> None:
    scenario = _scenarios()["github-missing-audience"]
    (arn,) = scenario.content["expect"]
    found = _broken_promises("github-missing-audience", scenario.roles[arn]["AssumeRolePolicyDocument"])
    assert found == {"proposal": ["the proposal repeats the old policy"]}


def test_judge_catches_a_changed_deny() -> None:
    scenario = _scenarios()["statements-with-deny"]
    (arn,) = scenario.content["expect"]
    new = copy.deepcopy(scenario.roles[arn]["AssumeRolePolicyDocument"])
    deny = next(statement for statement in new["Statement"] if statement["Effect"] == "Deny")
    deny["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    assert {"law 9", "law 2"} <= _broken_promises("statements-with-deny", new).keys()


def test_judge_catches_wrong_findings_and_wrong_facts() -> None:
    good = _policy(_trusting(MAIN))
    wrong = {"kind": "anyone", "severity": "low", "message": "", "parameters": {}}
    found = _broken_promises(
        "github-one-branch", good, findings=[wrong], assumed_by=[], never_seen=["repo:acme/shop:*"]
    )
    assert {"findings", "form of findings", "assumed_by", "never_seen"} <= found.keys()
    evidence = [{"sid": "a", "example_event_id": "of no record"}]
    assert _broken_promises("github-one-branch", good, evidence=evidence).keys() == {"evidence"}


def test_judge_reports_a_missing_role_and_a_broken_output() -> None:
    scenario = _scenarios()["github-one-branch"]
    assert [failure.promise for failure in judge_scenario(scenario, {"roles": []})] == ["output"]
    (arn,) = scenario.content["expect"]
    broken = list(judge_scenario(scenario, {"roles": [{"arn": arn, "findings": [], "proposal": {"Statement": [1]}}]}))
    assert any("can't be judged" in failure.message for failure in broken)


def _broadened(policy: Json) -> Iterator[Json]:
    """The policy with one condition dropped or made optional, one action or principal more, or without a Deny."""
    for number, statement in enumerate(policy["Statement"]):
        if statement["Effect"] == "Deny":
            yield policy | {"Statement": [kept for kept in policy["Statement"] if kept is not statement]}
            continue
        changed: list[Json] = [statement | {"Action": "sts:*"}]
        for operator, tests in statement.get("Condition", {}).items():
            others = {name: kept for name, kept in statement["Condition"].items() if name != operator}
            changed.append(statement | {"Condition": others | {f"{operator}IfExists": tests}})
            for key in tests:
                fewer = {name: kept for name, kept in tests.items() if name != key}
                changed.append(statement | {"Condition": others | {operator: fewer}})
        for new in changed:
            yield policy | {"Statement": [*policy["Statement"][:number], new, *policy["Statement"][number + 1 :]]}
    for principal in ({"AWS": "*"}, {"AWS": "123451234512"}, {"Service": "ec2.amazonaws.com"}):
        yield policy | {"Statement": [*policy["Statement"], _allow(principal)]}


@pytest.mark.parametrize("share", [pytest.param(1, marks=pytest.mark.slow), 9])
def test_judge_catches_every_broader_policy(share: int) -> None:
    survivors, tried = [], 0
    for scenario in list(_scenarios().values())[::share]:
        for arn in scenario.content["expect"]:
            old = scenario.roles[arn]["AssumeRolePolicyDocument"]
            if arn.endswith("/open-to-all") or "NotPrincipal" in json.dumps(old):
                continue  # nothing is broader; a Deny for all but a user hides what an Allow adds
            for broader in _broadened(old):
                tried += 1
                if not list(laws.law_gains_nothing(Case(scenario, arn, {"proposal": broader}))):
                    survivors.append((arn, broader))
    assert tried > 300 // share
    assert not survivors


# ---- The scenarios


def test_open_scenarios_are_consistent_worlds() -> None:
    scenarios = load_scenarios("open")
    assert len(scenarios) >= 24
    found = {scenario.name: list(problems_of(scenario)) for scenario in scenarios}
    assert not {name: problems for name, problems in found.items() if problems}


def test_held_back_scenarios_are_consistent_worlds() -> None:
    broken = sum(bool(list(problems_of(scenario))) for scenario in load_scenarios("held-back"))
    assert broken == 0, "some held-back scenario is broken; `problems_of` says why to those who may know"


def test_problems_of_finds_an_inconsistent_world() -> None:
    content = json.loads(json.dumps(_scenarios()["github-one-branch"].content))
    (arn,) = content["expect"]
    (role,) = content["snapshot"]["RoleDetailList"]
    role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"] = {f"{GITHUB}:sub": "repo:acme/web:*"}
    content["expect"][arn]["findings"] = ["no-such-kind"]
    content["records"][0]["eventID"] = content["records"][1]["eventID"]
    problems = "\n".join(problems_of(Scenario("github-one-branch", "open", content)))
    for text in ("doesn't allow", "unknown findings", "an eventID occurs twice"):
        assert text in problems


# ---- The command


def test_main_prints_failures_of_the_open_half_and_only_sums_of_the_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held_back = dataclasses.replace(_scenarios()["eks-exact"], name="a-secret-name", half="held-back")
    monkeypatch.setattr(command, "load_scenarios", lambda _half: (_scenarios()["github-one-branch"], held_back))
    monkeypatch.setattr(command, "run_trust", lambda *_, **__: {"roles": []})
    monkeypatch.setattr("sys.argv", ["bench.trust", "--half", "both"])
    assert command.main() == 1
    out = capsys.readouterr().out
    assert "github-one-branch: shop-deploy: output: the role is missing" in out
    assert "held-back: 0 of 1 scenarios pass; 1 failures" in out
    assert "secret" not in out
    assert "search-irsa" not in out
    monkeypatch.setattr("sys.argv", ["bench.trust", "--half", "both", "--show"])
    assert command.main() == 1
    assert "a-secret-name: search-irsa" in capsys.readouterr().out


def test_main_accepts_good_outputs_and_refuses_unknown_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "judge_one", lambda *_, **__: ())
    monkeypatch.setattr("sys.argv", ["bench.trust", "eks-exact"])
    assert command.main() == 0
    monkeypatch.setattr("sys.argv", ["bench.trust", "no-such-scenario"])
    assert command.main() == 2


def test_judge_one_reports_a_command_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Json:
        raise ValueError("`lpgen trust` ends with 3")

    monkeypatch.setattr(command, "run_trust", fail)
    (failure,) = command.judge_one(_scenarios()["eks-exact"], with_logs=True)
    assert failure.promise == "command"


def test_logs_of_a_scenario_are_ingested_in_full(tmp_path: Path) -> None:
    scenario = _scenarios()["vendor-two-external-ids"]
    logs = command.write_logs(scenario, tmp_path / "logs")
    done = run_forked("ingest", logs, "--data", tmp_path / "data", "--strict", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert f"{len(scenario.content['records'])} records" in (done.stdout + done.stderr).replace(",", "")
