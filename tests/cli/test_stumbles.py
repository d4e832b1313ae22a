"""What a newcomer gets wrong: each mistake has its sentence and its exit code, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import DETAILS as POLICIES
from tests.cli.test_main import RECORD
from tests.support.aws_servers import Server
from tests.support.forked_lpgen import run_forked
from tests.support.log_samples import log_bytes, record_json
from tests.support.s3_buckets import Bucket, daily_logs, make_bucket

REPORTS = [
    ("report.pdf", 2, "this command can't write pdf to `report.pdf`\n  end the name in .txt or .md or .json or"),
    ("new/report.html", 3, "there is no folder `new` to write `report.html` to\n  create it first"),
    ("report.2026-09-30", 0, ""),
    ("old.json", 0, "replaced `old.json`\n"),
]
DETAILS: dict[str, list[object]] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
SOURCES = "name files, folders, `s3://BUCKET/PREFIX`, `athena://DATABASE.TABLE` or `cloudtrail://`"

MISTAKES = [
    ("s3:trail", 2, "`s3:trail` is not a path\n  write `s3://trail/`"),
    ("s3:/trail/AWSLogs", 2, "write `s3://trail/AWSLogs`"),
    ("arn:aws:s3:::trail", 2, "`arn:aws:s3:::trail` is not a path\n  write `s3://trail/`"),
    ("arn:aws-cn:s3:::trail/AWSLogs/", 2, "write `s3://trail/AWSLogs/`"),
    ("https://trail.s3.eu-west-1.amazonaws.com/AWSLogs?x=1", 2, "write `s3://trail/AWSLogs`"),
    ("https://s3.eu-west-1.amazonaws.com/trail/AWSLogs", 2, "write `s3://trail/AWSLogs`"),
    ("https://example.com/logs.json", 2, f"lpgen reads no logs from `https://example.com/logs.json`\n  {SOURCES}"),
    ("arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", 2, SOURCES),
    ("my-trail", 3, "my-trail: no such file or directory; if it is a bucket, write `s3://my-trail`"),
    ("missing/logs.json", 3, "missing/logs.json: no such file or directory\n"),
    ("records.csv", 3, "CSV lacks parts of the records: use JSON"),
    ("console.csv", 3, "CSV lacks parts of the records: use JSON"),
    ("plain.json.gz", 3, "plain.json.gz: it is neither JSON nor gzip"),
    ("cut.json.gz", 3, "cut.json.gz: the gzip data ends too early"),
    ("details", 3, "these are authorization details: give them to `lpgen review` as its `--policies`"),
    (
        "details/111122223333.json",
        3,
        "these are authorization details: give them to `lpgen review` as its `--policies`",
    ),
    ("empty", 3, "empty: it holds no file .json or .gz"),
    ("digests", 3, "found no logs in the named places"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the wrong files; commands run in it."""
    texts = {
        "records.csv": b"a,b,c\n1,2,3\n",
        "console.csv": b"Event name,Event time\nGetObject,2024-03-01\n",
        "plain.json.gz": b"not gzip\n",
        "cut.json.gz": log_bytes([record_json(5)])[:-10],
        "details/111122223333.json": json.dumps(DETAILS, indent=4).encode(),
        "digests/one.json": b'{"digestStartTime": "x", "digestS3Object": "y"}',
        "logs/one.json": json.dumps({"Records": [record_json(1)]}).encode(),
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("source", "code", "sentence"), MISTAKES)
def test_ingest_says_what_is_wrong_with_a_source_and_makes_no_folder(
    source: str, code: int, sentence: str, home: Path
) -> None:
    done = run_forked("ingest", source, "--data", "data")
    assert (done.returncode, done.stderr.count("Traceback")) == (code, 0)
    assert sentence in done.stderr
    assert not (home / "data").exists()


@pytest.mark.usefixtures("home")
def test_ingest_of_the_wrong_file_never_succeeds() -> None:
    run_forked("ingest", "logs", "--data", "data").check_returncode()
    assert [run_forked("ingest", "details", "--data", "data").returncode for _ in range(2)] == [3, 3]
    assert run_forked("ingest", "logs", "--data", "data").returncode == 0


@pytest.mark.parametrize(("output", "code", "sentence"), REPORTS)
def test_output_is_written_where_and_as_it_is_named(output: str, code: int, sentence: str, home: Path) -> None:
    (home / "old.json").write_text("old", encoding="utf-8")
    (home / "policies.json").write_text(json.dumps(POLICIES), encoding="utf-8")
    run_forked("ingest", "logs", "--data", "data").check_returncode()
    before = sorted(home.iterdir())
    done = run_forked("review", "--data", "data", "--policies", "policies.json", "--output", output)
    assert (done.returncode, done.stderr.count("Traceback"), done.stdout) == (code, 0, "")
    assert sentence in done.stderr
    assert ("replaced" in done.stderr) is (output == "old.json")
    assert code == 0 or sorted(home.iterdir()) == before


def test_an_empty_snapshot_is_called_so(home: Path) -> None:
    (home / "policies.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    run_forked("ingest", "logs", "--data", "data").check_returncode()
    done = run_forked("review", "--data", "data", "--policies", "policies.json")
    assert (done.returncode, done.stderr) == (
        2,
        "lpgen: the policies contain no role or user\n  give the account's policies, or run `lpgen snapshot`\n",
    )


def test_explain_says_first_that_an_action_is_unknown(home: Path) -> None:
    (home / "policies.json").write_text(json.dumps(POLICIES), encoding="utf-8")
    done = run_forked("explain", "app", "s3:GetObjet", "--policies", "policies.json")
    assert done.stdout.splitlines()[2].startswith("Unknown action: the catalog has no s3:GetObjet")


def test_decisions_are_written_to_a_new_file_filled_in_and_accepted(home: Path) -> None:
    opened = json.loads(json.dumps(POLICIES))
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    opened["RoleDetailList"][0]["AssumeRolePolicyDocument"] = {"Version": "2012-10-17", "Statement": [trust]}
    (home / "policies.json").write_text(json.dumps(opened), encoding="utf-8")
    (home / "used.json").write_text(json.dumps({"Records": [RECORD]}), encoding="utf-8")
    run_forked("ingest", "used.json", "--data", "data").check_returncode()
    review = ("review", "--data", "data", "--policies", "policies.json")
    written = run_forked(*review, "--write-decisions", "decisions.toml")
    assert (written.returncode, written.stdout) == (0, run_forked(*review).stdout)
    again = run_forked(*review, "--write-decisions", "decisions.toml")
    assert (again.returncode, "`decisions.toml` already exists" in again.stderr) == (2, True)
    empty = run_forked(*review, "--decisions", "decisions.toml")
    assert (empty.returncode, "decision 1: `reason` is missing" in empty.stderr) == (3, True)
    text = (home / "decisions.toml").read_text(encoding="utf-8")
    for name, value in (("reason", "known"), ("owner", "ops"), ("expires", "2099-06-30")):
        text = text.replace(f'{name} = ""', f'{name} = "{value}"')
    (home / "decisions.toml").write_text(text, encoding="utf-8")
    done = run_forked(*review, "--decisions", "decisions.toml", "--format", "json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert [one["accepted_by"] for one in document["outside_trust"]] == ["ops: known"]
    assert [one["item"] for one in document["principals"][0]["not_safe_because"] if one["item"]] == []


@pytest.fixture(scope="module")
def bucket_of_one(moto: Server) -> Bucket:
    """A bucket with the logs of one account in one Region."""
    bucket = make_bucket(moto)
    bucket.put(daily_logs([1, 2]))
    return bucket


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ("--account 999988887777", 2, "found no logs of `999988887777`"),
        ("--account 111122223333 --account 999988887777", 2, "found no logs of `999988887777`"),
        ("--region eu-west-3", 2, "found no logs of `eu-west-3`"),
        ("--region us-east-1 --region eu-west-3", 2, "found no logs of `eu-west-3`"),
        ("--region us-esat-1", 2, "`us-esat-1` is not a Region"),
        ("--account 1111", 2, "`1111` is not a valid account ID"),
        ("--since 2030-01-01", 3, "found no logs in the named places"),
    ],
)
def test_ingest_says_which_account_or_region_has_no_logs(
    options: str, code: int, sentence: str, bucket_of_one: Bucket, tmp_path: Path
) -> None:
    done = ingest(bucket_of_one, tmp_path, *options.split())
    assert (done.returncode, done.stderr.count("Traceback")) == (code, 0)
    assert sentence in done.stderr
    assert not (tmp_path / "data").exists()


def test_ingest_of_a_bucket_that_holds_nothing_or_is_missing_makes_no_folder(bucket: Bucket, tmp_path: Path) -> None:
    empty = ingest(bucket, tmp_path)
    assert (empty.returncode, "there is nothing with this name" in empty.stderr) == (3, True)
    missing = ingest(Bucket(bucket.server, f"{bucket.name}-x", bucket.client), tmp_path)
    assert (missing.returncode, "bucket" in missing.stderr) == (3, True), missing.stderr
    assert not (tmp_path / "data").exists()


def ingest(bucket: Bucket, room: Path, *options: str) -> Any:
    """An ingest of the bucket as a command."""
    command = ("ingest", bucket.address(), "--data", room / "data", *options)
    return run_forked(*command, env=bucket.server.environment)
