"""The digests that identify the policies that a plan was made from, and the policies that lpgen creates."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from lpgen.core.iam.policy import policy_to_json
from lpgen.core.model import Policy, PolicyKind, Principal

_LONGEST_NAME: Final = 128
_HASH_LENGTH: Final = 12


def policies_sha256(principal: Principal, *, with_boundary: bool = True) -> str:
    """The SHA-256, in hex, of a principal's policies: documents, attachments, groups, trust and boundary.

    Statements keep the order of their keys and lists, but not their white space, because tools that export policies
    keep only that. If `with_boundary` is false, the boundary is left out.
    """
    own, boundary = [policy for policy in principal.policies if not policy.group], principal.boundary
    facts = {
        "principal": principal.arn,
        "id": principal.principal_id,
        "inline": sorted([policy.name, _text(policy.document)] for policy in own if policy.kind is PolicyKind.INLINE),
        "attached": sorted(
            [policy.arn, _text(policy.document)] for policy in own if policy.kind is not PolicyKind.INLINE
        ),
        "groups": sorted(principal.groups),
        "trust": _text(principal.trust),
        "boundary": [boundary.arn or boundary.name, _text(boundary.document)] if boundary and with_boundary else None,
    }
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def _text(policy: Policy | None) -> str:
    return "" if policy is None else policy_to_json(policy)


# ---------------------------------------------------------------- names of the policies that lpgen creates


def name_by_content(proposed: str, text: str, *, principal: str, principal_id: str) -> str:
    """A policy name that depends on the principal and the document, so different policies never share a name."""
    tail = _tail_of_name(principal, principal_id, text)
    return proposed[: _LONGEST_NAME - len(tail)] + tail


def _tail_of_name(principal: str, principal_id: str, text: str) -> str:
    content = json.dumps([principal, principal_id, text])
    return f"-{hashlib.sha256(content.encode()).hexdigest()[:_HASH_LENGTH]}"


def is_named_by_content(policy: str, text: str, principal: str, principal_id: str) -> bool:
    """Whether a policy (a name or an ARN) has the name that lpgen gives its text. `principal` is an ARN."""
    return policy.endswith(_tail_of_name(principal, principal_id, text))
