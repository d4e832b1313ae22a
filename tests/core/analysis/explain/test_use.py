"""The use that the logs show beside an explanation, and why some could not have shown."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from lpgen.core.analysis.explain.question import WrittenQuestion
from lpgen.core.evidence import Use
from lpgen.core.explanations import UseOn
from lpgen.core.model import Outcome
from tests.core.analysis.explain.explained_requests import IMAGES, read_question, seen_use, whole_catalog
from tests.support.worlds import allow, catalog, policy, role, usage_of, use


def seen(uses: Iterable[Use], action: str, resource: str = "", *, principal_id: str = "") -> list[tuple[str, str, int]]:
    app = role(policy(allow("*")))
    question = read_question(WrittenQuestion("app", action, resource), [app], catalog())
    found = seen_use(question, usage_of({app.arn: list(uses)}, principal_id=principal_id), [app], catalog())
    return [(use.on, use.use.resource.text, use.use.evidence.records) for use in found.uses]


def test_seen_uses_tell_this_resource_from_others() -> None:
    uses = [
        use("s3:GetObject", IMAGES),
        use("s3:GetObject", "arn:aws:s3:::images/*", example="arn:aws:s3:::images/dog.png"),
        use("s3:GetObject", "arn:aws:s3:::logs/x"),
        use("s3:GetObject", "?"),
        use("s3:PutObject", IMAGES),
    ]
    assert seen(uses, "s3:GetObject", IMAGES) == [
        (UseOn.ASKED, IMAGES, 1),
        (UseOn.PERHAPS, "arn:aws:s3:::images/*", 1),
        (UseOn.PERHAPS, "*", 1),
        (UseOn.OTHER, "arn:aws:s3:::logs/x", 1),
    ]
    assert [one[0] for one in seen(uses, "s3:GetObject", "arn:aws:s3:::images/*")] == [
        "asked",
        "asked",
        "perhaps",
        "other",
    ]
    assert {one[0] for one in seen(uses, "s3:GetObject")} == {UseOn.ASKED}


def test_seen_uses_hold_denied_tries_and_join_errors_of_allowed_calls() -> None:
    uses = [
        use("s3:GetObject", IMAGES, error="NoSuchKey"),
        use("s3:GetObject", IMAGES),
        use("s3:GetObject", IMAGES, outcome=Outcome.DENIED, error="AccessDenied"),
    ]
    assert seen(uses, "s3:GetObject", IMAGES) == [(UseOn.ASKED, IMAGES, 2), (UseOn.ASKED, IMAGES, 1)]


def test_seen_uses_leave_out_an_earlier_principal_of_the_name_and_count_its_records() -> None:
    app = role(policy(allow("*")))
    question = read_question(WrittenQuestion("app", "s3:GetObject"), [app], catalog())
    past = usage_of({app.arn: [use("s3:GetObject", IMAGES)]}, principal_id="AROAOLD")
    found = seen_use(question, past, [app], catalog())
    assert (found.uses, found.earlier) == ((), 1)
    other = usage_of({"arn:aws:iam::111122223333:role/other": [use("s3:GetObject", IMAGES)]})
    assert seen_use(question, other, [app], catalog()).uses == ()


def test_seen_uses_say_that_no_data_event_names_the_resource() -> None:
    app = role(policy(allow("*")))
    usage = usage_of({}, data_on=["arn:aws:s3:::seen/x"])
    found = {
        bucket: seen_use(read_question(asked, [app], whole_catalog()), usage, [app], whole_catalog()).blind_spot
        for bucket in ("seen", "other")
        for asked in [WrittenQuestion("app", "s3:GetObject", f"arn:aws:s3:::{bucket}/a")]
    }
    assert found == {
        "seen": "",
        "other": "it leaves a data event, and the logs have no data events on arn:aws:s3:::other/a",
    }


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("s3:GetObject", "a data event"),
        ("ec2:RunInstances", ""),
        ("ec2:NoSuchThing", "only use of the actions in its catalog"),
        ("sts:GetCallerIdentity", "need no permission"),
    ],
)
def test_seen_uses_say_why_use_could_not_have_shown(action: str, reason: str) -> None:
    app = role(policy(allow("*")))
    question = read_question(WrittenQuestion("app", action), [app], whole_catalog())
    found = seen_use(question, usage_of({}, data_events=()), [app], whole_catalog())
    assert (reason in found.blind_spot) is True
    assert bool(found.blind_spot) is bool(reason)


@pytest.mark.parametrize(
    ("resource", "read", "shows"),
    [
        ("", ["eu-west-1"], False),
        ("arn:aws:sqs:eu-west-1:111122223333:jobs", ["eu-west-1"], True),
        ("arn:aws:sqs:eu-north-1:111122223333:jobs", ["eu-west-1"], False),
        ("", ["eu-west-1", "us-east-1"], True),
    ],
)
def test_seen_uses_say_that_the_log_of_one_region_shows_no_use_in_others(
    resource: str, read: list[str], *, shows: bool
) -> None:
    app = role(policy(allow("*")))
    question = read_question(WrittenQuestion("app", "sqs:CreateQueue", resource), [app], catalog())
    found = seen_use(question, usage_of({}, management_in=read, data_events=()), [app], catalog())
    assert (found.blind_spot == "") is shows
