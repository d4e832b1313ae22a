"""Actions whose use the log could not have shown, judged by the log itself where no trail settings are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lpgen.core.analysis.observability.recorded_calls import RecordedCalls
from lpgen.core.analysis.observability.regions import GLOBAL_SERVICES
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.visibility import SHOWN, ActionVisibility, VisibilityTable
from lpgen.core.evidence import SIDE_WORDS, SeenEvents
from lpgen.core.model import Action, Visibility


class BlindByLog(dict[Action, str]):
    """Why the log could not have shown each action of principals of these Regions, found when first asked for.

    Their account's log lacks records of the event sources `unseen`. It holds the events `seen`, whose text says why
    some cover too few days. `no_global` is the Region in which global services record their events, where the log holds
    no record of it, else "". `shown` are the actions that it records whatever AWS says.
    """

    def __init__(
        self,
        table: VisibilityTable,
        calls: RecordedCalls,
        catalog: Catalog,
        *,
        unseen: frozenset[str],
        seen: Mapping[SeenEvents, str],
        regions: tuple[str, ...],
        no_global: str = "",
        shown: Collection[Action] = (),
    ) -> None:
        self._table = table
        self._calls = calls
        self._catalog = catalog
        self._unseen = unseen
        self._seen = seen
        self._regions = frozenset(regions)
        self._texts: dict[str, str] = {}
        self._no_global, self._shown = no_global, shown
        self._missing_sides = _missing_sides({one.read_only: why for one, why in seen.items() if not one.is_data})

    @property
    def lacks_management(self) -> bool:
        """Whether the log may lack management events of any action."""
        return bool(self._no_global or self._unseen or self._missing_sides)

    def __missing__(self, action: Action) -> str:
        found = self._blind(action, SHOWN if action in self._shown else self._table.visibility(action))
        self[action] = self._texts.setdefault(found, found)  # a few texts serve thousands of actions
        return found

    def _blind(self, action: Action, entry: ActionVisibility) -> str:
        match entry.visibility:
            case Visibility.NEVER:
                return entry.reason
            case Visibility.INFERRED:
                return self._blind_to_side(action)
            case Visibility.DATA:
                return self._blind_to_data(action, entry.event_sources)
            case Visibility.MANAGEMENT:
                return self._blind_to_global(action) or self._blind_to_source(action) or self._blind_to_side(action)

    def _blind_to_global(self, action: Action) -> str:
        service = action.partition(":")[0] if self._no_global else ""
        if service not in GLOBAL_SERVICES:
            return ""
        return f"the logs hold no record of {self._no_global}, where calls of {service} are recorded"

    def _blind_to_source(self, action: Action) -> str:
        if not self._unseen:
            return ""
        unseen = sorted(self._unseen & self._calls.event_sources(action.partition(":")[0]))
        if not unseen:
            return ""
        return f"the logs hold no record of {' or '.join(unseen)}, which a trail may exclude"

    def _blind_to_side(self, action: Action) -> str:
        """Why the log lacks management events that are read-only, or not, as those of an action may be."""
        if not self._missing_sides:
            return ""
        return next((self._missing_sides[side] for side in self._sides(action) if side in self._missing_sides), "")

    def _blind_to_data(self, action: Action, sources: tuple[str, ...]) -> str:
        named = " or ".join(sources)
        seen = {one: why for one, why in self._seen.items() if one.event_source in sources}
        regions = self._regions or {one.region for one in seen}
        missing = sorted(regions - {one.region for one in seen})
        if missing or not seen:
            where = f" in {', '.join(missing)}" if seen else ""
            return f"a data event, and the logs hold none of {named}{where}"
        whys = [self._blind_to_data_in(region, action, seen, named) for region in sorted(regions)]
        # A principal that was active nowhere may have been so where the log would have shown it.
        return next(filter(None, whys), "") if self._regions or all(whys) else ""

    def _blind_to_data_in(self, region: str, action: Action, seen: Mapping[SeenEvents, str], named: str) -> str:
        here = {one: why for one, why in seen.items() if one.region == region}
        for side in self._sides(action):
            whys = [why for one, why in here.items() if one.read_only is side]
            if not whys:
                return (
                    f"a data event, and those that the logs hold of {named} in {region} are all {SIDE_WORDS[not side]}"
                )
            if all(whys):
                return f"a data event, and the logs hold {SIDE_WORDS[side]} ones of {named} in {region} only {whys[0]}"
        return ""

    def _sides(self, action: Action) -> tuple[bool, ...]:
        return self._calls.sides(action, self._catalog.detail(action).level)


def _missing_sides(seen: Mapping[bool, str]) -> dict[bool, str]:
    """Why the log lacks management events of a side, where it does: of those `seen` it may hold too few days."""
    found: dict[bool, str] = {}
    for side, word in SIDE_WORDS.items():
        if side not in seen:
            found[side] = f"the logs hold no {word} management events, which a trail may leave out"
        elif seen[side]:
            found[side] = f"the logs hold {word} management events only {seen[side]}"
    return found
