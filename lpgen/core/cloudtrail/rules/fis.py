"""Fault Injection Service: an experiment template on itself and on each action that it plans.

https://docs.aws.amazon.com/fis/latest/userguide/security_iam_id-based-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, texts_at
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact
from lpgen.core.cloudtrail.rules.types import ReaderTable
from lpgen.core.model import Resource


def _planned_actions(call: Call) -> Iterator[Resource]:
    """The actions that the request plans, by names of its own: `{"actions": {"stop": {"actionId": …}}}`."""
    actions = call.request.get("actions")
    for action in actions.values() if isinstance(actions, dict) else ():
        for name in texts_at(action, ("actionId",)):
            yield exact(call.arn("fis", f"action/{name}"))


READERS: ReaderTable = {"fis.amazonaws.com": {"action": ReaderType(_planned_actions)}}
