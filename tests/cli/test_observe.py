"""`lpgen observe` on the sample organization: a trail that settles what the plan promised, and costs no covered day."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from sample_logs.planted.bucket import log_files
from sample_logs.planted.delivery_cast import DEPLOYER
from sample_logs.planted.records import Call, Chronicle, Planted, Session
from sample_logs.planted.world import EAST, FIRST_DAY, SHOP, instant
from tests.support.forked_lpgen import run_forked
from tests.support.sample_data_events import LOG_BUCKET, USED, Selectors, under_trail
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
POLICIES = ROOT / "authorization-details"
MADE = date(2026, 6, 23)
"""The day on which the second trail is made: 99 whole days before the logs end."""


def lpgen(*arguments: object) -> str:
    done = run_forked(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout


def observe(data: Path, *more: object) -> str:
    return lpgen("observe", "--data", data, "--policies", POLICIES, *more)


@pytest.fixture(scope="module")
def plan_file(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("plan") / "plan.json"
    observe(sample_data, "--bucket", LOG_BUCKET, "--output", file)
    return file


@pytest.fixture(scope="module")
def plan(plan_file: Path) -> Json:
    found: Json = json.loads(plan_file.read_text("utf-8"))
    return found


def selectors_of(plan: Json, account: str) -> Selectors:
    (found,) = (one for one in plan["accounts"] if one["account"] == account)
    (trail,) = found["trails"]
    selectors: Selectors = trail["selectors"]
    return selectors


def settings(path: Path, plan: Json) -> Path:
    """The settings of the organization's trail, and with the plan's trails."""
    main = f"arn:aws:cloudtrail:{EAST}:{SHOP}:trail/organization"
    of_main = [
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]},
            ]
        },
    ]
    trails = [(main, True, of_main)]
    trails += [(one["arn"], False, one["selectors"]) for each in plan["accounts"] for one in each["trails"]]
    said: list[Json] = []
    for arn, organization, selectors in trails:
        about = {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True, "IsOrganizationTrail": organization}
        said.append({"TrailARN": arn, "HomeRegion": EAST, "S3BucketName": LOG_BUCKET, **about})
        said.append({"TrailARN": arn, "AdvancedEventSelectors": selectors})
    path.write_text(json.dumps(said), "utf-8")
    return path


def making(plan: Json) -> list[Planted]:
    """The records of making the shop's second trail."""
    chronicle, moment = Chronicle(), instant(MADE, 8, 0)
    who = Session(DEPLOYER, "platform")
    arn = f"arn:aws:cloudtrail:{EAST}:{SHOP}:trail/lpgen-observe"
    for name, request in (
        ("CreateTrail", {"name": "lpgen-observe", "s3BucketName": LOG_BUCKET}),
        ("PutEventSelectors", {"trailName": "lpgen-observe", "advancedEventSelectors": selectors_of(plan, SHOP)}),
        ("StartLogging", {"name": arn}),
    ):
        response = None if name == "StartLogging" else {"trailARN": arn}
        chronicle.tell(who, moment, EAST, Call("cloudtrail", name, request, response, read_only=False))
    return chronicle.planted


@pytest.fixture(scope="module")
def after(plan: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data folder and the trails' settings of the organization under the plan's trail."""
    home = tmp_path_factory.mktemp("after")
    for path, content in log_files(under_trail(selectors_of(plan, SHOP), MADE, making(plan))).items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(content)
    lpgen("ingest", home / "AWSLogs", "--data", home / "data")
    settings(home / "trails.json", plan)
    return home


@pytest.mark.slow
def test_the_trail_settles_what_was_promised(plan: Json, plan_file: Path, after: Path) -> None:
    promised = {(one["principal"], one["action"]) for each in plan["accounts"] for one in each["decides"]}
    assert len(promised) > 40
    found = json.loads(
        observe(after / "data", "--trails", after / "trails.json", "--since", plan_file, "--format", "json")
    )
    statuses = {(one["principal"], one["action"]): one["status"] for one in found["outcomes"]}
    assert statuses.keys() == promised
    assert {one for one, status in statuses.items() if status == "used"} == promised & USED
    assert {status for one, status in statuses.items() if one not in USED} == {"removed"}
    assert found["counts"] == {**dict.fromkeys(("used", "removed", "open", "gone"), 0), **Counter(statuses.values())}


@pytest.mark.slow
def test_what_is_settled_is_allowed_or_removed_by_the_replacement(after: Path, tmp_path: Path) -> None:
    lpgen(
        "generate",
        "--data",
        after / "data",
        "--policies",
        POLICIES,
        "--trails",
        after / "trails.json",
        "--principal",
        "storefront-api",
        "--output",
        tmp_path / "out",
    )
    (folder,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir())
    statements = [
        item for file in folder.glob("policy-*.json") for item in json.loads(file.read_text("utf-8"))["Statement"]
    ]
    actions = [
        [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        for statement in statements
    ]
    objects = {action for some in actions for action in some if "Object" in action}
    assert objects == {"s3:GetObject", "s3:PutObject"}


@pytest.mark.slow
def test_no_principal_loses_a_covered_day(sample_data: Path, after: Path, tmp_path: Path) -> None:
    def covered(data: Path, trails: Path) -> dict[str, int]:
        text = lpgen(
            "review", "--data", data, "--policies", POLICIES, "--trails", trails, "--no-backtest", "--format", "json"
        )
        return {item["principal"]: item["covered_days"] for item in json.loads(text)["principals"]}

    before = covered(sample_data, settings(tmp_path / "main.json", {"accounts": []}))
    assert set(before.values()) == {120}
    assert covered(after / "data", after / "trails.json") == before


@pytest.mark.slow
def test_too_few_days_leave_it_open_and_say_why(plan_file: Path, after: Path) -> None:
    asked = ("--trails", after / "trails.json", "--since", plan_file, "--min-days", 110)
    found = json.loads(observe(after / "data", *asked, "--format", "json"))
    assert found["counts"] == {"used": 6, "removed": 1, "open": 64, "gone": 0}
    whys = {one["why"] for one in found["outcomes"] if one["status"] == "open"}
    assert all(why.startswith("recorded only since") for why in whys)
    text = observe(after / "data", *asked)
    assert text.startswith("Known outcomes: 7 of 71 kept actions in the plan.")
    assert (date(2026, 9, 30) - MADE).days < 110 < (date(2026, 9, 30) - FIRST_DAY).days


def test_the_plan_never_selects_the_delivery_of_log_files(plan: Json) -> None:
    assert f"s3:::{LOG_BUCKET}" not in json.dumps([one["trails"] for one in plan["accounts"]])
    (shop,) = (one for one in plan["accounts"] if one["account"] == SHOP)
    assert shop["leaves_open"] == []
    everywhere = 0
    for selector in selectors_of(plan, SHOP):
        fields = {one["Field"]: one for one in selector["FieldSelectors"]}
        if fields["resources.type"]["Equals"] == ["AWS::S3::Object"] and "resources.ARN" not in fields:
            starts = fields["userIdentity.arn"]["StartsWith"]
            everywhere += 1
            assert all(start.startswith(f"arn:aws:sts::{SHOP}:assumed-role/") and start[-1] == "/" for start in starts)
    assert everywhere


# ---------------------------------------------------------------- forms


def test_commands_are_safe_words_for_a_shell_that_say_the_plan(sample_data: Path, plan: Json) -> None:
    text = observe(sample_data, "--bucket", LOG_BUCKET, "--account", SHOP, "--format", "cli")
    subprocess.run(["/bin/sh", "-n"], input=text, text=True, check=True)
    calls = [shlex.split(splitline) for splitline in text.splitlines() if splitline.startswith("aws ")]
    assert [call[2] for call in calls] == ["create-trail", "put-event-selectors", "start-logging"]
    create, put, _ = (json.loads(call[call.index("--cli-input-json") + 1]) for call in calls)
    assert (create["Name"], create["S3BucketName"], create["IsMultiRegionTrail"]) == ("lpgen-observe", LOG_BUCKET, True)
    assert put["AdvancedEventSelectors"] == selectors_of(plan, SHOP)


@pytest.mark.slow
def test_terraform_and_cloudformation_say_the_plan(sample_data: Path, plan: Json) -> None:
    asked = ("--bucket", LOG_BUCKET, "--account", SHOP, "--format")
    template = yaml.safe_load(observe(sample_data, *asked, "cloudformation"))
    (resource,) = template["Resources"].values()
    assert resource["Properties"]["AdvancedEventSelectors"] == selectors_of(plan, SHOP)
    (parsed,) = hcl2.loads(observe(sample_data, *asked, "terraform"))["resource"]
    text = json.dumps(parsed)
    for selector in selectors_of(plan, SHOP):
        for field in selector["FieldSelectors"]:
            assert all(value in text for values in field.values() for value in values if isinstance(values, list))


@pytest.mark.slow
def test_code_is_for_one_account(sample_data: Path) -> None:
    asked = ("observe", "--data", sample_data, "--policies", POLICIES, "--bucket", LOG_BUCKET)
    done = run_forked(*map(str, asked), "--format", "cli")
    assert (done.returncode, "choose one with `--account`" in done.stderr) == (2, True)
    done = run_forked(*map(str, asked), "--account", "999999999999")
    assert (done.returncode, "999999999999" in done.stderr) == (2, True)


@pytest.mark.slow
def test_an_existing_trail_keeps_its_selectors_and_is_no_template(sample_data: Path, tmp_path: Path) -> None:
    trails = settings(tmp_path / "trails.json", {"accounts": []})
    arn = f"arn:aws:cloudtrail:{EAST}:{SHOP}:trail/organization"
    found = json.loads(observe(sample_data, "--trails", trails, "--trail", arn, "--format", "json"))
    (account,) = found["accounts"]
    (trail,) = account["trails"]
    assert (trail["new"], trail["arn"]) == (False, arn)
    categories = Counter(one["FieldSelectors"][0]["Equals"][0] for one in trail["selectors"])
    assert categories["Management"] == 1
    asked = ("observe", "--data", sample_data, "--policies", POLICIES, "--trails", trails, "--trail", arn)
    done = run_forked(*map(str, asked), "--format", "terraform")
    assert (done.returncode, "can't be changed without all its other settings" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "the bucket for trails of account"),
        (("--trail", "arn:aws:cloudtrail:us-east-1:1:trail/x"), 2, "the given trail settings don't include"),
        (("--since", "missing.json"), 3, "can't read `missing.json`"),
        (("--since", __file__), 3, "is not a plan of `lpgen observe`"),
        (("--since", __file__, "--format", "cli"), 2, "`--since` can't be printed as cli"),
        (("--bucket", "b", "--price", "-1"), 2, "--price"),
    ],
)
def test_mistakes_get_their_sentence(sample_data: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = run_forked("observe", "--data", str(sample_data), "--policies", str(POLICIES), *arguments)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
