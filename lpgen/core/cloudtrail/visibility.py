"""How CloudTrail can show each action: as a management event, a data event, in another call's record, or not at all.

AWS's own statements are in tables: `data_events` (event selectors ask for these), and `stated_records` (never recorded,
or recorded though no operation of the service model has the name). The rest follows from the actions that the event map
can read off a record: the action of an operation's own name, and in `shown_actions` those that tables and rules add. An
action that no record shows is never seen: that is no evidence that it isn't used. `unseen_actions` has its kind.

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
    """Each service's actions of an operation's own name, read when first asked for.

    An operation whose row names other actions doesn't count: its record shows those instead.
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
        """The operation whose record shows an action, `ec2.amazonaws.com DescribeVpcs`, or "" where none is known."""
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
    """The few principals that use an action, each field a mark of some; one mark is enough.

    `trusts`: roles that one of these services may assume. `people`: people, who work in the console. `uses`: those that
    records show to use one of these actions, which go before or along with it. `grants`: those that may use all of
    these too. `versioned`: those that may use it on a bucket with versions. `named` says whether anybody else uses it
    whose policy names it without a wildcard; without a mark, either only these or nobody does.
    """

    trusts: frozenset[str] = frozenset()
    people: bool = False
    uses: frozenset[Action] = frozenset()
    grants: frozenset[Action] = frozenset()
    versioned: bool = False
    named: bool = True


_RARE: Final = Users()
NOBODY: Final = Users(named=False)
"""The users of an action that has no effect by its name: AWS asks for a wildcard after it, which no replacement has."""

_NO_OPERATION: Final = "no API operation is known that needs it, so no record can show its use"
_OPERATIONS_PAGE: Final = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html"


@dataclass(frozen=True, slots=True)
class ActionVisibility:
    """How CloudTrail shows an action.

    `reason` is a sentence: why nothing shows it (NEVER), else what shows it. For DATA only, `event_sources` are those
    of its data events, and `selector` is the `resources.type` with which an advanced event selector asks for them.
    `users` are the few principals that use it, None if ordinary clients of its service do. It is rare, without a mark
    of any users, if no operation is known that needs it and no table names its users, or if everyday clients don't
    cause its data events. `kind` says why logs lack its use where they do. `source` is the AWS page behind it.
    """

    visibility: Visibility
    reason: str
    source: str
    event_sources: tuple[str, ...] = ()
    selector: str = ""
    users: Users | None = None
    kind: UnobservableKind = UnobservableKind.DATA_EVENTS


class VisibilityTable:
    """How CloudTrail can show every action of one catalog. Tables are read when first needed, answers are kept."""

    def __init__(self, source: CatalogSource) -> None:
        self._source = source
        self._own = OwnOperations(source)
        self._answers: dict[Action, ActionVisibility] = {}
        self._sets: dict[tuple[Visibility, frozenset[Action]], frozenset[Action]] = {}

    def visibility(self, action: Action) -> ActionVisibility:
        """How CloudTrail shows an action; NEVER for one that the catalog doesn't know."""
        answer = self._answers.get(action)
        if answer is None:
            answer = self._answers[action] = self._decide(action)
        return answer

    def data_actions(self, actions: frozenset[Action]) -> frozenset[Action]:
        """The actions that only data events show."""
        return self._actions_shown_by(Visibility.DATA, actions)

    def beside_management(self, actions: frozenset[Action]) -> frozenset[Action]:
        """Those of the actions that no management event of their own shows."""
        return actions - self._actions_shown_by(Visibility.MANAGEMENT, actions)

    @cached_property
    def without_users(self) -> frozenset[str]:
        """The actions that nobody uses, in lower case."""
        return frozenset(name for name, entry in self._stated.items() if entry.users == NOBODY)

    def companions(self, service: str) -> tuple[str, ...]:
        """The services whose use is a sign that this one is used too, sorted."""
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
            return _management(f"the record of {operation} shows it")
        if name in shown.observed:
            return _management("records of operations by other names show it")
        hows = shown.inferred.get(name)
        if hows:
            return self._inferred(hows)
        return self._unseen.get(name) or self._unseen.get(f"{name.partition(':')[0]}:*") or _UNSEEN

    @cached_property
    def _stated(self) -> dict[str, ActionVisibility]:
        """The visibility that AWS's statements in the tables give, by action in lower case."""
        return dict(_read_stated(self._source))

    @cached_property
    def _unseen(self) -> dict[str, ActionVisibility]:
        """The visibility of actions that no operation is known to need, by action in lower case, or `service:*`.

        Catalogs of users may lack the table.
        """
        found: dict[str, ActionVisibility] = {}
        for row in read_optional_table(self._source, "unseen_actions", list[_StatedRow], []):
            reason = f"{_NO_OPERATION}: {row.reason}"
            entry = ActionVisibility(Visibility.NEVER, reason, row.source, users=_RARE, kind=row.kind)
            found.update(_name_each(row, entry))
        return found

    @cached_property
    def _shown(self) -> _Shown:
        """The actions that records show in addition to the one of an operation's own name, by action in lower case."""
        shown = read_catalog_table(self._source, "shown_actions", _Shown)
        return _Shown(
            frozenset(name.casefold() for name in shown.observed),
            {name.casefold(): hows for name, hows in shown.inferred.items()},
            frozenset(name.casefold() for name in shown.replaced),
        )

    def _inferred(self, hows: tuple[str, ...]) -> ActionVisibility:
        """The visibility of an action that is read off other calls' records; its page is the first inference rule's."""
        rules = [self._inferences[how] for how in hows]
        reason = "seen only through other calls: " + "; ".join(rule.sentence for rule in rules)
        return ActionVisibility(Visibility.INFERRED, reason, rules[0].source, kind=UnobservableKind.INSIDE_CALL)

    @cached_property
    def _inferences(self) -> dict[str, Inference]:
        return inferences_from_catalog(self._source)

    @cached_property
    def _companion_rows(self) -> dict[str, _CompanionRow]:
        rows = read_catalog_table(self._source, "companions", list[_CompanionRow])
        return {row.service: row for row in rows}


def visibility_from_catalog(catalog: Catalog) -> VisibilityTable:
    """The visibility of the catalog's actions: one table a catalog."""
    return catalog.facts(VisibilityTable)


_UNSEEN: Final = ActionVisibility(
    Visibility.NEVER, _NO_OPERATION, _OPERATIONS_PAGE, users=_RARE, kind=UnobservableKind.UNCLASSIFIED
)


def _management(reason: str) -> ActionVisibility:
    return ActionVisibility(Visibility.MANAGEMENT, reason, _OPERATIONS_PAGE)


SHOWN: Final = _management("this log holds records of it")

# ---------------------------------------------------------------- the tables


class _DataRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Actions of one service whose calls are data events of one resource type.

    `ordinary` are those that everyday clients of the service call, with the page that shows it; None means all. If only
    a few principals call them, `users` says which, also with the page.
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
    """Actions of one service, or `*` for all, which according to AWS are never recorded, or are recorded.

    `recorded` says which. `users` are the few principals that use them, None where anybody may. `kind` is that of
    actions that no record shows.
    """

    service: str
    actions: tuple[str, ...]
    reason: str
    source: str
    users: Users | None = None
    kind: UnobservableKind = UnobservableKind.DATA_EVENTS
    recorded: bool = False


class _CompanionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service, and the services whose use is a sign of its use."""

    service: str
    with_: tuple[str, ...] = msgspec.field(name="with")
    source: str


class _Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The generated table: observed actions, inferred ones with their rules, and those whose records show others."""

    observed: frozenset[str]
    inferred: dict[str, tuple[str, ...]]
    replaced: frozenset[str]


def _read_stated(source: CatalogSource) -> Iterator[tuple[str, ActionVisibility]]:
    for data in read_catalog_table(source, "data_events", list[_DataRow]):
        reason = f"a data event, which a trail records where it selects {data.selector}"
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
