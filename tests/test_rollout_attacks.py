"""Attacks on what a rollout reads: nothing that was tampered with is put in place or taken back.

Each attack is made twice: by somebody who only edits a file, and by somebody who also makes every digest fit again. The
second one is held by the proofs, by a signature, or by the data folder; what only these hold is marked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lpgen.core.digests import digest_of_facts, digest_of_report, digest_of_text, digests_from_facts
from lpgen.core.rollout.plan_rollout import derive_again
from lpgen.core.rollout.source import RolloutPlan
from lpgen.edge.rollout.journal import journal_of
from lpgen.edge.rollout.plan_file import read_rollout_plan
from lpgen.report.json.rollout import rollout_json
from tests.rollout_roles import empty_account, own_server
from tests.rollout_worlds import ACCOUNT, New, World, allow, deny, document, write_summary

server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)

Facts = dict[str, Any]

OLD = document(allow("s3:*"), deny("s3:DeleteBucket"), indent=3)
QUEUES = document(allow("sqs:*"))
NEW_ALLOW = document({**allow("s3:GetObject", "arn:aws:s3:::data/*"), "Sid": "Read"}, allow("sqs:SendMessage"))
NEW_DENY = document(deny("s3:DeleteBucket"))
NEW = (New(NEW_ALLOW, narrows=("own",)), New(NEW_DENY, inline=True))
OTHER = (New(document(allow("s3:PutObject"))), New(NEW_DENY, inline=True))


@dataclass(frozen=True, slots=True)
class Account:
    """Two roles to roll out and one that isn't called safe, with a signed output folder."""

    world: World
    key: Ed25519PrivateKey
    app: str
    web: str
    risky: str

    @property
    def output(self) -> Path:
        return self.world.home / "out"

    @property
    def public_key(self) -> str:
        return str(self.world.home / "key.pub")

    def states(self) -> list[object]:
        return [*map(self.world.read, (self.app, self.web, self.risky)), sorted(self.world.made_policies())]


@pytest.fixture
def account(world: World) -> Account:
    arns = [
        world.make_role(name, inline={"own": OLD}, managed={f"queues-{name}": QUEUES})
        for name in ("app", "web", "risky")
    ]
    key = Ed25519PrivateKey.generate()
    world.write_output({arns[0]: NEW, arns[1]: OTHER, arns[2]: NEW})
    found = Account(world, key, *arns)
    with edited_evidence(found.output / "risky") as facts:
        facts |= {"safe": False, "not_safe_because": [{"message": "only 3 covered days"}]}
    Path(found.public_key).write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    write_summary(found.output, key)
    return found


class edited_evidence:  # noqa: N801
    """The facts of a folder's evidence file, to be edited; they are written at the end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "evidence.json"

    def __enter__(self) -> Facts:
        self._facts: Facts = json.loads(self._path.read_text())
        return self._facts

    def __exit__(self, *_: object) -> None:
        self._path.write_text(json.dumps(self._facts))


# ---------------------------------------------------------------- the output folder


def edit_policy(folder: Path, edit: Callable[[Facts], object], name: str = "policy-1.json") -> None:
    path = folder / name
    facts: Facts = json.loads(path.read_text())
    edit(facts)
    path.write_text(json.dumps(facts))


def overwritten_policy(output: Path) -> None:
    (output / "app" / "policy-1.json").write_text(document(allow("*")))


def added_statement(output: Path) -> None:
    edit_policy(output / "app", lambda one: one["Statement"].append(allow("iam:CreateAccessKey")))


def edited_sid(output: Path) -> None:
    edit_policy(output / "app", lambda one: one["Statement"][0].update(Sid="Other"))


def widened_resource(output: Path) -> None:
    edit_policy(output / "app", lambda one: one["Statement"][0].update(Resource="*"))


def dropped_deny(output: Path) -> None:
    edit_policy(output / "app", lambda one: one["Statement"].clear(), "policy-2.json")


def weakened_deny(output: Path) -> None:
    edit_policy(output / "app", lambda one: one["Statement"][0].update(Resource="arn:aws:s3:::x"), "policy-2.json")


def unknown_action(output: Path) -> None:
    edit_policy(output / "app", lambda one: one["Statement"].append(allow("newservice:DoAnything")))


def wildcard_action(output: Path) -> None:
    edit_policy(output / "app", lambda one: one["Statement"].append(allow("s3:Get*")))


def edited_safe(output: Path) -> None:
    with edited_evidence(output / "risky") as facts:
        facts["safe"] = True


def edited_reasons(output: Path) -> None:
    with edited_evidence(output / "risky") as facts:
        facts["not_safe_because"] = []


def edited_parent(output: Path) -> None:
    with edited_evidence(output / "app") as facts:
        facts["lines"] = []


def swapped_folders(output: Path) -> None:
    (output / "app").rename(output / "x")
    (output / "web").rename(output / "app")
    (output / "x").rename(output / "web")


def swapped_documents(output: Path) -> None:
    first, second = output / "app" / "policy-1.json", output / "web" / "policy-1.json"
    texts = first.read_text(), second.read_text()
    first.write_text(texts[1])
    second.write_text(texts[0])


def removed_folder(output: Path) -> None:
    for path in (output / "app").iterdir():
        path.unlink()


def added_folder(output: Path) -> None:
    (output / "copy").mkdir()
    for path in (output / "app").iterdir():
        (output / "copy" / path.name).write_bytes(path.read_bytes())


WIDER = frozenset({overwritten_policy, added_statement, dropped_deny, weakened_deny, unknown_action, wildcard_action})
"""What widens is held by the proofs, whoever vouches."""

ON_OUTPUT: tuple[Callable[[Path], None], ...] = (
    *sorted(WIDER, key=lambda one: one.__name__),
    edited_sid,
    widened_resource,
    edited_safe,
    edited_reasons,
    edited_parent,
    swapped_folders,
    swapped_documents,
    removed_folder,
    added_folder,
)


@pytest.mark.parametrize("attack", ON_OUTPUT, ids=lambda one: one.__name__)
def test_plan_refuses_an_output_that_was_edited(account: Account, attack: Callable[[Path], None]) -> None:
    attack(account.output)
    for options in (["--trust-output"], ["--require-signature", account.public_key]):
        refused = account.world.plan_output(*options, status=1)
        assert "since `lpgen generate` wrote" in str(refused.exception)
        assert not account.world.plan.exists()


@pytest.mark.parametrize("attack", ON_OUTPUT, ids=lambda one: one.__name__)
def test_plan_refuses_an_output_whose_digests_were_made_to_fit(
    account: Account, attack: Callable[[Path], None]
) -> None:
    attack(account.output)
    write_summary(account.output, Ed25519PrivateKey.generate())
    refused = account.world.plan_output("--require-signature", account.public_key, status=1)
    assert "isn't that of" in str(refused.exception)
    (account.output / "summary.sig").unlink()
    refused = account.world.plan_output("--require-signature", account.public_key, status=1)
    assert "isn't signed" in str(refused.exception)
    assert not account.world.plan.exists()
    if attack in WIDER:
        assert "not proven" in account.world.plan_output("--trust-output", status=1).output


def test_plan_believes_no_output_that_nothing_vouches_for(account: Account) -> None:
    result = account.world.run("plan", str(account.output), "--policies", str(account.world.home / "policies.json"))
    assert "nothing vouches" in str(result.exception)
