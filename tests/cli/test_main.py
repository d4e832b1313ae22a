"""The command line's manners: exit codes, messages that name the place, stdout for the product alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.forked_lpgen import run_forked

RECORD = {
    "eventVersion": "1.09",
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetBucketTagging",
    "eventTime": "2026-09-01T00:00:00Z",
    "eventID": "e1",
    "awsRegion": "us-east-1",
    "recipientAccountId": "111122223333",
    "requestParameters": {"bucketName": "data"},
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAAPP:session",
        "accountId": "111122223333",
        "arn": "arn:aws:sts::111122223333:assumed-role/app/session",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAAPP",
                "arn": "arn:aws:iam::111122223333:role/app",
                "accountId": "111122223333",
                "userName": "app",
            }
        },
    },
}
STATEMENT = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]}
DETAILS = {
    "RoleDetailList": [
        {
            "Path": "/",
            "RoleName": "app",
            "RoleId": "AROAAPP",
            "Arn": "arn:aws:iam::111122223333:role/app",
            "CreateDate": "2020-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "RolePolicyList": [
                {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [STATEMENT]}}
            ],
            "AttachedManagedPolicies": [],
        }
    ]
}


def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs lpgen as a user does."""
    return run_forked(*arguments, stdin=stdin)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log, policies and a data folder; tests get copies."""
    folder = tmp_path_factory.mktemp("cli") / "home"
    folder.mkdir()
    (folder / "logs.json").write_text(json.dumps({"Records": [RECORD]}), encoding="utf-8")
    (folder / "policies.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    assert run("ingest", str(folder / "logs.json"), "--data", str(folder / "data")).returncode == 0
    return folder


@pytest.fixture
def home(ingested: Path, tmp_path: Path) -> Path:
    shutil.copytree(ingested, tmp_path, dirs_exist_ok=True)
    return tmp_path


def ground(home: Path) -> list[str]:
    return ["--data", str(home / "data"), "--policies", str(home / "policies.json")]


def test_version_and_help_go_to_stdout() -> None:
    assert run("--version").stdout.startswith("lpgen ")
    assert "review" in run("--help").stdout


def test_a_command_without_what_it_needs_exits_with_2() -> None:
    done = run("review")
    assert done.returncode == 2
    assert "--data" in done.stderr


def test_review_keeps_stdout_for_the_report(home: Path) -> None:
    done = run("review", *ground(home), "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["schema"] == "lpgen.review/1"


def test_review_writes_to_a_file(home: Path) -> None:
    done = run("review", *ground(home), "--format", "markdown", "--output", str(home / "review.md"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "role/app" in (home / "review.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [["review"], ["generate", "--output", "out"], ["verify", "out"], ["baseline", "save", "early"]],
    ids=lambda words: str(words[0]),
)
def test_a_day_before_all_records_is_refused(command: list[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert run("generate", *ground(home), "--output", "out").returncode == 0
    done = run(*command, *ground(home), "--as-of", "2026-08-31")
    assert (done.returncode, done.stdout) == (2, "")
    assert "`--as-of 2026-08-31` is before the first record (2026-09-01)" in done.stderr
    assert run("verify", "out", *ground(home), "--as-of", "2026-09-01").returncode == 0


def test_a_review_says_that_records_after_its_day_count(home: Path) -> None:
    (home / "late.json").write_text(json.dumps([{**RECORD, "eventTime": "2026-09-03T00:00:00Z", "eventID": "e2"}]))
    run("ingest", str(home / "late.json"), "--data", str(home / "data"))
    for form in ("text", "html", "markdown"):
        early, late = (
            " ".join(run("review", *ground(home), "--format", form, "--as-of", day).stdout.split())
            for day in ("2026-09-02", "2026-09-03")
        )
        assert "as of 2026-09-02; records until 2026-09-03 also count" in early
        assert "though records" not in late


def test_a_data_folder_without_records_is_no_ground_to_judge_on(home: Path) -> None:
    (home / "empty.json").write_text('{"Records": []}', encoding="utf-8")
    data, policies = str(home / "empty-data"), str(home / "policies.json")
    assert run("ingest", str(home / "empty.json"), "--data", data).returncode == 0
    for command in (["review"], ["generate", "--output", str(home / "out")], ["baseline", "save", "first"]):
        done = run(*command, "--data", data, "--policies", policies)
        assert done.returncode == 3
        assert "holds no records, so everything would look unused" in done.stderr
    assert not (home / "out").exists()


def test_missing_input_exits_with_3_and_names_it(home: Path) -> None:
    missing = run("review", "--data", str(home / "none"), "--policies", str(home / "policies.json"))
    assert missing.returncode == 3
    assert str(home / "none") in missing.stderr
    assert "Traceback" not in missing.stderr
    wrong = run("review", "--data", str(home / "data"), "--policies", str(home / "logs.json"))
    assert wrong.returncode == 3
    assert "get-account-authorization-details" in wrong.stderr


def test_an_impossible_wish_exits_with_2(home: Path) -> None:
    done = run("review", *ground(home), "--principal", "nobody")
    assert done.returncode == 2
    assert "`nobody`" in done.stderr


def test_ingest_reports_what_it_cannot_read_and_goes_on(home: Path) -> None:
    (home / "bad.json").write_text('{"Records": [', encoding="utf-8")
    arguments = ["ingest", str(home / "bad.json"), str(home / "logs.json"), "--data", str(home / "other")]
    done = run(*arguments)
    assert done.returncode == 3
    assert "bad.json" in done.stderr
    assert "with 1 record, " in done.stderr
    assert run(*arguments).returncode == 0  # it is known by now
    assert run(*arguments, "--strict").returncode == 3


def test_review_asks_for_a_broken_log_file_until_a_whole_one_took_its_place(home: Path) -> None:
    whole = json.dumps({"Records": [{**RECORD, "eventID": "late"}]})
    for text, asks in ((whole[:-2], True), (whole, False)):
        (home / "late.json").write_text(text, encoding="utf-8")
        assert run("ingest", str(home / "late.json"), "--data", str(home / "data")).returncode == (3 if asks else 0)
        said = run("review", *ground(home)).stdout
        assert ("Fetch 1 unreadable log file again" in said) is asks


def test_map_answers_a_line_per_record_from_stdin() -> None:
    lines = [json.dumps(RECORD), "nonsense", json.dumps({**RECORD, "errorCode": "AccessDenied", "eventID": "e2"})]
    done = run("map", "-", "--format", "jsonl", stdin="\n".join(lines))
    assert done.returncode == 0
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert first["actions"] == [{"action": "s3:GetBucketTagging", "resource": ["arn:aws:s3:::data"], "how": "observed"}]
    assert (first["principal"], first["outcome"], first["skip"]) == (
        "arn:aws:iam::111122223333:role/app",
        "allowed",
        None,
    )
    assert second["skip"] == "unreadable_file"
    assert (third["skip"], third["outcome"], third["actions"]) == ("denied", "denied", first["actions"])


def test_generate_then_verify(home: Path) -> None:
    out = str(home / "out")
    done = run("generate", *ground(home), "--output", out)
    assert (done.returncode, done.stdout) == (0, "")
    assert "not safe yet" in done.stderr
    assert run("generate", *ground(home), "--output", out, "--strict").returncode == 1
    assert run("verify", out, *ground(home)).returncode == 0


def test_generate_writes_inline_policies_on_request(home: Path) -> None:
    assert run("generate", *ground(home), "--output", str(home / "out"), "--inline").returncode == 0
    (evidence,) = (home / "out").glob("*/evidence.json")
    assert [item["type"] for item in json.loads(evidence.read_text(encoding="utf-8"))["policies"]] == ["inline"]


def test_generate_says_what_it_refuses_and_writes_the_rest(home: Path) -> None:
    details = json.loads(json.dumps(DETAILS))
    names = [f"arn:aws:s3:::{number:055d}" for number in range(2_000)]
    huge = {**STATEMENT, "Resource": names, "Action": ["s3:GetBucketTagging"]}
    refusal = {"Effect": "Deny", "Action": "s3:PutBucketTagging", "Resource": names}
    small = details["RoleDetailList"][0]
    large = {**small, "RoleName": "large", "RoleId": "AROALARGE", "Arn": "arn:aws:iam::111122223333:role/large"}
    large["RolePolicyList"] = [
        {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [huge, refusal]}}
    ]
    details["RoleDetailList"].append(large)
    (home / "policies.json").write_text(json.dumps(details), encoding="utf-8")
    record = json.loads(json.dumps(RECORD).replace("role/app", "role/large").replace("AROAAPP", "AROALARGE"))
    record["requestParameters"]["bucketName"] = names[0].rpartition(":")[2]
    (home / "more.json").write_text(json.dumps([{**record, "eventID": "e9"}]), encoding="utf-8")
    assert run("ingest", str(home / "more.json"), "--data", str(home / "data")).returncode == 0
    done = run("generate", *ground(home), "--output", str(home / "out"))
    assert done.returncode == 0
    assert "refused: arn:aws:iam::111122223333:role/large" in done.stderr
    assert "one Deny is larger than a policy may be" in done.stderr
    assert [path.name for path in (home / "out").iterdir() if path.is_dir()] == ["111122223333-role-app"]
    assert run("verify", str(home / "out"), *ground(home)).returncode == 0


def test_messages_never_pass_on_terminal_escapes(home: Path) -> None:
    done = run("review", *ground(home), "--principal", "\x1b]0;owned\x07\n\u202enobody")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    hostile = json.dumps(DETAILS).replace('"app"', '"a\\u001b[2Jp\\npp"').replace("role/app", "role/a\\u001b[2Jp\\npp")
    (home / "policies.json").write_text(hostile, encoding="utf-8")
    log = json.dumps([RECORD]).replace("role/app", "role/a\\u001b[2Jp\\npp")
    (home / "more.json").write_text(log, encoding="utf-8")
    assert run("ingest", str(home / "more.json"), "--data", str(home / "data")).returncode == 0
    done = run("generate", *ground(home), "--output", str(home / "out"))
    assert done.returncode == 0
    assert "\x1b" not in done.stderr
    assert "not safe yet" in done.stderr


def test_decisions_count(home: Path) -> None:
    decisions = home / "decisions.toml"
    decisions.write_text(
        '[[decision]]\ndo = "drop"\naction = "s3:GetBucketTagging"\nreason = "old job"\nowner = "me"\n',
        encoding="utf-8",
    )
    options = [*ground(home), "--decisions", str(decisions)]
    assert run("generate", *options, "--output", str(home / "out")).returncode == 0
    (policy,) = (home / "out").glob("*/policy-1.json")
    assert "GetBucketTagging" not in policy.read_text(encoding="utf-8")
    assert run("verify", str(home / "out"), *options).returncode == 0
    assert run("verify", str(home / "out"), *ground(home)).returncode == 1


def test_decision_that_keeps_nothing_is_told(home: Path) -> None:
    decisions = home / "decisions.toml"
    entry = '[[decision]]\ndo = "keep"\naction = "s3:GetBuketTagging"\nreason = "audit"\nowner = "me"\n'
    decisions.write_text(entry, encoding="utf-8")
    told = "the decision to keep s3:GetBuketTagging (me: audit) does nothing: AWS has no action"
    done = run("review", *ground(home), "--decisions", str(decisions), "--format", "json")
    assert told in " ".join(json.loads(done.stdout)["problems"])
    decisions.write_text(entry + "expires = 2020-01-01\n", encoding="utf-8")
    done = run("review", *ground(home), "--decisions", str(decisions), "--format", "json")
    assert told not in " ".join(json.loads(done.stdout)["problems"])


def test_explain_needs_no_logs_and_says_so(home: Path) -> None:
    policies = ["--policies", str(home / "policies.json")]
    done = run("explain", "app", "s3:getobject", "arn:aws:s3:::data/x", *policies)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Allowed by s3:* in own, statement 1." in done.stdout
    assert "Use is unknown" in done.stdout
    denied = run("explain", "app", "ec2:RunInstances", *policies, "--output", str(home / "why.txt"))
    assert (denied.returncode, denied.stdout) == (0, "")
    assert "Implicitly denied" in (home / "why.txt").read_text(encoding="utf-8")


def test_explain_says_who_can_where_a_glob_matches_several(home: Path) -> None:
    details = json.loads((home / "policies.json").read_text(encoding="utf-8"))
    (app,) = details["RoleDetailList"]
    arn = "arn:aws:iam::111122223333:role/idle"
    idle = {**app, "RoleName": "idle", "RoleId": "AROAIDLE", "Arn": arn, "RolePolicyList": []}
    both = home / "both.json"
    both.write_text(json.dumps({"RoleDetailList": [app, idle]}), encoding="utf-8")
    asked = ("s3:GetObject", "arn:aws:s3:::data/x", "--policies", str(both))
    text = run("explain", "role/*", *asked)
    assert (text.returncode, text.stderr) == (0, "")
    assert "1 of 2 principals can make the request, and 1 can't." in text.stdout
    assert "- role/app  s3:* in own, statement 1" in text.stdout
    found = json.loads(run("explain", "*", *asked, "--format", "json").stdout)
    results = {one["principal"]: one["result"] for one in found["principals"]}
    assert results == {app["Arn"]: "Allowed", arn: "ImplicitlyDenied"}
    assert json.loads(run("explain", "role/a*", *asked, "--format", "json").stdout)["schema"] == "lpgen.explanation/1"
    page = home / "who.md"
    run("explain", "*", *asked, "--output", str(page)).check_returncode()
    assert "## Allowed (1)" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody", "s3:GetObject"], "`nobody`"),
        (["app", "GetObject"], "`GetObject` isn't a valid action"),
        (["app", "s3:Get*"], "lpgen catalog expand 's3:Get*'"),
        (["app", "s3:GetObject", "data/x"], "`data/x` isn't a valid resource"),
        (["app", "s3:GetObject", "--context", "aws:SourceIp"], "`aws:SourceIp` is not KEY=VALUE"),
        (["app"], "ACTION"),
    ],
)
def test_explain_exits_with_2_where_there_is_no_question(home: Path, arguments: list[str], message: str) -> None:
    done = run("explain", *arguments, "--policies", str(home / "policies.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_explain_draws_one_principal_and_refuses_to_draw_several(home: Path) -> None:
    details = json.loads((home / "policies.json").read_text(encoding="utf-8"))
    (app,) = details["RoleDetailList"]
    idle = {**app, "RoleName": "idle", "RoleId": "AROAIDLE", "Arn": "arn:aws:iam::111122223333:role/idle"}
    (home / "both.json").write_text(json.dumps({"RoleDetailList": [app, idle]}), encoding="utf-8")
    asked = ("s3:GetObject", "arn:aws:s3:::data/x", "--policies", str(home / "both.json"))
    assert run("explain", "app", *asked, "--output", str(home / "walls.svg")).returncode == 0
    assert (home / "walls.svg").read_text(encoding="utf-8").startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert 'role="img"' in run("explain", "app", *asked, "--format", "html").stdout
    several = run("explain", "role/*", *asked, "--format", "svg")
    assert (several.returncode, several.stdout) == (2, "")
    assert "`role/*` names several principals" in several.stderr
    assert "<h2>Allowed (2)</h2>" in run("explain", "role/*", *asked, "--format", "html").stdout


def test_explain_joins_values_of_a_key_and_takes_a_missing_one(home: Path) -> None:
    context = ["--context", "aws:TagKeys=a", "--context", "AWS:tagkeys=b=c", "--context", "aws:SourceVpce="]
    policies = ["--policies", str(home / "policies.json"), "--format", "json"]
    known = json.loads(run("explain", "app", "s3:GetObject", *policies, *context).stdout)["context"]
    assert (known["aws:TagKeys"], known["aws:SourceVpce"]) == (["a", "b=c"], [])


def test_a_closed_pipe_is_no_error(home: Path) -> None:
    command = f"{sys.executable} -m lpgen review {' '.join(ground(home))} | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command", [pytest.param(["review"], marks=pytest.mark.slow), ["catalog", "expand", "*"], ["iam-policy"]]
)
def test_a_full_disk_behind_stdout_is_said_in_a_sentence(home: Path, command: list[str]) -> None:
    options = ground(home) if command == ["review"] else []
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lpgen", *command, *options],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (3, "lpgen: the output can't be written: no space left on device\n")


@pytest.mark.parametrize(
    ("closed", "status"),
    [*(pytest.param(one, 0, marks=pytest.mark.slow) for one in (">&-", "2>&-")), (">&- 2>&-", 0)],
)
def test_a_closed_stream_is_no_error(home: Path, closed: str, status: int) -> None:
    command = f"{sys.executable} -m lpgen review {' '.join(ground(home))} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")
