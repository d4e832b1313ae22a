"""What the usage table keeps of the encryption context of a KMS call."""

from __future__ import annotations

from typing import Any

import pytest

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.kms_context import Sides, data_keys, keys_by_service
from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import Action
from lpgen.edge.catalog.files import bundled_catalog

ACCOUNT = "111122223333"
HERE = f"us-east-1:{ACCOUNT}"
KEY = f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def context_of(context: Any, name: str = "Decrypt") -> tuple[tuple[str, str], ...]:
    record = Record(
        eventSource="kms.amazonaws.com",
        eventName=name,
        awsRegion="us-east-1",
        recipientAccountId=ACCOUNT,
        requestParameters={"keyId": KEY, "encryptionContext": context},
    )
    (action,) = EventMap(bundled_catalog()).map_record(record).actions
    assert (action.action, [resource.text for resource in action.resources]) == (f"kms:{name}", [KEY])
    return action.context


@pytest.mark.parametrize(
    ("context", "resource"),
    [
        ({"aws:s3:arn": "arn:aws:s3:::lake/raw/2026/x.parquet"}, "arn:aws:s3:::lake"),
        ({"aws:s3:arn": "arn:aws:s3:::lake"}, "arn:aws:s3:::lake"),  # with an S3 Bucket Key
        (
            {"aws:dynamodb:tableName": "orders", "aws:dynamodb:subscriberId": ACCOUNT},
            f"arn:aws:dynamodb:{HERE}:table/orders",
        ),
        (
            {"SecretARN": f"arn:aws:secretsmanager:{HERE}:secret:db-a1b2c3", "SecretVersionId": "1"},
            f"arn:aws:secretsmanager:{HERE}:secret:db-a1b2c3",
        ),
        ({"PARAMETER_ARN": f"arn:aws:ssm:{HERE}:parameter/app/url"}, f"arn:aws:ssm:{HERE}:parameter/app/url"),
        ({"aws:sqs:arn": f"arn:aws:sqs:{HERE}:jobs"}, f"arn:aws:sqs:{HERE}:jobs"),
        ({"aws:sns:topicArn": f"arn:aws:sns:{HERE}:alerts"}, f"arn:aws:sns:{HERE}:alerts"),
        ({"aws:kinesis:arn": f"arn:aws:kinesis:{HERE}:stream/clicks"}, f"arn:aws:kinesis:{HERE}:stream/clicks"),
    ],
)
def test_a_call_of_kms_keeps_the_resource_whose_data_it_is_made_for(context: dict[str, str], resource: str) -> None:
    for name in ("Decrypt", "GenerateDataKey", "Encrypt"):
        assert context_of(context, name) == (("protected", resource),)
    assert context_of(context, "Sign") == ()


@pytest.mark.parametrize(
    "context",
    [
        None,
        "hidden",
        {},
        {"tenant": "7"},
        {"aws:s3:arn": "arn:aws:sqs:us-east-1:1:x"},
        {"aws:s3:arn": "lake"},
        {"aws:s3:arn": "arn:aws:s3:::*"},
        {"SecretARN": ["x"]},
    ],
)
def test_a_context_that_names_no_resource_keeps_nothing(context: Any) -> None:
    assert context_of(context) == ()


def test_a_call_shows_reading_writing_or_both() -> None:
    read, write, both = Sides(True, False), Sides(False, True), Sides(True, True)
    decrypt, generate = Action("kms:Decrypt"), Action("kms:GenerateDataKey")
    keys = bundled_catalog().facts(keys_by_service)
    shown = {service: (keys[service].sides_shown(decrypt), keys[service].sides_shown(generate)) for service in keys}
    assert (shown["s3"], shown["dynamodb"]) == ((read, write), (both, both))
    assert (shown["sqs"], shown["sns"]) == ((both, write), (write, write))
    assert keys["ssm"].sides_shown(Action("kms:Encrypt")) == write


def test_keys_name_actions_of_the_catalog() -> None:
    for row in bundled_catalog().facts(data_keys).values():
        named = [f"{row.service}:{name}" for name in row.actions]
        assert [name for name in named if bundled_catalog().canonical(name) != name] == []
        assert all(row.is_needed(Action(name)) for name in named)
