"""The spine from usage and policies to replacements and their proof. Read it top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.checks.claims import Claims, stated_pairs
from lpgen.core.analysis.checks.hunt import HUNT_SIZE
from lpgen.core.analysis.checks.written import WrittenDocument
from lpgen.core.analysis.counted_use import counted_usages
from lpgen.core.analysis.diff import diff_usage
from lpgen.core.analysis.generate import generate_policies
from lpgen.core.analysis.grants import grants_from_principals
from lpgen.core.analysis.safe.decided_lines import idle_decisions
from lpgen.core.analysis.safe.decisions import decisions_in_force
from lpgen.core.analysis.verify import verify_replacement
from lpgen.core.analysis.written.permission_sets import hold_sets_together
from lpgen.core.findings import PrincipalDiff, Proposal, Report
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.model import Policy, Principal, SkipReason
from lpgen.core.options import Options, is_chosen
from lpgen.core.policies.meaning import says_the_same
from lpgen.core.policies.policy import policy_from_json
from lpgen.core.replacements import Check, CheckStatus, Decision, Replacement, Verification
from lpgen.core.usage.foreign_callers import arns_by_id, name_foreign_callers
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.tables import Usage
from lpgen.edge.data_folder.ledger import count_unread_files
from lpgen.edge.data_folder.usage_files import read_current_usage, read_generation_usage
from lpgen.edge.inputs.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import WrittenReplacement
from lpgen.errors import DataError, InvocationError, quote_input

VERIFY_HUNT: Final = 1_000
"""How many requests `verify` tries per replacement in its hunt for one that is newly allowed."""


def analyse(
    data: Path, policies: Sequence[Path], catalog: Catalog, *, options: Options, problems: Sequence[str] = ()
) -> Report:
    """The whole comparison of a data folder with policies: verdicts, replacements and their proof.

    `problems` are those met in reading the options' files; the report tells them with its own.

    Raises:
        LpgenError: the data folder or a policy file can't be read, or the options choose no principal.
    """
    ground = load_ground(data, policies, catalog, options.guards)
    report = analyse_ground(ground, catalog, options=options, problems=problems)
    unread = any(one.reason is SkipReason.UNREADABLE_FILE for one in report.diff.skips)
    return replace(report, unread_files=count_unread_files(data) if unread else 0)


def analyse_ground(ground: Ground, catalog: Catalog, *, options: Options, problems: Sequence[str] = ()) -> Report:
    """The comparison of usage with grants that are loaded; `unread_files` of the report is 0.

    Raises:
        InvocationError: the options choose no principal.
    """
    refuse_empty_choice([one.principal for one in ground.grants], options.principal)
    options = replace(options, guards=ground.guards)
    verifier = Verifier(ground, catalog, options)
    diff = diff_usage(ground.usage, ground.grants, catalog, options, usages=verifier.usages)
    replacements = {one.principal.arn: one for one in generate_policies(diff, ground.grants, catalog, options)}
    all_proposals = [_proposal(one, replacements.get(one.principal.arn), verifier) for one in diff.principals]
    proposals = tuple(
        one for one in hold_sets_together(all_proposals) if is_chosen(one.diff.principal, options.principal)
    )
    diff = replace(diff, principals=tuple(one.diff for one in proposals))
    _, strays = last_accessed_by_principal(options.last_accessed, [one.principal for one in ground.grants])
    gaps = options.snapshot.problems if options.snapshot else ()
    idle = idle_decisions(verifier.decisions, ground.grants, catalog)
    problems = (*ground.problems, *problems, *strays, *idle, *gaps)
    return Report(
        diff, proposals, problems, options.min_days, ground.guards, options.snapshot, generation=ground.generation
    )


def _proposal(diff: PrincipalDiff, replacement: Replacement | None, verifier: Verifier) -> Proposal:
    if replacement is None:
        return Proposal(diff, None, None)
    in_place = says_the_same(diff.principal, documents_of_replacement(replacement))
    return Proposal(diff, replacement, verifier.verify_proposed(replacement), in_place=in_place)


def documents_of_replacement(replacement: Replacement) -> tuple[Policy, ...]:
    """What a replacement says; nothing where it was refused."""
    return tuple(policy_from_json(one.text, place=one.name) for one in replacement.documents)


@dataclass(frozen=True, slots=True)
class Ground:
    """What an analysis stands on. `problems` are the snapshot's gaps, as sentences.

    `guards` are those given, and the trust policies of the snapshot's roles. `generation` is the name of the usage
    tables.
    """

    usage: Usage
    grants: tuple[PrincipalGrants, ...]
    problems: tuple[str, ...]
    guards: Guards = NO_GUARDS
    generation: str = ""


def load_ground(data: Path, policies: Sequence[Path], catalog: Catalog, guards: Guards = NO_GUARDS) -> Ground:
    """The usage of a data folder and the grants of every principal of the policies.

    Raises:
        LpgenError: something can't be read, or the data folder holds no record of any day.
    """
    generation, usage = read_current_usage(data)
    if usage.coverage.column("day").null_count == usage.coverage.num_rows:
        raise DataError(f"`{data}` holds no records, and all would look unused", hint="ingest logs that hold some")
    snapshot = read_snapshot(policies)
    problems = tuple(f"{problem.place}: {problem.message}" for problem in snapshot.problems)
    grants = grants_from_principals(snapshot.principals, catalog, guards)
    return Ground(
        name_foreign_callers(usage, arns_by_id(snapshot.principals)),
        grants,
        problems,
        guards.with_trust(snapshot.principals),
        generation,
    )


def load_earlier_usage(ground: Ground, data: Path, generation: str) -> Ground | None:
    """The same policies with the usage of an earlier generation, or None where its tables aren't there or readable."""
    try:
        usage = read_generation_usage(data, generation)
    except (FileNotFoundError, DataError):
        return None
    known = arns_by_id(one.principal for one in ground.grants)
    return replace(ground, usage=name_foreign_callers(usage, known), generation=generation)


def refuse_empty_choice(principals: Iterable[Principal], pattern: str) -> None:
    """Ends a command that would speak of no principal.

    Raises:
        InvocationError: the pattern matches none of the principals, or there is none.
    """
    if not any(is_chosen(one, pattern) for one in principals):
        sought = f"matches {quote_input(pattern)}" if pattern else "is there"
        raise InvocationError(f"no principal of the policies {sought}", hint="use an ARN, a name, or a glob")


def decisions_on_ground(ground: Ground, options: Options) -> tuple[Decision, ...]:
    """The decisions in force on the day that ages count to: the options', else the last record's.

    Raises:
        InvocationError: the day is before all that the logs hold.
    """
    coverage = coverage_from_usage(ground.usage)
    first = min((one.first_day for one in coverage.accounts), default=None)
    if options.as_of and first and options.as_of < first:
        raise InvocationError(
            f"`--as-of {options.as_of}` is before the first record, of {first}",
            hint="give a later day, or leave it out for that of the last record",
        )
    return decisions_in_force(options.decisions, as_of=options.as_of or coverage.last_day or date.min)


class Verifier:
    """Verifies replacements against one ground.

    `decisions` are those in force, and `usages` the use that they leave, by principal.
    """

    def __init__(self, ground: Ground, catalog: Catalog, options: Options, *, hunt_size: int = HUNT_SIZE) -> None:
        self._catalog = catalog
        self._options, self._hunt_size = options, hunt_size
        self.decisions = decisions_on_ground(ground, options)
        self._grants = {one.principal.arn: one for one in ground.grants}
        self.usages = counted_usages(ground.usage, ground.grants, self.decisions)

    def verify_proposed(self, replacement: Replacement) -> Verification | None:
        """The checks on a replacement that isn't written yet, through its JSON; None for a refused one."""
        if replacement.refusal:
            return None
        documents = tuple(
            WrittenDocument(name, document.inline, policy_from_json(document.text, place=name))
            for number, document in enumerate(replacement.documents, start=1)
            for name in (f"policy-{number}.json",)
        )
        return self._verify(replacement.principal.arn, documents, stated_pairs(replacement))

    def verify_written(self, written: WrittenReplacement) -> Verification:
        """The checks on a folder as read back; a principal that the policies don't have fails."""
        if written.principal not in self._grants:
            finding = f"the policies given hold no {written.principal}"
            return Verification(
                written.principal, (Check("the old policies are known", CheckStatus.FAILED, 1, (finding,)),)
            )
        return self._verify(written.principal, written.documents, written.stated)

    def _verify(
        self, principal: str, documents: Sequence[WrittenDocument], stated: Iterable[tuple[str, str]]
    ) -> Verification:
        return verify_replacement(
            documents,
            self._grants[principal],
            self.usages.get(principal, PrincipalUsage(principal)),
            self._catalog,
            claims=Claims(principal, stated, self.decisions),
            guards=self._options.guards,
            hunt_size=self._hunt_size,
            attached_quota=self._options.attached_quota,
        )
