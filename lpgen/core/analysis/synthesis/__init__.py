"""Synthesis: the kept lines, as statements, in documents that fit."""
