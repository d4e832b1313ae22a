"""Proposals for the policies of resources, for tests of pages."""

from __future__ import annotations

from functools import cache

from lpgen.core.perimeter.proposals import PerimeterReport
from tests.core.graph.cases import principal
from tests.core.perimeter.worlds import ADMIN, APP, call, report, world
from tests.support.worlds import ACCOUNT, allow

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"


@cache
def perimeter_report() -> PerimeterReport:
    """A bucket with a proposal of each state, and a key without any."""
    glass = principal("role/break-glass", allow("*"))
    maker = principal("role/maker", allow("iam:CreateRole"))
    calls = [call(APP, endpoint="vpce-1"), call(APP, "s3:PutObject", endpoint="vpce-1"), call("anonymous")]
    found = world(calls, principals=(APP, ADMIN, glass, maker), break_glass=(glass.arn,))
    used = world(calls[:2], principals=(APP, ADMIN, glass, maker), break_glass=(glass.arn,))
    return PerimeterReport((report(used), report(found), report(found, KEY)), ("a problem in a file",))
