"""The words to choose from on the command line.

They are separate from the code that uses them, so `lpgen --help` lists them without importing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

ENOUGH_DAYS: Final = 90
"""How many covered days are enough by default, for replacements and for narrowed trust policies: quarterly work shows
in them."""

MAX_RISK: Final = 0.03
"""The highest risk of a safe replacement: the share of such replacements that deny something in 30 days."""


class KeepUnobservable(StrEnum):
    """Which unobservable actions to keep: actions whose use the logs could not have shown."""

    ALL = "all"
    SIGNED = "signed"  # actions with a sign of use
    NONE = "none"


class UnobservableKind(StrEnum):
    """Why logs don't show the use of an action. Each unobservable action has one kind."""

    DATA_EVENTS = "data-events"  # trails can record its events, but the logs lack them
    OTHER_PROTOCOL = "other-protocol"  # used over another protocol or in a console, so no record can show it
    INSIDE_CALL = "inside-call"  # checked inside another call, whose record may not show it
    INTERNAL = "internal"  # used only by the service itself, or no longer at all
    UNCLASSIFIED = "unclassified"


class KeepByKind(Mapping[UnobservableKind, KeepUnobservable]):
    """Which unobservable actions to keep, for every kind. It is hashable."""

    def __init__(self, choices: Mapping[UnobservableKind, KeepUnobservable]) -> None:
        self._choices = {kind: choices[kind] for kind in UnobservableKind}

    def __getitem__(self, kind: UnobservableKind) -> KeepUnobservable:
        return self._choices[kind]

    def __iter__(self) -> Iterator[UnobservableKind]:
        return iter(UnobservableKind)

    def __len__(self) -> int:
        return len(self._choices)

    def __hash__(self) -> int:
        return hash(tuple(self._choices.values()))


def keep_each(value: KeepUnobservable) -> KeepByKind:
    """The same choice for each kind."""
    return KeepByKind(dict.fromkeys(UnobservableKind, value))


def keep_from_words(words: Iterable[str]) -> KeepByKind:
    """The choices from words such as `none` or `data-events=all`. The last word for a kind counts. The default is
    signed.

    Raises:
        ValueError: a word isn't a kind or a choice. The message lists the valid ones.
    """
    chosen = dict(keep_each(KeepUnobservable.SIGNED))
    for word in words:
        kind, equals, value = word.rpartition("=")
        if value not in list(KeepUnobservable):
            raise ValueError(f"{value!a} is not one of {', '.join(KeepUnobservable)}")
        if equals and kind not in list(UnobservableKind):
            raise ValueError(f"{kind!a} is not a kind; the kinds are {', '.join(UnobservableKind)}")
        chosen.update(dict.fromkeys([UnobservableKind(kind)] if equals else UnobservableKind, KeepUnobservable(value)))
    return KeepByKind(chosen)


def words_of_keep(keep: KeepByKind) -> str:
    """The shortest words for the choices: one word if all are the same, otherwise the choices other than signed."""
    values = set(keep.values())
    if len(values) == 1:
        return values.pop().value
    return " ".join(f"{kind}={keep[kind]}" for kind in UnobservableKind if keep[kind] is not KeepUnobservable.SIGNED)


class ScopeChoice(StrEnum):
    """How far the lines of a replacement reach."""

    AUTO = "auto"  # GRANTED without what IAM reports as never tried in the first month of logs, then EVIDENCE
    EXACT = "exact"  # the recorded resources
    EVIDENCE = "evidence"  # the resources that the logs support
    GRANTED = "granted"  # the resources of the old statements, with fewer actions


class Severity(StrEnum):
    """The severity of a finding, the most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Its place in this order, from 0."""
        return tuple(Severity).index(self)


class Duty(StrEnum):
    """A task of lpgen, or the permissions that another account grants it."""

    INGEST_S3 = "ingest-s3"
    INGEST_ATHENA = "ingest-athena"
    INGEST_CLOUDTRAIL = "ingest-cloudtrail"
    SNAPSHOT = "snapshot"
    ASSUME_ROLE = "assume-role"
    MEMBER_ROLE = "member-role"
    MEMBER_TRUST = "member-trust"
    PERIMETER = "perimeter"
    ROLLOUT_APPLY = "rollout-apply"
    ROLLOUT_UNDO = "rollout-undo"
    ROLLOUT_WATCH = "rollout-watch"
    MEMBER_ROLLOUT = "member-rollout"


class DenyKind(StrEnum):
    """What a Deny is about: who calls, from where, or which account an AWS service acts for."""

    IDENTITY = "identity"
    NETWORK = "network"
    CONFUSED_DEPUTY = "confused-deputy"


class RolesPart(StrEnum):
    """A part of the answer of `lpgen roles`."""

    USERS = "users"
    MERGES = "merges"
    SPLITS = "splits"
    LEFTOVERS = "leftovers"
