"""Patterns with `*` and `?` as IAM reads them: matching, containment and intersection."""
