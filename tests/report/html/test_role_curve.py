"""The chart of fewer roles: it shows every point, what is harmful and what is proposed, also without colors."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from msgspec import structs

from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import Curve, CurvePoint, RolesReport
from lpgen.report.html.role_curve import charts_of_roles
from lpgen.report.render import ROLES
from tests.report.hostile import CORPUS
from tests.report.role_reports import BEFORE, roles_report
from tests.support.worlds import ACCOUNT

SVG = "{http://www.w3.org/2000/svg}"
OVER_GRANT = (0, 2, 7, 30)


def curve_of(*over_grant: int, account: str = ACCOUNT) -> Curve:
    """A curve from all separate to a single role, with dangerous pairs from the third point on."""
    count = len(over_grant)
    points = tuple(
        CurvePoint(roles=count - at, over_grant=beyond, harmful=max(at - 1, 0)) for at, beyond in enumerate(over_grant)
    )
    members = tuple(f"{BEFORE}role/orders-{number}" for number in range(1, count + 1))
    return Curve(account=account, kind="role", members=members, method="exact", points=points)


def report_of(*curves: Curve) -> RolesReport:
    return structs.replace(roles_report(), curves=curves)


def drawn(report: RolesReport) -> ElementTree.Element:
    return ElementTree.fromstring(ROLES.text(report, "svg"))


def test_chart_marks_what_is_harmful_by_shape_and_tells_each_point_in_words() -> None:
    found = drawn(report_of(curve_of(*OVER_GRANT)))
    assert len(found.findall(f"{SVG}g/{SVG}circle[@class='harmless']")) == 2
    assert len(found.findall(f"{SVG}g/{SVG}path[@class='harmful']")) == 2
    says = found.findtext(f"{SVG}desc") or ""
    assert "4 roles: 0 pairs beyond the needs." in says
    assert "1 role: 30 pairs beyond the needs, 2 of them dangerous." in says
    numbers = [text.text for text in found.findall(f"{SVG}text[@text-anchor='middle']")]
    assert numbers == ["4", "3", "2", "1", *map(str, OVER_GRANT), "0", "0", "1", "2"]


def test_curve_rises_from_left_to_right_inside_the_chart() -> None:
    (chart,) = charts_of_roles(report_of(curve_of(*OVER_GRANT)))
    places = [(mark.x, mark.y) for mark in chart.marks]
    assert places == sorted(places, key=lambda place: (place[0], -place[1]))
    assert (places[0], places[-1]) == ((0, chart.height), (chart.width, 0))


def test_ring_stands_where_the_proposals_lead() -> None:
    merge, *_ = roles_report().merges
    report = report_of(curve_of(*OVER_GRANT))
    (chart,) = charts_of_roles(report)
    assert chart.proposed is not None
    assert (chart.proposed.point.roles, chart.proposed.point.over_grant) == (3, merge.over_grant)
    assert "Proposed: 3 roles: 4 pairs beyond the needs." in chart.says
    (chart,) = charts_of_roles(structs.replace(report, merges=()))
    assert chart.proposed is None
    assert "roposed" not in ROLES.text(structs.replace(report, merges=()), "svg").partition("</style>")[2]


def test_long_curve_shows_numbers_where_they_have_room() -> None:
    (chart,) = charts_of_roles(report_of(curve_of(*range(60))))
    assert len(chart.marks) == 60
    assert 1 < sum(mark.has_numbers for mark in chart.marks) <= 9


def test_charts_follow_the_shared_roles_and_the_largest_group_comes_first() -> None:
    page = ROLES.text(report_of(curve_of(0, 1, 2), curve_of(*OVER_GRANT), curve_of(0, 1)), "html")
    assert re.findall(r"(\d) roles of account", page) == ["4", "4", "3", "3"]
    assert page.index("Shared roles for") < page.index("<svg") < page.rindex("</svg>") < page.index("Leftovers")
    only = structs.replace(report_of(), parts=(RolesPart.USERS,))
    assert "<svg" not in ROLES.text(only, "html")
    assert drawn(only).findtext(f"{SVG}title") == "No principals could share a role"


def test_hostile_text_is_only_text() -> None:
    for text in CORPUS:
        found = drawn(report_of(curve_of(*OVER_GRANT, account=text)))
        assert {element.tag.removeprefix(SVG) for element in found.iter()} <= {
            *("svg", "title", "desc", "style", "rect", "text", "path", "circle", "g"),
        }
