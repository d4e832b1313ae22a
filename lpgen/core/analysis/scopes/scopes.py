"""The scope of each resource that a principal used: the narrowest rung of its ladder that the evidence supports."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from itertools import chain
from typing import Final

from lpgen.core.analysis.scopes.named_resources import is_creation_of
from lpgen.core.analysis.scopes.prefixes import Population, ladder_of, population_from_days, stem_of
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import is_regular
from lpgen.core.choices import ScopeChoice
from lpgen.core.cloudtrail.rules.call import ANY_ACCOUNT
from lpgen.core.evidence import Use
from lpgen.core.model import UNKNOWN_RESOURCE, Action, Outcome, Resource, ResourceKind
from lpgen.core.replacements import ScopeRule

_MOST: Final = 1 / 2
"""A principal that uses at least this share of the known resources below a prefix works on all of them."""

SEVERAL: Final = 3
"""A principal that uses this many different names below a prefix will use the next one too."""

_LATEST: Final = 1 / 3
"""A resource first used after this share of the days shows that the principal keeps using new names."""

FEWEST_DAYS: Final = 10
"""Fewer days of use don't show which resources a principal needs."""

FEWEST_DAYS_SINCE: Final = 45
"""Less time since the first use doesn't show either that no new resources follow, for example because trails didn't
record such use before."""

FEWEST_OF_A_KIND: Final = 5
"""Fewer resources don't show that a principal works on every resource of a kind that is worth pinning."""

_FEWEST_VISITS: Final = 2
"""Use on this few days in an otherwise unknown account may be a one-time visit."""

_FEWEST_RIGHTS: Final = 3
"""Fewer roles or keys below a prefix don't show that a principal works on all of them."""

_PRIVILEGED_SERVICES: Final = ("iam", "kms")
"""Services whose resources grant permissions: only the principal's own use widens a scope on them."""

_WORTH_PINNING: Final = ("dynamodb", "s3", "secretsmanager", *_PRIVILEGED_SERVICES)
"""Services whose resources are data, secrets, keys and permissions, which an intruder wants."""

NAMED_KINDS: Final = (ResourceKind.ARN, ResourceKind.FOLD)
"""The kinds of resources that records name."""


@dataclass(frozen=True, slots=True)
class NamedScope:
    """The scope of a line in place of a resource, and the rule. UNKNOWN is the statement's own scope."""

    resource: Resource
    rule: str


def _no_danger(_: Action) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class NamedScopes:
    """The scopes of one principal that are wider than the resources it used: by resource, and by harmful action."""

    by_text: Mapping[str, NamedScope]
    harmful: Mapping[Action, Mapping[str, NamedScope]]

    def of(self, use: Use) -> NamedScope | None:
        """The scope of a use, None if it is the resource itself."""
        return None if use.suspected else self.harmful.get(use.action, self.by_text).get(use.resource.text)


CREATES: Final = ScopeRule(
    "creates-names",
    "the principal creates such resources, and the next resource will have another name",
    "a common prefix of the names that it creates",
)
STILL_GROWING: Final = ScopeRule(
    "still-growing",
    "the principal kept using new names in the last two thirds of its days, so the next name is allowed too",
    "more days of logs without new names",
)


@dataclass(frozen=True, slots=True)
class ScopeFinder:
    """Finds scopes. `until` is the last day of the logs, `accounts` are the accounts of the logs and the policies.

    Suspected use widens no scope. The scope of the worst actions depends on their own successful use, and is wider only
    if the principal keeps using new names.
    """

    population: Population
    catalog: Catalog
    until: date | None
    choice: ScopeChoice = ScopeChoice.EVIDENCE
    accounts: frozenset[str] = frozenset()
    danger: Callable[[Action], str] = _no_danger

    def of_uses(self, uses: Iterable[Use]) -> NamedScopes:
        """The scopes of one principal's uses."""
        if self.choice is not ScopeChoice.EVIDENCE or self.until is None:
            return NamedScopes({}, {})
        harmless: list[Use] = []
        harmful: dict[Action, list[Use]] = defaultdict(list)
        created: set[str] = set()
        made: set[str] = set()
        for use in uses:
            if use.suspected or use.outcome is Outcome.DENIED:
                continue
            if is_creation_of(use):
                created.add(use.resource.text)
                made.update([use.resource.text] if use.is_made else [])
            if self.danger(use.action):
                harmful[use.action].extend([use] if use.is_done else [])
            else:
                harmless.append(use)
        climbs = _climbs(harmless, created, self.catalog, harmful=False)
        worst = {action: _climbs(some, made, self.catalog, harmful=True) for action, some in harmful.items()}
        names = _population([*climbs, *chain.from_iterable(worst.values())])
        return NamedScopes(
            self._scopes(climbs, names, self.until),
            {action: self._scopes(some, names, self.until) for action, some in worst.items()},
        )

    def _scopes(self, climbs: Sequence[_Climb], names: Population, until: date) -> dict[str, NamedScope]:
        own = _population(climbs)
        others_prevail = cache(partial(self._others_prevail, own))
        kinds: dict[str, list[_Climb]] = defaultdict(list)
        for climb in climbs:
            # The worst actions climb only if the principal keeps using new names, or creates them.
            climb.is_settled = climb.harmful and not is_regular(names.first_days(climb.kind))
            if climb.creates or not climb.is_settled:
                _climb_shared(climb, own, others_prevail)
                kinds[climb.kind].append(climb)
        for alike in kinds.values():
            self._climb_growing(alike, own, until=until)
        found = _widest(climbs)
        return {**found, **dict(_in_any_account(climbs, found, self.accounts))}

    def _others_prevail(self, own: Population, prefix: str) -> bool:
        known = self.population.count(prefix)
        if known - own.count(prefix) > _MOST * known:
            return True
        children, mine = self.population.children(prefix), own.children(prefix)
        return len(children - mine) > _MOST * len(children | mine)

    def _climb_growing(self, alike: Sequence[_Climb], own: Population, *, until: date) -> None:
        """Climbs with names that the principal creates or keeps adding."""
        since = min(climb.first_day for climb in alike)
        limit = since + (until - since) * _LATEST
        few_days = max(climb.days for climb in alike) < FEWEST_DAYS or (until - since).days < FEWEST_DAYS_SINCE
        others_join = any(name not in own for name in self.population.newer(alike[0].kind, limit))
        for climb in alike:
            if climb.creates:
                climb.climb_to(1, CREATES)
            if not climb.needs_own_evidence and not climb.is_settled and (climb.creates or not climb.harmful):
                _climb_unsettled(climb, others_join=others_join, few_days=few_days)
            while climb.scope and (climb.first_day if not climb.rung else own.oldest(climb.scope) or limit) > limit:
                climb.climb(STILL_GROWING)


MOST_OF_KNOWN: Final = ScopeRule(
    "most-of-known",
    "the principal uses most of the known resources below this prefix, so it works on all of them",
    "separate names for its resources, or `--scope exact` if no new resources will follow",
)
_SEVERAL_NAMES: Final = ScopeRule(
    "several-names",
    f"the principal uses {SEVERAL} or more names below this prefix, so the next name is allowed too",
    "a longer common prefix of the names that it uses",
)


def _climb_shared(climb: _Climb, own: Population, others_prevail: Callable[[str], bool]) -> None:
    """Climb while the principal uses most of what is known below the next rung, or several names."""
    while climb.next_prefix:
        if own.count(climb.next_prefix) >= _fewest_own(climb) and not others_prevail(climb.next_prefix):
            climb.climb(MOST_OF_KNOWN)
        elif _may_be_of_several(climb) and len(own.children(climb.next_prefix)) >= SEVERAL:
            climb.climb(_SEVERAL_NAMES)
        else:
            return


GROWING_KIND: Final = ScopeRule(
    "growing-kind",
    "new resources of this kind kept appearing, so the next resource is allowed too",
    "a separate prefix for the resources of this principal",
)
FEW_DAYS: Final = ScopeRule(
    "few-days",
    f"the principal used this kind of resource on fewer than {FEWEST_DAYS} days, or only in the last "
    f"{FEWEST_DAYS_SINCE} days, too few to show which ones it needs",
    "more days of logs with use of the same names",
)


def _climb_unsettled(climb: _Climb, *, others_join: bool, few_days: bool) -> None:
    """Climb if new resources of other principals still appear, or if there are too few days to judge.

    A resource worth pinning remains below the prefix of its kind.
    """
    top = len(climb.ladder)
    if climb.ladder and others_join:
        climb.climb_to(max(top - 1, 1) if climb.is_worth_pinning else top, GROWING_KIND)
    if few_days:
        climb.climb_to(1 if climb.is_worth_pinning else top, FEW_DAYS)


def is_worth_pinning(arn: str) -> bool:
    """Whether a resource is what an intruder wants: data, a secret, a key, or a role to pass."""
    return split_arn(arn).service in _WORTH_PINNING


def exact_scopes(catalog: Catalog) -> ScopeFinder:
    """The finder that keeps every resource as recorded."""
    return ScopeFinder(population_from_days(()), catalog, None, ScopeChoice.EXACT)


def _fewest_own(climb: _Climb) -> int:
    """The number of the principal's resources below the next rung that makes it the scope."""
    if climb.next_prefix == climb.kind and climb.is_worth_pinning:
        return FEWEST_OF_A_KIND
    return _FEWEST_RIGHTS if climb.harmful or climb.needs_own_evidence else 1


def _may_be_of_several(climb: _Climb) -> bool:
    """Whether several names below the next rung are enough for it to be the scope."""
    return not climb.needs_own_evidence and not (climb.is_worth_pinning and climb.next_prefix == climb.kind)


@dataclass(slots=True)
class _Climb:
    """One resource on its way up its ladder; `rung` 0 is the resource itself."""

    text: str
    ladder: tuple[str, ...]
    first_day: date
    creates: bool
    days: int
    harmful: bool
    is_settled: bool = False
    rung: int = 0
    rule: str = ""

    @property
    def scope(self) -> str:
        """Its current scope: its text, a prefix, or "" above the ladder."""
        if not self.rung:
            return self.text
        return self.ladder[self.rung - 1] if self.rung <= len(self.ladder) else ""

    @property
    def pattern(self) -> str:
        """The pattern of its prefix, in any Region: no name shows which Region comes next."""
        fields = split_arn(self.scope)
        return f"arn:{':'.join(fields._replace(region='*' if fields.region else ''))}*"

    @property
    def next_prefix(self) -> str:
        """The next rung, or "" where there is none."""
        return self.ladder[self.rung] if self.rung < len(self.ladder) else ""

    @property
    def kind(self) -> str:
        """The text that all resources of its type in the account and Region begin with."""
        return self.ladder[-1] if self.ladder else self.text

    @property
    def is_worth_pinning(self) -> bool:
        """Whether an intruder would want a wide scope on it."""
        return is_worth_pinning(self.text)

    @property
    def needs_own_evidence(self) -> bool:
        """Whether only the principal's own use widens its scope: a wide scope would grant permissions, or be on
        resources of any account."""
        fields = split_arn(self.text)
        return fields.service in _PRIVILEGED_SERVICES or fields.account == ANY_ACCOUNT

    def climb(self, rule: ScopeRule) -> None:
        """Climb one rung."""
        self.rung, self.rule = self.rung + 1, rule.name

    def climb_to(self, rung: int, rule: ScopeRule) -> None:
        """Climb to a rung, or to the top if there are fewer rungs; never down."""
        rung = min(rung, len(self.ladder))
        if self.rung < rung:
            self.rung, self.rule = rung, rule.name


def _climbs(uses: Iterable[Use], created: Collection[str], catalog: Catalog, *, harmful: bool) -> list[_Climb]:
    """The resources that uses name, each at the foot of its ladder, sorted."""
    first: dict[str, tuple[str, Action]] = {}
    days: dict[str, int] = {}
    for use in uses:
        if use.resource.kind in NAMED_KINDS and use.evidence.first_seen:
            seen = (use.evidence.first_seen, use.action)
            first[use.resource.text] = min(seen, first.get(use.resource.text, seen))
            days[use.resource.text] = max(len(use.on), 1, days.get(use.resource.text, 0))
    return [
        _Climb(
            text,
            ladder_of(text, action, catalog),
            date.fromisoformat(moment[:10]),
            text in created,
            days[text],
            harmful,
        )
        for text, (moment, action) in sorted(first.items())
    ]


def _population(climbs: Iterable[_Climb]) -> Population:
    """The population of the resources of these climbs."""
    return population_from_days([(stem_of(climb.text), climb.first_day) for climb in climbs])


def _widest(climbs: Sequence[_Climb]) -> dict[str, NamedScope]:
    """The scope of each resource that climbed or is within the scope of another resource."""
    wide = {climb.scope: climb for climb in climbs if climb.rung and climb.scope}
    outer: list[str] = []
    for prefix in sorted(wide):
        if not outer or not prefix.startswith(outer[-1]):
            outer.append(prefix)
    found: dict[str, NamedScope] = {}
    for climb in climbs:
        if not climb.scope:
            found[climb.text] = NamedScope(UNKNOWN_RESOURCE, climb.rule)
        elif prefix := _containing(climb.text, outer):
            found[climb.text] = NamedScope(Resource(ResourceKind.FOLD, wide[prefix].pattern), wide[prefix].rule)
    return found


SEVERAL_ACCOUNTS: Final = ScopeRule(
    "several-accounts",
    f"the principal uses this name in {SEVERAL} or more accounts, so the next account is allowed too",
    "an `aws:ResourceOrgID` condition that limits it to your organization",
)


def _in_any_account(
    climbs: Iterable[_Climb], found: Mapping[str, NamedScope], accounts: Collection[str]
) -> Iterator[tuple[str, NamedScope]]:
    """The scope in any account of each resource whose name or prefix the principal uses in several accounts.

    An account counts if it is one of the organization's known `accounts`, or was used on enough days. No name shows
    which account comes next, and a role that works on many accounts uses the same name in each.
    """
    alike: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for climb in climbs:
        resource = found[climb.text].resource if climb.text in found else Resource(ResourceKind.ARN, climb.text)
        fields = split_arn(resource.text)
        is_work = fields.account in accounts or climb.days > _FEWEST_VISITS
        if resource.kind in NAMED_KINDS and fields.account.isdigit() and is_work:
            alike[fields.partition, fields.service, fields.name][fields.account].append(climb.text)
    for (partition, service, name), by_account in alike.items():
        if len(by_account) >= SEVERAL:
            texts = [text for some in by_account.values() for text in some]
            region = "*" if any(split_arn(text).region for text in texts) else ""
            pattern = f"arn:{partition}:{service}:{region}:{ANY_ACCOUNT}:{name}"
            scope = NamedScope(Resource(ResourceKind.FOLD, pattern), SEVERAL_ACCOUNTS.name)
            yield from ((text, scope) for text in texts)


def _containing(text: str, prefixes: Sequence[str]) -> str:
    """The prefix that a text begins with, or "". The prefixes are sorted, and none begins with another."""
    at = bisect_right(prefixes, text)
    return prefixes[at - 1] if at and text.startswith(prefixes[at - 1]) else ""


SCOPE_RULES: Final = (MOST_OF_KNOWN, _SEVERAL_NAMES, GROWING_KIND, FEW_DAYS, CREATES, STILL_GROWING, SEVERAL_ACCOUNTS)
