"""Explanations as JSON: for one principal (`lpgen.explanation/1`), and who can do something (`lpgen.who-can/1`)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import UNSET, UnsetType, field

from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.explanations import (
    ExplainedStatement,
    ExplainedWall,
    Explanation,
    Fit,
    SeenUses,
    Used,
    UseOn,
    WallState,
    WhoCan,
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
    part_from_use,
    scope_members,
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
    actions: Annotated[Texts | UnsetType, means("The patterns that match the action.")] = UNSET
    not_actions: Annotated[Texts | UnsetType, means("Patterns of actions: all except these.")] = UNSET
    actions_today: Annotated[Count, means("Number of actions that the patterns cover.")]
    resources: Resources = UNSET
    not_resources: NotResources = UNSET
    names_principal: Annotated[
        str | None, means("How a resource policy names the principal; null: not a resource policy.")
    ]
    conditions: Annotated[tuple[ConditionPart, ...], means("Its conditions.")]
    depends_on: Annotated[Texts, means("The condition keys that decide.")]


class WallPart(Part, kw_only=True):
    """A set of policies that applies to the request."""

    layer: Annotated[Layer, means("The kind of policies.")]
    level: Annotated[Count | None, means("The level of SCPs and RCPs, from 1; null: other policies.")]
    name: Annotated[str, means("Its name in sentences.")]
    of: Annotated[str | None, means("The resource that it belongs to; null: none.")]
    state: Annotated[WallState, means("Whether it lets the request through.")]
    policies: Annotated[Count, means("Number of policies that were read.")]
    missing: Annotated[Texts, means("The policies without a document.")]
    statements: Annotated[tuple[ExplainedStatementPart, ...], means("The statements that cover the action.")]


class ExplainedUsePart(EvidencePart):
    """A use or an attempt of the action."""

    on: Annotated[UseOn, means("Whether it was on the resource asked about.")]
    action: ActionName
    resource: Annotated[str, means("The resource.")]
    resource_kind: Annotated[ResourceKind, means("How well the resource is known.")]
    outcome: Annotated[Outcome, means("The outcome.")]
    how: Annotated[str, means("How the record shows the action.")]
    denial_kind: Annotated[DenialKind, means("What denied it.")] = field(name="wall")
    error_code: Annotated[str, means('The error that the record shows. "": none.')]
    regions: Annotated[Texts, means("The Regions of the records.")]


class SeenPart(Part, kw_only=True):
    """The use of the action that the logs show."""

    first_day: Annotated[date | None, means("The first day of the account's logs; null: no logs were read.")]
    last_day: Annotated[date | None, means("The last day of the account's logs; null: no logs were read.")]
    covered_days: Days
    blind_spot: Annotated[str | None, means("Why the logs can't show all use; null: they can.")]
    earlier: Annotated[Count, means("Records of an earlier principal with the same name.")] = field(
        name="earlier_records"
    )
    uses: Annotated[tuple[ExplainedUsePart, ...], means("The uses.")]


class ExplanationDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.explanation/1"):
    """What `lpgen explain --format json` prints."""

    principal: Arn
    action: Annotated[str, means("The action, as understood.")]
    known: Annotated[bool, means("Whether the catalog has the action.")] = field(name="action_known")
    similar: Annotated[Texts, means("The closest known actions, if the catalog doesn't have it.")] = field(
        name="similar_actions"
    )
    resource: Annotated[str, means("The resource, as understood.")]
    resource_kind: Annotated[ResourceKind, means("`unknown`: any resource; `none`: the action takes none.")]
    context: Annotated[dict[str, Texts], means("The condition values, by key; no values: the request lacks the key.")]
    remarks: Annotated[Texts, means("How the question was understood.")]
    result: Annotated[Result, means("The result.")]
    sentence: Annotated[str, means("The result in words.")]
    depends_on: Annotated[Texts, means("The condition keys, resources or policies that decide.")]
    rule: Annotated[str | None, means("AWS's own rule that decides regardless of the policies; null: none.")]
    stops: Annotated[Texts, means("The walls that lack a needed Allow.")]
    walls: Annotated[tuple[WallPart, ...], means("The sets of policies that apply to the request.")]
    unread: Annotated[Texts, means("Inputs that weren't supplied and could change the result.")] = field(
        name="not_known"
    )
    use: Annotated[SeenPart | None, means("The use that the logs show; null: no data folder was given.")]


def explain_json(found: Explanation) -> str:
    """The explanation as JSON text."""
    question, seen = found.question, found.seen
    document = ExplanationDocument.from_attributes(
        found,
        question,
        principal=question.principal.arn,
        resource=question.resource.text,
        resource_kind=question.resource.kind,
        context=dict(sorted(question.context.items())),
        rule=found.rule or None,
        walls=tuple(map(_part_from_wall, found.walls)),
        use=None if seen is None else _part_from_seen(seen),
    )
    return lay_out(document)


def _part_from_wall(wall: ExplainedWall) -> WallPart:
    return WallPart.from_attributes(
        wall,
        level=wall.level + 1 if wall.layer in (Layer.SCP, Layer.RCP) else None,
        of=wall.of or None,
        statements=tuple(map(_part_from_explained, wall.statements)),
    )


def _part_from_explained(statement: ExplainedStatement) -> ExplainedStatementPart:
    actions = {"not_actions" if statement.not_action else "actions": statement.actions}
    return ExplainedStatementPart.from_attributes(
        statement.ref,
        statement,
        actions=actions.get("actions", UNSET),
        not_actions=actions.get("not_actions", UNSET),
        **scope_members(Scope(statement.resources, statement.not_resource)),
        names_principal=statement.named or None,
        conditions=[ConditionPart.from_attributes(state.condition, state) for state in statement.conditions],
    )


def _part_from_seen(seen: SeenUses) -> SeenPart:
    covered = seen.coverage
    return SeenPart.from_attributes(
        seen,
        first_day=covered.first_day if covered else None,
        last_day=covered.last_day if covered else None,
        covered_days=covered.covered_days if covered else 0,
        blind_spot=seen.blind_spot or None,
        uses=[part_from_use(found.use, ExplainedUsePart, found) for found in seen.uses],
    )


# ---------------------------------------------------------------- who can


class AllowPart(Part, kw_only=True):
    """An Allow in the principal's own policies or in the resource policy."""

    policy: Annotated[str, means("A managed policy's ARN, an inline policy's name, or the resource's ARN.")]
    number: Annotated[Count, means("The statement's number in its policy.")] = field(name="statement")
    sid: Annotated[str, means("The statement's Sid, or an empty text.")]
    actions: Annotated[Texts, means("The matching patterns, or all patterns of a NotAction.")] = field(
        name="action_patterns"
    )
    not_action: Annotated[bool, means("Whether the action patterns are from a NotAction.")]
    actions_today: Annotated[Count, means("Number of actions that the action patterns cover.")]
    resources: Annotated[Texts, means("The matching patterns, or all patterns of a NotResource.")] = field(
        name="resource_patterns"
    )
    not_resource: Annotated[bool, means("Whether the resource patterns are from a NotResource.")]


class AnswerPart(Part, kw_only=True):
    """The answer for one principal, the same as `lpgen explain` gives for it."""

    principal: Annotated[str, means("The ARN of the role or user.")]
    result: Annotated[Result, means("Whether it can.")]
    sentence: Annotated[str, means("The result in words.")]
    depends_on: Annotated[Texts, means("The condition keys and other facts that decide.")]
    allows: Annotated[tuple[AllowPart, ...], means("The Allows that apply or may apply, even if denied.")]
    outsiders: Annotated[Texts, means("The outsiders that can assume the role, one sentence each.")]
    used: Annotated[Used | None, means("Whether use on the resource was recorded; null: no data folder.")]
    last_used: Annotated[str | None, means("When it was last used or possibly used.")]
    blind_spot: Annotated[str | None, means("Why the logs can't show all use.")]
    logs_contradict: Annotated[bool, means("Whether a record shows an outcome other than the result.")]


class WhoCanDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.who-can/1"):
    """What `lpgen explain --format json` prints for a glob that matches several principals."""

    asked: Annotated[str, means("The glob of the principals asked about.")]
    action: Annotated[str, means("The action, as the catalog spells it.")]
    known: Annotated[bool, means("Whether the catalog has the action.")] = field(name="action_known")
    resource: Annotated[str, means("The resource, as understood.")]
    resource_kind: Annotated[ResourceKind, means("`unknown`: any resource; `none`: the action takes none.")]
    context: Annotated[dict[str, Texts], means("The condition values given, by key.")]
    remarks: Annotated[Texts, means("How the question was understood.")]
    unread: Annotated[Texts, means("Unknown facts that could change an answer.")] = field(name="not_known")
    principals: Annotated[tuple[AnswerPart, ...], means("All answers, the most important first.")]


def who_can_json(found: WhoCan) -> str:
    """Who can do something as JSON text."""
    question = found.answers[0].question
    document = WhoCanDocument.from_attributes(
        found,
        question,
        resource=question.resource.text,
        resource_kind=question.resource.kind,
        context={key: question.context[key] for key in question.given},
        principals=tuple(_part_from_answer(found, answer) for answer in found.answers),
    )
    return lay_out(document)


def _part_from_answer(found: WhoCan, answer: Explanation) -> AnswerPart:
    seen = answer.seen
    return AnswerPart.from_attributes(
        answer,
        principal=answer.question.principal.arn,
        allows=[AllowPart.from_attributes(hole.ref, hole) for hole in answer.holes],
        outsiders=found.outsiders(answer),
        used=seen.used if seen else None,
        last_used=(seen.last or None) if seen else None,
        blind_spot=(seen.blind_spot or None) if seen else None,
        logs_contradict=bool(answer.contrary),
    )
