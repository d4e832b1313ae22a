"""The index of patterns: it finds what a look at each would find, and looks at few."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.globs.step_budget import step_budget
from lpgen.core.iam.match_resource import PatternIndex, resource_contains

TEXTS = st.one_of(
    st.text("arn:*?s/", max_size=12),
    st.text("s3:*?/a", max_size=8).map("arn:aws:{}".format),
    st.sampled_from(["*", "arn:aws:s3", "arn:aws:s3:::*", "arn:aws:s3:::a/*", "arn:aws:s?:::a/*", "arn:aws:s3:::a/b"]),
)


@given(st.lists(TEXTS, max_size=8), TEXTS)
def test_the_index_finds_every_pattern_that_contains_another(patterns: list[str], inner: str) -> None:
    wanted = sorted({pattern for pattern in patterns if resource_contains(pattern, inner)})
    assert sorted(PatternIndex(patterns).containing(inner)) == wanted


def test_the_index_looks_at_few_of_many_patterns() -> None:
    folders = [f"arn:aws:s3:::index-{number:04}/*" for number in range(1000)]
    index = PatternIndex(folders)
    inner = f"{folders[0][:-1]}a/*"
    with step_budget(math.inf) as one:
        assert resource_contains(folders[0], inner)
    with step_budget(math.inf) as all_of_them:
        assert all(list(index.containing(f"{folder[:-1]}a/*")) == [folder] for folder in folders)
    assert all_of_them.spent == one.spent * len(folders)
