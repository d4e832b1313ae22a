"""The notation of declared rules: what each mark of a line does."""

from __future__ import annotations

import pytest

from lpgen.core.events.record_place import call_from_record
from lpgen.core.events.records import HIDDEN, Json, Record
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules
from lpgen.core.events.rules.inferences import PASS_ROLE, TAG_ON_CREATE, UNREAD_REQUEST
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction, ResourceKind

TYPES: dict[str, ResourceType] = {
    "db": NamedType("rds", "db:{}", "dbName"),
    "task": NamedType("ecs", "task/{}/{}", "cluster~default,task"),
    "node": NamedType("eks", "node/{}/*", "node"),
    "world": NamedType("rds", "world:{}", "world", region=False),
}
DB = "arn:aws:rds:us-east-1:111122223333:db:"
ROLE = "arn:aws:iam::111122223333:role/"


def run(line: str, request: Json | str | None) -> tuple[MappedAction, ...]:
    rules = declared_rules("rds.amazonaws.com", "rds", TYPES, line)
    operation = line.split()[0].partition("=")[0]
    record = Record(
        "rds.amazonaws.com",
        operation,
        awsRegion="us-east-1",
        recipientAccountId="111122223333",
        requestParameters=request if request is None or isinstance(request, str) else dict(request),
    )
    return rules["rds.amazonaws.com", operation](call_from_record(record, operation)) or ()


def texts(line: str, request: Json | str | None) -> list[str]:
    return [resource.text for resource in run(line, request)[0].resources]


@pytest.mark.parametrize(
    ("line", "request_", "expected"),
    [
        ("Drop db", {"dbName": "a"}, [DB + "a"]),
        ("Drop db", {"DbName": "a"}, [DB + "a"]),
        ("Drop db", {"dbName": ["b", "a"]}, [DB + "a", DB + "b"]),
        ("Drop db", {"dbName": "arn:aws:rds:eu-west-1:444455556666:db:x"}, ["arn:aws:rds:eu-west-1:444455556666:db:x"]),
        ("Drop db", {"dbName": "arn:aws:rds:eu-west-1:444455556666:og:x"}, [DB + "*"]),
        ("Drop db", {"dbName": "arn:aws:sns:eu-west-1:444455556666:db:x"}, [DB + "*"]),
        ("Drop db", {"dbName": "a*"}, [DB + "*"]),
        ("Drop db", {"dbName": "a?"}, [DB + "*"]),
        ("Drop db", {}, [DB + "*"]),
        ("Drop db", None, [DB + "*"]),
        ("Drop db", HIDDEN, [DB + "*"]),
        ("Drop db?", {}, ["*"]),
        ("Drop db?", {"dbName": HIDDEN}, [DB + "*"]),
        ("Drop db? db=other.name", {"other": HIDDEN}, [DB + "*"]),
        ("Drop db? db=other", {"other": "b"}, [DB + "b"]),
        ("Drop db=a.b|c", {"a": [{"b": "x"}], "c": "y"}, [DB + "x", DB + "y"]),
        ("Drop +db", {"dbName": "a"}, [DB + "*"]),
        ("Drop world", {"world": "w"}, ["arn:aws:rds::111122223333:world:w"]),
        ("Drop node", {"node": "n"}, ["arn:aws:eks:us-east-1:111122223333:node/n/*"]),
        ("Drop task", {"task": "t"}, ["arn:aws:ecs:us-east-1:111122223333:task/default/t"]),
        (
            "Drop task",
            {"cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/prod", "task": "t"},
            ["arn:aws:ecs:us-east-1:111122223333:task/prod/t"],
        ),
        ("Drop task", {"cluster": "prod"}, ["arn:aws:ecs:us-east-1:111122223333:task/*"]),
        ("Drop task", HIDDEN, ["arn:aws:ecs:us-east-1:111122223333:task/*"]),
        ("Drop", {"dbName": "a"}, ["*"]),
    ],
)
def test_declared_rule_reads_resources(line: str, request_: Json | str | None, expected: list[str]) -> None:
    assert texts(line, request_) == expected


def test_declared_rule_tells_none_and_unknown_apart() -> None:
    assert run("Drop", {})[0].resources[0].kind is ResourceKind.NONE
    assert run("Drop db?", {})[0].resources[0].kind is ResourceKind.UNKNOWN
    assert run("Drop db", {})[0].resources[0].kind is ResourceKind.FOLD
    assert run("Drop db", {"dbName": "a"})[0].resources[0].kind is ResourceKind.ARN


@pytest.mark.parametrize(
    ("line", "action"), [("Drop db", "rds:Drop"), ("Drop=Delete db", "rds:Delete"), ("Drop=ec2:Delete", "ec2:Delete")]
)
def test_declared_rule_names_the_action(line: str, action: str) -> None:
    assert [need.action for need in run(line, {})] == [action]


@pytest.mark.parametrize(
    ("line", "action", "resource"),
    [
        ("Make db #AddTags", "rds:AddTags", DB + "a"),
        ("Make db #AddTags:+db", "rds:AddTags", DB + "*"),
        ("Make #AddTags:db", "rds:AddTags", DB + "a"),
        ("Make db #ec2:CreateTags", "ec2:CreateTags", DB + "a"),
        ("Make db #ec2:CreateTags:+db", "ec2:CreateTags", DB + "*"),
    ],
)
def test_declared_rule_adds_the_tagging_action_where_tags_are_set(line: str, action: str, resource: str) -> None:
    tags = [{"key": "k", "value": "v"}]
    tagging = run(line, {"dbName": "a", "tags": tags})[1]
    assert (tagging.action, tagging.how) == (action, TAG_ON_CREATE)
    assert [found.text for found in tagging.resources] == [resource]
    assert len(run(line, {"dbName": "a", "tags": []})) == 1
    assert len(run(line, {"dbName": "a"})) == 1


def test_declared_rule_passes_roles_by_service() -> None:
    line = "Make db @one=a.amazonaws.com @name:two.three=b.amazonaws.com @profile:four=ec2.amazonaws.com"
    request = {"dbName": "d", "one": ROLE + "r1", "two": {"three": "r2"}, "four": "p"}
    passed = run(line, request)[1:]
    assert [(need.action, need.how, dict(need.context)["iam:PassedToService"]) for need in passed] == [
        ("iam:PassRole", PASS_ROLE, "a.amazonaws.com"),
        ("iam:PassRole", PASS_ROLE, "b.amazonaws.com"),
        ("iam:PassRole", PASS_ROLE, "ec2.amazonaws.com"),
    ]
    assert [need.resources[0].text for need in passed] == [
        ROLE + "r1",
        ROLE + "r2",
        "arn:aws:iam::111122223333:instance-profile/p",
    ]


@pytest.mark.parametrize("role", ["r1", "arn:aws:s3:::b", ROLE + "*", "", 7, {"x": 1}])
def test_declared_rule_passes_nothing_that_is_no_role(role: object) -> None:
    assert len(run("Make db @one=a.amazonaws.com", {"one": role})) == 1


def test_declared_rule_passes_an_unknown_role_where_aws_hides_it() -> None:
    for request in ({"one": HIDDEN}, {"one": [HIDDEN]}):
        (_, passed) = run("Make db @one=a.amazonaws.com", request)
        assert (passed.action, passed.resources, passed.how) == ("iam:PassRole", (UNKNOWN_RESOURCE,), PASS_ROLE)
    (_, passed) = run("Make db @two.three=a.amazonaws.com", {"two": HIDDEN})
    assert passed.resources == (UNKNOWN_RESOURCE,)


def test_declared_rule_may_set_tags_and_pass_a_role_where_no_parameter_can_be_read() -> None:
    asked = run("Make db #AddTags @one=a.amazonaws.com", HIDDEN)[1:]
    assert [(one.action, one.how) for one in asked] == [
        ("rds:AddTags", UNREAD_REQUEST),
        ("iam:PassRole", UNREAD_REQUEST),
    ]


def test_declared_lines_may_be_commented_out() -> None:
    assert not declared_rules("rds.amazonaws.com", "rds", TYPES, "\n// Drop db\n\n")
