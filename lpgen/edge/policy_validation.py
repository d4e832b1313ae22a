"""Lets Access Analyzer check policies.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lpgen.core.perimeter.resources import PolicyResource
from lpgen.edge.aws_session import AwsSession, aws_errors


def policy_errors(session: AwsSession, resource: PolicyResource, document: Mapping[str, Any]) -> tuple[str, ...]:
    """The errors that Access Analyzer reports for a new policy of a resource. Warnings and suggestions aren't errors.

    Raises:
        AwsError: it can't be asked.
    """
    kind = {"validatePolicyResourceType": resource.row.analyzer} if resource.row.analyzer else {}
    return document_errors(session, document, "RESOURCE_POLICY", **kind)


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
