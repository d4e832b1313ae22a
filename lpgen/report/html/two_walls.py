"""The picture of a request between the wall of its principal and the wall of its resource, as SVG.

Each set of policies is a bar across the way of the request: open where a statement allows it, barred where a Deny
stands, and closed where a needed Allow is missing. On each side, the bars are in the order in which AWS evaluates
policies.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.explanations import ExplainedStatement, ExplainedWall, Explanation, Fit, WallState
from lpgen.core.iam.decision import Layer, Result
from lpgen.core.iam.principals import Naming
from lpgen.core.model import Effect, ResourceKind
from lpgen.report.blocks import Heading
from lpgen.report.html.drawing import DrawnWall, Picture, Section, Words, draw_across, draw_down
from lpgen.report.html.templating import asset, content_security_policy, template
from lpgen.report.pages.explain import explain_page
from lpgen.report.words import label_of

_STYLES: Final = ("colors.css", "layout.css", "plain.css", "two_walls.css", "print.css")


def explain_html(found: Explanation) -> str:
    """The page: the picture, then the explanation as text."""
    style, picture, blocks = "\n".join(map(asset, _STYLES)), picture_of(found), explain_page(found)
    place = next(at for at, block in enumerate(blocks) if isinstance(block, Heading) and block.level > 1)
    return template("explain.html.j2").render(
        policy=content_security_policy(style=style),
        style=style,
        before=blocks[:place],
        after=blocks[place:],
        links={},
        drawings=(draw_across(picture), draw_down(picture)),
    )


def explain_svg(found: Explanation) -> str:
    """The picture as a file."""
    style = "\n".join(map(asset, ("colors.css", "two_walls.css")))
    return template("two_walls.svg.j2").render(drawn=draw_across(picture_of(found)), style=style)


# ---------------------------------------------------------------- what is drawn

_RESULTS: Final = dict(zip(Result, ("allowed", "implicitly denied", "explicitly denied", "depends"), strict=True))
_CAPS: Final = " SCPs, boundaries and RCPs must allow it too, and any Deny stops it."
_UNNAMED: Final = {ResourceKind.UNKNOWN: "any resource", ResourceKind.NONE: "no resource"}


def picture_of(found: Explanation) -> Picture:
    """The walls of an explained request, in words and as sections to draw."""
    question, walls = found.question, tuple(_walls(found))
    who, what = question.principal, _UNNAMED.get(question.resource.kind, question.resource.text)
    fields = split_arn(what)
    bucket, slash, key = (fields.name or what).partition("/")
    legend = found.needs and found.needs + _CAPS
    asked = f"{label_of(who.arn)} → {question.action} → {what}"
    told = (
        f"{wall.side}, {wall.title}: {' '.join(words.text for words in wall.words if words.text)}." for wall in walls
    )
    return Picture(
        f"{asked}: {_RESULTS[found.result]}",
        " ".join((found.sentence, *told, legend)),
        (Words(question.action, "name asked"), Words(_RESULTS[found.result], found.result.name.lower())),
        (Words(who.kind.value), Words(who.name, "name"), Words(who.account)),
        (Words(fields.service or "resource"), Words(bucket + slash, "name"), Words(key, "name"), Words(fields.account)),
        walls,
        legend,
    )


_TITLES: Final = {
    Layer.SCP: "SCPs, {levels}",
    Layer.IDENTITY: "own policies",
    Layer.BOUNDARY: "permissions boundary",
    Layer.SESSION: "session policy",
    Layer.ENDPOINT: "VPC endpoint policy",
    Layer.RCP: "RCPs, {levels}",
    Layer.RESOURCE: "resource policy",
}
_ORDER: Final = tuple(_TITLES)
_PRINCIPALS, _RESOURCES = "the principal's wall", "the resource's wall"
_NOT_GIVEN: Final = (Words("unknown", "depends"), Words("not given:"), Words("--resource-policies", "name"))
_NO_ALLOW: Final = Words("no Allow matches")


def _walls(found: Explanation) -> Iterator[DrawnWall]:
    """The walls in the order of AWS. A rule of AWS comes before all policies."""
    if found.rule:
        section = Section.OPEN if found.result is Result.ALLOWED else Section.BARRED
        yield DrawnWall(_PRINCIPALS, "AWS's own rule", section, (_verdict(section), Words(found.rule)))
    ordered = sorted(found.walls, key=lambda wall: (_ORDER.index(wall.layer), wall.level))
    for (layer, section), group in groupby(ordered, lambda wall: (wall.layer, _section(wall, found))):
        walls = tuple(group)  # levels of the organization that look the same are one wall
        side = _PRINCIPALS if _ORDER.index(layer) < _ORDER.index(Layer.ENDPOINT) else _RESOURCES
        first, last = walls[0].level + 1, walls[-1].level + 1
        title = _TITLES[layer].format(levels=f"level {first}" if first == last else f"levels {first}–{last}")
        yield DrawnWall(side, title, section, tuple(_words(walls, section, found)))
    if found.is_policy_unknown:
        yield DrawnWall(_RESOURCES, _TITLES[Layer.RESOURCE], Section.DEPENDS, _NOT_GIVEN)
    elif set(found.lacking) - {wall.name for wall in found.walls}:
        yield DrawnWall(_RESOURCES, "the other account", Section.CLOSED, (_verdict(Section.CLOSED), _NO_ALLOW))


def _section(wall: ExplainedWall, found: Explanation) -> Section:
    is_lacking = wall.name in found.lacking and wall.state not in (WallState.DENIES, WallState.UNKNOWN)
    return Section.CLOSED if is_lacking else _SECTIONS.get(wall.state, Section.DEPENDS)


_SECTIONS: Final = {WallState.OPEN: Section.OPEN, WallState.SHUT: Section.IDLE, WallState.DENIES: Section.BARRED}


def _verdict(section: Section) -> Words:
    return Words(section.value, section.name.lower())


def _words(walls: Sequence[ExplainedWall], section: Section, found: Explanation) -> Iterator[Words]:
    """What a wall says: its verdict, and the statements that decide it or may decide it."""
    yield _verdict(section)
    if section is Section.CLOSED:
        yield _NO_ALLOW
    if section is Section.IDLE and found.result in (Result.ALLOWED, Result.DEPENDS):
        yield Words("not needed")
    for name in (name for wall in walls for name in wall.missing):
        yield Words("no document of")
        yield Words(_last_name(name), "name")
    shown = [one for wall in walls for one in wall.statements if (one.effect, one.fit) in _DECIDING.get(section, ())]
    for statement in shown[:2]:
        yield from _words_of_statement(statement)
    if len(shown) > 2:
        yield Words(f"and {len(shown) - 2} more")


_DECIDING: Final = {
    Section.OPEN: {(Effect.ALLOW, Fit.APPLIES)},
    Section.BARRED: {(Effect.DENY, Fit.APPLIES)},
    Section.DEPENDS: {(Effect.ALLOW, Fit.MAY_APPLY), (Effect.DENY, Fit.MAY_APPLY)},
}


def _words_of_statement(statement: ExplainedStatement) -> Iterator[Words]:
    ref, effect = statement.ref, statement.effect.value
    by_account = " for the account" if statement.named == Naming.ACCOUNT.value else ""
    yield Words(f"{effect}{by_account} in" if statement.fit is Fit.APPLIES else f"{effect} may apply in")
    yield Words(_last_name(ref.policy), "name")
    yield Words(f"statement {ref.number}")
    yield Words(ref.sid, "name")
    yield from (Words(f"on {key}", "name") for key in statement.depends_on)


def _last_name(policy: str) -> str:
    """The name of a policy. The ARN of a managed policy has its path too, that of a resource is cut to its name."""
    return split_arn(policy).name.removeprefix("policy/") or policy
