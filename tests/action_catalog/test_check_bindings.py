"""The check of bindings: a path in the response must be an element of the operation's output."""

from __future__ import annotations

from typing import Any

import pytest

from action_catalog.check_bindings import has_output

MODEL: dict[str, Any] = {
    "operations": {"Create": {"output": {"shape": "Result"}}, "Delete": {}},
    "shapes": {
        "Result": {"type": "structure", "members": {"Cluster": {"shape": "Cluster"}}},
        "Cluster": {"type": "structure", "members": {"Groups": {"shape": "Groups"}, "Name": {"shape": "String"}}},
        "Groups": {"type": "list", "member": {"shape": "Group"}},
        "Group": {"type": "structure", "members": {"GroupName": {"shape": "String"}}},
        "String": {"type": "string"},
    },
}


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ("Create", "cluster.name", True),
        ("Create", "name", True),
        ("Create", "cluster.groups.groupName", True),
        ("Create", "groups.groupName", True),
        ("Create", "cluster.groupName", False),
        ("Create", "cluster.name.more", False),
        ("Delete", "cluster.name", False),
    ],
)
def test_response_paths_are_elements_of_the_output(operation: str, path: str, expected: bool) -> None:
    assert has_output(MODEL, operation, path) is expected
