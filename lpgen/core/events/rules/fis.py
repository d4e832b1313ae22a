"""Fault Injection Service: an experiment template on itself and on each action that it plans.

https://docs.aws.amazon.com/fis/latest/userguide/security_iam_id-based-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.events.rules.call import Call, RuleTable, texts_at
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules
from lpgen.core.events.rules.listed import ReaderType, exact
from lpgen.core.model import Resource

SOURCE = "fis.amazonaws.com"


def _planned_actions(call: Call) -> Iterator[Resource]:
    """The actions that the request plans, by names of its own: `{"actions": {"stop": {"actionId": …}}}`."""
    actions = call.request.get("actions")
    for action in actions.values() if isinstance(actions, dict) else ():
        for name in texts_at(action, ("actionId",)):
            yield exact(call.arn("fis", f"action/{name}"))


_TYPES: dict[str, ResourceType] = {
    "action": ReaderType(_planned_actions),
    "template": NamedType("fis", "experiment-template/{}", "id"),
}

_LINES = """
CreateExperimentTemplate +template action #TagResource:+template @roleArn=fis.amazonaws.com
UpdateExperimentTemplate template action? @roleArn=fis.amazonaws.com
"""

RULES: RuleTable = declared_rules(SOURCE, "fis", _TYPES, _LINES)
