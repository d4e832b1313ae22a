"""A stranger plants records about the roles of others, in the wrong place or in the log of the stranger's own account,
which is delivered into the same bucket: every review stays the same, byte for byte, but for counts of skips."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import analyse
from lpgen.core.options import Options
from lpgen.core.usage.event_time import moment_from_datetime
from lpgen.edge.catalog.files import bundled_catalog
from tests.attack.score import Attack, sample
from tests.attack.test_forgeries import REAL_DAYS, first_day, real
from tests.report.rendered import render_review
from tests.support.ingests import ingest
from tests.support.log_samples import log_bytes
from tests.support.outputs import SAMPLE
from tests.support.sample_organization import SHOP

Json = dict[str, Any]
STRANGER = "999988887777"
PLACES = {
    "in the stranger's folder": (f"AWSLogs/{STRANGER}/CloudTrail", SHOP),
    "in the stranger's folder of an organization": (f"AWSLogs/o-exampleorg1/{STRANGER}/CloudTrail", SHOP),
    "in a folder of the victim below the stranger's": (f"AWSLogs/{STRANGER}/x/AWSLogs/{SHOP}/CloudTrail", SHOP),
    "in a folder of the stranger below the victim's": (f"AWSLogs/{SHOP}/AWSLogs/{STRANGER}/CloudTrail", STRANGER),
    "without an account, in the stranger's folder": (f"AWSLogs/{STRANGER}/CloudTrail", None),
    "in the stranger's own log": (f"AWSLogs/{STRANGER}/CloudTrail", STRANGER),
}
"""Where records are planted, and the account that they say they are of."""

THEFT = (
    ("iam", "CreateUser", {"userName": "back"}),
    ("iam", "AttachUserPolicy", {"userName": "back", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    ("iam", "CreateAccessKey", {"userName": "back"}),
    ("iam", "UpdateAssumeRolePolicy", {"roleName": "storefront-api", "policyDocument": "{}"}),
    ("iam", "PutRolePolicy", {"roleName": "storefront-api", "policyName": "p", "policyDocument": "{}"}),
    ("sts", "AssumeRole", {"roleArn": f"arn:aws:iam::{SHOP}:role/platform-deployer", "roleSessionName": "s"}),
    ("cloudtrail", "StopLogging", {"name": f"arn:aws:cloudtrail:us-east-1:{SHOP}:trail/main"}),
    ("secretsmanager", "GetSecretValue", {"secretId": f"arn:aws:secretsmanager:us-east-1:{SHOP}:secret:db-abcdef"}),
    ("s3", "GetObject", {"bucketName": "shop-orders", "key": "a/b/c"}),
    ("kms", "CreateGrant", {"keyId": f"arn:aws:kms:us-east-1:{SHOP}:key/1", "granteePrincipal": "*"}),
)
"""Calls of an intruder, by service."""


@cache
def identities() -> tuple[Json, ...]:
    """An identity of each role and user in the real records."""
    found: dict[str, Json] = {}
    for one in real():
        identity = one["userIdentity"]
        if identity.get("type") in ("AssumedRole", "IAMUser"):
            found.setdefault(identity["principalId"].partition(":")[0], identity)
    return tuple(found[unique_id] for unique_id in sorted(found))


def by_id(identity: Json) -> Json:
    """The caller as AWS names it in another account's log."""
    return {"type": "AWSAccount", "principalId": identity["principalId"], "accountId": SHOP}


def calls(identity: Json, **changes: Any) -> Iterator[Json]:
    """The theft of rights by one caller, on three days."""
    for day in (1, 20, REAL_DAYS - 1):
        for service, name, request in THEFT:
            yield {
                "eventVersion": "1.09",
                "eventSource": f"{service}.amazonaws.com",
                "eventName": name,
                "eventTime": f"{first_day(real()) + timedelta(day)}T10:00:00Z",
                "awsRegion": "us-east-1",
                "eventType": "AwsApiCall",
                "eventCategory": "Data" if name in ("GetObject", "PutObject") else "Management",
                "readOnly": name.startswith("Get"),
                "requestParameters": request,
                "userIdentity": identity,
                **changes,
            }


def of_all(plant: Callable[[Json], Iterable[Json]]) -> list[Json]:
    return [one for identity in identities() for one in plant(identity)]


def aggregated(identity: Json) -> Json:
    names = [{"name": identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn") or identity["arn"]}]
    return {
        "eventType": "AwsAggregatedEvent",
        "accountId": STRANGER,
        "eventSource": "dynamodb.amazonaws.com",
        "timeWindow": {"windowStart": f"{first_day(real())}T10:00:00Z"},
        "summary": {"primaryDimension": {"dimension": "userIdentity", "statistics": names}},
    }


def assumed_by_a_service(identity: Json) -> Json:
    role = identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn", "")
    call = next(calls({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}))
    assumes = {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole"}
    return {**call, **assumes, "requestParameters": {"roleArn": role, "roleSessionName": "s"}}


def many_names(identity: Json) -> Iterator[Json]:
    """So many resources that the caller's own rows would collapse, were they the caller's."""
    call = next(calls(identity, eventName="PutObject", eventSource="s3.amazonaws.com", eventCategory="Data"))
    for number in range(10_001):
        yield {**call, "requestParameters": {"bucketName": f"bucket-{number}", "key": "k"}}


PLANTED: dict[str, Callable[[], list[Json]]] = {
    "a theft of rights by ARN": lambda: of_all(calls),
    "a theft of rights by id": lambda: of_all(lambda one: calls(by_id(one))),
    "throttled calls": lambda: of_all(lambda one: calls(by_id(one), errorCode="ThrottlingException")),
    "denied calls": lambda: of_all(lambda one: calls(one, errorCode="AccessDenied")),
    "unmapped calls by ARN": lambda: of_all(lambda one: calls(one, eventName="JuggleEverything")),
    "unmapped calls by id": lambda: of_all(lambda one: calls(by_id(one), eventName="JuggleEverything")),
    "calls without a time": lambda: of_all(lambda one: calls(one, eventTime=None)),
    "calls of the future": lambda: of_all(lambda one: calls(one, eventTime="2099-01-01T00:00:00Z")),
    "calls of another version": lambda: of_all(lambda one: calls(one, eventVersion="2.0")),
    "broken calls": lambda: of_all(lambda one: calls(one, eventType=[])),
    "calls by an earlier role of the name": lambda: json.loads(
        re.sub(r"(?<=\")(AROA|AIDA)\w+", r"\1FORGED", json.dumps(of_all(calls)))
    ),
    "copies of calls through an endpoint": lambda: of_all(
        lambda one: calls(one, eventType="AwsVpceEvent", eventCategory="NetworkActivity")
    ),
    "aggregated events": lambda: [aggregated(identity) for identity in identities()],
    "roles assumed by a service": lambda: [assumed_by_a_service(identity) for identity in identities()],
    "ten thousand names": lambda: list(many_names(identities()[0])),
    "copies of all real records": lambda: copy.deepcopy(list(real())),
}
"""What is planted. Each record gets an event id and an account."""


def review(folder: Path, planted: Iterable[Json], place: str, account: str | None) -> tuple[Json, Json]:
    """The review of the real records and of others that lie in a place, and the skips of both ingests by reason."""
    home = folder / "logs"
    some = [{**one, "eventID": f"planted-{at}", "recipientAccountId": account} for at, one in enumerate(planted)]
    for where, records in ((f"AWSLogs/{SHOP}/CloudTrail", list(real())), (place, some)):
        if records:
            (home / where).mkdir(parents=True, exist_ok=True)
            (home / where / f"{len(records)}.json.gz").write_bytes(log_bytes(records))
    now = datetime.combine(first_day(real()) + timedelta(REAL_DAYS + 200), datetime.min.time(), UTC)
    result = ingest([home], bundled_catalog(), data=folder / "data", now=moment_from_datetime(now))
    policies = SAMPLE / "authorization-details" / f"{SHOP}.json"
    report = analyse(AnalysisInputs(folder / "data", [policies], bundled_catalog(), Options(min_days=REAL_DAYS - 5)))
    return json.loads(render_review(report, "json")), {skip.reason.value: skip.count for skip in result.skips}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Json:
    found, _ = review(tmp_path_factory.mktemp("honest"), [], "", None)
    return found


@pytest.mark.slow
def test_records_planted_by_a_stranger_change_no_review(
    honest: Json, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    assert any(not one["not_safe_because"] for one in honest["principals"])
    pairs = [(what, where) for what in PLANTED for where in PLACES]
    with attack("planted records") as one:
        for what, where in sample(pairs, one.random, least=4):
            place, account = PLACES[where]
            found, skips = review(tmp_path / f"{what} {where}", PLANTED[what](), place, account)
            same = json.dumps(found["principals"]) == json.dumps(honest["principals"])
            is_wrong = account is not None and (account != STRANGER or SHOP in place)
            if is_wrong and what != "aggregated events":
                same = same and found["coverage"]["accounts"] == honest["coverage"]["accounts"]
                same = same and skips.get("misplaced", 0) == len(PLANTED[what]())
            one.add(f"{what} {where}: {skips}", held=same)


def test_harmless_calls_in_the_stranger_s_own_log_add_only_what_they_name(honest: Json, tmp_path: Path) -> None:
    """What may count makes nothing unsafe, and nothing wider than the bucket that the stranger's log shows."""
    request = {"bucketName": "strangers-bucket", "key": "a/b/c"}
    writes = {"eventName": "PutObject", "eventSource": "s3.amazonaws.com", "requestParameters": request}
    planted = of_all(lambda one: calls(by_id(one), **writes, eventCategory="Data"))
    found, _ = review(tmp_path, planted, *PLACES["in the stranger's own log"])
    assert found["principals"] != honest["principals"]
    for before, after in zip(honest["principals"], found["principals"], strict=True):
        assert after["not_safe_because"] == before["not_safe_because"]
        lines = [one["replacement"]["lines"] if one["replacement"] else [] for one in (before, after)]
        texts = [{json.dumps(line) for line in some} for some in lines]
        assert texts[0] <= texts[1]
        assert all("strangers-bucket" in line for line in texts[1] - texts[0])


@pytest.mark.parametrize("what", ["a theft of rights by ARN", "unmapped calls by ARN"])
def test_the_same_records_in_the_caller_s_own_folder_change_reviews(what: str, honest: Json, tmp_path: Path) -> None:
    """The promise can fail: there they would count."""
    found, skips = review(tmp_path, PLANTED[what](), f"AWSLogs/{SHOP}/CloudTrail/planted", SHOP)
    assert found["principals"] != honest["principals"]
    assert "misplaced" not in skips
