"""Every command that lpgen prints runs as it is printed.

A reader copies commands from a report, from its end to the shell, so each of them

- has no placeholder for what lpgen knows, and is broken over lines only where a shell joins them;
- has the options that the reader gave and that the command takes: the same data folder, policies and so on;
- runs in the reader's folder, after the commands printed before it, and ends with 0, or with 1 if it finds something.

Commands are looked for in backticks, in code of Markdown and HTML, and at the end of a line. A bare name of a command,
such as `lpgen snapshot`, is a word, not a command to copy. The logs, policies and settings are those of the sample
organization and of a made-up account; moto stands in for AWS.
"""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from tests.journeys.test_rollout_loop import record
from tests.support.aws_organization import answer_missing
from tests.support.aws_proxy import Answer, Call, Reply, aws_proxy
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, moto_server
from tests.support.documents import ACCOUNT_PAGE, ROOT
from tests.support.forked_lpgen import run_forked
from tests.support.log_samples import log_bytes
from tests.support.rollout_worlds import ACCOUNT, TRUST
from tests.support.small_organization import allow, write_small_organization

pytestmark = pytest.mark.timeout(300)

BUCKET: Final = "trail-of-printed-commands"

UNKNOWN: Final = {"s3://YOUR-TRAIL-BUCKET": f"s3://{BUCKET}"}
"""What lpgen can't know, and so leaves to the reader, with what the reader fills in. Words beside it say so."""

GIVEN: Final = (
    *("--data", "--policies", "--trails", "--decisions", "--scps", "--snapshot", "--resource-policies", "--boundary"),
    *("--last-accessed", "--as-of", "--min-days", "--scope"),
)
"""The options that a printed command repeats."""

ROLE_INLINE_QUOTA: Final = 10_240
"""Characters of all inline policies of a role, white space not counted:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

COMMANDS: Final = sorted(
    re.findall(r"^  - \[`lpgen ([a-z -]+)`\]", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8"), re.M),
    key=len,
    reverse=True,
)
NAMED: Final = re.compile(rf"\blpgen(\s+)({'|'.join(COMMANDS)})\b(?![-\w])([^\n]*)")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which somebody works, and the variables of the shell."""

    folder: Path
    environment: dict[str, str]

    def copy(self, target: Path) -> Place:
        """A copy, to change."""
        return Place(Path(shutil.copytree(self.folder, target, symlinks=True)), self.environment)

    def run(self, arguments: Sequence[str], answer: str = "") -> tuple[int, str]:
        """The exit code of a command, and all that it prints."""
        done = run_forked(*arguments, cwd=self.folder, env=self.environment, stdin=answer)
        return done.returncode, done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class Case:
    """A command whose output prints others: where it runs, what it is given, and the file that it writes, if any.

    `needs` are words of a command that the output has to print.
    """

    name: str
    place: str
    command: str
    file: str = ""
    needs: str = ""
    codes: tuple[int, ...] = (0,)

    @property
    def arguments(self) -> list[str]:
        """The command's words."""
        return shlex.split(self.command)

    @property
    def given(self) -> dict[str, str]:
        """The options that the reader gave and that are to be repeated."""
        return _options(self.arguments)


@dataclass(frozen=True, slots=True)
class Printed:
    """A command as it is printed. `faults` are what makes it no command to copy."""

    text: str
    faults: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """Its words after `lpgen`."""
        return shlex.split(self.text)[1:]

    @property
    def name(self) -> str:
        """Which command it is."""
        return str(next(name for name in COMMANDS if self.words[: name.count(" ") + 1] == name.split()))


@dataclass(slots=True)
class Shelf:
    """What the cases printed, and which sequences of commands ran already."""

    places: dict[str, Place]
    room: Path
    outputs: dict[str, str] = field(default_factory=dict)
    ran: dict[tuple[str, tuple[str, ...]], list[str]] = field(default_factory=dict)

    def output(self, case: Case) -> str:
        """What a case prints."""
        if case.name not in self.outputs:
            place = self.places[case.place].copy(self.room / f"print-{case.name}")
            code, text = place.run(case.arguments)
            wanted = (place.folder / case.file).read_text(encoding="utf-8") if case.file and not code else text
            shutil.rmtree(place.folder)
            assert code in case.codes, (case.command, code, text)
            self.outputs[case.name] = wanted
        return self.outputs[case.name]


def _options(words: Sequence[str]) -> dict[str, str]:
    return {word: words[at + 1] for at, word in enumerate(words[:-1]) if word in GIVEN}


# ---------------------------------------------------------------- finding commands


def printed_in(text: str, file: str = "") -> list[Printed]:
    """The commands of an output, in order, each once."""
    if file.endswith(".html"):
        pieces = re.findall(r"<(?:code|pre)\b[^>]*>(.*?)</(?:code|pre)>", text, re.S)
        plain = (html.unescape(re.sub(r"<[^>]*>", "", piece)) for piece in pieces)
        begins = re.compile(r"(?:\S+ -P -m )?(lpgen .*)", re.S)
        pieces = [begun[1] for piece in plain if (begun := begins.match(piece))]
        found = [command for piece in pieces for command in printed_in_text(f"  {piece}")]
    else:
        found = list(printed_in_text(text))
    return list({command.text: command for command in found}.values())


def printed_in_text(text: str) -> Iterator[Printed]:
    """The commands of a text: in backticks, at a line's beginning, or to a line's end."""
    joined = re.sub(r"`+([^`]*)`+", lambda found: f"`{found[1]}`", re.sub(r" *\\\n\s*", " ", text))
    for found in NAMED.finditer(joined):
        line = joined[joined.rfind("\n", 0, found.start()) + 1 : found.start()]
        is_quoted = line.count("`") % 2 == 1
        gap, name, rest = found.groups()
        if is_quoted:
            whole = joined[found.end() - len(rest) :].partition("`")[0]
            if not whole.strip():
                continue
            gap, rest = gap + "\n" * whole.count("\n"), whole
        elif not _is_command(line, rest):
            continue
        faults = ("broken over lines without a backslash",) if "\n" in gap else ()
        yield Printed(f"lpgen {name} {' '.join(rest.split())}".strip(), faults)


def _is_command(before: str, rest: str) -> bool:
    """Whether a name outside backticks begins a command: it has options, or stands alone on an indented line."""
    return bool(re.search(r"(?:^| )--?[a-z]", rest)) or bool(before and not before.strip() and rest.strip())


def faults_of(command: Printed, output: str, case: Case) -> list[str]:
    """What is wrong with a command as it is printed."""
    faults = list(command.faults)
    for word in command.words:
        name = word.partition("=")[2] or word
        if word in UNKNOWN:
            others = [line for line in output.splitlines() if word not in line]
            if not any("YOUR-TRAIL-BUCKET" in line for line in others):
                faults.append(f"nothing says what {word} is")
        elif re.search(r"\.\.\.|…", word) or re.fullmatch(r"[A-Z]{2,}(?:[-_][A-Z]+)*", name):
            faults.append(f"placeholder {word}")
    taken, has = options_of(command.name), _options(command.words)
    for option, value in case.given.items():
        if option in taken and has.get(option) != value:
            faults.append(f"lacks {option} {value}")
    return faults


@cache
def options_of(name: str) -> frozenset[str]:
    """The options that a command takes."""
    return frozenset(re.findall(r"(--[a-z-]+)", run_forked(*name.split(), "--help").stdout))


# ---------------------------------------------------------------- the places


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, str]]:
    """AWS as moto plays it: one Region, a role, and logs of the coming days, since the role is of today.

    Returns the variables of a shell that reaches it.
    """
    with moto_server() as server, aws_proxy(server, ACCOUNT) as proxy:
        keys: Any = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": REGION}
        iam = boto3.client("iam", endpoint_url=server.url, **keys)
        role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)["Role"]
        policy = {"Version": "2012-10-17", "Statement": [allow("ec2:*")]}
        iam.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=json.dumps(policy))
        s3 = boto3.client("s3", endpoint_url=server.url, **keys)
        s3.create_bucket(Bucket=BUCKET)
        other = f"arn:aws:iam::{ACCOUNT}:role/other", "AROAOTHER", "logs:CreateLogGroup"
        for number in range(120):
            day = datetime.now(UTC) + timedelta(days=number)
            records = [
                record(role["Arn"], role["RoleId"], "ec2:DescribeInstances", day),
                record(*other, day + timedelta(seconds=1), readOnly=False),
            ]
            name = f"{ACCOUNT}_CloudTrail_{REGION}_{day:%Y%m%d}T1200Z_{number:016}.json.gz"
            key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day:%Y/%m/%d}/{name}"
            s3.put_object(Bucket=BUCKET, Key=key, Body=log_bytes(records))
        proxy.reply = answer_one_region
        yield {**proxy.server.environment, "AWS_ENDPOINT_URL_S3": server.url}


def answer_one_region(call: Call) -> Reply:
    """The answers that moto lacks, or that would take minutes."""
    if call.operation == "DescribeRegions":
        item = f"<item><regionName>{REGION}</regionName><optInStatus>opt-in-not-required</optInStatus></item>"
        return Answer(200, f"<DescribeRegionsResponse><regionInfo>{item}</regionInfo></DescribeRegionsResponse>")
    return answer_missing(call)


@pytest.fixture(scope="session")
def shelf(aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The places in which commands are printed and run."""
    room = tmp_path_factory.mktemp("printed")
    places = {name: Place(room / name, aws) for name in ("nothing", "demo", "account", "own")}
    for place in places.values():
        place.folder.mkdir()
    shelf = Shelf(places, room)
    code, shelf.outputs["demo"] = places["demo"].run(["demo"])
    assert code == 0, shelf.outputs["demo"]
    fill_account(places["account"])
    shelf.outputs["own-snapshot"] = must(places["own"], "snapshot --data lpgen-data")
    shelf.outputs["own-ingest"] = must(places["own"], f"ingest s3://{BUCKET} --data lpgen-data")
    must(places["own"], "baseline save first --data lpgen-data")
    shelf.outputs["own-generate"] = must(places["own"], "generate --data lpgen-data --output lpgen-out")
    return shelf


def must(place: Place, command: str) -> str:
    """The output of a command that has to succeed."""
    code, text = place.run(shlex.split(command))
    assert code == 0, (command, text)
    return text


def fill_account(place: Place) -> None:
    """The made-up account, with all files that options name, an output, a plan and a baseline."""
    organization = write_small_organization(place.folder)
    details = json.loads((organization.policies / "account.json").read_text(encoding="utf-8"))
    arn = "arn:aws:cloudtrail:us-east-1:222233334444:trail/all"
    trail = {"Name": "all", "S3BucketName": "the-logs", "TrailARN": arn, "HomeRegion": "us-east-1"}
    more = {"IncludeGlobalServiceEvents": True, "IsMultiRegionTrail": True, "IsOrganizationTrail": False}
    selectors = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}]
    decision = ['do = "keep"', 'principal = "role/worker"', 'action = "ec2:RunInstances"']
    decision += ['reason = "launches"', 'owner = "team"', "expires = 2099-01-01"]
    everything = {"Version": "2012-10-17", "Statement": [allow("*")]}
    role = next(role for role in details["RoleDetailList"] if role["RoleName"] == "reader")
    role["RolePolicyList"][0]["PolicyDocument"]["Statement"].append(allow("iam:*"))
    settings = {"Trail": trail | more}, {"TrailARN": arn, "EventSelectors": selectors}
    texts = {
        "trails.json": "\n".join(map(json.dumps, settings)),
        "team.toml": "\n".join(["[[decision]]", *decision, ""]),
        "scps.json": json.dumps([[everything]]),
        "changed.json": json.dumps(details),
    }
    for name, text in texts.items():
        (place.folder / name).write_text(text, encoding="utf-8")
    must(place, "ingest logs --data data")
    must(place, f"generate {ACCOUNT_GROUND} --output out")
    must(place, f"rollout plan out {ACCOUNT_GROUND} --output plan.json")
    shutil.copytree(place.folder / "data", place.folder / "bare-data")
    must(place, f"baseline save first {ACCOUNT_GROUND}")


# ---------------------------------------------------------------- the cases


ACCOUNT_GROUND: Final = "--data data --policies policies"
ALL: Final = f"{ACCOUNT_GROUND} --trails trails.json --decisions team.toml --scps scps.json"

CASES: Final = (
    Case("demo", "demo", "demo", needs="review --data"),
    Case("screen", "account", f"review {ACCOUNT_GROUND}", needs="generate --data"),
    Case("screen-trails", "account", f"review {ACCOUNT_GROUND} --trails trails.json", needs="generate --data"),
    Case("screen-decisions", "account", f"review {ACCOUNT_GROUND} --decisions team.toml", needs="generate --data"),
    Case("screen-no-snapshot", "account", f"review {ACCOUNT_GROUND} --snapshot none", needs="generate --data"),
    Case("screen-all", "account", f"review {ALL}", needs="generate --data"),
    Case("full", "account", f"review {ACCOUNT_GROUND} --full", needs="generate --data"),
    Case("wary", "account", f"review {ACCOUNT_GROUND} --max-risk 0.01 --full", needs="backtest --data"),
    Case("full-all", "account", f"review {ALL} --full", needs="generate --data"),
    Case("markdown-all", "account", f"review {ALL} --output r.md", "r.md", needs="generate --data"),
    Case("html-all", "account", f"review {ALL} --output r.html", "r.html", needs="generate --data"),
    Case("one-role", "account", f"review {ALL} --principal role/analyst"),
    Case("decisions-file", "account", f"review {ACCOUNT_GROUND} --write-decisions d.toml", "d.toml"),
    Case("drift", "account", "drift --data data --policies changed.json", needs="generate --data"),
    Case("drift-later", "account", f"drift {ACCOUNT_GROUND} --as-of 2026-11-20", needs="rollout plan"),
    Case("drift-full", "account", "drift --data data --policies changed.json --full"),
    Case("drift-markdown", "account", "drift --data data --policies changed.json --output d.md", "d.md"),
    Case("drift-html", "account", "drift --data data --policies changed.json --output d.html", "d.html"),
    Case("backtest", "account", f"backtest {ALL} --train 60d"),
    Case("verify", "account", f"verify out {ACCOUNT_GROUND}"),
    Case("verify-changed", "account", "verify out --data data --policies changed.json", codes=(1, 4)),
    Case("generate", "account", f"generate {ALL} --output new"),
    Case("plan", "account", f"rollout plan out {ACCOUNT_GROUND} --output plan.json"),
    Case("iam-policy", "account", "iam-policy rollout-apply --plan plan.json --output change.json"),
    Case("observe", "account", f"observe {ACCOUNT_GROUND} --bucket the-logs"),
    Case("observe-trails", "account", f"observe {ACCOUNT_GROUND} --trails trails.json"),
    Case("explain", "account", f"explain worker ec2:RunInstances {ACCOUNT_GROUND}"),
    Case("wildcards", "account", f"wildcards {ACCOUNT_GROUND}"),
    Case("ingest", "account", "ingest logs --data data"),
    Case("check", "account", "check --data data"),
    Case("baseline", "account", f"baseline save second {ACCOUNT_GROUND}"),
    # Hints of errors.
    Case("review-without-policies", "account", "review --data data", codes=(0,)),
    Case("review-without-data", "nothing", "review --data data", codes=(2,)),
    Case("backtest-without-policies", "account", "backtest --data data", codes=(2,)),
    Case("wildcards-without-policies", "account", "wildcards --data data", codes=(2,)),
    Case("drift-without-policies", "account", "drift --data data", codes=(2,)),
    Case("verify-without-policies", "account", "verify out --data data", codes=(2,)),
    Case("plan-without-policies", "account", "rollout plan out --data data", codes=(2,)),
    Case("plan-without-voucher", "account", "rollout plan out --policies policies", codes=(2,)),
    Case("explain-without-policies", "account", "explain worker ec2:RunInstances", codes=(2,)),
    Case("observe-without-bucket", "account", f"observe {ACCOUNT_GROUND}", codes=(2,)),
    Case("watch-before-apply", "account", "rollout watch plan.json --data data", codes=(2,)),
    Case("no-baseline", "account", "drift --data bare-data --policies policies", codes=(3,)),
    Case("no-baseline-to-show", "account", "baseline show --data bare-data", codes=(3,)),
    Case("no-data-folder", "nothing", "check --data data", codes=(3,)),
    Case("ingest-of-policies", "account", "ingest policies --data other", codes=(3,)),
    Case("ingest-of-one-policy-file", "account", "ingest policies/account.json --data other", codes=(3,)),
    Case("other-output", "account", f"generate {ACCOUNT_GROUND} --principal worker --output out", codes=(2,)),
    # On an account of one's own, with a snapshot.
    Case("own-snapshot", "own", "snapshot --data lpgen-data"),
    Case("own-ingest", "own", f"ingest s3://{BUCKET} --data lpgen-data"),
    Case("own-generate", "own", "generate --data lpgen-data --output lpgen-out"),
    Case("own-screen", "own", "review --data lpgen-data", needs="generate --data"),
    Case("own-full", "own", "review --data lpgen-data --full", needs="generate --data"),
    Case("own-no-snapshot", "own", "review --data lpgen-data --snapshot none", codes=(0,)),
    Case("own-plan", "own", "rollout plan lpgen-out --data lpgen-data --output plan.json", codes=(0, 1)),
    Case("own-drift", "own", "drift --data lpgen-data"),
)
EACH: Final = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@EACH
def test_each_printed_command_says_all_that_lpgen_knows(case: Case, shelf: Shelf) -> None:
    output = shelf.output(case)
    commands = printed_in(output, case.file)
    found = ((command.text, faults_of(command, output, case)) for command in commands)
    wrong = [f"`{text}`: {', '.join(faults)}" for text, faults in found if faults]
    assert not wrong, "\n".join(wrong)
    assert any(f"lpgen {case.needs}" in command.text for command in commands) or not case.needs, output


@EACH
def test_each_printed_command_runs(case: Case, shelf: Shelf) -> None:
    """Commands with a placeholder don't run either; the test above names them, too."""
    commands = [command.text for command in printed_in(shelf.output(case), case.file)]
    key = case.place, tuple(commands)
    if key not in shelf.ran:
        place = shelf.places[case.place].copy(shelf.room / f"run-{len(shelf.ran)}")
        if case.file == "d.toml":  # which its reader fills in first
            (place.folder / case.file).write_text(filled(shelf.output(case)), encoding="utf-8")
        shelf.ran[key] = [problem for command in commands if (problem := run_printed(place, command))]
        shutil.rmtree(place.folder)
    assert not shelf.ran[key], "\n".join(shelf.ran[key])


def filled(draft: str) -> str:
    """A draft of decisions with everything filled in."""
    answers = {"reason": "known", "owner": "sec", "expires": "2027-06-30"}
    return re.sub(
        r'^(reason|owner|expires) = ""', lambda found: f'{found[1]} = "{answers[found[1]]}"', draft, flags=re.M
    )


def run_printed(place: Place, command: str) -> str:
    """What is wrong with running a command as it is printed; nothing if it ran."""
    words = [UNKNOWN.get(word, word) for word in Printed(command).words]
    hurry = ["--settle", "0"] if words[:2] in (["rollout", "apply"], ["rollout", "undo"]) else []
    code, text = place.run([*words, *hurry], answer="y\n" * 9)
    said = " ".join(text.split())
    return "" if code in (0, 1) and "Traceback" not in text else f"`{command}`: exit {code}, {said[:200]}"


def test_the_demo_prints_commands_of_each_kind(shelf: Shelf) -> None:
    names = {command.name for command in printed_in(shelf.outputs["demo"])}
    assert names >= {"review", "generate"}


def test_no_snapshot_of_an_account_is_suggested_for_the_folder_of_the_demo(shelf: Shelf) -> None:
    commands = printed_in(shelf.outputs["demo"])
    assert commands
    assert [command.text for command in commands if command.name == "snapshot" and "lpgen-demo" in command.text] == []


@pytest.mark.parametrize("name", ["screen", "own-screen"])
def test_what_the_screen_says_to_add_runs(name: str, shelf: Shelf) -> None:
    case = next(case for case in CASES if case.name == name)
    said = re.search(r"To see more, add:\s+(.*?)(?:\n\n|\n(?=\w+ \S+ ?[(:])|\Z)", shelf.output(case), re.S)
    assert said
    place = shelf.places[case.place].copy(shelf.room / f"more-{name}")
    added = " ".join(said[1].split()).split(", ")
    codes = {more: place.run([*case.arguments, *shlex.split(more)])[0] for more in added}
    assert codes == dict.fromkeys(added, 0)
    assert len(added) >= 2


def test_suggested_backtest_shows_the_denials_that_the_review_speaks_of(shelf: Shelf) -> None:
    wary = shelf.output(next(case for case in CASES if case.name == "wary"))
    (promise,) = re.findall(
        r"made from earlier days would have denied (\d+) needs? in \d+ windows? with (\d+) days, such as (\S+) on",
        " ".join(wary.split()),
    )
    needs, days, action = int(promise[0]), int(promise[1]), promise[2]
    commands = printed_in(wary)
    backtests = [command for command in commands if command.name == "backtest"]
    assert backtests, "no backtest is suggested"
    place = shelf.places["account"]
    code, text = place.run([*backtests[0].words, "--format", "json"])
    assert code == 0, text
    found = json.loads(text)
    judged = sum(_days(window["learn_last"], window["judge_last"]) for window in found["windows"])
    (analyst,) = (one for one in found["principals"] if one["principal"].endswith("role/analyst"))
    shown = len(analyst["denied"])
    assert {"judged days": judged, "denied needs": shown} == {"judged days": days, "denied needs": needs}
    assert action in place.run(backtests[0].words)[1]


def _days(first: str, last: str) -> int:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days


# ---------------------------------------------------------------- policies for roles


PUT: Final = re.compile(r"aws iam put-role-policy --role-name (\S+) .*?--policy-document file://(\S+)")


def test_no_output_puts_a_document_into_a_role_that_its_quota_cannot_hold(shelf: Shelf) -> None:
    for case in CASES:
        sizes: dict[str, int] = {}
        for role, name in PUT.findall(re.sub(r" *\\\n\s*", " ", shelf.output(case))):
            sizes[role] = sizes.get(role, 0) + _characters(shelf.places[case.place].folder / name)
        assert [role for role, size in sizes.items() if size > ROLE_INLINE_QUOTA] == [], case


def test_the_page_puts_only_documents_into_a_role_that_its_quota_holds(shelf: Shelf, tmp_path: Path) -> None:
    """The document for a plan grows with the plan, so the page has to plan a role, or use no inline policy."""
    page = ACCOUNT_PAGE.read_text(encoding="utf-8")
    made = {words[-1]: words for words in map(shlex.split, re.findall(r"^\$ lpgen (iam-policy .*)$", page, re.M))}
    plans = {words[-1]: words for words in map(shlex.split, re.findall(r"^\$ lpgen (rollout plan .*)$", page, re.M))}
    size = 0
    for _, name in PUT.findall(page):
        words = made[name]
        if "--plan" in words:
            assert "--principal" in plans[words[words.index("--plan") + 1]], f"{name} may be of any size"
            words = [word.replace("plan.json", str(shelf.places["account"].folder / "plan.json")) for word in words]
        code, text = Place(tmp_path, shelf.places["nothing"].environment).run(words)
        assert code == 0, text
        size += _characters(tmp_path / name)
    assert size <= ROLE_INLINE_QUOTA


def _characters(path: Path) -> int:
    """The characters of a document that count."""
    return len("".join(path.read_text(encoding="utf-8").split()))
