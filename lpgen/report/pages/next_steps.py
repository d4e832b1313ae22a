"""The next steps for a reader of a review: those that free most replacements, with the commands for them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lpgen.core.findings import PrincipalClass
from lpgen.core.registry.caveats import Caveat
from lpgen.core.registry.row import Remedy
from lpgen.report.commands import Given
from lpgen.report.pages.blocks import Command, Line, bad, count, good, line, plural
from lpgen.report.pages.words import name_for_option
from lpgen.report.views import PrincipalView, ReviewView

MOST_STEPS: Final = 3

_Key = tuple[Remedy, str]
"""A remedy; for a look at details, also what to look for."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and the command for it."""

    words: Line
    command: Command


def next_steps(view: ReviewView, given: Given) -> tuple[Step, ...]:
    """The steps to take first: what makes all else unsure, then whatever frees most principals.

    A step frees those to whose replacement nothing else speaks once the steps before it are done.
    """
    return tuple(islice(_steps(view, given), MOST_STEPS))


def _steps(view: ReviewView, given: Given) -> Iterator[Step]:
    files = view.report.unread_files
    if files:
        yield Step(line(bad(f"Fetch {plural(files, 'log file')} again that can't be read.")), _ingest(given, ("-v",)))
    safe = [one for one in view.to_make if one.proposal.safe]
    put = [_put_in_place(safe, given)] if safe else []
    for step, freed in _freeing(_open(view), given):
        if put and len(safe) >= freed:
            yield put.pop()
        yield step
    yield from put
    yield from _others(view, given, has_safe=bool(safe))


def _put_in_place(safe: list[PrincipalView], given: Given) -> Step:
    removed = sum(one.counts.removed for one in safe)
    words = good(f"Write {plural(len(safe), 'safe replacement')}")
    return Step(
        line(words, f", which remove{'s' if len(safe) == 1 else ''} {plural(removed, 'granted action')}."),
        given.command("generate", ("--output", _OUTPUT)),
    )


# ---------------------------------------------------------------- what keeps replacements from being safe


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A principal without a safe replacement, and the open caveats by what clears them up."""

    view: PrincipalView
    caveats: Mapping[_Key, tuple[Caveat, ...]]


def _open(view: ReviewView) -> list[_Blocked]:
    found = []
    for one in view.views:
        missing = _MISSING.get(one.diff.principal_class)
        by_key: dict[_Key, list[Caveat]] = defaultdict(list)
        if one.proposal.replacement is not None and not one.proposal.in_place:
            for caveat in one.caveats:
                by_key[_key_of(caveat)].append(caveat)
        elif missing is not None and one.proposal.replacement is None:
            by_key[missing, ""] = []
        if by_key:
            found.append(_Blocked(one, {key: tuple(caveats) for key, caveats in by_key.items()}))
    return found


_MISSING: Final = {PrincipalClass.NOT_COVERED: Remedy.INGEST, PrincipalClass.GRANTS_UNKNOWN: Remedy.SNAPSHOT}


def _key_of(caveat: Caveat) -> _Key:
    return caveat.remedy, caveat.kind if caveat.remedy is Remedy.LOOK else ""


def _freeing(blocked: list[_Blocked], given: Given) -> Iterator[tuple[Step, int]]:
    """The steps, each with how many principals it frees after those before it: most first, and the most held next."""
    done: set[_Key] = set()
    while waiting := [one for one in blocked if one.caveats.keys() - done]:
        held = Counter(key for one in waiting for key in one.caveats.keys() - done)
        frees = Counter(key for one in waiting for key in one.caveats if one.caveats.keys() - done == {key})
        key = min(held, key=lambda one: (-frees[one], -held[one], one))
        done.add(key)
        yield _step(key, [one for one in waiting if key in one.caveats], frees[key], given), frees[key]


def _step(key: _Key, held: list[_Blocked], freed: int, given: Given) -> Step:
    remedy = key[0]
    caveats = [caveat for one in held for caveat in one.caveats[key]]
    steps = {caveat.step for caveat in caveats}
    words = steps.pop() if len(steps) == 1 else _WORDS.get(remedy) or caveats[0].kind.row.title.rstrip(".")
    gain = f"frees {count(freed)}" if freed == len(held) else f"frees {count(freed)} of {count(len(held))}"
    first = held[0].view
    alone = (("--principal", name_for_option(first)),) if len(held) == 1 or remedy is Remedy.LOOK else ()
    return Step(line(words[:1].upper(), words[1:], f" ({gain})."), _command(remedy, alone, given))


_WORDS: Final = {
    Remedy.DECIDE: "decide what only people can judge, in a file of decisions",
    Remedy.INGEST: "ingest the logs that are missing",
    Remedy.SNAPSHOT: "take a snapshot of policies and service last accessed",
    Remedy.CATALOG: "correct the names of unknown actions, or update the catalog",
}


def _command(remedy: Remedy, alone: tuple[tuple[str, str], ...], given: Given) -> Command:
    own = {"--principal"} if alone else set()
    match remedy:
        case Remedy.INGEST:
            return _ingest(given)
        case Remedy.SNAPSHOT:
            return given.command("snapshot", without={"--policies", "--trails"})
        case Remedy.CATALOG:
            return given.command("catalog update")
        case Remedy.BACKTEST:
            return given.command("backtest", *alone, without=own)
        case Remedy.LOOK:
            return given.command("review", *alone, without=own)
        case Remedy.REPEAT:
            return given.command("review", without={"--no-backtest"})
        case Remedy.DECIDE:
            return given.command("review", *alone, ("--write-decisions", _decisions(given)), without=own)


def _ingest(given: Given, *added: tuple[str, ...]) -> Command:
    return given.command("ingest", ("LOGS",), *added)


def _decisions(given: Given) -> str:
    """A new file, since none is replaced."""
    return "more-decisions.toml" if given.has("decisions.toml") else "decisions.toml"


# ---------------------------------------------------------------- what else there is to do


def _others(view: ReviewView, given: Given, *, has_safe: bool) -> Iterator[Step]:
    unused = [one for one in view.views if one.diff.principal_class is PrincipalClass.UNUSED]
    if unused:
        look = given.command("review", ("--principal", name_for_option(unused[0])), without={"--principal"})
        number = plural(len(unused), "principal")
        yield Step(line(f"Ask who needs the {number} without any use, and disable the others."), look)
    if view.report.problems or view.report.diff.unlisted or view.report.diff.expired:
        yield Step(line("Read what the inputs lack."), given.command("review", ("--full",)))
    if has_safe:
        plan = given.command("rollout plan", (_OUTPUT,), ("--output", "plan.json"))
        yield Step(line("Plan the calls that put them in place."), plan)
    html = given.command("review", ("--format", "html"), ("--output", "review.html"))
    yield Step(line("Read all of it in a browser."), html)
    save = given.command("baseline save", ("first",))
    yield Step(line("Save this state, to see with `lpgen drift` what changes."), save)
    yield Step(line("Read all of it here."), given.command("review", ("--full",)))


_OUTPUT: Final = "lpgen-out"
