"""Writes a scenario as inputs of `lpgen ingest` and `lpgen perimeter`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.perimeter.records import records_of, unique_id
from bench.perimeter.scenario_files import KINDS, Scenario, account_of
from bench.scenario_reading import Json
from bench.scenario_worlds import CREATED, write_json, write_logs, write_trails

_UNRELATED: Final = "arn:aws:s3:::unrelated-policy"


def write_inputs(scenario: Scenario, folder: Path) -> list[str]:
    """Writes a scenario's files into a folder, and returns the options of `lpgen perimeter` that name them.

    Its logs are in `logs` below the folder; the options name the data folder `data` next to it.
    """
    content = scenario.content
    write_logs(records_of(scenario), folder / "logs")
    for account in scenario.members:
        write_json(folder / "policies" / f"{account}.json", _authorization_details(content, account))
    # The folder must have a file to show that resources without one have no policy.
    known = scenario.old_policies or {_UNRELATED: {"Version": "2012-10-17", "Statement": []}}
    for index, (arn, document) in enumerate(known.items()):
        policy = {"resource": arn, "account": scenario.owner_of(arn), "policy": document}
        write_json(folder / "resource-policies" / f"{index}.json", policy)
    options = ["--data", str(folder / "data"), "--policies", str(folder / "policies")]
    options += ["--resource-policies", str(folder / "resource-policies")]
    trails, home = folder / "trails.json", scenario.region
    written = write_trails(trails, scenario.members, scenario.data_services, home=home, partition=scenario.partition)
    options += ["--trails", written]
    if scenario.organization:
        options += ["--organization", scenario.organization]
    if scenario.endpoints:
        entries = [{"VpcEndpointType": "Interface", "State": "available", **found} for found in scenario.endpoints]
        options += ["--endpoints", write_json(folder / "endpoints.json", {"VpcEndpoints": entries})]
    given: list[str] = content.get("options", [])
    kinds = [] if "--kind" in given else [word for kind in KINDS for word in ("--kind", kind)]
    return [*options, *kinds, *given, "--format", "json"]


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
        "CreateDate": CREATED,
        f"{kind}PolicyList": inline,
        "AttachedManagedPolicies": [],
        "Tags": [],
    }
    if kind == "User":
        return entity | {"GroupList": []}
    return entity | {"AssumeRolePolicyDocument": found["trust"], "InstanceProfileList": [], "RoleLastUsed": {}}
