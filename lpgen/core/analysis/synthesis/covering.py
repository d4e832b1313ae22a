"""Comparison of lines: equal lines, redundant lines, and lines that a policy left attached has.

An AWS managed policy is left attached if the replacement would be an equal copy. A copy doesn't get the actions that
AWS adds to the original:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.grants.aws_policies import attached_of_aws
from lpgen.core.analysis.grants.granting import language_version, whole_scope
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, PrincipalGrants, StatementRef
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.match_resource import PatternIndex, resource_contains
from lpgen.core.iam.policy import conditions_at_least_as_strict
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import Action
from lpgen.core.replacements import UNSEEN_KINDS, LeftPolicy, Line, LineKind, Scope
from lpgen.core.usage.principal_usage import merge_evidence

Parents = Mapping[StatementRef, Grant]
"""The old statements that lines narrow, by reference."""

_STRENGTH: Final = {
    kind: rank for rank, kind in enumerate(sorted(LineKind, key={*UNSEEN_KINDS, LineKind.DECIDED}.__contains__))
}
"""The rank of the kinds of lines. Among lines on one scope, the lowest rank remains: lines of recorded use, by this
role or another role of its set, come before lines without use."""


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

    If several statements keep the same action on the same scope, an unconditional statement makes the others redundant.
    Of statements with equal conditions, one is enough. If the meaning depends on the language version, only statements
    of the same version are compared.
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


def without_contained(lines: Iterable[Line], grants: Iterable[Grant]) -> tuple[Line, ...]:
    """The lines of use, sorted, without those that another line of the same action and statement contains."""
    parents = {grant.ref: grant for grant in grants}
    siblings: dict[tuple[Action, StatementRef], list[Line]] = defaultdict(list)
    for line in lines:
        siblings[line.action, line.parent].append(line)
    found = (line for group in siblings.values() for line in _outermost(group, parents))
    return tuple(sorted(found, key=_line_order))


def _outermost(siblings: Sequence[Line], parents: Parents) -> Iterable[Line]:
    """The widest lines of one action and statement, each with the evidence of the lines that it contains."""
    if len(siblings) == 1 or not any(has_wildcard(resource) for line in siblings for resource in line.scope.resources):
        return siblings
    by_pattern = _lines_by_pattern(siblings)
    index = PatternIndex(by_pattern)
    found: dict[Scope, Line] = {line.scope: line for line in siblings}
    for line in siblings:
        wider = {wide.scope for outer in index.containing(line.scope.resources[0]) for wide in by_pattern[outer]}
        others = (wider & found.keys()) - {line.scope}  # a scope of several resources may contain its own first one
        over = [scope for scope in others if covers(found[scope], line, parents)]
        if over:
            absorbed, scope = found.pop(line.scope), min(over, key=lambda scope: (len(scope.resources[0]), scope))
            found[scope] = replace(_merge_two(found[scope], absorbed), scope=scope, rule=found[scope].rule)
    return found.values()


def drop_redundant_lines(lines: Sequence[Line], grants: Iterable[Grant]) -> tuple[Line, ...]:
    """The lines without unseen lines that another line of the same action contains without more conditions."""
    covered = covering_lines(lines, {grant.ref: grant for grant in grants}, (LineKind.KEPT,))
    return tuple(line for line in lines if id(line) not in covered)


def covering_lines(
    lines: Iterable[Line], parents: Parents, kinds: Collection[LineKind] = tuple(LineKind)
) -> Mapping[int, Line]:
    """For each redundant line of these kinds, a line of its action that contains it and isn't redundant itself.

    The keys are the identities of the lines, because lines take long to hash.
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


def lines_without_left(
    lines: Iterable[Line], grants: Iterable[Grant], left: Collection[Grant], catalog: Catalog
) -> tuple[Line, ...]:
    """The lines that are needed in addition to policies left attached, whose Allows are `left`: lines of other policies
    that these don't provably cover."""
    parents, refs = {grant.ref: grant for grant in grants}, {grant.ref for grant in left}
    wide: dict[Action, tuple[Line, ...]] = {}

    def is_held(line: Line) -> bool:
        if line.action not in wide:
            wide[line.action] = lines_for_grants(left, line.action, kind=LineKind.KEPT, why="", catalog=catalog)
        return line.parent in refs or any(covers(other, line, parents) for other in wide[line.action])

    return tuple(line for line in lines if not is_held(line)) if left else tuple(lines)


def _lines_by_pattern(lines: Iterable[Line]) -> Mapping[str, Sequence[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        for pattern in line.scope.resources:
            found[pattern].append(line)
    return found


def covers(wide: Line, narrow: Line, parents: Parents) -> bool:
    """Whether a line provably allows everything that another line does. Nothing is provable about variables."""
    grant, other = parents[wide.parent], parents[narrow.parent]
    conditions, is_same_language = grant.statement.conditions, language_version(grant) == language_version(other)
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


def _merge_two(line: Line, other: Line) -> Line:
    first = min(line, other, key=lambda line: (_STRENGTH[line.kind], line.why, line.rule))
    evidence = line.evidence or other.evidence
    if line.evidence is not None and other.evidence is not None:
        evidence = merge_evidence(line.evidence, other.evidence)
    return replace(first, evidence=evidence, suspected=line.suspected and other.suspected)


def _needed(rivals: list[Line], parents: Parents) -> Iterable[Line]:
    by_conditions: dict[object, Line] = {}
    for line in rivals:
        conditions = parents[line.parent].statement.conditions
        known = by_conditions.get(conditions)
        by_conditions[conditions] = line if known is None else replace(_merge_two(known, line), parent=known.parent)
    if () in by_conditions:
        return [by_conditions[()]]
    return by_conditions.values()


# ---------------------------------------------------------------- policies of AWS


def left_as_copies(
    grants: PrincipalGrants, lines: Iterable[Line], left: Sequence[LeftPolicy], catalog: Catalog
) -> Iterator[LeftPolicy]:
    """The AWS managed policies, besides those in `left`, whose Allows the lines cover completely, each with these
    lines.

    The roles of a permission set are replaced together by one inline policy, so they have none.
    """
    by_action: dict[Action, list[Line]] = defaultdict(list)
    for line in lines:
        by_action[line.action].append(line)
    parents = {grant.ref: grant for grant in grants.allows}
    known = {policy.arn for policy in left}
    for policy, allows in attached_of_aws(grants):
        if policy.arn in known or is_of_permission_set(grants.principal):
            continue
        if all(grant.actions and by_action.keys() >= grant.actions for grant in allows):
            copied = [*_copied_lines(allows, by_action, parents, catalog)]
            found = tuple(line for line in copied if line)
            if len(found) == len(copied):
                yield replace(policy, lines=found)


def _copied_lines(
    allows: Iterable[Grant], lines: Mapping[Action, Sequence[Line]], parents: Parents, catalog: Catalog
) -> Iterator[Line | None]:
    """For each action and resource of a policy's Allows, the line that covers it, narrowed to it, or None."""
    for grant in allows:
        for action in sorted(grant.actions):
            for whole in lines_for_grants((grant,), action, kind=LineKind.KEPT, why="", catalog=catalog):
                names = (
                    [whole.scope.resources]
                    if whole.scope.not_resource
                    else [(resource,) for resource in whole.scope.resources]
                )
                for resources in names:
                    part = replace(whole, scope=Scope(resources, whole.scope.not_resource))
                    cover = next((line for line in lines[action] if covers(line, part, parents)), None)
                    yield cover and replace(cover, scope=part.scope, parent=part.parent)
