"""An explanation as a page: the answer, the walls with their holes, what isn't known, and the use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.evidence import StatementRef
from lpgen.core.explanations import (
    ConditionState,
    ExplainedStatement,
    ExplainedWall,
    Explanation,
    Fit,
    Question,
    WallState,
)
from lpgen.core.iam.authorize import RESOURCE_POLICY
from lpgen.core.iam.decision import RESOURCE, Answer, Result
from lpgen.core.iam.match import has_wildcard
from lpgen.core.model import Effect, ResourceKind
from lpgen.report.blocks import (
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
    name,
    names,
    quiet,
    strong,
)
from lpgen.report.pages.explain_use import contrary_note, use_blocks
from lpgen.report.words import label_of


def explain_page(found: Explanation) -> tuple[Block, ...]:
    """The page of one explanation."""
    return (
        Heading(line("lpgen explain"), level=1),
        Paragraph(_asked(found.question)),
        *_unknown(found.question),
        Paragraph(line(_TONES[found.result](found.sentence))),
        *contrary_note(found),
        *_hints(found),
        *_walls(found),
        *use_blocks(found),
        *_not_known(found),
    )


_TONES: Final = {
    Result.ALLOWED: good,
    Result.IMPLICITLY_DENIED: bad,
    Result.EXPLICITLY_DENIED: bad,
    Result.DEPENDS: strong,
}


def _asked(question: Question) -> Line:
    """The picture: from the principal to the action, and from the action to the resource."""
    what: Span = name(question.resource.text)
    if question.resource.kind is ResourceKind.UNKNOWN:
        what = Span("any resource")
    elif question.resource.kind is ResourceKind.NONE:
        what = Span("no resource, since the action takes none")
    return line(name(label_of(question.principal.arn)), " → ", name(question.action), " → ", what)


def _unknown(question: Question) -> Iterator[Block]:
    """That the action isn't known, which makes any answer doubtful: it is misspelled more often than new."""
    if not question.known:
        near = line(" The closest names it has: ", names(question.similar, most=3), ".") if question.similar else ()
        yield Paragraph(
            line(
                bad("Unknown action: "),
                "the catalog has no ",
                name(question.action),
                ", so this shows what patterns say of that name; if AWS has it, run ",
                name("lpgen catalog update"),
                ".",
                near,
            )
        )


def _hints(found: Explanation) -> Iterator[Block]:
    """How the question was understood, and what to give for a surer answer."""
    for remark in found.question.remarks:
        yield Paragraph(line(strong("Note: "), remark, "."))
    steps = list(_steps(found))
    if steps:
        yield Paragraph(line("To decide it, give ", *_joined(steps), "."))


def _steps(found: Explanation) -> Iterator[Line]:
    if found.result is not Result.DEPENDS:
        return
    missing = {one for wall in found.walls for one in wall.missing}
    for key in found.depends_on:
        if key == RESOURCE:
            yield line("an exact ", name("RESOURCE"))
        elif key == RESOURCE_POLICY:
            yield line(name("--resource-policies DIR"))
        elif key in missing:
            yield line("authorization details with ", name(key))
        else:
            yield line(name(f"--context {key}=VALUE"))


def _joined(parts: list[Line]) -> Iterator[Span]:
    for at, part in enumerate(parts):
        if at:
            yield Span(" and " if at == len(parts) - 1 else ", ")
        yield from part


# ---------------------------------------------------------------- walls


def _walls(found: Explanation) -> Iterator[Block]:
    if not found.walls:
        return
    yield Heading(line("The walls it meets"), level=2)
    yield Paragraph(
        line(
            quiet(
                "Each set of policies is a wall; an Allow is a hole in it, from the principal to the action and from "
                "the action to the resource."
            )
        )
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
        yield Paragraph(line(quiet(_nothing(wall.policies))))


def _nothing(policies: int) -> str:
    if policies == 0:
        return "There is no policy here."
    if policies == 1:
        return "The one policy here has no statement that covers the action."
    return f"None of the {count(policies)} policies here has a statement that covers the action."


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
    return Item(line(effect, may, "  ", _place(one.ref)), tuple(_holes(one)))


def _holes(one: ExplainedStatement) -> Iterator[Line]:
    yield line("principal → action: ", *_actions(one))
    yield line("action → resource: ", *_resources(one))
    if one.named:
        yield line("names the principal ", one.named)
    for state in one.conditions:
        yield _condition(state)


def _actions(one: ExplainedStatement) -> Iterator[Span]:
    if one.not_action:
        yield Span("all but ")
        yield from names(one.actions, most=4)
        yield quiet(f" (NotAction, stands for {count(one.actions_today)} actions today)")
        return
    yield from names(one.actions, most=4)
    if any(map(has_wildcard, one.actions)):
        yield quiet(f" (a wildcard, stands for {count(one.actions_today)} actions today)")


def _resources(one: ExplainedStatement) -> Iterator[Span]:
    if not one.resources:
        yield Span("the resource that the policy hangs on")
        return
    if one.not_resource:
        yield Span("all but ")
    yield from names(one.resources, most=4)
    if one.not_resource:
        yield quiet(" (NotResource)")
    elif list(one.resources) == ["*"]:
        yield quiet(" (every resource)")
    elif any(map(has_wildcard, one.resources)):
        yield quiet(" (a wildcard)")


def _condition(state: ConditionState) -> Line:
    condition = state.condition
    met = {
        Answer.YES: good("met"),
        Answer.NO: bad("not met"),
        Answer.MAYBE: strong("not known"),
    }[state.met]
    return line(
        "only if ", name(f"{condition.operator} {condition.key}"), " ", names(condition.values, most=4), ": ", met
    )


_WHY_NOT: Final[dict[Fit, str]] = {
    Fit.OTHER_RESOURCE: "covers another resource",
    Fit.OTHER_PRINCIPAL: "names another principal",
    Fit.CONDITION: "has a condition that is not met",
}


def _other(one: ExplainedStatement) -> Item:
    what = line(one.effect, "  ", _place(one.ref), ": ", _WHY_NOT[one.fit])
    match one.fit:
        case Fit.OTHER_RESOURCE:
            return Item(what, (line(*_resources(one)),))
        case Fit.CONDITION:
            return Item(what, tuple(_condition(state) for state in one.conditions if state.met is not Answer.YES))
    return Item(what)


def _place(ref: StatementRef) -> Line:
    group = line(" of group ", name(ref.group)) if ref.group else ()
    sid = line(" ", name(ref.sid)) if ref.sid else ()
    return line(name(ref.policy), group, f", statement {ref.index + 1}", sid)


# ---------------------------------------------------------------- what isn't known


def _not_known(found: Explanation) -> Iterator[Bullets | Heading]:
    if not found.unread:
        return
    yield Heading(line("Not known, and could change the answer"), level=2)
    yield bullets(*found.unread)
