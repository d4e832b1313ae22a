"""Fetches the scheduled work of an account, with the roles that start it and the roles that do it.

A row of the table `schedules` names a service with schedules. Another row names a kind of work, which targets name by
ARN or by a parameter of a call. All answers are searched in the same way for roles and more work.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.snapshots import Subject
from lpgen.core.workloads import Schedule, longest_interval
from lpgen.edge.aws_session import AwsSession, CallerIdentity, aws_errors
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.snapshot.answers import GONE, answer_pages, role_in, values_at
from lpgen.edge.snapshot.fetch_resources import fill_texts
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError

_WORKERS: Final = 8


class _ScheduleCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call for more facts about a schedule.

    It is made for every known object that has the fields named by `arguments`, and those in `beside`.
    """

    operation: str
    arguments: dict[str, str]
    beside: tuple[str, ...] = ()


class _ScheduleSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of schedule: the call that lists them, the field with the list, and the fields with a schedule's name,
    expression and state in the answers of all calls. The calls need `actions`."""

    service: str
    listing: str
    items: str
    name: str
    expression: str
    actions: tuple[str, ...]
    source: tuple[str, ...]
    state: str = ""
    calls: tuple[_ScheduleCall, ...] = ()


class _WorkKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The call that gives the roles of a kind of work. Texts in `arguments` are filled with its name and ARN.

    `newest`, if any, replaces them for a name without a revision, because AWS Batch accepts no such name in lists.
    """

    service: str
    operation: str
    arguments: dict[str, Any]
    actions: tuple[str, ...]
    source: tuple[str, ...]
    newest: dict[str, Any] = {}


class _SchedulesTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `schedules`: kinds of schedules, the states in which a schedule doesn't run, and kinds of work.

    A kind of work has the rest of its ARN after `arn:PARTITION:`, without Region and account. `named_by` has the keys
    that name work in answers, by ARN or, for a kind, by name.
    """

    schedules: dict[str, _ScheduleSource]
    off: frozenset[str | bool]
    work: dict[str, _WorkKind]
    named_by: dict[str, str]


def _read_table(source: CatalogSource) -> _SchedulesTable:
    return read_catalog_table(source, "schedules", _SchedulesTable)


class _ScheduledWork(NamedTuple):
    """Work that runs in a Region."""

    kind: str
    region: str
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleFetcher:
    """Fetches the schedules of one account. `roles` are the ARNs of its roles by name."""

    session: AwsSession
    caller: CallerIdentity
    roles: Mapping[str, str]
    today: date
    gaps: GapList
    described: dict[_ScheduledWork, list[dict[str, Any]]] = field(default_factory=dict)
    table: _SchedulesTable = field(default_factory=lambda: bundled_catalog().facts(_read_table))

    def fetch(self, regions: Iterable[str]) -> list[Schedule]:
        """The schedules in some Regions, sorted."""
        places = [(*named, region) for region in regions for named in self.table.schedules.items()]
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = chain.from_iterable(pool.map(lambda place: list(self._all(*place)), places))
        return sorted(found, key=lambda schedule: (schedule.source, schedule.name, schedule.expression))

    def _all(self, words: str, source: _ScheduleSource, region: str) -> Iterator[Schedule]:
        for page in self._ask(source.service, region, source.listing, {}):
            for item in page.get(source.items, ()):
                answers = self._answers(source, region, item)
                yield from self._schedules(words, source, region, answers)

    def _answers(self, source: _ScheduleSource, region: str, item: dict[str, Any]) -> list[dict[str, Any]]:
        """All answers about a schedule: the item of the listing, and the answers of further calls."""
        answers = [item]
        for call in source.calls:
            names = {*call.arguments.values(), *call.beside}
            known = [obj for obj in _objects(answers) if names <= obj.keys()]
            wanted = {tuple((argument, obj[name]) for argument, name in call.arguments.items()) for obj in known}
            for arguments in sorted(wanted):
                answers += self._ask(source.service, region, call.operation, dict(arguments))
        return answers

    def _schedules(
        self, words: str, source: _ScheduleSource, region: str, answers: list[dict[str, Any]]
    ) -> Iterator[Schedule]:
        whole = {name: value for answer in answers for name, value in answer.items()}
        is_on = not self.table.off.intersection(values_at(whole, source.state))
        is_over = str(whole.get("EndDate", "9999"))[:10] < self.today.isoformat()
        expressions = values_at(whole, source.expression)
        roles = tuple(sorted(self._roles_of(answers, region))) if expressions else ()
        for found in expressions:
            expression = found if isinstance(found, str) else _expression_of_rule(found)
            days = 0 if is_over else longest_interval(expression, self.today)
            yield Schedule(words, whole.get(source.name, ""), expression, is_on, days, roles)

    def _ask(self, service: str, region: str, operation: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The pages of an answer. If it can't be read, there are none, and a gap. A deleted resource isn't a gap."""
        try:
            client = self.session.known_client(service, region, self.caller.partition)
            with aws_errors("read schedules"):
                return answer_pages(client, operation, arguments)
        except AwsError as error:
            if not GONE.search(error.code):
                self.gaps.add(self.caller.account, Subject.SCHEDULES, error, where=f"{service} in {region}")
            return []

    def _roles_of(self, answers: list[dict[str, Any]], region: str) -> set[str]:
        """The roles in the answers, and the roles of all work that the answers name."""
        roles: set[str] = set()
        seen: set[_ScheduledWork] = set()
        left = [(answers, region)]
        while left:
            found, region = left.pop()
            for key, text in _texts(found):
                if key.lower().removesuffix("arn").endswith("role"):
                    roles |= {role_in(text, self.caller.account, self.roles)} - {""}
                elif (work := self._work(key, text, region)) and work not in seen:
                    seen.add(work)
                    left.append((self._describe(work), work.region))
        return roles

    def _work(self, key: str, text: str, region: str) -> _ScheduledWork | None:
        """The work that a text names under a key, if any."""
        if not text.startswith("arn:") or text.count(":") < 5:
            kind = self.table.named_by.get(key, "")
            return _ScheduledWork(kind, region, text) if kind else None
        _, _, service, home, account, resource = text.split(":", 5)
        kind = next((kind for kind in self.table.work if f"{service}:{resource}".startswith(kind)), "")
        if key not in self.table.named_by or not kind or not account:
            return None
        if account != self.caller.account:
            self.gaps.add(self.caller.account, Subject.SCHEDULES, "it runs in another account", where=text)
            return None
        return _ScheduledWork(kind, home, f"{service}:{resource}".removeprefix(kind))

    def _describe(self, work: _ScheduledWork) -> list[dict[str, Any]]:
        if work not in self.described:
            how = self.table.work[work.kind]
            of, _, resource = work.kind.partition(":")
            arn = f"arn:{self.caller.partition}:{of}:{work.region}:{self.caller.account}:{resource}{work.name}"
            unnumbered, colon, _ = work.name.partition(":")
            arguments = how.arguments if colon or not how.newest else how.newest
            filled = fill_texts(arguments, {"name": work.name, "arn": arn, "unnumbered": unnumbered})
            self.described[work] = self._ask(how.service, work.region, how.operation, filled)
        return self.described[work]


def _objects(document: object) -> Iterator[dict[str, Any]]:
    """Every object of a document and of JSON in its texts."""
    left = [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield value
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and value.startswith("{"):
            with suppress(ValueError, RecursionError):
                left.append(json.loads(value))


def _texts(document: object) -> Iterator[tuple[str, str]]:
    """Every text of a document with its key."""
    for obj in _objects(document):
        for key in obj:
            if key == "JobName" and "JobDefinition" in obj:
                continue  # the name of a run in AWS Batch; elsewhere it is a job of AWS Glue
            for text in values_at(obj, key):
                if isinstance(text, str) and not text.startswith("{"):  # neither JSON nor an expression
                    yield key, text


def _expression_of_rule(rule: Mapping[str, Any]) -> str:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-dlm-lifecyclepolicy-createrule.html"""
    return rule.get("CronExpression") or f"rate({rule.get('Interval')} {str(rule.get('IntervalUnit')).lower()})"
