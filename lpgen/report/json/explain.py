"""An explanation as JSON, schema `lpgen.explanation/1`.

Keys are only ever added under this name; a change of meaning takes a new number.

- `principal` (ARN), `action` and `resource` are the question, as it was understood; `resource_kind` is `unknown` where
  the question is about any resource, `none` where the action takes none. `action_known` says whether the catalog has
  the action, and `similar_actions` names the closest ones where it hasn't. `context` are the condition values that were
  put in, by key; no values mean that the request doesn't have the key. `remarks` say how the question was understood.
- `result` is `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied` or `Depends`; `sentence` says it in words. `depends_on`
  are the condition keys, `resource`, `resource policy` or the policies without a document that decide. `rule` is AWS's
  own rule that decides whatever the policies say, or null. `stops` are the walls without a needed allow. `not_known`
  lists the inputs that weren't supplied and could change the result.
- `walls` are the sets of policies that apply to the request, each with its `layer`, `level` (of SCPs and RCPs, from 1),
  `name`, the resource that has it (`of`), how many `policies` were read, its `missing` ones, its `state` (`open`,
  `shut`, `denies`, `depends`, `unknown`) and its `statements` that cover the action. Their `fit` is `applies` or
  `may_apply`, or why they don't count: `other_resource`, `other_principal`, `condition_not_met`. `actions_today` is how
  many actions the matched action patterns cover.
- `use` is null without a data folder. Else `first_day`, `last_day` and `covered_days` are the account's logs,
  `blind_spot` is why they could not have shown use, or null, `earlier_records` are those of an earlier principal of the
  name, and each of `uses` is `on` the resource `asked` about, `perhaps` on it, or on an `other`.
"""

from __future__ import annotations

from typing import Final

from lpgen.core.explanations import ExplainedStatement, ExplainedWall, Explanation, SeenUses
from lpgen.core.iam.decision import Layer
from lpgen.report.json.facts import facts_of_statement, facts_of_use
from lpgen.report.json.layout import Json, Row, lay_out

EXPLANATION_SCHEMA: Final = "lpgen.explanation/1"


def explain_json(found: Explanation) -> str:
    """The explanation as JSON text."""
    question = found.question
    return lay_out(
        {
            "schema": EXPLANATION_SCHEMA,
            "principal": question.principal.arn,
            "action": question.action,
            "action_known": question.known,
            "similar_actions": list(question.similar),
            "resource": question.resource.text,
            "resource_kind": question.resource.kind,
            "context": {key: list(values) for key, values in sorted(question.context.items())},
            "remarks": list(question.remarks),
            "result": found.result,
            "sentence": found.sentence,
            "depends_on": list(found.depends_on),
            "rule": found.rule or None,
            "stops": list(found.stops),
            "walls": [_wall(one) for one in found.walls],
            "not_known": list(found.unread),
            "use": None if found.seen is None else _use(found.seen),
        }
    )


def _wall(wall: ExplainedWall) -> Json:
    return {
        "layer": wall.layer,
        "level": wall.level + 1 if wall.layer in (Layer.SCP, Layer.RCP) else None,
        "name": wall.name,
        "of": wall.of or None,
        "state": wall.state,
        "policies": wall.policies,
        "missing": list(wall.missing),
        "statements": [_statement(one) for one in wall.statements],
    }


def _statement(one: ExplainedStatement) -> Json:
    return {
        **facts_of_statement(one.ref),
        "effect": one.effect,
        "fit": one.fit,
        "not_actions" if one.not_action else "actions": list(one.actions),
        "actions_today": one.actions_today,
        "not_resources" if one.not_resource else "resources": list(one.resources),
        "names_principal": one.named or None,
        "conditions": [
            Row(
                operator=state.condition.operator,
                key=state.condition.key,
                values=list(state.condition.values),
                met=state.met,
            )
            for state in one.conditions
        ],
        "depends_on": list(one.depends_on),
    }


def _use(seen: SeenUses) -> Json:
    covered = seen.coverage
    return {
        "first_day": covered.first_day.isoformat() if covered else None,
        "last_day": covered.last_day.isoformat() if covered else None,
        "covered_days": covered.covered_days if covered else 0,
        "blind_spot": seen.blind_spot or None,
        "earlier_records": seen.earlier,
        "uses": [Row(on=one.on, **facts_of_use(one.use)) for one in seen.uses],
    }
