"""Keys, passwords and instance profiles next to authorization details, and in credential reports."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from lpgen.core.roles.model import UserKey
from lpgen.core.roles.signs import Credentials
from lpgen.edge.readers.credentials import read_iam_extras

ALICE, BOB = (f"arn:aws:iam::111122223333:user/{name}" for name in ("alice", "bob"))
HEAD = "user,arn,password_enabled,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date"


def test_a_credential_report_shows_keys_without_ids(tmp_path: Path) -> None:
    (tmp_path / "111122223333.json").write_text(json.dumps({"UserDetailList": []}))
    rows = (
        f"alice,{ALICE},true,true,true,2025-01-02T03:04:05+00:00,2026-02-03T00:00:00+00:00",
        f"bob,{BOB},false,false,false,N/A,N/A",
    )
    (tmp_path / "report.csv").write_text("\n".join((HEAD, *rows)))
    found = read_iam_extras([tmp_path], {}).credentials
    key = UserKey(id="access_key_1", active=True, created=date(2025, 1, 2), last_used=date(2026, 2, 3))
    assert found == {ALICE: Credentials(True, True, (key,)), BOB: Credentials(False, False, ())}


def test_keys_and_profiles_next_to_authorization_details_count(tmp_path: Path) -> None:
    key = {"AccessKeyId": "AKIA1", "Status": "Inactive", "CreateDate": "2025-01-02T03:04:05Z"}
    user = {"Arn": ALICE, "UserName": "alice", "AccessKeys": [key], "MFADevices": []}
    profile = {"Arn": "arn:aws:iam::111122223333:instance-profile/bare", "Roles": []}
    file = tmp_path / "details.json"
    file.write_text(json.dumps({"UserDetailList": [user], "InstanceProfiles": [profile]}))
    found = read_iam_extras([file], {"111122223333": frozenset({BOB})})
    known = UserKey(id="AKIA1", active=False, created=date(2025, 1, 2))
    assert found.credentials_of(ALICE) == Credentials(False, False, (known,))
    assert found.credentials_of(BOB) == Credentials(password=True)
    assert found.credentials_of(BOB.replace("111122223333", "444455556666")) == Credentials()
    assert found.profiles == {profile["Arn"]: ()}


def test_details_without_keys_take_nothing_from_another_file(tmp_path: Path) -> None:
    """Policies may name actions on access keys, and so look like a list of keys."""
    key = {"AccessKeyId": "AKIA1", "Status": "Active", "CreateDate": "2025-01-02T03:04:05Z"}
    listed, details = tmp_path / "z-listed.json", tmp_path / "a-details.json"
    listed.write_text(json.dumps({"UserDetailList": [{"Arn": ALICE, "AccessKeys": [key], "MFADevices": []}]}))
    named = {"PolicyDocument": {"Action": "iam:CreateAccessKey"}}
    details.write_text(json.dumps({"UserDetailList": [{"Arn": ALICE, "UserPolicyList": [named]}]}))
    known = UserKey(id="AKIA1", active=True, created=date(2025, 1, 2))
    for files in ([listed, details], [details, listed]):
        assert read_iam_extras(files, {}).credentials == {ALICE: Credentials(None, False, (known,))}


def test_a_later_file_outweighs_an_earlier_one(tmp_path: Path) -> None:
    files = [tmp_path / "z.json", tmp_path / "a.json"]
    for file in files:
        keys = [{"AccessKeyId": file.stem, "Status": "Active"}]
        file.write_text(json.dumps({"UserDetailList": [{"Arn": ALICE, "AccessKeys": keys}]}))
    assert [key.id for key in read_iam_extras(files, {}).credentials[ALICE].keys] == ["a"]


def test_files_with_other_content_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"UserDetailList": [{"AccessKeys": 3}]}')
    assert read_iam_extras([tmp_path], {}).credentials == {}
