"""The policy that several principals share, made and proven like the replacement of one principal.

A role that has the policies of all members is reviewed as if it had made all their calls. Then each member's recorded
use is replayed under the shared policy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lpgen.core.analysis.generate import generate_policy
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.synthesis.covering import merge_lines
from lpgen.core.analysis.verification.containment import check_use_is_covered
from lpgen.core.analysis.verification.decided_requests import check_replay
from lpgen.core.analysis.verification.documents import WrittenDocument, left_allows, new_allows
from lpgen.core.analysis.verification.reasons import Claims
from lpgen.core.analysis.verify import verify_generated
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalUsage, StatementRef
from lpgen.core.findings import ReplacementDraft
from lpgen.core.iam.limits import TRUST_POLICY_LIMIT
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.identity_center import permission_set_of
from lpgen.core.model import CURRENT_VERSION, AttachedPolicy, PolicyKind, Principal, PrincipalKind
from lpgen.core.options import Options
from lpgen.core.replacements import CheckStatus, Decision, Replacement
from lpgen.core.roles.candidates import Reviewed
from lpgen.core.roles.model import Against, AgainstKind, against

_SEPARATOR: Final = re.compile(r"([-_.]|\d+|(?<=[a-z])(?=[A-Z]))")
_SHARED: Final = "-shared"
_FALLBACK: Final = "shared-role"
_OWNED: Final = "{member}/{policy}"
_NO_POLICY: Final = "no policy fits"


@dataclass(frozen=True, slots=True)
class Making:
    """What it takes to make a shared policy: the catalog, the options of the review, and the current decisions."""

    catalog: Catalog
    options: Options
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class SharedPolicy:
    """The shared replacement, its trust policy (None for users), and what objects to it."""

    replacement: Replacement
    trust: dict[str, Any] | None
    against: tuple[Against, ...]


def shared_name(members: Sequence[Principal], taken: Iterable[str]) -> str:
    """A name for a shared role: the first parts that all names have in common. It isn't one of the taken names."""
    sets = (permission_set_of(member.arn) for member in members)
    parts = [_SEPARATOR.split(of.name if of else member.name) for of, member in zip(sets, members, strict=True)]
    common: list[str] = []
    for some in zip(*parts, strict=False):
        if len(set(some)) > 1:
            break
        common.append(some[0])
    stem = "".join(common).rstrip("-_.") or _FALLBACK
    taken = {name.lower() for name in taken}
    while stem.lower() in taken:
        stem += _SHARED
    return stem


def share(members: Sequence[Reviewed], name: str, making: Making) -> SharedPolicy:
    """The policy that the members can share. All have the same kind of trust, boundary and Denies."""
    trust = _shared_trust([member.principal for member in members])
    role = _role_with_all(members, name, trust)
    (grants,) = grants_from_principals([role], making.catalog, making.options.guards)
    lines = [
        replace(line, parent=_shared_ref(line.parent, member.principal))
        for member in members
        for line in member.diff.draft.lines
    ]
    left = {policy.arn: policy for member in members for policy in member.diff.draft.left}
    draft = ReplacementDraft(lines=merge_lines(lines, grants.allows), left=tuple(left.values()))
    diff = replace(members[0].diff, principal=role, draft=draft)
    replacement = generate_policy(diff, grants, making.catalog, making.options)
    if replacement.refusal:
        return SharedPolicy(replacement, trust, (against(AgainstKind.UNPROVEN, detail=replacement.refusal),))
    usage = PrincipalUsage(role.arn, uses=tuple(use for member in members for use in member.usage.uses))
    guards = making.options.guards
    verified = verify_generated(replacement, grants, usage, making.catalog, decisions=making.decisions, guards=guards)
    found = [against(AgainstKind.UNPROVEN, detail=caveat.message)] if verified and (caveat := verified.caveat) else []
    refused = [member.principal.arn for member in members if not _keeps_use(member, replacement, making)]
    found += [against(AgainstKind.REFUSED_USE, refused)] if refused else []
    size = len(json.dumps(trust, separators=(",", ":"))) if trust else 0
    quota = making.options.trust_quotas.get(role.account, TRUST_POLICY_LIMIT)
    found += [against(AgainstKind.TOO_LARGE, detail=size)] if size > quota else []
    return SharedPolicy(replacement, trust, tuple(found))


def _keeps_use(member: Reviewed, replacement: Replacement, making: Making) -> bool:
    """Whether all allowed use of a member stays allowed under the shared policy."""
    documents = tuple(
        WrittenDocument(document.name, document.inline, policy_from_json(document.text, place=document.name))
        for document in replacement.documents
    )
    left = (WrittenDocument(policy.arn, False, policy.document) for policy in replacement.left)
    claims = Claims(member.principal.arn, (), making.decisions)
    held = (*new_allows(documents, making.catalog), *left_allows(member.grants, replacement.left))
    checks = (
        check_use_is_covered(held, member.grants, member.usage, making.catalog, claims=claims),
        check_replay(
            (*documents, *left),
            member.grants,
            member.usage,
            making.catalog,
            claims=claims,
            guards=making.options.guards,
        ),
    )
    return all(check.status is CheckStatus.PASSED for check in checks)


def _role_with_all(members: Sequence[Reviewed], name: str, trust: dict[str, Any] | None) -> Principal:
    """A role that has the policies of all members."""
    first = members[0].principal
    policies: dict[tuple[PolicyKind, str], AttachedPolicy] = {}
    for member in members:
        for policy in member.principal.policies:
            owned = _shared_policy(policy, member.principal)
            policies.setdefault((owned.kind, f"{owned.group}/{owned.arn or owned.name}"), owned)
    return Principal(
        arn=f"{first.arn[: first.arn.index(':iam::')]}:iam::{first.account}:role{first.path}{name}",
        principal_id="",
        account=first.account,
        kind=PrincipalKind.ROLE,
        name=name,
        path=first.path,
        policies=tuple(policies.values()),
        boundary=first.boundary,
        trust=policy_from_json(trust, place=name) if trust else None,
    )


def _shared_policy(policy: AttachedPolicy, owner: Principal) -> AttachedPolicy:
    is_inline = policy.kind is PolicyKind.INLINE
    return replace(policy, name=_OWNED.format(member=owner.arn, policy=policy.name)) if is_inline else policy


def _shared_ref(ref: StatementRef, owner: Principal) -> StatementRef:
    is_inline = ref.kind is PolicyKind.INLINE
    return replace(ref, policy=_OWNED.format(member=owner.arn, policy=ref.policy)) if is_inline else ref


def _shared_trust(members: Sequence[Principal]) -> dict[str, Any] | None:
    """All statements of the trust policies, each once. A repeated Sid is left out, because IAM refuses it."""
    if any(member.trust is None for member in members):
        return None
    return {"Version": CURRENT_VERSION, "Statement": list(_statements(members))}


def _statements(members: Sequence[Principal]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    sids: set[str] = set()
    for member in members:
        for statement in member.trust.statements if member.trust else ():
            fields: dict[str, Any] = json.loads(statement.text)
            sid = fields.pop("Sid", "")
            text = json.dumps(fields, sort_keys=True)
            if text not in seen:
                yield {"Sid": sid, **fields} if sid and sid not in sids else fields
            seen.add(text)
            sids.add(sid)
