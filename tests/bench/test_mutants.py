"""The mutation check breaks the evaluator as it is now."""

from __future__ import annotations

from bench.mutants import MUTANTS, Mutant
from bench.mutate_evaluator import PACKAGE, ROOT
from tests.support.case_tables import each_case


@each_case("mutant", MUTANTS, ids=lambda one: str(one.name))
def test_every_mutant_is_a_change_of_the_code_that_is_there(mutant: Mutant) -> None:
    source = (ROOT / PACKAGE / mutant.module).read_text(encoding="utf-8")
    assert mutant.apply(source) != source
