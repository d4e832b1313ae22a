"""The fingerprint of a principal's policies, by which a change since a plan was made is noticed."""

from __future__ import annotations

import hashlib
import json

from lpgen.core.iam.policy import policy_to_json
from lpgen.core.model import AttachedPolicy, Policy, PolicyKind, Principal


def policies_sha256(principal: Principal, *, with_boundary: bool = True) -> str:
    """The SHA-256, in hex, of a principal's policies: documents, attachments, groups, trust and boundary.

    Each statement counts with its keys and lists in their own order, but without white space between them: that is all
    that tools which export policies keep of them. `with_boundary` false leaves the boundary out.
    """
    own = [policy for policy in principal.policies if not policy.group]
    facts = {
        "principal": principal.arn,
        "id": principal.principal_id,
        "inline": sorted([one.name, _text(one.document)] for one in own if one.kind is PolicyKind.INLINE),
        "attached": sorted([one.arn, _text(one.document)] for one in own if one.kind is not PolicyKind.INLINE),
        "groups": sorted(principal.groups),
        "trust": _text(principal.trust),
        "boundary": _boundary(principal.boundary) if with_boundary else None,
    }
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def _boundary(boundary: AttachedPolicy | None) -> list[str] | None:
    return None if boundary is None else [boundary.arn or boundary.name, _text(boundary.document)]


def _text(policy: Policy | None) -> str:
    return "" if policy is None else policy_to_json(policy)
