"""The grants of policies: which statement grants an action, how far it reaches, and what its wildcards match."""
