"""Proposes Deny statements for resource policies, by AWS's data perimeter guidance."""
