"""How rules and rows ask for what code reads: what each mark of a token does."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.records import HIDDEN, Json, Record
from lpgen.core.cloudtrail.rules.call import call_from_record
from lpgen.core.cloudtrail.rules.resources import mapped
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, read_resources
from lpgen.core.model import Resource, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog

TYPES: dict[str, ResourceType] = {
    "db": NamedType("rds", "db:{}", "dbName"),
    "task": NamedType("ecs", "task/{}/{}", "cluster,task"),
    "node": NamedType("eks", "node/{}/*", "node"),
    "world": NamedType("rds", "world:{}", "world", region=False),
}
DB = "arn:aws:rds:us-east-1:111122223333:db:"


def read(tokens: str, request: Json | str | None) -> tuple[Resource, ...]:
    record = Record(
        "rds.amazonaws.com",
        "Drop",
        awsRegion="us-east-1",
        recipientAccountId="111122223333",
        requestParameters=request if request is None or isinstance(request, str) else dict(request),
    )
    call = call_from_record(record, "Drop", bundled_catalog())
    return mapped("rds:Drop", read_resources(call, TYPES, tokens.split())).resources


@pytest.mark.parametrize(
    ("tokens", "request_", "expected"),
    [
        ("db", {"dbName": "a"}, [DB + "a"]),
        ("db", {"DbName": "a"}, [DB + "a"]),
        ("db", {"dbName": ["b", "a"]}, [DB + "a", DB + "b"]),
        ("db", {"dbName": "arn:aws:rds:eu-west-1:444455556666:db:x"}, ["arn:aws:rds:eu-west-1:444455556666:db:x"]),
        ("db", {"dbName": "arn:aws:rds:eu-west-1:444455556666:og:x"}, [DB + "*"]),
        ("db", {"dbName": "arn:aws:sns:eu-west-1:444455556666:db:x"}, [DB + "*"]),
        ("db", {"dbName": "a*"}, [DB + "*"]),
        ("db", {"dbName": "a?"}, [DB + "*"]),
        ("db", {}, [DB + "*"]),
        ("db", None, [DB + "*"]),
        ("db", HIDDEN, [DB + "*"]),
        ("db?", {}, ["*"]),
        ("db?", {"dbName": HIDDEN}, [DB + "*"]),
        ("db? db=other.name", {"other": HIDDEN}, [DB + "*"]),
        ("db? db=other", {"other": "b"}, [DB + "b"]),
        ("db=a.b|c", {"a": [{"b": "x"}], "c": "y"}, [DB + "x", DB + "y"]),
        ("+db", {"dbName": "a"}, [DB + "*"]),
        ("world", {"world": "w"}, ["arn:aws:rds::111122223333:world:w"]),
        ("node", {"node": "n"}, ["arn:aws:eks:us-east-1:111122223333:node/n/*"]),
        ("task", {"task": "t"}, ["arn:aws:ecs:us-east-1:111122223333:task/*"]),
        (
            "task",
            {"cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/prod", "task": "t"},
            ["arn:aws:ecs:us-east-1:111122223333:task/prod/t"],
        ),
        ("task", {"cluster": "prod"}, ["arn:aws:ecs:us-east-1:111122223333:task/*"]),
        ("task", HIDDEN, ["arn:aws:ecs:us-east-1:111122223333:task/*"]),
        ("", {"dbName": "a"}, ["*"]),
    ],
)
def test_read_resources_gives_what_its_tokens_say(
    tokens: str, request_: Json | str | None, expected: list[str]
) -> None:
    assert [resource.text for resource in read(tokens, request_)] == expected


def test_read_resources_tells_none_and_unknown_apart() -> None:
    assert read("", {})[0].kind is ResourceKind.NONE
    assert read("db?", {})[0].kind is ResourceKind.UNKNOWN
    assert read("db", {})[0].kind is ResourceKind.FOLD
    assert read("db", {"dbName": "a"})[0].kind is ResourceKind.ARN
