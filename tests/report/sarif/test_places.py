"""Places: the lines of statements and actions in policies as they are written."""

from __future__ import annotations

import json
from typing import Any

from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.report.sarif.layout import Place, PolicyPlaces

STATEMENTS: list[dict[str, Any]] = [
    {
        "Sid": "One",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::a/{", "*"],
    },
    {"Sid": "Two", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Condition": {"Null": {"k": "}"}}},
    {"Effect": "Deny", "Action": ["kms:Decrypt", "s3:GetObject"], "Resource": "*"},
    {"Sid": "Three", "Effect": "Allow", "Action": ["kms:Decrypt"], "NotResource": "*"},
]


def written(*statements: object) -> str:
    policy = policy_from_json({"Version": "2012-10-17", "Statement": list(statements)}, place="test")
    return policy_to_json(policy, indent=2) + "\n"


TEXTS = [written(*STATEMENTS), written(STATEMENTS[1])]
PLACES = PolicyPlaces("out/role", TEXTS)


def lines(place: Place | None) -> list[str]:
    assert place
    number = int(place.path.removeprefix("out/role/policy-").removesuffix(".json"))
    return TEXTS[number - 1].splitlines()[place.first - 1 : place.last]


def test_places_find_the_line_of_an_action() -> None:
    assert lines(PLACES.find(actions=["s3:PutObject"])) == ['        "s3:PutObject"']
    assert lines(PLACES.find(actions=["sqs:SendMessage"])) == ['      "Action": "sqs:SendMessage",']
    assert lines(PLACES.find(actions=["sqs:SendMessage", "s3:PutObject"])) == ['        "s3:PutObject"']  # the first
    assert PLACES.find(actions=["s3:ListBucket"]) is None
    assert PolicyPlaces("out", []).find() is None


def test_places_find_only_what_is_allowed() -> None:
    found = PLACES.find(actions=["kms:Decrypt"])
    assert found
    assert found.first > TEXTS[0][: TEXTS[0].index("Three")].count("\n")


def test_places_find_the_lines_of_a_statement() -> None:
    for one in (STATEMENTS[0], STATEMENTS[1], STATEMENTS[3]):
        found = lines(PLACES.find(sids=[one["Sid"]]))
        assert json.loads("\n".join(found).rstrip(",")) == one
    assert PLACES.find(sids=["Four"]) is None
    assert PLACES.find(sids=[]) is None
    assert PLACES.find(sids=["Three"], actions=["s3:GetObject"]) is None
