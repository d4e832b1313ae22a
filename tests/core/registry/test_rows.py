"""Every kind of finding has one row, which says all there is to say of it."""

from __future__ import annotations

import inspect
import re
import string
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lpgen.core import drift
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS, order_of_kind
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.grants.trust import OutsideTrustKind
from lpgen.core.drift import principals
from lpgen.core.drift.findings import DriftKind
from lpgen.core.drift.kinds import DRIFT_KINDS
from lpgen.core.drift.members import Pair
from lpgen.core.registry.row import Caveat, CaveatKind, Doubt, Finding, Kind, Row, Words
from lpgen.core.replacements import VerificationCaveat
from lpgen.core.rollout.refusals import RefusalKind
from lpgen.report.sarif.kinds import ReviewKind
from tests.core.drift.drift_states import APP, state
from tests.support.registry_examples import example_parameters

ROOT = Path(__file__).parents[3]
KINDS: tuple[Kind, ...] = (OutsideTrustKind.OUTSIDE_TRUST, *CAVEAT_KINDS, *DRIFT_KINDS, *RefusalKind, *ReviewKind)
DETECTED: tuple[Kind, ...] = (*CAVEAT_KINDS, *DRIFT_KINDS, *RefusalKind)


def templates(words: Words) -> tuple[str, ...]:
    """The texts with parameters in braces."""
    found = tuple(words.values()) if isinstance(words, Mapping) else (words,)
    return tuple(one for one in found if isinstance(one, str))


def cases(kind: Kind) -> list[dict[str, object]]:
    """Example parameters for each case of a kind."""
    message, known = kind.row.message, example_parameters(kind)
    return [{**known, "case": case} for case in message] if isinstance(message, Mapping) else [known]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_each_row_is_complete(kind: Kind) -> None:
    row = kind.row
    assert (row.word, row.title != "") == (kind.value, True)
    if not isinstance(kind, RefusalKind):
        assert row.title.endswith(".")
        assert "What to do" in row.description or kind is ReviewKind.LEFT_OUT
        assert urlsplit(row.source).scheme == "https"


@pytest.mark.parametrize("kind", DETECTED, ids=repr)
def test_each_kind_says_what_was_found_and_what_to_do_in_every_case(kind: Kind) -> None:
    for parameters in cases(kind):
        finding = Finding(kind, {**parameters})
        assert finding.message
        assert not finding.message.endswith(".")
        assert finding.step or isinstance(kind, RefusalKind)
        assert not finding.step.endswith(".")
        assert not isinstance(kind, CaveatKind) or (finding.item and finding.doubt in Doubt)


STUMBLES = re.compile(
    r"\b(anew|alone|beside|so that|told|stands for|of which|none of yours|made again|a try|tries|by a clock)\b"
)
"""Words over which readers stumble; see the Google developer documentation style guide."""

VERBS = frozenset(
    [
        *("add", "ask", "check", "clear", "compare", "correct", "drop", "export", "find", "generate", "give", "grant"),
        *("ingest", "keep", "leave", "look", "name", "narrow", "provision", "put", "remove", "replace", "rewrite"),
        *("run", "split", "start", "wait", "attach"),
    ]
)
"""What the steps of findings begin with: what to do first."""


@pytest.mark.parametrize("kind", [*CAVEAT_KINDS, *DRIFT_KINDS, OutsideTrustKind.OUTSIDE_TRUST], ids=repr)
def test_words_are_plain_and_steps_begin_with_what_to_do_first(kind: Kind) -> None:
    assert not STUMBLES.search(f"{kind.row.title} {kind.row.help} {kind.row.to_do}")
    assert kind.row.title.split()[0] not in {"It", "Its", "Replacements", "This"}
    for parameters in cases(kind):
        finding = Finding(kind, {**parameters})
        assert not STUMBLES.search(f"{finding.message} {finding.step}")
        assert finding.step.split()[0] in VERBS


@pytest.mark.parametrize("kind", DETECTED, ids=repr)
def test_words_use_no_parameter_that_the_row_lacks(kind: Kind) -> None:
    known = {*kind.row.parameters, *(["subject"] if isinstance(kind, DriftKind) else [])}
    for words in (kind.row.message, kind.row.step, kind.row.item):
        for text in templates(words):
            assert {name for _, name, _, _ in string.Formatter().parse(text) if name is not None} <= known


def test_rules_of_one_report_have_ids_of_their_own() -> None:
    ids = [kind.rule for kind in (*CAVEAT_KINDS, *DRIFT_KINDS, *ReviewKind)]
    assert len(set(ids)) == len(ids)


def test_what_stops_a_replacement_comes_first_and_then_the_order_of_the_registry() -> None:
    stops = [
        VerificationCaveat.VERIFICATION,
        ReplacementCaveat.TOO_LARGE,
        ReplacementCaveat.UNPROVEN,
        UnknownCaveat.GRANTS_UNKNOWN,
    ]
    assert sorted(CAVEAT_KINDS, key=order_of_kind) == [*stops, *(kind for kind in CAVEAT_KINDS if kind not in stops)]


@pytest.mark.parametrize("parameters", [{}, {"days": "two", "min_days": 90, "account": "1"}, {"days": 2, "hours": 3}])
def test_a_finding_with_other_parameters_than_its_row_is_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="takes"):
        Caveat(LogsCaveat.SHORT_COVERAGE, parameters)


def documented_row() -> str:
    """The row that CONTRIBUTING.md adds as an example."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a caveat")[2]
    return textwrap.dedent(section.partition("```python\n")[2].partition("```")[0])


def test_a_new_caveat_takes_one_row_of_nine_lines_besides_its_detection() -> None:
    code = documented_row()
    assert len(code.strip().splitlines()) <= 9
    known: dict[str, Any] = {"Kind": Kind, "Row": Row}
    exec(f"class Example(Kind):\n{textwrap.indent(code, '    ')}", known)
    (kind,) = known["Example"]
    found = Finding(kind, {"key": "AKIA1", "places": 1200})
    assert found.message == "its access key AKIA1 is used from 1,200 places at once, as if it were shared"
    assert (found.step, found.item) == ("rotate the key, and give each place a role of its own", "shared-key AKIA1")
    assert (kind.rule, kind.row.acceptable) == ("shared-key", True)
    assert kind.row.description.endswith("**What to do:** rotate the key, and give each place a role of its own.")


def test_the_documented_drift_finding_takes_a_row_and_a_detector_and_is_found() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a drift finding")[2]
    row, detector = (textwrap.dedent(one.partition("```")[0]) for one in section.split("```python\n")[1:3])
    known: dict[str, Any] = {**vars(principals), "Pair": Pair, "__name__": "example"}
    exec(f"class PrincipalDrift(DriftKind):\n{textwrap.indent(row, '    ')}", known)
    exec(f"from __future__ import annotations\n{detector}", known)
    same, tagged = state(APP), state(replace(APP, tags=(("team", "shop"),)))
    (then,), (now,) = same.members, tagged.members
    (finding,) = known["find_changed_tags"]([Pair(then, now)])
    assert finding.message == "its tags team changed: conditions on tags may give it other access"
    assert finding.item == f"retagged {APP.arn} team"
    assert finding.kind.rule == "drift-retagged"
    assert list(known["find_changed_tags"]([Pair(now, now)])) == []


def test_every_kind_of_drift_is_listed_and_detected_in_its_own_module() -> None:
    defined = [subclass for subclass in DriftKind.__subclasses__() if subclass.__module__.startswith(drift.__name__)]
    assert sorted(kind for one in defined for kind in one) == sorted(DRIFT_KINDS)
    for kind in DRIFT_KINDS:
        code = inspect.getsource(sys.modules[type(kind).__module__])
        assert f"{type(kind).__name__}.{kind.name}" in code


def test_items_keep_the_words_that_people_write_into_decisions() -> None:
    found = {Caveat(kind, parameters).item.partition(" ")[0] for kind in CAVEAT_KINDS for parameters in cases(kind)}
    assert found >= {
        "missing-files",
        "other-regions",
        "scanner",
        "seldom-used",
        "short-coverage",
        "thin-days",
        "tooling",
        "uneven-permission-set",
        "unlisted-role",
        "young-policy",
        "young-principal",
    }
