"""Synthesis: the lines worth keeping, as statements, in documents that fit."""
