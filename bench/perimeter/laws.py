"""What is true of every proposal that has a document, whatever the scenario checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from bench.perimeter.evaluator import Request, applies, as_list, denies
from bench.perimeter.requests import request_of, request_of_call
from bench.perimeter.scenario_files import KINDS, REASONS, STATES, Scenario, account_of, contains, is_service
from bench.scenario_reading import Json

EDITS: Final = {
    "s3": ("s3:PutBucketPolicy",),
    "kms": ("kms:PutKeyPolicy",),
    "secretsmanager": ("secretsmanager:PutResourcePolicy",),
    "sqs": ("sqs:SetQueueAttributes",),
    "sns": ("sns:SetTopicAttributes",),
    "dynamodb": ("dynamodb:PutResourcePolicy",),
    "lambda": ("lambda:PutResourcePolicy", "lambda:AddPermission"),
}
"""The actions that change the policy of a resource."""

SIZES: Final = {
    "s3": 20 * 1024,  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
    "kms": 32 * 1024,  # https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
    "secretsmanager": 20 * 1024,  # https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
    "dynamodb": 20 * 1024,  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
    "sqs": 8192,  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    "sns": 30 * 1024,  # https://docs.aws.amazon.com/general/latest/gr/sns.html
    "lambda": 20 * 1024,  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
}
"""How many bytes a policy may have, without white space."""

SNS_ACTIONS: Final = tuple(
    f"sns:{name}"
    for name in (
        *("AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic"),
        *("ListTagsForResource", "Publish", "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes"),
        "Subscribe",
    )
)
"""The actions that topic policies may name.

https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""

_OWN_ROLES: Final = ("role/aws-service-role/", "role/aws:ec2-infrastructure")
_USES: Final = {
    "s3": "s3:GetObject",
    "kms": "kms:Decrypt",
    "secretsmanager": "secretsmanager:GetSecretValue",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "dynamodb": "dynamodb:GetItem",
    "lambda": "lambda:InvokeFunction",
}


def broken_laws(scenario: Scenario, found: Json, proposal: Json) -> Iterator[str]:
    """The laws that a proposal for a resource breaks, a sentence each."""
    yield from _form_faults(proposal)
    if proposal["policy"] is None:
        return
    old = scenario.old_policies.get(found["resource"])
    yield from _document_faults(old or {}, proposal)
    yield from _resource_faults(found["resource"], proposal["added"])
    yield from _refused_calls(scenario, found["resource"], proposal)
    yield from _meaning_faults(scenario, found["resource"], proposal)
    if proposal["state"] == "safe":
        yield from _size_faults(found["resource"], proposal["policy"])
        yield from _editor_faults(scenario, found)


def unseen_uses(scenario: Scenario, found: Json) -> Iterator[str]:
    """What `used_by` of a resource lacks of the observed calls, a sentence each."""
    entries: list[Json] = found["used_by"]
    for call in scenario.seen_calls:
        by = call["by"].removeprefix("service:")
        account = account_of(by)
        if not contains(found["resource"], call["resource"]) or call.get("error"):
            continue
        if account == "cloudfront" or by.endswith(":root"):
            continue
        is_outsider = by.startswith("arn:") and account not in scenario.members
        callers = (by, account) if is_outsider else (by,)
        uses = [one for one in entries if one["caller"] in callers]
        if not uses:
            yield f"used_by lacks {by}"
        elif is_service(call["by"]) or by == "anonymous":
            if by != "anonymous" and uses[0]["relation"] != "service":
                yield f"{by} isn't a service, but of {uses[0]['relation']}"
        else:
            yield from _use_faults(scenario, found["resource"], call, uses)


def _use_faults(scenario: Scenario, resource: str, call: Json, uses: list[Json]) -> Iterator[str]:
    account, owner = account_of(call["by"]), scenario.owner_of(resource)
    relation = "outsider" if account not in scenario.members else "organization"
    relation = "account" if account == owner else relation
    if (scenario.organization or relation == "account") and uses[0]["relation"] != relation:
        yield f"{call['by']} is of the {relation}, not the {uses[0]['relation']}"
    service = call.get("invoked_by") or (not call.get("endpoint") and call.get("service_session")) or ""
    if service.endswith(".amazonaws.com") and not any(service in one["through"] for one in uses):
        yield f"used_by doesn't show {call['by']} through {service}"
    if not service and not any(call.get("endpoint", "") in one["endpoints"] for one in uses):
        yield f"used_by doesn't show {call['by']} through {call.get('endpoint') or 'no endpoint'}"


def _form_faults(proposal: Json) -> Iterator[str]:
    kinds = {reason["kind"] for reason in proposal["reasons"]}
    if proposal["kind"] not in KINDS or proposal["state"] not in STATES or kinds - set(REASONS):
        yield f"no such kind, state or reason: {proposal['kind']}, {proposal['state']}, {', '.join(sorted(kinds))}"
    if (proposal["policy"] is None) != (proposal["state"] == "refused"):
        yield f"a {proposal['state']} proposal {'lacks' if proposal['policy'] is None else 'has'} a document"
    if proposal["state"] != "safe" and not kinds:
        yield f"a proposal is {proposal['state']} without a reason"
    if proposal["state"] == "safe" and (against := sorted(kinds - {"role-names", "already"})):
        yield f"a safe proposal has reasons against it: {', '.join(against)}"
    if proposal["policy"] is not None and not proposal["added"]:
        yield "a document adds nothing"
    told = {exception["principal"] for exception in proposal["exceptions"]}
    if untold := sorted(set(_excepted(proposal["added"])) - told):
        yield f"exceptions that aren't listed: {', '.join(untold)}"


def _excepted(added: list[Json]) -> Iterator[str]:
    """The principals whose ARNs the statements name, except AWS's own roles."""
    for statement in added:
        for tests in statement.get("Condition", {}).values():
            for key, values in tests.items():
                if key.lower() == "aws:principalarn":
                    yield from (one for one in as_list(values) if not one.split(":", 5)[5].startswith(_OWN_ROLES))


def _document_faults(old: Json, proposal: Json) -> Iterator[str]:
    new, kept = proposal["policy"], as_list(old.get("Statement"))
    if as_list(new["Statement"]) != kept + proposal["added"]:
        yield "the new document isn't the old statements and then the added ones"
    if old and {**new, "Statement": None} != {**old, "Statement": None}:
        yield "the new document has another Version or Id than the old one"
    if any(statement.get("Effect") != "Deny" for statement in proposal["added"]):
        yield "an added statement isn't a Deny"
    sids = [statement["Sid"] for statement in as_list(new["Statement"]) if statement.get("Sid")]
    if len(set(sids)) != len(sids) and len({one.get("Sid") for one in kept}) == len(kept):
        yield "a Sid occurs twice"


def _resource_faults(resource: str, added: list[Json]) -> Iterator[str]:
    may_be_all = resource.split(":")[2] in ("kms", "secretsmanager")  # their policies know no other resource
    for statement in added:
        named = as_list(statement.get("Resource"))
        if not named or "NotResource" in statement:
            yield "an added statement names no Resource"
        for arn in named:
            if not contains(resource, arn) and not (may_be_all and arn == "*"):
                yield f"an added statement covers {arn}"


def _refused_calls(scenario: Scenario, resource: str, proposal: Json) -> Iterator[str]:
    """The observed calls that a proposal would refuse, and doesn't say so."""
    kinds = {reason["kind"] for reason in proposal["reasons"]}
    for call in scenario.seen_calls:
        if not contains(resource, call["resource"]) or call.get("error"):
            continue
        is_named = "observed-refused" in kinds
        is_named |= bool(call.get("console")) and "console-users" in kinds
        is_named |= call["by"] == "anonymous" and "anonymous-use" in kinds
        if (proposal["state"] == "safe" or not is_named) and denies(proposal["added"], request_of_call(scenario, call)):
            through = call.get("invoked_by") or call.get("service_session") or call.get("endpoint") or "no endpoint"
            yield f"an observed call is refused: {call['action']} by {call['by']} ({through})"


def _meaning_faults(scenario: Scenario, resource: str, proposal: Json) -> Iterator[str]:
    """The requests that a proposal of its kind never refuses, by AWS's published examples."""
    owner = scenario.owner_of(resource)
    roles = f"arn:{scenario.partition}:iam::{owner}:role"
    slr = f"{roles}/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer"
    service = f"service:{'events' if 'sqs' in resource else 'logging.s3'}.amazonaws.com"
    one = scenario.content["principals"][0]["arn"]
    never: dict[str, list[tuple[str, Json]]] = {
        "identity": [(found["arn"], {}) for found in scenario.content["principals"] if scenario.organization],
        "network": [
            (slr, {}),
            (f"{roles}/aws:ec2-infrastructure", {}),
            (one, {"aws:ViaAWSService": "true"}),
        ],
        "confused-deputy": [(found["arn"], {}) for found in scenario.content["principals"]],
    }
    for by, context in [*never.get(proposal["kind"], []), (service, {}), (service, {"aws:SourceAccount": owner})]:
        asked = {"by": by, "action": _USES[resource.split(":")[2]], "resource": resource, "context": context}
        if denies(proposal["added"], request_of(scenario, asked)):
            yield f"{by} is refused with {context}"


def _size_faults(resource: str, policy: Json) -> Iterator[str]:
    """What the service refuses to store."""
    size = len(json.dumps(policy, separators=(",", ":")).encode())
    if size > SIZES.get(resource.split(":")[2], size):
        yield f"a safe document has {size} bytes"
    if resource.startswith("arn:aws:sqs:"):
        statements = as_list(policy["Statement"])
        if len(statements) > 20 or any(len(as_list(one.get("Action"))) > 7 for one in statements):
            yield "a queue policy has more than 20 statements, or 7 actions in one"
    if resource.startswith("arn:aws:sns:"):
        named = [action for one in policy["Statement"] for action in as_list(one.get("Action"))]
        if odd := sorted({action for action in named if action.lower() not in map(str.lower, SNS_ACTIONS)}):
            yield f"a topic policy names {', '.join(odd)}"


# ---- Editors


def _editor_faults(scenario: Scenario, found: Json) -> Iterator[str]:
    """Whether somebody who isn't root can change the policy from outside a VPC, if all safe proposals are applied."""
    resource = found["resource"]
    added = [one for proposal in found["proposals"] if proposal["state"] == "safe" for one in proposal["added"]]
    if not any(can_edit(scenario, editor, resource, added) for editor in found["editors"]):
        yield f"a safe proposal leaves no editor but root: {', '.join(found['editors']) or 'none'}"


def can_edit(scenario: Scenario, arn: str, resource: str, added: list[Json]) -> bool:
    """Whether a principal of the scenario can change the policy of a resource, with these statements added to it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    holders = [one for one in scenario.content["principals"] if one["arn"] == arn]
    old = as_list(scenario.old_policies.get(resource, {}).get("Statement"))
    for action in EDITS[resource.split(":")[2]]:
        request = request_of(scenario, {"by": arn, "action": action, "resource": resource})
        for holder in holders:
            own = [one for document in holder.get("policies", []) for one in as_list(document["Statement"])]
            if _has(own, "Deny", request, principal=False) or denies([*old, *added], request):
                continue
            named = [one for one in old if one["Effect"] == "Allow" and applies(one, request)]
            is_delegated = any(not _names(one, arn) for one in named)
            if any(_names(one, arn) for one in named):
                return True
            if _has(own, "Allow", request, principal=False) and _is_enough(scenario, arn, resource, is_delegated):
                return True
    return False


def _is_enough(scenario: Scenario, arn: str, resource: str, is_delegated: bool) -> bool:
    """Whether a permission of the principal's own suffices: not for keys, and not in other accounts."""
    if resource.split(":")[2] == "kms":
        return is_delegated
    return account_of(arn) == scenario.owner_of(resource)


def _has(statements: list[Json], effect: str, request: Request, *, principal: bool) -> bool:
    return any(one["Effect"] == effect and applies(one, request, principal=principal) for one in statements)


def _names(statement: Json, arn: str) -> bool:
    principal: Any = statement.get("Principal")
    return isinstance(principal, dict) and arn in as_list(principal.get("AWS"))
