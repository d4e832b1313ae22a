"""Narrowed trust policies in rollouts: they come last, go first in an undo, and other people's are left alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lpgen.core.digests import digest_of_text
from lpgen.core.rollout.calls import CallKind, inverse_calls
from lpgen.core.rollout.trust_change import same_trust
from lpgen.edge.rollout import iam_writer
from lpgen.edge.rollout.journal import Journal, journal_of
from lpgen.edge.rollout.plan_file import read_whole_plan
from lpgen.errors import TamperingError
from tests.support.rollout_roles import NEW, OLD, empty_account, own_server
from tests.support.rollout_worlds import ACCOUNT, NARROWED, TRUST, World, allow, deny, document, proxy

server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)

GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
LOOSE = json.dumps(json.loads(TRUST), indent=5)
"""`TRUST` in bytes that no tool would write."""
THEIRS = TRUST.replace("ec2.amazonaws.com", "lambda.amazonaws.com")
"""A trust policy that somebody else puts in place."""


def github(*subjects: str) -> str:
    """A trust policy for these subjects of GitHub."""
    condition = {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}, "StringLike": {f"{GITHUB}:sub": subjects}}
    action = {"Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity"}
    return document({"Effect": "Allow", **action, "Condition": condition})


def narrowed_role(world: World, *, before: str = LOOSE, after: str = NARROWED, **more: Any) -> str:
    """A role whose replacement narrows its trust policy."""
    arn = world.make_role(more.pop("name", "app"), inline={"own": OLD}, trust=before, **more)
    world.trusts[arn] = after
    return arn


def planned(world: World, arn: str, *options: str, **more: Any) -> dict[str, Any]:
    (found,) = world.plan_of({arn: NEW}, *options, **more)["principals"]
    return dict(found)


def kinds(plan: dict[str, Any]) -> list[str]:
    assert bool(plan["refusals"]) != bool(plan["calls"])
    return [refusal["kind"] for refusal in plan["refusals"]]


def edit_plan(world: World, edit: Callable[[dict[str, Any]], object]) -> None:
    plan = json.loads(world.plan.read_text("utf-8"))
    edit(plan["principals"][0])
    world.plan.write_text(json.dumps(plan), encoding="utf-8")


# ---------------------------------------------------------------- the way it should go


def test_trust_policy_is_narrowed_last_and_restored_first(world: World) -> None:
    plan = planned(world, narrowed_role(world))
    assert plan["calls"][-1] == {
        "operation": "UpdateAssumeRolePolicy",
        "policy": "trust policy",
        "parameters": {"RoleName": "app", "PolicyDocument": NARROWED},
    }
    assert plan["inverse"][0]["operation"] == "UpdateAssumeRolePolicy"
    assert json.loads(plan["inverse"][0]["parameters"]["PolicyDocument"]) == json.loads(LOOSE)
    assert [call["operation"] for call in plan["calls"]].count("UpdateAssumeRolePolicy") == 1


def test_apply_checks_the_quota_for_trust_policies(world: World) -> None:
    """`plan` accepts a policy that only a raised quota allows, because it doesn't ask IAM."""
    before, after = (github(*(f"repo:acme/{'x' * 60}{number}:{end}" for number in range(40))) for end in ("*", "ref:*"))
    arn = narrowed_role(world, before=before, after=after)
    assert planned(world, arn)["refusals"] == []
    assert "characters in a trust policy, and the account's quota is 2,048" in world.apply(status=1).output
    assert world.read(arn).holding.trust == before


def test_undo_restores_the_trust_policy_byte_for_byte(world: World) -> None:
    arn = narrowed_role(world)
    before = world.read(arn)
    planned(world, arn)
    output = world.apply().output
    assert world.read(arn).holding.trust == NARROWED
    assert "arn:aws:iam::123456789012:role/caller" in output
    assert output.count("[trust policy]") == 2
    world.apply()
    world.undo()
    assert world.read(arn) == before
    assert before.holding.trust == LOOSE


def test_plan_and_apply_say_that_sessions_live_on_and_how_to_end_them(world: World) -> None:
    arn = narrowed_role(world)
    (note,) = [note for note in planned(world, arn)["notes"] if "session" in note]
    assert "a session lasts up to 12 hours" in note
    command = note[note.index("aws iam") :]
    assert command.startswith("aws iam put-role-policy --role-name app --policy-name AWSRevokeOlderSessions")
    printed = subprocess.run(["sh", "-c", command.replace("aws", "printf '%s\\n'", 1)], capture_output=True, check=True)
    (statement,) = json.loads(printed.stdout.splitlines()[-1])["Statement"]
    since = statement.pop("Condition")["DateLessThan"]["aws:TokenIssueTime"]
    assert statement == {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert abs((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()) < 60
    assert note in world.apply().output


def test_only_the_trust_policy_changes_if_the_policies_are_in_place(world: World) -> None:
    arn = world.make_role("app", inline={"own": OLD})
    planned(world, arn)
    world.apply()
    before = world.read(arn)
    again = World(world.server, world.home / "again", trusts={arn: NARROWED})
    again.home.mkdir()
    plan = planned(again, arn)
    assert [call["operation"] for call in plan["calls"]] == ["UpdateAssumeRolePolicy"]
    again.apply()
    after = world.read(arn)
    assert (after.holding.trust, after.documents) == (NARROWED, before.documents)
    again.undo()
    assert world.read(arn) == before


def test_nothing_is_to_be_done_if_policies_and_trust_policy_are_in_place(world: World) -> None:
    arn = narrowed_role(world)
    planned(world, arn)
    world.apply()
    again = World(world.server, world.home / "again", trusts={arn: NARROWED})
    again.home.mkdir()
    assert kinds(planned(again, arn)) == ["nothing_to_do"]


def test_trust_policy_that_is_in_place_already_is_left_alone(world: World) -> None:
    arn = narrowed_role(world, before=json.dumps(json.loads(NARROWED)))
    before = world.read(arn)
    assert "UpdateAssumeRolePolicy" not in {call["operation"] for call in planned(world, arn)["calls"]}
    world.apply()
    assert world.read(arn).holding.trust == before.holding.trust
    world.undo()
    assert world.read(arn) == before


def test_plan_without_a_trust_policy_does_not_mention_it(world: World) -> None:
    arn = world.make_role("app", inline={"own": OLD})
    assert "trust" not in planned(world, arn)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, True),
        ({"AWS": [ACCOUNT, "444455556666"]}, {"AWS": ["arn:aws:iam::444455556666:root", ACCOUNT]}, True),
        (
            {"Service": ["a.amazonaws.com", "b.amazonaws.com"]},
            {"Service": ["b.amazonaws.com", "a.amazonaws.com"]},
            True,
        ),
        ("*", {"AWS": "*"}, True),
        ({"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:role/root"}, False),
        ({"AWS": ACCOUNT}, {"AWS": "*"}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a"}, {"AWS": "AROAEXAMPLE000000000"}, False),
    ],
)
def test_trust_policies_are_compared_as_iam_rewrites_them(left: Any, right: Any, *, expected: bool) -> None:
    texts = [document({"Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole"}) for named in (left, right)]
    assert same_trust(*texts) is expected
    assert not same_trust(texts[0], "{")


def test_rewriting_by_iam_is_neither_a_failure_nor_somebody_elses_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM may show the id of an account for its ARN, or the other way around."""
    arn = narrowed_role(world)
    planned(world, arn)
    plain, root = iam_writer._plain, f"arn:aws:iam::{ACCOUNT}:root"
    monkeypatch.setattr(
        iam_writer, "_plain", lambda text: plain(text).replace(root, ACCOUNT) if "Condition" in text else plain(text)
    )
    assert "applied" in world.apply().output
    assert "it was already" in world.apply().output
    assert "undone: its policies are restored" in world.undo().output


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "path", "options", "kind"),
    [
        ("AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/", (), "service_linked"),
        ("AWSReservedSSO_Admin_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/", (), "sso"),
        ("glass", "/", ("--break-glass", "gl*"), "break_glass"),
        ("OrganizationAccountAccessRole", "/", (), "organization_access"),
    ],
)
def test_trust_policies_of_protected_roles_are_never_changed(
    world: World, name: str, path: str, options: tuple[str, ...], kind: str
) -> None:
    arn = narrowed_role(world, name=name, path=path)
    assert kinds(planned(world, arn, *options)) == [kind]
    world.apply(status=1)
    assert world.read(arn).holding.trust == LOOSE


def test_apply_never_changes_the_trust_policy_of_its_own_caller(world: World) -> None:
    arn = narrowed_role(world, name="lpgen-writer")
    planned(world, arn)
    assert "lpgen runs as this principal" in world.apply("--assume-role", "lpgen-writer", status=1).output
    assert world.read(arn).holding.trust == LOOSE


@pytest.mark.parametrize(
    "old",
    [
        document(
            {"Effect": "Allow", "Principal": {"AWS": ["AROAEXAMPLE000000000", ACCOUNT]}, "Action": "sts:AssumeRole"}
        ),
        document({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity"}),
    ],
    ids=["deleted principal", "no subject"],
)
def test_trust_policy_that_iam_would_not_take_back_is_not_narrowed(world: World, old: str) -> None:
    narrower = json.loads(old)
    narrower["Statement"][0]["Condition"] = {"StringLike": {f"{GITHUB}:sub": "repo:octo-org/app:*"}}
    plan = planned(world, narrowed_role(world, before=old, after=json.dumps(narrower)))
    assert kinds(plan) == ["no_undo"]
    assert "IAM refuses a policy" in plan["refusals"][0]["why"]


DELETED = "AROAEXAMPLE000000000"
SERVICE = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
ANY_SUBJECT = {
    "Effect": "Allow",
    "Principal": {"Federated": PROVIDER},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
}
MAIN = json.loads(github("repo:octo-org/app:ref:refs/heads/main"))["Statement"][0]
PEOPLE = {
    "Effect": "Allow",
    "Principal": {"AWS": [DELETED, f"arn:aws:iam::{ACCOUNT}:root"]},
    "Action": "sts:AssumeRole",
}
ACCOUNT_ONLY = {**PEOPLE, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
NO_WAY_BACK = document(SERVICE, ANY_SUBJECT, PEOPLE, indent=3)
"""A trust policy that IAM has, and wouldn't take back for two reasons."""

ONLY_SEEN = document(MAIN, indent=2)
NEAREST = [SERVICE, ACCOUNT_ONLY, MAIN]


def is_refused_by_iam(text: str) -> bool:
    """Whether IAM answers MalformedPolicyDocument."""
    own = [one for one in json.loads(text)["Statement"] if one.get("Principal") == {"Federated": PROVIDER}]
    return DELETED in text or any(f"{GITHUB}:sub" not in json.dumps(one) for one in own)


def never_spoiled(*_: object) -> str:
    return ""


def test_role_without_a_way_back_is_rolled_out_only_if_it_is_named(world: World) -> None:
    arn = narrowed_role(world, before=NO_WAY_BACK, after=ONLY_SEEN)
    world.write_output({arn: NEW})
    output = world.plan_output("--trust-output", "--no-exact-undo", "other-*", status=1).output
    assert "no way back" in output
    assert "--no-exact-undo GLOB overrides it" in output
    with pytest.raises(AssertionError, match="no principal of the policies matches --no-exact-undo"):
        world.plan_output("--trust-output", "--no-exact-undo", "other", status=0)
    output = world.plan_output("--trust-output", "--no-exact-undo", "a*", status=0).output
    assert "note: arn:aws:iam::123456789012:role/app: an undo doesn't restore the old trust policy" in output
    (plan,) = json.loads(world.plan.read_text("utf-8"))["principals"]
    assert json.loads(plan["trust"]["nearest"])["Statement"] == NEAREST
    assert plan["trust"]["nearest_sha256"] == digest_of_text(plan["trust"]["nearest"])
    assert plan["inverse"][0]["parameters"]["PolicyDocument"] == plan["trust"]["nearest"]
    assert any(plan["trust"]["nearest"] in note for note in plan["notes"])


def test_undo_puts_the_nearest_trust_policy_in_place_and_says_what_differs(world: World) -> None:
    arn = narrowed_role(world, before=NO_WAY_BACK, after=ONLY_SEEN)
    before = world.read(arn)
    planned(world, arn, "--no-exact-undo", "app")
    with proxy(world.server, never_spoiled, is_refused_by_iam) as (url, seen):
        assert "an undo doesn't restore the old trust policy" in world.apply(url=url).output
        assert world.read(arn).holding.trust == ONLY_SEEN
        output = world.undo(url=url, status=1).output
        assert "MalformedPolicyDocument" not in output
        assert seen.count("UpdateAssumeRolePolicy") == 2
    after = world.read(arn)
    assert json.loads(after.holding.trust)["Statement"] == NEAREST
    assert (after.holding.inline, after.holding.attached) == (before.holding.inline, before.holding.attached)
    assert "undone, but its trust policy isn't the old one, which IAM refuses" in output
    for lost in (ANY_SUBJECT, PEOPLE):
        assert output.count(f"the trust policy lacks the old statement {json.dumps(lost, separators=(',', ':'))}") == 2
    assert output.count("the trust policy has the new statement") == 4
    assert "already undone" in world.undo().output


def test_exact_undo_of_a_role_stays_exact_whatever_is_named(world: World) -> None:
    arn = narrowed_role(world)
    before = world.read(arn)
    assert planned(world, arn, "--no-exact-undo", "*")["trust"]["nearest"] == ""
    world.apply()
    assert "byte for byte" in world.undo().output
    assert world.read(arn) == before


def test_apply_that_fails_before_the_trust_policy_changes_leaves_the_old_one(world: World) -> None:
    """IAM would refuse to take it back, but it never went away."""
    arn = narrowed_role(world, before=NO_WAY_BACK, after=ONLY_SEEN)
    before = world.read(arn)
    planned(world, arn, "--no-exact-undo", "app")
    with proxy(world.server, lambda _, operation: "refuse" * (operation == "UpdateAssumeRolePolicy")) as (url, _):
        assert "failed, and was restored" in world.apply(url=url, status=3).output
    assert world.read(arn) == before


@pytest.mark.parametrize("is_made", [True, False])
def test_run_without_a_way_back_that_was_killed_is_finished_or_undone(world: World, *, is_made: bool) -> None:
    arn = narrowed_role(world, before=NO_WAY_BACK, after=ONLY_SEEN)
    before = world.read(arn)
    planned(world, arn, "--no-exact-undo", "app")
    with proxy(world.server, never_spoiled, is_refused_by_iam) as (url, _):
        killed_in_its_last_call(world, arn, is_made=is_made)
        output = world.undo(url=url, status=1 if is_made else 0).output
        assert ("isn't the old one" in output) == is_made
        after = world.read(arn)
        assert json.loads(after.holding.trust)["Statement"] == (
            NEAREST if is_made else json.loads(NO_WAY_BACK)["Statement"]
        )
        assert after.holding.inline == before.holding.inline


def test_undo_keeps_the_trust_policy_of_somebody_else_and_does_not_write_the_nearest_one(world: World) -> None:
    arn = narrowed_role(world, before=NO_WAY_BACK, after=ONLY_SEEN)
    planned(world, arn, "--no-exact-undo", "app")
    world.apply()
    world.client.update_assume_role_policy(RoleName="app", PolicyDocument=THEIRS)
    assert "the trust policy was changed since by somebody else, and is kept" in world.undo(status=3).output
    assert world.read(arn).holding.trust == THEIRS


@pytest.mark.parametrize("part", ["nearest", "nearest_sha256", "wider", "removed"])
def test_apply_refuses_a_plan_with_another_nearest_trust_policy(world: World, part: str) -> None:
    arn = narrowed_role(world, before=NO_WAY_BACK, after=ONLY_SEEN)
    planned(world, arn, "--no-exact-undo", "app")

    def edit(plan: dict[str, Any]) -> None:
        trust = plan["trust"]
        if part == "nearest_sha256":
            trust[part] = "0" * 64
            return
        text = {"nearest": THEIRS, "wider": trust["before"], "removed": ""}[part]
        trust["nearest"], trust["nearest_sha256"] = text, digest_of_text(text) if text else ""
        if part != "nearest":
            plan["inverse"][0]["parameters"]["PolicyDocument"] = text or trust["before"]

    edit_plan(world, edit)
    assert isinstance(world.apply(status=1).exception, TamperingError)
    assert world.read(arn).holding.trust == NO_WAY_BACK


def test_plan_proves_the_nearest_trust_policy(world: World) -> None:
    """It would keep a Deny with the id of a deleted principal, which IAM refuses too."""
    deny = {"Effect": "Deny", "Principal": {"AWS": DELETED}, "Action": "sts:AssumeRole"}
    arn = narrowed_role(world, before=document(ANY_SUBJECT, deny), after=document(MAIN, deny))
    plan = planned(world, arn, "--no-exact-undo", "app")
    assert kinds(plan) == ["not_proven"]
    assert "an undo keeps the narrowed trust" in plan["refusals"][0]["why"]


@pytest.mark.parametrize(
    "wider",
    [
        THEIRS,
        TRUST.replace(f"{ACCOUNT}:root", "444455556666:root"),
        TRUST.replace('"sts:AssumeRole"', '"sts:*"'),
        document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}),
    ],
)
def test_plan_refuses_a_trust_policy_that_allows_something_new(world: World, wider: str) -> None:
    plan = planned(world, narrowed_role(world, after=wider))
    assert kinds(plan) == ["not_proven"]
    assert "the trust policy allows nothing new" in plan["refusals"][0]["why"]


def with_variable(version: str) -> str:
    """A Deny for callers without their own name, in a language version in which the name is a variable, or isn't."""
    condition = {"StringNotLike": {"aws:PrincipalArn": "*/${aws:username}"}}
    policy = json.loads(TRUST)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition}
    return json.dumps({"Version": version, "Statement": [*policy["Statement"], deny]})


def test_plan_refuses_a_trust_policy_whose_variables_mean_something_else(world: World) -> None:
    arn = narrowed_role(world, before=with_variable("2012-10-17"), after=with_variable("2008-10-17"))
    plan = world.plan_of({arn: NEW})["principals"][0]
    assert kinds(plan) == ["not_proven"]
    assert "its language version differs" in plan["refusals"][0]["why"]


def test_githubs_new_subjects_of_allowed_repositories_are_named(world: World) -> None:
    old, new = "repo:octo-org/app:*", "repo:octo-org@1/app@2:ref:refs/heads/main"
    arn = narrowed_role(world, before=github(old), after=github("repo:octo-org/app:ref:refs/heads/main", new))
    plan = planned(world, arn)
    assert kinds(plan) == []
    assert any(f"also allows {new}" in note for note in plan["notes"])
    other = World(world.server, world.home / "other")
    other.home.mkdir()
    stranger = github("repo:octo-org/app:ref:refs/heads/main", "repo:octo-cat@3/app@2:ref:refs/heads/main")
    assert kinds(planned(other, narrowed_role(other, name="web", before=github(old), after=stranger))) == ["not_proven"]


def test_plan_refuses_a_trust_policy_that_was_edited_after_it_was_generated(world: World) -> None:
    world.write_output({narrowed_role(world): NEW})
    path = world.home / "out" / "app" / "trust-policy.json"
    path.write_text(path.read_text().replace("role/caller", "role/mallory"))
    error = world.plan_output(status=1).exception
    assert isinstance(error, TamperingError)
    assert "app/trust-policy.json" in error.message


@pytest.mark.parametrize("part", ["after", "before", "call", "inverse", "removed", "user"])
def test_apply_refuses_a_plan_with_an_edited_trust_policy(world: World, part: str) -> None:
    arn = narrowed_role(world)
    planned(world, arn)

    def edit(plan: dict[str, Any]) -> None:
        if part in ("after", "before"):
            plan["trust"][part] = plan["trust"][part].replace("ec2.amazonaws.com", "lambda.amazonaws.com")
        elif part == "call":
            parameters = plan["calls"][-1]["parameters"]
            parameters["PolicyDocument"] = parameters["PolicyDocument"].replace("role/caller", "role/mallory")
        elif part == "inverse":
            plan["inverse"][0]["parameters"]["PolicyDocument"] = THEIRS
        elif part == "removed":
            del plan["trust"]
        else:
            plan["kind"] = "user"

    edit_plan(world, edit)
    assert isinstance(world.apply(status=1).exception, TamperingError)
    assert world.read(arn).holding.trust == LOOSE


def test_apply_refuses_a_plan_whose_old_trust_policy_was_edited_throughout(world: World) -> None:
    """The new policy would be wider than what IAM has, and the plan agrees with itself."""
    arn = narrowed_role(world)
    planned(world, arn)

    def edit(plan: dict[str, Any]) -> None:
        wide = json.loads(plan["trust"]["before"])
        wide["Statement"][0]["Principal"]["Service"] = ["ec2.amazonaws.com", "lambda.amazonaws.com"]
        wide = json.dumps(wide, separators=(",", ":"))
        plan["trust"]["before"] = plan["inverse"][0]["parameters"]["PolicyDocument"] = wide

    edit_plan(world, edit)
    assert "the plan was edited" in world.apply(status=1).output
    assert world.read(arn).holding.trust == LOOSE


# ---------------------------------------------------------------- what others do meanwhile


def test_apply_takes_back_if_somebody_else_changes_the_trust_policy_before_its_call(world: World) -> None:
    arn = narrowed_role(world)
    before = world.read(arn)
    planned(world, arn)

    def spoil(_: int, operation: str) -> str:
        if operation == "DeleteRolePolicy":
            world.client.update_assume_role_policy(RoleName="app", PolicyDocument=THEIRS)
        return ""

    with proxy(world.server, spoil) as (url, seen):
        output = world.apply(url=url, status=3).output
    assert "its trust policy was changed since" in output
    assert "UpdateAssumeRolePolicy" not in seen
    after = world.read(arn)
    assert (after.holding.inline, after.holding.trust) == (before.holding.inline, THEIRS)


def test_undo_keeps_a_trust_policy_that_somebody_else_changed_and_restores_the_rest(world: World) -> None:
    arn = narrowed_role(world)
    before = world.read(arn)
    planned(world, arn)
    world.apply()
    world.client.update_assume_role_policy(RoleName="app", PolicyDocument=THEIRS)
    assert "its trust policy was changed since" in world.apply(status=1).output
    output = world.undo(status=3).output
    assert "the trust policy was changed since by somebody else, and is kept" in output
    after = world.read(arn)
    assert (after.holding.inline, after.holding.attached, after.holding.trust) == (
        before.holding.inline, before.holding.attached, THEIRS,
    )  # fmt: skip
    world.client.update_assume_role_policy(RoleName="app", PolicyDocument=LOOSE)
    world.undo()
    assert world.read(arn) == before


def test_undo_names_a_trust_policy_that_iam_does_not_take_back(world: World) -> None:
    """A principal of the old trust policy was deleted meanwhile."""
    arn = narrowed_role(world)
    planned(world, arn)
    world.apply()
    with proxy(world.server, lambda _, operation: "refuse" * (operation == "UpdateAssumeRolePolicy")) as (url, _):
        output = world.undo(url=url, status=3).output
    assert "UpdateAssumeRolePolicy" in output
    assert "its trust policy was changed since" in output
    assert world.read(arn).holding.inline == (("own", OLD),)
    assert world.read(arn).holding.trust == NARROWED
    world.undo()
    assert world.read(arn).holding.trust == LOOSE


def killed_in_its_last_call(world: World, arn: str, *, is_made: bool) -> None:
    """Leaves a rollout as a run leaves it that is killed around the call for the trust policy."""
    plan = read_whole_plan(world.plan)
    (own,) = plan.principals
    with Journal(world.plan, plan) as journal:
        live = world.read(arn)
        journal.begin(live, own.calls, inverse_calls(own.calls, own.texts_to_restore(live.holding.texts)))
        for number, call in enumerate(own.calls):
            is_last = call is own.calls[-1]
            journal.note("about", arn, call=number)
            if is_made or not is_last:
                world.writer.perform(call)
            if not is_last:
                made = world.writer.read_policy_id(call.policy) if call.kind is CallKind.CREATE_POLICY else ""
                journal.note("done", arn, call=number, **({"policy_id": made} if made else {}))


@pytest.mark.parametrize("is_made", [True, False])
def test_run_that_was_killed_around_the_call_is_finished_or_undone(world: World, *, is_made: bool) -> None:
    arn = narrowed_role(world)
    before = world.read(arn)
    planned(world, arn)
    for command in (world.apply, world.undo):
        killed_in_its_last_call(world, arn, is_made=is_made)
        assert world.read(arn).holding.trust == (NARROWED if is_made else LOOSE)
        command()
        assert world.read(arn).holding.trust == (NARROWED if command == world.apply else LOOSE)
        world.undo()
        assert world.read(arn) == before
        journal_of(world.plan).unlink()


@pytest.mark.parametrize("is_made", [True, False])
def test_killed_run_is_not_finished_if_somebody_else_changed_the_trust_policy_since(
    world: World, *, is_made: bool
) -> None:
    arn = narrowed_role(world)
    planned(world, arn)
    killed_in_its_last_call(world, arn, is_made=is_made)
    world.client.update_assume_role_policy(RoleName="app", PolicyDocument=THEIRS)
    assert "can't be finished" in world.apply(status=1).output
    assert "the trust policy was changed since" in world.undo(status=3).output
    after = world.read(arn).holding
    assert (after.inline, after.trust) == ((("own", OLD),), THEIRS)


def test_undo_without_a_journal_names_the_narrowed_trust_policy(world: World) -> None:
    arn = narrowed_role(world)
    planned(world, arn)
    world.apply()
    journal_of(world.plan).unlink()
    assert "trust policy" in world.undo(status=1).output
    assert world.read(arn).holding.trust == NARROWED


def test_template_for_a_declared_role_has_its_narrowed_trust_policy(world: World) -> None:
    arn = narrowed_role(world)
    plan = planned(world, arn, "--managed-as-code", "app")
    assert json.loads(plan["code"])["Resources"]["App"]["Properties"]["AssumeRolePolicyDocument"] == json.loads(
        NARROWED
    )
    assert plan["trust"]["after"] == NARROWED


# ---------------------------------------------------------------- without a replacement


def trust_only(world: World, arn: str, *options: str) -> dict[str, Any]:
    """The plan for a folder that has only a trust policy, as `lpgen generate` writes it without a replacement."""
    (plan,) = world.plan_of({arn: ()}, *options, safe=False)["principals"]
    return dict(plan)


def test_role_without_a_replacement_keeps_its_policies_and_gets_its_trust_policy(world: World) -> None:
    policy = document(allow("s3:*"), deny("s3:DeleteBucket"), indent=3)
    arn = narrowed_role(world, managed={"extra": policy})
    before = world.read(arn)
    plan = trust_only(world, arn)
    assert [call["operation"] for call in plan["calls"]] == ["UpdateAssumeRolePolicy"]
    output = world.apply().output
    assert "note: only the trust policy changes" in output
    assert "NOT CALLED SAFE" not in output
    after = world.read(arn)
    assert after.holding.trust == NARROWED
    assert (after.holding.inline, after.documents) == (before.holding.inline, before.documents)
    assert world.made_policies() == set()
    world.undo()
    assert world.read(arn) == before


def test_role_without_any_policy_gets_its_trust_policy(world: World) -> None:
    arn = world.make_role("bare", trust=LOOSE)
    world.trusts[arn] = NARROWED
    before = world.read(arn)
    assert [call["operation"] for call in trust_only(world, arn)["calls"]] == ["UpdateAssumeRolePolicy"]
    world.apply()
    assert world.read(arn).holding.trust == NARROWED
    world.undo()
    assert world.read(arn) == before


def test_role_without_a_replacement_is_left_alone_if_its_trust_policy_is_in_place(world: World) -> None:
    assert kinds(trust_only(world, narrowed_role(world, before=NARROWED))) == ["nothing_to_do"]


def test_wider_trust_policy_is_refused_without_a_replacement_too(world: World) -> None:
    assert kinds(trust_only(world, narrowed_role(world, after=THEIRS))) == ["not_proven"]


def test_nearest_trust_policy_is_restored_without_a_replacement_too(world: World) -> None:
    arn = narrowed_role(world, before=NO_WAY_BACK, after=ONLY_SEEN)
    assert kinds(trust_only(world, arn)) == ["no_undo"]
    other = World(world.server, world.home / "named", trusts={arn: ONLY_SEEN})
    other.home.mkdir()
    trust_only(other, arn, "--no-exact-undo", "app")
    with proxy(world.server, never_spoiled, is_refused_by_iam) as (url, _):
        other.apply(url=url)
        other.undo(url=url, status=1)
    assert json.loads(world.read(arn).holding.trust)["Statement"] == NEAREST


def test_policies_that_changed_since_are_refused_without_a_replacement_too(world: World) -> None:
    arn = narrowed_role(world)
    trust_only(world, arn)
    world.client.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=document(allow("sqs:*")))
    assert "its policies have changed since" in world.apply(status=1).output


def test_template_without_a_replacement_changes_only_the_trust_policy(world: World) -> None:
    plan = trust_only(world, narrowed_role(world), "--managed-as-code", "app")
    (resource,) = json.loads(plan["code"])["Resources"].values()
    assert resource["Properties"] == {"AssumeRolePolicyDocument": json.loads(NARROWED)}


@pytest.mark.parametrize("added", ["delete", "detach"])
def test_apply_refuses_a_plan_without_a_replacement_that_removes_a_policy(world: World, added: str) -> None:
    arn = narrowed_role(world, managed={"extra": OLD})
    before = world.read(arn)
    trust_only(world, arn)

    def edit(plan: dict[str, Any]) -> None:
        owner = {"RoleName": "app"}
        policy = f"arn:aws:iam::{ACCOUNT}:policy/extra" if added == "detach" else "own"
        forward, back = (
            ("DetachRolePolicy", "AttachRolePolicy") if added == "detach" else ("DeleteRolePolicy", "PutRolePolicy")
        )
        key = "PolicyArn" if added == "detach" else "PolicyName"
        text = {} if added == "detach" else {"PolicyDocument": json.dumps(json.loads(OLD), separators=(",", ":"))}
        plan["calls"].insert(0, {"operation": forward, "policy": policy, "parameters": {**owner, key: policy}})
        plan["inverse"].append({"operation": back, "policy": policy, "parameters": {**owner, key: policy, **text}})
        plan["after"] = [one for one in plan["after"] if one["policy"] != policy]

    edit_plan(world, edit)
    assert isinstance(world.apply(status=1).exception, TamperingError)
    assert world.read(arn) == before
