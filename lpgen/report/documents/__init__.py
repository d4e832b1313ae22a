"""JSON for programs: one module per document, with the structs that define its schema, and the layout of JSON.

The name of the struct for a whole document ends in `Document`. The names of structs for its objects end in `Part`.
"""
