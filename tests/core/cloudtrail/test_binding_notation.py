"""The notation of bindings in operation rows: what each mark of a path does."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.operation_rows import Binding, OperationRow
from lpgen.core.cloudtrail.records import HIDDEN, Record
from lpgen.core.cloudtrail.resource_arns import binders_from_binding
from lpgen.core.cloudtrail.row_actions import reader_from_row, row_of_tagged
from lpgen.core.cloudtrail.rules.call import Call, call_from_record
from lpgen.core.model import UNKNOWN_RESOURCE, Action, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog

DB = "arn:${Partition}:rds:${Region}:${Account}:db:${DbName}"
TASK = "arn:${Partition}:ecs:${Region}:${Account}:task/${ClusterName}/${TaskId}"
ACCOUNT = "arn:${Partition}:sso:::account/${AccountId}"
PIPELINE = "arn:${Partition}:codepipeline:${Region}:${Account}:${PipelineName}"
HUB = "arn:${Partition}:securityhub:${Region}:${Account}:hub/default"


def call_with(
    request: dict[str, object] | str | None,
    response: dict[str, object] | None = None,
    additional: dict[str, object] | None = None,
) -> Call:
    record = Record(
        "rds.amazonaws.com",
        "X",
        awsRegion="r",
        recipientAccountId="111122223333",
        requestParameters=request,
        responseElements=response,
        additionalEventData=additional,
    )
    return call_from_record(record, "X", bundled_catalog())


def read(
    arn_format: str,
    binding: Binding,
    request: dict[str, object] | str | None,
    response: dict[str, object] | None = None,
) -> list[str]:
    """What the first alternative that reads gives, each ARN without what it has in common with all."""
    for binder in binders_from_binding(binding, (arn_format,)):
        found = [resource.text for resource in binder.read(call_with(request, response))]
        if found:
            return [text.removeprefix("arn:aws:") for text in found]
    return []


@pytest.mark.parametrize(
    ("arn_format", "binding", "request_", "expected"),
    [
        (DB, ["db", "*"], {"db": "a"}, ["rds:r:111122223333:db:a"]),
        (DB, ["db", "*"], {}, ["rds:r:111122223333:db:*"]),
        (TASK, "*", {}, ["ecs:r:111122223333:task/*"]),
        (PIPELINE, "*", {}, ["codepipeline:r:111122223333:*"]),
        (HUB, "*", {}, ["securityhub:r:111122223333:hub/default"]),
        (DB, "target|source", {"target": "a", "source": "b"}, ["rds:r:111122223333:db:a", "rds:r:111122223333:db:b"]),
        (DB, "target|source", {"source": "b"}, ["rds:r:111122223333:db:b"]),
        (DB, "lower:db", {"db": "Orders"}, ["rds:r:111122223333:db:orders"]),
        (DB, "lower:db", {"db": "arn:aws:rds:r:1:db:Orders"}, ["rds:r:1:db:Orders"]),
        (DB, "db~main", {}, ["rds:r:111122223333:db:main"]),
        (DB, "db~main", {"db": "a"}, ["rds:r:111122223333:db:a"]),
        (DB, "db~main", {"db": HIDDEN}, []),
        (DB, "db~main", {"db": {"x": "y"}}, []),
        (DB, "db~main", HIDDEN, []),
        (
            TASK,
            {"ClusterName": "cluster~default", "TaskId": "task"},
            {"task": "t"},
            ["ecs:r:111122223333:task/default/t"],
        ),
        (DB, {"Account": "owner", "DbName": "db"}, {"owner": "444455556666", "db": "a"}, ["rds:r:444455556666:db:a"]),
        (DB, {"Account": "owner", "DbName": "db"}, {"owner": "somebody", "db": "a"}, ["rds:r:111122223333:db:a"]),
        (DB, {"Account": "owner", "DbName": "db"}, {"db": "a"}, ["rds:r:111122223333:db:a"]),
        (DB, {"Account": "owner", "DbName": "*"}, {"owner": "444455556666"}, ["rds:r:444455556666:db:*"]),
        (DB, {"Account": "*", "DbName": "db"}, {"db": "a"}, ["rds:r:*:db:a"]),
        (DB, {"Account": "own|*", "DbName": "db"}, {"db": "a"}, ["rds:r:111122223333:db:a", "rds:r:*:db:a"]),
        (DB, {"Account": "own|*", "DbName": "*"}, {}, ["rds:r:111122223333:db:*", "rds:r:*:db:*"]),
        (DB, "last:db", {"db": "/instances/a"}, ["rds:r:111122223333:db:a"]),
        (DB, "last:db", {"db": "a"}, ["rds:r:111122223333:db:a"]),
        (DB, "db^db-", {"db": ["db-1", "cluster-1"]}, ["rds:r:111122223333:db:db-1"]),
        (DB, "db^db-", {"db": "arn:aws:rds:r:1:db:x"}, ["rds:r:1:db:x"]),
        (ACCOUNT, ["target", "*"], {"target": "444455556666"}, ["sso:::account/444455556666"]),
        (ACCOUNT, ["target", "*"], {}, ["sso:::account/*"]),
    ],
)
def test_binding_reads_what_its_marks_say(
    arn_format: str, binding: Binding, request_: dict[str, object] | str | None, expected: list[str]
) -> None:
    assert read(arn_format, binding, request_) == expected


@pytest.mark.parametrize(
    ("binding", "request_", "response", "expected"),
    [
        (["db", "response:made.db", "*"], {"db": "a"}, {"made": {"db": "b"}}, ["rds:r:111122223333:db:a"]),
        (["db", "response:made.db", "*"], {}, {"made": {"db": "b"}}, ["rds:r:111122223333:db:b"]),
        (["db", "response:made.db", "*"], {}, {"made": [{"db": "b"}]}, ["rds:r:111122223333:db:b"]),
        (["db", "response:made.db", "*"], {}, {"made": {}}, ["rds:r:111122223333:db:*"]),
        (["db", "response:made.db", "*"], {"made": {"db": "b"}}, None, ["rds:r:111122223333:db:*"]),
        ("response:dbArn", {}, {"dbArn": "arn:aws:rds:r:1:db:b"}, ["rds:r:1:db:b"]),
        ("response:made.db", {}, {"made": {"db": "a*"}}, []),
        ({"DbName": "response:made.db"}, {}, {"made": {"db": "b"}}, ["rds:r:111122223333:db:b"]),
        ("url:file", {"file": "https://b.s3.amazonaws.com/k"}, None, ["s3:::b/k"]),
        ("url:file", {"file": "https://example.com/b/k"}, None, []),
    ],
)
def test_binding_reads_responses_and_urls(
    binding: Binding, request_: dict[str, object], response: dict[str, object] | None, expected: list[str]
) -> None:
    assert read(DB, binding, request_, response) == expected


def test_any_of_a_type_is_a_pattern_and_a_type_without_a_name_is_not() -> None:
    for arn_format, kind in ((DB, ResourceKind.FOLD), (TASK, ResourceKind.FOLD), (HUB, ResourceKind.ARN)):
        (binder,) = binders_from_binding("*", (arn_format,))
        assert [resource.kind for resource in binder.read(call_with({}))] == [kind]


def test_a_binding_reads_additional_event_data() -> None:
    (binder,) = binders_from_binding("additional:db", (DB,))
    found = binder.read(call_with(None, additional={"db": "a"}))
    assert [resource.text for resource in found] == ["arn:aws:rds:r:111122223333:db:a"]


def resources_of(action: str, row: OperationRow, request: dict[str, object]) -> list[str]:
    reader = reader_from_row(bundled_catalog(), Action(action), row)
    return [resource.text for resource in reader.read(call_with(request)).resources]


def test_a_row_may_name_a_bound_type_among_what_it_reads() -> None:
    row = OperationRow(resources={"snapshot": "snapshotName"}, reads=("snapshot?", "*"))
    elasticache = "arn:aws:elasticache:r:111122223333:snapshot:"
    copy = "elasticache:CopySnapshot"
    assert resources_of(copy, row, {"snapshotName": "a"}) == [elasticache + "a", "*"]
    assert resources_of(copy, row, {}) == ["*"]
    assert resources_of(copy, row, {"snapshotName": HIDDEN}) == [elasticache + "*", "*"]
    required = OperationRow(resources={"snapshot": "snapshotName"}, reads=("snapshot",))
    assert resources_of(copy, required, {}) == [elasticache + "*"]
    assert resources_of(copy, required, {"snapshotName": "arn:aws:rds:r:111122223333:db:x"}) == [elasticache + "*"]


def test_bindings_of_tags_of_their_own_take_the_place_of_the_rows() -> None:
    row = OperationRow(resources={"snapshot": "source|target"}, tagged={"snapshot": "target"})
    action = Action("elasticache:AddTagsToResource")
    assert row_of_tagged(bundled_catalog(), action, "CopySnapshot", row).resources == {"snapshot": "target"}


def test_a_hidden_name_of_an_optional_resource_is_unknown() -> None:
    row = OperationRow(resources={"cluster": "cacheClusterId", "snapshot": "snapshotName"})
    reader = reader_from_row(bundled_catalog(), Action("elasticache:CreateCacheCluster"), row)
    hidden = reader.read(call_with({"cacheClusterId": "c", "snapshotName": HIDDEN})).resources
    assert UNKNOWN_RESOURCE in hidden
    assert len(hidden) == 2
    assert UNKNOWN_RESOURCE not in reader.read(call_with({"cacheClusterId": "c"})).resources
