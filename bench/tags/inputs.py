"""Writes a scenario as inputs of `lpgen ingest` and `lpgen tags`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Final

from bench.guardrails.records import heartbeat_of
from bench.perimeter.evaluator import as_list
from bench.perimeter.inputs import entity_of
from bench.perimeter.records import unique_id
from bench.perimeter.scenario_files import account_of
from bench.scenario_reading import Json
from bench.scenario_worlds import managed_policy, write_json, write_logs, write_trails
from bench.tags.records import records_of
from bench.tags.scenario import HOME, Scenario

_FULL_ACCESS: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def write_inputs(scenario: Scenario, folder: Path) -> list[str]:
    """Writes a scenario's files into a folder, and returns the options of `lpgen tags` that name them.

    Its logs are in `logs` below the folder; the options name the data folder `data` next to it.
    """
    write_logs(records_of(scenario), folder / "logs")
    for account in scenario.accounts:
        write_json(folder / "policies" / f"{account}.json", _authorization_details(scenario, account))
    options = ["--data", str(folder / "data"), "--policies", str(folder / "policies")]
    options += ["--trails", write_trails(folder / "trails.json", scenario.accounts, scenario.data_services, home=HOME)]
    for name, pages in _resource_tags(scenario).items():
        options += ["--resource-tags", write_json(folder / "resource-tags" / f"{name}.json", pages)]
    if levels := scp_levels(scenario):
        options += ["--scps", write_json(folder / "scps.json", levels)]
    return [*options, *scenario.content.get("options", []), "--format", "json"]


def scp_levels(scenario: Scenario) -> list[list[Json]]:
    """The SCPs of an account by level; those that only deny are attached next to FullAWSAccess."""
    documents: list[Json] = scenario.content.get("scps", [])
    effects = {statement["Effect"] for document in documents for statement in as_list(document["Statement"])}
    full = [] if "Allow" in effects else [_FULL_ACCESS]
    return [[_FULL_ACCESS], [*full, *documents]] if documents else []


def _resource_tags(scenario: Scenario) -> dict[str, list[Json]]:
    """The answers of the tagging API by account and Region."""
    places = defaultdict(list)
    for arn, tags in scenario.listed.items():
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        region = arn.split(":")[3] or HOME
        places[f"{scenario.owner_of(arn)}-{region}"].append({"ResourceARN": arn, "Tags": pairs})
    return {
        name: [{"ResourceTagMappingList": found[at : at + 50]} for at in range(0, len(found), 50)]
        for name, found in places.items()
    }


def _authorization_details(scenario: Scenario, account: str) -> Json:
    """An account as `aws iam get-account-authorization-details` prints it."""
    found = [one for arn, one in scenario.principals.items() if account_of(arn) == account]
    attached = [arn for one in found for arn in one.get("managed", ())]
    policies = [
        managed_policy(arn, document, unique_id(arn), attachments=attached.count(arn))
        for arn, document in scenario.managed_policies.items()
        if account_of(arn) == account
    ]
    policies += [
        managed_policy(boundary_arn(one), one["boundary"], unique_id(boundary_arn(one)), boundaries=1)
        for one in found
        if "boundary" in one
    ]
    found.append(heartbeat_of(account))
    return {
        "UserDetailList": [_entity(one, "User") for one in found if ":user/" in one["arn"]],
        "GroupDetailList": [],
        "RoleDetailList": [_entity(one, "Role") for one in found if ":role/" in one["arn"]],
        "Policies": policies,
    }


def _entity(found: Json, kind: str) -> Json:
    entity = entity_of(found, kind)
    entity[f"{kind}PolicyList"] = [
        {"PolicyName": f"p{index}", "PolicyDocument": document}
        for index, document in enumerate(found.get("policies", []))
    ]
    entity["AttachedManagedPolicies"] = [
        {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in found.get("managed", [])
    ]
    entity["Tags"] = [{"Key": key, "Value": value} for key, value in found.get("tags", {}).items()]
    if "boundary" in found:
        arn = boundary_arn(found)
        entity["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return entity


def boundary_arn(found: Json) -> str:
    """The ARN of a listed principal's permissions boundary."""
    return f"arn:aws:iam::{account_of(found['arn'])}:policy/boundary-of-{found['arn'].rpartition('/')[2]}"
