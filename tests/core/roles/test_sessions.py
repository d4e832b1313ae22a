"""The use of a role by session, and who asks for sessions, from tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lpgen.core.evidence import Evidence, Use
from lpgen.core.model import UNKNOWN_RESOURCE, Action, AssumptionMethod, DenialKind, Outcome, Resource, ResourceKind
from lpgen.core.roles.sessions import Seen, Session, SessionUse, callers_of
from lpgen.core.usage.assumptions import Assumption

READ = Action("s3:GetObject")
ADA, BO = Session("name", "ada"), Session("source-identity", "bo")
SEEN = Seen(date(2026, 1, 5), date(2026, 2, 1), 3)


def use(resource: Resource, first: str = "2026-01-05T09:00:00Z") -> Use:
    evidence = Evidence(3, first, "2026-02-01T09:00:00Z", "", resource.text)
    return Use(READ, resource, Outcome.ALLOWED, "observed", DenialKind.NONE, "", (), evidence)


def found(*unknown: tuple[Action, str]) -> SessionUse:
    return SessionUse(
        {ADA: SEEN, BO: SEEN}, {READ: {"arn:aws:s3:::b/k": {ADA: SEEN}, "arn:aws:s3:::c": {BO: SEEN}}}, {*unknown}
    )


OWN = Resource(ResourceKind.ARN, "arn:aws:s3:::b/k")


def test_a_use_belongs_to_the_sessions_of_its_action_and_resource() -> None:
    assert found().of(use(OWN)) == {ADA: SEEN}
    assert found().of(use(replace(OWN, text="arn:aws:s3:::other"))) == {}


def test_a_use_whose_names_never_existed_belongs_to_all_sessions_of_its_action() -> None:
    assert found().of(use(UNKNOWN_RESOURCE)) == {ADA: SEEN, BO: SEEN}


def test_a_use_before_the_first_known_session_belongs_to_none() -> None:
    assert found().of(use(OWN, "2026-01-04T23:59:59Z")) == {}


@pytest.mark.parametrize("resource", ["arn:aws:s3:::b/k", "*"])
def test_a_use_with_unknown_sessions_belongs_to_none(resource: str) -> None:
    assert found((READ, resource)).of(use(OWN)) == {}


def asked(principal: str = "", **more: str) -> Assumption:
    texts = dict.fromkeys(Assumption.__slots__, "") | {"principal": principal} | more
    known = {"day": SEEN.first_day, "method": AssumptionMethod.ASSUME_ROLE, "outcome": Outcome.ALLOWED, "records": 1}
    return Assumption(**(texts | known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("session", "callers"),
    [
        (Session("name", "run-*"), ("ci",)),
        (Session("name", ""), ("ecs",)),
        (Session("name", "other"), ()),
        (Session("resource", "arn:aws:lambda:us-east-1:1:function:f-*:*"), ("lambda",)),
        (Session("resource", "arn:aws:ecs:us-east-1:1:task/cluster/*"), ("ecs",)),
        (Session("source-identity", "ada7"), ("saml",)),
        (Session("source-identity", "cy"), ("subject",)),
    ],
)
def test_requests_show_callers_by_the_name_of_the_session_or_the_subject(
    session: Session, callers: tuple[str, ...]
) -> None:
    requests = [
        asked("ci", session_name="run-*"),
        asked(service="ecs", session_name="*"),
        asked(service="lambda", session_name="f-*"),
        asked("saml", session_name="ada*", source_identity="yes"),
        asked("subject", subject="cy", source_identity="yes"),
    ]
    assert callers_of([session], requests) == callers


def test_a_source_identity_has_the_only_caller_that_sets_any() -> None:
    requests = [asked("ci", session_name="x", source_identity="yes"), asked("other", session_name="y")]
    assert callers_of([Session("source-identity", "bo")], requests) == ("ci",)
    assert callers_of([Session("source-identity", "bo")], [*requests, asked("me", source_identity="yes")]) == ()


def test_only_requests_with_a_source_identity_ask_for_sessions_with_one() -> None:
    requests = [asked("ci", session_name="nightly"), asked("ops", session_name="tool", source_identity="yes")]
    assert callers_of([Session("source-identity", "nightly")], requests) == ("ops",)
    assert callers_of([Session("name", "nightly")], requests) == ("ci",)
    assert callers_of([Session("name", "tool")], requests) == ()


def test_roles_anywhere_sets_a_source_identity() -> None:
    request = replace(asked(subject="host-7"), method=AssumptionMethod.ROLES_ANYWHERE)
    assert callers_of([Session("source-identity", "host-7")], [request, asked("ci", session_name="x")]) == ("host-7",)
