"""What policies say, whatever their statements and versions are called."""

from __future__ import annotations

import pytest

from lpgen.core.iam.policy import says_the_same
from tests.support.worlds import allow, policy, role

OLD, NEW = "2008-10-17", "2012-10-17"


@pytest.mark.parametrize(
    ("resource", "is_same"), [("arn:aws:s3:::data/*", True), ("arn:aws:s3:::data/${aws:username}/*", False)]
)
def test_version_counts_only_where_it_changes_what_a_statement_means(resource: str, *, is_same: bool) -> None:
    held = role(policy(allow("s3:GetObject", resource), version=OLD))
    wanted = policy(allow("s3:GetObject", resource), version=NEW).document
    assert wanted is not None
    assert says_the_same(held, [wanted]) is is_same
