"""Counts how far replacements believe intruders, by half, in corpora that `python -m bench.corpus --intruders N` wrote.

Needs, harm and who did what come from the truth, never from lpgen. A *need* of a principal is one of the logs' days or
of the year after, and neither an intruder's use nor an attempt that policies refuse. Only principals with a
replacement are counted:

- `victims` have an intruder. `ordinary` do something harmful on a day or two, because it is their job. `others` are the
  rest. Of each, `*_denying` are those whose replacement denies a need of the logs' days.
- `burdened` and `others_burdened` are the ordinary and the other principals with the caveat `unusual_use`.
- `stays`: pairs of a victim and a dangerous action of its intruder that the replacement holds, though the victim
  doesn't need it. Attempts that were denied or failed count as well.
- `scopes`: pairs of a victim and a resource that the intruder used with a dangerous action, where no need of the victim
  is on that resource and a line allows a dangerous action on it only because of the intruder. Resources are cut after
  the first part of their path, so all objects of a bucket are one.
- `taught`: pairs of a principal and an action that its replacement holds because of other principals' intruders. Either
  nobody entitled used the action, but an intruder in the principal's account did, or a line allows the action only on
  resources that the principal doesn't use, and on which only intruders used the action.

Each of these has a twin ending in `_safe` that counts it in replacements called safe.

`scopes` and `taught` are lower bounds. A line whose resource matches a need of the victim could be there without the
intruder, and an action could come from entitled principals of other accounts. To count exactly, write the same corpus
with `--no-intrusions`, review it, and give that review as well. Then a line counts if the replacement without
intrusions doesn't allow the same. `gained` are the pairs of a principal and an action that only the replacement with
intruders holds, and that the principal doesn't need. `lent` are those of victims that not even the intruder used, such
as rights of others.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from bench.corpus.calendar import NeedKind
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import TUNED
from bench.corpus.intrusions import DANGEROUS
from bench.corpus.replacements import allowing_documents, managed_documents

Json = Mapping[str, Any]
Pair = tuple[str, str]

CAVEAT: Final = "unusual_use"
GROUPS: Final = ("victims", "ordinary", "others")
LEARNED: Final = ("stays", "scopes", "taught")
BELIEFS: Final = (
    *(f"{group}{end}" for group in GROUPS for end in ("", "_safe", "_denying")),
    *("burdened", "others_burdened"),
    *(f"{name}{end}" for name in LEARNED for end in ("", "_safe")),
)
"""The names of the numbers that one review is enough for."""
_EXACT: Final = ("gained", "gained_safe", "lent", "lent_safe")


@dataclass(frozen=True, slots=True)
class _World:
    """What the truth says: pairs of action and resource by principal, and by account and action who used what.

    `needs` are those of the logs' days and the year after, `shown_needs` those of the logs' days only. `harm` is what
    the logs show of a principal's intruder that is dangerous. `uses` has by account and action, and by resource, the
    principals that needed it, and those whose intruder used it. `stolen` has all actions of a principal's intruder,
    `entitled` those that anybody needed.
    """

    needs: Mapping[str, set[Pair]]
    shown_needs: Mapping[str, set[Pair]]
    harm: Mapping[str, set[Pair]]
    stolen: Mapping[str, set[str]]
    entitled: set[str]
    uses: Mapping[Pair, Mapping[str, tuple[set[str], set[str]]]]


def has_intruded_kinds(corpus: Path) -> bool:
    """Whether the corpus has principals of the kinds that are there for these counts."""
    path = corpus / "principals.json"
    return path.exists() and any("role" in entry for entry in json.loads(path.read_text(encoding="utf-8")))


def count_beliefs(corpus: Path, review: Json, clean: Json | None = None) -> dict[str, Any]:
    """The numbers by half: `sum`, and for the tuned half also by kind, where they aren't zero.

    `clean` is the review of the same corpus without intrusions.
    """
    principals = json.loads((corpus / "principals.json").read_text(encoding="utf-8"))
    world, documents = _world(corpus), managed_documents(corpus)
    reviewed, without = _replaced(review), _replaced(clean or {"principals": []})
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for principal in principals:
        entry = reviewed.get(principal["arn"])
        if entry:
            earlier = without.get(principal["arn"], {"replacement": {"lines": []}}) if clean else None
            numbers = _count(principal, entry, world, documents, earlier)
            found[principal["half"]][principal["kind"]].update(numbers)
    return {half: _shown(half, kinds, is_exact=clean is not None) for half, kinds in found.items()}


def _shown(half: str, kinds: Mapping[str, Counter[str]], *, is_exact: bool) -> dict[str, Any]:
    names = (*BELIEFS, *(_EXACT if is_exact else ()))
    total: Counter[str] = sum(kinds.values(), Counter())
    by_kind = {kind: {name: counts[name] for name in names if counts[name]} for kind, counts in sorted(kinds.items())}
    return {"sum": {name: total[name] for name in names}} | ({"kinds": by_kind} if half == TUNED else {})


def _count(principal: Json, entry: Json, world: _World, documents: Json, clean: Json | None) -> Counter[str]:
    """The numbers of one principal with a replacement."""
    arn, lines = principal["arn"], _Lines(entry)
    before = _Lines(clean) if clean else None
    evaluator = Evaluator(allowing_documents(entry["replacement"], documents))
    group = "victims" if arn in world.harm else ("ordinary" if principal.get("is_ordinary") else "others")
    learned = {
        "stays": len(_stays(arn, lines, world)),
        "scopes": len(set(_scopes(arn, lines, world, before))),
        "taught": len(set(_taught(principal, lines, world, before))),
    }
    if before:
        gained = lines.actions - before.actions - {action for action, _ in world.needs[arn]}
        learned["gained"] = len(gained)
        learned["lent"] = len(gained - world.stolen[arn]) if group == "victims" else 0
    found = Counter(learned)
    found[group] = 1
    found[f"{group}_denying"] = int(not all(evaluator.allows(*need) for need in world.shown_needs[arn]))
    if group != "victims" and any(why["kind"] == CAVEAT for why in entry["not_safe_because"]):
        found["burdened" if group == "ordinary" else "others_burdened"] = 1
    if entry["safe"]:
        found.update({f"{name}_safe": number for name, number in learned.items()} | {f"{group}_safe": 1})
    return found


class _Lines:
    """The lines of a replacement."""

    def __init__(self, entry: Json) -> None:
        self.pairs = [(line["action"], glob) for line in entry["replacement"]["lines"] for glob in line["resources"]]
        self.actions = {action for action, _ in self.pairs}

    def allow(self, action: str, resource: str) -> bool:
        """Whether a line allows the action on the resource."""
        return any(name == action and _reaches(glob, resource) for name, glob in self.pairs)


def _stays(arn: str, lines: _Lines, world: _World) -> set[str]:
    """Dangerous actions of the intruder in the replacement that the victim doesn't need."""
    stolen = {action for action, _ in world.harm.get(arn, ())}
    return (stolen & lines.actions) - {action for action, _ in world.needs[arn]}


def _scopes(arn: str, lines: _Lines, world: _World, clean: _Lines | None) -> Iterator[str]:
    """Resources of the intruder that the replacement allows for a dangerous action because of it."""
    needed = {resource for _, resource in world.needs[arn]}
    own = {_first_part(resource) for resource in needed}
    stolen = {resource for _, resource in world.harm.get(arn, ()) if resource != "*"}
    foreign = [resource for resource in stolen if _first_part(resource) not in own]
    for action, glob in lines.pairs:
        if action in DANGEROUS and (clean or not any(_reaches(glob, resource) for resource in needed)):
            for resource in foreign:
                if _reaches(glob, resource) and not (clean and clean.allow(action, resource)):
                    yield _first_part(resource)


def _taught(principal: Json, lines: _Lines, world: _World, clean: _Lines | None) -> Iterator[str]:
    """Actions in the replacement that only intruders of other principals of the account show."""
    arn, needs = principal["arn"], world.needs[principal["arn"]]
    needed, own = {action for action, _ in needs}, {resource for _, resource in needs}
    for action, glob in lines.pairs:
        used = world.uses.get((principal["account"], action), {})
        met = {resource: users for resource, users in used.items() if _reaches(glob, resource)}
        if any(arn in robbed for _, robbed in used.values()):
            continue
        if action not in needed and _is_foreign(used):
            was_there = action in (clean.actions if clean else world.entitled)
        elif _is_foreign(met) and not any(_reaches(glob, resource) for resource in own):
            was_there = clean is not None and any(clean.allow(action, resource) for resource in met)
        else:
            continue
        if not was_there:
            yield action


def _is_foreign(used: Mapping[str, tuple[set[str], set[str]]]) -> bool:
    """Whether there is use, and all by intruders."""
    return bool(used) and all(not entitled for entitled, _ in used.values())


def _first_part(arn: str) -> str:
    """The resource up to the first part of its path: `arn:…:table/orders/index/by-day` becomes `arn:…:table/orders`.

    Of objects it is the bucket.
    """
    head, separator, rest = arn.partition("/")
    return head if head.startswith("arn:aws:s3:::") else head + separator + rest.partition("/")[0]


def _reaches(glob: str, resource: str) -> bool:
    return _pattern(glob).fullmatch(resource) is not None


@lru_cache(maxsize=100_000)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in glob), re.DOTALL)


def _replaced(review: Json) -> dict[str, Json]:
    return {entry["principal"]: entry for entry in review["principals"] if entry["replacement"]}


def _world(corpus: Path) -> _World:
    needs: dict[str, set[Pair]] = defaultdict(set)
    shown: dict[str, set[Pair]] = defaultdict(set)
    harm: dict[str, set[Pair]] = {}
    stolen: dict[str, set[str]] = defaultdict(set)
    uses: dict[Pair, dict[str, tuple[set[str], set[str]]]] = defaultdict(dict)
    for row in _rows(corpus / "truth.parquet"):
        arn, pair, kind = row["principal"], (row["action"], row["resource"]), row["kind"]
        if kind not in (NeedKind.INTRUDER, NeedKind.DENIED):
            needs[arn].add(pair)
            shown[arn].add(pair)
        elif kind == NeedKind.INTRUDER and row["logged"]:
            stolen[arn].add(row["action"])
            if row["dangerous"]:
                harm.setdefault(arn, set()).add(pair)
        if row["logged"] and kind != NeedKind.DENIED:
            users = uses[row["account"], row["action"]].setdefault(row["resource"], (set(), set()))
            users[kind == NeedKind.INTRUDER].add(arn)
    for row in _rows(corpus / "later.parquet"):
        needs[row["principal"]].add((row["action"], row["resource"]))
    entitled = {action for pairs in shown.values() for action, _ in pairs}
    return _World(needs, shown, harm, stolen, entitled, uses)


def _rows(path: Path) -> Iterable[Json]:
    columns = ["principal", "account", "action", "resource", "kind", "logged", "dangerous"]
    rows: list[Json] = pq.read_table(path, columns=columns).to_pylist()
    return rows
