"""What goes into the digests of inputs, and the choices that come back from there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.choices import KeepUnobservable, UnobservableKind, keep_from_words
from lpgen.core.digests import CatalogStamp, Inputs, OptionValue, PolicyFile
from lpgen.core.guards import AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.last_accessed import AccessReport
from lpgen.core.made_from import (
    changed_inputs,
    digests_of_options,
    options_from_facts,
    options_to_facts,
    unusual_choices,
)
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.core.trails import Trail, TrailSource
from lpgen.errors import OutputError

POLICY = policy_from_json({"Version": "2012-10-17", "Statement": []}, place="test")
TRAIL = Trail("arn:aws:cloudtrail:eu-west-1:1:trail/t", "t", "1", "eu-west-1", True, True, False, True, ())
REPORT = AccessReport("a/app.json", "app", "", "", date(2026, 1, 1), ())
INPUTS = Inputs(
    "1",
    CatalogStamp("1", "2026-01-01", "c" * 64),
    "a" * 64,
    (PolicyFile("x/one.json", "1" * 64),),
    options={"min_days": 9},
)
KEEPS: list[tuple[str, OptionValue]] = [
    ("keep_unobservable", value) for value in ("", "some", "signed  none", "data=all", "=all", None)
]
CHOICES = st.builds(
    Options,
    st.fixed_dictionaries(dict.fromkeys(UnobservableKind, st.sampled_from(KeepUnobservable))),
    st.integers(0, 400),
    st.none() | st.dates(),
    st.booleans(),
    principal=st.text(max_size=9),
    attached_quota=st.integers(1, 20),
)


@given(CHOICES, st.sampled_from(["", "terraform", "cloudformation"]))
def test_choices_come_back_from_their_facts(options: Options, code: str) -> None:
    assert options_from_facts(options_to_facts(options, code), Options()) == (options, code)


def test_choices_by_kind_are_written_as_the_command_line_takes_them() -> None:
    chosen = Options(keep_unobservable=keep_from_words(["internal=none", "data-events=all"]))
    facts = options_to_facts(chosen)
    assert facts["keep_unobservable"] == "data-events=all internal=none"
    assert unusual_choices(facts) == ("keep unobservable data-events=all internal=none",)


def test_choices_that_are_no_choices_are_refused() -> None:
    good = options_to_facts(Options())
    wrong: list[tuple[str, OptionValue]] = [
        ("min_days", "9"),
        ("inline", 1),
        ("as", "pulumi"),
        ("as_of", "yesterday"),
        ("added", 1),
        *KEEPS,
    ]
    for key, value in wrong:
        with pytest.raises(OutputError):
            options_from_facts({**good, key: value}, Options())
    for key in good:
        with pytest.raises(OutputError):
            options_from_facts({name: one for name, one in good.items() if name != key}, Options())


def test_every_input_has_a_digest_of_what_it_says() -> None:
    nothing = digests_of_options(Options())
    assert set(nothing.values()) == {""}
    decided = Decision(DecisionKind.KEEP, "*", "s3:GetObject", "", "", "", "", "wanted", "me", "")
    changes: dict[str, list[Options]] = {
        "decisions": [Options(decisions=(decided,)), Options(decisions=(replace(decided, reason="other"),))],
        "github_ids": [Options(github_ids={"a/b": ("1", "2")}), Options(github_ids={"a/b": ("1", "3")})],
        "trails": [
            Options(trails=(TRAIL,)),
            Options(trails=(replace(TRAIL, logging=False),)),
            Options(trails=(TRAIL,), trail_source=TrailSource.SNAPSHOT),
        ],
        "last_accessed": [Options(last_accessed=(REPORT,)), Options(last_accessed=(replace(REPORT, stem="other"),))],
        "guards": [
            Options(guards=Guards(scps=(AccountLevels("", ((POLICY,),)),))),
            Options(guards=Guards(scps=(AccountLevels("1", ((POLICY,),)),))),
            Options(guards=Guards(resource_policies=(ResourcePolicy("arn:aws:s3:::b", "1", POLICY),))),
        ],
    }
    for name, options in changes.items():
        found = [digests_of_options(option) for option in options]
        assert len({one[name] for one in found} | {""}) == len(options) + 1, name
        assert all({**one, name: ""} == nothing for one in found), name
    moved = Options(last_accessed=(replace(REPORT, file="b/app.json"),))
    assert digests_of_options(moved) == digests_of_options(Options(last_accessed=(REPORT,)))


def test_changed_inputs_names_each_input_that_differs() -> None:
    assert changed_inputs(INPUTS, INPUTS) == ()
    assert changed_inputs(INPUTS, replace(INPUTS, policies=(PolicyFile("y/one.json", "1" * 64),))) == ()
    changes: dict[str, Inputs] = {
        "lpgen version": replace(INPUTS, lpgen_version="2"),
        "catalog": replace(INPUTS, catalog=CatalogStamp("1", "2026-01-01", "d" * 64)),
        "usage": replace(INPUTS, usage="b" * 64),
        "policies": replace(INPUTS, policies=(PolicyFile("x/one.json", "2" * 64),)),
        "snapshot": replace(INPUTS, snapshot="2026-01-01"),
        "guards": replace(INPUTS, guards="1" * 64),
        "trails": replace(INPUTS, trails="1" * 64),
        "last accessed": replace(INPUTS, last_accessed="1" * 64),
        "decisions": replace(INPUTS, decisions="1" * 64),
        "options": replace(INPUTS, options={"min_days": 8}),
    }
    for name, inputs in changes.items():
        assert changed_inputs(INPUTS, inputs) == (name,)
