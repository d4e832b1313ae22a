"""Unusual use comes first, and all dangerous use is listed with its days."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.findings import DangerousUse
from lpgen.core.model import Action
from lpgen.core.registry.row import Caveat
from lpgen.report.layout.markdown import page_markdown
from lpgen.report.pages.use import dangerous_use_blocks
from tests.report.cases import Case, seen
from tests.report.rendered import render_review
from tests.report.reports import report_of
from tests.report.safe_cases import applied, storefront
from tests.report.unsafe_cases import failing

WORDS = (
    "s3:PutBucketPolicy opens a bucket to any principal, and was used only on 2026-09-03, on arn:aws:s3:::partner-drop"
)


def shown(*cases: Case) -> str:
    return " ".join(render_review(report_of(cases), "text", width=100).split())


def unusual() -> Caveat:
    (found,) = (caveat for caveat in failing().caveats if caveat.kind is DangerCaveat.UNUSUAL_USE)
    return found


def test_a_review_asks_first_who_made_unusual_calls() -> None:
    text = shown(storefront(), failing())
    asked = (
        "1. Ask the owner of 1 principal about unusual, dangerous calls."
        " Add a decision to drop calls that the team didn't make."
    )
    assert f"{asked} role/partner-share: {WORDS}" in text
    assert text.index(asked) < text.index("2. Write 1 safe replacement")
    assert text.index("━━ role/partner-share") < text.index("━━ role/app/storefront-api")
    assert "1. Write 1 safe replacement" in shown(storefront())


def test_the_question_is_not_asked_again_among_what_is_not_safe_yet() -> None:
    steps = shown(failing()).partition("What to do ")[2].partition("━━")[0]
    assert "Ingest 29 more days" in steps
    assert steps.lower().count("ask the owner") == 1


def test_json_gives_the_reason_and_the_days() -> None:
    (one,) = json.loads(render_review(report_of([failing()]), "json"))["principals"]
    (why,) = (why for why in one["not_safe_because"] if why["kind"] == "unusual_use")
    assert why["message"].startswith(WORDS)
    assert why["item"] is None
    (used,) = one["dangerous_use"]
    assert (used["action"], used["days"], used["records"]) == ("s3:PutBucketPolicy", ["2026-09-03"], 2)


def test_what_is_in_place_is_to_be_looked_into_all_the_same() -> None:
    case = applied()
    case.caveats = [unusual()]
    text = shown(case)
    assert f"To look into (1 reason): - {WORDS}" in text
    assert "1. Ask the owner of 1 principal" in text
    assert "In place, but tried" not in text


def test_dangerous_use_on_the_fewest_days_comes_first_and_a_long_list_is_cut() -> None:
    first = date(2026, 6, 1)
    used = [
        DangerousUse(
            Action(f"iam:Action{number:02}"),
            "does harm",
            on=tuple(first + timedelta(day) for day in range(number)),
            evidence=seen(number, "2026-06-01", "2026-06-20", f"event-{number}"),
        )
        for number in range(20, 0, -1)
    ]
    text = page_markdown(dangerous_use_blocks(used))
    assert "Dangerous actions used (20)" in text
    assert text.index("iam:Action01") < text.index("iam:Action02")
    assert "`iam:Action12` does harm" in text
    assert "on 12 days: 12 records, 2026-06-01 to 2026-06-20, example `event-12`" in text
    assert "iam:Action13" not in text
    assert "and 8 more; " in text
    assert not list(dangerous_use_blocks(()))


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_texts_of_an_intruder_are_inert(form: str) -> None:
    case = failing()
    hostile = "\x1b[31m<script>`x`\u202e"
    parameters = {**unusual().parameters, "resource": hostile, "example": hostile}
    case.caveats = [replace(unusual(), parameters=parameters)]
    case.dangerous = tuple(
        replace(use, evidence=replace(use.evidence, example_event_id=hostile)) for use in case.dangerous
    )
    text = render_review(report_of([case]), form)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert ("<script>`x" in text) is (form != "html")  # inert in a terminal, and in code of Markdown
