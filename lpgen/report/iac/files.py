"""The files of an output folder's code: which there are, and what else a person has to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from lpgen.report.escaping import markdown_code, markdown_prose
from lpgen.report.iac.cloudformation import (
    INLINE_TEMPLATE_BYTES,
    cloudformation_of_subject,
    unsayable_in_cloudformation,
)
from lpgen.report.iac.subject import CodeSubject, once_per_set
from lpgen.report.iac.terraform import PROVIDER_VERSION, TERRAFORM_VERSION, terraform_of_subject, versions_file


class CodeForm(StrEnum):
    """The forms in which replacements are written in addition to their JSON documents."""

    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"


_FORMS: Final = {
    CodeForm.TERRAFORM: (terraform_of_subject, ".tf"),
    CodeForm.CLOUDFORMATION: (cloudformation_of_subject, ".yaml"),
}
"""The function that writes a subject in a form, and the ending of its files."""

_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")
"""Names of principals and policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def code_of_subjects(found: Iterable[CodeSubject], form: CodeForm) -> dict[str, str]:
    """The files' texts by their paths below the output folder, sorted.

    Each principal has a file of its own, named after it, in the folder of its account; a permission set has one for all
    its roles, in a separate folder. Replacements that aren't called safe are in `not-safe-yet`, where neither
    `terraform apply` nor a loop over the folder takes them.
    """
    subjects = once_per_set(sorted(found, key=lambda subject: subject.principal.arn))
    refused = {subject.principal.arn: why for subject in subjects if (why := _refusal(subject, form))}
    written = [subject for subject in subjects if subject.principal.arn not in refused]
    render, ending = _FORMS[form]
    files = {f"{form}/{subject.folder}/{subject.file}{ending}": render(subject) for subject in written}
    if form is CodeForm.TERRAFORM:
        files |= {f"{form}/{subject.folder}/versions.tf": versions_file() for subject in written}
    large = {path for path, text in files.items() if len(text) > INLINE_TEMPLATE_BYTES}
    files[f"{form}/README.md"] = "\n\n".join(_readme(form, refused, large)) + "\n"
    return dict(sorted(files.items()))


def _refusal(subject: CodeSubject, form: CodeForm) -> str:
    names = (subject.principal.name, *(document.name for document in subject.documents))
    if not all(map(_NAME.fullmatch, names)):
        return "its name or that of a policy is none that IAM takes"
    return unsayable_in_cloudformation(subject) if form is CodeForm.CLOUDFORMATION else ""


# ---------------------------------------------------------------- README


def _readme(form: CodeForm, refused: Mapping[str, str], large: set[str]) -> Iterator[str]:
    yield (_TERRAFORM if form is CodeForm.TERRAFORM else _CLOUDFORMATION).strip()
    if large and form is CodeForm.CLOUDFORMATION:
        yield "These templates are larger than 51,200 bytes; give `aws cloudformation deploy` an `--s3-bucket`:"
        yield "\n".join(f"- {markdown_code(path.removeprefix(f'{form}/'))}" for path in sorted(large))
    if refused:
        yield "## Not written"
        yield "\n".join(f"- {markdown_code(arn)}: {markdown_prose(why)}" for arn, why in refused.items())


_TERRAFORM: Final = f"""
# Replacement policies as Terraform

Written by `lpgen generate --as terraform`. A folder per account; in it a file per role, named after it, and per user,
such as `user-NAME.tf`; in `permission-sets` a file per permission set of IAM Identity Center, for all its accounts.
What isn't called safe yet lies in `not-safe-yet`, which Terraform leaves alone. `lpgen verify` proves the JSON
documents beside this folder; these files say the same.

1. Take a folder into the root module of its account (Terraform {TERRAFORM_VERSION}, hashicorp/aws {PROVIDER_VERSION}).
   Most versions of Terraform take no `import` block in another module: take them out there. Keep a file that you took
   earlier where a later run writes none in its place, or one in `not-safe-yet`: without it Terraform would destroy the
   policies that are in force.
2. Where the role itself is in your code: take `managed_policy_arns` and `inline_policy` out of its `aws_iam_role`,
   and its other attachments and inline policies out of the code. They would put back what these files take away.
3. Read `terraform plan`. The `..._exclusive` resources detach and delete every policy that they don't list, those
   in the comment at the top of each file; they come after the new attachments. The `import` blocks adopt what exists,
   so the plan shows each policy that goes. Once applied they do nothing, and you may delete them.
4. Memberships in groups end by hand; the comment names them.

Policy variables such as `${{aws:username}}` are written as `&{{aws:username}}`. A policy that the data source can't
say exactly is written as JSON.
"""

_CLOUDFORMATION: Final = """
# Replacement policies as CloudFormation

Written by `lpgen generate --as cloudformation`. A folder per account; in it a template per role, named after it, and
per user, such as `user-NAME.yaml`, each a stack of its own; what isn't called safe yet lies in `not-safe-yet`.
`lpgen verify` proves the JSON documents beside this folder; these templates hold the same.

1. Deploy a template:
   `aws cloudformation deploy --template-file FILE --stack-name NAME --capabilities CAPABILITY_NAMED_IAM`
2. Then take away what it replaces. A template can't: its `Metadata` lists what to detach
   (`aws iam detach-role-policy`), which inline policies to delete (`aws iam delete-role-policy`) and which groups to
   leave (`aws iam remove-user-from-group`).
3. Where another stack made the role: take the old policies out of that template, or it will put them back.
"""
