"""Proposes SCPs for each unit of an organization, and says what objects to each.

SCPs restrict everybody in member accounts except service-linked roles: roles, users, root users, and delegated
administrators.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final

from lpgen.core.analysis.observability.log_blind_spots import missing_home_region
from lpgen.core.arns import account_in_arn
from lpgen.core.documents import RowPart, means
from lpgen.core.globs.match import glob_match
from lpgen.core.guardrails.facts import GuardrailFacts, read_facts
from lpgen.core.guardrails.organization import Organized, Unit, attached_scps
from lpgen.core.guardrails.reasons import REFUSING, Reason, ReasonKind, reason, state_of
from lpgen.core.guardrails.use import ALLOW_ALL, UnitCall, UseOfAccounts, is_refused, request_of_call
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import CURRENT_VERSION
from lpgen.core.perimeter.exceptions import BREAK_GLASS, CALLER, Exempt, exempt
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.perimeter.world import PerimeterWorld
from lpgen.core.trails import Trail, trails_of_accounts

_LATEST: Final = timedelta(days=14)
"""How much earlier than those of other accounts the logs of an account may end."""

_PROBE: Final = "arn:aws:iam::{account}:role/lpgen"
_NO_ACCOUNT: Final = "TEST-ACCOUNT-ID"
_COMMANDS: Final = (
    "policy=$(aws organizations create-policy --type SERVICE_CONTROL_POLICY --name lpgen-{kind}-{unit} "
    "--description 'Proposed by lpgen from recorded use' --content file://policy.json "
    "--query Policy.PolicySummary.Id --output text)\n"
    'aws organizations attach-policy --policy-id "$policy" --target-id {account}'
)


class ScpKind(StrEnum):
    """What an SCP denies."""

    SERVICES = "services"
    REGIONS = "regions"
    DANGEROUS = "dangerous"


class Kept(RowPart):
    """A service, Region or action that isn't denied."""

    name: Annotated[str, means("Its name.")]
    why: Annotated[str, means("Why, as a clause.")]
    last_used: Annotated[date | None, means("The day of its last use; null: not known.")]
    accounts: Annotated[tuple[str, ...], means("The accounts that used it.")]


def kept_because(name: str, why: str, found: Kept | None = None) -> Kept:
    """What isn't denied for a reason, with the use that was found, if any."""
    return Kept(
        name=name, why=why, last_used=found.last_used if found else None, accounts=found.accounts if found else ()
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What a kind of SCP consists of. `already` says that today's SCPs deny something of it."""

    denies: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    statements: tuple[dict[str, Any], ...] = ()
    exceptions: tuple[Exempt, ...] = ()
    reasons: tuple[Reason, ...] = ()
    already: bool = False


@dataclass(frozen=True, slots=True)
class ScpProposal:
    """An SCP of one kind, or None as its `policy`. `test` are commands that attach it to one account."""

    kind: ScpKind
    reasons: tuple[Reason, ...]
    denies: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    exceptions: tuple[Exempt, ...] = ()
    policy: dict[str, Any] | None = None
    test: str = ""

    @property
    def state(self) -> ProposalState:
        """Whether it can be applied."""
        return state_of(self.reasons, has_document=self.policy is not None)


@dataclass(frozen=True, slots=True)
class UnitGuardrails:
    """The proposals for one unit."""

    unit: Unit
    proposals: tuple[ScpProposal, ...]


@dataclass(frozen=True, slots=True)
class ScpReport:
    """The proposals for all units, and problems in the input files."""

    units: tuple[UnitGuardrails, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScpWorld:
    """Everything that is known. `who` has the principals, SCPs of today, coverage of the logs, and choices."""

    organized: Organized
    use: UseOfAccounts
    trails: tuple[Trail, ...]
    who: PerimeterWorld


class UnitDraft:
    """A unit with what its accounts used."""

    def __init__(self, unit: Unit, world: ScpWorld) -> None:
        self.unit, self.world = unit, world
        self.facts: GuardrailFacts = world.who.catalog.facts(read_facts)
        self.members = world.organized.organization.members(unit)
        self.calls = world.use.of(self.members)
        self.profiles = world.use.profiles_of(self.members)

    def proposal(self, kind: ScpKind, parts_of: Callable[[UnitDraft], Parts]) -> ScpProposal:
        """The SCP of a kind, and the reasons against it."""
        reasons = list(self._evidence())
        refusing = REFUSING | ({ReasonKind.SINGLE_REGION_LOGS} if kind is ScpKind.REGIONS else set())
        if any(found.kind in refusing for found in reasons):
            return ScpProposal(kind, tuple(reasons))
        parts = parts_of(self)
        reasons += parts.reasons
        if not parts.denies and not any(found.kind in REFUSING for found in reasons):
            reasons.append(reason(ReasonKind.ALREADY if parts.already else ReasonKind.NOTHING))
        document = {"Version": CURRENT_VERSION, "Statement": list(parts.statements)}
        reasons += self._against(parts, document) if parts.denies else ()
        if any(found.kind in REFUSING for found in reasons):
            return ScpProposal(kind, tuple(reasons), kept=parts.kept)
        return ScpProposal(
            kind, tuple(reasons), parts.denies, parts.kept, parts.exceptions, document, self._commands(kind)
        )

    # ---------------------------------------------------------------- reasons

    def _evidence(self) -> Iterator[Reason]:
        """What the logs may not show, for all kinds alike."""
        if not self.members:
            yield reason(ReasonKind.MANAGEMENT_ACCOUNT, self.unit.accounts)
            return
        found = {account: self.world.who.coverage.account(account) for account in self.members}
        read = [covered for covered in found.values() if covered]
        latest = max((covered.last_day for covered in read), default=date.min)
        missing = [name for name, covered in found.items() if not covered or latest - covered.last_day > _LATEST]
        if missing:
            yield reason(ReasonKind.MISSING_LOGS, missing)
        few = [covered for covered in read if covered.covered_days < self.world.who.choices.min_days]
        if few:
            days = min(covered.covered_days for covered in few)
            yield reason(ReasonKind.FEW_DAYS, (covered.account for covered in few), detail=days)
        if single := self.accounts_of_one_region():
            yield reason(ReasonKind.SINGLE_REGION_LOGS, single)

    def accounts_of_one_region(self) -> list[str]:
        """The accounts whose logs may lack Regions, by the settings of their trails or by the logs.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html
        """
        serving = trails_of_accounts(self.world.trails, self.members)
        return [
            account
            for account in self.members
            if (
                not any(trail.multi_region and trail.logging for trail in serving[account])
                if account in serving
                else bool(missing_home_region(self.world.who.coverage.account(account)))
            )
        ]

    def _against(self, parts: Parts, document: Mapping[str, Any]) -> Iterator[Reason]:
        quota, guards = self.facts.quota, self.world.who.guards
        size = len(json.dumps(document, separators=(",", ":")))
        if size > quota.size:
            yield reason(ReasonKind.TOO_LARGE, detail=size)
        if attached_scps(self.unit, self.world.organized.organization, guards) >= quota.attached:
            yield reason(ReasonKind.TOO_MANY, detail=quota.attached)
        policy = policy_from_json(document, place=self.unit.id)
        refused = {call.principal or call.account for call in self.calls if is_refused(policy, call)}
        if refused:
            yield reason(ReasonKind.OBSERVED_REFUSED, refused)
        names = [one.principal for one in parts.exceptions]
        writers = {writer for one in parts.exceptions for writer in one.writers}
        others = {writer for writer in writers if not any(glob_match(name, writer) for name in names)}
        if others:
            yield reason(ReasonKind.ROLE_NAMES, others)

    def denied_today(self, action: str, region: str = "us-east-1") -> bool:
        """Whether the SCPs of today refuse an action in every account of the unit, to a principal that none names."""
        found = {
            decide(
                request_of_call(_PROBE.format(account=account), action, region),
                PolicySet(identity=(ALLOW_ALL,), scps=self.world.who.guards.scps_of_account(account)),
            ).result
            for account in self.members
        }
        return found <= {Result.EXPLICITLY_DENIED, Result.IMPLICITLY_DENIED}

    # ---------------------------------------------------------------- exceptions

    @cached_property
    def outside(self) -> tuple[Exempt, ...]:
        """The principals that no SCP refuses: those for emergencies, and the one that will attach it."""
        choices = self.world.who.choices
        why = {
            **dict.fromkeys(choices.break_glass, BREAK_GLASS),
            **({choices.caller: CALLER} if choices.caller else {}),
        }
        return self.excepted(why)

    def excepted(self, why: Mapping[str, str]) -> tuple[Exempt, ...]:
        """The principals of the unit among these, or patterns of such, with who can create or change one."""
        return tuple(found for name in sorted(why) for found in self._excepted(name, why[name]))

    def _excepted(self, name: str, why: str) -> Iterator[Exempt]:
        account = account_in_arn(name)
        if account and account not in self.members:
            return
        known = [found for found in self.members if self.world.who.able("", found)] or self.members
        fields = name.split(":", 5)
        names = [name] if account or len(fields) < 6 else [":".join((*fields[:4], one, fields[5])) for one in known]
        writers = {writer for one in names for writer in exempt(one, why, self.world.who).writers}
        yield Exempt(principal=name, why=why, writers=tuple(sorted(writers)))

    # ---------------------------------------------------------------- commands

    def _commands(self, kind: ScpKind) -> str:
        account = self.world.organized.organization.account_for_tests(self.unit) or _NO_ACCOUNT
        return _COMMANDS.format(kind=kind, unit=self.unit.id, account=account)


def uses_by_name(
    calls: Mapping[UnitCall, date | None], names_of: Callable[[UnitCall], Iterable[str]]
) -> dict[str, Kept]:
    """The uses by the names that a function gives for each call, such as its Region."""
    days: dict[str, date | None] = {}
    accounts: dict[str, set[str]] = {}
    for call, day in calls.items():
        for name in names_of(call):
            days[name] = max(filter(None, (day, days.get(name))), default=None)
            accounts.setdefault(name, set()).add(call.account)
    return {
        name: Kept(name=name, why=_USED, last_used=days[name], accounts=tuple(sorted(accounts[name]))) for name in days
    }


_USED: Final = "the logs show its use"


def except_for(principals: Iterable[str]) -> dict[str, Any]:
    """The condition of a Deny that excepts principals, by ARNs and patterns of ARNs.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
    """
    names = sorted(set(principals))
    return {"ArnNotLike": {"aws:PrincipalArn": names}} if names else {}


def with_scp_errors(proposal: ScpProposal, errors: Collection[str]) -> ScpProposal:
    """The proposal, refused if Access Analyzer reported errors."""
    if not errors:
        return proposal
    found = reason(ReasonKind.INVALID, detail="; ".join(errors))
    return replace(proposal, reasons=(*proposal.reasons, found), denies=(), policy=None, test="")
