"""Events: from a CloudTrail record to its caller, its outcome and the actions it needs."""
