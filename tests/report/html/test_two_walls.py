"""The picture of a request: it passes exactly if the request does, and says why in words that act on nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from itertools import cycle
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lpgen.core.explanations import Explanation
from lpgen.core.guards import AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.decision import Result
from lpgen.report.escaping import terminal_text
from lpgen.report.html.drawing import Section, cut_middle, draw_across, draw_down
from lpgen.report.html.two_walls import picture_of
from lpgen.report.render import EXPLANATION
from tests.core.analysis.explain.explained_requests import ask, document, whole_catalog
from tests.report.explanations import denied, everything, unread
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, poison
from tests.support.law_examples import examples
from tests.support.worlds import ACCOUNT, allow, deny, policy, role

SVG = "{http://www.w3.org/2000/svg}"
OTHER = "999988887777"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
FAR_QUEUE = f"arn:aws:sqs:us-east-1:{OTHER}:orders"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
APP = f"arn:aws:iam::{ACCOUNT}:role/app"
ROOT = document(allow("*"))


def for_app(statement: dict[str, Any], principal: str = APP) -> dict[str, Any]:
    return {**statement, "Principal": {"AWS": principal}}


def guards_of(*statements: dict[str, Any], on: str = QUEUE, scps: Any = ROOT) -> Guards:
    """SCPs of one level, and the policy of a resource."""
    owner = OTHER if f":{OTHER}:" in on else ACCOUNT
    given_policy = (ResourcePolicy(on, owner, document(*statements)),) if statements else ()
    return Guards(scps=(AccountLevels("", ((scps,),)),), resource_policies=given_policy)


def send(*own: dict[str, Any], guards: Guards, to: str = QUEUE) -> Explanation:
    return ask(role(policy(*own)), "sqs:SendMessage", to, guards=guards, actions=whole_catalog())


def sections(found: Explanation) -> list[tuple[str, Section]]:
    return [(wall.title, wall.section) for wall in picture_of(found).walls]


def words(found: Explanation, title: str) -> str:
    (wall,) = (wall for wall in picture_of(found).walls if wall.title == title)
    return " ".join(text for text, _ in wall.words)


def svg_of(found: Explanation) -> ElementTree.Element:
    return ElementTree.fromstring(EXPLANATION.text(found, "svg"))


def kinds(svg: ElementTree.Element) -> list[str]:
    return [part.get("class", "") for part in svg.iter() if part.tag in (f"{SVG}rect", f"{SVG}path")]


def passes(svg: ElementTree.Element) -> bool:
    """Whether the way of the request has an arrow at its end, and not a cross before it."""
    found = kinds(svg)
    assert ("stop" in found) is ("cross" in found)
    assert found.count("way") == (1 if "stop" in found else 3)
    return "stop" not in found


# ---------------------------------------------------------------- what is drawn


def test_an_allow_in_the_own_policies_is_enough_in_the_same_account() -> None:
    found = send(allow("sqs:*"), guards=guards_of(for_app(allow("sqs:DeleteQueue"))))
    assert sections(found) == [
        ("SCPs, level 1", Section.OPEN),
        ("own policies", Section.OPEN),
        ("resource policy", Section.IDLE),
    ]
    assert words(found, "resource policy") == "says nothing not needed"
    assert words(found, "own policies") == "open Allow in own statement 1 "
    assert picture_of(found).legend.startswith("Same account: an Allow in the principal's own policies or in the")
    assert passes(svg_of(found))


def test_an_allow_in_the_resource_policy_is_enough_in_the_same_account() -> None:
    found = send(allow("ec2:*"), guards=guards_of({**for_app(allow("sqs:SendMessage")), "Sid": "Orders"}))
    assert sections(found)[1:] == [("own policies", Section.IDLE), ("resource policy", Section.OPEN)]
    assert words(found, "own policies") == "says nothing not needed"
    assert words(found, "resource policy") == "open Allow in orders statement 1 Orders"
    assert passes(svg_of(found))


def test_a_resource_policy_that_names_the_account_leaves_it_to_the_own_policies() -> None:
    found = send(allow("ec2:*"), guards=guards_of(for_app(allow("sqs:SendMessage"), ACCOUNT)))
    assert sections(found)[1:] == [("own policies", Section.CLOSED), ("resource policy", Section.OPEN)]
    assert words(found, "resource policy").startswith("open Allow for the account in orders")
    assert not passes(svg_of(found))


def test_nothing_that_allows_stops_the_request_at_the_first_such_wall() -> None:
    found = send(allow("ec2:*"), guards=guards_of(for_app(allow("sqs:DeleteQueue"))))
    assert found.result is Result.IMPLICITLY_DENIED
    assert sections(found)[1:] == [("own policies", Section.CLOSED), ("resource policy", Section.IDLE)]
    assert words(found, "own policies") == "closed no Allow matches"
    assert words(found, "resource policy") == "says nothing"
    assert not passes(svg_of(found))


def test_a_deny_in_an_scp_bars_the_way_although_all_else_allows() -> None:
    scps = document(allow("*"), {**deny("sqs:*"), "Sid": "NoQueues"})
    found = send(allow("sqs:*"), guards=guards_of(for_app(allow("sqs:*")), scps=scps))
    assert [section for _, section in sections(found)] == [Section.BARRED, Section.OPEN, Section.OPEN]
    assert words(found, "SCPs, level 1") == "barred Deny in SCP 1 of level 1 statement 2 NoQueues"
    assert kinds(svg_of(found)).count("rod") == 3


def test_a_wall_without_a_needed_allow_is_closed_even_if_a_later_deny_decides() -> None:
    found = send(allow("ec2:*"), guards=guards_of(for_app(deny("sqs:*"))))
    assert found.result is Result.EXPLICITLY_DENIED
    assert found.stops == ()
    assert sections(found)[1:] == [("own policies", Section.CLOSED), ("resource policy", Section.BARRED)]


@pytest.mark.parametrize(
    ("own", "theirs", "drawn"),
    [
        ("sqs:*", "sqs:*", [Section.OPEN, Section.OPEN]),
        ("sqs:*", "sqs:DeleteQueue", [Section.OPEN, Section.CLOSED]),
        ("ec2:*", "sqs:*", [Section.CLOSED, Section.OPEN]),
        ("ec2:*", "sqs:DeleteQueue", [Section.CLOSED, Section.CLOSED]),
    ],
)
def test_across_accounts_both_walls_must_be_open(own: str, theirs: str, drawn: list[Section]) -> None:
    found = send(allow(own), guards=guards_of(for_app(allow(theirs)), on=FAR_QUEUE), to=FAR_QUEUE)
    assert [section for _, section in sections(found)[1:]] == drawn
    assert passes(svg_of(found)) is (drawn == [Section.OPEN, Section.OPEN])
    assert picture_of(found).legend.startswith("Two accounts: the principal's own policies and the resource's policy")


def test_the_policy_of_a_key_must_allow_even_in_the_same_account() -> None:
    guards = guards_of(for_app(allow("kms:Encrypt")), on=KEY)
    found = ask(role(policy(allow("kms:*"))), "kms:Decrypt", KEY, guards=guards, actions=whole_catalog())
    assert sections(found)[1:] == [("own policies", Section.OPEN), ("resource policy", Section.CLOSED)]
    assert picture_of(found).legend.startswith("The policy of a key or role must allow it")


def test_an_unknown_condition_is_drawn_as_depends_and_the_way_behind_it_is_dashed() -> None:
    condition = {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}
    found = send(allow("sqs:*"), guards=guards_of({**for_app(deny("sqs:*")), "Condition": condition}))
    assert sections(found)[-1] == ("resource policy", Section.DEPENDS)
    assert words(found, "resource policy") == "depends Deny may apply in orders statement 1  on aws:SourceVpce"
    svg = svg_of(found)
    assert passes(svg)
    assert "way doubtful" in kinds(svg)


def test_a_resource_policy_that_nobody_gave_is_a_wall_that_says_so() -> None:
    allowed, unsure = send(allow("sqs:*"), guards=guards_of()), send(allow("sqs:*"), guards=guards_of(), to=FAR_QUEUE)
    for found, result in ((allowed, Result.ALLOWED), (unsure, Result.DEPENDS)):
        assert found.result is result
        assert words(found, "resource policy") == "unknown not given: --resource-policies"
        assert ("way doubtful" in kinds(svg_of(found))) is (result is Result.DEPENDS)


def test_another_account_whose_resource_takes_no_policy_is_closed() -> None:
    found = ask(role(policy(allow("iam:*"))), "iam:GetUser", f"arn:aws:iam::{OTHER}:user/a", actions=whole_catalog())
    assert sections(found) == [("own policies", Section.OPEN), ("the other account", Section.CLOSED)]
    assert not passes(svg_of(found))


def test_levels_that_look_the_same_are_one_wall() -> None:
    levels = ((ROOT,), (ROOT,), (document(allow("ec2:*")),), (ROOT,))
    found = send(allow("sqs:*"), guards=Guards(scps=(AccountLevels("", levels),)))
    assert sections(found)[:3] == [
        ("SCPs, levels 1–2", Section.OPEN),
        ("SCPs, level 3", Section.CLOSED),
        ("SCPs, level 4", Section.OPEN),
    ]


def test_a_rule_of_aws_decides_before_all_policies() -> None:
    assert [wall.title for wall in picture_of(unread()).walls] == ["AWS's own rule"]
    assert picture_of(unread()).legend == ""
    assert passes(svg_of(unread()))


_ON_KEY = {"Null": {"aws:SourceVpce": "true"}}
POOL = (
    allow("*"),
    allow("sqs:Send*", "arn:aws:sqs:us-east-1:*"),
    allow("ec2:*"),
    allow("sqs:*", Condition=_ON_KEY),
    deny("sqs:*"),
    deny("sqs:SendMessage", Condition=_ON_KEY),
    deny("sqs:DeleteQueue"),
)
some = st.lists(st.sampled_from(POOL), max_size=2)
named = st.lists(st.builds(for_app, st.sampled_from(POOL), st.sampled_from((APP, ACCOUNT, "*"))), max_size=2)


@given(some, some, st.none() | some, named, st.sampled_from([QUEUE, FAR_QUEUE]))
@settings(max_examples=examples(300), deadline=None)
def test_the_way_reaches_the_resource_exactly_if_the_request_is_or_may_be_allowed(
    own: list[dict[str, Any]],
    top: list[dict[str, Any]],
    edge: list[dict[str, Any]] | None,
    theirs: list[dict[str, Any]],
    queue: str,
) -> None:
    app = role(policy(*own), boundary=None if edge is None else policy(*edge, name="edge"))
    guards = guards_of(*theirs, on=queue, scps=document(*top))
    found = ask(app, "sqs:SendMessage", queue, guards=guards, actions=whole_catalog())
    stopped = [section for _, section in sections(found) if section in (Section.CLOSED, Section.BARRED)]
    assert bool(stopped) is (found.result in (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED))
    assert (Section.BARRED in stopped) is (found.result is Result.EXPLICITLY_DENIED)
    svg = svg_of(found)
    assert passes(svg) is not bool(stopped)
    assert "way doubtful" not in kinds(svg) or found.result is Result.DEPENDS


# ---------------------------------------------------------------- how it is drawn


@pytest.mark.parametrize("name", ["explanation.svg", "explanation.html"])
def test_the_picture_is_the_golden_one(name: str) -> None:
    text = EXPLANATION.text(everything(), name.partition(".")[2])
    text = re.sub(r"<style>.*?</style>", "<style>...</style>", text, flags=re.DOTALL)
    check_golden(name, re.sub(r"sha256-[\w+/]+=*", "sha256-...", text))


def test_the_picture_is_an_image_with_the_same_in_words() -> None:
    svg = svg_of(denied())
    assert svg.get("role") == "img"
    texts = {part.get("id"): part.text or "" for part in svg if part.tag in (f"{SVG}title", f"{SVG}desc")}
    title, says = texts[svg.get("aria-labelledby")], texts[svg.get("aria-describedby")]
    assert title == "111122223333 user/tomas.lindqvist → ec2:DescribeVolumes → no resource: implicitly denied"
    assert denied().sentence in says
    assert "the principal's wall, own policies: closed no Allow matches." in says


def test_the_page_has_the_picture_for_both_widths_and_then_the_text() -> None:
    page = EXPLANATION.text(everything(), "html")
    assert page.count('role="img"') == 2
    assert len(set(re.findall(r' id="([^"]+)"', page))) == 4
    assert page.index("Depends on") < page.index("<svg") < page.index("Policies that apply")
    assert "<script" not in page
    assert not re.search(r'(?:href|src|url)\b["=(]', page)


@pytest.mark.parametrize("draw", [draw_across, draw_down])
def test_long_texts_are_cut_in_the_middle_and_whole_in_a_title(draw: Any) -> None:
    found = replace(everything(), question=replace(everything().question, action=f"s3:{'LongName' * 40}End"))
    drawn = draw(picture_of(found))
    for _, x, y, width, lines in drawn.labels:
        assert 0 <= x <= x + width <= drawn.width
        assert 0 <= y <= y + 15 * len(lines) <= drawn.height
        assert all(len(text) * 6.9 <= width or " " not in text for kind, text, _ in lines)
        assert all(len(text) * 6.9 <= width for kind, text, _ in lines if kind.startswith("name"))
    (cut,) = (line for label in drawn.labels for line in label[4] if line[0] == "name asked")
    assert cut[1].startswith("s3:LongName")
    assert cut[1].endswith("LongNameEnd")
    assert cut[2] == found.question.action


@given(st.text(max_size=60), st.integers(8, 50))
def test_cut_texts_keep_their_ends(text: str, most: int) -> None:
    cut = cut_middle(text, most)
    assert len(cut) <= most
    assert cut == text or (cut[0] == text[0] and "…" in cut)


hostile = st.sampled_from(CORPUS) | st.text(max_size=40)


@given(st.lists(hostile, min_size=1, max_size=7), st.sampled_from(["svg", "html"]))
@example(["role\u202egpj.exe\u2066\u200b\ufeff"], "svg")
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_acts_on_the_picture(texts: list[str], form: str) -> None:
    """The page has the same elements and classes, whatever the names are, and shows no control character."""
    supply = cycle(texts)
    found: Explanation = poison(everything(), lambda text: text + next(supply))
    page = EXPLANATION.text(found, form)
    plain = EXPLANATION.text(everything(), form)
    tags = re.compile(r"<([a-z]+)")
    assert set(tags.findall(page)) <= {*tags.findall(plain), "title", "text", "code", "ul", "li"}
    assert not re.search(r'<[^>]*\son[a-z]+=|javascript:[^<]*"[^<]*>', page)
    if form == "svg":
        root = ElementTree.fromstring(page)
        says = root.find(f"{SVG}desc")
        assert says is not None
        assert terminal_text(found.sentence) in (says.text or "")
    assert not any(unicodedata.category(character) in ("Cc", "Cf") for character in page.replace("\n", ""))
