"""Rows of findings: what all findings of a kind share. Code detects; rows say the rest."""
