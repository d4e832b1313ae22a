"""Writes `shown_actions.json`: the actions that a record shows besides the one of its operation's own name.

    python -m action_catalog.build_shown_actions

An operation of the service model shows the action of its own name, which needs no list. This one holds the others:
what the operation tables name, and what the rules answer. A rule is a function, so it is asked: with calls that hold
everything, nothing, and all but one or only one of the parameters that it looks at.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from lpgen.core.catalog import Catalog
from lpgen.core.event_rules.call import Call, Rule
from lpgen.core.event_rules.inferences import PASS_ROLE, REQUEST_OPTION, TAG_ON_CREATE
from lpgen.core.event_rules.tables import RULE_TABLES
from lpgen.core.model import OBSERVED, AccessLevel, Action, MappedAction
from lpgen.core.operation_rows import OperationRow, read_operation_table
from lpgen.core.own_operations import OwnOperations
from lpgen.core.passed_roles import PASS_ROLE_ACTION
from lpgen.core.records import Record
from lpgen.edge.catalog_files import bundled_catalog

HERE: Final = Path(__file__).resolve().parent
TARGET: Final = HERE / "shown_actions.json"

Shown = Iterator[tuple[str, str]]
"""Actions, and how each was derived: `OBSERVED` or the name of an inference rule."""

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
)
_REQUESTS: Final[tuple[dict[str, object] | None, ...]] = (
    None,
    {
        "transactItems": [
            {name: {"tableName": "probe"}} for name in ("get", "put", "update", "delete", "conditionCheck")
        ]
    },
    {"patchOperations": [{"path": "/policy", "value": "{}"}], "policy": "{}"},
    {"patchOperations": [{"path": "/mutualTlsAuthentication/truststoreUri", "value": "s3://probe/store.pem"}]},
    {"patchOperations": [{"path": "/mutualTlsAuthentication/truststoreUri", "value": ""}]},
)
"""Whole requests for rules that read them otherwise than by path."""

_VENDING: Final = "AllowVendedLogDeliveryForResource"
"""The action of each service whose logs CloudWatch Logs delivers; its rule reads the service off an ARN."""


class ProbeCall(Call):
    """A call that answers a rule's questions by plan: `flags` by path, `default` for every other path."""

    def __init__(self, source: str, operation: str, request: dict[str, object] | None = None) -> None:
        record = Record(eventSource=source, eventName=operation, requestParameters=request)
        super().__init__(record, operation, "aws", "us-east-1", _ACCOUNT)
        self.__dict__.update(asked=set(), flags={}, default=True, value="probe")

    def plan(self, value: str, *, default: bool, flip: tuple[str, ...] | None = None) -> ProbeCall:
        """The same call with other answers; `flip` is the one path that doesn't get the default."""
        self.__dict__.update(value=value, default=default, flags={} if flip is None else {flip: not default})
        return self

    @property
    def paths(self) -> frozenset[tuple[str, ...]]:
        """Every path that was asked for."""
        return frozenset(self.__dict__["asked"])

    def has(self, *path: str) -> bool:
        """The planned answer."""
        self.__dict__["asked"].add(path)
        answer: bool = self.__dict__["flags"].get(path, self.__dict__["default"])
        return answer

    def texts(self, *path: str) -> tuple[str, ...]:
        """The planned text where the planned answer is yes."""
        return (self.__dict__["value"],) if self.has(*path) else ()


def shown_by_rule(rule: Rule, source: str, operation: str, texts: tuple[str, ...] = _TEXTS) -> Shown:
    """What a rule answers to calls that ask for everything, for nothing, and for all but one thing or one only."""
    for request in _REQUESTS:
        call = ProbeCall(source, operation, request)
        for text in texts:
            for default in (True, False):
                yield from _answer(rule, call.plan(text, default=default))
        for path in sorted(call.paths):
            for text in texts:
                for default in (True, False):
                    yield from _answer(rule, call.plan(text, default=default, flip=path))


def _answer(rule: Rule, call: ProbeCall) -> Shown:
    answer: Iterable[MappedAction] = rule(call) or ()
    for mapped in answer:
        yield mapped.action, mapped.how


def shown_by_row(catalog: Catalog, row: OperationRow) -> Shown:
    """What a row of an operation table names beside the action of the operation's own name."""
    for name in row.actions:
        yield name, OBSERVED
    for name in row.also:
        action = catalog.canonical(name)
        is_tagging = action is not None and catalog.detail(action).level is AccessLevel.TAGGING
        yield name, TAG_ON_CREATE if is_tagging else REQUEST_OPTION
    if row.roles:
        yield PASS_ROLE_ACTION, PASS_ROLE


def shown_actions(catalog: Catalog, tables: Iterable[str]) -> dict[Action, tuple[str, ...]]:
    """Every action that rules and tables show beside the one of an operation's own name, with how it is derived.

    `(OBSERVED,)` where any call needs it by itself, else the inference rules.
    """
    own = OwnOperations(catalog.source)
    hows: dict[Action, set[str]] = defaultdict(set)
    for name, how in _shown_by_all(catalog, tables):
        action = catalog.canonical(name)
        if action and not own.operation(action):
            hows[action].add(how)
    return {action: (OBSERVED,) if OBSERVED in hows[action] else tuple(sorted(hows[action])) for action in sorted(hows)}


def _shown_by_all(catalog: Catalog, tables: Iterable[str]) -> Shown:
    vending = (prefix for prefix in catalog.prefixes() if catalog.canonical(f"{prefix}:{_VENDING}"))
    vended = tuple(f"arn:aws:{prefix}:us-east-1:{_ACCOUNT}:probe/probe" for prefix in vending)
    for table in RULE_TABLES:
        for (source, operation), rule in table.items():
            texts = vended if operation == "PutDeliverySource" else _TEXTS
            yield from shown_by_rule(rule, source, operation, texts)
    for name in tables:
        for row in read_operation_table(catalog.source, name).operations.values():
            yield from shown_by_row(catalog, row)


def table_names(folder: Path = HERE) -> tuple[str, ...]:
    """The event sources that have an operation table, sorted."""
    return tuple(sorted(path.stem for path in (folder / "operations").glob("*.json")))


def text_from_shown(shown: Mapping[Action, tuple[str, ...]]) -> str:
    """The file: what is observed, one action a line, and what is inferred, with the inference rules."""
    observed = [json.dumps(action) for action, hows in shown.items() if hows == (OBSERVED,)]
    inferred = [
        f"{json.dumps(action)}: {json.dumps(list(hows))}" for action, hows in shown.items() if hows != (OBSERVED,)
    ]
    return '{"observed": [\n' + ",\n".join(observed) + '\n],\n"inferred": {\n' + ",\n".join(inferred) + "\n}}\n"


if __name__ == "__main__":
    TARGET.write_text(text_from_shown(shown_actions(bundled_catalog(), table_names())), "utf-8")
    sys.exit(0)
