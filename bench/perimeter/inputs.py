"""Writes a scenario as inputs of `lpgen ingest` and `lpgen perimeter`."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from bench.perimeter.records import records_of, unique_id
from bench.perimeter.scenario_files import KINDS, Json, Scenario, account_of

_DATE: Final = "2025-01-05T09:00:00+00:00"
_RESOURCE_TYPES: Final = {
    "s3": "AWS::S3::Object",
    "dynamodb": "AWS::DynamoDB::Table",
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "lambda": "AWS::Lambda::Function",
}


_UNRELATED: Final = "arn:aws:s3:::unrelated-policy"


def write_inputs(scenario: Scenario, folder: Path) -> list[str]:
    """Writes a scenario's files into a folder, and returns the options of `lpgen perimeter` that name them.

    Its logs are in `logs` below the folder; the options name the data folder `data` next to it.
    """
    content = scenario.content
    _write_logs(scenario, folder / "logs")
    for account in scenario.members:
        _write(folder / "policies" / f"{account}.json", _authorization_details(content, account))
    # The folder must have a file to show that resources without one have no policy.
    known = scenario.old_policies or {_UNRELATED: {"Version": "2012-10-17", "Statement": []}}
    for index, (arn, document) in enumerate(known.items()):
        policy = {"resource": arn, "account": scenario.owner_of(arn), "policy": document}
        _write(folder / "resource-policies" / f"{index}.json", policy)
    options = ["--data", str(folder / "data"), "--policies", str(folder / "policies")]
    options += ["--resource-policies", str(folder / "resource-policies")]
    options += ["--trails", _write_trails(scenario, folder / "trails.json")]
    if scenario.organization:
        options += ["--organization", scenario.organization]
    if scenario.endpoints:
        entries = [{"VpcEndpointType": "Interface", "State": "available", **found} for found in scenario.endpoints]
        options += ["--endpoints", _write(folder / "endpoints.json", {"VpcEndpoints": entries})]
    given: list[str] = content.get("options", [])
    kinds = [] if "--kind" in given else [word for kind in KINDS for word in ("--kind", kind)]
    return [*options, *kinds, *given, "--format", "json"]


def _write_logs(scenario: Scenario, folder: Path) -> None:
    """A log file per account, under the path that a trail gives it; one for all days is faster to ingest."""
    records = defaultdict(list)
    for record in records_of(scenario):
        records[record["recipientAccountId"]].append(record)
    for account, found in records.items():
        below = folder / "AWSLogs" / account / "CloudTrail" / scenario.region / "2026" / "03" / "01"
        below.mkdir(parents=True)
        found.sort(key=lambda record: str(record["eventTime"]))
        name = f"{account}_CloudTrail_{scenario.region}_20260301T0005Z_a1B2c3D4e5F6g7H8.json.gz"
        with gzip.open(below / name, "wt", compresslevel=1) as file:
            json.dump({"Records": found}, file)


def _write_trails(scenario: Scenario, file: Path) -> str:
    """A trail per account that logs all management events of all Regions, and some data events."""
    selectors = [{"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    for service in scenario.data_services:
        wanted = {"eventCategory": "Data", "resources.type": _RESOURCE_TYPES[service]}
        fields = [{"Field": field, "Equals": [value]} for field, value in wanted.items()]
        selectors.append({"Name": service, "FieldSelectors": fields})
    documents: list[Json] = []
    for account in scenario.members:
        arn = f"arn:{scenario.partition}:cloudtrail:{scenario.region}:{account}:trail/main"
        regions = {"HomeRegion": scenario.region, "IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True}
        named = {"TrailARN": arn, "Name": "main", "IsOrganizationTrail": False, "HasCustomEventSelectors": True}
        documents += [{"Trail": named | regions}, {"TrailARN": arn, "AdvancedEventSelectors": selectors}]
    file.write_text("\n".join(map(json.dumps, documents)))
    return str(file)


def _authorization_details(content: Json, account: str) -> Json:
    """An account as `aws iam get-account-authorization-details` prints it."""
    found = [one for one in content["principals"] if account_of(one["arn"]) == account]
    return {
        "UserDetailList": [entity_of(one, "User") for one in found if ":user/" in one["arn"]],
        "GroupDetailList": [],
        "RoleDetailList": [entity_of(one, "Role") for one in found if ":role/" in one["arn"]],
        "Policies": [],
    }


def entity_of(found: Json, kind: str) -> Json:
    arn = found["arn"]
    path, _, name = arn.split("/", 1)[1].rpartition("/")
    inline = [
        {"PolicyName": f"inline-{index}", "PolicyDocument": document}
        for index, document in enumerate(found.get("policies", []))
    ]
    entity: Json = {
        "Path": f"/{path}/" if path else "/",
        f"{kind}Name": name,
        f"{kind}Id": unique_id(arn),
        "Arn": arn,
        "CreateDate": _DATE,
        f"{kind}PolicyList": inline,
        "AttachedManagedPolicies": [],
        "Tags": [],
    }
    if kind == "User":
        return entity | {"GroupList": []}
    return entity | {"AssumeRolePolicyDocument": found["trust"], "InstanceProfileList": [], "RoleLastUsed": {}}


def _write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)
