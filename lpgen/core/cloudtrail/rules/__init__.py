"""Code for calls that a row can't describe. `tables.py` lists the services of each module."""
