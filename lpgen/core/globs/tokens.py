"""Globs as token sequences: matching, containment and intersection with an automaton.

A state is the number of consumed tokens. A set of states is an `int` as a bit mask. All functions are exact and total,
and their time is proportional to the product of two lengths. The exception is containment if a wildcard is bound to one
character or to a field: it may need a search, which has a budget (subset construction can be exponential). If the
budget runs out, the answer is "not contained", which is safe for all callers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lpgen.core.globs.step_budget import spend_steps

Tokens = tuple[int, ...]
"""A glob: code points for literal characters, and the four negative constants below."""

ANY = -1  # one character
RUN = -2  # any run of characters, empty too
FIELD_ANY = -3  # one character other than `:`
FIELD_RUN = -4  # any run of characters without `:`

_COLON = ord(":")
_FRESH = 0x110000  # represents all characters that no compared glob has
_SEARCH_STEPS = 5_000  # moves from one pair of a state and a state set to another


def tokens_from_glob(pattern: str) -> Tokens:
    """The tokens of a glob. `*` is any run and `?` any character, including `:` and `/`."""
    return tuple(RUN if c == "*" else ANY if c == "?" else ord(c) for c in pattern)


def literal_tokens(text: str) -> Tokens:
    """The tokens that match exactly `text`."""
    return tuple(map(ord, text))


def match_tokens(tokens: Tokens, text: str) -> bool:
    """Whether a glob matches a text, in time proportional to at most the product of the two lengths."""
    automaton = _automaton(tokens)
    states = _close(1, automaton.runs)
    for char in text:
        states = automaton.step(states, ord(char))
        if not states:
            return False
    return bool(states & automaton.final)


def tokens_contain(outer: Tokens, inner: Tokens) -> bool:
    """Whether `outer` matches every text that `inner` matches. True is always correct."""
    spend_steps(1 + len(inner))
    if _absorbs(outer, inner):
        return True
    return not _absorbing_decides(outer, inner) and tokens_contain_all(outer, (inner,))


def _absorbing_decides(outer: Tokens, inner: Tokens) -> bool:
    """Whether `outer` contains `inner` only if it absorbs it.

    Replace each wildcard of `inner` with a character that no glob has. If `outer` has no single-character wildcard,
    only its runs match these characters, so they absorb the wildcards. Runs bound to a field absorb only bound
    wildcards.
    """
    if ANY in outer or FIELD_ANY in outer:
        return False
    return FIELD_RUN not in outer or (ANY not in inner and RUN not in inner)


def _absorbs(outer: Tokens, inner: Tokens) -> bool:
    """Whether the wildcards of `outer` absorb those of `inner`. A quick check that is nearly always enough."""
    automaton = _automaton(outer)
    any_field = automaton.moves[_COLON]
    states = _close(1, automaton.runs)
    for token in inner:
        if token >= 0:
            states = automaton.step(states, token)
            continue
        # A wildcard matches every character, except that a field's wildcard doesn't match a colon.
        advance, stay = automaton.other
        if token in (ANY, RUN):
            advance, stay = advance & any_field[0], stay & any_field[1]
        states = states & stay if _is_run(token) else (states & advance) << 1 | states & stay
        states = _close(states, automaton.runs)
    return bool(states & automaton.final)


def tokens_contain_all(outer: Tokens, inners: tuple[Tokens, ...]) -> bool:
    """Whether `outer` matches every text that all of `inners` match. True is always correct.

    It searches for a counterexample: a text that all inner globs accept and the outer one doesn't. A text that fails
    from a set of states also fails from its subsets, so only minimal sets are searched.
    """
    automaton = _automaton(outer)
    everything = 1 << (len(outer) - 1) if outer and outer[-1] == RUN else 0
    symbols = tuple(sorted({t for t in outer if t >= 0} | {t for i in inners for t in i if t >= 0} | {_COLON, _FRESH}))
    ends = tuple(len(inner) for inner in inners)
    start = (tuple(0 for _ in inners), _close(1, automaton.runs))
    least, todo, steps = {start[0]: [start[1]]}, [start], 0
    while todo:
        positions, states = todo.pop()
        if states & everything:
            continue
        if positions == ends and not states & automaton.final:
            return False
        followers = _followers(automaton, inners, positions, states, symbols)
        spend_steps(len(followers))
        steps += len(followers)
        if steps > _SEARCH_STEPS:
            return False
        todo += [follower for follower in followers if _is_least(least.setdefault(follower[0], []), follower[1])]
    return True


def _is_least(known: list[int], states: int) -> bool:
    """Whether no known set is a subset of `states`. Then `states` replaces its supersets in `known`."""
    if any(least & states == least for least in known):
        return False
    known[:] = [least for least in known if least & states != states]
    known.append(states)
    return True


def tokens_intersect(a: Tokens, b: Tokens) -> bool:
    """Whether some text is matched by both globs; exact."""
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    spend_steps(1 + len(shorter))
    automaton = _automaton(longer)
    states = _close(1, automaton.runs)
    for token in shorter:
        states = automaton.step(states, token) if token >= 0 else automaton.step_wildcard(states, token)
        if not states:
            return False
    return bool(states & automaton.final)


# ---------------------------------------------------------------- the automaton


def _accepts(token: int, symbol: int) -> bool:
    """Whether a token matches a character."""
    if token >= 0:
        return token == symbol
    return symbol != _COLON if token in (FIELD_ANY, FIELD_RUN) else True


def _is_run(token: int) -> bool:
    return token in (RUN, FIELD_RUN)


@dataclass(frozen=True, slots=True)
class _Automaton:
    """A compiled glob: masks of its runs and its end, and by character the states that advance and the states that
    stay."""

    runs: int
    final: int
    moves: dict[int, tuple[int, int]]
    other: tuple[int, int]
    colons: int

    def step(self, states: int, symbol: int) -> int:
        """The states after one more character."""
        advance, stay = self.moves.get(symbol, self.other)
        return _close((states & advance) << 1 | states & stay, self.runs)

    def step_wildcard(self, states: int, token: int) -> int:
        """The states after any text that a wildcard matches."""
        bound = self.colons if token in (FIELD_ANY, FIELD_RUN) else 0
        if not _is_run(token):
            return _close((states & ~self.runs & ~bound & (self.final - 1)) << 1 | states & self.runs, self.runs)
        # A run reaches all states up to the next colon that it can't match, or to the end. The carry of a sum computes
        # this.
        free = (self.final - 1) & ~bound
        return ((states & free) + free ^ free) | states


@lru_cache(maxsize=2048)
def _automaton(tokens: Tokens) -> _Automaton:
    """The automaton of a glob."""
    places: dict[int, int] = {}
    for at, token in enumerate(tokens):
        places[token] = places.get(token, 0) | 1 << at
    single, run, colons = places.get(ANY, 0), places.get(RUN, 0), places.get(_COLON, 0)
    runs = run | places.get(FIELD_RUN, 0)
    other = (single | places.get(FIELD_ANY, 0), runs)
    moves = {symbol: (other[0] | mask, runs) for symbol, mask in places.items() if symbol >= 0}
    moves[_COLON] = (single | colons, run)
    return _Automaton(runs=runs, final=1 << len(tokens), moves=moves, other=other, colons=colons)


def _close(states: int, runs: int) -> int:
    """The states reachable without a character."""
    while True:
        wider = states | (states & runs) << 1
        if wider == states:
            return states
        states = wider


Pair = tuple[tuple[int, ...], int]


def _followers(
    outer: _Automaton,
    inners: tuple[Tokens, ...],
    positions: tuple[int, ...],
    states: int,
    symbols: tuple[int, ...],
) -> list[Pair]:
    """One move of all inner globs together, with the possible states of the outer glob after it."""
    found: list[Pair] = []
    for at, (inner, position) in enumerate(zip(inners, positions, strict=True)):
        if position < len(inner) and _is_run(inner[position]):
            found.append(((*positions[:at], position + 1, *positions[at + 1 :]), states))
    if any(position == len(inner) for inner, position in zip(inners, positions, strict=True)):
        return found
    tokens = [inner[position] for inner, position in zip(inners, positions, strict=True)]
    moved = tuple(p if _is_run(t) else p + 1 for p, t in zip(positions, tokens, strict=True))
    literals = [token for token in tokens if token >= 0]
    shared = [s for s in literals[:1] or symbols if all(_accepts(token, s) for token in tokens)]
    return found + [(moved, outer.step(states, symbol)) for symbol in shared]
