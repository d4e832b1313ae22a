"""A principal's replacement as Terraform: its policies and their attachments, declared as the only ones.

The two `…_exclusive` resources of the AWS provider detach and delete policies that they don't list. They come after the
new attachments, so the principal always has the permissions it uses.
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy_attachments_exclusive
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lpgen.core.model import Principal, PrincipalKind
from lpgen.core.rollout.calls import POLICY_PATH
from lpgen.report.code.hcl import (
    Attribute,
    Block,
    hcl_comments,
    hcl_heredoc,
    hcl_list,
    hcl_string,
    render_block,
)
from lpgen.report.code.policy_data import policy_data_block
from lpgen.report.code.subject import CodeDocument, CodeSubject
from lpgen.report.pages.words import short_label_of

PROVIDER_VERSION: Final = ">= 5.72.1"
"""The first one with all four exclusive resources.

https://github.com/hashicorp/terraform-provider-aws/blob/main/CHANGELOG.md
"""

_IDENTIFIER: Final = re.compile(r"[^A-Za-z0-9_-]")


def terraform_of_subject(subject: CodeSubject) -> str:
    """The Terraform file of one principal. It holds no date and no count, so it changes only with the policies."""
    label = _label_of_subject(subject)
    parts = [hcl_comments(_header(subject))]
    references: list[str] = []
    for number, document in enumerate(subject.documents, start=1):
        block, reference = _document_block(f"{label}_{number}", document)
        parts.append(render_block(block))
        references.append(reference)
    if not subject.of_permission_set:
        parts += map(render_block, _resources(subject, label, references))
    return "\n".join(parts)


def versions_file() -> str:
    """The file with the provider version that the files of one account need."""
    aws = '{\n  source  = "hashicorp/aws"\n  version = ' + hcl_string(PROVIDER_VERSION) + "\n}"
    return render_block(Block("terraform", (), (Block("required_providers", (), (Attribute("aws", aws),)),)))


def label_of_principal(principal: Principal) -> str:
    """The name of a principal's blocks, unique within its account and the same in every run."""
    return f"{principal.kind}_{_identifier(principal.name)}"


def _identifier(name: str) -> str:
    """A valid Terraform identifier for a name, with a hash suffix if the name was changed: no two become equal."""
    plain = _IDENTIFIER.sub("_", name)
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _label_of_subject(subject: CodeSubject) -> str:
    return f"permission_set_{_identifier(subject.set_file)}" if subject.roles else label_of_principal(subject.principal)


def _document_block(label: str, document: CodeDocument) -> tuple[Block, str]:
    """The block that holds a document, and the expression for its JSON."""
    block = policy_data_block(label, document.text)
    if block is not None:
        return block, f"data.aws_iam_policy_document.{label}.json"
    return Block("locals", (), (Attribute(label, hcl_heredoc(document.text)),)), f"local.{label}"


def _resources(subject: CodeSubject, label: str, references: Sequence[str]) -> Iterator[Block]:
    kind, name = subject.principal.kind, hcl_string(subject.principal.name)
    attached: list[str] = []
    inline: list[str] = []
    for number, (document, reference) in enumerate(zip(subject.documents, references, strict=True), start=1):
        own = f"{label}_{number}"
        if document.inline:
            yield _inline_block(kind, own, document, name, reference)
            inline.append(f"aws_iam_{kind}_policy.{own}")
        else:
            yield _policy_block(subject.principal, own, document, reference)
            body = (Attribute(str(kind), name), Attribute("policy_arn", f"aws_iam_policy.{own}.arn"))
            yield Block("resource", (f"aws_iam_{kind}_policy_attachment", own), body)
            attached.append(f"aws_iam_{kind}_policy_attachment.{own}")
    yield _exclusive(
        kind,
        label,
        name,
        "policy_attachments",
        ("policy_arns", [*(f"{one}.policy_arn" for one in attached), *map(hcl_string, subject.left)]),
        inline,
    )
    yield _exclusive(kind, label, name, "policies", ("policy_names", [f"{one}.name" for one in inline]), attached)


def _policy_block(principal: Principal, label: str, document: CodeDocument, reference: str) -> Block:
    description = f"What the {principal.kind} {principal.name} uses of its former policies, by lpgen"
    return Block(
        "resource",
        ("aws_iam_policy", label),
        (
            Attribute("name", hcl_string(document.name)),
            Attribute("path", hcl_string(POLICY_PATH)),
            Attribute("description", hcl_string(description)),
            Attribute("policy", reference),
        ),
    )


def _inline_block(kind: PrincipalKind, label: str, document: CodeDocument, name: str, reference: str) -> Block:
    body = (
        Attribute("name", hcl_string(document.name)),
        Attribute(str(kind), name),
        Attribute("policy", reference),
    )
    return Block("resource", (f"aws_iam_{kind}_policy", label), body)


def _exclusive(
    kind: PrincipalKind, label: str, name: str, what: str, listed: tuple[str, list[str]], first: list[str]
) -> Block:
    """`first` are resources of the other kind, which must be in place before anything is taken away."""
    body = [Attribute(f"{kind}_name", name), Attribute(listed[0], hcl_list(listed[1]))]
    if first:
        body.append(Attribute("depends_on", hcl_list(first)))
    return Block("resource", (f"aws_iam_{kind}_{what}_exclusive", label), tuple(body))


# ---------------------------------------------------------------- comments


def _header(subject: CodeSubject) -> Iterator[str]:
    principal = subject.principal
    of_set = f"The permission set {subject.permission_set}" if subject.permission_set else ""
    whose = of_set or f"{short_label_of(principal)} of account {principal.account}"
    yield f"{whose}, written by `lpgen generate --as terraform`."
    if subject.reasons:
        yield ""
        yield f"NOT SAFE YET, by its role in account {principal.account}:" if subject.roles else "NOT SAFE YET:"
        yield from (f"- {reason}" for reason in subject.reasons)
    yield ""
    if subject.of_permission_set:
        yield from _permission_set(subject)
        return
    yield "Applying it takes away, once the new policies are attached:"
    yield from _replaced(subject)
    if subject.left:
        yield ""
        yield "Stays attached; keep its attachment where your code has one:"
        yield from (f"- {arn}" for arn in subject.left)
    yield from _conflicts(principal)
    if subject.detach.groups:
        yield ""
        yield "By hand: no resource of Terraform takes a user out of a group. What these groups grant stays until"
        yield "`aws iam remove-user-from-group` has ended the membership:"
        yield from (f"- {group}" for group in subject.detach.groups)
    if subject.note:
        yield ""
        yield f"Note: {subject.note}."


def _permission_set(subject: CodeSubject) -> Iterator[str]:
    yield "Put this into the permission set, as the `inline_policy` of its `aws_ssoadmin_permission_set_inline_policy`."
    if len(subject.documents) > 1:
        yield "It has only one, and these documents are of two language versions: rewrite the older one's `${` first."
    yield "IAM Identity Center then changes the set's roles in all accounts, these among them:"
    yield from (f"- {arn}" for arn in subject.roles or [subject.principal.arn])
    yield ""
    yield "It takes the place of:"
    yield from _replaced(subject)


def _replaced(subject: CodeSubject) -> Iterable[str]:
    found = [
        *(f"- detached: {one}" for one in subject.detach.managed),
        *(f"- deleted: inline policy {one}" for one in subject.detach.inline),
    ]
    return found or ["- nothing"]


def _conflicts(principal: Principal) -> Iterator[str]:
    yield ""
    if principal.kind is PrincipalKind.ROLE:
        yield "If the role itself is in Terraform: take `managed_policy_arns` and `inline_policy` out of its"
        yield "`aws_iam_role`, and its other `aws_iam_role_policy_attachment` and `aws_iam_role_policy` out of the"
        yield "code. They would put back what this takes away."
    else:
        yield "If the user itself is in Terraform: take its other `aws_iam_user_policy_attachment` and"
        yield "`aws_iam_user_policy` out of the code. They would put back what this takes away."
