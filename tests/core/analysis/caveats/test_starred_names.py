"""Actions that AWS asks to grant with a star behind their name: no replacement that needs one is called safe."""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.inferences import EDGE_FUNCTION
from lpgen.core.findings import PrincipalDiff
from tests.core.analysis.observability.test_dependent_actions import found
from tests.support.worlds import allow, use

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:edge:3"
ITEM = "unknown-pattern lambda:EnableReplication*"


def items(diff: PrincipalDiff) -> list[str]:
    return [caveat.item for caveat in diff.assessment.open_caveats]


def test_who_lets_functions_run_at_the_edge_needs_the_star() -> None:
    named = allow(["lambda:GetFunction", "lambda:EnableReplication*"], "*")
    assert ITEM in items(found([named], use("lambda:GetFunction", FUNCTION)))
    deployed = use("lambda:GetFunction", FUNCTION, how=EDGE_FUNCTION)
    diff = found([allow("lambda:*", "*")], deployed)
    assert items(diff).count(ITEM) == 1
    (caveat,) = (caveat for caveat in diff.assessment.open_caveats if caveat.item == ITEM)
    assert caveat.step == ("grant `lambda:EnableReplication*` in another policy, and accept this with a decision")


def test_who_only_deploys_functions_does_not() -> None:
    assert items(found([allow("lambda:*", "*")], use("lambda:GetFunction", FUNCTION))) == []
