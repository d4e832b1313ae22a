"""Replacements as code: Terraform and CloudFormation, from the same values as the JSON documents."""

from lpgen.report.iac.files import CodeForm, code_files, code_of_subjects

__all__ = ["CodeForm", "code_files", "code_of_subjects"]
