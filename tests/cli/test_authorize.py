"""`lpgen authorize` as a user runs it: files and stdin, order, exit codes, closed pipes, memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked_lpgen import run_forked

COMMAND = [sys.executable, "-m", "lpgen", "authorize"]
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def line(number: object, action: str = "s3:GetObject", **more: Any) -> str:
    request = {
        "id": number,
        "principal": "arn:aws:iam::111122223333:role/app",
        "action": action,
        "resource": f"arn:aws:s3:::data/{number}",
        "identityPolicies": [ALLOW],
        **more,
    }
    return json.dumps(request)


def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return run_forked("authorize", *arguments, stdin=stdin)


LINES = [line(1), "nonsense", "", line("two", "s3:PutObject"), line(None, sessionPolicy=[]), "   ", line([4])]
IDS = [1, None, "two", None, [4]]


def test_authorize_answers_every_line_in_order(tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text("\n".join(LINES), encoding="utf-8")
    done = run(str(requests))
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(splitline) for splitline in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == IDS
    assert [answer.get("result") for answer in answers] == ["Allowed", None, "ImplicitlyDenied", None, "Allowed"]
    assert ["error" in answer for answer in answers] == [False, True, False, True, False]
    assert done.stdout.endswith("\n")


def test_authorize_reads_stdin_alike(tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text("\n".join(LINES), encoding="utf-8")
    assert run("-", stdin="\n".join(LINES)).stdout == run(str(requests)).stdout
    nothing = run("-", stdin="")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "")


def test_authorize_strict_exits_with_3_where_a_line_has_an_error_after_answering_all() -> None:
    done = run("-", "--strict", stdin="\n".join(LINES))
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == len(IDS)
    assert run("-", "--strict", stdin=f"{line(1)}\n{line(2, 's3:PutObject')}\n").returncode == 0


def test_authorize_names_a_file_that_it_cannot_open(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.jsonl", tmp_path):
        done = run(str(path))
        assert (done.returncode, done.stdout) == (3, "")
        assert str(path) in done.stderr
        assert "can't be opened" in done.stderr
        assert "Traceback" not in done.stderr
    assert run().returncode == 2


def test_authorize_heeds_wildcard_only_actions_and_keeps_terminals_safe() -> None:
    scoped = [{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::data"}]}]
    lines = [
        line("\x1b[2J", "s3:ListAllMyBuckets", identityPolicies=scoped),
        line(2, "s3:ListAllMyBuckets", identityPolicies=scoped, wildcardOnlyAction=False, resource="arn:aws:s3:::data"),
    ]
    done = run("-", stdin="\n".join(lines))
    assert [json.loads(splitline)["result"] for splitline in done.stdout.splitlines()] == [
        "ImplicitlyDenied",
        "Allowed",
    ]
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("lines", [5_000, 100])
def test_authorize_ends_quietly_where_its_reader_has_gone(tmp_path: Path, lines: int) -> None:
    """Whether the closed pipe shows while answers are written, or only when the last of them are flushed."""
    requests = tmp_path / "requests.jsonl"
    requests.write_text("".join(line(number) + "\n" for number in range(lines)), encoding="utf-8")
    with subprocess.Popen([*COMMAND, str(requests)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if lines > 1_000:
            assert json.loads(process.stdout.readline())["id"] == 0
        process.stdout.close()
        complaint = process.stderr.read()
        assert process.wait(timeout=60) == 141
    assert complaint == b""


_MEASURED = """
import resource, sys
from lpgen.cli.main import app
app(["authorize", sys.argv[1]], standalone_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak_memory(path: Path, lines: int) -> float:
    """The peak in MB of a run that answers so many lines, all of them different."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(lines):
            file.write(line(number, context={"aws:SourceIp": f"10.0.{number // 250 % 250}.{number % 250}"}) + "\n")
    done = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == lines
    assert json.loads(done.stdout.splitlines()[-1]) | {"reasons": []} == {
        "id": lines - 1,
        "result": "Allowed",
        "reasons": [],
    }
    return int(done.stderr.split()[-1]) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage there")
def test_authorize_needs_no_more_memory_for_50000_lines(tmp_path: Path) -> None:
    few, many = peak_memory(tmp_path / "few.jsonl", 500), peak_memory(tmp_path / "many.jsonl", 50_000)
    assert many - few < 20
