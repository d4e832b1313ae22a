"""A principal's replacement as Terraform: its only policies and attachments.

The two `…_exclusive` resources of the AWS provider detach and delete policies that they don't list. They follow the new
attachments, so the principal always has the permissions that it uses.
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy_attachments_exclusive

A policy document becomes an `aws_iam_policy_document` data source if that can express it exactly. The data source
writes `&{…}` as `${…}`, so Terraform doesn't read a policy variable as an interpolation. It doesn't distinguish a value
from a list with this one value.
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lpgen.core.model import CURRENT_VERSION, LEGACY_VERSION, Principal, PrincipalKind
from lpgen.core.rollout.calls import POLICY_PATH
from lpgen.report.iac.hcl import Attribute, Block, hcl_comments, hcl_heredoc, hcl_list, hcl_string, render_block
from lpgen.report.iac.subject import CodeDocument, CodeSubject, label_of_principal, label_of_set, label_of_trust
from lpgen.report.words import short_label_of

PROVIDER_VERSION: Final = ">= 5.72.1"
"""The first version with all four exclusive resources.

https://github.com/hashicorp/terraform-provider-aws/blob/main/CHANGELOG.md
"""

TERRAFORM_VERSION: Final = ">= 1.5"
"""The first version with `import` blocks. https://developer.hashicorp.com/terraform/language/v1.6.x/import"""


def terraform_of_subject(subject: CodeSubject) -> str:
    """The Terraform file of one principal. It has no date and no count, so it changes only with the policies."""
    label = label_of_set(subject.set_file) if subject.roles else label_of_principal(subject.principal)
    parts = [hcl_comments(_header(subject))]
    references: list[str] = []
    for number, document in enumerate(subject.documents, start=1):
        block, reference = _document_block(_label_of_document(label, number), document)
        parts.append(render_block(block))
        references.append(reference)
    if not subject.of_permission_set:
        parts += map(render_block, _resources(subject, label, references))
    if subject.trust:
        trust = Attribute(label_of_trust(subject.principal), hcl_heredoc(subject.trust))
        parts.append(render_block(Block("locals", (), (trust,))))
    return "\n".join(parts)


def versions_file() -> str:
    """The file with the Terraform and provider versions that the files of an account need."""
    aws = '{\n  source  = "hashicorp/aws"\n  version = ' + hcl_string(PROVIDER_VERSION) + "\n}"
    providers = Block("required_providers", (), (Attribute("aws", aws),))
    needed = Attribute("required_version", hcl_string(TERRAFORM_VERSION))
    return render_block(Block("terraform", (), (needed, providers)))


def _label_of_document(label: str, number: int) -> str:
    """The label of a document. The first has the label of the subject, so most subjects use one label throughout."""
    return label if number == 1 else f"{label}_part{number}"


def _document_block(label: str, document: CodeDocument) -> tuple[Block, str]:
    """The block that holds a document, and the expression for its JSON."""
    if block := _policy_data_block(label, document.text):
        return block, f"data.aws_iam_policy_document.{label}.json"
    return Block("locals", (), (Attribute(label, hcl_heredoc(document.text)),)), f"local.{label}"


def _resources(subject: CodeSubject, label: str, references: Sequence[str]) -> Iterator[Block]:
    kind, name = subject.principal.kind, hcl_string(subject.principal.name)
    attached: list[str] = []
    inline: list[str] = []
    for number, (document, reference) in enumerate(zip(subject.documents, references, strict=True), start=1):
        own = _label_of_document(label, number)
        if document.inline:
            yield from _inline_blocks(subject.principal, own, document, reference)
            inline.append(f"aws_iam_{kind}_policy.{own}")
        else:
            yield from _managed_blocks(subject.principal, own, document, reference)
            attached.append(f"aws_iam_{kind}_policy_attachment.{own}")
    arns = [*(f"{arn}.policy_arn" for arn in attached), *map(hcl_string, subject.left)]
    names = [f"{name}.name" for name in inline]
    for what, key, values, first in (
        ("policy_attachments", "policy_arns", arns, inline),
        ("policies", "policy_names", names, attached),
    ):
        # `first` are resources of the other kind, which must exist before anything is removed.
        order = [Attribute("depends_on", hcl_list(first))] if first else []
        body = (Attribute(f"{kind}_name", name), Attribute(key, hcl_list(values)), *order)
        yield from _adopted(f"aws_iam_{kind}_{what}_exclusive", label, body, subject.principal.name)


def _managed_blocks(principal: Principal, label: str, document: CodeDocument, reference: str) -> Iterator[Block]:
    kind = principal.kind
    partition = principal.arn.split(":", 2)[1]
    arn = f"arn:{partition}:iam::{principal.account}:policy{POLICY_PATH}{document.name}" if document.exists else ""
    description = f"What the {kind} {principal.name} uses of its former policies, by lpgen"
    body: tuple[Attribute | Block, ...] = (
        Attribute("name", hcl_string(document.name)),
        Attribute("path", hcl_string(POLICY_PATH)),
        Attribute("description", hcl_string(description)),
        Attribute("policy", reference),
    )
    if arn:  # a description can't change: Terraform would delete the policy and create it again
        body = (*body, Block("lifecycle", (), (Attribute("ignore_changes", "[description]"),)))
    yield from _adopted("aws_iam_policy", label, body, arn)
    attachment = (
        Attribute(str(kind), hcl_string(principal.name)),
        Attribute("policy_arn", f"aws_iam_policy.{label}.arn"),
    )
    yield from _adopted(f"aws_iam_{kind}_policy_attachment", label, attachment, arn and f"{principal.name}/{arn}")


def _inline_blocks(principal: Principal, label: str, document: CodeDocument, reference: str) -> Iterator[Block]:
    body = (
        Attribute("name", hcl_string(document.name)),
        Attribute(str(principal.kind), hcl_string(principal.name)),
        Attribute("policy", reference),
    )
    existing = f"{principal.name}:{document.name}" if document.exists else ""
    yield from _adopted(f"aws_iam_{principal.kind}_policy", label, body, existing)


def _adopted(type_: str, label: str, body: tuple[Attribute | Block, ...], existing: str) -> Iterator[Block]:
    """A resource, after an `import` block if `existing` identifies an existing one ("": none).

    The import makes `terraform plan` show the changes in AWS, such as each policy that an exclusive resource removes.
    Otherwise the plan would only show the result. The page of each resource documents its identifier:
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy_attachments_exclusive#import
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policies_exclusive#import
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_policy#import
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy_attachment#import
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy#import
    """
    if existing:
        yield Block("import", (), (Attribute("to", f"{type_}.{label}"), Attribute("id", hcl_string(existing))))
    yield Block("resource", (type_, label), body)


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
    yield "Once the new policies are attached, applying this removes:"
    yield from _replaced(subject)
    if subject.left:
        yield ""
        yield "Stays attached. If your code has its attachment, keep it:"
        yield from (f"- {arn}" for arn in subject.left)
    yield from _conflicts(principal)
    if subject.detach.groups:
        yield ""
        yield "By hand: Terraform can't remove a user from a group. Run `aws iam remove-user-from-group`. Until then,"
        yield "the user keeps the permissions of these groups:"
        yield from (f"- {group}" for group in subject.detach.groups)
    if subject.note:
        yield ""
        yield f"Note: {subject.note}."
    if subject.trust:
        yield ""
        yield "The narrowed trust policy is in the local value below. Set it in the `aws_iam_role` of the role:"
        yield f"`assume_role_policy = local.{label_of_trust(principal)}`"


def _permission_set(subject: CodeSubject) -> Iterator[str]:
    yield "Put this into the permission set, as the `inline_policy` of its `aws_ssoadmin_permission_set_inline_policy`."
    if len(subject.documents) > 1:
        yield "It holds only one document. These have different language versions: first rewrite `${` in the older one."
    yield "IAM Identity Center then changes the roles of the set in all accounts, including:"
    yield from (f"- {arn}" for arn in subject.roles or [subject.principal.arn])
    yield ""
    yield "It replaces:"
    yield from _replaced(subject)


def _replaced(subject: CodeSubject) -> Iterable[str]:
    found = [
        *(f"- detached: {arn}" for arn in subject.detach.managed),
        *(f"- deleted: inline policy {name}" for name in subject.detach.inline),
    ]
    return found or ["- nothing"]


def _conflicts(principal: Principal) -> Iterator[str]:
    yield ""
    if principal.kind is PrincipalKind.ROLE:
        yield "If the role itself is in Terraform, remove `managed_policy_arns` and `inline_policy` from its"
        yield "`aws_iam_role`. Also remove its other `aws_iam_role_policy_attachment` and `aws_iam_role_policy`."
        yield "They would restore the policies that this removes."
    else:
        yield "If the user itself is in Terraform, remove its other `aws_iam_user_policy_attachment` and"
        yield "`aws_iam_user_policy`. They would restore the policies that this removes."


# ---------------------------------------------------------------- policy documents as data sources


_DOCUMENT_KEYS: Final = frozenset(("Version", "Statement"))
_STATEMENT_KEYS: Final = frozenset(("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"))
_CHOICES: Final = (
    ("Action", "actions"),
    ("NotAction", "not_actions"),
    ("Resource", "resources"),
    ("NotResource", "not_resources"),
)


def _policy_data_block(label: str, document: str) -> Block | None:
    """The data source for a JSON document, or None if it can't express the document exactly.

    It can't express a document without a version, numbers and booleans in conditions, empty lists, repeated Sids,
    principals, a literal `&{`, and text that Terraform would normalize.
    """
    decoded: dict[str, Any] = json.loads(document)
    statements = _list_of(decoded["Statement"])
    if not _is_sayable(decoded, statements):
        return None
    version = str(decoded["Version"])
    body: list[Attribute | Block] = [Attribute("version", hcl_string(version))]
    body += [Block("statement", (), tuple(_statement_body(statement, version))) for statement in statements]
    return Block("data", ("aws_iam_policy_document", label), tuple(body))


def _statement_body(statement: Mapping[str, Any], version: str) -> Iterator[Attribute | Block]:
    if statement.get("Sid"):
        yield Attribute("sid", hcl_string(statement["Sid"]))
    yield Attribute("effect", hcl_string(statement["Effect"]))
    for key, name in _CHOICES:
        if key in statement:
            texts = _list_of(statement[key])
            values = (_value(text, version) for text in texts) if key.endswith("Resource") else map(hcl_string, texts)
            yield Attribute(name, hcl_list(values))
    for operator, tests in statement.get("Condition", {}).items():
        for key, found in tests.items():
            tested = Attribute("values", hcl_list(_value(text, version) for text in _list_of(found)))
            named = Attribute("test", hcl_string(operator)), Attribute("variable", hcl_string(key))
            yield Block("condition", (), (*named, tested))


def _value(text: str, version: str) -> str:
    """A resource or a value. In the older version, `${` isn't a variable, and the data source doesn't take `&{`."""
    return hcl_string(text.replace("${", "&{") if version == CURRENT_VERSION else text)


def _is_sayable(document: Mapping[str, Any], statements: list[Any]) -> bool:
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    return (
        document.keys() == _DOCUMENT_KEYS
        and document["Version"] in (CURRENT_VERSION, LEGACY_VERSION)
        and bool(statements)
        and len(set(sids)) == len(sids)
        and all(map(_is_sayable_statement, statements))
        and all(map(_is_sayable_text, _texts_of(statements)))
    )


def _is_sayable_statement(statement: Mapping[str, Any]) -> bool:
    if not statement.keys() <= _STATEMENT_KEYS:
        return False
    chosen = [_list_of(statement[key]) for key, _ in _CHOICES if key in statement]
    conditions = statement.get("Condition", {})
    values = [_list_of(found) for tests in conditions.values() for found in tests.values()]
    lists = (*chosen, *values)
    return (
        all(conditions.values())
        and all(lists)
        and all(isinstance(value, str) for found in lists for value in found)
        and all(len(set(found)) == len(found) for found in chosen)
    )


def _is_sayable_text(text: str) -> bool:
    surrogate = any("\ud800" <= mark <= "\udfff" for mark in text)
    return "&{" not in text and not surrogate and unicodedata.is_normalized("NFC", text)


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _texts_of(member)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_of(item)


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
