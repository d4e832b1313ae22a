"""Policies that match neither their earlier state nor the proposal, so they were changed outside lpgen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind, Gains, fingerprint
from lpgen.core.drift.members import Pair, PolicyKey, held, same_policies, says_the_same_policy
from lpgen.core.evidence import Limit, PrincipalGrants
from lpgen.core.iam.policy import meaning_of
from lpgen.core.model import Action, AttachedPolicy, Effect, Policy, PolicyKind, Statement
from lpgen.core.registry.row import IAM_GUIDE, Row


class PolicyDrift(DriftKind):
    """Drift of policies."""

    POLICY_CHANGED = Row(
        "policy-changed",
        "A policy was changed outside lpgen.",
        parameters={"case": str, "gained": str, "holders": str, "content": str},
        message={
            "own": "its policies were changed outside lpgen: it gains {gained}",
            "managed": "it was changed outside lpgen; held by {holders}: it gains {gained}",
            "aws": "AWS changed it; held by {holders}: it gains {gained}",
            "left": "AWS changed it since replacements left it attached; held by {holders}: it gains {gained}",
            "trust": "its trust policy was changed: other principals may assume it",
            "boundary-gone": "its permissions boundary was removed: it gains {gained}",
            "boundary-new": "its permissions boundary was added: it gains {gained}",
            "boundary-other": "its permissions boundary was replaced or changed: it gains {gained}",
            "scps": "the SCPs of the account were changed: its principals gain {gained}",
        },
        step="find out who changed it and why; undo it, or save a new baseline",
        item="policy-changed {subject} {content}",
        help="It matches neither its earlier state nor the proposal.",
        source=f"{IAM_GUIDE}/access_policies_manage.html",
        severity=Severity.HIGH,
        score="8.0",
        by_gain=(Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM),
    )


_OTHER_VERSION: Final = "its version was {old} and is now {new}"
_MORE_STATEMENTS: Final = "and {more:,} more statements"
_LONGEST: Final = 300
_MOST_STATEMENTS: Final = 6


def find_own_changes(pairs: Iterable[Pair], gains: Gains) -> Iterator[DriftFinding]:
    """A finding for each principal whose own policies, trust policy or boundary changed.

    A change that puts the proposal in place isn't a finding.
    """
    for pair in pairs:
        if not pair.is_in_place:
            yield from _own_changes(pair, gains)
        yield from _trust_change(pair)
        yield from _boundary_change(pair, gains)


# ---------------------------------------------------------------- what one principal holds


def _own_changes(pair: Pair, gains: Gains) -> Iterator[DriftFinding]:
    old, new = held(pair.before.principal), held(pair.after.principal)
    changes: list[tuple[str, ...]] = []
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            changes.append((f"{_call(key)} was removed",))
        elif key not in old:
            changes.append((f"{_call(key)} was added", *_statement_lines(None, new[key].document)))
        elif key[0] == "inline" and not says_the_same_policy(old[key], new[key]):
            lines = _statement_lines(old[key].document, new[key].document)
            changes.append((f"{_call(key)} was changed", *lines))
    if not changes:
        return
    got = _from(pair, {key for key in new if key not in old or key[0] == "inline"})
    severity = (
        gains.severity(got, PolicyDrift.POLICY_CHANGED) if got else _severity_without_gain(old.values(), new.values())
    )
    yield _changed(
        pair.arn,
        (pair.arn,),
        severity,
        case="own",
        gained=_gained(got, gains),
        details=(*chain(*changes), *gains.details(got, "gains")),
        ties=tuple(map(" ".join, changes)),
        content=_content(new.values()),
    )


def _from(pair: Pair, keys: Iterable[PolicyKey]) -> frozenset[Action]:
    """The actions that a principal gained through some of its policies."""
    names = {(key[1], key[2]) for key in keys}
    got = pair.after.granted() - pair.before.granted()
    by_them = (grant.actions for grant in pair.after.allows if (grant.ref.group, grant.ref.policy) in names)
    return got & frozenset().union(*by_them)


def _call(key: PolicyKey) -> str:
    kind, group, name = key
    return f"the {kind} policy {name}{f' of group {group}' if group else ''}"


def _gained(got: frozenset[Action], gains: Gains) -> str:
    return gains.counted(got) if got else "no action"


def _severity_without_gain(old: Iterable[AttachedPolicy], new: Iterable[AttachedPolicy]) -> Severity:
    """Low if Allows were only removed and Denies only added. Otherwise a scope or condition may be wider."""
    allowed, denied = _by_effect(old, Effect.ALLOW), _by_effect(old, Effect.DENY)
    news = list(new)
    narrower = _by_effect(news, Effect.ALLOW) <= allowed and _by_effect(news, Effect.DENY) >= denied
    return Severity.LOW if narrower else Severity.MEDIUM


def _by_effect(policies: Iterable[AttachedPolicy], effect: Effect) -> frozenset[tuple[object, ...]]:
    return frozenset().union(
        *(
            {meaning for meaning in meaning_of(policy.document) if effect in meaning[:2] or len(meaning) == 1}
            for policy in policies
        )
    )


# ---------------------------------------------------------------- managed policies


@dataclass(slots=True)
class _ManagedChange:
    """A managed policy that changed, with its holders and the actions that they gained through it.

    The texts are from the holder with the highest `rank`. `is_left` says whether a proposal left it attached.
    """

    rank: tuple[str, bool]
    old: AttachedPolicy
    new: AttachedPolicy
    is_left: bool
    holders: set[str]
    got: set[Action]


@dataclass(slots=True)
class SharedChanges:
    """The changes of shared policies: managed policies by ARN, and SCPs by account."""

    managed: dict[str, _ManagedChange] = field(default_factory=dict)
    scps: dict[str, tuple[tuple[str, ...], set[Action]]] = field(default_factory=dict)

    def add(self, pair: Pair) -> None:
        """Add the changes for a principal."""
        self._add_left(pair)
        if not pair.is_in_place:
            self._add_held(pair)
        self._add_scps(pair)

    def merge(self, other: SharedChanges) -> None:
        """Add the changes for other principals."""
        for arn, change in other.managed.items():
            self._add_change(arn, change)
        for account, (content, got) in other.scps.items():
            self.scps.setdefault(account, (content, set()))[1].update(got)

    def findings(self, gains: Gains) -> Iterator[DriftFinding]:
        """A finding for each changed policy, and for each account with changed SCPs."""
        for arn, change in self.managed.items():
            yield _managed_change(arn, change, gains)
        for account, (content, actions) in self.scps.items():
            got = frozenset(actions)
            yield _changed(
                account,
                (),
                gains.severity(got, PolicyDrift.POLICY_CHANGED) if got else Severity.MEDIUM,
                case="scps",
                gained=gains.counted(got),
                details=gains.details(got, "gains"),
                ties=(" ".join(("SCPs", *content)),),
                content=content,
            )

    def _add_change(self, arn: str, change: _ManagedChange) -> None:
        known = self.managed.setdefault(arn, change)
        if known.rank < change.rank:
            known.rank, known.old, known.new = change.rank, change.old, change.new
        known.is_left |= change.is_left
        known.holders |= change.holders
        known.got |= change.got

    def _add_held(self, pair: Pair) -> None:
        old, new = held(pair.before.principal), held(pair.after.principal)
        for key in old.keys() & new.keys():
            if key[0] == "managed" and not says_the_same_policy(old[key], new[key]):
                got = set(_from(pair, [key]))
                change = _ManagedChange((pair.arn, True), old[key], new[key], False, {pair.arn}, got)
                self._add_change(new[key].arn, change)

    def _add_left(self, pair: Pair) -> None:
        """Add the policies that proposals leave attached and that AWS has changed since."""
        now = held(pair.after.principal)
        proposals = (member.proposal for member in (pair.then, pair.now))
        for then in (policy for proposal in proposals if proposal for policy in proposal.left):
            key: PolicyKey = ("managed", "", then.arn)
            new = now.get(key)
            if new is None:
                continue
            other_version = bool(then.version and new.version) and then.version != new.version
            if other_version or meaning_of(then.document) != meaning_of(new.document):
                old = AttachedPolicy(new.kind, new.name, new.arn, "", None, then.document, then.version)
                got = set(_from(pair, [key]))
                self._add_change(then.arn, _ManagedChange((pair.arn, False), old, new, True, {pair.arn}, got))

    def _add_scps(self, pair: Pair) -> None:
        """Add the SCPs of a principal's account if they changed and both sides know them."""
        old, new = _scps(pair.before), _scps(pair.after)
        if not old or not new or _limits(old) == _limits(new):
            return
        content = tuple(sorted(grant.statement.text for limit in new for grant in (*limit.allows, *limit.denies)))
        _, got = self.scps.setdefault(pair.after.principal.account, (content, set()))
        if same_policies(pair.before.principal, pair.after.principal):
            got |= pair.after.granted() - pair.before.granted()


def _managed_change(arn: str, change: _ManagedChange, gains: Gains) -> DriftFinding:
    old, new, got, holders = change.old, change.new, frozenset(change.got), tuple(sorted(change.holders))
    return _changed(
        arn,
        holders,
        gains.severity(got, PolicyDrift.POLICY_CHANGED) if got else _severity_without_gain([old], [new]),
        case="left" if change.is_left else "aws" if new.kind is PolicyKind.AWS_MANAGED else "managed",
        gained=_gained(got, gains),
        holders="1 principal" if len(holders) == 1 else f"{len(holders):,} principals",
        details=(
            *([_OTHER_VERSION.format(old=old.version, new=new.version)] if old.version and new.version else []),
            *_statement_lines(old.document, new.document),
            *gains.details(got, "gains"),
        ),
        content=(*_content([new]), *([new.version] if change.is_left else [])),
    )


# ---------------------------------------------------------------- trust and boundary


def _trust_change(pair: Pair) -> Iterator[DriftFinding]:
    old, new = pair.before.principal.trust, pair.after.principal.trust
    if meaning_of(old) == meaning_of(new):
        return
    narrower = new is not None and old is not None and meaning_of(new) < meaning_of(old)
    yield _changed(
        pair.arn,
        (pair.arn,),
        Severity.LOW if narrower else Severity.HIGH,
        case="trust",
        details=_statement_lines(old, new),
        ties=(f"trust policy {' '.join(_statement_lines(old, new))}",),
        content=("trust", *_texts(new)),
    )


def _boundary_change(pair: Pair, gains: Gains) -> Iterator[DriftFinding]:
    old, new = pair.before.principal.boundary, pair.after.principal.boundary
    if _named_meaning(old) == _named_meaning(new):
        return
    got = pair.after.granted() - pair.before.granted() if old is not None else frozenset()
    lines = _statement_lines(old.document if old else None, new.document if new else None)
    yield _changed(
        pair.arn,
        (pair.arn,),
        gains.severity(got, PolicyDrift.POLICY_CHANGED) if got else Severity.LOW if old is None else Severity.MEDIUM,
        case="boundary-gone" if new is None else "boundary-new" if old is None else "boundary-other",
        gained=_gained(got, gains),
        details=(*lines, *gains.details(got, "gains")),
        ties=(" ".join(("boundary", *((new.arn or new.name,) if new else ()), *lines)),),
        content=("boundary", new.arn or new.name if new else "", *_texts(new.document if new else None)),
    )


def _named_meaning(policy: AttachedPolicy | None) -> object:
    return None if policy is None else (policy.arn or policy.name, meaning_of(policy.document))


def _scps(grants: PrincipalGrants) -> tuple[Limit, ...]:
    return tuple(limit for limit in grants.limits if limit.name.endswith("SCPs"))


def _limits(limits: Iterable[Limit]) -> tuple[object, ...]:
    return tuple(
        meaning_of(Policy("", tuple(grant.statement for grant in (*limit.allows, *limit.denies)))) for limit in limits
    )


# ---------------------------------------------------------------- shared


def _changed(
    subject: str,
    principals: tuple[str, ...],
    severity: Severity,
    *,
    details: tuple[str, ...],
    content: Iterable[str],
    ties: tuple[str, ...] = (),
    **facts: str,
) -> DriftFinding:
    return DriftFinding(
        PolicyDrift.POLICY_CHANGED,
        {**facts, "content": fingerprint(content)},
        severity=severity,
        subject=subject,
        principals=principals,
        details=details,
        ties=ties,
    )


def _content(policies: Iterable[AttachedPolicy]) -> tuple[str, ...]:
    return tuple(
        f"{policy.group} {policy.arn or policy.name} {text}" for policy in policies for text in _texts(policy.document)
    )


def _texts(document: Policy | None) -> tuple[str, ...]:
    return () if document is None else tuple(statement.text for statement in document.statements)


def _statement_lines(old: Policy | None, new: Policy | None) -> tuple[str, ...]:
    """The added and removed statements, as written, shortened."""
    added = [f"+ {_short(statement)}" for statement in _only_in(new, old)]
    lines = [*added, *(f"- {_short(statement)}" for statement in _only_in(old, new))]
    more = len(lines) - _MOST_STATEMENTS
    return (*lines[:_MOST_STATEMENTS], *([_MORE_STATEMENTS.format(more=more)] if more > 0 else []))


def _only_in(policy: Policy | None, other: Policy | None) -> Iterator[Statement]:
    known = meaning_of(other) if other is not None else frozenset()
    for statement in policy.statements if policy is not None else ():
        if not meaning_of(Policy(policy.version if policy else "", (statement,))) <= known:
            yield statement


def _short(statement: Statement) -> str:
    return statement.text if len(statement.text) <= _LONGEST else statement.text[: _LONGEST - 1] + "…"
