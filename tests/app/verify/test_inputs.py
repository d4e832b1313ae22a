"""`lpgen verify` where inputs have changed since, signatures, and what an output folder may take the place of."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lpgen.cli.main import app
from lpgen.core.options import Options
from lpgen.core.replacements import CheckStatus, Decision, DecisionKind
from lpgen.edge.data_folder.ledger import read_generation
from lpgen.edge.data_folder.pins import pinned_generations
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.errors import InvocationError, OutputError
from tests.edge.test_signatures import write_keys
from tests.support.ingests import ingest
from tests.support.outputs import LOGS, OutputWorld, make_output, read_json, write_json

KEEP = Decision(DecisionKind.KEEP, "*", "s3:GetObject", "", "", "", "", "wanted", "me", "")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> OutputWorld:
    return make_output(
        tmp_path_factory.mktemp("inputs") / "world", ["storefront-api"], LOGS / "us-east-1" / "2026" / "09"
    )


@pytest.fixture
def world(original: OutputWorld, tmp_path: Path) -> OutputWorld:
    """A world of the test's own, without pins. A test that needs them writes its output again."""
    shutil.copytree(original.home, tmp_path / "world", ignore=shutil.ignore_patterns("pins"))
    return OutputWorld(tmp_path / "world")


def lpgen(*arguments: object) -> Result:
    """Runs lpgen in this process."""
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_verify_names_the_inputs_that_changed_and_says_so_by_its_exit_code(world: OutputWorld) -> None:
    page = read_json(world.policies)
    write_json(world.policies, {**page, "RoleDetailList": [*page["RoleDetailList"]]})
    done = lpgen("verify", world.output, "--data", world.data, "--policies", world.policies)
    assert done.exit_code == 0, done.output
    world.policies.write_text(json.dumps(page, indent=1), encoding="utf-8")
    arguments = ("verify", world.output, "--data", world.data, "--policies", world.policies, "--as-of", "2026-09-29")
    done = lpgen(*arguments)
    assert done.exit_code == 4, done.stdout
    assert "inputs changed: policies, options" in done.stdout
    shown = json.loads(lpgen(*arguments, "--format", "json").stdout)
    assert shown["changed_inputs"] == ["policies", "options"]
    assert shown["status"] == "passed"
    (world.output / "summary.json").unlink()
    assert lpgen("verify", world.output, "--data", world.data, "--policies", world.policies).exit_code == 1
    shutil.rmtree(world.output)
    assert isinstance(lpgen(*arguments).exception, OutputError)


def test_verify_compares_every_input(original: OutputWorld) -> None:
    assert original.verify(original.output, Options(decisions=(KEEP,))).changed_inputs == ("decisions",)
    assert original.verify(original.output, Options(as_of=date(2026, 9, 29))).changed_inputs == ("options",)
    assert original.verify(original.output, Options(as_of=date(2026, 9, 30))).changed_inputs == ()  # the last record's
    assert original.verify(original.output, Options(min_days=1, inline=True)).changed_inputs == ()
    summary = read_json(original.output / "summary.json")
    assert summary["inputs"]["usage"] == read_generation(original.data)
    assert summary["inputs"]["catalog"]["digest"]


def test_verify_generates_again_with_the_choices_of_then(world: OutputWorld) -> None:
    chosen = Options(min_days=3, as_of=date(2026, 9, 30), inline=True, attached_quota=5, decisions=(KEEP,))
    world.generate(world.output, chosen)
    result = world.verify(world.output, Options(decisions=(KEEP,)))
    assert (result.status, result.changed_inputs) == (CheckStatus.PASSED, ())
    assert result.choices == ("min days 3", "as of 2026-09-30", "inline True", "attached quota 5")


def test_verify_takes_policies_from_another_place(world: OutputWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.home)
    moved = OutputWorld(Path())
    result = moved.verify(Path("out"))
    assert (result.status, result.changed_inputs) == (CheckStatus.PASSED, ())


# ---------------------------------------------------------------- usage of then


def add_logs(world: OutputWorld) -> None:
    ingest([LOGS / "eu-west-1" / "2026" / "09"], world.catalog, data=world.data, engine=LocalEngine(1))


def test_verify_reads_the_usage_of_then_until_the_output_is_replaced(world: OutputWorld) -> None:
    world.generate(world.output)
    before = read_generation(world.data)
    add_logs(world)
    assert read_generation(world.data) != before
    result = world.verify(world.output)
    assert (result.status, result.changed_inputs) == (CheckStatus.PASSED, ())
    world.generate(world.output)
    assert pinned_generations(world.data) >= {read_generation(world.data)}
    assert before not in pinned_generations(world.data)


def test_verify_without_the_usage_of_then_says_that_usage_changed(world: OutputWorld) -> None:
    world.generate(world.output)
    before = read_generation(world.data)
    add_logs(world)
    shutil.rmtree(world.data / "usage" / before)
    result = world.verify(world.output)
    assert (result.status, result.changed_inputs) == (CheckStatus.PASSED, ("usage",))


# ---------------------------------------------------------------- signatures


def test_generate_signs_and_verify_requires_the_signature(world: OutputWorld) -> None:
    private, public = write_keys(world.home)
    _, other = write_keys(world.home, "other")
    inputs = ("--data", world.data, "--policies", world.policies)
    done = lpgen("generate", *inputs, "--output", world.output, "--sign", private)
    assert done.exit_code == 0, done.output
    assert lpgen("verify", world.output, *inputs, "--require-signature", public).exit_code == 0
    done = lpgen("verify", world.output, *inputs, "--require-signature", other)
    assert done.exit_code == 1
    assert "isn't valid for this folder and key" in " ".join(done.stdout.split())
    (world.output / "summary.sig").unlink()
    assert lpgen("verify", world.output, *inputs, "--require-signature", public).exit_code == 1
    done = lpgen("generate", *inputs, "--output", world.output, "--sign", public)
    assert isinstance(done.exception, InvocationError)
    assert "holds no private Ed25519 key" in done.exception.message


# ---------------------------------------------------------------- other principals


def test_generate_refuses_to_replace_other_principals(world: OutputWorld) -> None:
    chosen = Options(principal="store*")
    with pytest.raises(InvocationError, match="holds replacements of all principals"):
        world.generate(world.output, chosen)
    assert world.verify(world.output).status is CheckStatus.PASSED
    world.generate(world.output, chosen, replace_other=True)
    with pytest.raises(InvocationError, match="principals that match `store"):
        world.generate(world.output)
    world.generate(world.output, replace(chosen, min_days=1))


@pytest.mark.parametrize("number", [0, 2])
def test_output_of_another_schema_is_refused_until_it_is_replaced(world: OutputWorld, number: int) -> None:
    write_json(world.output / "summary.json", {"schema": f"lpgen.summary/{number}", "whatever": 1})
    for use in (world.verify, world.generate):
        with pytest.raises(OutputError, match=f"summary.json` has the schema `lpgen.summary/{number}`, and") as found:
            use(world.output)
        assert found.value.hint == "run `lpgen generate` again, with --replace"
    world.generate(world.output, replace_other=True)
    assert world.verify(world.output).status is CheckStatus.PASSED


def test_generate_refuses_to_replace_other_accounts(world: OutputWorld) -> None:
    summary = read_json(world.output / "summary.json")
    summary["principals"][0]["principal"] = "arn:aws:iam::999988887777:role/other"
    write_json(world.output / "summary.json", summary)
    with pytest.raises(InvocationError, match="accounts 999988887777"):
        world.generate(world.output)
    world.generate(world.output, replace_other=True)
