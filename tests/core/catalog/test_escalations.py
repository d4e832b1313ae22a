"""The ways in which a principal gains another one's rights name actions and types that exist, and AWS's pages."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from lpgen.core.model import Action
from lpgen.edge.catalog.files import bundled_catalog, bundled_folder

CATALOG = bundled_catalog()
TABLE = CATALOG.table("escalations", dict[str, Any])
WAYS = TABLE["ways"]
STEPS = [(way, step) for way in WAYS for step in way["steps"]]
_PRINCIPALS = ("iam:role", "iam:user")
_PLACES = {"target": _PRINCIPALS, "self": _PRINCIPALS, "policy": ("iam:policy",), "group": ("iam:group",)}
_TYPED = re.compile(r"(compute|new|any) ([a-z0-9-]+:.+)")
_PAGE = re.compile(r"https://docs\.aws\.amazon\.com/\S+\.html(#\S+)?")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")
_PASSED_ON = {"apprunner.amazonaws.com", "deadline.amazonaws.com", "eks.amazonaws.com"}
"""Services that take a role which another principal of theirs, or EC2, then assumes."""
_EITHER = {"browser", "code-interpreter"}
"""Types that AWS lists as required next to their custom kind, although a request names only one of them."""
_OPTIONAL = {"account", "caller", "exists", "shape", "note"}


def starts(prefix: str, name: str) -> set[str]:
    """The ARN formats of a type up to the part that names one resource: two services may both describe one type."""
    return {":".join(arn.split(":")[:5]) + re.split(r"\$\{", arn.split(":", 5)[5])[0] for arn in formats(prefix, name)}


def formats(prefix: str, name: str) -> tuple[str, ...]:
    return CATALOG.arn_formats(prefix, name)


def types_of(way: dict[str, Any], on: str) -> tuple[str, ...]:
    """The types that a step's place can have."""
    if typed := _TYPED.fullmatch(on):
        return (typed[2],)
    return ("*",) if on == "*" or way["gains"] == "resource" else _PLACES[on]


def named(action: str, resource_types: tuple[str, ...]) -> set[str]:
    """The types of the action that the place is of."""
    prefix = action.partition(":")[0]
    found = set[str]().union(*(starts(*one.split(":", 1)) for one in resource_types))
    return {use.type for use in CATALOG.detail(Action(action)).resources if starts(prefix, use.type) & found}


def test_rows_are_sorted_and_have_ids_of_their_own() -> None:
    ids = [way["id"] for way in WAYS]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one) for one in ids)


def test_rows_have_the_agreed_fields() -> None:
    for way in WAYS:
        assert set(way) - _OPTIONAL == {"id", "does", "pages", "gains", "steps", "trusts"}, way["id"]
        assert way["gains"] in ("role", "user", "permissions", "group", "resource"), way["id"]
        assert way["steps"], way["id"]
        assert not way["does"].endswith("."), way["id"]
        assert way.get("account", "own") in ("member", "own"), way["id"]
        assert all(_SERVICE.fullmatch(service) for service in way["trusts"]), way["id"]
        assert way["trusts"] or "shape" in way or not any(step["on"].startswith("compute ") for step in way["steps"])


def test_shapes_are_described_and_have_notes() -> None:
    shaped = [way for way in WAYS if "shape" in way]
    assert all(way.get("note") for way in shaped)
    described = (bundled_folder() / "SOURCES.md").read_text()
    assert {way["shape"] for way in shaped} == set(re.findall(r"^\| `([a-z-]+)` \|", described, re.MULTILINE))


def test_each_row_names_pages_of_aws() -> None:
    for way in WAYS:
        assert way["pages"], way["id"]
        assert all(_PAGE.fullmatch(page) for page in way["pages"]), way["id"]


def test_every_action_exists() -> None:
    assert [step["action"] for _, step in STEPS if CATALOG.canonical(step["action"]) != step["action"]] == []


def test_every_place_is_one_that_the_action_takes() -> None:
    for way, step in STEPS:
        uses = CATALOG.detail(Action(step["action"])).resources
        if step["on"] == "*":
            assert not any(use.required for use in uses), (way["id"], step)
            continue
        places = types_of(way, step["on"])
        if places == ("*",) or not uses:  # a condition key names the resource
            continue
        assert all(formats(*one.split(":", 1)) for one in places), (way["id"], step)
        assert named(step["action"], places), (way["id"], step)


def test_a_row_has_a_step_for_every_type_that_the_action_requires() -> None:
    for way in WAYS:
        covered: dict[str, set[str]] = defaultdict(set)
        for step in way["steps"]:
            places = types_of(way, step["on"])
            covered[step["action"]] |= named(step["action"], places) if places != ("*",) else {"*"}
        for action, types in covered.items():
            required = {use.type for use in CATALOG.detail(Action(action)).resources if use.required}
            assert "*" in types or required - _EITHER <= types, (way["id"], action)


def test_a_role_is_passed_to_a_service_that_it_trusts() -> None:
    for way, step in STEPS:
        if step["action"] == "iam:PassRole" and step["on"] == "target" and "context" in step:
            passed_to = step["context"]["iam:PassedToService"]
            assert passed_to in way["trusts"] or passed_to in _PASSED_ON, way["id"]


def test_steps_say_only_what_the_request_fixes() -> None:
    assert {key for _, step in STEPS for key in step.get("context", {})} == {
        "iam:PassedToService",
        "iam:PolicyARN",
        "eks:policyArn",
    }
    assert all(set(step) - {"context"} == {"action", "on"} for _, step in STEPS)


def test_services_under_rcps_are_sorted_and_exist() -> None:
    services = TABLE["rcp_services"]
    assert services == sorted(set(services))
    assert set(services) <= set(CATALOG.prefixes())
    assert {"iam", "lambda", "ec2"}.isdisjoint(services)
