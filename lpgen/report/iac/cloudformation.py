"""A principal's replacement as a CloudFormation template: its policies, attached by name.

A template can't detach policies that were attached outside of it. `Metadata` lists the policies to detach once the
stack exists. Each principal has its own stack, so a policy never moves from one stack to another.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from lpgen.core.model import CURRENT_VERSION
from lpgen.core.rollout.calls import POLICY_PATH
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.iac.subject import CodeSubject
from lpgen.report.iac.yaml import yaml_text

INLINE_TEMPLATE_BYTES: Final = 51_200
"""The maximum size of a template that isn't in S3.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

_RESOLVED: Final = "{{resolve:"
_INTRINSIC: Final = re.compile(r"Ref|Condition|Fn::.*", re.DOTALL)


def cloudformation_of_subject(subject: CodeSubject) -> str:
    """The template of one principal as YAML, or as compact JSON if only that fits a call without S3."""
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The policies of the {subject.principal.kind} {subject.principal.name}, by lpgen",
        "Metadata": {"lpgen": _metadata(subject), "cfn-lint": {"config": {"ignore_checks": _unlinted(subject)}}},
        "Resources": dict(_resource(subject, number) for number in range(len(subject.documents))),
    }
    text = yaml_text(template)
    return text if len(text) <= INLINE_TEMPLATE_BYTES else json.dumps(template, separators=(",", ":")) + "\n"


def unsayable_in_cloudformation(subject: CodeSubject) -> str:
    """Why a template can't express the documents exactly, or "".

    CloudFormation interprets some texts and keys, and there is no way to escape them.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html and
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
    """
    if not subject.documents:
        return "there is no policy to create: detach and delete the policies that `evidence.json` in its folder lists"
    if subject.of_permission_set:
        return "IAM Identity Center writes this role: put the documents of its folder into the permission set"
    for text in (*(document.text for document in subject.documents), *filter(None, [subject.trust])):
        decoded: Any = json.loads(text)
        if _RESOLVED in json.dumps(decoded):
            return "a policy contains `{{resolve:`, which CloudFormation would replace"
        if any(_INTRINSIC.fullmatch(key) for key in _condition_keys(decoded)):
            return "a condition key looks like a CloudFormation function"
    return ""


def _metadata(subject: CodeSubject) -> Json:
    """The steps to take outside the template, in order, once the stack exists."""
    detach = subject.detach
    lists = {"NotSafeYet": subject.reasons, "StayAttached": subject.left}
    steps = {"ThenDetach": detach.managed, "ThenDeleteInline": detach.inline, "ThenLeaveGroups": detach.groups}
    shown = {key: texts for key, texts in lists.items() if texts} | steps
    return {
        "Principal": terminal_text(subject.principal.arn),
        **{key: list(map(terminal_text, texts)) for key, texts in shown.items()},
        **({"Note": terminal_text(subject.note)} if subject.note else {}),
        **({"ThenNarrowTrust": {"AssumeRolePolicyDocument": json.loads(subject.trust)}} if subject.trust else {}),
    }


def _unlinted(subject: CodeSubject) -> list[str]:
    """The cfn-lint checks that would reject intended content.

    W3037 compares actions with a list that is older than the catalog. W2511 rejects the older language version, which
    some statements depend on.
    """
    old = any(json.loads(document.text).get("Version") != CURRENT_VERSION for document in subject.documents)
    return ["W3037", *(["W2511"] if old else [])]


def _resource(subject: CodeSubject, at: int) -> tuple[str, Json]:
    principal, document = subject.principal, subject.documents[at]
    words = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", principal.name))
    digest = hashlib.sha256(principal.arn.encode()).hexdigest()[:8]
    name = f"{principal.kind.title()}{words}{digest}{'Inline' if document.inline else 'Managed'}{at + 1}"
    kind = principal.kind.title()
    properties: Json = {f"{kind}Name": principal.name, "PolicyName": document.name}
    if not document.inline:
        properties = {
            "ManagedPolicyName": document.name,
            "Path": POLICY_PATH,
            # Without a date: a changed description replaces the policy, which fails because the name is taken.
            "Description": f"What the {principal.kind} {principal.name} uses of its former policies, by lpgen",
            f"{kind}s": [principal.name],
        }
    type_ = f"AWS::IAM::{kind}Policy" if document.inline else "AWS::IAM::ManagedPolicy"
    return name, {"Type": type_, "Properties": {**properties, "PolicyDocument": json.loads(document.text)}}


def _condition_keys(document: Any) -> Iterator[str]:
    for statement in document["Statement"]:
        for tests in statement.get("Condition", {}).values():
            yield from tests
