"""Caveats about unknowns: grants without a document, unknown names, and records that lpgen can't explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.analysis.grants.granting import action_is_named_in
from lpgen.core.choices import Severity
from lpgen.core.cloudtrail.rules.inferences import EDGE_FUNCTION
from lpgen.core.model import SkipReason
from lpgen.core.registry.row import IAM_GUIDE, Caveat, CaveatKind, Remedy, Row, name_some

_WHY_UNREAD: Final = {
    SkipReason.BAD_RECORD: "can't be read",
    SkipReason.UNKNOWN_VERSION: "with an event version that lpgen doesn't know",
    SkipReason.NO_TIME: "without a time",
    SkipReason.FUTURE: "with a time later than the log itself",
}


def _unmapped_event_message(*, records: int, call: str, reason: SkipReason, example: str, **_: object) -> str:
    """The records that can't be mapped, with their number."""
    example = f"example {example or 'without an id'}"
    if reason in _WHY_UNREAD:
        what = f"{'record' if records == 1 else 'records'} of {call or 'calls without a name'} {_WHY_UNREAD[reason]}"
        return f"{records} {what}, so the replacement may lack what the calls needed ({example})"
    seen = f"{records} successful {'call' if records == 1 else 'calls'}, {example}"
    return f"lpgen doesn't know which action {call or 'a call without a name'} needs ({seen})"


def _unexplained_use_step(*, action: str, **_: object) -> str:
    """Where to look for what allowed an unexplained use."""
    # Grants allow use of a key too. https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    of_a_key = action.startswith("kms:")
    where = ", such as the key's policy or a grant (`aws kms list-grants`)" if of_a_key else ""
    return f"find out what allowed this call{where}, and give lpgen that policy or accept this with a decision"


def _recreated_message(*, former: Sequence[str], kind: str, principal_id: str, only: Sequence[str]) -> str:
    """The records that don't count because the principal was created again."""
    known = f"the logs also hold records of {', '.join(former)}"
    if not principal_id:
        return f"{known}, roles of another assignment of this permission set, whose records don't count"
    used = f"; only the earlier one used {name_some(only)}" if only else ""
    return f"{known}, an earlier {kind} of this name, which don't count for {principal_id}{used}"


class UnknownCaveat(CaveatKind):
    """Unknowns about a principal's grants and records."""

    UNMAPPED_EVENT = Row(
        "unmapped_event",
        "lpgen doesn't know which action a successful call needs.",
        parameters={"records": int, "call": str, "reason": str, "example": str, "event": str},
        message=_unmapped_event_message,
        step="look up which action the call needs, keep it with a decision, and accept this",
        item="{event}",
        help="The replacement may lack what the call needs.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
    )
    UNKNOWN_PATTERN = Row(
        "unknown_pattern",
        "A policy grants an action that lpgen's catalog doesn't know.",
        parameters={"case": str, "pattern": str, "statement": str},
        message={
            "new": "{statement} grants `{pattern}`, which the catalog doesn't know, so the replacement leaves it out",
            "star": "AWS requires `{pattern}` with the wildcard, but a replacement has no wildcards, so it leaves this"
            " out",
        },
        step={
            "new": "correct the name in the policy, or run `lpgen catalog update` if AWS has the action",
            "star": "grant `{pattern}` in another policy, and accept this with a decision",
        },
        item="unknown-pattern {pattern}",
        help="It may be misspelled and grant nothing, or be newer than the catalog.",
        to_do="correct it, or run `lpgen catalog update`.",
        source=f"{IAM_GUIDE}/reference_policies_elements_action.html",
        remedy={"new": Remedy.CATALOG, "star": Remedy.DECIDE},
    )
    GRANTS_UNKNOWN = Row(
        "grants_unknown",
        "The document of an attached policy is missing, so its grants are unknown.",
        parameters={"policy": str},
        message="the document of {policy} is missing, so its grants are unknown",
        step="export the authorization details again, without a filter",
        item="missing-document {policy}",
        acceptable=False,
        rank=4,
        source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html",
        remedy=Remedy.SNAPSHOT,
    )
    RECREATED = Row(
        "recreated",
        "The principal was deleted and created again within the days of the logs.",
        parameters={"former": tuple, "kind": str, "principal_id": str, "only": tuple},
        message=_recreated_message,
        step="check that nothing relies on actions that only the deleted principal used, and accept this"
        " with a decision",
        severity=Severity.LOW,
    )
    UNEXPLAINED_USE = Row(
        "unexplained_use",
        "An action was used that no known policy allows.",
        parameters={"action": str, "resource": str, "reason": str},
        message="{action} on {resource} was allowed, but {reason}",
        step=_unexplained_use_step,
        item="unexplained {action}",
        help="A policy may be missing, or the record mapped to the wrong action. Similar granted actions are kept.",
        to_do="find out what allowed it, and give lpgen that policy or accept it with a decision.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        precision="medium",
    )


def find_unknown_grants(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each policy without a document, and for each pattern that the catalog doesn't know."""
    for name in inputs.grants.missing:
        yield Caveat.of(UnknownCaveat.GRANTS_UNKNOWN, policy=name)
    for grant in inputs.grants.allows:
        for pattern in grant.unknown_patterns:
            yield Caveat.of(UnknownCaveat.UNKNOWN_PATTERN, case="new", pattern=pattern, statement=str(grant.ref))


def find_starred_names(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each action that AWS requires with a wildcard after its name, if the principal lets functions be
    copied to the edge or a policy names the action. A replacement has no wildcards.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html
    """
    at_edge = any(use.how == EDGE_FUNCTION for use in inputs.records.usage.uses)
    starred = filter(None, map(inputs.catalog.canonical, inputs.finder.observability.table.without_users))
    for action in sorted(inputs.granted.intersection(starred)):
        grants = (grant for grant in inputs.grants.allows if action in grant.actions)
        if at_edge or any(action_is_named_in(grant, action) for grant in grants):
            yield Caveat.of(UnknownCaveat.UNKNOWN_PATTERN, case="star", pattern=f"{action}*")


def find_unmapped_events(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each kind of record with an unknown action."""
    for event in inputs.records.usage.unmapped:
        yield Caveat.of(
            UnknownCaveat.UNMAPPED_EVENT,
            records=event.evidence.records,
            call=" ".join(filter(None, (event.event_source, event.event_name))),
            reason=event.reason,
            example=event.evidence.example_event_id,
            event=event.item,
        )


def find_unexplained_uses(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each use that no policy grants and nothing else explains."""
    for use in (*inputs.missed.observed.ungranted, *inputs.contradicted):
        if not use.explanation:
            yield Caveat.of(
                UnknownCaveat.UNEXPLAINED_USE, action=use.use.action, resource=use.use.resource.text, reason=use.reason
            )


def find_earlier_principals(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat where records belong to earlier principals of the same name."""
    principal, usage = inputs.grants.principal, inputs.records.usage
    if earlier := usage.of_earlier(principal):
        own = {action for identity in usage.by_id if identity not in earlier for action in identity.actions}
        yield Caveat.of(
            UnknownCaveat.RECREATED,
            former=tuple(identity.principal_id for identity in earlier),
            kind=principal.kind,
            principal_id=principal.principal_id,
            only=tuple(sorted({action for identity in earlier for action in identity.actions} - own)),
        )
