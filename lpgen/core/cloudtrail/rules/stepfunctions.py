"""Step Functions calls: state machines without version or alias.

A call on a version or an alias is authorized on the state machine; the qualifier is a condition key.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.types import ReaderTable
from lpgen.core.model import Resource

_PATHS = (
    ("stateMachineArn",),
    ("stateMachineVersionArn",),
    ("stateMachineAliasArn",),
    ("routingConfiguration", "stateMachineVersionArn"),
)

_MACHINE_FIELDS = 7


def _read_machines(call: Call) -> Iterator[Resource]:
    """The state machines that a call names by ARN, less a version or alias at the end."""
    for path in _PATHS:
        for arn in call.texts(*path):
            if is_arn_of(arn, "states"):
                yield exact(":".join(arn.split(":")[:_MACHINE_FIELDS]))


READERS: ReaderTable = {"states.amazonaws.com": {"machine": ReaderType(_read_machines)}}
