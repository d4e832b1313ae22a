"""Putting replacements in place: the only part that changes anything in AWS."""
