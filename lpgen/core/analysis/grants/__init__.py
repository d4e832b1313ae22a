"""The grants of policies: which statement grants an action, on which resources, and what its wildcards match."""
