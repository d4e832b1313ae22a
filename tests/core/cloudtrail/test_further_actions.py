"""The further actions that rows give: what asks for them, how they are inferred and what tagging needs them on."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import HIDDEN, Record
from lpgen.core.model import MappedAction
from lpgen.edge.catalog.files import bundled_catalog

EVENT_MAP = EventMap(bundled_catalog())
APP = "arn:aws:amplify:us-east-1:111122223333:apps/d123"


def further(service: str, operation: str, request: dict[str, object] | str) -> tuple[MappedAction, ...]:
    record = Record(
        f"{service}.amazonaws.com",
        operation,
        awsRegion="us-east-1",
        recipientAccountId="111122223333",
        requestParameters=request,
    )
    return EVENT_MAP.map_record(record).actions[1:]


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("AssociateWebACL", {"resourceArn": APP}, ["amplify:AssociateWebACL"]),
        ("AssociateWebACL", {"resourceArn": "arn:aws:sqs:us-east-1:111122223333:q"}, []),
        ("AssociateWebACL", {"resourceArn": HIDDEN}, []),
        ("ListResourcesForWebACL", {"resourceType": "AMPLIFY"}, ["amplify:ListResourcesForWebACL"]),
        ("ListResourcesForWebACL", {"resourceType": "SOMETHING_ELSE"}, []),
        ("ListResourcesForWebACL", {}, ["elasticloadbalancing:DescribeWebACLAssociation"]),
        ("ListResourcesForWebACL", {"resourceType": HIDDEN}, []),
    ],
)
def test_row_asks_for_a_further_action_by_what_a_parameter_holds(
    operation: str, request_: dict[str, object], expected: list[str]
) -> None:
    actions = further("wafv2", operation, request_)
    assert [action.action for action in actions] == expected
    assert {action.how for action in actions} <= {"web-acl-link"}


def test_row_asks_for_a_further_action_by_any_of_several_parameters() -> None:
    for name in ("stackPolicyBody", "stackPolicyURL"):
        (policy,) = further("cloudformation", "UpdateStack", {"stackName": "a", name: "b"})[:1]
        assert (policy.action, policy.how) == ("cloudformation:SetStackPolicy", "stack-policy")
    assert further("cloudformation", "UpdateStack", {"stackName": "a"}) == ()


def test_row_says_on_which_of_its_types_tags_are_set() -> None:
    (tags,) = further("rds", "CreateDBInstance", {"dBInstanceIdentifier": "A", "tags": [{"key": "k"}]})
    assert [resource.text for resource in tags.resources] == ["arn:aws:rds:us-east-1:111122223333:db:a"]
    (copied,) = further(
        "rds", "CopyDBSnapshot", {"targetDBSnapshotIdentifier": "to", "sourceDBSnapshotIdentifier": "f", "tags": ["k"]}
    )
    assert [resource.text for resource in copied.resources] == ["arn:aws:rds:us-east-1:111122223333:snapshot:to"]
