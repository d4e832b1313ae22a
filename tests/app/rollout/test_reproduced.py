"""With a data folder, `rollout plan` believes no output folder that the data folder doesn't give again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import analyse
from lpgen.app.rollout_plan import Basis, plan_rollout
from lpgen.core.findings import Report
from lpgen.core.options import Options
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.refusals import Exceptions, RefusalKind
from lpgen.core.rollout.source import RolloutPlan, Trust
from lpgen.errors import InvocationError
from tests.support.outputs import OutputWorld, make_output, read_json, seal_again, write_json

ROLE, OTHER, UNSAFE = (f"111122223333-role-{one}" for one in ("storefront-api", "release-manager", "search-indexer"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> OutputWorld:
    return make_output(tmp_path_factory.mktemp("reproduced") / "world")


@pytest.fixture(autouse=True)
def analysed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The data folder doesn't change in between: one analysis stands for those of all plans."""
    known: dict[Options, Report] = {}

    def opened(inputs: AnalysisInputs) -> SimpleNamespace:
        if inputs.options not in known:
            known[inputs.options] = analyse(inputs)
        return SimpleNamespace(whole_report=lambda: known[inputs.options], narrowed_trust={})

    monkeypatch.setattr("lpgen.app.rollout_plan.open_review", opened)


def planned(world: OutputWorld, output: Path, options: Options = Options()) -> RolloutPlan:  # noqa: B008
    basis = Basis(Trust.DATA, None, world.data, options)
    return plan_rollout(output, [world.policies], Exceptions(), world.catalog, basis=basis)


def of(plan: RolloutPlan, folder: str) -> PrincipalPlan:
    return next(principal for principal in plan.principals if Path(principal.folder).name == folder)


def kinds(plan: PrincipalPlan) -> set[RefusalKind]:
    return {refusal.kind for refusal in plan.refusals}


def edit(path: Path, change: Callable[[Any], object]) -> None:
    facts = read_json(path)
    change(facts)
    write_json(path, facts)


def all_evidence(output: Path, folder: str, **changes: object) -> None:
    """Edits the evidence and what the summary says of the same."""
    edit(output / folder / "evidence.json", lambda one: one.update(changes))

    def in_summary(summary: Any) -> None:
        for one in summary["principals"]:
            if one["folder"] == folder:
                one.update({key: value for key, value in changes.items() if key in one})

    edit(output / "summary.json", in_summary)


def first_statement(output: Path, change: Callable[[Any], object]) -> None:
    edit(output / ROLE / "policy-1.json", lambda one: change(one["Statement"]))


def drop_action(statements: list[Any]) -> None:
    next(statement for statement in statements if isinstance(statement["Action"], list))["Action"].pop()


def swap(output: Path) -> None:
    first, second = output / ROLE / "policy-1.json", output / OTHER / "policy-1.json"
    texts = first.read_text(), second.read_text()
    first.write_text(texts[1])
    second.write_text(texts[0])


ATTACKS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "safe edited": (UNSAFE, lambda output: all_evidence(output, UNSAFE, safe=True, not_safe_because=[])),
    "reasons edited": (ROLE, lambda output: all_evidence(output, ROLE, not_safe_because=[{"message": "no"}])),
    "sid edited": (ROLE, lambda output: first_statement(output, lambda some: some[0].update(Sid="Other"))),
    "statement dropped": (ROLE, lambda output: first_statement(output, lambda some: some.pop())),
    "statement twice": (ROLE, lambda output: first_statement(output, lambda some: some.append(dict(some[0], Sid="X")))),
    "action dropped": (ROLE, lambda output: first_statement(output, drop_action)),
    "resource widened": (ROLE, lambda output: first_statement(output, lambda some: some[0].update(Resource="*"))),
    "documents swapped": (ROLE, swap),
    "lines removed": (ROLE, lambda output: all_evidence(output, ROLE, lines=[])),
    "type edited": (ROLE, lambda output: edit_types(output)),
    "other policies": (ROLE, lambda output: all_evidence(output, ROLE, replaces={"policies_sha256": "0" * 64})),
    "white space": (ROLE, lambda output: edit(output / ROLE / "policy-1.json", len)),
}


def edit_types(output: Path) -> None:
    edit(output / ROLE / "evidence.json", lambda one: [policy.update(type="inline") for policy in one["policies"]])


def test_plan_with_data_plans_what_was_generated(world: OutputWorld) -> None:
    plan = planned(world, world.output)
    assert kinds(of(plan, ROLE)) == kinds(of(plan, OTHER)) == set()
    assert kinds(of(plan, UNSAFE)) == {RefusalKind.NOT_SAFE}
    assert not plan.is_doubtful
    assert plan.source.trust is Trust.DATA


def test_plan_with_data_refuses_what_the_data_folder_does_not_give(world: OutputWorld, tmp_path: Path) -> None:
    for name, (folder, attack) in ATTACKS.items():
        output = tmp_path / "out"
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(world.output, output)
        attack(output)
        seal_again(output)
        plan = planned(world, output)
        one = of(plan, folder)
        assert not one.calls, name
        assert not one.documents, name
        assert kinds(one) & {RefusalKind.NOT_REPRODUCED, RefusalKind.OTHER_POLICIES}, name
        assert plan.is_doubtful or name == "other policies", name
        assert of(plan, OTHER).calls or name == "documents swapped", name


def test_plan_with_data_counts_the_options_given_and_not_those_of_the_folder(
    world: OutputWorld, tmp_path: Path
) -> None:
    """Fewer days than asked for make more replacements safe."""
    output, asked, fewer = tmp_path / "out", Options(max_risk=1), Options(min_days=0, max_risk=1)
    world.generate(output, fewer)
    with pytest.raises(InvocationError, match="min days 0"):
        planned(world, output, asked)
    assert not of(planned(world, output, fewer), UNSAFE).refusals
    edit(output / "summary.json", lambda one: one["inputs"]["options"].update(min_days=90))
    seal_again(output)
    assert RefusalKind.NOT_REPRODUCED in kinds(of(planned(world, output, asked), UNSAFE))
