"""Lets Access Analyzer check policies.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from lpgen.core.folders import TRUST_FILE
from lpgen.core.perimeter.resources import PolicyResource
from lpgen.edge.aws_session import AwsSession, aws_errors
from lpgen.errors import InvalidPolicyError, quote_input


def policy_errors(session: AwsSession, resource: PolicyResource, document: Mapping[str, Any]) -> tuple[str, ...]:
    """The errors that Access Analyzer reports for a new policy of a resource. Warnings and suggestions aren't errors.

    Raises:
        AwsError: it can't be asked.
    """
    kind = {"validatePolicyResourceType": resource.row.analyzer} if resource.row.analyzer else {}
    return document_errors(session, document, "RESOURCE_POLICY", **kind)


def refuse_invalid(session: AwsSession, arn: str, path: str, text: str) -> None:
    """Lets Access Analyzer check a file of a principal's replacement, if it is a policy to attach or a trust policy.

    Raises:
        InvalidPolicyError: Access Analyzer reports an error.
        AwsError: it can't be asked.
    """
    name = path.rpartition("/")[2]
    if name == TRUST_FILE:
        errors = document_errors(session, json.loads(text), "RESOURCE_POLICY", validatePolicyResourceType=_TRUST_POLICY)
    elif _NEW_POLICY.fullmatch(name) and not path.startswith("attached/"):
        errors = document_errors(session, json.loads(text), "IDENTITY_POLICY")
    else:
        return
    if errors:
        raise InvalidPolicyError(
            f"Access Analyzer refuses `{path}`, a new policy of {quote_input(arn)}: {'; '.join(errors)}",
            hint="nothing was written: without --validate, lpgen writes the file for you to see",
        )


_TRUST_POLICY: Final = "AWS::IAM::AssumeRolePolicyDocument"
_NEW_POLICY: Final = re.compile(r"policy-[0-9]+\.json")


def document_errors(session: AwsSession, document: Mapping[str, Any], kind: str, **more: str) -> tuple[str, ...]:
    """The errors that Access Analyzer reports for a policy of a kind.

    Raises:
        AwsError: it can't be asked.
    """
    text = json.dumps(document, separators=(",", ":"))
    with aws_errors("validate a policy"):
        paginator = session.client("accessanalyzer").get_paginator("validate_policy")
        pages = paginator.paginate(policyDocument=text, policyType=kind, **more)
        findings = [finding for page in pages for finding in page["findings"]]
    return tuple(
        f"{finding['issueCode']}: {finding['findingDetails']}"
        for finding in findings
        if finding["findingType"] == "ERROR"
    )
