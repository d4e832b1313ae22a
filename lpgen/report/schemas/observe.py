"""The JSON Schemas of a plan of trails and of its outcome."""

from __future__ import annotations

from lpgen.core.model import Visibility
from lpgen.core.observe.outcome import OutcomeStatus
from lpgen.core.schemas import OBSERVE_SCHEMA
from lpgen.core.trails import FieldOperator
from lpgen.report.json.observe import OUTCOME_SCHEMA
from lpgen.report.schemas.parts import (
    AMOUNT,
    COUNT,
    TEXT,
    TEXTS,
    YES_NO,
    Schema,
    document,
    listed,
    nullable,
    one_of,
    record,
)


def observe_schema() -> Schema:
    """The schema of what `lpgen observe --format json` prints."""
    use = {"principal": TEXT, "action": TEXT, "type": TEXT, "resources": TEXTS}
    operators = tuple(map(str, FieldOperator))
    field_selector = record({"Field": TEXT, **dict.fromkeys(operators, TEXTS)}, optional=operators)
    trail = record(
        {
            **dict.fromkeys(("name", "arn", "home_region", "bucket"), TEXT),
            "new": YES_NO,
            "values": COUNT,
            "selectors": listed(record({"Name": TEXT, "FieldSelectors": listed(field_selector)})),
        }
    )
    estimate = record(
        {"type": TEXT, "resources": COUNT, "open": YES_NO, "events_a_day": nullable(AMOUNT), "cost": nullable(AMOUNT)}
    )
    account = record(
        {
            "account": TEXT,
            "trails": listed(trail),
            "decides": listed(record(use)),
            "leaves_open": listed(record({**use, "why": TEXT})),
            "estimates": listed(estimate),
        }
    )
    undecided = record({str(one): COUNT for one in Visibility if one is not Visibility.DATA})
    fields = {"price": AMOUNT, "accounts": listed(account), "undecided": undecided, "problems": TEXTS}
    return document(OBSERVE_SCHEMA, "The trails that would decide what a review keeps without seen use", fields, {})


def outcome_schema() -> Schema:
    """The schema of what `lpgen observe --since PLAN --format json` prints."""
    outcome = record({"principal": TEXT, "action": TEXT, "status": one_of(OutcomeStatus), "why": TEXT})
    fields = {"counts": record({str(status): COUNT for status in OutcomeStatus}), "outcomes": listed(outcome)}
    return document(OUTCOME_SCHEMA, "What became of the kept actions that a plan of trails was to decide", fields, {})
