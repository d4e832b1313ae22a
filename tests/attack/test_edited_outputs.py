"""Somebody edits an output folder, or a rollout's plan: `lpgen verify` and `lpgen rollout` find it, whoever computes
the digests again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lpgen.core.replacements import CheckStatus
from lpgen.edge.replacement_files import read_output
from tests.app.rollout.test_reproduced import ATTACKS as ROLLOUT_ATTACKS
from tests.app.rollout.test_reproduced import planned
from tests.app.verify.test_mutations import ATTACKS, file_mutations, findings, is_held, mutated, value_mutations
from tests.attack.score import Attack, sample
from tests.support.outputs import OutputWorld, make_output


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> OutputWorld:
    """Roles of the sample organization, and the output that was generated for them."""
    return make_output(tmp_path_factory.mktemp("edited") / "world")


def test_verify_finds_edited_files_and_values(
    edited: OutputWorld, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    pristine = read_output(edited.output)
    mutations = dict([*file_mutations(edited.output), *value_mutations(edited.output)])
    for sealed in (False, True):
        with attack(f"edited outputs: {'digests too' if sealed else 'plain'}") as one:
            for name in sample(sorted(mutations), one.random, least=20):
                if not (sealed and name == "repeat a key of summary.json"):  # computing its digests undoes that
                    output = mutated(edited, tmp_path, mutations[name], sealed=sealed)
                    one.add(name, held=is_held(output, pristine))


def test_verify_and_rollout_find_attacks_on_outputs(
    edited: OutputWorld, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    attacks = [(name, sealed) for name in ATTACKS for sealed in (False, True)]
    with attack("edited outputs: lpgen verify") as one:
        for name, sealed in sample(attacks, one.random):
            result = edited.verify(mutated(edited, tmp_path, ATTACKS[name], sealed=sealed))
            one.add(f"{name}, sealed {sealed}: {findings(result)}", held=result.status is CheckStatus.FAILED)
    with attack("edited outputs: lpgen rollout plan") as one:
        for name in sample(sorted(ROLLOUT_ATTACKS), one.random):
            folder, change = ROLLOUT_ATTACKS[name]
            plan = planned(edited, mutated(edited, tmp_path, change, sealed=True))
            (role,) = [found for found in plan.principals if Path(found.folder).name == folder]
            one.add(name, held=bool(role.refusals) and not role.calls and not role.documents)
