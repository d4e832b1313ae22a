"""Replacements as code: Terraform and CloudFormation, from the same values as the JSON documents."""
