"""`import lpgen`: functions that do what the commands of the same names do, and return values."""

from __future__ import annotations

import inspect
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lpgen
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.report.summary import sum_counts
from tests.cli.test_help import COMMANDS
from tests.report.rendered import render_backtest, render_drift, render_review, render_verification
from tests.support.forked_lpgen import run_forked, run_forked_bytes
from tests.support.sample_organization import ROOT, SECURITY

LOGS = ROOT / "AWSLogs" / SECURITY
POLICIES = ROOT / "authorization-details" / f"{SECURITY}.json"
BOTH = POLICIES.parent
ONE_PROCESS = lpgen.LocalEngine()

FUNCTIONS: dict[tuple[str, ...], Callable[..., Any]] = {
    ("ingest",): lpgen.ingest,
    ("review",): lpgen.review,
    ("generate",): lpgen.generate,
    ("verify",): lpgen.verify,
    ("backtest",): lpgen.backtest,
    ("drift",): lpgen.drift,
    ("baseline", "save"): lpgen.save_baseline,
}
FOR_THE_TERMINAL = {"format", "write_decisions", "sarif_root", "strict", "dry_run", "also", "fail_on", "full"}
FOR_ENGINES = {"engine", "workers", "scheduler", "master"}
MESSAGES = {"quiet", "verbose", "debug", "debug_log"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the logs of one sample account and a baseline of its policies. Not to be changed."""
    folder = tmp_path_factory.mktemp("python") / "data"
    result = lpgen.ingest(LOGS, data=folder, engine=ONE_PROCESS)
    assert result.records
    assert lpgen.save_baseline("then", data=folder, policies=POLICIES).name == "then"
    return folder


@pytest.fixture(scope="module")
def report(data: Path) -> lpgen.Report:
    return lpgen.review(data, policies=POLICIES)


def printed(*arguments: object) -> str:
    done = run_forked(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", FUNCTIONS, ids=" ".join)
def test_function_takes_what_the_command_takes_with_the_same_defaults(command: tuple[str, ...]) -> None:
    taken = inspect.signature(FUNCTIONS[command]).parameters
    options = {
        parameter.name: parameter for parameter in COMMANDS[command].params if parameter.name not in {"help", *MESSAGES}
    }
    left_out = FOR_THE_TERMINAL | FOR_ENGINES | ({"output"} if command != ("generate",) else set())
    left_out -= {"format"} if command == ("ingest",) else set()  # the format of the logs
    options["replace"] = options.pop("replace_other", None)
    assert {name for name, one in options.items() if one and name not in left_out} == taken.keys() - {"engine"}
    for name in taken.keys() - {"engine"}:
        default = taken[name].default
        if default is not inspect.Parameter.empty:
            assert _written(default) == _written(options[name].default), name


def _written(default: object) -> str:
    """A default as text, days as their number, and nothing for what says nothing."""
    return str(default or "").removesuffix("d")


def test_function_takes_no_keyword_of_another(data: Path) -> None:
    with pytest.raises(TypeError, match="min_days"):
        lpgen.drift(data, policies=POLICIES, min_days=3)  # type: ignore[call-arg]


def test_ingest_makes_the_tables_that_the_command_makes(data: Path, tmp_path: Path) -> None:
    printed("ingest", LOGS, "--data", tmp_path / "data", "--workers", "1")
    assert read_usage(tmp_path / "data").tables() == read_usage(data).tables()


@pytest.mark.parametrize("named", ["nowhere", "empty", "no-log.json"])
def test_ingest_without_any_log_is_an_error(named: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no-log.json").write_text("{")
    with pytest.raises(lpgen.LpgenError, match="no log could be read"):
        lpgen.ingest(tmp_path / named, data=tmp_path / "data", engine=ONE_PROCESS)
    lpgen.ingest([tmp_path / named, next(LOGS.rglob("*.json.gz"))], data=tmp_path / "data", engine=ONE_PROCESS)


def test_review_is_that_of_the_command(data: Path, report: lpgen.Report) -> None:
    said = printed("review", "--data", data, "--policies", POLICIES, "--format", "json")
    assert render_review(report, "json") == said


def test_review_takes_options_as_words(data: Path) -> None:
    name = "*audit*"
    options = ("--principal", name, "--scope", "granted", "--keep-unobservable", "none", "--as-of", "2026-12-31")
    said = printed("review", "--data", data, "--policies", POLICIES, *options, "--format", "json")
    report = lpgen.review(
        str(data),
        policies=[str(POLICIES)],
        principal=name,
        scope="granted",
        keep_unobservable="none",
        as_of="2026-12-31",
    )
    assert render_review(report, "json") == said


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"scope": "all"}, "not a valid scope"),
        ({"as_of": "soon"}, "not a valid date"),
        ({"keep_unobservable": ["some"]}, "not one of all, signed"),
        ({"principal": "nobody"}, "no principal"),
        ({"policies": "nowhere.json"}, "nowhere"),
        ({"min_days": -1}, "`min_days` is -1, less than 0"),
        ({"attached_quota": 0}, "less than 1"),
    ],
)
def test_wrong_option_is_an_error(data: Path, option: dict[str, Any], words: str) -> None:
    with pytest.raises(lpgen.LpgenError, match=words):
        lpgen.review(data, **{"policies": POLICIES, **option})


@pytest.mark.parametrize("days", ["train", "test", "step"])
def test_backtest_of_no_days_is_an_error(data: Path, days: str) -> None:
    with pytest.raises(lpgen.LpgenError, match=f"`{days}` is 0, less than 1"):
        lpgen.backtest(data, policies=POLICIES, **{days: 0})  # type: ignore[arg-type]


def test_verdicts_frame_is_the_parquet_file(data: Path, report: lpgen.Report) -> None:
    done = run_forked_bytes("review", "--data", data, "--policies", POLICIES, "--format", "parquet")
    frame = lpgen.verdicts_frame(report)
    pd.testing.assert_frame_equal(frame, pd.read_parquet(io.BytesIO(done.stdout)))
    assert isinstance(frame["last_seen"].dtype, pd.DatetimeTZDtype)
    assert frame["records"].dtype == "int64"


def test_generate_writes_the_folder_of_the_command_and_verify_passes(data: Path, tmp_path: Path) -> None:
    kept = shutil.copytree(data, tmp_path / "data")
    report = lpgen.generate(kept, output=tmp_path / "api", policies=POLICIES, code="terraform", engine=ONE_PROCESS)
    ground = ("--data", kept, "--policies", POLICIES)
    printed("generate", *ground, "--output", tmp_path / "cli", "--as", "terraform")
    found, wanted = (
        {p.relative_to(top): p.read_bytes() for p in top.rglob("*") if p.is_file()}
        for top in (tmp_path / "api", tmp_path / "cli")
    )
    assert found == wanted
    counts = sum_counts(report.to_replace)
    assert counts.granted == counts.kept + counts.removed > 0
    checked = lpgen.verify(tmp_path / "api", data=kept, policies=POLICIES, engine=ONE_PROCESS)
    assert checked.status == "passed"
    assert render_verification(checked, "json") == printed("verify", tmp_path / "api", *ground, "--format", "json")


def test_backtest_is_that_of_the_command(data: Path) -> None:
    found = lpgen.backtest(data, policies=POLICIES, train=60, step=30, engine=ONE_PROCESS)
    days = ("--train", "60d", "--step", "30d")
    assert render_backtest(found, "json") == printed(
        "backtest", "--data", data, "--policies", POLICIES, *days, "--format", "json"
    )
    denials, windows = lpgen.denials_frame(found), lpgen.windows_frame(found)
    needs = [
        (principal.principal, need.action, need.resource) for principal in found.principals for need in principal.denied
    ]
    assert list(zip(denials["principal"], denials["action"], denials["resource"], strict=True)) == needs
    assert len(windows) == sum(len(principal.windows) for principal in found.principals) > 0
    assert windows["safe"].sum() == found.totals.safe_pairs
    for dates in (denials["first_day"], windows["learn_first"], windows["judge_last"]):
        assert pd.api.types.is_datetime64_dtype(dates)


def test_drift_is_that_of_the_command(data: Path) -> None:
    found = lpgen.drift(data, policies=BOTH, since="then")
    said = printed("drift", "--data", data, "--policies", BOTH, "--since", "then", "--format", "json")
    assert render_drift(found, "json") == said
    frame = lpgen.findings_frame(found)
    assert len(found.findings) > 0
    assert list(frame["item"]) == [finding.item for finding in found.findings]
    assert list(frame["next_step"]) == [finding.step for finding in found.findings]
    assert set(frame.explode("principals")["principals"].dropna()) == {
        arn for finding in found.findings for arn in finding.principals
    }
    assert lpgen.findings_frame(lpgen.drift(data, policies=POLICIES)).columns.equals(frame.columns)


def test_usage_frame_has_every_row_of_the_usage_table(data: Path) -> None:
    frame = lpgen.usage_frame(data)
    table = read_usage(data).table
    assert list(frame.columns) == table.column_names
    assert frame["records"].sum() == sum(table["records"].to_pylist())
    assert pd.api.types.is_datetime64_dtype(frame["day"])


def test_functions_print_nothing(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lpgen.ingest(LOGS, data=tmp_path / "data", engine=ONE_PROCESS)
    lpgen.generate(tmp_path / "data", output=tmp_path / "out", policies=POLICIES, principal="*audit*")
    lpgen.drift(data, policies=POLICIES)
    assert capfd.readouterr() == ("", "")


_SCRIPT = """
import sys
import threading
import lpgen

threading.Thread(target=threading.Event().wait, daemon=True).start()  # so that workers can't be forked
result = lpgen.ingest(sys.argv[1], data=sys.argv[2], engine=lpgen.LocalEngine(2))
print(result.files_read, len(result.failures))
"""


def test_script_needs_no_guard_against_its_own_workers(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(_SCRIPT)
    some = tmp_path / "logs"
    some.mkdir()
    for path in sorted(LOGS.rglob("*.json.gz"))[:40]:
        shutil.copy(path, some)
    arguments = [sys.executable, str(tmp_path / "job.py"), str(some), str(tmp_path / "data")]
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert (done.stdout, done.stderr) == ("40 0\n", "")


def test_import_lists_its_names_and_no_others() -> None:
    assert set(lpgen.__all__) <= set(dir(lpgen))
    for name in lpgen.__all__:
        assert getattr(lpgen, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'reviews'"):
        lpgen.reviews  # type: ignore[attr-defined] # noqa: B018
