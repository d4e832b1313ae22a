"""CloudTrail records of uses.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any, Final

from bench.corpus.calendar import Use
from bench.corpus.operations.delivery import OPERATIONS
from bench.corpus.operations.table import GLOBAL, Operation
from bench.corpus.principals import Principal
from bench.corpus.profile import stable_number

Json = dict[str, Any]

AGENTS: Final = {
    "lambda": "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux lang/python#3.13.5 exec-env/AWS_Lambda_python3.13",
    "ec2": "aws-sdk-go-v2/1.32.4 os/linux lang/go#1.24.3",
    "ecs": "aws-sdk-java/2.31.5 md/io#sync os/Linux lang/java#21.0.6 exec-env/AWS_ECS_FARGATE",
    "oidc": "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 aws-sdk-go-v2/1.36.3",
    "sso": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
    "user": "aws-cli/2.27.7 md/awscrt#0.26.1 ua/2.1 os/linux lang/python#3.13.3",
    "role": "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux lang/python#3.12.9",
    "irsa": "aws-sdk-go-v2/1.36.6 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux md/GOARCH#amd64",
    "vendor": "Boto3/1.38.46 md/Botocore#1.38.46 ua/2.1 os/linux lang/python#3.11.13",
}
"""The user agent by a profile's caller."""
_INTRUDER_AGENT: Final = "python-requests/2.32.3"
_UNDERCOVER: Final = frozenset(("slow", "mimicry", "peers"))
"""Themes whose intruders act from where the principal works, with its tools."""
_BUCKET_TYPE: Final = "AWS::S3::Bucket"
_ERRORS: Final = {"ec2": "Client.UnauthorizedOperation", "s3": "AccessDenied", "sns": "AuthorizationError"}
_ACCESS_DENIED: Final = ("iam", "kms", "sts", "cloudtrail", "sqs", "organizations", "cloudformation")


def region_of(use: Use, principal: Principal) -> str:
    """The Region whose trail files hold the record."""
    if use.action.partition(":")[0] in GLOBAL:
        return "us-east-1"
    return use.region or (use.place.arn.split(":", 5)[3] if use.place.arn.count(":") > 4 else "") or principal.region


def write_record(use: Use, principal: Principal, moment: datetime, rng: random.Random, *, allowed: bool) -> Json:
    """The record of a use, which was refused unless allowed."""
    operation = OPERATIONS[use.action]
    is_strange = bool(use.scenario) and use.scenario not in _UNDERCOVER
    region = region_of(use, principal)
    account, arn = principal.account.id, use.place.arn
    service = use.invoked_by or ("" if use.scenario else principal.profile.service)
    request = operation.request_of(arn, region, account) | dict(use.params)
    answer = operation.response_of(arn, region, account)
    if use.answer is not None:
        answer = (answer or {}) | dict(use.answer)
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": _identity(principal, moment, service),
        "eventTime": zulu(moment),
        "eventSource": operation.source,
        "eventName": operation.event,
        "awsRegion": region,
        "sourceIPAddress": service or address_of(principal, use.scenario if is_strange else ""),
        "userAgent": service or (_INTRUDER_AGENT if is_strange else AGENTS[principal.profile.caller]),
        "requestParameters": request or None,
        "responseElements": answer if allowed and not use.error else None,
        "requestID": uuid_of(rng),
        "eventID": uuid_of(rng),
        "readOnly": operation.reads,
        "eventType": "AwsApiCall",
        "managementEvent": not operation.data_type,
        "recipientAccountId": account,
        "eventCategory": "Data" if operation.data_type else "Management",
    }
    if not allowed:
        record |= _refusal(operation, principal, arn)
    elif use.error:
        record |= {"errorCode": use.error} | ({"errorMessage": use.message} if use.message else {})
    if principal.profile.console:
        record |= {"sessionCredentialFromConsole": "true", "userAgent": AGENTS["sso"]}
    owner = (arn.split(":", 5)[4:5] or [""])[0] if principal.kind.role or principal.member else ""
    if resources := _resources(operation, arn, owner or account):
        record["resources"] = resources
    return record


def _refusal(operation: Operation, principal: Principal, arn: str) -> Json:
    default = "AccessDenied" if operation.service in _ACCESS_DENIED else "AccessDeniedException"
    where = f" on resource: {arn}" if arn != "*" else ""
    return {
        "errorCode": _ERRORS.get(operation.service, default),
        "errorMessage": f"User: {principal.arn} is not authorized to perform: {operation.action}{where} because no "
        f"identity-based policy allows the {operation.action} action",
    }


def _resources(operation: Operation, arn: str, account: str) -> list[Json]:
    """The `resources` element, which data events, KMS and STS have."""
    if operation.data_type == "AWS::S3::Object":
        bucket = arn.partition("/")[0]
        objects = (
            [{"type": operation.data_type, "ARN": arn}]
            if "/" in arn
            else [{"type": operation.data_type, "ARNPrefix": f"{arn}/"}]
        )
        return [*objects, {"accountId": account, "type": _BUCKET_TYPE, "ARN": bucket}]
    if operation.data_type and operation.data_type != "never":
        owner = arn.partition("/index/")[0]
        return [{"accountId": account, "type": operation.data_type} | ({"ARN": owner} if owner != "*" else {})]
    if operation.service == "kms" and arn != "*":
        return [{"accountId": account, "type": "AWS::KMS::Key", "ARN": arn}]
    if operation.action == "sts:AssumeRole":
        return [{"accountId": arn.split(":")[4], "type": "AWS::IAM::Role", "ARN": arn}]
    return []


def _identity(principal: Principal, moment: datetime, service: str) -> Json:
    """The caller; `service` is the one that calls in its name, "" where there is none."""
    account = principal.account.id
    invoked = {"invokedBy": service} if service else {}
    if principal.is_user:
        return {
            "type": "IAMUser",
            "principalId": principal.unique_id,
            "arn": principal.arn,
            "accountId": account,
            "accessKeyId": f"AKIA{principal.unique_id[4:20]}",
            "userName": principal.profile.name,
        } | (_console_session(moment) if principal.profile.console else invoked)
    session = session_name(principal, moment)
    context: Json = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": principal.unique_id,
            "arn": principal.arn,
            "accountId": account,
            "userName": principal.profile.name,
        },
        "attributes": {"creationDate": zulu(moment.replace(minute=0, second=0)), "mfaAuthenticated": "false"},
    }
    if principal.profile.caller == "ec2":
        context["ec2RoleDelivery"] = "2.0"
    return {
        "type": "AssumedRole",
        "principalId": f"{principal.unique_id}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{principal.profile.name}/{session}",
        "accountId": account,
        "accessKeyId": f"ASIA{stable_number(session + principal.arn):010X}{moment:%j%H}X",
        "sessionContext": context,
    } | invoked


def _console_session(moment: datetime) -> Json:
    attributes = {"creationDate": zulu(moment.replace(minute=0, second=0)), "mfaAuthenticated": "true"}
    return {"accessKeyId": f"ASIA{moment:%Y%m%d%H}000000", "sessionContext": {"attributes": attributes}}


def write_assumption(principal: Principal, moment: datetime, rng: random.Random) -> Json:
    """The record of a service that assumes the role, the only one of work that trails don't show."""
    account, arn, service = principal.account.id, principal.arn, principal.profile.assumed_by
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSService", "invokedBy": service},
        "eventTime": zulu(moment),
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": principal.region,
        "sourceIPAddress": service,
        "userAgent": service,
        "requestParameters": {"roleArn": arn, "roleSessionName": session_name(principal, moment)},
        "responseElements": {
            "credentials": {"accessKeyId": f"ASIA{stable_number(arn):010d}{moment:%H%M}XX"},
            "assumedRoleUser": {"assumedRoleId": principal.unique_id, "arn": arn},
        },
        "requestID": uuid_of(rng),
        "eventID": uuid_of(rng),
        "readOnly": True,
        "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": arn}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "sharedEventID": uuid_of(rng),
        "eventCategory": "Management",
    }


def session_name(principal: Principal, moment: datetime) -> str:
    """The session's name, as the services and tools choose it."""
    number = stable_number(f"{principal.arn}/{moment:%Y%m%d}")
    match principal.profile.caller:
        case "lambda":
            return principal.profile.name
        case "ec2":
            return f"i-0{stable_number(f'{principal.arn}/{moment:%Y%m}'):08x}{number % 2**16:08x}"
        case "ecs":
            return f"{number:08x}{stable_number(principal.arn):08x}{number:016x}"
        case "oidc":
            return "GitHubActions"
        case "sso":
            return f"person{number % 5}@example.com"
        case "vendor":
            return "external-integration"
        case "irsa":
            return f"17{number:010d}{stable_number(principal.arn) % 10**7:07d}"
        case "cloudformation.amazonaws.com":
            return "AWSCloudFormation"
        case caller if "." in caller:
            return f"{number:08x}{stable_number(principal.arn):08x}"
        case _:
            return f"botocore-session-{1756684800 + number % 31_000_000}"


def address_of(principal: Principal, scenario: str = "") -> str:
    """The IP address of the principal, or of its intruder."""
    number = stable_number(principal.arn)
    if scenario:
        return f"198.51.100.{stable_number(scenario) % 250 + 1}"
    if principal.profile.caller in ("sso", "user", "vendor"):
        return f"203.0.113.{number % 250 + 1}"
    return f"10.{number % 8}.{number // 8 % 250}.{number // 2000 % 250}"


def uuid_of(rng: random.Random) -> str:
    """A random UUID."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def zulu(moment: datetime) -> str:
    """The time as records have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def spread(rng: random.Random, hours: tuple[int, int], day: datetime, count: int) -> list[datetime]:
    """Moments of a day within the hours, in order."""
    seconds = sorted(rng.sample(range(hours[0] * 3600, hours[1] * 3600 - 600), count))
    return [day + timedelta(seconds=second) for second in seconds]
