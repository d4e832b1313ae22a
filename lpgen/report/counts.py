"""The sums of a principal's verdicts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Final

from lpgen.core.backtests import NO_REACH, Reach
from lpgen.core.choices import KeepUnobservable, UnobservableKind
from lpgen.core.findings import UNSEEN, Confidence, Proposal, Verdict, Verdicts
from lpgen.core.model import AccessLevel, Action
from lpgen.core.replacements import Line, LineKind


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of distinct actions. `granted` is `used + attempted + unused + unobservable`.

    `replacement` counts the actions in the replacement or in policies left attached: `held` of them without seen use,
    `kept` of these only because the logs can't show it. `removed` counts the granted actions that aren't among them,
    and `dangerous` the dangerous ones of these that no record shows in use. All these are 0 where there is no
    replacement. `dangerous_unused` counts the dangerous grants without seen use, whether removed or kept.

    The numbers `all_KIND` and `signed_KIND` count the unobservable actions of a kind that each choice of
    `--keep-unobservable` keeps; `none` keeps none of them.

    The `reach` numbers are those of `lpgen.core.backtests.Reach`, also 0 where there is no replacement.
    """

    granted: int = 0
    used: int = 0
    attempted: int = 0
    unused: int = 0
    unobservable: int = 0
    ungranted: int = 0
    kept: int = 0
    replacement: int = 0
    removed: int = 0
    dangerous: int = 0
    dangerous_unused: int = 0
    held: int = 0
    reach_places: int = 0
    reach_old: int = 0
    reach_new: int = 0
    reach_pinned_places: int = 0
    reach_pinned_old: int = 0
    reach_pinned_new: int = 0
    all_data_events: int = 0
    all_other_protocol: int = 0
    all_inside_call: int = 0
    all_internal: int = 0
    all_unclassified: int = 0
    signed_data_events: int = 0
    signed_other_protocol: int = 0
    signed_inside_call: int = 0
    signed_internal: int = 0
    signed_unclassified: int = 0

    @property
    def reach(self) -> Reach:
        """How far the old policies reach and the replacements do."""
        return Reach(*(getattr(self, f"reach_{one.name}") for one in fields(Reach)))

    def kept_by(self, choice: KeepUnobservable, kind: UnobservableKind) -> int:
        """How many unobservable actions of a kind a choice keeps."""
        return 0 if choice is KeepUnobservable.NONE else int(getattr(self, _field_of(choice, kind)))

    def __add__(self, other: Counts) -> Counts:
        names = [one.name for one in fields(self)]
        return Counts(*(getattr(self, name) + getattr(other, name) for name in names))


@dataclass(frozen=True, slots=True)
class LevelCount:
    """How many actions of one service and access level are granted, and how many of them were used or attempted."""

    granted: int = 0
    seen: int = 0

    def __add__(self, other: LevelCount) -> LevelCount:
        return LevelCount(self.granted + other.granted, self.seen + other.seen)


Matrix = Mapping[str, Mapping[AccessLevel, LevelCount]]
"""Granted against used: by service, sorted, and by access level, without the empty ones."""

_SEEN: Final = frozenset({Verdict.USED, Verdict.ATTEMPTED})
USED_KINDS: Final = (LineKind.OBSERVED, LineKind.INFERRED)


def _field_of(choice: KeepUnobservable, kind: UnobservableKind) -> str:
    return f"{choice}_{kind.replace('-', '_')}"


def has_documents(proposal: Proposal) -> bool:
    """Whether there is a replacement to put in place: one was made, and it wasn't refused."""
    return proposal.replacement is not None and not proposal.replacement.refusal


def replacement_lines(proposal: Proposal) -> tuple[Line, ...]:
    """The lines that the replacement's documents hold, each once, sorted; none where there is no replacement."""
    documents = proposal.replacement.documents if has_documents(proposal) and proposal.replacement else ()
    found = {line for document in documents for statement in document.statements for line in statement.lines}
    return tuple(sorted(found, key=lambda line: (line.action, line.scope, line.parent, line.kind, line.why)))


def counts_of_proposal(
    proposal: Proposal,
    kinds: Mapping[LineKind, Collection[Action]],
    removals: Mapping[Confidence, int],
    left: Collection[Action] = (),
) -> Counts:
    """The numbers of one principal, from its verdicts, its replacement's actions by kind, the number of removals by
    confidence, and the actions that policies left attached grant."""
    written = frozenset(action for actions in kinds.values() for action in actions)
    staying = written.union(left)
    unseen = (action for action, one in proposal.diff.verdicts.judged() if one.verdict in UNSEEN) if left else ()
    by_verdict = proposal.diff.verdicts.by_verdict()
    dangerous = [one.action for one in proposal.diff.verdicts.dangerous_unseen()]
    reach = proposal.diff.reach if has_documents(proposal) else NO_REACH
    return Counts(
        granted=by_verdict.total() - by_verdict[Verdict.UNGRANTED],
        used=by_verdict[Verdict.USED],
        attempted=by_verdict[Verdict.ATTEMPTED],
        unused=by_verdict[Verdict.UNUSED],
        unobservable=by_verdict[Verdict.UNOBSERVABLE],
        ungranted=by_verdict[Verdict.UNGRANTED],
        kept=len(kinds.get(LineKind.KEPT, ())),
        replacement=len(staying),
        removed=sum(removals.values()),
        dangerous=len([one for one in dangerous if one not in staying]) if has_documents(proposal) else 0,
        dangerous_unused=len(dangerous),
        held=sum(len(actions) for kind, actions in kinds.items() if kind not in USED_KINDS)
        + len((staying - written).intersection(unseen)),
        **{f"reach_{name}": number for name, number in asdict(reach).items()},
        **{_field_of(choice, kind): number for (kind, choice), number in proposal.diff.verdicts.by_kind().items()},
    )


def confidence_of_removal(proposal: Proposal, staying: Collection[Action]) -> dict[Confidence, int]:
    """The number of granted actions that aren't in `staying` and are removed, by confidence in the order of
    `Confidence`.

    All are 0 where there is no replacement.
    """
    judged = proposal.diff.verdicts.judged() if has_documents(proposal) else ()
    removed = Counter([one for action, one in judged if action not in staying])
    found = dict.fromkeys(Confidence, 0)
    for judgement, count in removed.items():
        if judgement.verdict is not Verdict.UNGRANTED:
            found[judgement.confidence] += count
    return found


def matrix_from_verdicts(verdicts: Verdicts) -> Matrix:
    """Granted against used, by service and access level."""
    granted, seen = Counter[tuple[str, AccessLevel]](), Counter[tuple[str, AccessLevel]]()
    for action, judgement in verdicts.judged():
        if judgement.verdict is not Verdict.UNGRANTED:
            cell = _cell(action, verdicts.facts[action].level)
            granted[cell] += 1
            if judgement.verdict in _SEEN:
                seen[cell] += 1
    found: dict[str, dict[AccessLevel, LevelCount]] = defaultdict(dict)
    for service, level in granted:
        found[service][level] = LevelCount(granted[service, level], seen[service, level])
    return {service: found[service] for service in sorted(found)}


@lru_cache(maxsize=1 << 16)
def _cell(action: Action, level: AccessLevel) -> tuple[str, AccessLevel]:
    """The cell of the matrix that an action counts in: its service and access level."""
    return action.partition(":")[0], level


def sum_matrix(matrix: Matrix) -> dict[AccessLevel, LevelCount]:
    """The matrix summed over services, with every level in order."""
    return {
        level: sum((row.get(level, LevelCount()) for row in matrix.values()), LevelCount()) for level in AccessLevel
    }


def sorted_levels(row: Mapping[AccessLevel, LevelCount]) -> list[AccessLevel]:
    """The access levels of a row, from List to Permissions management."""
    return [level for level in AccessLevel if level in row]
