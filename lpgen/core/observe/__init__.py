"""Closes blind spots: which trail would record the data events that decide kept actions."""
