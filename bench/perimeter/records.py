"""CloudTrail records of a scenario's calls: one per call and day, in each account that receives it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html
https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from bench.perimeter.scenario_files import UNRELATED_BUCKET, Scenario, account_of, is_data_event, is_service
from bench.scenario_reading import Json

END: Final = date(2026, 3, 1)
"""The day after the last one of the logs."""

_EVENT_NAMES: Final = {
    "s3:ListBucket": "ListObjects",
    "lambda:InvokeFunction": "Invoke",
    "lambda:GetFunction": "GetFunction20150331v2",
    "lambda:AddPermission": "AddPermission20150331v2",
    "kms:ReEncryptFrom": "ReEncrypt",
}
_READS: Final = ("Get", "List", "Describe", "Query", "Scan", "Decrypt", "Encrypt", "Generate", "ReEncrypt")
_DATA_TYPES: Final = {
    "dynamodb": "AWS::DynamoDB::Table",
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "lambda": "AWS::Lambda::Function",
}
_CONSOLE_AGENT: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36"
_PROGRAM_AGENT: Final = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux lang/python#3.12.9"


def records_of(scenario: Scenario) -> Iterator[Json]:
    """All records of a scenario."""
    days = [END - timedelta(days=back) for back in range(scenario.content["days"], 0, -1)]
    for number, call in enumerate((*scenario.seen_calls, *_activity(scenario))):
        for day in days[-call.get("days", len(days)) :]:
            yield from _copies(scenario, call, f"{scenario.name}/{number}/{day}", f"{day}T{number % 24:02}:15:00Z")


def _activity(scenario: Scenario) -> Iterator[Json]:
    """What happens every day in each account besides the calls: the trails of real accounts have no empty days.

    An account that uses a service's data events in the scenario also uses them for another resource.
    """
    before, region = f"arn:{scenario.partition}", scenario.region
    services = {
        arn.split(":")[2] for arn in (*scenario.old_policies, *(one["resource"] for one in scenario.seen_calls))
    }
    for account in scenario.members:
        by = next(found["arn"] for found in scenario.content["principals"] if account_of(found["arn"]) == account)
        yield {"by": by, "action": "sts:GetCallerIdentity", "resource": "*", "recipient": account}
        for service in sorted(services & set(scenario.data_services)):
            other = {
                "s3": ("s3:GetObject", f"{before}:s3:::{UNRELATED_BUCKET}{account}/status"),
                "dynamodb": ("dynamodb:GetItem", f"{before}:dynamodb:{region}:{account}:table/unrelated"),
                "sqs": ("sqs:SendMessage", f"{before}:sqs:{region}:{account}:unrelated"),
                "sns": ("sns:Publish", f"{before}:sns:{region}:{account}:unrelated"),
                "lambda": ("lambda:InvokeFunction", f"{before}:lambda:{region}:{account}:function:unrelated"),
            }[service]
            yield {"by": by, "action": other[0], "resource": other[1], "recipient": account}


def _copies(scenario: Scenario, call: Json, seed: str, time: str) -> Iterator[Json]:
    """The records of a call: one for the owner of the resource, and one for the caller if that is another member.

    The owner's copy of a call from another account shows the account and the unique id of the caller only.
    """
    owner = call.get("recipient") or scenario.owner_of(call["resource"])
    caller = account_of(call["by"]) if call["by"].startswith("arn:") else owner
    shared = {"sharedEventID": uuid_of(f"{seed}/shared")} if caller != owner or is_service(call["by"]) else {}
    for recipient in sorted({owner, caller} & set(scenario.members)):
        record = _record(call, owner, time, scenario.region) | shared
        record["userIdentity"] = identity_of(call, time, is_foreign=recipient != caller)
        yield record | {"eventID": uuid_of(f"{seed}/{recipient}"), "recipientAccountId": recipient}
    is_logged = caller in scenario.members and ":role/aws" not in call["by"]  # AWS assumes its own roles unseen
    if call.get("service_session") and is_logged:
        assumed = {"eventID": uuid_of(f"{seed}/assumed"), "recipientAccountId": caller}
        yield _assumption(call, time, scenario.region) | assumed


def _record(call: Json, owner: str, time: str, region: str) -> Json:
    name = _EVENT_NAMES.get(call["action"], call["action"].partition(":")[2])
    is_data = is_data_event(call)
    record: Json = {
        "eventVersion": "1.11",
        "eventTime": time,
        "eventSource": f"{call['action'].partition(':')[0]}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        **_origin(call),
        "requestParameters": parameters_of(call, region),
        "responseElements": None,
        "requestID": uuid_of(f"{call}/{time}"),
        "readOnly": name.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": not is_data,
        "eventCategory": "Data" if is_data else "Management",
    }
    if resources := resources_of(call, owner):
        record["resources"] = resources
    if call.get("endpoint"):
        account = account_of(call["by"]) if call["by"].startswith("arn:") else owner
        record |= {"vpcEndpointId": call["endpoint"], "vpcEndpointAccountId": account}
    if call.get("console"):
        record["sessionCredentialFromConsole"] = "true"
    if call.get("error"):
        record |= {"errorCode": call["error"], "errorMessage": "Access Denied"}
    return record


def _origin(call: Json) -> Json:
    service = call["by"].removeprefix("service:") if is_service(call["by"]) else ""
    service = service or _invoking_service(call)
    if service:
        return {"sourceIPAddress": service, "userAgent": service}
    address = "10.0.1.25" if call.get("endpoint") else "203.0.113.25"
    return {"sourceIPAddress": address, "userAgent": _CONSOLE_AGENT if call.get("console") else _PROGRAM_AGENT}


def _invoking_service(call: Json) -> str:
    """The service that a record's `invokedBy` names: none if a service's session is that of code in a VPC."""
    return call.get("invoked_by") or ("" if call.get("endpoint") else call.get("service_session")) or ""


def parameters_of(call: Json, region: str) -> Json | None:
    """The request parameters that name the resource."""
    arn, service = call["resource"], call["action"].partition(":")[0]
    last = arn.rpartition(":")[2]
    if service == "s3":
        bucket, _, key = last.partition("/")
        host = {"bucketName": bucket, "Host": f"{bucket}.s3.{region}.amazonaws.com"}
        return host | ({"key": key} if key else {"policy": ""} if "Policy" in call["action"] else {})
    if service == "sqs":
        return {"queueUrl": f"https://sqs.{region}.amazonaws.com/{account_of(arn)}/{last}"}
    return {
        "kms": {"keyId": arn, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        "sns": {"topicArn": arn},
        "dynamodb": {"tableName": last.split("/")[1] if "/" in last else "", "key": {"id": "1"}},
        "lambda": {"functionName": arn, "invocationType": "RequestResponse"},
        "secretsmanager": {"secretId": arn},
    }.get(service)


def resources_of(call: Json, owner: str) -> list[Json]:
    arn, service = call["resource"], call["action"].partition(":")[0]
    if service == "s3":
        bucket, _, key = arn.partition("/")
        objects: Json = {"ARN": arn} if key else {"ARNPrefix": f"{bucket}/"}
        found = [{"type": "AWS::S3::Object", **objects}] if is_data_event(call) else []
        return [*found, {"accountId": owner, "type": "AWS::S3::Bucket", "ARN": bucket}]
    if service == "kms":
        return [{"accountId": owner, "type": "AWS::KMS::Key", "ARN": arn}]
    if is_data_event(call):
        return [{"accountId": owner, "type": _DATA_TYPES[service], "ARN": arn.partition("/index/")[0]}]
    return []


def identity_of(call: Json, time: str, *, is_foreign: bool) -> Json:
    by = call["by"]
    if by == "anonymous":
        return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    if is_service(by):
        return {"type": "AWSService", "invokedBy": by.removeprefix("service:")}
    account, path = account_of(by), by.split(":", 5)[5]
    name, invoked = path.rpartition("/")[2], _invoking_service(call)
    extra = {"invokedBy": invoked} if invoked else {}
    session = (
        "work" if "endpoint" not in call or call.keys() & {"console", "service_session"} else "i-0a1b2c3d4e5f67890"
    )
    if is_foreign:
        unique = unique_id(by) + (f":{session}" if path.startswith("role/") else "")
        return {
            "type": "AWSAccount",
            "principalId": unique,
            "accountId": "CloudFront" if account == "cloudfront" else account,
        } | extra
    attributes = {"creationDate": time, "mfaAuthenticated": "true" if call.get("console") else "false"}
    if path == "root":
        context = {"accessKeyId": key_of("ASIA", by), "sessionContext": {"attributes": attributes}}
        return {"type": "Root", "principalId": account, "arn": by, "accountId": account} | context
    if path.startswith("user/"):
        console = {"sessionContext": {"attributes": attributes}} if call.get("console") else {}
        key = key_of("ASIA" if call.get("console") or invoked else "AKIA", by)
        named = {"principalId": unique_id(by), "arn": by, "accountId": account, "accessKeyId": key, "userName": name}
        return {"type": "IAMUser"} | named | console | extra
    issuer = {"type": "Role", "principalId": unique_id(by), "arn": by, "accountId": account, "userName": name}
    return {
        "type": "AssumedRole",
        "principalId": f"{unique_id(by)}:{session}",
        "arn": f"arn:{by.split(':')[1]}:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": key_of("ASIA", by),
        "sessionContext": {"sessionIssuer": issuer, "attributes": attributes},
    } | extra


def _assumption(call: Json, time: str, region: str) -> Json:
    """The record of a service that assumes a role."""
    role, account, service = call["by"], account_of(call["by"]), call["service_session"]
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSService", "invokedBy": service},
        "eventTime": time,
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": region,
        "sourceIPAddress": service,
        "userAgent": service,
        "requestParameters": {"roleArn": role, "roleSessionName": "work"},
        "responseElements": {"credentials": {"accessKeyId": key_of("ASIA", role)}},
        "requestID": uuid_of(f"{role}/{time}"),
        "sharedEventID": uuid_of(f"{role}/{time}/shared"),
        "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}],
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
    }


def unique_id(arn: str) -> str:
    """The unique id of a role or user."""
    if arn.endswith("role/aws:ec2-infrastructure"):
        return f"{account_of(arn)}:aws:ec2-infrastructure"
    prefix = "AROA" if ":role/" in arn else "AIDA"
    return prefix + sha256(arn.encode()).hexdigest()[:17].upper()


def key_of(prefix: str, arn: str) -> str:
    return prefix + sha256(f"key of {arn}".encode()).hexdigest()[:16].upper()


def uuid_of(seed: str) -> str:
    return str(uuid5(NAMESPACE_URL, seed))
