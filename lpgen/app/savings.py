"""What a review notes of each principal to name the proposals of `lpgen roles` that save most."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lpgen.core.analysis.reviewer import Batch, Recorded, Reviewer
from lpgen.core.catalog.danger import Dangers
from lpgen.core.findings import Saving, SavingKind
from lpgen.core.model import PrincipalKind
from lpgen.core.options import Options
from lpgen.core.roles.candidates import Likeness, Reviewed, likeness_of, reviewed_from
from lpgen.core.roles.model import UserKind
from lpgen.core.roles.savings import Sketch, greatest_savings
from lpgen.core.roles.sessions import sessions_from_usage
from lpgen.core.roles.signs import signs_from_usage
from lpgen.core.roles.splits import RoleInSessions, saved_by_split
from lpgen.core.roles.users import UserFacts, kind_of_user
from lpgen.core.usage.tables import EMPTY_USAGE, Usage
from lpgen.edge.readers.credentials import IamExtras
from lpgen.edge.spill import Place, Spill, pack_bytes


class Noted(NamedTuple):
    """What a review notes of one principal: what others must have in common with it to share a role, what a split or
    a replacement of a user saves, and its packed sketch."""

    arn: str
    alike: Likeness | None
    own: Saving | None
    packed: bytes


@dataclass(frozen=True, slots=True)
class NoteTaker:
    """Takes notes of reviewed principals. `accounts` are the names of accounts, `several` the permission sets with
    roles in several accounts."""

    accounts: Mapping[str, str]
    several: Collection[object]
    extras: IamExtras

    def note(self, reviewer: Reviewer, recorded: Recorded, batch: Batch) -> Noted:
        """The notes of one principal of a batch, which has signs."""
        one, usage = reviewed_from(*recorded), replace(EMPTY_USAGE, signs=batch.signs)
        kind: UserKind | None = None
        if one.principal.kind is PrincipalKind.USER:
            kind, own = self._of_user(one, usage, reviewer)
        else:
            own = _saved_by_split(one, usage, reviewer)
        alike = likeness_of(one, self.accounts, {one.principal.arn: kind} if kind else {}, self.several)
        outline = replace(one.principal, policies=(), boundary=None, trust=None, instance_profiles=())
        packed = pack_bytes(pickle.dumps(Sketch(outline, one.need, one.used))) if alike else b""
        return Noted(outline.arn, alike, own, packed)

    def _of_user(self, one: Reviewed, usage: Usage, reviewer: Reviewer) -> tuple[UserKind, Saving | None]:
        arn, least = one.principal.arn, reviewer.options.min_days
        signs, credentials = signs_from_usage(usage, [arn])[arn], self.extras.credentials_of(arn)
        facts = UserFacts(one, signs, credentials, reviewer.ground.coverage, least)
        keys = sum(key.active is not False for key in facts.keys)
        return kind_of_user(facts), Saving(SavingKind.USER, (arn,), 1, keys) if keys else None


def _saved_by_split(one: Reviewed, usage: Usage, reviewer: Reviewer) -> Saving | None:
    arn = one.principal.arn
    use = sessions_from_usage(usage, [one.principal], reviewer.counter.names.full_arn)[arn]
    jobs, lacked = saved_by_split(RoleInSessions(one, use, (), ()))
    return Saving(SavingKind.SPLIT, (arn,), jobs, lacked) if jobs else None


@dataclass(slots=True)
class Notes:
    """The notes of a review, with the sketches in a temporary file. `begin` deletes those of an earlier pass."""

    taker: NoteTaker
    _own: list[Saving] = field(default_factory=list)
    _alike: dict[str, Likeness] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _known: dict[Likeness, Likeness] = field(default_factory=dict)
    _spill: Spill = field(default_factory=Spill)

    def begin(self) -> NoteTaker:
        """Deletes all notes, and returns what takes new ones."""
        self._own, self._alike, self._places, self._spill = [], {}, {}, Spill()
        return self.taker

    def add(self, noted: Noted) -> None:
        """Adds the notes of a principal."""
        if noted.own:
            self._own.append(noted.own)
        if noted.alike:
            self._alike[noted.arn] = self._known.setdefault(noted.alike, noted.alike)
            self._places[noted.arn] = self._spill.add(noted.packed)

    def savings(self, dangers: Dangers) -> tuple[Saving, ...]:
        """The proposals that save most."""
        return greatest_savings(self._own, self._alike, self._load, dangers)

    def _load(self, arn: str) -> Sketch:
        found: Sketch = pickle.loads(self._spill.read(self._places[arn]))
        return found


def account_names(options: Options) -> dict[str, str]:
    """The names of accounts, by account id, as far as the snapshot knows them."""
    return {one.account: one.name for one in options.snapshot.accounts} if options.snapshot else {}
