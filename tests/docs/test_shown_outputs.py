"""The documents show what lpgen prints and reads: help and worked examples are generated or run, and compared here.

`LPGEN_UPDATE_GOLDEN=1 python -m pytest tests/docs/test_shown_outputs.py` writes them anew.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from copy import copy
from functools import cache
from operator import itemgetter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lpgen.cli.help import SECTIONS
from lpgen.cli.main import app
from lpgen.core.trust.findings import TrustFindingKind
from lpgen.core.trust.refusals import TrustRefusalKind
from lpgen.edge.readers.guard_files import read_guards
from tests.cli.test_help import COMMANDS, TOP, help_of
from tests.support.documents import (
    COMMANDS_PAGE,
    GITHUB_PAGE,
    GRAPH_PAGE,
    POLICIES_PAGE,
    README,
    ROLES_PAGE,
    ROOT,
    TRUST_PAGE,
    WALLS_PAGE,
    check_block,
    read_block,
)
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT as SAMPLE


def commands_in_order() -> dict[str, list[tuple[str, ...]]]:
    """The commands, and the subcommands of groups, by section of `lpgen --help`."""
    return {title: [path for name in names for path in COMMANDS if path[0] == name] for title, names in SECTIONS}


SHARED_BY = 3
"""An option that so many commands have in the same words is shown once, unless two are called the same."""


def options_of(path: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """The options of a command: the longest name of each, by what help shows of it."""
    context = context_of(path)
    return {
        parameter.get_help_record(context): max(parameter.opts, key=len)
        for parameter in COMMANDS[path].get_params(context)
        if parameter.param_type_name == "option"
    }


def context_of(path: tuple[str, ...]) -> typer.Context:
    """How a command's help is laid out: as on a terminal of 80 columns."""
    top = typer.Context(TOP, info_name="lpgen", terminal_width=80, max_content_width=80, **TOP.context_settings)
    return typer.Context(COMMANDS[path], info_name=" ".join(path), parent=top)


@cache
def shared_options() -> dict[tuple[str, str], str]:
    """The options that many commands have, by name."""
    counts = Counter(record for path in COMMANDS for record in options_of(path))
    every = {record: name for path in COMMANDS for record, name in options_of(path).items()}
    shared = [(record, name) for record, name in every.items() if counts[record] >= SHARED_BY]
    names = Counter(name for _, name in shared)
    return dict(sorted(((record, name) for record, name in shared if names[name] == 1), key=itemgetter(1)))


def own_help(path: tuple[str, ...]) -> str:
    """The help of a command without its shared options."""
    command = copy(COMMANDS[path])
    context = context_of(path)
    command.params = [
        parameter for parameter in command.params if parameter.get_help_record(context) not in shared_options()
    ]
    command.add_help_option = False
    return str(command.get_help(context)).strip()


def shared_help() -> str:
    """The shared options as help lays them out."""
    formatter = context_of(("demo",)).make_formatter()
    formatter.write_dl(list(shared_options()))
    return str(formatter.getvalue()).rstrip()


def all_help() -> str:
    """A line per command, the options that many share, and below them the help of each command."""
    sections = commands_in_order()
    lines = []
    for title, paths in sections.items():
        lines.append(f"- {title}")
        for path in paths:
            words, purpose = " ".join(path), COMMANDS[path].get_short_help_str(limit=200)
            lines.append(f"  - [`lpgen {words}`](#lpgen-{words.replace(' ', '-')}): {purpose}")
    lines += ["", "## Shared options", "", "Not every command has all of them.", "", "```text", shared_help(), "```"]
    for path in (path for paths in sections.values() for path in paths):
        lines += ["", f"## lpgen {' '.join(path)}", "", "```text", own_help(path), "```"]
        shared = sorted(name for record, name in options_of(path).items() if record in shared_options())
        if shared:
            lines += ["", f"[Shared options](#shared-options): {', '.join(f'`{name}`' for name in shared)}"]
    return "\n".join(lines)


def test_commands_page_shows_the_help_of_every_command() -> None:
    check_block(COMMANDS_PAGE, "commands", all_help())
    shown = re.findall(r"^Usage: lpgen ((?:[a-z-]+ ?)+)", COMMANDS_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(map(str.strip, shown)) == sorted(map(" ".join, COMMANDS))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_commands_page_lacks_no_line_of_a_commands_help(path: tuple[str, ...]) -> None:
    """What `--help` prints stands in the command's section, or among the shared options that the section names."""
    page = read_block(COMMANDS_PAGE, "commands")
    section = page.split(f"\n## lpgen {' '.join(path)}\n", 1)[1].split("\n## ", 1)[0]
    shared = page.split("\n## Shared options\n", 1)[1].split("\n## ", 1)[0]
    own, _, names = section.partition("[Shared options]")
    for (form, text), name in options_of(path).items():
        place = shared if f"`{name}`" in names else own
        assert re.search(rf"^ *{re.escape(form)}(?: |$)", place, re.MULTILINE)
        assert "".join(text.split()) in "".join(place.split())
    above = help_of(*path).partition("\nOptions:\n")[0].split()
    assert section.split()[1 : len(above) + 1] == above


_EXAMPLE = re.compile(r"```console\n\$ cat requests.jsonl\n(.*?)\$ lpgen authorize requests.jsonl\n", re.DOTALL)


def test_policies_page_shows_the_answers_that_authorize_prints(tmp_path: Path) -> None:
    example = _EXAMPLE.match(read_block(POLICIES_PAGE, "authorize"))
    assert example
    requests = tmp_path / "requests.jsonl"
    requests.write_text(example[1], encoding="utf-8")
    result = CliRunner().invoke(app, ["authorize", str(requests)])
    assert result.exit_code == 0
    check_block(POLICIES_PAGE, "authorize", f"{example[0]}{result.stdout}```")


_FILE = re.compile(r"<!-- file: (\S+) -->\n```json\n(.*?)```", re.DOTALL)


def test_policies_page_shows_guard_files_that_are_read(tmp_path: Path) -> None:
    files = dict(_FILE.findall(POLICIES_PAGE.read_text(encoding="utf-8")))
    policy = files["boundary.json"]
    for name, text in {**files, "resources/archive.json": policy, "resources/key.json": policy}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_guards(tmp_path / "boundary.json", tmp_path / "scps.json", tmp_path / "resources")
    assert found.boundary is not None
    assert [len(level) for level in found.scps[0].levels] == [1, 1]
    assert {policy.resource for policy in found.resource_policies} >= {"arn:aws:s3:::data", "arn:aws:s3:::archive"}
    by_account = read_guards(None, tmp_path / "scps-by-account.json", None).scps
    assert {levels.account: len(levels.levels) for levels in by_account} == {"": 1, "999999999999": 0}


DEPLOYER = ("--principal", "role/platform/platform-deployer")


def check_trust(page: Path, name: str, data: Path, *options: object) -> None:
    """Compares a block with `lpgen trust` on the sample organization and what it prints."""
    check_command("trust", page, name, data, *options)


def check_command(command: str, page: Path, name: str, data: Path, *options: object) -> None:
    """Compares a block with a command on the sample organization and what it prints."""
    shown = " ".join(
        [f"lpgen {command} --data lpgen-data --policies sample_logs/authorization-details", *map(_named, options)]
    )
    done = run_forked(command, "--data", data, "--policies", SAMPLE / "authorization-details", *options)
    done.check_returncode()
    check_block(page, name, f"```console\n$ {shown}\n{done.stdout}```")


def _named(option: object) -> str:
    if not isinstance(option, Path):
        return str(option)
    return f"{SAMPLE.name}/{option.name}" if option.parent == SAMPLE else option.name


def test_trust_page_shows_what_trust_prints(sample_data: Path) -> None:
    check_trust(TRUST_PAGE, "all-roles", sample_data)
    check_trust(TRUST_PAGE, "one-role", sample_data, *DEPLOYER)


def test_graph_page_shows_what_graph_prints(sample_data: Path, tmp_path: Path) -> None:
    compute = ("--compute", SAMPLE / "compute.json")
    check_command("graph", GRAPH_PAGE, "admin", sample_data, *compute)
    ground = ("--data", sample_data, "--policies", SAMPLE / "authorization-details")
    run_forked("generate", *ground, "--output", tmp_path / "least").check_returncode()
    question = ("--from", "role/app/orders-worker", "--to", "admin", "--compare", tmp_path / "least")
    check_command("graph", GRAPH_PAGE, "cut", sample_data, *compute, *question)


CURVE = "lpgen roles --data lpgen-data --policies sample_logs/authorization-details --format svg -o role-curve.svg"


def test_roles_page_shows_what_roles_prints_and_draws(sample_data: Path, tmp_path: Path) -> None:
    check_command("roles", ROLES_PAGE, "sample", sample_data)
    drawing = (*("--data", sample_data, "--policies", SAMPLE / "authorization-details"), "--format", "svg")
    run_forked("roles", *drawing, "-o", tmp_path / "role-curve.svg").check_returncode()
    check_block(ROLES_PAGE, "curve", f"```console\n$ {CURVE}\n```")
    check_picture("role-curve.svg", tmp_path / "role-curve.svg")


def check_picture(name: str, drawn: Path) -> None:
    """Compares a picture of the documents with a drawn one."""
    image = ROOT / "docs" / "images" / name
    if os.environ.get("LPGEN_UPDATE_GOLDEN") == "1":
        image.write_bytes(drawn.read_bytes())
    assert image.read_bytes() == drawn.read_bytes()


PICTURE = (
    *("explain", "analytics-etl", "s3:GetObject", "arn:aws:s3:::larkspur-analytics-lake/orders.parquet"),
    *("--policies", "sample_logs/authorization-details", "--scps", "examples/second-wall/scps.json"),
    *("--resource-policies", "examples/second-wall/resource-policies"),
    *("--context", "aws:SourceVpce=", "--context", "aws:ViaAWSService="),
)


def test_page_about_the_second_wall_shows_the_picture_that_its_command_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    run_forked(*PICTURE, "--output", tmp_path / "walls.svg").check_returncode()
    lines = re.sub(r" (?=--(?!context aws:Via))", " \\\n    ", " ".join(("lpgen", *PICTURE, "--output", "walls.svg")))
    check_block(WALLS_PAGE, "picture", f"```console\n$ {lines}\n```")
    check_picture("second-wall.svg", tmp_path / "walls.svg")


def test_trust_page_explains_every_kind() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TRUST_PAGE.read_text(encoding="utf-8"), re.M)
    explained = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert {kind.value for kind in (*TrustFindingKind, *TrustRefusalKind)} <= explained


def test_github_page_shows_a_policy_with_both_formats(sample_data: Path, tmp_path: Path) -> None:
    ids = tmp_path / "github-ids.json"
    ids.write_text(dict(_FILE.findall(GITHUB_PAGE.read_text(encoding="utf-8")))[ids.name], encoding="utf-8")
    check_trust(GITHUB_PAGE, "github", sample_data, *DEPLOYER, "--github-ids", ids)
    options = (*DEPLOYER, "--github-ids", ids, "--format", "json")
    done = run_forked("trust", "--data", sample_data, "--policies", SAMPLE / "authorization-details", *options)
    (role,) = json.loads(done.stdout)["roles"]
    check_block(GITHUB_PAGE, "github-policy", f"```json\n{json.dumps(role['proposal'], indent=2)}\n```")


def test_readme_stays_short_enough_to_read() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150, "move what isn't for newcomers to docs/"
