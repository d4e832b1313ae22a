"""Crews are the same for a seed, their truth agrees with itself, and the measure counts what it says it counts."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bench.corpus.calendar import NeedKind
from bench.corpus.crew import CREW_ACCOUNTS
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import HELD_BACK, TUNED, half_of
from bench.corpus.kinds import CREW_THEMES, CREWS
from bench.corpus.mined import World, count_mined
from bench.corpus.write import Asked, Corpus

pytestmark = pytest.mark.slow

Json = dict[str, Any]
SMALL = Asked(seed=7, principals=0, months=2, crews=1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crew of each kind over two months."""
    folder = tmp_path_factory.mktemp("crews")
    Corpus(SMALL).write(folder)
    return folder


@pytest.fixture(scope="module")
def crews(corpus: Path) -> list[Json]:
    """The truth about them."""
    found: list[Json] = json.loads((corpus / "roles.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def records(corpus: Path) -> list[Json]:
    """All records."""
    paths = sorted((corpus / "logs").rglob("*.json.gz"))
    return [record for path in paths for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def _digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _splits(crews: list[Json]) -> Iterator[Json]:
    return (split for crew in crews for split in crew["splits"])


def test_the_same_seed_writes_the_same_crews(corpus: Path, tmp_path: Path) -> None:
    Corpus(SMALL).write(tmp_path)
    assert _digests(tmp_path) == _digests(corpus)


def test_no_two_kinds_of_crews_have_one_name() -> None:
    assert len(CREWS) == sum(len(theme.KINDS.crews) for theme in CREW_THEMES)


def test_each_half_has_accounts_and_members_of_its_own(corpus: Path, crews: list[Json]) -> None:
    assert {(crew["kind"], crew["half"]) for crew in crews} == {(kind, half_of(kind)) for kind in CREWS}
    accounts = {
        half: {arn.split(":")[4] for crew in crews if crew["half"] == half for arn in crew["members"]}
        for half in (TUNED, HELD_BACK)
    }
    assert not accounts[TUNED] & accounts[HELD_BACK]
    listed = json.loads((corpus / "accounts.json").read_text(encoding="utf-8"))
    assert {account["name"] for account in listed} >= {f"crews0-{name}" for name in CREW_ACCOUNTS}


def test_the_truth_names_members_that_exist_each_in_one_crew(corpus: Path, crews: list[Json]) -> None:
    principals = {one["arn"] for one in json.loads((corpus / "principals.json").read_text(encoding="utf-8"))}
    members = [arn for crew in crews for arn in crew["members"]]
    assert len(members) == len(set(members))
    assert set(members) <= principals
    for crew in crews:
        here = set(crew["members"])
        merged = [set(merge) for merge in crew["merges"]]
        apart = [set(one[side]) for one in crew["apart"] for side in ("ones", "others")]
        users = {one["user"] for one in crew["users"]} | {one["existing"] for one in crew["users"] if one["existing"]}
        split = {one["role"] for one in crew["splits"]}
        assert all(group <= here and group for group in (*merged, *apart))
        assert users <= here
        assert split | set(crew["whole"]) | {arn for arn in here if ":user/" in arn} == here
        assert not split & set(crew["whole"])


def test_the_truth_never_wants_members_together_and_apart(crews: list[Json]) -> None:
    for crew in crews:
        for merge, apart in ((set(one), two) for one in crew["merges"] for two in crew["apart"]):
            assert len(merge) > 1
            assert not (merge & set(apart["ones"]) and merge & set(apart["others"]))
        for one, other in combinations(map(set, crew["merges"]), 2):
            assert not one & other


def test_records_tell_the_jobs_of_a_role_apart(crews: list[Json]) -> None:
    splits = list(_splits(crews))
    assert splits
    for split in splits:
        assert len(split["jobs"]) > 1
        signs = ("names", "source_identities", "functions", "subjects")
        assert any(
            all(
                set(one[sign]).isdisjoint(other[sign]) and one[sign] and other[sign]
                for one, other in combinations(split["jobs"], 2)
            )
            for sign in signs
        )


def _evaluators(corpus: Path) -> dict[str, Evaluator]:
    """Today's policies by ARN, boundaries included, as the files for `--policies` have them."""
    found = {}
    for path in (corpus / "policies").glob("*.json"):
        details = json.loads(path.read_text(encoding="utf-8"))
        managed = {detail["Arn"]: detail["PolicyVersionList"][0]["Document"] for detail in details["Policies"]}
        for detail in (*details["RoleDetailList"], *details["UserDetailList"]):
            entries = detail.get("RolePolicyList") or detail.get("UserPolicyList") or ()
            attached = [managed[entry["PolicyArn"]] for entry in detail["AttachedManagedPolicies"]]
            boundary = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
            documents = [*(entry["PolicyDocument"] for entry in entries), *attached]
            found[detail["Arn"]] = Evaluator(documents, managed.get(boundary))
    return found


def test_the_policies_of_today_allow_each_need_also_of_the_year_after(corpus: Path) -> None:
    today = _evaluators(corpus)
    for name in ("truth.parquet", "later.parquet"):
        rows = pq.read_table(corpus / name).to_pylist()
        needs = {(row["principal"], row["action"], row["resource"]) for row in rows if row["kind"] != NeedKind.DENIED}
        assert needs
        assert [need for need in sorted(needs) if not today[need[0]].allows(*need[1:])] == []


def test_each_session_of_a_role_begins_with_a_record_of_the_same_key(crews: list[Json], records: list[Json]) -> None:
    begun: dict[str, tuple[str, str]] = {}
    for record in records:
        answer = record["responseElements"] or {}
        if record["eventName"].startswith("AssumeRole") and "assumedRoleUser" in answer:
            begun[answer["credentials"]["accessKeyId"]] = (record["eventTime"], answer["assumedRoleUser"]["arn"])
    roles = {split["role"] for split in _splits(crews)}
    used = [one for one in records if _issuer(one) in roles]
    assert {_issuer(one) for one in used} == roles
    for record in used:
        started, session = begun[record["userIdentity"]["accessKeyId"]]
        assert started <= record["eventTime"]
        assert session == record["userIdentity"]["arn"]


def _issuer(record: Json) -> str:
    arn: str = record["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn", "")
    return arn


def test_each_console_session_of_a_user_begins_with_a_sign_in(records: list[Json]) -> None:
    signed_in = defaultdict(set)
    for record in records:
        if record["eventName"] == "ConsoleLogin":
            signed_in[record["userIdentity"]["arn"]].add(record["eventTime"])
    console = [one for one in records if one.get("sessionCredentialFromConsole") and "ecord" not in one["eventName"]]
    users = [one for one in console if one["userIdentity"]["type"] == "IAMUser"]
    assert users
    for record in users:
        assert (
            record["userIdentity"]["sessionContext"]["attributes"]["creationDate"]
            in (signed_in[record["userIdentity"]["arn"]])
        )


# ---------------------------------------------------------------- the measure


def _answer(crews: list[Json]) -> Json:
    """What a perfect answer says, with policies that allow everything."""
    everything = [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]
    facts = {"state": "safe", "policy": everything}
    merges = [facts | {"members": merge} for crew in crews for merge in crew["merges"]]
    splits = [
        {
            "role": split["role"],
            "state": "safe",
            "parts": [{"policy": everything, "sessions": _sessions(job)} for job in split["jobs"]],
        }
        for split in _splits(crews)
    ]
    users = [
        facts | {"user": one["user"], "kind": one["kind"], "goes_to": _goal(one)}
        for crew in crews
        for one in crew["users"]
    ]
    return {"merges": merges, "splits": splits, "users": users}


def _sessions(job: Json) -> list[Json]:
    kinds = {"source-identity": "source_identities", "resource": "functions", "subject": "subjects", "name": "names"}
    kind = next(kind for kind, field in kinds.items() if job[field])
    return [{"kind": kind, "value": value} for value in job[kinds[kind]]]


def _goal(user: Json) -> Json:
    return {
        "kind": user["goals"][0],
        "name": user["existing"].rpartition("/")[2] or "new",
        "new": not user["existing"],
    }


def test_a_perfect_answer_has_no_misses_but_wide_policies_an_over_grant(corpus: Path, crews: list[Json]) -> None:
    found = count_mined(corpus, _answer(crews))
    assert found["merges"]["found_safe"] == sum(len(crew["merges"]) for crew in crews)
    assert found["splits"]["found_safe"] == len(list(_splits(crews)))
    assert found["users"]["safe"] == sum(len(crew["users"]) for crew in crews)
    bad = ("missing", "partial", "forbidden", "forbidden_safe", "unplanned", "kind_wrong", "goal_wrong", "wrong_safe")
    assert all(found[part].get(count, 0) == 0 for part in ("merges", "splits", "users") for count in bad)
    assert set(found["refused"].values()) == {0}
    assert all(found["over_grant"][f"{part}_safe"] > 0 for part in ("merges", "splits", "users"))


def test_an_empty_answer_misses_everything(corpus: Path, crews: list[Json]) -> None:
    found = count_mined(corpus, {"merges": [], "splits": [], "users": []})
    assert found["merges"]["missing"] == sum(len(crew["merges"]) for crew in crews)
    assert found["splits"]["missing"] == len(list(_splits(crews)))
    assert found["users"]["missing"] == sum(len(crew["users"]) for crew in crews)


def test_merges_of_members_that_are_to_be_kept_apart_are_forbidden(corpus: Path, crews: list[Json]) -> None:
    apart = next(one for crew in crews for one in crew["apart"])
    answer = _answer(crews)
    members = sorted([apart["ones"][0], apart["others"][0]])
    answer["merges"] = [{"members": members, "state": "safe", "policy": []}]
    assert count_mined(corpus, answer)["merges"]["forbidden_safe"] == 1


def test_a_part_with_two_jobs_or_without_some_sessions_is_partial(corpus: Path, crews: list[Json]) -> None:
    for change in ("join", "drop"):
        answer = _answer(crews)
        parts = next(split["parts"] for split in answer["splits"] if len(split["parts"][0]["sessions"]) > 1)
        if change == "join":
            parts[0]["sessions"] += parts.pop()["sessions"]
        else:
            parts[0]["sessions"].pop()
        assert count_mined(corpus, answer)["splits"]["partial"] == 1


def test_splits_of_roles_with_one_job_are_forbidden(corpus: Path, crews: list[Json]) -> None:
    answer = _answer(crews)
    role = next(arn for crew in crews for arn in crew["whole"])
    answer["splits"].append({"role": role, "state": "unsafe", "parts": []})
    found = count_mined(corpus, answer)["splits"]
    assert (found["forbidden"], found["forbidden_safe"]) == (1, 0)


def test_needs_that_policies_deny_are_counted_by_member_and_by_job(corpus: Path, crews: list[Json]) -> None:
    world, answer = World(corpus), _answer(crews)
    for merge in answer["merges"]:
        merge["policy"] = []
    split = next(_splits(crews))
    proposal = next(one for one in answer["splits"] if one["role"] == split["role"])
    proposal["parts"][0]["policy"] = []
    refused = count_mined(corpus, answer)["refused"]
    members = {arn for crew in crews for merge in crew["merges"] for arn in merge}
    assert refused["merges_safe"] == sum(len(world.needs(arn)) for arn in members) > 0
    assert refused["splits_safe"] == len(world.needs(split["role"], split["jobs"][0]["job"])) > 0


def test_needs_of_others_that_policies_allow_are_counted_as_exposed(corpus: Path, crews: list[Json]) -> None:
    apart = next(one for crew in crews for one in crew["apart"] if crew["kind"] == "tenants")
    world, answer = World(corpus), _answer(crews)
    one, other = apart["ones"][0], apart["others"][0]
    needs = [{(action, re.sub("[0-9]+", "*", where)) for action, where in world.needs(arn)} for arn in (one, other)]
    everything = [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]
    before = count_mined(corpus, answer)["exposed"]["merges_unsafe"]
    answer["merges"].append({"members": [one, other], "state": "unsafe", "policy": everything})
    exposed = count_mined(corpus, answer)["exposed"]
    assert exposed["merges_unsafe"] - before == len(needs[0] ^ needs[1]) > 0
    assert exposed["splits_safe"] > 0


def test_names_are_only_given_of_the_tuned_half(corpus: Path, crews: list[Json]) -> None:
    found = count_mined(corpus, _answer(crews))
    assert ("names" in found) == all(crew["half"] == TUNED for crew in crews)
