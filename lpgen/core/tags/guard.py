"""An SCP that leaves a tag to its tag managers.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_tagging.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import CURRENT_VERSION
from lpgen.core.tags.writers import SESSION_ATTRIBUTES, TAG_OF_KIND, Written

_SESSIONS: Final = "sts:TagSession"
_UNTAG: Final = "iam:Untag"


def guard(tag: Written, managers: Collection[str]) -> dict[str, Any]:
    """The SCP. It denies only requests whose `aws:TagKeys` has the key, in any case, like condition keys.

    EC2 may still tag what a call creates: that gives nobody access to an existing resource.
    """
    names = {"ArnNotLike": {"aws:PrincipalArn": sorted(managers)}} if managers else {}
    return {"Version": CURRENT_VERSION, "Statement": [_denied(part, names) for part in _parts(tag)]}


def _denied(part: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    condition = {**part.get("Condition", {}), **names}
    return {**part, "Condition": condition} if condition else part


def _parts(tag: Written) -> Iterator[dict[str, Any]]:
    allow, keys = tag.allow, {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [tag.key]}}
    existing = {"Null": {"ec2:CreateAction": "true"}} if allow.service == "ec2" else {}
    yield {
        "Sid": "LpgenTag",
        "Effect": "Deny",
        "Action": list(allow.types.writes(allow.type)),
        "Resource": list(allow.types.globs(allow.type, allow.partition)),
        "Condition": {**keys, **existing},
    }
    if tag.holders:
        tagging = {TAG_OF_KIND[one.kind] for one in tag.holders}
        removing = {action.replace("iam:", "").replace("Tag", _UNTAG, 1) for action in tagging}
        arns = sorted(one.arn for one in tag.holders)
        actions = sorted({*tagging, *removing, _SESSIONS})
        yield {"Sid": "LpgenPrincipalTag", "Effect": "Deny", "Action": actions, "Resource": arns, "Condition": keys}
    if any(map(is_of_permission_set, tag.holders)):
        yield {"Sid": "LpgenSessionTag", "Effect": "Deny", "Action": list(SESSION_ATTRIBUTES), "Resource": "*"}
