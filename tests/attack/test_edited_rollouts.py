"""Somebody edits what a rollout reads, or kills it: nothing else is put in place, and everything can be taken back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lpgen.edge.rollout.journal import journal_of
from tests.app.rollout.test_attacks import ON_OUTPUT, ON_PLAN, Account, attacked, restored
from tests.app.rollout.test_attacks import account as account_of_attacks
from tests.attack.mortal import Mortals
from tests.attack.score import SHARE, Attack, sample
from tests.support.rollout_roles import empty_account, own_server
from tests.support.rollout_worlds import write_summary

pytestmark = pytest.mark.slow


server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)
account = account_of_attacks

KILLS = 40


def test_rollout_plans_nothing_of_an_edited_output(
    account: Account, tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    whole = shutil.copytree(account.output, tmp_path / "whole")
    with attack("edited rollouts: output folder") as one:
        for change in sample(ON_OUTPUT, one.random, least=2):
            for sealed in (False, True):
                change(restored(account, whole))
                if sealed:
                    write_summary(account.output, Ed25519PrivateKey.generate())
                done = account.world.plan_output("--require-signature", account.public_key, status=None)
                one.add(f"{change.__name__}, sealed {sealed}", held=done.exit_code != 0 and not _is_planned(account))


def _is_planned(account: Account) -> bool:
    return account.world.plan.exists()


def test_rollout_applies_nothing_of_an_edited_plan(account: Account, attack: Callable[[str], Attack]) -> None:
    account.world.plan_output("--require-signature", account.public_key)
    text, before = account.world.plan.read_text(), account.states()
    with attack("edited rollouts: plan") as one:
        for change in sample(ON_PLAN, one.random, least=2):
            plan = json.loads(text)
            change(plan)
            attacked(account, json.dumps(plan))
            one.add(change.__name__, held=account.states() == before)


def test_rollout_that_is_killed_is_taken_back(account: Account, attack: Callable[[str], Attack]) -> None:
    account.world.plan_output("--require-signature", account.public_key)
    before = account.states()
    environment = {**account.world.server.environment, "AWS_MAX_ATTEMPTS": "2", "AWS_CONFIG_FILE": os.devnull}
    command = ("rollout", "apply", account.world.plan, "--yes", "--settle", "0", "--role", "app", "--role", "web")
    with Mortals() as mortals, attack("kills: rollout apply") as one:
        whole = mortals.run(*command, environment=environment)
        assert "app: applied" in whole.said, whole.said
        for number in range(max(2, round(KILLS * SHARE))):
            account.world.undo(status=None)
            journal_of(account.world.plan).unlink(missing_ok=True)
            assert account.states() == before
            seconds = one_moment(whole.seconds, number, one)
            end = mortals.run(*command, environment=environment, seconds=seconds)
            if journal_of(account.world.plan).exists():
                account.world.undo(status=None)
            one.add(f"after {seconds} s: {end.said[-200:]}", held=account.states() == before)


def one_moment(seconds: float, number: int, attack: Attack) -> float:
    """A moment of the later half of a run, since the first is spent on loading."""
    random = attack.random
    return [random.uniform(seconds / 2, seconds) for _ in range(number + 1)][-1]
