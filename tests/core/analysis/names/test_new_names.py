"""Resources that are new each time: said where a replacement would refuse the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from lpgen.core.analysis.names.shapes import named_parts
from lpgen.core.findings import PrincipalDiff
from lpgen.core.grounds import Use
from lpgen.core.model import Outcome
from lpgen.core.options import Options
from lpgen.core.registry.caveats import CaveatKind
from lpgen.core.replacements import Decision, DecisionKind
from tests.core.analysis.test_diff import diff_of
from tests.support.worlds import LAST_DAY, allow, policy, role, use

BUCKETS = [f"arn:aws:s3:::team-{name}" for name in ("amber", "birch", "cedar", "delta", "ebony")]
ITEM = "new-names arn:aws:s3:::team-*"


def lately(*resources: str, action: str = "s3:GetBucketTagging", days: int = 5, since: int = 40) -> list[Use]:
    """Uses that began so many days before the end of the logs, each a week after the one before."""
    return [
        use(action, text, seen=f"{LAST_DAY - timedelta(days=since - 7 * (at % days))}T00:00:00Z")
        for at, text in enumerate(resources)
    ]


def found(uses: Sequence[Use], granted: str | list[str] = "*", options: Options | None = None) -> PrincipalDiff:
    actions: list[str] = sorted({one.action for one in uses})
    return diff_of(role(policy(allow(actions, granted))), uses, options=options or Options())


def items(uses: Sequence[Use], granted: str | list[str] = "*") -> list[str]:
    return [one.item for one in found(uses, granted).caveats if one.kind is CaveatKind.NEW_NAMES]


def test_resources_that_go_on_being_new_get_a_caveat() -> None:
    assert items(lately(*BUCKETS)) == [ITEM]
    assert items(lately(*BUCKETS), "arn:aws:s3:::team-*") == [ITEM]
    folders = [f"arn:aws:s3:::data/{name}/*" for name in ("amber", "birch", "cedar", "delta", "ebony")]
    assert items(lately(*folders, action="s3:PutObject")) == ["new-names arn:aws:s3:::data/*/*"]


def test_what_lies_in_resources_that_go_on_being_new_gets_a_caveat() -> None:
    start = "arn:aws:iam::111122223333:role/"
    roles = [f"{start}{name}/web" for name in ("amber", "birch", "cedar", "delta", "ebony")]
    assert items(lately(*roles, action="iam:GetRole")) == [f"new-names {start}*/web"]
    assert items(lately(*roles[1:], f"{start}amber/worker", action="iam:GetRole")) == []


def test_accounts_that_go_on_being_new_get_a_caveat() -> None:
    """As who assumes a role of the same name in every account of an organization."""
    roles = [f"arn:aws:iam::{number}00001111222:role/audit" for number in range(1, 6)]
    granted = "arn:aws:iam::*:role/audit"
    assert items(lately(*roles, action="iam:GetRole"), granted) == [f"new-names {granted}"]
    assert items(lately(*roles[1:], action="iam:GetRole"), granted) == []


def test_resources_that_were_seen_early_seldom_or_at_once_get_none() -> None:
    assert items(lately(*BUCKETS, since=110)) == []
    assert items(lately(*BUCKETS, days=4)) == []
    assert items(lately(*BUCKETS[1:])) == []
    early = lately(*BUCKETS[:1], action="s3:PutBucketTagging", since=110)
    assert items([*early, *lately(*BUCKETS)]) == []
    assert items([replace(one, outcome=Outcome.DENIED) for one in lately(*BUCKETS)]) == []


def test_what_the_old_policies_list_or_a_pattern_stands_for_gets_none() -> None:
    assert items(lately(*BUCKETS), BUCKETS) == []
    dated = [f"arn:aws:s3:::data/orders-2026090{day}/*" for day in range(1, 6)]
    assert items(lately(*dated, action="s3:PutObject")) == []


def test_names_that_different_old_patterns_allow_are_told_by_each() -> None:
    words = ("amber", "birch", "cedar", "delta", "ebony")
    read, written = ([f"arn:aws:s3:::data/{way}/{name}/*" for name in words] for way in ("in", "out"))
    policies = policy(
        allow("s3:GetObject", "arn:aws:s3:::data/in/*"),
        allow("s3:PutObject", "arn:aws:s3:::data/out/*"),
    )
    used = [*lately(*read, action="s3:GetObject"), *lately(*written, action="s3:PutObject")]
    assert [one.item for one in diff_of(role(policies), used).caveats] == [
        "new-names arn:aws:s3:::data/in/*/*",
        "new-names arn:aws:s3:::data/out/*/*",
    ]
    # Nor does one that the old policies list hide the others.
    assert items(lately(*BUCKETS, "arn:aws:s3:::access-logs"), ["arn:aws:s3:::team-*", "arn:aws:s3:::access-logs"]) == [
        ITEM
    ]
    assert items(lately(*BUCKETS), ["*", "arn:aws:s3:::team-*"]) == [ITEM]
    by_end = [f"arn:aws:s3:::{name}-logs" for name in words]
    assert items(lately(*by_end), "arn:aws:s3:::*-logs") == ["new-names arn:aws:s3:::*-logs"]


def test_a_decision_keeps_the_next_or_accepts() -> None:
    keep = Decision(
        DecisionKind.KEEP, "*", "s3:GetBucketTagging", "arn:aws:s3:::team-*", "", "", "", "audits", "me", ""
    )
    assert not found(lately(*BUCKETS), options=Options(decisions=(keep,))).open_caveats
    accept = replace(keep, kind=DecisionKind.ACCEPT, item=ITEM, action="", resource="")
    assert not found(lately(*BUCKETS), options=Options(decisions=(accept,))).open_caveats


def test_a_hostile_name_of_many_parts_counts_by_its_last_ones() -> None:
    name = "arn:aws:ssm:us-east-1:111122223333:parameter/" + "a/" * 20_000 + "b"
    parts = list(named_parts(name))
    assert len(parts) == 16 + 1  # the account too
    assert parts[0] == (name[:-1], "")
