"""A plan of trails in every form, and what came of one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lpgen.core.analysis.observability.trail_coverage import OBJECTS, Events, session_arns
from lpgen.core.evidence import AccountCoverage, LogCoverage
from lpgen.core.model import Action, Visibility
from lpgen.core.observe.open_uses import ObserveOutcome, OpenUse, OpenUses, OutcomeStatus, Promise
from lpgen.core.observe.plan import ObservePlan, PlanChoices, plan_trails
from lpgen.core.trails import Selector, Trail
from tests.cli.test_generate_code import lint
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS
from tests.report.rendered import render_observe, render_outcomes

ACCOUNT = "111122223333"
TABLE = "AWS::DynamoDB::Table"
MAIN = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"


def use(role: str, action: str, kind: str, *resources: str, sides: tuple[bool, ...] = (True,)) -> OpenUse:
    service = action.partition(":")[0]
    arn = f"arn:aws:iam::{ACCOUNT}:role/app/{role}"
    callers = session_arns(arn, federates=False)
    events = Events(service, "Data", kind, sides, (f"{service}.amazonaws.com",), (), resources, ("",), callers)
    return OpenUse(arn, Action(action), events)


def plan(*more: OpenUse, trail: str = "") -> ObservePlan:
    main = Trail(MAIN, "main", ACCOUNT, "eu-west-1", True, True, False, True, (Selector("Management", ()),), "logs")
    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"
    covered = AccountCoverage(
        ACCOUNT, date(2026, 6, 1), date(2026, 6, 10), 10, (), ("eu-west-1",), 10, frozenset(),
        data_resources=frozenset({("dynamodb.amazonaws.com", table)}),
    )  # fmt: skip
    uses = [
        use("web", "s3:GetObject", OBJECTS, "arn:aws:s3:::photos/*", "arn:aws:s3:::uploads/*"),
        use("web", "s3:PutObject", OBJECTS, "arn:aws:s3:::uploads/*", sides=(False,)),
        use("web", "dynamodb:GetItem", TABLE, table),
        use("audit", "s3:GetObject", OBJECTS, "*"),
        use("copier", "s3:GetObject", OBJECTS, "arn:aws:s3:::logs/*"),
        use("audit", "dynamodb:GetItem", TABLE, f"arn:aws:dynamodb:*:{ACCOUNT}:table/*"),
    ]
    undecided = Counter({Visibility.NEVER: 3, Visibility.MANAGEMENT: 1})
    seen = {(ACCOUNT, TABLE): 5_000}
    opened = OpenUses((*uses, *more), undecided, Counter(seen), Counter(dict.fromkeys(seen, 1)))
    found = plan_trails(opened, LogCoverage((covered,)), [main], PlanChoices(trail=trail))
    return replace(found, price=0.1)


OUTCOMES = tuple(
    ObserveOutcome(Promise(f"arn:aws:iam::{ACCOUNT}:role/app/web", Action(action)), status, why)
    for action, status, why in (
        ("s3:GetObject", OutcomeStatus.USED, ""),
        ("s3:PutObject", OutcomeStatus.REMOVED, ""),
        (
            "dynamodb:GetItem",
            OutcomeStatus.OPEN,
            "it leaves a data event, and the logs have no data events of dynamodb.amazonaws.com",
        ),
        ("dynamodb:PutItem", OutcomeStatus.GONE, ""),
    )
)

FORMS: dict[str, Callable[[], str]] = {
    "observe.txt": lambda: render_observe(plan(), "text", width=80),
    "observe.md": lambda: render_observe(plan(), "markdown"),
    "observe.json": lambda: render_observe(plan(), "json"),
    "observe-extended.json": lambda: render_observe(plan(trail=MAIN), "json"),
    "code-observe.sh": lambda: render_observe(plan(), "cli"),
    "code-observe-extended.sh": lambda: render_observe(plan(trail=MAIN), "cli"),
    "code-observe.tf": lambda: render_observe(plan(), "terraform"),
    "code-observe.cfn.yaml": lambda: render_observe(plan(), "cloudformation"),
    "observation.txt": lambda: render_outcomes(OUTCOMES, "text", width=80),
    "observation.json": lambda: render_outcomes(OUTCOMES, "json"),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_are_as_committed(name: str) -> None:
    check_golden(name, FORMS[name]())


@pytest.mark.slow
def test_the_template_is_clean_of_lint(tmp_path: Path) -> None:
    file = tmp_path / "trail.yaml"
    file.write_text(FORMS["code-observe.cfn.yaml"](), "utf-8")
    done = lint(file)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("form", ["text", "markdown", "json", "cli"])
def test_hostile_names_stay_inert(form: str) -> None:
    for text in CORPUS:
        if any(0xD800 <= ord(one) < 0xE000 for one in text):
            continue
        found = plan(use("x", "sqs:SendMessage", "AWS::SQS::Queue", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{text}"))
        account = replace(found.accounts[0])
        said = render_observe(replace(found, accounts=(account,)), form)
        assert all(one.isprintable() or one in "\n" for one in said), ascii(text)
        if form == "json":
            json.loads(said)
