"""The spine of `lpgen rollout plan`: from a trusted output folder to proven calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import open_review
from lpgen.core.analysis.verification.chain import check_unchanged
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.digests import CHAIN_KEYS, Inputs, OutputDigests
from lpgen.core.findings import Proposal, Report
from lpgen.core.folders import TRUST_FILE, files_of_sets, plain_name
from lpgen.core.identity_center import PermissionSet, permission_set_of
from lpgen.core.made_from import CODE, TRUST, options_to_facts
from lpgen.core.options import Options
from lpgen.core.principal_names import hint_of_name, is_named
from lpgen.core.replacements import CheckStatus
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.plan_rollout import plan_principal, refuse
from lpgen.core.rollout.proofs import prove_plans, unproven
from lpgen.core.rollout.refusals import Exceptions, Refusal, RefusalKind, refuse_idle_exceptions
from lpgen.core.rollout.source import RolloutPlan, Source, Trust, faults_of_source
from lpgen.core.rollout.written_replacement import NewDocument, WrittenPlan
from lpgen.core.trust.roles import TrustProposal
from lpgen.edge.output_file import write_file
from lpgen.edge.private_files import make_private_folder
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import (
    EvidenceFile,
    WrittenReplacement,
    decode_evidence,
    read_output,
    read_replacements,
)
from lpgen.edge.signatures import is_signature_of, read_public_key
from lpgen.errors import InvocationError, OutputError, TamperingError, quote_input, quote_reason
from lpgen.report.documents.output_folder import evidence_json, is_written, trust_text
from lpgen.report.plan import document_file

_AGAIN: Final = "run `lpgen generate` again"


@dataclass(frozen=True, slots=True)
class Basis:
    """The reason to trust an output folder: a signature by `public_key`, or an analysis of `data` with `options`."""

    trust: Trust
    public_key: Path | None = None
    data: Path | None = None
    options: Options | None = None


def plan_rollout(
    output: Path,
    policies: Sequence[Path],
    exceptions: Exceptions,
    catalog: Catalog,
    *,
    basis: Basis,
    principal: str = "",
) -> RolloutPlan:
    """The plan for every replacement of an output folder whose principal matches a glob.

    A replacement is refused if it isn't proven, or if the data folder gives another one.

    Raises:
        TamperingError: the folder was changed after `lpgen generate` wrote it, or isn't signed with the key.
        LpgenError: something can't be read, or the glob matches no principal.
    """
    written = read_written_output(output)
    if basis.public_key is not None:
        _check_signature(written, output, basis.public_key)
    chosen = [plan for plan in written.plans if is_named(plan.principal, principal)]
    if not chosen:
        what = f"matches {quote_input(principal)}" if principal else "exists"
        hint = hint_of_name(principal, (plan.principal for plan in written.plans))
        raise InvocationError(f"no replacement in `{output}` {what}", hint=hint)
    principals = {principal.arn: principal for principal in read_snapshot(policies).principals}
    refuse_idle_exceptions(exceptions, principals.values())
    plans = [
        plan_principal(
            replace(plan, folder=str(output / plan.folder), as_of=written.as_of),
            principals.get(plan.principal),
            exceptions,
        )
        for plan in chosen
    ]
    if basis.trust is Trust.DATA:
        again = _generate_again(written.digests.inputs, policies, catalog, basis, principal)
        plans = [
            refuse(plan, _other(plan, own, again.get(own.principal))) for plan, own in zip(plans, chosen, strict=True)
        ]
    plan = RolloutPlan(
        written.as_of,
        written.digests.inputs.catalog.version,
        _refuse_unproven(plans, catalog, exceptions.attached_quota),
        exceptions.attached_quota,
        Source(written.digests, written.summary, written.signature, basis.trust),
    )
    for fault in faults_of_source(plan):
        raise TamperingError(f"`{output}` was edited: {fault}", hint=_AGAIN)
    return plan


def _check_signature(written: _WrittenOutput, output: Path, public_key: Path) -> None:
    key = read_public_key(public_key)
    if not written.signature:
        raise TamperingError(f"`{output}` isn't signed", hint="sign it with `lpgen generate --sign KEY`")
    if not is_signature_of(written.signature, written.digests.root, key):
        raise TamperingError(
            f"the signature of `{output}` doesn't match `{public_key}`",
            hint="ask the signer to generate the output again",
        )


def _refuse_unproven(plans: Sequence[PrincipalPlan], catalog: Catalog, quota: int) -> tuple[PrincipalPlan, ...]:
    proofs = prove_plans(plans, catalog, attached_quota=quota)
    return tuple(
        refuse(plan, (Refusal.of(RefusalKind.NOT_PROVEN, why=why) for why in unproven(proofs.get(plan.principal, ()))))
        for plan in plans
    )


# ---------------------------------------------------------------- generated again


def _generate_again(
    inputs: Inputs, policies: Sequence[Path], catalog: Catalog, basis: Basis, principal: str
) -> dict[str, WrittenPlan]:
    """The plans that `lpgen generate` would write now, by the principal's ARN."""
    if basis.data is None or basis.options is None:
        raise InvocationError("generating again needs a data folder", hint="add --data DIR")
    _refuse_other_options(inputs, basis.options)
    chosen = replace(basis.options, principal=principal)
    review = open_review(AnalysisInputs(basis.data, policies, catalog, chosen))
    report, trusts = review.whole_report(), review.narrowed_trust
    found = ((proposal, trusts.get(proposal.diff.principal.arn)) for proposal in report.proposals)
    again = (
        _written_again(proposal, report, inputs, trust) for proposal, trust in found if is_written(proposal, trust)
    )
    return {written.principal: written for written in again}


def _refuse_other_options(inputs: Inputs, options: Options) -> None:
    """INVARIANT: The given options decide. The folder's own options could have been edited to make more of it safe."""
    given, then = {TRUST: False, **options_to_facts(options)}, {TRUST: False, **inputs.options}
    differing = {name for name, stated in then.items() if name in given and given[name] != stated}
    differing -= {"principal", CODE}
    if differing:
        stated = ", ".join(f"{name.replace('_', ' ')} {then[name]}" for name in sorted(differing))
        raise InvocationError(
            f"the output was generated with other options: {quote_input(stated)}",
            hint="give the same options to `lpgen rollout plan`, or generate it again without them",
        )


def _written_again(proposal: Proposal, report: Report, inputs: Inputs, trust: TrustProposal | None) -> WrittenPlan:
    documents = proposal.replacement.documents if proposal.replacement else ()
    texts = {document_file(number): document.text for number, document in enumerate(documents, start=1)}
    if trust is not None:
        texts[TRUST_FILE] = trust_text(trust)
    evidence = decode_evidence(evidence_json(proposal, report, inputs, trust).encode(), "evidence.json")
    return _written_plan(evidence, texts.__getitem__, folder="")


_EXPLAINED = frozenset({RefusalKind.OTHER_POLICIES, RefusalKind.NOT_IN_POLICIES, RefusalKind.NOTHING_TO_DO})
"""Refusals of principals whose policies changed since. The data folder gives another replacement for them anyway."""

_COMPARED = {
    "principal_id": "another principal",
    "policies_sha256": "other policies",
    "documents": "other documents",
    "left": "other policies that stay attached",
    "trust": "another trust policy",
    "safe": "another safety verdict",
    "not_safe_because": "other reasons not to call it safe",
    "as_of": "another last day",
}


def _other(plan: PrincipalPlan, written: WrittenPlan, again: WrittenPlan | None) -> Iterable[Refusal]:
    if _EXPLAINED & {refusal.kind for refusal in plan.refusals}:
        return
    differences = ["no replacement"]
    if again is not None:
        differences = [what for field, what in _COMPARED.items() if getattr(written, field) != getattr(again, field)]
    if differences:
        yield Refusal.of(RefusalKind.NOT_REPRODUCED, what=", ".join(differences))


# ---------------------------------------------------------------- for others


def write_for_owners(plan: RolloutPlan, output: Path) -> tuple[Path, ...]:
    """Write the parts that other owners must apply, into folders named after the plan's file, and return the files.

    For roles of IAM Identity Center, this is the permission set's inline policy. For principals managed as code, it is
    the changed resources of their CloudFormation template.

    Raises:
        OutputError: a file can't be written.
    """
    texts = {("permission-sets", name): text for name, text in _texts_of_sets(plan).items()}
    texts |= {("code", _file_name(principal)): principal.code for principal in plan.principals if principal.code}
    found = {output.with_name(f"{output.name}.{kind}") / f"{name}.json": text for (kind, name), text in texts.items()}
    for path, text in found.items():
        try:
            make_private_folder(path.parent)
        except OSError as error:
            raise OutputError(f"can't write `{path.parent}`: {error.strerror or error}") from error
        write_file(path, [text.encode()])
    return tuple(found)


def _texts_of_sets(plan: RolloutPlan) -> dict[str, str]:
    """The inline policies of permission sets by file name: one per set, or one per role if the replacements differ."""
    roles = [(role, permission_set_of(role.principal)) for role in plan.principals if role.permission_set]
    texts: dict[PermissionSet, set[str]] = defaultdict(set)
    for role, permission_set in roles:
        if permission_set is not None:
            texts[permission_set].add(role.permission_set)
    files = {
        permission_set: name for permission_set, name in files_of_sets(texts).items() if len(texts[permission_set]) == 1
    }
    return {
        (permission_set and files.get(permission_set)) or _file_name(role): role.permission_set
        for role, permission_set in roles
    }


def _file_name(plan: PrincipalPlan) -> str:
    return f"{plan.account}-{plan.kind}-{plain_name(plan.name)}"


# ---------------------------------------------------------------- the output folder


@dataclass(frozen=True, slots=True)
class _WrittenOutput:
    """An output folder: its day, `plans` sorted by principal, and the chain of digests, which matches every file.

    `summary` is the `summary.json` without the keys of the chain. `signature` is the content of `summary.sig`, or "".
    """

    as_of: str
    plans: tuple[WrittenPlan, ...]
    digests: OutputDigests
    summary: Mapping[str, object]
    signature: str


def read_written_output(output: Path) -> _WrittenOutput:
    """The content of an output folder that is unchanged since `lpgen generate` wrote it.

    Raises:
        OutputError: the output folder doesn't exist, or something in it can't be read.
        TamperingError: a file was changed, added or removed, or the summary was edited.
        PolicyError: a document breaks IAM's grammar.
    """
    found = read_output(output)
    check = check_unchanged(found)
    if found.chain is None or found.stated is None or check.status is not CheckStatus.PASSED:
        more = f", and {len(check.findings) - 1} more" if len(check.findings) > 1 else ""
        raise TamperingError(
            f"`{output}` was changed after `lpgen generate` wrote it: {check.findings[0]}{more}", hint=_AGAIN
        )
    plans = tuple(sorted(map(_plan_of_replacement, read_replacements(output)), key=lambda plan: plan.principal))
    summary = {key: value for key, value in found.summary.items() if key not in CHAIN_KEYS}
    return _WrittenOutput(found.stated.as_of, plans, found.chain, summary, (found.signature or "").strip())


def _written_plan(evidence: EvidenceFile, read_text: Callable[[str], str], *, folder: str) -> WrittenPlan:
    """The plan for a principal from its evidence file. `read_text` gives the text of each document by file name."""
    narrowed: defaultdict[str, set[str]] = defaultdict(set)
    for line in evidence.lines:
        if not line.parent.group:
            narrowed[line.file].add(line.parent.policy)
    return WrittenPlan(
        principal=evidence.principal,
        principal_id=evidence.principal_id,
        folder=folder,
        safe=evidence.safe is True,
        not_safe_because=tuple(caveat.message for caveat in evidence.not_safe_because),
        as_of=evidence.as_of,
        policies_sha256=evidence.replaces.policies_sha256,
        documents=tuple(
            NewDocument(
                policy.file,
                policy.name,
                policy.type == "inline",
                read_text(policy.file),
                tuple(sorted(narrowed[policy.file])),
            )
            for policy in evidence.policies
        ),
        left=tuple(left.arn for left in evidence.left_attached),
        trust=read_text(TRUST_FILE) if evidence.trust else "",
    )


def _plan_of_replacement(written: WrittenReplacement) -> WrittenPlan:
    folder = written.folder
    try:
        return _written_plan(written.evidence, lambda name: (folder / name).read_bytes().decode(), folder=folder.name)
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"can't read `{folder}`: {quote_reason(error)}", hint=_AGAIN) from error
