"""Renderers: a report value in, text out."""
