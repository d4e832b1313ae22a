"""The inputs of a review: logs and the use that they can't show, policies, the snapshot, and decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lpgen.core.choices import KeepUnobservable, UnobservableKind
from lpgen.core.documents import DecisionsPart
from lpgen.core.evidence import SIDE_WORDS, AccountCoverage, CoverageSource
from lpgen.core.findings import Report, SkipCount
from lpgen.core.guards import Guards
from lpgen.core.model import Effect, Policy, SkipReason
from lpgen.core.replacements import DecisionKind, DecisionsStamp
from lpgen.core.snapshots import BucketLogging, SnapshotStamp
from lpgen.report.blocks import (
    REVIEW_ROWS,
    Block,
    Column,
    Heading,
    Line,
    Paragraph,
    Words,
    bad,
    bullets,
    count,
    line,
    more_rows,
    name,
    names,
    plural,
    quiet,
    table,
)
from lpgen.report.escaping import terminal_text
from lpgen.report.skip_words import SKIP_WORDS
from lpgen.report.summary import ReviewSummary, sum_counts
from lpgen.report.words import shorten


def coverage_blocks(review: ReviewSummary) -> Iterable[Block]:
    """The logs read for each account, and the use that they can't show."""
    report = review.report
    accounts = report.diff.coverage.accounts
    yield Heading(line("What the logs cover"), level=2, aside=True)
    if not accounts:
        yield Paragraph(line(bad("No record was read.")))
        return
    yield table(
        (
            Column("account"),
            Column("first day"),
            Column("last day"),
            Column("covered days", number=True),
            Column("records", number=True),
            Column("Regions", flexible=True),
        ),
        [_coverage_row(account, report.min_days) for account in accounts[:REVIEW_ROWS]],
    )
    yield from more_rows(len(accounts), "account")
    counted = "A record counts once for each file that contains it and each resource that it names"
    yield Paragraph(line(quiet(f"{counted}, so every number of records is an upper bound.")))
    yield bullets(*_unread_accounts(review.accounts_without_logs), *_all_coverage_notes(accounts[:REVIEW_ROWS]))


def _coverage_row(coverage: AccountCoverage, min_days: int) -> list[Words]:
    days = count(coverage.covered_days)
    return [
        name(coverage.account),
        coverage.first_day.isoformat(),
        coverage.last_day.isoformat(),
        days if coverage.covered_days >= min_days else bad(days),
        count(coverage.records),
        names(coverage.regions, most=4),
    ]


def _unread_accounts(unread: Sequence[str]) -> Iterable[Line]:
    if unread:
        yield line(bad("no log was read for "), names(unread, most=REVIEW_ROWS))


def _all_coverage_notes(accounts: Sequence[AccountCoverage]) -> Iterable[Line]:
    """The notes on all accounts. A note that several accounts share appears once, with all their names."""
    found: dict[tuple[Line, Line], list[str]] = defaultdict(list)
    for notes in (_hole_notes, _source_notes):
        for account in accounts:
            for before, after in notes(account):
                found[before, after].append(account.account)
    for (before, after), noted in found.items():
        yield line(before, names(noted, most=REVIEW_ROWS), after)


def _hole_notes(coverage: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    """The gaps in an account's logs, each as the words before and after the account."""
    for gap in coverage.gaps:
        yield line(bad("hole in ")), line(f": no record from {gap.first} to {gap.last}")
    for hole in coverage.uncovered:
        yield line(bad("hole in ")), line(f": {hole.first} to {hole.last}: {hole.why}")
    for change in coverage.change_notes:
        yield line("change in "), line(f": {change}")


def _source_notes(coverage: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    """Notes on the recorded events of an account, as the words before and after the account."""
    if coverage.known_from is not CoverageSource.LOG:
        yield from _trail_notes(coverage)
    if coverage.known_from is not CoverageSource.TRAILS:
        yield from _event_notes(coverage)


def _trail_notes(coverage: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    where = " of the snapshot, as far as the log shows it" if coverage.known_from is CoverageSource.BOTH else ""
    source = quiet(f"(from {CoverageSource.TRAILS}{where})")
    if not coverage.trails:
        yield line(bad("no trail records ")), line(" ", source)
    for trail in coverage.trails:
        yield line("recorded for "), line(" ", source, f": {trail}")


def _event_notes(coverage: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    """Notes on the recorded events, from the log itself."""
    source = quiet(f"(inferred from {CoverageSource.LOG})")
    for side in (True, False):
        if side not in coverage.sides():
            none = bad(f"no {SIDE_WORDS[side]} management events")
            yield line(none, " in "), line(" ", source, ": the trails may leave them out")
    seen = [line("; ", events) for events in _data_events(coverage)]
    said = line(*seen)[1:] or line("none, so calls on objects, items and messages aren't visible")
    taken: Line = ()
    if coverage.data_events and coverage.known_from is CoverageSource.LOG:
        below = ". Actions under a wildcard count as recorded only for principals with such events, unless you give "
        taken = line(below, name("--trails FILE"))
    yield line("data events of "), line(" ", source, ": ", said, taken)
    if coverage.summed:
        summed = names(sorted(coverage.summed), most=3)
        yield line("data events of "), line(" that are only aggregated: ", summed, ", so the callers aren't visible")
    if coverage.unseen:
        unseen = names(sorted(coverage.unseen), most=3)
        yield line("no records of some services in "), line(" ", source, ": ", unseen, "; the trails may exclude them")


def _data_events(coverage: AccountCoverage) -> Iterable[Line]:
    """The event sources with data events and their Regions. If only reads or only writes were seen, it says so."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for region, event_source in sorted(coverage.data_events):
        sides = coverage.sides(region, event_source)
        found[event_source, "" if len(sides) > 1 else f" (only {SIDE_WORDS[min(sides)]} ones)"].append(region)
    return [line(name(source), " in ", names(regions, most=3), which) for (source, which), regions in found.items()]


# ---------------------------------------------------------------- what no log shows


def unobservable_blocks(review: ReviewSummary) -> Iterable[Block]:
    """The number of unobservable actions that each choice keeps, over all replacements, by kind."""
    total = sum_counts(review.with_documents)
    kinds = [kind for kind in UnobservableKind if total.kept_by(KeepUnobservable.ALL, kind)]
    if not kinds:
        return
    yield Heading(line("What the logs can't show, and what --keep-unobservable would keep"), level=2, aside=True)
    yield table(
        (
            Column("kind"),
            Column("what", flexible=True),
            *(Column(choice.value, number=True) for choice in KeepUnobservable),
        ),
        [
            (name(kind), _KIND_WORDS[kind], *(count(total.kept_by(choice, kind)) for choice in KeepUnobservable))
            for kind in kinds
        ],
    )
    default = "The default, signed, keeps actions with a sign of use."
    choose = "To choose for one kind: --keep-unobservable KIND=all."
    yield Paragraph(line(quiet(f"Numbers are actions of all principals with a replacement. {default} {choose}")))


_KIND_WORDS: Final = {
    UnobservableKind.DATA_EVENTS: "events missing from the logs, mainly data events",
    UnobservableKind.OTHER_PROTOCOL: "used over another protocol or in a console",
    UnobservableKind.INSIDE_CALL: "checked inside another call",
    UnobservableKind.INTERNAL: "used by the service itself, or obsolete",
    UnobservableKind.UNCLASSIFIED: "no API call is known to need it",
}


# ---------------------------------------------------------------- policies and the snapshot


def guard_blocks(report: Report) -> Iterable[Block]:
    """The snapshot, and the policies that the report uses in addition to the principals' own."""
    yield Heading(line("Policies other than the principals' own"), level=2, aside=True)
    yield bullets(*_snapshot_notes(report.snapshot), *guards_notes(report))


def skip_blocks(skips: Sequence[SkipCount]) -> Iterable[Block]:
    """The records that don't count as usage, by reason."""
    if not skips:
        return
    records = sum(skip.records for skip in skips if skip.reason not in _WHOLE_FILES)
    yield Heading(line("Records not counted as usage", quiet(f" ({plural(records, 'record')})")), level=2, aside=True)
    yield table(
        (Column("what", flexible=True), Column("number", number=True), Column("example", flexible=True)),
        [
            (SKIP_WORDS[skip.reason], count(skip.records), name(skip.example_event_id) if skip.example_event_id else "")
            for skip in sorted(skips, key=lambda skip: (-skip.records, skip.reason))
        ],
    )


_WHOLE_FILES: Final = frozenset({SkipReason.UNREADABLE_FILE, SkipReason.NOT_CLOUDTRAIL})
"""Skips that count files, because the number of records is unknown."""


def problem_blocks(report: Report) -> Iterable[Block]:
    """The problems in the input files, and expired decisions."""
    if report.problems:
        number = quiet(f" ({count(len(report.problems))})")
        yield Heading(line("Problems in the input files", number), level=2, aside=True)
        yield bullets(*report.problems[:REVIEW_ROWS])
        yield from more_rows(len(report.problems), "problem")
    if report.diff.expired:
        yield Heading(line("Expired decisions", quiet(f" ({count(len(report.diff.expired))})")), level=2, aside=True)
        yield bullets(
            *(
                line(
                    f"{decision.kind} ",
                    name(decision.item or decision.action),
                    " for ",
                    name(decision.principal or "*"),
                    f", expired {decision.expires}: {decision.reason} ({decision.owner})",
                )
                for decision in report.diff.expired[:REVIEW_ROWS]
            )
        )
        yield from more_rows(len(report.diff.expired), "decision")


def guards_notes(report: Report) -> Iterator[Words]:
    """A sentence for each kind of guard."""
    guards = report.guards
    if guards.scps:
        yield line("SCPs: ", "; ".join(_scps(guards)))
    else:
        yield line("no SCPs given: permissions that they block are shown as allowed; add ", name("--scps FILE"))
    trusts, others = report.resource_counts
    if others:
        known = plural(others, "resource policy", "resource policies")
        yield line(f"resource policies: {known} and the trust policies of {plural(trusts, 'role')}")
    else:
        trusted = f" except the trust policies of {plural(trusts, 'role')}" if trusts else ""
        given = f"no resource policies given{trusted}: use that only they allow is shown as ungranted; add "
        yield line(given, name("--resource-policies DIR"))
    if guards.boundary is not None:
        yield line("permissions boundary: ", name(guards.boundary.name), " applies to every principal")


def _scps(guards: Guards) -> Iterator[str]:
    """The accounts whose SCPs limit grants, and the number of accounts without SCPs."""
    listed = [scp for scp in guards.scps if scp.account]
    capped = sum(bool(levels.levels) for levels in listed)
    everyone = [len(scp.levels) for scp in guards.scps if not scp.account]
    parts = [f"policies of {plural(capped, 'account')}"] if capped else []
    parts += [f"{plural(levels, 'level')} for every {'other ' if listed else ''}account" for levels in everyone]
    if parts:
        verb = "limits" if parts[0].startswith("1 level ") else "limit"
        yield f"{' and '.join(parts)} {verb} the grants"
    shut = [scp.account for scp in guards.scps if any(not _allows_anything(level) for level in scp.levels)]
    if shut:
        whose = "all accounts have" if "" in shut else plural(len(shut), "account has", "accounts have")
        yield f"{whose} a level that allows nothing, so nothing is granted there: is FullAWSAccess missing?"
    if len(listed) > capped:
        yield f"{plural(len(listed) - capped, 'account has', 'accounts have')} none"


def _allows_anything(level: Iterable[Policy]) -> bool:
    return any(statement.effect is Effect.ALLOW for policy in level for statement in policy.statements)


def _snapshot_notes(stamp: SnapshotStamp | None) -> Iterator[Words]:
    """A sentence on the snapshot, with its date. Its gaps are listed as problems."""
    if stamp is not None:
        gaps = f"; it has {plural(len(stamp.gaps), 'gap')}, listed under Problems" if stamp.gaps else ""
        yield line("snapshot ", name(stamp.name), f": {_facts(stamp)}; used: {_used(stamp)}{gaps}")


def render_used_snapshot(stamp: SnapshotStamp) -> str:
    """The message about the snapshot that a command uses: its facts, and each gap on its own line."""
    said = [f"snapshot {stamp.name} ({_facts(stamp)}); used: {_used(stamp)}"]
    return "\n".join(map(terminal_text, (*said, *_gap_lines(stamp))))


def render_taken_snapshot(stamp: SnapshotStamp, folder: str, logging: Sequence[BucketLogging] = ()) -> str:
    """The message at the end of `lpgen snapshot`. `logging` has the buckets with server access logs."""
    said = [f"snapshot {stamp.name}: {_facts(stamp)}, in {folder}", *_gap_lines(stamp)]
    if logging:
        places = sorted({f"s3://{one.target_bucket}/{one.folder}" for one in logging})
        more = f" and {count(len(places) - _SHOWN_PLACES)} more" if len(places) > _SHOWN_PLACES else ""
        shown = ", ".join(places[:_SHOWN_PLACES]) + more
        said.append(f"server access logs of {plural(len(logging), 'bucket')} are in {shown}: `lpgen ingest` reads them")
    return "\n".join(map(terminal_text, said))


_SHOWN_PLACES: Final = 3


def _gap_lines(stamp: SnapshotStamp) -> Iterator[str]:
    if stamp.gaps:
        yield f"gaps: {count(len(stamp.gaps))}"
        yield from (f"  {gap}" for gap in stamp.gaps)


def _facts(stamp: SnapshotStamp) -> str:
    principals = sum(account.roles + account.users for account in stamp.accounts)
    taken = f"taken {stamp.taken:%Y-%m-%d %H:%M} UTC"
    return f"{taken}, {plural(len(stamp.accounts), 'account')}, {plural(principals, 'role or user', 'roles and users')}"


def _used(stamp: SnapshotStamp) -> str:
    return ", ".join(stamp.used)


# ---------------------------------------------------------------- decisions


def decisions_notes(
    stamp: DecisionsStamp | None, accepted: int, noun: str = "reason", *, longest: int = 0
) -> Iterator[Line]:
    """A sentence on the decisions in use and on decisions that match nothing. Empty without decisions.

    `noun` is what decisions accept. A file name longer than `longest` is cut.
    """
    if stamp is not None:
        file = shorten(stamp.file, longest) if longest else stamp.file
        in_force = {kind: stamp.in_force.count(kind) for kind in DecisionKind}
        yield line("Decisions in ", name(file), f": {_counts(in_force, accepted, noun)}", *_idle(stamp.idle))


def _idle(closest: Sequence[str]) -> Iterator[Words]:
    """The end of the sentence: the number of decisions that match nothing, and what they may mean."""
    meant = sorted(set(filter(None, closest)))
    if closest:
        yield "; "
        yield bad(f"{plural(len(closest), 'matches', 'match')} nothing")
    yield from (": did you mean ", names(meant, most=3), "?") if meant else (".",)


def render_used_decisions(found: DecisionsPart | None) -> str:
    """A message on the decisions in use, or "" without decisions."""
    if found is None:
        return ""
    in_force = {kind: getattr(found, kind) for kind in DecisionKind}
    return f"decisions in {terminal_text(found.file)}: {_counts(in_force, found.accepted, 'reason')}"


def _counts(in_force: Mapping[DecisionKind, int], accepted: int, noun: str) -> str:
    kinds = ", ".join(f"{count(number)} {kind.replace('_', '-')}" for kind, number in in_force.items() if number)
    return f"{kinds or 'none in use'}{f' ({plural(accepted, noun)} accepted)' if accepted else ''}"
