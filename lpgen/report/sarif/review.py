"""A review as SARIF: one finding per principal and subject.

Findings point into the folder that `lpgen generate` writes, below the given root: to the line of the new policy that
allows the action, or to the statement that replaces the old one. Otherwise they point to the principal's evidence, or
without evidence to the summary of the folder. The old statement or policy is a logical location, because its file isn't
in the repository. Accepted reasons aren't findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, groupby
from typing import Final

from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.grants.trust import OutsideTrustKind
from lpgen.core.catalog.patterns import EVERYTHING
from lpgen.core.choices import Severity
from lpgen.core.evidence import AccountCoverage, StatementRef
from lpgen.core.findings import ActionVerdict, PrincipalClass, Report, UngrantedUse, Verdict, WildcardUse
from lpgen.core.folders import folder_of_principal
from lpgen.core.registry.row import Kind
from lpgen.core.replacements import Decision, LineKind
from lpgen.report.blocks import DEFAULT_LAYOUT, Layout, Line, count, line, name, names, plural
from lpgen.report.documents.layout import JsonRow
from lpgen.report.documents.parts import part_from_decisions
from lpgen.report.documents.review import part_from_totals
from lpgen.report.sarif.kinds import ReviewKind
from lpgen.report.sarif.layout import MOST_RESULTS, Place, PolicyPlaces, SarifFinding, SarifName, sarif_log
from lpgen.report.summary import summary_of_review
from lpgen.report.views import DangerGroup, PrincipalView
from lpgen.report.words import label_of, short_label_of

_MOST_NAMED: Final = 5

_UNEXPLAINED: Final = UnknownCaveat.UNEXPLAINED_USE
_WHOLE: Final = tuple(ReviewKind)[list(ReviewKind).index(ReviewKind.COVERAGE_GAP) : -1]
REVIEW_RULES: Final = (
    OutsideTrustKind.OUTSIDE_TRUST,
    *(kind for kind in ReviewKind if kind not in (*_WHOLE, ReviewKind.LEFT_OUT)),
    _UNEXPLAINED,
    *(kind for kind in CAVEAT_KINDS if kind is not _UNEXPLAINED),
    *_WHOLE,
)


def review_sarif(report: Report, layout: Layout = DEFAULT_LAYOUT, *, most: int = MOST_RESULTS) -> str:
    """The review as a SARIF file."""
    views = [PrincipalView(proposal) for proposal in report.proposals]
    review, diff = summary_of_review(report, (view.summary for view in views)), report.diff
    facts = {
        "asOf": diff.as_of.isoformat(),
        "catalog": JsonRow(version=diff.catalog_version, date=diff.catalog_date),
        "minDays": report.min_days,
        "totals": part_from_totals(review),
        "decisions": part_from_decisions(report.decisions, review.accepted),
    }
    return sarif_log(
        REVIEW_RULES,
        findings_of_review(report, views, root=layout.root),
        category="lpgen/review",
        notices=report.problems,
        facts=facts,
        most=most,
    )


def findings_of_review(report: Report, views: Iterable[PrincipalView], *, root: str) -> Iterator[SarifFinding]:
    """All findings of a review, in no particular order."""
    root = root.strip("/")
    summary = f"{root}/summary.json" if root else "summary.json"
    for view in views:
        if view.diff.principal_class not in (PrincipalClass.SERVICE_LINKED, PrincipalClass.LEFT_TO_AWS):  # AWS's own
            yield from _Principal(view, summary).findings()
    for trust in report.open_trust:
        message = line(name(label_of(trust.principal)), f": {trust.message}.")
        named = (SarifName(trust.principal, "role"),)
        identity = (trust.principal, trust.item, trust.parameters["limits"])
        facts = {"principal": trust.principal, "item": trust.item}
        yield SarifFinding(trust.kind, message, identity, Place(summary), named, trust.severity, facts)
    for account in report.diff.coverage.accounts:
        yield from _gaps(account, summary)
    for usage in report.diff.unlisted:
        message = line(name(usage.principal), " is in the logs but not in the policy files.")
        named = (SarifName(usage.principal, "principal"),)
        yield SarifFinding(ReviewKind.NOT_IN_POLICIES, message, (usage.principal,), Place(summary), named)
    for decision in report.diff.expired:
        yield _expired(decision, summary)


# ---------------------------------------------------------------- of one principal


class _Principal:
    """Makes the findings of one principal."""

    def __init__(self, view: PrincipalView, summary: str) -> None:
        self._view = view
        self._principal = view.diff.principal
        folder = f"{summary.removesuffix('summary.json')}{folder_of_principal(self._principal)}"
        self._place = Place(f"{folder}/evidence.json" if view.has_documents else summary)
        replacement = view.proposal.replacement
        self._documents = replacement.documents if replacement and view.has_documents else ()
        self._places = PolicyPlaces(folder, [document.text for document in self._documents])
        self._label = line(name(short_label_of(self._principal)), " of account ", name(self._principal.account))

    def findings(self) -> Iterator[SarifFinding]:
        """All findings about the principal."""
        yield from self._dangers()
        yield from (
            self._wildcard(ref, list(found)) for ref, found in groupby(self._wildcards(), lambda wildcard: wildcard.ref)
        )
        yield from self._unused()
        yield from self._class()
        yield from self._kept()
        yield from self._ungranted()
        yield from self._caveats()

    def _finding(
        self,
        kind: Kind,
        message: Line,
        *identity: str,
        place: Place | None = None,
        names: tuple[SarifName, ...] = (),
        severity: Severity | None = None,
        **facts: object,
    ) -> SarifFinding:
        arn = self._principal.arn
        return SarifFinding(
            kind,
            message,
            (arn, *identity),
            place or self._place,
            (SarifName(arn, str(self._principal.kind)), *names),
            severity,
            {"principal": arn, **facts},
        )

    def _instead_of(self, old: Collection[StatementRef]) -> Place | None:
        """The first new statement that replaces one of the old statements."""
        statements = chain.from_iterable(document.statements for document in self._documents)
        return self._places.find(sids={statement.sid for statement in statements if statement.parent in old})

    def _dangers(self) -> Iterator[SarifFinding]:
        for rule, observable, said in (
            (ReviewKind.UNUSED_DANGEROUS, True, "without recorded use"),
            (ReviewKind.UNOBSERVABLE_DANGEROUS, False, "whose use the logs can't show"),
        ):
            groups = [group for group in self._view.dangers if group.observable is observable]
            actions = sorted(verdict.action for group in groups for verdict in group.verdicts)
            if actions:
                number = plural(len(actions), "dangerous action")
                message = line(self._label, f" is granted {number} {said}. ", *_dangers(groups), self._fate(groups))
                stays = [verdict.action for group in groups if group.stays for verdict in group.verdicts]
                old = {ref for group in groups for verdict in group.verdicts for ref in verdict.grants}
                place = (self._places.find(actions=stays) if stays else None) or self._instead_of(old)
                yield self._finding(rule, message, place=place, names=_statement_names(old), actions=actions)

    def _fate(self, groups: Iterable[DangerGroup]) -> str:
        if not self._view.has_documents:
            return ""
        stays = sum(len(group.verdicts) for group in groups if group.stays)
        return f" The replacement removes all except {count(stays)}." if stays else " The replacement removes all."

    def _wildcards(self) -> list[WildcardUse]:
        return sorted(self._view.diff.assessment.wildcards, key=lambda wildcard: (wildcard.ref, wildcard.pattern))

    def _wildcard(self, ref: StatementRef, found: list[WildcardUse]) -> SarifFinding:
        patterns = [wildcard.pattern for wildcard in found]
        granted = sum(wildcard.expands_to for wildcard in found)
        used = len({action for wildcard in found for action in wildcard.used})
        by = (
            line("all actions except ", name(patterns[0])) if found[0].not_action else names(patterns, most=_MOST_NAMED)
        )
        says = " is granted actions with a wildcard. "
        numbers = f": {plural(granted, 'action')} today, {count(used)} of them used."
        message = line(self._label, says, _statement(ref), " allows ", by, numbers)
        whole = any(wildcard.pattern in EVERYTHING or wildcard.not_action for wildcard in found)
        return self._finding(
            ReviewKind.WILDCARD,
            message,
            *_identity_of(ref),
            place=self._instead_of([ref]),
            names=_statement_names([ref]),
            severity=Severity.HIGH if whole else None,
            patterns=patterns,
            expandsTo=granted,
            used=used,
        )

    def _unused(self) -> Iterator[SarifFinding]:
        unused: dict[tuple[str, str], list[ActionVerdict]] = defaultdict(list)
        granted: dict[tuple[str, str], int] = defaultdict(int)
        for verdict in self._view.diff.assessment.verdicts:
            for holder in {(ref.policy, ref.group) for ref in verdict.grants}:
                granted[holder] += 1
                if verdict.verdict is Verdict.UNUSED:
                    unused[holder].append(verdict)
        for (policy, group), found in sorted(unused.items()):
            services = sorted({verdict.action.partition(":")[0] for verdict in found})
            old = {ref for verdict in found for ref in verdict.grants}
            message = line(
                self._label,
                f" is granted {plural(len(found), 'action')} without recorded use. The policy ",
                name(policy),
                *(line(" of the group ", name(group)) if group else ()),
                f" grants {count(granted[policy, group])} actions. The unused actions belong to ",
                *names(services, most=_MOST_NAMED),
                ".",
            )
            yield self._finding(
                ReviewKind.UNUSED,
                message,
                policy,
                group,
                place=self._instead_of([ref for ref in old if (ref.policy, ref.group) == (policy, group)]),
                names=(SarifName(policy, "policy"),),
                granted=granted[policy, group],
                unused=len(found),
            )

    def _class(self) -> Iterator[SarifFinding]:
        rule = {
            PrincipalClass.UNUSED: ReviewKind.UNUSED_PRINCIPAL,
            PrincipalClass.NOT_COVERED: ReviewKind.NOT_COVERED,
        }.get(self._view.diff.principal_class)
        if rule:
            was = "has no recorded use" if rule is ReviewKind.UNUSED_PRINCIPAL else "is in no log that was read"
            yield self._finding(rule, line(self._label, f" {was}. What to do: {self._view.diff.advice.sentence}."))

    def _kept(self) -> Iterator[SarifFinding]:
        kept = sorted(self._view.kinds.get(LineKind.KEPT, ()))
        if kept:
            services = sorted({action.partition(":")[0] for action in kept})
            number = plural(len(kept), "action")
            message = line(
                self._label,
                f" keeps {number} without recorded use. They belong to ",
                *names(services, most=_MOST_NAMED),
                ".",
            )
            statements = chain.from_iterable(document.statements for document in self._documents)
            of_kept = [found for found in statements if any(kept.kind is LineKind.KEPT for kept in found.lines)]
            place = self._places.find(sids={statement.sid for statement in of_kept}, actions=kept)
            old = _statement_names({statement.parent for statement in of_kept})
            yield self._finding(ReviewKind.UNOBSERVABLE_KEPT, message, place=place, names=old, actions=kept)

    def _ungranted(self) -> Iterator[SarifFinding]:
        found: dict[tuple[str, bool], list[UngrantedUse]] = defaultdict(list)
        for use in self._view.diff.use.ungranted:
            found[use.use.action, bool(use.explanation)].append(use)
        for (action, explained), uses in sorted(found.items()):
            why = uses[0].explanation or "no known policy or rule explains it"
            resources = sorted({use.use.resource.text for use in uses})
            what = line(" used ", name(action), " without a grant. On ", names(resources, most=3))
            rule = ReviewKind.UNGRANTED if explained else UnknownCaveat.UNEXPLAINED_USE
            yield self._finding(
                rule,
                line(self._label, what, f": {why}."),
                action,
                place=self._places.find(actions=[action]),
                names=(SarifName(action, "action"),),
                resources=resources,
            )

    def _caveats(self) -> Iterator[SarifFinding]:
        for caveat in self._view.summary.open_caveats:
            if caveat.kind is not UnknownCaveat.UNEXPLAINED_USE:
                message = line(self._label, f": {caveat.message}. Next: {caveat.step}.")
                action = caveat.parameters.get("action")
                place = self._places.find(actions=[action]) if isinstance(action, str) else None
                yield self._finding(caveat.kind, message, caveat.item, place=place, item=caveat.item)


def _dangers(groups: Iterable[DangerGroup]) -> Line:
    """The harm that the first groups allow, each with an example action."""
    listed = list(groups)
    parts = [
        line("; " if number else "", name(group.verdicts[0].action), f": {group.danger}")
        for number, group in enumerate(listed[:_MOST_NAMED])
    ]
    rest = sum(len(group.verdicts) for group in listed) - len(parts)
    return line(*parts, f"; and {count(rest)} more." if rest else ".")


def _statement(ref: StatementRef) -> Line:
    group = line(" of the group ", name(ref.group)) if ref.group else ()
    sid = line(" ", name(ref.sid)) if ref.sid else ()
    return line("The policy ", name(ref.policy), group, f", statement {ref.index + 1}", sid, ",")


def _statement_names(refs: Iterable[StatementRef]) -> tuple[SarifName, ...]:
    return tuple(SarifName(str(ref), "statement") for ref in sorted(refs))


def _identity_of(ref: StatementRef) -> tuple[str, ...]:
    """The identity of a statement: by its Sid if it has one, because statements move."""
    return ref.policy, ref.group, ref.sid or str(ref.index)


# ---------------------------------------------------------------- of the whole


def _gaps(account: AccountCoverage, path: str) -> Iterator[SarifFinding]:
    spans = [
        *((gap.first, gap.last, "no record was read") for gap in account.gaps),
        *((hole.first, hole.last, hole.why) for hole in account.uncovered),
    ]
    for first, last, why in spans:
        days = f"from {first.isoformat()} to {last.isoformat()}"
        reason = f" don't cover the days {days}. The reason: {why}."
        message = line("The logs of account ", name(account.account), reason)
        identity = (account.account, first.isoformat(), why)
        named = (SarifName(account.account, "account"),)
        yield SarifFinding(ReviewKind.COVERAGE_GAP, message, identity, Place(path), named)


def _expired(decision: Decision, path: str) -> SarifFinding:
    about = line(name(decision.item or decision.action), " for ", name(decision.principal or "*"))
    ended = f" expired on {decision.expires}. Its owner is {decision.owner}: {decision.reason}."
    message = line(f"The decision to {decision.kind} ", about, ended)
    identity = (decision.kind, decision.principal, decision.action, decision.resource, decision.item)
    return SarifFinding(ReviewKind.EXPIRED_DECISION, message, identity, Place(path))
