"""From a review to the trails that would decide actions kept without seen use, and to the outcomes of such a plan."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import open_review
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.findings import PrincipalDiff, Proposal
from lpgen.core.model import Action
from lpgen.core.observe.open_uses import (
    ObserveOutcome,
    OpenUses,
    Promise,
    merge_open_uses,
    open_uses_of_principal,
    outcomes_of_plan,
)
from lpgen.core.observe.plan import ObservePlan, PlanChoices, bucket_of_account, plan_trails
from lpgen.core.schemas import OBSERVE_SCHEMA, check_schema
from lpgen.errors import DataError, InvocationError, quote_input, quote_reason


def observe(inputs: AnalysisInputs, choices: PlanChoices) -> ObservePlan:
    """The trails that would decide the actions that a review keeps without seen use.

    Raises:
        LpgenError: something can't be read, the options choose no principal, the trail to extend isn't among the given
            trails, or the bucket for log files is unknown.
    """
    options = inputs.options
    if choices.trail and choices.trail not in {trail.arn for trail in options.trails}:
        raise InvocationError(
            f"the given trail settings don't include {quote_input(choices.trail)}",
            hint="give its settings with --trails, or use a snapshot that has them",
        )
    review = open_review(inputs)
    observability = review.reviewer.ground.judge.finder.observability
    uses = merge_open_uses(review.map(partial(_open_uses, observability)))
    for account in sorted({use.account for use in uses.decidable}):
        if not (choices.bucket or choices.trail or bucket_of_account(account, options.trails)):
            raise InvocationError(
                f"the bucket for trails of account {quote_input(account)} is unknown",
                hint="name it with --bucket, or give the trails' settings with --trails",
            )
    return plan_trails(uses, review.report.diff.coverage, options.trails, choices)


def outcomes(inputs: AnalysisInputs, promises: Sequence[Promise]) -> tuple[ObserveOutcome, ...]:
    """The outcomes for the kept actions that an earlier plan covers.

    Raises:
        LpgenError: something can't be read, or the options choose no principal.
    """
    review = open_review(inputs)
    named = frozenset(promise.principal for promise in promises)
    diffs = {diff.principal.arn: diff for diff in review.map(partial(_diff_of, named)) if diff is not None}
    return outcomes_of_plan(promises, diffs)


def _open_uses(observability: Observability, proposal: Proposal) -> OpenUses:
    return open_uses_of_principal(proposal.diff, observability)


def _diff_of(principals: frozenset[str], proposal: Proposal) -> PrincipalDiff | None:
    return proposal.diff if proposal.diff.principal.arn in principals else None


# ---------------------------------------------------------------- the plan of an earlier run


class _Use(msgspec.Struct):
    principal: str
    action: str


class _PlannedAccount(msgspec.Struct):
    decides: tuple[_Use, ...]


class _Plan(msgspec.Struct):
    accounts: tuple[_PlannedAccount, ...]


def read_promises(path: Path) -> tuple[Promise, ...]:
    """The promises of a plan that `lpgen observe --format json` printed, sorted.

    Raises:
        DataError: the file can't be read, or holds something else.
    """
    try:
        content = path.read_bytes()
        check_schema(content, OBSERVE_SCHEMA, str(path), error=DataError, hint="run `lpgen observe` again")
        plan = msgspec.json.decode(content, type=_Plan)
    except OSError as error:
        raise DataError(f"can't read `{path}`: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"`{path}` is not a plan of `lpgen observe`: {quote_reason(error)}",
            hint="give the file that `lpgen observe --format json` wrote",
        ) from error
    found = {Promise(use.principal, Action(use.action)) for account in plan.accounts for use in account.decides}
    return tuple(sorted(found))
