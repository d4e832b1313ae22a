"""The commands for one's own account, as README and `docs/own-account.md` show them, against moto's server.

moto makes roles today, so the logs are of the next hundred days: then the roles are old enough for safe replacements.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lpgen.cli.demo import closing_text
from tests.support.aws_servers import Server, moto_server
from tests.support.demo import commands_of_demo
from tests.support.documents import ACCOUNT_PAGE, README
from tests.support.forked_lpgen import run_forked
from tests.support.log_samples import log_bytes
from tests.support.rollout_worlds import ACCOUNT, World, allow, document
from tests.test_rollout_loop import record

pytestmark = pytest.mark.slow


BUCKET = "trail-of-readme"


@pytest.fixture
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


def commands_of(text: str) -> list[list[str]]:
    """The commands of a text, those of lpgen and of the AWS CLI, with the reader's own names filled in."""
    names = {"YOUR-TRAIL-BUCKET": BUCKET, "YOUR-ROLE": "auditor", "A-ROLE": "app"}
    lines = re.findall(r"^\$ (.*)$", text, re.M)
    for old, new in names.items():
        lines = [line.replace(old, new) for line in lines]
    return [shlex.split(line) for line in lines]


def put_role_policy(world: World, command: list[str]) -> None:
    """What `aws iam put-role-policy` does."""
    assert command[:3] == ["aws", "iam", "put-role-policy"]
    options = dict(zip(command[3::2], command[4::2], strict=True))
    text = (world.home / options["--policy-document"].removeprefix("file://")).read_text(encoding="utf-8")
    world.client.put_role_policy(
        RoleName=options["--role-name"], PolicyName=options["--policy-name"], PolicyDocument=text
    )


def run(world: World, command: list[str]) -> tuple[int, str]:
    """Runs a command as a person at a terminal, who says yes; what IAM would need to spread isn't waited for."""
    hurry = ["--settle", "0"] if command[:2] in (["rollout", "apply"], ["rollout", "undo"]) else []
    done = run_forked(*command, *hurry, stdin="y\n", cwd=world.home, env=world.server.environment)
    return done.returncode, done.stdout + done.stderr


def test_page_leads_from_nothing_to_an_applied_and_undone_plan(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    arn = world.make_role("app", inline={"own": document(allow("ec2:*"), indent=3)})
    world.make_role("auditor")
    before = world.read(arn)
    put_logs(server, [arn], before.principal.principal_id)
    after = None
    commands = commands_of(ACCOUNT_PAGE.read_text(encoding="utf-8"))
    assert [one[0] for one in commands].count("lpgen") >= 12
    for command in commands:
        if command[0] == "lpgen":
            status, said = run(world, command[1:])
            assert status == 0, (command, said)
            if command[1:3] == ["rollout", "apply"]:
                after = world.read(arn)
                assert "role/app: applied" in said
                assert "- Allow ec2:* on *" in said
        elif command[0] == "aws":
            put_role_policy(world, command)
    assert "role/app" in (tmp_path / "review.html").read_text(encoding="utf-8")
    assert after is not None
    ((_, text),) = after.documents
    assert "ec2:DescribeInstances" in text
    assert world.read(arn) == before
    for command in commands_of_demo_alone(commands):
        status, said = run(world, command[1:])
        assert status == 0, (command, said)
    (planned,) = [one for one in json.loads((tmp_path / "plan.json").read_text())["principals"] if one["calls"]]
    assert planned["safe"]


def commands_of_demo_alone(page: list[list[str]]) -> list[list[str]]:
    """What the demo says to do for one's own account, less what the page says too."""
    paths = {name: Path("of-the-demo") for name in ("output", "data", "replacements", "sample")}
    commands = [one for one in commands_of_demo(closing_text(paths, "lpgen", 80), "lpgen") if "lpgen-data" in one]
    assert len(commands) == 7
    rest = [one for one in commands_of("\n".join(f"$ {one}" for one in commands)) if one not in page]
    assert [one[1] for one in rest] == ["baseline", "drift"]
    return rest


def test_readme_shows_commands_of_the_page_in_its_order() -> None:
    (section,) = re.findall(r"^## Use it on your account\n(.*?)^## ", README.read_text(encoding="utf-8"), re.M | re.S)
    shown = commands_of(section)
    assert [one[1] for one in shown] == ["snapshot", "ingest", "review"]
    page = commands_of(ACCOUNT_PAGE.read_text(encoding="utf-8"))
    places = [page.index(one) for one in shown]
    assert places == sorted(places)


def put_logs(server: Server, arns: list[str], principal_id: str) -> None:
    """A trail of the coming 125 days in a bucket: reads by these roles, writes by another."""
    import boto3

    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}
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
