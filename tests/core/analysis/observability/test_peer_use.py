"""What several similar principals use without harm is kept within the grants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.observability.rare_needs import SHARED, peers_from_actions
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff, Verdict
from lpgen.core.model import Action, Outcome, Principal
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.analysis.test_diff import kept, verdicts
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, catalog, exactly, grants_of, policy, role, usage_of, use

OTHER_ACCOUNT = "444455556666"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:shop"
USER = f"arn:aws:iam::{ACCOUNT}:user/ci"
DAILY = range(0, 120, 3)
MONTHLY = range(5, 120, 30)
LAMBDA = {"Service": "lambda.amazonaws.com"}
TASKS = {"Service": "ecs-tasks.amazonaws.com"}


def trusting(
    name: str, trusted: Mapping[str, str] = LAMBDA, account: str = ACCOUNT, actions: Sequence[str] = ()
) -> Principal:
    """A role that somebody may assume."""
    trust = policy({"Effect": "Allow", "Principal": dict(trusted), "Action": "sts:AssumeRole"}).document
    made = role(policy(allow([*(actions or ("sqs:*", "iam:*"))])), name=name)
    return replace(made, trust=trust, arn=made.arn.replace(ACCOUNT, account), account=account)


OWN, FIRST, SECOND = trusting("own"), trusting("first"), trusting("second")


def on(days: Iterable[int], action: str, text: str = QUEUE, **more: Any) -> list[Use]:
    """Uses so many days before the last day of the logs."""
    return [use(action, text, seen=f"{LAST_DAY - timedelta(day)}T08:00:00Z", **more) for day in days]


WORK = [*on(DAILY, "sqs:ReceiveMessage"), *on(DAILY, "sqs:GetQueueUrl")]
SENDS = on(DAILY, "sqs:SendMessage")
PURGES = on(MONTHLY, "sqs:TagQueue", f"{QUEUE}-peer")
LISTS = on(MONTHLY, "sqs:ListQueues", "*")


def reviewed(
    uses: Sequence[Use], peers: Mapping[Principal, Sequence[Use]], own: Principal = OWN, options: Options | None = None
) -> PrincipalDiff:
    """The review of a principal among others."""
    everybody = [own, *peers]
    usage = usage_of({own.arn: uses, **{principal.arn: used for principal, used in peers.items()}})
    found = diff_usage(usage, [grants_of(principal) for principal in everybody], catalog(), options or exactly())
    return found.principals[0]


def both(*uses: Sequence[Use]) -> dict[Principal, list[Use]]:
    """Two peers that work like the own role and do this too."""
    return {principal: [*WORK, *(use for some in uses for use in some)] for principal in (FIRST, SECOND)}


# ---------------------------------------------------------------- what is kept


def test_a_change_of_two_peers_is_kept_on_the_own_scopes_where_the_principal_changes_things_regularly() -> None:
    found = reviewed([*WORK, *SENDS], both(PURGES))
    assert kept(found)["sqs:TagQueue"] == {QUEUE}
    assert verdicts(found)["sqs:TagQueue"] is Verdict.UNUSED
    (line,) = (line for line in found.draft.lines if line.action == "sqs:TagQueue")
    assert line.why == (
        "2 similar principals use it, such as role/first and role/second, and this principal may not have needed it yet"
    )


def test_a_change_is_not_kept_where_the_principal_only_reads() -> None:
    assert "sqs:TagQueue" not in kept(reviewed(WORK, both(PURGES)))
    once = on((40,), "sqs:SendMessage")
    assert "sqs:TagQueue" not in kept(reviewed([*WORK, *once], both(PURGES)))
    failed = on(DAILY, "sqs:SendMessage", error="InvalidMessageContents")
    assert "sqs:TagQueue" not in kept(reviewed([*WORK, *failed], both(PURGES)))


def test_a_read_of_two_peers_is_kept_and_without_a_resource_where_it_was_granted() -> None:
    assert kept(reviewed(WORK, both(LISTS)))["sqs:ListQueues"] == {"*"}


def test_nothing_is_kept_for_peers_that_the_old_policies_dont_grant() -> None:
    narrow = trusting("narrow", actions=("sqs:ReceiveMessage", "sqs:GetQueueUrl", "sqs:SendMessage"))
    found = reviewed([*WORK, *SENDS], both(PURGES, LISTS), narrow)
    assert set(kept(found)) == {"sqs:ReceiveMessage", "sqs:GetQueueUrl", "sqs:SendMessage"}


def test_keep_unobservable_none_keeps_nothing_for_peers() -> None:
    none = exactly(keep_unobservable=keep_each(KeepUnobservable.NONE))
    assert "sqs:ListQueues" not in kept(reviewed(WORK, both(LISTS), options=none))


# ---------------------------------------------------------------- who is a peer, and what of its use counts


def keeps_lists(
    first: Principal, second: Principal, uses: Sequence[Use] = LISTS, options: Options | None = None
) -> bool:
    """Whether a read of these two, who work like the own role, is kept for it."""
    found = reviewed(WORK, {first: [*WORK, *uses], second: [*WORK, *uses]}, options=options)
    return "sqs:ListQueues" in kept(found)


def test_one_peer_is_not_enough() -> None:
    assert keeps_lists(FIRST, SECOND)
    found = reviewed(WORK, {FIRST: [*WORK, *LISTS], SECOND: WORK})
    assert "sqs:ListQueues" not in kept(found)


@pytest.mark.parametrize(
    "stranger",
    [
        trusting("second", TASKS),
        trusting("second", {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}),
        replace(trusting("second"), trust=None),
    ],
    ids=["another service", "an account", "no trust"],
)
def test_a_principal_that_others_may_assume_is_no_peer(stranger: Principal) -> None:
    assert not keeps_lists(FIRST, stranger)


def test_a_principal_of_another_account_is_a_peer() -> None:
    assert keeps_lists(FIRST, trusting("second", account=OTHER_ACCOUNT))


def test_principals_that_share_little_are_no_peers() -> None:
    many = [
        found
        for name in ("ListRoles", "ListUsers", "ListGroups", "ListPolicies", "ListAccountAliases", "ListAccessKeys")
        for found in on(DAILY, f"iam:{name}", "*")
    ]
    assert not keeps_lists(FIRST, SECOND, [*LISTS, *many])


@pytest.mark.parametrize(
    "outcome",
    [
        {"outcome": Outcome.DENIED},
        {"outcome": Outcome.UNDETERMINED, "error": "ThrottlingException"},
        {"error": "AWS.SimpleQueueService.NonExistentQueue"},
    ],
    ids=["denied", "undetermined", "failed"],
)
def test_what_peers_only_tried_is_not_kept(outcome: Mapping[str, Any]) -> None:
    assert not keeps_lists(FIRST, SECOND, on(MONTHLY, "sqs:ListQueues", "*", **outcome))


def test_dropped_use_of_a_peer_counts_for_nothing() -> None:
    drop = Decision(DecisionKind.DROP, FIRST.arn, "sqs:ListQueues", "*", "", "2026-01-01", "", "an intruder", "me", "")
    assert not keeps_lists(FIRST, SECOND, options=exactly(decisions=(drop,)))


def test_suspected_use_of_peers_counts_for_nothing() -> None:
    visit, theft = on((50,), "sqs:ListQueues", "*"), on((50,), "iam:CreateAccessKey", USER)
    assert keeps_lists(FIRST, SECOND, visit)
    assert not keeps_lists(FIRST, SECOND, [*visit, *theft])
    one_was_stolen = {FIRST: [*WORK, *visit], SECOND: [*WORK, *visit, *theft]}
    assert "sqs:ListQueues" not in kept(reviewed(WORK, one_was_stolen))


def test_harm_of_peers_is_never_kept() -> None:
    keys = on(MONTHLY, "iam:CreateAccessKey", USER)
    found = reviewed([*WORK, *on(DAILY, "iam:TagUser", USER)], both(keys, on(DAILY, "iam:TagUser", USER)))
    assert "iam:CreateAccessKey" not in kept(found)


# ---------------------------------------------------------------- laws

ACTIONS = st.frozensets(st.sampled_from([Action(f"sqs:A{number}") for number in range(8)]), min_size=1)


@given(used=st.dictionaries(st.sampled_from("abcde"), ACTIONS, max_size=5), own=ACTIONS)
def test_peers_are_those_that_share_enough(used: dict[str, frozenset[Action]], own: frozenset[Action]) -> None:
    similar = {
        name: actions
        for name, actions in used.items()
        if name != "a" and len(actions & own) >= SHARED * len(actions | own)
    }
    beyond = frozenset[Action]().union(*similar.values()) - own
    users = {action: sorted(name for name, actions in similar.items() if action in actions) for action in beyond}
    peers = peers_from_actions((name, ("kind",), actions) for name, actions in used.items())
    assert peers.uses_beyond("a", ("kind",), own) == {
        action: names for action, names in users.items() if len(names) > 1
    }
    assert not peers.uses_beyond("a", ("another kind",), own)
