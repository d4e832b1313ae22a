"""Reads the guards: a boundary document, SCPs and RCPs by level, and resource policies.

- The boundary is one policy document.
- SCPs, like RCPs, are a JSON list of levels from the organization's root to the account, each a list of policy
  documents; or an object of such lists by account id, in which `*` means every account that isn't listed.
- Resource policies are a folder of JSON files, one for each resource: `{"resource": ARN, "policy": DOCUMENT}`, or the
  output of the AWS CLI if it names the resource, such as that of `aws secretsmanager get-resource-policy`. For other
  outputs, an `index.json` gives the ARN by file name, as in `{"bucket.json": "arn:aws:s3:::data"}`. An `account` field,
  or the ARN, gives the owner of the resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lpgen.core.arns import account_in_arn, is_account_id
from lpgen.core.globs.match import has_wildcard
from lpgen.core.guards import AccountLevels, Guards, Levels, ResourcePolicy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.iam.policy_reader import PolicyReader
from lpgen.core.model import AttachedPolicy, Policy, PolicyKind
from lpgen.edge.files import read_file
from lpgen.edge.logs.json_documents import plain_text
from lpgen.edge.readers.json_files import decode_json, find_indexed_files
from lpgen.errors import GuardError, PolicyError, quote_input

_EVERY_ACCOUNT: Final = "*"
_LEVELS_HINT: Final = (
    "a list of levels from the root to the account, each a list of policy documents, or an object of such lists by "
    "account id"
)
_DOCUMENT_HINT: Final = (
    "each is one document, in the form that `aws iam get-policy-version --query PolicyVersion.Document` prints"
)
_RESOURCES_HINT: Final = (
    'each file holds `{"resource": "ARN", "policy": {...}}`, or index.json gives the ARN of the file'
)


def read_guards(
    boundary: Path | None, scps: Path | None, resource_policies: Path | None, *, rcps: Path | None = None
) -> Guards:
    """The guards of the files given.

    Raises:
        GuardError: a file can't be read, or lacks the form that this module describes.
        PolicyError: a document breaks IAM's grammar.
    """
    return Guards(
        boundary=None if boundary is None else _read_boundary(boundary),
        scps=() if scps is None else _read_accounts(scps, "SCPs"),
        rcps=() if rcps is None else _read_accounts(rcps, "RCPs"),
        resource_policies=() if resource_policies is None else _read_resource_policies(resource_policies),
    )


def _read_json(path: Path) -> Any:
    data = read_file(path, GuardError, hint="give a file that exists and can be read")
    return decode_json(plain_text(data), f"`{path}`", GuardError, hint=_JSON_HINT)


_JSON_HINT: Final = "correct the file, or export it again with `--output json`"


def _read_boundary(path: Path) -> AttachedPolicy:
    document = _policy(_read_json(path), str(path))
    return AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, path.name, "", "", None, document)


def _policy(document: object, place: str) -> Policy:
    if not isinstance(document, dict | str):
        raise GuardError(f"{quote_input(place)} holds no policy document", hint=_DOCUMENT_HINT)
    try:
        return policy_from_json(document, place=place)
    except PolicyError as error:
        raise PolicyError(error.message, hint=_DOCUMENT_HINT) from error


# ---------------------------------------------------------------- SCPs and RCPs


def _read_accounts(path: Path, what: str) -> tuple[AccountLevels, ...]:
    loaded = _read_json(path)
    if isinstance(loaded, list):
        return (AccountLevels("", _levels(loaded, str(path))),)
    if not isinstance(loaded, dict) or not loaded:
        raise GuardError(f"`{path}` holds no {what}", hint=_LEVELS_HINT)
    return tuple(_read_account(path, account, levels) for account, levels in sorted(loaded.items()))


def _read_account(path: Path, account: str, levels: object) -> AccountLevels:
    if account != _EVERY_ACCOUNT and not is_account_id(account):
        raise GuardError(f"`{path}`: {quote_input(account)} is not an account id", hint=_LEVELS_HINT)
    return AccountLevels("" if account == _EVERY_ACCOUNT else account, _levels(levels, f"{path}, {account}"))


def _levels(levels: object, place: str) -> Levels:
    if not isinstance(levels, list) or not all(isinstance(level, list) for level in levels):
        raise GuardError(f"{quote_input(place)}: not a list of levels", hint=_LEVELS_HINT)
    return tuple(
        tuple(
            _policy(document, f"{place}, level {number}, policy {count}")
            for count, document in enumerate(level, start=1)
        )
        for number, level in enumerate(levels, start=1)
    )


# ---------------------------------------------------------------- resource policies

_RESOURCE_NAMES: Final = ("resource", "ResourceArn", "ARN")
_POLICY_NAMES: Final = ("policy", "Policy", "ResourcePolicy")


def _read_resource_policies(folder: Path) -> tuple[ResourcePolicy, ...]:
    found: dict[str, tuple[Path, ResourcePolicy]] = {}
    for path, listed in find_indexed_files(folder, GuardError, hint=_RESOURCES_HINT):
        policy = _resource_policy(path, listed)
        if policy.resource in found:
            both = f"`{found[policy.resource][0]}` and `{path}` both hold the policy of {quote_input(policy.resource)}"
            raise GuardError(both, hint="keep the newer one: a resource has one policy")
        found[policy.resource] = path, policy
    return tuple(policy for _, policy in found.values())


def _resource_policy(path: Path, listed: str) -> ResourcePolicy:
    loaded = _read_json(path)
    if not isinstance(loaded, dict):
        raise GuardError(f"`{path}` is not a JSON object", hint=_RESOURCES_HINT)
    resource = listed or _first_text(loaded, _RESOURCE_NAMES)
    if not resource:
        raise GuardError(f"`{path}` doesn't say whose policy it holds", hint=_RESOURCES_HINT)
    if not resource.startswith("arn:") or resource.count(":") < _COLONS or has_wildcard(resource):
        raise GuardError(f"`{path}`: {quote_input(resource)} is not the ARN of one resource", hint=_RESOURCES_HINT)
    document = loaded if "Statement" in loaded else next((loaded[n] for n in _POLICY_NAMES if n in loaded), None)
    policy = _policy(document, str(path))
    members = PolicyReader(str(path)).decode(document) if isinstance(document, str) else document
    head = tuple((name, str(value)) for name, value in (members or {}).items() if name != "Statement")
    return ResourcePolicy(resource, _owner(path, loaded, resource), policy, head)


def _owner(path: Path, loaded: Mapping[str, Any], resource: str) -> str:
    """The account that owns a resource: the given one, otherwise the ARN's, or "" if unknown."""
    given = loaded.get("account")
    if given is None:
        return account_in_arn(resource)
    if not isinstance(given, str) or not is_account_id(given):
        raise GuardError(
            f"`{path}`: {quote_input(str(given))} is not an account id", hint="write it as a string of 12 digits"
        )
    return given


_COLONS: Final = 5  # of an ARN


def _first_text(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((fields[name] for name in names if isinstance(fields.get(name), str)), "")
