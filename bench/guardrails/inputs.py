"""Writes a scenario as inputs of `lpgen ingest` and `lpgen guardrails`."""

from __future__ import annotations

from pathlib import Path

from bench.guardrails.records import heartbeat_of, records_of
from bench.guardrails.scenario import HOME, Scenario
from bench.perimeter.inputs import entity_of
from bench.perimeter.records import unique_id
from bench.perimeter.scenario_files import DATA_EVENTS, account_of
from bench.scenario_reading import Json
from bench.scenario_worlds import managed_policy, write_json, write_logs, write_trails


def write_inputs(scenario: Scenario, folder: Path) -> list[str]:
    """Writes a scenario's files into a folder, and returns the options of the command that name them.

    Its logs are in `logs` below the folder; the options expect their data folder in `data`, next to it.
    """
    content = scenario.content
    write_logs(records_of(scenario), folder / "logs")
    for account in scenario.accounts:
        write_json(folder / "policies" / f"{account}.json", _authorization_details(scenario, account))
    options = ["--data", str(folder / "data"), "--policies", str(folder / "policies")]
    trails, is_multi_region = folder / "trails.json", scenario.is_multi_region
    written = write_trails(trails, scenario.logged, DATA_EVENTS, home=HOME, is_multi_region=is_multi_region)
    options += ["--trails", written]
    if "scps" in content:
        options += ["--scps", write_json(folder / "scps.json", content["scps"])]
    if scenario.command == "scp":
        options += ["--units", write_json(folder / "units.json", content["organization"])]
    if "access_reports" in content:
        for unit, rows in content["access_reports"].items():
            write_json(folder / "access-reports" / f"{unit}.json", _access_report(rows))
        options += ["--access-reports", str(folder / "access-reports")]
    if scenario.command == "scp":
        options += ["--inventory", write_json(folder / "inventory.json", content.get("inventory", []))]
    return [*options, *scenario.options, "--format", "json"]


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
    return managed_policy(arn, found["boundary"], unique_id(arn), boundaries=1)


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
