"""Lines beyond use: what a replacement keeps though no record of its own shows it, and what is kept for review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.granted.granting import NOTHING, Granting
from lpgen.core.analysis.granted.scope import narrow_scope
from lpgen.core.analysis.judged.hidden_roles import PASS_ROLE
from lpgen.core.analysis.judged.needed_actions import KEPT_FOR_CALLS, needed_lines
from lpgen.core.analysis.judged.service_demands import Demand
from lpgen.core.analysis.judged.unseen_use import UnseenUse
from lpgen.core.analysis.judged.verdicts import Judge
from lpgen.core.analysis.names.families import NamePattern
from lpgen.core.analysis.names.unnamed_resources import unnamed_resources
from lpgen.core.analysis.written.lines import lines_for_grants
from lpgen.core.choices import KeepUnobservable
from lpgen.core.findings import UNSEEN, ActionVerdict, UngrantedUse, Verdicts
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage, limited_to
from lpgen.core.model import Action, Resource, ResourceKind
from lpgen.core.replacements import Line, LineKind


def lines_beyond_use(
    grants: PrincipalGrants,
    usage: PrincipalUsage,
    *,
    granting: Mapping[Action, Granting],
    patterns: Mapping[str, NamePattern],
    verdicts: Verdicts,
    unseen: UnseenUse,
    ungranted: Iterable[UngrantedUse],
    judge: Judge,
) -> Iterable[Line]:
    """The lines of a principal without use of their own, each with why it is kept, in no order; all stay within its
    grants.

    `granting` is the index of its Allows, `patterns` are those of names that stand for a family, `unseen` is what it
    may have used unseen.
    """
    catalog = judge.catalog
    yield from _kept_lines(granting, verdicts, unseen.demands, catalog)
    if judge.keep is not KeepUnobservable.NONE:
        yield from _unrecorded_lines(grants, granting, verdicts, judge)
        yield from _hidden_role_lines(grants, unseen.hidden, catalog)
        yield from _unnamed_lines(grants, usage, catalog)
        needed = _still_needed(unseen.needed, verdicts)
        yield from needed_lines(needed, usage.uses, granting=granting, patterns=patterns, catalog=catalog)
    yield from _review_lines(grants, verdicts, ungranted, catalog=catalog)


def _kept_lines(
    granting: Mapping[Action, Granting],
    verdicts: Iterable[ActionVerdict],
    demands: Mapping[Action, Demand],
    catalog: Catalog,
) -> Iterable[Line]:
    for one in verdicts:
        is_narrower = one.action == PASS_ROLE or one.keep == KEPT_FOR_CALLS
        if one.keep and one.evidence is None and not is_narrower:
            why = f"{one.reason}; {one.keep}"
            demand = demands.get(one.action)
            of_aws = demand.grants if demand and demand.sign == one.keep else ()
            found = of_aws or granting.get(one.action, NOTHING).grants
            yield from lines_for_grants(found, one.action, kind=LineKind.KEPT, why=why, catalog=catalog)


def _unrecorded_lines(
    grants: PrincipalGrants, granting: Mapping[Action, Granting], verdicts: Iterable[ActionVerdict], judge: Judge
) -> Iterable[Line]:
    """Keeps of a used action what it was granted on where use would not have shown: it may have been used there too."""
    account = grants.principal.account
    for one in verdicts:
        if one.evidence is None or one.action == PASS_ROLE:
            continue
        for grant in granting.get(one.action, NOTHING).grants:
            unrecorded = judge.observability.unrecorded(one.action, account, grant)
            for why in sorted(set(unrecorded.values())):
                part = limited_to(grant, tuple(name for name, reason in unrecorded.items() if reason == why))
                yield from lines_for_grants(
                    [part], one.action, kind=LineKind.KEPT, why=f"{why}; it was used elsewhere", catalog=judge.catalog
                )


def _hidden_role_lines(grants: PrincipalGrants, hidden: Mapping[str, str], catalog: Catalog) -> Iterable[Line]:
    """Keeps passing the roles that a call may have passed without naming them, within the old scope."""
    if not hidden or PASS_ROLE not in grants.granted():
        return
    for role, why in hidden.items():
        for grant in grants.allows:
            scope = narrow_scope(grant, PASS_ROLE, Resource(ResourceKind.ARN, role), catalog=catalog)
            if scope is not None:
                yield Line(PASS_ROLE, scope, grant.ref, LineKind.KEPT, why, "", None)


def _unnamed_lines(grants: PrincipalGrants, usage: PrincipalUsage, catalog: Catalog) -> Iterable[Line]:
    """Keeps what calls may have been checked on without naming it, within the old scope."""
    for one in unnamed_resources(grants.principal.account, usage.uses):
        for grant in grants.allows:
            scope = narrow_scope(grant, one.action, one.resource, catalog=catalog)
            if scope is not None:
                yield Line(one.action, scope, grant.ref, LineKind.KEPT, one.why, "", None)


def _still_needed(
    needed: Mapping[Action, tuple[Action, ...]], verdicts: Iterable[ActionVerdict]
) -> Mapping[Action, tuple[Action, ...]]:
    """Those of the actions that stay because of calls, or were used themselves: on what the calls name they are needed
    too."""
    if not needed:
        return needed
    staying = {one.action for one in verdicts if one.keep == KEPT_FOR_CALLS or one.evidence is not None}
    return {action: callers for action, callers in needed.items() if action in staying}


def _review_lines(
    grants: PrincipalGrants,
    verdicts: Iterable[ActionVerdict],
    ungranted: Iterable[UngrantedUse],
    *,
    catalog: Catalog,
) -> Iterable[Line]:
    """Keeps what an unexplained use may really have been: the granted actions of its service and access level."""
    doubts = {
        (one.use.action.partition(":")[0], catalog.detail(one.use.action).level): one.use.action
        for one in ungranted
        if not one.explanation
    }
    for one in verdicts if doubts else ():
        unexplained = doubts.get((one.action.partition(":")[0], one.level))
        if unexplained and one.verdict in UNSEEN:
            why = f"{unexplained} was used without a grant and nothing explains it, so this may be what was meant"
            yield from lines_for_grants(grants.allows, one.action, kind=LineKind.REVIEW, why=why, catalog=catalog)
