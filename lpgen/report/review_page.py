"""The review as a page: what to do, what it rests on, all principals at a glance, then one by one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.findings import PrincipalClass, Report, SkipCount
from lpgen.core.grounds import AccountCoverage, CoverageSource, PrincipalUsage
from lpgen.core.model import Outcome
from lpgen.report.blocks import (
    Block,
    Bullets,
    Column,
    Heading,
    Item,
    Line,
    Paragraph,
    Show,
    Words,
    bad,
    bullets,
    count,
    good,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.counts import Counts
from lpgen.report.guards_note import guards_notes
from lpgen.report.next_steps import next_step
from lpgen.report.principal_page import principal_fold
from lpgen.report.snapshot_note import snapshot_notes
from lpgen.report.views import PrincipalView, ReviewView, review_view
from lpgen.report.words import CLASS_WORDS, SKIP_WORDS, caveat_order, label_of, short_label_of, state_of

_MOST_ROWS: Final = 25
_MOST_STEPS: Final = 10
_FIRST_CLAUSE: Final = re.compile(r"[:;] | \(")


def review_page(report: Report, *, only: str = "") -> tuple[Block, ...]:
    """The whole page of a report; with `only` the details of that principal alone, by its ARN."""
    view = review_view(report)
    return (
        *_title(report),
        *_headline(view),
        *_what_to_do(view),
        *_coverage(report),
        *_guards(report),
        *_skips(report.diff.skips),
        *_problems(report),
        *_unlisted(report.diff.unlisted),
        *_principals(view),
        *_details(view, only),
    )


# ---------------------------------------------------------------- the first screen


def _title(report: Report) -> Iterable[Block]:
    diff = report.diff
    yield Heading(line("lpgen review"), level=1)
    yield Paragraph(
        line(
            quiet(
                f"as of {diff.as_of.isoformat()}; catalog {diff.catalog_version} of {diff.catalog_date}; "
                f"safe needs {plural(report.min_days, 'covered day')}"
            )
        )
    )


def _headline(view: ReviewView) -> Iterable[Block]:
    made = [one for one in view.made if one.has_documents]
    safe = sum(one.proposal.safe for one in made)
    unsafe, refused = len(made) - safe, len(view.made) - len(made)
    if not view.views:
        yield Paragraph(line(bad("No principal to review.")))
        return
    total = sum((one.counts for one in made), Counts())
    dangerous = plural(total.dangerous, "dangerous grant")
    yield Paragraph(
        line(
            strong(f"{plural(len(view.views), 'principal')}, {plural(len(made), 'replacement')}: "),
            good(f"{count(safe)} safe"),
            ", ",
            bad(f"{count(unsafe)} not safe yet") if unsafe else "none open",
            line("; ", bad(f"{count(refused)} refused as too large")) if refused else "",
            ".",
        )
    )
    if made:
        yield Paragraph(
            line(
                "The replacements take ",
                strong(f"{count(total.granted)} granted actions down to {count(total.replacement)}"),
                f"; {dangerous} that nobody was seen to use {'goes' if total.dangerous == 1 else 'go'}."
                if total.dangerous
                else ".",
            )
        )


def _what_to_do(view: ReviewView) -> Iterable[Block]:
    items = [*_roll_out(view), *_not_safe(view), *_by_proposal(view), *_odds(view)]
    if items:
        yield Heading(line("What to do"), level=2)
        yield Bullets(tuple(items), numbered=True)


def _roll_out(view: ReviewView) -> Iterable[Item]:
    safe = [one for one in view.made if one.proposal.safe]
    if safe:
        removed = sum(one.counts.removed for one in safe)
        yield Item(
            line(
                good(f"Put {plural(len(safe), 'safe replacement')} in place"),
                f"; they remove {plural(removed, 'grant')}",
            ),
            (
                line("write them with ", name("lpgen generate --data DIR --policies PATH --output DIR")),
                line("most to gain: ", _labels(safe)),
            ),
        )


def _not_safe(view: ReviewView) -> Iterable[Item]:
    unsafe = [one for one in view.made if not one.proposal.safe]
    if unsafe:
        what = bad(f"Clear up what is not safe yet ({count(len(unsafe))})")
        yield Item(line(what, ", or accept the reasons with ", name("--decisions FILE")), tuple(_steps(unsafe, view)))


def _steps(unsafe: Sequence[PrincipalView], view: ReviewView) -> list[Line]:
    found: dict[str, list[PrincipalView]] = defaultdict(list)
    ranks: dict[str, int] = {}
    for one in unsafe:
        steps = {next_step(caveat, one.diff, min_days=view.report.min_days): caveat for caveat in one.caveats}
        for step, caveat in steps.items():
            found[step].append(one)
            ranks[step] = min(ranks.get(step, 99), caveat_order(caveat)[0])
    ordered = sorted(found, key=lambda step: (ranks[step], step))
    lines = [line(f"{step}: ", _labels(found[step])) for step in ordered[:_MOST_STEPS]]
    rest = len(ordered) - _MOST_STEPS
    return [*lines, line(quiet(f"and {plural(rest, 'more step')} below"))] if rest > 0 else lines


def _by_proposal(view: ReviewView) -> Iterable[Item]:
    found: dict[tuple[int, str], list[PrincipalView]] = defaultdict(list)
    order = (PrincipalClass.GRANTS_UNKNOWN, PrincipalClass.NOT_COVERED, PrincipalClass.UNUSED)
    for one in view.views:
        if one.proposal.replacement is None and one.diff.principal_class in order:
            step = _FIRST_CLAUSE.split(one.diff.proposal)[0]
            found[order.index(one.diff.principal_class), step].append(one)
    for key in sorted(found):
        yield Item(line(f"{_sentence(key[1])}: ", _labels(found[key])))


def _odds(view: ReviewView) -> Iterable[Item]:
    report = view.report
    if report.problems:
        yield Item(line(f"Mend {plural(len(report.problems), 'problem')} of the files given"))
    if report.diff.unlisted:
        number = plural(len(report.diff.unlisted), "principal")
        yield Item(line(f"Export the policies of {number} in the logs that the policy files don't have"))
    if report.diff.expired:
        yield Item(line(f"Renew or delete {plural(len(report.diff.expired), 'expired decision')}"))


def _labels(views: Sequence[PrincipalView]) -> Line:
    return names([short_label_of(one.diff.principal) for one in views], most=3)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------- what it rests on


def _coverage(report: Report) -> Iterable[Block]:
    accounts = report.diff.coverage.accounts
    yield Heading(line("What the logs cover"), level=2)
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
        [_coverage_row(one, report.min_days) for one in accounts[:_MOST_ROWS]],
    )
    yield from _more(len(accounts), "account")
    yield bullets(*(item for one in accounts[:_MOST_ROWS] for item in _coverage_notes(one)))


def _coverage_row(one: AccountCoverage, min_days: int) -> list[Words]:
    days = count(one.covered_days)
    return [
        name(one.account),
        one.first_day.isoformat(),
        one.last_day.isoformat(),
        days if one.covered_days >= min_days else bad(days),
        count(one.records),
        names(one.regions, most=4),
    ]


def _coverage_notes(one: AccountCoverage) -> Iterable[Words]:
    for gap in one.gaps:
        yield line(bad("hole in "), name(one.account), f": no record from {gap.first} to {gap.last}")
    for hole in one.holes:
        yield line(bad("hole in "), name(one.account), f": {hole.first} to {hole.last}: {hole.why}")
    for change in one.changes:
        yield line("change in ", name(one.account), f": {change}")
    if one.known_from is not CoverageSource.LOG:
        yield from _trail_notes(one)
    if one.known_from is not CoverageSource.TRAILS:
        yield from _data_event_notes(one)


def _trail_notes(one: AccountCoverage) -> Iterable[Words]:
    where = " of the snapshot, as far as the log shows it" if one.known_from is CoverageSource.BOTH else ""
    source = quiet(f"(from {CoverageSource.TRAILS}{where})")
    if not one.trails:
        yield line(bad("no trail records "), name(one.account), " ", source)
    for trail in one.trails:
        yield line("what is recorded of ", name(one.account), " ", source, f": {trail}")


def _data_event_notes(one: AccountCoverage) -> Iterable[Words]:
    source = quiet(f"(inferred from {CoverageSource.LOG})")
    found: dict[str, list[str]] = defaultdict(list)
    for region, event_source in sorted(one.data_events):
        found[event_source].append(region)
    seen = [line("; ", name(event_source), " in ", names(regions, most=3)) for event_source, regions in found.items()]
    said = line(*seen)[1:] or line("none, so calls on single objects, items and messages don't show")
    yield line("data events of ", name(one.account), " ", source, ": ", said)
    if one.unseen:
        unseen = names(sorted(one.unseen), most=3)
        yield line(
            "no record at all in ", name(one.account), " ", source, ": ", unseen, ", so its calls may be excluded"
        )


def _guards(report: Report) -> Iterable[Block]:
    yield Heading(line("Policies beside the principals' own"), level=2)
    yield bullets(*snapshot_notes(report.snapshot), *guards_notes(report.guards))


def _skips(skips: Sequence[SkipCount]) -> Iterable[Block]:
    if not skips:
        return
    yield Heading(line("Read, but no usage", quiet(f" ({count(sum(one.records for one in skips))})")), level=2)
    yield table(
        (Column("what", flexible=True), Column("records", number=True), Column("example", flexible=True)),
        [
            (SKIP_WORDS[one.reason], count(one.records), name(one.example_event_id) if one.example_event_id else "")
            for one in sorted(skips, key=lambda one: (-one.records, one.reason))
        ],
    )


def _problems(report: Report) -> Iterable[Block]:
    if report.problems:
        yield Heading(line("Problems of the files given", quiet(f" ({count(len(report.problems))})")), level=2)
        yield bullets(*report.problems[:_MOST_ROWS])
        yield from _more(len(report.problems), "problem")
    if report.diff.expired:
        yield Heading(line("Expired decisions", quiet(f" ({count(len(report.diff.expired))})")), level=2)
        yield bullets(
            *(
                line(
                    f"{one.kind} ",
                    name(one.item or one.action),
                    " for ",
                    name(one.principal or "*"),
                    f", expired {one.expires}: {one.reason} ({one.owner})",
                )
                for one in report.diff.expired[:_MOST_ROWS]
            )
        )
        yield from _more(len(report.diff.expired), "decision")


def _unlisted(unlisted: Sequence[PrincipalUsage]) -> Iterable[Block]:
    if not unlisted:
        return
    yield Heading(line("In the logs, but not in the policy files", quiet(f" ({count(len(unlisted))})")), level=2)
    yield table(
        (
            Column("principal", flexible=True),
            Column("actions used", number=True),
            Column("records", number=True),
            Column("last seen"),
        ),
        [_unlisted_row(one) for one in unlisted[:_MOST_ROWS]],
    )
    yield from _more(len(unlisted), "principal")


def _unlisted_row(usage: PrincipalUsage) -> list[Words]:
    evidence = [*(use.evidence for use in usage.uses), *(event.evidence for event in usage.unmapped)]
    return [
        name(label_of(usage.principal)),
        count(len({use.action for use in usage.uses if use.outcome is not Outcome.DENIED})),
        count(sum(one.records for one in evidence)),
        max((one.last_seen for one in evidence), default="")[:10],
    ]


# ---------------------------------------------------------------- principals


def _principals(view: ReviewView) -> Iterable[Block]:
    if not view.views:
        return
    yield Heading(line("Principals", quiet(f" ({count(len(view.views))})")), level=2)
    accounts = sorted({one.diff.principal.account for one in view.views})
    for account in accounts:
        members = [one for one in view.views if one.diff.principal.account == account]
        if len(accounts) > 1:
            yield Heading(line("account ", name(account), quiet(f" ({count(len(members))})")), level=3)
        yield table(_SUMMARY_COLUMNS, map(_summary_row, members), fills=True)
    yield Paragraph(
        line(
            quiet(
                "Numbers are actions. tried: outcome undetermined. kept: in the replacement only because the logs "
                "can't show use. goes: granted and not in the replacement. danger: dangerous and seen in no use."
            )
        )
    )


_SUMMARY_COLUMNS: Final = (
    Column("principal", flexible=True),
    Column("state"),
    Column("granted", number=True),
    Column("used", number=True),
    Column("tried", number=True, show=Show.WIDE),
    Column("unused", number=True, show=Show.WIDE),
    Column("unobservable", number=True, show=Show.WIDE),
    Column("ungranted", number=True, show=Show.WIDE),
    Column("kept", number=True),
    Column("goes", number=True),
    Column("danger", number=True),
)


def _summary_row(one: PrincipalView) -> list[Words]:
    counts = one.counts
    after = [_zero_dim(counts.kept), count(counts.removed)] if one.has_documents else [quiet("–"), quiet("–")]
    return [
        name(short_label_of(one.diff.principal)),
        state_of(one),
        count(counts.granted),
        count(counts.used),
        _zero_dim(counts.attempted),
        _zero_dim(counts.unused),
        _zero_dim(counts.unobservable),
        bad(count(counts.ungranted)) if counts.ungranted else quiet("0"),
        *after,
        bad(count(counts.dangerous_unused)) if counts.dangerous_unused else quiet("0"),
    ]


def _zero_dim(number: int) -> Words:
    return count(number) if number else quiet("0")


def _details(view: ReviewView, only: str) -> Iterable[Block]:
    for section in view.sections:
        shown = [one for one in section.views if only in ("", one.diff.principal.arn)]
        if not shown:
            continue
        number = count(len(shown)) if len(shown) == len(section.views) else f"1 of {count(len(section.views))}"
        yield Heading(line(_sentence(CLASS_WORDS[section.principal_class]), quiet(f" ({number})")), level=2)
        for one in shown:
            yield principal_fold(one, min_days=view.report.min_days)


def _more(whole: int, noun: str) -> Iterable[Paragraph]:
    if whole > _MOST_ROWS:
        yield Paragraph(line(quiet(f"and {plural(whole - _MOST_ROWS, f'more {noun}')}; --format json has them all")))
