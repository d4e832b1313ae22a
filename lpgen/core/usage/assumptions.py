"""The requests for sessions of roles, from the table of assumptions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from lpgen.core.cloudtrail.assumption import MAX_TEXT_LENGTH
from lpgen.core.model import AssumptionMethod, Outcome
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.tables import Usage

OVERFLOW: Final = "overflow"
"""The `caller_kind` of a row for requests of too many kinds to distinguish. Only its role, account, day, method and
outcome are known."""


@dataclass(frozen=True, slots=True, order=True)
class Assumption:
    """The requests of one day for sessions of a role that agree in all columns of the table (`ASSUMPTIONS_SCHEMA`).

    `caller_kind` is the value of a `CallerKind`, or `OVERFLOW`. Text is "" if the records don't say.
    """

    role: str
    role_id: str
    account: str
    day: date
    method: AssumptionMethod
    caller_kind: str
    principal: str
    principal_id: str
    caller_account: str
    service: str
    provider: str
    subject: str
    audience: str
    external_id: str
    source_account: str
    source_arn: str
    session_name: str
    session_tags: str
    source_identity: str
    mfa: str
    outcome: Outcome
    error_code: str
    records: int
    example_event_id: str

    @property
    def succeeded(self) -> bool:
        """Whether a session was made."""
        return self.outcome is Outcome.ALLOWED and not self.error_code

    @property
    def shown_subject(self) -> str:
        """The subject, or "" if the table may have cut it."""
        return _uncut(self.subject)

    @property
    def shown_external_id(self) -> str:
        """The external ID, or "" if the table may have cut it.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        return _uncut(self.external_id)


def _uncut(text: str) -> str:
    return text if len(text) < MAX_TEXT_LENGTH else ""


_COLUMNS: Final = tuple(field.name for field in fields(Assumption))


def assumptions_from_usage(usage: Usage) -> tuple[Assumption, ...]:
    """All requests for sessions of roles, sorted."""
    return tuple(sorted(map(_assumption_from_row, table_rows(usage.assumptions, _COLUMNS))))


def _assumption_from_row(row: tuple[Any, ...]) -> Assumption:
    values = dict(zip(_COLUMNS, row, strict=True))
    values |= {"method": AssumptionMethod(values["method"]), "outcome": Outcome(values["outcome"])}
    return Assumption(**values)
