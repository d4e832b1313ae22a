"""The population: which resources are known, and what lies below a prefix."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.scopes.prefixes import Population, population_from_days, population_from_usage, stem_of
from lpgen.core.model import Outcome
from tests.support.worlds import LAST_DAY, usage_of, use

FIRST = date(2026, 6, 1)
NAMES = st.text("ab-/:.", min_size=1, max_size=8)
SEEN = st.lists(st.tuples(NAMES, st.integers(0, 90).map(lambda days: FIRST + timedelta(days))), max_size=20)


@pytest.mark.parametrize("block", [64, 3])
@given(seen=SEEN, prefix=NAMES)
def test_population_counts_what_begins_with_a_prefix(block: int, seen: list[tuple[str, date]], prefix: str) -> None:
    below = {name for name, _ in seen if name.startswith(prefix)}
    first = {name: min(day for one, day in seen if one == name) for name in below}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lpgen.core.packed_texts._BLOCK", block)
        _check_prefix(population_from_days(seen), prefix, first)


def _check_prefix(population: Population, prefix: str, first: dict[str, date]) -> None:
    assert population.count(prefix) == len(first)
    assert (prefix in population) == (prefix in first)
    limit = FIRST + timedelta(30)
    assert set(population.newer(prefix, limit)) == {name for name, day in first.items() if day > limit}
    assert population.oldest(prefix) == min(first.values(), default=None)


def test_population_has_a_child_for_each_next_part_of_a_name() -> None:
    population = population_from_days(
        (name, FIRST) for name in ("b:acme-one", "b:acme-one/in", "b:acme-two_x", "b:other")
    )
    assert population.children("b:acme-") == {"one", "two"}
    assert population.children("b:") == {"acme", "other"}
    assert population.children("c:") == frozenset()


def _all_believed(*_: object) -> bool:
    return True


def test_population_leaves_out_what_is_not_believed_and_what_lenient_calls_named() -> None:
    names = ("mail", "web", "made-up")
    uses = [use("sqs:SendMessage", f"q:{name}") for name in names] + [use("sqs:DeleteQueue", "q:never")]
    usage = usage_of({"arn:aws:iam::111122223333:role/own": uses})
    population = population_from_usage(usage, lambda *row: row[3] != "q:made-up", {"sqs:DeleteQueue"})
    assert population.children("q:") == {"mail", "web"}


def test_population_leaves_out_what_was_denied_missing_or_not_named() -> None:
    arn = "arn:aws:s3:::acme-{}/in/*".format
    uses = [
        use("s3:GetObject", arn("there"), seen="2026-09-02T00:00:00Z"),
        use("s3:PutObject", arn("there"), seen="2026-08-02T00:00:00Z"),
        use("s3:GetObject", arn("denied"), outcome=Outcome.DENIED),
        use("s3:GetObject", arn("missing"), error="NoSuchBucket"),
        use("s3:ListAllMyBuckets"),
    ]
    population = population_from_usage(usage_of({"arn:aws:iam::111122223333:role/own": uses}), _all_believed, ())
    assert population.count("arn:aws:s3:::acme-") == 1
    assert population.oldest("arn:aws:s3:::acme-") == date(2026, 8, 2) <= LAST_DAY
    assert "arn:aws:s3:::acme-there/in/" in population
    assert "arn:aws:s3:::acme-missing/in/" not in population


def test_stem_of_a_fold_ends_before_its_wildcards() -> None:
    assert stem_of("arn:aws:s3:::acme/in/*") == "arn:aws:s3:::acme/in/"
    assert stem_of("arn:aws:secretsmanager:us-east-1:111122223333:secret:db-??????").endswith(":secret:db-")


def test_population_finds_the_days_and_children_of_a_prefix_once() -> None:
    population = population_from_days((f"b:acme-{number}", FIRST + timedelta(number)) for number in range(3))
    assert population.first_days("b:acme-") == {FIRST, FIRST + timedelta(1), FIRST + timedelta(2)}
    assert population.first_days("b:acme-") is population.first_days("b:acme-")
    assert population.children("b:acme-") is population.children("b:acme-")
