"""The narrowest trust policy that the recorded assumptions of a role support.

Each line of an Allow statement is kept, limited, or dropped. A line is limited by one condition on the key that tells
its callers apart: the subject of a web identity, the ARN of a caller in a trusted account, the external ID of a caller
in somebody else's account, or the tags of a pod. Nothing else of a statement changes, so a narrowed policy allows only
what the old one allows, and demands what the old one demands of values that no record shows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from lpgen.core.analysis.grants.trust import EXTERNAL_ID
from lpgen.core.evidence import AccountCoverage
from lpgen.core.globs.match import has_wildcard, holds_variable, pattern_contains
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.identity_center import permission_set_of
from lpgen.core.model import Condition, Policy, Principal
from lpgen.core.trust.conditions import compares_arns, covers, ignores_case, limit, positive_conditions, value_covers
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.github_ids import other_format
from lpgen.core.trust.issuers import Issuer, issuer_of
from lpgen.core.trust.known_parties import SOURCE_ACCOUNT
from lpgen.core.trust.lines import (
    POD_TAGS,
    PODS,
    SERVICE,
    TrustLine,
    lines_of_each,
    pod_tags,
    shows_caller,
    subject_key,
    tag_key,
    trust_lines,
)
from lpgen.core.trust.subjects import ladder
from lpgen.core.usage.assumptions import Assumption

PRINCIPAL_ARN: Final = "aws:PrincipalArn"

_WITHOUT_RECORDS: Final = frozenset(
    {"cognito-identity.amazonaws.com", "credentials.iot.amazonaws.com", "rolesanywhere.amazonaws.com"}
)
"""Principals that get sessions for others in ways that leave no record of STS.

https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html
https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
"""


_ANY_COMMIT: Final = ":commit:*"
"""The table of assumptions folds the commit in a subject. Any other wildcard in a subject is literal."""


class Treatment(StrEnum):
    """What happens to a line."""

    KEPT = "kept"
    LIMITED = "limited"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class NarrowedLine:
    """A line and what happens to it, the conditions of its statement afterwards, and the assumptions that it allowed.

    `added` are the subjects in GitHub's other format that the line allows in addition.
    """

    line: TrustLine
    treatment: Treatment
    conditions: tuple[Condition, ...]
    uses: tuple[Assumption, ...]
    added: tuple[str, ...] = ()


def narrow(
    role: Principal, evidence: TrustEvidence, covered: AccountCoverage, *, rung: int = 0
) -> tuple[NarrowedLine, ...]:
    """The lines of a role's trust policy after narrowing, in the order of the policy.

    Subjects and callers are listed exactly if no new one appeared in the later half of the covered days. Otherwise they
    climb to a pattern that was settled by then, at least to the given `rung` of its ladder.
    """
    lines = trust_lines(role.trust) if role.trust else ()
    uses: dict[TrustLine, list[Assumption]] = defaultdict(list)
    for assumption, allowing in lines_of_each(evidence.successes(role), lines, role):
        for line in allowing:
            uses[line].append(assumption)
    half = covered.first_day + (covered.last_day - covered.first_day) / 2
    return tuple(_narrow_line(line, tuple(uses[line]), role, evidence, half, rung) for line in lines)


def _narrow_line(
    line: TrustLine, uses: tuple[Assumption, ...], role: Principal, evidence: TrustEvidence, half: date, rung: int
) -> NarrowedLine:
    old = line.statement.conditions
    if not uses:
        is_kept = not line.assumes or evidence.keeps(line.value, line.action, role)
        dropped = not is_kept and may_drop(line, role, evidence)
        return NarrowedLine(line, Treatment.DROPPED if dropped else Treatment.KEPT, old, ())
    added: tuple[str, ...] = ()
    if evidence.keeps(line.value, line.action, role):
        new = old
    elif line.is_web_identity:
        new, added = _limit_subjects(line, uses, role, evidence, half, rung)
    elif line.is_anyone or line.is_whole_account:
        new = _limit_callers(line, uses, half)
    elif line.kind == SERVICE:
        new = _limit_pods(line, uses, evidence.pods.get(role.arn, ()), half)
        new = _limit_sources(line, uses, evidence, half) if new == old else new
    else:
        new = old
    return NarrowedLine(line, Treatment.KEPT if new == old else Treatment.LIMITED, new, uses, added)


def leaves_records(line: TrustLine) -> bool:
    """Whether STS records the assumptions by a line's principal."""
    return line.value not in _WITHOUT_RECORDS


def may_drop(line: TrustLine, role: Principal, evidence: TrustEvidence) -> bool:
    """Whether a line without recorded use may go: its use would certainly have left a record.

    For a service, the log proves this by a record of the service's assumption of another role.
    """
    return leaves_records(line) and (line.kind != SERVICE or (role.account, line.value) in evidence.services)


# ---------------------------------------------------------------- subjects


def _limit_subjects(
    line: TrustLine, uses: Sequence[Assumption], role: Principal, evidence: TrustEvidence, half: date, rung: int
) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
    """The conditions with the subjects limited to the recorded ones, and what GitHub's other format adds to them."""
    issuer, key, old = issuer_of(line.value), subject_key(line.host), line.statement.conditions
    if issuer is None or "sub" not in issuer.claims or any(not _is_literal(use.shown_subject, line) for use in uses):
        return old, ()
    bounds = positive_conditions(old, key)
    if any(map(ignores_case, bounds)):
        return old, ()
    if any(holds_variable(value, line.version) for bound in bounds for value in bound.values):
        return old, ()
    first = _first_days((use.subject, use.day) for use in uses)
    values: set[str] = set()
    for subject, pattern in _climb(first, lambda text: ladder(issuer, text), half, rung).items():
        found = _within(pattern, subject, bounds)
        if found is None:
            return old, ()
        values |= found
    kept = (value for bound in bounds for value in bound.values if evidence.keeps(value, line.action, role))
    values |= {value for value in kept if all(covers(bound, value) for bound in bounds)}
    values -= {value for value in values if any(other != value and pattern_contains(other, value) for other in values)}
    added = _other_formats(issuer, values, evidence) - values
    is_same = {value for bound in bounds for value in bound.values} == values and len(bounds) == 1
    if is_same and not added:
        return old, ()
    new = limit(old, key, values, exact="StringEquals", pattern="StringLike", added=added)
    return new, tuple(sorted(added)) if new != old else ()


def _is_literal(text: str, line: TrustLine) -> bool:
    """Whether a recorded text means only itself in the line's policy."""
    return bool(text) and not has_wildcard(text.replace(_ANY_COMMIT, "")) and not holds_variable(text, line.version)


def _other_formats(issuer: Issuer, values: Iterable[str], evidence: TrustEvidence) -> set[str]:
    """The forms with ids of subjects without them. The form without ids would allow anyone who takes over a name."""
    plain = (value for value in values if not other_format(issuer, value, {}))
    return {other for value in plain if (other := other_format(issuer, value, evidence.ids))}


def _first_days(seen: Iterable[tuple[str, date]]) -> dict[str, date]:
    found: dict[str, date] = {}
    for text, day in seen:
        found[text] = min(day, found.get(text, day))
    return found


def _climb(
    first: Mapping[str, date], rungs: Callable[[str], tuple[str, ...]], half: date, least: int = 0
) -> dict[str, str]:
    """The pattern for each text: the lowest rung of its ladder, above `least`, whose patterns were all known by the
    middle of the days. "" if there is none."""
    ladders = {text: rungs(text) or (text,) for text in first}
    at = {text: min(least, len(ladders[text]) - 1) for text in first}
    while True:
        since = _first_days_of_patterns(at, ladders, first)
        groups: dict[str, list[str]] = defaultdict(list)
        for text, steps in ladders.items():
            if at[text] < len(steps) - 1:
                groups[steps[at[text] + 1]].append(text)
        growing = {
            text
            for texts in groups.values()
            if any(since[ladders[text][at[text]]] > half for text in texts)
            for text in texts
        }
        if not growing:
            break
        for text in growing:
            at[text] += 1
    return {text: steps[at[text]] if since[steps[at[text]]] <= half else "" for text, steps in ladders.items()}


def _first_days_of_patterns(
    at: Mapping[str, int], ladders: Mapping[str, Sequence[str]], first: Mapping[str, date]
) -> dict[str, date]:
    """The first day of each pattern up to the current rung of a ladder."""
    return _first_days((pattern, first[text]) for text, steps in ladders.items() for pattern in steps[: at[text] + 1])


def _within(pattern: str, text: str, bounds: Sequence[Condition]) -> set[str] | None:
    """The patterns to allow for a text: its own pattern if the old conditions contain it, otherwise the old patterns
    that match the text. None if no limit is possible."""
    if pattern and all(covers(bound, pattern) for bound in bounds):
        return {pattern}
    if len(bounds) != 1:
        return None
    return {value for value in bounds[0].values if value_covers(bounds[0], value, text)} or None


# ---------------------------------------------------------------- callers in trusted accounts


def _limit_callers(line: TrustLine, uses: Sequence[Assumption], half: date) -> tuple[Condition, ...]:
    """The conditions with the callers of an account limited to the recorded ones.

    The account stays the principal: IAM stores a role's ARN in `Principal` as its unique id, which would lock out the
    role once it is created again. The log of the role's account doesn't name callers of other accounts, so these are
    limited to the external ID that they all give.
    """
    old = line.statement.conditions
    if all(map(shows_caller, uses)):
        return _limit_arns(line, uses, half)
    given = {use.shown_external_id for use in uses}
    is_alike = (
        line.is_whole_account and len(given) == 1 and "" not in given and not positive_conditions(old, EXTERNAL_ID)
    )
    if not is_alike or min(use.day for use in uses) > half or any(map(has_wildcard, given)):
        return old
    return limit(old, EXTERNAL_ID, given, exact="StringEquals", pattern="StringLike")


def _limit_arns(line: TrustLine, uses: Sequence[Assumption], half: date) -> tuple[Condition, ...]:
    """The conditions with the ARNs of the callers limited to the recorded ones, unless new ones still appeared."""
    old, arns = line.statement.conditions, {use.principal for use in uses}
    first = _first_days((_caller_pattern(use.principal), use.day) for use in uses)
    is_settled = all(day <= half for day in first.values())
    if not is_settled or not all(_is_literal(arn, line) and not arn.endswith(":root") for arn in arns):
        return old
    bounds, values = positive_conditions(old, PRINCIPAL_ARN), set[str]()
    for arn in arns:
        found = _within(_caller_pattern(arn), arn, bounds)
        if found is None:
            return old
        values |= found
    if any(map(ignores_case, bounds)) or (bounds and {value for bound in bounds for value in bound.values} == values):
        return old
    is_text = bool(bounds) and not any(map(compares_arns, bounds))
    exact, pattern = ("StringEquals", "StringLike") if is_text else ("ArnEquals", "ArnLike")
    return limit(old, PRINCIPAL_ARN, values, exact=exact, pattern=pattern)


def _caller_pattern(arn: str) -> str:
    """The ARN of a caller, or the pattern for the roles of its permission set, which a new assignment creates again.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    found = permission_set_of(arn)
    if found is None:
        return arn
    head = arn.partition(":role/")[0]
    return f"{head}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{found.name}_{'?' * 16}"


def _limit_sources(
    line: TrustLine, uses: Sequence[Assumption], evidence: TrustEvidence, half: date
) -> tuple[Condition, ...]:
    """The conditions with a service limited to act for the one account that its records show.

    Only for services whose AWS page shows the key in a trust policy: others may not send it, and would be refused.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    old, accounts = line.statement.conditions, {use.source_account for use in uses}
    if line.value not in evidence.source_services or len(accounts) != 1 or "" in accounts:
        return old
    if min(use.day for use in uses) > half:
        return old
    if positive_conditions(old, SOURCE_ACCOUNT):
        return old
    return limit(old, SOURCE_ACCOUNT, accounts, exact="StringEquals", pattern="StringLike")


def _limit_pods(
    line: TrustLine, uses: Sequence[Assumption], associations: Sequence[Mapping[str, str]], half: date
) -> tuple[Condition, ...]:
    """The conditions with EKS Pod Identity limited to the clusters, namespaces and service accounts that records or the
    role's associations show.

    Only if all associations set tags, because a request without tags would be refused, and if each recorded cluster has
    an association, because others may be unread.
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """
    old = new = line.statement.conditions
    seen = [(pod_tags(use), use.day) for use in uses]
    known = [*associations, *(tags for tags, _ in seen)]
    if line.value != PODS or not associations or not all(tags.keys() >= set(POD_TAGS) for tags in known):
        return old
    if not {tags[POD_TAGS[0]] for tags, _ in seen} <= {tags[POD_TAGS[0]] for tags in associations}:
        return old
    for tag in POD_TAGS:
        values = {tags[tag] for tags in known}
        is_settled = all(day <= half for day in _first_days((tags[tag], day) for tags, day in seen).values())
        if not is_settled or not all(_is_literal(value, line) for value in values):
            return old
        if not positive_conditions(old, tag_key(tag)):
            new = limit(new, tag_key(tag), values, exact="StringEquals", pattern="StringLike")
    return new


# ---------------------------------------------------------------- the document


def policy_from_lines(policy: Policy, lines: Sequence[NarrowedLine], *, place: str) -> Policy:
    """The policy with its lines as narrowed. A statement whose lines all stay is copied as written."""
    by_statement: dict[int, list[NarrowedLine]] = defaultdict(list)
    for line in lines:
        by_statement[line.line.statement.index].append(line)
    statements: list[Any] = []
    for statement in policy.statements:
        own = by_statement.get(statement.index, [])
        if all(line.treatment is Treatment.KEPT for line in own):
            statements.append(json.loads(statement.text))
        else:
            statements.extend(_split(json.loads(statement.text), own))
    return policy_from_json({"Version": policy.version, "Statement": _with_own_sids(statements)}, place=place)


def _split(fields: Mapping[str, Any], lines: Iterable[NarrowedLine]) -> Iterable[dict[str, Any]]:
    """One statement for each set of conditions of the lines that stay."""
    groups: dict[tuple[Condition, ...], list[NarrowedLine]] = defaultdict(list)
    for line in lines:
        if line.treatment is not Treatment.DROPPED:
            groups[line.conditions].append(line)
    for conditions, some in groups.items():
        principal: dict[str, list[str]] = defaultdict(list)
        for line in some:
            principal[line.line.kind].append(line.line.value)
        new = {**fields, "Principal": {kind: _one_or_many(values) for kind, values in principal.items()}}
        if some[0].treatment is Treatment.LIMITED:
            new["Condition"] = _block(conditions)
        yield new


def _block(conditions: Iterable[Condition]) -> dict[str, dict[str, str | list[str]]]:
    block: dict[str, dict[str, str | list[str]]] = {}
    for condition in conditions:
        block.setdefault(condition.operator, {})[condition.key] = _one_or_many(condition.values)
    return block


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _with_own_sids(statements: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements, with a number after a Sid that occurred before, because IAM wants each Sid once."""
    taken, seen = {fields.get("Sid", "") for fields in statements}, set[str]()
    found = []
    for fields in statements:
        sid = name = fields.get("Sid", "")
        number = 2
        while sid in seen and name in taken:
            name, number = f"{sid}{number}", number + 1
        taken.add(name)
        seen |= {sid} - {""}
        found.append({**fields, "Sid": name} if sid else fields)
    return found
