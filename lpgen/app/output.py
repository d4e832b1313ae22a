"""The output folder of `lpgen generate`, written with a chain of digests."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import Review, report_of_proposals
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.digests import CatalogStamp, Inputs, digest_of_text
from lpgen.core.findings import Proposal, Report
from lpgen.core.folders import TRUST_FILE, file_of_left_policy, folder_of_principal
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.made_from import digests_of_options, options_to_facts
from lpgen.core.trust.roles import TrustProposal
from lpgen.edge.catalog.files import digest_catalog
from lpgen.edge.data_folder.pins import pin_generation, release_pins
from lpgen.edge.engine import Result
from lpgen.edge.output_folder import SUMMARY, OutputFolder
from lpgen.edge.readers.iam_pages import digest_policy_files
from lpgen.edge.replacement_files import SIGNATURE, read_output, write_text
from lpgen.edge.spill import Place, Spill, pack_text
from lpgen.errors import InvocationError, quote_input
from lpgen.report.blocks import DEFAULT_LAYOUT, NO_OPTIONS, Given, Layout
from lpgen.report.documents.output_folder import evidence_json, is_written, summary_json, trust_text
from lpgen.report.iac.files import CodeForm, code_of_subjects
from lpgen.report.iac.subject import CodeSubject, subject_of_proposal
from lpgen.report.plan import document_file
from lpgen.report.render import PRINCIPAL, REVIEW, WHOLE_REVIEW
from lpgen.report.summary import PartedReview, PrincipalSummary, ReviewSummary, summary_of_review
from lpgen.report.views import PrincipalView
from lpgen.version import __version__

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from lpgen.edge.aws_session import AwsSession
    from lpgen.report.html.page import ReviewPage

# ---------------------------------------------------------------- review


def review_parts(
    made: Review | Report,
    format: str,  # noqa: A002
    layout: Layout = DEFAULT_LAYOUT,
    given: Given = NO_OPTIONS,
) -> Iterable[str]:
    """The text of a review in one of the formats of `REVIEW` or `WHOLE_REVIEW`, in parts.

    For the formats of `REVIEW`, each principal's part is made where the principal is reviewed. The other formats hold
    all principals, and are made in this process.

    Raises:
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    if format in REVIEW.rows:
        return REVIEW.write(_parted(made, partial(_write_principal, format, layout), given), format, layout)
    return WHOLE_REVIEW.write(made.whole_report() if isinstance(made, Review) else made, format, layout)


def summary_of(made: Review | Report) -> ReviewSummary:
    """The summary of a review or report, without the parts of its principals.

    Raises:
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    review = _review_of(made)
    summaries = list(review.map(_summarize))
    return summary_of_review(review.head(), summaries)


def review_page(made: Review | Report, catalog: Catalog, given: Given = NO_OPTIONS) -> ReviewPage:
    """A review, or a report, as a page for a browser.

    Raises:
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    from lpgen.report.html.data import ActionIndex
    from lpgen.report.html.page import ReviewPage
    from lpgen.report.html.principal_data import PrincipalScript

    actions = ActionIndex(catalog.actions())
    head = report_of_proposals(_review_of(made).report, ())
    return ReviewPage(_parted(made, PrincipalScript(head, actions), given), actions)


def _parted(made: Review | Report, write: Callable[[PrincipalView], str], given: Given) -> PartedReview:
    """The review with the parts of its principals in a temporary file."""
    review = _review_of(made)
    summaries: list[PrincipalSummary] = []
    places: dict[str, Place] = {}
    spill = Spill()
    for summary, packed in review.map(partial(_pack_principal, write)):
        summaries.append(summary)
        places[summary.arn] = spill.add(packed)
    whole = summary_of_review(review.head(), summaries)
    return PartedReview(whole, lambda arn: spill.read(places[arn]).decode(), given)


def _review_of(made: Review | Report) -> Review | _Made:
    return made if isinstance(made, Review) else _Made(made)


def _summarize(proposal: Proposal) -> PrincipalSummary:
    return PrincipalView(proposal).summary


def _write_principal(format: str, layout: Layout, view: PrincipalView) -> str:  # noqa: A002
    """The part of a principal in a format. Empty for formats without such parts."""
    return PRINCIPAL.text(view, format, layout) if format in PRINCIPAL.rows else ""


def _pack_principal(write: Callable[[PrincipalView], str], proposal: Proposal) -> tuple[PrincipalSummary, bytes]:
    """The summary of a principal, and its part, compressed."""
    view = PrincipalView(proposal)
    return view.summary, pack_text(write(view))


# ---------------------------------------------------------------- generate


def inputs_of_output(generation: str, inputs: AnalysisInputs, code: str = "") -> Inputs:
    """The inputs of an output made from the usage tables of a generation, for its digests.

    Raises:
        LpgenError: a file can't be read.
    """
    catalog = inputs.catalog
    return Inputs(
        lpgen_version=__version__,
        catalog=CatalogStamp(catalog.version, catalog.date, digest_catalog(catalog)),
        usage=generation,
        policies=digest_policy_files(inputs.policies),
        **digests_of_options(inputs.options),
        options=options_to_facts(inputs.options, code),
    )


def generate(
    made: Review | Report,
    output: Path,
    inputs: Inputs,
    *,
    data: Path | None = None,
    code: str = "",
    key: Ed25519PrivateKey | None = None,
    replace_other: bool = False,
    session: AwsSession | None = None,
) -> ReviewSummary:
    """Write the replacements of a review or a report into a folder, completely or not at all, and return the summary.

    With `code`, `terraform` or `cloudformation`, they are written in that form too, in a subfolder of that name. With
    `key`, the root digest is signed. The data folder keeps the usage tables as long as the output exists. With
    `session`, Access Analyzer checks each new policy first.

    Raises:
        InvocationError: the folder holds replacements of other principals, and `replace_other` is false.
        OutputError: the folder holds something else, or can't be written.
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
        InvalidPolicyError: Access Analyzer reports an error.
        AwsError: Access Analyzer can't be asked.
    """
    review = _review_of(made)
    check = None
    if session is not None:
        from lpgen.edge.policy_validation import refuse_invalid  # imported here, because few runs need it

        check = partial(refuse_invalid, session)
    with OutputFolder(output) as folder:
        if not replace_other:
            _refuse_other_principals(output, review.accounts, inputs)
        if data is not None:
            pin_generation(data, inputs.usage, output)
        found = output_of_review(
            review, inputs, code, write=lambda path, text: write_text(folder.path / path, text), check=check
        )
        write_text(folder.path / SUMMARY, found.summary)
        if key is not None:
            # Imported here, because signing is rare and importing cryptography takes time.
            from lpgen.edge.signatures import sign_digest

            write_text(folder.path / SIGNATURE, sign_digest(json.loads(found.summary)["digest"], key) + "\n")
    if data is not None:
        release_pins(data, inputs.usage, output)
    return found.review


@dataclass(frozen=True, slots=True)
class _Made:
    """A report that is used like a review. It has no trust policies."""

    report: Report
    narrowed_trust: Mapping[str, TrustProposal] = field(default_factory=dict)

    @property
    def accounts(self) -> Collection[str]:
        return {proposal.diff.principal.account for proposal in self.report.proposals}

    def map(self, fn: Callable[[Proposal], Result]) -> Iterable[Result]:
        return map(fn, self.report.proposals)

    def head(self) -> Report:
        return report_of_proposals(self.report, ())


@dataclass(frozen=True, slots=True)
class _Output:
    """An output folder: the digests of its files by path, its `summary.json`, and the summary of the review."""

    review: ReviewSummary
    files: Mapping[str, str]
    summary: str


def _folder_of_principal(
    report: Report,
    trusts: Mapping[str, TrustProposal],
    inputs: Inputs,
    code: str,
    keep_text: bool,
    proposal: Proposal,
) -> tuple[PrincipalSummary, tuple[tuple[str, str, str], ...], CodeSubject | None]:
    """The summary of a principal, its files with their texts and digests, and with `code` what code is written from.

    `report` has no proposals, and `trusts` are narrowed trust policies by ARN. With `keep_text` false files have
    digests only.
    """
    trust = trusts.get(proposal.diff.principal.arn)
    files = tuple(
        (path, text if keep_text else "", digest_of_text(text))
        for path, text in _files_of_proposal(proposal, report, inputs, trust)
    )
    subject = subject_of_proposal(proposal, trust_text(trust) if trust else "") if code else None
    return PrincipalView(proposal).summary, files, subject


def _files_of_proposal(
    proposal: Proposal, report: Report, inputs: Inputs, trust: TrustProposal | None
) -> Iterator[tuple[str, str]]:
    """The paths and texts of one principal's files in an output folder. Empty without a replacement and a trust policy.

    A role without a replacement has only its narrowed trust policy and the evidence for it. Policies that stay attached
    have a separate folder, because the policies in a principal's folder are the ones to attach.
    """
    if is_written(proposal, trust):
        folder = folder_of_principal(proposal.diff.principal)
        yield f"{folder}/evidence.json", evidence_json(proposal, report, inputs, trust)
        for number, document in enumerate(proposal.replacement.documents if proposal.replacement else (), start=1):
            yield f"{folder}/{document_file(number)}", document.text
        if trust is not None:
            yield f"{folder}/{TRUST_FILE}", trust_text(trust)
        for policy in proposal.replacement.left if proposal.replacement else ():
            yield file_of_left_policy(policy.arn, policy.sha256), policy_to_json(policy.document, indent=2) + "\n"


def output_of_review(
    review: Review | _Made,
    inputs: Inputs,
    code: str,
    *,
    write: Callable[[str, str], None] | None,
    check: Callable[[str, str, str], None] | None = None,
) -> _Output:
    """The output folder of a review. `write` takes each file's path and text as soon as it is made.

    Before, `check` takes the principal's ARN and the path and text of each file of a principal.
    """
    head = report_of_proposals(review.report, ())
    summaries: list[PrincipalSummary] = []
    subjects: list[CodeSubject] = []
    found: dict[str, str] = {}
    made = partial(_folder_of_principal, head, review.narrowed_trust, inputs, code, write is not None)
    for summary, files, subject in review.map(made):
        summaries.append(summary)
        subjects += [subject] if subject else []
        for path, text, digest in files:
            if check is not None:
                check(summary.arn, path, text)
            found[path] = digest
            if write is not None:
                write(path, text)
    written = {path: found[path] for path in sorted(found)}
    if code:
        for path, text in code_of_subjects(subjects, CodeForm(code)).items():
            written[path] = digest_of_text(text)
            if write is not None:
                write(path, text)
    alone = sum(
        f"{folder_of_principal(summary.principal)}/{TRUST_FILE}" in found
        for summary in summaries
        if not summary.has_documents
    )
    whole = replace(summary_of_review(head, summaries), trust_only=alone)
    return _Output(whole, written, summary_json(whole, inputs, written))


def _refuse_other_principals(output: Path, accounts: Collection[str], inputs: Inputs) -> None:
    """Refuse to replace the output of a run over other principals."""
    if not (output / SUMMARY).is_file():
        return
    found = read_output(output)
    arns = [principal.principal for principal in found.stated.principals] if found.stated else []
    then = {arn.split(":")[4] for arn in arns if arn.count(":") >= 5}
    chosen = found.chain.inputs.options.get("principal") if found.chain else inputs.options["principal"]
    if chosen != inputs.options["principal"]:
        what = f"principals that match {quote_input(str(chosen))}" if chosen else "all principals"
    elif then and then != set(accounts):
        what = f"accounts {', '.join(sorted(then))}"
    else:
        return
    raise InvocationError(
        f"`{output}` holds replacements of {what}, which this run would delete",
        hint="name another folder with --output, or replace this one with --replace",
    )
