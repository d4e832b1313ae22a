"""An explanation as a page: the answer, the walls with their holes, what isn't known, and the use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
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
from lpgen.report.pages.blocks import (
    Block,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    bad,
    bullets,
    count,
    good,
    line,
    name,
    names,
    quiet,
    strong,
)
from lpgen.report.pages.explain_use import contrary_note, use_blocks
from lpgen.report.pages.parts import capped
from lpgen.report.pages.words import label_of


def explain_page(found: Explanation) -> tuple[Block, ...]:
    """The page of one explanation."""
    return (
        *question_blocks(label_of(found.question.principal.arn), found.question),
        Paragraph(line(_TONES[found.result](found.sentence))),
        *contrary_note(found),
        *remark_notes(found.question),
        *_steps(found),
        *_walls(found),
        *use_blocks(found),
        *unread_blocks(found.unread),
    )


_TONES: Final = {
    Result.ALLOWED: good,
    Result.IMPLICITLY_DENIED: bad,
    Result.EXPLICITLY_DENIED: bad,
    Result.DEPENDS: strong,
}


def question_blocks(who: str, question: Question) -> Iterator[Block]:
    """The title and the picture: from the principal to the action, and from the action to the resource.

    An unknown action makes any answer doubtful: it is misspelled more often than new.
    """
    what: Span = name(question.resource.text)
    if question.resource.kind is ResourceKind.UNKNOWN:
        what = Span("any resource")
    elif question.resource.kind is ResourceKind.NONE:
        what = Span("no resource, since the action takes none")
    yield Heading(line("lpgen explain"), level=1)
    yield Paragraph(line(name(who), " → ", name(question.action), " → ", what))
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


def remark_notes(question: Question) -> Iterator[Block]:
    """How the question was understood."""
    for remark in question.remarks:
        yield Paragraph(line(strong("Note: "), remark, "."))


def _steps(found: Explanation) -> Iterator[Block]:
    """What to give for a surer answer."""
    if found.result is not Result.DEPENDS:
        return
    missing = {one for wall in found.walls for one in wall.missing}
    steps = [_GIVE.get(key) or _give(key, is_policy=key in missing) for key in found.depends_on]
    joints = ["", *[", "] * (len(steps) - 2), " and "]
    yield Paragraph(line("To decide it, give ", *chain(*map(line, joints, steps)), "."))


_GIVE: Final = {
    RESOURCE: line("an exact ", name("RESOURCE")),
    RESOURCE_POLICY: line(name("--resource-policies DIR")),
}


def _give(key: str, *, is_policy: bool) -> Line:
    return line("authorization details with ", name(key)) if is_policy else line(name(f"--context {key}=VALUE"))


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


def unread_blocks(clauses: Sequence[str]) -> Iterator[Block]:
    """What isn't known and could change the answer."""
    if clauses:
        yield Heading(line("Not known, and could change the answer"), level=2)
        yield bullets(*clauses)
