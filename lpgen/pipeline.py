"""The spine: the only module that joins the pure core and the world at its edge. Read it top to bottom."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.checks.hunt import HUNT_SIZE
from lpgen.core.analysis.checks.written import WrittenDocument
from lpgen.core.analysis.claims import Claims, stated_pairs
from lpgen.core.analysis.decisions import decisions_in_force
from lpgen.core.analysis.diff import counted_usages, diff_usage
from lpgen.core.analysis.explain import explain as explain_question
from lpgen.core.analysis.explain_use import seen_uses
from lpgen.core.analysis.generate import generate_policies
from lpgen.core.analysis.grants import grants_from_principals
from lpgen.core.analysis.question import Asked, read_question
from lpgen.core.analysis.verify import verify_replacement
from lpgen.core.athena.query_plan import QueryPlan
from lpgen.core.athena.table import SCHEME
from lpgen.core.events.event_map import EventMap
from lpgen.core.events.map_line import map_line
from lpgen.core.events.records import Record
from lpgen.core.explanations import Explanation
from lpgen.core.findings import Proposal, Report
from lpgen.core.grounds import PrincipalGrants, PrincipalUsage
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.model import Principal
from lpgen.core.options import Options, is_chosen
from lpgen.core.policies.policy import policy_from_json
from lpgen.core.policies.request_line import decide_line
from lpgen.core.replacements import Check, CheckStatus, Decision, Replacement, Verification
from lpgen.core.usage.event_time import ALL_TIME, Window
from lpgen.core.usage.ingest_result import FileProblem, IngestResult, ProgressReport
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.log_layout import Scope
from lpgen.core.usage.tables import Usage
from lpgen.edge.athena_logs import AthenaLogs, ingested_days, plan_queries, refuse_mixture
from lpgen.edge.athena_reading import read_athena
from lpgen.edge.chunk_reader import ChunkReader
from lpgen.edge.engine import Engine
from lpgen.edge.engine_local import LocalEngine
from lpgen.edge.event_history import EventHistory
from lpgen.edge.iam_snapshot import read_snapshot
from lpgen.edge.ingest_plan import IngestPlan, narrower_files, plan_ingest
from lpgen.edge.ingest_reading import Reading, amount_to_read, read_events, read_files, read_objects
from lpgen.edge.ledger import Ledger, open_ledger, read_objects_named
from lpgen.edge.log_files import chunk_files, find_log_files
from lpgen.edge.object_finder import BucketLogs, FoundObjects, find_objects
from lpgen.edge.object_reader import ObjectReader
from lpgen.edge.object_store import ObjectStore
from lpgen.edge.phase_clock import Phase
from lpgen.edge.record_files import records_from_bytes
from lpgen.edge.replacement_files import (
    SUMMARY,
    OutputFolder,
    WrittenReplacement,
    read_replacements,
    write_replacements,
    write_text,
)
from lpgen.edge.usage_files import read_usage, remove_stale_usage
from lpgen.errors import DataError, IngestError, InvocationError, quote_input
from lpgen.report import render_code, render_evidence, render_summary

CHUNK_BYTES: Final = 4 << 20
"""Compressed bytes of the files that a worker reads in one go; a larger file is read alone."""

CHUNK_FILES: Final = 2_000

VERIFY_HUNT: Final = 1_000
"""How many requests `verify` tries per replacement in its hunt for one that is newly allowed."""

CHUNK_OBJECTS: Final = 500


# ---------------------------------------------------------------- logs to usage


def ingest(
    paths: Iterable[Path],
    catalog: Catalog,
    *,
    data: Path,
    window: Window = ALL_TIME,
    engine: Engine | None = None,
    report_progress: ProgressReport | None = None,
    bucket_logs: BucketLogs | None = None,
    event_history: EventHistory | None = None,
    athena: AthenaLogs | None = None,
) -> IngestResult:
    """Adds the records of files and folders to the usage tables of the data folder, which is made if need be.

    So does it with those of objects in S3, of CloudTrail's event history, and of tables in Athena. A file, object,
    event or day that was ingested before changes nothing, and neither do its bytes under another name. At whatever
    moment the process dies, the data folder holds the old state or a new one; a long reading of objects has several.

    The engine says where files and objects are read; by default that is this process. The tables are the same wherever.

    Raises:
        IngestError: another ingest into the folder runs, it can't be written, or the files lie where the engine's
            workers can't see them; the tables are as they were.
        EngineError: the engine's cluster was lost, or can't run lpgen; the tables are as they were.
        DataError: the folder's tables are damaged, or of another schema version.
        AwsError: AWS can't be asked, or refuses everything.
    """
    engine = engine or LocalEngine()
    with open_ledger(data) as ledger:
        refuse_mixture(ledger, athena=athena is not None)
        remove_stale_usage(data, ledger.generation)
        reading = Reading(ledger, data)
        with reading.clock.measure(Phase.LISTING):
            objects = _find_objects(bucket_logs, window, ledger, report_progress)
            found = find_log_files(path.absolute() if engine.is_remote else path for path in paths)
            plan = plan_ingest(found.files, ledger)
        with reading.clock.measure(Phase.READING):
            amount = amount_to_read(plan, objects, report_progress)
            chunks = chunk_files(plan.new, target_bytes=CHUNK_BYTES, target_files=CHUNK_FILES)
            read_files(reading, chunks, ChunkReader(catalog, window=window), engine=engine, amount=amount)
            if bucket_logs:
                batches = objects.plan.chunks(target_bytes=CHUNK_BYTES, target_files=CHUNK_OBJECTS)
                store = bucket_logs.store.elsewhere() if engine.is_remote else bucket_logs.store
                reader = ObjectReader(catalog, store, window=window)
                read_objects(reading, batches, reader, engine=engine, amount=amount)
            if event_history:
                read_events(reading, event_history, EventMap(catalog), report_progress=report_progress)
            if athena:
                read_athena(reading, athena, EventMap(catalog), report_progress=report_progress)
        reading.commit()
        return _ingest_result(reading, plan, objects, window=window, ignored=found.ignored, failures=found.failures)


def plan_athena(logs: AthenaLogs, data: Path, store: ObjectStore) -> tuple[QueryPlan, ...]:
    """What an ingest from tables in Athena would ask and read; nothing is run, and nothing written.

    Raises:
        AwsError: Glue can't be asked, or there is no such table.
        IngestError: a table holds no CloudTrail records, or a part of a day is known.
        DataError: the data folder is damaged.
    """
    known = ingested_days(read_objects_named(data, SCHEME))
    return tuple(plan_queries(logs, name, known, store) for name in logs.names)


def _find_objects(
    logs: BucketLogs | None, window: Window, ledger: Ledger, report_progress: ProgressReport | None
) -> FoundObjects:
    """The objects to read, all found before the first is read: what lists them must not run when workers are forked."""
    found = FoundObjects(ledger.plan_objects())
    if logs:
        found.add(find_objects(logs.store, logs.addresses, Scope(logs.accounts, logs.regions, window)), report_progress)
    return found


def _ingest_result(
    reading: Reading,
    plan: IngestPlan,
    objects: FoundObjects,
    *,
    window: Window,
    ignored: int,
    failures: Iterable[FileProblem],
) -> IngestResult:
    records, used, skips = reading.counts()
    known = (*plan.known, *objects.known_files(reading.ledger))
    failed = (*failures, *plan.failures, *objects.failures, *reading.failures)
    return IngestResult(
        files_read=reading.files_read,
        files_known=len(plan.known) + plan.copies,
        files_ignored=ignored + objects.ignored,
        records=records,
        usage_records=used,
        skips=skips,
        problems=tuple(sorted(reading.problems, key=lambda problem: problem.path)),
        failures=tuple(sorted(failed, key=lambda failure: failure.path)),
        known_problems=tuple(FileProblem(file.path, file.failure) for file in known if file.failure),
        narrower=narrower_files(known, window),
        objects_read=reading.objects_read,
        objects_known=objects.known + reading.copies,
        events_read=reading.events_read,
        events_known=reading.events_known,
        days_read=reading.days_read,
        days_known=reading.days_known,
        folders_left=tuple(sorted(objects.left.items())),
        notes=reading.notes,
        seconds=reading.clock.seconds(),
    )


def map_records(path: Path, catalog: Catalog) -> Iterator[dict[str, object]]:
    """What the event map makes of each record of a file (`-`: standard input), in input order, one line each.

    What can't be read gives a line too, without actions and with its skip reason.

    Raises:
        IngestError: the file can't be opened.
    """
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise IngestError(f"`{path}` can't be opened: {(error.strerror or str(error)).lower()}") from error
    event_map = EventMap(catalog)
    for item in records_from_bytes(data):
        if isinstance(item, Record):
            yield map_line(item, event_map)
        else:
            known = item.record or _NO_RECORD
            yield {**map_line(known, event_map), "actions": [], "skip": item.reason.value}


_NO_RECORD: Final = Record(eventSource="", eventName="")


# ---------------------------------------------------------------- requests to decisions


def authorize(path: Path, catalog: Catalog) -> Iterator[dict[str, object]]:
    """The decision on each line of a file of requests (`-`: standard input), in input order; blank lines give none.

    `lpgen.core.policies.request_line` says what a line holds and what answers it.

    Raises:
        DataError: the file can't be opened.
    """
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as lines:
            for line in lines:
                if line.strip():
                    yield decide_line(line, catalog)
    except OSError as error:
        raise DataError(f"`{path}` can't be opened: {(error.strerror or str(error)).lower()}") from error


# ---------------------------------------------------------------- a request to its explanation


def explain(
    asked: Asked, policies: Sequence[Path], catalog: Catalog, *, data: Path | None = None, guards: Guards = NO_GUARDS
) -> Explanation:
    """Which hole in which wall lets one request through, or what stops it, and what a data folder shows of its use.

    Raises:
        LpgenError: something can't be read, or the question can't be understood.
    """
    principals = read_snapshot(policies).principals
    question = read_question(asked, principals, catalog)
    seen = None if data is None else seen_uses(question, read_usage(data), principals, catalog)
    return explain_question(question, guards.with_trust(principals), catalog, seen=seen)


# ---------------------------------------------------------------- usage and policies to replacements


def analyse(
    data: Path, policies: Sequence[Path], catalog: Catalog, *, options: Options, problems: Sequence[str] = ()
) -> Report:
    """The whole comparison of a data folder with policies: verdicts, replacements and their proof.

    `problems` are those met in reading the options' files; the report tells them with its own.

    Raises:
        LpgenError: the data folder or a policy file can't be read, or the options choose no principal.
    """
    ground = load_ground(data, policies, catalog, options.guards)
    refuse_empty_choice([one.principal for one in ground.grants], options.principal)
    options = replace(options, guards=ground.guards)
    verifier = Verifier(ground, catalog, options)
    diff = diff_usage(ground.usage, ground.grants, catalog, options, usages=verifier.usages)
    replacements = {one.principal.arn: one for one in generate_policies(diff, ground.grants, catalog, options)}
    proposals = tuple(
        Proposal(one, replacement, None if replacement is None else verifier.verify_proposed(replacement))
        for one in diff.principals
        for replacement in (replacements.get(one.principal.arn),)
    )
    _, strays = last_accessed_by_principal(options.last_accessed, [one.principal for one in ground.grants])
    gaps = options.snapshot.problems if options.snapshot else ()
    problems = (*ground.problems, *problems, *strays, *gaps)
    return Report(diff, proposals, problems, options.min_days, ground.guards, options.snapshot)


def generate(report: Report, output: Path, *, code: str = "") -> dict[str, str]:
    """Writes the replacements of a report into a folder, whole or not at all; returns folder names by principal ARN.

    With `code`, `terraform` or `cloudformation`, they are written in that form too, below a folder of its name.

    Raises:
        OutputError: the folder holds something else, or can't be written.
    """
    with OutputFolder(output) as folder:
        folders = write_replacements(
            folder.path, report.proposals, evidence=lambda proposal: render_evidence(proposal, report)
        )
        for name, text in (render_code(report, code) if code else {}).items():
            write_text(folder.path / name, text)
        write_text(folder.path / SUMMARY, render_summary(report, folders))
    return folders


def verify(
    output: Path, data: Path, policies: Sequence[Path], catalog: Catalog, *, options: Options
) -> tuple[Verification, ...]:
    """The second opinion on every principal's folder below an output folder, read back from its files.

    Raises:
        LpgenError: something can't be read.
    """
    ground = load_ground(data, policies, catalog, options.guards)
    verifier = Verifier(ground, catalog, replace(options, guards=ground.guards), hunt_size=VERIFY_HUNT)
    return tuple(verifier.verify_written(one) for one in read_replacements(output))


@dataclass(frozen=True, slots=True)
class Ground:
    """What an analysis stands on. `problems` are the snapshot's gaps, as sentences.

    `guards` are those given, and the trust policies of the snapshot's roles.
    """

    usage: Usage
    grants: tuple[PrincipalGrants, ...]
    problems: tuple[str, ...]
    guards: Guards = NO_GUARDS


def load_ground(data: Path, policies: Sequence[Path], catalog: Catalog, guards: Guards = NO_GUARDS) -> Ground:
    """The usage of a data folder and the grants of every principal of the policies.

    Raises:
        LpgenError: something can't be read.
    """
    snapshot = read_snapshot(policies)
    problems = tuple(f"{problem.place}: {problem.message}" for problem in snapshot.problems)
    grants = grants_from_principals(snapshot.principals, catalog, guards)
    return Ground(read_usage(data), grants, problems, guards.with_trust(snapshot.principals))


def refuse_empty_choice(principals: Iterable[Principal], pattern: str) -> None:
    """Ends a command that would speak of no principal.

    Raises:
        InvocationError: the pattern matches none of the principals, or there is none.
    """
    if not any(is_chosen(one, pattern) for one in principals):
        sought = f"matches {quote_input(pattern)}" if pattern else "is there"
        raise InvocationError(f"no principal of the policies {sought}", hint="use an ARN, a name, or a glob")


def decisions_on_ground(ground: Ground, options: Options) -> tuple[Decision, ...]:
    """The decisions in force on the day that ages count to: the options', else the last record's."""
    as_of = options.as_of or coverage_from_usage(ground.usage).last_day or date.min
    return decisions_in_force(options.decisions, as_of=as_of)


class Verifier:
    """Verifies replacements against one ground, counting the use that the decisions leave: `usages` by principal."""

    def __init__(self, ground: Ground, catalog: Catalog, options: Options, *, hunt_size: int = HUNT_SIZE) -> None:
        self._catalog = catalog
        self._guards, self._hunt_size = options.guards, hunt_size
        self._decisions = decisions_on_ground(ground, options)
        self._grants = {one.principal.arn: one for one in ground.grants}
        self.usages = counted_usages(ground.usage, ground.grants, self._decisions)

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
        nothing = PrincipalUsage(principal, (), (), (), ())
        return verify_replacement(
            documents,
            self._grants[principal],
            self.usages.get(principal, nothing),
            self._catalog,
            claims=Claims(principal, stated, self._decisions),
            guards=self._guards,
            hunt_size=self._hunt_size,
        )
