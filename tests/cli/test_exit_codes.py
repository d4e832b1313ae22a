"""Each command's exit codes: what a script can rely on, as docs/commands.md says."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lpgen.cli.main import main
from lpgen.errors import ExitCode, InvalidPolicyError, InvocationError, LpgenError, TamperingError
from tests.cli.test_main import DETAILS, RECORD
from tests.support.aws_servers import Server, moto_server
from tests.support.documents import COMMANDS_PAGE
from tests.support.rollout_worlds import New, World, allow, document, proxy

REQUEST = {"principal": "arn:aws:iam::111122223333:role/app", "action": "s3:GetObject", "identityPolicies": []}


def run(*arguments: str) -> tuple[int, str]:
    """The exit code of a command in this process, and all that it prints."""
    shown = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(shown),
        contextlib.redirect_stderr(shown),
    ):
        patch.setattr(sys, "argv", ["lpgen", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
    assert isinstance(left.value.code, int)
    return left.value.code, shown.getvalue()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with logs, policies, a data folder, a baseline and replacements; commands run in it."""
    folder = tmp_path_factory.mktemp("codes")
    texts = {
        "logs/one.json": json.dumps({"Records": [RECORD]}),
        "bad/one.json": '{"Records": [',
        "policies.json": json.dumps(DETAILS),
        "nobody.json": '{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}',
        "drifted.json": json.dumps(DETAILS).replace('"s3:*"', '"*"'),
        "requests.jsonl": json.dumps(REQUEST) + "\n",
        "nonsense.jsonl": "nonsense\n",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "empty").mkdir()
    before = Path.cwd()
    os.chdir(folder)
    ground = ("--data", "data", "--policies", "policies.json")
    for command in (
        ("ingest", "logs", "--data", "data"),
        ("baseline", "save", "first", *ground),
        ("generate", *ground, "-o", "out"),
        ("generate", *ground, "-o", "widened"),
    ):
        assert run(*command)[0] == 0
    (written,) = Path("widened").glob("*/policy-1.json")
    written.write_text(json.dumps({"Version": "2012-10-17", "Statement": [allow("*")]}), encoding="utf-8")
    yield folder
    os.chdir(before)


GROUND = "--data data --policies policies.json"
CODES: dict[str, tuple[tuple[str, int], ...]] = {
    "ingest": (
        ("logs --data data", 0),  # nothing new
        ("logs bad --data other", 3),
        ("logs bad --data other", 0),  # nothing new: it is said again that nothing of the file could be read
        ("logs bad --data other --strict", 3),
        ("missing --data other", 3),
        ("empty --data other", 3),
        ("logs", 2),
        ("logs --data other --since someday", 2),
        ("logs --data other --engine other", 2),
        ("s3://some-bucket --data other --region xx-nowhere-1", 2),
        ("s3://some-bucket --data other --account 1", 2),
        ("s3://some-bucket --data other --aws-region eu-wset-1", 2),
    ),
    "snapshot": (
        ("--data other --region us-esat-1", 2),
        ("--data other --profile nobody", 2),
        ("--data other --accounts 111122223333", 2),
    ),
    "review": (
        (GROUND, 0),
        (f"{GROUND} --principal nobody", 2),
        (f"{GROUND} --snapshot 2020", 2),
        (f"{GROUND} --format tables", 2),
        (f"{GROUND} --as-of 2020-01-01", 2),
        (f"{GROUND} --as-of someday", 2),
        (f"{GROUND} --keep-unobservable none --keep-unobservable data-events=all", 0),
        (f"{GROUND} --keep-unobservable some", 2),
        (f"{GROUND} --keep-unobservable datums=all", 2),
        ("--data data", 0),  # no policies: what each used
        ("--data missing --policies policies.json", 3),
        ("--data data --policies logs/one.json", 3),
        (f"{GROUND} --decisions missing.toml", 3),
        (f"{GROUND} -o policies.json/report.txt", 3),
        (f"{GROUND} -o new/report.txt", 3),
        ("--data data --policies nobody.json", 2),
        (f"{GROUND} -o report.pdf", 2),
        (f"{GROUND} -o report.docx", 2),
        (f"{GROUND} -o report.pdf --format html", 0),
    ),
    "explain": (
        ("app s3:GetObject --policies policies.json", 0),
        ("* s3:GetObject --policies policies.json", 0),
        ("nobody s3:GetObject --policies policies.json", 2),
        ("app s3:Get* --policies policies.json", 2),
        ("app s3:GetObject --policies missing.json", 3),
    ),
    "wildcards": (
        (GROUND, 0),
        (f"{GROUND} --principal nobody", 2),
        (f"{GROUND} --since someday", 2),
        ("--policies missing.json", 3),
    ),
    "backtest": (
        (f"{GROUND} --train 1 --test 1", 2),  # the logs have one day
        (f"{GROUND} --train 0d", 2),
        (f"{GROUND} --principal nobody", 2),
        ("--data missing --policies policies.json", 3),
    ),
    "observe": (
        (f"{GROUND} --bucket logs", 0),
        (f"{GROUND} --trail none", 2),
        (f"{GROUND} --principal nobody", 2),
        (f"{GROUND} --since missing.json", 3),
    ),
    "generate": (
        (f"{GROUND} -o out", 0),
        (f"{GROUND} -o out --strict", 1),
        (f"{GROUND} -o out --principal nobody", 2),
        (f"{GROUND} -o logs", 3),
    ),
    "verify": (
        (f"out {GROUND}", 0),
        (f"widened {GROUND}", 1),
        (f"out {GROUND} --as-of 2020-01-01", 2),
        (f"missing {GROUND}", 3),
    ),
    "rollout plan": (
        (f"out {GROUND}", 1),
        (f"out {GROUND} --min-days 1", 2),  # the output was generated with other options
        (f"out {GROUND} --break-glass nobody", 2),
        (f"out {GROUND} --managed-as-code nobody", 2),
        (f"out {GROUND} --include app", 2),
        (f"missing {GROUND}", 3),
    ),
    "rollout apply": (("", 2), ("missing.json --all", 3)),
    "rollout undo": (("", 2), ("missing.json", 3)),
    "rollout watch": (("", 2), ("missing.json --data data", 3)),
    "baseline save": (
        (f"second {GROUND}", 0),
        (f"a/b {GROUND}", 2),
        (f"third {GROUND} --snapshot 2020", 2),
        (f"first {GROUND}", 3),
    ),
    "baseline list": (("--data data", 0), ("", 2)),
    "baseline show": (("first --data data", 0), ("none --data data", 2), ("--data other", 3)),
    "drift": (
        (GROUND, 0),
        (f"{GROUND} --fail-on low", 0),
        ("--data data --policies drifted.json", 0),
        ("--data data --policies drifted.json --fail-on high", 1),
        (f"{GROUND} --since 2020-01-01", 2),
        (f"{GROUND} --since none", 2),
        (f"{GROUND} --fail-on some", 2),
        (f"{GROUND} --also report.doc", 2),
        ("--data other --policies policies.json", 3),
    ),
    "catalog expand": (
        ("s3:Get*", 0),
        ("s3:Get* s3:Nothing", 0),
        ("s3:Nothing", 2),
        ("GetObject", 2),
        ("s3:Get* s3:Nothing --strict", 3),
        ("s3:Get* --catalog missing", 3),
    ),
    "catalog show": (("s3:GetObject", 0), ("s3:Nothing", 2), ("s3:GetObject --catalog missing", 3)),
    "catalog stats": (("", 0), ("--format tables", 2), ("--catalog missing", 3)),
    "catalog update": (("--url http://127.0.0.1:9/", 3),),
    "map": (("logs/one.json", 0), ("bad/one.json", 0), ("bad/one.json --strict", 3), ("missing", 3), ("", 2)),
    "authorize": (
        ("requests.jsonl", 0),
        ("nonsense.jsonl", 0),
        ("nonsense.jsonl --strict", 3),
        ("missing", 3),
        ("", 2),
    ),
    "iam-policy": (("snapshot", 0), ("nothing", 2), ("--caller nobody", 2), ("--plan missing.json", 3)),
    "schema": (("review", 0), ("nothing", 2)),
    "demo": (("--nothing", 2), ("-o policies.json/demo", 3)),
}


@pytest.mark.parametrize("command", CODES)
def test_command_exits_with_the_code_that_its_outcome_has(
    command: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("LPGEN_CATALOG_HOME", str(home / "catalogs"))
    for arguments, code in CODES[command]:
        found, shown = run(*command.split(), *arguments.split())
        assert (arguments, found) == (arguments, code), shown
        assert "Traceback" not in shown


def test_every_error_has_a_code_that_is_not_that_of_a_finding() -> None:
    kinds: list[type[LpgenError]] = [LpgenError, *_below(LpgenError)]
    assert {kind.exit_code for kind in kinds if issubclass(kind, InvocationError)} == {ExitCode.INVOCATION}
    findings = (TamperingError, InvalidPolicyError)
    others = {kind.exit_code for kind in kinds if not issubclass(kind, (InvocationError, *findings))}
    assert others == {ExitCode.UNFINISHED}
    assert {kind.exit_code for kind in findings} == {ExitCode.FOUND}


def _below(kind: type[LpgenError]) -> Iterator[type[LpgenError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _below(subclass)


def test_docs_explain_every_code() -> None:
    page = COMMANDS_PAGE.read_text(encoding="utf-8")
    assert [code for code in ExitCode if f"\n| {code.value} |" not in page] == []


@pytest.mark.parametrize("error", [ZeroDivisionError("lost\x1b[2J"), BrokenPipeError("a socket"), MemoryError()])
def test_an_unexpected_error_is_one_line_that_names_versions_and_the_file_with_the_traceback(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("lpgen.app.map.records_from_bytes", _raise(error))
    code, shown = run("map", "logs/one.json")
    assert code == ExitCode.UNFINISHED
    (file,) = tmp_path.glob("lpgen-crash-*.txt")
    (line,) = shown.splitlines()
    assert line.startswith("lpgen: unexpected error in `lpgen map` (lpgen ")
    assert f"Python {platform.python_version()}): {type(error).__name__}: " in line
    assert str(file) in line
    assert line.isprintable()
    assert "Traceback" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_unexpected_error_prints_its_traceback_where_no_file_can_be_written(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr("lpgen.app.map.records_from_bytes", _raise(ZeroDivisionError("lost")))
    code, shown = run("map", "logs/one.json")
    assert code == ExitCode.UNFINISHED
    assert shown.startswith("Traceback")
    assert shown.splitlines()[-1].endswith("please report it with the lines above")


def _raise(error: Exception) -> object:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


# ---------------------------------------------------------------- interrupted


def test_an_interrupted_command_exits_with_130_in_one_line(tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text((json.dumps(REQUEST) + "\n") * 5_000, encoding="utf-8")
    command = [sys.executable, "-m", "lpgen", "authorize", str(requests)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()  # it is at work, and soon waits for us to read on
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert said.strip() == "lpgen: interrupted; a file of `--output` is either unchanged or complete"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


@pytest.mark.slow
def test_an_interrupted_rollout_says_what_to_do(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    role = world.make_role("interrupted", inline={"own": document(allow("s3:*"))})
    world.plan_of({role: [New(document(allow("s3:GetObject")), narrows=("own",))]})
    process: list[subprocess.Popen[str]] = []

    def interrupt(_: int, operation: str) -> str:
        if operation == "DeleteRolePolicy":
            process[0].send_signal(signal.SIGINT)
        return ""

    with proxy(server, interrupt) as (url, _):
        command = [sys.executable, "-m", "lpgen", "rollout", "apply", str(world.plan), "--all", "--yes"]
        process.append(
            subprocess.Popen(
                [*command, "--settle", "0"],
                env=Server(url).environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        with process[0]:
            _, said = process[0].communicate(timeout=120)
    assert process[0].returncode == ExitCode.INTERRUPTED
    assert (
        "lpgen: interrupted; the outcome of each principal that was reached is printed above; `lpgen rollout undo`"
        in said
    )
    assert dict(world.read(role).holding.inline) == {"own": document(allow("s3:*"))}
