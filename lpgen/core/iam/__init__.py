"""IAM policies: globs, documents, conditions, and the decision."""
