"""Drift: what changed between a saved state and now."""
