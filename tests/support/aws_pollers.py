"""A pipe of one account, and no event source mappings: answers to the calls that moto lacks or answers with code."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.support.aws_proxy import Answer, Call

_ACCOUNT: Final = "123456789012"
PIPE: Final = f"arn:aws:pipes:us-east-1:{_ACCOUNT}:pipe/orders"
PIPE_ROLE: Final = f"arn:aws:iam::{_ACCOUNT}:role/team/app-1"
STREAM: Final = f"arn:aws:kinesis:us-east-1:{_ACCOUNT}:stream/orders"
FAILURES: Final = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:failures"

DESCRIBED: Final[dict[str, Any]] = {
    "Arn": PIPE,
    "Name": "orders",
    "RoleArn": PIPE_ROLE,
    "Source": STREAM,
    "SourceParameters": {
        "KinesisStreamParameters": {"StartingPosition": "LATEST", "DeadLetterConfig": {"Arn": FAILURES}}
    },
    "DesiredState": "RUNNING",
    "CurrentState": "RUNNING",
}


def answer_pollers(call: Call) -> Answer | None:
    """The answer to a call about mappings and pipes; None to others."""
    is_home = (call.account, call.region) == (_ACCOUNT, "us-east-1")
    answers: dict[str, dict[str, Any]] = {
        "ListEventSourceMappings": {"EventSourceMappings": []},
        "ListPipes": {"Pipes": [{"Arn": PIPE, "Name": "orders"}] if is_home else []},
        "DescribePipe": DESCRIBED,
    }
    found = answers.get(call.operation)
    return None if found is None else Answer(200, json.dumps(found))
