"""Who can do something as JSON, schema `lpgen.who-can/1`."""

from __future__ import annotations

from typing import Annotated

from lpgen.core.documents import Count, Part, means
from lpgen.core.explanations import ExplainedStatement, Explanation, Used, WhoCan
from lpgen.core.iam.decision import Result
from lpgen.core.model import ResourceKind
from lpgen.report.documents.layout import lay_out


class AllowPart(Part, kw_only=True):
    """An Allow of the principal's own policies or the resource's."""

    policy: Annotated[str, means("A managed policy's ARN, an inline policy's name, or the resource's ARN.")]
    statement: Annotated[Count, means("The statement's number in its policy.")]
    sid: Annotated[str, means("The statement's Sid, or an empty text.")]
    action_patterns: Annotated[tuple[str, ...], means("The patterns that match, or all of a NotAction.")]
    not_action: Annotated[bool, means("Whether the action patterns are those of a NotAction.")]
    actions_today: Annotated[Count, means("How many actions the action patterns cover.")]
    resource_patterns: Annotated[tuple[str, ...], means("The patterns that match, or all of a NotResource.")]
    not_resource: Annotated[bool, means("Whether the resource patterns are those of a NotResource.")]


class AnswerPart(Part, kw_only=True):
    """The answer for one principal, as `lpgen explain` gives it for this principal."""

    principal: Annotated[str, means("The ARN of the role or user.")]
    result: Annotated[Result, means("Whether it can.")]
    sentence: Annotated[str, means("The result in words.")]
    depends_on: Annotated[tuple[str, ...], means("The condition keys and other facts that decide.")]
    allows: Annotated[tuple[AllowPart, ...], means("The Allows that apply, or may, even if denied.")]
    outsiders: Annotated[tuple[str, ...], means("Who outside can assume the role, a sentence each.")]
    used: Annotated[Used | None, means("Whether use was seen on the resource; null without a data folder.")]
    last_used: Annotated[str | None, means("When it was last used, or perhaps was.")]
    blind_spot: Annotated[str | None, means("Why the logs could not have shown all use.")]
    logs_contradict: Annotated[bool, means("Whether a record shows an outcome other than the result.")]


class WhoCanDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.who-can/1"):
    """What `lpgen explain --format json` prints for a glob that matches several principals."""

    asked: Annotated[str, means("The glob of the principals asked about.")]
    action: Annotated[str, means("The action, as the catalog spells it.")]
    action_known: Annotated[bool, means("Whether the catalog has the action.")]
    resource: Annotated[str, means("The resource, as it was understood.")]
    resource_kind: Annotated[ResourceKind, means("unknown for any resource, none if the action takes none.")]
    context: Annotated[dict[str, tuple[str, ...]], means("The condition values given, by key.")]
    remarks: Annotated[tuple[str, ...], means("How the question was understood.")]
    not_known: Annotated[tuple[str, ...], means("What isn't known and could change an answer.")]
    principals: Annotated[tuple[AnswerPart, ...], means("All answers, those to look at first first.")]


def who_can_json(found: WhoCan) -> str:
    """Who can do something as JSON text."""
    question = found.answers[0].question
    document = WhoCanDocument(
        asked=found.asked,
        action=question.action,
        action_known=question.known,
        resource=question.resource.text,
        resource_kind=question.resource.kind,
        context={key: question.context[key] for key in question.given},
        remarks=question.remarks,
        not_known=found.unread,
        principals=tuple(_answer(found, answer) for answer in found.answers),
    )
    return lay_out(document)


def _answer(found: WhoCan, answer: Explanation) -> AnswerPart:
    seen = answer.seen
    return AnswerPart(
        principal=answer.question.principal.arn,
        result=answer.result,
        sentence=answer.sentence,
        depends_on=answer.depends_on,
        allows=tuple(map(_statement, answer.holes)),
        outsiders=found.outsiders(answer),
        used=seen.used if seen else None,
        last_used=(seen.last or None) if seen else None,
        blind_spot=(seen.blind_spot or None) if seen else None,
        logs_contradict=bool(answer.contrary),
    )


def _statement(hole: ExplainedStatement) -> AllowPart:
    return AllowPart(
        policy=hole.ref.policy,
        statement=hole.ref.index + 1,
        sid=hole.ref.sid,
        action_patterns=hole.actions,
        not_action=hole.not_action,
        actions_today=hole.actions_today,
        resource_patterns=hole.resources,
        not_resource=hole.not_resource,
    )
