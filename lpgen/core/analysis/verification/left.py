"""The check on policies left attached: AWS wrote them, they are in place, and the replacement recorded them so."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.grants.aws_policies import LeftAttached, attached_of_aws
from lpgen.core.analysis.verification.claims import Claims
from lpgen.core.analysis.verification.reasons import check_pairs_have_reasons
from lpgen.core.analysis.verification.written import CheckNotes, left_allows
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.replacements import Check, LeftPolicy


def check_left(
    left: Iterable[LeftPolicy], grants: PrincipalGrants, usage: PrincipalUsage, catalog: Catalog, *, claims: Claims
) -> Check:
    """The check that each policy left attached may be left, and that its document is unchanged.

    It may be if AWS wrote it for the one service that the role trusts, or if all that it allows has a reason to stay.
    """
    found = CheckNotes("what stays attached is AWS's own, and as it was")
    attached = {policy.arn: policy for policy, _ in attached_of_aws(grants)}
    of_service = {one.arn for one in LeftAttached(catalog).of(grants)}
    for one in left:
        found.examined += 1
        known = attached.get(one.arn)
        if known is None:
            found.failed.append(f"{one.arn} isn't attached")
        elif known.sha256 != one.sha256:
            found.failed.append(f"{one.arn} has another document now, of version {known.version or 'unknown'}")
        elif one.arn not in of_service:
            pairs = check_pairs_have_reasons(left_allows(grants, (one,)), usage, catalog, claims=claims)
            found.failed += pairs.findings
    return found.check()
