"""The page of users, shared roles and leftovers, in words."""

from __future__ import annotations

import pytest
from msgspec import structs

from lpgen.core.roles.model import RolesReport
from lpgen.report.blocks import DEFAULT_LAYOUT, Heading
from lpgen.report.pages.roles import roles_page
from lpgen.report.screens import roles_screen
from tests.report.role_reports import roles_report


def headings(report: RolesReport, level: int) -> list[str]:
    return [
        "".join(span.text for span in block.line)
        for block in roles_page(report)
        if isinstance(block, Heading) and block.level == level
    ]


@pytest.mark.parametrize(
    ("kinds", "title"),
    [
        ((), "Users"),
        (("person",), "Users: 1 person"),
        (("person", "person"), "Users: 2 people"),
        (("workload", "person"), "Users: 1 person, 1 workload"),
        (("workload", "workload", "unused"), "Users: 1 unused, 2 workloads"),
        (("both", "both", "unknown"), "Users: 2 shared by both, 1 of an unknown kind"),
    ],
)
def test_users_are_counted_in_english(kinds: tuple[str, ...], title: str) -> None:
    (user, *_) = roles_report().users
    report = RolesReport(users=tuple(structs.replace(user, kind=kind) for kind in kinds))
    assert headings(report, 2)[0] == title


def test_a_single_proposal_is_counted_in_english() -> None:
    assert headings(roles_report(), 1) == ["Roles: 3 users, 1 merge, 1 split, 1 leftover."]


def test_the_screen_of_a_single_split_shows_its_sessions() -> None:
    report = roles_report()
    few = RolesReport(splits=report.splits[:1])
    assert "Its sessions:" in roles_screen(few, DEFAULT_LAYOUT)
    assert "Its sessions:" not in roles_screen(report, DEFAULT_LAYOUT)
