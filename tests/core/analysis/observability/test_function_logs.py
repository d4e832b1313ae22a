"""Which log streams a role of functions writes to: those of its functions' groups, and those that it makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Use
from lpgen.core.model import AttachedPolicy
from lpgen.core.workloads import FunctionLogs, log_groups_by_role
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.observability.test_rare_service_needs import of_aws, trusting
from tests.support.diffs import diff_usage
from tests.support.generated import generate_policies
from tests.support.worlds import ACCOUNT, allow, exactly, policy, usage_of, use

GROUPS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
MADE, CONFIGURED = f"{GROUPS}/aws/lambda/orders:log-stream:*", f"{GROUPS}/shop/audit"
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]
MAKES = use("logs:CreateLogStream", MADE)
LAMBDA = "lambda.amazonaws.com"
BASIC = of_aws("service-role/AWSLambdaBasicExecutionRole", allow([*LOGS, "logs:CreateLogGroup"]))


@cache
def whole_catalog() -> Catalog:
    return bundled_catalog()


def put_on(
    held: AttachedPolicy, found: Sequence[Use], *, trusted: str = LAMBDA, configured: Sequence[str] = ()
) -> set[str]:
    """The resources that the replacement lets a role put log events on."""
    principal = trusting(trusted, held, policy(allow("sqs:*"), name="queue"))
    (grants,) = grants_from_principals([principal], whole_catalog())
    usage = usage_of({principal.arn: [*found, use("sqs:ListQueues")]})
    functions = tuple(FunctionLogs(f"{group}-function", principal.arn, group) for group in configured)
    options = replace(exactly(), function_logs=functions)
    diff = diff_usage(usage, [grants], whole_catalog(), options)
    (made,) = generate_policies(diff, [grants], whole_catalog(), options)
    statements: list[dict[str, Any]] = [item for text in made.documents for item in json.loads(text.text)["Statement"]]
    resources = [statement["Resource"] for statement in statements if "logs:PutLogEvents" in statement["Action"]]
    return {name for found in resources for name in ([found] if isinstance(found, str) else found)}


def test_log_events_go_to_the_streams_that_were_made_and_those_of_the_configured_groups() -> None:
    own = policy(allow(LOGS))
    assert put_on(own, [MAKES]) == {MADE}
    assert put_on(own, [MAKES], configured=[CONFIGURED]) == {MADE, f"{CONFIGURED}:log-stream:*"}
    assert put_on(own, [], configured=[CONFIGURED]) == {f"{CONFIGURED}:log-stream:*"}


@pytest.mark.parametrize("trusted", ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "edgelambda.amazonaws.com"])
def test_other_services_may_keep_a_stream_for_months(trusted: str) -> None:
    assert put_on(policy(allow(LOGS)), [MAKES], trusted=trusted, configured=[CONFIGURED]) == {"*"}


def test_they_stay_where_nothing_names_a_group() -> None:
    assert put_on(policy(allow(LOGS)), []) == {"*"}


def test_they_stay_where_no_statement_grants_the_groups_that_are_named() -> None:
    elsewhere = f"{GROUPS}/elsewhere:*"
    assert put_on(policy(allow(LOGS, elsewhere)), [], configured=[CONFIGURED]) == {elsewhere}


def test_a_policy_of_aws_keeps_its_scope() -> None:
    assert put_on(BASIC, [MAKES], configured=[CONFIGURED]) == {"*"}


def test_the_functions_of_a_role_may_write_to_several_groups() -> None:
    functions = [FunctionLogs("a", "role", "x"), FunctionLogs("b", "role", "y"), FunctionLogs("c", "other", "x")]
    assert log_groups_by_role(functions) == {"role": {"x", "y"}, "other": {"x"}}
