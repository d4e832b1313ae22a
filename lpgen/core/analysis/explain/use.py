"""Whether and when a principal used one action, on the resource that is asked about and on others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.grants.granting import NOTHING
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.regions import ANY_REGION, missing_leader, region_in_pattern
from lpgen.core.analysis.observability.shown_reads import ShownReads, shown_reads_from_usage
from lpgen.core.analysis.observability.unrecorded_use import UnrecordedUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.rules.inferences import inferences_from_catalog
from lpgen.core.evidence import LogCoverage, PrincipalUsage, Use
from lpgen.core.explanations import Question, SeenUse, SeenUses, UseOn
from lpgen.core.iam.builtin_rules import NEEDS_NO_PERMISSION
from lpgen.core.iam.match_resource import resource_contains, resource_match, resources_intersect
from lpgen.core.model import Action, Principal, Resource, ResourceKind
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import merge_evidence, principal_usages_from_usage, resolve_iam_names
from lpgen.core.usage.tables import Usage


def seen_uses(question: Question, usage: Usage, principals: Sequence[Principal], catalog: Catalog) -> SeenUses:
    """The use of the question's action by its principal that the logs show, with denied attempts and inferred uses.

    Records of an earlier role or user of the same name are counted but not shown. Where no use was seen, the answer
    says whether use would have left a record, as far as the log itself shows.
    """
    coverage = coverage_from_usage(usage)
    own, earlier = _own_usage(question, usage, principals)
    rules = inferences_from_catalog(catalog.source)
    found = sorted(
        (
            SeenUse(use, _on(question.resource, use), rules[use.how].sentence if use.how in rules else "")
            for use in _merged(own.uses)
            if use.action == question.action
        ),
        key=lambda one: (_ORDER[one.on], one.use.outcome, one.use.resource, one.use.how),
    )
    blind = _blind_spot(question, own, coverage, catalog, shown_reads_from_usage(usage, catalog))
    account = coverage.account(question.principal.account)
    return SeenUses(tuple(found), blind, account, earlier)


def _blind_spot(
    question: Question, own: PrincipalUsage, coverage: LogCoverage, catalog: Catalog, shown: ShownReads
) -> str:
    """Why the logs could not have shown use, or ""."""
    if not question.known:
        return "lpgen recognizes use of the actions in its catalog alone"
    if question.action.lower() in NEEDS_NO_PERMISSION:
        return "lpgen doesn't count calls that need no permission"
    account = coverage.account(question.principal.account)
    whole = account.covered_days if account else 0  # "A use would have left a record" is said of the whole window
    observability = Observability(catalog, coverage, shown=shown, min_days=whole)
    unrecorded = UnrecordedUse(observability, question.principal.account, own, ())
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


def _own_usage(question: Question, usage: Usage, principals: Sequence[Principal]) -> tuple[PrincipalUsage, int]:
    """The principal's usage under its current id, and how many records of the action are of an earlier id."""
    arn, current = question.principal.arn, question.principal.principal_id

    def is_own(principal: str, principal_id: str, _action: str, _resource: str, _day: str) -> bool:
        return principal == arn and (not current or principal_id in ("", current))

    def is_earlier(principal: str, principal_id: str, action: str, _resource: str, _day: str) -> bool:
        return principal == arn and action == question.action and bool(current) and principal_id not in ("", current)

    nothing = PrincipalUsage(arn)
    own = principal_usages_from_usage(usage, row_counts=is_own).get(arn, nothing)
    past = principal_usages_from_usage(usage, row_counts=is_earlier).get(arn, nothing)
    resolved = resolve_iam_names({arn: own}, principals)[arn]
    return resolved, sum(use.evidence.records for use in past.uses)


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
