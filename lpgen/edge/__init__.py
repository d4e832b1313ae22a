"""The edge: everything that does I/O (files, databases, processes, AWS)."""
