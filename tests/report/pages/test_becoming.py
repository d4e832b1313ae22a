"""What a principal can become, in the part of a review about it."""

from __future__ import annotations

from dataclasses import replace

from lpgen.core.findings import Becoming, OpenWay, Reachable
from lpgen.core.model import Action
from tests.report.cases import SHOP, Case
from tests.report.rendered import render_review
from tests.report.reports import report_of
from tests.report.safe_cases import deployer, storefront

OWN = storefront().arn
DEPLOY = f"arn:aws:iam::{SHOP}:role/deploy"
ADMIN = f"admin:{SHOP}"
PASSES = OpenWay(
    "lambda-create-function-invoke",
    "creates a function that runs as the role, and invokes it",
    (Action("iam:PassRole"), Action("lambda:CreateFunction"), Action("lambda:InvokeFunction")),
    3,
    DEPLOY,
    0,
    if_exists=False,
)
TODAY = Reachable(2, (OWN, DEPLOY, ADMIN))


def text_of(becoming: Becoming | None, case: Case | None = None) -> str:
    """The whole review of one principal as text, in one line."""
    shown = replace(case or storefront(), becoming=becoming)
    return " ".join(render_review(report_of([shown]), "text").split())


def test_two_lines_say_what_it_can_become_today_and_after_the_replacement() -> None:
    found = text_of(Becoming(TODAY, Reachable(0)))
    path = "role/app/storefront-api → role/deploy → administrative rights"
    assert f"Today, it can become 2 other principals and get administrative rights: {path}." in found
    assert "After the replacement, it can become no other principal." in found


def test_one_line_is_enough_if_nothing_changes() -> None:
    found = text_of(Becoming(Reachable(1), Reachable(1)))
    assert "Today and after the replacement, it can become 1 other principal." in found


def test_rights_in_another_account_name_it() -> None:
    found = text_of(Becoming(Reachable(1, (OWN, "admin:999988887777")), None))
    assert "administrative rights in 999988887777." in found
    assert "After the replacement" not in found


def test_without_the_network_nothing_is_said() -> None:
    assert "it can become" not in text_of(None)


def test_combination_stands_in_place_of_its_actions() -> None:
    title, attaches = "Dangerous grants without recorded use", Action("iam:AttachRolePolicy")
    alone = text_of(None, deployer()).partition(title)[2]
    assert attaches in alone
    way = replace(PASSES, actions=(attaches,), does="attaches any managed policy to its own role")
    found = text_of(Becoming(TODAY, Reachable(0), (way,)), deployer())
    assert "Combinations that gain rights (1)" in found
    assert "role/deploy and 2 more" in found
    singles = found.partition(title)[2]
    assert attaches not in singles
    assert [int(text.partition(")")[0].lstrip(" (")) for text in (alone, singles)] == [15, 14]


def test_combination_says_whether_it_stays_and_whether_its_compute_exists() -> None:
    ways = (
        replace(PASSES, rule="a", left=3),
        replace(PASSES, rule="b", left=1, if_exists=True),
        replace(PASSES, rule="c", example=ADMIN),
    )
    found = text_of(Becoming(TODAY, TODAY, ways))
    assert found.index("cut") < found.index("stays open")
    assert "stays open to 1" in found
    assert "if it exists" in found
