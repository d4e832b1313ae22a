"""A seeded corpus of CloudTrail files for benchmarks: `python bench/log_files.py DIR --files 100 --records 1000`.

The mix follows what public logs show: most records are reads, a few of the roles make most of the calls, each role
repeats a handful of calls on a handful of resources, one call in fifteen fails. Records have the fields that CloudTrail
writes, with what differs from call to call: request ids, bytes transferred, credentials. Nothing depends on the clock.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

ACCOUNTS = tuple(f"{111122223333 + 1111 * number}" for number in range(4))
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
ROLES = 60
SESSIONS = 50
MINUTES = 5
"""How much time a file covers: CloudTrail delivers about every five minutes."""
BASE64 = string.ascii_letters + string.digits + "+/"

Json = dict[str, Any]


class Place(NamedTuple):
    """Where and when a file's records were made; `minute` is the first of a file's minutes in its day."""

    account: str
    region: str
    date: str
    minute: int = 0


class Call(NamedTuple):
    """An operation that roles call. In texts `#N` is one of N numbers, `@` the account and `%` the Region; texts of
    `resources` (by CloudFormation type) and `response` name request parameters in braces."""

    source: str
    name: str
    request: Json
    resources: Mapping[str, str] = MappingProxyType({})
    response: Mapping[str, str] = MappingProxyType({})
    is_read: bool = True
    is_data: bool = False


def write_corpus(folder: Path, *, files: int, records: int, days: int, seed: int, repeats: int = 1) -> int:
    """Writes `files` files of `records` records each in the bucket layout, over so many days; returns their bytes.

    With `repeats` that many files in turn hold the same calls, made anew: other ids, some seconds later.
    """
    written = 0
    for number in range(files):
        rng = random.Random(seed * 1_000_003 + number // repeats)
        month, day = number // repeats % days // 28 + 1, number // repeats % days % 28 + 1
        minute = rng.randrange(0, 24 * 60, MINUTES)
        place = Place(rng.choice(ACCOUNTS), rng.choice(REGIONS), f"2024-{month:02}-{day:02}", minute)
        found = list(_records(rng, place, records))
        if number % repeats:
            _make_anew(found, random.Random(f"{seed}/{number}"), number % repeats)
        body = json.dumps({"Records": found}, separators=(",", ":"))
        written_at = f"2024{month:02}{day:02}T{minute // 60:02}{minute % 60:02}Z"
        name = f"{place.account}_CloudTrail_{place.region}_{written_at}_{number:06}.json.gz"
        tree = folder / f"AWSLogs/{place.account}/CloudTrail/{place.region}/2024/{month:02}/{day:02}"
        tree.mkdir(parents=True, exist_ok=True)
        written += (tree / name).write_bytes(gzip.compress(body.encode(), 6, mtime=0))
    return written


def _make_anew(records: list[Json], rng: random.Random, seconds: int) -> None:
    """Makes the calls those of later seconds of the same minutes."""
    for record in records:
        second = (int(record["eventTime"][17:19]) + seconds) % 60
        record |= {
            "eventTime": f"{record['eventTime'][:17]}{second:02}Z",
            "eventID": _uuid(rng),
            "requestID": _uuid(rng),
        }


def _records(rng: random.Random, place: Place, count: int) -> Iterator[Json]:
    for number in range(count):
        second = place.minute * 60 + number * MINUTES * 60 // count
        yield _record(rng, place, f"{place.date}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z")


def _record(rng: random.Random, place: Place, time: str) -> Json:
    role = min(int(rng.paretovariate(0.8)), ROLES) - 1
    return record_of_call(rng, _CALLS[(role * 5 + rng.choice(_HABITS)) % len(_CALLS)], role, place, time)


def record_of_call(rng: random.Random, call: Call, role: int, place: Place, time: str) -> Json:
    """The record of a call by one of the roles."""
    request = {key: _value(rng, value, place) for key, value in call.request.items()}
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": _identity(rng, place, time, role),
        "eventTime": time,
        "eventSource": f"{call.source}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": place.region,
        "sourceIPAddress": f"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(256)}",
        "userAgent": "aws-sdk-go/1.44.122 (go1.19.3; linux; amd64)",
        "requestParameters": request or None,
        "responseElements": _response(rng, call, request),
        "requestID": _uuid(rng),
        "eventID": _uuid(rng),
        "readOnly": call.is_read,
        "eventType": "AwsApiCall",
        "managementEvent": not call.is_data,
        "recipientAccountId": place.account,
        "eventCategory": "Data" if call.is_data else "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{call.source}.{place.region}.amazonaws.com",
        },
    }
    if call.resources:
        record["resources"] = _resources(call, request, place)
    if call.source == "s3":
        record["additionalEventData"] = _transfer(rng)
    if rng.random() < 0.07:
        record |= {"responseElements": None, **_failure(rng, record)}
    return record


def _identity(rng: random.Random, place: Place, time: str, number: int) -> Json:
    if rng.random() < 0.05:
        return {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}
    name, unique, session = f"service-role-{number}", f"AROA{number:017}", rng.randrange(SESSIONS)
    key = random.Random(f"{place}{time[:13]}{number}/{session}").randrange(10**16)  # credentials that last an hour
    return {
        "type": "AssumedRole",
        "principalId": f"{unique}:session-{session}",
        "arn": f"arn:aws:sts::{place.account}:assumed-role/{name}/session-{session}",
        "accountId": place.account,
        "accessKeyId": f"ASIA{key:016}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": f"arn:aws:iam::{place.account}:role/app/{name}",
                "accountId": place.account,
                "userName": name,
            },
            "attributes": {"creationDate": f"{time[:13]}:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def _response(rng: random.Random, call: Call, request: Json) -> Json | None:
    """What a call answers; `+N` in a text is N characters that never come again."""
    texts = {key: text.format_map(request) for key, text in call.response.items()}
    for key, text in texts.items():
        head, mark, length = text.partition("+")
        texts[key] = head + "".join(rng.choices(BASE64, k=int(length))) if mark else text
    return texts or None


def _resources(call: Call, request: Json, place: Place) -> list[Json]:
    return [
        {"accountId": place.account, "type": kind, "ARN": _value(random.Random(0), text, place).format_map(request)}
        for kind, text in call.resources.items()
    ]


def _transfer(rng: random.Random) -> Json:
    return {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": 0,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": "".join(rng.choices(BASE64, k=76)),
        "bytesTransferredOut": rng.randrange(1 << 20),
    }


def _failure(rng: random.Random, record: Json) -> Json:
    code = rng.choice(("AccessDenied", "AccessDenied", "ThrottlingException", "NoSuchKey", "ResourceNotFound"))
    if code != "AccessDenied":
        return {"errorCode": code, "errorMessage": "the call failed"}
    action = f"{record['eventSource'].partition('.')[0]}:{record['eventName']}"
    caller = record["userIdentity"].get("arn", "a service")
    why = "because no identity-based policy allows the action"
    return {"errorCode": code, "errorMessage": f"User: {caller} is not authorized to perform: {action} {why}"}


def _value(rng: random.Random, value: Any, place: Place) -> Any:
    if isinstance(value, list):
        return [_value(rng, item, place) for item in value]
    if isinstance(value, dict):
        return {key: _value(rng, item, place) for key, item in value.items()}
    head, mark, most = str(value).partition("#")
    text = head + (str(rng.randrange(int(most))) if mark else "")
    return text.replace("@", place.account).replace("%", place.region)


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_BUCKET = {"bucketName": "data-bucket-#6", "Host": "s3.%.amazonaws.com"}
_OBJECT = {"AWS::S3::Object": "arn:aws:s3:::{bucketName}/{key}", "AWS::S3::Bucket": "arn:aws:s3:::{bucketName}"}
_KEY = {"keyId": "arn:aws:kms:%:@:key/00000000-0000-0000-0000-0000000000#30"}
_ROLE = {"roleArn": "arn:aws:iam::@:role/target-#20", "roleSessionName": "run-#100000"}
_STREAM = {"logGroupName": "/aws/lambda/fn-#12", "logStreamName": "2024/[1]s#99999"}

_CALLS = (
    Call("s3", "GetObject", _BUCKET | {"key": "logs/2024/part-#100000"}, _OBJECT, is_data=True),
    Call(
        "s3",
        "PutObject",
        _BUCKET | {"key": "out/2024/result-#100000"},
        _OBJECT,
        {"x-amz-server-side-encryption": "AES256"},
        is_read=False,
        is_data=True,
    ),
    Call("s3", "ListObjects", _BUCKET | {"prefix": "logs/"}, {"AWS::S3::Bucket": "arn:aws:s3:::{bucketName}"}),
    Call("kms", "Decrypt", _KEY | {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}, {"AWS::KMS::Key": "{keyId}"}),
    Call(
        "sts",
        "AssumeRole",
        _ROLE,
        {"AWS::IAM::Role": "{roleArn}"},
        {"accessKeyId": "ASIA+16", "sessionToken": "+300", "arn": "{roleArn}/{roleSessionName}"},
    ),
    Call("ec2", "DescribeInstances", {"filterSet": {}, "instancesSet": {"items": [{"instanceId": "i-0000000#200"}]}}),
    Call("ec2", "DescribeNetworkInterfaces", {"filterSet": {}}),
    Call(
        "ec2",
        "CreateTags",
        {
            "resourcesSet": {"items": [{"resourceId": "i-0000000#200"}]},
            "tagSet": {"items": [{"key": "team", "value": "t#9"}]},
        },
        response={"requestId": "+36", "_return": "true"},
        is_read=False,
    ),
    Call("dynamodb", "GetItem", {"tableName": "table-#6", "key": {"id": "#100000"}}, is_data=True),
    Call("dynamodb", "DescribeTable", {"tableName": "table-#6"}),
    Call("logs", "CreateLogStream", _STREAM, is_read=False),
    Call("logs", "DescribeLogGroups", {}),
    Call("lambda", "Invoke", {"functionName": "arn:aws:lambda:%:@:function:fn-#12"}, is_read=False, is_data=True),
    Call("lambda", "GetFunction20150331v2", {"functionName": "fn-#12"}),
    Call("secretsmanager", "GetSecretValue", {"secretId": "arn:aws:secretsmanager:%:@:secret:db-AbCdEf#8"}),
    Call("ssm", "GetParameter", {"name": "/app/config/#12", "withDecryption": "true"}),
    Call("sqs", "ReceiveMessage", {"queueUrl": "https://sqs.%.amazonaws.com/@/queue-#5"}, is_data=True),
    Call("iam", "GetRole", {"roleName": "service-role-#20"}),
    Call("iam", "ListAttachedRolePolicies", {"roleName": "service-role-#20"}),
    Call("ecs", "DescribeTasks", {"cluster": "main", "tasks": ["arn:aws:ecs:%:@:task/main/#99999"]}),
    Call("cloudformation", "DescribeStacks", {"stackName": "stack-#9"}),
    Call("monitoring", "DescribeAlarms", {}),
)
_HABITS = (0, 0, 0, 0, 1, 1, 1, 2, 2, 3)


def main() -> None:
    """Writes the corpus that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    written = write_corpus(asked.folder, files=asked.files, records=asked.records, days=asked.days, seed=asked.seed)
    print(f"{asked.files} files, {asked.files * asked.records} records, {written} bytes")


if __name__ == "__main__":
    main()
