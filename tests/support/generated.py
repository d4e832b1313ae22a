"""The replacements of all principals of a diff at once, as a review makes them one by one."""

from __future__ import annotations

from collections.abc import Sequence

from lpgen.core.analysis.generate import generate_policy
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.findings import GENERATED_CLASSES, Diff
from lpgen.core.options import Options
from lpgen.core.replacements import Replacement


def generate_policies(
    diff: Diff, grants: Sequence[PrincipalGrants], catalog: Catalog, options: Options
) -> tuple[Replacement, ...]:
    """The replacement of each principal that gets one, in the order of the diff."""
    by_arn = {grant.principal.arn: grant for grant in grants}
    return tuple(
        generate_policy(principal, by_arn[principal.principal.arn], catalog, options)
        for principal in diff.principals
        if principal.principal_class in GENERATED_CLASSES
    )
