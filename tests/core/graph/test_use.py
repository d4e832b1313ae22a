"""Use of edges: the last day, the covered days without use, or why use can't be seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.graph.edges import ADMINISTRATOR, Edge
from lpgen.core.graph.use import UseOfEdges, UseState
from lpgen.core.graph.ways import read_ways
from lpgen.core.model import CallerKind, Outcome
from lpgen.core.trust.evidence import with_use
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import iam_names_from_usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import FUNCTION, OTHER, arn_of, principal
from tests.core.trust.cases import assumption, evidence_of
from tests.support.worlds import ACCOUNT, LAST_DAY, usage_of, use

CI, REPORT, DEPLOY = (arn_of(f"role/{name}") for name in ("ci", "report", "deploy"))
PROFILE = arn_of("instance-profile/report-nodes")
WAYS = bundled_catalog().facts(read_ways).ways


def edge(rule: str, target: str = REPORT, **facts: Any) -> Edge:
    return Edge(CI, target, rule, **facts)


def use_of(found: Edge, *uses: Any, days: int = 120, sessions: Any = (), **facts: Any) -> Any:
    """The use of an edge with logs of these uses by `role/ci`, and these sessions of `role/deploy`."""
    usage = usage_of({CI: uses}, days=days, **facts)
    coverage, known = (
        coverage_from_usage(usage),
        [
            principal("role/ci"),
            replace(principal("role/report"), instance_profiles=(PROFILE,)),
            principal("role/deploy"),
            principal("role/batch/clean"),
        ],
    )
    evidence = with_use(evidence_of(), usage, coverage, known, bundled_catalog())
    evidence = replace(evidence, by_role={DEPLOY: tuple(sessions)})
    observability = Observability(bundled_catalog(), coverage, min_days=1)
    names = iam_names_from_usage(usage, known, lambda *_row: True)
    return UseOfEdges(
        WAYS, bundled_catalog(), usage=usage, observability=observability, evidence=evidence, names=names
    ).of(found)


def test_function_was_changed_on_its_last_day() -> None:
    action = "lambda:UpdateFunctionCode"
    found = use_of(
        edge("lambda-update-function-code", through=FUNCTION),
        *(use(action, FUNCTION, seen=f"2026-09-{day:02}T00:00:00Z") for day in (3, 9, 5)),
    )
    assert (found.state, found.last_used, found.covered_days) == (UseState.USED, LAST_DAY.replace(day=9), 0)


def test_another_function_is_no_use() -> None:
    other = use("lambda:UpdateFunctionCode", f"{FUNCTION}-other")
    found = use_of(edge("lambda-update-function-code", through=FUNCTION), other)
    assert (found.state, found.covered_days, found.last_used) == (UseState.NEVER, 120, None)


def test_folded_resources_count_for_what_they_match() -> None:
    found = use_of(
        edge("lambda-update-function-code", through=FUNCTION), use("lambda:UpdateFunctionCode", f"{FUNCTION[:-3]}*")
    )
    assert found.state is UseState.USED


def test_denied_call_is_no_use() -> None:
    denied = use("lambda:UpdateFunctionCode", FUNCTION, outcome=Outcome.DENIED)
    assert use_of(edge("lambda-update-function-code", through=FUNCTION), denied).state is UseState.NEVER


def test_use_by_another_principal_is_none() -> None:
    found = replace(edge("lambda-update-function-code", through=FUNCTION), source=DEPLOY)
    assert use_of(found, use("lambda:UpdateFunctionCode", FUNCTION)).state is UseState.NEVER


@pytest.mark.parametrize("days", [30, 120])
def test_covered_days_without_use_are_counted(days: int) -> None:
    found = use_of(edge("lambda-update-function-code", through=FUNCTION), days=days)
    assert (found.state, found.covered_days) == (UseState.NEVER, days)


# ---------------------------------------------------------------- passed roles


def test_passed_role_was_used_for_this_role_only() -> None:
    passed = use("iam:PassRole", REPORT, how="lambda")
    assert use_of(edge("lambda-create-function-invoke"), passed).state is UseState.USED
    assert use_of(edge("lambda-create-function-invoke", target=DEPLOY), passed).state is UseState.NEVER


def test_instance_profile_passes_the_role_in_it() -> None:
    launched = [use("ec2:RunInstances", "*"), use("iam:PassRole", PROFILE, how="pass-role")]
    assert use_of(edge("ec2-run-instances"), *launched).state is UseState.USED
    assert use_of(edge("ec2-run-instances", target=DEPLOY), *launched).state is UseState.NEVER


def test_role_in_a_path_is_passed_by_its_name() -> None:
    passed = use("iam:PassRole", arn_of("role/clean"), how="lambda")
    found = edge("lambda-create-function-invoke", target=arn_of("role/batch/clean"))
    assert use_of(found, passed).state is UseState.USED


def test_way_with_two_steps_on_the_target_needs_both_and_has_the_earlier_day() -> None:
    attach, key = (
        use(action, REPORT, seen=f"2026-09-{day:02}T00:00:00Z")
        for action, day in (("iam:AttachRolePolicy", 4), ("iam:UpdateAssumeRolePolicy", 8))
    )
    both = edge("iam-attach-role-policy-update-assume-role-policy")
    assert use_of(both, attach, key).last_used == LAST_DAY.replace(day=4)
    assert use_of(both, attach).state is UseState.NEVER


# ---------------------------------------------------------------- sessions


def session(caller: str, outcome: Outcome = Outcome.ALLOWED, days_ago: int = 10) -> Any:
    day = LAST_DAY - timedelta(days=days_ago)
    return replace(
        assumption(0, principal=caller, caller_kind=CallerKind.ROLE.value, outcome=outcome), role=DEPLOY, day=day
    )


def test_session_of_the_caller_is_the_use() -> None:
    found = use_of(edge("sts-assume-role", DEPLOY), sessions=[session(CI, days_ago=30), session(CI, days_ago=10)])
    assert (found.state, found.last_used) == (UseState.USED, LAST_DAY - timedelta(days=10))


@pytest.mark.parametrize("seen", [session(REPORT), session(CI, Outcome.DENIED)], ids=["another caller", "denied"])
def test_session_of_another_or_none_is_no_use(seen: Any) -> None:
    found = use_of(edge("sts-assume-role", DEPLOY), sessions=[seen])
    assert (found.state, found.covered_days) == (UseState.NEVER, 120)


# ---------------------------------------------------------------- unseen


def test_without_a_data_folder_use_is_unseen() -> None:
    found = UseOfEdges(WAYS, bundled_catalog()).of(edge("lambda-update-function-code"))
    assert (found.state, found.last_used, found.covered_days) == (UseState.UNSEEN, None, 0)
    assert "no logs" in found.reason


@pytest.mark.parametrize(
    ("rule", "source", "target", "state"),
    [
        ("sts-assume-role", CI, arn_of("role/away", OTHER), UseState.UNSEEN),
        ("sts-assume-role", arn_of("role/away", OTHER), DEPLOY, UseState.NEVER),
        ("lambda-create-function-invoke", arn_of("role/away", OTHER), REPORT, UseState.UNSEEN),
    ],
)
def test_account_without_logs_shows_nothing(rule: str, source: str, target: str, state: UseState) -> None:
    # Both accounts have a record of AssumeRole, but only that of the role's account is sure to be complete.
    found = use_of(Edge(source, target, rule))
    assert (found.state, bool(found.reason)) == (state, state is UseState.UNSEEN)


def test_data_event_that_no_log_has_is_unseen() -> None:
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"
    found = use_of(edge("dynamodb-get-item", table))
    assert found.state is UseState.UNSEEN
    assert found.reason
    logged = use_of(edge("dynamodb-get-item", table), data_events=[("us-east-1", "dynamodb.amazonaws.com")])
    assert logged.state is UseState.NEVER


def test_administrative_rights_are_not_one_call() -> None:
    found = use_of(Edge(CI, f"admin:{ACCOUNT}", ADMINISTRATOR))
    assert (found.state, "one call" in found.reason) == (UseState.UNSEEN, True)


def test_way_without_a_step_on_the_target_needs_all_its_steps() -> None:
    rule, other = "iam-create-role-attach-policy", arn_of("role/other")
    found = edge(rule, f"admin:{ACCOUNT}")
    assert use_of(found, use("iam:CreateRole", other)).state is UseState.NEVER
    assert use_of(found, use("iam:CreateRole", other), use("iam:AttachRolePolicy", other)).state is UseState.USED


# ---------------------------------------------------------------- outsiders

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
PARTNER = arn_of("role/partner", OTHER)


def seen_outside(**facts: Any) -> Any:
    return replace(session("", days_ago=10), **{"caller_kind": CallerKind.CROSS_ACCOUNT_ID.value, **facts})


FROM_PARTNER = seen_outside(principal=PARTNER, caller_account=OTHER)
HIDDEN = seen_outside(caller_account=OTHER)
OF_MAIN = seen_outside(caller_kind="federated", provider=PROVIDER, subject="repo:acme/app:ref:refs/heads/main")
BY_LAMBDA = seen_outside(caller_kind="service", service="lambda.amazonaws.com")
WEB = "sts-assume-role-with-web-identity"


@pytest.mark.parametrize(
    ("source", "rule", "seen", "is_used"),
    [
        (OTHER, "sts-assume-role", FROM_PARTNER, True),
        (PARTNER, "sts-assume-role", FROM_PARTNER, True),
        (PARTNER, "sts-assume-role", HIDDEN, True),
        (arn_of("role/another", OTHER), "sts-assume-role", FROM_PARTNER, False),
        ("222233334444", "sts-assume-role", FROM_PARTNER, False),
        ("everyone", "sts-assume-role", FROM_PARTNER, True),
        ("everyone", "sts-assume-role", seen_outside(principal=CI, caller_account=ACCOUNT), False),
        (PROVIDER, WEB, OF_MAIN, True),
        (f"{PROVIDER} repo:acme/app:*", WEB, OF_MAIN, True),
        (f"{PROVIDER} repo:acme/lib:*", WEB, OF_MAIN, False),
        (PROVIDER.replace("token", "tokens"), WEB, OF_MAIN, False),
        ("lambda.amazonaws.com", "sts-assume-role-service", BY_LAMBDA, True),
        ("ec2.amazonaws.com", "sts-assume-role-service", BY_LAMBDA, False),
    ],
)
def test_session_of_an_outsider_is_its_use(source: str, rule: str, seen: Any, is_used: bool) -> None:
    found = use_of(Edge(source, DEPLOY, rule), sessions=[seen])
    assert found.state is (UseState.USED if is_used else UseState.NEVER)
    denied = use_of(Edge(source, DEPLOY, rule), sessions=[replace(seen, outcome=Outcome.DENIED)])
    assert denied.state is UseState.NEVER
