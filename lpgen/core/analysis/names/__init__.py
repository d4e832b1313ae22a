"""Names of resources: which of them stand for those to come, and which do not."""
