"""Ask AWS about replacements: IAM's policy simulator checks the output of `lpgen generate`, without lpgen's code.

    python examples/ask_aws.py lpgen-out

For each folder, the documents must allow every use with an example in the evidence. They must not allow dangerous
actions that they don't name. The program changes nothing and needs only `iam:SimulateCustomPolicy`. It exits with 1 if
AWS disagrees, and with 2 if it can't ask AWS.

The simulator doesn't know the requests' context, SCPs, boundaries or resource policies. If a use depends on a
condition, the program lists it, but doesn't count it as refused.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

DANGEROUS = (
    "cloudtrail:StopLogging",
    "ec2:RunInstances",
    "iam:AttachRolePolicy",
    "iam:CreateAccessKey",
    "iam:CreateUser",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "kms:ScheduleKeyDeletion",
    "lambda:UpdateFunctionCode",
    "organizations:LeaveOrganization",
    "s3:DeleteBucket",
    "s3:PutBucketPolicy",
    "sts:AssumeRole",
)
ANY = "*"

Question = tuple[str, str]
"""An action and a resource."""


def main(folder: Path) -> int:
    """Asks about every replacement in the folder, prints what AWS says about each, and returns the exit code."""
    paths = sorted(folder.rglob("evidence.json"))
    if not paths:
        print(f"{folder} holds no replacement: name the output folder of `lpgen generate`", file=sys.stderr)
        return 2
    try:
        iam = boto3.client("iam", config=Config(retries={"mode": "adaptive", "max_attempts": 10}))
        wrong = sum(judge(iam, path.parent, json.loads(path.read_bytes())) for path in paths)
        sys.stdout.flush()
    except BrokenPipeError:  # as in `ask_aws.py lpgen-out | head`: the reader closed the pipe before the last question
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"can't ask AWS: {error}", file=sys.stderr)
        return 2
    except (OSError, ValueError, KeyError) as error:
        print(f"{folder} isn't as `lpgen generate` writes it: {error}", file=sys.stderr)
        return 2
    return 1 if wrong else 0


def judge(iam: Any, folder: Path, evidence: dict[str, Any]) -> int:
    """Prints what AWS says about one replacement, and returns how often it disagrees with lpgen."""
    documents = [json.loads((folder / policy["file"]).read_bytes()) for policy in evidence["policies"]]
    uses = set(seen_uses(evidence["lines"]))
    named = {line["action"].casefold() for line in evidence["lines"]}
    others = {(action, ANY) for action in DANGEROUS if action.casefold() not in named}
    decisions = dict(simulate(iam, documents, uses | others)) if documents else {}
    refused = {use for use in uses if decisions.get(use) != "allowed"}
    depends = {use for use in refused if depends_on_conditions(documents, use[0], decisions.get(use, ""))}
    allowed = {question for question in others if decisions.get(question) == "allowed"}
    print(
        f"{folder.name}: AWS allows {len(uses) - len(refused)} of {len(uses)} uses,"
        f" and refuses {len(others) - len(allowed)} of {len(others)} dangerous actions that it doesn't name"
    )
    for action, resource in sorted(depends):
        print(f"  depends on conditions: {action!a} on {resource!a}")
    for action, resource in sorted(refused - depends):
        print(f"  REFUSED ({decisions.get((action, resource), 'no document')}): {action!a} on {resource!a}")
    for action, _ in sorted(allowed):
        print(f"  ALLOWED, but not named: {action!a}")
    return len(refused - depends) + len(allowed)


def seen_uses(lines: Iterable[dict[str, Any]]) -> Iterator[Question]:
    """The uses with an example in the evidence. The resource is `*` if the action takes none.

    The example is `*` too if the record doesn't show the resource. Then the line has other resources.
    """
    for line in lines:
        is_any = ANY in line.get("resources", [ANY])
        for example in line["evidence"]:
            resource = example["example_resource"]
            if example["records"] and resource and (is_any if resource == ANY else not {"*", "?"} & set(resource)):
                yield line["action"], resource


def depends_on_conditions(documents: list[Any], action: str, decision: str) -> bool:
    """Whether the request's context, which the simulator doesn't know, may have caused a refusal."""
    for statement in (statement for document in documents for statement in document["Statement"]):
        names = statement.get("Action", [])
        names = [name.casefold() for name in ([names] if isinstance(names, str) else names)]
        counts = statement["Effect"] == "Deny" if decision == "explicitDeny" else action.casefold() in names
        if counts and ("Condition" in statement or "${" in json.dumps(statement)):
            return True
    return False


def simulate(iam: Any, documents: list[Any], questions: Iterable[Question]) -> Iterator[tuple[Question, str]]:
    """Each question with AWS's decision: `allowed`, `implicitDeny` or `explicitDeny`."""
    actions: dict[str, list[str]] = {}
    for action, resource in sorted(questions):
        actions.setdefault(resource, []).append(action)
    texts = [json.dumps(document) for document in documents]  # in ASCII, because the simulator reads nothing else
    pages = iam.get_paginator("simulate_custom_policy")
    for resource, names in actions.items():
        for page in pages.paginate(PolicyInputList=texts, ActionNames=names, ResourceArns=[resource]):
            for result in page["EvaluationResults"]:
                single = [found["EvalResourceDecision"] for found in result.get("ResourceSpecificResults", ())]
                yield (result["EvalActionName"], resource), (single or [result["EvalDecision"]])[0]


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1])))
