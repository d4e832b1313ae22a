"""Policies that are neither as they were nor as they were proposed: somebody changed them outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, fingerprint
from lpgen.core.drift.gains import Gains
from lpgen.core.drift.holdings import Pair, PolicyKey, held, is_in_place
from lpgen.core.drift.states import KeptProposal, State
from lpgen.core.evidence import Limit, PrincipalGrants
from lpgen.core.iam.meaning import meaning_of
from lpgen.core.model import Action, AttachedPolicy, Effect, Policy, PolicyKind, Principal, Statement
from lpgen.core.registry.drift import DriftKind

_CHANGED: Final = DriftKind.POLICY_CHANGED
_LONGEST: Final = 300
_MOST_STATEMENTS: Final = 6


def find_changed_policies(before: State, after: State, pairs: Sequence[Pair], gains: Gains) -> Iterator[DriftFinding]:
    """A finding for each managed policy that says something else, and for each principal whose policies are others.

    A change that puts the proposal in place is none.
    """
    shared = _Shared(gains)
    for pair in pairs:
        shared.add_left(pair, [side.proposals.get(pair.arn) for side in (before, after)])
        if not is_in_place(pair.after.principal, before, after):
            shared.add(pair)
            yield from _own_changes(pair, gains)
        yield from _trust_change(pair)
        yield from _boundary_change(pair, gains)
    yield from shared.findings()
    yield from _scp_changes(pairs, gains)


# ---------------------------------------------------------------- what one principal holds


def _own_changes(pair: Pair, gains: Gains) -> Iterator[DriftFinding]:
    old, new = held(pair.before.principal), held(pair.after.principal)
    changes: list[tuple[str, ...]] = []
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            changes.append((f"{_call(key)} is gone",))
        elif key not in old:
            changes.append((f"{_call(key)} came", *_statement_lines(None, new[key].document)))
        elif key[0] == "inline" and not _alike(old[key], new[key]):
            lines = _statement_lines(old[key].document, new[key].document)
            changes.append((f"{_call(key)} says something else", *lines))
    if not changes:
        return
    got = _from(pair, {key for key in new if key not in old or key[0] == "inline"})
    severity = gains.severity(got, _CHANGED) if got else _severity_without_gain(old.values(), new.values())
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
    """What a principal got by some of its policies."""
    names = {(key[1], key[2]) for key in keys}
    got = pair.after.granted() - pair.before.granted()
    by_them = (grant.actions for grant in pair.after.allows if (grant.ref.group, grant.ref.policy) in names)
    return got & frozenset().union(*by_them)


def _alike(one: AttachedPolicy, other: AttachedPolicy) -> bool:
    return meaning_of(one.document) == meaning_of(other.document)


def _call(key: PolicyKey) -> str:
    kind, group, name = key
    return f"the {kind} policy {name}{f' of group {group}' if group else ''}"


def _gained(got: frozenset[Action], gains: Gains) -> str:
    return gains.counted(got) if got else "no action"


def _severity_without_gain(old: Iterable[AttachedPolicy], new: Iterable[AttachedPolicy]) -> Severity:
    """Low where Allows only went and Denies only came; else some scope or condition may be wider."""
    allowed, denied = _by_effect(old, Effect.ALLOW), _by_effect(old, Effect.DENY)
    news = list(new)
    narrower = _by_effect(news, Effect.ALLOW) <= allowed and _by_effect(news, Effect.DENY) >= denied
    return Severity.LOW if narrower else Severity.MEDIUM


def _by_effect(policies: Iterable[AttachedPolicy], effect: Effect) -> frozenset[tuple[object, ...]]:
    return frozenset().union(
        *({one for one in meaning_of(policy.document) if effect in one[:2] or len(one) == 1} for policy in policies)
    )


# ---------------------------------------------------------------- managed policies


@dataclass(slots=True)
class _Shared:
    """Managed policies that say something else, with all who hold them."""

    gains: Gains
    changes: dict[str, tuple[AttachedPolicy, AttachedPolicy]] = field(default_factory=dict)
    holders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    got: dict[str, set[Action]] = field(default_factory=lambda: defaultdict(set))
    left: set[str] = field(default_factory=set)

    def add(self, pair: Pair) -> None:
        """Takes in the managed policies of a principal."""
        old, new = held(pair.before.principal), held(pair.after.principal)
        for key in old.keys() & new.keys():
            if key[0] == "managed" and not _alike(old[key], new[key]):
                arn = new[key].arn
                self.changes[arn] = (old[key], new[key])
                self.holders[arn].add(pair.arn)
                self.got[arn] |= _from(pair, [key])

    def add_left(self, pair: Pair, proposals: Iterable[KeptProposal | None]) -> None:
        """Takes in the policies that proposals leave attached and that AWS has changed since."""
        now = held(pair.after.principal)
        for then in (one for proposal in proposals if proposal for one in proposal.left):
            key: PolicyKey = ("managed", "", then.arn)
            new = now.get(key)
            if new is None:
                continue
            other_version = bool(then.version and new.version) and then.version != new.version
            if other_version or meaning_of(then.document) != meaning_of(new.document):
                old = AttachedPolicy(new.kind, new.name, new.arn, "", None, then.document, then.version)
                self.changes[then.arn] = (old, new)
                self.left.add(then.arn)
                self.holders[then.arn].add(pair.arn)
                self.got[then.arn] |= _from(pair, [key])

    def findings(self) -> Iterator[DriftFinding]:
        """A finding for each policy."""
        for arn, (old, new) in self.changes.items():
            got = frozenset(self.got[arn])
            holders = tuple(sorted(self.holders[arn]))
            yield _changed(
                arn,
                holders,
                self.gains.severity(got, _CHANGED) if got else _severity_without_gain([old], [new]),
                case="left" if arn in self.left else "aws" if new.kind is PolicyKind.AWS_MANAGED else "managed",
                gained=_gained(got, self.gains),
                holders="1 principal" if len(holders) == 1 else f"{len(holders):,} principals",
                details=(
                    *([f"its version was {old.version}, and is {new.version}"] if old.version and new.version else []),
                    *_statement_lines(old.document, new.document),
                    *self.gains.details(got, "gains"),
                ),
                content=(*_content([new]), *([new.version] if arn in self.left else [])),
            )


# ---------------------------------------------------------------- trust, boundary, SCPs


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
        gains.severity(got, _CHANGED) if got else Severity.LOW if old is None else Severity.MEDIUM,
        case="boundary-gone" if new is None else "boundary-new" if old is None else "boundary-other",
        gained=_gained(got, gains),
        details=(*lines, *gains.details(got, "gains")),
        ties=(" ".join(("boundary", *((new.arn or new.name,) if new else ()), *lines)),),
        content=("boundary", new.arn or new.name if new else "", *_texts(new.document if new else None)),
    )


def _named_meaning(policy: AttachedPolicy | None) -> object:
    return None if policy is None else (policy.arn or policy.name, meaning_of(policy.document))


def _scp_changes(pairs: Sequence[Pair], gains: Gains) -> Iterator[DriftFinding]:
    """A finding for each account whose SCPs say something else, where both sides know them."""
    by_account: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_account[pair.after.principal.account].append(pair)
    for account, found in by_account.items():
        old, new = _scps(found[0].before), _scps(found[0].after)
        if not old or not new or _limits(old) == _limits(new):
            continue
        got = frozenset().union(
            *(
                one.after.granted() - one.before.granted()
                for one in found
                if same_policies(one.before.principal, one.after.principal)
            )
        )
        content = sorted(grant.statement.text for limit in new for grant in (*limit.allows, *limit.denies))
        yield _changed(
            account,
            (),
            gains.severity(got, _CHANGED) if got else Severity.MEDIUM,
            case="scps",
            gained=gains.counted(got),
            details=gains.details(got, "gains"),
            ties=(" ".join(("SCPs", *content)),),
            content=content,
        )


def scps_known(grants: PrincipalGrants) -> bool:
    """Whether SCPs were given for the account of a principal."""
    return bool(_scps(grants))


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
    facts = {**facts, "content": fingerprint(content)}
    return DriftFinding(
        _CHANGED, facts, severity=severity, subject=subject, principals=principals, details=details, ties=ties
    )


def _content(policies: Iterable[AttachedPolicy]) -> tuple[str, ...]:
    return tuple(f"{one.group} {one.arn or one.name} {text}" for one in policies for text in _texts(one.document))


def _texts(document: Policy | None) -> tuple[str, ...]:
    return () if document is None else tuple(one.text for one in document.statements)


def _statement_lines(old: Policy | None, new: Policy | None) -> tuple[str, ...]:
    """The statements that came and that went, as written, shortened."""
    came = [f"+ {_short(one)}" for one in _only_in(new, old)]
    went = [f"- {_short(one)}" for one in _only_in(old, new)]
    lines = came + went
    more = len(lines) - _MOST_STATEMENTS
    return (*lines[:_MOST_STATEMENTS], *([f"and {more:,} more statements"] if more > 0 else []))


def _only_in(one: Policy | None, other: Policy | None) -> Iterator[Statement]:
    known = meaning_of(other) if other is not None else frozenset()
    for statement in one.statements if one is not None else ():
        if not meaning_of(Policy(one.version if one else "", (statement,))) <= known:
            yield statement


def _short(statement: Statement) -> str:
    return statement.text if len(statement.text) <= _LONGEST else statement.text[: _LONGEST - 1] + "…"


def same_policies(before: Principal, after: Principal) -> bool:
    """Whether a principal holds what it held."""
    old, new = held(before), held(after)
    return old.keys() == new.keys() and all(_alike(old[key], new[key]) for key in old)
