"""The report's notes on policies other than the principals' own, given or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lpgen.core.guards import Guards
from lpgen.core.model import Effect, Policy
from lpgen.report.pages.blocks import Words, line, name, plural


def guards_notes(guards: Guards) -> Iterator[Words]:
    """A sentence for each kind of guard; what isn't given can cap or explain nothing."""
    if guards.scps:
        yield line("SCPs: ", "; ".join(_scps(guards)))
    else:
        yield line("no SCPs given: permissions that they block are shown as allowed; add ", name("--scps FILE"))
    trusts, others = resource_counts(guards)
    if others:
        known = plural(others, "resource policy", "resource policies")
        yield line(f"resource policies: {known} and the trust policies of {plural(trusts, 'role')}")
    else:
        trusted = f" except the trust policies of {plural(trusts, 'role')}" if trusts else ""
        given = f"no resource policies given{trusted}: use that only they allow is shown as ungranted; add "
        yield line(given, name("--resource-policies DIR"))
    if guards.boundary is not None:
        yield line("permissions boundary: ", name(guards.boundary.name), " counts for every principal")


def _scps(guards: Guards) -> Iterator[str]:
    """The accounts whose SCPs cap grants, and how many accounts have none, as outside of an organization."""
    listed = [one for one in guards.scps if one.account]
    capped = sum(bool(one.levels) for one in listed)
    everyone = [len(one.levels) for one in guards.scps if not one.account]
    parts = [f"those of {plural(capped, 'account')}"] if capped else []
    parts += [f"{plural(levels, 'level')} for every {'other ' if listed else ''}account" for levels in everyone]
    if parts:
        verb = "caps" if parts[0].startswith("1 level ") else "cap"
        yield f"{' and '.join(parts)} {verb} the grants"
    shut = [one.account for one in guards.scps if any(not _allows_anything(level) for level in one.levels)]
    if shut:
        whose = "all accounts" if "" in shut else plural(len(shut), "account")
        yield f"a level of {whose} allows nothing, so nothing is granted there: is FullAWSAccess missing from it?"
    if len(listed) > capped:
        yield f"{plural(len(listed) - capped, 'account has', 'accounts have')} none"


def _allows_anything(level: Iterable[Policy]) -> bool:
    return any(statement.effect is Effect.ALLOW for policy in level for statement in policy.statements)


def others_than_trust(guards: Guards) -> int:
    """How many policies of resources were given."""
    return resource_counts(guards)[1]


def resource_counts(guards: Guards) -> tuple[int, int]:
    """How many trust policies of roles and how many other resource policies are known."""
    trusts = sum(":role/" in one.resource for one in guards.resource_policies)
    return trusts, len(guards.resource_policies) - trusts
