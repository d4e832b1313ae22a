"""The edge: everything that touches the world (files, databases, processes, AWS)."""
