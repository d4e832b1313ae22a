"""How CloudTrail shows each action: as a management event, as a data event, in another call's record, or not at all.

Tables hold what AWS states: `data_events` (which event selectors request) and `stated_records` (never recorded, or
recorded although no operation of the service model has the name). The rest follows from the actions that the event map
reads from a record: the action with the operation's name, and those in `shown_actions` that tables and rules add. If no
record shows an action, its absence from the logs doesn't mean that it isn't used. `unseen_actions` has the kind of such
actions.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table, read_optional_table
from lpgen.core.choices import UnobservableKind
from lpgen.core.cloudtrail.operation_rows import Operations, read_event_sources
from lpgen.core.cloudtrail.rules.inferences import Inference, inferences_from_catalog
from lpgen.core.model import Action, Visibility

_SUFFIX: Final = ".amazonaws.com"


class OwnOperations:
    """Each service's actions that have the name of an operation. A service is read on first use.

    An operation doesn't count if its row names other actions, because its record shows those instead.
    """

    def __init__(self, source: CatalogSource) -> None:
        rows = read_event_sources(source)
        self._tables: dict[str, set[str]] = defaultdict(set)
        for event_source, row in rows.items():
            for prefix in row.prefixes:
                self._tables[prefix].add(row.table or event_source)
        self._operations = Operations(source)
        self._found: dict[str, dict[str, str]] = {}

    def operation(self, action: str) -> str:
        """The operation whose record shows an action, such as `ec2.amazonaws.com DescribeVpcs`, or "" if none is
        known."""
        prefix, _, name = action.casefold().partition(":")
        found = self._found.get(prefix)
        if found is None:
            found = self._found[prefix] = dict(self._named(prefix))
        return found.get(name, "")

    def _named(self, prefix: str) -> Iterator[tuple[str, str]]:
        for table in sorted(self._tables.get(prefix, set()) | {prefix + _SUFFIX}):
            for lower, (operation, row) in self._operations.table(table).items():
                if not row.actions or f"{prefix}:{lower}" in {name.casefold() for name in row.actions}:
                    yield lower, f"{table} {operation}"


class Users(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The few principals that use an action. Each field is a sign of such a principal; one sign is enough.

    `trusts`: roles that one of these services may assume. `people`: people who work in the console. `uses`: principals
    with records of one of these actions, which come before or with the action. `grants`: principals that are also
    granted all of these actions. `versioned`: principals that may use it on a bucket with versions. `named`: whether
    other principals use it too if their policy names it without a wildcard.
    """

    trusts: frozenset[str] = frozenset()
    people: bool = False
    uses: frozenset[Action] = frozenset()
    grants: frozenset[Action] = frozenset()
    versioned: bool = False
    named: bool = True


_RARE: Final = Users()
NOBODY: Final = Users(named=False)
"""The users of an action that has no effect under its own name: AWS requires a wildcard after it, which replacements
never have."""

_OWN_RECORD: Final = "the record of {operation} shows it"
_OTHER_RECORDS: Final = "records of operations with other names show it"
_OTHER_CALLS: Final = "seen only through other calls: {calls}"
_DATA_EVENT: Final = "a data event, which a trail records if it selects {selector}"
_NO_OPERATION: Final = "no API operation is known to need it, so no record can show its use"
_OPERATIONS_PAGE: Final = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html"


@dataclass(frozen=True, slots=True)
class ActionVisibility:
    """How CloudTrail shows an action.

    `reason` is a sentence: why nothing shows it (NEVER), or what shows it. For DATA only: `event_sources` are the event
    sources of its data events, and `selector` is the `resources.type` that an advanced event selector needs. `users`
    are the few principals that use it, or None if ordinary clients use it. `users` has no signs if no operation is
    known to need the action and no table names its users, or if ordinary clients don't cause its data events. `kind` is
    the reason why logs don't show its use. `source` is the AWS page.
    """

    visibility: Visibility
    reason: str
    source: str
    event_sources: tuple[str, ...] = ()
    selector: str = ""
    users: Users | None = None
    kind: UnobservableKind = UnobservableKind.DATA_EVENTS


class VisibilityTable:
    """How CloudTrail shows the actions of one catalog. Tables are read on first use, and answers are kept."""

    def __init__(self, source: CatalogSource) -> None:
        self._source = source
        self._own = OwnOperations(source)
        self._answers: dict[Action, ActionVisibility] = {}
        self._sets: dict[tuple[Visibility, frozenset[Action]], frozenset[Action]] = {}

    def visibility(self, action: Action) -> ActionVisibility:
        """How CloudTrail shows an action. NEVER for an action that the catalog doesn't have."""
        answer = self._answers.get(action)
        if answer is None:
            answer = self._answers[action] = self._decide(action)
        return answer

    def data_actions(self, actions: frozenset[Action]) -> frozenset[Action]:
        """The actions that only data events show."""
        return self._actions_shown_by(Visibility.DATA, actions)

    def without_management_event(self, actions: frozenset[Action]) -> frozenset[Action]:
        """The actions that have no management event of their own."""
        return actions - self._actions_shown_by(Visibility.MANAGEMENT, actions)

    @cached_property
    def without_users(self) -> frozenset[str]:
        """The actions that nobody uses, in lower case."""
        return frozenset(name for name, entry in self._stated.items() if entry.users == NOBODY)

    def companions(self, service: str) -> tuple[str, ...]:
        """The services whose use suggests that this service is used too, sorted."""
        row = self._companion_rows.get(service)
        return tuple(sorted(row.with_)) if row else ()

    # ------------------------------------------------------------ internals

    def _actions_shown_by(self, visibility: Visibility, actions: frozenset[Action]) -> frozenset[Action]:
        found = self._sets.get((visibility, actions))
        if found is None:
            shown = (action for action in actions if self.visibility(action).visibility is visibility)
            found = self._sets[visibility, actions] = frozenset(shown)
        return found

    def _decide(self, action: Action) -> ActionVisibility:
        name = action.casefold()
        stated = self._stated.get(name)
        if stated is not None:
            return stated
        shown = self._shown
        operation = self._own.operation(name)
        if operation and name not in shown.replaced:
            return _management(_OWN_RECORD.format(operation=operation))
        if name in shown.observed:
            return _management(_OTHER_RECORDS)
        hows = shown.inferred.get(name)
        if hows:
            return self._inferred(hows)
        return self._unseen.get(name) or self._unseen.get(f"{name.partition(':')[0]}:*") or _UNSEEN

    @cached_property
    def _stated(self) -> dict[str, ActionVisibility]:
        """The visibility that AWS states, by action in lower case."""
        return dict(_read_stated(self._source))

    @cached_property
    def _unseen(self) -> dict[str, ActionVisibility]:
        """The visibility of actions without a known operation, by action in lower case or by `service:*`.

        A user's own catalog may lack the table.
        """
        found: dict[str, ActionVisibility] = {}
        for row in read_optional_table(self._source, "unseen_actions", list[_StatedRow], []):
            reason = f"{_NO_OPERATION}: {row.reason}"
            entry = ActionVisibility(Visibility.NEVER, reason, row.source, users=_RARE, kind=row.kind)
            found.update(_name_each(row, entry))
        return found

    @cached_property
    def _shown(self) -> _Shown:
        """The actions that records show in addition to the action with the operation's name, by action in lower
        case."""
        shown = read_catalog_table(self._source, "shown_actions", _Shown)
        return _Shown(
            frozenset(name.casefold() for name in shown.observed),
            {name.casefold(): hows for name, hows in shown.inferred.items()},
            frozenset(name.casefold() for name in shown.replaced),
        )

    def _inferred(self, hows: tuple[str, ...]) -> ActionVisibility:
        """The visibility of an action that only the records of other calls show. Its page is that of the first
        inference rule."""
        rules = [self._inferences[how] for how in hows]
        reason = _OTHER_CALLS.format(calls="; ".join(rule.sentence for rule in rules))
        return ActionVisibility(Visibility.INFERRED, reason, rules[0].source, kind=UnobservableKind.INSIDE_CALL)

    @cached_property
    def _inferences(self) -> dict[str, Inference]:
        return inferences_from_catalog(self._source)

    @cached_property
    def _companion_rows(self) -> dict[str, _CompanionRow]:
        rows = read_catalog_table(self._source, "companions", list[_CompanionRow])
        return {row.service: row for row in rows}


def visibility_from_catalog(catalog: Catalog) -> VisibilityTable:
    """The visibility of the catalog's actions, with one table per catalog."""
    return catalog.facts(VisibilityTable)


_UNSEEN: Final = ActionVisibility(
    Visibility.NEVER, _NO_OPERATION, _OPERATIONS_PAGE, users=_RARE, kind=UnobservableKind.UNCLASSIFIED
)


def _management(reason: str) -> ActionVisibility:
    return ActionVisibility(Visibility.MANAGEMENT, reason, _OPERATIONS_PAGE)


SHOWN: Final = _management("the logs have records of it")

# ---------------------------------------------------------------- the tables


class _DataRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Actions of one service whose calls are data events of one resource type.

    `ordinary` are the actions that ordinary clients of the service call, with the page that shows it. None means all.
    If only a few principals call the others, `users` describes them, also with a page.
    """

    service: str
    selector: str
    event_sources: tuple[str, ...]
    actions: tuple[str, ...]
    source: str
    ordinary: tuple[str, ...] | None = None
    ordinary_source: str = ""
    users: Users | None = None
    users_source: str = ""


class _StatedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Actions of a service that AWS states to be never recorded, or to be recorded. `*` means all actions.

    `recorded`: which of the two. `users` are the few principals that use them, or None if any principal may. `kind` is
    for actions that no record shows.
    """

    service: str
    actions: tuple[str, ...]
    reason: str
    source: str
    users: Users | None = None
    kind: UnobservableKind = UnobservableKind.DATA_EVENTS
    recorded: bool = False


class _CompanionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service, and the services whose use suggests that it is used too."""

    service: str
    with_: tuple[str, ...] = msgspec.field(name="with")
    source: str


class _Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The generated table: observed actions, inferred actions with their rules, and actions that have the name of an
    operation whose record shows other actions."""

    observed: frozenset[str]
    inferred: dict[str, tuple[str, ...]]
    replaced: frozenset[str]


def _read_stated(source: CatalogSource) -> Iterator[tuple[str, ActionVisibility]]:
    for data in read_catalog_table(source, "data_events", list[_DataRow]):
        reason = _DATA_EVENT.format(selector=data.selector)
        entry = ActionVisibility(Visibility.DATA, reason, data.source, data.event_sources, data.selector, data.users)
        rare = replace(entry, users=_RARE)
        ordinary = data.actions if data.ordinary is None else data.ordinary
        for name in data.actions:
            yield f"{data.service}:{name}".casefold(), entry if name in ordinary else rare
    for row in read_catalog_table(source, "stated_records", list[_StatedRow]):
        visibility = Visibility.MANAGEMENT if row.recorded else Visibility.NEVER
        entry = ActionVisibility(visibility, row.reason, row.source, users=row.users, kind=row.kind)
        yield from _name_each(row, entry)


def _name_each(row: _StatedRow, entry: ActionVisibility) -> Iterator[tuple[str, ActionVisibility]]:
    return ((f"{row.service}:{name}".casefold(), entry) for name in row.actions)
