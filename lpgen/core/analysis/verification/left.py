"""The check on policies left attached: AWS wrote them, they are in place, and the replacement recorded them so."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.grants.left_attached import LeftAttached
from lpgen.core.analysis.verification.written import CheckNotes
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.replacements import Check, LeftPolicy


def check_left(left: Iterable[LeftPolicy], grants: PrincipalGrants, catalog: Catalog) -> Check:
    """The check that each policy left attached may be left, and that its document is unchanged."""
    found = CheckNotes("what stays attached is AWS's own, and as it was")
    fitting = {one.arn: one for one in LeftAttached(catalog).of(grants)}
    for one in left:
        found.examined += 1
        known = fitting.get(one.arn)
        if known is None:
            found.failed.append(f"{one.arn} isn't attached, or isn't to stay so")
        elif known.sha256 != one.sha256:
            found.failed.append(f"{one.arn} has another document now, of version {known.version or 'unknown'}")
    return found.check()
