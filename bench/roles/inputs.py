"""Writes a scenario as inputs of `lpgen ingest` and `lpgen roles`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

from bench.perimeter.inputs import entity_of
from bench.perimeter.records import END, unique_id
from bench.perimeter.scenario_files import account_of
from bench.roles.records import records_of
from bench.roles.scenario import Scenario
from bench.roles.snapshots import write_snapshot
from bench.scenario_reading import Json
from bench.scenario_worlds import CREATED, managed_policy, write_json, write_logs, write_trails
from bench.tags.scenario import DATA_SERVICES, HOME

_AWS: Final = "arn:aws:iam::aws:"


def write_inputs(scenario: Scenario, folder: Path) -> list[str]:
    """Writes a scenario's files into a folder, and returns the options of `lpgen roles` that name them.

    Its logs are in `logs` below the folder; the options name the data folder `data` next to it, with a snapshot.
    """
    write_logs(records_of(scenario), folder / "logs")
    details = {account: authorization_details(scenario, account) for account in scenario.accounts}
    write_snapshot(scenario, details, folder / "data")
    trails = write_trails(folder / "trails.json", scenario.accounts, DATA_SERVICES, home=HOME)
    options = ["--data", str(folder / "data"), "--trails", trails]
    for index, (arn, document) in enumerate(scenario.resource_policies.items()):
        owner = account_of(arn) or next(iter(scenario.accounts))
        policy = {"resource": arn, "account": owner, "policy": document}
        write_json(folder / "resource-policies" / f"{index}.json", policy)
    if scenario.resource_policies:
        options += ["--resource-policies", str(folder / "resource-policies")]
    return [*options, *scenario.content.get("options", []), "--format", "json"]


def authorization_details(scenario: Scenario, account: str) -> Json:
    """An account as `aws iam get-account-authorization-details` prints it.

    It also has the instance profiles, and the keys and MFA devices of users, as the commands print them that list them.
    """
    found = [one for arn, one in scenario.principals.items() if account_of(arn) == account]
    groups = {key: one for key, one in scenario.groups.items() if key.startswith(f"{account}/")}
    attached = [arn for one in (*found, *groups.values()) for arn in one.get("managed", ())]
    boundaries = [one.get("boundary") for one in found]
    policies = [
        managed_policy(arn, document, unique_id(arn), attachments=attached.count(arn), boundaries=boundaries.count(arn))
        for arn, document in scenario.managed_policies.items()
        if account_of(arn) == account or (arn.startswith(_AWS) and arn in (*attached, *boundaries))
    ]
    roles = [one for one in found if ":role/" in one["arn"]]
    entities = [_entity(one, "Role") for one in roles]
    profiles = [one for one in scenario.content.get("instance_profiles", ()) if account_of(one["arn"]) == account]
    for entity in entities:
        entity["InstanceProfileList"] = [
            _profile(one, entities) for one in profiles if entity["Arn"] in one.get("roles", ())
        ]
    return {
        "UserDetailList": [_entity(one, "User") for one in found if ":user/" in one["arn"]],
        "GroupDetailList": [_group(key, one) for key, one in groups.items()],
        "RoleDetailList": entities,
        "Policies": policies,
        "InstanceProfiles": [_profile(one, entities) for one in profiles],
    }


def _profile(profile: Json, roles: Iterable[Json]) -> Json:
    """An instance profile with its role, as IAM lists it."""
    arn = profile["arn"]
    path, _, name = arn.split("/", 1)[1].rpartition("/")
    held = [
        {key: one[key] for key in ("Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument")}
        for one in roles
        if one["Arn"] in profile.get("roles", ())
    ]
    return {
        "Path": f"/{path}/" if path else "/",
        "InstanceProfileName": name,
        "InstanceProfileId": f"AIPA{unique_id(arn)[4:]}",
        "Arn": arn,
        "CreateDate": CREATED,
        "Roles": held,
    }


def _group(key: str, found: Json) -> Json:
    account, _, name = key.partition("/")
    entity = entity_of({**found, "arn": f"arn:aws:iam::{account}:group/{name}", "trust": {}}, "Group")
    for absent in ("AssumeRolePolicyDocument", "InstanceProfileList", "RoleLastUsed", "GroupList", "Tags"):
        entity.pop(absent, None)
    return entity | {"GroupId": f"AGPA{unique_id(entity['Arn'])[4:]}"} | _attached(found)


def _entity(found: Json, kind: str) -> Json:
    entity = entity_of(found, kind) | _attached(found)
    entity["Tags"] = [{"Key": key, "Value": value} for key, value in found.get("tags", {}).items()]
    if kind == "User":
        entity["GroupList"] = list(found.get("groups", ()))
        entity["AccessKeys"] = [_key(entity["UserName"], one) for one in found.get("keys", ())]
        serial = found["arn"].replace(":user/", ":mfa/")
        entity["MFADevices"] = [{"UserName": entity["UserName"], "SerialNumber": serial}] if found.get("mfa") else []
    if arn := found.get("boundary"):
        entity["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return entity


def _key(user: str, key: Json) -> Json:
    """A key as `aws iam list-access-keys` and `get-access-key-last-used` print it."""
    status = "Active" if key.get("active", True) else "Inactive"
    used = {"ServiceName": "N/A", "Region": "N/A"}
    if key.get("last_used") is not None:
        used = {"ServiceName": "s3", "Region": HOME, "LastUsedDate": _days_back(key["last_used"])}
    named = {"UserName": user, "AccessKeyId": key["id"], "Status": status, "CreateDate": _days_back(key["age"])}
    return named | {"AccessKeyLastUsed": used}


def _days_back(days: int) -> str:
    return f"{END - timedelta(days=days)}T09:00:00+00:00"


def _attached(found: Json) -> Json:
    named = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in found.get("managed", ())]
    return {"AttachedManagedPolicies": named}
