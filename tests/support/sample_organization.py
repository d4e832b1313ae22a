"""The committed sample organization as tests read it: its records, its policies and its expectations."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2] / "sample_logs"
SHOP, SECURITY = "111122223333", "444455556666"
Json = dict[str, Any]


def role(path_and_name: str, account: str = SHOP) -> str:
    return f"arn:aws:iam::{account}:role/{path_and_name}"


@cache
def expected() -> Json:
    found: Json = json.loads((ROOT / "expected.json").read_bytes())
    return found


@cache
def log_paths() -> tuple[Path, ...]:
    return tuple(sorted(p for p in ROOT.glob("AWSLogs/*/CloudTrail/**/*.json.gz")))


@cache
def records() -> tuple[Json, ...]:
    return tuple(r for path in log_paths() for r in json.loads(gzip.decompress(path.read_bytes()))["Records"])


@cache
def details(account: str) -> Json:
    found: Json = json.loads((ROOT / "authorization-details" / f"{account}.json").read_bytes())
    return found


def issuer(record: Json) -> str:
    identity = record["userIdentity"]
    if identity.get("type") == "IAMUser":
        return str(identity["arn"])
    return str(identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn", ""))


@cache
def by_principal() -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for record in records():
        found[issuer(record)].append(record)
    return found


def names_of(principal: str) -> Counter[str]:
    return Counter(record["eventName"] for record in by_principal()[principal])


def statements_of(principal: str) -> list[Json]:
    account = principal.split(":")[4]
    found = details(account)
    (holder,) = [h for h in found["RoleDetailList"] + found["UserDetailList"] if h["Arn"] == principal]
    inline = holder.get("RolePolicyList", []) + holder.get("UserPolicyList", [])
    documents = [policy["PolicyDocument"] for policy in inline]
    attached = {policy["PolicyArn"] for policy in holder["AttachedManagedPolicies"]}
    documents += [
        version["Document"]
        for policy in found["Policies"]
        if policy["Arn"] in attached
        for version in policy["PolicyVersionList"]
        if version["IsDefaultVersion"]
    ]
    return [statement for document in documents for statement in document["Statement"]]
