"""Messages of `lpgen rollout`, and the denials since. Every text from a policy, a name or AWS is escaped."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from lpgen.core.iam.policy import policy_from_json, policy_size, text_without_sid
from lpgen.core.model import Effect, Statement
from lpgen.core.rollout.calls import IamCall
from lpgen.core.rollout.denials import Denial
from lpgen.core.rollout.denied_assumptions import DeniedAssumption
from lpgen.core.rollout.plan import OutcomeKind, PolicyText, PrincipalPlan, RolloutOutcome
from lpgen.core.rollout.refusals import Refusal, RefusalKind
from lpgen.core.rollout.source import RolloutPlan, Source, Trust
from lpgen.core.rollout.trust_change import TRUST_POLICY, TrustChange, differences_after_undo
from lpgen.core.rollout.watch import Watched
from lpgen.report.blocks import plural
from lpgen.report.documents.rollout import watch_json
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.inputs import render_used_decisions

# ---------------------------------------------------------------- a plan


def render_planned(plan: RolloutPlan) -> str:
    """The number of principals to change, and why the others are refused."""
    return "\n".join(_planned_lines(plan))


def _planned_lines(plan: RolloutPlan) -> Iterator[str]:
    ready = [principal for principal in plan.principals if principal.calls]
    refused = [principal for principal in plan.principals if principal.refusals]
    calls = plural(sum(len(principal.calls) for principal in ready), "call")
    several = sum(len({refusal.kind for refusal in principal.refusals}) > 1 for principal in refused)
    idle = len(plan.principals) - len(ready) - len(refused)
    reasons = f", {several} of them for more than one reason" if several else ""
    unchanged = f"; nothing to change for {idle}" if idle else ""
    yield f"{plural(len(ready), 'principal')} to roll out with {calls}, {len(refused)} refused{reasons}{unchanged}"
    if used := render_used_decisions(plan.source.stated.decisions):
        yield f"  {used}"
    yield from _refusal_lines((principal.principal, principal.refusals) for principal in refused)
    for principal in ready:
        yield from (f"  note: {terminal_text(principal.principal)}: {terminal_text(note)}" for note in principal.notes)


_TRUST: Final = {
    Trust.DATA: "the data folder gave the same replacements when the plan was made",
    Trust.SIGNATURE: "a signature covered the replacements when the plan was made",
    Trust.OUTPUT: "the replacements were trusted UNCHECKED when the plan was made, because of --trust-output",
}


def render_trust(source: Source) -> str:
    """Why the documents of a plan were trusted."""
    return f"the plan was made from the output {source.digests.root[:12]}: {_TRUST[source.trust]}"


def render_refused(refused: Iterable[tuple[str, Iterable[Refusal]]]) -> str:
    """Why principals aren't rolled out, and the options that override this."""
    return "\n".join(_refusal_lines(refused))


_SHOWN: Final = 5


def _refusal_lines(refused: Iterable[tuple[str, Iterable[Refusal]]]) -> Iterator[str]:
    """A few refusals of each kind. The plan has all."""
    kinds: dict[RefusalKind, list[str]] = defaultdict(list)
    for principal, refusals in refused:
        for refusal in refusals:
            override = f" ({terminal_text(refusal.override)} overrides it)" if refusal.override else ""
            why = textwrap.shorten(terminal_text(refusal.why), _LONGEST_REASON, placeholder=" ...")
            kinds[refusal.kind].append(f"    {terminal_text(principal)}: {why}{override}")
    for kind in sorted(kinds, key=list(RefusalKind).index):
        lines = kinds[kind]
        yield f"  refused, {kind.row.title} ({len(lines):,}):"
        yield from lines[:_SHOWN]
        if len(lines) > _SHOWN:
            yield f"    and {len(lines) - _SHOWN:,} more"


_LONGEST_REASON: Final = 300


def render_changes(plans: Iterable[PrincipalPlan]) -> str:
    """The planned changes of each principal: its calls in order, and a diff of the statements in its policies."""
    return "\n".join(line for plan in plans for line in _change_lines(plan))


def _change_lines(plan: PrincipalPlan) -> Iterator[str]:
    yield f"{terminal_text(plan.principal)}{'' if plan.safe or plan.is_trust_only else '  NOT CALLED SAFE'}"
    for note in plan.notes:
        yield f"  note: {terminal_text(note)}"
    for number, call in enumerate(plan.calls, start=1):
        yield f"  {number:2}. {_call_text(call)}"
    yield from _diff_lines(plan.before, plan.after)
    if plan.trust and plan.trust.is_needed:
        yield from _trust_lines(plan.trust)
    yield ""


def _trust_lines(change: TrustChange) -> Iterator[str]:
    """The statements of a trust policy that go and come, as JSON."""
    texts = [[statement.text for statement in policy.statements] for policy in change.policies]
    for sign, own, other in (("-", *texts), ("+", *reversed(texts))):
        yield from (f"  {sign} {terminal_text(text)}  [{TRUST_POLICY}]" for text in own if text not in other)


def _call_text(call: IamCall) -> str:
    size = f" ({policy_size(call.document):,} characters)" if call.document else ""
    return f"{call.operation} {terminal_text(call.policy)}{size}"


def render_undo(calls: Sequence[tuple[str, Sequence[IamCall]]], plans: Iterable[PrincipalPlan]) -> str:
    """The calls that an undo would make, by ARN of the principal, and what they don't restore. The undo itself skips
    calls already in effect."""
    trusts = {plan.principal: plan.trust for plan in plans if plan.trust}
    undone = (
        (
            terminal_text(principal),
            *(f"  {_call_text(call)}" for call in some),
            *(_unlike_lines(trusts[principal]) if principal in trusts else ()),
            "",
        )
        for principal, some in calls
    )
    return "\n".join(chain.from_iterable(undone))


def _unlike_lines(change: TrustChange) -> Iterator[str]:
    """How the trust policy will differ from the old one."""
    differences = differences_after_undo(change.before, change.restored)
    yield from (f"  not the old policy: {terminal_text(text)}" for text in differences)


def render_unrecorded(found: Mapping[str, Sequence[str]]) -> str:
    """The policies of a plan that principals hold although the journal doesn't mention them, by ARN."""
    return "".join(
        f"{terminal_text(principal)}: not restored: it has {terminal_text(', '.join(policies))}, but the journal"
        " next to the plan doesn't mention it. Restore the journal, or restore the policies by hand from the plan.\n"
        for principal, policies in found.items()
    )


def render_locks(locks: Iterable[tuple[str, str]]) -> str:
    """The locks of principals by ARN, with a description each."""
    return "".join(f"{terminal_text(principal)}: {terminal_text(text)}\n" for principal, text in locks)


# ---------------------------------------------------------------- a diff of statements


def _diff_lines(before: Iterable[PolicyText], after: Iterable[PolicyText]) -> Iterator[str]:
    """The statements: removed ones with a minus, added ones with a plus, and kept ones without a sign."""
    old, new = list(_statements(before)), list(_statements(after))
    kept = {text_without_sid(statement.text) for _, statement in old} & {
        text_without_sid(statement.text) for _, statement in new
    }
    for sign, statements in (("-", old), ("+", new)):
        for policy, statement in statements:
            stays = text_without_sid(statement.text) in kept
            if not (stays and sign == "+"):
                yield from _statement_lines(" " if stays else sign, statement, terminal_text(policy.rpartition("/")[2]))


def _statements(texts: Iterable[PolicyText]) -> Iterator[tuple[str, Statement]]:
    for text in texts:
        for statement in policy_from_json(text.text, place=text.policy).statements:
            yield text.policy, statement


_WIDTH: Final = 110


def _statement_lines(sign: str, statement: Statement, policy: str) -> Iterator[str]:
    """A statement on one line if it fits, otherwise with its actions below, wrapped, by service."""
    effect = "Deny " if statement.effect is Effect.DENY else "Allow"
    but = "all except " if statement.not_action else ""
    where = f"on {'all except ' if statement.not_resource else ''}{', '.join(statement.resources)}"
    condition = json.loads(statement.text).get("Condition")
    where = terminal_text(f"{where} if {json.dumps(condition)}" if condition else where)
    line = f"  {sign} {effect} {but}{terminal_text(', '.join(statement.patterns))} {where}  [{policy}]"
    if len(line) <= _WIDTH or len(statement.patterns) == 1:
        yield line
        return
    yield f"  {sign} {effect} {but}{len(statement.patterns)} actions {where}  [{policy}]"
    for actions in _by_service(statement.patterns):
        yield from textwrap.wrap(
            actions, _WIDTH, initial_indent=f"  {sign}     ", subsequent_indent=f"  {sign}       ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _by_service(patterns: Iterable[str]) -> Iterator[str]:
    """The names of each service's actions, such as `s3: GetObject, PutObject`."""
    services: dict[str, list[str]] = defaultdict(list)
    for pattern in patterns:
        service, _, name = pattern.partition(":")
        services[service].append(name or "*")
    yield from (terminal_text(f"{service}: {', '.join(names)}") for service, names in services.items())


# ---------------------------------------------------------------- outcomes


_ENDINGS = {
    OutcomeKind.APPLIED: "applied",
    OutcomeKind.REFUSED: "refused",
    OutcomeKind.TAKEN_BACK: "failed, and was restored",
    OutcomeKind.STUCK: "NOT RESTORED: run `lpgen rollout undo` on this plan",
    OutcomeKind.NOT_REACHED: "not reached",
    OutcomeKind.UNDONE: "undone: its policies are restored, byte for byte",
    OutcomeKind.UNDONE_IN_PART: "undone except for the following: fix it by hand, then run `lpgen rollout undo` again",
    OutcomeKind.LEFT: "NOT RESTORED: fix the following by hand, then run `lpgen rollout undo` again",
    OutcomeKind.UNDONE_BUT: "undone, but somebody else has changed it since",
    OutcomeKind.UNDONE_NEAREST: "undone, but its trust policy isn't the old one, which IAM refuses",
    OutcomeKind.GONE: "skipped: it was deleted",
}


def render_outcomes(outcomes: Iterable[RolloutOutcome]) -> str:
    """How the rollout or undo of each principal ended, in lines."""
    return "".join(
        f"{terminal_text(outcome.principal)}: {_ENDINGS[outcome.kind]}\n"
        + "".join(f"  {terminal_text(why)}\n" for why in outcome.why)
        for outcome in outcomes
    )


# ---------------------------------------------------------------- denials since a rollout


def render_watch(watched: Sequence[Watched], format: str) -> str:  # noqa: A002
    """The denials since a rollout, as `text` or `json`."""
    return watch_json(watched) if format == "json" else "\n".join(_lines(watched))


def _lines(watched: Sequence[Watched]) -> Iterator[str]:
    for rollout in watched:
        until = (
            f"logs until {rollout.logs_until}" if rollout.logs_until else "but the logs end earlier: ingest newer ones"
        )
        yield f"{terminal_text(rollout.principal)}  applied {rollout.applied_at.replace('+00:00', 'Z')}, {until}"
        if rollout.logs_until and not (rollout.denials or rollout.unmapped or rollout.assumptions):
            yield "  no denial"
        for denial in rollout.denials:
            yield from _denial_lines(denial, rollout.snapshot)
        if any(denial.lost and not denial.restored for denial in rollout.denials):
            yield f"  {_HOLD}"
        for call, records in rollout.unmapped:
            counted = plural(records, "record")
            yield f"  denied, but the needed action is unknown: {terminal_text(call)} ({counted})"
        for denied in rollout.assumptions:
            yield from _assumption_lines(denied, rollout.snapshot)
        if any(denied.lost and not denied.restored for denied in rollout.assumptions):
            yield f"  {_HOLD_TRUST}"
        yield from _unseen_lines(rollout)
        yield ""


_HOLD: Final = (
    "next: put needed statements back into the policies, and keep them with --decisions FILE. Otherwise, the next"
    " replacement removes them again"
)


_HOLD_TRUST: Final = (
    "next: put needed callers back into the trust policy, and keep them with --decisions FILE. Otherwise, the next"
    " narrowed trust policy leaves them out again"
)


def _assumption_lines(denied: DeniedAssumption, snapshot: str) -> Iterator[str]:
    caller, use = denied.caller, denied.caller.assumption
    records = f"{'up to ' if denied.straddles else ''}{plural(caller.records, 'record')}"
    before = ", also denied before the rollout" if denied.before_too else ""
    seen = f"{records}, first {caller.first_day}, such as event {use.example_event_id}{before}"
    who = f"{caller.name} with the subject {use.subject}" if use.subject else caller.name
    role = "" if denied.names_role else " for a role that isn't in the record"
    yield f"  denied: {use.method} by {terminal_text(who)}{role} ({terminal_text(seen)})"
    yield f"    {denied.why}"
    if denied.restored:
        yield f"    allowed again by the trust policy of snapshot {terminal_text(snapshot)}"


def _denial_lines(denial: Denial, snapshot: str) -> Iterator[str]:
    upto = "up to " if denial.straddles else ""
    before = ", also denied before the rollout" if denial.before_too else ""
    where = denial.resource or "a resource that isn't in the record"
    records, example = plural(denial.records, "record"), denial.example_event_id
    seen = f"{upto}{records}, last {denial.last_seen}, such as event {example}{before}"
    yield f"  denied: {terminal_text(denial.action)} on {terminal_text(where)} ({terminal_text(seen)})"
    if denial.why:
        yield f"    {terminal_text(denial.why)}"
    for lost in denial.lost:
        sid = f" ({terminal_text(lost.sid)})" if lost.sid else ""
        yield f"    removed: {terminal_text(lost.policy)}, statement {lost.statement}{sid}"
        if not denial.restored:
            yield f"    restore: {terminal_text(lost.restore)}"
    if denial.restored:
        yield f"    allowed again by the policies of snapshot {terminal_text(snapshot)}"


def _unseen_lines(watched: Watched) -> Iterator[str]:
    if watched.unseen:
        yield "  not visible: removed actions whose denial leaves no record in these logs"
    for some in watched.unseen:
        more = "" if some.count == len(some.examples) else f" and {some.count - len(some.examples)} more"
        yield f"    {terminal_text(', '.join(some.examples))}{more}: {terminal_text(some.why)}"
