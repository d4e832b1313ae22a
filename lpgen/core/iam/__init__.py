"""IAM policies: documents, conditions and decisions."""
