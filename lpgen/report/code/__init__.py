"""Replacements as code: Terraform and CloudFormation, from the same values as the JSON documents."""

from lpgen.report.code.files import CodeForm, code_files

__all__ = ["CodeForm", "code_files"]
