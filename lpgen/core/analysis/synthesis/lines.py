"""Lines: each action on each scope that a replacement needs, narrowed from one old statement, with its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from lpgen.core.analysis.decisions import actions_meant, drops_line, drops_row
from lpgen.core.analysis.explained_use import NO_ALLOW
from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.grants.granting import NOTHING, Granting, is_plain, narrow_scope, unlisted_scope, whole_scope
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, UseLines
from lpgen.core.analysis.observability.missed_use_finder import MissedUses
from lpgen.core.analysis.scopes.named_resources import (
    is_of_any_account,
    names_nothing,
    of_any_account,
    without_duplicate_owners,
)
from lpgen.core.analysis.scopes.prefixes import is_whole_type
from lpgen.core.analysis.scopes.scopes import NamedScope, NamedScopes, ScopeFinder
from lpgen.core.analysis.synthesis.covering import (
    drop_redundant_lines,
    lines_for_grants,
    merge_lines,
    without_contained,
)
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import KeepByKind, ScopeChoice
from lpgen.core.cloudtrail.rules.inferences import MAY_BE_NEEDED
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION
from lpgen.core.evidence import Grant, PrincipalGrants, Use
from lpgen.core.findings import DroppedLine
from lpgen.core.globs.match import as_glob, has_wildcard, holds_variable
from lpgen.core.iam.match_resource import resource_contains, resource_match, resources_intersect
from lpgen.core.model import NO_RESOURCE, OBSERVED, READ_LEVELS, Action, Effect, Outcome, Resource, ResourceKind
from lpgen.core.principal_names import is_named
from lpgen.core.replacements import (
    SERVICE_POLICY,
    WHOLE_GRANT,
    Decision,
    DecisionKind,
    Line,
    LineKind,
    Scope,
    ScopeRule,
)


def lines_from_uses(
    grants: PrincipalGrants, uses: Iterable[Use], *, granting: Mapping[Action, Granting], scopes: ScopeFinder
) -> UseLines:
    """The lines for every allowed or attempted use, one per old statement that may have granted it.

    `granting` is the index of the principal's Allows. A use with an undetermined outcome needs no explanation, because
    it may not have been allowed. An action that a call only may have needed doesn't need one either.
    """
    candidates = [use for use in uses if use.outcome is not Outcome.DENIED]
    patterns = scopes.of_uses(candidates)
    lines: list[Line] = []
    ungranted: list[tuple[Use, str]] = []
    for use in without_duplicate_owners(candidates, patterns.by_text):
        found, refusal = _lines_for_use(grants, use, granting=granting, patterns=patterns, scopes=scopes)
        lines.extend(found)
        if not found and use.outcome is Outcome.ALLOWED and use.how not in MAY_BE_NEEDED:
            ungranted.append((use, refusal))
    merged = merge_lines(lines, grants.allows)
    return UseLines(without_contained(merged, grants.allows), tuple(ungranted), patterns)


def _lines_for_use(
    grants: PrincipalGrants,
    use: Use,
    *,
    granting: Mapping[Action, Granting],
    patterns: NamedScopes,
    scopes: ScopeFinder,
) -> tuple[list[Line], str]:
    catalog = scopes.catalog
    refusal = _refusal(grants, use, catalog=catalog)
    if refusal:
        return [], refusal
    kind, why = _line_kind(use)
    pattern = _pattern_of_use(use, patterns)
    grants_of_action = granting.get(use.action, NOTHING).grants
    exact = {grant.ref: narrow_scope(grant, use.action, use.resource, catalog=catalog) for grant in grants_of_action}
    if not any(exact.values()) and use.resource == NO_RESOURCE and use.outcome is Outcome.ALLOWED:
        exact = {grant.ref: unlisted_scope(grant, use.action) for grant in grants_of_action}
    if not any(exact.values()):
        return [], NO_ALLOW
    lines = []
    for grant in grants_of_action:
        scope, rule = exact[grant.ref], ""
        if whole_rule := _whole_rule(grant, use, scopes):
            scope, rule = whole_scope(grant, use.action, catalog=catalog), whole_rule
        elif scope is not None:
            scope, rule = _chosen_scope(grant, use, scope, pattern, catalog=catalog)
        if scope is not None:
            lines.append(Line(use.action, scope, grant.ref, kind, why, rule, use.evidence, bool(use.suspected)))
    return lines, ""


_WHOLE_GRANT: Final = ScopeRule(
    WHOLE_GRANT,
    "only actions are removed, so the line covers all resources of the action in the old statements",
    "`--scope evidence`, the next step after this one",
)
_SERVICE_POLICY: Final = ScopeRule(
    SERVICE_POLICY,
    "AWS wrote the policy for a service's role, so the line covers all resources that its statement names",
    "your own policy in place of AWS's",
)
_NAMES_NOTHING: Final = ScopeRule(
    "names-nothing",
    "the calls don't name a resource and AWS checks them on `*` or on all of the type, so the line covers all "
    "that the old statement covers",
    "calls that name the resources that they read",
)


def _whole_rule(grant: Grant, use: Use, scopes: ScopeFinder) -> str:
    """The rule that makes a statement keep all its resources for an action, or "".

    AWS's policies for service roles keep all resources, because a service works on the resources that its customers
    choose next. `iam:PassRole` doesn't: the records show which roles are passed. An action that reads without naming a
    resource keeps all of them too: AWS checks such a call on `*` or on every resource of the type, and its reference
    doesn't say which.
    """
    if scopes.choice is ScopeChoice.GRANTED:
        return _WHOLE_GRANT.name
    if scopes.choice is ScopeChoice.EXACT or use.suspected:
        return ""
    if is_service_policy(grant.ref.policy) and use.action != PASS_ROLE_ACTION:
        return _SERVICE_POLICY.name
    reads = scopes.catalog.detail(use.action).level in READ_LEVELS
    is_fold = use.resource.kind is ResourceKind.FOLD
    is_unnamed = is_fold and reads and is_whole_type(use.resource.text, use.action, scopes.catalog)
    return _NAMES_NOTHING.name if is_unnamed else ""


def _chosen_scope(
    grant: Grant, use: Use, exact: Scope, pattern: NamedScope | None, *, catalog: Catalog
) -> tuple[Scope, str]:
    """The part of a statement to keep for one use, and the rule if that is more than the resource."""
    if pattern is not None:
        wider = _named_scope(grant, use, pattern, catalog=catalog)
        if wider is not None and wider != exact:
            return wider, pattern.rule
    return exact, _scope_rule(use, exact, catalog)


def _pattern_of_use(use: Use, patterns: NamedScopes) -> NamedScope | None:
    kind = use.resource.kind
    if kind is ResourceKind.FOLD or (kind is ResourceKind.ARN and is_plain(use.resource.text)):
        return patterns.of(use)
    return None


def _named_scope(grant: Grant, use: Use, pattern: NamedScope, *, catalog: Catalog) -> Scope | None:
    """The part of a grant within the pattern of a name, without old patterns that can't have allowed the name."""
    scope = narrow_scope(grant, use.action, pattern.resource, catalog=catalog)
    if scope is None or scope.not_resource or pattern.resource.kind is ResourceKind.UNKNOWN:
        return scope
    meets = resource_match if use.resource.kind is ResourceKind.ARN else resources_intersect
    met = (resource for resource in scope.resources if meets(as_glob(resource, grant.version), use.resource.text))
    return Scope(tuple(met))


MISSING_NAME: Final = ScopeRule(
    "missing-name",
    "the calls named only missing resources, so the line covers all that the old statement covers",
    "a decision to drop the action, if the principal doesn't need to look for missing resources",
)
_UNREAD: Final = ScopeRule(
    "unread-resource",
    "the record does not show the resource, so the line covers all that the old statement covers",
    "narrower resources in the old statement",
)
_KEY_PREFIX: Final = ScopeRule(
    "folded-name",
    "unbounded names, such as object keys, are kept by their folder or type, so the line covers any name below it",
    "a separate folder for the objects of this principal",
)
_RECORD_PATTERN: Final = ScopeRule(
    "record-pattern",
    "the record gives no single resource: the call creates it and AWS assigns its id, or names only a part of it, or "
    "doesn't name its owner, so any resource of that form",
    "a condition on the tags of the resources that it creates or uses",
)
_GRANT_PATTERN: Final = ScopeRule(
    "grant-pattern",
    "the used resource can't be written exactly within the old statement, so the line uses the statement's own pattern",
    "a simpler pattern in the old statement",
)


def _scope_rule(use: Use, scope: Scope, catalog: Catalog) -> str:
    resource = use.resource
    if resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        return (MISSING_NAME if names_nothing(use, catalog) else _UNREAD).name
    if resource.kind is ResourceKind.NONE or scope.resources == (resource.text,):
        # A resource that ingest folded has an exact example. If the record gives only a pattern, there is none.
        if resource.kind is not ResourceKind.FOLD:
            return ""
        return (_KEY_PREFIX if use.evidence.example_resource != resource.text else _RECORD_PATTERN).name
    if is_of_any_account(resource) and all(of_any_account(arn) == resource.text for arn in scope.resources):
        return ""  # the old statement names the owner
    return _GRANT_PATTERN.name


LINE_RULES: Final = (
    _WHOLE_GRANT,
    _SERVICE_POLICY,
    _NAMES_NOTHING,
    MISSING_NAME,
    _UNREAD,
    _KEY_PREFIX,
    _RECORD_PATTERN,
    _GRANT_PATTERN,
)


_UNDETERMINED: Final = "attempted, outcome undetermined ({error})"
_RECORDED: Final = "a record of this action"
_DENIED_BY: Final = "explicitly denied by {statement}"


def _line_kind(use: Use) -> tuple[LineKind, str]:
    if use.outcome is Outcome.UNDETERMINED:
        return LineKind.ATTEMPTED, _UNDETERMINED.format(error=use.error_code)
    if use.how == OBSERVED:
        return LineKind.OBSERVED, _RECORDED
    return LineKind.INFERRED, use.how


def _refusal(grants: PrincipalGrants, use: Use, *, catalog: Catalog) -> str:
    """Why the current policies deny a use regardless of their Allows, or ""."""
    denies = (*grants.denies, *(deny for limit in grants.limits for deny in limit.denies))
    for deny in denies:
        if _denies_outright(deny, use):
            return _DENIED_BY.format(statement=deny.ref)
    for limit in grants.limits:
        if not any(narrow_scope(grant, use.action, use.resource, catalog=catalog) for grant in limit.allows):
            return f"outside {limit.name}"
    return ""


def _denies_outright(deny: Grant, use: Use) -> bool:
    """Whether a Deny certainly denies the whole use: without condition or variable, on every possible resource."""
    statement = deny.statement
    assert statement.effect is Effect.DENY
    if statement.conditions or use.action not in deny.actions:
        return False
    exact = use.resource.kind in (ResourceKind.ARN, ResourceKind.NONE)
    if statement.not_resource:
        touches = resource_match if exact else resources_intersect
        return not any(
            holds_variable(pattern, deny.version) or touches(pattern, use.resource.text)
            for pattern in statement.resources
        )
    covers = resource_match if exact else resource_contains
    return any(
        covers(pattern, use.resource.text)
        for pattern in statement.resources
        if not holds_variable(pattern, deny.version)
    )


# ---------------------------------------------------------------- lines beyond use

_ON_SIGN: Final = (MissReason.UNRECORDED, MissReason.RARE_SERVICE_NEED)
"""Such uses are kept only for a further reason, which their lines give."""

_ON_RESOURCES: Final = (
    MissReason.EVENT_SOURCE,
    MissReason.PASSED_ROLE,
    MissReason.UNNAMED_RESOURCE,
    MissReason.PEER_USE,
)
"""Such uses are kept on their resources, regardless of the verdict on their action."""


def lines_beyond_use(
    missed: MissedUses, seen: Collection[Action], keep: KeepByKind, catalog: Catalog
) -> Iterator[Line]:
    """The lines of a principal without recorded use, each with why it is kept, in no order.

    `seen` are the actions that it used or attempted according to records. All lines are within its grants.
    """
    for action in (*seen, *missed.candidates(seen, keep)):
        if action in seen:
            uses = [(use, use.sign) for use in missed.beyond(action) if missed.is_wanted(use, keep)]
        else:
            uses = [*_kept_uses(missed, action, keep)]
        for use, kept in uses:
            kind = LineKind.REVIEW if use.reason is MissReason.UNEXPLAINED_USE else LineKind.KEPT
            why = f"{use.why}; {kept}" if use.reason in _ON_SIGN else use.why
            for grant in use.grants:
                for resource in use.resources:
                    scope = narrow_scope(grant, action, resource, catalog=catalog)
                    if scope is not None:
                        yield Line(action, scope, grant.ref, kind, why, "", None)


def _kept_uses(missed: MissedUses, action: Action, keep: KeepByKind) -> Iterator[tuple[MissedUse, str]]:
    """The kept uses of an unseen action that may have been missed, each with why."""
    found = missed.of(action)
    decisive = missed.decide(found, keep)
    for use in found:
        if decisive and decisive.kept and use is decisive.missed:
            yield use, decisive.kept
        elif use.reason is MissReason.UNEXPLAINED_USE or (use.reason in _ON_RESOURCES and missed.is_wanted(use, keep)):
            yield use, use.sign


def decided_lines(grants: PrincipalGrants, decisions: Iterable[Decision], catalog: Catalog) -> Iterable[Line]:
    """The lines that decisions keep, within the principal's grants."""
    keeps = [
        decision
        for decision in decisions
        if decision.kind is DecisionKind.KEEP and is_named(grants.principal.arn, decision.principal)
    ]
    granted = grants.granted() if keeps else frozenset[Action]()
    for decision in keeps:
        why = f"decided by {decision.owner}: {decision.reason}"
        for action in actions_meant(decision, granted, catalog):
            if not decision.resource:
                yield from lines_for_grants(grants.allows, action, kind=LineKind.DECIDED, why=why, catalog=catalog)
                continue
            kind = ResourceKind.FOLD if has_wildcard(decision.resource) else ResourceKind.ARN
            for grant in grants.allows:
                scope = narrow_scope(grant, action, Resource(kind, decision.resource), catalog=catalog)
                if scope is not None:
                    yield Line(action, scope, grant.ref, LineKind.DECIDED, why, "", None)


def decide_lines(
    wanted: Iterable[Line], grants: PrincipalGrants, decisions: Sequence[Decision], *, past: Iterable[Line]
) -> tuple[tuple[Line, ...], tuple[DroppedLine, ...]]:
    """The lines of a replacement, and those that decisions drop.

    `wanted` are all lines with a reason. `past` are the lines of uses that decisions drop by their day.
    """
    staying: list[Line] = []
    dropped: list[DroppedLine] = []
    for line in merge_lines(wanted, grants.allows):
        decision = drops_line(decisions, principal=grants.principal.arn, line=line)
        if decision is None:
            staying.append(line)
        else:
            dropped.append(DroppedLine(line, decision))
    lines = drop_redundant_lines(staying, grants.allows)
    return lines, (*dropped, *_dropped_past(grants.principal.arn, past, lines, decisions))


def _dropped_past(
    principal: str, past: Iterable[Line], kept: Iterable[Line], decisions: Sequence[Decision]
) -> Iterable[DroppedLine]:
    still = {(line.action, line.scope) for line in kept}
    for line in past:
        if (line.action, line.scope) in still or line.evidence is None:
            continue
        seen = line.evidence
        decision = drops_row(
            decisions, principal=principal, action=line.action, resource=seen.example_resource, day=seen.first_seen[:10]
        )
        if decision is not None:
            yield DroppedLine(line, decision)
