"""Writes a scenario as inputs of `lpgen ingest` and `lpgen guardrails`."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from bench.guardrails.records import heartbeat_of, records_of
from bench.guardrails.scenario import HOME, Scenario
from bench.perimeter.inputs import entity_of
from bench.perimeter.records import unique_id
from bench.perimeter.scenario_files import DATA_EVENTS, Json, account_of

_DATE: Final = "2025-01-05T09:00:00+00:00"
_DATA_TYPES: Final = {
    "s3": "AWS::S3::Object",
    "dynamodb": "AWS::DynamoDB::Table",
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "lambda": "AWS::Lambda::Function",
}


def write_inputs(scenario: Scenario, folder: Path) -> list[str]:
    """Writes a scenario's files into a folder, and returns the options of the command that name them.

    Its logs are in `logs` below the folder; the options expect their data folder in `data`, next to it.
    """
    content = scenario.content
    _write_logs(scenario, folder / "logs")
    for account in scenario.accounts:
        _write(folder / "policies" / f"{account}.json", _authorization_details(scenario, account))
    options = ["--data", str(folder / "data"), "--policies", str(folder / "policies")]
    options += ["--trails", _write_trails(scenario, folder / "trails.json")]
    if "scps" in content:
        options += ["--scps", _write(folder / "scps.json", content["scps"])]
    if scenario.command == "scp":
        options += ["--units", _write(folder / "units.json", content["organization"])]
    if "access_reports" in content:
        for unit, rows in content["access_reports"].items():
            _write(folder / "access-reports" / f"{unit}.json", _access_report(rows))
        options += ["--access-reports", str(folder / "access-reports")]
    if scenario.command == "scp":
        options += ["--inventory", _write(folder / "inventory.json", content.get("inventory", []))]
    return [*options, *scenario.options, "--format", "json"]


def _write_logs(scenario: Scenario, folder: Path) -> None:
    """A log file per account and Region, under the path that a trail gives it."""
    records = defaultdict(list)
    for record in records_of(scenario):
        records[record["recipientAccountId"], record["awsRegion"]].append(record)
    for (account, region), found in records.items():
        below = folder / "AWSLogs" / account / "CloudTrail" / region / "2026" / "03" / "01"
        below.mkdir(parents=True)
        found.sort(key=lambda record: str(record["eventTime"]))
        name = f"{account}_CloudTrail_{region}_20260301T0005Z_a1B2c3D4e5F6g7H8.json.gz"
        with gzip.open(below / name, "wt", compresslevel=1) as file:
            json.dump({"Records": found}, file)


def _write_trails(scenario: Scenario, file: Path) -> str:
    """A trail per logged account, with management events and data events."""
    selectors = [{"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    for service in DATA_EVENTS:
        wanted = {"eventCategory": "Data", "resources.type": _DATA_TYPES[service]}
        fields = [{"Field": field, "Equals": [value]} for field, value in wanted.items()]
        selectors.append({"Name": service, "FieldSelectors": fields})
    documents: list[Json] = []
    for account in scenario.logged:
        arn = f"arn:aws:cloudtrail:{HOME}:{account}:trail/main"
        named = {"TrailARN": arn, "Name": "main", "IsOrganizationTrail": False, "HasCustomEventSelectors": True}
        regions = {"HomeRegion": HOME, "IsMultiRegionTrail": scenario.is_multi_region}
        trail = named | regions | {"IncludeGlobalServiceEvents": True}
        documents += [{"Trail": trail}, {"TrailARN": arn, "AdvancedEventSelectors": selectors}]
    file.write_text("\n".join(map(json.dumps, documents)))
    return str(file)


def _authorization_details(scenario: Scenario, account: str) -> Json:
    """An account as `aws iam get-account-authorization-details` prints it."""
    found = [one for arn, one in scenario.principals.items() if account_of(arn) == account]
    found += [heartbeat_of(account)] if account in scenario.logged else []
    return {
        "UserDetailList": [_entity(one, "User") for one in found if ":user/" in one["arn"]],
        "GroupDetailList": [],
        "RoleDetailList": [_entity(one, "Role") for one in found if ":role/" in one["arn"]],
        "Policies": [_boundary_policy(one) for one in found if "boundary" in one],
    }


def _entity(found: Json, kind: str) -> Json:
    entity = entity_of(found, kind)
    if "boundary" in found:
        arn = boundary_arn_of(found)
        entity["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return entity


def boundary_arn_of(found: Json) -> str:
    """The ARN of a listed principal's present boundary."""
    return f"arn:aws:iam::{account_of(found['arn'])}:policy/boundary-of-{found['arn'].rpartition('/')[2]}"


def _boundary_policy(found: Json) -> Json:
    arn = boundary_arn_of(found)
    version = {"Document": found["boundary"], "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": _DATE}
    return {
        "PolicyName": arn.rpartition("/")[2],
        "PolicyId": "ANPA" + unique_id(arn)[4:],
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 1,
        "IsAttachable": True,
        "CreateDate": _DATE,
        "UpdateDate": _DATE,
        "PolicyVersionList": [version],
    }


def _access_report(rows: list[Json]) -> Json:
    """A report as `aws iam get-organizations-access-report` prints it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOrganizationsAccessReport.html
    """
    details = [
        {"ServiceName": row["ServiceNamespace"].title(), "TotalAuthenticatedEntities": int(_has_date(row))} | row
        for row in rows
    ]
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": "2026-03-01T00:00:05+00:00",
        "JobCompletionDate": "2026-03-01T00:01:05+00:00",
        "NumberOfServicesAccessible": len(rows),
        "NumberOfServicesNotAccessed": sum(not _has_date(row) for row in rows),
        "AccessDetails": details,
        "IsTruncated": False,
    }


def _has_date(row: Json) -> bool:
    return "LastAuthenticatedTime" in row


def _write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)
