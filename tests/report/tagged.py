"""Conditions on tags, for tests of pages."""

from __future__ import annotations

from functools import cache

from lpgen.core.tags.model import TagReport
from lpgen.core.tags.proposals import tags_report
from tests.core.graph.cases import principal, service
from tests.core.tags.worlds import APP, LISTED, TABLES, call, use, world
from tests.support.worlds import allow


@cache
def tag_report() -> TagReport:
    """A proposal that somebody else can open, and one that nobody can."""
    tagger = principal("role/tagger", allow("dynamodb:TagResource"), trusts=service("ec2"))
    seen = principal("role/seen", allow("dynamodb:TagResource"), trusts=service("ec2"))
    wide = principal("role/wide", allow("dynamodb:*"), trusts=service("ec2"))
    tagged = call(seen, "dynamodb:TagResource", f"{TABLES}orders-1", days=[40], tags={"team": "orders"})
    late = use(wide, ("pay-1", "pay-2"), days=range(20))
    calls = [*use(), *use(wide), *late, tagged]
    listed = {**LISTED, f"{TABLES}x-1": {"team": "x"}}
    found = world(calls, principals=(APP, wide, tagger, seen), listed=listed)
    return tags_report(found, [APP.arn, wide.arn], ("a problem in a file",))
