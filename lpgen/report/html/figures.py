"""The numbers to see at a glance, of a review and of one principal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lpgen.core.findings import Report
from lpgen.report.counts import Counts
from lpgen.report.pages.blocks import count, plural
from lpgen.report.pages.coverage import accounts_without_logs
from lpgen.report.pages.words import percent
from lpgen.report.views import PrincipalView, ReviewView


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to see at a glance, with its title and a note."""

    value: str
    title: str
    note: str
    alarming: bool = False


def figures_of_review(view: ReviewView) -> Iterator[Figure]:
    """The numbers of the principals that the headline counts: those with a replacement to put in place, if any."""
    replaced = view.to_replace
    whole = sum((one.counts for one in replaced or view.views), Counts())
    if replaced:
        safe = sum(one.proposal.safe for one in replaced)
        yield Figure(count(safe), "safe replacements", f"of {count(len(replaced))}")
    left = f"{count(whole.replacement)} in the replacements" if replaced else ""
    yield Figure(count(whole.granted), "granted actions", left)
    yield Figure(_share(whole.unused, whole), "unused", f"{plural(whole.unused, 'action')}: use would have shown")
    unobservable = f"{plural(whole.unobservable, 'action')}: logs can't show use"
    yield Figure(_share(whole.unobservable, whole), "unobservable", unobservable)
    dangerous = whole.dangerous if replaced else whole.dangerous_unused
    kept = whole.dangerous_unused - whole.dangerous if replaced else 0
    title = f"dangerous grants {'removed' if replaced else 'found'}"
    note = f"without recorded use{f'; {count(kept)} kept' if kept else ''}"
    yield Figure(count(dangerous), title, note, alarming=dangerous > 0)
    yield _coverage_figure(view.report)


def _coverage_figure(report: Report) -> Figure:
    accounts = report.diff.coverage.accounts
    holes = sum(len(one.gaps) + len(one.uncovered) for one in accounts)
    days = sorted({one.covered_days for one in accounts}) or [0]
    value = count(days[0]) if len(days) == 1 else f"{count(days[0])}–{count(days[-1])}"
    noted = f"{plural(len(accounts), 'account')}, {plural(holes, 'gap') if holes else 'no gaps'}"
    unread = len(accounts_without_logs(report.diff))
    noted += f", {count(unread)} more without logs" if unread else ""
    return Figure(value, "covered days", noted, alarming=bool(holes or unread) or days[0] < report.min_days)


def figures_of_principal(view: PrincipalView) -> Iterator[Figure]:
    """The numbers of one principal's actions."""
    counts, policies = view.counts, len(view.diff.principal.policies)
    seen = counts.used + counts.attempted

    def of_granted(number: int, title: str) -> Figure:
        share = _share(number, counts)
        return Figure(count(number), title, f"{share} of the granted actions" if counts.granted else "")

    yield Figure(count(counts.granted), "granted", f"by {plural(policies, 'policy', 'policies')}" if policies else "")
    yield of_granted(seen, "used or attempted")
    if view.has_documents:
        kept = f"{count(counts.kept)} of them only because logs can't show use" if counts.kept else ""
        yield Figure(count(counts.replacement), "kept", kept)
        yield of_granted(counts.removed, "removed")
    else:
        yield of_granted(counts.unused, "unused")
        yield of_granted(counts.unobservable, "unobservable")
    removed = f"{count(counts.dangerous)} removed" if view.has_documents and counts.dangerous_unused else ""
    yield Figure(count(counts.dangerous_unused), "dangerous and unused", removed, alarming=counts.dangerous_unused > 0)


def _share(number: int, of: Counts) -> str:
    return percent(number / of.granted) if of.granted else "–"
