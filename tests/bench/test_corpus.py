"""The corpus keeps its promises: the same for a seed, halves apart, and records that show what the truth says."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from bench.corpus.calendar import Day, NeedKind
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import HALVES, HELD_BACK, TUNED, half_of
from bench.corpus.intrusions import DANGEROUS, VICTIMS
from bench.corpus.kinds import INTRUDED, INTRUDED_THEMES, JUDGED, KINDS, held_back
from bench.corpus.kinds.held_back import harms as held_back_harms
from bench.corpus.operations import harms
from bench.corpus.organization import DATA_TYPES
from bench.corpus.profile import Role
from bench.corpus.write import Asked, Corpus
from lpgen.cli.main import app
from lpgen.edge.readers.trail_settings import read_trails

pytestmark = pytest.mark.slow

Json = dict[str, Any]
SMALL = Asked(seed=3, principals=4 * max(len(kinds) for kinds in HALVES.values()), months=3, judged=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus: two or more principals of each kind over three months, judged kinds included."""
    folder = tmp_path_factory.mktemp("corpus")
    Corpus(SMALL).write(folder)
    return folder


@pytest.fixture(scope="module")
def truth(corpus: Path) -> list[Json]:
    """The rows of its truth."""
    rows: list[Json] = pq.read_table(corpus / "truth.parquet").to_pylist()
    return rows


def _principals(corpus: Path) -> dict[str, Json]:
    return {item["arn"]: item for item in json.loads((corpus / "principals.json").read_text())}


def _truth(corpus: Path) -> list[Json]:
    """The rows of a corpus's truth, without the columns that only corpora with intruded kinds or crews have."""
    rows = pq.read_table(corpus / "truth.parquet").to_pylist()
    return [{name: value for name, value in row.items() if name not in ("error", "job")} for row in rows]


def _digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        Corpus(Asked(seed, principals=20, months=2, intruders=1)).write(tmp_path / name)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "again")
    assert _digests(tmp_path / "one").keys() != _digests(tmp_path / "other").keys()


def test_there_are_thirty_kinds_and_none_has_more_than_a_twentieth_of_the_principals() -> None:
    principals = Corpus(Asked(seed=1)).principals
    counts = Counter(principal.kind.name for principal in principals)
    assert len(principals) >= 300
    assert len(counts) >= 30
    assert max(counts.values()) <= 0.05 * len(principals)
    assert counts.keys() == KINDS.keys()


def test_at_least_130_held_back_principals_have_policies_and_needs() -> None:
    corpus = Corpus(Asked(seed=1, half=HELD_BACK))
    working = 0
    for principal in corpus.principals:
        days = (Day(index, today) for index, today in enumerate(corpus.days) if index >= principal.account.opened)
        working += any(True for today in days for _ in principal.profile.schedule(today))
    assert working >= 130
    assert all(principal.policies.documents() for principal in corpus.principals)


def test_about_half_of_the_held_back_kinds_are_steady() -> None:
    steady = [kind for kind in HALVES[HELD_BACK] if kind.steady]
    assert 0.4 <= len(steady) / len(HALVES[HELD_BACK]) <= 0.6


@pytest.mark.slow
def test_halves_follow_the_rule_and_share_no_principal(corpus: Path) -> None:
    declared = {kind.name for theme in held_back.THEMES for kind in theme.KINDS.found}
    assert {name for name in KINDS if half_of(name) == HELD_BACK} == declared
    assert len(declared) >= 24
    assert sorted(kind.name for kinds in HALVES.values() for kind in kinds) == list(KINDS)
    halves = {
        half: {principal.arn for principal in Corpus(replace(SMALL, half=half)).principals}
        for half in (TUNED, HELD_BACK)
    }
    assert not halves[TUNED] & halves[HELD_BACK]
    assert halves[TUNED] | halves[HELD_BACK] == set(_principals(corpus))
    assert abs(len(halves[TUNED]) - len(halves[HELD_BACK])) <= 2


@pytest.mark.slow
def test_the_principals_of_a_kind_differ_in_what_they_need(truth: list[Json], corpus: Path) -> None:
    schedules: dict[str, Counter[tuple[date, str]]] = defaultdict(Counter)
    for row in truth:
        schedules[row["principal"]][row["time"].date(), row["action"]] += 1
    by_kind: dict[str, list[Counter[tuple[date, str]]]] = defaultdict(list)
    for arn, principal in _principals(corpus).items():
        if schedules[arn]:
            by_kind[principal["kind"]].append(schedules[arn])
    alike = [
        kind
        for kind, found in by_kind.items()
        if any(combination == two for combination, two in combinations(found, 2))
    ]
    assert alike == []


@pytest.mark.slow
def test_the_logs_show_each_kind_exactly_what_the_truth_says_is_logged(
    truth: list[Json], corpus: Path, tmp_path: Path
) -> None:
    arguments = ["ingest", str(corpus / "logs"), "--data", str(tmp_path / "data"), "--workers", "1"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    tables = [pq.read_table(path) for path in (tmp_path / "data").glob("usage/*/usage.parquet")]
    skips = [pq.read_table(path) for path in (tmp_path / "data").glob("usage/*/skips.parquet")]
    assert {row["reason"] for table in skips for row in table.to_pylist()} == {"service_caller"}
    shown: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for row in (row for table in tables for row in table.to_pylist()):
        shown[row["principal"], row["action"], row["outcome"] == "allowed"].add(row["resource"])
    logged: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for row in truth:
        if row["logged"]:
            logged[row["principal"], row["action"], row["allowed"]].add(row["resource"])
    kinds = {arn: one["kind"] for arn, one in _principals(corpus).items()}
    mismatches = {(kinds[key[0]], key[1:]) for key in shown.keys() ^ logged.keys()}
    # `bench.corpus.unsafe` judges how lpgen reads the resources of judged kinds, so this doesn't.
    compared = {key: names for key, names in logged.items() if kinds[key[0]] not in JUDGED}
    mismatches |= {(kinds[key[0]], key[1:]) for key, names in compared.items() if not _same(names, shown[key])}
    assert mismatches == set()


def _same(needed: set[str], shown: set[str]) -> bool:
    """Whether each needed resource is shown, by itself or by a pattern, and no other resource is."""
    return all(any(fnmatchcase(name, glob) for glob in shown) for name in needed) and all(
        any(fnmatchcase(name, glob) for name in needed) for glob in shown
    )


@pytest.mark.slow
def test_the_policies_as_written_allow_each_need_and_refuse_what_was_denied(truth: list[Json], corpus: Path) -> None:
    evaluators = {}
    for path in (corpus / "policies").glob("*.json"):
        details = json.loads(path.read_text())
        managed = {detail["Arn"]: detail["PolicyVersionList"][0]["Document"] for detail in details["Policies"]}
        for detail in (*details["RoleDetailList"], *details["UserDetailList"]):
            inline = [
                entry["PolicyDocument"] for entry in detail.get("RolePolicyList") or detail.get("UserPolicyList") or ()
            ]
            attached = [managed[entry["PolicyArn"]] for entry in detail["AttachedManagedPolicies"]]
            evaluators[detail["Arn"]] = Evaluator([*inline, *attached])
    wrong = [
        row for row in truth if evaluators[row["principal"]].allows(row["action"], row["resource"]) != row["allowed"]
    ]
    assert wrong == []
    assert {row["kind"] for row in truth if not row["allowed"]} == {NeedKind.INTRUDER, NeedKind.DENIED}


@pytest.mark.slow
def test_needs_without_a_record_say_why_and_occur_for_each_reason(truth: list[Json]) -> None:
    assert all(row["logged"] == (row["unlogged"] == "") == (row["event_id"] != "") for row in truth)
    reasons = {row["unlogged"] for row in truth} - {""}
    assert reasons == {"data_event_off", "never_recorded", "logging_stopped", "not_in_record"}
    assert {row["kind"] for row in truth} == {str(kind) for kind in NeedKind}


@pytest.mark.slow
def test_half_of_the_data_events_is_switched_off_as_the_trail_settings_say(corpus: Path) -> None:
    accounts = json.loads((corpus / "accounts.json").read_text())
    recorded = sum(len(account["data_events"]) for account in accounts)
    assert recorded == len(accounts) * len(DATA_TYPES) // 2
    trails = read_trails([corpus / "trails.json"])
    assert {trail.account for trail in trails} == {account["id"] for account in accounts}
    assert sum(len(trail.selectors) - 1 for trail in trails) == recorded


@pytest.mark.slow
def test_intruders_act_on_their_days_only_and_are_listed(truth: list[Json], corpus: Path) -> None:
    listed = {item["principal"]: item for item in json.loads((corpus / "intrusions.json").read_text())}
    acted: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in truth:
        assert (row["kind"] == NeedKind.INTRUDER) == bool(row["scenario"])
        if row["scenario"]:
            one = listed[row["principal"]]
            assert one["first_day"] <= row["time"].date().isoformat() <= one["last_day"]
            acted[row["principal"]].add((row["action"], row["resource"]))
    for principal, one in listed.items():
        assert acted[principal] == {(action, name) for action, name in one["succeeded"] + one["denied"]}
    assert {one["scenario"] for one in listed.values()} == set(VICTIMS)


def test_half_of_the_judged_kinds_is_held_back_and_each_half_has_both_answers() -> None:
    halves = Counter(half_of(name) for name in JUDGED)
    assert halves[TUNED] == halves[HELD_BACK]
    assert not JUDGED.keys() & KINDS.keys()
    answers = {(half_of(name), kind.safe_is_right) for name, kind in JUDGED.items()}
    assert answers == {(half, answer) for half in (TUNED, HELD_BACK) for answer in (True, False)}


@pytest.mark.parametrize("added", [{"judged": 1}, {"intruders": 1}, {"crews": 1}])
def test_added_kinds_leave_the_files_of_other_accounts_as_they_are(tmp_path: Path, added: dict[str, Any]) -> None:
    plainly = Asked(seed=5, principals=20, months=2)
    for name, asked in (("without", plainly), ("with", replace(plainly, **added))):
        Corpus(asked).write(tmp_path / name)
    plain, judging = _digests(tmp_path / "without"), _digests(tmp_path / "with")
    changed = {name for name in plain if judging[name] != plain[name]}
    lists = {"intrusions.json"} if "intruders" in added else set()
    assert changed == {"accounts.json", "principals.json", "trails.json", "truth.parquet"} | lists
    for name in ("accounts.json", "principals.json", "trails.json"):
        before, after = (json.loads((tmp_path / kind / name).read_text()) for kind in ("without", "with"))
        assert after[: len(before)] == before
    old = {entry["arn"] for entry in json.loads((tmp_path / "without/principals.json").read_text())}
    rows = [_truth(tmp_path / kind) for kind in ("without", "with")]
    assert rows[0] == [row for row in rows[1] if row["principal"] in old]


def test_principals_say_whether_safe_is_right_and_later_needs_have_no_record(corpus: Path) -> None:
    principals = _principals(corpus)
    assert {entry["kind"] for entry in principals.values() if entry["safe_is_right"] is not None} == JUDGED.keys()
    for entry in principals.values():
        assert entry["safe_is_right"] == (JUDGED[entry["kind"]].safe_is_right if entry["kind"] in JUDGED else None)
    later = pq.read_table(corpus / "later.parquet").to_pylist()
    assert {row["unlogged"] for row in later} == {"after_the_logs"}
    assert all(principals[row["principal"]]["safe_is_right"] is not None and row["allowed"] for row in later)


def test_scps_deny_what_the_logs_show_exactly_where_safe_is_wrong(truth: list[Json], corpus: Path) -> None:
    principals, scps = _principals(corpus), json.loads((corpus / "scps.json").read_text())
    capped = {arn: entry for arn, entry in principals.items() if entry["account"] in scps}
    for arn, principal in capped.items():
        statements = [part for part in scps[principal["account"]][-1][0]["Statement"] if _concerns(part, arn)]
        evaluator = Evaluator([{"Statement": statements}])
        shown = {(row["action"], row["resource"]) for row in truth if row["principal"] == arn and row["logged"]}
        assert shown
        assert {evaluator.allows(*use) for use in shown} == {principal["safe_is_right"]}
    assert len({entry["kind"] for entry in capped.values()}) >= 6


def _concerns(statement: Json, arn: str) -> bool:
    return bool(statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn", arn) == arn)


# ---------------------------------------------------------------- intruded kinds


@pytest.fixture(scope="module")
def intruded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of intruded kinds, and the same without intrusions."""
    folder = tmp_path_factory.mktemp("intruded")
    asked = Asked(seed=4, principals=0, months=4, intruders=1)
    Corpus(asked).write(folder / "with")
    Corpus(replace(asked, has_intrusions=False)).write(folder / "without")
    return folder


def test_intruded_kinds_are_balanced_over_the_halves() -> None:
    counts = {
        half: Counter(str(kind.role) for name, kind in INTRUDED.items() if half_of(name) == half)
        for half in (TUNED, HELD_BACK)
    }
    assert counts[TUNED] == counts[HELD_BACK]
    assert counts[TUNED][Role.ORDINARY] >= 12
    assert counts[TUNED][Role.BYSTANDER] >= 8
    themes = [
        {kind.theme for name, kind in INTRUDED.items() if kind.role is Role.VICTIM and half_of(name) == half}
        for half in (TUNED, HELD_BACK)
    ]
    assert themes[0] == themes[1]
    assert len(themes[0]) >= 9


def test_intruded_kinds_of_the_halves_share_no_name_no_account_and_no_new_harm() -> None:
    # Numbers, because a failure mustn't show held-back names.
    assert len(INTRUDED) == sum(len(theme.KINDS.found) for theme in INTRUDED_THEMES)
    assert len(INTRUDED.keys() & (KINDS | JUDGED).keys()) == 0
    accounts = [
        {kind.account for name, kind in INTRUDED.items() if half_of(name) == half} for half in (TUNED, HELD_BACK)
    ]
    assert accounts[0].isdisjoint(accounts[1])
    assert len(harms.HARMS.keys() & held_back_harms.HARMS.keys()) == 0


def test_each_victim_has_dangerous_intruders_and_work_all_the_time(intruded: Path) -> None:
    principals, needed, harmful = _principals(intruded / "with"), defaultdict(set), set()
    for row in pq.read_table(intruded / "with" / "truth.parquet").to_pylist():
        if row["kind"] == NeedKind.INTRUDER:
            harmful |= {row["principal"]} if row["dangerous"] else set()
        elif row["logged"]:
            needed[row["principal"]].add(row["time"].date())
    roles = {entry["arn"]: entry["role"] for entry in principals.values()}
    victims = {arn for arn, role in roles.items() if role == Role.VICTIM}
    assert len(harmful ^ victims) == 0
    idle = sum(len(needed[arn]) < 40 for arn in roles)
    assert idle == 0


def test_chores_are_marked_as_ordinary_and_harmful_on_few_days(intruded: Path) -> None:
    chores = {arn for arn, entry in _principals(intruded / "with").items() if entry["is_ordinary"]}
    days: dict[tuple[str, str], set[date]] = defaultdict(set)
    for row in pq.read_table(intruded / "with" / "truth.parquet").to_pylist():
        if row["principal"] in chores and row["kind"] == NeedKind.RARE and row["action"] in DANGEROUS:
            days[row["principal"], row["action"]].add(row["time"].date())
    assert len({principal for principal, _ in days}) == len(chores)
    assert max(len(found) for found in days.values()) <= 2


def test_without_intrusions_only_what_intruders_do_is_missing(intruded: Path) -> None:
    rows = {name: _truth(intruded / name) for name in ("with", "without")}
    is_same = rows["without"] == [row for row in rows["with"] if row["kind"] != NeedKind.INTRUDER]
    assert is_same
    assert json.loads((intruded / "without" / "intrusions.json").read_text()) == []
    assert _principals(intruded / "without") == _principals(intruded / "with")


def test_calls_that_fail_have_an_error_and_no_response(intruded: Path) -> None:
    rows = pq.read_table(intruded / "with" / "truth.parquet").to_pylist()
    failed = {row["event_id"]: row["error"] for row in rows if row["error"] and row["allowed"]}
    denied = {row["event_id"] for row in rows if not row["allowed"]}
    codes = {}
    for path in (intruded / "with" / "logs").rglob("*.json.gz"):
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            if "errorCode" in record:
                codes[record["eventID"]] = record["errorCode"]
                assert record["responseElements"] is None
                assert record["errorMessage"]
    assert codes.keys() == failed.keys() | denied
    assert {name: codes[name] for name in failed} == failed
    assert {"ThrottlingException", "Client.RequestLimitExceeded", "MalformedPolicy"} <= set(failed.values())


@pytest.mark.slow
def test_lpgen_maps_each_record_of_intruded_kinds_to_what_the_truth_says(intruded: Path, tmp_path: Path) -> None:
    arguments = ["ingest", str(intruded / "with" / "logs"), "--data", str(tmp_path / "data"), "--workers", "1"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    usage = [row for path in tmp_path.glob("data/usage/*/usage.parquet") for row in pq.read_table(path).to_pylist()]
    skips = [row for path in tmp_path.glob("data/usage/*/skips.parquet") for row in pq.read_table(path).to_pylist()]
    assert skips == []
    shown = {(row["principal"], row["action"]) for row in usage}
    rows = _truth(intruded / "with")
    unmapped = len({(row["principal"], row["action"]) for row in rows if row["logged"]} - shown)
    assert unmapped == 0
