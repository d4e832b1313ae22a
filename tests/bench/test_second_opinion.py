"""What the comparison with another simulator asks: every request can be decided, and all outcomes come up."""

from __future__ import annotations

import json
from collections import Counter

from bench.second_opinion import KEYS, OPERATORS, Draws
from lpgen.core.iam.request_line import decide_line
from lpgen.edge.catalog.files import bundled_catalog


def test_requests_are_decided_in_every_way_and_use_the_whole_grammar() -> None:
    draws, catalog = Draws(1), bundled_catalog()
    lines = [draws.request() for _ in range(3_000)]
    results = Counter(decide_line(json.dumps(line), catalog).get("result") for line in lines)
    assert set(results) == {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"}
    assert min(results.values()) > 100
    text = json.dumps(lines)
    assert all(f'"{element}"' in text for element in ("NotAction", "NotResource", "NotPrincipal", "Condition", "Null"))
    assert all(f"{operator}IfExists" in text for operators in OPERATORS.values() for operator in operators)
    assert all(f"{one}:" in text for one in ("ForAllValues", "ForAnyValue"))
    assert all(key in text and key.lower() in text for key in KEYS)


def test_the_same_seed_asks_the_same() -> None:
    draws, other = Draws(7), Draws(7)
    assert [draws.request() for _ in range(50)] == [other.request() for _ in range(50)]
