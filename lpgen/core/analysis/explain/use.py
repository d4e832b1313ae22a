"""Whether and when principals used one action, on the resource that is asked about and on others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.grants.granting import NOTHING
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.regions import ANY_REGION, missing_leader, region_in_pattern
from lpgen.core.analysis.observability.shown_reads import shown_reads_from_usage
from lpgen.core.analysis.observability.unrecorded_use import UnrecordedUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.rules.inferences import inferences_from_catalog
from lpgen.core.evidence import AccountCoverage, Use
from lpgen.core.explanations import Question, SeenUse, SeenUses, UseOn
from lpgen.core.iam.builtin_rules import NEEDS_NO_PERMISSION
from lpgen.core.iam.match_resource import resource_contains, resource_match, resources_intersect
from lpgen.core.model import OBSERVED, Action, Principal, Resource, ResourceKind
from lpgen.core.usage.columns import distinct_rows, integer_column, table_rows
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import iam_names_from_usage, merge_evidence, principal_usages_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE, Usage


def seen_uses(
    questions: Sequence[Question], usage: Usage, principals: Sequence[Principal], catalog: Catalog
) -> Iterator[SeenUses]:
    """The use of one action by the principal of each question that the logs show, with denied attempts and inferred
    uses. The usage is read once, however many questions there are.

    Records of an earlier role or user of the same name are counted but not shown. Where no use was seen, the answer
    says whether use would have left a record, as far as the log itself shows.
    """
    ids = {question.principal.arn: question.principal.principal_id for question in questions}

    def is_own(principal: str, principal_id: str, *_rest: str) -> bool:
        return principal in ids and (not ids[principal] or principal_id in ("", ids[principal]))

    def is_earlier(principal: str, principal_id: str, *_rest: str) -> bool:
        return principal in ids and not is_own(principal, principal_id)

    of_action = _rows_of_action(usage, questions[0].action)
    own = principal_usages_from_usage(of_action, row_counts=is_own)
    past = principal_usages_from_usage(of_action, row_counts=is_earlier)
    names = iam_names_from_usage(usage, principals, lambda *_row: True)
    rules = inferences_from_catalog(catalog.source)
    blind_spots = _BlindSpots(usage, catalog, is_own)
    for question in questions:
        arn = question.principal.arn
        found = [
            SeenUse(use, _on(question.resource, use), rules[use.how].sentence if use.how in rules else "")
            for use in _merged(map(names.resolve, own[arn].uses if arn in own else ()))
        ]
        found.sort(key=lambda seen: (_ORDER[seen.on], seen.use.outcome, seen.use.resource, seen.use.how))
        earlier = sum(use.evidence.records for use in past[arn].uses) if arn in past else 0
        account = blind_spots.coverage.account(question.principal.account)
        yield SeenUses(tuple(found), blind_spots.why(question), account, earlier)


def _rows_of_action(usage: Usage, action: str) -> Usage:
    """The usage table's rows of one action; the other tables are empty."""
    numbers = [number for number, (name,) in enumerate(table_rows(usage.table, ("action",))) if name == action]
    return replace(EMPTY_USAGE, table=usage.table.take(integer_column(numbers)))


class _BlindSpots:
    """Why the logs could not have shown use of an action by one principal or another."""

    def __init__(self, usage: Usage, catalog: Catalog, is_own: Callable[[str, str], bool]) -> None:
        self.coverage = coverage_from_usage(usage)
        self._catalog, self._shown = catalog, shown_reads_from_usage(usage, catalog)
        self._observability: dict[str, Observability] = {}
        self._regions, self._recorded = defaultdict[str, set[str]](set), defaultdict[str, set[Action]](set)
        columns = ("principal", "principal_id", "action", "how", "region")
        for principal, principal_id, action, how, region in distinct_rows(usage.table, columns):
            if is_own(principal, principal_id):
                self._regions[principal].add(region)
                self._recorded[principal].update([Action(action)] if how == OBSERVED else ())

    def why(self, question: Question) -> str:
        """Why the logs could not have shown use by the question's principal, or ""."""
        if not question.known:
            return "lpgen recognizes use of the actions in its catalog alone"
        if question.action.lower() in NEEDS_NO_PERMISSION:
            return "lpgen doesn't count calls that need no permission"
        arn, account = question.principal.arn, question.principal.account
        unrecorded = UnrecordedUse(
            self._observability_of(account),
            account,
            (),
            regions=tuple(sorted(self._regions[arn])),
            recorded=self._recorded[arn],
        )
        return _why_unrecorded(question, unrecorded, self.coverage.account(account))

    def _observability_of(self, account: str) -> Observability:
        if account not in self._observability:
            covered = self.coverage.account(account)
            whole = (
                covered.covered_days if covered else 0
            )  # "A use would have left a record" is said of the whole window
            found = Observability(self._catalog, self.coverage, shown=self._shown, min_days=whole)
            self._observability[account] = found
        return self._observability[account]


def _why_unrecorded(question: Question, unrecorded: UnrecordedUse, account: AccountCoverage | None) -> str:
    action = Action(question.action)
    arn = question.resource.text if question.resource.kind is ResourceKind.ARN else ""
    if blind := unrecorded.why(action, NOTHING):
        return blind
    if account and missing_leader(account) and region_in_pattern(arn) == ANY_REGION:
        return f"the logs hold records of {', '.join(account.regions)} alone"
    if arn:
        return unrecorded.why_on(action, arn)
    is_pattern = question.resource.kind is ResourceKind.FOLD
    return unrecorded.why_below(action, (question.resource.text if is_pattern else "*",))


_ORDER: Final = {UseOn.ASKED: 0, UseOn.PERHAPS: 1, UseOn.OTHER: 2}


def _merged(uses: Iterable[Use]) -> Iterable[Use]:
    """The uses with those as one that differ in nothing but an error that says nothing about authorization."""
    found: dict[tuple[object, ...], Use] = {}
    for use in uses:
        key = (use.action, use.resource, use.outcome, use.how, use.denial_kind)
        known = found.get(key)
        if known is None:
            found[key] = use
            continue
        contexts = tuple(sorted({*known.contexts, *use.contexts}))
        found[key] = replace(known, contexts=contexts, evidence=merge_evidence(known.evidence, use.evidence))
    return found.values()


def _on(asked: Resource, use: Use) -> UseOn:
    """Whether a use was on the resource asked about; where that is any resource, every use was."""
    kinds = (ResourceKind.UNKNOWN, ResourceKind.OVERFLOW, ResourceKind.NONE)
    if asked.kind in kinds:
        return UseOn.ASKED
    seen = use.resource
    if seen.kind in kinds:
        return UseOn.PERHAPS
    if asked.kind is ResourceKind.FOLD:
        if resource_contains(asked.text, seen.text):
            return UseOn.ASKED
        return UseOn.PERHAPS if resources_intersect(asked.text, seen.text) else UseOn.OTHER
    if asked.text == seen.text:
        return UseOn.ASKED
    covers = seen.kind is ResourceKind.FOLD and resource_match(seen.text, asked.text)
    return UseOn.PERHAPS if covers else UseOn.OTHER
