"""Code for calls whose needs no row can say: `tables.py` lists which module has which services."""
