"""What similar principals use is kept within the grants, and said where it is dangerous."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.observability.peer_use import SHARED, Peers
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import Verdict
from lpgen.core.model import Action, Outcome
from lpgen.core.options import Options
from lpgen.core.registry.caveats import CaveatKind
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.analysis.test_diff import caveats, diff_of, kept, verdicts
from tests.support.worlds import ACCOUNT, allow, exactly, policy, role, use

PEER = f"arn:aws:iam::{ACCOUNT}:role/peer"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:shop"
OWN = [use(f"sqs:{name}", QUEUE) for name in ("ReceiveMessage", "GetQueueUrl")]
PEERS = [*OWN, use("sqs:PurgeQueue", QUEUE + "-peer")]
EVERYTHING = role(policy(allow(["sqs:*", "iam:*"])))


def kept_of(others: Mapping[str, list[Use]], options: Options | None = None) -> Mapping[str, set[str]]:
    return kept(diff_of(EVERYTHING, OWN, others=dict(others), options=options))


def test_an_action_of_a_similar_principal_is_kept_on_the_own_scopes() -> None:
    found = diff_of(EVERYTHING, OWN, others={PEER: PEERS})
    assert kept(found)["sqs:PurgeQueue"] == {QUEUE}
    assert verdicts(found)["sqs:PurgeQueue"] is Verdict.UNUSED
    (line,) = (one for one in found.lines if one.action == "sqs:PurgeQueue")
    assert line.why == "a similar principal uses it, and this one may have had no occasion"


def test_an_action_that_takes_no_resource_is_kept_where_it_was_granted() -> None:
    others = {PEER: [*OWN, use("sqs:ListQueues")]}
    assert kept_of(others)["sqs:ListQueues"] == {"*"}


def test_nothing_is_kept_for_peers_that_the_old_policies_dont_grant() -> None:
    narrow = role(policy(allow(["sqs:ReceiveMessage", "sqs:GetQueueUrl"])))
    assert set(kept(diff_of(narrow, OWN, others={PEER: PEERS}))) == {one.action for one in OWN}


def test_principals_that_share_little_are_no_peers() -> None:
    many = [
        use(f"iam:{name}") for name in ("ListRoles", "ListUsers", "ListGroups", "ListPolicies", "ListAccountAliases")
    ]
    assert "sqs:PurgeQueue" not in kept_of({PEER: [OWN[0], PEERS[-1], *many]})


def test_denied_and_dropped_use_of_peers_counts_for_nothing() -> None:
    denied = [*OWN, use("sqs:PurgeQueue", QUEUE, outcome=Outcome.DENIED)]
    assert "sqs:PurgeQueue" not in kept_of({PEER: denied})
    drop = Decision(DecisionKind.DROP, PEER, "sqs:PurgeQueue", "*", "", "2026-01-01", "", "an intruder", "me", "")
    assert "sqs:PurgeQueue" not in kept_of({PEER: PEERS}, exactly(decisions=(drop,)))


def test_keep_unobservable_none_keeps_nothing_for_peers() -> None:
    assert "sqs:PurgeQueue" not in kept_of({PEER: PEERS}, exactly(keep_unobservable=keep_each(KeepUnobservable.NONE)))


def test_a_dangerous_action_of_peers_is_removed_and_said() -> None:
    peers = {PEER: [*OWN, use("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/ci")]}
    found = diff_of(EVERYTHING, OWN, others=peers)
    assert "iam:CreateAccessKey" not in kept(found)
    assert CaveatKind.PEERS_DANGEROUS_USE in caveats(found)
    keep = Decision(DecisionKind.KEEP, "*", "iam:CreateAccessKey", "*", "", "", "", "it rotates keys", "me", "")
    decided = diff_of(EVERYTHING, OWN, others=peers, options=exactly(decisions=(keep,)))
    assert CaveatKind.PEERS_DANGEROUS_USE not in caveats(decided)


ACTIONS = st.frozensets(st.sampled_from([Action(f"sqs:A{number}") for number in range(8)]), min_size=1)


@given(st.dictionaries(st.sampled_from("abcde"), ACTIONS, max_size=5), ACTIONS)
def test_peers_are_those_that_share_enough(used: dict[str, frozenset[Action]], own: frozenset[Action]) -> None:
    similar = [one for name, one in used.items() if name != "a" and len(one & own) >= SHARED * len(one | own)]
    expected = {action: sum(action in one for one in similar) for one in similar for action in one - own}
    assert dict(Peers((arn, actions, ()) for arn, actions in used.items()).uses_beyond("a", own)) == expected
