"""Lines: each action on each scope that a replacement needs, narrowed from one old statement, with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.grants.granting import NOTHING, Granting
from lpgen.core.analysis.grants.scope import is_plain, language_version, narrow_scope, unlisted_scope, whole_scope
from lpgen.core.analysis.scopes.cross_account_resources import (
    is_of_any_account,
    of_any_account,
    without_duplicate_owners,
)
from lpgen.core.analysis.scopes.ladder import is_whole_type
from lpgen.core.analysis.scopes.missing_names import names_nothing
from lpgen.core.analysis.scopes.scopes import NamedScope, NamedScopes, ScopeFinder
from lpgen.core.analysis.use_lines import NO_ALLOW, UseLines
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import ScopeChoice
from lpgen.core.cloudtrail.rules.inferences import MAY_BE_NEEDED
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION
from lpgen.core.evidence import Grant, PrincipalGrants, StatementRef, Use
from lpgen.core.globs.match import as_glob, has_wildcard, holds_variable
from lpgen.core.iam.match_resource import resource_contains, resource_match, resources_intersect
from lpgen.core.iam.pattern_index import PatternIndex
from lpgen.core.iam.policy import conditions_at_least_as_strict
from lpgen.core.model import NO_RESOURCE, OBSERVED, READ_LEVELS, Action, Effect, Outcome, ResourceKind
from lpgen.core.replacements import SERVICE_POLICY, UNSEEN_KINDS, WHOLE_GRANT, Line, LineKind, RuleWords, Scope
from lpgen.core.usage.principal_usage import merge_evidence

_KEY_PREFIX: Final = "folded-name"
_RECORD_PATTERN: Final = "record-pattern"
_UNREAD: Final = "unread-resource"
MISSING_NAME: Final = "missing-name"
_GRANT_PATTERN: Final = "grant-pattern"
_NAMES_NOTHING: Final = "names-nothing"

LINE_RULE_WORDS: Final[Mapping[str, RuleWords]] = {
    _KEY_PREFIX: RuleWords(
        "names without bound, such as object keys, are kept by their folder or type, so any name below it",
        "a folder of its own for what this principal works on",
    ),
    _RECORD_PATTERN: RuleWords(
        "the record gives no single resource: the call makes it and AWS assigns its id, or names a part only, or not "
        "its owner, so any resource of that form",
        "a condition on tags that what it makes or uses has",
    ),
    _UNREAD: RuleWords(
        "the record does not show the resource, so all that the old statement covers",
        "narrower resources in the old statement",
    ),
    _NAMES_NOTHING: RuleWords(
        "the calls read without naming a resource, which AWS checks on `*` or on all of the type, so all that the old "
        "statement covers",
        "calls that name what they read",
    ),
    MISSING_NAME: RuleWords(
        "the calls named only what wasn't there, so all that the old statement covers",
        "a decision to drop the action, if looking for what isn't there is of no use",
    ),
    _GRANT_PATTERN: RuleWords(
        "what was used can't be written exactly within the old statement, so the statement's own pattern",
        "a simpler pattern in the old statement",
    ),
    SERVICE_POLICY: RuleWords(
        "AWS wrote the policy for a service's role, so all resources that its statement names",
        "a policy of your own in place of the one that AWS wrote",
    ),
    WHOLE_GRANT: RuleWords(
        "only actions are removed, so all resources that the old statements grant the action on",
        "`--scope evidence`, the next step after this one",
    ),
}

_STRENGTH: Final = {
    kind: rank for rank, kind in enumerate(sorted(LineKind, key={*UNSEEN_KINDS, LineKind.DECIDED}.__contains__))
}
"""Of lines on one scope, the kind of the lowest rank remains: that of recorded use, by this role or another of its set,
before those without."""


def lines_from_uses(
    grants: PrincipalGrants, uses: Iterable[Use], *, granting: Mapping[Action, Granting], scopes: ScopeFinder
) -> UseLines:
    """The lines for every use that was allowed or attempted, one per old statement that may have granted it.

    `granting` is the index of the principal's Allows. A use whose outcome is undetermined needs no explanation, since
    it may not have been allowed; nor does an action that a call only may have needed.
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
    return UseLines(_without_contained(merged, grants.allows), tuple(ungranted), patterns)


def lines_for_grants(
    grants: Iterable[Grant], action: Action, *, kind: LineKind, why: str, catalog: Catalog
) -> tuple[Line, ...]:
    """The lines that keep an action in the whole scope of every statement that grants it."""
    return tuple(
        Line(action, scope, grant.ref, kind, why, "", None)
        for grant in grants
        if action in grant.actions and (scope := whole_scope(grant, action, catalog=catalog)) is not None
    )


def merge_lines(lines: Iterable[Line], grants: Iterable[Grant]) -> tuple[Line, ...]:
    """The lines without repetition, sorted: evidence is summed, and the strongest reason remains.

    Of several statements that keep the same action on the same scope, an unconditional one makes the others redundant,
    and of those with equal conditions one is enough. Where their meaning depends on the language version, only those of
    the same version are compared.
    """
    merged: dict[tuple[Action, Scope, StatementRef], Line] = {}
    for line in lines:
        key = (line.action, line.scope, line.parent)
        merged[key] = _merge_two(merged[key], line) if key in merged else line
    parents = {grant.ref: grant for grant in grants}
    rivals: dict[tuple[Action, Scope, str], list[Line]] = defaultdict(list)
    for line in sorted(merged.values(), key=_line_order):
        rivals[line.action, line.scope, language_version(parents[line.parent])].append(line)
    kept = [line for group in rivals.values() for line in _needed(group, parents)]
    return tuple(sorted(kept, key=_line_order))


def _without_contained(lines: Iterable[Line], grants: Iterable[Grant]) -> tuple[Line, ...]:
    """The lines of use, sorted, without those that another of the same action and statement allows all of."""
    parents = {grant.ref: grant for grant in grants}
    siblings: dict[tuple[Action, StatementRef], list[Line]] = defaultdict(list)
    for line in lines:
        siblings[line.action, line.parent].append(line)
    found = (one for group in siblings.values() for one in _outermost(group, parents))
    return tuple(sorted(found, key=_line_order))


def _outermost(siblings: Sequence[Line], parents: Mapping[StatementRef, Grant]) -> Iterable[Line]:
    """The widest of the lines of one action and statement, each with the evidence of those that it contains."""
    if len(siblings) == 1 or not any(has_wildcard(one) for line in siblings for one in line.scope.resources):
        return siblings
    by_pattern = _lines_by_pattern(siblings)
    index = PatternIndex(by_pattern)
    found: dict[Scope, Line] = {line.scope: line for line in siblings}
    for line in siblings:
        wider = {one.scope for outer in index.containing(line.scope.resources[0]) for one in by_pattern[outer]}
        others = (wider & found.keys()) - {line.scope}  # a scope of several resources may contain its own first one
        over = [one for one in others if covers(found[one], line, parents)]
        if over:
            absorbed, scope = found.pop(line.scope), min(over, key=lambda one: (len(one.resources[0]), one))
            found[scope] = replace(_merge_two(found[scope], absorbed), scope=scope, rule=found[scope].rule)
    return found.values()


def drop_redundant_lines(lines: Sequence[Line], grants: Iterable[Grant]) -> tuple[Line, ...]:
    """The lines without those that are kept only because the logs can't show use, where another line of their action,
    without more conditions, allows all that they do."""
    covered = covering_lines(lines, {grant.ref: grant for grant in grants}, (LineKind.KEPT,))
    return tuple(line for line in lines if id(line) not in covered)


def covering_lines(
    lines: Iterable[Line], parents: Mapping[StatementRef, Grant], kinds: Collection[LineKind] = tuple(LineKind)
) -> Mapping[int, Line]:
    """For each line of these kinds that another line of its action makes redundant, a line that allows all that it
    does and isn't redundant itself.

    The keys are the identities of the lines, since lines take long to hash.
    """
    rivals: dict[Action, list[Line]] = defaultdict(list)
    for line in lines:
        rivals[line.action].append(line)
    found: dict[int, Line] = {}
    for group in rivals.values():
        narrow = [line for line in group if line.kind in kinds]
        if narrow and len(group) > 1:
            by_pattern = _lines_by_pattern(group)
            index = PatternIndex(by_pattern)
            for line in narrow:
                wider = (wide for outer in index.containing(line.scope.resources[0]) for wide in by_pattern[outer])
                # Of two that allow the same, keep one.
                cover = next((wide for wide in wider if id(wide) not in found and covers(wide, line, parents)), None)
                if cover is not None:
                    found[id(line)] = cover
    for key, cover in found.items():
        while id(cover) in found:
            cover = found[id(cover)]
        found[key] = cover
    return found


def lines_beside(
    lines: Iterable[Line], grants: Iterable[Grant], left: Collection[Grant], catalog: Catalog
) -> tuple[Line, ...]:
    """The lines that are needed in addition to policies left attached, whose Allows are `left`: those of other policies
    that none of these surely covers."""
    parents, refs = {grant.ref: grant for grant in grants}, {grant.ref for grant in left}
    wide: dict[Action, tuple[Line, ...]] = {}

    def is_held(line: Line) -> bool:
        if line.action not in wide:
            wide[line.action] = lines_for_grants(left, line.action, kind=LineKind.KEPT, why="", catalog=catalog)
        return line.parent in refs or any(covers(one, line, parents) for one in wide[line.action])

    return tuple(line for line in lines if not is_held(line)) if left else tuple(lines)


def _lines_by_pattern(lines: Iterable[Line]) -> Mapping[str, Sequence[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        for pattern in line.scope.resources:
            found[pattern].append(line)
    return found


def covers(wide: Line, narrow: Line, parents: Mapping[StatementRef, Grant]) -> bool:
    """Whether a line surely allows whatever another one does; of variables nothing is sure."""
    one, other = parents[wide.parent], parents[narrow.parent]
    conditions, is_same_language = one.statement.conditions, language_version(one) == language_version(other)
    if wide is narrow or (conditions and not is_same_language):
        return False
    if not conditions_at_least_as_strict(other.statement.conditions, conditions):
        return False
    if is_same_language and wide.scope == narrow.scope:
        return True
    if wide.scope.not_resource or narrow.scope.not_resource:
        return False
    fixed = [pattern for pattern in wide.scope.resources if "${" not in pattern]
    return all(
        (is_same_language and inner in wide.scope.resources)
        or ("${" not in inner and any(resource_contains(pattern, inner) for pattern in fixed))
        for inner in narrow.scope.resources
    )


def _line_order(line: Line) -> tuple[str, Scope, StatementRef]:
    return line.action, line.scope, line.parent


def _merge_two(one: Line, other: Line) -> Line:
    first = min(one, other, key=lambda line: (_STRENGTH[line.kind], line.why, line.rule))
    evidence = one.evidence or other.evidence
    if one.evidence is not None and other.evidence is not None:
        evidence = merge_evidence(one.evidence, other.evidence)
    return replace(first, evidence=evidence, suspected=one.suspected and other.suspected)


def _needed(rivals: list[Line], parents: Mapping[StatementRef, Grant]) -> Iterable[Line]:
    by_conditions: dict[object, Line] = {}
    for line in rivals:
        conditions = parents[line.parent].statement.conditions
        known = by_conditions.get(conditions)
        by_conditions[conditions] = line if known is None else replace(_merge_two(known, line), parent=known.parent)
    if () in by_conditions:
        return [by_conditions[()]]
    return by_conditions.values()


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
    exact = {one.ref: narrow_scope(one, use.action, use.resource, catalog=catalog) for one in grants_of_action}
    if not any(exact.values()) and use.resource == NO_RESOURCE and use.outcome is Outcome.ALLOWED:
        exact = {one.ref: unlisted_scope(one, use.action) for one in grants_of_action}
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


def _whole_rule(grant: Grant, use: Use, scopes: ScopeFinder) -> str:
    """The rule that makes a statement keep all its resources for an action, or "".

    AWS's policies for service roles keep theirs, as a service works on whatever its customers give it next. The passing
    of roles is left out: the records show which roles are passed. An action that reads without naming anything keeps
    them too: AWS checks such a call on `*` or on every resource of the type, and its reference doesn't say on which.
    """
    if scopes.choice is ScopeChoice.GRANTED:
        return WHOLE_GRANT
    if scopes.choice is ScopeChoice.EXACT or use.suspected:
        return ""
    if is_service_policy(grant.ref.policy) and use.action != PASS_ROLE_ACTION:
        return SERVICE_POLICY
    reads = scopes.catalog.detail(use.action).level in READ_LEVELS
    is_fold = use.resource.kind is ResourceKind.FOLD
    return _NAMES_NOTHING if is_fold and reads and is_whole_type(use.resource.text, use.action, scopes.catalog) else ""


def _chosen_scope(
    grant: Grant, use: Use, exact: Scope, pattern: NamedScope | None, *, catalog: Catalog
) -> tuple[Scope, str]:
    """The part of a statement to keep for one use, and the rule where that is more than the resource."""
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
    met = (one for one in scope.resources if meets(as_glob(one, grant.version), use.resource.text))
    return Scope(tuple(met))


def _scope_rule(use: Use, scope: Scope, catalog: Catalog) -> str:
    resource = use.resource
    if resource.kind in (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW):
        return MISSING_NAME if names_nothing(use, catalog) else _UNREAD
    if resource.kind is ResourceKind.NONE or scope.resources == (resource.text,):
        # A resource that ingest folded has an exact example; one that the record itself left open has none.
        exact = use.evidence.example_resource != resource.text
        return "" if resource.kind is not ResourceKind.FOLD else _KEY_PREFIX if exact else _RECORD_PATTERN
    if is_of_any_account(resource) and all(of_any_account(one) == resource.text for one in scope.resources):
        return ""  # the old statement says whose it is
    return _GRANT_PATTERN


def _line_kind(use: Use) -> tuple[LineKind, str]:
    if use.outcome is Outcome.UNDETERMINED:
        return LineKind.ATTEMPTED, f"tried, outcome undetermined ({use.error_code})"
    if use.how == OBSERVED:
        return LineKind.OBSERVED, "a record of this action"
    return LineKind.INFERRED, use.how


def _refusal(grants: PrincipalGrants, use: Use, *, catalog: Catalog) -> str:
    """Why the current policies refuse a use whatever their Allows say, or ""."""
    denies = (*grants.denies, *(deny for limit in grants.limits for deny in limit.denies))
    for deny in denies:
        if _denies_outright(deny, use):
            return f"explicitly denied by {deny.ref}"
    for limit in grants.limits:
        if not any(narrow_scope(grant, use.action, use.resource, catalog=catalog) for grant in limit.allows):
            return f"outside {limit.name}"
    return ""


def _denies_outright(deny: Grant, use: Use) -> bool:
    """Whether a Deny certainly refuses the whole of a use: no condition, no variable, every resource it may mean."""
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
