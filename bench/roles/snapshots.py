"""Writes what a snapshot knows of a scenario, in the documented form (`docs/data-folder.md`).

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.perimeter.evaluator import as_list
from bench.perimeter.scenario_files import account_of
from bench.roles.scenario import Scenario
from bench.scenario_reading import Json
from bench.scenario_worlds import write_json

_TAKEN: Final = "2026-03-01T00:30:00+00:00"
_NAME: Final = "2026-03-01T00-30-00Z"
_ROOT: Final = "r-a1b2"
_MANAGEMENT: Final = "999999999999"


def write_snapshot(scenario: Scenario, details: Mapping[str, Json], data: Path) -> None:
    """A snapshot with the accounts' policies, passwords and identity providers, and the organization's tree.

    The tree has a unit for each environment, so accounts without one are directly below the root.
    """
    folder = data / "snapshots" / _NAME
    content: dict[str, object] = {"organization.json": _organization(scenario)}
    for account, page in details.items():
        users = [arn for arn in scenario.users if account_of(arn) == account]
        content[f"policies/{account}.json"] = [page]
        content[f"login-profiles/{account}.json"] = [arn for arn in users if scenario.principals[arn].get("password")]
        content[f"identity-providers/{account}.json"] = _providers(scenario, account)
    for name, written in content.items():
        write_json(folder / name, written)
    files = {name: _digest((folder / name).read_bytes()) for name in content}
    manifest = {
        "format_version": 1,
        "taken": _TAKEN,
        "lpgen_version": "0",
        "caller": f"arn:aws:iam::{_MANAGEMENT}:role/reader",
        "organization": "o-a1b2c3d4e5",
        "regions": [],
        "accounts": [
            {
                "account": account,
                "name": _account_name(scenario, account),
                "roles": len(page["RoleDetailList"]),
                "users": len(page["UserDetailList"]),
            }
            for account, page in details.items()
        ],
        "gaps": [],
        "files": files,
    }
    sorted_text = json.dumps(manifest, sort_keys=True)
    write_json(folder / "manifest.json", {**manifest, "digest": hashlib.sha256(sorted_text.encode()).hexdigest()})


def _digest(content: bytes) -> Json:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _account_name(scenario: Scenario, account: str) -> str:
    environment = scenario.accounts[account]
    return f"shop-{environment}" if environment else f"shop-{account[:4]}"


def _organization(scenario: Scenario) -> Json:
    units = {name: f"ou-a1b2-{name.ljust(8, '0')}" for name in sorted(set(scenario.accounts.values())) if name}
    nodes = [_node(_ROOT, "Root"), _node(_MANAGEMENT, "management", _ROOT)]
    nodes += [_node(unit, name, _ROOT) for name, unit in units.items()]
    for account, environment in scenario.accounts.items():
        above = (_ROOT, units[environment]) if environment else (_ROOT,)
        nodes.append(_node(account, _account_name(scenario, account), *above))
    return {"id": "o-a1b2c3d4e5", "management_account": _MANAGEMENT, "nodes": nodes, "policies": []}


def _node(name: str, told: str, *above: str) -> Json:
    return {"id": name, "name": told, "path": [*above, name], "is_account": name.isdigit(), "state": "ACTIVE"}


def _providers(scenario: Scenario, account: str) -> Json:
    """The identity providers that the account's trust policies name: IAM refuses to save others."""
    named = {
        arn
        for one in scenario.principals.values()
        for statement in as_list(one.get("trust", {}).get("Statement"))
        if isinstance(statement.get("Principal"), dict)
        for arn in as_list(statement["Principal"].get("Federated"))
        if account_of(arn) == account
    }
    return {
        "Account": account,
        "OpenIDConnectProviderList": [{"Arn": arn} for arn in sorted(named) if ":oidc-provider/" in arn],
        "SAMLProviderList": [{"Arn": arn} for arn in sorted(named) if ":saml-provider/" in arn],
    }
