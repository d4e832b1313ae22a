"""Who can do something as JSON, schema `lpgen.who-can/1`.

Keys are only ever added under this name; a change of meaning takes a new number.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from lpgen.core.explanations import ExplainedStatement, Explanation, Used, WhoCan
from lpgen.core.iam.decision import Result
from lpgen.core.model import ResourceKind
from lpgen.report.json.layout import lay_out

_SCHEMA: Final = "lpgen.who-can/1"


class AllowStatement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An Allow of the principal's own policies or the resource's."""

    policy: Annotated[str, Meta(description="A managed policy's ARN, an inline policy's name, or the resource's ARN.")]
    statement: Annotated[int, Meta(ge=1, description="The statement's number in its policy.")]
    sid: Annotated[str, Meta(description="The statement's Sid, or an empty text.")]
    action_patterns: Annotated[tuple[str, ...], Meta(description="The patterns that match, or all of a NotAction.")]
    not_action: Annotated[bool, Meta(description="Whether the action patterns are those of a NotAction.")]
    actions_today: Annotated[int, Meta(ge=0, description="How many actions the action patterns cover.")]
    resource_patterns: Annotated[tuple[str, ...], Meta(description="The patterns that match, or all of a NotResource.")]
    not_resource: Annotated[bool, Meta(description="Whether the resource patterns are those of a NotResource.")]


class PrincipalAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer for one principal, as `lpgen explain` gives it for this principal."""

    principal: Annotated[str, Meta(description="The ARN of the role or user.")]
    result: Annotated[Result, Meta(description="Whether it can.")]
    sentence: Annotated[str, Meta(description="The result in words.")]
    depends_on: Annotated[tuple[str, ...], Meta(description="The condition keys and other facts that decide.")]
    allows: Annotated[list[AllowStatement], Meta(description="The Allows that apply, or may, even if denied.")]
    outsiders: Annotated[tuple[str, ...], Meta(description="Who outside can assume the role, a sentence each.")]
    used: Annotated[Used | None, Meta(description="Whether use was seen on the resource; null without a data folder.")]
    last_used: Annotated[str | None, Meta(description="When it was last used, or perhaps was.")]
    blind_spot: Annotated[str | None, Meta(description="Why the logs could not have shown all use.")]
    logs_contradict: Annotated[bool, Meta(description="Whether a record shows an outcome other than the result.")]


class WhoCanDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `lpgen explain --format json` prints for a glob that matches several principals"""

    schema: Annotated[str, Meta(description="The schema and its version.", extra_json_schema={"const": _SCHEMA})]
    asked: Annotated[str, Meta(description="The glob of the principals asked about.")]
    action: Annotated[str, Meta(description="The action, as the catalog spells it.")]
    action_known: Annotated[bool, Meta(description="Whether the catalog has the action.")]
    resource: Annotated[str, Meta(description="The resource, as it was understood.")]
    resource_kind: Annotated[ResourceKind, Meta(description="unknown for any resource, none if the action takes none.")]
    context: Annotated[dict[str, tuple[str, ...]], Meta(description="The condition values given, by key.")]
    remarks: Annotated[tuple[str, ...], Meta(description="How the question was understood.")]
    not_known: Annotated[tuple[str, ...], Meta(description="What isn't known and could change an answer.")]
    principals: Annotated[list[PrincipalAnswer], Meta(description="All answers, those to look at first first.")]


def who_can_schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    _, parts = msgspec.json.schema_components([WhoCanDocument], ref_template="#/$defs/{name}")
    whole = parts.pop(WhoCanDocument.__name__)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:lpgen:who-can:1"}
    return {**head, **whole, "title": whole["description"], "$defs": parts}


def who_can_json(found: WhoCan) -> str:
    """Who can do something as JSON text."""
    question = found.answers[0].question
    document = WhoCanDocument(
        schema=_SCHEMA,
        asked=found.asked,
        action=question.action,
        action_known=question.known,
        resource=question.resource.text,
        resource_kind=question.resource.kind,
        context={key: question.context[key] for key in question.given},
        remarks=question.remarks,
        not_known=found.unread,
        principals=[_answer(found, answer) for answer in found.answers],
    )
    return lay_out(msgspec.to_builtins(document))


def _answer(found: WhoCan, answer: Explanation) -> PrincipalAnswer:
    seen = answer.seen
    return PrincipalAnswer(
        principal=answer.question.principal.arn,
        result=answer.result,
        sentence=answer.sentence,
        depends_on=answer.depends_on,
        allows=list(map(_statement, answer.holes)),
        outsiders=found.outsiders(answer),
        used=seen.used if seen else None,
        last_used=(seen.last or None) if seen else None,
        blind_spot=(seen.blind_spot or None) if seen else None,
        logs_contradict=bool(answer.contrary),
    )


def _statement(hole: ExplainedStatement) -> AllowStatement:
    return AllowStatement(
        policy=hole.ref.policy,
        statement=hole.ref.index + 1,
        sid=hole.ref.sid,
        action_patterns=hole.actions,
        not_action=hole.not_action,
        actions_today=hole.actions_today,
        resource_patterns=hole.resources,
        not_resource=hole.not_resource,
    )
