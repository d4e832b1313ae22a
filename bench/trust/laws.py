"""The laws of every proposal, checked from the records, the old policy and the proposal.

The numbers are those of the contract of `lpgen trust`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from bench.trust.assumptions import Assumption
from bench.trust.case import Case, lost_requests, summarize, thin_out
from bench.trust.referee import (
    Json,
    Request,
    account_of_root,
    actions_of,
    allows,
    as_list,
    conditions_of,
    glob_matches,
    is_met,
    principal_entries,
    statements_of,
    worlds,
)

QUOTA: Final = 2048
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without white space"""

_SSO_ROLE: Final = re.compile(
    r"(arn:[^:]+:iam::\d+:role/aws-reserved/sso\.amazonaws\.com/.*AWSReservedSSO_.+_)[0-9a-f]{16}"
)
_GROWING_NAME: Final = re.compile(
    r"(repo:[^:]+:(?:ref:refs/(?:heads|tags)/|environment:)|project_path:[^:]+:ref_type:[^:]+:ref:).+", re.DOTALL
)
_GROWING_DAYS: Final = 2
"""On how many late days new subjects must appear: those of one afternoon may be an intruder's."""


def law_keeps_assumptions(case: Case) -> Iterator[str]:
    """Law 1: every successful assumption stays allowed."""
    yield from lost_requests(case, case.successes)


def law_gains_nothing(case: Case) -> Iterator[str]:
    """Law 2, with the exception for GitHub's subjects with ids."""
    if case.new is None:
        return
    for probe in case.probes:
        if allows(case.new, probe) and not case.old_allows(probe):
            yield f"newly allowed: {summarize(probe)}"
            return


def law_invents_nothing(case: Case) -> Iterator[str]:
    """Law 3: every new value comes from the old policy or from a successful record."""
    if case.new is None:
        return
    written = {(key.lower(), value) for _, key, value in _values_of(case.old)}
    for operator, key, value in _values_of(case.new):
        if (key.lower(), value) in written:
            continue
        if not any(_shows(success, operator, key.lower(), value, case) for success in case.successes):
            yield f"no record shows {key} {operator} {value}"
        if key.lower().endswith(":sub") and re.match(r"repo:[^:]*[*?]", value):
            yield f"a wildcard in an owner or a repository: {value}"


def _values_of(policy: Json) -> Iterator[tuple[str, str, str]]:
    for statement in statements_of(policy, "Allow"):
        for operator, key, values in conditions_of(statement):
            yield from ((operator, key, value) for value in values)


def _shows(success: Assumption, operator: str, key: str, value: str, case: Case) -> bool:
    present = success.request.context.get(key)
    if present is None:
        return False
    plain = case.old_form(value)
    return any(is_met(operator, (text,), present) for text in (value, plain) if text is not None)


def law_copies_conditions(case: Case) -> Iterator[str]:
    """Law 3: the audience and every claim that no record shows keep their condition."""
    if case.new is None:
        return
    shown = {key for success in case.successes for key in success.request.context if not key.endswith(":aud")}
    parents = statements_of(case.old, "Allow")
    for number, statement in enumerate(statements_of(case.new, "Allow")):
        if not any(_may_be_parent(parent, statement, shown) for parent in parents):
            yield f"Allow statement {number} changes an audience, a condition that no record shows, or an action"


def _may_be_parent(parent: Json, child: Json, shown: set[str]) -> bool:
    kept = {(operator.lower(), key.lower(), frozenset(values)) for operator, key, values in conditions_of(child)}
    copied = all(
        (operator.lower(), key.lower(), frozenset(values)) in kept
        for operator, key, values in conditions_of(parent)
        if key.lower() not in shown
    )
    acts = all(
        any(glob_matches(pattern, action, fold=True) for pattern in actions_of(parent)) for action in actions_of(child)
    )
    return copied and acts and _principals_within(principal_entries(child), principal_entries(parent))


def _principals_within(inner: Iterable[tuple[str, str]], outer: Iterable[tuple[str, str]]) -> bool:
    """Whether each principal is written in the outer ones too; an account's id and its root are the same."""
    names = {_plain_principal(*entry) for entry in outer}
    everyone = {("*", "*"), ("AWS", "*")} & names
    return all(
        _plain_principal(*entry) in names or (bool(everyone) and bool(account_of_root(entry[1]) or entry[1] == "*"))
        for entry in inner
    )


def _plain_principal(kind: str, value: str) -> tuple[str, str]:
    return (kind, account_of_root(value) or value)


def law_principals(case: Case) -> Iterator[str]:
    """Law 4: no principal that the old policy doesn't write; sessions of recreated permission sets stay allowed."""
    if case.new is None:
        return
    old = [entry for statement in statements_of(case.old, "Allow") for entry in principal_entries(statement)]
    for statement in statements_of(case.new, "Allow"):
        for entry in principal_entries(statement):
            if not _principals_within((entry,), old):
                yield f"the old policy doesn't name {entry[1]}"
    for request in thin_out(success.request for success in case.successes):
        found = _SSO_ROLE.fullmatch(request.context.get("aws:principalarn", ("",))[0])
        if found:
            arn = f"{found.group(1)}5eedfacecafe0123"
            again = replace(request.with_values({"aws:principalarn": (arn,)}), id=arn)
            if allows(case.old, again) and not allows(case.new, again):
                yield f"denied after the permission set is assigned again: {arn}"


def law_external_id(case: Case) -> Iterator[str]:
    """Law 5: the external id that every record of another account shows is asked for."""
    if case.new is None:
        return
    by_account: dict[str, list[Request]] = defaultdict(list)
    for success in case.successes:
        if success.request.kind == "AWS" and success.request.account != case.arn.split(":")[4]:
            by_account[success.request.account].append(success.request)
    for account, requests in by_account.items():
        ids = {request.context.get("sts:externalid", ("",))[0] for request in requests}
        if len(ids) != 1 or "" in ids:
            continue
        for seed in thin_out(requests):
            for value in (None, ("another",)):
                without = seed.with_values({"sts:externalid": value})
                if any(allows(case.new, without, world) for world in worlds(case.new, without)):
                    yield f"account {account} needs no external id, though every record shows the same one"


def law_session_actions(case: Case) -> Iterator[str]:
    """Law 7: what sets tags, source identity or context of a session stays where a record uses it."""
    if case.new is None:
        return
    used = {(request.kind, request.action) for success in case.successes for request in success.requests[1:]}
    for request in thin_out(success.request for success in case.successes):
        for action in sorted(action for kind, action in used if kind == request.kind):
            asked = replace(request, action=action)
            if not all(allows(case.new, asked, world) for world in worlds(case.old, asked)):
                yield f"denied: {summarize(asked)}"


def law_reserved_roles(case: Case) -> Iterator[str]:
    """Law 8: no proposal for roles that AWS owns."""
    if case.new is not None and re.search(r":role/aws-(service-role|reserved)/", case.arn):
        yield "a proposal for a role that AWS owns"


def law_denies(case: Case) -> Iterator[str]:
    """Law 9: Deny statements stay verbatim, and policies with NotPrincipal or NotAction are refused."""
    statements = as_list(case.old.get("Statement"))
    negated = any("NotPrincipal" in statement or "NotAction" in statement for statement in statements)
    if negated and (case.new is not None or not case.output["refusals"]):
        yield "a policy with NotPrincipal or NotAction isn't refused"
    if case.new is not None:
        before, after = (
            sorted(json.dumps(statement, sort_keys=True) for statement in statements_of(policy, "Deny"))
            for policy in (case.old, case.new)
        )
        if before != after:
            yield "the Deny statements aren't the old ones"


def law_hidden_claims(case: Case) -> Iterator[str]:
    """Law 10: a successful record without a subject leads to a refusal."""
    hidden = any(success.method == "AssumeRoleWithWebIdentity" and not success.subject for success in case.successes)
    if hidden and (case.new is not None or not case.output["refusals"]):
        yield "a successful record without a subject leads to no refusal"


def law_growth(case: Case) -> Iterator[str]:
    """Law 11: a new subject of a kind that still grew in the later half of the days stays allowed."""
    if case.new is None or not case.successes:
        return
    days = [date.fromisoformat(record["eventTime"][:10]) for record in case.scenario.content["records"]]
    own = [date.fromisoformat(success.day) for success in case.successes]
    half = max(min(dates) + (max(dates) - min(dates)) / 2 for dates in (days, own))
    first: dict[str, tuple[date, Request]] = {}
    for success in sorted(case.successes, key=lambda success: success.time):
        first.setdefault(success.subject, (date.fromisoformat(success.day), success.request))
    groups: dict[str, list[tuple[date, Request]]] = defaultdict(list)
    for subject, seen in first.items():
        if found := _GROWING_NAME.fullmatch(subject):
            groups[found.group(1)].append(seen)
    for prefix, seen_subjects in groups.items():
        late = {day for day, _ in seen_subjects if day > half}
        if len(late) >= _GROWING_DAYS and min(day for day, _ in seen_subjects) < half:
            request = seen_subjects[-1][1]
            key = next(key for key in request.context if key.endswith(":sub"))
            probe = request.with_values({key: (f"{request.context[key][0]}-next",)})
            if not all(allows(case.new, probe, world) for world in worlds(case.old, probe)):
                yield f"the subjects {prefix}… still grow, and a new one is denied"


def law_quota(case: Case) -> Iterator[str]:
    """A proposal fits into the quota, unless the old policy has more characters, and has the same version."""
    if case.new is None:
        return
    sizes = [len(json.dumps(policy, separators=(",", ":"), ensure_ascii=False)) for policy in (case.old, case.new)]
    if sizes[1] > max(QUOTA, sizes[0]):
        yield f"the proposal has {sizes[1]} characters"
    if case.new.get("Version") != case.old.get("Version"):
        yield "the proposal has another Version"


def law_evidence(case: Case) -> Iterator[str]:
    """Every Allow statement of a proposal has evidence, whose examples are successful records of the role."""
    if case.new is None:
        return
    evidence: list[Json] = case.output["evidence"]
    if len(evidence) < len(statements_of(case.new, "Allow")):
        yield "a statement has no evidence"
    events = {success.event_id for success in case.successes}
    copies = {success.shared_id for success in case.successes} - {""}
    events |= {
        record["eventID"] for record in case.scenario.content["records"] if record.get("sharedEventID") in copies
    }
    for example in (example for row in evidence for example in _event_ids(row)):
        if example not in events:
            yield f"{example} is no successful assumption of the role"


def _event_ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if "event_id" in key and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from _event_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _event_ids(inner)
