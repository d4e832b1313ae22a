"""An explanation as JSON, schema `lpgen.explanation/1`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.explanations import (
    ExplainedStatement,
    ExplainedWall,
    Explanation,
    Fit,
    SeenUses,
    UseOn,
    WallState,
)
from lpgen.core.iam.decision import Answer, Layer, Result
from lpgen.core.model import DenialKind, Effect, Outcome, ResourceKind
from lpgen.core.replacements import Scope
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import (
    ActionName,
    Arn,
    Days,
    EvidencePart,
    NotResources,
    Resources,
    StatementFields,
    Texts,
    scope_members,
    statement_members,
    use_members,
)


class ConditionPart(RowPart, kw_only=True):
    """A condition of a statement."""

    operator: Annotated[str, means("Its operator.")]
    key: Annotated[str, means("Its key.")]
    values: Annotated[Texts, means("Its values.")]
    met: Annotated[Answer, means("Whether the request meets it.")]


class ExplainedStatementPart(StatementFields, kw_only=True):
    """A statement that covers the action."""

    effect: Annotated[Effect, means("Whether it allows or denies.")]
    fit: Annotated[Fit, means("Whether it applies to the request, or why it doesn't.")]
    actions: Annotated[Texts | msgspec.UnsetType, means("The patterns that match the action.")]
    not_actions: Annotated[Texts | msgspec.UnsetType, means("Patterns of actions: all but these.")]
    actions_today: Annotated[Count, means("How many actions the patterns cover.")]
    resources: Resources
    not_resources: NotResources
    names_principal: Annotated[str | None, means("How a resource policy names the principal; null: elsewhere.")]
    conditions: Annotated[tuple[ConditionPart, ...], means("Its conditions.")]
    depends_on: Annotated[Texts, means("The condition keys that decide.")]


class WallPart(Part, kw_only=True):
    """A set of policies that applies to the request."""

    layer: Annotated[Layer, means("The sort of policies.")]
    level: Annotated[Count | None, means("The level of SCPs and RCPs, from 1; null: others.")]
    name: Annotated[str, means("Its name in sentences.")]
    of: Annotated[str | None, means("The resource that has it; null: none.")]
    state: Annotated[WallState, means("Whether it lets the request through.")]
    policies: Annotated[Count, means("How many policies were read.")]
    missing: Annotated[Texts, means("The policies without a document.")]
    statements: Annotated[tuple[ExplainedStatementPart, ...], means("The statements that cover the action.")]


class ExplainedUsePart(EvidencePart):
    """A use or an attempt of the action."""

    on: Annotated[UseOn, means("Whether it was on the resource asked about.")]
    action: ActionName
    resource: Annotated[str, means("The resource.")]
    resource_kind: Annotated[ResourceKind, means("How well the resource is known.")]
    outcome: Annotated[Outcome, means("What became of it.")]
    how: Annotated[str, means("How the action follows from the record.")]
    wall: Annotated[DenialKind, means("What denied it.")]
    error_code: Annotated[str, means('The error that the record shows. "": none.')]
    regions: Annotated[Texts, means("The Regions that it was seen in.")]


class SeenPart(Part, kw_only=True):
    """The use of the action that the logs show."""

    first_day: Annotated[date | None, means("The first day of the account's logs; null: none were read.")]
    last_day: Annotated[date | None, means("The last day of the account's logs; null: none were read.")]
    covered_days: Days
    blind_spot: Annotated[str | None, means("Why the logs could not have shown use; null: they could.")]
    earlier_records: Annotated[Count, means("Records of an earlier principal of the name.")]
    uses: Annotated[tuple[ExplainedUsePart, ...], means("The uses.")]


class ExplanationDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.explanation/1"):
    """What `lpgen explain --format json` prints."""

    principal: Arn
    action: Annotated[str, means("The action, as it was understood.")]
    action_known: Annotated[bool, means("Whether the catalog has the action.")]
    similar_actions: Annotated[Texts, means("The closest ones, if it hasn't.")]
    resource: Annotated[str, means("The resource, as it was understood.")]
    resource_kind: Annotated[ResourceKind, means("`unknown`: any resource; `none`: the action takes none.")]
    context: Annotated[dict[str, Texts], means("The condition values, by key; no values: the request lacks the key.")]
    remarks: Annotated[Texts, means("How the question was understood.")]
    result: Annotated[Result, means("The result.")]
    sentence: Annotated[str, means("The result in words.")]
    depends_on: Annotated[Texts, means("The condition keys, resources or policies that decide.")]
    rule: Annotated[str | None, means("AWS's own rule that decides whatever the policies say; null: none.")]
    stops: Annotated[Texts, means("The walls without a needed allow.")]
    walls: Annotated[tuple[WallPart, ...], means("The sets of policies that apply to the request.")]
    not_known: Annotated[Texts, means("Inputs that weren't supplied and could change the result.")]
    use: Annotated[SeenPart | None, means("The use that the logs show; null: no data folder was given.")]


def explain_json(found: Explanation) -> str:
    """The explanation as JSON text."""
    question = found.question
    return lay_out(
        ExplanationDocument(
            principal=question.principal.arn,
            action=question.action,
            action_known=question.known,
            similar_actions=question.similar,
            resource=question.resource.text,
            resource_kind=question.resource.kind,
            context=dict(sorted(question.context.items())),
            remarks=question.remarks,
            result=found.result,
            sentence=found.sentence,
            depends_on=found.depends_on,
            rule=found.rule or None,
            stops=found.stops,
            walls=tuple(map(_part_from_wall, found.walls)),
            not_known=found.unread,
            use=None if found.seen is None else _part_from_seen(found.seen),
        )
    )


def _part_from_wall(wall: ExplainedWall) -> WallPart:
    return WallPart(
        layer=wall.layer,
        level=wall.level + 1 if wall.layer in (Layer.SCP, Layer.RCP) else None,
        name=wall.name,
        of=wall.of or None,
        state=wall.state,
        policies=wall.policies,
        missing=wall.missing,
        statements=tuple(map(_part_from_explained, wall.statements)),
    )


def _part_from_explained(statement: ExplainedStatement) -> ExplainedStatementPart:
    return ExplainedStatementPart(
        **statement_members(statement.ref),
        effect=statement.effect,
        fit=statement.fit,
        actions=msgspec.UNSET if statement.not_action else statement.actions,
        not_actions=statement.actions if statement.not_action else msgspec.UNSET,
        actions_today=statement.actions_today,
        **scope_members(Scope(statement.resources, statement.not_resource)),
        names_principal=statement.named or None,
        conditions=tuple(
            ConditionPart(
                operator=state.condition.operator,
                key=state.condition.key,
                values=state.condition.values,
                met=state.met,
            )
            for state in statement.conditions
        ),
        depends_on=statement.depends_on,
    )


def _part_from_seen(seen: SeenUses) -> SeenPart:
    covered = seen.coverage
    return SeenPart(
        first_day=covered.first_day if covered else None,
        last_day=covered.last_day if covered else None,
        covered_days=covered.covered_days if covered else 0,
        blind_spot=seen.blind_spot or None,
        earlier_records=seen.earlier,
        uses=tuple(ExplainedUsePart(on=found.on, **use_members(found.use)) for found in seen.uses),
    )
