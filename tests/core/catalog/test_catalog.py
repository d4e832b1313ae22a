"""What the catalog answers: canonical names, expansion, details and resource types."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.catalog.catalog import Catalog, PatternProblemKind
from lpgen.core.model import AccessLevel, Action, ActionPattern
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.errors import CatalogError
from tests.support.case_tables import each_case
from tests.support.catalog_samples import MANIFEST, SERVICE, DictSource, zoo_source
from tests.support.law_examples import examples

CASES = json.loads((Path(__file__).parents[2] / "cases" / "resource_types.json").read_text())
BUNDLED = bundled_catalog()
EVERY = sorted(BUNDLED.actions())

POLICY_PATTERNS = (
    # An administrator, a power user, a read-only auditor, and application roles, as people write them.
    ["*"],
    ["*:*"],
    ["s3:*", "dynamodb:*"],
    ["s3:Get*", "s3:List*", "s3:PutObject", "s3:DeleteObject*"],
    ["ec2:Describe*", "ec2:*Tags", "ec2:RunInstances", "ec2:?topInstances"],
    ["iam:Pass*", "iam:*AccessKey*", "iam:Get*Policy", "IAM:LISTROLES"],
    ["logs:CreateLog*", "logs:PutLogEvents", "kms:Decrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
    ["lambda:Invoke*", "apigateway:*", "execute-api:Invoke", "states:Start*", "sqs:*Message*", "sns:Publish"],
    ["ssm:GetParameter*", "ssmmessages:*", "ec2messages:*", "secretsmanager:GetSecretValue"],
    ["vpc-lattice:AssociateViaAWSService-*", "cognito-idp:Admin*", "sts:AssumeRole*"],
)

globs = st.builds(
    lambda service, parts: f"{service}:{''.join(parts)}",
    st.sampled_from(["s3", "S3", "iam", "vpc-lattice", "sqs"]),
    st.lists(st.sampled_from(["*", "?", "Get", "get", "List", "Bucket", "O", "e", "-", "s"]), min_size=1, max_size=5),
)


def matches_of(texts: list[str]) -> set[str]:
    """The actions that match any of the patterns, by an oracle that shares nothing with the code under test."""
    found: set[str] = set()
    for text in texts:
        regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)
        found.update(filter(re.compile(regex, re.IGNORECASE).fullmatch, EVERY))
    return found


def patterns_of(*texts: str) -> list[ActionPattern]:
    return [ActionPattern(text) for text in texts]


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(globs, min_size=1, max_size=3))
def test_expansion_is_every_action_that_matches_and_no_other(texts: list[str]) -> None:
    expansion = BUNDLED.expand(patterns_of(*texts))
    assert expansion.actions == matches_of(texts)
    assert {problem.pattern for problem in expansion.problems} == {text for text in texts if not matches_of([text])}


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(globs, min_size=1, max_size=3))
def test_expand_not_is_the_complement(texts: list[str]) -> None:
    matched = BUNDLED.expand(patterns_of(*texts)).actions
    others = BUNDLED.expand_not(patterns_of(*texts)).actions
    assert matched | others == BUNDLED.actions()
    assert not matched & others


@settings(max_examples=examples(100), deadline=None)
@given(st.text(max_size=30))
def test_expansion_of_any_text_gives_known_actions_or_a_problem(text: str) -> None:
    expansion = BUNDLED.expand(patterns_of(text))
    assert expansion.actions <= BUNDLED.actions()
    assert bool(expansion.actions) != bool(expansion.problems)


@pytest.mark.parametrize("texts", POLICY_PATTERNS, ids=lambda texts: texts[0])
def test_patterns_of_policies_expand_to_what_they_say(texts: list[str]) -> None:
    expansion = BUNDLED.expand(patterns_of(*texts))
    assert expansion.actions == matches_of(texts)
    assert expansion.problems == ()


@pytest.mark.parametrize("text", ["*", "*:*"])
def test_star_means_everything(text: str) -> None:
    assert BUNDLED.expand(patterns_of(text)).actions == BUNDLED.actions()
    assert BUNDLED.expand_not(patterns_of(text)).actions == frozenset()


def test_no_action_has_a_wildcard_and_each_is_its_own_canonical_form() -> None:
    for action in EVERY:
        assert re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9-]+", action)
        assert BUNDLED.canonical(action) == action
        assert BUNDLED.canonical(action.upper()) == action


def test_canonical_knows_no_other_names() -> None:
    for name in ("s3:GetObjec", "s3:*", "*", "", "s3", ":", "nosuch:Get", "s3:GetObject:x", " s3:GetObject"):
        assert BUNDLED.canonical(name) is None


def test_problem_says_whether_a_pattern_is_invalid_or_matches_nothing() -> None:
    problems = BUNDLED.expand(patterns_of("s3:NoSuch*", "nosuch:*", "GetObject", "s3:NoSuch*")).problems
    assert [(problem.pattern, problem.kind) for problem in problems] == [
        ("s3:NoSuch*", PatternProblemKind.UNMATCHED),
        ("nosuch:*", PatternProblemKind.UNMATCHED),
        ("GetObject", PatternProblemKind.INVALID),
    ]


def test_expand_not_with_an_invalid_pattern_gives_nothing() -> None:
    expansion = BUNDLED.expand_not(patterns_of("s3:*", "GetObject"))
    assert expansion.actions == frozenset()
    assert [problem.kind for problem in expansion.problems] == [PatternProblemKind.INVALID]


def test_expand_not_leaves_nothing_out_for_a_pattern_that_matches_nothing() -> None:
    expansion = BUNDLED.expand_not(patterns_of("nosuch:*"))
    assert expansion.actions == BUNDLED.actions()
    assert [problem.kind for problem in expansion.problems] == [PatternProblemKind.UNMATCHED]


def test_hostile_pattern_expands_in_reasonable_time() -> None:
    start = time.process_time()
    BUNDLED.expand(patterns_of("ec2:" + "*e" * 200 + "*x"))
    assert time.process_time() - start < 1


@each_case("case", CASES["takes"], ids=lambda case: f"{case['action']} {case['resource']}")
def test_action_takes_resources_of_its_types(case: dict[str, Any]) -> None:
    action = BUNDLED.canonical(case["action"])
    assert action
    assert BUNDLED.takes_resource(action, case["resource"]) is case["takes"]


@each_case("case", CASES["types"], ids=lambda case: f"{case['action']} {case['arn']}")
def test_resource_type_is_the_most_literal_that_fits(case: dict[str, str]) -> None:
    action = BUNDLED.canonical(case["action"])
    assert action
    assert BUNDLED.resource_type(action, case["arn"]) == case["type"]


def test_star_is_taken_by_every_action_and_an_arn_by_none_without_resources() -> None:
    for action in EVERY[::50]:
        assert BUNDLED.takes_resource(action, "*")
        if BUNDLED.takes_no_resource(action):
            assert not BUNDLED.takes_resource(action, "arn:aws:s3:::b")


def test_names_are_without_resource_where_an_action_is_known_to_take_none() -> None:
    for action in EVERY[::50]:
        assert BUNDLED.is_without_resource(action.upper()) is BUNDLED.takes_no_resource(action)
    assert not BUNDLED.is_without_resource("s3:NoSuchAction")


def test_every_format_of_an_action_is_taken_by_it() -> None:
    for action in EVERY[::7]:
        prefix = action.partition(":")[0]
        for use in BUNDLED.detail(action).resources:
            for arn in BUNDLED.arn_formats(prefix, use.type):
                assert BUNDLED.takes_resource(action, re.sub(r"\$\{[^}]*\}", "x1", arn)), (action, arn)
                assert BUNDLED.takes_resource(action, re.sub(r"\$\{[^}]*\}", "*", arn)), (action, arn)


def test_several_formats_of_one_type_are_apart() -> None:
    assert BUNDLED.arn_formats("lex", "bot") == (
        "arn:${Partition}:lex:${Region}:${Account}:bot/${BotId}",
        "arn:${Partition}:lex:${Region}:${Account}:bot:${BotName}",
    )
    several = [
        (prefix, row["type"])
        for prefix in BUNDLED.prefixes()
        for row in json.loads(BUNDLED.source.read_service(prefix))["resources"]
        if len(row["arns"]) > 1
    ]
    assert len(several) == 13
    assert BUNDLED.arn_formats("lex", "nosuch") == BUNDLED.arn_formats("nosuch", "bot") == ()


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("iam:PutRolePolicy", AccessLevel.PERMISSIONS_MANAGEMENT),
        ("ec2:CreateTags", AccessLevel.TAGGING),
        ("s3:PutObject", AccessLevel.WRITE),
        ("s3:GetObject", AccessLevel.READ),
        ("s3:ListAllMyBuckets", AccessLevel.LIST),
    ],
)
def test_level_is_the_highest_that_the_source_gives(name: str, level: AccessLevel) -> None:
    assert BUNDLED.detail(Action(name)).level is level


def test_two_levels_are_counted_as_the_higher() -> None:
    details = [BUNDLED.detail(action) for action in EVERY]
    double = [detail for detail in details if len(detail.levels) == 2]
    assert len(double) == 1144
    assert {detail.level for detail in double} == {AccessLevel.PERMISSIONS_MANAGEMENT, AccessLevel.TAGGING}


def test_detail_tells_what_the_source_says() -> None:
    detail = Catalog(zoo_source()).detail(Action("zoo:FeedLion"))
    assert [(use.type, use.required) for use in detail.resources] == [("lion", True)]
    assert detail.condition_keys == ("zoo:Meat",)
    assert detail.dependents == ("iam:PassRole",)
    assert detail.first_seen == "2021-03-04"


def test_action_of_another_catalog_is_an_error() -> None:
    catalog = Catalog(zoo_source())
    for ask in (catalog.detail, catalog.takes_no_resource, lambda action: catalog.takes_resource(action, "*")):
        with pytest.raises(CatalogError, match="has no action `s3:GetObject`"):
            ask(Action("s3:GetObject"))


def test_one_service_needs_one_file() -> None:
    source = DictSource({"zoo": SERVICE, "ark": SERVICE | {"service": "ark"}}, {"manifest": MANIFEST}, [])
    catalog = Catalog(source)
    assert catalog.expand(patterns_of("ark:*", "ARK:Feed*")).actions == {"ark:FeedLion", "ark:ListLions"}
    assert catalog.canonical("Ark:feedlion") == "ark:FeedLion"
    assert catalog.canonical("none:feedlion") is None
    assert source.reads == ["ark"]


@pytest.mark.parametrize(
    "service",
    [
        SERVICE | {"service": "ark"},
        SERVICE | {"actions": [{"name": "Feed*", "levels": ["Write"]}]},
        {"service": "zoo"},
        ["zoo"],
    ],
)
def test_damaged_service_is_an_error(service: object) -> None:
    catalog = Catalog(DictSource({"zoo": service}, {"manifest": MANIFEST}, []))
    with pytest.raises(CatalogError, match="service `zoo`"):
        catalog.service_actions("zoo")


def test_wildcard_in_an_action_name_of_the_catalog_is_refused() -> None:
    actions = [{**SERVICE["actions"][0], "name": "Feed*"}]
    catalog = Catalog(DictSource({"zoo": SERVICE | {"actions": actions}}, {"manifest": MANIFEST}, []))
    with pytest.raises(CatalogError, match="service `zoo`"):
        catalog.actions()


def test_type_without_formats_may_be_any_arn() -> None:
    catalog = Catalog(DictSource({"zoo": SERVICE | {"resources": []}}, {"manifest": MANIFEST}, []))
    assert catalog.takes_resource(Action("zoo:FeedLion"), "arn:aws:zoo:x:1:whatever/*")
    assert not catalog.takes_resource(Action("zoo:ListLions"), "arn:aws:zoo:x:1:whatever/*")


def test_manifest_of_another_format_is_refused() -> None:
    catalog = Catalog(DictSource({}, {"manifest": MANIFEST | {"format": 99}}, []))
    with pytest.raises(CatalogError, match="format 99"):
        catalog.date  # noqa: B018


def test_pickled_catalog_carries_its_source_alone() -> None:
    BUNDLED.actions()
    pickled = pickle.dumps(BUNDLED)
    assert len(pickled) < 1000
    assert pickle.loads(pickled).canonical("S3:GETOBJECT") == "s3:GetObject"


def test_whole_catalog_opens_well_under_a_fifth_of_a_second() -> None:
    # Seconds of a processor, in a process of its own: other work on the machine is no part of the promise.
    code = (
        "import time\nfrom lpgen.edge.catalog.files import bundled_catalog\nstart = time.process_time()\n"
        "assert len(bundled_catalog().actions()) == 22_091\nprint(time.process_time() - start)\n"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.2
