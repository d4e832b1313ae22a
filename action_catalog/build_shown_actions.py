"""Writes `shown_actions.json`: the actions that a record shows in addition to the action with the operation's name.

    python -m action_catalog.build_shown_actions

An operation of the service model shows the action with its name, which needs no list. This table has the other actions:
those in the operation tables, and those that the rules return. Rules are functions, so they are called with all, none,
all but one, or only one of the parameters that they read.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import OperationRow, read_operation_table
from lpgen.core.cloudtrail.records import Record
from lpgen.core.cloudtrail.rules import cloudwatch
from lpgen.core.cloudtrail.rules.call import EVERY_READ, Call, Completion, Rule
from lpgen.core.cloudtrail.rules.inferences import NAMED_OBJECT, PASS_ROLE, REQUEST_OPTION, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION
from lpgen.core.cloudtrail.rules.tables import COMPLETION_TABLES, RULE_TABLES
from lpgen.core.cloudtrail.visibility import OwnOperations
from lpgen.core.model import OBSERVED, UNKNOWN_RESOURCE, AccessLevel, Action, MappedAction
from lpgen.edge.catalog.files import bundled_catalog

HERE: Final = Path(__file__).resolve().parent
TARGET: Final = HERE / "shown_actions.json"

Shown = Iterator[tuple[str, str]]
"""Actions, each with `OBSERVED` or the name of an inference rule."""

_ACCOUNT: Final = "111122223333"
_TEXTS: Final = (
    "probe",
    f"arn:aws:iam::{_ACCOUNT}:role/probe",
    f"arn:aws:sqs:us-east-1:{_ACCOUNT}:probe",
    f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:probe",
    f"arn:aws:ec2:us-east-1:{_ACCOUNT}:instance/i-0123456789abcdef0",
    "resolve:ssm:/probe",
    'SELECT * FROM "probe"',
    "INSERT INTO \"probe\" VALUE {'id': '1'}",
    'UPDATE "probe" SET a = 1',
    'DELETE FROM "probe"',
    "true",
    "*",
    "tenant-only",
    "DIRECTORY_USER",
)
_REQUESTS: Final[tuple[dict[str, object] | None, ...]] = (
    None,
    {
        "transactItems": [
            {name: {"tableName": "probe"}} for name in ("get", "put", "update", "delete", "conditionCheck")
        ]
    },
    {"patchOperations": [{"path": "/policy", "value": "{}"}], "policy": "{}"},
    {"patchOperations": [{"path": "/managementPolicy", "value": "{}"}]},
    {"patchOperations": [{"path": "/mutualTlsAuthentication/truststoreUri", "value": "s3://probe/store.pem"}]},
    {"patchOperations": [{"path": "/mutualTlsAuthentication/truststoreUri", "value": ""}]},
    {"CreateFlowLogsRequest": {"LogDestinationType": "s3"}},
    {"CreateVpcEndpointRequest": {"ServiceRegion": "us-west-2"}},
    {"ontapConfiguration": {"skipFinalBackup": False}},
)
"""Full requests, for rules that don't read them by path."""

_VENDING: Final = "AllowVendedLogDeliveryForResource"
"""The action of each service whose logs CloudWatch Logs delivers. Its rule reads the service from an ARN."""


class _ProbeCall(Call):
    """A call with planned answers for a rule: `flags` by path, and `default` for all other paths."""

    def __init__(self, source: str, operation: str, request: dict[str, object] | None = None) -> None:
        record = Record(eventSource=source, eventName=operation, requestParameters=request)
        super().__init__(record, operation, "aws", "us-east-1", _ACCOUNT, bundled_catalog())
        self.__dict__.update(asked=set(), flags={}, default=True, value="probe")

    def plan(self, value: str, *, default: bool, flip: tuple[str, ...] | None = None) -> _ProbeCall:
        """The same call with other answers. `flip` is the path that doesn't get the default."""
        self.__dict__.update(value=value, default=default, flags={} if flip is None else {flip: not default})
        return self

    @property
    def paths(self) -> frozenset[tuple[str, ...]]:
        """All paths that the rule read."""
        return frozenset(self.__dict__["asked"])

    @property
    def is_unread(self) -> bool:
        """False, regardless of the planned answers."""
        return False

    def has(self, *path: str) -> bool:
        """The planned answer."""
        self.__dict__["asked"].add(path)
        answer: bool = self.__dict__["flags"].get(path, self.__dict__["default"])
        return answer

    def texts(self, *path: str) -> tuple[str, ...]:
        """The planned text, if the planned answer is yes."""
        return (self.__dict__["value"],) if self.has(*path) else ()


def shown_by_rule(rule: Rule, source: str, operation: str, texts: tuple[str, ...] = _TEXTS) -> Shown:
    """The actions that a rule returns for calls with all, none, all but one, or only one of its parameters."""
    for request in _REQUESTS:
        call = _ProbeCall(source, operation, request)
        for text, default in product(texts, (True, False)):
            yield from _answer(rule, call.plan(text, default=default))
    call = _ProbeCall(source, operation)
    for default in (True, False):
        list(_answer(rule, call.plan(texts[0], default=default)))
    for path, text, default in product(sorted(call.paths), texts, (True, False)):
        yield from _answer(rule, call.plan(text, default=default, flip=path))


def _answer(rule: Rule, call: _ProbeCall) -> Shown:
    answer: Iterable[MappedAction] = rule(call) or ()
    for mapped in answer:
        yield mapped.action, mapped.how


def shown_by_row(catalog: Catalog, row: OperationRow) -> Shown:
    """The actions that a row of an operation table names in addition to the action with the operation's name."""
    for name in row.actions:
        yield name, OBSERVED
    for name in row.also:
        action = catalog.canonical(name)
        is_tagging = action is not None and catalog.detail(action).level is AccessLevel.TAGGING
        yield name, TAG_ON_CREATE if is_tagging else row.how or REQUEST_OPTION
    yield from ((name, NAMED_OBJECT) for name in row.objects)
    if row.roles:
        yield PASS_ROLE_ACTION, PASS_ROLE


@dataclass(frozen=True, slots=True)
class _ShownActions:
    """The actions that records show in addition to the action with the operation's name, each sorted.

    `observed`: actions that a call always needs. `inferred`: other actions that a call shows, with the inference rules.
    `replaced`: actions that have an operation's name although its record shows others.
    """

    observed: tuple[Action, ...]
    inferred: dict[Action, tuple[str, ...]]
    replaced: tuple[Action, ...]


def shown_actions(catalog: Catalog, tables: Iterable[str]) -> _ShownActions:
    """All actions that rules and operation tables show in addition to the action with the operation's name."""
    hows: dict[Action, set[str]] = defaultdict(set)
    replaced: set[Action] = set()
    for operation, answers in _answers_of_rules(catalog):
        found = {action: how for name, how in answers if (action := catalog.canonical(name))}
        for name, how in answers:
            hows[Action(name)].add(how)
        prefixes = {action.partition(":")[0] for action in found}
        own = {action for prefix in prefixes if (action := catalog.canonical(f"{prefix}:{operation}"))}
        replaced |= own - set(found)
    for name, how in _answers_of_tables(catalog, tables):
        hows[Action(name)].add(how)
    return _sort_shown(catalog, hows, replaced)


def _sort_shown(catalog: Catalog, hows: Mapping[Action, set[str]], replaced: set[Action]) -> _ShownActions:
    own = OwnOperations(catalog.source)
    spelled = {action: found for name, found in hows.items() if (action := catalog.canonical(name))}
    additional = {action: spelled[action] for action in sorted(spelled) if not own.operation(action)}
    return _ShownActions(
        tuple(action for action, found in additional.items() if OBSERVED in found),
        {action: tuple(sorted(found)) for action, found in additional.items() if OBSERVED not in found},
        tuple(sorted(replaced)),
    )


def _answers_of_rules(catalog: Catalog) -> Iterator[tuple[str, frozenset[tuple[str, str]]]]:
    """Each rule's operation with all actions that the rule returns."""
    vending = (prefix for prefix in catalog.prefixes() if catalog.canonical(f"{prefix}:{_VENDING}"))
    vended = tuple(f"arn:aws:{prefix}:us-east-1:{_ACCOUNT}:probe/probe" for prefix in vending)
    for (source, operation), rule in _rules(catalog):
        texts = vended if operation == "PutDeliverySource" else _TEXTS + tuple(_linked_texts(operation))
        yield operation, frozenset(shown_by_rule(rule, source, operation, texts))


def _rules(catalog: Catalog) -> Iterator[tuple[tuple[str, str], Rule]]:
    """All rules, and all completions as rules that are applied to the action with the operation's name."""
    ruled = {key: rule for table in RULE_TABLES for key, rule in table.items()}
    yield from ruled.items()
    for completions in COMPLETION_TABLES:
        for (source, name), completion in completions.items():
            rows = read_operation_table(catalog.source, source).operations
            read = [operation for operation, row in rows.items() if row.is_read_by_code]
            for operation in read if name == EVERY_READ else (name,):
                own = rows[operation].actions or (f"{source.removesuffix('.amazonaws.com')}:{operation}",)
                if (source, operation) not in ruled:
                    yield (source, operation), partial(_complete, completion, own[0])


def _complete(completion: Completion, own: str, call: Call) -> tuple[MappedAction, ...]:
    return completion(call, (MappedAction(Action(own), (UNKNOWN_RESOURCE,)),))


def _linked_texts(operation: str) -> Iterator[str]:
    """The resource types that a link can share."""
    if operation in ("CreateLink", "UpdateLink"):
        yield from cloudwatch.LINKED_SERVICES


def _answers_of_tables(catalog: Catalog, tables: Iterable[str]) -> Shown:
    for name in tables:
        for row in read_operation_table(catalog.source, name).operations.values():
            yield from shown_by_row(catalog, row)


def table_names(folder: Path = HERE) -> tuple[str, ...]:
    """The event sources that have an operation table, sorted."""
    return tuple(sorted(path.stem for path in (folder / "operations").glob("*.json")))


def text_from_shown(shown: _ShownActions) -> str:
    """The file's text, with one action per line."""
    inferred = (f"{json.dumps(action)}: {json.dumps(list(hows))}" for action, hows in shown.inferred.items())
    parts = (
        '"observed": [\n' + ",\n".join(map(json.dumps, shown.observed)) + "\n]",
        '"inferred": {\n' + ",\n".join(inferred) + "\n}",
        '"replaced": [\n' + ",\n".join(map(json.dumps, shown.replaced)) + "\n]",
    )
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    TARGET.write_text(text_from_shown(shown_actions(bundled_catalog(), table_names())), "utf-8")
    sys.exit(0)
