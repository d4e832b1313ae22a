"""Writes the worlds of scenarios as files, for the judges of several commands."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

CREATED: Final = "2025-01-05T09:00:00+00:00"
"""When all roles, users and policies were created: long before the logs begin."""

DATA_TYPES: Final = {
    "s3": "AWS::S3::Object",
    "dynamodb": "AWS::DynamoDB::Table",
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "lambda": "AWS::Lambda::Function",
}
"""The resource type of each service's data events."""


def write_json(path: Path, content: Any) -> str:
    """Writes a file, with its folder, and returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)


def write_logs(records: Iterable[Json], folder: Path) -> None:
    """A log file per account and Region, under the path that a trail gives it; one for all days is faster to ingest."""
    places = defaultdict(list)
    for record in records:
        places[record["recipientAccountId"], record["awsRegion"]].append(record)
    for (account, region), found in places.items():
        below = folder / "AWSLogs" / account / "CloudTrail" / region / "2026" / "03" / "01"
        below.mkdir(parents=True)
        found.sort(key=lambda record: str(record["eventTime"]))
        name = f"{account}_CloudTrail_{region}_20260301T0005Z_a1B2c3D4e5F6g7H8.json.gz"
        with gzip.open(below / name, "wt", compresslevel=1) as file:
            json.dump({"Records": found}, file)


def write_trails(
    file: Path,
    accounts: Iterable[str],
    services: Iterable[str],
    *,
    home: str,
    partition: str = "aws",
    is_multi_region: bool = True,
) -> str:
    """Writes a trail per account that logs all management events, and the data events of some services."""
    selectors = [{"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    for service in services:
        wanted = {"eventCategory": "Data", "resources.type": DATA_TYPES[service]}
        fields = [{"Field": field, "Equals": [value]} for field, value in wanted.items()]
        selectors.append({"Name": service, "FieldSelectors": fields})
    documents: list[Json] = []
    for account in accounts:
        arn = f"arn:{partition}:cloudtrail:{home}:{account}:trail/main"
        named = {"TrailARN": arn, "Name": "main", "IsOrganizationTrail": False, "HasCustomEventSelectors": True}
        regions = {"HomeRegion": home, "IsMultiRegionTrail": is_multi_region, "IncludeGlobalServiceEvents": True}
        documents += [{"Trail": named | regions}, {"TrailARN": arn, "AdvancedEventSelectors": selectors}]
    file.write_text("\n".join(map(json.dumps, documents)))
    return str(file)


def managed_policy(arn: str, document: Json, unique: str, attachments: int = 0, boundaries: int = 0) -> Json:
    """A customer managed policy as `aws iam get-account-authorization-details` prints it."""
    version = {"Document": document, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": CREATED}
    return {
        "PolicyName": arn.rpartition("/")[2],
        "PolicyId": f"ANPA{unique[4:]}",
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": True,
        "CreateDate": CREATED,
        "UpdateDate": CREATED,
        "PolicyVersionList": [version],
    }
