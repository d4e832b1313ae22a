"""The verification of an output folder of `lpgen generate`, principal by principal."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.output import inputs_of_output, output_of_review
from lpgen.app.review import (
    BATCH_UNITS,
    Ground,
    current_decisions,
    engine_for_units,
    load_ground,
    review_of_ground,
    trust_evidence_of,
)
from lpgen.core.analysis.counted_use import UseCounter, use_counter
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.verification.chain import (
    REPRODUCED,
    ExpectedOutput,
    FoundOutput,
    check_inputs_changed,
    check_reproduced,
    check_signed,
    check_unchanged,
)
from lpgen.core.analysis.verification.reasons import Claims
from lpgen.core.analysis.verify import verify_replacement
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.digests import Inputs
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage
from lpgen.core.folders import TRUST_FILE
from lpgen.core.keeping import make_again
from lpgen.core.made_from import changed_inputs, options_from_facts, unusual_choices
from lpgen.core.model import Principal
from lpgen.core.options import Options
from lpgen.core.replacements import Check, CheckStatus, OutputVerification, Verification
from lpgen.core.rollout.proofs import check_trust
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.usage.foreign_callers import arns_by_id, divide_by_log
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.row_slices import RowSlices
from lpgen.core.usage.tables import Usage
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.usage_files import read_generation_usage
from lpgen.edge.engine import results_of
from lpgen.edge.replacement_files import WrittenReplacement, find_replacements, read_output, read_replacement
from lpgen.errors import DataError, InvocationError, OutputError, PolicyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_LOG: Final = logging.getLogger("lpgen")

_GENERATION: Final = re.compile("[0-9a-f]{64}")

HUNT: Final = 1_000
"""The number of requests tried per replacement in the search for newly allowed access."""


def verify(output: Path, inputs: AnalysisInputs, *, key: Ed25519PublicKey | None = None) -> OutputVerification:
    """The verification of an output folder, from its files.

    Compares the folder with its digests and proves every replacement again. If the inputs haven't changed, generates
    the folder again and compares it. With `key`, the folder must be signed.

    Raises:
        LpgenError: something other than the folder's own files can't be read.
    """
    folders = find_replacements(output)
    found = read_output(output)
    checks = [check_unchanged(found)]
    if key is not None:
        from lpgen.edge.signatures import is_signature_of

        is_signed = found.chain is not None and is_signature_of(found.signature or "", found.chain.root, key)
        checks.append(check_signed(found, is_signed))
    ground, options = load_ground(inputs), inputs.options
    verifications = _verify_folders(folders, ground, inputs)
    if found.chain is None:
        return OutputVerification(tuple(checks), verifications)
    then = found.chain.inputs
    choices = unusual_choices(then.options)
    now = inputs_of_output(ground.generation, inputs)
    days_of_then = (then.options.get("as_of"), found.stated.as_of if found.stated else None)
    if options.as_of is None or options.as_of.isoformat() in days_of_then:
        now = replace(now, options=then.options)  # a folder is generated again with its own choices
    ground, changed = _ground_of_then(ground, inputs.data, then, now)
    if changed:
        return OutputVerification((*checks, check_inputs_changed(changed)), verifications, changed, choices)
    again = _reproduce(found, then, ground, inputs)
    return OutputVerification((*checks, again), verifications, choices=choices)


# ---------------------------------------------------------------- each replacement


@dataclass(frozen=True, slots=True)
class _FolderBatch:
    """Some folders, their principals and all records of these. `start` is the number of the first folder.

    A folder that can't be read is represented by its failed verification.
    """

    start: int
    folders: tuple[WrittenReplacement | Verification, ...]
    principals: tuple[Principal, ...]
    usage: Usage


def _folder_batches(folders: Sequence[Path], ground: Ground) -> Iterator[_FolderBatch]:
    known = {outline.arn: outline for outline in ground.outlines}
    for start in range(0, len(folders), BATCH_UNITS):
        batch = tuple(map(_read_folder, folders[start : start + BATCH_UNITS]))
        arns = {folder.principal for folder in batch} & known.keys()
        principals = tuple(ground.whole(known[arn]) for arn in sorted(arns))
        yield _FolderBatch(start, batch, principals, ground.slices.rows_of(arns))


@dataclass(frozen=True, slots=True)
class _FolderVerifier:
    """A worker's task for a batch: the number of its first folder, and the verification of each folder."""

    counter: UseCounter
    catalog: Catalog
    options: Options
    trust: TrustEvidence | None = None

    def __call__(self, batch: _FolderBatch) -> tuple[int, list[Verification]]:
        with collector_paused():
            grants = grants_from_principals(batch.principals, self.catalog, self.options.guards)
            usages = self.counter.count(batch.usage, grants)
            known = {grant.principal.arn: grant for grant in grants}
            return batch.start, [
                folder
                if isinstance(folder, Verification)
                else self._verify(folder, known.get(folder.principal), usages)
                for folder in batch.folders
            ]

    def _verify(
        self, written: WrittenReplacement, grants: PrincipalGrants | None, usages: dict[str, PrincipalUsage]
    ) -> Verification:
        arn = written.principal
        if grants is None:
            return _failed(arn, "the old policies are known", f"the given policies don't contain {arn}")
        trust = (check_trust(grants.principal, written.trust, self.trust),) if written.trust and self.trust else ()
        if written.is_trust_only:
            return Verification(arn, trust)
        verification = verify_replacement(
            written.documents,
            grants,
            usages.get(arn, PrincipalUsage(arn)),
            self.catalog,
            claims=Claims(arn, written.stated, self.counter.decisions),
            guards=self.options.guards,
            hunt_size=HUNT,
            attached_quota=self.options.attached_quota,
            left=written.left,
        )
        return replace(verification, checks=(*verification.checks, *trust))


def _verify_folders(folders: Sequence[Path], ground: Ground, inputs: AnalysisInputs) -> tuple[Verification, ...]:
    options, catalog = inputs.options, inputs.catalog
    coverage = coverage_from_usage(ground.usage)
    decisions = current_decisions(coverage, options)
    counter = use_counter(ground.usage, ground.outlines, decisions, Dangers(catalog))
    # Large options that the checks don't use aren't sent to workers.
    needed = Options(guards=ground.guards, attached_quota=options.attached_quota)
    has_trust = any((folder / TRUST_FILE).is_file() for folder in folders)
    trust = trust_evidence_of(ground, coverage, options, catalog) if has_trust else None
    verifier = _FolderVerifier(counter, catalog, needed, trust)
    found: list[tuple[int, list[Verification]]] = []
    done = 0
    engine = engine_for_units(inputs.engine, len(folders), BATCH_UNITS)
    for result in results_of(engine, verifier, _folder_batches(folders, ground)):
        found.append(result)
        done += len(result[1])
        _LOG.info("verified %d of %d replacements", done, len(folders))
    return tuple(verification for _, batch in sorted(found, key=lambda pair: pair[0]) for verification in batch)


def _read_folder(folder: Path) -> WrittenReplacement | Verification:
    try:
        return read_replacement(folder)
    except (OutputError, PolicyError) as error:
        return _failed(folder.name, "the files can be read", error.message)


def _failed(principal: str, check: str, finding: str) -> Verification:
    return Verification(principal, (Check(check, CheckStatus.FAILED, 1, (finding,)),))


# ---------------------------------------------------------------- the folder generated again


def _ground_of_then(ground: Ground, data: Path, then: Inputs, now: Inputs) -> tuple[Ground, tuple[str, ...]]:
    """The ground that an output was made from, and the inputs that have changed since.

    Newly ingested usage doesn't count as a change if the data folder still has the earlier tables.
    """
    changed = changed_inputs(then, now)
    if changed != ("usage",) or not _GENERATION.fullmatch(then.usage):
        return ground, changed
    try:
        usage = read_generation_usage(data, then.usage, stored=True)
    except (FileNotFoundError, DataError):
        return ground, changed
    named, elsewhere = divide_by_log(usage, arns_by_id(ground.outlines))
    slices = RowSlices(named, elsewhere=elsewhere)
    return replace(ground, usage=named, slices=slices, generation=then.usage, keep=make_again), ()


def _reproduce(found: FoundOutput, then: Inputs, ground: Ground, inputs: AnalysisInputs) -> Check:
    try:
        chosen, code = options_from_facts(then.options, inputs.options)
        review = review_of_ground(ground, replace(inputs, options=chosen))
        again = output_of_review(review, then, code, write=None)
    except (InvocationError, OutputError) as error:
        return Check(REPRODUCED, CheckStatus.FAILED, 1, (error.message,))
    return check_reproduced(found, ExpectedOutput(again.files, json.loads(again.summary)))
