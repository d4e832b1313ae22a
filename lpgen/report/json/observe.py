"""A plan of trails as JSON, schema `lpgen.observe/1`, and the outcome of one, schema `lpgen.observation/1`.

Keys are only ever added under these names; a change of meaning takes a new number.

- `trails`: each trail as it would be; `selectors` are its advanced event selectors, all of them. `new` says that it
  doesn't exist yet.
- `decides`: the kept actions that the trails would decide; `leaves_open`: the others that data events show, with why.
- `estimates`: by resource type how many data events the trails would add a day and what they cost in 30 days, null
  where the logs hold none of the type. With `open` there may be more, since a pattern may match any number.
- `undecided`: how many kept actions data events don't decide, by how CloudTrail shows their use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from lpgen.core.model import Visibility
from lpgen.core.observe.open_uses import OpenUse
from lpgen.core.observe.outcome import Outcome, OutcomeStatus
from lpgen.core.observe.plan import AccountPlan, ObservePlan, PlannedTrail
from lpgen.core.observe.selections import selector_document
from lpgen.core.schemas import OBSERVE_SCHEMA
from lpgen.report.json.layout import Json, Row, lay_out

OUTCOME_SCHEMA: Final = "lpgen.observation/1"


def observe_json(plan: ObservePlan) -> str:
    """The plan as JSON text."""
    return lay_out(
        {
            "schema": OBSERVE_SCHEMA,
            "price": plan.price,
            "accounts": [_account(one, plan.price) for one in plan.accounts],
            "undecided": {str(one): plan.undecided.get(one, 0) for one in Visibility if one is not Visibility.DATA},
            "problems": list(plan.problems),
        }
    )


def _account(plan: AccountPlan, price: float) -> Json:
    return {
        "account": plan.account,
        "trails": [_trail(one) for one in plan.trails],
        "decides": [Row(_use(one)) for one in plan.decides],
        "leaves_open": [Row({**_use(one), "why": why}) for one, why in plan.leaves_open],
        "estimates": [
            Row(
                {
                    "type": one.kind,
                    "resources": one.resources,
                    "open": one.is_open,
                    "events_a_day": _rounded(one.a_day),
                    "cost": _rounded(one.cost(price)),
                }
            )
            for one in plan.estimates
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _trail(one: PlannedTrail) -> Json:
    trail = one.trail
    return {
        "name": trail.name,
        "arn": trail.arn,
        "new": one.is_new,
        "home_region": trail.home_region,
        "bucket": trail.bucket,
        "values": one.values,
        "selectors": [Row(selector_document(selector)) for selector in trail.selectors],
    }


def _use(one: OpenUse) -> Json:
    return {
        "principal": one.principal,
        "action": one.action,
        "type": one.events.kind,
        "resources": list(one.events.resources),
    }


def outcomes_json(outcomes: Sequence[Outcome]) -> str:
    """The outcomes of the kept actions that a plan was to decide, as JSON text."""
    counted = Counter(one.status for one in outcomes)
    return lay_out(
        {
            "schema": OUTCOME_SCHEMA,
            "counts": {str(status): counted[status] for status in OutcomeStatus},
            "outcomes": [
                Row(
                    {
                        "principal": one.promise.principal,
                        "action": one.promise.action,
                        "status": str(one.status),
                        "why": one.why,
                    }
                )
                for one in outcomes
            ],
        }
    )
