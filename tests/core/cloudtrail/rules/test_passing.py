"""Roles that a call hands to a service."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.records import Record
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.passing import (
    PassedToRow,
    RoleParameter,
    passed,
    passed_roles,
    role_parameters,
    roles_at,
    unlisted_roles,
)
from lpgen.core.model import UNKNOWN_RESOURCE, Resource, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs/worker"
EXACT = Resource(ResourceKind.ARN, ROLE)


def call_with(request: dict[str, object], partition: str = "aws") -> Call:
    record = Record("x.amazonaws.com", "CreateJob", requestParameters=request)
    return Call(record, "CreateJob", partition, "r", ACCOUNT, bundled_catalog())


def passing(path: str = "roleArn", names: str = "", service: str = "x.amazonaws.com") -> RoleParameter:
    return RoleParameter(tuple(path.split(".")), names, service)


def resources_of(request: dict[str, object], parameter: RoleParameter) -> list[Resource]:
    return [resource for mapped in roles_at(call_with(request), [parameter]) for resource in mapped.resources]


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
def test_roles_at_reads_the_roles_of_the_account_and_nothing_else(
    request_: dict[str, object], parameter: RoleParameter, expected: list[Resource]
) -> None:
    assert resources_of(request_, parameter) == expected


def test_roles_at_keeps_receiving_services_apart() -> None:
    call = call_with({"a": ROLE, "b": ROLE})
    mapped = roles_at(call, [passing("a", service="b.amazonaws.com"), passing("b", service="a.amazonaws.com")])
    assert [found.context for found in mapped] == [
        (("iam:PassedToService", "a.amazonaws.com"),),
        (("iam:PassedToService", "b.amazonaws.com"),),
    ]


def test_roles_at_claims_no_service_that_is_not_documented() -> None:
    assert roles_at(call_with({"roleArn": ROLE}), [passing(service="")])[0].context == ()


@pytest.mark.parametrize(
    ("service", "in_china"),
    [
        ("ec2.amazonaws.com", "ec2.amazonaws.com.cn"),
        ("elasticmapreduce.amazonaws.com", "elasticmapreduce.amazonaws.com.cn"),
        ("lambda.amazonaws.com", "lambda.amazonaws.com"),
    ],
)
def test_a_service_has_its_name_in_china_however_its_roles_are_read(service: str, in_china: str) -> None:
    role = f"arn:aws-cn:iam::{ACCOUNT}:role/worker"
    call = call_with({"roleArn": role}, "aws-cn")
    at_parameter = roles_at(call, [passing(service=service)])
    assert at_parameter == passed_roles(call, [role], service)
    assert [action.context for action in at_parameter] == [(("iam:PassedToService", in_china),)]


def test_a_role_of_another_account_is_passed_by_no_way_of_reading_it() -> None:
    other = "arn:aws:iam::444455556666:role/other"
    call = call_with({"roleArn": other})
    assert passed_roles(call, [other], "x.amazonaws.com") == ()
    assert passed(call, {Resource(ResourceKind.ARN, other)}, "x.amazonaws.com") == ()
    assert [role.resources for role in passed_roles(call, [other, ROLE], "x.amazonaws.com")] == [(EXACT,)]


def test_a_hidden_parameter_passes_an_unknown_role_beside_a_known_one() -> None:
    call = call_with({"a": ROLE, "b": "HIDDEN_DUE_TO_SECURITY_REASONS"})
    (mapped,) = roles_at(call, [passing("a"), passing("b")])
    assert set(mapped.resources) == {EXACT, UNKNOWN_RESOURCE}


def test_role_parameters_prefer_the_parameters_service_to_the_operations_to_the_sources() -> None:
    row = PassedToRow("c.amazonaws.com", operations={"Run": "b.amazonaws.com", "Run.inner.role": "a.amazonaws.com"})

    def services(operation: str, *roles: str) -> list[str]:
        return [found.service for found in role_parameters(row, operation, roles)]

    assert services("Run", "inner.role", "role") == ["a.amazonaws.com", "b.amazonaws.com"]
    assert services("Stop", "name:role") == ["c.amazonaws.com"]
    assert [found.service for found in role_parameters(None, "Run", ["role"])] == [""]


def test_unlisted_roles_are_found_in_parameters_named_like_a_role_only() -> None:
    assert unlisted_roles(call_with({"executionRoleArn": ROLE, "note": ROLE}))[0].resources == (EXACT,)
    assert unlisted_roles(call_with({"note": ROLE})) == ()
