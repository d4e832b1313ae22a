"""What lpgen writes for principals that aren't its to change: documents for those who write them by other means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from lpgen.core.model import Principal
from lpgen.core.rollout.calls import POLICY_PATH
from lpgen.core.rollout.plan import NewDocument

# ---------------------------------------------------------------- permission sets


def permission_set_policy(texts: Iterable[str]) -> str:
    """All documents as the one inline policy that a permission set has, or "" where their language versions differ.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetcustom.html
    """
    documents: list[dict[str, Any]] = [json.loads(one) for one in texts]
    versions = {one.get("Version", "") for one in documents}
    if len(versions) != 1:
        return ""
    statements = [statement for one in documents for statement in _as_list(one["Statement"])]
    return json.dumps({"Version": versions.pop(), "Statement": _with_own_sids(statements)}, indent=2) + "\n"


def _as_list(value: Any) -> list[dict[str, Any]]:
    return list(value) if isinstance(value, list) else [value]


def _with_own_sids(statements: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The statements with each Sid only once, as IAM asks of a document; a repeated one is left out."""
    seen: set[str] = set()
    kept: list[dict[str, Any]] = []
    for one in statements:
        sid = one.get("Sid", "")
        kept.append({key: value for key, value in one.items() if key != "Sid"} if sid in seen else one)
        seen |= {sid} - {""}
    return kept


# ---------------------------------------------------------------- stacks


def stack_resources(documents: Iterable[NewDocument], principal: Principal, left: Iterable[str] = ()) -> str:
    """The part of a CloudFormation template that gives a principal its replacement, or "" where there is none.

    `left` are the ARNs of policies that stay attached.

    It has the principal's resource with the two properties to change, under its name in the stack as far as tags tell
    it, and a resource for each managed policy. A stack that is updated with it detaches the old policies itself.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    """
    found, staying = tuple(documents), list(left)
    if not (found or staying) or any("{{resolve:" in one.text for one in found):  # which CloudFormation would replace
        return ""
    named = dict(principal.tags).get("aws:cloudformation:logical-id", "")
    own = named if re.fullmatch("[A-Za-z0-9]+", named) else _logical_id(principal.name)
    managed = {f"{own}Policy{at}": one for at, one in enumerate(found, start=1) if not one.inline}
    resources = {
        own: {
            "Type": f"AWS::IAM::{principal.kind.capitalize()}",
            "Properties": {
                "ManagedPolicyArns": [*({"Ref": name} for name in managed), *staying],
                "Policies": [
                    {"PolicyName": one.name, "PolicyDocument": json.loads(one.text)} for one in found if one.inline
                ],
            },
        }
    } | {
        name: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Path": POLICY_PATH, "PolicyDocument": json.loads(one.text)},
        }
        for name, one in managed.items()
    }
    return json.dumps({"Resources": resources}, indent=2) + "\n"


def _logical_id(name: str) -> str:
    """A name that CloudFormation takes: only letters and digits."""
    words = re.findall("[A-Za-z0-9]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words) or "Principal"
