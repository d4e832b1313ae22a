"""JSON for programs: one document a module, and how it is laid out."""
