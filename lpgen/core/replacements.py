"""The types of a replacement: people's decisions, lines with their reasons, documents, and the proof."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from lpgen.core.choices import Severity
from lpgen.core.digests import digest_of_facts
from lpgen.core.evidence import Evidence, StatementRef
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.model import Action, AttachedPolicy, Policy, PolicyKind, Principal
from lpgen.core.registry.row import IAM_GUIDE, Caveat, CaveatKind, Remedy, Row

# ---------------------------------------------------------------- decisions


class DecisionKind(StrEnum):
    """The kind of a person's decision."""

    KEEP = "keep"
    DROP = "drop"
    ACCEPT = "accept"
    BREAK_GLASS = "break_glass"  # the principal is for emergencies, and its policies remain unchanged


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision. Patterns are globs; dates are ISO, inclusive; "" means any (or never for `expires`)."""

    kind: DecisionKind
    principal: str = ""
    action: str = ""
    resource: str = ""
    item: str = ""
    since: str = ""
    until: str = ""
    reason: str = ""
    owner: str = ""
    expires: str = ""

    @property
    def drops_for_good(self) -> bool:
        """Whether it drops something on all days, rather than use on some days."""
        return self.kind is DecisionKind.DROP and not (self.since or self.until)


@dataclass(frozen=True, slots=True)
class DecisionsStamp:
    """The decisions that a report took into account: the name of their file, and the kinds of the current decisions.

    `idle` has an entry for each decision that matches nothing: the closest name to the one in it, or "".
    """

    file: str
    in_force: tuple[DecisionKind, ...]
    idle: tuple[str, ...] = ()


# ---------------------------------------------------------------- replacement


class LineKind(StrEnum):
    """Why a line is in a replacement."""

    OBSERVED = "observed"
    INFERRED = "inferred"
    ATTEMPTED = "attempted"
    KEPT = "kept"  # the logs could not have shown its use
    REVIEW = "review"  # kept because an unexplained use may be a mapping error
    DECIDED = "decided"  # a person's decision
    SHARED = "shared"  # needed in another account by a role of the same permission set


UNSEEN_KINDS: Final = frozenset({LineKind.KEPT, LineKind.REVIEW})
"""The kinds of lines without recorded use."""

WHOLE_GRANT: Final = "whole-grant"
SERVICE_POLICY: Final = "service-policy"
WHOLE_STATEMENT_RULES: Final = (WHOLE_GRANT, SERVICE_POLICY)
"""The rules that make a line keep all resources of its statement, including those without use."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A statement's `Resource`, or its `NotResource` where `not_resource` is true."""

    resources: tuple[str, ...]
    not_resource: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One action on one scope, narrowed from one statement, with why. `rule` names the scoping rule, or is "".

    A suspected line is based only on suspected use.
    """

    action: Action
    scope: Scope
    parent: StatementRef
    kind: LineKind
    why: str
    rule: str
    evidence: Evidence | None
    suspected: bool = False


@dataclass(frozen=True, slots=True)
class ReplacementStatement:
    """One new Allow with its lines. All lines have the statement's parent."""

    sid: str
    actions: tuple[Action, ...]
    scope: Scope
    parent: StatementRef
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReplacementDocument:
    """One policy document to create. `text` is formatted JSON; `size` is in IAM characters."""

    name: str
    inline: bool
    text: str
    size: int
    statements: tuple[ReplacementStatement, ...]


class ScopeRule(NamedTuple):
    """A rule that makes a scope wider than the used resources.

    It has a name and two clauses: what it adds and why, and what would narrow the scope.
    """

    name: str
    adds: str
    tightens: str


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """An applied scoping rule: its pattern, the number of records, and its clauses."""

    rule: str
    pattern: str
    records: int
    adds: str
    tightens: str


@dataclass(frozen=True, slots=True)
class LeftPolicy:
    """An AWS managed policy that is left attached, as of the generation of the replacement.

    `version` is the id of its version, "" if unknown. `lines` are the lines of an equal copy, if that is the reason to
    leave it.
    """

    arn: str
    version: str
    document: Policy
    lines: tuple[Line, ...] = ()

    @property
    def name(self) -> str:
        """Its name without its path."""
        return self.arn.rpartition("/")[2]

    @property
    def sha256(self) -> str:
        """The digest of its document, independent of the JSON layout."""
        return digest_of_facts(json.loads(policy_to_json(self.document)))


@dataclass(frozen=True, slots=True)
class Replacement:
    """The policies proposed for one principal. `refused_for` is why there are none, or None.

    `attached_quota` is how many managed policies may be attached to it, including those `left` attached.
    """

    principal: Principal
    documents: tuple[ReplacementDocument, ...]
    rules: tuple[AppliedRule, ...]
    bytes_by_service: tuple[tuple[str, int], ...]
    refused_for: Caveat | None = None
    attached_quota: int = ATTACHED_POLICIES_LIMIT
    left: tuple[LeftPolicy, ...] = ()

    @property
    def refusal(self) -> str:
        """Why there are no policies, or ""."""
        return self.refused_for.message if self.refused_for else ""


# ---------------------------------------------------------------- proof


class CheckStatus(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the number of `examined` items, and a sentence for each item that failed or is unproven."""

    name: str
    status: CheckStatus
    examined: int
    findings: tuple[str, ...]


class VerificationCaveat(CaveatKind):
    """Reasons why a replacement isn't safe according to its verification."""

    VERIFICATION = Row(
        "verification",
        "The replacement failed its verification.",
        parameters={"status": str, "checks": tuple},
        message=lambda *, status, checks: f"verification {status}: {', '.join(checks) or 'no check ran'}",
        step="leave the policies in place, and read the checks that didn't pass",
        acceptable=False,
        rank=1,
        help="It may deny used actions, or allow new access.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        severity=Severity.HIGH,
        remedy=Remedy.LOOK,
    )


@dataclass(frozen=True, slots=True)
class Verification:
    """The checks on one replacement. Without any check, it has failed."""

    principal: str
    checks: tuple[Check, ...]

    @property
    def status(self) -> CheckStatus:
        """FAILED if any check failed or there is none, UNPROVEN if any is unproven, else PASSED."""
        statuses = {check.status for check in self.checks}
        if not statuses or CheckStatus.FAILED in statuses:
            return CheckStatus.FAILED
        return CheckStatus.UNPROVEN if CheckStatus.UNPROVEN in statuses else CheckStatus.PASSED

    @property
    def caveat(self) -> Caveat | None:
        """The caveat about checks that didn't pass, None if all passed."""
        if self.status is CheckStatus.PASSED:
            return None
        names = tuple(check.name for check in self.checks if check.status is not CheckStatus.PASSED)
        return Caveat.of(VerificationCaveat.VERIFICATION, status=self.status, checks=names)


@dataclass(frozen=True, slots=True)
class OutputVerification:
    """The checks on a whole output folder, and on each replacement in it.

    `checks` are the checks on the folder. `changed_inputs` are the inputs that changed since its generation; if there
    are any, it wasn't generated again. `choices` are the options of its generation that aren't the defaults.
    """

    checks: tuple[Check, ...]
    principals: tuple[Verification, ...]
    changed_inputs: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def status(self) -> CheckStatus:
        """The worst status of all checks and replacements; FAILED without any replacement.

        If the folder wasn't generated again because its inputs changed, the other checks decide.
        """
        statuses = {principal.status for principal in self.principals}
        failed = {CheckStatus.FAILED for check in self.checks if check.status is CheckStatus.FAILED}
        for worst in (CheckStatus.FAILED, CheckStatus.UNPROVEN):
            if worst in statuses | failed:
                return worst
        return CheckStatus.PASSED if statuses else CheckStatus.FAILED


def with_replacement(
    principal: Principal, written: Iterable[tuple[str, Policy]], left: Iterable[tuple[str, Policy]]
) -> Principal:
    """A principal with the named documents of its replacement, and the AWS managed policies left attached, by ARN.

    A user's replacement also replaces the policies from groups.
    """
    own = (AttachedPolicy(PolicyKind.INLINE, name, "", "", None, document) for name, document in written)
    kept = (AttachedPolicy(PolicyKind.AWS_MANAGED, arn, arn, "", None, document) for arn, document in left)
    return replace(principal, policies=(*own, *kept))
