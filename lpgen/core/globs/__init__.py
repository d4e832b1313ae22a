"""Patterns with `*` and `?` as in IAM: matching, containment and intersection."""
