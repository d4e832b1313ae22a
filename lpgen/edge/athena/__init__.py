"""Asking Athena about tables of records that people have there already."""
