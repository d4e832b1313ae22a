"""Kinds of findings: what a row says, and the rows of drift findings, refusals and other findings of a review."""
