"""Step Functions calls: state machines without version or alias, and the further needs of publishing and tagging.

A call on a version or an alias is authorized on the state machine; the qualifier is a condition key.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import PUBLISH_VERSION, REVEAL_SECRETS, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType, mapped
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "states.amazonaws.com"


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


def _map_create_machine(call: Call) -> tuple[MappedAction, ...]:
    """CreateStateMachine, with publishing its first version and tagging it where the call asks for them.

    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    """
    name = call.text("name")
    machine = (exact(call.arn("states", f"stateMachine:{name}")),) if name else ()
    tags = (mapped("states:TagResource", machine, how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (mapped("states:CreateStateMachine", machine), *_map_publish(call, machine), *tags)


def _map_update_machine(call: Call) -> tuple[MappedAction, ...]:
    """UpdateStateMachine, with publishing a version where the call asks for it."""
    machine = tuple(_read_machines(call))
    return (mapped("states:UpdateStateMachine", machine), *_map_publish(call, machine))


def _map_publish(call: Call, machine: tuple[Resource, ...]) -> tuple[MappedAction, ...]:
    return (mapped("states:PublishStateMachineVersion", machine, how=PUBLISH_VERSION),) if call.has("publish") else ()


def _map_create_activity(call: Call) -> tuple[MappedAction, ...]:
    """CreateActivity, with tagging it where the call sets tags."""
    name = call.text("name")
    activity = (exact(call.arn("states", f"activity:{name}")),) if name else ()
    tags = (mapped("states:TagResource", activity, how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (mapped("states:CreateActivity", activity), *tags)


def _map_test_state(call: Call) -> tuple[MappedAction, ...]:
    """TestState, with states:RevealSecrets where the call asks to see them, and the role that it passes.

    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
    """
    own = mapped("states:TestState", (NO_RESOURCE,))
    reveal = mapped("states:RevealSecrets", (NO_RESOURCE,), how=REVEAL_SECRETS)
    roles = passed_roles(call, call.texts("roleArn"), "states.amazonaws.com")
    return (own, reveal, *roles) if call.has("revealSecrets") else (own, *roles)


_TYPES: dict[str, ResourceType] = {"machine": ReaderType(_read_machines)}

RULES: RuleTable = {
    (_SOURCE, "CreateStateMachine"): _map_create_machine,
    (_SOURCE, "UpdateStateMachine"): _map_update_machine,
    (_SOURCE, "CreateActivity"): _map_create_activity,
    (_SOURCE, "TestState"): _map_test_state,
}

READERS: ReaderTable = {_SOURCE: _TYPES}
