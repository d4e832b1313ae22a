"""Proposes a permissions boundary for created roles, and the statements that make their creators use it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from lpgen.core.analysis.grants.applicable_policies import policies_met, recorded_request
from lpgen.core.analysis.grants.trust import trusted_services
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.arns import split_arn
from lpgen.core.evidence import LogCoverage, Use
from lpgen.core.graph.world import World
from lpgen.core.guardrails.created import BoundaryOfUse, UnseenGrants, Usages, made_uses
from lpgen.core.guardrails.creator import (
    BOUNDARY_KEY,
    PASS_ROLE,
    ChangedStatement,
    CreatorRewriter,
    Delegation,
    denies_of,
    replaced_statements,
)
from lpgen.core.guardrails.escapes import bounded_by, escapes, new_role
from lpgen.core.guardrails.reasons import REFUSING, Reason, ReasonKind, reason, state_of
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Result
from lpgen.core.iam.limits import MANAGED_POLICY_LIMIT, ROLE_INLINE_LIMIT
from lpgen.core.iam.policy import policy_from_json, policy_size
from lpgen.core.model import CURRENT_VERSION, AttachedPolicy, Policy, PolicyKind, Principal, PrincipalKind, Statement
from lpgen.core.perimeter.reasons import ProposalState

_CREATE: Final = "iam:CreateRole"
_CREATIONS: Final = (_CREATE, "iam:CreateUser")
_PASSED_TO: Final = "iam:PassedToService"
_REFUSED: Final = (Result.EXPLICITLY_DENIED, Result.IMPLICITLY_DENIED)
DENIES: Final = "lpgen-keep-boundary"
"""The name of the policy with the Deny statements of a creator."""


@dataclass(frozen=True, slots=True)
class BoundaryChoices:
    """The creators, the created roles (None: those that the logs show), their path ("" by default), and the name of the
    boundary."""

    creators: tuple[Principal, ...]
    created: tuple[Principal, ...] | None = None
    path: str = ""
    name: str = "lpgen-boundary"
    min_days: int = 90


@dataclass(frozen=True, slots=True)
class BoundaryReport:
    """A boundary, and the new policies of the creators by name. `boundary` is None if there is no document.

    `unseen` are roles with services whose use the logs can't show completely, or with actions that they used although
    no known policy allows it. The boundary lacks these.
    """

    creators: tuple[str, ...]
    created: tuple[str, ...]
    reasons: tuple[Reason, ...]
    name: str
    boundary: dict[str, Any] | None = None
    creator_statements: tuple[ChangedStatement, ...] = ()
    denies: tuple[dict[str, Any], ...] = ()
    creator_policies: Mapping[str, dict[str, Any]] | None = None
    unseen: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def state(self) -> ProposalState:
        """Whether it can be applied."""
        return state_of(self.reasons, has_document=self.boundary is not None)


@dataclass(frozen=True, slots=True)
class BoundaryEvidence:
    """What principals used, and what the logs could have shown."""

    usages: Usages
    coverage: LogCoverage
    observability: Observability


def propose_boundary(choices: BoundaryChoices, world: World, evidence: BoundaryEvidence) -> BoundaryReport:
    """The boundary of the roles that the creators create."""
    return _Draft(choices, world, evidence).report()


class _Draft:
    """A proposal at work."""

    def __init__(self, choices: BoundaryChoices, world: World, evidence: BoundaryEvidence) -> None:
        self.choices, self.world, self.evidence = choices, world, evidence
        self.creators = choices.creators
        roles = self._seen_roles() if choices.created is None else choices.created
        self.created = tuple(role for role in roles if role not in self.creators and not role.is_service_linked)
        made = (use.resource.text for use in self._uses_of_creators() if use.action in _CREATIONS)
        self.named = {_without_path(arn): arn for arn in (*made, *world.by_arn)}
        self.path = choices.path or _common_path(self.created)
        self.passed = frozenset(self._passed_services())

    @cached_property
    def _boundaries(self) -> tuple[str, ...]:
        """The boundaries of today: those that roles have, and that the creators' statements require."""
        held = {role.boundary.arn for role in self.created if role.boundary}
        statements = (one for creator in self.creators for policy in creator.policies for one in _statements(policy))
        keys = (
            one for statement in statements for one in statement.conditions if one.key.lower() == BOUNDARY_KEY.lower()
        )
        return tuple(sorted(held | {value for one in keys for value in one.values}))

    def _seen_roles(self) -> tuple[Principal, ...]:
        made = {use.resource.text for use in self._uses_of_creators() if use.action == _CREATE and use.is_done}
        return tuple(role for arn, role in self.world.by_arn.items() if arn in made)

    def _uses_of_creators(self) -> Iterator[Use]:
        return (use for creator in self.creators for use in made_uses(self.evidence.usages.get(creator.arn)))

    def _passed_services(self) -> Iterator[str]:
        for use in self._uses_of_creators():
            for context in use.contexts if use.action == PASS_ROLE else ():
                yield from (value for key, values in context.values if key == _PASSED_TO for value in values)

    def report(self) -> BoundaryReport:
        """The proposal, with the reasons against it."""
        reasons = list(self._missing())
        arns = tuple(sorted(one.arn for one in self.creators)), tuple(sorted(one.arn for one in self.created))
        if any(found.kind in REFUSING for found in reasons):
            return BoundaryReport(*arns, tuple(reasons), self.choices.name)
        document, unseen = self._document()
        changed, policies, after = self._creators_after()
        sizes = [(document, MANAGED_POLICY_LIMIT), *((one, ROLE_INLINE_LIMIT) for one in policies.values())]
        large = [size for one, most in sizes if (size := policy_size(json.dumps(one))) > most]
        reasons += [] if document["Statement"] else [reason(ReasonKind.NOTHING)]
        reasons += [reason(ReasonKind.TOO_LARGE, detail=max(large))] if large else []
        if any(found.kind in REFUSING for found in reasons):
            return BoundaryReport(*arns, tuple(reasons), self.choices.name)
        boundary = policy_from_json(document, place=self.choices.name)
        bounded = {role.arn: bounded_by(role, self._to(role).boundary, boundary) for role in self.created}
        reasons += self._against(boundary, after, bounded)
        denies = denies_of(sorted({self._to(creator).boundary for creator in self.creators}))
        return BoundaryReport(*arns, tuple(reasons), self.choices.name, document, changed, denies, policies, unseen)

    # ---------------------------------------------------------------- reasons

    def _missing(self) -> Iterator[Reason]:
        """What isn't known."""
        if not self.created:
            yield reason(ReasonKind.NO_CREATED_ROLES, (creator.arn for creator in self.creators))
            return
        both = (*self.creators, *self.created)
        unknown = [one.arn for one in both if any(held.document is None for held in one.policies)]
        if unknown:
            yield reason(ReasonKind.POLICIES_UNKNOWN, unknown)
        read = {account: self.evidence.coverage.account(account) for account in {one.account for one in both}}
        if missing := [account for account, covered in read.items() if covered is None]:
            yield reason(ReasonKind.MISSING_LOGS, missing)
        days = {account: covered.covered_days for account, covered in read.items() if covered}
        if few := {account for account, covered in days.items() if covered < self.choices.min_days}:
            yield reason(ReasonKind.FEW_DAYS, few, detail=min(days[account] for account in few))
        if trusting := [role.arn for role in self.created if role.trust is None]:
            yield reason(ReasonKind.TRUST_UNKNOWN, trusting)

    def _against(
        self, boundary: Policy, after: Mapping[str, Principal], bounded: Mapping[str, Principal]
    ) -> Iterator[Reason]:
        refused = {arn for arn, new in (*after.items(), *bounded.items()) if self._is_anything_refused(arn, new)}
        if refused:
            yield reason(ReasonKind.OBSERVED_REFUSED, refused)
        passing = [creator.arn for creator in after.values() if self.world.actor(creator).patterns(PASS_ROLE)]
        if passing and not self.passed:
            yield reason(ReasonKind.SERVICES_UNKNOWN, passing)
        services = self.passed.union(*map(trusted_services, self.created))
        new = [new_role(self._to(creator), boundary, services, creator) for creator in self.creators]
        with_boundary = {**bounded, **{role.arn: role for role in new}}
        changed = {**after, **with_boundary}
        rest = [one for one in self.world.principals if one.arn not in changed]
        world = replace(self.world, principals=(*rest, *changed.values()))
        if out := escapes(world, with_boundary.keys(), changed.keys(), self._assumed(changed)):
            yield reason(ReasonKind.ESCAPES, out)

    def _assumed(self, changed: Mapping[str, Principal]) -> set[str]:
        """The roles that the principals were seen to assume."""
        uses = (use for arn in changed for use in made_uses(self.evidence.usages.get(arn)))
        return {use.resource.text for use in uses if use.action == "sts:AssumeRole"}

    def _is_anything_refused(self, arn: str, new: Principal) -> bool:
        """Whether the new policies refuse a use that the old ones don't, if new principals get the boundary."""
        old = self.world.by_arn[arn]
        return any(
            self._result(new, use, place, self._to(new).boundary) in _REFUSED
            and self._result(old, use, place) not in _REFUSED
            for use in made_uses(self.evidence.usages.get(arn))
            for place in range(len(use.contexts))
        )

    def _result(self, principal: Principal, use: Use, place: int, boundary: str = "") -> Result:
        resource, guards = use.replayed_resource or use.resource, self.world.guards
        resource = replace(resource, text=self.named.get(_without_path(resource.text), resource.text))
        request = recorded_request(principal, use.action, resource, use.contexts[place], guards)
        if boundary:
            request = replace(request, context={**request.context, BOUNDARY_KEY: (boundary,)})
        return decide(request, policies_met(principal, resource.text, guards), catalog=self.world.catalog).result

    # ---------------------------------------------------------------- documents

    def _to(self, principal: Principal) -> Delegation:
        partition, account = split_arn(principal.arn).partition, principal.account
        plain = f"arn:{partition}:iam::{account}:policy/{self.choices.name}"
        boundary = next((arn for arn in self._boundaries if _is_same_policy(arn, plain)), plain)
        return Delegation(boundary, self.path, partition, account, tuple(sorted(self.passed)))

    def _document(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The boundary, and what it lacks because the logs can't show it: services with the roles."""
        found = BoundaryOfUse(self.world.guards)
        grants = UnseenGrants(self.world.catalog, self.evidence.observability, self.evidence.coverage)
        unseen: set[str] = set()
        for role in self.created:
            uses = list(made_uses(self.evidence.usages.get(role.arn)))
            lacking = [use for use in uses if not found.add_use(role, use)]
            unseen |= {f"{role.arn} {use.action}" for use in lacking}
            for statement, action, exact in grants.of(role, {use.action for use in uses}):
                if exact and not action.startswith("iam:"):
                    found.add_action(statement, action)
                elif not exact:
                    unseen.add(f"{role.arn} {action.partition(':')[0]}")
        return found.document(), tuple(sorted(unseen))

    def _creators_after(
        self,
    ) -> tuple[tuple[ChangedStatement, ...], dict[str, dict[str, Any]], dict[str, Principal]]:
        """The changed statements, the new policies by name, and the creators with them."""
        changed: list[ChangedStatement] = []
        policies: dict[str, dict[str, Any]] = {}
        after: dict[str, Principal] = {}
        alone = len(self.creators) == 1
        for creator in self.creators:
            rewriter = CreatorRewriter(self._to(creator), self.world.catalog)
            own: dict[str, dict[str, Any]] = {}
            for held in creator.policies:
                if held.document is not None:
                    whole, some = replaced_statements(held.document, held.name, rewriter)
                    own[held.name] = {"Version": held.document.version, "Statement": whole}
                    changed += some
            own[DENIES] = {"Version": CURRENT_VERSION, "Statement": list(denies_of([self._to(creator).boundary]))}
            policies |= {name if alone else f"{creator.arn} {name}": document for name, document in own.items()}
            after[creator.arn] = replace(creator, policies=tuple(_attached(own)))
        return tuple(changed), policies, after


def _statements(held: AttachedPolicy) -> tuple[Statement, ...]:
    return held.document.statements if held.document else ()


def _attached(own: Mapping[str, dict[str, Any]]) -> Iterator[AttachedPolicy]:
    for name, document in own.items():
        if document["Statement"]:
            policy = policy_from_json(document, place=name)
            yield AttachedPolicy(PolicyKind.INLINE, name, "", "", None, policy)


def _is_same_policy(arn: str, plain: str) -> bool:
    """Whether an ARN is that of the policy with this name, whatever its path."""
    head, _, name = plain.rpartition("/")
    return arn.startswith(f"{head}/") and arn.endswith(f"/{name}")


def _without_path(arn: str) -> str:
    """The ARN of a role or user as most records of IAM show it: they name it without its path."""
    head, kind, name = arn.rpartition(":")[0], *arn.rpartition(":")[2].partition("/")[::2]
    return f"{head}:{kind}/{name.rpartition('/')[2]}" if kind in ("role", "user") else arn


def _common_path(roles: tuple[Principal, ...]) -> str:
    """The longest path that all roles have in common."""
    parts = [role.path.split("/")[:-1] for role in roles if role.kind is PrincipalKind.ROLE]
    common = []
    for some in zip(*parts, strict=False):
        if len(set(some)) > 1:
            break
        common.append(some[0])
    return "/".join((*common, "")) or "/"


def with_boundary_errors(report: BoundaryReport, errors: Collection[str]) -> BoundaryReport:
    """The report, refused if Access Analyzer reported errors."""
    if not errors:
        return report
    found = reason(ReasonKind.INVALID, detail="; ".join(errors))
    return BoundaryReport(report.creators, report.created, (*report.reasons, found), report.name)
