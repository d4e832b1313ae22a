"""What replacements of a review allow, as policy documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]


def allowing_documents(replacement: Json, managed: Json) -> list[dict[str, Any]]:
    """The documents of a replacement: its lines, and the policies of AWS that stay attached, out of all `managed`."""
    lines = replacement["lines"]
    statements = [{"Effect": "Allow", "Action": line["action"], "Resource": line["resources"]} for line in lines]
    attached = [managed[policy["arn"]] for policy in replacement["left_attached"]]
    return [{"Version": "2012-10-17", "Statement": statements}, *attached]


def managed_documents(corpus: Path) -> dict[str, Any]:
    """The documents of all managed policies of a corpus by ARN."""
    details = [json.loads(path.read_text(encoding="utf-8")) for path in (corpus / "policies").glob("*.json")]
    policies = [policy for account in details for policy in account["Policies"]]
    return {policy["Arn"]: policy["PolicyVersionList"][0]["Document"] for policy in policies}
