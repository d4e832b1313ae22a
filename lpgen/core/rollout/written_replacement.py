"""A replacement as `lpgen generate` wrote it, and the template for people who put it in place themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lpgen.core.model import Principal
from lpgen.core.rollout.calls import POLICY_PATH


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document of a replacement as written: its file, its proposed name, and its exact text.

    `narrows` are the old policies that its statements come from: ARNs of managed and names of inline policies, sorted.
    """

    file: str
    name: str
    inline: bool
    text: str
    narrows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenPlan:
    """The content of a principal's folder.

    `policies_sha256` is the fingerprint of the old policies without the boundary. `left` are the ARNs of the old
    policies that stay attached. `trust` is the text of the narrowed trust policy, or "".
    """

    principal: str
    principal_id: str
    folder: str
    safe: bool
    not_safe_because: tuple[str, ...]
    as_of: str
    policies_sha256: str
    documents: tuple[NewDocument, ...]
    left: tuple[str, ...] = ()
    trust: str = ""

    @property
    def is_trust_only(self) -> bool:
        """Whether the role's policies stay as they are, because there is no replacement for them."""
        return bool(self.trust) and not self.documents and not self.left


def stack_resources(
    documents: Iterable[NewDocument], principal: Principal, left: Iterable[str] = (), *, trust: str = ""
) -> str:
    """The part of a CloudFormation template that gives a principal its replacement, or "" if there is none.

    `left` are the ARNs of policies that stay attached, and `trust` is the narrowed trust policy or "".

    Without documents and policies that stay attached, it changes only the trust policy. Otherwise, it has the
    principal's resource with the two properties to change, under its name in the stack if tags show it, and
    a resource for each managed policy. A stack update with it also detaches the old policies.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    """
    found, staying = tuple(documents), list(left)
    texts = (*(document.text for document in found), trust)
    if not (found or staying or trust) or any(
        "{{resolve:" in text for text in texts
    ):  # which CloudFormation would replace
        return ""
    named = dict(principal.tags).get("aws:cloudformation:logical-id", "")
    own = named if re.fullmatch("[A-Za-z0-9]+", named) else _logical_id(principal.name)
    managed = {f"{own}Policy{at}": document for at, document in enumerate(found, start=1) if not document.inline}
    own_policies = {
        "ManagedPolicyArns": [*({"Ref": name} for name in managed), *staying],
        "Policies": [
            {"PolicyName": document.name, "PolicyDocument": json.loads(document.text)}
            for document in found
            if document.inline
        ],
    }
    resources = {
        own: {
            "Type": f"AWS::IAM::{principal.kind.capitalize()}",
            "Properties": {
                **({"AssumeRolePolicyDocument": json.loads(trust)} if trust else {}),
                **(own_policies if found or staying else {}),
            },
        }
    } | {
        name: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Path": POLICY_PATH, "PolicyDocument": json.loads(document.text)},
        }
        for name, document in managed.items()
    }
    return json.dumps({"Resources": resources}, indent=2) + "\n"


def _logical_id(name: str) -> str:
    """A valid name for CloudFormation, with only letters and digits."""
    words = re.findall("[A-Za-z0-9]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words) or "Principal"
