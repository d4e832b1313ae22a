"""KMS grants that the logs hold: they explain use of a key which no policy allows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa

from lpgen.core.cloudtrail.caller import names_of
from lpgen.core.cloudtrail.kms_context import GRANTEE, OPERATION, RETIRING
from lpgen.core.evidence import Use
from lpgen.core.model import Outcome, Principal, ResourceKind
from lpgen.core.usage.columns import TableParts, integer_column, table_rows

_MAKES: Final = "kms:CreateGrant"
_ENDS: Final = frozenset({"kms:RetireGrant", "kms:RevokeGrant"})
_ACTIONS: Final = frozenset({_MAKES, *_ENDS})
_RETIRE: Final = frozenset({"RetireGrant"})

_LINGERING: Final = timedelta(minutes=5)
"""So long a grant that was retired or revoked may still be used.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-eventual-consistency"""


@dataclass(frozen=True, slots=True)
class _Grants:
    """The grants of one key that a principal made for one grantee on one day, from the first to the last."""

    grantee: str
    operations: frozenset[str]
    maker: str
    first: datetime
    last: datetime
    event_id: str


@dataclass(frozen=True, slots=True, eq=False)
class KeyGrants:
    """The recorded grants by the ARN of the key, and the times of the first and last that ended on a day.

    Related keys of several Regions have grants of their own.

    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
    """

    _made: dict[str, list[_Grants]]
    _ended: dict[str, list[tuple[datetime, datetime]]]

    def explanation(self, principal: Principal, use: Use) -> str:
        """The recorded grant that explains use of a key, or "".

        It explains use that began after it was made, unless a grant of the key ended before the last use and none was
        made again: records of ends don't say whose grant it was. Its constraints aren't compared.
        """
        service, _, operation = use.action.partition(":")
        evidence = use.evidence
        if service != "kms" or use.resource.kind is not ResourceKind.ARN or not evidence.first_seen:
            return ""
        began, last = datetime.fromisoformat(evidence.first_seen), datetime.fromisoformat(evidence.last_seen)
        names = names_of(principal.arn)
        made = [
            one
            for one in self._made.get(use.resource.text, ())
            if operation in one.operations and one.first <= last and one.grantee in names
        ]
        before = [one for one in made if one.first <= began]
        if not before or _has_ended(made, self._ended.get(use.resource.text, ()), last):
            return ""
        grant = max(before, key=lambda one: (one.first, one.event_id))
        return f"a grant allows it, made by {grant.maker} on {grant.first.date()} (example {grant.event_id})"


def key_grants_from_table(usage_table: pa.Table | TableParts) -> KeyGrants:
    """The grants of keys that a usage table shows."""
    made: dict[str, list[_Grants]] = defaultdict(list)
    ended: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for action, key, context, maker, first, last, event_id in _rows(usage_table):
        values: dict[str, list[str]] = json.loads(context or "{}")
        if action in _ENDS:
            ended[key].append((first, last))
        allowed = frozenset(values.get(OPERATION, ()))
        holders = [(one, allowed) for one in values.get(GRANTEE, ())]
        holders += [(one, _RETIRE) for one in values.get(RETIRING, ())]
        for grantee, operations in holders:
            made[key].append(_Grants(grantee, operations, maker, first, last, event_id))
    return KeyGrants(made, ended)


def _has_ended(made: Iterable[_Grants], ended: Iterable[tuple[datetime, datetime]], last: datetime) -> bool:
    """Whether some grant of the key ended between the last of these that was made and the last use."""
    since = max(one.last if one.last <= last else one.first for one in made)
    return any(until > since and start + _LINGERING < last for start, until in ended)


def _rows(table: pa.Table | TableParts) -> Iterator[tuple[str, str, str, str, datetime, datetime, str]]:
    """The rows of grants made and ended, in which a key and a time are known."""
    numbers = [number for number, (action,) in enumerate(table_rows(table, ("action",))) if action in _ACTIONS]
    if not numbers:
        return
    for outcome, kind, *row in table_rows(table.take(integer_column(numbers)), _COLUMNS):
        if outcome == Outcome.ALLOWED and kind == ResourceKind.ARN and row[4] is not None:
            yield tuple(row)


_COLUMNS: Final = (
    "outcome",
    "resource_kind",
    "action",
    "resource",
    "context",
    "principal",
    "first_seen",
    "last_seen",
    "example_event_id",
)
