"""Names of sessions that nobody chose."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.assumption import chosen_name


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("botocore-session-*", ""),
        ("aws-sdk-java-*", ""),
        ("aws-sdk-js-session-*", ""),
        ("aws-dotnet-sdk-session-*", ""),
        ("aws-go-sdk-*", ""),
        ("GitHubActions", ""),
        ("", ""),
        ("aws-deploy-*", "aws-deploy-*"),
        ("my-botocore-session-*", "my-botocore-session-*"),
        ("GitHubActions-*", "GitHubActions-*"),
    ],
)
def test_only_the_exact_default_of_a_tool_is_a_name_that_nobody_chose(pattern: str, chosen: str) -> None:
    assert chosen_name(pattern) == chosen == chosen_name(chosen)
