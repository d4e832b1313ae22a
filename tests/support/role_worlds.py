"""Small organizations for tests of `lpgen roles`: principals and calls in a line each, as files and as a report."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from lpgen.app.api import ingest
from lpgen.app.inputs import AnalysisFiles, read_choices, read_inputs
from lpgen.app.roles import roles
from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import RolesReport

Json = dict[str, Any]
ACCOUNT = "111122223333"
END = date(2026, 3, 1)
CLI = "aws-cli/2.15.30 Python/3.11.8"
BOTO = "Boto3/1.40.21 md/Botocore#1.40.21"
BY_NAME = {"dynamodb": "tableName", "s3": "bucketName", "sqs": "queueUrl", "ecr": "repositoryName", "iam": "roleName"}


def arn_of(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:{name}"


def service(name: str = "lambda") -> Json:
    return {"Service": f"{name}.amazonaws.com"}


def allow(actions: Sequence[str], resource: str = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


@dataclass(frozen=True, slots=True)
class Call:
    """A call on some of the days, at an hour that changes within `hours`."""

    by: str
    action: str
    name: str = "*"
    days: int = 120
    last: int = 0
    every: int = 1
    weekdays: bool = False
    hours: tuple[int, int] = (9, 17)
    key: str = "AKIA0000000000000001"
    agent: str = BOTO
    source: str = "203.0.113.5"
    session: str = "session"
    source_identity: str = ""
    issued_to: str = ""

    def records(self) -> Iterable[Json]:
        service_name, _, event = self.action.partition(":")
        account, kind = self.by.split(":")[4], "User" if ":user/" in self.by else "Role"
        name = f"https://sqs.us-east-1.amazonaws.com/{account}/{self.name}" if service_name == "sqs" else self.name
        for back in range(self.days, self.last, -self.every):
            day = END - timedelta(back)
            if self.weekdays and day.isoweekday() > 5:
                continue
            digest = hashlib.sha256(f"{self}{day}".encode()).hexdigest()
            hour = self.hours[0] + int(digest, 16) % (self.hours[1] - self.hours[0])
            yield {
                "eventVersion": "1.09",
                "eventID": digest[:32],
                "eventTime": f"{day}T{hour:02}:{int(digest[:2], 16) % 60:02}:00Z",
                "eventSource": f"{service_name}.amazonaws.com",
                "eventName": event,
                "eventCategory": "Management",
                "managementEvent": True,
                "readOnly": event.startswith(("Get", "List", "Describe")),
                "eventType": "AwsApiCall",
                "awsRegion": "us-east-1",
                "recipientAccountId": account,
                "sourceIPAddress": self.source,
                "userAgent": self.agent,
                "userIdentity": self._identity(kind),
                "requestParameters": {BY_NAME.get(service_name, "name"): name} if self.name != "*" else None,
                **self._sign_in(event),
            }

    def _identity(self, kind: str) -> Json:
        found = _identity(self.by, kind, self.key, self.session)
        if self.source_identity:
            found["sessionContext"]["sourceIdentity"] = self.source_identity
        if self.issued_to:
            found["inScopeOf"] = {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": self.issued_to}
        return found

    def _sign_in(self, event: str) -> Json:
        if event != "ConsoleLogin":
            return {}
        more = {"additionalEventData": {"MFAUsed": "Yes"}, "responseElements": {"ConsoleLogin": "Success"}}
        return {"eventType": "AwsConsoleSignIn", "userAgent": "Mozilla/5.0 (X11)", **more}


def sign_in(by: str, **more: Any) -> Call:
    return Call(by, "signin:ConsoleLogin", weekdays=True, **more)


def _id(arn: str, kind: str) -> str:
    prefix = "AIDA" if kind == "User" else "AROA"
    return prefix + hashlib.sha256(arn.encode()).hexdigest()[:17].upper()


@dataclass(frozen=True, slots=True)
class Assume:
    """Requests of an AWS service, or of a role of the account, for sessions of a role, every day."""

    role: str
    session: str
    by: str = "lambda.amazonaws.com"
    source_identity: str = ""

    def records(self) -> Iterable[Json]:
        for record in Call(self.by if ":" in self.by else self.role, "sts:AssumeRole", "x").records():
            asked = {"roleArn": self.role, "roleSessionName": self.session}
            if self.source_identity:
                asked["sourceIdentity"] = self.source_identity
            record |= {"requestParameters": asked, "eventID": f"{self.session}-{record['eventID']}"[:36]}
            if ":" not in self.by:
                record["userIdentity"] = {"type": "AWSService", "invokedBy": self.by}
            yield record


def _identity(arn: str, kind: str, key: str, name: str) -> Json:
    found = {"principalId": _id(arn, kind), "arn": arn, "accountId": arn.split(":")[4]}
    if kind == "User":
        return {"type": "IAMUser", "userName": arn.rpartition("/")[2], "accessKeyId": key, **found}
    session = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{name}"
    issuer = {"type": "Role", "userName": arn.rpartition("/")[2], **found}
    context = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    return {"type": "AssumedRole", **found, "principalId": f"{found['principalId']}:{name}", "arn": session} | {
        "sessionContext": context
    }


@dataclass(frozen=True, slots=True)
class Someone:
    """A principal with one inline policy. A role has `trust`, the principals of its trust policy."""

    name: str
    statements: tuple[Json, ...] = ()
    trust: Json | None = None
    tags: tuple[tuple[str, str], ...] = ()
    account: str = ACCOUNT
    groups: tuple[str, ...] = ()
    boundary: str = ""
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def arn(self) -> str:
        return arn_of(self.name, self.account)

    @property
    def kind(self) -> str:
        return "User" if self.name.startswith("user/") else "Role"

    def entity(self) -> Json:
        path, _, name = self.name.partition("/")[2].rpartition("/")
        policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(self.statements)}}
        entity: Json = {
            "Path": f"/{path}/" if path else "/",
            f"{self.kind}Name": name,
            f"{self.kind}Id": _id(self.arn, self.kind),
            "Arn": self.arn,
            "CreateDate": "2025-01-05T09:00:00+00:00",
            f"{self.kind}PolicyList": [policy] if self.statements else [],
            "AttachedManagedPolicies": [],
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags],
            **dict(self.more),
        }
        if self.boundary:
            entity["PermissionsBoundary"] = {"PermissionsBoundaryArn": self.boundary}
        if self.kind == "User":
            return entity | {"GroupList": list(self.groups)}
        action = "sts:AssumeRoleWithWebIdentity" if "Federated" in (self.trust or {}) else "sts:AssumeRole"
        trusted = [{"Effect": "Allow", "Principal": self.trust or service(), "Action": action}]
        document = {"Version": "2012-10-17", "Statement": trusted}
        return entity | {"AssumeRolePolicyDocument": document, "InstanceProfileList": [], "RoleLastUsed": {}}


def write_world(
    folder: Path, people: Sequence[Someone], calls: Iterable[Call | Assume], **details: Any
) -> tuple[Path, Path]:
    """Writes logs and policies, ingests the logs, and returns the data folder and the folder of policies.

    Every day, a role of the account lists roles in all Regions of the logs. `details` are further authorization
    details of the account.
    """
    reader = Someone("role/reader", (allow(["iam:ListRoles"]),), service("config"))
    busy = [Call(reader.arn, "iam:ListRoles"), Call(reader.arn, "iam:TagRole", "reader")]
    records = [record for call in (*busy, *calls) for record in call.records()]
    for account in {record["recipientAccountId"] for record in records}:
        logs = folder / "logs" / "AWSLogs" / account / "CloudTrail" / "us-east-1" / "2026" / "03" / "01"
        logs.mkdir(parents=True)
        own = [record for record in records if record["recipientAccountId"] == account]
        with gzip.open(logs / f"{account}_CloudTrail_us-east-1_20260301T0005Z_a1B2c3D4e5F6g7H8.json.gz", "wt") as file:
            json.dump({"Records": sorted(own, key=lambda record: record["eventTime"])}, file)
    everyone = [*people, reader]
    page = {
        "UserDetailList": [one.entity() for one in everyone if one.kind == "User"],
        "RoleDetailList": [one.entity() for one in everyone if one.kind == "Role"],
        "GroupDetailList": [],
        "Policies": [],
        **details,
    }
    policies = folder / "policies"
    policies.mkdir()
    (policies / f"{ACCOUNT}.json").write_text(json.dumps(page))
    ingest(folder / "logs", data=folder / "data")
    return folder / "data", policies


def report_of(
    folder: Path,
    people: Sequence[Someone],
    calls: Iterable[Call | Assume],
    parts: Sequence[RolesPart] = tuple(RolesPart),
    **details: Any,
) -> RolesReport:
    """What `lpgen roles` says about a world, without a backtest."""
    data, policies = write_world(folder, people, calls, **details)
    choices = read_choices(min_days=90)
    return roles(read_inputs(data, AnalysisFiles((policies,)), choices), parts)
