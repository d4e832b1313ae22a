"""Fetches what an account runs on a schedule, with the roles that start the work and those that do it.

A row names a service that keeps schedules; another row names a kind of work, which its targets name by ARN or by a
parameter of a call. The answers of all calls are searched in the same way for roles and for further work.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from lpgen.core.schedules import Schedule, longest_interval
from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, Caller, aws_errors, page_contents
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError

_WORKERS: Final = 8


class _Source(NamedTuple):
    """A kind of schedule: the call that lists them, the field with the list, and those with a schedule's name,
    expression and state in what all calls answer of it."""

    words: str
    service: str
    listing: str
    items: str
    name: str
    expression: str
    state: str


class _Work(NamedTuple):
    """Something that runs, in a Region."""

    kind: str
    region: str
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleFetcher:
    """Fetches the schedules of one account. `roles` are the ARNs of its roles by name."""

    session: AwsSession
    caller: Caller
    roles: Mapping[str, str]
    today: date
    gaps: GapList
    described: dict[_Work, list[dict[str, Any]]] = field(default_factory=dict)

    def fetch(self, regions: Iterable[str]) -> list[Schedule]:
        """The schedules in some Regions, sorted."""
        places = [(source, region) for region in regions for source in _SOURCES]
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = [one for some in pool.map(lambda place: list(self._all(*place)), places) for one in some]
        return sorted(found, key=lambda one: (one.source, one.name, one.expression))

    def _all(self, source: _Source, region: str) -> Iterator[Schedule]:
        for page in self._ask(source.service, region, source.listing, {}):
            for item in page.get(source.items, ()):
                yield from self._one(source, region, item)

    def _one(self, source: _Source, region: str, item: dict[str, Any]) -> Iterator[Schedule]:
        answers = [item]
        for call in _CALLS.get(source.service, ()):
            operation, *fields = call.split()
            names = [(one.partition("=")[0], one.rpartition("=")[2]) for one in fields]
            known = [one for one in _objects(answers) if all(name in one for _, name in names)]
            wanted = {tuple((argument, one[name]) for argument, name in names if argument) for one in known}
            for arguments in sorted(wanted):
                answers += self._ask(source.service, region, operation, dict(arguments))
        whole = {name: value for answer in answers for name, value in answer.items()}
        is_on = not _OFF.intersection(_values_at(whole, source.state))
        is_over = str(whole.get("EndDate", "9999"))[:10] < self.today.isoformat()
        expressions = _values_at(whole, source.expression)
        roles = tuple(sorted(self._roles_of(answers, region))) if expressions else ()
        for found in expressions:
            expression = found if isinstance(found, str) else _expression_of_rule(found)
            days = 0 if is_over else longest_interval(expression, self.today)
            yield Schedule(source.words, whole.get(source.name, ""), expression, is_on, days, roles)

    def _ask(self, service: str, region: str, operation: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The pages of an answer; none, and a gap, where it can't be had. A deleted resource is no gap."""
        try:
            client = self.session.known_client(service, region, self.caller.partition)
            with aws_errors("read schedules"):
                if client.can_paginate(operation):
                    return list(map(page_contents, client.get_paginator(operation).paginate(**arguments)))
                return [page_contents(getattr(client, operation)(**arguments))]
        except AwsError as error:
            if not _GONE.search(error.code):
                self.gaps.add(self.caller.account, Subject.SCHEDULES, error, where=f"{service} in {region}")
            return []

    def _roles_of(self, answers: list[dict[str, Any]], region: str) -> set[str]:
        """The roles that answers name, and those of all work that they lead to."""
        roles: set[str] = set()
        seen: set[_Work] = set()
        left = [(answers, region)]
        while left:
            found, region = left.pop()
            for key, text in _texts(found):
                if key.lower().removesuffix("arn").endswith("role"):
                    roles |= self._role(text)
                elif (work := self._work(key, text, region)) and work not in seen:
                    seen.add(work)
                    left.append((self._describe(work), work.region))
        return roles

    def _role(self, text: str) -> set[str]:
        """The ARN of a role that is given by ARN or, as AWS Glue does, by a name that may lack the path."""
        is_others = text.startswith("arn:") and f":{self.caller.account}:" not in text
        arn = text if is_others else self.roles.get(text.rpartition("/")[2], "")
        return {arn} if ":role/" in arn else set()

    def _work(self, key: str, text: str, region: str) -> _Work | None:
        """The work that a text names under a key, if any."""
        if not text.startswith("arn:") or text.count(":") < 5:
            kind = _NAMED_BY.get(key, "")
            return _Work(kind, region, text) if kind else None
        _, _, service, home, account, resource = text.split(":", 5)
        kind = next((one for one in _KINDS if f"{service}:{resource}".startswith(one)), "")
        if key not in _NAMED_BY or not kind or not account:
            return None
        if account != self.caller.account:
            self.gaps.add(self.caller.account, Subject.SCHEDULES, "it runs in another account", where=text)
            return None
        return _Work(kind, home, f"{service}:{resource}".removeprefix(kind))

    def _describe(self, work: _Work) -> list[dict[str, Any]]:
        if work not in self.described:
            service, operation, arguments = _KINDS[work.kind]
            of, _, resource = work.kind.partition(":")
            arn = f"arn:{self.caller.partition}:{of}:{work.region}:{self.caller.account}:{resource}{work.name}"
            self.described[work] = self._ask(service, work.region, operation, arguments(work.name, arn))
        return self.described[work]


def _objects(document: object) -> Iterator[dict[str, Any]]:
    """Every object of a document, and of the JSON that its texts hold."""
    left = [document]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left += one.values()
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str) and one.startswith("{"):
            with suppress(ValueError, RecursionError):
                left.append(json.loads(one))


def _texts(document: object) -> Iterator[tuple[str, str]]:
    """Every text of a document with its key."""
    for one in _objects(document):
        for key in one:
            if key == "JobName" and "JobDefinition" in one:
                continue  # what AWS Batch calls a run; elsewhere it is a job of AWS Glue
            for text in _values_at(one, key):
                if isinstance(text, str) and not text.startswith("{"):  # neither JSON nor an expression
                    yield key, text


def _expression_of_rule(rule: Mapping[str, Any]) -> str:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-dlm-lifecyclepolicy-createrule.html"""
    return rule.get("CronExpression") or f"rate({rule.get('Interval')} {str(rule.get('IntervalUnit')).lower()})"


def _values_at(document: object, path: str) -> list[Any]:
    """The values at a path of names, of all objects of lists on the way."""
    found = [document]
    for name in path.split("."):
        values = [one[name] for one in found if isinstance(one, dict) and name in one]
        found = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return found


# ---------------------------------------------------------------- the services


_SOURCES: Final = tuple(
    _Source(words, *fields.split())
    for words, fields in {
        "EventBridge rule": "events list_rules Rules Arn ScheduleExpression State",
        "EventBridge schedule": "scheduler list_schedules Schedules Arn ScheduleExpression State",
        "Glue trigger": "glue get_triggers Triggers Name Schedule State",
        "Glue crawler": "glue get_crawlers Crawlers Name Schedule.ScheduleExpression Schedule.State",
        "maintenance window": "ssm describe_maintenance_windows WindowIdentities Name Schedule Enabled",
        "backup plan": "backup list_backup_plans BackupPlansList BackupPlanName BackupPlan.Rules.ScheduleExpression -",
        "lifecycle policy": (
            "dlm get_lifecycle_policies Policies PolicyId Policy.PolicyDetails.Schedules.CreateRule State"
        ),
    }.items()
)
_CALLS: Final = {
    "events": ("list_targets_by_rule Rule=Name =ScheduleExpression",),
    "scheduler": ("get_schedule Name GroupName",),
    "ssm": ("describe_maintenance_window_tasks WindowId", "get_maintenance_window_task WindowId WindowTaskId"),
    "backup": ("list_backup_selections BackupPlanId", "get_backup_plan BackupPlanId"),
    "dlm": ("get_lifecycle_policy PolicyId",),
}
"""The calls that say more of a schedule, by service. Each is made of every object known so far that has the fields; a
field is the argument of its name, or of the name before the `=`."""

_OFF: Final = frozenset(
    {"DISABLED", "ERROR", "NOT_SCHEDULED", "CREATING", "CREATED", "DEACTIVATING", "DEACTIVATED", "DELETING", False}
)
"""The states in which it doesn't run.
https://docs.aws.amazon.com/sdk-for-kotlin/api/latest/glue/aws.sdk.kotlin.services.glue.model/-trigger-state"""

_KINDS: Final[Mapping[str, tuple[str, str, Callable[[str, str], Mapping[str, Any]]]]] = {
    "lambda:function:": ("lambda", "get_function_configuration", lambda name, _: {"FunctionName": name}),
    "states:stateMachine:": ("stepfunctions", "describe_state_machine", lambda _, arn: {"stateMachineArn": arn}),
    "ecs:task-definition/": ("ecs", "describe_task_definition", lambda name, _: {"taskDefinition": name}),
    "codebuild:project/": ("codebuild", "batch_get_projects", lambda name, _: {"names": [name]}),
    "batch:job-definition/": (
        "batch",
        "describe_job_definitions",
        lambda name, _: {"jobDefinitions": [name]} if ":" in name else {"jobDefinitionName": name, "status": "ACTIVE"},
    ),
    "glue:job/": ("glue", "get_job", lambda name, _: {"JobName": name}),
    "glue:crawler/": ("glue", "get_crawler", lambda name, _: {"Name": name}),
    "glue:workflow/": ("glue", "get_workflow", lambda name, _: {"Name": name, "IncludeGraph": True}),
    "codepipeline:": ("codepipeline", "get_pipeline", lambda name, _: {"name": name}),
    "sagemaker:pipeline/": ("sagemaker", "describe_pipeline", lambda name, _: {"PipelineName": name}),
    "ssm:automation-definition/": (
        "ssm",
        "get_document",
        lambda name, _: {"Name": name.partition(":")[0], "DocumentFormat": "JSON"},
    ),
}
"""The call that gives the roles of a kind of work, by the rest of its ARN after `arn:PARTITION:`, without Region and
account; the arguments are made from its name and its ARN. AWS Batch takes no name without a revision in a list.
https://docs.aws.amazon.com/goto/aws-cli/batch-2016-08-10/DescribeJobDefinitions
"""

_NAMED_BY: Final = {
    "Arn": "",
    "Resource": "",
    "StateMachineArn": "",
    "TaskDefinitionArn": "",
    "TaskArn": "ssm:automation-definition/",
    "FunctionName": "lambda:function:",
    "TaskDefinition": "ecs:task-definition/",
    "ProjectName": "codebuild:project/",
    "JobDefinition": "batch:job-definition/",
    "JobName": "glue:job/",
    "CrawlerName": "glue:crawler/",
    "WorkflowName": "glue:workflow/",
    "PipelineName": "sagemaker:pipeline/",
}
"""The keys under which answers name work: by its ARN, or by the name of one of a kind."""

_GONE: Final = re.compile("ResourceNotFound|EntityNotFound|PipelineNotFound|DoesNotExist|InvalidDocument$")
"""The error codes for a resource that no longer exists."""
