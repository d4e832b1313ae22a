"""Rollouts that others disturb keep the rules of docs/rollout.md. See `rollout_tuned.py` and `rollout_held_back.py`.

To repeat one: `python -m tests.attack.test_rollout_interference KIND NUMBER`, with the `ATTACK_SEED` of the run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Final

import pytest

from tests.attack.rollout_held_back import HELD_BACK
from tests.attack.rollout_tuned import TUNED
from tests.attack.score import SEED, Attack, sample
from tests.support.aws_servers import end_motos, moto_server
from tests.support.forked_lpgen import end_forks
from tests.support.rollout_play import Play, Theatre
from tests.support.rollout_stage import open_stage

pytestmark = pytest.mark.slow

KINDS: Final[Mapping[str, Callable[[Play], None]]] = {**TUNED, **HELD_BACK}
PLAYS: Final = [(kind, number) for kind in KINDS for number in range(7 if kind in TUNED else 4)]
TRIED: Final = sample(PLAYS, Random(SEED), least=6)


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    with moto_server() as moto, open_stage(moto) as stage:
        yield Theatre(stage)


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in TRIED}))
def test_disturbed_rollout_keeps_the_rules(kind: str, theatre: Theatre, attack: Callable[[str], Attack]) -> None:
    with attack(f"rollouts{', held back' * (kind in HELD_BACK)}: {kind}") as attacks:
        for number in sorted(number for name, number in TRIED if name == kind):
            play = theatre.play(KINDS[kind], kind, f"{SEED} {number}")
            if play.broken and not attacks.through:
                print(play.story())
            attacks.add(f"{kind} {number}: {'; '.join(play.broken)}", held=not play.broken)


if __name__ == "__main__":
    with moto_server() as _moto, open_stage(_moto) as _stage:
        _play = Theatre(_stage).play(KINDS[sys.argv[1]], sys.argv[1], f"{SEED} {sys.argv[2]}")
        print(_play.story())
    end_forks()
    end_motos()
    sys.exit(bool(_play.broken))
