"""Generation: writes the kept lines as policy documents within AWS's limits, or refuses to."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lpgen.core.analysis.caveats.replacement import ReplacementCaveat, refuse_for_size
from lpgen.core.analysis.grants.aws_policies import without_left
from lpgen.core.analysis.grants.granting import language_version
from lpgen.core.analysis.scopes.scopes import SCOPE_RULES
from lpgen.core.analysis.synthesis.covering import Parents
from lpgen.core.analysis.synthesis.fit import FittedDocument, FittedStatement, Purpose, Space, fit_documents, space_of
from lpgen.core.analysis.synthesis.lines import LINE_RULES
from lpgen.core.analysis.synthesis.statements import (
    FOLDED_TO_GRANT,
    Grouping,
    build_statement,
    fold_to_grant,
    is_unseen,
    service_of,
    statements_from_lines,
    with_mark,
    with_short_sid,
    written_statement,
)
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, PrincipalGrants
from lpgen.core.findings import PrincipalClass, PrincipalDiff
from lpgen.core.globs.step_budget import PRINCIPAL_STEPS, StepsUsedUpError, step_budget
from lpgen.core.iam.limits import MANAGED_POLICY_LIMIT
from lpgen.core.iam.policy import (
    policy_from_json,
    policy_from_statements,
    policy_size,
    policy_to_json,
    text_without_sid,
)
from lpgen.core.model import Action, Statement
from lpgen.core.options import Options
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import AppliedRule, Line, Replacement, ReplacementDocument, ReplacementStatement, Scope

_SCOPE_RULES: Final = {rule.name: rule for rule in (*SCOPE_RULES, *LINE_RULES, FOLDED_TO_GRANT)}
"""The rules that can make a scope wider than the used resources, by name."""


def generate_policy(diff: PrincipalDiff, grants: PrincipalGrants, catalog: Catalog, options: Options) -> Replacement:
    """The replacement of one principal, or its refusal if nothing can be proven within the budget of steps.

    Every new Allow lists its actions and narrows one old Allow, whose conditions it keeps. Every Deny is copied. If a
    policy doesn't fit AWS's limits, lpgen merges it exactly, then gives it short Sids, then folds it within the old
    statements, then also uses inline space, then refuses it.
    """
    quota = options.attached_quota
    unproven = next((caveat for caveat in diff.assessment.caveats if caveat.kind is ReplacementCaveat.UNPROVEN), None)
    if unproven is not None:
        return Replacement(diff.principal, (), (), (), unproven, quota)
    try:
        with step_budget(PRINCIPAL_STEPS):
            return _generate_one(diff, grants, catalog, options)
    except StepsUsedUpError as error:
        return Replacement(diff.principal, (), (), (), Caveat.of(ReplacementCaveat.UNPROVEN, why=error.message), quota)


_Name = Callable[[ReplacementStatement, Parents], ReplacementStatement]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Statements to try to fit into a space. `name` gives a part of a statement its Sid."""

    statements: tuple[ReplacementStatement, ...]
    space: Space
    name: _Name = with_mark


def _generate_one(diff: PrincipalDiff, grants: PrincipalGrants, catalog: Catalog, options: Options) -> Replacement:
    parents = {grant.ref: grant for grant in grants.allows}
    denies = _deny_items(without_left(grants, diff.draft.left).denies)
    taken = [statement.written.sid for statement in denies]
    inline = options.inline or diff.principal_class is PrincipalClass.SSO
    managed = 0 if inline else max(0, options.attached_quota - len(diff.draft.left))
    tried: set[tuple[Space, tuple[str, ...]]] = set()
    group = partial(statements_from_lines, parents=parents, catalog=catalog, taken=taken)
    for attempt in _attempts(diff, parents, catalog, group, managed=managed):
        items = [_allow_item(statement, parents) for statement in attempt.statements]
        written = attempt.space, tuple(item.written.text for item in items)
        if written in tried:
            continue
        tried.add(written)
        documents = fit_documents(
            sorted([*items, *denies], key=lambda item: item.group),
            attempt.space,
            split=partial(_split_item, parents=parents, catalog=catalog, name=attempt.name),
        )
        if documents is not None:
            return Replacement(
                diff.principal,
                tuple(_write(document, number, diff) for number, document in enumerate(documents, start=1)),
                _applied_rules(attempt.statements),
                _bytes_by_service([*items, *denies]),
                attached_quota=options.attached_quota,
                left=diff.draft.left,
            )
    return _refuse(diff, parents, denies, catalog, managed=managed)


def _attempts(
    diff: PrincipalDiff,
    parents: Parents,
    catalog: Catalog,
    group: Callable[..., tuple[ReplacementStatement, ...]],
    *,
    managed: int,
) -> Iterable[_Attempt]:
    def merged(lines: tuple[Line, ...], space: Space) -> Iterable[_Attempt]:
        statements = group(lines, grouping=Grouping.MERGED)
        yield _Attempt(statements, space)
        short = tuple(with_short_sid(statement, parents) for statement in statements)
        yield _Attempt(short, space, with_short_sid)

    space = space_of(diff.principal.kind, managed=managed, inline=not managed)
    lines = diff.draft.lines
    statements = group(lines, grouping=Grouping.BY_SERVICE)
    yield _Attempt(statements, space)
    yield from merged(lines, space)
    sizes = dict(_bytes_by_service([_allow_item(statement, parents) for statement in statements]))
    for service in sorted(sizes, key=lambda size: (-sizes[size], size)):
        folded = fold_to_grant(lines, parents, service=service, catalog=catalog)
        if folded != lines:
            lines = folded
            yield from merged(lines, space)
    if managed:
        both = space_of(diff.principal.kind, managed=managed, inline=True)
        yield from merged(diff.draft.lines, both)
        if lines != diff.draft.lines:
            yield from merged(lines, both)


def _refuse(
    diff: PrincipalDiff, parents: Parents, denies: Sequence[FittedStatement], catalog: Catalog, *, managed: int
) -> Replacement:
    def items_of(statements: Iterable[ReplacementStatement]) -> list[FittedStatement]:
        return [*(_allow_item(statement, parents) for statement in statements), *denies]

    group = partial(statements_from_lines, diff.draft.lines, parents, catalog=catalog)
    sizes = _bytes_by_service(items_of(group(grouping=Grouping.BY_SERVICE)))
    short = (with_short_sid(statement, parents) for statement in group(grouping=Grouping.MERGED))
    refusal = refuse_for_size(
        diff,
        catalog,
        sizes=sizes,
        needed=sum(item.size for item in items_of(short)),
        managed=managed,
        inline=space_of(diff.principal.kind, managed=managed, inline=True).inline,
        has_large_deny=any(item.size > MANAGED_POLICY_LIMIT for item in denies),
    )
    return Replacement(diff.principal, (), (), sizes, refusal)


# ---------------------------------------------------------------- items


def _allow_item(statement: ReplacementStatement, parents: Parents) -> FittedStatement:
    services = {service_of(action) for action in statement.actions}
    return FittedStatement(
        Purpose.UNSEEN if is_unseen(statement) else Purpose.USED,
        services.pop() if len(services) == 1 else "",
        language_version(parents[statement.parent]),
        written_statement(statement, parents),
        statement,
    )


def _deny_items(denies: Iterable[Grant]) -> list[FittedStatement]:
    """Each Deny as it is written now, once.

    A Sid that another Deny already has is replaced by a digest of the content.
    """
    found: dict[tuple[str, str], FittedStatement] = {}
    sids: set[str] = set()
    for grant in denies:
        version, bare = language_version(grant), text_without_sid(grant.statement.text)
        if (version, bare) in found:
            continue
        written = grant.statement
        if written.sid and written.sid in sids:
            written = _with_sid(bare, f"Deny{hashlib.sha256(bare.encode()).hexdigest()[:10]}")
        sids.add(written.sid)
        found[version, bare] = FittedStatement(Purpose.DENY, "", version, written, None)
    return list(found.values())


def _with_sid(bare: str, sid: str) -> Statement:
    fields: dict[str, Any] = {"Sid": sid, **json.loads(bare)}
    document = {"Version": "2012-10-17", "Statement": [fields]}
    return policy_from_json(document, place="carried Deny").statements[0]


def _split_item(
    item: FittedStatement, room: int, *, parents: Parents, catalog: Catalog, name: _Name
) -> Sequence[FittedStatement]:
    source = item.source
    if source is None:
        return ()

    def part(actions: Sequence[Action], resources: Sequence[str]) -> FittedStatement:
        chosen = frozenset(actions)
        lines = [line for line in source.lines if line.action in chosen]
        scope = Scope(tuple(resources), source.scope.not_resource)
        return _allow_item(name(build_statement(lines, catalog=catalog, scope=scope), parents), parents)

    actions, resources = source.actions, source.scope.resources
    fitting = bisect_right(range(1, len(actions)), room, key=lambda count: part(actions[:count], resources).size)
    if fitting:
        return [part(actions[:fitting], resources), part(actions[fitting:], resources)]
    if source.scope.not_resource:
        return ()
    # One action on all its resources is already too large, so split the resources.
    first, others = actions[:1], actions[1:]
    fitting = bisect_right(range(1, len(resources)), room, key=lambda count: part(first, resources[:count]).size)
    if not fitting:
        return ()
    rest = [part(others, resources)] if others else []
    return [part(first, resources[:fitting]), part(first, resources[fitting:]), *rest]


# ---------------------------------------------------------------- results


def _write(document: FittedDocument, number: int, diff: PrincipalDiff) -> ReplacementDocument:
    policy = policy_from_statements([item.written for item in document.items], version=document.version)
    return ReplacementDocument(
        f"lpgen-{diff.principal.name}-{number}",
        document.inline,
        policy_to_json(policy, indent=2) + "\n",
        policy_size(policy),
        tuple(item.source for item in document.items if item.source is not None),
    )


def _applied_rules(statements: Iterable[ReplacementStatement]) -> tuple[AppliedRule, ...]:
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for scope, line in ((statement.scope, line) for statement in statements for line in statement.lines if line.rule):
        for resource in line.scope.resources:
            if resource in scope.resources:  # not if the line explains a wider scope
                text = f"all but {resource}" if line.scope.not_resource else resource
                seen[line.rule, text] += line.evidence.records if line.evidence else 0
    return tuple(
        AppliedRule(name, pattern, records, _SCOPE_RULES[name].adds, _SCOPE_RULES[name].tightens)
        for (name, pattern), records in sorted(seen.items())
    )


def _bytes_by_service(items: Iterable[FittedStatement]) -> tuple[tuple[str, int], ...]:
    sizes: dict[str, int] = defaultdict(int)
    for item in items:
        sizes["denies" if item.purpose is Purpose.DENY else item.service or "several"] += item.size
    return tuple(sorted(sizes.items()))
