"""CloudTrail records of a scenario's calls and sign-ins: one per call, day and session, in the caller's account.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from bench.perimeter.records import key_of, unique_id, uuid_of
from bench.perimeter.scenario_files import account_of
from bench.roles.scenario import Scenario, days_of
from bench.roles.sessions import identity_in, requests_of
from bench.scenario_reading import Json
from bench.tags.records import activity_of, record_of

_BROWSER: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36"
_EVENT_SOURCES: Final = {"cloudwatch": "monitoring", "states": "states", "ses": "email"}
"""The event sources whose names aren't the prefixes of their actions."""

_EVENT_NAMES: Final = {
    "s3:ListAllMyBuckets": "ListBuckets",
    "lambda:ListFunctions": "ListFunctions20150331",
}
_FIELDS: Final = {
    "ssm": "name",
    "ecr": "repositoryName",
    "cloudformation": "stackName",
    "logs": "logGroupName",
    "states": "stateMachineArn",
    "kinesis": "streamName",
    "codebuild": "projectName",
    "eks": "name",
    "sns": "topicArn",
}
"""The request parameter that names the resource, for services that other judges don't write."""


def records_of(scenario: Scenario) -> Iterator[Json]:
    """All records of a scenario."""
    length = scenario.content["days"]
    for number, call in enumerate((*scenario.seen_calls, *_activity(scenario))):
        for day in days_of(call, length):
            yield from _records(scenario, call, number, day)
    for number, sign_in in enumerate(scenario.sign_ins):
        for day in days_of(sign_in, length):
            yield _sign_in(sign_in, _time(sign_in, number, day), f"{scenario.name}/sign-in/{number}/{day}")
    yield from requests_of(scenario)


def _records(scenario: Scenario, call: Json, number: int, day: date) -> Iterator[Json]:
    """The records of a call on a day: one for each of its sessions."""
    seed = f"{scenario.name}/{number}/{day}"
    if (label := call.get("session")) is None:
        yield _record(call, _time(call, number, day), seed)
        return
    session = scenario.sessions[label]
    for index in range(session.get("per_day", 1)):
        record = _record(call, _time(call, number + index, day), f"{seed}/{index}")
        yield record | {"userIdentity": identity_in(record["userIdentity"], session, label, day, index)}


def _activity(scenario: Scenario) -> Iterator[Json]:
    for call in activity_of(scenario.world):
        yield {**call, "days": [scenario.content["days"], 0]}


def _time(call: Json, number: int, day: date) -> str:
    """When a call happens: at an hour of its span that changes from day to day."""
    first, last = call.get("hours", [9, 17])
    hour = first + (day.toordinal() * 7 + number) % max(1, last - first)
    return f"{day}T{hour:02}:{(number * 7 + day.day) % 60:02}:{number % 60:02}Z"


def _record(call: Json, time: str, seed: str) -> Json:
    record = record_of(call, time, seed)
    service = call["action"].partition(":")[0]
    if call["resource"] == "*" or service in ("iam", "sts", *_FIELDS):
        record["requestParameters"] = _parameters(call, service)
        record.pop("resources", None)
    record["eventSource"] = f"{_EVENT_SOURCES.get(service, service)}.amazonaws.com"
    record["eventName"] = _EVENT_NAMES.get(call["action"], record["eventName"])
    if call.get("console"):
        record |= {"userAgent": _BROWSER, "sessionCredentialFromConsole": "true"}
    record |= {
        place: call[key] for key, place in (("agent", "userAgent"), ("network", "sourceIPAddress")) if key in call
    }
    if "key" in call:
        record["userIdentity"]["accessKeyId"] = call["key"]
    if call["action"] == "sts:AssumeRole" and not call.get("error"):
        role = call["resource"]
        record["responseElements"] = {
            "credentials": {"accessKeyId": key_of("ASIA", role), "expiration": "Mar 1, 2026, 9:00:00 AM"},
            "assumedRoleUser": {
                "assumedRoleId": f"{unique_id(role)}:work",
                "arn": f"arn:aws:sts::{account_of(role)}:assumed-role/{role.rpartition('/')[2]}/work",
            },
        }
        record["resources"] = [{"accountId": account_of(role), "type": "AWS::IAM::Role", "ARN": role}]
    return record


def _parameters(call: Json, service: str) -> Json | None:
    """The request parameters that name the resource."""
    arn = call["resource"]
    if arn == "*":
        return None
    last = arn.rpartition("/")[2]
    if call["action"] == "sts:AssumeRole":
        return {"roleArn": arn, "roleSessionName": "work"}
    if service == "iam":
        kind = arn.split(":", 5)[5].partition("/")[0]
        return {"policyArn": arn} if kind == "policy" else {f"{kind}Name": last}
    if service == "logs":
        return {"logGroupName": arn.split(":")[6]} | (
            {"logStreamName": "today"} if "Stream" in call["action"] or "Events" in call["action"] else {}
        )
    if service == "cloudformation":
        return {"stackName": arn.split("/")[1]}
    if service == "ssm":
        return {"name": arn.partition(":parameter")[2]}
    if service in ("sns", "states"):
        return {_FIELDS[service]: arn}
    return {_FIELDS[service]: last} if service in _FIELDS else None


def _sign_in(sign_in: Json, time: str, seed: str) -> Json:
    """The record of a user who signs in to the console."""
    by = sign_in["by"]
    account, name = account_of(by), by.rpartition("/")[2]
    used = "Yes" if sign_in.get("mfa") else "No"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": unique_id(by),
            "arn": by,
            "accountId": account,
            "userName": name,
        },
        "eventTime": time,
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1",
        "sourceIPAddress": sign_in.get("network", "203.0.113.25"),
        "userAgent": _BROWSER,
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": used,
        },
        "eventID": uuid_of(seed),
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "eventCategory": "Management",
        "recipientAccountId": account,
    }
