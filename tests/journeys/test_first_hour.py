"""The first hour: lpgen from a wheel in a clean environment, on one's own account, word by word as the documents say.

SeaweedFS has the bucket of the trail, and moto stands in for the rest of AWS. moto makes roles today, so the logs are
of the next hundred days: then the roles are old enough for safe replacements. Every mistake in the table of
`docs/troubleshooting.md` is made at its time.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from tests.journeys.test_rollout_loop import record
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server, moto_server
from tests.support.documents import ACCOUNT_PAGE, README, ROOT
from tests.support.log_samples import log_bytes
from tests.support.rollout_worlds import ACCOUNT, World, allow, document

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BUCKET = "trail-of-readme"
TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"
NAMES = {"YOUR-TRAIL-BUCKET": BUCKET, "YOUR-ROLE": "auditor", "A-ROLE": "app"}
"""What the reader fills in."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row of the table: at what time it is made, the command, its exit code, and what lpgen says."""

    when: str
    command: str
    code: int
    said: str


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """lpgen, installed from its wheel into a new environment."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    (wheel,) = folder.glob("lpgen-*.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, *pip[1:], "install", wheel], check=True)
    return python.with_name("lpgen")


@pytest.fixture
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


def commands_of(text: str) -> list[list[str]]:
    """The commands of a text, those of lpgen and of the AWS CLI, with the reader's own names filled in."""
    return [shlex.split(_filled_in(line)) for line in re.findall(r"^\$ (.*)$", text, re.M)]


def mistakes_of(text: str) -> list[Mistake]:
    """The rows of the table of mistakes."""
    rows = re.findall(r"^\| (\w+) \| `(lpgen .*?)` \| (\d) \| `(.*?)` \|$", text, re.M)
    return [Mistake(when, _filled_in(command), int(code), _filled_in(said)) for when, command, code, said in rows]


def _filled_in(text: str) -> str:
    for name, own in NAMES.items():
        text = text.replace(name, own)
    return text


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a terminal, who says yes."""

    program: Path
    world: World
    environment: dict[str, str]

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """The exit code of a command and all that it says. What IAM would need to spread isn't waited for."""
        if command[0] == "aws":
            put_role_policy(self.world, command)
            return 0, ""
        assert command[0] == "lpgen"
        hurry = ["--settle", "0"] if command[1:3] in (["rollout", "apply"], ["rollout", "undo"]) else []
        done = subprocess.run(
            [self.program, *command[1:], *hurry],
            input="y\n",
            cwd=self.world.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def make(self, mistakes: Sequence[Mistake]) -> None:
        """Makes mistakes, and finds what the table says of each."""
        wrong = []
        for mistake in mistakes:
            code, said = self.run(shlex.split(mistake.command))
            words = " ".join(said.split())
            if code != mistake.code or mistake.said not in words or "Traceback" in said:
                wrong.append(f"{mistake.command}: exit {code}, {words[-300:]}")
        assert not wrong, "\n".join(wrong)


def put_role_policy(world: World, command: Sequence[str]) -> None:
    """What `aws iam put-role-policy` does."""
    assert command[:3] == ["aws", "iam", "put-role-policy"]
    options = dict(zip(command[3::2], command[4::2], strict=True))
    text = (world.home / options["--policy-document"].removeprefix("file://")).read_text(encoding="utf-8")
    world.client.put_role_policy(
        RoleName=options["--role-name"], PolicyName=options["--policy-name"], PolicyDocument=text
    )


def test_first_hour_leads_from_nothing_to_an_applied_and_undone_plan(
    program: Path, server: Server, seaweed: Server, tmp_path: Path
) -> None:
    world = World(server, tmp_path)
    arn = world.make_role("app", inline={"own": document(allow("ec2:*"), indent=3)})
    world.make_role("auditor")
    before = world.read(arn)
    put_logs(seaweed, [arn], before.principal.principal_id)
    person = Person(program, world, {**server.environment, "AWS_ENDPOINT_URL_S3": seaweed.url, "HOME": str(tmp_path)})
    mistakes = mistakes_of(TROUBLESHOOTING.read_text(encoding="utf-8"))
    assert len(mistakes) >= 20
    assert {mistake.when for mistake in mistakes} == {"first", "ingest", "review", "generate", "apply", "undo"}
    commands = commands_of(ACCOUNT_PAGE.read_text(encoding="utf-8"))
    assert [command[0] for command in commands].count("lpgen") >= 12
    after = None
    person.make([mistake for mistake in mistakes if mistake.when == "first"])
    assert not (tmp_path / "lpgen-data").exists()
    for command in commands:
        code, said = person.run(command)
        assert code == 0, (command, said)
        step = next(iter(word for word in reversed(command[1:3]) if word in {mistake.when for mistake in mistakes}), "")
        if step == "apply":
            after = world.read(arn)
            assert "role/app: applied" in said
            assert "- Allow ec2:* on *" in said
        person.make([mistake for mistake in mistakes if mistake.when == step])
        mistakes = [mistake for mistake in mistakes if mistake.when != step]
    assert [mistake for mistake in mistakes if mistake.when != "first"] == []
    assert "role/app" in (tmp_path / "review.html").read_text(encoding="utf-8")
    assert after is not None
    ((_, text),) = after.documents
    assert "ec2:DescribeInstances" in text
    assert world.read(arn) == before
    for command in (
        ["lpgen", "baseline", "save", "week-1", "--data", "lpgen-data"],
        ["lpgen", "drift", "--data", "lpgen-data"],
    ):
        code, said = person.run(command)
        assert code == 0, (command, said)
    (planned,) = [item for item in json.loads((tmp_path / "plan.json").read_text())["principals"] if item["calls"]]
    assert planned["safe"]


def test_readme_shows_commands_of_the_page_in_its_order() -> None:
    (section,) = re.findall(r"^## Use it on your account\n(.*?)^## ", README.read_text(encoding="utf-8"), re.M | re.S)
    shown = commands_of(section)
    assert [one[1] for one in shown] == ["snapshot", "ingest", "review"]
    page = commands_of(ACCOUNT_PAGE.read_text(encoding="utf-8"))
    places = [page.index(one) for one in shown]
    assert places == sorted(places)


def put_logs(server: Server, arns: list[str], principal_id: str) -> None:
    """A trail of the coming 125 days in a bucket: reads by these roles, writes by another."""
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": REGION}
    s3 = boto3.client("s3", endpoint_url=server.url, **keys)
    s3.create_bucket(Bucket=BUCKET)
    for number in range(125):
        when = datetime.now(UTC) + timedelta(days=number)
        day = when.strftime("%Y/%m/%d")
        stem = f"{ACCOUNT}_CloudTrail_us-east-1_{when:%Y%m%d}T1200Z_{number:016}.json.gz"
        records = [record(arn, principal_id, "ec2:DescribeInstances", when) for arn in arns]
        other, later = f"arn:aws:iam::{ACCOUNT}:role/other", when + timedelta(seconds=1)
        records.append(record(other, "AROAOTHER", "logs:CreateLogGroup", later, readOnly=False))
        body = log_bytes(records)
        s3.put_object(Bucket=BUCKET, Key=f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/{day}/{stem}", Body=body)
