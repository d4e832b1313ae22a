"""A program that uses AWS, and what CloudTrail would have written about its calls.

`run_workload` makes the same calls each time and leaves nothing behind. The records follow CloudTrail's own rules for
how an API's parameters are spelled; what it leaves out, such as payloads and secrets, is left out here too.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

REGION: Final = "us-east-1"

DATA_EVENTS: Final = {
    "dynamodb": {"PutItem", "GetItem", "Query", "UpdateItem", "DeleteItem"},
    "kinesis": {"PutRecord"},
    "s3": {"PutObject", "GetObject", "DeleteObject", "ListObjectsV2"},
    "sns": {"Publish"},
    "sqs": {"SendMessage", "ReceiveMessage", "DeleteMessage"},
}
"""https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html"""

EVENT_NAMES: Final = {
    ("s3", "ListObjectsV2"): "ListObjects",
}
"""Operations that CloudTrail calls otherwise.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html"""

_LEFT_OUT: Final = frozenset(
    {"Body", "Data", "Message", "MessageBody", "Payload", "Plaintext", "SecretString", "Value", "ZipFile"}
    | {"Item", "ExpressionAttributeValues", "CiphertextBlob", "ReceiptHandle"}
)
_READS: Final = re.compile(r"(Get|List|Describe|Query|Receive|Decrypt|Encrypt)")


@dataclass(slots=True)
class Recorder:
    """A principal's clients, and the records of the calls made through them."""

    session: Any
    endpoint: str
    role: str
    role_id: str
    records: list[dict[str, Any]] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Makes one call by the API's name of it, and notes it."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, endpoint_url=self.endpoint, region_name=REGION)
        client = self._clients[service]
        method = next(one for one, name in client.meta.method_to_api_mapping.items() if name == operation)
        answer: dict[str, Any] = getattr(client, method)(**parameters)
        self.made.append((service, operation))
        self.records.append(self._record(client.meta.service_model.endpoint_prefix, operation, parameters, answer))
        return answer

    def _record(
        self, service: str, operation: str, parameters: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any]:
        _, _, _, _, account, resource = self.role.split(":", 5)
        name = resource.rpartition("/")[2]
        is_data = operation in DATA_EVENTS.get(service, ())
        reads = bool(_READS.match(operation))
        plain = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        issuer = {"type": "Role", "principalId": self.role_id, "arn": self.role, "accountId": account, "userName": name}
        return {
            "eventVersion": "1.09",
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": EVENT_NAMES.get((service, operation), operation),
            "eventID": f"00000000-0000-4000-8000-{len(self.records):012}",
            "eventType": "AwsApiCall",
            "eventCategory": "Data" if is_data else "Management",
            "managementEvent": not is_data,
            "readOnly": reads,
            "awsRegion": REGION,
            "recipientAccountId": account,
            "requestParameters": _request(service, parameters),
            "responseElements": None if reads or is_data else json.loads(json.dumps(_spelled(plain), default=str)),
            "resources": list(_resources(service, parameters, answer, account)),
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"{self.role_id}:run",
                "arn": f"arn:aws:sts::{account}:assumed-role/{name}/run",
                "accountId": account,
                "sessionContext": {"sessionIssuer": issuer},
            },
        }


def _spelled(value: Any) -> Any:
    """Parameters as CloudTrail spells them: each name begins small."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _spelled(one) for name, one in value.items() if name not in _LEFT_OUT}
    return [_spelled(one) for one in value] if isinstance(value, list) else value


def _request(service: str, parameters: dict[str, Any]) -> dict[str, Any]:
    if service != "s3":
        return dict(_spelled(parameters))
    renamed = {"Bucket": "bucketName", "Key": "key", "Prefix": "prefix"}
    host = f"{parameters['Bucket']}.s3.{REGION}.amazonaws.com"
    return {"Host": host} | {new: parameters[old] for old, new in renamed.items() if old in parameters}


def _resources(
    service: str, parameters: dict[str, Any], answer: dict[str, Any], account: str
) -> Iterator[dict[str, str]]:
    """The resources that records of data events and of keys name."""
    if service == "s3":
        bucket = f"arn:aws:s3:::{parameters['Bucket']}"
        yield {"type": "AWS::S3::Bucket", "ARN": bucket, "accountId": account}
        if "Key" in parameters:
            yield {"type": "AWS::S3::Object", "ARN": f"{bucket}/{parameters['Key']}"}
    elif service == "kms" and (arn := answer.get("KeyId") or answer.get("KeyMetadata", {}).get("Arn")):
        yield {"type": "AWS::KMS::Key", "ARN": arn, "accountId": account}
    elif service == "dynamodb" and "TableName" in parameters:
        arn = f"arn:aws:dynamodb:{REGION}:{account}:table/{parameters['TableName']}"
        yield {"type": "AWS::DynamoDB::Table", "ARN": arn, "accountId": account}


# ---------------------------------------------------------------- the calls


Call = Callable[..., dict[str, Any]]


def run_workload(recorder: Recorder) -> None:
    """What the program does, service by service."""
    for part in (_objects, _queue, _topic, _table, _key, _secrets, _logs, _volumes, _machine, _stream):
        part(recorder.call, recorder.role)


def _objects(call: Call, _role: str) -> None:
    bucket = {"Bucket": "orders-archive"}
    call("s3", "CreateBucket", **bucket)
    call("s3", "GetBucketLocation", **bucket)
    call("s3", "PutObject", **bucket, Key="2026/09/orders.csv", Body=b"1,2")
    call("s3", "ListObjectsV2", **bucket)
    call("s3", "GetObject", **bucket, Key="2026/09/orders.csv")
    call("s3", "DeleteObject", **bucket, Key="2026/09/orders.csv")
    call("s3", "DeleteBucket", **bucket)


def _queue(call: Call, _role: str) -> None:
    queue = {"QueueUrl": call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"]}
    call("sqs", "GetQueueUrl", QueueName="orders")
    call("sqs", "GetQueueAttributes", **queue, AttributeNames=["All"])
    call("sqs", "SendMessage", **queue, MessageBody="1")
    (message,) = call("sqs", "ReceiveMessage", **queue)["Messages"]
    call("sqs", "DeleteMessage", **queue, ReceiptHandle=message["ReceiptHandle"])
    call("sqs", "DeleteQueue", **queue)


def _topic(call: Call, _role: str) -> None:
    topic = {"TopicArn": call("sns", "CreateTopic", Name="orders")["TopicArn"]}
    call("sns", "Publish", **topic, Message="1")
    call("sns", "ListTopics")
    call("sns", "DeleteTopic", **topic)


def _table(call: Call, _role: str) -> None:
    table = {"TableName": "orders"}
    call(
        "dynamodb", "CreateTable", **table, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    call("dynamodb", "DescribeTable", **table)
    item = {"id": {"S": "1"}}
    call("dynamodb", "PutItem", **table, Item=item)
    call("dynamodb", "GetItem", **table, Key=item)
    values = {":id": {"S": "1"}}
    call(
        "dynamodb", "Query", **table, KeyConditionExpression="id = :id", ExpressionAttributeValues=values
    )  # fmt: skip
    call("dynamodb", "DeleteItem", **table, Key=item)
    call("dynamodb", "DeleteTable", **table)


def _key(call: Call, _role: str) -> None:
    key = {"KeyId": call("kms", "CreateKey")["KeyMetadata"]["KeyId"]}
    call("kms", "DescribeKey", **key)
    text = call("kms", "Encrypt", **key, Plaintext=b"1")["CiphertextBlob"]
    call("kms", "Decrypt", CiphertextBlob=text)
    call("kms", "ScheduleKeyDeletion", **key, PendingWindowInDays=7)


def _secrets(call: Call, _role: str) -> None:
    call("secretsmanager", "CreateSecret", Name="orders-db", SecretString="x")
    call("secretsmanager", "GetSecretValue", SecretId="orders-db")
    call("secretsmanager", "DeleteSecret", SecretId="orders-db", ForceDeleteWithoutRecovery=True)
    call("ssm", "PutParameter", Name="/orders/limit", Value="5", Type="String")
    call("ssm", "GetParameter", Name="/orders/limit")
    call("ssm", "DeleteParameter", Name="/orders/limit")


def _logs(call: Call, _role: str) -> None:
    group = {"logGroupName": "/orders/app"}
    call("logs", "CreateLogGroup", **group)
    call("logs", "PutRetentionPolicy", **group, retentionInDays=7)
    call("logs", "DescribeLogGroups", logGroupNamePrefix="/orders")
    call("logs", "DeleteLogGroup", **group)


def _volumes(call: Call, _role: str) -> None:
    volume = {"VolumeId": call("ec2", "CreateVolume", AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]}
    call("ec2", "DescribeVolumes", VolumeIds=[volume["VolumeId"]])
    call("ec2", "DeleteVolume", **volume)


def _machine(call: Call, role: str) -> None:
    steps = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    passed = f"{role.rpartition('/')[0]}/orders-steps"
    made = call("stepfunctions", "CreateStateMachine", name="orders", definition=steps, roleArn=passed)
    machine = {"stateMachineArn": made["stateMachineArn"]}
    call("stepfunctions", "DescribeStateMachine", **machine)
    call("stepfunctions", "DeleteStateMachine", **machine)


def _stream(call: Call, _role: str) -> None:
    stream = {"StreamName": "orders"}
    call("kinesis", "CreateStream", **stream, ShardCount=1)
    call("kinesis", "DescribeStreamSummary", **stream)
    call("kinesis", "PutRecord", **stream, Data=b"1", PartitionKey="1")
    call("kinesis", "DeleteStream", **stream)


UNUSED: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("sqs", "ListQueues", {}),
    ("sns", "ListSubscriptions", {}),
    ("dynamodb", "ListTables", {}),
    ("dynamodb", "UpdateTable", {"TableName": "orders", "BillingMode": "PAY_PER_REQUEST"}),
    ("kms", "ListKeys", {}),
    ("secretsmanager", "ListSecrets", {}),
    ("ssm", "DescribeParameters", {}),
    ("ec2", "TerminateInstances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ("ec2", "DescribeInstances", {}),
    ("iam", "ListRoles", {}),
    ("iam", "CreateUser", {"UserName": "mallory"}),
    ("cloudtrail", "DescribeTrails", {}),
    ("logs", "DescribeExportTasks", {}),
    ("kinesis", "ListStreams", {}),
    ("stepfunctions", "ListStateMachines", {}),
    ("s3", "GetBucketAcl", {"Bucket": "orders-archive"}),
)
"""Calls that the program never makes and whose use a record would have shown."""
