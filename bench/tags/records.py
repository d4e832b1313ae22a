"""CloudTrail records of a scenario's calls: one per call and day, in the caller's account.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_TagQueue.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from bench.guardrails.records import heartbeat_of
from bench.perimeter.records import END, identity_of, parameters_of, resources_of, uuid_of
from bench.perimeter.scenario_files import account_of, is_data_event
from bench.scenario_reading import Json
from bench.tags.scenario import HOME, Scenario, first_day_back, happens_once, last_day_back

_EVENT_NAMES: Final = {
    "s3:ListBucket": "ListObjects",
    "lambda:InvokeFunction": "Invoke",
    "lambda:CreateFunction": "CreateFunction20150331",
    "lambda:DeleteFunction": "DeleteFunction20150331",
    "lambda:GetFunction": "GetFunction20150331v2",
    "lambda:TagResource": "TagResource20170331v2",
    "lambda:UntagResource": "UntagResource20170331v2",
    "lambda:UpdateFunctionCode": "UpdateFunctionCode20150331v2",
    "lambda:UpdateFunctionConfiguration": "UpdateFunctionConfiguration20150331v2",
}
_READS: Final = ("Get", "List", "Describe", "Query", "Scan", "Decrypt", "Encrypt", "Generate")
_DENIALS: Final = {"ec2": "Client.UnauthorizedOperation", "dynamodb": "AccessDeniedException"}
_MISSING: Final = {
    "s3": ("s3:GetObject", "arn:aws:s3:::gone-{account}/status", "NoSuchBucket"),
    "dynamodb": ("dynamodb:GetItem", f"arn:aws:dynamodb:{HOME}:{{account}}:table/gone", "ResourceNotFoundException"),
    "sqs": ("sqs:SendMessage", f"arn:aws:sqs:{HOME}:{{account}}:gone", "AWS.SimpleQueueService.NonExistentQueue"),
    "lambda": (
        "lambda:InvokeFunction",
        f"arn:aws:lambda:{HOME}:{{account}}:function:gone",
        "ResourceNotFoundException",
    ),
}
"""Calls for resources that don't exist: data events that use nothing."""


def records_of(scenario: Scenario) -> Iterator[Json]:
    """All records of a scenario."""
    days = scenario.content["days"]
    for number, call in enumerate((*scenario.seen_calls, *activity_of(scenario))):
        first, last = first_day_back(call, days), last_day_back(call)
        for back in [first] if happens_once(call) else range(first, last - 1, -1):
            day = END - timedelta(days=back)
            yield record_of(
                call, f"{day}T{number // 60 % 24:02}:{number % 60:02}:00Z", f"{scenario.name}/{number}/{day}"
            )


def activity_of(scenario: Scenario) -> Iterator[Json]:
    """What happens every day in each account in addition to the calls: real trails have no empty days."""
    days = scenario.content["days"]
    services = {call["action"].partition(":")[0] for call in scenario.seen_calls if is_data_event(call)}
    for account in scenario.accounts:
        by = heartbeat_of(account)["arn"]
        group = f"arn:aws:logs:{HOME}:{account}:log-group:heartbeat"
        yield {"by": by, "action": "sts:GetCallerIdentity", "resource": "*", "days": days}
        yield {"by": by, "action": "logs:CreateLogStream", "resource": group, "days": days}
        for service in sorted(services):
            action, name, error = _MISSING[service]
            arn = f"arn:aws:{name.format(account=account)}"
            yield {"by": by, "action": action, "resource": arn, "days": days, "error": error}


def record_of(call: Json, time: str, seed: str) -> Json:
    """The record of a call."""
    service, _, action = call["action"].partition(":")
    account = account_of(call["by"])
    name = _EVENT_NAMES.get(call["action"], action)
    region = (call["resource"].split(":") + [""] * 4)[3] or HOME
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": identity_of(call, time, is_foreign=False),
        "eventTime": time,
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.25",
        "userAgent": "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux lang/python#3.12.9",
        "requestParameters": _parameters(call, region),
        "responseElements": None if call.get("error") else _response(call, account),
        "requestID": uuid_of(f"{seed}/request"),
        "eventID": uuid_of(seed),
        "readOnly": name.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": not is_data_event(call),
        "eventCategory": "Data" if is_data_event(call) else "Management",
        "recipientAccountId": account,
    }
    if service in ("s3", "kms") or is_data_event(call):
        record["resources"] = resources_of(call, account)
    if error := call.get("error"):
        code = _DENIALS.get(service, error) if error == "AccessDenied" else error
        message = f"User: {call['by']} is not authorized to perform: {call['action']} on resource: {call['resource']}"
        message += " with an explicit deny in a resource-based policy"
        record |= {"errorCode": code, "errorMessage": message if error == "AccessDenied" else "It doesn't exist"}
    return record


# ---- Requests


def _parameters(call: Json, region: str) -> Json | None:
    """The request parameters, which name the resource and its tags."""
    service, arn = call["action"].partition(":")[0], call["resource"]
    if service in ("sts", "logs"):
        return None if service == "sts" else {"logGroupName": "heartbeat", "logStreamName": "today"}
    named = _NAMERS[service](call) if service in _NAMERS else parameters_of(call, region) or {}
    if call["action"] == "sqs:CreateQueue":
        named = {"queueName": arn.rpartition(":")[2]}
    if call["action"] == "kms:CreateKey":
        named = {"keySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT"}
    return named if service == "ec2" else {**named, **_tag_parameters(call, service)}


def _tag_parameters(call: Json, service: str) -> Json:
    """How each service spells tags in its requests."""
    if "untag" in call and service != "s3":
        return {"tagKeys": call["untag"]}
    if "tags" not in call:
        return {}
    tags: dict[str, str] = call["tags"]
    if service in ("lambda", "sqs"):
        return {"tags": tags}
    if service == "kms":
        return {"tags": [{"tagKey": key, "tagValue": value} for key, value in tags.items()]}
    if service == "s3":
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return {"tagging": "", "Tagging": {"xmlns": space, "TagSet": {"Tag": pairs}}}
    return {"tags": _pairs(tags)}


def _pairs(tags: dict[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _table_parameters(call: Json) -> Json:
    arn, name = call["resource"], call["action"].partition(":")[2]
    if name in ("TagResource", "UntagResource", "ListTagsOfResource"):
        return {"resourceArn": arn}
    table = {"tableName": arn.split("/")[1]} if "/" in arn else {}
    index = {"indexName": arn.rpartition("/")[2]} if "/index/" in arn else {}
    return {**table, **index, **({"key": {"id": "1"}} if name.endswith("Item") else {})}


def _function_parameters(call: Json) -> Json:
    arn, name = call["resource"], call["action"].partition(":")[2]
    if name in ("TagResource", "UntagResource", "ListTags"):
        return {"resource": arn}
    if name == "InvokeFunction":
        return {"functionName": arn, "invocationType": "RequestResponse"}
    return {"functionName": arn.split(":")[6]}


def _secret_parameters(call: Json) -> Json:
    if call["action"] == "secretsmanager:CreateSecret":
        name = call["resource"].split(":", 6)[6][:-7]  # the ARN adds a hyphen and six characters
        return {"name": name, "clientRequestToken": uuid_of(call["resource"])}
    return {"secretId": call["resource"]}


def _ec2_parameters(call: Json) -> Json:
    kind, _, name = call["resource"].rpartition(":")[2].partition("/")
    action, tags = call["action"].partition(":")[2], _pairs(call.get("tags", {}))
    if action in ("CreateTags", "DeleteTags"):
        removed = [{"key": key} for key in call.get("untag", ())]
        return {"resourcesSet": {"items": [{"resourceId": name}]}, "tagSet": {"items": tags or removed}}
    specified = {"tagSpecificationSet": {"items": [{"resourceType": kind, "tags": tags}]}} if tags else {}
    if action == "RunInstances":
        image = {"imageId": "ami-0abcdef1234567890", "minCount": 1, "maxCount": 1}
        return {"instancesSet": {"items": [image]}, "instanceType": "t3.micro", **specified}
    if action == "CreateVolume":
        return {"size": "8", "zone": "us-east-1a", "volumeType": "gp3", **specified}
    if kind == "instance":
        return {"instancesSet": {"items": [{"instanceId": name}]}}
    return {f"{kind}Id": name}


def _database_parameters(call: Json) -> Json:
    if call["action"] in ("rds:AddTagsToResource", "rds:RemoveTagsFromResource", "rds:ListTagsForResource"):
        return {"resourceName": call["resource"]}
    return {"dBInstanceIdentifier": call["resource"].rpartition(":")[2]}


def _iam_parameters(call: Json) -> Json:
    arn = call["resource"]
    return {"roleName" if ":role/" in arn else "userName": arn.rpartition("/")[2]}


_NAMERS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "dynamodb": _table_parameters,
    "ec2": _ec2_parameters,
    "lambda": _function_parameters,
    "secretsmanager": _secret_parameters,
    "rds": _database_parameters,
    "iam": _iam_parameters,
}


# ---- Answers


def _response(call: Json, account: str) -> Json | None:
    """The answer to a call that creates a resource, which names it."""
    arn, region = call["resource"], (call["resource"].split(":") + [""] * 4)[3]
    last, tags = arn.rpartition("/")[2], {"tagSet": {"items": _pairs(call.get("tags", {}))}}
    name = arn.rpartition(":")[2]
    answers: dict[str, Json] = {
        "dynamodb:CreateTable": {"tableDescription": {"tableName": last, "tableArn": arn, "tableStatus": "CREATING"}},
        "ec2:RunInstances": {"instancesSet": {"items": [{"instanceId": last, **tags}]}, "ownerId": account},
        "ec2:CreateVolume": {"volumeId": last, "size": "8", "status": "creating", **tags},
        "ec2:CreateTags": {"_return": True},
        "ec2:DeleteTags": {"_return": True},
        "sqs:CreateQueue": {"queueUrl": f"https://sqs.{region}.amazonaws.com/{account}/{name}"},
        "secretsmanager:CreateSecret": {"arn": arn, "name": name[:-7]},
        "lambda:CreateFunction": {"functionName": name, "functionArn": arn},
        "kms:CreateKey": {"keyMetadata": {"keyId": last, "arn": arn, "keyState": "Enabled"}},
        "rds:CreateDBInstance": {"dBInstanceIdentifier": name, "dBInstanceArn": arn},
    }
    return answers.get(call["action"])
