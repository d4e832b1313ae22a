"""JSON for programs: a module per document, with the structs that are its schema, and how they are laid out.

The struct of a whole document ends in `Document`, and those of its objects in `Part`.
"""
