"""IAM policies: documents, conditions, and the decision."""
