"""Access keys, MFA devices and instance profiles in a snapshot: where `lpgen roles` finds them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.snapshots import Subject
from lpgen.edge.readers.credentials import IamExtras, read_iam_extras
from lpgen.edge.readers.snapshot_files import read_passwords
from lpgen.edge.snapshot.account import SnapshotScope
from tests.support.aws_organization import MANAGEMENT, Organization
from tests.support.aws_proxy import DENIED, Answer, AwsProxy, Failure
from tests.support.snapshot_runs import lpgen, opened, refuse, take

pytestmark = pytest.mark.usefixtures("proxy")

WANTED = SnapshotScope(last_accessed=False, compute=True, regions=("us-east-1",))
ANN = f"arn:aws:iam::{MANAGEMENT}:user/ann"
PROFILES = f"arn:aws:iam::{MANAGEMENT}:instance-profile"


def extras_of(data: Path) -> IamExtras:
    snapshot = opened(data)
    return read_iam_extras(snapshot.credentials, read_passwords(snapshot.login_profiles))


def last_used(on: str) -> Answer:
    used = f"{on}<ServiceName>s3</ServiceName><Region>us-east-1</Region>"
    result = f"<UserName>ann</UserName><AccessKeyLastUsed>{used}</AccessKeyLastUsed>"
    name = "GetAccessKeyLastUsed"
    return Answer(200, f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>")


def test_the_reader_finds_keys_with_their_last_use_devices_and_profiles(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    proxy.reply = refuse("GetAccessKeyLastUsed", reply=last_used("<LastUsedDate>2026-08-01T10:00:00Z</LastUsedDate>"))
    assert take(tmp_path, WANTED).gaps == ()
    found = extras_of(tmp_path)
    ann = found.credentials_of(ANN)
    (listed,) = organization.client("iam").list_access_keys(UserName="ann")["AccessKeyMetadata"]
    (key,) = ann.keys
    assert (key.id, key.active, key.last_used) == (listed["AccessKeyId"], True, date(2026, 8, 1))
    assert key.created == listed["CreateDate"].date()
    assert (ann.password, ann.mfa) == (True, True)
    role = f"arn:aws:iam::{MANAGEMENT}:role/team/app-2"
    assert found.profiles == {f"{PROFILES}/app-2": (role,), f"{PROFILES}/empty": ()}


def test_a_key_that_was_never_used_has_no_date(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GetAccessKeyLastUsed", reply=last_used(""))
    assert take(tmp_path, WANTED).gaps == ()
    (key,) = extras_of(tmp_path).credentials_of(ANN).keys
    assert key.last_used is None


@pytest.mark.parametrize(
    ("operation", "subject", "place"),
    [
        ("ListAccessKeys", Subject.CREDENTIALS, "access keys"),
        ("GetAccessKeyLastUsed", Subject.CREDENTIALS, "access keys"),
        ("ListMFADevices", Subject.CREDENTIALS, "MFA devices"),
        ("ListInstanceProfiles", Subject.INSTANCE_PROFILES, ""),
    ],
)
def test_what_may_not_be_read_is_a_gap_and_stays_unknown(
    proxy: AwsProxy, tmp_path: Path, operation: str, subject: Subject, place: str
) -> None:
    """A key without its last use would look like one that nobody uses."""
    proxy.reply = refuse(operation, reply=DENIED)
    (gap,) = take(tmp_path, WANTED).gaps
    assert (gap.account, gap.subject, gap.place) == (MANAGEMENT, subject, place)
    found = extras_of(tmp_path)
    ann = found.credentials_of(ANN)
    assert bool(ann.keys) is (place != "access keys")
    assert ann.mfa is (None if place == "MFA devices" else True)
    assert bool(found.profiles) is (subject is not Subject.INSTANCE_PROFILES)


@pytest.mark.parametrize("operation", ["ListAccessKeys", "ListMFADevices"])
def test_a_user_that_is_gone_is_no_gap(proxy: AwsProxy, tmp_path: Path, operation: str) -> None:
    proxy.reply = refuse(operation, reply=Failure("NoSuchEntity", "it is gone", 404))
    assert take(tmp_path, WANTED).gaps == ()


def test_without_compute_none_of_it_is_read(proxy: AwsProxy, tmp_path: Path) -> None:
    take(tmp_path, SnapshotScope(last_accessed=False))
    assert opened(tmp_path).credentials == ()
    assert not {"ListAccessKeys", "ListMFADevices", "ListInstanceProfiles"} & set(proxy.operations())


def test_roles_reports_what_the_snapshot_has(tmp_path: Path) -> None:
    take(tmp_path, WANTED)
    report: dict[str, Any] = json.loads(
        lpgen("roles", "--data", str(tmp_path), "--only", "leftovers", "--format", "json").stdout
    )
    empty = [one["arn"] for one in report["leftovers"] if one["kind"] == "empty-instance-profile"]
    assert empty == [f"{PROFILES}/empty"]
