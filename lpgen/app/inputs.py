"""From the choices of a person and the files named to what an analysis reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import MAX_EXPECTED_DENIALS, KeepByKind, ScopeChoice, keep_from_words
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT
from lpgen.core.options import Options
from lpgen.core.workloads import FunctionLogs, Schedule
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.engine import Engine
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.readers.analysis_inputs import Inputs
from lpgen.edge.readers.decisions_file import read_decisions
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.last_accessed import read_last_accessed
from lpgen.edge.readers.snapshot_lists import read_snapshot_list
from lpgen.edge.readers.trail_settings import read_trails
from lpgen.errors import InvocationError, quote_input

StrPath = str | os.PathLike[str]


IN_THIS_PROCESS: Final = LocalEngine()


@dataclass(frozen=True, slots=True)
class AnalysisInputs:
    """What an analysis reads, and where it does its work.

    `options` hold the contents of the files that people gave, and `problems` what went wrong in reading them. `files`
    are all files that were chosen, by name or from a snapshot.
    """

    data: Path
    policies: Sequence[Path]
    catalog: Catalog
    options: Options
    problems: Sequence[str] = ()
    engine: Engine = IN_THIS_PROCESS
    files: Inputs = Inputs()  # noqa: RUF009 - it is frozen


def read_choices(
    *,
    principal: str = "",
    scope: str = ScopeChoice.EVIDENCE.value,
    keep_unobservable: Iterable[str] | None = None,
    min_days: int = 90,
    max_expected_denials: float = MAX_EXPECTED_DENIALS,
    no_backtest: bool = False,
    as_of: date | str | None = None,
    decisions: StrPath | None = None,
    inline: bool = False,
    attached_quota: int = ATTACHED_POLICIES_LIMIT,
) -> Options:
    """The options of an analysis with these choices, and with no input. Names and defaults are the command line's.

    Raises:
        LpgenError: the decisions can't be read, or a choice is none of those that there are.
    """
    refuse_less(0, min_days=min_days, max_expected_denials=max_expected_denials)
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
        max_expected_denials=None if no_backtest else max_expected_denials,
        decisions_file=os.fspath(decisions) if decisions else "",
    )


def refuse_less(least: int, **numbers: float) -> None:
    """Ends a call with a number that means nothing.

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
        raise InvocationError(f"{quote_input(word)} is no scope", hint=f"choose among {', '.join(ScopeChoice)}")
    return ScopeChoice(word)


def _day(day: date | str) -> date:
    if isinstance(day, str):
        try:
            return date.fromisoformat(day)
        except ValueError as error:
            raise InvocationError(f"{quote_input(day)} is no day such as 2026-09-30") from error
    return day.date() if isinstance(day, datetime) else day


def read_inputs(
    data: Path,
    files: Inputs,
    options: Options,
    *,
    boundary: StrPath | None = None,
    catalog: StrPath | None = None,
    engine: Engine = IN_THIS_PROCESS,
) -> AnalysisInputs:
    """The files, read. `options` are the choices.

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
        versioned_buckets=read_snapshot_list(files.versioned_buckets, str),
        snapshot=files.snapshot,
        trail_source=files.trail_source,
    )
    opened = open_catalog(Path(catalog) if catalog else None)
    return AnalysisInputs(data, files.policies, opened, options, problems, engine, files)
