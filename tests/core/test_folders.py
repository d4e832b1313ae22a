"""Names of files and folders: one for each, whatever the names of principals and permission sets are."""

from __future__ import annotations

from lpgen.core.folders import files_of_sets
from lpgen.core.identity_center import PermissionSet

HERE, THERE = "/aws-reserved/sso.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def test_files_of_sets_are_called_as_the_sets_where_no_other_is() -> None:
    sets = [PermissionSet(HERE, "Data.Team"), PermissionSet(HERE, "Data_Team"), PermissionSet(THERE, "Reader")]
    assert files_of_sets(sets) == {permission_set: permission_set.name for permission_set in sets}


def test_files_of_sets_differ_where_the_sets_do() -> None:
    sets = [
        PermissionSet(HERE, "Developer"),
        PermissionSet(THERE, "Developer"),
        PermissionSet(HERE, "developer"),
        PermissionSet(HERE, "a:b"),
        PermissionSet(HERE, "a?b"),
        PermissionSet(HERE, "x" * 400),
        PermissionSet(HERE, "x" * 401),
    ]
    names = files_of_sets(sets)
    assert len({name.lower() for name in names.values()}) == len(sets)
    assert all(name.isascii() and len(name) < 200 and not set(name) & set("/\\:?*") for name in names.values())
    assert files_of_sets(reversed(sets)) == names
