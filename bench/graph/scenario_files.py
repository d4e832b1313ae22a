"""Reads scenarios, refuses those with mistakes, and writes them as inputs of `lpgen graph`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from bench.perimeter.evaluator import as_list
from bench.scenario_reading import Json, document_mistakes, read_scenarios, unknown_keys

_FOLDER: Final = Path(__file__).parent / "scenarios"
FOLDERS: Final = {"open": _FOLDER, "held-back": _FOLDER / "held_back"}
_KEYS: Final = {
    name: frozenset(keys.split())
    for name, keys in {
        "scenario": "title sources principals groups scps rcps resource_policies compute checks",
        "principal": "arn policies trust boundary tags managed groups instance_profile",
        "compute": "arn role",
        "check": "from to expect why keys hops through if_exists rcp_unknown truncated not_rule",
        "document": "Version Id Statement",
        "statement": "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition",
    }.items()
}
_ID_PREFIXES: Final = {"User": "AIDA", "Group": "AGPA", "Role": "AROA", "InstanceProfile": "AIPA", "Policy": "ANPA"}
_DATE: Final = "2026-01-05T09:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world of principals, and what `lpgen graph` must say about it."""

    name: str
    half: str
    content: Json


def load_scenarios(half: str, folder: Path) -> list[Scenario]:
    """The scenarios of a folder, by name.

    Raises:
        ValueError: Files have mistakes; the message has a line per mistake, which names its file and place.
    """
    return read_scenarios(half, folder, Scenario, lambda scenario: _mistakes(scenario.content))


def _mistakes(content: Json) -> Iterator[str]:
    yield from unknown_keys(_KEYS, "scenario", "scenario", content)
    arns = [principal["arn"] for principal in content["principals"]]
    for index, principal in enumerate(content["principals"]):
        yield from unknown_keys(_KEYS, "principal", f"principals[{index}]", principal)
        if ("trust" in principal) != (_kind(principal["arn"]) == "Role"):
            yield f"principals[{index}]: a role has a trust policy, and a user has none"
    yield from document_mistakes(_KEYS, {key: value for key, value in content.items() if key != "checks"})
    for index, entry in enumerate(content.get("compute", [])):
        yield from unknown_keys(_KEYS, "compute", f"compute[{index}]", entry)
    for index, check in enumerate(content["checks"]):
        yield from unknown_keys(_KEYS, "check", f"checks[{index}]", check)
        if check["from"] not in arns or (check["to"].startswith("arn:aws:iam:") and check["to"] not in arns):
            yield f"checks[{index}]: {check['from']} or {check['to']} isn't a principal of the scenario"
        if check["expect"] not in ("open", "closed", "depends") or (check["expect"] == "depends") != ("keys" in check):
            yield f"checks[{index}]: no such expectation, or keys without one that depends"


def write_inputs(scenario: Scenario, folder: Path) -> list[str]:
    """Writes a scenario's files into a folder, and returns the options of `lpgen graph` that name them."""
    content = scenario.content
    (folder / "policies").mkdir(parents=True)
    for account in {_account(arn) for arn in (*(found["arn"] for found in content["principals"]), *_groups(content))}:
        _write(folder / "policies" / f"{account}.json", _authorization_details(content, account))
    options = ["--policies", str(folder / "policies")]
    for name in ("scps", "rcps", "compute"):
        if name in content:
            options += [f"--{name}", _write(folder / f"{name}.json", content[name])]
    if "resource_policies" in content:
        (folder / "resources").mkdir()
        for index, (arn, document) in enumerate(content["resource_policies"].items()):
            _write(folder / "resources" / f"{index}.json", {"resource": arn, "policy": document})
        options += ["--resource-policies", str(folder / "resources")]
    return options


def _authorization_details(content: Json, account: str) -> Json:
    """An account as `aws iam get-account-authorization-details` prints it."""
    groups = [{"arn": arn, "policies": documents} for arn, documents in _groups(content).items()]
    entities = [found for found in (*content["principals"], *groups) if _account(found["arn"]) == account]
    policies = {arn: document for found in entities for arn, document in found.get("managed", {}).items()}
    policies |= {_boundary_arn(found): found["boundary"] for found in entities if "boundary" in found}
    return {
        **{
            f"{kind}DetailList": [_entity(found, kind) for found in entities if _kind(found["arn"]) == kind]
            for kind in ("User", "Group", "Role")
        },
        "Policies": [_policy(arn, as_list(versions)) for arn, versions in policies.items()],
    }


def _entity(found: Json, kind: str) -> Json:
    named = _identity(found["arn"], kind)
    inline = [
        {"PolicyName": f"inline-{index}", "PolicyDocument": document}
        for index, document in enumerate(found.get("policies", []))
    ]
    managed = [{"PolicyName": _name(arn), "PolicyArn": arn} for arn in found.get("managed", {})]
    entity = {**named, f"{kind}PolicyList": inline, "AttachedManagedPolicies": managed}
    if kind != "Group":
        entity["Tags"] = [{"Key": key, "Value": value} for key, value in found.get("tags", {}).items()]
    if kind == "User":
        entity["GroupList"] = found.get("groups", [])
    if kind == "Role":
        named["AssumeRolePolicyDocument"] = entity["AssumeRolePolicyDocument"] = found["trust"]
        profiles = [f"arn:aws:iam::{_account(found['arn'])}:instance-profile/{name}" for name in _profiles(found)]
        entity["InstanceProfileList"] = [{**_identity(arn, "InstanceProfile"), "Roles": [named]} for arn in profiles]
        entity["RoleLastUsed"] = {}
    if "boundary" in found:
        arn = _boundary_arn(found)
        entity["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return entity


def _policy(arn: str, versions: list[Json]) -> Json:
    """A managed policy, the first of whose versions is the default."""
    numbered = [
        {"Document": document, "VersionId": f"v{index}", "IsDefaultVersion": index == 1, "CreateDate": _DATE}
        for index, document in enumerate(versions, start=1)
    ]
    return {**_identity(arn, "Policy"), "DefaultVersionId": "v1", "IsAttachable": True, "PolicyVersionList": numbered}


def _identity(arn: str, kind: str) -> Json:
    path = "/" + arn.split("/", 1)[1].removesuffix(_name(arn))
    unique_id = _ID_PREFIXES[kind] + sha256(arn.encode()).hexdigest()[:17].upper()
    return {"Path": path, f"{kind}Name": _name(arn), f"{kind}Id": unique_id, "Arn": arn, "CreateDate": _DATE}


def _boundary_arn(principal: Json) -> str:
    return f"arn:aws:iam::{_account(principal['arn'])}:policy/boundary-of-{_name(principal['arn'])}"


def _groups(content: Json) -> Json:
    groups: Json = content.get("groups", {})
    return groups


def _profiles(role: Json) -> list[str]:
    return as_list(role.get("instance_profile", []))


def _write(path: Path, content: object) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _kind(arn: str) -> str:
    return arn.split(":")[5].split("/")[0].capitalize()


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
