"""Globs as token sequences: matching, containment and intersection, decided on the automaton that a glob is.

A state is "so many tokens consumed", so a set of states is an `int` used as a bit mask. Everything here is exact and
total; only containment has a budget (subset construction is exponential in theory), and it answers "not contained"
when it runs out, which is the safe side for every caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

Tokens = tuple[int, ...]
"""A glob: a code point for a literal character, else one of the four negative constants below."""

ANY = -1  # one character
RUN = -2  # any run of characters, empty too
FIELD_ANY = -3  # one character other than `:`
FIELD_RUN = -4  # any run of characters without `:`

_COLON = ord(":")
_FRESH = 0x110000  # stands for every character that no glob at hand mentions
_CONTAINMENT_BUDGET = 20_000  # (state, state set) pairs


def tokens_from_glob(pattern: str) -> Tokens:
    """The tokens of a glob in which `*` is any run and `?` is one character, both without regard to `:` and `/`."""
    return tuple(RUN if c == "*" else ANY if c == "?" else ord(c) for c in pattern)


def literal_tokens(text: str) -> Tokens:
    """The tokens that match exactly `text`, whatever characters it holds."""
    return tuple(map(ord, text))


def match_tokens(tokens: Tokens, text: str) -> bool:
    """Whether a glob matches a text. Time grows with the product of the two lengths at worst, never faster."""
    automaton = _automaton(tokens)
    states = _close(1, automaton.runs)
    for char in text:
        states = automaton.step(states, ord(char))
        if not states:
            return False
    return bool(states & automaton.final)


def tokens_contain(outer: Tokens, inner: Tokens) -> bool:
    """Whether every text that `inner` matches is matched by `outer`. True is always right."""
    return _absorbs(outer, inner) or tokens_contain_all(outer, (inner,))


def _absorbs(outer: Tokens, inner: Tokens) -> bool:
    """Whether `outer` takes up the wildcards of `inner` with wildcards of its own: quick, and nearly always enough."""
    automaton = _automaton(outer)
    any_field = automaton.moves[_COLON]
    states = _close(1, automaton.runs)
    for token in inner:
        if token >= 0:
            states = automaton.step(states, token)
            continue
        # A wildcard stands for every character; those of a field don't stand for the colon.
        advance, stay = automaton.other
        if token in (ANY, RUN):
            advance, stay = advance & any_field[0], stay & any_field[1]
        states = states & stay if _is_run(token) else (states & advance) << 1 | states & stay
        states = _close(states, automaton.runs)
    return bool(states & automaton.final)


def tokens_contain_all(outer: Tokens, inners: tuple[Tokens, ...]) -> bool:
    """Whether every text that all of `inners` match is matched by `outer`. True is always right.

    It searches a counterexample: a text along which all inner globs accept and the outer one does not.
    """
    automaton = _automaton(outer)
    everything = 1 << (len(outer) - 1) if outer and outer[-1] == RUN else 0
    symbols = tuple(sorted({t for t in outer if t >= 0} | {t for i in inners for t in i if t >= 0} | {_COLON, _FRESH}))
    ends = tuple(len(inner) for inner in inners)
    start = (tuple(0 for _ in inners), _close(1, automaton.runs))
    seen, todo = {start}, [start]
    while todo:
        positions, states = todo.pop()
        if states & everything:
            continue
        if positions == ends and not states & automaton.final:
            return False
        for follower in _followers(automaton, inners, positions, states, symbols):
            if follower not in seen:
                if len(seen) >= _CONTAINMENT_BUDGET:
                    return False
                seen.add(follower)
                todo.append(follower)
    return True


def tokens_intersect(a: Tokens, b: Tokens) -> bool:
    """Whether some text is matched by both globs; exact."""
    seen, todo = {(0, 0)}, [(0, 0)]
    while todo:
        i, j = todo.pop()
        if i == len(a) and j == len(b):
            return True
        for follower in _shared_moves(a, b, i, j):
            if follower not in seen:
                seen.add(follower)
                todo.append(follower)
    return False


# ---------------------------------------------------------------- the automaton


def _accepts(token: int, symbol: int) -> bool:
    """Whether a token takes a character."""
    if token >= 0:
        return token == symbol
    return symbol != _COLON if token in (FIELD_ANY, FIELD_RUN) else True


def _is_run(token: int) -> bool:
    return token in (RUN, FIELD_RUN)


@dataclass(frozen=True, slots=True)
class _Automaton:
    """A glob, ready to run: state masks of its runs and its end, and per character the states that advance and stay."""

    runs: int
    final: int
    moves: dict[int, tuple[int, int]]
    other: tuple[int, int]

    def step(self, states: int, symbol: int) -> int:
        """The states after one more character."""
        advance, stay = self.moves.get(symbol, self.other)
        return _close((states & advance) << 1 | states & stay, self.runs)


@lru_cache(maxsize=8192)
def _automaton(tokens: Tokens) -> _Automaton:
    """The automaton of a glob."""
    symbols = {token for token in tokens if token >= 0} | {_COLON}
    return _Automaton(
        runs=sum(1 << at for at, token in enumerate(tokens) if _is_run(token)),
        final=1 << len(tokens),
        moves={symbol: _moves(tokens, symbol) for symbol in symbols},
        other=_moves(tokens, _FRESH),
    )


def _moves(tokens: Tokens, symbol: int) -> tuple[int, int]:
    """The states that advance on a character, and those that stay."""
    advance = stay = 0
    for at, token in enumerate(tokens):
        if _accepts(token, symbol):
            if _is_run(token):
                stay |= 1 << at
            else:
                advance |= 1 << at
    return advance, stay


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
    """One move of all inner globs together, with the states that the outer one may then be in."""
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


def _shared_moves(a: Tokens, b: Tokens, i: int, j: int) -> list[tuple[int, int]]:
    """The pairs of states that two globs can reach together from a pair."""
    found: list[tuple[int, int]] = []
    if i < len(a) and _is_run(a[i]):
        found.append((i + 1, j))
    if j < len(b) and _is_run(b[j]):
        found.append((i, j + 1))
    if i < len(a) and j < len(b) and _overlap(a[i], b[j]):
        found.append((i if _is_run(a[i]) else i + 1, j if _is_run(b[j]) else j + 1))
    return found


def _overlap(a: int, b: int) -> bool:
    """Whether two tokens take a character in common."""
    if a >= 0:
        return _accepts(b, a)
    return b < 0 or _accepts(a, b)
