"""Who can do something as JSON, schema `lpgen.who-can/1`.

Keys are only ever added under this name; a change of meaning takes a new number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from lpgen.core.explanations import ExplainedStatement, Explanation, Fit, SeenUses, Used, UseOn, WhoCan
from lpgen.core.findings import OutsideTrust
from lpgen.core.iam.decision import Result
from lpgen.core.model import Outcome, PolicyKind, ResourceKind
from lpgen.report.json.layout import lay_out

_Count = Annotated[int, Meta(ge=0)]


class _Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object with exactly its keys."""


class LettingStatement(_Facts, frozen=True, kw_only=True):
    """An Allow of the principal's own policies or the resource's."""

    policy: Annotated[str, Meta(description="A managed policy's ARN, an inline policy's name, or the resource's ARN.")]
    kind: Annotated[PolicyKind, Meta(description="The kind of policy.")]
    group: Annotated[str, Meta(description="The group that a user has the policy through, or an empty text.")]
    statement: Annotated[int, Meta(ge=1, description="The statement's number in its policy.")]
    sid: Annotated[str, Meta(description="The statement's Sid, or an empty text.")]
    fit: Annotated[Fit, Meta(description="Whether it applies, or may.")]
    action_patterns: Annotated[tuple[str, ...], Meta(description="The patterns that match, or all of a NotAction.")]
    not_action: Annotated[bool, Meta(description="Whether the action patterns are those of a NotAction.")]
    actions_today: Annotated[_Count, Meta(description="How many actions the action patterns cover.")]
    resource_patterns: Annotated[tuple[str, ...], Meta(description="The patterns that match, or all of a NotResource.")]
    not_resource: Annotated[bool, Meta(description="Whether the resource patterns are those of a NotResource.")]


class Outsider(_Facts, frozen=True, kw_only=True):
    """Somebody outside one's own accounts who can assume the role."""

    case: Annotated[
        Literal["everyone", "account", "organization", "provider"], Meta(description="The kind of outsider.")
    ]
    who: Annotated[str, Meta(description="An account, an organization or an identity provider.")]
    conditions: Annotated[str, Meta(description="The condition keys that decide, or an empty text.")]


class ActionUse(_Facts, frozen=True, kw_only=True):
    """What the logs show of the principal's use of the action on the resource asked about."""

    used: Annotated[Used, Meta(description="Whether use was seen; never means that it would have left a record.")]
    records: Annotated[_Count, Meta(description="How many records show the use, or perhaps do, at most.")]
    last_seen: Annotated[str | None, Meta(description="When it was last used, or perhaps was.")]
    denied_records: Annotated[_Count, Meta(description="How many records show denied attempts on it, at most.")]
    blind_spot: Annotated[str | None, Meta(description="Why the logs could not have shown all use.")]
    covered_days: Annotated[_Count, Meta(description="How many days the logs of the principal's account cover.")]


class PrincipalAnswer(_Facts, frozen=True, kw_only=True):
    """The answer for one principal, as `lpgen explain` gives it for this principal."""

    principal: Annotated[str, Meta(description="The ARN of the role or user.")]
    result: Annotated[Result, Meta(description="Whether it can.")]
    sentence: Annotated[str, Meta(description="The result in words.")]
    depends_on: Annotated[tuple[str, ...], Meta(description="The condition keys and other facts that decide.")]
    rule: Annotated[str | None, Meta(description="AWS's own rule that decides whatever the policies say.")]
    stops: Annotated[tuple[str, ...], Meta(description="The walls without a needed Allow.")]
    let_through_by: Annotated[tuple[LettingStatement, ...], Meta(description="The Allows that apply, or may.")]
    outsiders: Annotated[tuple[Outsider, ...], Meta(description="The outsiders that can assume the role.")]
    use: Annotated[ActionUse | None, Meta(description="Its use; null without a data folder.")]
    logs_contradict: Annotated[bool, Meta(description="Whether a record shows an outcome other than the result.")]


class ResultCounts(_Facts, frozen=True, kw_only=True):
    """How many principals have each result."""

    allowed: Annotated[_Count, Meta(description="Those that can.")]
    depends: Annotated[_Count, Meta(description="Those for which it depends.")]
    implicitly_denied: Annotated[_Count, Meta(description="Those that nothing allows it.")]
    explicitly_denied: Annotated[_Count, Meta(description="Those that a Deny refuses it.")]


class WhoCanDocument(_Facts, frozen=True, kw_only=True):
    """What `lpgen explain --format json` prints for a glob that matches several principals"""

    schema: Annotated[Literal["lpgen.who-can/1"], Meta(description="The schema and its version.")]
    asked: Annotated[str, Meta(description="The glob of the principals asked about.")]
    action: Annotated[str, Meta(description="The action, as the catalog spells it.")]
    action_known: Annotated[bool, Meta(description="Whether the catalog has the action.")]
    similar_actions: Annotated[tuple[str, ...], Meta(description="The closest actions, if it hasn't.")]
    resource: Annotated[str, Meta(description="The resource, as it was understood.")]
    resource_kind: Annotated[ResourceKind, Meta(description="unknown for any resource, none if the action takes none.")]
    context: Annotated[dict[str, tuple[str, ...]], Meta(description="The condition values given, by key.")]
    remarks: Annotated[tuple[str, ...], Meta(description="How the question was understood.")]
    counts: Annotated[ResultCounts, Meta(description="How many principals have each result.")]
    not_known: Annotated[tuple[str, ...], Meta(description="What isn't known and could change an answer.")]
    principals: Annotated[tuple[PrincipalAnswer, ...], Meta(description="All answers, those to look at first first.")]


def who_can_schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    _, parts = msgspec.json.schema_components([WhoCanDocument], ref_template="#/$defs/{name}")
    whole = parts.pop(WhoCanDocument.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lpgen:who-can:1",
        **whole,
        "title": whole["description"],
        "$defs": parts,
    }


def who_can_json(found: WhoCan) -> str:
    """Who can do something as JSON text."""
    question = found.answers[0].question
    tally = Counter(answer.result for answer in found.answers)
    document = WhoCanDocument(
        schema="lpgen.who-can/1",
        asked=found.asked,
        action=question.action,
        action_known=question.known,
        similar_actions=question.similar,
        resource=question.resource.text,
        resource_kind=question.resource.kind,
        context={key: question.context[key] for key in question.given},
        remarks=question.remarks,
        counts=ResultCounts(
            allowed=tally[Result.ALLOWED],
            depends=tally[Result.DEPENDS],
            implicitly_denied=tally[Result.IMPLICITLY_DENIED],
            explicitly_denied=tally[Result.EXPLICITLY_DENIED],
        ),
        not_known=found.unread,
        principals=tuple(
            _answer(answer, found.outside.get(answer.question.principal.arn, ())) for answer in found.answers
        ),
    )
    return lay_out(msgspec.to_builtins(document))


def _answer(found: Explanation, outside: Iterable[OutsideTrust]) -> PrincipalAnswer:
    return PrincipalAnswer(
        principal=found.question.principal.arn,
        result=found.result,
        sentence=found.sentence,
        depends_on=found.depends_on,
        rule=found.rule or None,
        stops=found.stops,
        let_through_by=tuple(map(_statement, found.holes)),
        outsiders=tuple(
            Outsider(case=one.parameters["case"], who=one.parameters["who"], conditions=one.parameters["limits"])
            for one in outside
        ),
        use=_use(found.seen) if found.seen else None,
        logs_contradict=bool(found.contrary),
    )


def _statement(hole: ExplainedStatement) -> LettingStatement:
    return LettingStatement(
        policy=hole.ref.policy,
        kind=hole.ref.kind,
        group=hole.ref.group,
        statement=hole.ref.index + 1,
        sid=hole.ref.sid,
        fit=hole.fit,
        action_patterns=hole.actions,
        not_action=hole.not_action,
        actions_today=hole.actions_today,
        resource_patterns=hole.resources,
        not_resource=hole.not_resource,
    )


def _use(seen: SeenUses) -> ActionUse:
    denied = (one.use for one in seen.uses if one.on is UseOn.ASKED and one.use.outcome is Outcome.DENIED)
    return ActionUse(
        used=seen.used,
        records=sum(one.use.evidence.records for one in seen.counted),
        last_seen=seen.last or None,
        denied_records=sum(use.evidence.records for use in denied),
        blind_spot=seen.blind_spot or None,
        covered_days=seen.coverage.covered_days if seen.coverage else 0,
    )
