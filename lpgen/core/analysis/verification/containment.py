"""The proofs by containment of statements: nothing new is allowed, and everything used stays allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.analysis.verification.documents import CheckNotes, NewAllow
from lpgen.core.analysis.verification.reasons import Claims
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.globs.match import as_glob, holds_variable
from lpgen.core.iam.match_resource import (
    intersect_resources,
    resource_contains,
    resource_match,
    resources_intersect,
    resources_meet,
)
from lpgen.core.iam.policy import conditions_at_least_as_strict, statement_depends_on_version
from lpgen.core.model import Action, Outcome, ResourceKind
from lpgen.core.replacements import Check

_NOTHING_NEW: Final = "nothing new is allowed"

_NOT_WITHIN: Final = "{place} isn't within any old statement ({reasons})"
_NO_ACTION: Final = "does not grant {action}"
_OTHER_VERSION: Final = "has a different policy version, in which `${` has a different meaning"
_NARROWER: Final = "is narrower than NotResource"
_NO_RESOURCE: Final = "does not grant {action} on {resource}"
_OTHER_CONDITIONS: Final = "has a condition that the new statement lacks"


def check_within_grants(news: Iterable[NewAllow], grants: PrincipalGrants) -> Check:
    """The check that one old Allow contains each new Allow: its actions, its resources, and equal or stricter
    conditions.

    If the conditions of the old Allow differ and can't be compared, the check is unproven.
    """
    found = CheckNotes(_NOTHING_NEW)
    for new in news:
        found.examined += len(new.actions) * max(1, len(new.statement.resources))
        if not new.actions or any(not _not_within(new, old) for old in grants.allows if new.actions <= old.actions):
            continue
        reasons = [(old, _not_within(new, old)) for old in grants.allows]
        named = "; ".join(f"{old.ref}: {reason}" for old, reason in reasons[:5])
        only_conditions = any(reason == _OTHER_CONDITIONS for _, reason in reasons)
        notes = found.unproven if only_conditions else found.failed
        notes.append(_NOT_WITHIN.format(place=new.place, reasons=named))
    return found.check()


def _not_within(new: NewAllow, old: Grant) -> str:
    """Why one new Allow isn't within one old Allow, or ""."""
    if beyond := new.actions - old.actions:
        return _NO_ACTION.format(action=min(beyond))
    if new.version != old.version and statement_depends_on_version(old.statement):
        return _OTHER_VERSION
    if reason := _resources_not_within(new, old):
        return reason
    strict = conditions_at_least_as_strict(new.statement.conditions, old.statement.conditions)
    return "" if strict else _OTHER_CONDITIONS


def _resources_not_within(new: NewAllow, old: Grant) -> str:
    """Why the resources of a new Allow aren't within those of an old one, or ""."""
    if new.statement.not_resource:
        whole = "*" in old.statement.resources and not old.statement.not_resource
        kept = old.statement.not_resource and set(old.statement.resources) <= set(new.statement.resources)
        return "" if whole or kept else _NARROWER
    # Test every resource, even if no action takes it according to the catalog, which may be out of date.
    for resource in new.statement.resources:
        if not _resource_within(resource, new, old):
            return _NO_RESOURCE.format(action=min(new.actions), resource=resource)
    return ""


def _resource_within(resource: str, new: NewAllow, old: Grant) -> bool:
    glob = as_glob(resource, new.version)
    if old.statement.not_resource:
        # The request decides which resources a variable in NotResource excludes, so only an equal NotResource contains
        # it.
        return not any(
            holds_variable(pattern, old.version) or resources_intersect(pattern, glob)
            for pattern in old.statement.resources
        )
    return any(
        pattern == resource or (not holds_variable(pattern, old.version) and resource_contains(pattern, glob))
        for pattern in old.statement.resources
    )


# ---------------------------------------------------------------- use stays allowed

_USE_STAYS: Final = "everything used stays allowed"
_LOST: Final = (
    "{old} granted {action} on {resource}, which was used (example {example}), and no new statement grants it"
)


def check_use_is_covered(
    news: Sequence[NewAllow], grants: PrincipalGrants, usage: PrincipalUsage, catalog: Catalog, *, claims: Claims
) -> Check:
    """The check that for each use and each old Allow that may have granted it, a new Allow grants it without stricter
    conditions.

    Uses that the old policies certainly deny are skipped.
    """
    found = CheckNotes(_USE_STAYS)
    index = _NewAllows(news)
    for use in usage.uses:
        if use.outcome is Outcome.DENIED or _refused_before(grants, use, catalog):
            continue
        for old in grants.allows:
            if use.action not in old.actions or claims.is_dropped(use.action, use.evidence.example_resource):
                continue
            parts = _reached_parts(old, use, catalog)
            found.examined += bool(parts)
            found.failed += [
                _LOST.format(action=use.action, resource=part.text, old=old.ref, example=use.evidence.example_event_id)
                for part in parts
                if not index.grant(use.action, part, old)
            ]
    return found.check()


class _NewAllows:
    """New Allows by the actions that they grant, and by the resources that they name."""

    def __init__(self, news: Sequence[NewAllow]) -> None:
        self._by_action: dict[Action, list[NewAllow]] = defaultdict(list)
        self._by_name: dict[tuple[Action, str], list[NewAllow]] = defaultdict(list)
        for new in news:
            for action in new.actions:
                self._by_action[action].append(new)
                for resource in new.named:
                    self._by_name[action, resource].append(new)

    def grant(self, action: Action, part: _GrantedPart, old: Grant) -> bool:
        """Whether one of them grants a part of an old Allow, without stricter conditions."""
        named = (new for choice in part.choices for new in self._by_name.get((action, choice), ()))
        if any(_no_stricter(new, old) for new in named):  # nearly always
            return True
        return any(_no_stricter(new, old) and _grants_part(new, part) for new in self._by_action.get(action, ()))


@dataclass(frozen=True, slots=True)
class _GrantedPart:
    """A part of a use that an old Allow grants: resources by pattern, or all except some patterns.

    A new statement that contains any of `choices` covers the part. An `exact` part is one resource. A `settled` part is
    the whole use.
    """

    text: str
    choices: tuple[str, ...]
    outside: tuple[str, ...] | None = None
    exact: bool = False
    settled: bool = False


def _reached_parts(old: Grant, use: Use, catalog: Catalog) -> list[_GrantedPart]:
    """The parts of a use that an old Allow may have granted; empty if it can't have granted it."""
    kind, text = use.resource.kind, use.resource.text
    if kind is ResourceKind.NONE:
        text = "*"
    whole = kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW)
    exact = kind in (ResourceKind.ARN, ResourceKind.NONE)
    if old.statement.not_resource:
        return _parts_outside(old, text, exact=exact, whole=whole)
    parts = []
    for pattern in old.statement.resources:
        glob = as_glob(pattern, old.version)
        if whole:
            if catalog.takes_no_resource(use.action) and not resource_match(glob, "*"):
                continue
            if catalog.takes_resource(use.action, pattern):
                parts.append(_GrantedPart(pattern, (pattern,)))
        elif exact and resource_match(glob, text):
            choices = (pattern,) if holds_variable(pattern, old.version) else (pattern, text)
            fixed = not holds_variable(pattern, old.version)
            parts.append(_GrantedPart(text, choices, exact=fixed, settled=fixed))
        elif not exact and resources_meet(glob, text):
            if holds_variable(pattern, old.version):
                parts.append(_GrantedPart(pattern, (pattern,)))
                continue
            both = intersect_resources(pattern, text)
            covered = resource_contains(pattern, text)
            parts.append(_GrantedPart(both or pattern, (pattern, text, *([both] if both else [])), settled=covered))
    # One pattern without a variable that covers the whole use settles it, even if others also match.
    settled = [part for part in parts if part.settled]
    return settled[:1] or parts


def _parts_outside(old: Grant, text: str, *, exact: bool, whole: bool) -> list[_GrantedPart]:
    outside = old.statement.resources
    if whole:
        return [_GrantedPart("all except " + ", ".join(outside), (), outside)]
    for pattern in outside:
        covered = resource_match(pattern, text) if exact else resource_contains(pattern, text)
        if covered and not holds_variable(pattern, old.version):
            return []
    return [_GrantedPart(text, (text,), outside, exact=exact)]


def _grants_part(new: NewAllow, part: _GrantedPart) -> bool:
    statement = new.statement
    if statement.not_resource:
        if part.outside is not None and set(statement.resources) <= set(part.outside):
            return True
        return part.exact and not any(
            resource_match(as_glob(pattern, new.version), part.text) for pattern in statement.resources
        )
    for pattern in statement.resources:
        if pattern in part.choices:
            return True
        if holds_variable(pattern, new.version):
            continue
        if part.exact and resource_match(pattern, part.text):
            return True
        if any(resource_contains(pattern, as_glob(choice, new.version)) for choice in part.choices):
            return True
    return False


def _no_stricter(new: NewAllow, old: Grant) -> bool:
    """Whether the conditions of the new statement are met whenever the old statement's are."""
    if not new.statement.conditions:
        return True
    same_language = new.version == old.version or not statement_depends_on_version(old.statement)
    return same_language and conditions_at_least_as_strict(old.statement.conditions, new.statement.conditions)


def _refused_before(grants: PrincipalGrants, use: Use, catalog: Catalog) -> bool:
    """Whether the old policies certainly deny the use, by an unconditional Deny or by a limit."""
    denies = (*grants.denies, *(deny for limit in grants.limits for deny in limit.denies))
    if any(_certainly_denies(deny, use) for deny in denies):
        return True
    return any(not any(_may_allow(grant, use, catalog) for grant in limit.allows) for limit in grants.limits)


def _certainly_denies(deny: Grant, use: Use) -> bool:
    statement, text = deny.statement, use.resource.text
    if statement.conditions or use.action not in deny.actions:
        return False
    exact = use.resource.kind in (ResourceKind.ARN, ResourceKind.NONE)
    if statement.not_resource:
        touches = resource_match if exact else resources_intersect
        return not any(
            holds_variable(resource, deny.version) or touches(resource, text) for resource in statement.resources
        )
    covers = resource_match if exact else resource_contains
    fixed = (pattern for pattern in statement.resources if not holds_variable(pattern, deny.version))
    return any(covers(pattern, text) for pattern in fixed)


def _may_allow(grant: Grant, use: Use, catalog: Catalog) -> bool:
    if use.action not in grant.actions:
        return False
    statement, text = grant.statement, use.resource.text
    if use.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        fits = (catalog.takes_resource(use.action, pattern) for pattern in statement.resources)
        return statement.not_resource or any(fits)
    exact = use.resource.kind in (ResourceKind.ARN, ResourceKind.NONE)
    if statement.not_resource:
        # The request decides which resources a variable excludes. A fixed pattern always excludes its resources.
        fixed = [pattern for pattern in statement.resources if not holds_variable(pattern, grant.version)]
        return not any(
            resource_match(pattern, text) if exact else resource_contains(pattern, text) for pattern in fixed
        )
    globs = [as_glob(pattern, grant.version) for pattern in statement.resources]
    return any(resource_match(glob, text) if exact else resources_meet(glob, text) for glob in globs)
