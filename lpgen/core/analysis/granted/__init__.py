"""What policies grant: which statement, how far it reaches, and what its wildcards stand for."""
