"""The code files of an output folder, and a README with the steps to do by hand."""

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
"""The function that writes a subject in each form, and the file name extension."""

_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")
"""Names of principals and policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def code_of_subjects(found: Iterable[CodeSubject], form: CodeForm) -> dict[str, str]:
    """The texts of the files by path below the output folder, sorted.

    Each principal has its own file, named after it, in the folder of its account. A permission set has one file for all
    its roles, in a separate folder. Replacements that aren't called safe are in `not-safe-yet`, which neither
    `terraform apply` nor a loop over the folder picks up.
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
        return "its name or the name of a policy isn't valid in IAM"
    return unsayable_in_cloudformation(subject) if form is CodeForm.CLOUDFORMATION else ""


# ---------------------------------------------------------------- README


def _readme(form: CodeForm, refused: Mapping[str, str], large: set[str]) -> Iterator[str]:
    yield (_TERRAFORM if form is CodeForm.TERRAFORM else _CLOUDFORMATION).strip()
    if large and form is CodeForm.CLOUDFORMATION:
        yield "These templates are larger than 51,200 bytes. Run `aws cloudformation deploy` with `--s3-bucket`:"
        yield "\n".join(f"- {markdown_code(path.removeprefix(f'{form}/'))}" for path in sorted(large))
    if refused:
        yield "## Not written"
        yield "\n".join(f"- {markdown_code(arn)}: {markdown_prose(why)}" for arn, why in refused.items())


_TERRAFORM: Final = f"""
# Replacement policies as Terraform

Written by `lpgen generate --as terraform`. Each account has a folder. It has a file for each role, named after the
role, and for each user, such as `user-NAME.tf`. The folder `permission-sets` has a file for each permission set of IAM
Identity Center, for all its accounts. Replacements that aren't called safe yet are in `not-safe-yet`, which Terraform
ignores. `lpgen verify` proves the JSON documents next to this folder. These files have the same meaning.

1. Copy a folder into the root module of its account (Terraform {TERRAFORM_VERSION}, hashicorp/aws {PROVIDER_VERSION}).
   Most versions of Terraform don't allow `import` blocks in other modules: remove them there. If a later run doesn't
   write a file again, or writes it to `not-safe-yet`, keep the earlier file. Without it, Terraform would destroy the
   current policies.
2. If the role itself is in your code, remove `managed_policy_arns` and `inline_policy` from its `aws_iam_role`. Also
   remove its other attachments and inline policies. They would restore the policies that these files remove.
3. Read `terraform plan`. The `..._exclusive` resources detach and delete every policy that they don't list. The comment
   at the top of each file names these policies. They are removed after the new attachments. The `import` blocks adopt
   existing resources, so the plan shows each removed policy. Once applied, you can delete these blocks.
4. Remove users from groups by hand. The comment names the groups.

Policy variables such as `${{aws:username}}` are written as `&{{aws:username}}`. A policy that the data source can't
express exactly is written as JSON.
"""

_CLOUDFORMATION: Final = """
# Replacement policies as CloudFormation

Written by `lpgen generate --as cloudformation`. Each account has a folder. It has a template for each role, named after
the role, and for each user, such as `user-NAME.yaml`. Each template is its own stack. Replacements that aren't called
safe yet are in `not-safe-yet`. `lpgen verify` proves the JSON documents next to this folder. These templates have the
same meaning.

1. Deploy a template:
   `aws cloudformation deploy --template-file FILE --stack-name NAME --capabilities CAPABILITY_NAMED_IAM`
2. Remove the old policies by hand, because a template can't. Its `Metadata` lists the policies to detach
   (`aws iam detach-role-policy`), the inline policies to delete (`aws iam delete-role-policy`) and the groups to leave
   (`aws iam remove-user-from-group`).
3. If another stack created the role, remove the old policies from that template. Otherwise it will restore them.
"""
