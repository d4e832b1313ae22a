"""Use that is made to take long to review: what callers repeat at will, each time with another name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from lpgen.core.evidence import Use
from lpgen.core.model import Principal
from lpgen.core.usage.tables import Usage
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, policy, role, usage_of, use

World = tuple[Usage, tuple[Principal, ...]]
"""The usage, and the principals of the policies, sorted by ARN."""

Shape = Callable[[int], World]
"""The world with so many names, changes or roles."""

_DAYS: Final = 100
_MINUTES: Final = 24 * 60
_REGION: Final = "us-east-1"
_CHANGES: Final = ("StopLogging", "PutEventSelectors", "StartLogging", "UpdateTrail")
_OF_QUEUES: Final = ("GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "ReceiveMessage", "SendMessage")
_TRUST: Final = policy(
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
).document


def trail_changes(size: int) -> World:
    """A role changes ever more trails."""
    arn = f"arn:aws:cloudtrail:{_REGION}:{ACCOUNT}:trail/trail{{:06}}".format
    changes = (_use_at(number, f"cloudtrail:{_CHANGES[number % 4]}", arn(number)) for number in range(size))
    return _world({_app("cloudtrail:*"): changes})


def names_of_one_type(size: int, actions: tuple[str, ...] = ("sqs:SendMessage",)) -> World:
    """A role uses ever more queues."""
    uses = (_use_at(number, action, _queue(number)) for number in range(size) for action in actions)
    return _world({_app("sqs:*"): uses})


def _harmed_names(size: int) -> World:
    """A role uses ever more queues, and deletes them."""
    return names_of_one_type(size, ("sqs:SendMessage", "sqs:DeleteQueue"))


def _similar_roles(size: int) -> World:
    """Ever more roles use one queue; each lacks one of the actions that the others use."""
    return _world({_app("sqs:*", f"app{number:06}"): _all_but_one(number) for number in range(size)})


def _all_but_one(number: int) -> Iterable[Use]:
    lacked = number % len(_OF_QUEUES)
    return (_use_at(number, f"sqs:{name}", _queue(0)) for at, name in enumerate(_OF_QUEUES) if at != lacked)


def _app(actions: str, name: str = "app") -> Principal:
    return replace(role(policy(allow(actions)), name=name), trust=_TRUST)


def _queue(number: int) -> str:
    return f"arn:aws:sqs:{_REGION}:{ACCOUNT}:queue{number:06}"


def _use_at(number: int, action: str, arn: str) -> Use:
    """A use on one of the days of the logs, those of one day at different minutes."""
    day, minute = LAST_DAY - timedelta(days=number % _DAYS), number // _DAYS % _MINUTES
    return use(action, arn, seen=f"{day}T{minute // 60:02}:{minute % 60:02}:00Z")


def _world(uses: Mapping[Principal, Iterable[Use]]) -> World:
    usage = usage_of({principal.arn: tuple(used) for principal, used in uses.items()})
    return usage, tuple(sorted(uses, key=lambda principal: principal.arn))


SHAPES: Final[Mapping[str, Shape]] = {
    "distinct trail changes": trail_changes,
    "names of one type": names_of_one_type,
    "names of one type, and harm to each": _harmed_names,
    "similar roles": _similar_roles,
}
