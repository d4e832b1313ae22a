"""CloudTrail records of a scenario's calls: one per call and day, in the caller's account.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from bench.guardrails.scenario import (
    HOME,
    Scenario,
    account_of_caller,
    arn_of_caller,
    is_service_linked,
    region_of,
)
from bench.perimeter.records import END, identity_of, key_of, parameters_of, resources_of, unique_id, uuid_of
from bench.perimeter.scenario_files import account_of, is_data_event
from bench.scenario_reading import Json

_EVENT_SOURCES: Final = {"cloudwatch": "monitoring"}
"""The event sources whose names aren't the prefixes of their actions."""

_EVENT_NAMES: Final = {
    "s3:ListBucket": "ListObjects",
    "s3:ListAllMyBuckets": "ListBuckets",
    "lambda:InvokeFunction": "Invoke",
    "lambda:CreateFunction": "CreateFunction20150331",
    "lambda:ListFunctions": "ListFunctions20150331",
}
_READS: Final = ("Get", "List", "Describe", "Query", "Scan", "Decrypt", "Encrypt", "Generate", "Lookup")
_AGENT: Final = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux lang/python#3.12.9"


def records_of(scenario: Scenario) -> Iterator[Json]:
    """All records of a scenario."""
    days = [END - timedelta(days=back) for back in range(scenario.content["days"], 0, -1)]
    for number, call in enumerate((*scenario.seen_calls, *_activity(scenario))):
        spanned = days[-call.get("days", len(days)) :]
        for day in spanned[:1] if _creates(call) else spanned:
            yield _record(call, f"{day}T{number % 24:02}:15:00Z", f"{scenario.name}/{number}/{day}")


def _creates(call: Json) -> bool:
    """Whether a call can succeed only once: it happens on its first day."""
    return call["action"].startswith(("iam:Create", "lambda:Create")) and not call.get("error")


def _activity(scenario: Scenario) -> Iterator[Json]:
    """What happens every day in each account in addition to the calls: real trails have no empty days.

    It happens twice a day. Otherwise each day without a repeated call would look incomplete, next to days with one.
    """
    for account in (*scenario.logged, *scenario.logged):
        group = f"arn:aws:logs:{HOME}:{account}:log-group:heartbeat"
        named = {"logGroupName": "heartbeat", "logStreamName": "today"}
        by = heartbeat_of(account)["arn"]
        yield {"by": by, "action": "sts:GetCallerIdentity", "resource": "*"}
        yield {"by": by, "action": "logs:CreateLogStream", "resource": group, "request": named}


def heartbeat_of(account: str) -> Json:
    """A role of each logged account, which calls something every day."""
    allow = {"Effect": "Allow", "Action": "logs:CreateLogStream", "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "arn": f"arn:aws:iam::{account}:role/heartbeat",
        "trust": {"Version": "2012-10-17", "Statement": [trust]},
        "policies": [{"Version": "2012-10-17", "Statement": [allow]}],
    }


def _record(call: Json, time: str, seed: str) -> Json:
    service, _, action = call["action"].partition(":")
    account = account_of_caller(call["by"], call["resource"])
    by = arn_of_caller(call["by"])
    linked = by.split("/")[2] if is_service_linked(by) else by.removeprefix("service:")
    origin = linked if linked != by or by.startswith("service:") else "203.0.113.25"
    caller = {"by": by} | ({"service_session": linked} if is_service_linked(by) else {})
    is_sign_in = service == "signin"
    name = _EVENT_NAMES.get(call["action"], action)
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": identity_of(caller, time, is_foreign=False),
        "eventTime": time,
        "eventSource": f"{_EVENT_SOURCES.get(service, service)}.amazonaws.com",
        "eventName": name,
        "awsRegion": region_of(call),
        "sourceIPAddress": origin,
        "userAgent": _AGENT if origin == "203.0.113.25" else origin,
        "requestParameters": None if is_sign_in else call.get("request", _parameters(call)),
        "responseElements": {"ConsoleLogin": "Success"} if is_sign_in else _response(call),
        "requestID": uuid_of(f"{seed}/request"),
        "eventID": uuid_of(seed),
        "readOnly": name.startswith(_READS),
        "eventType": "AwsConsoleSignIn" if is_sign_in else "AwsApiCall",
        "managementEvent": not is_data_event(call),
        "eventCategory": "Data" if is_data_event(call) else "Management",
        "recipientAccountId": account,
    }
    if resources := resources_of(call, account_of(call["resource"]) or account):
        record["resources"] = resources
    if call.get("error"):
        record |= {"errorCode": call["error"], "errorMessage": "Access Denied", "responseElements": None}
    return record


def _parameters(call: Json) -> Json | None:
    """The request parameters that name the resource."""
    arn, (service, _, action) = call["resource"], call["action"].partition(":")
    path, _, name = arn.split(":", 5)[-1].partition("/")[2].rpartition("/")
    if service != "iam" or arn == "*":
        return {"name": arn} if service == "cloudtrail" and arn != "*" else parameters_of(call, region_of(call))
    if ":policy/" in arn:
        return {"policyArn": arn} | ({"policyDocument": "{}"} if "Version" in action else {})
    kind = "role" if ":role/" in arn else "user"
    named: Json = {f"{kind}Name": name}
    if action.startswith("Create"):
        return named | {"path": f"/{path}/" if path else "/"} | ({"assumeRolePolicyDocument": "{}"} if path else {})
    return named | ({"policyName": "work", "policyDocument": "{}"} if action.startswith("Put") else {})


def _response(call: Json) -> Json | None:
    arn = call["resource"]
    if call["action"] == "iam:CreateRole":
        path, _, name = arn.split(":", 5)[5].partition("/")[2].rpartition("/")
        named = {"path": f"/{path}/" if path else "/", "roleName": name, "roleId": unique_id(arn), "arn": arn}
        return {"role": named | {"createDate": "Jan 5, 2026 9:00:00 AM"}}
    if call["action"] == "iam:CreateAccessKey":
        return {"accessKey": {"userName": arn.rpartition("/")[2], "accessKeyId": key_of("AKIA", arn)}}
    return None
