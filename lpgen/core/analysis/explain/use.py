"""The use of one action by principals, on the resource of a question and on others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from lpgen.core.analysis.grants.granting import ANY_REGION, NOTHING, region_in_pattern
from lpgen.core.analysis.observability.log_blind_spots import missing_home_region
from lpgen.core.analysis.observability.missed_use import UnrecordedUse
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.signs_in_logs import shown_reads_from_usage
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.rules.inferences import inferences_from_catalog
from lpgen.core.evidence import AccountCoverage, PrincipalUsage, Use
from lpgen.core.explanations import Question, SeenUse, SeenUses, UseOn
from lpgen.core.iam.builtin_rules import NEEDS_NO_PERMISSION
from lpgen.core.iam.match_resource import resource_contains, resource_match, resources_intersect
from lpgen.core.model import Action, Principal, Resource, ResourceKind
from lpgen.core.usage.columns import integer_column, table_rows
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import iam_names_from_usage, merge_evidence, principal_usages_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE, Usage


def seen_uses(
    questions: Sequence[Question], usage: Usage, principals: Sequence[Principal], catalog: Catalog
) -> Iterator[SeenUses]:
    """The recorded use of one action by each question's principal, with denied attempts and inferred uses.

    The usage is read once for all questions. Records of an earlier role or user of the same name are counted but not
    shown. If there is no use, the answer says whether use would have left a record, according to the log itself.
    """
    ids = {question.principal.arn: question.principal.principal_id for question in questions}

    def is_own(principal: str, principal_id: str, *_rest: str) -> bool:
        return not ids[principal] or principal_id in ("", ids[principal])

    rows = _rows_needed(usage, ids, Action(questions[0].action))
    own = principal_usages_from_usage(rows, row_counts=is_own)
    past = principal_usages_from_usage(rows, row_counts=lambda *row: not is_own(*row))
    names = iam_names_from_usage(usage, principals, lambda *_row: True)
    rules = inferences_from_catalog(catalog.source)
    coverage, shown = coverage_from_usage(usage), shown_reads_from_usage(usage, catalog)

    @cache
    def observability_of(days: int) -> Observability:
        return Observability(catalog, coverage, shown=shown, min_days=days)

    for question in questions:
        nothing = PrincipalUsage(question.principal.arn)
        usage_now, usage_before = (usages.get(nothing.principal, nothing) for usages in (own, past))
        found = [
            SeenUse(use, _on(question.resource, use), rules[use.how].sentence if use.how in rules else "")
            for use in _merged(names.resolved(usage_now).uses)
            if use.action == question.action
        ]
        found.sort(key=lambda seen: (_ORDER[seen.on], seen.use.outcome, seen.use.resource, seen.use.how))
        earlier = sum(use.evidence.records for use in usage_before.uses if use.action == question.action)
        account = coverage.account(question.principal.account)
        # "A use would have left a record" is about the whole window.
        observability = observability_of(account.covered_days if account else 0)
        yield SeenUses(tuple(found), _blind_spot(question, usage_now, account, observability), account, earlier)


def _rows_needed(usage: Usage, principals: Collection[str], action: Action) -> Usage:
    """All rows of these principals' use of an action, and one row per Region of each of their other actions."""
    columns = ("principal", "action", "principal_id", "how", "region")
    known: set[tuple[str, ...]] = set()
    numbers = []
    for number, row in enumerate(table_rows(usage.table, columns)):
        if row[0] in principals and (row[1] == action or row not in known):
            known.add(row)
            numbers.append(number)
    return replace(EMPTY_USAGE, table=usage.table.take(integer_column(numbers)))


_UNKNOWN_ACTION: Final = "lpgen recognizes only use of the actions in its catalog"
_FREE_CALL: Final = "lpgen doesn't count calls that need no permission"
_FEW_REGIONS: Final = "the logs have records only of {regions}"


def _blind_spot(
    question: Question, own: PrincipalUsage, account: AccountCoverage | None, observability: Observability
) -> str:
    """Why the logs could not have shown use, or ""."""
    if not question.known:
        return _UNKNOWN_ACTION
    if question.action.lower() in NEEDS_NO_PERMISSION:
        return _FREE_CALL
    unrecorded = UnrecordedUse(observability, question.principal.arn, own, ())
    action = Action(question.action)
    arn = question.resource.text if question.resource.kind is ResourceKind.ARN else ""
    if blind := unrecorded.why(action, NOTHING):
        return blind
    if account and missing_home_region(account) and region_in_pattern(arn) == ANY_REGION:
        return _FEW_REGIONS.format(regions=", ".join(account.regions))
    if arn:
        return unrecorded.why_on(action, arn)
    is_pattern = question.resource.kind is ResourceKind.FOLD
    return unrecorded.why_below(action, (question.resource.text if is_pattern else "*",))


_ORDER: Final = {UseOn.ASKED: 0, UseOn.PERHAPS: 1, UseOn.OTHER: 2}


def _merged(uses: Iterable[Use]) -> Iterable[Use]:
    """The uses, merged if they differ only in an error that doesn't concern authorization."""
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
    """Whether a use was on the resource of the question. If that is any resource, every use was."""
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
