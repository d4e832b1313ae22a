"""The picture of the trade among candidates: what fewer roles would allow beyond the needs, and what is proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import Curve, CurvePoint, MergeKind, RolesReport
from lpgen.report.blocks import Heading, names, plural
from lpgen.report.html.templating import asset, content_security_policy, template
from lpgen.report.pages.roles import roles_page
from lpgen.report.words import label_of

_STYLES: Final = ("colors.css", "layout.css", "plain.css", "role_curve.css", "print.css")
_WIDTH: Final = 330
_HEIGHT: Final = 120
_MOST_COLUMNS: Final = 9
"""How many columns of numbers have room below the curve."""

_MOST_CURVES: Final = 20
_FEW: Final = 2
_NOUNS: Final[dict[MergeKind, tuple[str, str]]] = {
    "role": ("role", "roles"),
    "permission-set": ("permission set", "permission sets"),
    "person": ("user of a person", "users of people"),
    "workload": ("user of a workload", "users of workloads"),
}


@dataclass(frozen=True, slots=True)
class _Mark:
    """A number of roles in the chart. `has_numbers` says whether its numbers stand below it."""

    x: int
    y: int
    point: CurvePoint
    text: str
    has_numbers: bool


@dataclass(frozen=True, slots=True)
class CurveChart:
    """A curve as an SVG path with its marks, and the place of what is proposed, if anything. `says` tells the same in
    words. `members` are labels."""

    width: int
    height: int
    title: str
    members: str
    says: str
    path: str
    marks: tuple[_Mark, ...]
    proposed: _Mark | None


def roles_html(report: RolesReport) -> str:
    """The page: the charts follow the table of shared roles."""
    style, blocks = "\n".join(map(asset, _STYLES)), roles_page(report)
    parts = [at for at, block in enumerate(blocks) if isinstance(block, Heading) and block.level > 1]
    after = parts[report.parts.index(RolesPart.MERGES) + 1 :] if RolesPart.MERGES in report.parts else []
    place = after[0] if after else len(blocks)
    return template("roles.html.j2").render(
        policy=content_security_policy(style=style),
        style=style,
        title="lpgen roles",
        before=blocks[:place],
        after=blocks[place:],
        links={},
        charts=charts_of_roles(report),
    )


def roles_svg(report: RolesReport) -> str:
    """The chart of the largest group of candidates as a file."""
    style = "\n".join(map(asset, ("colors.css", "role_curve.css")))
    return template("role_curve.svg.j2").render(charts=charts_of_roles(report)[:1], style=style)


def charts_of_roles(report: RolesReport) -> tuple[CurveChart, ...]:
    """The charts of the groups of candidates, the largest first. Two candidates need no chart."""
    found = (curve for curve in report.curves if len(curve.members) > _FEW)
    curves = sorted(found, key=lambda curve: (-len(curve.members), curve.members))
    return tuple(_chart(curve, report) for curve in curves[:_MOST_CURVES])


def _chart(curve: Curve, report: RolesReport) -> CurveChart:
    points, candidates = curve.points, len(curve.members)
    proposed = _proposed(curve, report)
    most = max(*(point.over_grant for point in (*points, *proposed)), 1)
    step = -(-candidates // _MOST_COLUMNS)

    def mark(point: CurvePoint) -> _Mark:
        left = candidates - point.roles
        text = f"{plural(point.roles, 'role')}: {plural(point.over_grant, 'pair')} beyond the needs"
        return _Mark(
            round(_WIDTH * left / (candidates - 1)),
            round(_HEIGHT * (1 - point.over_grant / most)),
            point,
            f"{text}, {point.harmful:,} of them dangerous" if point.harmful else text,
            left % step == 0,
        )

    marks = tuple(map(mark, points))
    title = f"{plural(candidates, *_NOUNS[curve.kind])} of account {curve.account}"
    says = [f"{one.text}." for one in marks]
    says += [f"Proposed: {mark(point).text}." for point in proposed]
    return CurveChart(
        *(_WIDTH, _HEIGHT, title),
        "".join(span.text for span in names(map(label_of, curve.members), most=_MOST_COLUMNS)),
        " ".join(says),
        "M" + "L".join(f"{one.x} {one.y}" for one in marks),
        marks,
        next(map(mark, proposed), None),
    )


def _proposed(curve: Curve, report: RolesReport) -> list[CurvePoint]:
    """The roles after all proposals among the candidates, if there are any. It may be above the curve, because the
    curve ignores what forbids a merge."""
    merges = [merge for merge in report.merges if {*merge.members} <= {*curve.members}]
    saved = sum(merge.roles_saved for merge in merges)
    over_grant, harmful = sum(merge.over_grant for merge in merges), sum(merge.harmful for merge in merges)
    return [CurvePoint(roles=len(curve.members) - saved, over_grant=over_grant, harmful=harmful)] if merges else []
