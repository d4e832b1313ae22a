"""The sentences of caveats that a template can't say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from lpgen.core.model import SkipReason

_MOST_NAMED: Final = 5
"""So many accounts or actions are named in a sentence; of more their number is."""

_WHY_UNREAD: Final = {
    SkipReason.BAD_RECORD: "can't be read",
    SkipReason.UNKNOWN_VERSION: "with an event version that lpgen doesn't know",
    SkipReason.NO_TIME: "without a time",
    SkipReason.FUTURE: "with a time later than the log itself",
}


def accounts_text(accounts: Sequence[str]) -> str:
    """The accounts in words, a few by name."""
    if len(accounts) == 1:
        return f"account {accounts[0]}"
    if len(accounts) > _MOST_NAMED:
        return f"accounts {', '.join(accounts[:_MOST_NAMED])} and {len(accounts) - _MOST_NAMED} more"
    return f"accounts {', '.join(accounts[:-1])} and {accounts[-1]}"


def unusual_use(
    *,
    action: str,
    harm: str,
    resource: str,
    first: date,
    last: date,
    days: int,
    records: int,
    example: str,
    case: str,
    **_: object,
) -> str:
    """When a dangerous action was used, and what is unusual about that."""
    when = f"used only {f'on {first}' if days == 1 else f'on {days} days from {first} to {last}'}"
    if case == "after-denials":
        when = f"used on {first}, right after other actions were denied"
    elif case == "burst":
        when = f"used on {first}, with other harm that was new on that day"
    elif case == "late":
        when = f"first used on {first}, in the last days of the logs"
    seen = f"{records:,} {'record' if records == 1 else 'records'}, example {example or 'without an id'}"
    return f"{action} {harm}, and was {when}, on {resource} ({seen})"


def unmapped_event(*, records: int, call: str, reason: SkipReason, example: str, **_: object) -> str:
    """Which records can't be mapped, and how many."""
    example = f"example {example or 'without an id'}"
    if reason in _WHY_UNREAD:
        what = f"{'record' if records == 1 else 'records'} of {call or 'calls without a name'} {_WHY_UNREAD[reason]}"
        return f"{records} {what}, so the replacement may lack what the calls needed ({example})"
    seen = f"{records} successful {'call' if records == 1 else 'calls'}, {example}"
    return f"lpgen doesn't know which action {call or 'a call without a name'} needs ({seen})"


def step_for_short_coverage(*, days: int, min_days: int, account: str) -> str:
    """How many more days to ingest."""
    missing = max(1, min_days - days)
    return f"ingest {missing} more {'day' if missing == 1 else 'days'} of logs of account {account}"


def rare_schedule(*, source: str, schedule: str, expression: str, days: int, covered: int, needed: int) -> str:
    """How rarely a schedule sets a role to work."""
    if not days:
        return f"the {source} {schedule} starts it once, or at times that lpgen can't work out: `{expression}`"
    return (
        f"the {source} {schedule} starts it up to {days} days apart (`{expression}`), and the logs cover {covered} of"
        f" the {needed} days that show two runs"
    )


def step_for_rare_schedule(*, days: int, covered: int, needed: int, **_: object) -> str:
    """How many more days to ingest."""
    if not days:
        return "keep what it needs then by decisions, and accept this"
    return f"ingest {needed - covered} more days of logs, or keep what it needs then and accept this"


_WHY_DAYS_COUNT: Final = {
    "people": "people use it, who do something else each time",
    "control-plane": "it mostly changes how things are set up, which differs each time",
}


def seldom_used(*, days: int, what: str, **_: object) -> str:
    """On how few days a principal was at work, and why that matters."""
    why = _WHY_DAYS_COUNT.get(what, "it may do nearly everything, as access for emergencies may")
    return f"the logs show it at work on only {days} {'day' if days == 1 else 'days'}, and {why}"


def uneven_permission_set(*, groups: Sequence[Sequence[str]], **_: object) -> str:
    """In which accounts the roles of a permission set differ."""
    return (
        f"the roles of its permission set have different policies in {' and in '.join(map(accounts_text, groups))}, so"
        " no single replacement is proven for all of them"
    )


def unlisted_role(*, accounts: Sequence[str], **_: object) -> str:
    """In which accounts a permission set has roles without policies."""
    return (
        f"the logs show that its permission set has a role in {accounts_text(accounts)} too, whose policies weren't"
        " given, so the replacement may lack what is needed there"
    )


def other_account(*, accounts: Sequence[str], first: str, others: int, **_: object) -> str:
    """What isn't safe about the roles of a permission set in other accounts."""
    more = f" (and {others} more of this kind)" if others else ""
    return f"its permission set has a role in {accounts_text(accounts)} too: {first}{more}"


def young_principal(*, kind: str, days: int, counted: int, min_days: int, **_: object) -> str:
    """When a principal was created."""
    when = f"{days} days before the end of the logs{_as_covered(days, counted)}" if days >= 0 else "after the logs' end"
    return f"the {kind} was created {when} (safe needs {min_days} days), so it may not have done all its work yet"


def young_policy(*, policy: str, days: int, counted: int, min_days: int, **_: object) -> str:
    """How old the version of a policy in force is."""
    age = f"{max(days, 0)} days old{_as_covered(days, counted)} (safe needs {min_days} days)"
    return f"the version of {policy} in force is {age}, so what it grants may not have been used yet"


def _as_covered(days: int, counted: int) -> str:
    return f", which cover {counted} of them" if 0 <= counted < days else ""


def coverage_hole(
    *, service: str, last: date, region: str, is_region_read: bool, is_after_logs: bool, **_: object
) -> str:
    """When IAM dates a use or an attempt that the logs lack."""
    where = f" in {region}" if region else ""
    unread = "" if is_region_read else ", a Region without any logs"
    if service:
        return (
            f"IAM dates the last attempt to use {service} to {last}{where}{unread}, but the logs hold no record of it"
        )
    missing = f"{where}{unread}" if unread else ", but the logs hold no record of it"
    return f"IAM says the role was last used on {last}{', after the end of the logs' if is_after_logs else missing}"


def step_for_coverage_hole(*, service: str, last: date, unrecorded: str, **_: object) -> str:
    """Where to look for a use that the logs lack: no trail holds what CloudTrail doesn't record."""
    if unrecorded:
        return f"find out what its use of {last} was; a trail may not hold it ({unrecorded})"
    what = f"calls of {service}" if service else f"use of {last}"
    return f"find the trail that holds its {what}, every Region included, and ingest its logs"


def other_regions(*, regions: Sequence[str], leader: str, role: str, region: str, **_: object) -> str:
    """Which Regions the logs hold records of, and what shows that there are others."""
    why = f" and none of {leader}, where global services are recorded"
    if not leader:
        why = f", though IAM says that {role} was last used in {region}"
    return f"the logs hold records of only {', '.join(regions)}{why}: use in other Regions would not have shown"


def recreated(*, former: Sequence[str], kind: str, principal_id: str, only: Sequence[str]) -> str:
    """Whose records do not count since a principal was created again."""
    known = f"the logs also hold records of {', '.join(former)}"
    if not principal_id:
        return f"{known}, which were created for another assignment of this permission set and don't count"
    used = f"; only that one used {_some(only)}" if only else ""
    return f"{known}, an earlier {kind} of this name, which don't count for {principal_id}{used}"


def unseen_under_star(*, actions: int, services: Sequence[str]) -> str:
    """How many actions go though the logs could not have shown their use, and of which services."""
    return (
        f"a bare `*` or `NotAction` grants {actions:,} removed {'action' if actions == 1 else 'actions'} whose use the"
        f" logs can't show ({_some(services)}), so they may be in use"
    )


def unseen_named(*, actions: int, services: Sequence[str]) -> str:
    """How many actions of which named services go though the logs could not have shown their use."""
    return (
        f"its policies name {_some(services)}, and the replacement removes {actions:,}"
        f" {'action' if actions == 1 else 'actions'} of {'this service' if len(services) == 1 else 'these services'}"
        " whose use the logs can't show"
    )


def _some(names: Sequence[str]) -> str:
    """A few names, and the number of the others."""
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def expected_denials(
    *, needs: int, windows: int, days: int, action: str, resource: str, high: int, next_days: int
) -> str:
    """What past replacements would have denied, and what to expect."""
    past = "too few past days could be tested"
    if windows:
        made = "replacements" if windows > 1 else "a replacement"
        what = f"{needs} {'need' if needs == 1 else 'needs'}" if needs else "nothing"
        example = f", such as {action} on {resource}" if action else ""
        past = f"{made} made from earlier days would have denied {what} in the {days} days after{example}"
    return (
        f"{past}; the replacement may deny up to {high} {'need' if high == 1 else 'needs'} in the next {next_days} days"
    )


def step_for_unexplained_use(*, action: str, **_: object) -> str:
    """Where to look for what allowed an unexplained use."""
    # Grants allow use of a key too. https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    of_a_key = action.startswith("kms:")
    where = ", such as the key's policy or a grant (`aws kms list-grants`)" if of_a_key else ""
    return f"find out what allowed this call{where}, and give lpgen that policy or accept this by a decision"
