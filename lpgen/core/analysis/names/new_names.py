"""Resources that are new each time: what a principal is handed next has a name that the logs don't hold yet.

A replacement lists the names that were seen, where no rule makes a pattern of them. While new ones keep coming, as
buckets do for who audits all of them or folders for who stores what devices send, it would refuse the next. That is
said by a caveat, and a person decides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from lpgen.core.analysis.names.drawn_names import common_start, is_creation_of
from lpgen.core.analysis.names.families import FAMILY_SIZE
from lpgen.core.analysis.names.next_names import NextNames
from lpgen.core.analysis.names.shapes import named_parts, split_tail
from lpgen.core.grounds import AccountCoverage, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.model import Outcome, ResourceKind
from lpgen.core.registry.caveats import Caveat, CaveatKind
from lpgen.core.replacements import Line

_BEFORE_ACCOUNT = 4
_OBJECT = re.compile(r"arn:[^:]+:s3:::[^/]+/")


def new_name_caveats(
    grants: PrincipalGrants, usage: PrincipalUsage, lines: Iterable[Line], coverage: AccountCoverage | None
) -> Iterable[Caveat]:
    """A caveat for each kind of resource of which new ones were used on many days of the logs' second half, where the
    old policies allow the next one too and the `lines` only those that were seen.

    What the principal creates itself isn't counted here.
    """
    following = NextNames(grants, lines)
    told: set[str] = set()
    for head, tail, uses in _lately_new(usage.uses, coverage):
        for pattern, listed in following.listed(uses).items():
            names = {use.resource.text for use in listed}
            if names <= told or min(len(names), len({_day(use) for use in listed})) < FAMILY_SIZE:
                continue
            start = head if head.count(":") == _BEFORE_ACCOUNT else common_start(names)
            shape = following.refused(pattern, {use.action for use in listed}, f"{start}*{tail}")
            if shape:
                told |= names
                yield Caveat.of(
                    CaveatKind.NEW_NAMES, names=len(names), example=min(names), days=FAMILY_SIZE, shape=shape
                )


def _lately_new(uses: Iterable[Use], coverage: AccountCoverage | None) -> Iterable[tuple[str, str, Sequence[Use]]]:
    """The uses of resources that were first used in the second half of the logs, by what they have in common but for
    one part of their names or their account, with what stands before and behind that."""
    if coverage is None:
        return
    days = sorted(coverage.days) or [coverage.first_day]
    half = days[(len(days) - 1) // 2].isoformat()
    named = [
        use
        for use in uses
        if use.outcome is not Outcome.DENIED and use.resource.kind in (ResourceKind.ARN, ResourceKind.FOLD)
    ]
    known = {use.resource.text for use in named if _day(use) <= half or is_creation_of(use)}
    kinds: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for use in named:
        if use.resource.text not in known:
            bucket = _OBJECT.match(use.resource.text)
            whole = ((bucket.group(), split_tail(use.resource.text)[1]),) if bucket else ()
            for place in whole or named_parts(use.resource.text):
                kinds[place].append(use)
    for (head, tail), group in sorted(kinds.items()):
        yield head, tail, group


def _day(use: Use) -> str:
    return use.evidence.first_seen[:10]
