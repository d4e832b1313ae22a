"""An explanation as a page: the answer, the walls with their holes, what isn't known, and the use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.explanations import (
    ConditionState,
    ExplainedStatement,
    ExplainedWall,
    Explanation,
    Fit,
    Question,
    WallState,
)
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.authorize import RESOURCE_POLICY
from lpgen.core.iam.decision import RESOURCE, Answer, Result
from lpgen.core.model import Effect, ResourceKind
from lpgen.report.blocks import (
    Block,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    bad,
    bullets,
    capped,
    good,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
)
from lpgen.report.pages.explain_use import contrary_note, use_blocks
from lpgen.report.words import label_of


def explain_page(found: Explanation) -> tuple[Block, ...]:
    """The page of one explanation."""
    return (
        *question_blocks(label_of(found.question.principal.arn), found.question),
        Paragraph(line({Result.ALLOWED: good, Result.DEPENDS: strong}.get(found.result, bad)(found.sentence))),
        *contrary_note(found),
        *remark_notes(found.question),
        *_steps(found),
        *_walls(found),
        *use_blocks(found),
        *_not_known(found),
    )


def question_blocks(who: str, question: Question) -> Iterator[Block]:
    """The title and the picture: from the principal to the action, and from the action to the resource.

    An unknown action makes any answer doubtful: it is misspelled more often than new.
    """
    unnamed = {ResourceKind.UNKNOWN: "any resource", ResourceKind.NONE: "no resource, since the action takes none"}
    what = unnamed.get(question.resource.kind) or name(question.resource.text)
    yield Heading(line("lpgen explain"), level=1)
    yield Paragraph(line(name(who), " → ", name(question.action), " → ", what))
    if not question.known:
        near = line(" The closest names it has: ", names(question.similar, most=3), ".") if question.similar else ()
        says = (name(question.action), ", so this shows what patterns say of that name; if AWS has it, run ")
        yield Paragraph(
            line(bad("Unknown action: "), "the catalog has no ", *says, name("lpgen catalog update"), ".", near)
        )


def remark_notes(question: Question) -> Iterator[Block]:
    """How the question was understood."""
    for remark in question.remarks:
        yield Paragraph(line(strong("Note: "), remark, "."))


def _steps(found: Explanation) -> Iterator[Block]:
    """What to give for a surer answer."""
    if found.result is Result.DEPENDS:
        missing = {arn: f"authorization details with {arn}" for wall in found.walls for arn in wall.missing}
        options = {RESOURCE: "an exact RESOURCE", RESOURCE_POLICY: "--resource-policies DIR", **missing}
        wanted = (options.get(key, f"--context {key}=VALUE") for key in found.depends_on)
        yield Paragraph(line(f"To decide it, give {', '.join(wanted)}."))


# ---------------------------------------------------------------- walls


def _walls(found: Explanation) -> Iterator[Block]:
    if not found.walls:
        return
    yield Heading(line("The walls it meets"), level=2)
    yield Paragraph(
        line(quiet("Each set of policies is a wall, and each Allow that fits the request is a hole in it."))
    )
    for wall in found.walls:
        yield from _wall(wall, found)


def _wall(wall: ExplainedWall, found: Explanation) -> Iterator[Block]:
    title = f"{wall.name[0].upper()}{wall.name[1:]}"
    of = line(" ", name(wall.of)) if wall.of and wall.of != found.question.resource.text else ()
    yield Heading(line(title, of, ": ", _state(wall, found)), level=3)
    if wall.missing:
        yield Paragraph(line(bad("missing: "), names(wall.missing, most=4), ", which the snapshot has no document of"))
    counting = [one for one in wall.statements if one.counts]
    others = [one for one in wall.statements if not one.counts]
    if counting:
        yield capped([_statement(one) for one in counting])
    if others:
        yield Paragraph(line(quiet("These cover the action too, but don't count here:")))
        yield capped([_other(one) for one in others])
    if not wall.statements and not wall.missing:
        policies = plural(wall.policies, "policy is", "policies are")
        yield Paragraph(line(quiet(f"{policies} here; no statement covers the action.")))


def _state(wall: ExplainedWall, found: Explanation) -> Span:
    if wall.state is WallState.SHUT:
        if wall.name in found.stops:
            return bad("stops it, since nothing in it allows it")
        return Span("neither allows nor denies it")
    return _STATES[wall.state]


_STATES: Final[dict[WallState, Span]] = {
    WallState.OPEN: good("lets it through"),
    WallState.DENIES: bad("denies it"),
    WallState.DEPENDS: strong("depends"),
    WallState.UNKNOWN: bad("not known for certain"),
}


def _statement(one: ExplainedStatement) -> Item:
    effect = good(one.effect) if one.effect is Effect.ALLOW else bad(one.effect)
    may = strong(" may apply") if one.fit is Fit.MAY_APPLY else Span("")
    return Item(line(effect, may, "  ", name(str(one.ref))), tuple(_holes(one)))


def _holes(one: ExplainedStatement) -> Iterator[Line]:
    yield line("principal → action: ", _actions(one))
    yield line("action → resource: ", _resources(one))
    if one.named:
        yield line("names the principal ", one.named)
    for state in one.conditions:
        yield _condition(state)


def _actions(one: ExplainedStatement) -> Line:
    kind = "NotAction" if one.not_action else "a wildcard" if any(map(has_wildcard, one.actions)) else ""
    today = quiet(f" ({kind}, covers {plural(one.actions_today, 'action')} today)") if kind else ""
    return line("all but " if one.not_action else "", names(one.actions, most=4), today)


def _resources(one: ExplainedStatement) -> Line:
    if not one.resources:
        return line("the resource that the policy hangs on")
    kind = "a wildcard" if any(map(has_wildcard, one.resources)) else ""
    kind = "NotResource" if one.not_resource else "every resource" if one.resources == ("*",) else kind
    patterns = names(one.resources, most=4)
    return line("all but " if one.not_resource else "", patterns, quiet(f" ({kind})") if kind else "")


def _condition(state: ConditionState) -> Line:
    condition, values = state.condition, names(state.condition.values, most=4)
    return line("only if ", name(f"{condition.operator} {condition.key}"), " ", values, ": ", _MET[state.met])


_MET: Final = {Answer.YES: good("met"), Answer.NO: bad("not met"), Answer.MAYBE: strong("not known")}


_WHY_NOT: Final[dict[Fit, str]] = {
    Fit.OTHER_RESOURCE: "covers another resource",
    Fit.OTHER_PRINCIPAL: "names another principal",
    Fit.CONDITION: "has a condition that is not met",
}


def _other(one: ExplainedStatement) -> Item:
    unmet = (_condition(state) for state in one.conditions if state.met is not Answer.YES)
    notes = {Fit.OTHER_RESOURCE: (line(_resources(one)),), Fit.CONDITION: tuple(unmet)}
    return Item(line(one.effect, "  ", name(str(one.ref)), ": ", _WHY_NOT[one.fit]), notes.get(one.fit, ()))


# ---------------------------------------------------------------- what isn't known


def _not_known(found: Explanation) -> Iterator[Block]:
    if found.unread:
        yield Heading(line("Not known, and could change the answer"), level=2)
        yield bullets(*found.unread)
