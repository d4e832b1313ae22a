"""A seeded corpus of CloudTrail files for benchmarks: `python bench/corpus.py DIR --files 100 --records 1000`.

The mix follows what public logs show: most records are reads, a few of the roles make most of the calls, each role
repeats a handful of calls on a handful of resources, one call in fifteen fails. Nothing depends on the clock.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ACCOUNTS = tuple(f"{111122223333 + 1111 * number}" for number in range(4))
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
ROLES = 60

Request = dict[str, Any]


def write_corpus(folder: Path, *, files: int, records: int, days: int, seed: int) -> int:
    """Writes `files` files of `records` records each in the bucket layout, over so many days; returns their bytes."""
    written = 0
    for number in range(files):
        rng = random.Random(seed * 1_000_003 + number)
        account, region, day = rng.choice(ACCOUNTS), rng.choice(REGIONS), number % days
        body = json.dumps({"Records": list(_records(rng, account, region, day, records))}, separators=(",", ":"))
        name = f"{account}_CloudTrail_{region}_2024{day // 30 + 1:02}{day % 30 + 1:02}T0000Z_{number:06}.json.gz"
        path = folder / f"AWSLogs/{account}/CloudTrail/{region}/2024/{day // 30 + 1:02}/{day % 30 + 1:02}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(body.encode(), 6, mtime=0))
        written += path.stat().st_size
    return written


def _records(rng: random.Random, account: str, region: str, day: int, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        second = number * 86_400 // count
        yield _record(rng, account, region, f"2024-{day // 30 + 1:02}-{min(day % 30 + 1, 28):02}T{_clock(second)}Z")


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _record(rng: random.Random, account: str, region: str, time: str) -> dict[str, Any]:
    role = min(int(rng.paretovariate(0.8)), ROLES) - 1
    source, name, is_read, is_data, request = _CALLS[(role * 5 + rng.choice(_HABITS)) % len(_CALLS)]
    parameters = {key: _value(rng, value, account, region) for key, value in request.items()}
    record: dict[str, Any] = {
        "eventVersion": "1.09",
        "userIdentity": _identity(rng, account, time, role),
        "eventTime": time,
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
        "userAgent": "aws-sdk-go/1.44.122 (go1.19.3; linux; amd64)",
        "requestParameters": parameters or None,
        "responseElements": None,
        "requestID": _uuid(rng),
        "eventID": _uuid(rng),
        "readOnly": is_read,
        "eventType": "AwsApiCall",
        "managementEvent": not is_data,
        "recipientAccountId": account,
        "eventCategory": "Data" if is_data else "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    }
    if rng.random() < 0.07:
        code = rng.choice(("AccessDenied", "AccessDenied", "ThrottlingException", "NoSuchKey", "ResourceNotFound"))
        record |= {"errorCode": code, "errorMessage": "the call failed"}
    return record


def _identity(rng: random.Random, account: str, time: str, number: int) -> dict[str, Any]:
    if rng.random() < 0.05:
        return {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}
    name, unique = f"service-role-{number}", f"AROA{number:016}"
    session = f"session-{rng.randrange(50)}"
    return {
        "type": "AssumedRole",
        "principalId": f"{unique}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": f"ASIA{rng.randrange(10**16):016}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": f"arn:aws:iam::{account}:role/app/{name}",
                "accountId": account,
                "userName": name,
            },
            "attributes": {"creationDate": time, "mfaAuthenticated": "false"},
        },
    }


def _value(rng: random.Random, value: Any, account: str, region: str) -> Any:
    """A request parameter: `#N` in a text is one of N numbers, `@` the account, `%` the region."""
    if isinstance(value, list):
        return [_value(rng, item, account, region) for item in value]
    if isinstance(value, dict):
        return {key: _value(rng, item, account, region) for key, item in value.items()}
    head, mark, most = str(value).partition("#")
    text = head + (str(rng.randrange(int(most))) if mark else "")
    return text.replace("@", account).replace("%", region)


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_CALLS: tuple[tuple[str, str, bool, bool, Request], ...] = (
    ("s3", "GetObject", True, True, {"bucketName": "data-bucket-#6", "key": "logs/2024/part-#100000"}),
    ("s3", "PutObject", False, True, {"bucketName": "data-bucket-#6", "key": "out/result-#100000"}),
    ("s3", "ListObjects", True, True, {"bucketName": "data-bucket-#6", "prefix": "logs/"}),
    ("kms", "Decrypt", True, False, {"keyId": "arn:aws:kms:%:@:key/00000000-0000-0000-0000-0000000000#30"}),
    ("sts", "AssumeRole", True, False, {"roleArn": "arn:aws:iam::@:role/target-#20", "roleSessionName": "s#100"}),
    ("ec2", "DescribeInstances", True, False, {"filterSet": {}}),
    ("ec2", "DescribeNetworkInterfaces", True, False, {"filterSet": {}}),
    ("ec2", "CreateTags", False, False, {"resourcesSet": {"items": [{"resourceId": "i-0000000#200"}]}}),
    ("dynamodb", "GetItem", True, True, {"tableName": "table-#6"}),
    ("dynamodb", "DescribeTable", True, False, {"tableName": "table-#6"}),
    ("logs", "CreateLogStream", False, False, {"logGroupName": "/aws/lambda/fn-#12", "logStreamName": "2024/s#99999"}),
    ("logs", "DescribeLogGroups", True, False, {}),
    ("lambda", "Invoke", False, True, {"functionName": "arn:aws:lambda:%:@:function:fn-#12"}),
    ("lambda", "GetFunction20150331v2", True, False, {"functionName": "fn-#12"}),
    ("secretsmanager", "GetSecretValue", True, False, {"secretId": "arn:aws:secretsmanager:%:@:secret:db-AbCdEf#8"}),
    ("ssm", "GetParameter", True, False, {"name": "/app/config/#12", "withDecryption": "true"}),
    ("sqs", "ReceiveMessage", True, True, {"queueUrl": "https://sqs.%.amazonaws.com/@/queue-#5"}),
    ("iam", "GetRole", True, False, {"roleName": "service-role-#20"}),
    ("iam", "ListAttachedRolePolicies", True, False, {"roleName": "service-role-#20"}),
    ("ecs", "DescribeTasks", True, False, {"cluster": "main", "tasks": ["arn:aws:ecs:%:@:task/main/#99999"]}),
    ("cloudformation", "DescribeStacks", True, False, {"stackName": "stack-#9"}),
    ("monitoring", "DescribeAlarms", True, False, {}),
)
_HABITS = (0, 0, 0, 0, 1, 1, 1, 2, 2, 3)


def main() -> None:
    """Writes the corpus that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    written = write_corpus(asked.folder, files=asked.files, records=asked.records, days=asked.days, seed=asked.seed)
    print(f"{asked.files} files, {asked.files * asked.records} records, {written} bytes")


if __name__ == "__main__":
    main()
