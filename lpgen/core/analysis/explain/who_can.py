"""Who can do something: the explanations for several principals, in the order in which to look at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.explanations import Explanation, Used, WhoCan
from lpgen.core.findings import OutsideTrust
from lpgen.core.iam.decision import Result

_RESULTS: Final = (Result.ALLOWED, Result.DEPENDS, Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)
_USED: Final = tuple(Used)
_SEVERITIES: Final = tuple(Severity)

_OTHERS: Final = "callers that aren't in the policies given, such as other accounts, services and root users"


def who_can(asked: str, answers: Iterable[Explanation], trust: Sequence[OutsideTrust]) -> WhoCan:
    """The answers for the principals that the glob `asked` matches, ordered by what a security engineer does about
    them. `trust` has the outsiders that roles trust, the worst first.

    Principals that are allowed come first, then those for which it depends, then the others. Within these:

    1. Roles that somebody outside can assume: with the role, a stranger has the permission. The worst come first.
    2. Those that something in the principal's or the resource's policies allows. Only a policy that wasn't given could
       allow the others.
    3. By use: first permissions that were never used, since removing them breaks nothing, then those whose use the logs
       could not show, then those used, the longest ago first.
    """
    worst = {one.principal: _SEVERITIES.index(one.severity) for one in reversed(trust)}

    def rank(answer: Explanation) -> tuple[object, ...]:
        arn, seen = answer.question.principal.arn, answer.seen
        return (
            _RESULTS.index(answer.result),
            worst.get(arn, len(_SEVERITIES)),
            not answer.holes,
            _USED.index(seen.used) if seen else 0,
            seen.last if seen else "",
            arn,
        )

    found = tuple(sorted(answers, key=rank))
    unread = dict.fromkeys(clause for answer in found for clause in answer.unread)
    return WhoCan(asked, found, tuple(trust), (*unread, _OTHERS))
