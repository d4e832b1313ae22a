"""Roles that a call hands to a service."""

from __future__ import annotations

import pytest

from lpgen.core.events.passed_roles import (
    PassedTo,
    PassedToRow,
    RoleParameter,
    passed_roles,
    role_parameters,
    unlisted_roles,
)
from lpgen.core.events.records import Record
from lpgen.core.events.rules.call import Call
from lpgen.core.model import UNKNOWN_RESOURCE, Resource, ResourceKind

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs/worker"
EXACT = Resource(ResourceKind.ARN, ROLE)


def call_with(request: dict[str, object], partition: str = "aws") -> Call:
    return Call(Record("x.amazonaws.com", "CreateJob", requestParameters=request), "CreateJob", partition, "r", ACCOUNT)


def passing(path: str = "roleArn", names: str = "", service: str = "x.amazonaws.com") -> RoleParameter:
    return RoleParameter(tuple(path.split(".")), names, service)


def resources_of(request: dict[str, object], parameter: RoleParameter) -> list[Resource]:
    return [resource for mapped in passed_roles(call_with(request), [parameter]) for resource in mapped.resources]


@pytest.mark.parametrize(
    ("request_", "parameter", "expected"),
    [
        ({"roleArn": ROLE}, passing(), [EXACT]),
        ({"RoleArn": ROLE}, passing(), [EXACT]),
        ({"jobs": [{"roleArn": ROLE}, {"roleArn": ROLE}]}, passing("jobs.roleArn"), [EXACT]),
        ({"roleArn": "worker"}, passing(), []),
        (
            {"roleArn": "worker"},
            passing(names="role"),
            [Resource(ResourceKind.ARN, f"arn:aws:iam::{ACCOUNT}:role/worker")],
        ),
        (
            {"profile": "web"},
            passing("profile", names="instance-profile"),
            [Resource(ResourceKind.ARN, f"arn:aws:iam::{ACCOUNT}:instance-profile/web")],
        ),
        ({"roleArn": "HIDDEN_DUE_TO_SECURITY_REASONS"}, passing(), [UNKNOWN_RESOURCE]),
        ({"roleArn": "arn:aws:iam::444455556666:role/other"}, passing(), []),
        ({"roleArn": "arn:aws:iam::111122223333:user/ada"}, passing(), []),
        ({"roleArn": "arn:aws:iam::111122223333:role/*"}, passing(), []),
        ({"roleArn": {"roleArn": ROLE}}, passing(), []),
        ({}, passing(), []),
    ],
)
def test_passed_roles_reads_the_roles_of_the_account_and_nothing_else(
    request_: dict[str, object], parameter: RoleParameter, expected: list[Resource]
) -> None:
    assert resources_of(request_, parameter) == expected


def test_passed_roles_keeps_receiving_services_apart() -> None:
    call = call_with({"a": ROLE, "b": ROLE})
    mapped = passed_roles(call, [passing("a", service="b.amazonaws.com"), passing("b", service="a.amazonaws.com")])
    assert [found.context for found in mapped] == [
        (("iam:PassedToService", "a.amazonaws.com"),),
        (("iam:PassedToService", "b.amazonaws.com"),),
    ]


def test_passed_roles_claims_no_service_that_is_not_documented() -> None:
    assert passed_roles(call_with({"roleArn": ROLE}), [passing(service="")])[0].context == ()


def test_passed_roles_names_ec2_with_its_suffix_in_china() -> None:
    role = f"arn:aws-cn:iam::{ACCOUNT}:role/worker"
    mapped = passed_roles(call_with({"roleArn": role}, "aws-cn"), [passing(service="ec2.amazonaws.com")])
    assert mapped[0].context == (("iam:PassedToService", "ec2.amazonaws.com.cn"),)


def test_role_parameters_prefer_the_parameters_service_to_the_operations_to_the_sources() -> None:
    row = PassedToRow("c.amazonaws.com", operations={"Run": "b.amazonaws.com", "Run.inner.role": "a.amazonaws.com"})
    passed_to = PassedTo({"x.amazonaws.com": row})

    def services(operation: str, *roles: str) -> list[str]:
        return [found.service for found in role_parameters(passed_to, "x.amazonaws.com", operation, roles)]

    assert services("Run", "inner.role", "role") == ["a.amazonaws.com", "b.amazonaws.com"]
    assert services("Stop", "name:role") == ["c.amazonaws.com"]
    assert [found.service for found in role_parameters(passed_to, "y.amazonaws.com", "Run", ["role"])] == [""]


def test_unlisted_roles_are_found_in_parameters_named_like_a_role_only() -> None:
    assert unlisted_roles(call_with({"executionRoleArn": ROLE, "note": ROLE}))[0].resources == (EXACT,)
    assert unlisted_roles(call_with({"note": ROLE})) == ()
