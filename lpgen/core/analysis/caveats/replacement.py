"""Caveats about a replacement: missing or wide lines, expected denials, and why none is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.analysis.caveats.unpredictable import AUDIT_POLICY, BY_DESIGN, scanned_services
from lpgen.core.analysis.decisions import applies_to_action
from lpgen.core.analysis.grants.granting import grants_everything, services_of_wildcards, whole_scope
from lpgen.core.analysis.grants.principal_grants import BOUNDARY
from lpgen.core.backtests import EvidenceClass, Risk
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.findings import PrincipalClass, PrincipalDiff
from lpgen.core.iam.limits import MANAGED_POLICY_LIMIT, MOST_ATTACHED_POLICIES
from lpgen.core.model import Action, ResourceKind, Visibility
from lpgen.core.registry.row import IAM_GUIDE, Caveat, CaveatKind, Doubt, Remedy, Row, name_some

_MOST_TYPES: Final = 5
"""No call names resources of more types at once. Where the reference requires more types, each call names one."""

FEWEST_DAYS: Final = 45
"""The fewest covered days from which a backtest can forecast the next ones."""


def _unseen_under_star_message(*, actions: int, services: Sequence[str]) -> str:
    """How many actions are removed, although the logs can't show their use, with their services."""
    return (
        f"a bare `*` or `NotAction` grants {actions:,} removed {'action' if actions == 1 else 'actions'} whose use the"
        f" logs can't show ({name_some(services)}), so they may be in use"
    )


def _unseen_named_message(*, actions: int, services: Sequence[str]) -> str:
    """How many actions of named services are removed, although the logs can't show their use."""
    return (
        f"its policies name {name_some(services)}, and the replacement removes {actions:,}"
        f" {'action' if actions == 1 else 'actions'} of {'this service' if len(services) == 1 else 'these services'}"
        " whose use the logs can't show"
    )


def _high_risk_message(
    *,
    case: str,
    share: float,
    next_days: int,
    needs: int,
    windows: int,
    days: int,
    action: str,
    resource: str,
) -> str:
    """How likely a denial is, and what replacements made from earlier days would have denied."""
    risk = Risk(EvidenceClass(case), share, 0, next_days).text
    if not needs:
        return risk
    made, what = f"{windows} {'window' if windows == 1 else 'windows'}", f"{needs} {'need' if needs == 1 else 'needs'}"
    return f"{risk}; {_PAST.format(needs=what, windows=made, days=days, action=action, resource=resource)}"


_PAST: Final = (
    "replacements made from earlier days would have denied {needs} in {windows} with {days} days, such as {action} on"
    " {resource}, which today's replacement allows"
)
_DENIED: Final = (EvidenceClass.NEW_NEEDS, EvidenceClass.SHORT_NEW_NEEDS)
_UNTESTED: Final = (
    EvidenceClass.ONE_NEED,
    EvidenceClass.SHORT_PAST,
    EvidenceClass.FEW_DAYS,
    EvidenceClass.STEADY,
)
_BACKTEST: Final = (
    "run `lpgen backtest` with `--look-back` to see more of that, and keep what it may need with decisions"
)
_MORE_DAYS: Final = "ingest older logs or wait for more use, keep what it may need with decisions, or accept this"

_INLINE_ROOM: Final = "{inline:,} characters of inline policies"
_ROOM: Final = "{managed} managed policies of {limit:,} characters and {inline}"

_LARGE_DENY: Final = "one Deny is larger than a policy may be, so leave the policy with that Deny attached"
_COMPARE: Final = f"compare it with AWS's {AUDIT_POLICY}: {BY_DESIGN}"
_SPLIT: Final = "split the {kind} into several by what they do"
_RAISE_QUOTA: Final = "{split}, or request a higher quota of attached policies and give it with --attached-quota"


class ReplacementCaveat(CaveatKind):
    """Reasons why a replacement isn't safe, or isn't written."""

    REQUIRED_TYPE = Row(
        "required_type",
        "The replacement may lack a resource that AWS requires for a used action.",
        parameters={"action": str, "type": str},
        message="AWS's reference requires a {type} for {action}, and only the old policies allow one, so later calls"
        " may be denied",
        step="keep {action} on the {type} with a decision, or accept this if its calls don't need one",
        item="required-type {action} {type}",
        help="The records name none. The event map may have missed a parameter.",
        to_do="keep the action on that resource with a decision.",
        source="https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
        precision="medium",
    )
    UNSEEN_UNDER_STAR = Row(
        "unseen_under_star",
        "Actions under a bare wildcard are removed, although the logs can't show whether they are used.",
        parameters={"actions": int, "services": tuple},
        message=_unseen_under_star_message,
        step="run `lpgen snapshot` to add service last accessed data, or keep what is needed and accept this",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    UNSEEN_NAMED = Row(
        "unseen_named",
        "Actions of services that the policies name are removed, although the logs can't show whether they are used.",
        parameters={"actions": int, "services": tuple},
        message=_unseen_named_message,
        step="run `lpgen snapshot` to add service last accessed data, ingest data events of these services, or keep or"
        " drop the actions with decisions",
        acceptable=False,
        help="Neither the logs nor service last accessed show whether they are in use.",
        source=f"{IAM_GUIDE}/access_policies_last-accessed.html",
        remedy=Remedy.SNAPSHOT,
    )
    TOO_MANY_RESOURCES = Row(
        "too_many_resources",
        "An action was used on more resources than lpgen can list.",
        parameters={"action": str},
        message="{action} was used on more resources than lpgen can list, and is kept on all that the policies allow",
        step="narrow the old policy by hand to a prefix that the resources share, or accept this",
        item="too-many-resources {action}",
    )
    HIGH_RISK = Row(
        "high_risk",
        "Too many replacements like this one deny something soon.",
        parameters={
            "case": str,
            "share": float,
            "next_days": int,
            "needs": int,
            "windows": int,
            "days": int,
            "action": str,
            "resource": str,
        },
        message=dict.fromkeys((*_DENIED, *_UNTESTED), _high_risk_message),
        step={**dict.fromkeys(_DENIED, _BACKTEST), **dict.fromkeys(_UNTESTED, _MORE_DAYS)},
        item="high-risk",
        help="Replacements are classed by the principal's past. The risk of each class was measured on generated logs.",
        to_do="keep what it may need with decisions, or allow a higher risk with `--max-risk`.",
        remedy={**dict.fromkeys(_DENIED, Remedy.BACKTEST), **dict.fromkeys(_UNTESTED, Remedy.INGEST)},
    )
    NO_FORECAST = Row(
        "no_forecast",
        "No backtest shows what the replacement would deny.",
        parameters={"case": str, "days": int, "needed": int},
        message={
            "not-enough-days": "the logs cover {days} days, and a backtest needs {needed}",
            "no-backtest": "`--no-backtest` was given, so nothing shows whether the replacement would deny later use",
        },
        step={
            "not-enough-days": "ingest at least {needed} days of logs",
            "no-backtest": "run the review without `--no-backtest`",
        },
        item="{case}",
        acceptable=False,
        doubt={"not-enough-days": Doubt.LOGS, "no-backtest": Doubt.NONE},
        help="A backtest shows whether replacements made from earlier days would have denied later use.",
        to_do="ingest more days, and leave out `--no-backtest`.",
        remedy={"not-enough-days": Remedy.INGEST, "no-backtest": Remedy.REPEAT},
    )
    TOO_LARGE = Row(
        "too_large",
        "The replacement is larger than AWS allows, so none is written.",
        parameters={"needed": int, "room": str, "largest": str, "advice": str, "instead": str},
        message="the replacement of {needed:,} characters doesn't fit into {room} (largest: {largest}); {advice}",
        step=lambda *, instead, **_: (
            f"{f'attach a policy such as {instead}' if instead else 'split the principal into several'}, or drop kept"
            " actions with decisions"
        ),
        acceptable=False,
        rank=2,
        help="lpgen adds no wildcard to make it fit.",
        to_do="split the role by what it does, or drop kept actions with decisions.",
        source=f"{IAM_GUIDE}/reference_iam-quotas.html",
        remedy=Remedy.LOOK,
    )
    UNPROVEN = Row(
        "unproven",
        "The policies are too complex to compare, so no replacement is written.",
        parameters={"why": str},
        message="{why}",
        step="rewrite its policies with fewer patterns, and with fewer wildcards in each",
        acceptable=False,
        rank=3,
        help="Comparing their patterns takes more steps than lpgen allows for one principal.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        remedy=Remedy.LOOK,
    )


def find_overflows(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each action that was used on more resources than ingest lists, so it keeps its old scope.

    Actions that only policies left attached grant are skipped: they keep the scope of these.
    """
    held = inputs.left - inputs.kept
    uses = (use for use in inputs.records.usage.uses if use.resource.kind is ResourceKind.OVERFLOW)
    for action in sorted({use.action for use in uses} - held):
        yield Caveat.of(ReplacementCaveat.TOO_MANY_RESOURCES, action=action)


def find_unseen_removals(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each group of removed actions whose use the logs can't show: the data planes of services that the
    policies or the boundary name, and the actions that a statement grants without naming a service.

    A statement that names no service isn't evidence for or against use; IAM's report of attempts is. Actions that a
    decision drops are skipped. An action that stays only on event sources is removed from all other resources.
    """
    grants, missed, finder = inputs.grants, inputs.missed, inputs.finder
    staying = inputs.left | inputs.kept
    if not staying:
        return
    boundary = (grant for limit in grants.limits if limit.name == BOUNDARY for grant in (*limit.allows, *limit.denies))
    named = frozenset().union(*map(services_of_wildcards, (*grants.allows, *grants.denies, *boundary)))
    broad = frozenset().union(*(grant.actions for grant in grants.allows if grants_everything(grant)))
    drops = [decision for decision in inputs.ground.decisions if decision.drops_for_good]
    found: dict[CaveatKind, list[Action]] = {
        ReplacementCaveat.UNSEEN_NAMED: [],
        ReplacementCaveat.UNSEEN_UNDER_STAR: [],
    }
    kept_on: dict[Action, set[str]] = {action: set() for action in missed.polled - inputs.seen.keys() - inputs.left}
    for line in inputs.context.lines if kept_on else ():
        if line.action in kept_on:
            kept_on[line.action].update(line.scope.resources)
    for action in missed.open_of(inputs.granted - (staying - kept_on.keys())):
        wholes = (whole_scope(one, action, catalog=finder.catalog) for one in missed.observed.grants_of(action))
        left = kept_on.get(action, set())
        is_reduced = "*" not in left and any(
            whole and (whole.not_resource or not left.issuperset(whole.resources)) for whole in wholes
        )
        if not is_reduced or any(applies_to_action(drop, grants.principal.arn, action) for drop in drops):
            continue
        is_of_data_plane = finder.observability.visibility(action) is Visibility.DATA
        if is_of_data_plane and action.partition(":")[0] in named:
            found[ReplacementCaveat.UNSEEN_NAMED].append(action)
        elif action in broad:
            found[ReplacementCaveat.UNSEEN_UNDER_STAR].append(action)
    for kind, actions in found.items():
        if actions:
            services = tuple(sorted({action.partition(":")[0] for action in actions}))
            yield Caveat.of(kind, actions=len(actions), services=services)


def find_required_types(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat for each used action and each resource type that AWS's reference requires, if the old policies allow the
    type and no line of the action names it.

    The event map decides by parameters, the reference by resource types. Types that one parameter may name are
    alternatives. So are types whose ARNs share a noun, such as the listeners of two kinds of load balancers.
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    catalog, calls = inputs.catalog, inputs.finder.observability.calls
    named: dict[Action, set[str]] = defaultdict(set)
    for line in inputs.context.lines:
        named[line.action].update(_resources(line.scope.resources, not_resource=line.scope.not_resource))
    for action in sorted(inputs.seen.keys() & named.keys()):
        required = {resource.type for resource in catalog.detail(action).resources if resource.required}
        found = {name for name in required if _is_named(catalog, action, name, named[action])}
        if not 1 < len(required) <= _MOST_TYPES or required == found:
            continue
        statements = [grant.statement for grant in inputs.missed.observed.grants_of(action)]
        granted = {
            name
            for statement in statements
            for name in _resources(statement.resources, not_resource=statement.not_resource)
        }
        nouns = {_noun(catalog, action, name) for name in found}
        for missing in sorted(required - found - calls.alternatives(action, found)):
            if _noun(catalog, action, missing) not in nouns and _is_named(catalog, action, missing, granted):
                yield Caveat.of(ReplacementCaveat.REQUIRED_TYPE, action=action, type=missing)


def _resources(resources: tuple[str, ...], *, not_resource: bool) -> tuple[str, ...]:
    return ("*",) if not_resource else resources


def _is_named(catalog: Catalog, action: Action, resource_type: str, resources: Collection[str]) -> bool:
    return any(resource == "*" or catalog.can_name_type(action, resource_type, resource) for resource in resources)


def _noun(catalog: Catalog, action: Action, resource_type: str) -> str:
    """The word before the first name in the ARNs of a type."""
    formats = catalog.arn_formats(action.partition(":")[0], resource_type)
    return next(
        (arn_format.split(":", 5)[-1].partition("/")[0].partition(":")[0] for arn_format in formats), resource_type
    )


def find_high_risk(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat where the risk of a denial is too high, or unknown."""
    forecast = inputs.records.forecast
    if forecast is None:
        return
    past, risk = forecast.past, forecast.risk
    if forecast.limit is None:
        yield Caveat.of(ReplacementCaveat.NO_FORECAST, case="no-backtest")
    elif past is None or risk is None:
        days = inputs.context.covered_days
        if not inputs.context.tracked_days:
            yield Caveat.of(ReplacementCaveat.NO_FORECAST, case="not-enough-days", days=days, needed=FEWEST_DAYS)
    elif risk.share > forecast.limit:
        yield Caveat.of(
            ReplacementCaveat.HIGH_RISK,
            case=risk.evidence.value,
            share=risk.share,
            next_days=risk.days,
            needs=past.needs,
            windows=past.windows,
            days=past.days,
            action=past.example.action if past.example else "",
            resource=past.example.resource if past.example else "",
        )


def other_than_risk(caveats: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """The caveats, without the one about a risk that is too high."""
    return tuple(caveat for caveat in caveats if caveat.kind is not ReplacementCaveat.HIGH_RISK)


# ---------------------------------------------------------------- size


def refuse_for_size(
    diff: PrincipalDiff,
    catalog: Catalog,
    *,
    sizes: Iterable[tuple[str, int]],
    needed: int,
    managed: int,
    inline: int,
    has_large_deny: bool,
) -> Caveat:
    """The caveat for a replacement of `needed` characters that doesn't fit into `managed` policies and `inline`
    characters. `sizes` are its characters by service, and `has_large_deny` says whether one Deny fits nowhere."""
    room = _INLINE_ROOM.format(inline=inline)
    if managed:
        room = _ROOM.format(managed=managed, limit=MANAGED_POLICY_LIMIT, inline=room)
    largest = ", ".join(f"{service} {size}" for service, size in sorted(sizes, key=lambda pair: -pair[1])[:5])
    instead = ""
    if has_large_deny:
        advice = _LARGE_DENY
    elif not managed and diff.principal_class is not PrincipalClass.SSO:
        advice = "leave out --inline"
    elif scanned := scanned_services(diff.draft.lines, catalog):
        advice, instead = _COMPARE.format(services=scanned), AUDIT_POLICY
    else:
        advice = _SPLIT.format(kind=diff.principal.kind)
        if managed and needed <= MOST_ATTACHED_POLICIES * MANAGED_POLICY_LIMIT:
            advice = _RAISE_QUOTA.format(split=advice)
    return Caveat.of(
        ReplacementCaveat.TOO_LARGE, needed=needed, room=room, largest=largest, advice=advice, instead=instead
    )
