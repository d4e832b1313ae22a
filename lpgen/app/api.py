"""The functions of `import lpgen`: the commands of the same names, for programs and notebooks.

They take the same options as the commands, print nothing and return values. `docs/python.md` shows examples.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import replace as replace_fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar, Unpack, get_args, get_type_hints

from lpgen.app import output as outputs
from lpgen.app.backtest import Days
from lpgen.app.backtest import backtest as _backtest
from lpgen.app.baseline import save
from lpgen.app.drift import drift as _drift
from lpgen.app.ingest import ingest as _ingest
from lpgen.app.inputs import (
    IN_THIS_PROCESS,
    AnalysisFiles,
    AnalysisInputs,
    StrPath,
    choose_inputs,
    read_choices,
    read_inputs,
    refuse_less,
)
from lpgen.app.log_options import LogOptions
from lpgen.app.named_logs import find_named_logs, refuse_empty_ingest
from lpgen.app.review import analyse, open_review
from lpgen.app.verify import verify as _verify
from lpgen.core.backtests import Backtest as Backtest
from lpgen.core.drift.comparison import DriftOptions
from lpgen.core.drift.findings import Drift as Drift
from lpgen.core.drift.states import Stamp as Stamp
from lpgen.core.findings import Report as Report
from lpgen.core.replacements import OutputVerification as OutputVerification
from lpgen.core.usage.columns import unpack_texts
from lpgen.core.usage.ingest_result import IngestResult as IngestResult
from lpgen.core.usage.tables import USAGE_SCHEMA
from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.engine import Engine
from lpgen.edge.engines.dask_cluster import DaskEngine as DaskEngine
from lpgen.edge.engines.local_processes import LocalEngine as LocalEngine
from lpgen.edge.engines.spark_cluster import SparkEngine as SparkEngine
from lpgen.edge.logs.log_format import LogFormat
from lpgen.edge.readers.github_ids import read_github_ids
from lpgen.edge.signatures import read_private_key, read_public_key
from lpgen.errors import IngestError, InvocationError, quote_input
from lpgen.report.summary import ReviewSummary as ReviewSummary
from lpgen.report.tables import denial_table, finding_table, verdict_table, window_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Paths = StrPath | Iterable[StrPath]
Texts = str | Iterable[str]
_Parameters = ParamSpec("_Parameters")
_Returned = TypeVar("_Returned")


# ---------------------------------------------------------------- keywords, named as on the command line


class _LogOptions(TypedDict, total=False):
    since: str
    until: str
    account: Texts
    region: Texts
    profile: str
    aws_region: str
    endpoint_url: str
    requester_pays: bool
    assume_role: str
    format: LogFormat | None
    max_file_bytes: int
    max_file_records: int
    max_file_broken: int
    workgroup: str
    output_location: str
    yes: bool


class _InputOptions(TypedDict, total=False):
    policies: Paths
    snapshot: str
    trails: Paths
    last_accessed: StrPath | None
    boundary: StrPath | None
    scps: StrPath | None
    resource_policies: StrPath | None
    catalog: StrPath | None
    decisions: StrPath | None


class _DriftOptions(_InputOptions, total=False):
    as_of: date | str | None


class _VerifyOptions(_DriftOptions, total=False):
    attached_quota: int


class _JudgingOptions(TypedDict, total=False):
    scope: str
    keep_unobservable: Texts
    min_days: int


class _BaselineOptions(_VerifyOptions, _JudgingOptions, total=False):
    pass


class _BacktestOptions(_InputOptions, _JudgingOptions, total=False):
    principal: str
    attached_quota: int


class _ReviewOptions(_BaselineOptions, total=False):
    principal: str
    max_risk: float
    no_backtest: bool
    inline: bool


def _read(
    data: StrPath,
    *,
    policies: Paths = (),
    snapshot: str = "",
    trails: Paths = (),
    last_accessed: StrPath | None = None,
    boundary: StrPath | None = None,
    scps: StrPath | None = None,
    resource_policies: StrPath | None = None,
    catalog: StrPath | None = None,
    engine: Engine = IN_THIS_PROCESS,
    **choices: Any,
) -> AnalysisInputs:
    options = read_choices(**choices)
    given = (_paths(policies), _paths(trails), _path(last_accessed), _path(scps), _path(resource_policies))
    files = choose_inputs(AnalysisFiles(*given), Path(data), snapshot)
    return read_inputs(Path(data), files, options, boundary=boundary, catalog=catalog, engine=engine)


def _path(path: StrPath | None) -> Path | None:
    return None if path is None else Path(path)


def _paths(paths: Paths) -> tuple[Path, ...]:
    return (Path(paths),) if isinstance(paths, (str, os.PathLike)) else tuple(map(Path, paths))


def _keywords(function: Callable[_Parameters, _Returned]) -> Callable[_Parameters, _Returned]:
    """The function with a signature that lists the keywords of its `options`. It accepts no others."""
    known = [
        parameter for at in (_read, read_choices, LogOptions) for parameter in inspect.signature(at).parameters.values()
    ]
    defaults = {parameter.name: parameter.default for parameter in known}
    (options,) = get_args(get_type_hints(function)["options"])
    signature = inspect.signature(function)
    own = [
        parameter for parameter in signature.parameters.values() if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=kind)
        for name, kind in get_type_hints(options).items()
    ]
    signature = signature.replace(parameters=[*own, *added])

    @functools.wraps(function)
    def call(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Returned:
        signature.bind(*args, **kwargs)
        return function(*args, **kwargs)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _local() -> LocalEngine:
    return LocalEngine(os.cpu_count() or 1)


# ---------------------------------------------------------------- the commands


@_keywords
def ingest(
    paths: Paths,
    *,
    data: StrPath,
    catalog: StrPath | None = None,
    engine: Engine | None = None,
    **options: Unpack[_LogOptions],
) -> IngestResult:
    """Read CloudTrail logs into a data folder, and return what was read and what couldn't be read.

    `paths` are one or more files, folders and addresses, as for `lpgen ingest`. If only some of them can't be read,
    `has_problems` of the result is true and no error is raised.

    Raises:
        LpgenError: no log can be read, or an option makes no sense. Or the data folder or AWS can't be used, and the
            data folder is unchanged.
    """
    names = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    chosen = engine or _local()
    asked = LogOptions(**options)
    logs = find_named_logs([os.fspath(name) for name in names], Path(data), asked, is_on_cluster=chosen.is_remote)
    result = _ingest(logs, open_catalog(_path(catalog)), data=Path(data), engine=chosen)
    refuse_empty_ingest(result, logs)
    if result.is_empty:
        unread = (*result.failures, *result.problems, *result.known_problems)
        raise IngestError(
            "; ".join(
                ["no log could be read", *(f"{quote_input(problem.path)}: {problem.why}" for problem in unread[:1])]
            )
        )
    return result


@_keywords
def review(data: StrPath, *, no_graph: bool = False, **options: Unpack[_ReviewOptions]) -> Report:
    """Compare granted permissions with used permissions, and return the verdicts and the proposed replacements.

    With `no_graph`, it doesn't decide which principals can become which others. The review runs in this process.

    Raises:
        LpgenError: something can't be read, or an option makes no sense.
    """
    with collector_paused():
        return analyse(_read(data, **options), network=not no_graph)


@_keywords
def generate(
    data: StrPath,
    *,
    output: StrPath,
    code: str = "json",
    sign: StrPath | None = None,
    replace: bool = False,
    trust: bool = False,
    github_ids: StrPath | None = None,
    validate: bool = False,
    profile: str = "",
    aws_region: str = "",
    endpoint_url: str = "",
    engine: Engine | None = None,
    **options: Unpack[_ReviewOptions],
) -> ReviewSummary:
    """Write replacement policies with evidence into the folder `output`, and return the summary of the review.

    `code` is the command line's `--as`: `json`, or `terraform` or `cloudformation` to write that too. With `trust`, it
    also writes the narrowed trust policies of roles, with the ids in the file `github_ids`. With `validate`, Access
    Analyzer checks each new policy first, and the options after it say how to reach it. The `principals` of the summary
    say whether each replacement is `safe`. The verdicts are those of `review`.

    Raises:
        LpgenError: something can't be read or written, an option makes no sense, the folder holds something else, or
            Access Analyzer reports an error.
    """
    if code not in ("json", "terraform", "cloudformation"):
        raise InvocationError(
            f"{quote_input(code)} is not a valid form of code", hint="available: json, terraform and cloudformation"
        )
    form = "" if code == "json" else code
    key = None if sign is None else read_private_key(Path(sign))
    with collector_paused():
        read = _read(data, engine=engine or _local(), **options)
        read = replace_fields(
            read, options=replace_fields(read.options, trust=trust, github_ids=read_github_ids(_path(github_ids)))
        )
        made = open_review(read)
        inputs = outputs.inputs_of_output(made.report.generation, read, form)
        session = open_session(Connection(profile, aws_region, endpoint_url)) if validate else None
        return outputs.generate(
            made, Path(output), inputs, data=Path(data), code=form, key=key, replace_other=replace, session=session
        )


@_keywords
def verify(
    folder: StrPath,
    *,
    data: StrPath,
    require_signature: StrPath | None = None,
    github_ids: StrPath | None = None,
    engine: Engine | None = None,
    **options: Unpack[_VerifyOptions],
) -> OutputVerification:
    """Verify the replacements in a folder that `generate` wrote, and return every check and its outcome.

    Pass the same options as to `generate`. `status` of the result is the worst outcome. `changed_inputs` names the
    inputs that have changed since.

    Raises:
        LpgenError: something other than the folder's own files can't be read.
    """
    key = None if require_signature is None else read_public_key(Path(require_signature))
    with collector_paused():
        read = _read(data, engine=engine or _local(), **options, min_days=0)
        read = replace_fields(read, options=replace_fields(read.options, github_ids=read_github_ids(_path(github_ids))))
        return _verify(Path(folder), read, key=key)


@_keywords
def backtest(
    data: StrPath,
    *,
    train: int = 90,
    test: int = 30,
    step: int = 7,
    look_back: bool = False,
    engine: Engine | None = None,
    **options: Unpack[_BacktestOptions],
) -> Backtest:
    """Return what replacements made from `train` past days would have denied on the `test` days after them.

    Windows begin `step` days apart. With `look_back`, they are the windows that `review` tests.

    Raises:
        LpgenError: something can't be read, an option makes no sense, or the logs are too short for one window.
    """
    refuse_less(1, train=train, test=test, step=step)
    with collector_paused():
        return _backtest(_read(data, engine=engine or _local(), **options), Days(train, test, step, look_back))


@_keywords
def save_baseline(
    name: str, *, data: StrPath, engine: Engine | None = None, **options: Unpack[_BaselineOptions]
) -> Stamp:
    """Save policies, usage and proposals under a name in the data folder, and return the baseline's stamp.

    Raises:
        LpgenError: the name is taken or invalid, or something can't be read or written.
    """
    with collector_paused():
        read = _read(data, engine=engine or _local(), **options)
        return save(read, name, saved=datetime.now(UTC), boundary=_path(options.get("boundary")))[1]


@_keywords
def drift(
    data: StrPath,
    *,
    since: str = "",
    proposed: Paths = (),
    unused_days: int = 90,
    apply_days: int = 30,
    engine: Engine | None = None,
    **options: Unpack[_DriftOptions],
) -> Drift:
    """Return what changed since a baseline, given by name or date. By default, the newest.

    Raises:
        LpgenError: there is no such baseline, something can't be read, or an option makes no sense.
    """
    refuse_less(1, unused_days=unused_days, apply_days=apply_days)
    with collector_paused():
        read = _read(data, engine=engine or _local(), **options)
        return _drift(read, since=since, choice=DriftOptions(unused_days, apply_days), proposed=_paths(proposed))


# ---------------------------------------------------------------- results as data frames


def verdicts_frame(report: Report) -> pd.DataFrame:
    """The verdicts of `review`, a row per principal and action. `docs/formats.md` lists the columns."""
    return _frame(verdict_table(report))


def findings_frame(drift: Drift) -> pd.DataFrame:
    """The findings of `drift`, a row each. The columns are the keys of its JSON."""
    return _frame(finding_table(drift))


def denials_frame(backtest: Backtest) -> pd.DataFrame:
    """The denials that `backtest` found, a row per principal, action and resource."""
    return _frame(denial_table(backtest))


def windows_frame(backtest: Backtest) -> pd.DataFrame:
    """The windows of `backtest`, a row per principal and window with a replacement."""
    return _frame(window_table(backtest))


def usage_frame(data: StrPath) -> pd.DataFrame:
    """The usage in the logs of a data folder, a row per principal, day, call, resource and outcome.

    Raises:
        DataError: the data folder can't be read.
    """
    return _frame(unpack_texts(read_usage(Path(data)).table, USAGE_SCHEMA))


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame
