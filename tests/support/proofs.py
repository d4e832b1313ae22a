"""The proof of a replacement that isn't written, as a review makes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lpgen.core.analysis.counted_use import use_counter
from lpgen.core.analysis.decisions import decisions_in_force
from lpgen.core.analysis.verify import verify_generated
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.options import Options
from lpgen.core.replacements import Check, CheckStatus, Decision, Replacement, Verification
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage
from tests.support.worlds import catalog


def prove(made: Replacement, usage: Usage, grants: Sequence[PrincipalGrants], options: Options) -> Verification | None:
    """The checks on a replacement; None for a refused one. `grants` are those of all principals."""
    arn, last = made.principal.arn, coverage_from_usage(usage).last_day
    decisions = decisions_in_force(options.decisions, as_of=options.as_of or last or date.min)
    used = counted_usages(usage, grants, decisions, Dangers(catalog())).get(arn, PrincipalUsage(arn))
    (own,) = (grant for grant in grants if grant.principal.arn == arn)
    return verify_generated(made, own, used, catalog(), decisions=decisions, guards=options.guards)


def counted_usages(
    usage: Usage, grants: Sequence[PrincipalGrants], decisions: Sequence[Decision], dangers: Dangers
) -> dict[str, PrincipalUsage]:
    """The counted use of each principal of a usage."""
    principals = [held.principal for held in grants]
    return use_counter(usage, principals, decisions, dangers).count(usage, grants)


def doubts(verification: Verification | None) -> list[Check]:
    """The checks that don't pass, but for a replay that had nothing to compare, since Denies or limits deny all use."""
    assert verification is not None
    nothing = "nothing was compared: "
    found = [check for check in verification.checks if check.status is not CheckStatus.PASSED]
    return [check for check in found if not any(finding.startswith(nothing) for finding in check.findings)]
