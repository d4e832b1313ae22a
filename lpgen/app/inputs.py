"""From a person's choices and the named files to the inputs of an analysis."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import ENOUGH_DAYS, MAX_RISK, KeepByKind, ScopeChoice, keep_from_words
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT
from lpgen.core.options import Options
from lpgen.core.snapshots import NO_SNAPSHOT, SnapshotStamp
from lpgen.core.trails import TrailSource
from lpgen.core.workloads import FunctionLogs, PollerUse, Schedule
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.snapshot_folder import InputFiles, TakenSnapshot, find_snapshot, open_snapshot
from lpgen.edge.engine import Engine
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.readers.compute_files import read_compute
from lpgen.edge.readers.decisions_file import read_decisions
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.last_accessed import read_last_accessed
from lpgen.edge.readers.snapshot_files import read_snapshot_list, read_trust_quotas
from lpgen.edge.readers.trail_settings import read_trails
from lpgen.errors import InvocationError, quote_input

StrPath = str | os.PathLike[str]

IN_THIS_PROCESS: Final = LocalEngine()


@dataclass(frozen=True, slots=True)
class AnalysisFiles(InputFiles):
    """The input files of an analysis. `snapshot` is the snapshot that some of them come from, if any."""

    snapshot: SnapshotStamp | None = None

    @property
    def trail_source(self) -> TrailSource:
        """The source of the claim that the trails' logs were ingested."""
        used = self.snapshot is not None and "trails" in self.snapshot.used
        return TrailSource.SNAPSHOT if used else TrailSource.NAMED


@dataclass(frozen=True, slots=True)
class AnalysisInputs:
    """The inputs of an analysis, and the engine that it runs on.

    `options` hold the contents of the given files, `problems` the problems in reading them. `files` are all chosen
    files, named or from a snapshot.
    """

    data: Path
    policies: Sequence[Path]
    catalog: Catalog
    options: Options
    problems: Sequence[str] = ()
    engine: Engine = IN_THIS_PROCESS
    files: AnalysisFiles = AnalysisFiles()


def read_choices(
    *,
    principal: str = "",
    scope: str = ScopeChoice.AUTO.value,
    keep_unobservable: Iterable[str] | None = None,
    min_days: int = ENOUGH_DAYS,
    max_risk: float = MAX_RISK,
    no_backtest: bool = False,
    as_of: date | str | None = None,
    decisions: StrPath | None = None,
    inline: bool = False,
    attached_quota: int = ATTACHED_POLICIES_LIMIT,
) -> Options:
    """The options of an analysis with these choices, without inputs. Names and defaults are those of the command line.

    Raises:
        LpgenError: the decisions can't be read, or a choice is invalid.
    """
    refuse_less(0, min_days=min_days, max_risk=max_risk)
    if max_risk > 1:
        raise InvocationError(f"`max_risk` is {max_risk}, more than 1", hint="give a share, such as 0.03 for 3 %")
    refuse_less(1, attached_quota=attached_quota)
    return Options(
        _keep(keep_unobservable or ()),
        min_days,
        _day(as_of) if as_of else None,
        inline,
        read_decisions(Path(decisions)) if decisions else (),
        principal,
        attached_quota=attached_quota,
        scope=_scope(scope),
        max_risk=None if no_backtest else max_risk,
        decisions_file=os.fspath(decisions) if decisions else "",
    )


def refuse_less(least: int, **numbers: float) -> None:
    """Refuse numbers that are too small.

    Raises:
        InvocationError: one of the numbers is less than `least`.
    """
    for name, number in numbers.items():
        if number < least:
            raise InvocationError(f"`{name}` is {number}, less than {least}")


def _keep(words: Iterable[str]) -> KeepByKind:
    try:
        return keep_from_words([words] if isinstance(words, str) else words)
    except ValueError as error:
        raise InvocationError(f"--keep-unobservable: {error}") from error


def _scope(word: str) -> ScopeChoice:
    if word not in list(ScopeChoice):
        raise InvocationError(f"{quote_input(word)} is not a valid scope", hint=f"available: {', '.join(ScopeChoice)}")
    return ScopeChoice(word)


def _day(day: date | str) -> date:
    if isinstance(day, str):
        try:
            return date.fromisoformat(day)
        except ValueError as error:
            raise InvocationError(f"{quote_input(day)} is not a valid date, such as 2026-09-30") from error
    return day.date() if isinstance(day, datetime) else day


def read_inputs(
    data: Path,
    files: AnalysisFiles,
    options: Options,
    *,
    boundary: StrPath | None = None,
    catalog: StrPath | None = None,
    engine: Engine = IN_THIS_PROCESS,
) -> AnalysisInputs:
    """The inputs, read from the files. `options` are the choices.

    Raises:
        LpgenError: a file can't be read.
    """
    reports, problems = read_last_accessed(files.last_accessed) if files.last_accessed else ((), ())
    options = replace(
        options,
        trails=read_trails(files.trails),
        last_accessed=reports,
        guards=read_guards(Path(boundary) if boundary else None, files.scps, files.resource_policies),
        schedules=read_snapshot_list(files.schedules, Schedule),
        function_logs=read_snapshot_list(files.functions, FunctionLogs),
        event_sources=read_snapshot_list(files.event_sources, PollerUse),
        versioned_buckets=read_snapshot_list(files.versioned_buckets, str),
        compute=read_compute(files.compute),
        trust_quotas=read_trust_quotas(files.account_summaries),
        snapshot=files.snapshot,
        trail_source=files.trail_source,
    )
    opened = open_catalog(Path(catalog) if catalog else None)
    return AnalysisInputs(data, files.policies, opened, options, problems, engine, files)


# ---------------------------------------------------------------- which files are read


def choose_inputs(
    named: AnalysisFiles, data: Path | None, wanted: str = "", *, needs_policies: bool = True
) -> AnalysisFiles:
    """The named inputs, completed from the newest snapshot of a data folder, or from the wanted one.

    Named inputs take precedence over the snapshot. Last accessed reports belong to the principals of their snapshot, so
    they are left out if other policies are named.

    Raises:
        InvocationError: it needs policies and neither policies nor a snapshot exist, or the data folder or the wanted
            snapshot doesn't exist.
        SnapshotError: the snapshot is damaged.
    """
    if data is None and wanted not in ("", NO_SNAPSHOT):
        raise InvocationError("a snapshot needs a data folder", hint="add --data DIR")
    folder = None if data is None or wanted == NO_SNAPSHOT else find_snapshot(data, wanted)
    if folder is not None:
        return _completed(named, open_snapshot(folder))
    if not named.policies and (needs_policies or data is None or not data.is_dir()):
        raise _without_policies(data, wanted)
    return named


def _without_policies(data: Path | None, wanted: str) -> InvocationError:
    take = f"take a snapshot with `lpgen snapshot --data {shlex.quote(str(data))}`" if data else "take a snapshot"
    if wanted == NO_SNAPSHOT:
        why, hint = "no snapshot is used", take
    elif data is None:
        why, hint = "no data folder is named", "name a data folder that has a snapshot with --data"
    elif data.is_dir():
        why, hint = f"`{data}` has no snapshot", take
    else:
        why, hint = f"there is no folder `{data}`", "name the data folder that has the snapshot"
    return InvocationError(
        f"the policies are missing: {why}, and no file is named", hint=f"{hint}, or give --policies PATH"
    )


_FOR_FEW = (
    *("rcps", "resource_tags", "organization"),  # an explanation says whether each is known
    *("account_summaries", "identity_providers", "compute", "login_profiles", "vpc_endpoints", "bucket_logging"),
    *("access_reports", "credentials"),
)
"""Inputs that only few commands use. Reports don't list them."""


def _completed(named: AnalysisFiles, snapshot: TakenSnapshot) -> AnalysisFiles:
    found = replace(snapshot, last_accessed=None) if named.policies else snapshot
    chosen = AnalysisFiles(*(getattr(named, field.name) or getattr(found, field.name) for field in fields(InputFiles)))
    changed = [field.name for field in fields(chosen) if getattr(chosen, field.name) != getattr(named, field.name)]
    used = [name for name in changed if name not in _FOR_FEW]
    if not used:
        return named
    return replace(chosen, snapshot=replace(snapshot.stamp, used=tuple(name.replace("_", " ") for name in used)))
