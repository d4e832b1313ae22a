"""Replacements as Terraform and CloudFormation, from the same values as the JSON documents."""
