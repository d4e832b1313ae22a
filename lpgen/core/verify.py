"""Verification: a second opinion on a written replacement, from its JSON, the old policies and the usage alone.

It shares no decision with generation: it reads the written documents anew, expands them anew, and proves each claim
from containment of patterns and structure of conditions. What it can't prove it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lpgen.core.catalog import Catalog
from lpgen.core.claims import Claims
from lpgen.core.findings import (
    Check,
    CheckStatus,
    Grant,
    PrincipalGrants,
    PrincipalUsage,
    Use,
    Verification,
)
from lpgen.core.match import has_variable, has_wildcard, variables_as_wildcards
from lpgen.core.match_resource import intersect_resources, resource_contains, resource_match, resources_intersect
from lpgen.core.model import (
    LEGACY_VERSION,
    Action,
    Effect,
    Outcome,
    Policy,
    PrincipalKind,
    ResourceKind,
    Statement,
)
from lpgen.core.policy import (
    ATTACHED_POLICIES_LIMIT,
    MANAGED_POLICY_LIMIT,
    ROLE_INLINE_LIMIT,
    USER_INLINE_LIMIT,
    conditions_at_least_as_strict,
    policy_size,
    statement_depends_on_version,
)

MAX_FINDINGS: Final = 50
"""A check stops listing after so many findings; the count of what was examined stays whole."""


@dataclass(frozen=True, slots=True)
class WrittenDocument:
    """One document as read back: its file name, whether it is meant as an inline policy, and its policy."""

    file: str
    inline: bool
    policy: Policy


@dataclass(frozen=True, slots=True)
class _New:
    """One new Allow with the actions that its exact names mean."""

    place: str
    version: str
    statement: Statement
    actions: frozenset[Action]


@dataclass(slots=True)
class _Ledger:
    """What a check found so far; any failure outweighs what is only unproven."""

    name: str
    examined: int = 0
    failed: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    def check(self) -> Check:
        status = CheckStatus.FAILED if self.failed else CheckStatus.UNPROVEN if self.unproven else CheckStatus.PASSED
        return Check(self.name, status, self.examined, tuple((self.failed + self.unproven)[:MAX_FINDINGS]))


def verify_replacement(
    documents: Sequence[WrittenDocument],
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    catalog: Catalog,
    *,
    claims: Claims,
) -> Verification:
    """The six checks on one principal's written documents.

    `usage` is what counts as the principal's use, less what decisions drop. `claims` are the reasons that the evidence
    file gives for lines without use; they justify a line being there, never its being allowed.
    """
    news = _new_allows(documents, catalog)
    return Verification(
        grants.principal.arn,
        (
            _check_actions(documents, catalog),
            _check_covers_use(news, grants, usage, catalog, claims=claims),
            _check_within_grants(news, grants, catalog),
            _check_no_cross_product(news, usage, catalog, claims=claims),
            _check_denies(documents, grants),
            _check_sizes(documents, grants.principal.kind),
        ),
    )


def _new_allows(documents: Iterable[WrittenDocument], catalog: Catalog) -> list[_New]:
    return [
        _New(
            f"{document.file}, statement {statement.index + 1} ({statement.sid})",
            document.policy.version,
            statement,
            frozenset() if statement.not_action else catalog.expand(statement.patterns).actions,
        )
        for document in documents
        for statement in document.policy.statements
        if statement.effect is Effect.ALLOW
    ]


# ---------------------------------------------------------------- enumerated, known actions


def _check_actions(documents: Iterable[WrittenDocument], catalog: Catalog) -> Check:
    """No wildcard and no unknown name in the action of an Allow, no NotAction, and a Resource or NotResource."""
    found = _Ledger("no wildcard action, only known actions")
    for document in documents:
        for statement in document.policy.statements:
            if statement.effect is not Effect.ALLOW:
                continue
            place = f"{document.file}, statement {statement.index + 1} ({statement.sid})"
            if statement.not_action:
                found.failed.append(f"{place} allows by NotAction")
            if not statement.resources:
                found.failed.append(f"{place} has no resource")
            for pattern in statement.patterns:
                found.examined += 1
                if has_wildcard(pattern):
                    found.failed.append(f"{place} allows the wildcard `{pattern}`")
                elif str(catalog.canonical(pattern)) != pattern:
                    found.failed.append(f"{place} allows `{pattern}`, which the catalog doesn't know")
    return found.check()


# ---------------------------------------------------------------- everything used stays allowed


def _check_covers_use(
    news: Sequence[_New],
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    catalog: Catalog,
    *,
    claims: Claims,
) -> Check:
    """For each use and each old Allow that may have granted it, some new Allow grants it under no stricter condition.

    Uses that the old policies certainly refuse are none of the replacement's business.
    """
    found = _Ledger("everything used stays allowed")
    for use in usage.uses:
        if use.outcome is Outcome.DENIED or _refused_before(grants, use):
            continue
        for old in grants.allows:
            if use.action not in old.actions or claims.is_dropped(use.action, use.evidence.example_resource):
                continue
            parts = _reached_parts(old, use, catalog)
            found.examined += bool(parts)
            candidates = [new for new in news if use.action in new.actions and _no_stricter(new, old)]
            for part in parts:
                if not any(_grants_part(new, part) for new in candidates):
                    found.failed.append(
                        f"{use.action} on {part.text} was granted by {old.ref} and used (example"
                        f" {use.evidence.example_event_id}), and no new statement grants it"
                    )
    return found.check()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of what an old Allow grants of a use: resources by pattern, or all but some patterns.

    `choices` are patterns each of which covers the part when a new statement contains it.
    """

    text: str
    choices: tuple[str, ...]
    outside: tuple[str, ...] | None = None
    exact: bool = False


def _reached_parts(old: Grant, use: Use, catalog: Catalog) -> list[_Part]:
    """What an old Allow may have granted of a use; empty where it can't have granted it."""
    kind, text = use.resource.kind, use.resource.text
    if kind is ResourceKind.NONE:
        text = "*"
    whole = kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW)
    exact = kind in (ResourceKind.ARN, ResourceKind.NONE)
    if old.statement.not_resource:
        return _parts_outside(old, text, exact=exact, whole=whole)
    parts = []
    for pattern in old.statement.resources:
        glob = _glob(pattern, old.version)
        if whole:
            if catalog.takes_no_resource(use.action) and not resource_match(glob, "*"):
                continue
            if catalog.takes_resource(use.action, pattern):
                parts.append(_Part(pattern, (pattern,)))
        elif exact and resource_match(glob, text):
            choices = (pattern,) if _varies(pattern, old.version) else (pattern, text)
            parts.append(_Part(text, choices, exact=not _varies(pattern, old.version)))
        elif not exact and resources_intersect(glob, text):
            if _varies(pattern, old.version):
                parts.append(_Part(pattern, (pattern,)))
            else:
                both = intersect_resources(pattern, text)
                parts.append(_Part(both or pattern, (pattern, text, *([both] if both else []))))
    # An exact match without a variable is the whole of the use, whatever else may match too.
    settled = [part for part in parts if part.exact]
    return settled[:1] or parts


def _parts_outside(old: Grant, text: str, *, exact: bool, whole: bool) -> list[_Part]:
    outside = old.statement.resources
    if whole:
        return [_Part("all but " + ", ".join(outside), (), outside)]
    for pattern in outside:
        covered = resource_match(pattern, text) if exact else resource_contains(pattern, text)
        if covered and not _varies(pattern, old.version):
            return []
    return [_Part(text, (text,), outside, exact=exact)]


def _grants_part(new: _New, part: _Part) -> bool:
    statement = new.statement
    if statement.not_resource:
        if part.outside is not None and set(statement.resources) <= set(part.outside):
            return True
        return part.exact and not any(
            resource_match(_glob(pattern, new.version), part.text) for pattern in statement.resources
        )
    for pattern in statement.resources:
        if pattern in part.choices:
            return True
        if _varies(pattern, new.version):
            continue
        if part.exact and resource_match(pattern, part.text):
            return True
        if any(resource_contains(pattern, _glob(choice, new.version)) for choice in part.choices):
            return True
    return False


def _no_stricter(new: _New, old: Grant) -> bool:
    """Whether the new statement applies whenever the old one does, as far as conditions go."""
    if not new.statement.conditions:
        return True
    same_language = new.version == old.version or not statement_depends_on_version(old.statement)
    return same_language and conditions_at_least_as_strict(old.statement.conditions, new.statement.conditions)


def _refused_before(grants: PrincipalGrants, use: Use) -> bool:
    """Whether the old policies refuse the use for certain: an unconditional Deny, or nothing in the boundary."""
    if any(_certainly_denies(deny, use) for deny in (*grants.denies, *grants.boundary_denies)):
        return True
    limit = grants.boundary_allows
    return limit is not None and not any(_may_allow(grant, use) for grant in limit)


def _certainly_denies(deny: Grant, use: Use) -> bool:
    statement = deny.statement
    if statement.conditions or use.action not in deny.actions or _varies_any(deny):
        return False
    if use.resource.kind in (ResourceKind.ARN, ResourceKind.NONE):
        hit = any(resource_match(pattern, use.resource.text) for pattern in statement.resources)
        return hit is not statement.not_resource
    if statement.not_resource:
        return not any(resources_intersect(pattern, use.resource.text) for pattern in statement.resources)
    return any(resource_contains(pattern, use.resource.text) for pattern in statement.resources)


def _may_allow(grant: Grant, use: Use) -> bool:
    if use.action not in grant.actions:
        return False
    statement, text = grant.statement, use.resource.text
    globs = [_glob(pattern, grant.version) for pattern in statement.resources]
    exact = use.resource.kind in (ResourceKind.ARN, ResourceKind.NONE)
    if statement.not_resource:
        if _varies_any(grant):
            return True
        return not any(resource_match(glob, text) if exact else resource_contains(glob, text) for glob in globs)
    return any(resource_match(glob, text) if exact else resources_intersect(glob, text) for glob in globs)


# ---------------------------------------------------------------- nothing new is allowed


def _check_within_grants(news: Iterable[_New], grants: PrincipalGrants, catalog: Catalog) -> Check:
    """For each new Allow one old Allow that contains it: its actions, its resources, and conditions no looser."""
    found = _Ledger("nothing new is allowed")
    for new in news:
        found.examined += len(new.actions) * max(1, len(new.statement.resources))
        if not new.actions:
            continue
        reasons = []
        for old in grants.allows:
            reason = _not_within(new, old, catalog)
            if reason == "":
                break
            reasons.append(f"{old.ref}: {reason}")
        else:
            found.failed.append(f"{new.place} is within no old statement ({'; '.join(reasons[:5])})")
    return found.check()


def _not_within(new: _New, old: Grant, catalog: Catalog) -> str:
    """Why one new Allow isn't within one old Allow, or ""."""
    beyond = sorted(new.actions - old.actions)
    if beyond:
        return f"does not grant {beyond[0]}"
    if not conditions_at_least_as_strict(new.statement.conditions, old.statement.conditions):
        return "has a condition that the new statement lacks"
    if new.version != old.version and statement_depends_on_version(old.statement):
        return "is in another language version, in which `${` means something else"
    if new.statement.not_resource:
        if old.statement.not_resource and set(old.statement.resources) <= set(new.statement.resources):
            return ""
        return (
            "" if "*" in old.statement.resources and not old.statement.not_resource else "is narrower than NotResource"
        )
    for resource in new.statement.resources:
        if _resource_within(resource, new, old):
            continue
        takers = sorted(action for action in new.actions if catalog.takes_resource(action, resource))
        if takers:
            return f"does not grant {takers[0]} on {resource}"
    return ""


def _resource_within(resource: str, new: _New, old: Grant) -> bool:
    glob = _glob(resource, new.version)
    if old.statement.not_resource:
        return not any(resources_intersect(_glob(pattern, old.version), glob) for pattern in old.statement.resources)
    return any(
        pattern == resource or (not _varies(pattern, old.version) and resource_contains(pattern, glob))
        for pattern in old.statement.resources
    )


# ---------------------------------------------------------------- no pair by accident


def _check_no_cross_product(news: Iterable[_New], usage: PrincipalUsage, catalog: Catalog, *, claims: Claims) -> Check:
    """Each pair of action and resource that a new Allow grants has a use, a try or a stated reason of its own."""
    found = _Ledger("every pair of action and resource has a reason")
    uses: dict[Action, list[Use]] = {}
    for use in usage.uses:
        if use.outcome is not Outcome.DENIED:
            uses.setdefault(use.action, []).append(use)
    for new in news:
        for action in sorted(new.actions):
            for resource in new.statement.resources:
                if not new.statement.not_resource and not catalog.takes_resource(action, resource):
                    continue
                found.examined += 1
                used = any(_touches(new, resource, use) for use in uses.get(action, ()))
                if not used and not claims.justify(action, resource):
                    found.failed.append(f"{new.place} allows {action} on {resource} without use and without a reason")
    return found.check()


def _touches(new: _New, resource: str, use: Use) -> bool:
    if new.statement.not_resource or use.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        return True
    glob = _glob(resource, new.version)
    if use.resource.kind is ResourceKind.FOLD:
        return resources_intersect(glob, use.resource.text)
    return resource_match(glob, use.resource.text)


# ---------------------------------------------------------------- denies and sizes


def _check_denies(documents: Iterable[WrittenDocument], grants: PrincipalGrants) -> Check:
    """The Denies are those of the old policies, to the letter but for their Sid."""
    old = {_deny_key(deny.statement, deny.version): str(deny.ref) for deny in grants.denies}
    new = {
        _deny_key(statement, document.policy.version): f"{document.file}, statement {statement.index + 1}"
        for document in documents
        for statement in document.policy.statements
        if statement.effect is Effect.DENY
    }
    found = _Ledger("every Deny is kept", examined=len(old))
    found.failed.extend(f"the Deny of {old[key]} is missing" for key in sorted(old.keys() - new.keys()))
    found.failed.extend(f"{new[key]} denies what no old policy denies" for key in sorted(new.keys() - old.keys()))
    return found.check()


def _deny_key(statement: Statement, version: str) -> tuple[str, str]:
    fields: dict[str, Any] = json.loads(statement.text)
    fields.pop("Sid", None)
    legacy = version == LEGACY_VERSION and statement_depends_on_version(statement)
    return json.dumps(fields), LEGACY_VERSION if legacy else ""


def _check_sizes(documents: Sequence[WrittenDocument], kind: PrincipalKind) -> Check:
    """Each document and all of them together are within AWS's limits."""
    found = _Ledger("fits AWS's size limits", examined=len(documents))
    managed = [document for document in documents if not document.inline]
    inline = sum(policy_size(document.policy) for document in documents if document.inline)
    inline_limit = ROLE_INLINE_LIMIT if kind is PrincipalKind.ROLE else USER_INLINE_LIMIT
    for document in managed:
        size = policy_size(document.policy)
        if size > MANAGED_POLICY_LIMIT:
            found.failed.append(f"{document.file} has {size} characters, more than {MANAGED_POLICY_LIMIT}")
    if len(managed) > ATTACHED_POLICIES_LIMIT:
        found.failed.append(f"{len(managed)} managed policies are more than {ATTACHED_POLICIES_LIMIT}")
    if inline > inline_limit:
        found.failed.append(f"the inline policies have {inline} characters, more than {inline_limit}")
    return found.check()


# ---------------------------------------------------------------- patterns


def _glob(pattern: str, version: str) -> str:
    return pattern if version == LEGACY_VERSION else variables_as_wildcards(pattern)


def _varies(pattern: str, version: str) -> bool:
    return version != LEGACY_VERSION and has_variable(pattern)


def _varies_any(grant: Grant) -> bool:
    return any(_varies(pattern, grant.version) for pattern in grant.statement.resources)
