"""Ask AWS about replacements: IAM's policy simulator judges what `lpgen generate` wrote, without any of lpgen's code.

    python examples/ask_aws.py lpgen-out

For each folder in it, every use that the evidence gives an example of must be allowed by the documents, and dangerous
actions that they don't name must not be. Nothing is changed; `iam:SimulateCustomPolicy` is all that it needs. Exits
with 1 where AWS says otherwise, and with 2 where it can't be asked.

The simulator is told neither what the requests were like nor of SCPs, boundaries and resource policies: what hangs on a
condition is listed, and is no refusal.
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
    """Asks about every replacement below the folder, prints what AWS says of each, and returns the exit code."""
    paths = sorted(folder.rglob("evidence.json"))
    if not paths:
        print(f"{folder} holds no replacement: name the folder that `lpgen generate` wrote", file=sys.stderr)
        return 2
    try:
        iam = boto3.client("iam", config=Config(retries={"mode": "adaptive", "max_attempts": 10}))
        wrong = sum(judge(iam, path.parent, json.loads(path.read_bytes())) for path in paths)
        sys.stdout.flush()
    except BrokenPipeError:  # as in `ask_aws.py lpgen-out | head`: the reader has gone, and not all was asked
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"AWS can't be asked: {error}", file=sys.stderr)
        return 2
    except (OSError, ValueError, KeyError) as error:
        print(f"{folder} isn't as `lpgen generate` writes it: {error}", file=sys.stderr)
        return 2
    return 1 if wrong else 0


def judge(iam: Any, folder: Path, evidence: dict[str, Any]) -> int:
    """Prints what AWS says of one replacement, and returns how often it says otherwise than lpgen."""
    documents = [json.loads((folder / one["file"]).read_bytes()) for one in evidence["policies"]]
    uses = set(seen_uses(evidence["lines"]))
    named = {line["action"].casefold() for line in evidence["lines"]}
    others = {(action, ANY) for action in DANGEROUS if action.casefold() not in named}
    decisions = dict(simulate(iam, documents, uses | others)) if documents else {}
    refused = {use for use in uses if decisions.get(use) != "allowed"}
    depends = {use for use in refused if hangs_on_conditions(documents, use[0], decisions.get(use, ""))}
    allowed = {one for one in others if decisions.get(one) == "allowed"}
    print(
        f"{folder.name}: AWS allows {len(uses) - len(refused)} of {len(uses)} uses,"
        f" and refuses {len(others) - len(allowed)} of {len(others)} dangerous actions that aren't named"
    )
    for action, resource in sorted(depends):
        print(f"  hangs on conditions: {action!a} on {resource!a}")
    for action, resource in sorted(refused - depends):
        print(f"  REFUSED ({decisions.get((action, resource), 'no document')}): {action!a} on {resource!a}")
    for action, _ in sorted(allowed):
        print(f"  ALLOWED, and not named: {action!a}")
    return len(refused - depends) + len(allowed)


def seen_uses(lines: Iterable[dict[str, Any]]) -> Iterator[Question]:
    """The uses that the evidence gives an example of; the resource is `*` where the action takes none.

    An example is `*` too where the record doesn't show the resource: then the line's own resources are others.
    """
    for line in lines:
        is_any = ANY in line.get("resources", [ANY])
        for one in line["evidence"]:
            resource = one["example_resource"]
            if one["records"] and resource and (is_any if resource == ANY else not {"*", "?"} & set(resource)):
                yield line["action"], resource


def hangs_on_conditions(documents: list[Any], action: str, decision: str) -> bool:
    """Whether the request's context, of which the simulator isn't told, may have led to a refusal."""
    for statement in (one for document in documents for one in document["Statement"]):
        names = statement.get("Action", [])
        names = [name.casefold() for name in ([names] if isinstance(names, str) else names)]
        counts = statement["Effect"] == "Deny" if decision == "explicitDeny" else action.casefold() in names
        if counts and ("Condition" in statement or "${" in json.dumps(statement)):
            return True
    return False


def simulate(iam: Any, documents: list[Any], questions: Iterable[Question]) -> Iterator[tuple[Question, str]]:
    """What AWS decides on each: `allowed`, `implicitDeny` or `explicitDeny`."""
    actions: dict[str, list[str]] = {}
    for action, resource in sorted(questions):
        actions.setdefault(resource, []).append(action)
    texts = [json.dumps(document) for document in documents]  # in ASCII, which is all that the simulator reads
    pages = iam.get_paginator("simulate_custom_policy")
    for resource, names in actions.items():
        for page in pages.paginate(PolicyInputList=texts, ActionNames=names, ResourceArns=[resource]):
            for one in page["EvaluationResults"]:
                single = [found["EvalResourceDecision"] for found in one.get("ResourceSpecificResults", ())]
                yield (one["EvalActionName"], resource), (single or [one["EvalDecision"]])[0]


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1])))
