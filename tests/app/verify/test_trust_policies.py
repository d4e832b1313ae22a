"""Narrowed trust policies in an output folder: written on demand, proven again, and planned only as generated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lpgen.app.output import generate, inputs_of_output
from lpgen.app.review import open_review
from lpgen.app.rollout_plan import Basis, plan_rollout
from lpgen.core.digests import digest_of_text
from lpgen.core.model import PrincipalKind
from lpgen.core.options import Options
from lpgen.core.replacements import CheckStatus, Decision, DecisionKind
from lpgen.core.rollout.calls import CallKind
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.refusals import Exceptions, RefusalKind
from lpgen.core.rollout.source import Trust
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.replacement_files import read_replacement
from lpgen.errors import InvocationError
from lpgen.report.messages.generate import render_generated
from tests.support.outputs import OutputWorld, make_output, read_json, seal_again, write_json

NAMES = ("functions-publisher", "platform-deployer", "storefront-api")
NARROWED = NAMES[:2]
CHOSEN = Options(trust=True, min_days=0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> OutputWorld:
    made = make_output(tmp_path_factory.mktemp("trust") / "world", NAMES)
    shutil.rmtree(made.output)
    generated(made, made.output)
    return made


def generated(world: OutputWorld, output: Path, code: str = "") -> None:
    """Writes an output folder with narrowed trust policies."""
    inputs = world.inputs(CHOSEN)
    review = open_review(inputs)
    generate(review, output, inputs_of_output(review.report.generation, inputs, code), data=world.data, code=code)


def edited(world: OutputWorld, tmp_path: Path, edit: Callable[[dict[str, Any]], object]) -> OutputWorld:
    """A copy with an edited trust policy, of which all digests fit."""
    copy = OutputWorld(tmp_path / "copy")
    shutil.copytree(world.home, copy.home)
    path = copy.folder(NARROWED[1]) / "trust-policy.json"
    policy = read_json(path)
    edit(policy)
    write_json(path, policy)
    evidence = read_json(path.with_name("evidence.json"))
    evidence["trust"]["sha256"] = digest_of_text(path.read_bytes())
    write_json(path.with_name("evidence.json"), evidence)
    seal_again(copy.output)
    return copy


def failed(world: OutputWorld) -> dict[str, tuple[str, ...]]:
    """The findings of failed checks on replacements, by check."""
    found = world.verify(world.output)
    checks = [check for verification in found.principals for check in verification.checks]
    return {check.name: check.findings for check in checks if check.status is not CheckStatus.PASSED}


def plans(world: OutputWorld, options: Options = CHOSEN) -> dict[str, PrincipalPlan]:
    basis = Basis(Trust.DATA, None, world.data, options)
    plan = plan_rollout(world.output, [world.policies], Exceptions(unsafe=True), world.catalog, basis=basis)
    return {principal.name: principal for principal in plan.principals}


def test_trust_policies_are_written_with_the_records_that_need_each_line(world: OutputWorld) -> None:
    written = {path.parent.name.removeprefix("111122223333-role-") for path in world.output.glob("*/trust-policy.json")}
    assert written == set(NARROWED)
    roles = {principal.name: principal for principal in read_snapshot([world.policies]).principals}
    for name in NARROWED:
        path = world.folder(name) / "trust-policy.json"
        trust = read_json(path.with_name("evidence.json"))["trust"]
        assert (trust["file"], trust["sha256"]) == (path.name, digest_of_text(path.read_bytes()))
        assert [line["principal"] for line in trust["lines"] if line["records"] and line["example_event_id"]]
        assert roles[name].kind is PrincipalKind.ROLE
        assert roles[name].trust is not None
        assert json.loads(path.read_text()) != json.loads(world.policies.read_text())
    summary = read_json(world.output / "summary.json")
    assert f"111122223333-role-{NARROWED[0]}/trust-policy.json" in summary["files"]
    assert summary["inputs"]["options"]["trust"] is True


@pytest.mark.parametrize(("expires", "narrowed"), [("2026-01-31", True), ("2999-01-31", False)])
def test_only_current_decisions_keep_a_trusted_principal(world: OutputWorld, expires: str, *, narrowed: bool) -> None:
    decision = Decision(DecisionKind.KEEP, "arn:*:oidc-provider/*", "sts:*", expires=expires)
    review = open_review(world.inputs(replace(CHOSEN, decisions=(decision,))))
    assert bool(review.narrowed_trust) == narrowed


def test_outputs_without_trust_policies_do_not_mention_them(world: OutputWorld, tmp_path: Path) -> None:
    world.generate(tmp_path / "out", Options(min_days=0))
    assert not list(tmp_path.rglob("trust-policy.json"))
    assert "trust" not in read_json(tmp_path / "out" / "summary.json")["inputs"]["options"]
    for path in tmp_path.rglob("evidence.json"):
        assert "trust" not in read_json(path)


def test_verify_proves_trust_policies_and_generates_them_again(world: OutputWorld) -> None:
    found = world.verify(world.output)
    assert [check.status for check in found.checks] == [CheckStatus.PASSED] * 2
    checked = {
        verification.principal.rpartition("/")[2]
        for verification in found.principals
        if "the trust policy allows nothing new" in [check.name for check in verification.checks]
    }
    assert checked == set(NARROWED)
    assert failed(world) == {}
    assert "trust True" in found.choices


def open_to_all(policy: dict[str, Any]) -> None:
    policy["Statement"][0].pop("Condition", None)
    policy["Statement"][0]["Principal"] = "*"


def closed_to_callers(policy: dict[str, Any]) -> None:
    conditions = policy["Statement"][0]["Condition"]
    conditions.pop("StringLike", None)
    conditions["StringEquals"]["token.actions.githubusercontent.com:sub"] = "repo:larkspur-outdoor/other:environment:x"


@pytest.mark.parametrize("edit", [pytest.param(open_to_all, marks=pytest.mark.slow), closed_to_callers])
def test_verify_and_plan_find_an_edited_trust_policy_whose_digests_fit(
    world: OutputWorld, tmp_path: Path, edit: Callable[[dict[str, Any]], object]
) -> None:
    copy = edited(world, tmp_path, edit)
    assert [check.status for check in copy.verify(copy.output).checks] == [CheckStatus.PASSED, CheckStatus.FAILED]
    why = "isn't part of a statement" if edit is open_to_all else "it would refuse the recorded assumption"
    assert why in failed(copy)["the trust policy allows nothing new"][0]
    plan = plans(copy)[NARROWED[1]]
    assert RefusalKind.NOT_REPRODUCED in {refusal.kind for refusal in plan.refusals}
    assert any("another trust policy" in refusal.why for refusal in plan.refusals)


def test_a_trust_policy_that_no_evidence_lists_is_refused(world: OutputWorld, tmp_path: Path) -> None:
    copy = OutputWorld(tmp_path / "copy")
    shutil.copytree(world.home, copy.home)
    shutil.copy(copy.folder(NARROWED[0]) / "trust-policy.json", copy.folder("storefront-api"))
    seal_again(copy.output)
    assert "trust-policy.json` is not listed in evidence.json" in str(failed(copy))


def test_plan_narrows_the_trust_policies_that_the_data_folder_gives(world: OutputWorld) -> None:
    found = plans(world)
    for name in NARROWED:
        last = found[name].calls[-1]
        assert last.kind is CallKind.NARROW_TRUST
        assert last.document == (world.folder(name) / "trust-policy.json").read_text()
    assert {call.kind for call in found["storefront-api"].calls}.isdisjoint({CallKind.NARROW_TRUST})
    with pytest.raises(InvocationError, match="trust True"):
        plans(world, Options(min_days=0))


def test_plan_refuses_to_narrow_what_the_output_was_not_generated_for(world: OutputWorld, tmp_path: Path) -> None:
    copy = OutputWorld(tmp_path / "copy")
    shutil.copytree(world.home, copy.home)
    copy.generate(copy.output, Options(min_days=0))
    with pytest.raises(InvocationError, match="trust False"):
        plans(copy)


@pytest.mark.parametrize("code", ["terraform", "cloudformation"])
def test_code_has_the_narrowed_trust_policy(world: OutputWorld, tmp_path: Path, code: str) -> None:
    generated(world, tmp_path / "out", code)
    texts = {
        path.stem: path.read_text() for path in (tmp_path / "out" / code).rglob("*") if path.suffix in (".tf", ".yaml")
    }
    for name in NARROWED:
        word = "assume_role_policy = local." if code == "terraform" else "AssumeRolePolicyDocument"
        assert word in texts[name]
        assert "sts:AssumeRole" in texts[name]
    assert "sts:AssumeRole" not in texts["storefront-api"]
    if code == "terraform":
        label = texts[NARROWED[1]].partition("assume_role_policy = local.")[2].partition("`")[0]
        heredoc = texts[NARROWED[1]].partition(f"  {label} = <<")[2]
        assert '"sts:AssumeRole' in heredoc


# ---------------------------------------------------------------- roles without a replacement


@pytest.fixture(scope="module")
def bare(world: OutputWorld, tmp_path_factory: pytest.TempPathFactory) -> OutputWorld:
    """The world with a role that has a trust policy to narrow, and no policy to replace."""
    made = OutputWorld(tmp_path_factory.mktemp("bare") / "world")
    shutil.copytree(world.home, made.home)
    page = read_json(made.policies)
    for role in page["RoleDetailList"]:
        if role["RoleName"] == NARROWED[0]:
            role["RolePolicyList"], role["AttachedManagedPolicies"] = [], []
    write_json(made.policies, page)
    shutil.rmtree(made.output)
    generated(made, made.output)
    return made


def test_role_without_a_replacement_has_a_folder_with_its_trust_policy(bare: OutputWorld) -> None:
    folder = bare.folder(NARROWED[0])
    assert {path.name for path in folder.iterdir()} == {"evidence.json", "trust-policy.json"}
    assert read_replacement(folder).is_trust_only
    assert not read_replacement(bare.folder(NARROWED[1])).is_trust_only
    evidence = read_json(folder / "evidence.json")
    assert (evidence["safe"], evidence["policies"], evidence["lines"]) == (None, [], [])
    assert evidence["trust"]["sha256"] == digest_of_text((folder / "trust-policy.json").read_bytes())
    (stated,) = (one for one in read_json(bare.output / "summary.json")["principals"] if one["folder"] == folder.name)
    assert stated["safe"] is None
    review = open_review(bare.inputs(CHOSEN))
    written = generate(review, bare.home / "again", inputs_of_output(review.report.generation, bare.inputs(CHOSEN)))
    assert written.trust_only == 1
    assert "only a narrowed trust policy for 1 role without a replacement" in render_generated(written, "out")


@pytest.mark.slow
def test_verify_proves_the_trust_policy_of_a_role_without_a_replacement(bare: OutputWorld, tmp_path: Path) -> None:
    found = bare.verify(bare.output)
    assert failed(bare) == {}
    assert [check.status for check in found.checks] == [CheckStatus.PASSED] * 2
    checks = {one.principal.rpartition("/")[2]: [check.name for check in one.checks] for one in found.principals}
    assert checks[NARROWED[0]] == ["the trust policy allows nothing new"]
    copy = OutputWorld(tmp_path / "copy")
    shutil.copytree(bare.home, copy.home)
    path = copy.folder(NARROWED[0]) / "trust-policy.json"
    policy = read_json(path)
    policy["Statement"][0].pop("Condition")
    write_json(path, policy)
    evidence = read_json(path.with_name("evidence.json"))
    evidence["trust"]["sha256"] = digest_of_text(path.read_bytes())
    write_json(path.with_name("evidence.json"), evidence)
    seal_again(copy.output)
    assert "isn't part of a statement" in failed(copy)["the trust policy allows nothing new"][0]
    assert {refusal.kind for refusal in plans(copy)[NARROWED[0]].refusals} >= {RefusalKind.NOT_REPRODUCED}


def test_plan_with_data_narrows_only_the_trust_policy_without_a_replacement(bare: OutputWorld) -> None:
    basis = Basis(Trust.DATA, None, bare.data, CHOSEN)
    plan = plan_rollout(bare.output, [bare.policies], Exceptions(), bare.catalog, basis=basis)
    (own,) = (principal for principal in plan.principals if principal.name == NARROWED[0])
    assert [call.kind for call in own.calls] == [CallKind.NARROW_TRUST]
    assert own.is_trust_only
    assert not plan.is_doubtful
