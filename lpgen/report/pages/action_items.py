"""The tasks for a reader of a review, in order, with the principals that each one is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lpgen.core.evidence import CoverageSource
from lpgen.core.findings import PrincipalClass
from lpgen.core.options import Options
from lpgen.core.registry.caveats import CaveatKind
from lpgen.core.rollout.refusals import Exceptions, refusals_of_principal
from lpgen.report.commands import Given
from lpgen.report.guards_note import others_than_trust
from lpgen.report.pages.blocks import Line, bad, count, good, line, name, plural
from lpgen.report.pages.words import label_in_list
from lpgen.report.views import PrincipalView, ReviewView


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do: for which principals, how, and in which steps. `lead` introduces the principals, or is ""."""

    words: Line
    views: tuple[PrincipalView, ...] = ()
    lead: str = ""
    how: tuple[Line, ...] = ()
    steps: tuple[Task, ...] = ()


def tasks_of_review(view: ReviewView, given: Given | None = None) -> tuple[Task, ...]:
    """The tasks, those that gain most first. Commands have the options given, or placeholders without any."""
    return (
        *_unread(view, given),
        *_unusual(view),
        *_roll_out(view, given),
        *_not_safe(view),
        *_by_proposal(view),
        *_unseen(view),
        *_odds(view),
    )


def _unread(view: ReviewView, given: Given | None) -> Iterable[Task]:
    """Log files that can't be read. They come before all else, since they may hold anybody's use."""
    files = view.report.unread_files
    if files:
        words = bad(f"Fetch {plural(files, 'log file')} again that can't be read")
        again = "lpgen ingest PATH --data DIR -v" if given is None else given.text("ingest", ("LOGS",), ("-v",))
        how = line("see which, and why: ", name(again))
        holder = "it holds" if files == 1 else "they hold"
        yield Task(line(words, f": what {holder} looks unused"), how=(how,))


def _unusual(view: ReviewView) -> Iterable[Task]:
    """Unusual use: somebody has to say whose it was."""
    found = [(one, caveat) for one in view.made for caveat in one.caveats if caveat.kind is CaveatKind.UNUSUAL_USE]
    if found:
        number = len({one.diff.principal.arn for one, _ in found})
        words = bad(f"Ask the owners of {plural(number, 'principal')} who made unusual, dangerous calls")
        steps = tuple(Task(line(name(label_in_list(one)), ": ", caveat.message)) for one, caveat in found)
        yield Task(line(words, ", and drop what the team didn't do with ", name("--decisions FILE")), steps=steps)


def _roll_out(view: ReviewView, given: Given | None) -> Iterable[Task]:
    # Replacements that `lpgen rollout` would refuse come last.
    safe = tuple(sorted((one for one in view.to_make if one.proposal.safe), key=_is_left_by_rollout))
    if safe:
        removed = sum(one.counts.removed for one in safe)
        if given is None:
            command = f"lpgen generate --data DIR{_policies(view)}{_given(view)} --output DIR"
        else:
            command = given.text("generate", ("--output", "lpgen-out"))
        yield Task(
            line(
                good(f"Put {plural(len(safe), 'safe replacement')} in place"),
                f"; {'it removes' if len(safe) == 1 else 'they remove'} {plural(removed, 'grant')}",
            ),
            safe,
            "most to gain",
            (line("write them with ", name(command)),),
        )


def _is_left_by_rollout(view: PrincipalView) -> bool:
    return bool(refusals_of_principal(view.diff.principal, Exceptions(), folder=""))


def _policies(view: ReviewView) -> str:
    """The option that gives the policies again, "" where they come with the data folder."""
    snapshot = view.report.snapshot
    return "" if snapshot and "policies" in snapshot.used else " --policies PATH"


def _given(view: ReviewView) -> str:
    """The options that give again what else the review was given, as far as it shows."""
    report, taken = view.report, view.report.snapshot.used if view.report.snapshot else ()
    guards, accounts = report.guards, report.diff.coverage.accounts
    decided = bool(report.diff.expired) or any(
        one.accepted or one.has_decided or one.diff.dropped for one in view.views
    )
    given = (
        (report.min_days != Options().min_days, f" --min-days {report.min_days}"),
        (decided, " --decisions FILE"),
        (any(one.known_from is CoverageSource.TRAILS for one in accounts), " --trails FILE"),
        (guards.boundary is not None, " --boundary FILE"),
        (bool(guards.scps) and "scps" not in taken, " --scps FILE"),
        (others_than_trust(guards) > 0 and "resource policies" not in taken, " --resource-policies DIR"),
    )
    return "".join(option for is_given, option in given if is_given)


def _not_safe(view: ReviewView) -> Iterable[Task]:
    unsafe = [one for one in view.to_make if not one.proposal.safe]
    if unsafe:
        what = bad(f"Clear up what is not safe yet ({count(len(unsafe))})")
        words = line(what, ", or accept the reasons with ", name("--decisions FILE"))
        yield Task(words, steps=tuple(_steps(unsafe)))


def _steps(unsafe: Sequence[PrincipalView]) -> Iterable[Task]:
    found: dict[str, list[PrincipalView]] = defaultdict(list)
    ranks: dict[str, tuple[int, int]] = {}
    for one in unsafe:
        steps = {caveat.step: caveat for caveat in one.caveats if caveat.kind is not CaveatKind.UNUSUAL_USE}
        for step, caveat in steps.items():
            found[step].append(one)
            ranks[step] = min(ranks.get(step, caveat.order[:2]), caveat.order[:2])
    for step in sorted(found, key=lambda step: (ranks[step], step)):
        yield Task(line(step), tuple(found[step]))


def _by_proposal(view: ReviewView) -> Iterable[Task]:
    found: dict[tuple[int, str], list[PrincipalView]] = defaultdict(list)
    order = (PrincipalClass.GRANTS_UNKNOWN, PrincipalClass.NOT_COVERED, PrincipalClass.UNSEEN, PrincipalClass.UNUSED)
    for one in view.views:
        if one.proposal.replacement is None and one.diff.principal_class in order:
            step = one.diff.task
            if one.diff.principal_class is PrincipalClass.UNUSED and _is_unsure(one):
                step = f"clear up why it isn't sure yet, then {step}"
            found[order.index(one.diff.principal_class), step].append(one)
    for key in sorted(found):
        yield Task(line(f"{key[1][:1].upper()}{key[1][1:]}"), tuple(found[key]))


def _is_unsure(view: PrincipalView) -> bool:
    """Whether something speaks against a disuse that the proposal itself doesn't ask about."""
    return any(one.kind is not CaveatKind.COVERAGE_HOLE or one.parameters["service"] for one in view.caveats)


def _unseen(view: ReviewView) -> Iterable[Task]:
    """Attempts by principals in place that the logs don't show: they may have been refused."""
    in_place = [one for one in view.made if one.proposal.in_place]
    for task in _steps(in_place):
        yield replace(task, words=line("In place, but tried what the logs don't show: ", *task.words))


def _odds(view: ReviewView) -> Iterable[Task]:
    report = view.report
    if report.problems:
        yield Task(line(f"Fix {plural(len(report.problems), 'problem')} of the files given"))
    if report.diff.unlisted:
        number = plural(len(report.diff.unlisted), "principal")
        words = f"Export the policies of {number} in the logs that the policy files don't have"
        if not _policies(view):
            gone = "was deleted" if len(report.diff.unlisted) == 1 else "were deleted"
            words = f"Find out whether {number} in the logs that the snapshot lacks {gone}; if not, take a new one"
        yield Task(line(words))
    if report.diff.expired:
        yield Task(line(f"Renew or delete {plural(len(report.diff.expired), 'expired decision')}"))
