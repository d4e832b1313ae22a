"""What lpgen should conclude, from what was planted and never from running it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sample_logs.planted.bucket import redelivered
from sample_logs.planted.identities import Json, User
from sample_logs.planted.member import ACTIVE, SSO, Member
from sample_logs.planted.people_cast import DEVELOPERS, GROUP_DROPS
from sample_logs.planted.records import ALLOWED, DENIED, UNDETERMINED, Planted, uses_of
from sample_logs.planted.sprawl_cast import PROPOSALS
from sample_logs.planted.world import DAYS, EAST, SHOP

KEPT_PER_ACTION = 3
"""So many of an action's observed resources stand in `must_keep`: the first and the last ones in sorted order."""

INSIGHT_RECORDS = 2
OTHER_FILES = 2  # the digest and the Config history


def expected_from_cast(cast: Sequence[Member], planted: Sequence[Planted]) -> Json:
    """The whole of `expected.json`."""
    uses = uses_of(planted)
    return {
        "window": {"first_day": DAYS[0].isoformat(), "last_day": DAYS[-1].isoformat(), "days": len(DAYS)},
        "data_events_recorded": {f"{SHOP} {EAST}": ["dynamodb"]},
        "counts": _counts(planted),
        "principals": {
            member.holder.arn: _conclusion(member, uses.get(f"{member.holder.arn} {member.holder.unique_id}", {}))
            for member in sorted(cast, key=lambda member: member.holder.arn)
        },
        "groups": {DEVELOPERS.arn: _group(cast, uses)},
        "roles": PROPOSALS,
    }


def _counts(planted: Sequence[Planted]) -> Json:
    again = redelivered(planted)
    everything = [*planted, again]
    skips = Counter(entry.skip for entry in everything if entry.skip)
    outcomes = Counter(entry.outcome for entry in everything if not entry.skip)
    denied = Counter(entry.principal for entry in everything if not entry.skip and entry.outcome == DENIED)
    return {
        "records_read": len(everything) + INSIGHT_RECORDS,
        "usage_records": sum(outcomes.values()),
        "allowed_records": outcomes[ALLOWED],
        "denied_records": outcomes[DENIED],
        "undetermined_records": outcomes[UNDETERMINED],
        "skipped_records": dict(sorted((skips + Counter({"insight": INSIGHT_RECORDS})).items())),
        "skipped_files": {"not_cloudtrail": OTHER_FILES},
        "redelivered_event_id": again.record["eventID"],
        "denied_by_principal": dict(sorted(denied.items())),
    }


def _conclusion(member: Member, used: dict[str, set[str]]) -> Json:
    ungranted = {action for action, verdict in member.verdicts.items() if verdict == "ungranted"}
    granted = {action: resources for action, resources in used.items() if action not in ungranted}
    replaced = member.kind in (ACTIVE, SSO)
    observed = [
        [action, member.carried_as.get(resource, resource)]
        for action, resources in sorted(granted.items())
        for resource in _some(sorted(resources))
    ]
    return {
        "class": member.kind,
        "planted": member.planted,
        "conclusion": member.conclusion,
        "used_actions": sorted(granted),
        "must_keep": [*observed, *(list(pair) for pair in member.keep)] if replaced else [],
        "must_drop": sorted(member.drop),
        "must_not_allow": [list(pair) for pair in member.refuse],
        "must_carry": list(member.carry),
        "statements_per_action": member.copies,
        "verdicts": dict(sorted((dict.fromkeys(granted, "used") | member.verdicts).items())) if replaced else {},
        "safe": member.safe,
        "reasons": list(member.reasons),
        "flags": list(member.flags),
    }


def _some(resources: list[str]) -> list[str]:
    return resources if len(resources) <= KEPT_PER_ACTION else [*resources[: KEPT_PER_ACTION - 1], resources[-1]]


def _group(cast: Sequence[Member], uses: dict[str, dict[str, set[str]]]) -> Json:
    members = [m for m in cast if isinstance(m.holder, User) and DEVELOPERS in m.holder.groups]
    inline_only = {"rds:DescribeDBInstances", "rds:StartDBInstance"}
    used = {a for m in members for a in uses.get(f"{m.holder.arn} {m.holder.unique_id}", {})} - inline_only
    return {
        "members": sorted(member.holder.arn for member in members),
        "used_actions": sorted(used),
        "must_drop": sorted(GROUP_DROPS),
    }
