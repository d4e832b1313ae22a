"""Attacks on what a rollout reads: nothing that was tampered with is put in place or taken back.

Each attack is made twice: by somebody who only edits a file, and by somebody who also makes every digest fit again. The
proofs hold the second one where it widens, and a signature holds it always; `test_rollout_reproduced.py` shows what the
data folder holds.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lpgen.core.digests import digest_of_report, digest_of_text
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.plan_rollout import derive_again
from lpgen.core.rollout.source import RolloutPlan
from lpgen.edge.rollout.journal import journal_of
from lpgen.edge.rollout.plan_file import read_whole_plan
from lpgen.errors import RolloutError, TamperingError
from lpgen.report.documents.rollout import rollout_json
from tests.support.rollout_roles import empty_account, own_server
from tests.support.rollout_worlds import ACCOUNT, New, World, allow, deny, document, write_summary

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


@contextlib.contextmanager
def edited_evidence(folder: Path) -> Iterator[Facts]:
    """The facts of a folder's evidence file, to be edited; they are written at the end."""
    path = folder / "evidence.json"
    facts: Facts = json.loads(path.read_text())
    yield facts
    path.write_text(json.dumps(facts))


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
    shutil.rmtree(output / "app")


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


def restored(account: Account, whole: Path) -> Path:
    """The output folder as it was generated, and no plan."""
    shutil.rmtree(account.output)
    shutil.copytree(whole, account.output)
    account.world.plan.unlink(missing_ok=True)
    return account.output


def test_plan_refuses_an_output_that_was_edited(account: Account, tmp_path: Path) -> None:
    whole = shutil.copytree(account.output, tmp_path / "whole")
    for attack in ON_OUTPUT:
        attack(restored(account, whole))
        for options in (["--trust-output"], ["--require-signature", account.public_key]):
            refused = account.world.plan_output(*options, status=1)
            assert "was changed after `lpgen generate` wrote it" in str(refused.exception), attack.__name__
            assert not account.world.plan.exists(), attack.__name__
    restored(account, whole)
    account.world.plan_output("--require-signature", account.public_key, status=0)


def test_plan_refuses_an_output_whose_digests_were_made_to_fit(account: Account, tmp_path: Path) -> None:
    whole = shutil.copytree(account.output, tmp_path / "whole")
    for attack in ON_OUTPUT:
        attack(restored(account, whole))
        write_summary(account.output, Ed25519PrivateKey.generate())
        refused = account.world.plan_output("--require-signature", account.public_key, status=1)
        assert "doesn't match" in str(refused.exception), attack.__name__
        (account.output / "summary.sig").unlink()
        refused = account.world.plan_output("--require-signature", account.public_key, status=1)
        assert "isn't signed" in str(refused.exception), attack.__name__
        assert not account.world.plan.exists(), attack.__name__
        if attack in WIDER:
            assert "not proven" in account.world.plan_output("--trust-output", status=1).output, attack.__name__


def test_plan_believes_no_output_that_nothing_vouches_for(account: Account) -> None:
    policies = str(account.world.home / "policies.json")
    result = account.world.run("plan", str(account.output), "--policies", policies, status=1)
    assert "no reason is given to trust" in str(result.exception)


# ---------------------------------------------------------------- the plan


def of(plan: Facts, name: str) -> Facts:
    found: Facts = next(one for one in plan["principals"] if one["name"] == name)
    return found


def replace_in(facts: Facts, old: str, new: str) -> None:
    """Edits a text wherever it stands in an object."""
    text = json.dumps(facts)
    assert old in text
    facts.clear()
    facts.update(json.loads(text.replace(old, new)))


ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def edited_document(plan: Facts) -> None:
    of(plan, "app")["calls"][0]["parameters"]["PolicyDocument"] = document(allow("*"))


def edited_documents_everywhere(plan: Facts) -> None:
    replace_in(of(plan, "app"), "s3:GetObject", "iam:PassRole")


def edited_sid_in_plan(plan: Facts) -> None:
    replace_in(of(plan, "app"), "Read", "Rear")


def edited_name(plan: Facts) -> None:
    replace_in(of(plan, "app"), "lpgen-app-1-", "lpgen-app-9-")


def edited_hash_in_name(plan: Facts) -> None:
    name = of(plan, "app")["calls"][0]["policy"]
    replace_in(of(plan, "app"), name, name[:-4] + "0000")


def edited_before(plan: Facts) -> None:
    replace_in(of(plan, "app")["before"][0], "s3:*", "*")


def edited_inverse(plan: Facts) -> None:
    replace_in(of(plan, "app")["inverse"][0], "s3:*", "*")


def edited_peak(plan: Facts) -> None:
    of(plan, "app")["peak"]["attached"] = 1


def edited_notes(plan: Facts) -> None:
    of(plan, "app")["notes"] = ["a colleague has checked it"]


def edited_after(plan: Facts) -> None:
    of(plan, "app")["after"].pop()


def added_call(plan: Facts) -> None:
    one = of(plan, "app")
    for calls, operation, at in (("calls", "AttachRolePolicy", 3), ("inverse", "DetachRolePolicy", 2)):
        parameters = {"RoleName": "app", "PolicyArn": ADMIN}
        one[calls].insert(at, {"operation": operation, "policy": ADMIN, "parameters": parameters})


def removed_call(plan: Facts) -> None:
    one = of(plan, "app")
    one["calls"].pop()
    one["inverse"].pop(0)


def removed_deny(plan: Facts) -> None:
    one = of(plan, "app")
    one["calls"] = [call for call in one["calls"] if call["operation"] != "PutRolePolicy"]
    one["inverse"] = [call for call in one["inverse"] if call["operation"] != "DeleteRolePolicy"]


def reordered_calls(plan: Facts) -> None:
    one = of(plan, "app")
    one["calls"].insert(1, one["calls"].pop())
    one["inverse"].insert(len(one["inverse"]) - 1, one["inverse"].pop(0))


def other_account(plan: Facts) -> None:
    replace_in(of(plan, "app"), ACCOUNT, "999988887777")


def other_role(plan: Facts) -> None:
    replace_in(of(plan, "app"), '"app"', '"risky"')


def removed_refusals(plan: Facts) -> None:
    of(plan, "risky")["refusals"] = []


def calls_despite_refusals(plan: Facts) -> None:
    one, other = of(plan, "risky"), of(plan, "app")
    for key in ("calls", "inverse", "after", "peak", "notes", "documents"):
        one[key] = json.loads(json.dumps(other[key]).replace("app", "risky"))
    one["refusals"] = []


def edited_safe_in_plan(plan: Facts) -> None:
    of(plan, "risky")["safe"] = True


def edited_day(plan: Facts) -> None:
    plan["as_of"] = "2026-10-30"


def edited_fingerprint(plan: Facts) -> None:
    of(plan, "app")["policies_sha256"] = "0" * 64


def edited_quota(plan: Facts) -> None:
    plan["attached_quota"] = 1


def edited_file_digest(plan: Facts) -> None:
    plan["source"]["files"]["app/policy-1.json"] = "0" * 64


def edited_inputs(plan: Facts) -> None:
    plan["source"]["inputs"]["usage"] = "another"


def edited_summary(plan: Facts) -> None:
    for one in plan["source"]["summary"]["principals"]:
        one["safe"] = True


def no_source(plan: Facts) -> None:
    plan["source"] = None


def repeated_principal(plan: Facts) -> None:
    plan["principals"].append(of(plan, "app"))


ON_PLAN: tuple[Callable[[Facts], None], ...] = (
    edited_document,
    edited_documents_everywhere,
    edited_sid_in_plan,
    edited_name,
    edited_hash_in_name,
    edited_before,
    edited_inverse,
    edited_peak,
    edited_notes,
    edited_after,
    added_call,
    removed_call,
    removed_deny,
    reordered_calls,
    other_account,
    other_role,
    removed_refusals,
    calls_despite_refusals,
    edited_safe_in_plan,
    edited_day,
    edited_fingerprint,
    edited_quota,
    edited_file_digest,
    edited_inputs,
    edited_summary,
    no_source,
    repeated_principal,
)


def attacked(account: Account, plan: str, *options: str, roles: tuple[str, ...] = ("app", "risky")) -> Any:
    """What apply says of another plan in the place of the one that was made."""
    journal_of(account.world.plan).unlink(missing_ok=True)
    account.world.plan.write_text(plan)
    return account.world.apply(*(f"--role={role}" for role in roles), *options, status=1)


def test_apply_refuses_a_plan_that_was_edited(account: Account) -> None:
    account.world.plan_output("--require-signature", account.public_key)
    text, before = account.world.plan.read_text(), account.states()
    for attack in ON_PLAN:
        plan = json.loads(text)
        attack(plan)
        assert plan != json.loads(text), attack.__name__
        result = attacked(account, json.dumps(plan))
        at_once = isinstance(result.exception, TamperingError | RolloutError)
        assert at_once or attack is edited_fingerprint, (attack.__name__, result.output, result.exception)
        assert account.states() == before, attack.__name__
    applied = attacked(account, text)  # the other one isn't called safe
    assert "app: applied" in applied.output


# ---------------------------------------------------------------- a plan that fits in itself


def refitted(plan: RolloutPlan, *, with_source: bool) -> str:
    """A plan whose calls are derived again from what was edited; its source too fits its documents, or is as it was."""
    principals = tuple(
        derive_again(principal, as_of=plan.as_of, attached_quota=plan.attached_quota)
        if principal.calls or principal.documents
        else principal
        for principal in plan.principals
    )
    source = plan.source
    if with_source:
        texts = {
            f"{Path(principal.folder).name}/{text.file}": text.text
            for principal in principals
            for text in principal.documents
        }
        emptied = {
            Path(principal.folder).name for principal in principals if principal.calls and not principal.documents
        }
        kept = {name: one for name, one in source.digests.files.items() if name.partition("/")[0] not in emptied}
        files = {**kept, **{name: digest_of_text(text) for name, text in texts.items()}}
        safe = {principal.principal: principal.safe for principal in principals}
        summary = json.loads(json.dumps(source.summary))
        for one in summary["principals"]:
            one["safe"] = safe[one["principal"]]
        digests = replace(source.digests, files=files, report=digest_of_report(summary))
        source = replace(source, digests=digests, summary=summary)
    return rollout_json(replace(plan, principals=principals, source=source))


def on_app(plan: RolloutPlan, edit: Callable[[PrincipalPlan], PrincipalPlan], name: str = "app") -> RolloutPlan:
    return replace(
        plan,
        principals=tuple(edit(principal) if principal.name == name else principal for principal in plan.principals),
    )


def with_text(plan: PrincipalPlan, number: int, text: str) -> PrincipalPlan:
    documents = list(plan.documents)
    documents[number] = replace(documents[number], text=text)
    return replace(plan, documents=tuple(documents))


def all_allowed(plan: RolloutPlan) -> RolloutPlan:
    return on_app(plan, lambda plan: with_text(plan, 0, document(allow("iam:PassRole"))))


def no_deny(plan: RolloutPlan) -> RolloutPlan:
    return on_app(plan, lambda plan: with_text(plan, 1, document(allow("sqs:SendMessage"))))


def admin_before(plan: RolloutPlan) -> RolloutPlan:
    """It had everything already, the plan says."""

    def edit(plan: PrincipalPlan) -> PrincipalPlan:
        everything = json.dumps(json.loads(document(allow("*"))), separators=(",", ":"))
        before = tuple(
            replace(text, text=everything) if text.policy.endswith("queues-app") else text for text in plan.before
        )
        return with_text(replace(plan, before=before), 0, document(allow("iam:PassRole")))

    return on_app(plan, edit)


def wider_within(plan: RolloutPlan) -> RolloutPlan:
    """Wider than the replacement, and still within the old policies."""
    return on_app(plan, lambda plan: with_text(plan, 0, document(allow("s3:GetObject"), allow("sqs:SendMessage"))))


def documents_of_another(plan: RolloutPlan) -> RolloutPlan:
    web = next(principal for principal in plan.principals if principal.name == "web")
    return on_app(plan, lambda plan: replace(plan, documents=web.documents))


def folder_of_another(plan: RolloutPlan) -> RolloutPlan:
    web = next(principal for principal in plan.principals if principal.name == "web")
    return on_app(plan, lambda plan: replace(plan, documents=web.documents, folder=web.folder))


def fewer_documents(plan: RolloutPlan) -> RolloutPlan:
    return on_app(plan, lambda plan: replace(plan, documents=plan.documents[1:]))


def no_documents(plan: RolloutPlan) -> RolloutPlan:
    """All that it does is to detach the old policies, the Deny among them."""
    return on_app(plan, lambda plan: replace(plan, documents=()))


def unsafe_called_safe(plan: RolloutPlan) -> RolloutPlan:
    app = next(principal for principal in plan.principals if principal.name == "app")
    edit = partial(replace, safe=True, refusals=(), documents=app.documents)
    return on_app(plan, lambda plan: edit(plan), "risky")


BY_PROOF = frozenset({all_allowed, no_deny, admin_before, no_documents})
"""What the proofs and IAM itself hold, where no signature is asked for."""

FITTING: tuple[Callable[[RolloutPlan], RolloutPlan], ...] = (
    all_allowed,
    no_deny,
    admin_before,
    wider_within,
    documents_of_another,
    folder_of_another,
    fewer_documents,
    no_documents,
    unsafe_called_safe,
)


def test_apply_refuses_a_plan_that_fits_in_itself(account: Account) -> None:
    account.world.plan_output("--require-signature", account.public_key)
    plan, before = read_whole_plan(account.world.plan), account.states()
    signed = ("--require-signature", account.public_key)
    for attack in FITTING:
        for with_source in (False, True):
            result = attacked(account, refitted(attack(plan), with_source=with_source), *signed)
            assert isinstance(result.exception, TamperingError), (attack.__name__, result.output)
        if attack in BY_PROOF:
            result = attacked(account, refitted(attack(plan), with_source=True))
            assert "refused" in result.output, (attack.__name__, result.exception)
        assert account.states() == before, attack.__name__
