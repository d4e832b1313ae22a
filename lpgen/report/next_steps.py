"""What to do about a caveat, exactly: the step that lifts it, and how a person accepts it instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lpgen.core.analysis.judged.scanners import AUDIT_POLICY
from lpgen.core.findings import Caveat, CaveatKind, PrincipalDiff

UNACCEPTABLE: Final = frozenset(
    {
        CaveatKind.GRANTS_UNKNOWN,
        CaveatKind.OTHER_ACCOUNT,
        CaveatKind.TOO_LARGE,
        CaveatKind.UNPROVEN,
        CaveatKind.VERIFICATION,
    }
)
"""The kinds that nobody can accept: there is nothing proven to accept, or it is accepted where it comes from."""


def next_step(caveat: Caveat, diff: PrincipalDiff, *, min_days: int) -> str:
    """The step that lifts a caveat, as a clause without a full stop."""
    return _STEPS[caveat.kind](caveat, diff, min_days)


def _short_coverage(_caveat: Caveat, diff: PrincipalDiff, min_days: int) -> str:
    missing = max(1, min_days - diff.covered_days)
    return f"ingest {missing} more {'day' if missing == 1 else 'days'} of logs of account {diff.principal.account}"


def _wait(caveat: Caveat, _diff: PrincipalDiff, _min_days: int) -> str:
    return f"wait until the logs reach {caveat.until}" if caveat.until else "wait for more days of logs"


def _coverage_hole(caveat: Caveat, diff: PrincipalDiff, _min_days: int) -> str:
    service = caveat.item.partition(" ")[2]
    if service:
        return f"find the trail that holds its calls of {service}, every Region included, and ingest its logs"
    used = diff.principal.last_used
    when = f" of {used.date().isoformat()}" if used else ""
    return f"find the trail that holds its use{when}, every Region included, and ingest its logs"


def _drawn_names(caveat: Caveat, _diff: PrincipalDiff, _min_days: int) -> str:
    action, _, shape = caveat.item.partition(" ")[2].partition(" ")
    return f"keep {action}, and what else is done to them, on {shape} by a decision"


def _unexplained(caveat: Caveat, _diff: PrincipalDiff, _min_days: int) -> str:
    """Of a key the policy and grants allow use as well, and grants stand in no policy.

    https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    """
    of_a_key = caveat.item.startswith("unexplained kms:")
    where = ", such as the key's policy or a grant (`aws kms list-grants`)" if of_a_key else ""
    return f"find what allowed the unexplained use{where}, else keep what it stands for by a decision"


def _unknown_pattern(caveat: Caveat, _diff: PrincipalDiff, _min_days: int) -> str:
    if caveat.message.startswith("AWS asks"):
        pattern = caveat.item.partition(" ")[2]
        return f"allow `{pattern}` by a policy of your own beside it, and accept this by a decision"
    return "correct the name in the policy, or run `lpgen catalog update` if AWS has it"


def _too_large(caveat: Caveat, _diff: PrincipalDiff, _min_days: int) -> str:
    first = f"attach {AUDIT_POLICY} or the like" if AUDIT_POLICY in caveat.message else "split it into several"
    return f"{first}, or drop kept actions by decisions"


def _new_names(caveat: Caveat, _diff: PrincipalDiff, _min_days: int) -> str:
    return f"keep what is done to them on {caveat.item.partition(' ')[2]}, or narrower, by a decision"


def _fixed(text: str) -> Callable[[Caveat, PrincipalDiff, int], str]:
    return lambda _caveat, _diff, _min_days: text


_STEPS: Final[dict[CaveatKind, Callable[[Caveat, PrincipalDiff, int], str]]] = {
    CaveatKind.UNMAPPED_EVENT: _fixed("look up which action the call needs, and keep that one by a decision"),
    CaveatKind.UNKNOWN_PATTERN: _unknown_pattern,
    CaveatKind.GRANTS_UNKNOWN: _fixed("export the authorization details again, without a filter"),
    CaveatKind.SHORT_COVERAGE: _short_coverage,
    CaveatKind.THIN_DAYS: _fixed(
        "look whether log files of these days are missing and ingest them, or accept this if so little went on"
    ),
    CaveatKind.MISSING_FILES: _fixed("compare the log files with those in the trail's bucket, and ingest all of them"),
    CaveatKind.YOUNG_PRINCIPAL: _wait,
    CaveatKind.YOUNG_POLICY: _wait,
    CaveatKind.COVERAGE_HOLE: _coverage_hole,
    CaveatKind.OTHER_REGIONS: _fixed(
        "ingest the logs of all Regions, or give the settings of a trail that records them all with --trails"
    ),
    CaveatKind.RECREATED: _fixed("make sure that nothing needs what only the earlier one of its name used"),
    CaveatKind.UNEXPLAINED_USE: _unexplained,
    CaveatKind.DRAWN_NAMES: _drawn_names,
    CaveatKind.NEW_NAMES: _new_names,
    CaveatKind.SELDOM_USED: _fixed(
        "ask its owner what it is for: access for emergencies keeps its policies, for anything else accept this"
    ),
    CaveatKind.DANGEROUS_ATTEMPT: _fixed("drop the action by a decision, or accept this if it is needed"),
    CaveatKind.TOO_MANY_RESOURCES: _fixed("narrow the old policy by hand where its resources have a common name"),
    CaveatKind.UNEVEN_PERMISSION_SET: _fixed(
        "provision the permission set into all its accounts, then take a new snapshot; a customer managed policy that"
        " differs on purpose is changed in its own account"
    ),
    CaveatKind.UNLISTED_ROLE: _fixed("give the policies of these accounts too, such as by a snapshot of all of them"),
    CaveatKind.OTHER_ACCOUNT: _fixed("clear up the same in the permission set's other accounts, or accept it there"),
    CaveatKind.TOO_LARGE: _too_large,
    CaveatKind.UNPROVEN: _fixed("write its policies with fewer patterns, and with fewer wildcards in each"),
    CaveatKind.VERIFICATION: _fixed("read the checks that did not pass, and don't put it in place"),
}
