"""Closes blind spots: plans trails that record the data events that decide kept actions."""
