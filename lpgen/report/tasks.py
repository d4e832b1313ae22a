"""What to do about a review: one list, sorted by risk, then by how many replacements become safe."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.kinds import order_of_kind
from lpgen.core.findings import PrincipalClass
from lpgen.core.registry.row import Caveat, Remedy
from lpgen.report.blocks import Command, Given, Line, Option, bad, count, good, line, name, plural
from lpgen.report.summary import PrincipalSummary, ReviewSummary
from lpgen.report.words import label_in_list, name_for_option, owner_of, sentence

_OUTPUT: Final = "lpgen-out"
_LOOK_BACK: Final = ("--look-back",)
_DRAFT: Final = "--write-decisions"


@dataclass(frozen=True, slots=True)
class Task:
    """A task, with its principals, command and steps."""

    words: Line
    principals: tuple[PrincipalSummary, ...] = ()
    command: Command | None = None
    steps: tuple[Task, ...] = ()


def tasks_of_review(review: ReviewSummary, given: Given) -> tuple[Task, ...]:
    """The tasks, in the order to do them. Commands have the options given.

    The most harmful come first: unreadable files, because they may hold anyone's use, then roles that outsiders can
    assume, then unusual use. Safe replacements come before tasks that make fewer others safe.
    """
    tasks = chain(
        _unread(review, given),
        _outsiders(review, given),
        _unusual(review, given),
        _replacements(review, given),
        _by_class(review, given),
        _in_place(review, given),
        _inputs(review, given),
    )
    return tuple(_with_one_draft(tasks))


def closing_tasks(review: ReviewSummary, given: Given) -> Iterator[Task]:
    """What a reader can do if nothing more urgent is left."""
    if review.safe:
        plan = given.command("rollout plan", (_OUTPUT,), ("--output", "plan.json"))
        yield Task(line("Plan the API calls that put them in place."), command=plan)
    html = given.command("review", ("--format", "html"), ("--output", "review.html"))
    yield Task(line("Read the whole review in a browser."), command=html)
    if review.principals:
        save = given.command("baseline save", (review.report.diff.as_of.isoformat(),))
        yield Task(line("Save this state. `lpgen drift` then shows what changes."), command=save)
    yield Task(line("Read the whole review here."), command=given.command("review", ("--full",)))


def _with_one_draft(tasks: Iterable[Task]) -> Iterator[Task]:
    """The tasks, with a draft of decisions only in the first: its file includes the others, and then it exists."""
    first = 0
    for number, task in enumerate(tasks, start=1):
        drafts = task.command is not None and any(option[0] == _DRAFT for option in task.command.added)
        if drafts and first:
            yield replace(task, words=line(task.words, f" The draft in step {first} includes them."), command=None)
            continue
        first = number if drafts else first
        yield task


# ---------------------------------------------------------------- harm


def _unread(review: ReviewSummary, given: Given) -> Iterator[Task]:
    files = review.report.unread_files
    if files:
        words = bad(f"Fetch {plural(files, 'unreadable log file')} again")
        yield Task(line(words, ". Until then, this review lacks some use."), command=_ingest(review, given, ("-v",)))


def _outsiders(review: ReviewSummary, given: Given) -> Iterator[Task]:
    if roles := review.assumable:
        policies, them = ("policies", "them") if len(roles) > 1 else ("policy", "it")
        words = bad(f"In the trust {policies} of {plural(len(roles), 'role')}, name who may assume {them}")
        yield Task(line(words, f", or accept that outsiders can assume {them}."), roles, _decide(given))


def _unusual(review: ReviewSummary, given: Given) -> Iterator[Task]:
    found = review.unusual
    if found:
        owners = f"Ask the {'owner' if len(found) == 1 else 'owners'} of {plural(len(found), 'principal')}"
        words = bad(f"{owners} about unusual, dangerous calls")
        steps = tuple(
            Task(line(name(label_in_list(summary)), f"{_owner_words(summary)}: ", caveat.message))
            for summary in found
            for caveat in summary.unusual
        )
        yield Task(
            line(words, ". Add a decision to drop calls that the team didn't make."),
            found,
            _look(found[0], given),
            steps,
        )


def _owner_words(summary: PrincipalSummary) -> str:
    owner = owner_of(summary)
    return f" (owner {owner.name}, by {owner.source})" if owner else ""


# ---------------------------------------------------------------- replacements


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A principal without a safe replacement, and its open caveats by remedy."""

    summary: PrincipalSummary
    caveats: Mapping[_Key, tuple[Caveat, ...]]


_Key = tuple[Remedy, str]
"""A remedy. For a look at details, also the kind of caveat to look at."""


def _replacements(review: ReviewSummary, given: Given) -> Iterator[Task]:
    put = [_put_in_place(review.safe, given)] if review.safe else []
    for task, freed in _freeing(review, list(_blocked(review)), given):
        if put and _gain_of(review.safe) >= freed:
            yield put.pop()
        yield task
    yield from put


def _gain_of(principals: Collection[PrincipalSummary]) -> tuple[int, int]:
    """How much replacements gain: those that cut a path to administrative rights count more than all others."""
    return sum(summary.cuts_admin for summary in principals), len(principals)


def _put_in_place(safe: Sequence[PrincipalSummary], given: Given) -> Task:
    removed = plural(sum(summary.counts.removed for summary in safe), "granted action")
    words = good(f"Write {plural(len(safe), 'safe replacement')}")
    verb = "removes" if len(safe) == 1 else "remove"
    first = [summary for summary in safe if summary.cuts_admin]
    start = (Task(line("Start with those that cut paths to administrative rights"), tuple(first)),) if first else ()
    what = line(words, f", which {verb} {removed}.")
    return Task(what, tuple(safe), given.command("generate", ("--output", _OUTPUT)), start)


def _blocked(review: ReviewSummary) -> Iterator[_Blocked]:
    for principal in review.principals:
        missing = _MISSING.get(principal.principal_class)
        by_key: dict[_Key, list[Caveat]] = defaultdict(list)
        if principal.is_replaced and not principal.in_place:
            for caveat in principal.caveats:
                if caveat.kind is not DangerCaveat.UNUSUAL_USE:
                    by_key[_key_of(caveat)].append(caveat)
        elif missing is not None and not principal.is_replaced:
            by_key[missing, ""] = []
        if by_key:
            yield _Blocked(principal, {key: tuple(caveats) for key, caveats in by_key.items()})


_MISSING: Final = {PrincipalClass.NOT_COVERED: Remedy.INGEST, PrincipalClass.GRANTS_UNKNOWN: Remedy.SNAPSHOT}


def _key_of(caveat: Caveat) -> _Key:
    return caveat.remedy, caveat.kind if caveat.remedy is Remedy.LOOK else ""


def _freeing(
    review: ReviewSummary, blocked: Sequence[_Blocked], given: Given
) -> Iterator[tuple[Task, tuple[int, int]]]:
    """The tasks, each with the gain from the principals that it unblocks once the tasks before it are done.

    The task with the most gain comes first, and among equals the task that concerns most principals.
    """
    done: set[_Key] = set()
    while waiting := [principal for principal in blocked if principal.caveats.keys() - done]:
        held = Counter(key for principal in waiting for key in principal.caveats.keys() - done)
        frees: dict[_Key, list[PrincipalSummary]] = {key: [] for key in held}
        for principal in waiting:
            if len(left := principal.caveats.keys() - done) == 1:
                frees[next(iter(left))].append(principal.summary)
        gains = {key: _gain_of(freed) for key, freed in frees.items()}
        key = min(held, key=lambda key: (*(-number for number in gains[key]), -held[key], key))
        done.add(key)
        concerned = [principal for principal in waiting if key in principal.caveats]
        yield _clearing(key, concerned, len(frees[key]), review, given), gains[key]


def _clearing(key: _Key, held: Sequence[_Blocked], freed: int, review: ReviewSummary, given: Given) -> Task:
    remedy = key[0]
    principals = tuple(blocked.summary for blocked in held)
    caveats = [(caveat, blocked.summary) for blocked in held for caveat in blocked.caveats[key]]
    by_step: dict[str, dict[str, PrincipalSummary]] = defaultdict(dict)
    for caveat, summary in sorted(caveats, key=lambda pair: order_of_kind(pair[0].kind)):
        by_step[caveat.step][summary.arn] = summary
    titles = (caveat.kind.row.title.rstrip(".") for caveat, _ in caveats)
    words = next(iter(by_step)) if len(by_step) == 1 else _WORDS.get(remedy) or next(titles)
    all_held = plural(len(held), "principal")
    gain = f"unblocks {all_held}" if freed == len(held) else f"unblocks {count(freed)} of {all_held}"
    steps = tuple(Task(line(sentence(step)), tuple(some.values())) for step, some in by_step.items())
    command = _command(remedy, principals, review, given)
    return Task(line(sentence(words), f" ({gain})."), principals, command, steps if len(steps) > 1 else ())


_WORDS: Final = {
    Remedy.DECIDE: "decide what only people can judge, in a decisions file",
    Remedy.INGEST: "ingest the missing logs",
    Remedy.SNAPSHOT: "take a snapshot of policies and service last accessed data",
    Remedy.CATALOG: "correct the names of unknown actions, or update the catalog",
}


def _command(
    remedy: Remedy, principals: Sequence[PrincipalSummary], review: ReviewSummary, given: Given
) -> Command | None:
    only = _only(principals[0]) if len(principals) == 1 else ()
    match remedy:
        case Remedy.INGEST:
            return _ingest(review, given)
        case Remedy.SNAPSHOT:
            return _snapshot(given)
        case Remedy.CATALOG:
            return given.command("catalog update")
        case Remedy.BACKTEST:
            return given.command("backtest", *only, _LOOK_BACK)
        case Remedy.LOOK:
            return _look(principals[0], given)
        case Remedy.REPEAT:
            return given.command("review", without={"--no-backtest"})
        case Remedy.DECIDE:
            return _decide(given, *only)


def _only(summary: PrincipalSummary) -> tuple[Option, ...]:
    return (("--principal", name_for_option(summary)),)


def _look(summary: PrincipalSummary, given: Given) -> Command | None:
    return given.command("review", *_only(summary))


def _decide(given: Given, *only: Option) -> Command | None:
    """The command that drafts decisions in a new file. It never overwrites a file."""
    return given.command("review", *only, (_DRAFT, given.draft))


def _snapshot(given: Given) -> Command | None:
    """The command that takes a snapshot. It gets only `--data`, because other options have another meaning for it."""
    return given.command("snapshot", without={option[0] for option in given.options} - {"--data"})


def _ingest(review: ReviewSummary, given: Given, *added: Option) -> Command | None:
    """The command that ingests new logs from the place of the earlier ones, or None if they came from several."""
    place = review.report.log_place
    return given.command("ingest", (place,), *added) if place else None


# ---------------------------------------------------------------- other tasks


def _by_class(review: ReviewSummary, given: Given) -> Iterator[Task]:
    found: dict[tuple[int, str], list[PrincipalSummary]] = defaultdict(list)
    order = (PrincipalClass.UNSEEN, PrincipalClass.UNUSED)
    for principal in review.principals:
        if not principal.is_replaced and principal.principal_class in order:
            task = principal.task
            if principal.principal_class is PrincipalClass.UNUSED and _is_unsure(principal):
                task = f"find out why the logs are inconclusive, then {task}"
            found[order.index(principal.principal_class), task].append(principal)
    for key in sorted(found):
        yield Task(line(f"{sentence(key[1])}."), tuple(found[key]), _look(found[key][0], given))


def _is_unsure(summary: PrincipalSummary) -> bool:
    """Whether a caveat questions that the principal is unused, other than by what the proposal asks."""
    return any(
        caveat.kind is not LogsCaveat.COVERAGE_HOLE or caveat.parameters["service"] for caveat in summary.caveats
    )


def _in_place(review: ReviewSummary, given: Given) -> Iterator[Task]:
    """Tasks for attempts that the logs don't show, by principals with a replacement in place."""
    found: dict[str, list[PrincipalSummary]] = defaultdict(list)
    for summary in review.replaced:
        if summary.in_place:
            steps = {caveat.step for caveat in summary.open_caveats if caveat.kind is not DangerCaveat.UNUSUAL_USE}
            for step in steps:
                found[step].append(summary)
    for step in sorted(found):
        words = line(f"In place, but with attempts that the logs don't show: {step}.")
        yield Task(words, tuple(found[step]), _look(found[step][0], given))


def _inputs(review: ReviewSummary, given: Given) -> Iterable[Task]:
    """Tasks for what the inputs lack."""
    report, whole = review.report, given.command("review", ("--full",))
    if report.problems:
        yield Task(line(f"Fix {plural(len(report.problems), 'problem')} in the input files."), command=whole)
    if report.diff.unlisted and not review.principals:
        take = line("Take a snapshot of the policies to compare them with use.")
        yield Task(take, command=_snapshot(given))
    elif report.diff.unlisted:
        number = plural(len(report.diff.unlisted), "principal")
        are, were = ("is", "was") if len(report.diff.unlisted) == 1 else ("are", "were")
        words = f"Export the policies of {number} that {are} in the logs but not in the policy files."
        if report.snapshot and "policies" in report.snapshot.used:
            found = f"Find out whether {number} that {are} in the logs but not in the snapshot {were} deleted"
            words = f"{found}. If not, take a new snapshot."
        yield Task(line(words), command=whole)
    if report.diff.expired:
        yield Task(line(f"Renew or delete {plural(len(report.diff.expired), 'expired decision')}."), command=whole)
