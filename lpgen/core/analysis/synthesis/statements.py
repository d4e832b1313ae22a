"""New statements: lines grouped into statements that grant exactly their lines' pairs of action and resource.

Their Sids describe their purpose, such as `ReadOrdersBucket`. They depend only on the statement's content, so they are
the same in every run. IAM allows letters and digits in them, and no two in one policy may be equal.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

from lpgen.core.analysis.grants.granting import language_version, whole_scope
from lpgen.core.analysis.synthesis.covering import Parents, covering_lines
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import StatementRef
from lpgen.core.globs.match import as_glob, has_wildcard, holds_variable
from lpgen.core.iam.match_resource import resource_contains, resources_intersect
from lpgen.core.iam.policy import statement_from_parts
from lpgen.core.model import READ_LEVELS, AccessLevel, Action, Statement
from lpgen.core.replacements import UNSEEN_KINDS, Line, ReplacementStatement, Scope, ScopeRule


class Grouping(StrEnum):
    """How to group lines into statements: the first is the easiest to read, the second the smallest without an added
    pair."""

    BY_SERVICE = "by_service"
    MERGED = "merged"


def statements_from_lines(
    lines: Iterable[Line], parents: Parents, *, grouping: Grouping, catalog: Catalog, taken: Collection[str] = ()
) -> tuple[ReplacementStatement, ...]:
    """The statements for the lines, in reading order. Each narrows one old statement.

    Statements of used lines come before statements without recorded use. A redundant line isn't written, but explains
    the statement of the line that covers it. `taken` are Sids of other statements.
    """
    lines = tuple(lines)
    covered = covering_lines(lines, parents)
    explained: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if cover := covered.get(id(line)):
            explained[id(cover)].append(replace(line, parent=cover.parent))
    groups: dict[tuple[bool, str, StatementRef, Scope], list[Line]] = defaultdict(list)
    for line in lines:
        if id(line) not in covered:
            found = [line, *explained[id(line)]]
            apart = (_are_unseen(found), service_of(line.action)) if grouping is Grouping.BY_SERVICE else (False, "")
            groups[*apart, line.parent, line.scope].extend(found)
    by_purpose: dict[tuple[bool, str], list[ReplacementStatement]] = defaultdict(list)
    for (is_unseen, service, _, scope), found in groups.items():
        by_purpose[is_unseen, service].append(build_statement(found, catalog=catalog, scope=scope))
    merged = (_merge_exactly(group, catalog=catalog) for group in by_purpose.values())
    return tuple(sorted(_with_distinct_sids(list(chain.from_iterable(merged)), parents, taken), key=_reading_order))


def _reading_order(statement: ReplacementStatement) -> tuple[bool, str, str]:
    return is_unseen(statement), service_of(statement.actions[0]), statement.sid


def is_unseen(statement: ReplacementStatement) -> bool:
    """Whether no record shows use of any action in a statement."""
    return _are_unseen(statement.lines)


def _are_unseen(lines: Iterable[Line]) -> bool:
    return all(line.kind in UNSEEN_KINDS for line in lines)


def _with_distinct_sids(
    statements: Sequence[ReplacementStatement], parents: Parents, taken: Collection[str]
) -> Iterable[ReplacementStatement]:
    """The statements with Sids that differ from each other and from the taken ones."""
    counts = Counter([*(statement.sid for statement in statements), *taken])
    return (statement if counts[statement.sid] == 1 else with_mark(statement, parents) for statement in statements)


def with_mark(statement: ReplacementStatement, parents: Parents) -> ReplacementStatement:
    """The statement with a unique Sid."""
    return replace(statement, sid=f"{statement.sid}{_digest_of(statement, parents)[:6]}")


def with_short_sid(statement: ReplacementStatement, parents: Parents) -> ReplacementStatement:
    """The statement with a short Sid without meaning, for policies that don't fit with better Sids."""
    return replace(statement, sid=_digest_of(statement, parents)[:8])


def _digest_of(statement: ReplacementStatement, parents: Parents) -> str:
    parent, scope = parents[statement.parent], statement.scope
    conditions = [[condition.operator, condition.key, *condition.values] for condition in parent.statement.conditions]
    content = [statement.actions, scope.resources, scope.not_resource, conditions, language_version(parent)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest().upper()


def build_statement(lines: Sequence[Line], *, catalog: Catalog, scope: Scope | None = None) -> ReplacementStatement:
    """One statement for lines of one parent, by default with the scope of the first of them."""
    ordered = tuple(sorted(lines, key=lambda line: (line.action, line.scope)))
    first = ordered[0]
    actions = tuple(sorted({line.action for line in ordered}))
    scope = scope or first.scope
    sid = sid_for(actions, scope, is_unseen=_are_unseen(ordered), catalog=catalog)
    return ReplacementStatement(sid, actions, scope, first.parent, ordered)


FOLDED_TO_GRANT: Final = ScopeRule(
    "folded-to-grant",
    "the exact resources don't fit AWS's size limits, so the line covers all that the old statement covers",
    "a common prefix of the resources, or several roles in place of this one",
)


def fold_to_grant(lines: Iterable[Line], parents: Parents, *, service: str, catalog: Catalog) -> tuple[Line, ...]:
    """The lines, with the lines of one service widened to the matching patterns of their old statement."""

    met_patterns = cache(_met_patterns)  # hundreds of actions share their patterns

    def widen(line: Line) -> Line:
        if service_of(line.action) != service:
            return line
        parent = parents[line.parent]
        scope = whole_scope(parent, line.action, catalog=catalog)
        if scope is None or scope.not_resource or line.scope.not_resource:
            return line
        wider = Scope(met_patterns(scope.resources, line.scope.resources, parent.version))
        return line if wider == line.scope else replace(line, scope=wider, rule=FOLDED_TO_GRANT.name)

    return tuple(map(widen, lines))


def _met_patterns(patterns: Sequence[str], resources: Sequence[str], version: str) -> tuple[str, ...]:
    """The patterns that match a part of the resources, without patterns that another pattern contains."""
    globs = [as_glob(resource, version) for resource in resources]
    met = [
        pattern for pattern in patterns if any(resources_intersect(as_glob(pattern, version), glob) for glob in globs)
    ]
    needed: list[str] = []
    # Shorter patterns come first, which keeps one of two equivalent patterns.
    for pattern in sorted(met, key=lambda pattern: (holds_variable(pattern, version), len(pattern), pattern)):
        fixed = (other for other in needed if not holds_variable(other, version))
        if not any(resource_contains(other, as_glob(pattern, version)) for other in fixed):
            needed.append(pattern)
    return tuple(sorted(needed))


def written_statement(statement: ReplacementStatement, parents: Parents) -> Statement:
    """The statement as it is written into a policy, with its old statement's conditions."""
    return statement_from_parts(
        sid=statement.sid,
        actions=statement.actions,
        resources=statement.scope.resources,
        not_resource=statement.scope.not_resource,
        conditions=parents[statement.parent].statement.conditions,
    )


def service_of(action: Action) -> str:
    """The service prefix of an action."""
    return action.partition(":")[0]


def _merge_exactly(statements: Iterable[ReplacementStatement], *, catalog: Catalog) -> list[ReplacementStatement]:
    """The statements.

    Statements of one parent are joined if the added pairs of action and resource can't match anything.

    `s3:ListBucket` on a bucket and `s3:GetObject` on its objects become one statement, since neither action takes a
    resource of the other's type.
    """
    merged: list[ReplacementStatement] = []
    joined = _join_equal_actions(statements, catalog=catalog)
    for statement in sorted(joined, key=lambda statement: (statement.parent, statement.scope)):
        for at, known in enumerate(merged):
            if known.parent == statement.parent and _joinable(known, statement, catalog):
                union = Scope(tuple(sorted({*known.scope.resources, *statement.scope.resources})))
                merged[at] = build_statement([*known.lines, *statement.lines], catalog=catalog, scope=union)
                break
        else:
            merged.append(statement)
    return merged


def _join_equal_actions(
    statements: Iterable[ReplacementStatement], *, catalog: Catalog
) -> Iterable[ReplacementStatement]:
    """Joins statements of one parent with the same actions. This never adds a pair."""
    groups: dict[tuple[StatementRef, tuple[Action, ...], bool], list[ReplacementStatement]] = defaultdict(list)
    for statement in statements:
        groups[statement.parent, statement.actions, statement.scope.not_resource].append(statement)
    for (_, _, not_resource), group in groups.items():
        if not_resource or len(group) == 1:
            yield from group
            continue
        union = Scope(tuple(sorted({resource for statement in group for resource in statement.scope.resources})))
        yield build_statement([line for statement in group for line in statement.lines], catalog=catalog, scope=union)


def _joinable(first: ReplacementStatement, second: ReplacementStatement, catalog: Catalog) -> bool:
    if first.scope.not_resource or second.scope.not_resource:
        return False
    wanted = {
        (line.action, resource)
        for statement in (first, second)
        for line in statement.lines
        for resource in line.scope.resources
    }
    return all(
        (action, resource) in wanted or not catalog.takes_resource(action, resource)
        for action in {*first.actions, *second.actions}
        for resource in {*first.scope.resources, *second.scope.resources}
    )


# ---------------------------------------------------------------- Sids

_UNSEEN: Final = "Unseen"
"""The prefix of the Sid of a statement that is kept though no record shows its use."""

_WORD: Final = re.compile("[A-Za-z0-9]+")
_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")
_OF_NAMES: Final = re.compile("(?:Name(?:With[A-Za-z]*)?|Id|Arn|Key)$")
_GENERATED_NAME: Final = re.compile(r"(?:[a-z]+-)?(?=[0-9a-f-]*\d)[0-9a-f-]{8,}", re.IGNORECASE)
"""Names that AWS generates, such as the id of a key or an instance. They mean nothing to a reader."""

_LONGEST_NAME: Final = 40


class _Thing(NamedTuple):
    """A resource's kind, such as `Bucket`, and its name; each is "" if it means nothing."""

    kind: str
    name: str


def sid_for(actions: Sequence[Action], scope: Scope, *, is_unseen: bool, catalog: Catalog) -> str:
    """The Sid of a statement that allows these actions on a scope. It may not be unique in its policy yet."""
    services = sorted({action.partition(":")[0] for action in actions})
    service = _words(services[0]) if len(services) == 1 else "SeveralServices"
    things = {_thing(resource, actions, catalog) for resource in scope.resources}
    verb = actions[0].partition(":")[2] if len(actions) == 1 else _verb(actions, catalog)
    noun = f"{service}Except" if scope.not_resource else _noun(things, service)
    return f"{_UNSEEN if is_unseen else ''}{_ascii(verb)}{noun}"


def _verb(actions: Iterable[Action], catalog: Catalog) -> str:
    levels = {catalog.detail(action).level for action in actions}
    if AccessLevel.PERMISSIONS_MANAGEMENT in levels:
        return "Administer"
    if levels <= READ_LEVELS:
        return "Read"
    return "ReadWrite" if levels & READ_LEVELS else "Write"


def _noun(things: set[_Thing], service: str) -> str:
    """The noun that all resources share: one name and kind, or a kind, or only the service."""
    kinds, names = {thing.kind for thing in things}, {thing.name for thing in things}
    kind = kinds.pop() if len(kinds) == 1 else ""
    name = names.pop() if len(names) == 1 else ""
    if name:
        return f"{name}{kind or service}"
    return f"{service}{_plural(kind)}" if kind else service


def _plural(kind: str) -> str:
    if kind.endswith("y") and not kind.endswith(("ay", "ey", "oy")):
        return f"{kind[:-1]}ies"
    return kind if kind.endswith("s") else f"{kind}s"


def _thing(resource: str, actions: Iterable[Action], catalog: Catalog) -> _Thing:
    """The kind and name of a resource by its ARN format. The first placeholder is the container of the rest."""
    for action in actions:
        kind = catalog.resource_type(action, resource) if catalog.takes_resource(action, resource) else ""
        for arn_format in catalog.arn_formats(action.partition(":")[0], kind) if kind else ():
            if found := _read_name(split_arn(resource).name, split_arn(arn_format).name):
                return found
    return _Thing("", "")


def _read_name(name: str, form: str) -> _Thing | None:
    placeholder = _PLACEHOLDER.search(form)
    head = form[: placeholder.start()] if placeholder else form
    if placeholder is None or not name.startswith(head):
        return None
    value = re.split("[/:]", name[len(head) :], maxsplit=1)[0]
    stem = re.split(r"[*?$]", value, maxsplit=1)[0] if has_wildcard(value) or "$" in value else value
    is_generated = _GENERATED_NAME.fullmatch(stem) is not None
    return _Thing(_words(_OF_NAMES.sub("", placeholder[1])), "" if is_generated else _words(stem))


def _words(text: str) -> str:
    """The words of a name, joined by capitals."""
    return "".join(f"{word[0].upper()}{word[1:]}" for word in _WORD.findall(text))[:_LONGEST_NAME]


def _ascii(text: str) -> str:
    return "".join(_WORD.findall(text))
