"""Explanations as pages: whether a principal can do something, and who can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from lpgen.core.analysis.explain.answers import deciding_facts, holes_of
from lpgen.core.explanations import (
    ConditionState,
    ExplainedStatement,
    ExplainedWall,
    Explanation,
    Fit,
    Question,
    SeenUse,
    SeenUses,
    Used,
    UseOn,
    WallState,
    WhoCan,
)
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.authorize import RESOURCE_POLICY
from lpgen.core.iam.decision import RESOURCE, Answer, Result
from lpgen.core.model import OBSERVED, DenialKind, Effect, Outcome, ResourceKind
from lpgen.report.blocks import (
    REVIEW_ROWS,
    Block,
    Bullets,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    bad,
    bullets,
    capped,
    count,
    good,
    line,
    more_note,
    name,
    names,
    plural,
    quiet,
    seen_note,
    strong,
)
from lpgen.report.words import WALL_WORDS, label_of, short_label_of


def explain_page(found: Explanation) -> tuple[Block, ...]:
    """The page of one explanation."""
    return (
        *_question_blocks(label_of(found.question.principal.arn), found.question),
        Paragraph(line({Result.ALLOWED: good, Result.DEPENDS: strong}.get(found.result, bad)(found.sentence))),
        *_contrary_note(found),
        *_remark_notes(found.question),
        *_steps(found),
        *_walls(found),
        *_use_blocks(found),
        *_not_known(found),
    )


def _question_blocks(who: str, question: Question) -> Iterator[Block]:
    """The title and the path from the principal to the action and to the resource.

    An unknown action makes any answer doubtful: it is misspelled more often than it is new.
    """
    unnamed = {ResourceKind.UNKNOWN: "any resource", ResourceKind.NONE: "no resource, because the action takes none"}
    what = unnamed.get(question.resource.kind) or name(question.resource.text)
    yield Heading(line("lpgen explain"), level=1)
    yield Paragraph(line(name(who), " → ", name(question.action), " → ", what))
    if not question.known:
        near = line(" Closest known names: ", names(question.similar, most=3), ".") if question.similar else ()
        says = (name(question.action), ". The answer shows how patterns treat this name. If AWS has the action, run ")
        yield Paragraph(
            line(bad("Unknown action: "), "the catalog has no ", *says, name("lpgen catalog update"), ".", near)
        )


def _remark_notes(question: Question) -> Iterator[Block]:
    """How the question was understood."""
    for remark in question.remarks:
        yield Paragraph(line(strong("Note: "), remark, "."))


def _steps(found: Explanation) -> Iterator[Block]:
    """The inputs that would decide the answer."""
    if found.result is Result.DEPENDS:
        missing = {arn: f"authorization details with {arn}" for wall in found.walls for arn in wall.missing}
        options = {RESOURCE: "an exact RESOURCE", RESOURCE_POLICY: "--resource-policies DIR", **missing}
        wanted = (options.get(key, f"--context {key}=VALUE") for key in found.depends_on)
        yield Paragraph(line(f"For a definite answer, give {', '.join(wanted)}."))


# ---------------------------------------------------------------- walls


def _walls(found: Explanation) -> Iterator[Block]:
    if not found.walls:
        return
    yield Heading(line("Policies that apply to the request"), level=2)
    yield Paragraph(line(quiet("For each set of policies: its answer, and its statements that match the request.")))
    for wall in found.walls:
        yield from _wall(wall, found)


def _wall(wall: ExplainedWall, found: Explanation) -> Iterator[Block]:
    title = f"{wall.name[0].upper()}{wall.name[1:]}"
    of = line(" ", name(wall.of)) if wall.of and wall.of != found.question.resource.text else ()
    yield Heading(line(title, of, ": ", _state(wall, found)), level=3)
    if wall.missing:
        yield Paragraph(line(bad("missing: "), names(wall.missing, most=4), " (no document in the policy files)"))
    counting = [statement for statement in wall.statements if statement.counts]
    others = [statement for statement in wall.statements if not statement.counts]
    if counting:
        yield capped([_statement(statement) for statement in counting])
    if others:
        yield Paragraph(line(quiet("These also cover the action, but don't apply here:")))
        yield capped([_other(statement) for statement in others])
    if not wall.statements and not wall.missing:
        policies = plural(wall.policies, "policy", "policies") if wall.policies else "any policy"
        yield Paragraph(line(quiet(f"No statement in {policies} covers the action.")))


def _state(wall: ExplainedWall, found: Explanation) -> Span:
    if wall.state is WallState.SHUT:
        if wall.name in found.stops:
            return bad("no Allow matches, so the request is denied")
        return Span("no Allow or Deny matches")
    return _STATES[wall.state]


_STATES: Final[dict[WallState, Span]] = {
    WallState.OPEN: good("allowed"),
    WallState.DENIES: bad("denied"),
    WallState.DEPENDS: strong("depends"),
    WallState.UNKNOWN: bad("unknown"),
}


def _statement(statement: ExplainedStatement) -> Item:
    effect = good(statement.effect) if statement.effect is Effect.ALLOW else bad(statement.effect)
    may = strong(" may apply") if statement.fit is Fit.MAY_APPLY else Span("")
    return Item(line(effect, may, "  ", name(str(statement.ref))), tuple(_holes(statement)))


def _holes(statement: ExplainedStatement) -> Iterator[Line]:
    yield line("principal → action: ", _actions(statement))
    yield line("action → resource: ", _resources(statement))
    if statement.named:
        yield line("names the principal ", statement.named)
    for state in statement.conditions:
        yield _condition(state)


def _actions(statement: ExplainedStatement) -> Line:
    kind = "NotAction" if statement.not_action else "a wildcard" if any(map(has_wildcard, statement.actions)) else ""
    today = quiet(f" ({kind}, covers {plural(statement.actions_today, 'action')} today)") if kind else ""
    return line("all except " if statement.not_action else "", names(statement.actions, most=4), today)


def _resources(statement: ExplainedStatement) -> Line:
    if not statement.resources:
        return line("the resource that the policy is attached to")
    kind = "a wildcard" if any(map(has_wildcard, statement.resources)) else ""
    kind = "NotResource" if statement.not_resource else "every resource" if statement.resources == ("*",) else kind
    patterns = names(statement.resources, most=4)
    return line("all except " if statement.not_resource else "", patterns, quiet(f" ({kind})") if kind else "")


def _condition(state: ConditionState) -> Line:
    condition, values = state.condition, names(state.condition.values, most=4)
    return line("only if ", name(f"{condition.operator} {condition.key}"), " ", values, ": ", _MET[state.met])


_MET: Final = {Answer.YES: good("met"), Answer.NO: bad("not met"), Answer.MAYBE: strong("not known")}


_WHY_NOT: Final[dict[Fit, str]] = {
    Fit.OTHER_RESOURCE: "covers another resource",
    Fit.OTHER_PRINCIPAL: "names another principal",
    Fit.CONDITION: "has a condition that isn't met",
}


def _other(statement: ExplainedStatement) -> Item:
    unmet = (_condition(state) for state in statement.conditions if state.met is not Answer.YES)
    notes = {Fit.OTHER_RESOURCE: (line(_resources(statement)),), Fit.CONDITION: tuple(unmet)}
    return Item(
        line(statement.effect, "  ", name(str(statement.ref)), ": ", _WHY_NOT[statement.fit]),
        notes.get(statement.fit, ()),
    )


# ---------------------------------------------------------------- what isn't known


def _not_known(found: Explanation) -> Iterator[Block]:
    if found.unread:
        yield Heading(line("Unknown facts that could change the answer"), level=2)
        yield bullets(*found.unread)


# ---------------------------------------------------------------- use


def _use_blocks(found: Explanation) -> Iterator[Block]:
    """Whether and when the action was used, on the resource asked about and on others."""
    yield Heading(line("Use"), level=2)
    if found.seen is None:
        how = (name("lpgen ingest"), ", then give the data folder with ", name("--data DIR"))
        yield Paragraph(line("Use is unknown. Read the logs with ", *how, "."))
        return
    any_resource = found.question.resource.kind in (ResourceKind.UNKNOWN, ResourceKind.NONE)
    yield Paragraph(line(*_use_summary(found.seen, any_resource=any_resource)))
    for on, title in _TITLES.items():
        group = [use for use in found.seen.uses if use.on is on]
        if group:
            if not any_resource:
                yield Heading(line(title), level=3)
            yield capped([_use_item(use) for use in group])
    if found.seen.earlier:
        of = f"of a deleted principal with the same name {'does' if found.seen.earlier == 1 else 'do'}n't count"
        yield Paragraph(
            line(quiet(f"{plural(found.seen.earlier, 'record')} {of}, because that principal had another ID."))
        )


_TITLES: Final = {
    UseOn.ASKED: "On this resource",
    UseOn.PERHAPS: "Possibly on this resource: the records show a pattern or no resource",
    UseOn.OTHER: "On other resources",
}


def _use_summary(seen: SeenUses, *, any_resource: bool) -> Iterator[Span]:
    if seen.coverage is None:
        yield Span("No log of the principal's account was read, so use is unknown.")
        return
    covered = seen.coverage
    window = f"{covered.first_day} to {covered.last_day} ({plural(covered.covered_days, 'covered day')})"
    used = seen.allowed(*UseOn)
    if used:
        yield from _used(seen, any_resource=any_resource)
        yield Span(f" The logs cover {window}.")
    else:
        denied = [use for use in seen.uses if use.use.outcome is Outcome.DENIED]
        attempts = f", but denied attempts: {_records(denied)}" if denied else ""
        yield strong("No recorded use")
        yield Span(f" in the logs from {window}{attempts}.")
    if seen.blind_spot:
        why = seen.blind_spot
        yield Span(f" The logs don't show all its use: {why}." if used else f" The logs can't show its use: {why}.")
    elif not used:
        yield Span(" Use would have left a record.")


def _used(seen: SeenUses, *, any_resource: bool) -> Iterator[Span]:
    here, perhaps, others = (seen.allowed(place) for place in UseOn)
    if any_resource or not (perhaps or others):
        yield strong(f"Used: {_records(here)}, last on {_last(here)}.")
        return
    unused = "No recorded use on this resource."
    yield strong(f"Used on this resource: {_records(here)}, last on {_last(here)}." if here else unused)
    if perhaps:
        yield Span(f" Possibly on this resource: {_records(perhaps)}.")
    if others:
        yield Span(f" On other resources: {_records(others)}, last on {_last(others)}.")


def _contrary_note(found: Explanation) -> Iterator[Block]:
    """A note if the logs have an outcome that contradicts the result."""
    if not found.contrary:
        return
    walls = sorted({WALL_WORDS[seen.use.denial_kind] for seen in found.contrary} - {WALL_WORDS[DenialKind.NONE]})
    by = f" by {' or '.join(walls)}" if walls else ""
    does = "denies" if found.result is Result.ALLOWED else "allows"
    yield Paragraph(
        line(
            bad("The logs show otherwise: "),
            f"{found.contrary[0].use.outcome} in {_records(found.contrary)}{by}, last on {_last(found.contrary)}. "
            f"Either the policies have changed since, or something that lpgen doesn't know {does} the request.",
        )
    )


def _records(uses: Sequence[SeenUse]) -> str:
    """The number of records of some uses. It is an upper bound: a call counts for each of its resources."""
    records = plural(sum(use.use.evidence.records for use in uses), "record")
    return f"up to {records}" if len({use.use.resource for use in uses}) > 1 else records


def _last(uses: Iterable[SeenUse]) -> str:
    return max(use.use.evidence.last_seen for use in uses)[:10]


def _use_item(use: SeenUse) -> Item:
    outcome, resource = use.use.outcome, use.use.resource
    tone = {Outcome.ALLOWED: good, Outcome.DENIED: bad}.get(outcome, strong)
    return Item(line(tone(outcome), "  ", _UNNAMED.get(resource.kind) or name(resource.text)), tuple(_use_notes(use)))


_UNNAMED: Final = {
    ResourceKind.NONE: "no resource",
    ResourceKind.UNKNOWN: "the record doesn't show the resource",
    ResourceKind.OVERFLOW: "further resources, too many to list",
}


def _use_notes(seen: SeenUse) -> Iterator[Line]:
    use = seen.use
    yield seen_note(use.evidence)
    if use.denial_kind is not DenialKind.NONE:
        yield line("denied by: ", WALL_WORDS[use.denial_kind])
    if use.how != OBSERVED:
        yield line("inferred by the rule ", name(use.how), f": {seen.why}" if seen.why else "")


# ---------------------------------------------------------------- who can


def who_can_page(found: WhoCan, most: int = REVIEW_ROWS) -> Iterator[Block]:
    """The page, with at most `most` principals that can, and half as many for which it depends."""
    question = found.answers[0].question
    allowed, depends = found.having(Result.ALLOWED), found.having(Result.DEPENDS)
    denied = found.having(Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)
    has_accounts = len({answer.question.principal.account for answer in found.answers}) > 1

    def label(answer: Explanation) -> Span:
        principal = answer.question.principal
        return name(label_of(principal.arn) if has_accounts else short_label_of(principal))

    yield from _question_blocks(found.asked, question)
    can = strong(f"{count(len(allowed))} of {plural(len(found.answers), 'principal')} can make the request")
    might = f", {count(len(depends))} might" if depends else ""
    yield Paragraph(line(can, f"{might}, and {count(len(denied))} can't."))
    for answers, outcome in (allowed, "denied"), (denied, "allowed"):
        if against := [label(answer).text for answer in answers if answer.contrary]:
            says = f"records show that it was {outcome} for "
            yield Paragraph(line(bad("The logs show otherwise: "), says, names(against, most=3), "."))
    yield from _remark_notes(question)
    for title, answers, room in ("Allowed", allowed, most), ("Depends", depends, (most + 1) // 2):
        if answers:
            yield Heading(line(f"{title} ({count(len(answers))})"), level=2)
            yield Bullets(
                tuple(_answer_item(label(answer), answer, found.outsiders(answer)) for answer in answers[:room])
            )
            yield from more_note(answers[room:], len(answers) - room, "principal")
    yield Heading(line("Unknown facts that could change an answer"), level=2)
    yield Paragraph(line(" ".join(f"{clause[0].upper()}{clause[1:]}." for clause in found.unread)))


def _answer_item(label: Span, answer: Explanation, outsiders: Iterable[str]) -> Item:
    """A principal with its use, what allows or decides it, and the outsiders that can assume it."""
    through = answer.rule or holes_of(answer).replace(f"{answer.question.principal.arn.rpartition(':')[0]}:", "")
    facts = (*_last_use(answer), *([line(through)] if through else ()), *_depends(answer))
    said = chain.from_iterable(line("; " if at else "  ", fact) for at, fact in enumerate(facts))
    return Item(line(label, *said), tuple(line(bad(outsider)) for outsider in outsiders))


def _depends(answer: Explanation) -> Iterator[Line]:
    """What the answer depends on. If only on the resource, also the patterns that it has to match."""
    if answer.result is Result.DEPENDS:
        patterns = dict.fromkeys(chain.from_iterable(hole.resources for hole in answer.holes if not hole.not_resource))
        resources = line(": ", names(patterns, most=2)) if patterns and answer.depends_on == (RESOURCE,) else ()
        yield line("depends on ", deciding_facts(answer), resources)


def _last_use(answer: Explanation) -> Iterator[Line]:
    """When the action was last used."""
    seen = answer.seen
    if seen is None:
        return
    days = seen.coverage.covered_days if seen.coverage else 0
    on_it = " on this resource" if answer.question.resource.kind in (ResourceKind.ARN, ResourceKind.FOLD) else ""
    yield {
        Used.NEVER: line(strong(f"never used{on_it}"), f" in {plural(days, 'day')}"),
        Used.UNKNOWN: line(quiet("its use isn't visible in the logs" if days else "no logs of its account")),
        Used.PERHAPS: line(f"possibly used {seen.last[:10]}"),
        Used.USED: line(f"used {seen.last[:10]}"),
    }[seen.used]
