"""The output folder of `lpgen generate`, written with a chain of digests."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lpgen import __version__
from lpgen.app.review import Review, report_of_proposals
from lpgen.core.analysis.verification.chain import FoundOutput
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.digests import CatalogStamp, Inputs, digest_of_text
from lpgen.core.findings import Proposal, Report
from lpgen.core.made_from import digests_of_options, options_to_facts
from lpgen.core.options import Options
from lpgen.edge.catalog.files import digest_catalog
from lpgen.edge.data_folder.pins import pin_generation, release_pins
from lpgen.edge.engine import Result
from lpgen.edge.output_folder import SUMMARY, OutputFolder
from lpgen.edge.readers.policy_digests import digest_policy_files
from lpgen.edge.replacement_files import SIGNATURE, read_output, write_text
from lpgen.edge.spill import Place, Spill, pack_text
from lpgen.errors import InvocationError, quote_input
from lpgen.report import render_review_parts, render_summary
from lpgen.report.entries import DETAIL_FORMATS, DetailEntry, Details, Entry, OutputEntry
from lpgen.report.iac import CodeForm, code_of_subjects

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from lpgen.report.commands import Given
    from lpgen.report.html.data_files import PageWithFiles

# ---------------------------------------------------------------- review


def review_parts(
    review: Review,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
    root: str = "",
    given: Given | None = None,
    screen: bool = False,
) -> Iterator[str]:
    """The text of a review in parts, as `render_review_parts` renders it of its report.

    JSON (lines too), text and Markdown hold outlines of the proposals; the other formats hold all of each, and are made
    in this process.

    Raises:
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    if format not in DETAIL_FORMATS:
        yield from render_review_parts(review.whole_report(), format, width=width, color=color, root=root, given=given)
        return
    report, details = _outlined(review, DetailEntry("" if screen else format, width, color))
    yield from render_review_parts(
        report, format, width=width, color=color, details=details, given=given, screen=screen
    )


def review_page(made: Review | Report, catalog: Catalog, *, folder: str, given: Given | None = None) -> PageWithFiles:
    """A review, or a report, as a page for a browser and files for a folder beside it.

    Raises:
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    from lpgen.report.html.action_index import ActionIndex
    from lpgen.report.html.data_files import PageEntry, page_with_files

    review = made if isinstance(made, Review) else _Made(made)
    actions = ActionIndex(catalog.actions())
    report, details = _outlined(review, PageEntry(report_of_proposals(review.report, ()), actions))
    return page_with_files(report, details, actions, folder=folder, given=given)


def _outlined(review: Review | _Made, fn: Callable[[Proposal], Entry]) -> tuple[Report, Details]:
    """The report of a review, whose proposals are outlines, and their details in a temporary file."""
    entries: dict[str, Entry] = {}
    places: dict[str, Place] = {}
    spill = Spill()
    for entry, packed in review.map(_Packing(fn)):
        arn = entry.outline.diff.principal.arn
        entries[arn], places[arn] = entry, spill.add(packed)
    report = report_of_proposals(review.report, tuple(entries[arn].outline for arn in sorted(entries)))
    return report, Details(entries, lambda arn: spill.read(places[arn]).decode())


@dataclass(frozen=True, slots=True)
class _Packing:
    """Makes entries whose texts are apart, packed for the way and the file."""

    fn: Callable[[Proposal], Entry]

    def __call__(self, proposal: Proposal) -> tuple[Entry, bytes]:
        entry = self.fn(proposal)
        return replace(entry, text=""), pack_text(entry.text)


# ---------------------------------------------------------------- generate


def inputs_of_report(
    report: Report, policies: Sequence[Path], catalog: Catalog, *, options: Options, code: str = ""
) -> Inputs:
    """The inputs that a report was made from, for the digests of its output. `options` are those of the analysis.

    Raises:
        LpgenError: a file can't be read.
    """
    return inputs_of_generation(report.generation, policies, catalog, options=options, code=code)


def inputs_of_generation(
    generation: str, policies: Sequence[Path], catalog: Catalog, *, options: Options, code: str
) -> Inputs:
    """The same for the usage tables of a name."""
    return Inputs(
        lpgen_version=__version__,
        catalog=CatalogStamp(catalog.version, catalog.date, digest_catalog(catalog)),
        usage=generation,
        policies=digest_policy_files(policies),
        **digests_of_options(options),
        options=options_to_facts(options, code),
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
) -> Report:
    """Writes the replacements of a review as they are made, or those of a report, into a folder, whole or not at all.

    Returns the report, whose proposals are outlines. With `code`, `terraform` or `cloudformation`, they are written in
    that form too, below a folder of its name. With `key`, the root digest is signed. The data folder keeps the usage
    tables for as long as the output is there.

    Raises:
        InvocationError: the folder holds an output of other principals, and `replace_other` is false.
        OutputError: the folder holds something else, or can't be written.
        EngineError: the engine's cluster was lost, or its workers can't run lpgen.
    """
    review = made if isinstance(made, Review) else _Made(made)
    with OutputFolder(output) as folder:
        if not replace_other:
            _refuse_other_principals(output, review.accounts, inputs)
        if data is not None:
            pin_generation(data, inputs.usage, output)
        found = output_of_review(review, inputs, code, write=partial(_write_below, folder.path))
        write_text(folder.path / SUMMARY, found.summary)
        if key is not None:
            from lpgen.edge.signatures import sign_digest  # here, since few sign and importing cryptography takes time

            write_text(folder.path / SIGNATURE, sign_digest(json.loads(found.summary)["digest"], key) + "\n")
    if data is not None:
        release_pins(data, inputs.usage, output)
    return found.report


@dataclass(frozen=True, slots=True)
class _Made:
    """A report in the place of a review."""

    report: Report

    @property
    def accounts(self) -> Collection[str]:
        return {one.diff.principal.account for one in self.report.proposals}

    def map(self, fn: Callable[[Proposal], Result]) -> Iterable[Result]:
        return map(fn, self.report.proposals)


@dataclass(frozen=True, slots=True)
class Output:
    """An output folder: the digests of its files by path, its summary, and the report, whose proposals are outlines."""

    report: Report
    files: Mapping[str, str]
    summary: str


def output_of_review(
    review: Review | _Made,
    inputs: Inputs,
    code: str,
    *,
    write: Callable[[str, str], None] | None,
) -> Output:
    """The output folder of a review; `write` takes each file's path and text as soon as it is made."""
    head = report_of_proposals(review.report, ())
    entries: list[Entry] = []
    files: dict[str, str] = {}
    for entry in review.map(OutputEntry(head, inputs, code, keep_text=write is not None)):
        for path, text, digest in entry.files:
            files[path] = digest
            if write is not None:
                write(path, text)
        entries.append(replace(entry, files=()))
    entries.sort(key=lambda one: one.outline.diff.principal.arn)
    written = {path: files[path] for path in sorted(files)}
    if code:
        for path, text in code_of_subjects((one.subject for one in entries if one.subject), CodeForm(code)).items():
            written[path] = digest_of_text(text)
            if write is not None:
                write(path, text)
    outlined = report_of_proposals(review.report, tuple(one.outline for one in entries))
    by_arn = {one.outline.diff.principal.arn: one for one in entries}
    return Output(outlined, written, render_summary(outlined, inputs, written, by_arn))


def _write_below(folder: Path, path: str, text: str) -> None:
    write_text(folder / path, text)


def _refuse_other_principals(output: Path, accounts: Collection[str], inputs: Inputs) -> None:
    """Refuse to replace the output of a run over other principals."""
    if not (output / SUMMARY).is_file():
        return
    found = read_output(output)
    then, now = _accounts_of(found), set(accounts)
    chosen = found.chain.inputs.options.get("principal") if found.chain else inputs.options["principal"]
    if chosen != inputs.options["principal"]:
        what = f"those that match {quote_input(str(chosen))}" if chosen else "all principals"
        raise _other_principals(output, what)
    if then and then != now:
        raise _other_principals(output, f"accounts {', '.join(sorted(then))}")


def _other_principals(output: Path, what: str) -> InvocationError:
    return InvocationError(
        f"`{output}` holds replacements of {what}, which this run would delete",
        hint="name another folder with --output, or replace this one with --replace",
    )


def _accounts_of(found: FoundOutput) -> set[str]:
    arns = [principal.principal for principal in found.stated.principals] if found.stated else []
    return {arn.split(":")[4] for arn in arns if arn.count(":") >= 5}
